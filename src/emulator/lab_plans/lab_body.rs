//! What a lab's body must hold, what it may hold, and what a plan gives to it.
//!
//! Source: Lab Services REST 2023-06-07; documentation of lab plans: a new lab takes over the plan's profiles where it has none
//! of its own, must be in one of its regions and made from an image that it has enabled.

use crate::emulator::arm::errors::{Refusal, invalid_parameter, not_found};
use crate::emulator::arm::path::{key, last_segment};
use crate::emulator::arm::resource::{Resource, TemplateImage};
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::shape::{self, Object};
use crate::emulator::arm::tracked::{self, Wanted};
use crate::emulator::arm::types::Kind;
use crate::emulator::lab_accounts::marketplace::IMAGES;
use crate::emulator::lab_plans::images::{self, Image};
use crate::emulator::lab_plans::labs::capacity;
use crate::emulator::lab_plans::profiles::{
    self, SWITCH, URL, bounded, checked_duration, hours, parts_of, with_slash,
};
use crate::emulator::lab_plans::skus;
use crate::emulator::world::{World, not_deleting};
use serde_json::{Value, json};

/// Machines that a lab may have at most.
const MOST_MACHINES: u64 = 400;
/// Hours of a quota at most.
const MOST_HOURS: f64 = 9999.0;

/// What is fixed when a lab is made.
const FIXED: &[&str] = &[
    "/networkProfile/subnetId",
    "/networkProfile/loadBalancerId",
    "/networkProfile/publicIpId",
    "/virtualMachineProfile/createOption",
    "/virtualMachineProfile/imageReference/id",
    "/virtualMachineProfile/imageReference/publisher",
    "/virtualMachineProfile/imageReference/offer",
    "/virtualMachineProfile/imageReference/sku",
    "/virtualMachineProfile/imageReference/version",
    "/virtualMachineProfile/sku/name",
    "/virtualMachineProfile/additionalCapabilities/installGpuDrivers",
    "/virtualMachineProfile/useSharedPassword",
    "/virtualMachineProfile/adminUser/username",
    "/virtualMachineProfile/nonAdminUser/username",
];

/// A body that holds.
pub(crate) struct Read {
    pub(crate) properties: Object,
    /// Of a new lab.
    pub(crate) image: Option<TemplateImage>,
}

/// Reads the body of a lab in `location`.
///
/// # Errors
/// 400 for what it may not hold; 404 for a plan or image that is not there; 409 for a change of what is fixed.
pub(crate) fn read(world: &World, call: &Call<'_>, wanted: &Wanted, location: &str) -> Result<Read, Refusal> {
    let mut asked = tracked::properties(&wanted.body)?;
    let old = wanted.existing.as_ref();
    for name in ["autoShutdownProfile", "connectionProfile", "securityProfile", "virtualMachineProfile"] {
        if asked.get(name).is_none_or(Value::is_null) && call.request.method == "PUT" {
            return Err(missing(&format!("properties.{name}")));
        }
        shape::member(&asked, name)?;
    }
    normalise(&mut asked);
    if let Some(old) = old {
        shape::keep_fixed(&old.properties, &mut asked, FIXED, "properties")?;
    }
    let plan = plan(world, old, &asked, location)?;
    // A plan gives what it has to a new lab only.
    let from_plan = |name: &str| plan.filter(|_| old.is_none()).and_then(|plan| plan.properties.get(name));
    let mut properties = Object::new();
    let shutdown =
        profiles::shutdown(&asked, "autoShutdownProfile", from_plan("defaultAutoShutdownProfile"))?;
    let connection =
        profiles::connection(&asked, "connectionProfile", from_plan("defaultConnectionProfile"))?;
    properties.insert("autoShutdownProfile".into(), shutdown);
    properties.insert("connectionProfile".into(), connection);
    properties.insert("securityProfile".into(), security(&asked)?);
    let mut network = profiles::ids(&asked, "networkProfile", &["subnetId", "loadBalancerId", "publicIpId"])?;
    if let Some(subnet) = from_plan("defaultNetworkProfile").map(|profile| profile["subnetId"].clone()) {
        network.entry("subnetId").or_insert(subnet);
    }
    let roster = roster(&asked)?;
    for (name, profile) in [("networkProfile", network), ("rosterProfile", roster)] {
        if !profile.is_empty() {
            properties.insert(name.into(), Value::Object(profile));
        }
    }
    let title = bounded(&asked, "title", 1..=120, "properties.title")?;
    for (name, text) in [("title", title), ("description", shape::text(&asked, "description")?)] {
        properties.extend(text.map(|text| (name.to_owned(), json!(text))));
    }
    let plan_id = plan.map_or_else(|| shape::text(&asked, "labPlanId"), |plan| Ok(Some(plan.id.as_str())))?;
    properties.extend(plan_id.map(|id| ("labPlanId".to_owned(), json!(id))));
    let asked = shape::member(&asked, "virtualMachineProfile")?;
    let mut machine = machine(&asked, old)?;
    let image = match old {
        Some(_) => None,
        None => Some(image(world, plan, location, &mut machine)?),
    };
    properties.insert("virtualMachineProfile".into(), Value::Object(machine));
    Ok(Read { properties, image })
}

