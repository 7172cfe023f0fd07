//! `saveImage`: a lab's template saved to the attached gallery.
//!
//! The result is always specialized: a new definition, or the next version of one that is there. Definition and version show
//! as soon as the request is accepted, and the service copies the version to the open regions of the account's geography.
//! The request is not documented for lab accounts: `{"name"}`, by analogy with lab plans (REST 2022-08-01).

use crate::emulator::arm::errors::{Refusal, conflict, invalid_parameter};
use crate::emulator::arm::operations::{Announce, Beginning, Effect, Family, Finish, Operation};
use crate::emulator::arm::path::parent;
use crate::emulator::arm::regions::{geography_of, region};
use crate::emulator::arm::resource::{Facts, Provisioning, Resource, VersionFacts};
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::shape;
use crate::emulator::arm::tracked::check_idle;
use crate::emulator::arm::types::Kind;
use crate::emulator::clock::Work;
use crate::emulator::compute::galleries::{check_definition_name, same_identifier};
use crate::emulator::compute::versions;
use crate::emulator::lab_accounts::accounts::latest;
use crate::emulator::lab_accounts::shared_galleries;
use crate::emulator::lab_accounts::template::{machine_id, settled};
use crate::emulator::message::Response;
use crate::emulator::world::{World, not_deleting};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Gigabytes of a template's disk.
const TEMPLATE_DISK_GB: u64 = 127;

/// Answers `saveImage`.
pub(crate) fn save_image(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    let body = shape::object(call.request)?;
    let name = shape::required(&body, "name", "name")?;
    check_definition_name(name)?;
    let setting = settled(world, call)?;
    let facts = setting.setting().filter(|facts| facts.has_template_vm).cloned();
    let facts = facts.ok_or_else(|| {
        invalid_parameter("environmentSetting", "The lab has no template virtual machine to save.")
    })?;
    check_idle(world, facts.publish_operation.as_ref(), "the template")?;
    check_idle(world, facts.export_operation.as_ref(), "the template")?;
    let (account, lab) = holders(world, &setting).ok_or_else(|| conflict("The lab account is gone."))?;
    let gallery = attached_gallery(world, &account)?;
    let template = Template {
        key: setting.key(),
        machine: machine_id(&setting),
        os_type: facts.image.os_type,
        generation: facts.image.generation,
        publisher: account.name,
        offer: lab.name,
        regions: geography_of(account.location.as_deref().unwrap_or_default())
            .into_iter()
            .map(str::to_owned)
            .collect(),
        family: Family::LabServices,
        location: setting.location.clone().unwrap_or_default(),
    };
    let operation = save(world, &gallery, name, template)?;
    let latest = latest(call.request, &operation);
    world.edit(&setting.key(), |setting| {
        setting.latest = Some(latest);
        if let Some(facts) = setting.setting_mut() {
            facts.export_operation = Some(operation.clone());
        }
    });
    Ok(world.announced(Response::empty(202), call.request, &operation, Announce::Both))
}

/// A template VM that is to be saved, of an account's lab or of a plan's.
pub(crate) struct Template {
    /// The key of what is saved.
    pub(crate) key: String,
    /// The id of its virtual machine.
    pub(crate) machine: String,
    pub(crate) os_type: String,
    pub(crate) generation: String,
    /// Publisher and offer of a definition made for it.
    pub(crate) publisher: String,
    pub(crate) offer: String,
    /// The regions that the version is copied to beside its definition's.
    pub(crate) regions: Vec<String>,
    /// Whose operation it is, and where.
    pub(crate) family: Family,
    pub(crate) location: String,
}

/// Begins to save `template` as the next version of the definition `name`, which is made if it is not there.
///
/// # Errors
/// 409 for a gallery or definition on its way out, or a definition that takes no such image.
pub(crate) fn save(
    world: &mut World,
    gallery: &Resource,
    name: &str,
    template: Template,
) -> Result<String, Refusal> {
    not_deleting(gallery)?;
    let definition_key = format!("{}/images/{}", gallery.key(), name.to_lowercase());
    let existing = world.resource(&definition_key).cloned();
    if let Some(definition) = &existing {
        check_target(definition, &template)?;
    }
    let made_definition = existing.is_none();
    let definition = existing.unwrap_or_else(|| new_definition(world, gallery, name, &template));
    let version = new_version(world, &definition, &template);
    let Template { key, family, location, .. } = template;
    let operation = world.begin(Beginning {
        family,
        effect: Effect::Export,
        work: Work::Export,
        targets: vec![key, definition.key(), version.key()],
        finish: Finish::Status,
        location,
    });
    if made_definition {
        put_creating(world, definition, &operation);
    }
    put_creating(world, version, &operation);
    Ok(operation)
}

/// Account and lab of a setting.
fn holders(world: &World, setting: &Resource) -> Option<(Resource, Resource)> {
    let key = setting.key();
    let lab = parent(&key)?;
    Some((world.resource(parent(lab)?)?.clone(), world.resource(lab)?.clone()))
}

