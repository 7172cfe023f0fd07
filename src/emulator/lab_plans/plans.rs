//! Lab plans: the defaults, the gallery and the regions that labs are made with.
//!
//! Source: Lab Services REST 2023-06-07; recorded traffic of the PowerShell module. A plan's labs stand beside it and stay
//! when it goes; a change of it does not touch those that are there.

use crate::emulator::arm::errors::{Refusal, invalid_content, unknown_type};
use crate::emulator::arm::operations::{Effect, Finish};
use crate::emulator::arm::path::key;
use crate::emulator::arm::regions;
use crate::emulator::arm::resource::{AttachedFacts, Facts, PlanFacts, Resource};
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::shape::{self, Object};
use crate::emulator::arm::subscriptions::DEFAULT_TENANT;
use crate::emulator::arm::types::{Kind, Target};
use crate::emulator::arm::{rendering, tracked};
use crate::emulator::clock::Work;
use crate::emulator::compute::galleries::subject;
use crate::emulator::lab_accounts::shared_galleries;
use crate::emulator::lab_plans::changes::{begin, deleted, written};
use crate::emulator::lab_plans::profiles::{self, EMAIL, URL, bounded, check_name, with_slash};
use crate::emulator::lab_plans::{lists, save_image};
use crate::emulator::message::Response;
use crate::emulator::world::World;
use serde_json::{Value, json};

/// Answers requests to lab plans.
pub(crate) fn answer(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    match (&call.address.target, call.request.method.as_str()) {
        (Target::Collection, "GET") => lists::list(world, call),
        (Target::Item, "GET") => world
            .item(&call.address)
            .map(|plan| Response::json(200, rendering::of(world, plan, call.request))),
        (Target::Item, "PUT" | "PATCH") => put(world, call),
        (Target::Item, "DELETE") => deleted(world, call),
        (Target::Action(action), "POST") => match action.as_str() {
            "saveimage" => save_image::save_image(world, call),
            other => Err(unknown_type("Microsoft.LabServices", &format!("labPlans/{other}"))),
        },
        _ => Err(call.no_such_verb()),
    }
}

fn put(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    let wanted = tracked::wanted(world, call)?;
    check_name(call.address.name())?;
    let location = tracked::location(&wanted, call)?;
    let tags = shape::tags(&wanted.body)?;
    let mut asked = tracked::properties(&wanted.body)?;
    let old = wanted.existing.as_ref();
    if let Some(old) = old.filter(|old| has_labs(world, old)) {
        shape::keep_fixed(&old.properties, &mut asked, &["/defaultNetworkProfile/subnetId"], "properties")?;
    }
    let properties = properties(&asked)?;
    let gallery = gallery(world, old, &properties)?;
    let identity = identity(&wanted.body)?;
    let status = wanted.status;
    let mut plan = subject(world, call, wanted.existing)?;
    let marketplace = plan.plan().map(|facts| facts.marketplace.clone()).unwrap_or_default();
    plan.facts = Facts::Plan(PlanFacts { marketplace, gallery });
    (plan.location, plan.tags, plan.properties) = (Some(location), tags, properties);
    plan.extra = identity.map(|()| service_identity(world, &plan)).into_iter().collect();
    let key = plan.key();
    let work = (Effect::Settle, Work::Small);
    let operation =
        begin(world, &key, Vec::new(), work, Finish::Resource(key.clone()), plan.location.clone());
    Ok(written(world, call, plan, status, &operation))
}

/// True while a lab names the plan.
fn has_labs(world: &World, plan: &Resource) -> bool {
    let plan = plan.key();
    world.all_of(Kind::PlanLab, "").any(|lab| key(lab.text("labPlanId")) == plan)
}