fn missing(path: &str) -> Refusal {
    invalid_parameter(path, format!("Required parameter '{path}' is missing (null)."))
}

/// Ids may come without their leading slash.
fn normalise(asked: &mut Object) {
    if let Some(Value::String(id)) = asked.get_mut("labPlanId") {
        *id = with_slash(id);
    }
    let reference =
        asked.get_mut("virtualMachineProfile").and_then(|profile| profile.get_mut("imageReference"));
    if let Some(Value::String(id)) = reference.and_then(|reference| reference.get_mut("id")) {
        *id = with_slash(id);
    }
}

/// The plan that a body names; one that a lab has named before may have gone.
fn plan<'a>(
    world: &'a World,
    old: Option<&Resource>,
    asked: &Object,
    location: &str,
) -> Result<Option<&'a Resource>, Refusal> {
    const AT: &str = "properties.labPlanId";
    let Some(id) = bounded(asked, "labPlanId", URL, AT)? else { return Ok(None) };
    let found = world.resource(&key(id)).filter(|plan| plan.kind == Kind::LabPlan);
    if old.is_some_and(|old| key(old.text("labPlanId")) == key(id)) {
        return Ok(found);
    }
    let Some((group, _, _, name)) = parts_of(id)
        .filter(|(_, namespace, kind, _)| namespace == "microsoft.labservices" && kind == "labplans")
    else {
        return Err(invalid_parameter(
            AT,
            format!("The value '{id}' of '{AT}' is not the id of a lab plan."),
        ));
    };
    let plan = found.ok_or_else(|| not_found(&Kind::LabPlan.arm_type(), &name, &group))?;
    not_deleting(plan)?;
    let allowed = plan.properties.get("allowedRegions").and_then(Value::as_array);
    if let Some(allowed) =
        allowed.filter(|allowed| !allowed.is_empty() && !allowed.contains(&json!(location)))
    {
        let allowed: Vec<&str> = allowed.iter().filter_map(Value::as_str).collect();
        let message = format!(
            "The location '{location}' is not allowed by the lab plan '{}'. Allowed regions are: {}.",
            plan.name,
            allowed.join(", ")
        );
        return Err(invalid_parameter("location", message));
    }
    Ok(Some(plan))
}

fn security(asked: &Object) -> Result<Value, Refusal> {
    let mut asked = shape::member(asked, "securityProfile")?.into_owned();
    shape::canonical(&mut asked, "openAccess", SWITCH, "properties.securityProfile.openAccess")?;
    Ok(json!({ "openAccess": shape::text(&asked, "openAccess")?.unwrap_or("Disabled") }))
}

