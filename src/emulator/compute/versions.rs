//! Image versions: their sources, the regions they are copied to, and how far the copies are.
//!
//! Source: Compute Gallery REST 2024-03-03, troubleshooting pages. Sources of types that are not served (disks, snapshots,
//! managed images, virtual machines, blobs) count as existing, 64 GB, in the version's region.

use crate::emulator::arm::errors::{Refusal, invalid_content, invalid_parameter};
use crate::emulator::arm::operations::{Announce, Family};
use crate::emulator::arm::regions::region;
use crate::emulator::arm::resource::{Facts, Provisioning, Resource, VersionFacts};
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::shape::{self, Object};
use crate::emulator::arm::types::{Kind, Target};
use crate::emulator::arm::{path, rendering, tracked};
use crate::emulator::clock::{Tick, Work};
use crate::emulator::compute::galleries::{check_room, commit, list, subject};
use crate::emulator::compute::publishing_profile;
use crate::emulator::message::{Request, Response};
use crate::emulator::world::World;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Gigabytes of a source that is not served.
const FOREIGN_SOURCE_GB: u64 = 64;

/// What of the storage profile and the rest is fixed at creation.
const FIXED: &[&str] = &[
    "/storageProfile/source/id",
    "/storageProfile/source/virtualMachineId",
    "/storageProfile/source/communityGalleryImageId",
    "/storageProfile/osDiskImage/source/id",
    "/storageProfile/osDiskImage/source/uri",
    "/storageProfile/osDiskImage/source/storageAccountId",
    "/publishingProfile/replicationMode",
    "/publishingProfile/storageAccountType",
    "/securityProfile",
];

/// Answers requests to image versions.
pub(crate) fn answer(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    match (&call.address.target, call.request.method.as_str()) {
        (Target::Collection, "GET") => list(world, call),
        (Target::Item, "GET") => world
            .item(&call.address)
            .map(|item| Response::json(200, rendering::of(world, item, call.request))),
        (Target::Item, "PUT" | "PATCH") => put(world, call),
        (Target::Item, "DELETE") => delete(world, call),
        _ => Err(call.no_such_verb()),
    }
}

fn delete(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    world.group(&call.address.subscription, call.address.group_name())?;
    let key = call.key()?;
    if let Some(version) = world.resource(&key) {
        let blocked = version
            .properties
            .get("safetyProfile")
            .is_some_and(|safety| safety["blockDeletionBeforeEndOfLife"] == true);
        let end = version
            .properties
            .get("publishingProfile")
            .and_then(|profile| profile["endOfLifeDate"].as_str())
            .unwrap_or("9999");
        if blocked && end > world.time(world.now()).as_str() {
            let message = format!(
                "The gallery image version '{}' cannot be deleted before its end of life.",
                version.name
            );
            return Err(Refusal::new(409, "OperationNotAllowed", message));
        }
    }
    Ok(world.delete(call.request, &key, Family::Compute, Work::Delete, Announce::Both))
}

