//! Microsoft.LabServices, second generation: lab plans, the labs that stand beside them, and all below.

pub(crate) mod changes;
pub(crate) mod images;
pub(crate) mod lab_body;
pub(crate) mod labs;
pub(crate) mod lists;
pub(crate) mod machines;
pub(crate) mod plans;
pub(crate) mod profiles;
pub(crate) mod publishing;
pub(crate) mod save_image;
pub(crate) mod schedules;
pub(crate) mod skus;
pub(crate) mod usages;
pub(crate) mod users;

use crate::emulator::arm::resource::Resource;
use crate::emulator::arm::types::Kind;
use crate::emulator::clock::Tick;
use crate::emulator::message::Request;
use crate::emulator::world::World;
use serde_json::{Value, json};

/// Adds what only the service knows of a resource.
pub(crate) fn show(world: &World, resource: &Resource, request: &Request, body: &mut Value) {
    match resource.kind {
        Kind::PlanLab => labs::show(resource, body),
        Kind::Schedule => schedules::show(request, body),
        Kind::Machine => machines::show(world, resource, body),
        _ => {}
    }
    // A plan has an identity since 2022-08-01.
    if request.query("api-version") == Some("2021-11-15-preview")
        && let Value::Object(body) = &mut *body
    {
        body.remove("identity");
    }
    body["systemData"] = system_data(world, resource.created, resource.changed);
    let failed = resource.latest.as_ref().filter(|latest| latest.code.is_some());
    if let Some(latest) = failed
        && request.query("api-version") == Some("2023-06-07")
    {
        let ended = world.operation(&latest.operation).and_then(|operation| operation.ended);
        body["properties"]["resourceOperationError"] = json!({
            "timestamp": world.time(ended.unwrap_or(resource.changed)),
            "code": latest.code,
            "message": latest.message,
            "action": latest.method,
        });
    }
}

/// Who made and last changed a resource, and when.
pub(crate) fn system_data(world: &World, created: Tick, changed: Tick) -> Value {
    let who = world.uuid("creator");
    json!({
        "createdBy": who,
        "createdByType": "Application",
        "createdAt": world.time(created),
        "lastModifiedBy": who,
        "lastModifiedByType": "Application",
        "lastModifiedAt": world.time(changed),
    })
}
