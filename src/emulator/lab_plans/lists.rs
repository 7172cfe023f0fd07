//! Lists of lab plans and of what belongs to them; each takes a `$filter`.
//!
//! Source: Lab Services REST 2023-06-07, parameter `filter`.

use crate::emulator::arm::errors::Refusal;
use crate::emulator::arm::filter::Filter;
use crate::emulator::arm::rendering;
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::types::Kind;
use crate::emulator::message::{Request, Response};
use crate::emulator::world::World;
use serde_json::Value;

/// Lists what is in a group, in a subscription or below a parent.
///
/// # Errors
/// 404 for a missing group or parent; 400 for a filter that is not understood.
pub(crate) fn list(world: &World, call: &Call<'_>) -> Result<Response, Refusal> {
    let address = &call.address;
    let prefix = match (&address.group, address.kind) {
        (Some(_), _) => format!("{}/", world.holder(address)?.key()),
        (None, Kind::LabPlan | Kind::PlanLab) => {
            format!("/subscriptions/{}/", address.subscription).to_lowercase()
        }
        (None, _) => return Err(call.no_such_verb()),
    };
    let found = world.all_of(address.kind, &prefix);
    filtered(call.request, found.map(|resource| rendering::of(world, resource, call.request)).collect())
}

/// A list answer of those `rows` that the request's `$filter` lets through.
///
/// # Errors
/// 400 for a filter that is not understood.
pub(crate) fn filtered(request: &Request, rows: Vec<Value>) -> Result<Response, Refusal> {
    let filter = Filter::of(request)?;
    rendering::list(request, rows.into_iter().filter(|row| filter.holds_for(row)).collect())
}
