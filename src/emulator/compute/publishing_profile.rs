//! The publishing profile of an image version: its target regions with replicas and storage, and what is left out filled in.
//!
//! Source: Compute Gallery REST 2024-03-03; answers name regions as people do (`West Europe`).

use crate::emulator::arm::errors::{Refusal, change_not_allowed, invalid_content, invalid_parameter};
use crate::emulator::arm::regions::{self, region};
use crate::emulator::arm::shape::{self, Object};
use crate::emulator::arm::tracked;
use crate::emulator::arm::types::Kind;
use crate::emulator::world::World;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const PROFILE: &str = "galleryImageVersion.properties.publishingProfile";

const STORAGE_TYPES: &[&str] = &["Standard_LRS", "Standard_ZRS", "Premium_LRS", "PremiumV2_LRS"];

/// The publishing profile with its defaults, regions in the service's spelling.
pub(crate) fn filled(
    world: &World,
    properties: &Object,
    home: &str,
    old: Option<&Object>,
) -> Result<Object, Refusal> {
    let mut profile = shape::member(properties, "publishingProfile")?.into_owned();
    let old = old.map(|old| shape::member(old, "publishingProfile")).transpose()?;
    let before = |name: &str| old.as_ref().and_then(|old| old.get(name).cloned());
    shape::canonical(
        &mut profile,
        "storageAccountType",
        STORAGE_TYPES,
        &format!("{PROFILE}.storageAccountType"),
    )?;
    shape::canonical(
        &mut profile,
        "replicationMode",
        &["Full", "Shallow"],
        &format!("{PROFILE}.replicationMode"),
    )?;
    let storage = shape::text(&profile, "storageAccountType")?.unwrap_or("Standard_LRS").to_owned();
    let shallow = shape::text(&profile, "replicationMode")?.is_some_and(|mode| mode == "Shallow");
    let replicas = shape::count(&profile, "replicaCount")?.unwrap_or(1);
    let exclude = shape::boolean(&profile, "excludeFromLatest")?.unwrap_or(false);
    end_of_life(world, &mut profile, before("endOfLifeDate"))?;
    let regions = target_regions(&profile, home, replicas, &storage)?;
    check_storage_kept(&regions, before("targetRegions").as_ref())?;
    let total: u64 = regions.iter().filter_map(|region| region["regionalReplicaCount"].as_u64()).sum();
    if total > 100 || (shallow && total > 1) {
        let limit = if shallow {
            "one replica in one region with replication mode 'Shallow'"
        } else {
            "100 replicas"
        };
        return Err(invalid_parameter(
            &format!("{PROFILE}.targetRegions"),
            format!("A gallery image version has at most {limit}."),
        ));
    }
    let published = before("publishedDate").unwrap_or_else(|| json!(world.time(world.now())));
    let filled = [
        ("targetRegions", Value::Array(regions)),
        ("replicaCount", json!(replicas)),
        ("excludeFromLatest", json!(exclude)),
        ("storageAccountType", json!(storage)),
        ("replicationMode", json!(if shallow { "Shallow" } else { "Full" })),
        ("publishedDate", published),
    ];
    profile.extend(filled.map(|(name, value)| (name.to_owned(), value)));
    Ok(profile)
}

/// Carries an end of life over, which nothing takes away again, and checks a new one.
fn end_of_life(world: &World, profile: &mut Object, before: Option<Value>) -> Result<(), Refusal> {
    if let (true, Some(before)) = (profile.get("endOfLifeDate").is_none_or(Value::is_null), &before) {
        profile.insert("endOfLifeDate".into(), before.clone());
    }
    let after = shape::text(profile, "endOfLifeDate")?;
    tracked::check_end_of_life(
        world,
        before.as_ref().and_then(Value::as_str),
        after,
        &format!("{PROFILE}.endOfLifeDate"),
    )
}

/// The target regions, the version's own when there are none.
fn target_regions(profile: &Object, home: &str, replicas: u64, storage: &str) -> Result<Vec<Value>, Refusal> {
    let path = format!("{PROFILE}.targetRegions");
    let list = match profile.get("targetRegions") {
        None | Some(Value::Null) => vec![json!({ "name": home })],
        Some(Value::Array(list)) if list.is_empty() => vec![json!({ "name": home })],
        Some(Value::Array(list)) => list.clone(),
        Some(_) => return Err(invalid_content("The property 'targetRegions' must be an array.")),
    };
    let mut seen = BTreeSet::new();
    let mut regions = Vec::new();
    for entry in list {
        let Value::Object(mut entry) = entry else {
            return Err(invalid_content("The target regions must be objects."));
        };
        let asked = shape::required(&entry, "name", &format!("{path}.name"))?;
        let name = regions::normalised(asked, &Kind::Version.arm_type())?;
        if !seen.insert(name.clone()) {
            return Err(invalid_parameter(
                &path,
                "Duplicate regions are not allowed in target publishing regions.",
            ));
        }
        shape::canonical(
            &mut entry,
            "storageAccountType",
            STORAGE_TYPES,
            &format!("{path}.storageAccountType"),
        )?;
        let count = shape::count(&entry, "regionalReplicaCount")?.unwrap_or(replicas);
        if count == 0 {
            return Err(invalid_parameter(&path, "The regional replica count must be above zero."));
        }
        shape::boolean(&entry, "excludeFromLatest")?;
        entry.insert("name".into(), json!(region(&name).map_or(name.as_str(), |region| region.display)));
        entry.insert("regionalReplicaCount".into(), json!(count));
        if entry.get("storageAccountType").is_none_or(Value::is_null) {
            entry.insert("storageAccountType".into(), json!(storage));
        }
        regions.push(Value::Object(entry));
    }
    if seen.contains(home) {
        return Ok(regions);
    }
    let message = format!("The publishing regions must contain the location of the image version: '{home}'.");
    Err(invalid_parameter(&path, message))
}

/// A region keeps the storage type that it was made with.
fn check_storage_kept(regions: &[Value], old: Option<&Value>) -> Result<(), Refusal> {
    let old = old.and_then(Value::as_array).into_iter().flatten();
    for before in old {
        let same_place = |now: &&Value| now["name"] == before["name"];
        if regions
            .iter()
            .find(same_place)
            .is_some_and(|now| now["storageAccountType"] != before["storageAccountType"])
        {
            return Err(change_not_allowed(&format!("{PROFILE}.targetRegions.storageAccountType")));
        }
    }
    Ok(())
}

/// Names of the target regions, normalised, in their order.
pub(crate) fn target_names(profile: &Object) -> Vec<String> {
    let regions = profile.get("targetRegions").and_then(Value::as_array).into_iter().flatten();
    regions.filter_map(|entry| region(entry["name"].as_str()?).map(|region| region.name.to_owned())).collect()
}