fn attached_gallery(world: &World, account: &Resource) -> Result<Resource, Refusal> {
    let attached = shared_galleries::attached(world, &account.key());
    let gallery = attached.and_then(|attached| world.resource(&attached.attachment()?.gallery)).cloned();
    gallery.ok_or_else(|| {
        conflict(format!(
            "The lab account '{}' has no shared gallery attached to save the image to.",
            account.name
        ))
    })
}

/// An existing definition takes exports only if it is specialized and of the same system.
fn check_target(definition: &Resource, template: &Template) -> Result<(), Refusal> {
    not_deleting(definition)?;
    if definition.text("osState") != "Specialized" || definition.text("osType") != template.os_type {
        let message = format!(
            "The image definition '{}' is '{}' '{}': a saved template needs one that is 'Specialized' '{}'.",
            definition.name,
            definition.text("osState"),
            definition.text("osType"),
            template.os_type
        );
        return Err(conflict(message));
    }
    Ok(())
}

fn new_definition(world: &mut World, gallery: &Resource, name: &str, template: &Template) -> Resource {
    let unique = world.draw();
    let mut definition =
        Resource::new(Kind::Definition, format!("{}/images/{name}", gallery.id), name, world.now(), unique);
    let part = |text: &str| {
        let good = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
        text.chars().map(good).take(60).collect::<String>().trim_end_matches('.').to_owned()
    };
    let numbered = |number: u32| {
        let sku = if number == 0 { part(name) } else { format!("{}-{number}", part(name)) };
        json!({ "publisher": part(&template.publisher), "offer": part(&template.offer), "sku": sku })
    };
    let free = |identifier: &Value| same_identifier(world, &gallery.key(), identifier).next().is_none();
    let identifier = (0..).map(numbered).find(free).unwrap_or_default();
    definition.location.clone_from(&gallery.location);
    let properties = [
        ("osType", json!(template.os_type)),
        ("osState", json!("Specialized")),
        ("hyperVGeneration", json!(template.generation)),
        ("architecture", json!("x64")),
        ("identifier", identifier),
    ];
    definition.properties.extend(properties.map(|(name, value)| (name.to_owned(), value)));
    definition
}

/// The next version: 1.0.0 first, then the highest with its last part one higher.
fn new_version(world: &mut World, definition: &Resource, template: &Template) -> Resource {
    let highest = world
        .children(&definition.key(), Kind::Version)
        .filter_map(|version| versions::number(&version.name))
        .max();
    let (major, minor, patch) =
        highest.map_or((1, 0, 0), |(major, minor, patch)| (major, minor, patch.saturating_add(1)));
    let name = format!("{major}.{minor}.{patch}");
    let unique = world.draw();
    let mut version = Resource::new(
        Kind::Version,
        format!("{}/versions/{name}", definition.id),
        &name,
        world.now(),
        unique,
    );
    let home = definition.location.clone().unwrap_or_default();
    let mut targets = vec![home.clone()];
    targets.extend(template.regions.iter().filter(|name| **name != home).cloned());
    let rows: Vec<Value> = targets
        .iter()
        .map(|name| {
            let display = region(name).map_or(name.as_str(), |region| region.display);
            json!({ "name": display, "regionalReplicaCount": 1, "storageAccountType": "Standard_LRS" })
        })
        .collect();
    let properties = [
        (
            "storageProfile",
            json!({
                "source": { "virtualMachineId": template.machine },
                "osDiskImage": { "sizeInGB": TEMPLATE_DISK_GB, "hostCaching": "ReadWrite", "source": {} },
            }),
        ),
        (
            "publishingProfile",
            json!({
                "targetRegions": rows,
                "replicaCount": 1,
                "excludeFromLatest": false,
                "storageAccountType": "Standard_LRS",
                "replicationMode": "Full",
                "publishedDate": world.time(world.now()),
            }),
        ),
        ("safetyProfile", json!({ "reportedForPolicyViolation": false })),
    ];
    version.properties.extend(properties.map(|(name, value)| (name.to_owned(), value)));
    let first = world.now().after(world.pace.ticks(Work::Export));
    let regions = versions::schedule(world, BTreeMap::new(), &targets, &home, first);
    version.facts = Facts::Version(VersionFacts { succeeded: None, regions, size: TEMPLATE_DISK_GB });
    version.location = Some(home);
    version
}

fn put_creating(world: &mut World, mut resource: Resource, operation: &str) {
    resource.provisioning = Provisioning::Creating;
    resource.operation = Some(operation.to_owned());
    world.put(resource);
}

/// What the end of an export does: definition and version have succeeded, and the template is free again. A
/// setting's own provisioning is not the export's; a virtual machine's is.
pub(crate) fn exported(world: &mut World, operation: &Operation) {
    world.settle(operation, &operation.targets);
    let Some(setting) = operation.targets.first() else { return };
    world.edit(setting, |setting| {
        if let Some(facts) =
            setting.setting_mut().filter(|facts| facts.export_operation.as_deref() == Some(&operation.id))
        {
            facts.export_operation = None;
        }
    });
}
