//! Galleries and image definitions.
//!
//! Source: Compute Gallery REST 2024-03-03 (the default generation changes with 2025-03-03), its troubleshooting pages for
//! refusals, recorded traffic for headers: PUT and PATCH are followed by `Azure-AsyncOperation`, DELETE also by `Location`.

use crate::emulator::arm::errors::{Refusal, conflict, invalid_content, invalid_parameter};
use crate::emulator::arm::operations::{Announce, Beginning, Effect, Family, Finish, take_over};
use crate::emulator::arm::rendering;
use crate::emulator::arm::resource::Resource;
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::shape::{self, Object};
use crate::emulator::arm::tracked::{self, Wanted};
use crate::emulator::arm::types::{Kind, Target};
use crate::emulator::clock::Work;
use crate::emulator::compute::sharing;
use crate::emulator::message::Response;
use crate::emulator::world::World;
use crate::emulator::world::index::{definition_claim, gallery_claim};
use serde_json::{Value, json};

/// What of a definition is fixed at creation.
const FIXED: &[&str] = &[
    "/osType",
    "/osState",
    "/identifier/publisher",
    "/identifier/offer",
    "/identifier/sku",
    "/hyperVGeneration",
    "/architecture",
    "/purchasePlan",
    "/eula",
    "/privacyStatementUri",
];

/// Answers requests to galleries and definitions.
pub(crate) fn answer(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    match (&call.address.target, call.request.method.as_str()) {
        (Target::Collection, "GET") => list(world, call),
        (Target::Item, "GET") => world
            .item(&call.address)
            .map(|item| Response::json(200, rendering::of(world, item, call.request))),
        (Target::Item, "PUT" | "PATCH") if call.address.kind == Kind::Gallery => put_gallery(world, call),
        (Target::Item, "PUT" | "PATCH") => put_definition(world, call),
        (Target::Item, "DELETE") => delete(world, call),
        (Target::Action(action), _) => Err(crate::emulator::arm::errors::unknown_type(
            "Microsoft.Compute",
            &format!("{}/{action}", call.address.kind.info().map_or_else(String::new, |info| info.short())),
        )),
        _ => Err(call.no_such_verb()),
    }
}

/// Lists what is in a group or below a parent; ids in lists have the group's name in capitals, as the service's do.
pub(crate) fn list(world: &World, call: &Call<'_>) -> Result<Response, Refusal> {
    let address = &call.address;
    let prefix = if address.group.is_some() {
        format!("{}/", world.holder(address)?.key())
    } else if address.kind == Kind::Gallery {
        format!("/subscriptions/{}/", address.subscription).to_lowercase()
    } else {
        return Err(call.no_such_verb());
    };
    let items = world.all_of(address.kind, &prefix).map(|resource| {
        let mut item = rendering::of(world, resource, call.request);
        item["id"] = json!(with_group_in_capitals(&resource.id));
        item
    });
    rendering::list(call.request, items.collect())
}

fn with_group_in_capitals(id: &str) -> String {
    let mut parts: Vec<String> = id.split('/').map(str::to_owned).collect();
    if let Some(group) = parts.get_mut(4) {
        *group = group.to_uppercase();
    }
    parts.join("/")
}

/// Deletes an empty gallery or definition.
fn delete(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    let address = &call.address;
    world.group(&address.subscription, address.group_name())?;
    let key = call.key()?;
    tracked::check_empty(world, &key)?;
    Ok(world.delete(call.request, &key, Family::Compute, Work::Delete, Announce::Both))
}

/// Puts `resource` with an operation that settles it, and answers `status` with its `Azure-AsyncOperation`.
pub(crate) fn commit(
    world: &mut World,
    call: &Call<'_>,
    mut resource: Resource,
    status: u16,
    work: Work,
) -> Response {
    let key = resource.key();
    let operation = world.begin(Beginning {
        family: Family::Compute,
        effect: Effect::Settle,
        work,
        targets: vec![key.clone()],
        finish: Finish::Resource(key),
        location: resource.location.clone().unwrap_or_default(),
    });
    take_over(world, &mut resource, &operation, status);
    let answer = Response::json(status, rendering::of(world, &resource, call.request));
    world.put(resource);
    world.announced(answer, call.request, &operation, Announce::Status)
}

