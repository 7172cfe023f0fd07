//! Subscriptions, tenants, locations and providers: what clients ask before anything else.
//!
//! Source: Resources REST 2024-07-01; requests of the official CLI at login and of generic resource commands.

use crate::emulator::arm::errors::{Refusal, conflict, no_such_verb};
use crate::emulator::arm::path::Path;
use crate::emulator::arm::rendering::list;
use crate::emulator::arm::types::{Address, Kind, LABS, TYPES, TypeInfo};
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
const NAMESPACES: &[&str] = &["Microsoft.Compute", LABS, RESOURCES];

/// Where groups and subscriptions belong, which nobody registers for.
const RESOURCES: &str = "Microsoft.Resources";

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
pub(crate) fn providers(world: &mut World, request: &Request, path: &Path) -> Result<Response, Refusal> {
    let lower = path.lower();
    let below = if lower[0] == "subscriptions" { 2 } else { 0 };
    let prefix = if below == 2 { format!("/subscriptions/{}", path.segments[1]) } else { String::new() };
    let served = NAMESPACES.iter().filter(|namespace| **namespace != LABS || !retirement::is_over(world));
    let Some(asked) = lower.get(below + 1) else {
        return match request.method.as_str() {
            "GET" => list(request, served.map(|namespace| provider(world, &prefix, namespace)).collect()),
            other => Err(no_such_verb(other)),
        };
    };
    let unknown = || {
        let message = format!("The resource namespace '{}' is invalid.", path.segments[below + 1]);
        Refusal::new(404, "InvalidResourceNamespace", message)
    };
    let namespace = { served }.find(|namespace| namespace.eq_ignore_ascii_case(asked)).ok_or_else(unknown)?;
    match (request.method.as_str(), lower.get(below + 2)) {
        ("GET", None) => Ok(Response::json(200, provider(world, &prefix, namespace))),
        ("POST", Some(&("register" | "unregister"))) if below == 2 => {
            let registers = lower.get(below + 2) == Some(&"register");
            if !registers {
                check_unused(world, &prefix, namespace)?;
            }
            world.register(&path.segments[1], namespace, registers);
            Ok(Response::json(200, provider(world, &prefix, namespace)))
        }
        ("GET", Some(&"operations")) => Ok(Response::json(200, json!({ "value": operations(namespace) }))),
        (other, _) => Err(no_such_verb(other)),
    }
}

/// Refuses to end the registration for what a subscription still uses.
fn check_unused(world: &World, prefix: &str, namespace: &str) -> Result<(), Refusal> {
    if namespace == RESOURCES {
        return Err(conflict(format!("The registration for '{namespace}' cannot be ended.")));
    }
    let kinds = || TYPES.iter().filter(|info| info.namespace == namespace && info.path.len() == 1);
    let prefix = format!("{prefix}/").to_lowercase();
    let used = kinds().find_map(|info| world.all_of(info.kind, &prefix).next());
    used.map_or(Ok(()), |resource| {
        Err(conflict(format!(
            "The subscription cannot be unregistered from the namespace '{namespace}' while it has resources of it, such as '{}'.",
            resource.id
        )))
    })
}

/// Refuses a change of what the subscription is not registered for.
///
/// # Errors
/// 409 `MissingSubscriptionRegistration`; the official CLI then registers by itself.
pub(crate) fn check_registered(world: &World, request: &Request, address: &Address) -> Result<(), Refusal> {
    let Some(info) = address.kind.info() else { return Ok(()) };
    if matches!(request.method.as_str(), "GET" | "HEAD" | "DELETE")
        || world.is_registered(&address.subscription, info.namespace)
    {
        return Ok(());
    }
    let message = format!(
        "The subscription is not registered to use namespace '{}'. See https://aka.ms/rps-not-found for how to register subscriptions.",
        info.namespace
    );
    Err(Refusal::new(409, "MissingSubscriptionRegistration", message).about(info.namespace))
}

fn provider(world: &World, prefix: &str, namespace: &str) -> Value {
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
    let is_registered = world.is_registered(prefix.trim_start_matches("/subscriptions/"), namespace);
    if namespace == RESOURCES {
        types.extend(["resourceGroups", "subscriptions", "resources"].map(|name| {
            json!({ "resourceType": name, "locations": regions::display_names(), "apiVersions": RESOURCES_VERSIONS, "capabilities": "SupportsTags" })
        }));
    }
    json!({
        "id": format!("{prefix}/providers/{namespace}"),
        "namespace": namespace,
        "registrationPolicy": if namespace == RESOURCES { "RegistrationFree" } else { "RegistrationRequired" },
        "registrationState": if is_registered { "Registered" } else { "NotRegistered" },
        "resourceTypes": types,
    })
}

/// What can be done to resources besides reading, writing and deleting them.
const ACTIONS: &[(Kind, &[&str])] = &[
    (
        Kind::LabAccount,
        &["CreateLab", "GetRegionalAvailability", "GetPricingAndAvailability", "GetRestrictionsAndUsage"],
    ),
    (Kind::Lab, &["AddUsers", "Register", "SendEmail", "SyncUserList"]),
    (Kind::Setting, &["Publish", "ClaimAny", "Start", "Stop", "SaveImage"]),
    (Kind::Environment, &["Claim", "ResetPassword", "Start", "Stop"]),
];

fn operations(namespace: &str) -> Vec<Value> {
    let verbs = |info: &TypeInfo| {
        let kind = info.kind.arm_type();
        let short = info.short();
        let actions = ACTIONS.iter().filter(|(of, _)| *of == info.kind).flat_map(|(_, actions)| *actions);
        let actions = actions.map(|action| format!("{action}/action"));
        let verbs = ["read", "write", "delete"].map(str::to_owned).into_iter().chain(actions);
        let rows = verbs.map(|verb| {
            json!({
                "name": format!("{kind}/{verb}"),
                "display": { "provider": namespace, "resource": short, "operation": verb, "description": format!("{verb} {short}") },
            })
        });
        rows.collect::<Vec<_>>()
    };
    TYPES.iter().filter(|info| info.namespace == namespace).flat_map(verbs).collect()
}