/// What the caller owns of a plan.
fn properties(asked: &Object) -> Result<Object, Refusal> {
    let mut kept = Object::new();
    let connection = profiles::connection(asked, "defaultConnectionProfile", None)?;
    let shutdown = profiles::shutdown(asked, "defaultAutoShutdownProfile", None)?;
    kept.insert("defaultConnectionProfile".into(), connection);
    kept.insert("defaultAutoShutdownProfile".into(), shutdown);
    let network = profiles::ids(asked, "defaultNetworkProfile", &["subnetId"])?;
    let support = support(asked)?;
    for (name, profile) in [("defaultNetworkProfile", network), ("supportInfo", support)] {
        if !profile.is_empty() {
            kept.insert(name.into(), Value::Object(profile));
        }
    }
    if let Some(regions) = allowed_regions(asked)? {
        kept.insert("allowedRegions".into(), json!(regions));
    }
    if let Some(gallery) = bounded(asked, "sharedGalleryId", URL, "properties.sharedGalleryId")? {
        kept.insert("sharedGalleryId".into(), json!(with_slash(gallery)));
    }
    if let Some(url) = bounded(asked, "linkedLmsInstance", URL, "properties.linkedLmsInstance")? {
        kept.insert("linkedLmsInstance".into(), json!(url));
    }
    Ok(kept)
}

/// Whom to ask for help. The service spells a URL as a browser does: `https://x` comes back as `https://x/`.
fn support(asked: &Object) -> Result<Object, Refusal> {
    let asked = shape::member(asked, "supportInfo")?;
    let at = |name: &str| format!("properties.supportInfo.{name}");
    let mut support = Object::new();
    if let Some(text) = bounded(&asked, "url", URL, &at("url"))? {
        let url = url::Url::parse(text).map_or_else(|_| text.to_owned(), Into::into);
        support.insert("url".into(), json!(url));
    }
    for (name, length) in [("email", EMAIL), ("phone", 1..=31)] {
        if let Some(text) = bounded(&asked, name, length, &at(name))? {
            support.insert(name.into(), json!(text));
        }
    }
    if let Some(text) = shape::text(&asked, "instructions")? {
        support.insert("instructions".into(), json!(text));
    }
    Ok(support)
}

/// The regions in which labs may be made; any, if none are named.
fn allowed_regions(asked: &Object) -> Result<Option<Vec<String>>, Refusal> {
    match asked.get("allowedRegions") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(rows)) => {
            let bad = || invalid_content("The property 'allowedRegions' must be an array of strings.");
            let named = |row: &Value| regions::normalised(row.as_str().ok_or_else(bad)?, "labs");
            rows.iter().map(named).collect::<Result<_, _>>().map(Some)
        }
        Some(_) => Err(invalid_content("The property 'allowedRegions' must be an array of strings.")),
    }
}

/// The gallery that `properties` attach: what was set of its images stays while it does.
fn gallery(
    world: &World,
    old: Option<&Resource>,
    properties: &Object,
) -> Result<Option<AttachedFacts>, Refusal> {
    let Some(id) = properties.get("sharedGalleryId").and_then(Value::as_str) else { return Ok(None) };
    let before = old.and_then(|old| old.plan()?.gallery.clone());
    if let Some(before) = before.filter(|before| before.key == key(id)) {
        return Ok(Some(before));
    }
    let gallery = shared_galleries::gallery(world, id, "properties.sharedGalleryId")?;
    Ok(Some(AttachedFacts { key: gallery.key(), since: world.now(), images: Default::default() }))
}

/// The identity that a body asks for: only the service's own kind.
fn identity(body: &Object) -> Result<Option<()>, Refusal> {
    let identity = shape::member(body, "identity")?;
    let Some(kind) = shape::text(&identity, "type")? else { return Ok(None) };
    shape::one_of(kind, &["SystemAssigned"], "identity.type").map(|_| Some(()))
}

fn service_identity(world: &World, plan: &Resource) -> (String, Value) {
    let principal = world.uuid(&format!("identity {}", plan.unique));
    (
        "identity".to_owned(),
        json!({ "type": "SystemAssigned", "principalId": principal, "tenantId": DEFAULT_TENANT }),
    )
}
