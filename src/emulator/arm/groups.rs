//! Resource groups, and lists of all that is inside of them.
//!
//! Source: Resources REST 2024-07-01. A group is made and changed at once; its delete takes everything inside along and
//! is followed by `Location`.

use crate::emulator::arm::errors::{Refusal, group_not_found, invalid_parameter, no_such_verb};
use crate::emulator::arm::operations::{Announce, Family};
use crate::emulator::arm::path::Path;
use crate::emulator::arm::rendering::{self, list};
use crate::emulator::arm::resource::{Provisioning, Resource};
use crate::emulator::arm::types::Kind;
use crate::emulator::arm::{regions, shape};
use crate::emulator::clock::Work;
use crate::emulator::message::{Request, Response};
use crate::emulator::world::World;
use serde_json::{Value, json};

/// Answers requests to one group or to the list of them.
pub(crate) fn answer(world: &mut World, request: &Request, path: &Path) -> Result<Response, Refusal> {
    let subscription = &path.segments[1];
    let Some(name) = path.segments.get(3) else {
        return match request.method.as_str() {
            "GET" => {
                let filter = Filter::parse(request.query("$filter").unwrap_or_default())?;
                let prefix = format!("/subscriptions/{subscription}/resourcegroups/").to_lowercase();
                let groups = world.all_of(Kind::Group, &prefix);
                rendering::listed(world, request, groups.filter(|group| filter.holds(group)))
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
    let filter = Filter::parse(request.query("$filter").unwrap_or_default())?;
    // Labs of an account stand in a subscription of the service; those of a plan are resources of their own.
    let tracked =
        [Kind::Gallery, Kind::Definition, Kind::Version, Kind::LabAccount, Kind::LabPlan, Kind::PlanLab];
    let inside =
        world.below(&prefix).filter(|resource| tracked.contains(&resource.kind) && filter.holds(resource));
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

/// A `$filter` of equalities joined by `and`.
struct Filter(Vec<(String, String)>);

impl Filter {
    /// Reads `name eq 'value' and …`, names and operators in any case.
    fn parse(text: &str) -> Result<Self, Refusal> {
        let bad = || {
            Refusal::new(
                400,
                "InvalidFilterInQueryString",
                format!("Invalid $filter '{text}' specified in the query string."),
            )
        };
        let mut terms = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (name, after) = rest.split_once(char::is_whitespace).ok_or_else(bad)?;
            let after = after.trim_start();
            let (operator, after) = after.split_once(char::is_whitespace).ok_or_else(bad)?;
            let after = after.trim_start().strip_prefix('\'').ok_or_else(bad)?;
            let (value, after) = after.split_once('\'').ok_or_else(bad)?;
            if !operator.eq_ignore_ascii_case("eq") {
                return Err(bad());
            }
            terms.push((name.to_lowercase(), value.to_owned()));
            rest = after.trim_start();
            if !rest.is_empty() {
                let and = rest.get(..4).filter(|and| and.eq_ignore_ascii_case("and ")).ok_or_else(bad)?;
                rest = rest[and.len()..].trim_start();
            }
        }
        let known = ["resourcetype", "resourcegroup", "tagname", "tagvalue", "name", "location"];
        if terms.iter().any(|(name, _)| !known.contains(&name.as_str())) {
            return Err(bad());
        }
        Ok(Self(terms))
    }

    fn holds(&self, resource: &Resource) -> bool {
        let value_of =
            |name: &str| self.0.iter().find(|(term, _)| term == name).map(|(_, value)| value.as_str());
        let group = resource.id.split('/').nth(4).unwrap_or_default();
        let tags = resource.tags.iter().flatten();
        let tag_holds = value_of("tagname").is_none_or(|name| {
            let mut named = tags.clone().filter(|(tag, _)| tag.eq_ignore_ascii_case(name));
            named.any(|(_, value)| value_of("tagvalue").is_none_or(|wanted| value == &Value::from(wanted)))
        });
        let location =
            |wanted: &str| regions::region(wanted).map(|region| region.name) == resource.location.as_deref();
        tag_holds
            && value_of("resourcetype")
                .is_none_or(|kind| kind.eq_ignore_ascii_case(&resource.kind.arm_type()))
            && value_of("resourcegroup").is_none_or(|name| name.eq_ignore_ascii_case(group))
            && value_of("name").is_none_or(|name| {
                name.eq_ignore_ascii_case(&generic_name(resource))
                    || name.eq_ignore_ascii_case(&resource.name)
            })
            && value_of("location").is_none_or(location)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_read_in_any_case() {
        let filter = Filter::parse("resourceGroup EQ 'g' AND ResourceType eq 'Microsoft.Compute/galleries'")
            .map(|filter| filter.0);
        let expected = vec![
            ("resourcegroup".to_owned(), "g".to_owned()),
            ("resourcetype".to_owned(), "Microsoft.Compute/galleries".to_owned()),
        ];
        assert_eq!(filter.ok(), Some(expected));
        assert!(Filter::parse("").is_ok_and(|filter| filter.0.is_empty()));
        for bad in ["resourceType", "x eq 'y'", "name ne 'x'", "name eq 'x' or name eq 'y'", "name eq 'x"] {
            assert!(Filter::parse(bad).is_err(), "{bad}");
        }
    }
}
