//! Versions of images, uploaded from outside any lab and replicated to regions.
//!
//! ARM type `Microsoft.Compute/galleries/images/versions`. Source: Compute Gallery REST 2024-03-03
//! (one source; target regions, replica counts, exclusion and end of life change in place), and the
//! troubleshooting guide for shared images (the home region must be among the targets).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::arm::{self, GALLERIES};
use super::resource_group::TAGS;
use super::shape::{any, managed, resource_id};
use super::{Attribute, Draft, Kind, KindInfo, Names, OnChange, Problem, Shape, ShapeError, Subject, View};
use crate::catalog::{Work, geography};
use crate::model::{
    Address, ArmId, Attributes, Expectation, Finding, Method, Observed, Read, Recording, Resource, Row,
    Severity, Until,
};

/// A version of an image.
pub(super) struct ImageVersion;

const REPLICAS: Shape = Shape::Integer { min: 1, max: 100 };

/// Where a version is copied to, as it is written.
pub(super) const REPLICATE: &[Attribute] = &[
    Attribute::new("geography", Shape::Geography, "Every open region of this geography.", "Europe"),
    Attribute::new(
        "replicas",
        REPLICAS,
        "Copies in each region of the geography; 1 where it is not written.",
        "2",
    ),
    Attribute::new(
        "regions",
        Shape::RegionMap(&REPLICAS),
        "Regions with their number of copies.",
        "{ francecentral: 1 }",
    ),
];

const SOURCE: &[Attribute] = &[
    Attribute::new(
        "managedDisk",
        Shape::Text(disk),
        "Id of a managed disk.",
        "/subscriptions/…/disks/java-dev",
    ),
    Attribute::new(
        "snapshot",
        Shape::Text(snapshot),
        "Id of a snapshot.",
        "/subscriptions/…/snapshots/java-dev",
    ),
    Attribute::new(
        "vm",
        Shape::Text(virtual_machine),
        "Id of a virtual machine.",
        "/subscriptions/…/virtualMachines/java-dev",
    ),
    Attribute::new(
        "managedImage",
        Shape::Text(managed_image),
        "Id of a managed image.",
        "/subscriptions/…/images/java-dev",
    ),
    Attribute::new(
        "galleryVersion",
        Shape::Text(gallery_version),
        "Id of another gallery's version.",
        "/subscriptions/…/versions/1.0.0",
    ),
    Attribute::new(
        "vhd",
        Shape::Object(VHD),
        "A VHD in a storage account.",
        "{ uri: https://…/a.vhd, storageAccount: /subscriptions/… }",
    ),
];

const VHD: &[Attribute] = &[
    Attribute::new(
        "uri",
        Shape::Text(any),
        "Address of the page blob.",
        "https://contoso.blob.core.windows.net/vhds/a.vhd",
    )
    .required(),
    Attribute::new(
        "storageAccount",
        Shape::Text(storage_account),
        "Id of the storage account it lies in.",
        "/subscriptions/…",
    )
    .required(),
];

/// Whether a text is the id of a resource of one of these types.
fn id_of(text: &str, sorts: &[&str]) -> Result<(), String> {
    resource_id(text)?;
    let wanted = || sorts.iter().map(|sort| format!("`{sort}`")).collect::<Vec<_>>().join(" or ");
    match ArmId::new(text).resource_type() {
        Some(own) if sorts.iter().any(|sort| own.eq_ignore_ascii_case(sort)) => Ok(()),
        Some(own) => Err(format!("is the id of a `{own}`, not of a {}", wanted())),
        None => Err(format!("is the id of a resource group, not of a {}", wanted())),
    }
}

fn disk(text: &str) -> Result<(), String> {
    id_of(text, &["Microsoft.Compute/disks"])
}

fn snapshot(text: &str) -> Result<(), String> {
    id_of(text, &["Microsoft.Compute/snapshots"])
}

/// What a lab of a lab plan exports names the lab's template VM as its source.
fn virtual_machine(text: &str) -> Result<(), String> {
    id_of(text, &["Microsoft.Compute/virtualMachines", "Microsoft.LabServices/labs/virtualMachines"])
}

