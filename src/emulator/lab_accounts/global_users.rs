//! What a user asks for across all lab accounts: `POST /providers/Microsoft.LabServices/users/{user}/…`.
//!
//! `me`, the caller's mail address and its object id are the caller; anything else is taken for a mail address. Source: Lab
//! Services REST 2018-10-15.

use crate::emulator::arm::directory::{CALLER, object_id};
use crate::emulator::arm::errors::{Refusal, invalid_content, no_such_verb, not_found, unknown_type};
use crate::emulator::arm::operations::Effect;
use crate::emulator::arm::path::{key, last_segment, parent};
use crate::emulator::arm::rendering::{self, time};
use crate::emulator::arm::resource::{Facts, Resource};
use crate::emulator::arm::shape::{self, Object};
use crate::emulator::arm::types::{Kind, check_version};
use crate::emulator::lab_accounts::{environments, labs, users};
use crate::emulator::message::{Request, Response};
use crate::emulator::world::World;
use serde_json::{Value, json};

/// Answers a user's `action`, given in lower case.
pub(crate) fn answer(
    world: &mut World,
    request: &Request,
    user: &str,
    action: &str,
) -> Result<Response, Refusal> {
    check_version(Kind::LabAccount, request.query("api-version"))?;
    if request.method != "POST" {
        return Err(no_such_verb(&request.method));
    }
    let is_caller = user.eq_ignore_ascii_case("me") || user.eq_ignore_ascii_case(&object_id(world, CALLER));
    let email = if is_caller { CALLER } else { user };
    let body = shape::object(request)?;
    match action {
        "listlabs" => Ok(list_labs(world, email)),
        "listenvironments" => list_environments(world, request, email, &body),
        "getenvironment" => {
            let environment = environment(world, &body)?;
            let details = details(world, request, environment);
            Ok(Response::json(200, json!({ "environment": details })))
        }
        "startenvironment" | "stopenvironment" => {
            let environment = environment(world, &body)?.clone();
            let effect = if action == "startenvironment" { Effect::Start } else { Effect::Stop };
            environments::act(world, request, &environment, effect)
        }
        "resetpassword" => {
            let environment = environment(world, &body)?.clone();
            environments::reset_password(world, request, &environment, &body)
        }
        "register" => register(world, &body),
        "getoperationstatus" => {
            let url = shape::required(&body, "operationUrl", "operationUrl")?;
            Ok(Response::json(200, json!({ "status": status(world, url)? })))
        }
        "getoperationbatchstatus" => batch(world, &body),
        "getpersonalpreferences" => preferences(world, email, &body),
        other => Err(unknown_type("Microsoft.LabServices", &format!("users/{other}"))),
    }
}

fn list_labs(world: &World, email: &str) -> Response {
    let of_user = world.all_of(Kind::Lab, "").filter(|lab| users::of(world, lab, email).is_some());
    let rows: Vec<Value> = of_user
        .map(|lab| {
            json!({
                "id": lab.id,
                "name": lab.name,
                "provisioningState": lab.provisioning.text(),
                "usageQuota": lab.text("usageQuota"),
            })
        })
        .collect();
    Response::json(200, json!({ "labs": rows }))
}

fn list_environments(
    world: &World,
    request: &Request,
    email: &str,
    body: &Object,
) -> Result<Response, Refusal> {
    let within = shape::text(body, "labId")?.map_or_else(String::new, |lab| format!("{}/", key(lab)));
    let is_theirs = |environment: &&Resource| {
        environment
            .environment()
            .and_then(|facts| facts.claimed_by.as_deref())
            .is_some_and(|owner| owner.eq_ignore_ascii_case(email))
    };
    let rows: Vec<Value> = world
        .all_of(Kind::Environment, &within)
        .filter(is_theirs)
        .map(|environment| details(world, request, environment))
        .collect();
    Ok(Response::json(200, json!({ "environments": rows })))
}

/// The environment that a body names.
fn environment<'a>(world: &'a World, body: &Object) -> Result<&'a Resource, Refusal> {
    let id = shape::required(body, "environmentId", "environmentId")?;
    let found = world.resource(&key(id)).filter(|environment| environment.kind == Kind::Environment);
    let group = id.split('/').nth(4).unwrap_or_default();
    found.ok_or_else(|| not_found(&Kind::Environment.arm_type(), last_segment(id), group))
}

