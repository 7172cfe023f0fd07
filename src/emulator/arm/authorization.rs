//! Rights and roles, as far as they are read: everybody is Owner of the subscription.
//!
//! Source: Authorization REST 2022-04-01, permissions and role assignments; Lab Services, attach a shared image gallery: the
//! service's own identity becomes Contributor of a gallery that is attached to a lab account.

use crate::emulator::arm::errors::{Refusal, no_such_verb, not_found, unknown_type};
use crate::emulator::arm::identity::check_bearer;
use crate::emulator::arm::path::key;
use crate::emulator::arm::rendering::list;
use crate::emulator::arm::types::Kind;
use crate::emulator::message::{Request, Response};
use crate::emulator::world::World;
use serde_json::{Value, json};

/// Built-in roles, whose ids are the same everywhere.
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";

/// Answers what the caller may do at a scope, or who has which role there or above.
///
/// # Errors
/// 404 for a scope that is not there.
pub(crate) fn answer(
    world: &World,
    request: &Request,
    scope: &[String],
    what: &str,
) -> Result<Response, Refusal> {
    if request.method != "GET" {
        return Err(no_such_verb(&request.method));
    }
    let id = format!("/{}", scope.join("/"));
    if scope.len() > 2 && world.resource(&key(&id)).is_none() {
        let name = scope.last().map_or("", String::as_str);
        return Err(match scope.len() {
            4 => crate::emulator::arm::errors::group_not_found(name),
            _ => not_found(&scope[5..].join("/"), name, &scope[3]),
        });
    }
    match what {
        "permissions" => list(
            request,
            vec![json!({ "actions": ["*"], "notActions": [], "dataActions": [], "notDataActions": [] })],
        ),
        "roleassignments" => list(request, assignments(world, request, scope, &id)?),
        other => Err(unknown_type("Microsoft.Authorization", other)),
    }
}

fn assignments(world: &World, request: &Request, scope: &[String], id: &str) -> Result<Vec<Value>, Refusal> {
    let subscription = format!("/subscriptions/{}", scope[1]);
    let caller = check_bearer(world, request)?;
    let mut rows = vec![assignment(world, &subscription, &subscription, OWNER, &caller)];
    let is_attached = world.all_of(Kind::SharedGallery, "").any(|own| {
        own.properties.get("galleryId").and_then(Value::as_str).is_some_and(|gallery| key(gallery) == key(id))
    });
    if is_attached {
        let service = world.uuid("object Azure Lab Services");
        rows.push(assignment(world, &subscription, id, CONTRIBUTOR, &service));
    }
    Ok(rows)
}

fn assignment(world: &World, subscription: &str, scope: &str, role: &str, principal: &str) -> Value {
    let name = world.uuid(&format!("assignment {scope} {role} {principal}").to_lowercase());
    json!({
        "id": format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"),
        "name": name,
        "type": "Microsoft.Authorization/roleAssignments",
        "properties": {
            "roleDefinitionId": format!("{subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}"),
            "principalId": principal,
            "principalType": "ServicePrincipal",
            "scope": scope,
        },
    })
}