fn managed_image(text: &str) -> Result<(), String> {
    id_of(text, &["Microsoft.Compute/images"])
}

fn gallery_version(text: &str) -> Result<(), String> {
    id_of(text, &["Microsoft.Compute/galleries/images/versions"])
}

fn storage_account(text: &str) -> Result<(), String> {
    id_of(text, &["Microsoft.Storage/storageAccounts"])
}

static INFO: KindInfo = KindInfo {
    name: "ImageVersion",
    section: "",
    arm_type: "Microsoft.Compute/galleries/images/versions",
    doc: "One version of an image.",
    attributes: &[
        Attribute::new("image", managed(&["Image"]), "The image it belongs to.", "java-dev")
            .on_change(OnChange::Replace),
        Attribute::new(
            "source",
            Shape::Object(SOURCE),
            "What it is made of: exactly one source.",
            "{ managedDisk: /subscriptions/… }",
        )
        .on_change(OnChange::Refused(
            "a version is never changed: add a new version with a higher number instead",
        ))
        .required(),
        Attribute::new(
            "replicate",
            Shape::Object(REPLICATE),
            "Where it is copied to.",
            "{ geography: Europe, replicas: 2 }",
        ),
        Attribute::new(
            "excludeFromLatest",
            Shape::Bool,
            "Whether labs do not take it although it is the newest.",
            "false",
        ),
        Attribute::new("endOfLife", Shape::Date, "The day after which it should not be used.", "2027-06-28"),
        TAGS,
    ],
    name_rule: None,
    rules: &["DEL-07", "GEO-11"],
    holds_data: true,
    invoked: false,
};

/// A day as the instant that ARM wants.
pub(super) fn instant(day: &Value) -> Value {
    json!(format!("{}T00:00:00Z", day.as_str().unwrap_or_default()))
}

/// The day of an instant as ARM answers it; null stays null.
pub(super) fn day(instant: &Value) -> Value {
    instant.as_str().and_then(|text| text.get(..10)).map_or(Value::Null, |day| json!(day))
}

