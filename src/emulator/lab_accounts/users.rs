//! The users of a lab: who may register for it.
//!
//! A mail address is one user, whatever the name in the path. In a lab with a directory group the list is the group's.
//! Sources: Lab Services REST 2018-10-15; Microsoft's classroom labs module for 2019-01-01-preview.

use crate::emulator::arm::directory::CALLER;
use crate::emulator::arm::errors::{Refusal, conflict, invalid_parameter};
use crate::emulator::arm::resource::Resource;
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::shape::Object;
use crate::emulator::arm::subscriptions::DEFAULT_TENANT;
use crate::emulator::arm::types::{Kind, Target};
use crate::emulator::arm::{rendering, shape, tracked};
use crate::emulator::lab_accounts::accounts::{delete, list};
use crate::emulator::message::Response;
use crate::emulator::world::{World, not_deleting};
use serde_json::{Value, json};

/// Answers requests to users.
pub(crate) fn answer(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    match (&call.address.target, call.request.method.as_str()) {
        (Target::Collection, "GET") => list(world, call),
        (Target::Item, "GET") => world
            .item(&call.address)
            .map(|item| Response::json(200, rendering::of(world, item, call.request))),
        (Target::Item, "PUT" | "PATCH") => put(world, call),
        (Target::Item, "DELETE") => {
            if world.item(&call.address).is_ok() {
                let lab = world.open_holder(&call.address)?;
                check_not_synced(lab)?;
            }
            delete(world, call)
        }
        _ => Err(call.no_such_verb()),
    }
}

/// Refuses to add or remove users of a lab by hand when a directory group says who they are.
fn check_not_synced(lab: &Resource) -> Result<(), Refusal> {
    if lab.text("aadGroupId").is_empty() {
        return Ok(());
    }
    let message = format!(
        "The users of the lab '{}' follow its Azure Active Directory group and cannot be added or removed one by one.",
        lab.name
    );
    Err(conflict(message))
}

/// Changes a user's own quota, or makes a user of that name; the rest of a known user stays.
fn put(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    let wanted = tracked::wanted(world, call)?;
    tracked::check_name(call.address.name(), 100)?;
    let asked = tracked::properties(&wanted.body)?;
    let quota = shape::text(&asked, "additionalUsageQuota")?.map(str::to_owned);
    if quota.as_deref().is_some_and(|quota| !crate::emulator::clock::is_duration(quota)) {
        return Err(invalid_parameter(
            "properties.additionalUsageQuota",
            "The value is not an ISO 8601 duration, such as PT5H.",
        ));
    }
    let email = shape::text(&asked, "email")?.map(str::to_owned);
    let status = wanted.status;
    if status == 201 {
        check_not_synced(world.open_holder(&call.address)?)?;
    }
    let mut user = crate::emulator::compute::galleries::subject(world, call, wanted.existing)?;
    if status == 201 {
        user.properties.insert("email".into(), json!(email));
        user.properties.insert("totalUsage".into(), json!("PT0S"));
        user.properties.insert("tenantId".into(), json!(DEFAULT_TENANT));
    }
    if let Some(quota) = quota {
        user.properties.insert("additionalUsageQuota".into(), json!(quota));
    }
    user.tags = shape::tags(&wanted.body)?;
    user.changed = world.now();
    let answer = Response::json(status, rendering::of(world, &user, call.request));
    world.put(user);
    Ok(answer)
}

/// Adds a user for each address that the lab does not know yet.
pub(crate) fn add(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    let lab = open_lab(world, call)?;
    let body = shape::object(call.request)?;
    let addresses = addresses(&body)?;
    check_not_synced(&lab)?;
    for address in addresses {
        add_one(world, &lab, &address);
    }
    Ok(Response::empty(200))
}

