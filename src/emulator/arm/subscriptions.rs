//! Subscriptions, tenants, locations and providers: what clients ask before anything else.
//!
//! Source: Resources REST 2024-07-01; requests of the official CLI at login and of generic resource commands.

use crate::emulator::arm::errors::{Refusal, no_such_verb};
use crate::emulator::arm::path::Path;
use crate::emulator::arm::rendering::list;
use crate::emulator::arm::types::{Kind, LABS, TYPES, TypeInfo};
use crate::emulator::arm::{regions, retirement};
use crate::emulator::message::{Request, Response};
use crate::emulator::world::World;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The subscription that is listed before anything is made; any other GUID is accepted as well.
pub const DEFAULT_SUBSCRIPTION: &str = "11111111-1111-1111-1111-111111111111";

/// The tenant of every subscription.
pub const DEFAULT_TENANT: &str = "22222222-2222-2222-2222-222222222222";

/// The providers that are served.
const NAMESPACES: &[&str] = &["Microsoft.Compute", "Microsoft.LabServices", "Microsoft.Resources"];

/// API versions of resource groups and generic resources that the providers list names; any dated one is accepted.
const RESOURCES_VERSIONS: &[&str] = &["2025-04-01", "2024-11-01", "2024-07-01", "2022-12-01", "2021-04-01"];

/// Answers `/tenants`, `/subscriptions`, one subscription and its locations.
pub(crate) fn answer(world: &World, request: &Request, path: &Path) -> Result<Response, Refusal> {
    if request.method != "GET" {
        return Err(no_such_verb(&request.method));
    }
    match path.lower()[..] {
        ["tenants"] => list(request, vec![tenant()]),
        ["subscriptions"] => {
            let used = world
                .all_of(Kind::Group, "")
                .filter_map(|group| group.id.split('/').nth(2).map(str::to_lowercase));
            let known: BTreeSet<String> = used.chain([DEFAULT_SUBSCRIPTION.to_owned()]).collect();
            list(request, known.iter().map(|id| subscription(id)).collect())
        }
        ["subscriptions", id] => Ok(Response::json(200, subscription(id))),
        ["subscriptions", id, ..] => Ok(Response::json(200, json!({ "value": regions::listed(id) }))),
        _ => Err(no_such_verb(&request.method)),
    }
}

fn tenant() -> Value {
    json!({
        "id": format!("/tenants/{DEFAULT_TENANT}"),
        "tenantId": DEFAULT_TENANT,
        "displayName": "Contoso",
        "defaultDomain": "contoso.onmicrosoft.com",
        "tenantType": "AAD",
        "countryCode": "US",
        "domains": ["contoso.onmicrosoft.com"],
    })
}

fn subscription(id: &str) -> Value {
    json!({
        "id": format!("/subscriptions/{id}"),
        "subscriptionId": id,
        "tenantId": DEFAULT_TENANT,
        "displayName": if id == DEFAULT_SUBSCRIPTION { "Emulated subscription".to_owned() } else { format!("Subscription {id}") },
        "state": "Enabled",
        "managedByTenants": [],
        "authorizationSource": "RoleBased",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    })
}

/// Answers the providers' lists, one provider, its registration and its operations.
pub(crate) fn providers(world: &World, request: &Request, path: &Path) -> Result<Response, Refusal> {
    let lower = path.lower();
    let below = if lower[0] == "subscriptions" { 2 } else { 0 };
    let prefix = if below == 2 { format!("/subscriptions/{}", path.segments[1]) } else { String::new() };
    let served = NAMESPACES.iter().filter(|namespace| **namespace != LABS || !retirement::is_over(world));
    let Some(asked) = lower.get(below + 1) else {
        return match request.method.as_str() {
            "GET" => list(request, served.map(|namespace| provider(&prefix, namespace)).collect()),
            other => Err(no_such_verb(other)),
        };
    };
    let unknown = || {
        let message = format!("The resource namespace '{}' is invalid.", path.segments[below + 1]);
        Refusal::new(404, "InvalidResourceNamespace", message)
    };
    let namespace = { served }.find(|namespace| namespace.eq_ignore_ascii_case(asked)).ok_or_else(unknown)?;
    match (request.method.as_str(), lower.get(below + 2)) {
        ("GET", None) | ("POST", Some(&("register" | "unregister"))) => {
            Ok(Response::json(200, provider(&prefix, namespace)))
        }
        ("GET", Some(&"operations")) => Ok(Response::json(200, json!({ "value": operations(namespace) }))),
        (other, _) => Err(no_such_verb(other)),
    }
}

fn provider(prefix: &str, namespace: &str) -> Value {
    let rows = TYPES.iter().filter(|info| info.namespace == namespace).map(|info| {
        // Only what stands in a group of its own has regions.
        let locations = if info.path.len() == 1 { regions::display_names() } else { Vec::new() };
        json!({
            "resourceType": info.short(),
            "locations": locations,
            "apiVersions": info.versions,
            "capabilities": if info.path.len() == 1 { "CrossResourceGroupResourceMove, SupportsTags, SupportsLocation" } else { "None" },
        })
    });
    let mut types: Vec<Value> = rows.collect();
    if namespace == "Microsoft.Resources" {
        types.extend(["resourceGroups", "subscriptions", "resources"].map(|name| {
            json!({ "resourceType": name, "locations": regions::display_names(), "apiVersions": RESOURCES_VERSIONS, "capabilities": "SupportsTags" })
        }));
    }
    json!({
        "id": format!("{prefix}/providers/{namespace}"),
        "namespace": namespace,
        "registrationPolicy": "RegistrationRequired",
        "registrationState": "Registered",
        "resourceTypes": types,
    })
}

fn operations(namespace: &str) -> Vec<Value> {
    let verbs = |info: &TypeInfo| {
        let kind = info.kind.arm_type();
        let short = info.short();
        ["read", "write", "delete"].map(|verb| {
            json!({
                "name": format!("{kind}/{verb}"),
                "display": { "provider": namespace, "resource": short, "operation": verb, "description": format!("{verb} {short}") },
            })
        })
    };
    TYPES.iter().filter(|info| info.namespace == namespace).flat_map(verbs).collect()
}
