//! How a write, an action and a delete are accepted and followed.
//!
//! Source: Lab Services REST 2023-06-07 and its examples. PUT answers 201 for what is new and 202 for a change, PATCH 202, both
//! with the resource; POST and DELETE 202 without a body. Each has `Location` and `Azure-AsyncOperation`. In the end `Location`
//! answers with the resource after PUT and PATCH, with the operation's status after POST, and 204 after DELETE.

use crate::emulator::arm::errors::Refusal;
use crate::emulator::arm::operations::{Announce, Beginning, Effect, Family, Finish, take_over};
use crate::emulator::arm::rendering;
use crate::emulator::arm::resource::{Provisioning, Resource};
use crate::emulator::arm::routing::Call;
use crate::emulator::clock::Work;
use crate::emulator::lab_accounts::accounts::latest;
use crate::emulator::message::Response;
use crate::emulator::world::World;

/// Begins an operation on the resource of `key` and what is made `along` with it, and gives its id.
pub(crate) fn begin(
    world: &mut World,
    key: &str,
    along: Vec<String>,
    (effect, work): (Effect, Work),
    finish: Finish,
    location: Option<String>,
) -> String {
    let location = location.unwrap_or_else(|| world.location_of(key));
    let targets = std::iter::once(key.to_owned()).chain(along).collect();
    world.begin(Beginning { family: Family::LabPlans, effect, work, targets, finish, location })
}

/// Puts `resource`, which `operation` has made or changed, and answers with it.
pub(crate) fn written(
    world: &mut World,
    call: &Call<'_>,
    mut resource: Resource,
    status: u16,
    operation: &str,
) -> Response {
    resource.latest = Some(latest(call.request, operation));
    take_over(world, &mut resource, operation, status);
    let status = if status == 201 { 201 } else { 202 };
    let answer = Response::json(status, rendering::of(world, &resource, call.request));
    world.put(resource);
    world.announced(answer, call.request, operation, Announce::Both)
}

/// Begins something done to the resource of `key`, which `change` shows at once, and answers 202.
pub(crate) fn acted(
    world: &mut World,
    call: &Call<'_>,
    key: &str,
    work: (Effect, Work),
    change: impl FnOnce(&mut Resource, &str),
) -> Response {
    let operation = begin(world, key, Vec::new(), work, Finish::Status, None);
    mark(world, call, key, &operation, change);
    world.announced(Response::empty(202), call.request, &operation, Announce::Both)
}

/// Notes that `operation` is at work on the resource of `key`.
pub(crate) fn mark(
    world: &mut World,
    call: &Call<'_>,
    key: &str,
    operation: &str,
    change: impl FnOnce(&mut Resource, &str),
) {
    let (latest, now) = (latest(call.request, operation), world.now());
    world.edit(key, |resource| {
        resource.latest = Some(latest);
        resource.operation = Some(operation.to_owned());
        resource.provisioning = Provisioning::Updating;
        resource.changed = now;
        change(resource, operation);
    });
}

/// Deletes a resource with all inside.
///
/// # Errors
/// 404 `ResourceGroupNotFound`.
pub(crate) fn deleted(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    world.group(&call.address.subscription, call.address.group_name())?;
    Ok(world.delete(call.request, &call.key()?, Family::LabPlans, Work::Delete, Announce::Both))
}