impl Kind for ImageVersion {
    fn info(&self) -> &'static KindInfo {
        &INFO
    }

    fn complete(&self, address: &Address, own: &mut Resource, view: &View<'_>) -> Vec<Problem> {
        let mut problems = Vec::new();
        let name = address.key().rsplit('/').next().unwrap_or_default().to_owned();
        own.attributes.insert("name".into(), json!(name));
        if let Some(image) =
            arm::referred(&own.attributes, "image").and_then(|image| view.desired.get(&image))
        {
            inherit(own, image, &name);
        }
        let sources = own.attributes.get("source").and_then(Value::as_object).map_or(0, Map::len);
        if sources != 1 {
            let names: Vec<_> = SOURCE.iter().map(|attribute| attribute.name).collect();
            problems.push(Problem::Wrong {
                path: "source".into(),
                code: "one_source",
                message: format!("a version has exactly one source, here are {sources}"),
                help: format!("write one of {}", names.join(", ")),
            });
        }
        if let Some(replicate) = own.attributes.get("replicate") {
            let regions = regions(replicate);
            problems.extend(home_region(address, own, &regions));
            own.attributes.insert("replicate".into(), json!({ "regions": regions }));
        }
        problems
    }

    fn arm_id(&self, _address: &Address, attributes: &Attributes, view: &View<'_>) -> ArmId {
        view.referred_id(&attributes["image"]).child("versions", arm::own(attributes, "name"))
    }

    fn containers(&self, attributes: &Attributes, _view: &View<'_>) -> Vec<Address> {
        arm::referred(attributes, "image").into_iter().collect()
    }

    fn summary(&self, attributes: &Attributes, _view: &View<'_>) -> Vec<String> {
        let source = attributes.get("source").and_then(Value::as_object).and_then(|map| map.iter().next());
        let from = source.map(|(sort, value)| {
            let sort = match sort.as_str() {
                "managedDisk" => "disk",
                "managedImage" => "image",
                "galleryVersion" => "version",
                "vhd" => "VHD",
                other => other,
            };
            let id = value.as_str().or(value["uri"].as_str()).unwrap_or_default();
            format!("from {sort} {}", id.rsplit('/').next().unwrap_or(id))
        });
        let regions = attributes.get("replicate").and_then(|replicate| replicate["regions"].as_object());
        let copies = regions.map(|regions| {
            let copy = |(region, number): (&String, &Value)| format!("{region} {number}");
            format!("copied to {}", regions.iter().map(copy).collect::<Vec<_>>().join(", "))
        });
        from.into_iter().chain(copies).collect()
    }

    fn losses(&self, _address: &Address, row: &Row, view: &View<'_>) -> Vec<String> {
        let made_from_it = |lab: &&Address| {
            view.row(lab).is_some_and(|lab| {
                lab.attributes.get("image") == row.attributes.get("image")
                    && lab.outputs.get("imageVersion") == row.attributes.get("name")
            })
        };
        let labs = view.recorded_of("Lab").into_iter().filter(|lab| view.desired.contains_key(*lab));
        super::image::losses(0, 0, labs.filter(made_from_it).count())
    }

    fn create(&self, subject: &Subject<'_>) -> Vec<Draft> {
        let attributes = &subject.desired.attributes;
        let mut body = json!({
            "properties": { "storageProfile": storage(&attributes["source"]), "publishingProfile": publishing(attributes) },
        });
        arm::set(&mut body, "tags", attributes.get("tags"));
        let id = &subject.row.arm_id;
        let step = arm::put("upload version", id, GALLERIES, body, arm::record(subject.row));
        let image = subject.view.referred_id(&attributes["image"]);
        let mut step = arm::placed(step, attributes.get("location"), &image);
        step.until.push(Until::Replicated { read: replication(id) });
        let expects = Expectation::Absent { read: arm::get(id, GALLERIES) };
        vec![Draft::new("create", arm::needs(self, subject), expects, Work::Version, vec![step])]
    }

    fn update(&self, subject: &Subject<'_>, paths: &[String]) -> Vec<Draft> {
        let attributes = &subject.desired.attributes;
        let mut body = json!({ "properties": { "publishingProfile": publishing(attributes) } });
        arm::set(&mut body, "tags", attributes.get("tags"));
        let id = &subject.row.arm_id;
        let mut step =
            arm::step("change version", Method::Patch, id, GALLERIES, Some(body), arm::record(subject.row));
        let copies = paths.iter().any(|path| path.starts_with("replicate"));
        if copies {
            step.until.push(Until::Replicated { read: replication(id) });
        }
        let work = if copies { Work::Version } else { Work::Small };
        vec![Draft::new("update", Vec::new(), Expectation::AsRecorded, work, vec![step])]
    }

    fn delete(&self, _address: &Address, row: &Row, _view: &View<'_>) -> Vec<Draft> {
        let step = arm::delete("delete version", &row.arm_id, GALLERIES, Recording::Delete);
        let work = Work::DeleteVersion;
        vec![Draft::new("delete", Vec::new(), Expectation::AsRecorded, work, vec![step])]
    }

    fn reads(&self, _address: &Address, row: &Row) -> Vec<Read> {
        vec![arm::get(&row.arm_id, GALLERIES)]
    }

    fn observe(
        &self,
        answers: &[Option<Value>],
        row: &Row,
        _names: &Names<'_>,
    ) -> Result<Option<Observed>, ShapeError> {
        let [Some(body)] = answers else { return Ok(None) };
        let mut attributes = Attributes::new();
        attributes.insert("name".into(), json!(arm::text(body, "/name")?));
        attributes.insert("location".into(), arm::region(body)?);
        attributes.insert("tags".into(), arm::optional(body, "/tags"));
        let profile = &body["properties"]["publishingProfile"];
        let mut regions = Map::new();
        for target in profile["targetRegions"].as_array().into_iter().flatten() {
            let name = arm::text(target, "/name")?;
            let name = crate::catalog::region(name).unwrap_or(name);
            regions.insert(name.to_owned(), target.get("regionalReplicaCount").cloned().unwrap_or(json!(1)));
        }
        attributes.insert("replicate".into(), json!({ "regions": regions }));
        attributes.insert(
            "excludeFromLatest".into(),
            json!(profile["excludeFromLatest"].as_bool().unwrap_or(false)),
        );
        attributes.insert("endOfLife".into(), day(&profile["endOfLifeDate"]));
        // What a version was made of is answered in other words than it was asked: the recorded ones hold.
        if let Some(source) = row.attributes.get("source") {
            attributes.insert("source".into(), source.clone());
        }
        Ok(Some(Observed { attributes, failed: false }))
    }
}

