//! How many cores the labs of a subscription take in a region, and how many they may.
//!
//! Source: Lab Services REST 2023-06-07. Limits are per subscription, region and family of sizes; a lab counts with the
//! capacity it was given, published or not.

use crate::emulator::arm::errors::Refusal;
use crate::emulator::arm::regions;
use crate::emulator::arm::resource::Resource;
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::shape::Object;
use crate::emulator::arm::types::Kind;
use crate::emulator::lab_plans::labs::{capacity, capacity_in};
use crate::emulator::lab_plans::lists::filtered;
use crate::emulator::lab_plans::skus::{self, Sku};
use crate::emulator::message::{Request, Response};
use crate::emulator::world::World;
use serde_json::json;

/// Cores of one family that the labs of a subscription may take in a region.
pub(crate) const LIMIT: u64 = 10_000;

/// Answers the list of usages.
pub(crate) fn list(
    world: &World,
    request: &Request,
    subscription: &str,
    location: &str,
) -> Result<Response, Refusal> {
    let location = regions::normalised(location, "locations/usages")?;
    let rows = skus::families().into_iter().map(|(family, names)| {
        let mut row = json!({
            "id": format!("/subscriptions/{subscription}/providers/Microsoft.LabServices/locations/{location}/usages/{family}"),
            "unit": "Count",
            "currentValue": used(world, subscription, &location, family),
            "limit": LIMIT,
            "name": { "value": family, "localizedValue": family },
        });
        if request.query("api-version") != Some("2021-11-15-preview") {
            row["name"]["skuInstances"] = json!(names);
        }
        row
    });
    filtered(request, rows.collect())
}

/// Cores of a family that the labs of a subscription take in a region.
fn used(world: &World, subscription: &str, location: &str, family: &str) -> u64 {
    let prefix = format!("/subscriptions/{subscription}/").to_lowercase();
    let here = |lab: &&Resource| lab.location.as_deref() == Some(location);
    let of_family = |lab: &Resource| {
        sku_of(&lab.properties).filter(|sku| sku.family == family).map(|sku| sku.cores * capacity(lab))
    };
    world.all_of(Kind::PlanLab, &prefix).filter(here).filter_map(of_family).sum()
}

fn sku_of(properties: &Object) -> Option<&'static Sku> {
    skus::sku(properties.get("virtualMachineProfile")?["sku"]["name"].as_str()?)
}

/// Refuses a lab that grows, from `was` machines, beyond what is left.
///
/// # Errors
/// 409 `OperationNotAllowed`.
pub(crate) fn check(
    world: &World,
    call: &Call<'_>,
    location: &str,
    properties: &Object,
    was: Option<u64>,
) -> Result<(), Refusal> {
    let Some(sku) = sku_of(properties) else { return Ok(()) };
    let (was, wanted) = (was.unwrap_or_default(), capacity_in(properties));
    let family = sku.family;
    let used = used(world, &call.address.subscription, location, family);
    let needed = wanted.saturating_sub(was) * sku.cores;
    if used + needed <= LIMIT {
        return Ok(());
    }
    let message = format!(
        "Operation could not be completed as it results in exceeding approved {family} Cores quota. Location: {location}, Current Limit: {LIMIT}, Current Usage: {used}, Additional Required: {needed}."
    );
    Err(Refusal::new(409, "OperationNotAllowed", message))
}
