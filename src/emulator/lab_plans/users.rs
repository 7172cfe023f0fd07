//! The users of a lab beside its plan: who may register for it.
//!
//! Source: Lab Services REST 2023-06-07. A user's address is fixed; registration, invitation and usage are the service's.

use crate::emulator::arm::errors::{Refusal, conflict, invalid_parameter, unknown_type};
use crate::emulator::arm::operations::{Effect, Finish, Operation};
use crate::emulator::arm::resource::Resource;
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::tracked::check_idle;
use crate::emulator::arm::types::{Kind, Target};
use crate::emulator::arm::{rendering, shape, tracked};
use crate::emulator::clock::Work;
use crate::emulator::compute::galleries::subject;
use crate::emulator::lab_plans::changes::{acted, begin, deleted, written};
use crate::emulator::lab_plans::lists;
use crate::emulator::lab_plans::profiles::{EMAIL, bounded, check_child_name, checked_duration};
use crate::emulator::message::Response;
use crate::emulator::world::{World, not_deleting};
use serde_json::json;

/// Answers requests to users.
pub(crate) fn answer(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    match (&call.address.target, call.request.method.as_str()) {
        (Target::Collection, "GET") => lists::list(world, call),
        (Target::Item, "GET") => world
            .item(&call.address)
            .map(|user| Response::json(200, rendering::of(world, user, call.request))),
        (Target::Item, "PUT" | "PATCH") => put(world, call),
        (Target::Item, "DELETE") => deleted(world, call),
        (Target::Action(action), "POST") => match action.as_str() {
            "invite" => invite(world, call),
            other => Err(unknown_type("Microsoft.LabServices", &format!("labs/users/{other}"))),
        },
        _ => Err(call.no_such_verb()),
    }
}

fn put(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    let wanted = tracked::wanted(world, call)?;
    check_child_name(call.address.name())?;
    let mut asked = tracked::properties(&wanted.body)?;
    if let Some(old) = &wanted.existing {
        shape::keep_fixed(&old.properties, &mut asked, &["/email"], "properties")?;
    }
    shape::required(&asked, "email", "properties.email")?;
    let email = bounded(&asked, "email", EMAIL, "properties.email")?.unwrap_or_default();
    if !email.contains('@') {
        return Err(invalid_parameter(
            "properties.email",
            format!("The value '{email}' is not a mail address."),
        ));
    }
    const QUOTA: &str = "properties.additionalUsageQuota";
    let quota = shape::text(&asked, "additionalUsageQuota")?.unwrap_or("PT0S");
    let quota = checked_duration(quota, QUOTA)?.to_owned();
    check_unique(world, call, email)?;
    let status = wanted.status;
    let email = email.to_owned();
    let mut user = subject(world, call, wanted.existing)?;
    if status == 201 {
        begun(&mut user, &email);
    }
    user.properties.insert("additionalUsageQuota".into(), json!(quota));
    let key = user.key();
    let work = (Effect::Settle, Work::Small);
    let operation = begin(world, &key, Vec::new(), work, Finish::Resource(key.clone()), None);
    Ok(written(world, call, user, status, &operation))
}

/// An address stands in a lab once.
fn check_unique(world: &World, call: &Call<'_>, email: &str) -> Result<(), Refusal> {
    let (lab, own) = (world.open_holder(&call.address)?, call.key()?);
    let same = |other: &&Resource| other.key() != own && other.text("email").eq_ignore_ascii_case(email);
    match world.children(&lab.key(), Kind::PlanUser).find(same) {
        None => Ok(()),
        Some(other) => {
            let message =
                format!("The lab '{}' already has the user '{}' of that address.", lab.name, other.name);
            Err(conflict(message))
        }
    }
}

/// A user of `lab` with that address, not yet in the world.
pub(crate) fn new(world: &mut World, lab: &Resource, email: &str) -> Resource {
    let (name, unique) = (world.draw(), world.draw());
    let id = format!("{}/users/{name}", lab.id);
    let mut user = Resource::new(Kind::PlanUser, id, &name, world.now(), unique);
    begun(&mut user, email);
    user
}

/// What a user is at first.
fn begun(user: &mut Resource, email: &str) {
    for (name, value) in [
        ("email", email),
        ("additionalUsageQuota", "PT0S"),
        ("registrationState", "NotRegistered"),
        ("invitationState", "NotSent"),
        ("totalUsage", "PT0S"),
    ] {
        user.properties.insert(name.to_owned(), json!(value));
    }
}

fn invite(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    world.open_holder(&call.address)?;
    let user = world.item(&call.address)?;
    not_deleting(user)?;
    shape::text(&shape::object(call.request)?, "text")?;
    check_idle(world, user.operation.as_ref(), "the user")?;
    let key = user.key();
    Ok(acted(world, call, &key, (Effect::Invite, Work::Small), |user, _| {
        user.properties.insert("invitationState".into(), json!("Sending"));
    }))
}

/// What the end of an invitation does.
pub(crate) fn invited(world: &mut World, operation: &Operation) {
    let (failed, now) = (operation.failure.is_some(), world.time(world.now()));
    for key in &operation.targets {
        world.edit(key, |user| {
            if user.text("invitationState") != "Sending" {
                return;
            }
            let state = if failed { "Failed" } else { "Sent" };
            user.properties.insert("invitationState".into(), json!(state));
            if !failed {
                user.properties.insert("invitationSent".into(), json!(now));
            }
        });
    }
    world.settle(operation, &operation.targets);
}