/// The resource to write: the one there is, or a new one below its holder.
pub(crate) fn subject(
    world: &mut World,
    call: &Call<'_>,
    existing: Option<Resource>,
) -> Result<Resource, Refusal> {
    if let Some(existing) = existing {
        return Ok(existing);
    }
    let id = call.new_id(world.open_holder(&call.address)?);
    let unique = world.draw();
    Ok(Resource::new(call.address.kind, id, call.address.name(), world.now(), unique))
}

fn put_gallery(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    let wanted = tracked::wanted(world, call)?;
    let name = call.address.name();
    check_gallery_name(name)?;
    let location = tracked::location(&wanted, call)?;
    let tags = shape::tags(&wanted.body)?;
    if wanted.existing.is_none() {
        check_unique_in_subscription(world, call)?;
        check_room(world, call, &location)?;
    }
    let mut properties = tracked::properties(&wanted.body)?;
    shape::text(&properties, "description")?;
    shape::boolean(&*shape::member(&properties, "softDeletePolicy")?, "isSoftDeleteEnabled")?;
    if let Some(sharing) = sharing::profile(world, &properties, wanted.existing.as_ref())? {
        properties.insert("sharingProfile".into(), sharing);
    }
    if let Some(existing) = &wanted.existing {
        shape::keep_fixed(
            &existing.properties,
            &mut properties,
            &["/sharingProfile/permissions"],
            "gallery.properties",
        )?;
    }
    for owned in ["identifier", "provisioningState", "sharingStatus"] {
        properties.remove(owned);
    }
    let unique_name = format!("{}-{}", call.address.subscription, name.to_uppercase());
    properties.insert("identifier".into(), json!({ "uniqueName": unique_name }));
    let identity = identity(world, &wanted)?;
    let status = wanted.status;
    let mut gallery = subject(world, call, wanted.existing)?;
    shape::without_nulls(&mut properties);
    (gallery.location, gallery.tags, gallery.properties) = (Some(location), tags, properties);
    gallery.extra = identity.map(|identity| ("identity".to_owned(), identity)).into_iter().collect();
    Ok(commit(world, call, gallery, status, Work::Small))
}

/// Refuses more of a kind than a subscription may have in a region. Source: Azure Compute Gallery, limits.
pub(crate) fn check_room(world: &World, call: &Call<'_>, region: &str) -> Result<(), Refusal> {
    let (kind, subscription) = (call.address.kind, &call.address.subscription);
    let (most, name) = match kind {
        Kind::Gallery => (100, "galleries"),
        Kind::Definition => (1000, "gallery image definitions"),
        _ => (10_000, "gallery image versions"),
    };
    if world.count(kind, subscription, region) < most {
        return Ok(());
    }
    let message = format!(
        "The subscription '{subscription}' has {most} {name} in '{region}', which is the limit. Delete some before making others."
    );
    Err(Refusal::new(409, "ResourceQuotaExceeded", message))
}

/// The `identity` of a body, its own ids filled in.
fn identity(world: &mut World, wanted: &Wanted) -> Result<Option<Value>, Refusal> {
    let mut identity = shape::member(&wanted.body, "identity")?.into_owned();
    let kinds = ["SystemAssigned", "UserAssigned", "SystemAssigned, UserAssigned", "None"];
    shape::canonical(&mut identity, "type", &kinds, "gallery.identity.type")?;
    let Some(kind) = identity.get("type").and_then(Value::as_str).map(str::to_owned) else { return Ok(None) };
    if kind.starts_with("SystemAssigned") {
        let before = wanted
            .existing
            .as_ref()
            .and_then(|existing| existing.extra.get("identity")?.get("principalId").cloned());
        let principal = before.unwrap_or_else(|| json!(world.draw()));
        identity.insert("principalId".into(), principal);
        identity.insert("tenantId".into(), json!(crate::emulator::arm::subscriptions::DEFAULT_TENANT));
    }
    Ok(Some(Value::Object(identity)))
}