fn put(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    let wanted = tracked::wanted(world, call)?;
    check_version_name(call.address.name())?;
    let location = tracked::location(&wanted, call)?;
    let tags = shape::tags(&wanted.body)?;
    let mut properties = tracked::properties(&wanted.body)?;
    for owned in ["provisioningState", "replicationStatus"] {
        properties.remove(owned);
    }
    let (old_properties, old_facts) = match &wanted.existing {
        Some(existing) => {
            (Some(existing.properties.clone()), existing.version_facts().cloned().unwrap_or_default())
        }
        None => (None, VersionFacts::default()),
    };
    let mut size = old_facts.size;
    if let Some(old) = &old_properties {
        shape::keep_fixed(old, &mut properties, FIXED, "galleryImageVersion.properties")?;
        properties.insert("storageProfile".into(), old["storageProfile"].clone());
    } else {
        check_room(world, call, &location)?;
        size = check_source(world, call, &properties, &location)?;
        let profile = storage_profile(&properties, size)?;
        properties.insert("storageProfile".into(), profile);
    }
    let profile = publishing_profile::filled(world, &properties, &location, old_properties.as_ref())?;
    let targets = publishing_profile::target_names(&profile);
    check_removal(&old_facts, &targets, &properties)?;
    properties.insert("publishingProfile".into(), Value::Object(profile));
    safety_profile(&mut properties)?;
    shape::without_nulls(&mut properties);

    let failed =
        wanted.existing.as_ref().is_some_and(|existing| existing.provisioning == Provisioning::Failed);
    let mut kept = if failed { BTreeMap::new() } else { old_facts.regions };
    kept.retain(|name, _| targets.contains(name));
    let first = world.now().after(world.pace.ticks(Work::Version));
    let regions = schedule(world, kept, &targets, &location, first);
    let status = wanted.status;
    let mut version = subject(world, call, wanted.existing)?;
    (version.location, version.tags, version.properties) = (Some(location), tags, properties);
    version.facts = Facts::Version(VersionFacts { succeeded: old_facts.succeeded, regions, size });
    let work = if status == 201 { Work::Version } else { Work::Small };
    Ok(commit(world, call, version, status, work))
}

/// `Major.Minor.Patch`, each a 32-bit integer.
fn check_version_name(name: &str) -> Result<(), Refusal> {
    if number(name).is_some() {
        return Ok(());
    }
    let message = format!(
        "The gallery image version name '{name}' is invalid. It must be of the form Major(int).Minor(int).Patch(int), such as 1.0.0."
    );
    Err(invalid_parameter("galleryImageVersionName", message))
}

/// The three numbers of a version's name.
pub(crate) fn number(name: &str) -> Option<(i32, i32, i32)> {
    let part = |text: &str| {
        text.parse::<i32>()
            .ok()
            .filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() <= 10)
    };
    let mut parts = name.split('.').map(part);
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(major), Some(minor), Some(patch), None) => Some((major?, minor?, patch?)),
        _ => None,
    }
}

