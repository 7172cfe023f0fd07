//! Resource groups, and lists of all that is inside of them.
//!
//! Source: Resources REST 2024-07-01. A group is made and changed at once; its delete takes everything inside along and
//! is followed by `Location`.

use crate::emulator::arm::errors::{Refusal, group_not_found, invalid_parameter, no_such_verb};
use crate::emulator::arm::filter::Filter;
use crate::emulator::arm::operations::{Announce, Family};
use crate::emulator::arm::path::Path;
use crate::emulator::arm::rendering::{self, list};
use crate::emulator::arm::resource::{Provisioning, Resource};
use crate::emulator::arm::types::Kind;
use crate::emulator::arm::{regions, retirement, shape};
use crate::emulator::clock::Work;
use crate::emulator::message::{Request, Response};
use crate::emulator::world::World;
use serde_json::json;

/// Resource groups that a subscription has at most. Source: ARM, subscription limits.
const MOST_GROUPS: usize = 980;

/// Answers requests to one group or to the list of them.
pub(crate) fn answer(world: &mut World, request: &Request, path: &Path) -> Result<Response, Refusal> {
    let subscription = &path.segments[1];
    let Some(name) = path.segments.get(3) else {
        return match request.method.as_str() {
            "GET" => {
                let filter = asked_for(request)?;
                let prefix = format!("/subscriptions/{subscription}/resourcegroups/").to_lowercase();
                let groups = world.all_of(Kind::Group, &prefix);
                rendering::listed(world, request, groups.filter(|group| holds(&filter, group)))
            }
            other => Err(no_such_verb(other)),
        };
    };
    let key = format!("/subscriptions/{subscription}/resourcegroups/{name}").to_lowercase();
    let found = world.resource(&key).is_some();
    match request.method.as_str() {
        "HEAD" => Ok(Response::empty(if found { 204 } else { 404 })),
        "GET" => world
            .group(subscription, name)
            .map(|group| Response::json(200, rendering::of(world, group, request))),
        "PUT" => put(world, request, subscription, name),
        "PATCH" if !found => Err(group_not_found(name)),
        "PATCH" => patch(world, request, &key),
        // The contract of ARM: a delete of nothing is no error, also of a group.
        "DELETE" => Ok(world.delete(request, &key, Family::Resources, Work::GroupDelete, Announce::Location)),
        other => Err(no_such_verb(other)),
    }
}

fn put(world: &mut World, request: &Request, subscription: &str, name: &str) -> Result<Response, Refusal> {
    check_name(name)?;
    let body = shape::object(request)?;
    let tags = shape::tags(&body)?;
    let asked = shape::text(&body, "location")?.filter(|location| !location.trim().is_empty());
    let asked = asked.ok_or_else(|| {
        Refusal::new(400, "LocationRequired", "The location property is required for this definition.")
    })?;
    let unknown = |_| {
        Refusal::new(
            400,
            "LocationNotAvailableForResourceGroup",
            format!("The provided location '{asked}' is not available for resource group."),
        )
    };
    let location = regions::normalised(asked, "Microsoft.Resources/resourceGroups").map_err(unknown)?;
    let existing = world.group(subscription, name).ok().cloned();
    let status = if existing.is_some() { 200 } else { 201 };
    if let Some(group) = &existing {
        not_deleting(group)?;
        if group.location.as_deref() != Some(&location) {
            let at = group.location.as_deref().unwrap_or_default();
            let message = format!(
                "Invalid resource group location '{location}'. The Resource group already exists in location '{at}'."
            );
            return Err(Refusal::new(409, "InvalidResourceGroupLocation", message));
        }
    }
    let prefix = format!("/subscriptions/{subscription}/").to_lowercase();
    if existing.is_none() && world.all_of(Kind::Group, &prefix).count() >= MOST_GROUPS {
        let message = format!(
            "The subscription '{subscription}' has {MOST_GROUPS} resource groups, which is the limit. Delete some before making others."
        );
        return Err(Refusal::new(409, "ResourceGroupQuotaExceeded", message));
    }
    let id = format!("/subscriptions/{subscription}/resourceGroups/{name}");
    let mut group = existing.unwrap_or_else(|| {
        let unique = world.draw();
        Resource::new(Kind::Group, id, name, world.now(), unique)
    });
    group.location = Some(location);
    group.tags = tags;
    group.extra =
        shape::text(&body, "managedBy")?.map(|by| ("managedBy".to_owned(), json!(by))).into_iter().collect();
    group.changed = world.now();
    let answer = Response::json(status, rendering::of(world, &group, request));
    world.put(group);
    Ok(answer)
}

fn patch(world: &mut World, request: &Request, key: &str) -> Result<Response, Refusal> {
    let body = shape::object(request)?;
    let tags = shape::tags(&body)?;
    let Some(mut group) = world.resource(key).cloned() else { return Ok(Response::empty(404)) };
    not_deleting(&group)?;
    if body.contains_key("tags") {
        group.tags = tags;
    }
    if body.contains_key("managedBy") {
        match shape::text(&body, "managedBy")? {
            Some(by) => group.extra.insert("managedBy".to_owned(), json!(by)),
            None => group.extra.remove("managedBy"),
        };
    }
    group.changed = world.now();
    let answer = Response::json(200, rendering::of(world, &group, request));
    world.put(group);
    Ok(answer)
}

