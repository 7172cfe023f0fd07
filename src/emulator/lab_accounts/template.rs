//! Environment settings: a lab's template, its power, and its publishing.
//!
//! Sources: Lab Services REST 2018-10-15; Microsoft's classroom labs module for 2019-01-01-preview. There is one setting in a
//! lab, by convention `default`. `publish` answers at once; `publishingState` and `lastPublished` tell of it from then on.

use crate::emulator::arm::errors::{Refusal, change_not_allowed, conflict, invalid_parameter, unknown_type};
use crate::emulator::arm::operations::{Announce, Beginning, Effect, Family, Finish, Operation};
use crate::emulator::arm::path::{key, parent};
use crate::emulator::arm::rendering::{self, time};
use crate::emulator::arm::resource::{Facts, PublishingState, Resource};
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::shape::{self, Object};
use crate::emulator::arm::tracked::{self, Wanted, check_idle};
use crate::emulator::arm::types::{Kind, Target};
use crate::emulator::clock::Work;
use crate::emulator::lab_accounts::accounts::{delete, latest, list, settling};
use crate::emulator::lab_accounts::sizes::SIZES;
use crate::emulator::lab_accounts::{creation, environments, export};
use crate::emulator::message::{Request, Response};
use crate::emulator::world::{World, not_deleting};
use serde_json::{Value, json};

/// Answers requests to environment settings.
pub(crate) fn answer(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    match (&call.address.target, call.request.method.as_str()) {
        (Target::Collection, "GET") => list(world, call),
        (Target::Item, "GET") => world
            .item(&call.address)
            .map(|item| Response::json(200, rendering::of(world, item, call.request))),
        (Target::Item, "PUT" | "PATCH") => put(world, call),
        (Target::Item, "DELETE") => delete(world, call),
        (Target::Action(action), "POST") => match action.as_str() {
            "publish" => publish(world, call),
            "start" => power(world, call, Effect::Start),
            "stop" => power(world, call, Effect::Stop),
            "claimany" => environments::claim_any(world, call),
            "saveimage" => export::save_image(world, call),
            other => Err(unknown_type(
                "Microsoft.LabServices",
                &format!("labAccounts/labs/environmentSettings/{other}"),
            )),
        },
        _ => Err(call.no_such_verb()),
    }
}

fn put(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    let wanted = tracked::wanted(world, call)?;
    let lab = world.open_holder(&call.address)?.clone();
    let mut asked = tracked::properties(&wanted.body)?;
    shape::canonical(
        &mut asked,
        "configurationState",
        &["NotApplicable", "Completed"],
        "properties.configurationState",
    )?;
    shape::text(&asked, "title")?;
    shape::text(&asked, "description")?;
    let facts = match &wanted.existing {
        Some(existing) => {
            check_fixed(existing, &asked)?;
            existing.facts.clone()
        }
        None => first(world, call, &wanted, &lab, &asked)?,
    };
    let status = wanted.status;
    let mut setting = crate::emulator::compute::galleries::subject(world, call, wanted.existing)?;
    for name in ["title", "description", "configurationState"] {
        match asked.get(name) {
            Some(Value::Null) | None if call.request.method == "PATCH" => {}
            Some(Value::Null) | None => {
                setting.properties.remove(name);
            }
            Some(value) => {
                setting.properties.insert(name.to_owned(), value.clone());
            }
        }
    }
    setting.properties.entry("configurationState").or_insert(json!("NotApplicable"));
    setting.location = setting.location.or(lab.location);
    setting.tags = shape::tags(&wanted.body)?;
    setting.facts = facts;
    Ok(settling(world, call, setting, status, if status == 201 { Work::Lab } else { Work::Small }))
}

