//! Labs that stand beside their plan.
//!
//! Source: Lab Services REST 2023-06-07; recorded traffic of the PowerShell module. A new lab is a draft; with `TemplateVM` its
//! template's machine is made along. A published lab gets as many machines as its capacity says, whenever that changes.

use crate::emulator::arm::errors::{Refusal, conflict, unknown_type};
use crate::emulator::arm::operations::{Effect, Finish};
use crate::emulator::arm::path::parent;
use crate::emulator::arm::rendering;
use crate::emulator::arm::resource::{Facts, LabFacts, LabState, Provisioning, Resource, TemplateImage};
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::shape;
use crate::emulator::arm::tracked;
use crate::emulator::arm::types::Target;
use crate::emulator::clock::Work;
use crate::emulator::compute::galleries::subject;
use crate::emulator::lab_plans::changes::{begin, deleted, written};
use crate::emulator::lab_plans::lab_body::{self, Read};
use crate::emulator::lab_plans::profiles::check_name;
use crate::emulator::lab_plans::{lists, machines, publishing, usages};
use crate::emulator::message::Response;
use crate::emulator::world::World;
use serde_json::{Value, json};

/// Answers requests to labs.
pub(crate) fn answer(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    match (&call.address.target, call.request.method.as_str()) {
        (Target::Collection, "GET") => lists::list(world, call),
        (Target::Item, "GET") => {
            world.item(&call.address).map(|lab| Response::json(200, rendering::of(world, lab, call.request)))
        }
        (Target::Item, "PUT" | "PATCH") => put(world, call),
        (Target::Item, "DELETE") => deleted(world, call),
        (Target::Action(action), "POST") => match action.as_str() {
            "publish" => publishing::publish(world, call),
            "syncgroup" => publishing::sync(world, call),
            other => Err(unknown_type("Microsoft.LabServices", &format!("labs/{other}"))),
        },
        _ => Err(call.no_such_verb()),
    }
}

fn put(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    let wanted = tracked::wanted(world, call)?;
    check_name(call.address.name())?;
    let location = tracked::location(&wanted, call)?;
    let tags = shape::tags(&wanted.body)?;
    let old = wanted.existing.as_ref();
    if let Some(old) = old {
        check_unbusy(world, old)?;
    }
    let Read { mut properties, image } = lab_body::read(world, call, &wanted, &location)?;
    let before = old.and_then(|old| old.lab()).cloned().unwrap_or_default();
    let was = old.map(capacity);
    let group = group_of(&properties).map(str::to_owned);
    let state = match (&group, was) {
        (Some(group), _) if old.is_none_or(|old| group_of(&old.properties) != Some(group)) => {
            LabState::Syncing
        }
        // The directory decides the capacity, whatever is asked.
        (Some(_), Some(was)) => {
            properties["virtualMachineProfile"]["sku"]["capacity"] = json!(was);
            before.state
        }
        (None, Some(was)) if before.published && was != capacity_in(&properties) => LabState::Scaling,
        _ => before.state,
    };
    usages::check(world, call, &location, &properties, was)?;
    let status = wanted.status;
    let mut lab = subject(world, call, wanted.existing)?;
    let has_template = properties["virtualMachineProfile"]["createOption"] == "TemplateVM";
    (lab.location, lab.tags, lab.properties) = (Some(location), tags, properties);
    let key = lab.key();
    // The template comes along with a new lab, and again when its making had failed.
    let template = match &image {
        Some(_) if has_template => Some(machines::new(world, &lab, 0)),
        Some(_) => None,
        None => publishing::template(world, &key)
            .filter(|template| template.provisioning == Provisioning::Failed)
            .cloned(),
    };
    let along = template.iter().map(Resource::key).collect();
    let work = (Effect::Lab, if status == 201 { Work::Lab } else { changing(state, before.state) });
    let operation = begin(world, &key, along, work, Finish::Resource(key.clone()), lab.location.clone());
    let state_operation = (state != before.state).then(|| operation.clone());
    let image = image.unwrap_or(before.image);
    lab.facts = Facts::Lab(Box::new(LabFacts { image, state, state_operation, published: before.published }));
    let answer = written(world, call, lab, status, &operation);
    if let Some(mut template) = template {
        template.provisioning = Provisioning::Creating;
        template.operation = Some(operation);
        world.put(template);
    }
    Ok(answer)
}

/// How long a change of a lab lasts.
fn changing(state: LabState, before: LabState) -> Work {
    if state == before { Work::Small } else { Work::Scale }
}

/// Refuses a change while machines are made.
///
/// # Errors
/// 409 `Conflict`.
pub(crate) fn check_unbusy(world: &World, lab: &Resource) -> Result<(), Refusal> {
    let Some(facts) = lab.lab() else { return Ok(()) };
    if world.is_running(facts.state_operation.as_ref()) {
        return Err(conflict(format!(
            "The lab '{}' is in state '{}'. Retry when it has ended.",
            lab.name,
            facts.state.text()
        )));
    }
    Ok(())
}

/// The lab that the resource of `key` is below.
pub(crate) fn lab_of<'a>(world: &'a World, key: &str) -> Option<&'a Resource> {
    world.resource(parent(key)?)
}

/// How many machines the lab is to have.
pub(crate) fn capacity(lab: &Resource) -> u64 {
    capacity_in(&lab.properties)
}

/// How many machines the lab of these properties is to have.
pub(crate) fn capacity_in(properties: &shape::Object) -> u64 {
    let profile = properties.get("virtualMachineProfile");
    profile.and_then(|profile| profile["sku"]["capacity"].as_u64()).unwrap_or_default()
}

/// The directory group that the lab's users come from.
pub(crate) fn group_of(properties: &shape::Object) -> Option<&str> {
    properties.get("rosterProfile")?["activeDirectoryGroupId"].as_str()
}

/// Adds what only the service knows of a lab.
pub(crate) fn show(lab: &Resource, body: &mut Value) {
    let Some(facts) = lab.lab() else { return };
    let TemplateImage { shared, version, os_type, .. } = &facts.image;
    let properties = &mut body["properties"];
    properties["state"] = json!(facts.state.text());
    properties["securityProfile"]["registrationCode"] = json!(registration_code(lab));
    properties["virtualMachineProfile"]["osType"] = json!(os_type);
    if *shared {
        properties["virtualMachineProfile"]["imageReference"]["exactVersion"] = json!(version);
    }
}

/// What a user registers with.
fn registration_code(lab: &Resource) -> String {
    lab.unique.chars().filter(char::is_ascii_alphanumeric).take(10).collect()
}