/// 1 to 80 letters, digits, `_` and `.`, a letter or digit at both ends; no dash.
fn check_gallery_name(name: &str) -> Result<(), Refusal> {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    if holds(name, good) {
        return Ok(());
    }
    let message = format!(
        "The entity name 'galleryName' is invalid according to its validation rule: ^[^_\\W][\\w-._]{{0,79}}(?<![-.])$. The name '{name}' may hold letters, digits, underscores and periods."
    );
    Err(invalid_parameter("galleryName", message))
}

/// 1 to 80 letters, digits, `-`, `_` and `.`, a letter or digit at both ends.
pub(crate) fn check_definition_name(name: &str) -> Result<(), Refusal> {
    let good = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if holds(name, good) {
        return Ok(());
    }
    let message = "The entity name 'galleryImageName' is invalid according to its validation rule: ^[^_\\W][\\w-._]{0,79}(?<![-.])$.";
    Err(invalid_parameter("galleryImageName", message))
}

fn holds(name: &str, good: impl Fn(char) -> bool) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    name.chars().count() <= 80
        && name.chars().all(good)
        && ends(name.chars().next())
        && ends(name.chars().last())
}

/// A gallery's `uniqueName` has no group in it, so its name is unique in the subscription.
fn check_unique_in_subscription(world: &World, call: &Call<'_>) -> Result<(), Refusal> {
    let name = call.address.name();
    let taken = world.claiming(&gallery_claim(&call.address.subscription, name)).next();
    taken.map_or(Ok(()), |gallery| {
        Err(conflict(format!("The gallery name '{name}' is already in use in this subscription: '{}'. Choose a different name.", gallery.id)))
    })
}

fn put_definition(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    let wanted = tracked::wanted(world, call)?;
    check_definition_name(call.address.name())?;
    let location = tracked::location(&wanted, call)?;
    let tags = shape::tags(&wanted.body)?;
    let mut properties = tracked::properties(&wanted.body)?;
    let old = wanted.existing.as_ref().map(|existing| &existing.properties);
    if let Some(old) = old {
        shape::keep_fixed(old, &mut properties, FIXED, "galleryImage.properties")?;
        let may_change = |properties: &Object| properties.get("allowUpdateImage") == Some(&Value::Bool(true));
        if !may_change(old) && !may_change(&properties) {
            shape::keep_fixed(old, &mut properties, &["/features"], "galleryImage.properties")?;
        }
        // Nothing takes an end of life away again.
        if let Some(end) = old.get("endOfLifeDate") {
            properties
                .entry("endOfLifeDate")
                .and_modify(|new| {
                    if new.is_null() {
                        *new = end.clone()
                    }
                })
                .or_insert_with(|| end.clone());
        }
    }
    check_definition(world, &mut properties, old)?;
    defaults(&mut properties, call.api_version());
    check_unique_identifier(world, call, &properties)?;
    if wanted.existing.is_none() {
        check_room(world, call, &location)?;
    }
    properties.remove("provisioningState");
    let status = wanted.status;
    let mut definition = subject(world, call, wanted.existing)?;
    shape::without_nulls(&mut properties);
    (definition.location, definition.tags, definition.properties) = (Some(location), tags, properties);
    Ok(commit(world, call, definition, status, Work::Small))
}