/// The template of a lab that was put without one.
fn first(
    world: &World,
    call: &Call<'_>,
    wanted: &Wanted,
    lab: &Resource,
    asked: &Object,
) -> Result<Facts, Refusal> {
    debug_assert!(wanted.existing.is_none());
    if let Some(other) = world.children(&lab.key(), Kind::Setting).next() {
        return Err(conflict(format!(
            "The lab '{}' already has the environment setting '{}'.",
            lab.name, other.name
        )));
    }
    const AT: &str = "properties.resourceSettings";
    let resource = shape::member(asked, "resourceSettings")?;
    let machine = shape::member(&resource, "referenceVm")?;
    let image = creation::chosen_image(&resource, AT)?;
    let user = shape::required(&machine, "userName", &format!("{AT}.referenceVm.userName"))?;
    let size = shape::text(&resource, "size")?.unwrap_or("Basic");
    let account = parent(&lab.key()).and_then(|key| world.resource(key)).cloned();
    let account = account.ok_or_else(|| conflict("The lab account is gone."))?;
    creation::template(world, call, &account, image, size, user).map(|facts| Facts::Setting(Box::new(facts)))
}

/// Image, size and user name stay what they were when the lab was made.
fn check_fixed(setting: &Resource, asked: &Object) -> Result<(), Refusal> {
    let Some(facts) = setting.setting() else { return Ok(()) };
    let resource = shape::member(asked, "resourceSettings")?;
    let machine = shape::member(&resource, "referenceVm")?;
    let (own, other) = if facts.image.shared {
        ("sharedImageResourceId", "galleryImageResourceId")
    } else {
        ("galleryImageResourceId", "sharedImageResourceId")
    };
    const AT: &str = "environmentSetting.properties.resourceSettings";
    let differs = |asked: Option<&str>, is: &str| {
        asked.is_some_and(|asked| !asked.is_empty() && !asked.eq_ignore_ascii_case(is))
    };
    let checks = [
        (
            own,
            shape::text(&resource, own)?.is_some_and(|id| !id.is_empty() && key(id) != key(&facts.image.id)),
        ),
        (other, differs(shape::text(&resource, other)?, "")),
        ("size", differs(shape::text(&resource, "size")?, &facts.size)),
        ("vmSize", differs(shape::text(&resource, "vmSize")?, &facts.size)),
        ("referenceVm.userName", differs(shape::text(&machine, "userName")?, &facts.user_name)),
    ];
    match checks.iter().find(|(_, changed)| *changed) {
        Some((name, _)) => Err(change_not_allowed(&format!("{AT}.{name}"))),
        None => Ok(()),
    }
}

/// The addressed setting with its facts, settled and its lab too.
pub(crate) fn settled(world: &World, call: &Call<'_>) -> Result<Resource, Refusal> {
    let setting = world.item(&call.address)?.clone();
    not_deleting(&setting)?;
    let lab = world.open_holder(&call.address)?;
    for resource in [&setting, lab] {
        check_idle(world, resource.operation.as_ref(), &format!("'{}'", resource.name))?;
    }
    Ok(setting)
}

fn publish(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    let body = shape::object(call.request)?;
    shape::boolean(&body, "useExistingImage")?;
    let setting = settled(world, call)?;
    let Some(facts) = setting.setting() else {
        return Err(conflict("The environment setting has no template."));
    };
    if world.is_running(facts.publish_operation.as_ref()) {
        return Err(conflict(format!(
            "The template is in state '{}'. Retry when it has ended.",
            facts.publishing.text()
        )));
    }
    check_idle(world, facts.export_operation.as_ref(), "the template")?;
    let now = world.now();
    let operation = begin(world, &setting, Effect::Publish, Work::Publish);
    let latest = latest(call.request, &operation);
    world.edit(&setting.key(), |setting| {
        setting.latest = Some(latest);
        if let Some(facts) = setting.setting_mut() {
            facts.publishing = PublishingState::Publishing;
            facts.publish_operation = Some(operation);
            facts.last_published = Some(now);
            facts.generation += 1;
            // Publishing shuts the template down first.
            facts.running = false;
        }
    });
    Ok(Response::empty(200))
}

fn power(world: &mut World, call: &Call<'_>, effect: Effect) -> Result<Response, Refusal> {
    let setting = settled(world, call)?;
    match setting.setting() {
        Some(facts) if facts.has_template_vm => {
            check_idle(world, facts.publish_operation.as_ref(), "the template")?;
            check_idle(world, facts.export_operation.as_ref(), "the template")?;
        }
        _ => return Err(invalid_parameter("environmentSetting", "The lab has no template virtual machine.")),
    }
    let operation = begin(world, &setting, effect, Work::Power);
    let latest = latest(call.request, &operation);
    world.edit(&setting.key(), |setting| setting.latest = Some(latest));
    Ok(world.announced(Response::empty(202), call.request, &operation, Announce::Both))
}