/// Checks that there is one source and that it is there; gives its gigabytes.
fn check_source(world: &World, call: &Call<'_>, properties: &Object, location: &str) -> Result<u64, Refusal> {
    const AT: &str = "galleryImageVersion.properties.storageProfile";
    let missing = || invalid_parameter(AT, format!("Required parameter '{AT}' is missing (null)."));
    let profile = properties.get("storageProfile").and_then(Value::as_object).ok_or_else(missing)?;
    let source = shape::member(profile, "source")?;
    let disk = shape::member(profile, "osDiskImage")?;
    let disk = shape::member(&disk, "source")?;
    let filled = |object: &Object, name: &str| {
        object.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let ids = ["id", "virtualMachineId", "communityGalleryImageId"].map(|name| filled(&source, name));
    let disk_id = filled(&disk, "id");
    let blob = filled(&disk, "uri");
    if blob.is_some() {
        shape::required(&disk, "storageAccountId", &format!("{AT}.osDiskImage.source.storageAccountId"))?;
    }
    let mut named: Vec<String> = ids.into_iter().flatten().chain(disk_id).collect();
    if named.len() + usize::from(blob.is_some()) != 1 {
        return Err(invalid_parameter(
            AT,
            "One and only one source type must be specified for a gallery image version.",
        ));
    }
    let Some(id) = named.pop() else { return Ok(FOREIGN_SOURCE_GB) };
    source_size(world, call, &id, location)
}

/// Gigabytes of the source of that id, which must be there, in the version's region, if it is of a type that is served.
fn source_size(world: &World, call: &Call<'_>, id: &str, location: &str) -> Result<u64, Refusal> {
    let key = path::key(id);
    let parts: Vec<&str> = key.split('/').collect();
    match parts[..] {
        [
            "",
            "subscriptions",
            _,
            "resourcegroups",
            _,
            "providers",
            "microsoft.compute",
            "galleries",
            _,
            "images",
            _,
            "versions",
            _,
        ] => {
            let is_here =
                |facts: &VersionFacts| facts.succeeded.is_some() && facts.regions.contains_key(location);
            let found = world.resource(&key).filter(|version| version.version_facts().is_some_and(is_here));
            let version = found.ok_or_else(|| source_not_found(id))?;
            check_same_system(world, call, &key)?;
            Ok(version.version_facts().map_or(FOREIGN_SOURCE_GB, |facts| facts.size))
        }
        ["", "subscriptions", _, "resourcegroups", _, "providers", "microsoft.compute", "galleries", ..] => {
            Err(source_not_found(id))
        }
        ["", "subscriptions", subscription, "resourcegroups", _, "providers", _, _, _, ..]
            if uuid::Uuid::try_parse(subscription).is_ok() =>
        {
            Ok(FOREIGN_SOURCE_GB)
        }
        ["", "communitygalleries", _, "images", _, "versions", _] => Ok(FOREIGN_SOURCE_GB),
        _ => Err(invalid_parameter(
            "galleryImageVersion.properties.storageProfile.source",
            format!("The source id '{id}' is not a valid resource id."),
        )),
    }
}

fn source_not_found(id: &str) -> Refusal {
    Refusal::new(
        404,
        "NotFound",
        format!(
            "Source '{id}' is not found. Please check source exists, and is in the same region as the gallery image version being created."
        ),
    )
}

/// A version made from another has the system type and state of that one's definition.
fn check_same_system(world: &World, call: &Call<'_>, source: &str) -> Result<(), Refusal> {
    let own = world.holder(&call.address)?;
    let Some(other) = path::parent(source).and_then(|key| world.resource(key)) else { return Ok(()) };
    for (property, words) in
        [("osState", "OS State"), ("osType", "OS Type"), ("hyperVGeneration", "Hyper-V generation")]
    {
        if own.text(property) != other.text(property) {
            let message = format!(
                "Cannot create Gallery Image Version from: {} since the {words} in the parent gallery image ('{}') is not '{}'.",
                other.id,
                own.text(property),
                other.text(property)
            );
            return Err(invalid_parameter("galleryImageVersion.properties.storageProfile", message));
        }
    }
    Ok(())
}

/// The storage profile as the service gives it back, sizes filled in.
fn storage_profile(properties: &Object, size: u64) -> Result<Value, Refusal> {
    let mut profile = shape::member(properties, "storageProfile")?.into_owned();
    let mut disk = shape::member(&profile, "osDiskImage")?.into_owned();
    let caching = ["None", "ReadOnly", "ReadWrite"];
    shape::canonical(
        &mut disk,
        "hostCaching",
        &caching,
        "galleryImageVersion.properties.storageProfile.osDiskImage.hostCaching",
    )?;
    disk.entry("hostCaching").or_insert_with(|| json!("ReadWrite"));
    disk.entry("source").or_insert_with(|| json!({}));
    disk.insert("sizeInGB".into(), json!(size));
    profile.insert("osDiskImage".into(), Value::Object(disk));
    if let Some(data) = profile.get_mut("dataDiskImages").filter(|data| !data.is_null()) {
        let bad = || {
            invalid_content("The property 'dataDiskImages' must be an array of objects with a unique 'lun'.")
        };
        let disks = data.as_array_mut().ok_or_else(bad)?;
        let mut luns = BTreeSet::new();
        for disk in disks {
            let lun = disk.get("lun").and_then(Value::as_u64).ok_or_else(bad)?;
            if !luns.insert(lun) {
                return Err(bad());
            }
            disk["sizeInGB"] = json!(size);
        }
    }
    Ok(Value::Object(profile))
}

/// A safety profile may forbid that a region's copy goes.
fn check_removal(old: &VersionFacts, targets: &[String], properties: &Object) -> Result<(), Refusal> {
    let forbidden = properties
        .get("safetyProfile")
        .is_some_and(|safety| safety["allowDeletionOfReplicatedLocations"] == false);
    match old.regions.keys().find(|name| !targets.contains(name)) {
        Some(name) if forbidden => {
            let message = format!(
                "Deletion of the replicated location '{name}' is not allowed: 'allowDeletionOfReplicatedLocations' is false."
            );
            Err(Refusal::new(409, "OperationNotAllowed", message))
        }
        _ => Ok(()),
    }
}

fn safety_profile(properties: &mut Object) -> Result<(), Refusal> {
    let mut safety = shape::member(properties, "safetyProfile")?.into_owned();
    shape::boolean(&safety, "allowDeletionOfReplicatedLocations")?;
    shape::boolean(&safety, "blockDeletionBeforeEndOfLife")?;
    safety.remove("policyViolations");
    safety.insert("reportedForPolicyViolation".into(), json!(false));
    properties.insert("safetyProfile".into(), Value::Object(safety));
    Ok(())
}

/// When each region's copy begins and ends: the home region's with the version itself, the others one after the other behind it.
pub(crate) fn schedule(
    world: &World,
    kept: BTreeMap<String, (Tick, Tick)>,
    targets: &[String],
    home: &str,
    first: Tick,
) -> BTreeMap<String, (Tick, Tick)> {
    let mut regions = kept;
    let (now, each) = (world.now(), world.pace.ticks(Work::Replica));
    let mut until = first;
    let home_first =
        targets.iter().filter(|name| *name == home).chain(targets.iter().filter(|name| *name != home));
    for name in home_first {
        if !regions.contains_key(name) {
            regions.insert(name.clone(), (now, until));
            until = until.after(each);
        }
    }
    regions
}

/// Adds `replicationStatus` when it is asked for.
pub(crate) fn show(world: &World, version: &Resource, request: &Request, body: &mut Value) {
    if !request.expands("replicationstatus") {
        return;
    }
    let Some(facts) = version.version_facts() else { return };
    let (now, failed) = (world.now(), version.provisioning == Provisioning::Failed);
    let summary = facts.regions.iter().map(|(name, (from, until))| {
        let done = *until <= now;
        let (state, progress) = match (done, failed) {
            (true, false) => ("Completed", 100),
            (_, true) => ("Failed", 0),
            (false, false) => ("Replicating", ((now.0.saturating_sub(from.0)) * 100 / (until.0 - from.0).max(1)).min(99)),
        };
        json!({ "region": region(name).map_or(name.as_str(), |region| region.display), "state": state, "details": "", "progress": progress })
    });
    let summary: Vec<Value> = summary.collect();
    let all = |state: &str| summary.iter().all(|row| row["state"] == state);
    let aggregated = if failed {
        "Failed"
    } else if all("Completed") {
        "Completed"
    } else {
        "InProgress"
    };
    body["properties"]["replicationStatus"] = json!({ "aggregatedState": aggregated, "summary": summary });
}

/// The versions of a definition that a lab in `location` may be made from, the newest last.
pub(crate) fn usable<'a>(world: &'a World, definition: &str, location: &str) -> Vec<&'a Resource> {
    let excluded = |version: &Resource| {
        let Some(profile) = version.properties.get("publishingProfile") else { return false };
        let regions = profile["targetRegions"].as_array().into_iter().flatten();
        let mut here = regions.filter(|entry| {
            entry["name"].as_str().and_then(region).is_some_and(|region| region.name == location)
        });
        profile["excludeFromLatest"] == true || here.any(|entry| entry["excludeFromLatest"] == true)
    };
    let ready = |version: &&Resource| {
        version.version_facts().is_some_and(|facts| facts.succeeded.is_some())
            && version.provisioning != Provisioning::Deleting
    };
    let mut versions: Vec<&Resource> = world
        .children(definition, Kind::Version)
        .filter(ready)
        .filter(|version| !excluded(version))
        .collect();
    versions.sort_by_key(|version| number(&version.name));
    versions
}
