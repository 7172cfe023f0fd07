//! The images of an attached gallery, as the lab account shows them.
//!
//! Nothing of its own: a projection of the gallery's definitions that have a usable version, named after the definition and
//! enabled by default. It shows a while after the attach or after the first version. Source: Microsoft's classroom labs
//! module (2019-01-01-preview) for the fields; documentation: images of more than 128 GB or with data disks are not shown.

use crate::emulator::arm::errors::{Refusal, invalid_parameter, not_found};
use crate::emulator::arm::operations::{Beginning, Effect, Family, Finish};
use crate::emulator::arm::rendering::progress;
use crate::emulator::arm::resource::{Facts, Provisioning, Resource};
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::types::{Kind, Target};
use crate::emulator::arm::{shape, tracked};
use crate::emulator::clock::{Tick, Work};
use crate::emulator::compute::versions;
use crate::emulator::lab_accounts::accounts::listed;
use crate::emulator::lab_accounts::shared_galleries::attached;
use crate::emulator::message::Response;
use crate::emulator::world::{World, not_deleting};
use serde_json::{Value, json};

/// Gigabytes that the disk of a lab's image may have at most.
const LARGEST_DISK_GB: u64 = 128;

/// Answers requests to shared images.
pub(crate) fn answer(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    let account = world.holder(&call.address)?;
    let missing = || not_found(&Kind::SharedImage.arm_type(), call.address.name(), call.address.group_name());
    match (&call.address.target, call.request.method.as_str()) {
        (Target::Collection, "GET") => {
            let Some(attached) = attached(world, &account.key()) else {
                return listed(call, Vec::new());
            };
            listed(
                call,
                visible(world, account, attached)
                    .map(|definition| shown(world, account, attached, definition))
                    .collect(),
            )
        }
        (Target::Item, "GET") => {
            let (attached, definition) = find(world, account, call.address.name()).ok_or_else(missing)?;
            Ok(Response::json(200, shown(world, account, attached, definition)))
        }
        (Target::Item, "PUT") => {
            not_deleting(account)?;
            let account = account.clone();
            let (attached, definition) = find(world, &account, call.address.name()).ok_or_else(missing)?;
            let (key, name) = (attached.key(), definition.name.to_lowercase());
            let enabled = wanted_state(call)?.unwrap_or_else(|| is_enabled(attached, definition));
            set(world, &account, &key, &name, enabled);
            let (attached, definition) = find(world, &account, call.address.name()).ok_or_else(missing)?;
            Ok(Response::json(200, shown(world, &account, attached, definition)))
        }
        _ => Err(call.no_such_verb()),
    }
}

/// The state that a body asks for. The module writes `EnableState`, an older one of it `isEnabled`.
fn wanted_state(call: &Call<'_>) -> Result<Option<bool>, Refusal> {
    let asked = tracked::properties(&shape::object(call.request)?)?;
    if let Some(definition) = shape::text(&asked, "definitionName")?
        && !definition.eq_ignore_ascii_case(call.address.name())
    {
        return Err(invalid_parameter(
            "properties.definitionName",
            "The name of a shared image is that of its definition.",
        ));
    }
    for name in ["enableState", "EnableState"] {
        if let Some(state) = shape::text(&asked, name)? {
            return Ok(Some(
                shape::one_of(state, &["Enabled", "Disabled"], "properties.enableState")? == "Enabled",
            ));
        }
    }
    shape::boolean(&asked, "isEnabled")
}

fn set(world: &mut World, account: &Resource, attached: &str, image: &str, enabled: bool) {
    let operation = world.begin(Beginning {
        family: Family::LabServices,
        effect: Effect::Enable,
        work: Work::Small,
        targets: vec![attached.to_owned()],
        finish: Finish::Status,
        location: account.location.clone().unwrap_or_default(),
    });
    world.edit(attached, |attached| {
        if let Facts::Attachment(facts) = &mut attached.facts {
            facts.images.insert(image.to_owned(), (enabled, operation));
        }
    });
}

/// The definitions of the attached gallery that the account shows by now.
fn visible<'a>(
    world: &'a World,
    account: &'a Resource,
    attached: &'a Resource,
) -> impl Iterator<Item = &'a Resource> {
    let facts = attached.attachment();
    let gallery = facts.map_or("", |facts| facts.gallery.as_str());
    let since = facts.map_or(world.now(), |facts| facts.attached);
    shown_of(world, gallery, since, account.location.as_deref().unwrap_or_default())
}

/// The definitions of a gallery attached at `since` that are shown by now for labs in `location`.
pub(crate) fn shown_of<'a>(
    world: &'a World,
    gallery: &'a str,
    since: Tick,
    location: &'a str,
) -> impl Iterator<Item = &'a Resource> {
    let delay = world.pace.ticks(Work::Projection);
    world.children(gallery, Kind::Definition).filter(move |definition| {
        let key = definition.key();
        let first = world
            .children(&key, Kind::Version)
            .filter_map(|version| version.version_facts()?.succeeded)
            .min();
        let shows = first.is_some_and(|first| first.max(since).after(delay) <= world.now());
        shows && definition.provisioning != Provisioning::Deleting && fits(world, &key, location)
    })
}

/// True when the newest version has one disk, and not too large a one.
fn fits(world: &World, definition: &str, location: &str) -> bool {
    let newest = versions::usable(world, definition, location).pop();
    newest.is_some_and(|version| {
        let data =
            version.properties.get("storageProfile").and_then(|profile| profile["dataDiskImages"].as_array());
        data.is_none_or(Vec::is_empty)
            && version.version_facts().is_some_and(|facts| facts.size <= LARGEST_DISK_GB)
    })
}

/// The attachment and definition behind the shared image of that name, if the account shows it.
pub(crate) fn find<'a>(
    world: &'a World,
    account: &'a Resource,
    name: &str,
) -> Option<(&'a Resource, &'a Resource)> {
    let attached = attached(world, &account.key())?;
    let definition = visible(world, account, attached)
        .find(|definition| definition.name.to_lowercase() == name.to_lowercase())?;
    Some((attached, definition))
}

/// True while labs can be made from the definition's image.
pub(crate) fn is_enabled(attached: &Resource, definition: &Resource) -> bool {
    let set = attached.attachment().and_then(|facts| facts.images.get(&definition.name.to_lowercase()));
    set.is_none_or(|(enabled, _)| *enabled)
}

fn shown(world: &World, account: &Resource, attached: &Resource, definition: &Resource) -> Value {
    let id = format!("{}/sharedimages/{}", account.id, definition.name);
    let set = attached.attachment().and_then(|facts| facts.images.get(&definition.name.to_lowercase()));
    let state = set.map_or(Provisioning::Succeeded, |(_, operation)| progress(world, operation));
    json!({
        "id": id,
        "name": definition.name,
        "type": Kind::SharedImage.arm_type(),
        "properties": {
            "enableState": if is_enabled(attached, definition) { "Enabled" } else { "Disabled" },
            "sharedGalleryId": attached.text("galleryId"),
            "osType": definition.text("osType"),
            "imageType": definition.text("osState"),
            "displayName": definition.name,
            "definitionName": definition.name,
            "provisioningState": state.text(),
            "uniqueIdentifier": world.uuid(&format!("{} {}", attached.unique, definition.unique)),
        },
    })
}