/// Begins what changes the machine or the publishing of `resource`, a setting or an environment.
pub(crate) fn begin(world: &mut World, resource: &Resource, effect: Effect, work: Work) -> String {
    world.begin(Beginning {
        family: Family::LabServices,
        effect,
        work,
        targets: vec![resource.key()],
        finish: Finish::Status,
        location: resource.location.clone().unwrap_or_default(),
    })
}

/// What the end of a publish or of a scaling does: as many machines as the lab has places by then.
pub(crate) fn published(world: &mut World, operation: &Operation) {
    let Some(setting) = operation.targets.first() else { return };
    let lab = parent(setting).and_then(|lab| world.resource(lab));
    let machines = lab.and_then(|lab| lab.properties.get("maxUsersInLab")?.as_u64()).unwrap_or_default();
    let failed = operation.failure.is_some();
    let mut is_ours = false;
    world.edit(setting, |setting| {
        if let Some(facts) =
            setting.setting_mut().filter(|facts| facts.publish_operation.as_deref() == Some(&operation.id))
        {
            is_ours = true;
            facts.publish_operation = None;
            facts.publishing = match (failed, operation.effect) {
                (true, Effect::Publish) => PublishingState::PublishFailed,
                _ => PublishingState::Published,
            };
        }
    });
    if is_ours && !failed {
        environments::make(world, setting, machines, operation.effect == Effect::Publish);
    }
}

/// What the end of a start or a stop does.
pub(crate) fn powered(world: &mut World, operation: &Operation) {
    if let (Some(machine), None) = (operation.targets.first(), &operation.failure) {
        let runs = operation.effect == Effect::Start;
        world.edit(machine, |machine| match &mut machine.facts {
            Facts::Setting(facts) => facts.running = runs,
            Facts::Environment(facts) => facts.running = runs,
            _ => {}
        });
    }
}

/// Adds what only the service knows of a setting; the state of the template's machine only when it is asked for.
pub(crate) fn show(world: &World, setting: &Resource, request: &Request, body: &mut Value) {
    let Some(facts) = setting.setting() else { return };
    let image = &facts.image;
    let mut machine = json!({ "userName": facts.user_name });
    if facts.has_template_vm {
        machine["vmResourceId"] = json!(machine_id(setting));
        if request.expands("vmstatedetails") {
            let state = if facts.running { "Running" } else { "Stopped" };
            let authority = authority(setting);
            machine["vmStateDetails"] = json!({
                "rdpAuthority": format!("{authority}:4000"),
                "sshAuthority": format!("{authority}:4001"),
                "powerState": state,
                "lastKnownPowerState": state,
            });
        }
    }
    let source = if image.shared { "sharedImageResourceId" } else { "galleryImageResourceId" };
    let mut resource = json!({
        "id": world.uuid(&format!("{} resources", setting.unique)),
        "imageName": image.name,
        "imageVersion": image.version,
        "size": facts.size,
        "vmSize": facts.size,
        "cores": SIZES.iter().find(|size| size.name == facts.size).map(|size| size.cores),
        "referenceVm": machine,
    });
    resource[source] = json!(image.id);
    let properties = [
        ("hasTemplateVm", json!(facts.has_template_vm)),
        ("publishingState", json!(facts.publishing.text())),
        ("lastChanged", json!(world.time(setting.changed))),
        ("lastPublished", time(world, facts.last_published)),
        ("resourceSettings", resource),
    ];
    for (name, value) in properties {
        body["properties"][name] = value;
    }
}

/// The host under which the machines of a setting's lab are reached, each by ports of its own.
pub(crate) fn authority(setting: &Resource) -> String {
    let short = setting.unique.get(..8).unwrap_or_default();
    format!("lab-{short}.{}.cloudapp.azure.com", setting.location.as_deref().unwrap_or("westeurope"))
}

/// The id of the template's virtual machine, in a subscription of the service.
pub(crate) fn machine_id(setting: &Resource) -> String {
    let short = setting.unique.get(..8).unwrap_or_default();
    format!(
        "/subscriptions/{}/resourceGroups/lab-{short}/providers/Microsoft.Compute/virtualMachines/template-{short}",
        setting.unique
    )
}
