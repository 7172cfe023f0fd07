//! The students' machines of a published lab.
//!
//! Nothing of their own yet: as many as the last publish or scaling made, named by the publish that made them. Source: Lab
//! Services REST 2018-10-15.

use crate::emulator::arm::errors::{Refusal, not_found};
use crate::emulator::arm::rendering::list;
use crate::emulator::arm::resource::Resource;
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::types::{Kind, Target};
use crate::emulator::message::Response;
use crate::emulator::world::World;
use serde_json::{Value, json};

/// Answers requests to environments.
pub(crate) fn answer(world: &World, call: &Call<'_>) -> Result<Response, Refusal> {
    let setting = world.holder(&call.address)?;
    match (&call.address.target, call.request.method.as_str()) {
        (Target::Collection, "GET") => list(call.request, all(world, setting).collect()),
        (Target::Item, "GET") => {
            let name = call.address.name();
            let found = all(world, setting).find(|environment| {
                environment["name"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(name))
            });
            let missing = || not_found(&Kind::Environment.arm_type(), name, call.address.group_name());
            found.map(|environment| Response::json(200, environment)).ok_or_else(missing)
        }
        _ => Err(call.no_such_verb()),
    }
}

fn all<'a>(world: &'a World, setting: &'a Resource) -> impl Iterator<Item = Value> + 'a {
    let facts = setting.setting();
    let (machines, generation) = facts.map_or((0, 0), |facts| (facts.machines, facts.generation));
    let user = facts.map_or("", |facts| facts.user_name.as_str());
    (0..machines).map(move |number| {
        let name = world.uuid(&format!("{} {generation} {number}", setting.unique));
        json!({
            "id": format!("{}/environments/{name}", setting.id),
            "name": name,
            "type": Kind::Environment.arm_type(),
            "location": setting.location,
            "properties": {
                "isClaimed": false,
                "lastKnownPowerState": "Stopped",
                "networkInterface": { "privateIpAddress": format!("10.0.{}.{}", number / 250, number % 250 + 4), "username": user },
                "totalUsage": "PT0S",
                "provisioningState": "Succeeded",
                "uniqueIdentifier": name,
            },
        })
    })
}
