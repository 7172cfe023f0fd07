//! What all resources with a location and tags have in common when they are put or patched.
//!
//! Source: ARM resource provider contract (PUT replaces, PATCH merges but for tags, which it replaces).

use crate::emulator::arm::errors::{Refusal, conflict, invalid_parameter};
use crate::emulator::arm::regions;
use crate::emulator::arm::resource::Resource;
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::shape::{self, Object};
use crate::emulator::world::{World, not_deleting};
use serde_json::Value;

/// What a PUT or PATCH is about: the resource as it was, if it was, and the whole body that is wanted.
pub(crate) struct Wanted {
    pub(crate) existing: Option<Resource>,
    pub(crate) body: Object,
    /// 201 for a new resource, else 200.
    pub(crate) status: u16,
}

/// The body that a PUT or PATCH asks for; that of a PATCH is merged into what there is.
///
/// # Errors
/// 404 when the holder, or the resource of a PATCH, is missing; 409 while one of them is being deleted; 400 for a bad body.
pub(crate) fn wanted(world: &World, call: &Call<'_>) -> Result<Wanted, Refusal> {
    world.open_holder(&call.address)?;
    let body = shape::object(call.request)?;
    let existing = world.resource(&call.key()?).cloned();
    if let Some(existing) = &existing {
        not_deleting(existing)?;
    }
    if call.request.method == "PATCH" {
        let existing = world.item(&call.address)?.clone();
        return Ok(Wanted { body: merged(&existing, body), existing: Some(existing), status: 200 });
    }
    let status = if existing.is_some() { 200 } else { 201 };
    Ok(Wanted { existing, body, status })
}

/// The body of `resource` with `patch` merged in; tags are replaced as a whole.
fn merged(resource: &Resource, mut patch: Object) -> Object {
    let mut body = resource.extra.clone();
    if let Some(location) = &resource.location {
        body.insert("location".into(), Value::from(location.clone()));
    }
    if let Some(tags) = &resource.tags {
        body.insert("tags".into(), Value::Object(tags.clone()));
    }
    body.insert("properties".into(), Value::Object(resource.properties.clone()));
    if let Some(tags) = patch.remove("tags") {
        body.insert("tags".into(), tags);
    }
    shape::merge(&mut body, &patch);
    body
}

/// The normalised location of a tracked resource.
///
/// # Errors
/// 400 `LocationRequired`, `LocationNotAvailableForResourceType`; 409 `InvalidResourceLocation` for another than it has.
pub(crate) fn location(wanted: &Wanted, call: &Call<'_>) -> Result<String, Refusal> {
    let kind = call.address.kind.arm_type();
    let Some(asked) = shape::text(&wanted.body, "location")?.filter(|text| !text.trim().is_empty()) else {
        return Err(Refusal::new(
            400,
            "LocationRequired",
            "The location property is required for this definition.",
        ));
    };
    let asked = regions::normalised(asked, &kind)?;
    if let Some(at) = wanted.existing.as_ref().and_then(|existing| existing.location.as_deref())
        && at != asked
    {
        let (name, group) = (call.address.name(), call.address.group_name());
        let message = format!(
            "The resource '{name}' already exists in location '{at}' in resource group '{group}'. A resource with the same name cannot be created in location '{asked}'. Please select a new resource name."
        );
        return Err(Refusal::new(409, "InvalidResourceLocation", message));
    }
    Ok(asked)
}

/// The `properties` of a body.
///
/// # Errors
/// 400 for anything but an object.
pub(crate) fn properties(body: &Object) -> Result<Object, Refusal> {
    shape::member(body, "properties").map(std::borrow::Cow::into_owned)
}

/// Refuses names that no ARM resource may have.
///
/// # Errors
/// 400 `InvalidParameter`.
pub(crate) fn check_name(name: &str, longest: usize) -> Result<(), Refusal> {
    let bad = ['<', '>', '%', '&', ':', '\\', '?', '/', '#'];
    let ends_well = !name.ends_with(['.', ' ']) && !name.starts_with(' ');
    if (1..=longest).contains(&name.chars().count()) && !name.contains(bad) && ends_well {
        return Ok(());
    }
    let message = format!(
        "The resource name '{name}' is invalid: 1 to {longest} characters, none of '<>%&:\\?/#', not ending in a period or a space."
    );
    Err(invalid_parameter("name", message))
}

/// Refuses an `endOfLifeDate` that is no date or, if it changes, not in the future.
///
/// # Errors
/// 400 `InvalidParameter`.
pub(crate) fn check_end_of_life(
    world: &World,
    old: Option<&str>,
    new: Option<&str>,
    path: &str,
) -> Result<(), Refusal> {
    let Some(new) = new else { return Ok(()) };
    if !crate::emulator::clock::is_date(new) {
        return Err(invalid_parameter(
            path,
            format!("The value '{new}' of parameter '{path}' is not a date and time."),
        ));
    }
    let now = world.time(world.now());
    if old != Some(new) && new.get(..19).unwrap_or(new) <= now.get(..19).unwrap_or(&now) {
        return Err(invalid_parameter(path, "EndOfLifeDate must be set to a future date."));
    }
    Ok(())
}

/// Refuses the delete of what holds children, or held one a moment ago.
///
/// # Errors
/// 409 `CannotDeleteResource`.
pub(crate) fn check_empty(world: &World, key: &str) -> Result<(), Refusal> {
    let nested: Vec<&str> = world.below(key).take(3).map(|child| child.id.as_str()).collect();
    let refuses = world
        .resource(key)
        .and_then(|resource| resource.refuses_delete_until)
        .is_some_and(|until| until > world.now());
    if nested.is_empty() && !refuses {
        return Ok(());
    }
    let message = format!(
        "Cannot delete resource while nested resources exist. Some existing nested resource IDs include: '{}'. Please delete all nested resources before deleting this resource.",
        nested.join(", ")
    );
    Err(Refusal::new(409, "CannotDeleteResource", message))
}

/// Refuses a change of what a running operation holds.
///
/// # Errors
/// 409 `Conflict`.
pub(crate) fn check_idle(world: &World, operation: Option<&String>, what: &str) -> Result<(), Refusal> {
    if world.is_running(operation) {
        return Err(conflict(format!(
            "Another operation is in progress on {what}. Retry when it has ended."
        )));
    }
    Ok(())
}
