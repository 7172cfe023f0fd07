//! What Lab Services refuses on the world's `today`.
//!
//! Source: Lab Services, retirement guide: no new lab accounts since 2024-07-15; the whole service ends on 2027-06-28, while
//! galleries and their images stay. How the service words its refusals is not documented: the facts are the guide's, the
//! codes those of ARM for what it does not let a subscription do and for a provider that it does not have.

use crate::emulator::arm::errors::Refusal;
use crate::emulator::arm::types::{Address, Kind, LABS, Target};
use crate::emulator::clock::Day;
use crate::emulator::message::Request;
use crate::emulator::world::World;

/// From then on no lab account is made.
const NO_NEW_ACCOUNTS: Day = Day::new(2024, 7, 15);

/// From then on nothing of Lab Services is there.
const END: Day = Day::new(2027, 6, 28);

/// True when Lab Services has ended.
pub(crate) fn is_over(world: &World) -> bool {
    world.today >= Some(END)
}

/// Refuses whatever stands below the service's namespace, in a group, a subscription or outside of both.
///
/// # Errors
/// 404 `InvalidResourceNamespace` after the end.
pub(crate) fn check_path(world: &World, lower: &[&str]) -> Result<(), Refusal> {
    let below = match lower {
        ["subscriptions", _, "resourcegroups", _, rest @ ..] | ["subscriptions", _, rest @ ..] => rest,
        rest => rest,
    };
    if !matches!(below, ["providers", "microsoft.labservices", ..]) || !is_over(world) {
        return Ok(());
    }
    let message =
        format!("The resource namespace '{LABS}' is invalid: Azure Lab Services was retired on {END}.");
    Err(Refusal::new(404, "InvalidResourceNamespace", message))
}

/// Refuses a new lab account after the last day for one.
///
/// # Errors
/// 403 `OperationNotAllowed`.
pub(crate) fn check_new(world: &World, request: &Request, address: &Address) -> Result<(), Refusal> {
    let makes_account = address.kind == Kind::LabAccount
        && address.target == Target::Item
        && request.method == "PUT"
        && address.key().is_none_or(|key| world.resource(&key).is_none());
    if makes_account && world.today >= Some(NO_NEW_ACCOUNTS) {
        let message = format!(
            "Azure Lab Services is being retired on {END}. Since {NO_NEW_ACCOUNTS} new lab accounts cannot be created. Please see the retirement guide of Azure Lab Services for alternatives."
        );
        return Err(Refusal::new(403, "OperationNotAllowed", message));
    }
    Ok(())
}