/// An environment as its user sees it.
fn details(world: &World, request: &Request, environment: &Resource) -> Value {
    let facts = environment.environment().cloned().unwrap_or_default();
    let setting = parent(&environment.key()).and_then(|setting| world.resource(setting));
    let (rdp, ssh) = setting.map(|setting| environments::ports(setting, &facts)).unwrap_or_default();
    let shown = rendering::of(world, environment, request);
    let mut details = json!({
        "id": environment.id,
        "name": environment.name,
        "description": setting.map(|setting| setting.text("description")),
        "provisioningState": environment.provisioning.text(),
        "environmentState": environments::power(&facts),
        "totalUsage": "PT0S",
        "passwordLastReset": time(world, facts.password_reset),
        "latestOperationResult": shown["properties"]["latestOperationResult"],
        "virtualMachineDetails": {
            "provisioningState": environment.provisioning.text(),
            "rdpAuthority": rdp,
            "sshAuthority": ssh,
            "privateIpAddress": environments::address(&facts),
            "userName": facts.user_name,
            "lastKnownPowerState": environments::power(&facts),
        },
    });
    if let Value::Object(details) = &mut details {
        shape::without_nulls(details);
    }
    details
}

/// Makes the caller a user of the lab with that invitation code.
fn register(world: &mut World, body: &Object) -> Result<Response, Refusal> {
    let code = shape::required(body, "registrationCode", "registrationCode")?;
    let lab = world
        .all_of(Kind::Lab, "")
        .find(|lab| labs::invitation_code(lab).eq_ignore_ascii_case(code))
        .cloned();
    let unknown = || Refusal::new(404, "RegistrationCodeNotFound", "No lab has this registration code.");
    users::register_caller(world, &lab.ok_or_else(unknown)?)
}

/// The status of the operation that an `operationUrl` leads to.
fn status(world: &World, url: &str) -> Result<&'static str, Refusal> {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let operation = world.operation(&last_segment(path).to_lowercase()).filter(|found| !found.vanished);
    let unknown = || Refusal::new(404, "NotFound", format!("The operation '{path}' could not be found."));
    operation.map(|operation| operation.status()).ok_or_else(unknown)
}

fn batch(world: &World, body: &Object) -> Result<Response, Refusal> {
    let bad = || invalid_content("The property 'urls' must be an array of strings.");
    let urls = body.get("urls").and_then(Value::as_array).ok_or_else(bad)?;
    let urls: Vec<&str> = urls.iter().map(Value::as_str).collect::<Option<_>>().ok_or_else(bad)?;
    let items: Vec<Value> = urls
        .iter()
        .map(|url| status(world, url).map(|status| json!({ "operationUrl": url, "status": status })))
        .collect::<Result<_, _>>()?;
    Ok(Response::json(200, json!({ "items": items })))
}

/// The labs that a user marked in an account, after one was marked or unmarked.
fn preferences(world: &mut World, email: &str, body: &Object) -> Result<Response, Refusal> {
    let id = shape::required(body, "labAccountResourceId", "labAccountResourceId")?;
    let (account, email) = (key(id), email.to_lowercase());
    if world.resource(&account).is_none_or(|account| account.kind != Kind::LabAccount) {
        let group = id.split('/').nth(4).unwrap_or_default();
        return Err(not_found(&Kind::LabAccount.arm_type(), last_segment(id), group));
    }
    let change = shape::text(body, "addRemove")?
        .map(|change| shape::one_of(change, &["Add", "Remove"], "addRemove"))
        .transpose()?;
    if let Some(change) = change {
        let lab = shape::required(body, "labResourceId", "labResourceId")?.to_owned();
        world.edit(&account, |account| {
            if let Facts::Account(facts) = &mut account.facts {
                let marked = facts.favorites.entry(email.clone()).or_default();
                marked.retain(|known| key(known) != key(&lab));
                if change == "Add" {
                    marked.insert(lab);
                }
            }
        });
    }
    let marked = match world.resource(&account).map(|account| &account.facts) {
        Some(Facts::Account(facts)) => facts.favorites.get(&email).cloned().unwrap_or_default(),
        _ => Default::default(),
    };
    let id = format!("{account}/personalPreferences/{email}");
    Ok(Response::json(200, json!({ "id": id, "favoriteLabResourceIds": marked })))
}
