//! The users of a lab: who may register for it.
//!
//! Source: Lab Services REST 2018-10-15.

use crate::emulator::arm::errors::{Refusal, invalid_parameter};
use crate::emulator::arm::resource::Resource;
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::types::{Kind, Target};
use crate::emulator::arm::{rendering, shape, tracked};
use crate::emulator::lab_accounts::accounts::{delete, list};
use crate::emulator::message::Response;
use crate::emulator::world::World;
use serde_json::{Value, json};

/// Answers requests to users.
pub(crate) fn answer(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    match (&call.address.target, call.request.method.as_str()) {
        (Target::Collection, "GET") => list(world, call),
        (Target::Item, "GET") => world
            .item(&call.address)
            .map(|item| Response::json(200, rendering::of(world, item, call.request))),
        (Target::Item, "PUT" | "PATCH") => put(world, call),
        (Target::Item, "DELETE") => delete(world, call),
        _ => Err(call.no_such_verb()),
    }
}

/// Changes a user's own quota, or makes a user of that name; the rest of a known user stays.
fn put(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    let wanted = tracked::wanted(world, call)?;
    tracked::check_name(call.address.name(), 100)?;
    let asked = tracked::properties(&wanted.body)?;
    let quota = shape::text(&asked, "additionalUsageQuota")?.map(str::to_owned);
    if quota.as_deref().is_some_and(|quota| !crate::emulator::clock::is_duration(quota)) {
        return Err(invalid_parameter(
            "properties.additionalUsageQuota",
            "The value is not an ISO 8601 duration, such as PT5H.",
        ));
    }
    let email = shape::text(&asked, "email")?.map(str::to_owned);
    let status = wanted.status;
    let mut user = crate::emulator::compute::galleries::subject(world, call, wanted.existing)?;
    if status == 201 {
        user.properties.insert("email".into(), json!(email));
        user.properties.insert("totalUsage".into(), json!("PT0S"));
    }
    if let Some(quota) = quota {
        user.properties.insert("additionalUsageQuota".into(), json!(quota));
    }
    user.tags = shape::tags(&wanted.body)?;
    user.changed = world.now();
    let answer = Response::json(status, rendering::of(world, &user, call.request));
    world.put(user);
    Ok(answer)
}

/// Adds a user for each address that the lab does not know yet.
pub(crate) fn add(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    let lab = world.item(&call.address)?.clone();
    let body = shape::object(call.request)?;
    let bad = || {
        invalid_parameter(
            "emailAddresses",
            "The property 'emailAddresses' must be an array of mail addresses.",
        )
    };
    let list = body.get("emailAddresses").and_then(Value::as_array).ok_or_else(bad)?;
    let addresses: Vec<&str> = list.iter().map(Value::as_str).collect::<Option<_>>().ok_or_else(bad)?;
    if addresses.iter().any(|address| !(6..=254).contains(&address.len()) || !address.contains('@')) {
        return Err(bad());
    }
    for address in addresses {
        let known = world
            .children(&lab.key(), Kind::User)
            .any(|user| user.text("email").eq_ignore_ascii_case(address));
        if !known {
            let name = world.draw();
            let unique = world.draw();
            let mut user =
                Resource::new(Kind::User, format!("{}/users/{name}", lab.id), &name, world.now(), unique);
            user.properties.insert("email".into(), json!(address));
            user.properties.insert("totalUsage".into(), json!("PT0S"));
            world.put(user);
        }
    }
    Ok(Response::empty(200))
}
