//! Labs of a lab account.
//!
//! Sources: Lab Services REST 2018-10-15; Microsoft's classroom labs module for 2019-01-01-preview, which puts back what it
//! read with a few values changed, the capacity as text.

use crate::emulator::arm::errors::{Refusal, conflict, invalid_parameter, unknown_type};
use crate::emulator::arm::operations::{Beginning, Effect, Family, Finish};
use crate::emulator::arm::resource::{PublishingState, Resource};
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::shape::{self, Object};
use crate::emulator::arm::types::{Kind, Target};
use crate::emulator::arm::{rendering, tracked};
use crate::emulator::clock::{Work, is_duration};
use crate::emulator::lab_accounts::accounts::{delete, list, settling};
use crate::emulator::lab_accounts::users;
use crate::emulator::message::Response;
use crate::emulator::world::World;
use serde_json::{Value, json};

/// Students that a lab can have at most. Source: Lab Services, classroom labs limits.
const MOST_USERS: u64 = 400;

/// What of a lab is `Enabled` or `Disabled`.
const SWITCHES: &[&str] = &["sharedPasswordEnabled", "enableDisconnectOnIdle", "enableNoConnectShutdown"];

/// What of a lab is a duration.
const DURATIONS: &[&str] =
    &["usageQuota", "idleGracePeriod", "idleOsGracePeriod", "idleNoConnectGracePeriod"];

/// Answers requests to labs.
pub(crate) fn answer(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    match (&call.address.target, call.request.method.as_str()) {
        (Target::Collection, "GET") => list(world, call),
        (Target::Item, "GET") => world
            .item(&call.address)
            .map(|item| Response::json(200, rendering::of(world, item, call.request))),
        (Target::Item, "PUT" | "PATCH") => put(world, call),
        (Target::Item, "DELETE") => delete(world, call),
        (Target::Action(action), "POST") => match action.as_str() {
            "addusers" => users::add(world, call),
            other => Err(unknown_type("Microsoft.LabServices", &format!("labAccounts/labs/{other}"))),
        },
        _ => Err(call.no_such_verb()),
    }
}

fn put(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    let wanted = tracked::wanted(world, call)?;
    tracked::check_name(call.address.name(), 100)?;
    let account = world.open_holder(&call.address)?.clone();
    if shape::text(&wanted.body, "location")?.is_some() && wanted.existing.is_some() {
        tracked::location(&wanted, call)?;
    }
    let tags = shape::tags(&wanted.body)?;
    let asked = tracked::properties(&wanted.body)?;
    let old = wanted.existing.as_ref().map(|lab| lab.properties.clone()).unwrap_or_default();
    let properties = lab_properties(&old, &asked)?;
    let scaled = properties["maxUsersInLab"] != *old.get("maxUsersInLab").unwrap_or(&Value::Null);
    let key = call.key()?;
    if scaled && wanted.existing.is_some() {
        scale(world, &key, properties["maxUsersInLab"].as_u64().unwrap_or_default())?;
    }
    let status = wanted.status;
    let mut lab = crate::emulator::compute::galleries::subject(world, call, wanted.existing)?;
    lab.location.get_or_insert(account.location.unwrap_or_default());
    (lab.tags, lab.properties) = (tags, properties);
    Ok(settling(world, call, lab, status, Work::Small))
}

/// The lab's properties after `asked` is merged over `old`: known ones alone, checked, in the service's spelling.
pub(crate) fn lab_properties(old: &Object, asked: &Object) -> Result<Object, Refusal> {
    let mut properties = old.clone();
    let path = |name: &str| format!("lab.properties.{name}");
    let capacity = shape::count(asked, "maxUsersInLab")?;
    if let Some(capacity) = capacity {
        if capacity > MOST_USERS {
            return Err(invalid_parameter(
                &path("maxUsersInLab"),
                format!("The value {capacity} is above the limit of {MOST_USERS}."),
            ));
        }
        properties.insert("maxUsersInLab".into(), json!(capacity));
    }
    properties.entry("maxUsersInLab").or_insert(json!(1));
    let mut asked = asked.clone();
    shape::canonical(&mut asked, "userAccessMode", &["Restricted", "Open"], &path("userAccessMode"))?;
    shape::canonical(&mut asked, "idleShutdownMode", &["None", "OnDisconnect"], &path("idleShutdownMode"))?;
    for name in SWITCHES {
        shape::canonical(&mut asked, name, &["Enabled", "Disabled"], &path(name))?;
    }
    for name in DURATIONS {
        if let Some(value) = shape::text(&asked, name)?.filter(|value| !is_duration(value)) {
            return Err(invalid_parameter(
                &path(name),
                format!("The value '{value}' is not an ISO 8601 duration, such as PT40H."),
            ));
        }
    }
    shape::text(&asked, "aadGroupId")?;
    let names = ["userAccessMode", "idleShutdownMode", "aadGroupId"];
    for name in names.iter().chain(SWITCHES).chain(DURATIONS) {
        if let Some(value) = asked.get(*name).filter(|value| !value.is_null()) {
            properties.insert((*name).to_owned(), value.clone());
        }
    }
    for (name, default) in
        [("usageQuota", "PT0S"), ("userAccessMode", "Restricted"), ("sharedPasswordEnabled", "Disabled")]
    {
        properties.entry(name).or_insert(json!(default));
    }
    Ok(properties)
}

/// Gives a published lab another number of machines.
fn scale(world: &mut World, lab: &str, machines: u64) -> Result<(), Refusal> {
    let Some(setting) = world.children(lab, Kind::Setting).next() else { return Ok(()) };
    let Some(facts) = setting.setting() else { return Ok(()) };
    if world.is_running(facts.publish_operation.as_ref()) {
        return Err(conflict(format!(
            "The template of the lab is in state '{}'. Retry when it has ended.",
            facts.publishing.text()
        )));
    }
    if facts.publishing != PublishingState::Published || facts.machines == machines {
        return Ok(());
    }
    let (key, location) = (setting.key(), setting.location.clone().unwrap_or_default());
    let operation = world.begin(Beginning {
        family: Family::LabServices,
        effect: Effect::Scale,
        work: Work::Scale,
        targets: vec![key.clone()],
        finish: Finish::Status,
        location,
    });
    world.edit(&key, |setting| {
        if let Some(facts) = setting.setting_mut() {
            facts.publishing = PublishingState::Scaling;
            facts.publish_operation = Some(operation);
        }
    });
    Ok(())
}

/// Adds what only the service knows of a lab.
pub(crate) fn show(world: &World, lab: &Resource, body: &mut Value) {
    let code = lab.unique.replace('-', "");
    let properties = [
        // Whatever the quota in hours, this is the service's own limit of users.
        ("userQuota", json!(MOST_USERS)),
        ("invitationCode", json!(code.get(..12))),
        ("createdByObjectId", json!(world.uuid("creator"))),
        ("createdByUserPrincipalName", json!("labwright@contoso.onmicrosoft.com")),
        ("createdDate", json!(world.time(lab.created))),
    ];
    for (name, value) in properties {
        body["properties"][name] = value;
    }
}