fn roster(asked: &Object) -> Result<Object, Refusal> {
    let asked = shape::member(asked, "rosterProfile")?;
    let mut roster = Object::new();
    for name in ["activeDirectoryGroupId", "ltiContextId", "lmsInstance", "ltiClientId", "ltiRosterEndpoint"]
    {
        if let Some(text) = shape::text(&asked, name)?.filter(|text| !text.is_empty()) {
            roster.insert(name.into(), json!(text));
        }
    }
    Ok(roster)
}

/// What the caller owns of a machine's profile. Passwords are taken, and never shown.
fn machine(asked: &Object, old: Option<&Resource>) -> Result<Object, Refusal> {
    let at = |name: &str| format!("properties.virtualMachineProfile.{name}");
    let mut asked = asked.clone();
    shape::required(&asked, "createOption", &at("createOption"))?;
    shape::canonical(&mut asked, "createOption", &["Image", "TemplateVM"], &at("createOption"))?;
    shape::canonical(&mut asked, "useSharedPassword", SWITCH, &at("useSharedPassword"))?;
    let quota =
        checked_duration(shape::required(&asked, "usageQuota", &at("usageQuota"))?, &at("usageQuota"))?;
    if hours(quota) > MOST_HOURS {
        let message = format!("The value '{quota}' of '{}' is above {MOST_HOURS} hours.", at("usageQuota"));
        return Err(invalid_parameter(&at("usageQuota"), message));
    }
    let mut capabilities = shape::member(&asked, "additionalCapabilities")?.into_owned();
    let drivers = at("additionalCapabilities.installGpuDrivers");
    shape::canonical(&mut capabilities, "installGpuDrivers", SWITCH, &drivers)?;
    let admin = shape::member(&asked, "adminUser")?;
    let mut kept = Object::new();
    let parts = [
        ("createOption", asked["createOption"].clone()),
        ("imageReference", reference(&asked)?),
        ("sku", sku(&asked, old)?),
        (
            "additionalCapabilities",
            json!({ "installGpuDrivers": shape::text(&capabilities, "installGpuDrivers")?.unwrap_or("Disabled") }),
        ),
        ("usageQuota", json!(quota)),
        ("useSharedPassword", json!(shape::text(&asked, "useSharedPassword")?.unwrap_or("Disabled"))),
        ("adminUser", user(&admin, &at("adminUser"))?),
    ];
    kept.extend(parts.map(|(name, value)| (name.to_owned(), value)));
    if asked.get("nonAdminUser").is_some_and(|user| !user.is_null()) {
        let other = shape::member(&asked, "nonAdminUser")?;
        kept.insert("nonAdminUser".into(), user(&other, &at("nonAdminUser"))?);
    }
    Ok(kept)
}

fn user(user: &Object, path: &str) -> Result<Value, Refusal> {
    shape::text(user, "password")?;
    Ok(json!({ "username": shape::required(user, "username", &format!("{path}.username"))? }))
}

/// An image's own id, or its publisher, offer, SKU and version.
fn reference(asked: &Object) -> Result<Value, Refusal> {
    const AT: &str = "properties.virtualMachineProfile.imageReference";
    if asked.get("imageReference").is_none_or(Value::is_null) {
        return Err(missing(AT));
    }
    let asked = shape::member(asked, "imageReference")?;
    if let Some(id) = bounded(&asked, "id", URL, &format!("{AT}.id"))? {
        return Ok(json!({ "id": id }));
    }
    let mut reference = Object::new();
    for part in ["publisher", "offer", "sku"] {
        reference.insert(part.into(), json!(shape::required(&asked, part, &format!("{AT}.{part}"))?));
    }
    reference.insert("version".into(), json!(shape::text(&asked, "version")?.unwrap_or("latest")));
    Ok(Value::Object(reference))
}