/// Takes from the image what the version does not say itself.
fn inherit(own: &mut Resource, image: &Resource, name: &str) {
    if let Some(location) = image.attributes.get("location") {
        own.attributes.insert("location".into(), location.clone());
    }
    if !own.attributes.contains_key("replicate")
        && let Some(replicate) = image.attributes.get("replicate")
    {
        own.attributes.insert("replicate".into(), replicate.clone());
        own.sources.insert("replicate".into(), image.source_of("replicate").clone());
    }
    let excluded = image.attributes.get("excludeFromLatest").and_then(Value::as_array);
    if let (Some(excluded), false) = (excluded, own.attributes.contains_key("excludeFromLatest")) {
        own.attributes
            .insert("excludeFromLatest".into(), json!(excluded.iter().any(|version| version == name)));
        own.sources.insert("excludeFromLatest".into(), image.source_of("excludeFromLatest").clone());
    }
}

/// The regions, each with its number of copies, that `replicate` as written comes to.
fn regions(replicate: &Value) -> BTreeMap<String, Value> {
    let mut regions = BTreeMap::new();
    let replicas = replicate.get("replicas").cloned().unwrap_or(json!(1));
    if let Some(geography) = replicate.get("geography").and_then(Value::as_str).and_then(geography) {
        regions.extend(geography.open_regions().map(|region| (region.to_owned(), replicas.clone())));
    }
    let written = replicate.get("regions").and_then(Value::as_object);
    regions.extend(written.into_iter().flatten().map(|(region, count)| (region.clone(), count.clone())));
    regions
}

fn home_region(address: &Address, own: &Resource, regions: &BTreeMap<String, Value>) -> Option<Problem> {
    let home = own.attributes.get("location")?.as_str()?;
    if regions.contains_key(home) {
        return None;
    }
    Some(Problem::Rule(Finding {
        rule: "GEO-11".into(),
        severity: Severity::Error,
        message: format!("the gallery's own region `{home}` is not among the regions that it is copied to"),
        address: Some(address.clone()),
        source: Some(own.source_of("replicate").clone()),
        help: Some(format!("add `regions: {{ {home}: 1 }}`, or the geography that holds it")),
    }))
}

fn replication(id: &ArmId) -> Read {
    Read { query: Some("$expand=ReplicationStatus".into()), ..arm::get(id, GALLERIES) }
}

fn storage(source: &Value) -> Value {
    let Some((sort, value)) = source.as_object().and_then(|source| source.iter().next()) else {
        return json!({});
    };
    match sort.as_str() {
        "vm" => json!({ "source": { "virtualMachineId": value } }),
        "managedImage" | "galleryVersion" => json!({ "source": { "id": value } }),
        "vhd" => {
            json!({ "osDiskImage": { "source": { "uri": value["uri"], "storageAccountId": value["storageAccount"] } } })
        }
        _ => json!({ "osDiskImage": { "source": { "id": value } } }),
    }
}

fn publishing(attributes: &Attributes) -> Value {
    let mut profile = json!({});
    if let Some(regions) = attributes.get("replicate").and_then(|replicate| replicate["regions"].as_object())
    {
        let targets: Vec<_> = regions
            .iter()
            .map(|(name, count)| json!({ "name": name, "regionalReplicaCount": count }))
            .collect();
        profile["targetRegions"] = json!(targets);
    }
    arm::set(&mut profile, "excludeFromLatest", attributes.get("excludeFromLatest"));
    arm::set(&mut profile, "endOfLifeDate", attributes.get("endOfLife").map(instant).as_ref());
    profile
}