/// Sends nobody anything, but knows whom it could: every address must be a user's; none at all means everybody.
pub(crate) fn send_email(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    let lab = open_lab(world, call)?;
    let body = shape::object(call.request)?;
    shape::text(&body, "extraMessage")?;
    let addresses =
        if body.get("emailAddresses").is_none_or(Value::is_null) { Vec::new() } else { addresses(&body)? };
    match addresses.iter().find(|address| of(world, &lab, address).is_none()) {
        Some(stranger) => Err(invalid_parameter(
            "emailAddresses",
            format!("'{stranger}' is not a user of the lab '{}'.", lab.name),
        )),
        None => Ok(Response::empty(200)),
    }
}

/// Answers `register`: the caller becomes a user of the lab.
pub(crate) fn register(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    let lab = open_lab(world, call)?;
    register_caller(world, &lab)
}

/// Makes the caller a user of the lab, who must be on its list already when access is restricted to that.
pub(crate) fn register_caller(world: &mut World, lab: &Resource) -> Result<Response, Refusal> {
    if of(world, lab, CALLER).is_some() {
        return Ok(Response::empty(200));
    }
    if lab.text("userAccessMode") != "Open" {
        let message = format!("The user '{CALLER}' is not allowed to register for the lab '{}'.", lab.name);
        return Err(Refusal::new(403, "UserNotAllowed", message));
    }
    let places = lab.properties.get("maxUsersInLab").and_then(Value::as_u64).unwrap_or_default();
    if world.children(&lab.key(), Kind::User).count() as u64 >= places {
        return Err(conflict(format!("The lab '{}' has no place left.", lab.name)));
    }
    add_one(world, lab, CALLER);
    Ok(Response::empty(200))
}

/// Gives a lab the members of its directory group for users, if it has one; whoever else was a user goes.
pub(crate) fn sync(world: &mut World, lab: &Resource, members: Option<Vec<String>>) {
    let Some(members) = members else { return };
    let is_member = |email: &str| members.iter().any(|member| member.eq_ignore_ascii_case(email));
    let gone: Vec<String> = world
        .children(&lab.key(), Kind::User)
        .filter(|user| !is_member(user.text("email")))
        .map(Resource::key)
        .collect();
    for key in gone {
        world.remove_tree(&key);
    }
    for member in &members {
        add_one(world, lab, member);
    }
}

/// The user of that address.
pub(crate) fn of<'a>(world: &'a World, lab: &Resource, email: &str) -> Option<&'a Resource> {
    world.children(&lab.key(), Kind::User).find(|user| user.text("email").eq_ignore_ascii_case(email))
}

fn open_lab(world: &World, call: &Call<'_>) -> Result<Resource, Refusal> {
    world.open_holder(&call.address)?;
    let lab = world.item(&call.address)?.clone();
    not_deleting(&lab)?;
    Ok(lab)
}

fn addresses(body: &Object) -> Result<Vec<String>, Refusal> {
    let bad = || {
        invalid_parameter(
            "emailAddresses",
            "The property 'emailAddresses' must be an array of mail addresses.",
        )
    };
    let list = body.get("emailAddresses").and_then(Value::as_array).ok_or_else(bad)?;
    let addresses: Vec<&str> = list.iter().map(Value::as_str).collect::<Option<_>>().ok_or_else(bad)?;
    if addresses.iter().any(|address| !(6..=254).contains(&address.len()) || !address.contains('@')) {
        return Err(bad());
    }
    Ok(addresses.into_iter().map(str::to_owned).collect())
}

fn add_one(world: &mut World, lab: &Resource, email: &str) {
    if of(world, lab, email).is_some() {
        return;
    }
    let (name, unique) = (world.draw(), world.draw());
    let id = format!("{}/users/{name}", lab.id);
    let mut user = Resource::new(Kind::User, id, &name, world.now(), unique);
    let properties =
        [("email", json!(email)), ("totalUsage", json!("PT0S")), ("tenantId", json!(DEFAULT_TENANT))];
    user.properties.extend(properties.map(|(name, value)| (name.to_owned(), value)));
    world.put(user);
}