fn sku(asked: &Object, old: Option<&Resource>) -> Result<Value, Refusal> {
    const AT: &str = "properties.virtualMachineProfile.sku";
    let mut asked = shape::member(asked, "sku")?.into_owned();
    let name = shape::required(&asked, "name", &format!("{AT}.name"))?.to_owned();
    if old.is_none() && skus::sku(&name).is_none() {
        let names: Vec<String> = skus::names().collect();
        let message = format!(
            "The value '{name}' of '{AT}.name' is not available. Available names are: {}.",
            names.join(", ")
        );
        return Err(invalid_parameter(&format!("{AT}.name"), message));
    }
    shape::canonical(&mut asked, "tier", &["Free", "Basic", "Standard", "Premium"], &format!("{AT}.tier"))?;
    let was = old.map(capacity);
    let capacity = shape::count(&asked, "capacity")?.or(was).unwrap_or(1);
    if capacity > MOST_MACHINES {
        let message =
            format!("The value {capacity} of '{AT}.capacity' is above the limit of {MOST_MACHINES}.");
        return Err(invalid_parameter(&format!("{AT}.capacity"), message));
    }
    let mut sku = json!({ "name": name, "capacity": capacity });
    for part in ["tier", "size", "family"] {
        if let Some(text) = shape::text(&asked, part)? {
            sku[part] = json!(text);
        }
    }
    Ok(sku)
}

/// The image that a new lab is made from, which must be enabled in its plan.
fn image(
    world: &World,
    plan: Option<&Resource>,
    location: &str,
    machine: &mut Object,
) -> Result<TemplateImage, Refusal> {
    const AT: &str = "properties.virtualMachineProfile.imageReference";
    let reference = machine["imageReference"].clone();
    let part = |name: &str| reference[name].as_str().unwrap_or_default();
    if part("id").is_empty() {
        // A gallery's image is found by its id alone.
        let alike = |one: &str, part: &str| one.eq_ignore_ascii_case(part);
        let found = IMAGES.iter().find(|image| {
            alike(image.publisher, part("publisher"))
                && alike(image.offer, part("offer"))
                && alike(image.sku, part("sku"))
        });
        let found = found.ok_or_else(|| {
            let message = format!(
                "The image '{}.{}.{}' is not one of the marketplace images of lab plans.",
                part("publisher"),
                part("offer"),
                part("sku")
            );
            invalid_parameter(AT, message)
        })?;
        check_enabled(plan, Image::Marketplace(found))?;
        return Ok(TemplateImage {
            id: Image::Marketplace(found).name(),
            name: found.name.to_owned(),
            shared: false,
            version: part("version").to_owned(),
            os_type: found.os_type.to_owned(),
            generation: "V1".to_owned(),
        });
    }
    // The service looks the last segment up among the plan's images, so that the id of a version is not found.
    let id = part("id").to_owned();
    let name = last_segment(&id);
    let missing = || {
        let path = plan.map_or_else(|| name.to_owned(), |plan| format!("{}/{name}", plan.name));
        not_found(&Kind::PlanImage.arm_type(), &path, id.split('/').nth(4).unwrap_or_default())
    };
    let definition = world.resource(&key(&id)).filter(|found| found.kind == Kind::Definition);
    let definition = definition.ok_or_else(missing)?;
    let version = match plan {
        Some(plan) => {
            let found = images::find(world, plan, name).ok_or_else(missing)?;
            let Image::Gallery(offered, version) = found else { return Err(missing()) };
            if offered.key() != definition.key() {
                return Err(missing());
            }
            check_enabled(Some(plan), found)?;
            version
        }
        None => images::newest_in(world, definition, location).ok_or_else(missing)?,
    };
    machine["imageReference"]["id"] = json!(definition.id);
    Ok(TemplateImage {
        id: definition.id.clone(),
        name: definition.name.clone(),
        shared: true,
        version: version.name.clone(),
        os_type: definition.text("osType").to_owned(),
        generation: definition.text("hyperVGeneration").to_owned(),
    })
}

fn check_enabled(plan: Option<&Resource>, image: Image<'_>) -> Result<(), Refusal> {
    match plan {
        Some(plan) if !images::is_enabled(plan, image) => {
            let name = image.name();
            let message = format!("The image '{name}' is not enabled in the lab plan '{}'.", plan.name);
            Err(Refusal::new(400, "ImageNotEnabled", message))
        }
        _ => Ok(()),
    }
}
