//! The images that a lab plan offers: those of the marketplace, and those of the attached gallery.
//!
//! Nothing of its own: a projection, of which the plan keeps only what somebody set. Source: Lab Services REST 2023-06-07;
//! documentation: marketplace images are enabled at first and those of a gallery disabled; a gallery's image shows under its
//! definition's name once a version of it is in the plan's region.

use crate::emulator::arm::errors::{Refusal, invalid_parameter, not_found};
use crate::emulator::arm::regions::geography_of;
use crate::emulator::arm::resource::{Facts, Resource};
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::types::{Kind, Target};
use crate::emulator::arm::{shape, tracked};
use crate::emulator::compute::versions;
use crate::emulator::lab_accounts::marketplace::{self, IMAGES};
use crate::emulator::lab_accounts::shared_images::shown_of;
use crate::emulator::lab_plans::profiles::SWITCH;
use crate::emulator::lab_plans::{lists, system_data};
use crate::emulator::message::Response;
use crate::emulator::world::{World, not_deleting};
use serde_json::{Value, json};

/// One image that a plan offers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Image<'a> {
    Marketplace(&'static marketplace::Image),
    /// A definition of the attached gallery and its newest version in the plan's region.
    Gallery(&'a Resource, &'a Resource),
}

impl Image<'_> {
    /// Its name in the plan.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Marketplace(image) => {
                format!("{}.{}.{}", image.publisher, image.offer, image.sku).to_lowercase()
            }
            Self::Gallery(definition, _) => definition.name.clone(),
        }
    }
}

/// Answers requests to a plan's images.
pub(crate) fn answer(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    let plan = world.holder(&call.address)?;
    let name = call.address.name();
    let missing = || not_found(&Kind::PlanImage.arm_type(), name, call.address.group_name());
    match (&call.address.target, call.request.method.as_str()) {
        (Target::Collection, "GET") => {
            let rows = all(world, plan).map(|image| shown(world, plan, image)).collect();
            lists::filtered(call.request, rows)
        }
        (Target::Item, "GET") => {
            let image = find(world, plan, name).ok_or_else(missing)?;
            Ok(Response::json(200, shown(world, plan, image)))
        }
        (Target::Item, "PUT" | "PATCH") => {
            not_deleting(plan)?;
            let image = find(world, plan, name).ok_or_else(missing)?;
            let asked = tracked::properties(&shape::object(call.request)?)?;
            const PATH: &str = "properties.enabledState";
            let wanted = shape::text(&asked, "enabledState")?
                .map(|text| shape::one_of(text, SWITCH, PATH))
                .transpose()?;
            if call.request.method == "PUT" && wanted.is_none() {
                let message = format!("Required parameter '{PATH}' is missing (null).");
                return Err(invalid_parameter(PATH, message));
            }
            if wanted.is_some() || asked.contains_key("enabledState") {
                let (key, shown_as) = (plan.key(), image.name());
                let in_gallery = matches!(image, Image::Gallery(..));
                set(world, &key, in_gallery, &shown_as, wanted.map(|state| state == "Enabled"));
            }
            let plan = world.holder(&call.address)?;
            let image = find(world, plan, name).ok_or_else(missing)?;
            Ok(Response::json(200, shown(world, plan, image)))
        }
        _ => Err(call.no_such_verb()),
    }
}

/// Keeps what somebody set for an image, or forgets it.
fn set(world: &mut World, plan: &str, in_gallery: bool, image: &str, enabled: Option<bool>) {
    world.edit(plan, |plan| {
        let Facts::Plan(facts) = &mut plan.facts else { return };
        let states = match &mut facts.gallery {
            Some(gallery) if in_gallery => &mut gallery.images,
            _ => &mut facts.marketplace,
        };
        match enabled {
            Some(enabled) => states.insert(image.to_lowercase(), enabled),
            None => states.remove(&image.to_lowercase()),
        };
    });
}

/// Every image that `plan` offers by now.
fn all<'a>(world: &'a World, plan: &'a Resource) -> impl Iterator<Item = Image<'a>> {
    let location = plan.location.as_deref().unwrap_or_default();
    let gallery = plan.plan().and_then(|facts| facts.gallery.as_ref());
    let definitions =
        gallery.into_iter().flat_map(move |gallery| shown_of(world, &gallery.key, gallery.since, location));
    let images = definitions.filter_map(move |definition| {
        Some(Image::Gallery(definition, newest_in(world, definition, location)?))
    });
    IMAGES.iter().map(Image::Marketplace).chain(images)
}

/// The newest version of a definition that has been copied to `location`.
pub(crate) fn newest_in<'a>(world: &'a World, definition: &Resource, location: &str) -> Option<&'a Resource> {
    let is_here = |version: &&Resource| {
        let copied = version.version_facts().and_then(|facts| facts.regions.get(location));
        copied.is_some_and(|(_, until)| *until <= world.now())
    };
    versions::usable(world, &definition.key(), location).into_iter().rev().find(is_here)
}

/// The image of that name, in any case.
pub(crate) fn find<'a>(world: &'a World, plan: &'a Resource, name: &str) -> Option<Image<'a>> {
    let name = name.to_lowercase();
    all(world, plan).find(|image| image.name().to_lowercase() == name)
}

/// True while labs can be made from the image.
pub(crate) fn is_enabled(plan: &Resource, image: Image<'_>) -> bool {
    let name = image.name().to_lowercase();
    let facts = plan.plan();
    match image {
        Image::Marketplace(_) => {
            facts.and_then(|facts| facts.marketplace.get(&name)).copied().unwrap_or(true)
        }
        Image::Gallery(..) => {
            facts.and_then(|facts| facts.gallery.as_ref()?.images.get(&name)).copied().unwrap_or(false)
        }
    }
}

fn shown(world: &World, plan: &Resource, image: Image<'_>) -> Value {
    let name = image.name();
    let properties = match image {
        Image::Marketplace(found) => json!({
            "displayName": found.name,
            "description": format!("{} of {}", found.name, found.publisher),
            "author": found.publisher,
            "osType": found.os_type,
            "osState": "Generalized",
            "publisher": found.publisher,
            "offer": found.offer,
            "sku": found.sku,
            "version": "latest",
            "termsStatus": "Enabled",
            "availableRegions": geography_of(plan.location.as_deref().unwrap_or_default()),
        }),
        Image::Gallery(definition, version) => {
            let mut properties = json!({
                "displayName": definition.name,
                "osType": definition.text("osType"),
                "osState": definition.text("osState"),
                "version": version.name,
                "sharedGalleryId": definition.id,
                "availableRegions": version.version_facts().map(|facts| facts.regions.keys().collect::<Vec<_>>()),
            });
            if let Some(description) = definition.properties.get("description") {
                properties["description"] = description.clone();
            }
            for part in ["publisher", "offer", "sku"] {
                properties[part] =
                    definition.properties.get("identifier").map_or(Value::Null, |found| found[part].clone());
            }
            properties
        }
    };
    let mut body = json!({
        "id": format!("{}/images/{name}", plan.id),
        "name": name,
        "type": Kind::PlanImage.arm_type(),
        "systemData": system_data(world, plan.created, plan.created),
        "properties": properties,
    });
    body["properties"]["enabledState"] = json!(if is_enabled(plan, image) { "Enabled" } else { "Disabled" });
    body["properties"]["provisioningState"] = json!("Succeeded");
    body
}
