//! A lab's machines for its users: made by a publish, more or fewer by another capacity, as many as the directory group has
//! members by a sync.
//!
//! Sources: Lab Services REST 2023-06-07; documentation: a publish shuts the template down and makes every machine anew. The
//! emulator has no directory: who is in a group follows from the group's id.

use crate::emulator::arm::errors::{Refusal, conflict};
use crate::emulator::arm::operations::{Effect, Operation};
use crate::emulator::arm::resource::{LabState, MachineState, Resource};
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::tracked::check_idle;
use crate::emulator::arm::types::Kind;
use crate::emulator::clock::Work;
use crate::emulator::lab_plans::changes::acted;
use crate::emulator::lab_plans::labs::{capacity, check_unbusy, group_of};
use crate::emulator::lab_plans::{machines, users};
use crate::emulator::message::Response;
use crate::emulator::world::{World, not_deleting};
use serde_json::json;
use std::collections::BTreeSet;

/// Answers `publish`.
pub(crate) fn publish(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    let lab = ready(world, call)?;
    let template = template(world, &lab.key()).map(Resource::key);
    if let Some(template) = template {
        let running = world.resource(&template).and_then(|template| template.operation.clone());
        check_idle(world, running.as_ref(), "the template")?;
        world.edit(&template, |template| {
            if let Some(facts) = template.machine_mut() {
                facts.state = MachineState::Stopped;
            }
        });
    }
    Ok(begin(world, call, &lab, LabState::Publishing, Work::Publish))
}

/// Answers `syncGroup`.
pub(crate) fn sync(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    let lab = ready(world, call)?;
    if group_of(&lab.properties).is_none() {
        return Err(conflict(format!("The lab '{}' has no directory group to synchronise with.", lab.name)));
    }
    Ok(begin(world, call, &lab, LabState::Syncing, Work::Scale))
}

/// The lab, with nothing under way on it.
fn ready(world: &World, call: &Call<'_>) -> Result<Resource, Refusal> {
    world.open_holder(&call.address)?;
    let lab = world.item(&call.address)?;
    not_deleting(lab)?;
    check_unbusy(world, lab)?;
    check_idle(world, lab.operation.as_ref(), "the lab")?;
    Ok(lab.clone())
}

fn begin(world: &mut World, call: &Call<'_>, lab: &Resource, state: LabState, work: Work) -> Response {
    acted(world, call, &lab.key(), (Effect::Lab, work), |lab, operation| {
        if let Some(facts) = lab.lab_mut() {
            facts.state = state;
            facts.state_operation = Some(operation.to_owned());
        }
    })
}

/// What the end of a lab's operation does.
pub(crate) fn ended(world: &mut World, operation: &Operation) {
    world.settle(operation, &operation.targets);
    let Some(key) = operation.targets.first() else { return };
    let Some(facts) = world.resource(key).and_then(|lab| lab.lab()).cloned() else { return };
    if facts.state_operation.as_deref() != Some(&operation.id) {
        return;
    }
    let mut published = facts.published;
    if operation.failure.is_none() {
        match facts.state {
            LabState::Publishing => {
                published = true;
                resize(world, key, 0);
            }
            LabState::Syncing => synced(world, key),
            LabState::Scaling | LabState::Draft | LabState::Published => {}
        }
        let machines = world.resource(key).map(capacity).unwrap_or_default();
        if published {
            resize(world, key, machines);
        }
    }
    world.edit(key, |lab| {
        if let Some(facts) = lab.lab_mut() {
            facts.published = published;
            facts.state = if published { LabState::Published } else { LabState::Draft };
            facts.state_operation = None;
        }
    });
}

/// The machine of the lab's template, if it has one.
pub(crate) fn template<'a>(world: &'a World, lab: &str) -> Option<&'a Resource> {
    world
        .children(lab, Kind::Machine)
        .find(|machine| machine.machine().is_some_and(|facts| facts.is_template))
}

/// Gives the lab that many machines: the last ones go, new ones come.
fn resize(world: &mut World, key: &str, wanted: u64) {
    let Some(lab) = world.resource(key).cloned() else { return };
    let number = |machine: &Resource| machine.name.parse::<u64>().unwrap_or_default();
    let there: BTreeSet<u64> =
        world.children(key, Kind::Machine).map(number).filter(|number| *number > 0).collect();
    for number in there.iter().filter(|number| **number > wanted) {
        world.remove_tree(&format!("{key}/virtualmachines/{number}"));
    }
    for number in (1..=wanted).filter(|number| !there.contains(number)) {
        let machine = machines::new(world, &lab, number);
        world.put(machine);
    }
}

/// The group's members become the lab's users, and their number its capacity.
fn synced(world: &mut World, key: &str) {
    let Some(lab) = world.resource(key).cloned() else { return };
    let Some(group) = group_of(&lab.properties) else { return };
    let members = members(group);
    let known: Vec<(String, String)> = world
        .children(key, Kind::PlanUser)
        .map(|user| (user.key(), user.text("email").to_lowercase()))
        .collect();
    for (user, _) in known.iter().filter(|(_, email)| !members.contains(email)) {
        world.remove_tree(user);
    }
    for email in members.iter().filter(|email| !known.iter().any(|(_, known)| known == *email)) {
        let user = users::new(world, &lab, email);
        world.put(user);
    }
    world.edit(key, |lab| {
        if let Some(profile) = lab.properties.get_mut("virtualMachineProfile") {
            profile["sku"]["capacity"] = json!(members.len());
        }
    });
}

/// Who is in a directory group: three people at least, ten at most.
pub(crate) fn members(group: &str) -> BTreeSet<String> {
    let hash = blake3::hash(group.to_lowercase().as_bytes());
    let (count, tag) = (3 + hash.as_bytes()[0] % 8, hash.to_hex());
    (1..=count).map(|number| format!("student{number}-{}@contoso.onmicrosoft.com", &tag[..6])).collect()
}