/// Checks a definition's properties and spells its enumerations as the service does.
fn check_definition(world: &World, properties: &mut Object, old: Option<&Object>) -> Result<(), Refusal> {
    const AT: &str = "galleryImage.properties";
    shape::required(properties, "osType", &format!("{AT}.osType"))?;
    shape::required(properties, "osState", &format!("{AT}.osState"))?;
    shape::canonical(properties, "osType", &["Windows", "Linux"], &format!("{AT}.osType"))?;
    shape::canonical(properties, "osState", &["Generalized", "Specialized"], &format!("{AT}.osState"))?;
    shape::canonical(properties, "hyperVGeneration", &["V1", "V2"], &format!("{AT}.hyperVGeneration"))?;
    shape::canonical(properties, "architecture", &["x64", "Arm64"], &format!("{AT}.architecture"))?;
    let identifier = shape::member(properties, "identifier")?;
    for (part, longest) in [("publisher", 128), ("offer", 64), ("sku", 64)] {
        let path = format!("{AT}.identifier.{part}");
        let text = shape::required(&identifier, part, &path)?;
        let good =
            text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) && !text.ends_with('.');
        if !good || text.len() > longest {
            let message = format!(
                "The value '{text}' of '{path}' is invalid: up to {longest} letters, digits, '-', '_' and '.', not ending in a period."
            );
            return Err(invalid_parameter(&path, message));
        }
    }
    let end =
        |properties: &Object| properties.get("endOfLifeDate").and_then(Value::as_str).map(str::to_owned);
    shape::text(properties, "endOfLifeDate")?;
    tracked::check_end_of_life(
        world,
        old.and_then(end).as_deref(),
        end(properties).as_deref(),
        &format!("{AT}.endOfLifeDate"),
    )?;
    let recommended = shape::member(properties, "recommended")?;
    for range in ["vCPUs", "memory"] {
        let bounds = shape::member(&recommended, range)?;
        if let (Some(min), Some(max)) = (shape::count(&bounds, "min")?, shape::count(&bounds, "max")?)
            && min > max
        {
            let path = format!("{AT}.recommended.{range}");
            return Err(invalid_parameter(
                &path,
                format!("The minimum of '{path}' must not be above its maximum."),
            ));
        }
    }
    shape::boolean(properties, "allowUpdateImage")?;
    shape::text(properties, "description")?;
    match properties.get("features") {
        None | Some(Value::Null | Value::Array(_)) => Ok(()),
        Some(_) => Err(invalid_content("The property 'features' must be an array.")),
    }
}

/// What the service fills in: the generation's default changed with 2025-03-03.
fn defaults(properties: &mut Object, version: &str) {
    let unset = |value: Option<&Value>| value.is_none_or(Value::is_null);
    if unset(properties.get("hyperVGeneration")) {
        let newer = version >= "2025-03-03";
        properties.insert("hyperVGeneration".into(), json!(if newer { "V2" } else { "V1" }));
        if newer && unset(properties.get("features")) {
            properties.insert(
                "features".into(),
                json!([{ "name": "SecurityType", "value": "TrustedLaunchSupported" }]),
            );
        }
    }
    if unset(properties.get("architecture")) {
        properties.insert("architecture".into(), json!("x64"));
    }
}

/// Publisher, offer and sku together are unique in a gallery.
fn check_unique_identifier(world: &World, call: &Call<'_>, properties: &Object) -> Result<(), Refusal> {
    let gallery = world.holder(&call.address)?.key();
    let identifier = &properties["identifier"];
    let Some(other) = same_identifier(world, &gallery, identifier)
        .find(|other| !other.name.eq_ignore_ascii_case(call.address.name()))
    else {
        return Ok(());
    };
    let part = |name: &str| identifier[name].as_str().unwrap_or_default();
    let message = format!(
        "Gallery image: {} identified by (publisher:{}, offer:{}, sku:{}) already exists. Choose a different publisher, offer, sku combination.",
        other.name,
        part("publisher"),
        part("offer"),
        part("sku")
    );
    Err(Refusal::new(409, "OperationNotAllowed", message))
}

/// The definitions of a gallery with that publisher, offer and sku.
pub(crate) fn same_identifier<'a>(
    world: &'a World,
    gallery: &str,
    identifier: &Value,
) -> impl Iterator<Item = &'a Resource> + use<'a> {
    definition_claim(gallery, identifier).into_iter().flat_map(|claim| world.claiming(&claim))
}
