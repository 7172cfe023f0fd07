//! Labs of a lab account.
//!
//! Sources: Lab Services REST 2018-10-15; Microsoft's classroom labs module for 2019-01-01-preview, which puts back what it
//! read with a few values changed, the capacity as text.

use crate::emulator::arm::directory::{CALLER, members, object_id};
use crate::emulator::arm::errors::{Refusal, conflict, invalid_parameter, unknown_type};
use crate::emulator::arm::operations::{Beginning, Effect, Family, Finish};
use crate::emulator::arm::resource::{PublishingState, Resource};
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::shape::{self, Object};
use crate::emulator::arm::types::{Kind, Target};
use crate::emulator::arm::{rendering, tracked};
use crate::emulator::clock::{Work, is_duration};
use crate::emulator::compute::galleries::subject;
use crate::emulator::lab_accounts::accounts::{delete, list, settling};
use crate::emulator::lab_accounts::{environments, users};
use crate::emulator::message::Response;
use crate::emulator::world::{World, not_deleting};
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
            "register" => users::register(world, call),
            "sendemail" => users::send_email(world, call),
            "syncuserlist" => sync(world, call),
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
    let status = wanted.status;
    let mut lab = subject(world, call, wanted.existing)?;
    lab.location.get_or_insert(account.location.unwrap_or_default());
    (lab.tags, lab.properties) = (tags, properties);
    let members = follow_group(world, &mut lab)?;
    if lab.properties.get("maxUsersInLab") != old.get("maxUsersInLab") {
        scale(world, &lab)?;
    }
    users::sync(world, &lab, members);
    Ok(settling(world, call, lab, status, Work::Small))
}

/// Lets the capacity of a lab be that of its directory group, whatever was asked for, and gives the members, who are to be
/// its users; none for a lab without a group. A group comes to an empty list only.
pub(crate) fn follow_group(world: &World, lab: &mut Resource) -> Result<Option<Vec<String>>, Refusal> {
    let group = lab.text("aadGroupId").to_owned();
    if group.is_empty() {
        return Ok(None);
    }
    let before = world.resource(&lab.key()).map(|lab| lab.text("aadGroupId").to_owned());
    let has_users = world.children(&lab.key(), Kind::User).next().is_some();
    if has_users && before.is_none_or(|before| !before.eq_ignore_ascii_case(&group)) {
        return Err(conflict(format!(
            "The user list of the lab '{}' must be empty before it follows an Azure Active Directory group.",
            lab.name
        )));
    }
    let members = members(world, &group);
    lab.properties.insert("maxUsersInLab".into(), json!(members.len()));
    Ok(Some(members))
}

/// Answers `syncUserList`: users and capacity follow the directory group.
fn sync(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    world.open_holder(&call.address)?;
    let mut lab = world.item(&call.address)?.clone();
    not_deleting(&lab)?;
    if lab.text("aadGroupId").is_empty() {
        return Err(conflict(format!(
            "The lab '{}' has no Azure Active Directory group to follow.",
            lab.name
        )));
    }
    let before = lab.properties.get("maxUsersInLab").cloned();
    let members = follow_group(world, &mut lab)?;
    if lab.properties.get("maxUsersInLab") != before.as_ref() {
        scale(world, &lab)?;
    }
    users::sync(world, &lab, members);
    settling(world, call, lab, 200, Work::Small);
    Ok(Response::empty(200))
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
    let group = shape::text(&asked, "aadGroupId")?.filter(|group| !group.is_empty());
    if group.is_some_and(|group| uuid::Uuid::try_parse(group).map_or(true, |id| id.is_nil())) {
        return Err(invalid_parameter(&path("aadGroupId"), "The value is not the object id of a group."));
    }
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

/// Gives a published lab as many machines as it has places.
fn scale(world: &mut World, lab: &Resource) -> Result<(), Refusal> {
    let machines = lab.properties.get("maxUsersInLab").and_then(Value::as_u64).unwrap_or_default();
    let Some(setting) = world.children(&lab.key(), Kind::Setting).next() else { return Ok(()) };
    let Some(facts) = setting.setting() else { return Ok(()) };
    if world.is_running(facts.publish_operation.as_ref()) {
        return Err(conflict(format!(
            "The template of the lab is in state '{}'. Retry when it has ended.",
            facts.publishing.text()
        )));
    }
    if facts.publishing != PublishingState::Published
        || environments::count(world, &setting.key()) == machines
    {
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

/// What students register with.
pub(crate) fn invitation_code(lab: &Resource) -> String {
    lab.unique.chars().filter(|c| *c != '-').take(12).collect()
}

/// Adds what only the service knows of a lab.
pub(crate) fn show(world: &World, lab: &Resource, body: &mut Value) {
    let properties = [
        // Whatever the quota in hours, this is the service's own limit of users.
        ("userQuota", json!(MOST_USERS)),
        ("invitationCode", json!(invitation_code(lab))),
        ("createdByObjectId", json!(object_id(world, CALLER))),
        ("createdByUserPrincipalName", json!(CALLER)),
        ("createdDate", json!(world.time(lab.created))),
    ];
    for (name, value) in properties {
        body["properties"][name] = value;
    }
}