fn not_deleting(group: &Resource) -> Result<(), Refusal> {
    if group.provisioning == Provisioning::Deleting {
        let message = format!(
            "The resource group '{}' is in deprovisioning state and cannot perform this operation.",
            group.name
        );
        return Err(Refusal::new(409, "ResourceGroupBeingDeleted", message));
    }
    Ok(())
}

/// One to ninety letters, digits and `-_.()`, not a dot at the end.
fn check_name(name: &str) -> Result<(), Refusal> {
    let good = |c: char| c.is_alphanumeric() || "-_.()".contains(c);
    if (1..=90).contains(&name.chars().count()) && name.chars().all(good) && !name.ends_with('.') {
        return Ok(());
    }
    let message = format!(
        "The provided resource group name '{name}' is invalid: up to 90 letters, digits, '-', '_', '.', '(' and ')', not ending in a period."
    );
    Err(invalid_parameter("resourceGroupName", message))
}

/// Answers `…/resources` of a subscription or of a group.
pub(crate) fn resources(world: &World, request: &Request, path: &Path) -> Result<Response, Refusal> {
    if request.method != "GET" {
        return Err(no_such_verb(&request.method));
    }
    let prefix = match path.lower()[..] {
        ["subscriptions", subscription, "resources"] => format!("/subscriptions/{subscription}"),
        _ => world.group(&path.segments[1], &path.segments[3])?.key(),
    };
    let filter = asked_for(request)?;
    // Labs of an account stand in a subscription of the service; those of a plan are resources of their own.
    let tracked =
        [Kind::Gallery, Kind::Definition, Kind::Version, Kind::LabAccount, Kind::LabPlan, Kind::PlanLab];
    let is_gone = |kind: Kind| kind.is_lab_services() && retirement::is_over(world);
    let inside = world.below(&prefix).filter(|resource| {
        tracked.contains(&resource.kind) && !is_gone(resource.kind) && holds(&filter, resource)
    });
    let expanded = |part| request.expands(part);
    let rows = inside.map(|resource| {
        let mut row = json!({ "id": resource.id, "name": generic_name(resource), "type": resource.kind.arm_type(), "location": resource.location });
        if let Some(tags) = &resource.tags {
            row["tags"] = json!(tags);
        }
        if expanded("createdtime") {
            row["createdTime"] = json!(world.time(resource.created));
        }
        if expanded("changedtime") {
            row["changedTime"] = json!(world.time(resource.changed));
        }
        if expanded("provisioningstate") {
            row["provisioningState"] = json!(resource.provisioning.text());
        }
        row
    });
    list(request, rows.collect())
}

/// A resource's name in generic lists: those of its parents before its own.
fn generic_name(resource: &Resource) -> String {
    let after = resource.id.split("/providers/").nth(1).unwrap_or_default();
    after.split('/').skip(2).step_by(2).collect::<Vec<_>>().join("/")
}

/// What a filter of groups and generic resources may ask of.
const FILTERED: &[&str] = &[
    "resourcetype",
    "resourcegroup",
    "tagname",
    "tagvalue",
    "name",
    "location",
    "identity",
    "identity/principalid",
];

/// The request's `$filter`.
///
/// # Errors
/// 400 `InvalidFilterInQueryString`, also for a name that resources have not.
fn asked_for(request: &Request) -> Result<Filter, Refusal> {
    let text = request.query("$filter").unwrap_or_default();
    let filter = Filter::parse(text)?;
    if filter.names().iter().all(|name| FILTERED.contains(name)) {
        return Ok(filter);
    }
    let message = format!("Invalid $filter '{text}' specified in the query string.");
    Err(Refusal::new(400, "InvalidFilterInQueryString", message))
}

fn holds(filter: &Filter, resource: &Resource) -> bool {
    let tags = || resource.tags.iter().flatten();
    let identity = |part: &str| {
        let text = resource.extra.get("identity").and_then(|identity| identity[part].as_str());
        text.map(str::to_owned).into_iter().collect()
    };
    filter.holds(&|name: &str| match name {
        "resourcetype" => vec![resource.kind.arm_type()],
        "resourcegroup" => resource.id.split('/').nth(4).map(str::to_owned).into_iter().collect(),
        "name" => vec![generic_name(resource), resource.name.clone()],
        // A filter may spell its region in any way.
        "location" => {
            let names = resource.location.as_deref().and_then(regions::region);
            names.map(|region| vec![region.name.to_owned(), region.display.to_owned()]).unwrap_or_default()
        }
        "tagname" => tags().map(|(tag, _)| tag.clone()).collect(),
        "tagvalue" => {
            let is_meant =
                |tag: &str| filter.wanted("tagname").is_none_or(|name| name.eq_ignore_ascii_case(tag));
            let values = tags().filter(|(tag, _)| is_meant(tag)).filter_map(|(_, value)| value.as_str());
            values.map(str::to_owned).collect()
        }
        "identity" => identity("type"),
        "identity/principalid" => identity("principalId"),
        _ => Vec::new(),
    })
}
