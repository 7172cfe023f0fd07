//! Images: the definitions in a gallery, either made of uploaded versions or exported from a lab.
//!
//! ARM type `Microsoft.Compute/galleries/images`. Source: Compute Gallery REST 2024-03-03.
//! An exported image is made by the service during its [`Export`](super::export::Export): its
//! definition is only read and recorded here, and deleted with the versions that the export recorded.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::arm::{self, GALLERIES};
use super::gallery::GALLERY;
use super::resource_group::TAGS;
use super::shape::{any, identifier};
use super::{
    Attribute, Draft, Kind, KindInfo, Misfit, Names, Need, OnChange, Problem, Shape, ShapeError, Subject,
    View, words,
};
use crate::catalog::Work;
use crate::model::{
    Address, ArmId, Attributes, Contents, Expectation, Method, Observed, Read, Recording, Resource, Row,
    Step, Until,
};

/// An image definition.
pub(super) struct Image;

const OS: &[Attribute] = &[
    Attribute::new("type", Shape::Choice(&["Linux", "Windows"]), "The operating system.", "Linux")
        .on_change(OnChange::Replace)
        .required(),
    Attribute::new(
        "state",
        Shape::Choice(&["Generalized", "Specialized"]),
        "Generalized (sysprepped, gets its accounts when a lab is made) or Specialized (an exact copy with its accounts).",
        "Generalized",
    )
    .on_change(OnChange::Replace)
    .required(),
    Attribute::new("hyperV", Shape::Choice(&["V1", "V2"]), "The Hyper-V generation; V1 is the safe choice for labs.", "V1")
        .on_change(OnChange::Replace),
    Attribute::new("architecture", Shape::Choice(&["x64"]), "The processor; labs have x64 only.", "x64")
        .on_change(OnChange::Replace),
];

const IDENTIFIER: &[Attribute] = &[
    Attribute::new("publisher", Shape::Text(publisher), "Publisher, at most 128 characters.", "ContosoCS")
        .on_change(OnChange::Replace)
        .required(),
    Attribute::new("offer", Shape::Text(offer_or_sku), "Offer, at most 64 characters.", "Teaching")
        .on_change(OnChange::Replace)
        .required(),
    Attribute::new("sku", Shape::Text(offer_or_sku), "SKU, at most 64 characters.", "java-dev")
        .on_change(OnChange::Replace)
        .required(),
];

const MIN_MAX: &[Attribute] = &[
    Attribute::new("min", Shape::Integer { min: 1, max: 640 }, "The smallest.", "2"),
    Attribute::new("max", Shape::Integer { min: 1, max: 640 }, "The largest.", "8"),
];

static INFO: KindInfo = KindInfo {
    name: "Image",
    section: "images",
    arm_type: "Microsoft.Compute/galleries/images",
    doc: "An image in a gallery: uploaded versions, or a lab's template VM exported to the gallery.",
    attributes: &[
        Attribute::new("gallery", GALLERY, "The gallery it lies in.", "sig_cs_prod")
            .on_change(OnChange::Replace)
            .required(),
        Attribute::new(
            "os",
            Shape::Object(OS),
            "What the image holds.",
            "{ type: Linux, state: Generalized, hyperV: V1 }",
        )
        .on_change(OnChange::Replace),
        Attribute::new(
            "identifier",
            Shape::Object(IDENTIFIER),
            "Publisher, offer and SKU: unique in the gallery.",
            "{ publisher: ContosoCS, offer: Teaching, sku: java-dev }",
        )
        .on_change(OnChange::Replace),
        Attribute::new(
            "description",
            Shape::Text(any),
            "Text that the portal shows.",
            "Java 21 with IntelliJ",
        ),
        Attribute::new(
            "releaseNotes",
            Shape::Text(any),
            "Address of the release notes.",
            "https://contoso.edu/java-dev",
        ),
        Attribute::new("endOfLife", Shape::Date, "The day after which it should not be used.", "2027-06-28"),
        Attribute::new("eula", Shape::Text(any), "Address of the licence terms.", "https://contoso.edu/eula")
            .on_change(OnChange::Replace),
        Attribute::new(
            "cores",
            Shape::Object(MIN_MAX),
            "Recommended number of processors.",
            "{ min: 2, max: 8 }",
        ),
        Attribute::new(
            "memoryGb",
            Shape::Object(MIN_MAX),
            "Recommended memory in GB.",
            "{ min: 4, max: 16 }",
        ),
        TAGS,
        Attribute::new(
            "credentials",
            Shape::Credentials,
            "The account inside a specialized image; labs made from it inherit it.",
            "student",
        )
        .on_change(OnChange::Inherited),
        Attribute::new(
            "replicate",
            Shape::Object(super::image_version::REPLICATE),
            "Where its versions are copied to, unless a version says otherwise.",
            "{ geography: Europe, replicas: 2 }",
        )
        .on_change(OnChange::Inherited),
        Attribute::new(
            "excludeFromLatest",
            Shape::List { item: &Shape::Version, set: true },
            "Versions that labs do not take although they are the newest.",
            "[1.3.9]",
        )
        .on_change(OnChange::Inherited),
        Attribute::new(
            "versions",
            Shape::Children("ImageVersion"),
            "Its versions, by number.",
            "{ 1.4.0: { source: { managedDisk: /subscriptions/…/disks/java-dev } } }",
        ),
        Attribute::new(
            "exportedFrom",
            Shape::Child("Export"),
            "The lab whose template VM is exported to make it; a higher revision exports again.",
            "{ lab: cs340-golden, revision: 1 }",
        ),
        Attribute::new("keepVersions", Shape::Later, "How many exported versions are kept.", "2"),
    ],
    name_rule: Some(name_rule),
    rules: &[],
    holds_data: true,
    invoked: false,
};

/// What only an image has that is made of uploaded versions.
const OF_UPLOADED: [&str; 4] = ["os", "identifier", "replicate", "excludeFromLatest"];

/// Letters, digits, `-`, `.` and `_`, a letter or digit at both ends, 1 to 80 characters.
fn name_rule(name: &str) -> Result<(), String> {
    identifier(name, "-._", 80)
}

fn publisher(text: &str) -> Result<(), String> {
    triple(text, 128)
}

fn offer_or_sku(text: &str) -> Result<(), String> {
    triple(text, 64)
}

fn triple(text: &str, max: usize) -> Result<(), String> {
    if text.ends_with('.') {
        return Err("ends with a period, which Azure refuses here".into());
    }
    if let Some(bad) = text.chars().find(|c| !c.is_ascii_alphanumeric() && !"-._".contains(*c)) {
        return Err(format!("holds `{bad}`; letters, digits, `-`, `.` and `_` are allowed"));
    }
    super::shape::length(text, 1, max)
}

/// Whether the image is made by an export.
pub(super) fn is_exported(attributes: &Attributes) -> bool {
    attributes.get("exported").and_then(Value::as_bool).unwrap_or(false)
}

/// How many versions the exports of an image made.
pub(super) fn exported_versions(image: &Address, view: &View<'_>) -> usize {
    let versions = view.row(&export_of(image)).and_then(|row| row.outputs.get("versions")?.as_array());
    versions.map_or(0, Vec::len)
}

/// What hangs on an image or a gallery that goes: what lies inside, and the labs that stay.
pub(super) fn losses(images: usize, versions: usize, labs: usize) -> Vec<String> {
    let inside = [(images, "image"), (versions, "version")].into_iter().filter(|(number, _)| *number > 0);
    let inside: Vec<_> = inside.map(|(number, noun)| words::count(number, noun)).collect();
    let mut losses = Vec::new();
    if !inside.is_empty() {
        losses.push(format!("along with {}", inside.join(" and ")));
    }
    if labs > 0 {
        let stay = if labs == 1 { "stays as it is" } else { "stay as they are" };
        losses.push(format!("{} made from it {stay}", words::count(labs, "lab")));
    }
    losses
}

/// The export that makes the image.
pub(super) fn export_of(image: &Address) -> Address {
    Address::new("Export", image.key())
}

/// Whether the image is exported but neither recorded nor to be exported by this configuration.
pub(super) fn is_not_yet_exported(image: &Address, view: &View<'_>) -> bool {
    let Some(export) = view.attributes(&export_of(image)) else { return false };
    let exported = view.attributes(image).is_some_and(is_exported);
    exported && view.is_made(image) && export.get("revision").and_then(Value::as_i64) == Some(0)
}

impl Kind for Image {
    fn info(&self) -> &'static KindInfo {
        &INFO
    }

    fn cannot_have(&self, name: &str, has: &dyn Fn(&str) -> bool) -> Option<Misfit> {
        (has("exportedFrom") && OF_UPLOADED.contains(&name)).then(|| Misfit {
            code: "not_for_exported",
            message: format!("an exported image has no `{name}`: the service makes it"),
            help: format!("take `{name}` away, or take `exportedFrom` away and upload versions"),
        })
    }

    fn complete(&self, address: &Address, own: &mut Resource, view: &View<'_>) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Some(location) =
            view.referred(&own.attributes["gallery"]).and_then(|gallery| gallery.get("location"))
        {
            own.attributes.insert("location".into(), location.clone());
        }
        let exported = view.desired.contains_key(&export_of(address));
        let has_versions = view.under(format!("ImageVersion/{}/", address.key())).next().is_some();
        if exported {
            own.attributes.insert("exported".into(), json!(true));
            if has_versions {
                problems.push(Problem::Wrong {
                    path: "versions".into(),
                    code: "not_for_exported",
                    message: "an exported image has no `versions`: each export makes one".into(),
                    help: "take `versions` away, or take `exportedFrom` away".into(),
                });
            }
        } else {
            for name in ["os", "identifier"] {
                if !own.attributes.contains_key(name) {
                    problems.push(Problem::Wrong {
                        path: String::new(),
                        code: "missing_attribute",
                        message: format!("`{name}` is missing"),
                        help: INFO
                            .attribute(name)
                            .map(|attribute| format!("add `{name}: {}`", attribute.example))
                            .unwrap_or_default(),
                    });
                }
            }
        }
        problems
    }

    fn arm_id(&self, _address: &Address, attributes: &Attributes, view: &View<'_>) -> ArmId {
        view.referred_id(&attributes["gallery"]).child("images", arm::own(attributes, "name"))
    }

    fn also_depends_on(
        &self,
        address: &Address,
        attributes: &Attributes,
        _view: &View<'_>,
    ) -> BTreeSet<Address> {
        is_exported(attributes).then(|| export_of(address)).into_iter().collect()
    }

    fn is_pending(&self, address: &Address, view: &View<'_>) -> bool {
        is_not_yet_exported(address, view)
    }

    fn parts(&self, address: &Address, view: &View<'_>) -> Vec<Address> {
        let versions = view.under(format!("ImageVersion/{}/", address.key())).cloned();
        versions.chain([export_of(address)]).collect()
    }

    fn containers(&self, attributes: &Attributes, _view: &View<'_>) -> Vec<Address> {
        arm::referred(attributes, "gallery").into_iter().collect()
    }

    fn summary(&self, attributes: &Attributes, _view: &View<'_>) -> Vec<String> {
        let os = |name: &str| attributes.get("os").and_then(|os| os.get(name)).and_then(Value::as_str);
        let what = if is_exported(attributes) {
            "made by its export".to_owned()
        } else {
            [os("type"), os("state"), os("hyperV")].into_iter().flatten().collect::<Vec<_>>().join(" ")
        };
        vec![what, format!("in {}", words::key(attributes, "gallery"))]
    }

    fn losses(&self, address: &Address, _row: &Row, view: &View<'_>) -> Vec<String> {
        let refers = |own: &&Address| {
            let row = view.row(own);
            row.and_then(|row| arm::referred(&row.attributes, "image")).as_ref() == Some(address)
        };
        let versions = view.recorded_of("ImageVersion").into_iter().filter(refers).count()
            + exported_versions(address, view);
        let labs = view.recorded_of("Lab").into_iter().filter(|lab| view.desired.contains_key(*lab));
        losses(0, versions, labs.filter(refers).count())
    }

    fn create(&self, subject: &Subject<'_>) -> Vec<Draft> {
        let attributes = &subject.desired.attributes;
        let id = &subject.row.arm_id;
        if is_exported(attributes) {
            let mut needs = arm::needs(self, subject);
            needs.push(Need::Ready(export_of(subject.address)));
            return vec![Draft::new(
                "create",
                needs,
                Expectation::Anything,
                Work::Small,
                vec![taken_over(subject)],
            )];
        }
        let mut body = json!({
            "properties": {
                "osType": attributes["os"]["type"],
                "osState": attributes["os"]["state"],
                // Sent always: newer versions of the API have another default.
                "hyperVGeneration": attributes["os"].get("hyperV").unwrap_or(&json!("V1")),
                "identifier": attributes["identifier"],
            },
        });
        arm::set(&mut body["properties"], "architecture", attributes["os"].get("architecture"));
        arm::set(&mut body["properties"], "eula", attributes.get("eula"));
        set_updatable(&mut body, attributes);
        let step = arm::put("create image", id, GALLERIES, body, arm::record(subject.row));
        let gallery = subject.view.referred_id(&attributes["gallery"]);
        let step = arm::placed(step, attributes.get("location"), &gallery);
        let expects = Expectation::Absent { read: arm::get(id, GALLERIES) };
        vec![Draft::new("create", arm::needs(self, subject), expects, Work::Small, vec![step])]
    }

    fn update(&self, subject: &Subject<'_>, _paths: &[String]) -> Vec<Draft> {
        let attributes = &subject.desired.attributes;
        let mut body = json!({ "properties": {} });
        set_updatable(&mut body, attributes);
        let (id, row) = (&subject.row.arm_id, arm::record(subject.row));
        let step = arm::step("change image", Method::Patch, id, GALLERIES, Some(body), row);
        vec![Draft::new("update", Vec::new(), Expectation::AsRecorded, Work::Small, vec![step])]
    }

    fn delete(&self, address: &Address, row: &Row, view: &View<'_>) -> Vec<Draft> {
        let exported = view.row(&export_of(address)).and_then(|export| export.outputs.get("versions"));
        let names = exported.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let mut steps: Vec<_> = names
            .map(|name| {
                let id = row.arm_id.child("versions", name);
                arm::delete(format!("delete version {name}"), &id, GALLERIES, Recording::Nothing)
            })
            .collect();
        let lists_contents = steps.is_empty();
        let work = if lists_contents { Work::Small } else { Work::DeleteExported };
        steps.push(arm::delete("delete image", &row.arm_id, GALLERIES, Recording::Delete));
        let mut draft = Draft::new("delete", Vec::new(), Expectation::AsRecorded, work, steps);
        if lists_contents {
            let read = arm::list(&row.arm_id, "versions", GALLERIES);
            draft.contents = vec![Contents { read, noun: "versions".into() }];
        }
        vec![draft]
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
        let mut attributes = arm::observed_top(body, row)?;
        attributes.remove("resourceGroup");
        let properties = &body["properties"];
        attributes.insert(
            "os".into(),
            json!({
                "type": arm::text(body, "/properties/osType")?,
                "state": arm::text(body, "/properties/osState")?,
                "hyperV": properties.get("hyperVGeneration"),
                "architecture": properties.get("architecture"),
            }),
        );
        attributes.insert("identifier".into(), properties["identifier"].clone());
        for (name, pointer) in [
            ("description", "/description"),
            ("releaseNotes", "/releaseNoteUri"),
            ("eula", "/eula"),
            ("cores", "/recommended/vCPUs"),
            ("memoryGb", "/recommended/memory"),
        ] {
            attributes.insert(name.into(), arm::optional(properties, pointer));
        }
        attributes.insert("endOfLife".into(), super::image_version::day(&properties["endOfLifeDate"]));
        Ok(Some(Observed { attributes, failed: false }))
    }
}

/// The step that records what an export made, and sets what is written beside it.
fn taken_over(subject: &Subject<'_>) -> Step {
    let (id, record) = (&subject.row.arm_id, arm::record(subject.row));
    let made = Until::Exists { read: arm::get(id, GALLERIES) };
    let mut body = json!({ "properties": {} });
    set_updatable(&mut body, &subject.desired.attributes);
    if body == json!({ "properties": {} }) {
        return Step { until: vec![made], ..Step::recording("record what the export made", record) };
    }
    let step = arm::step("describe what the export made", Method::Patch, id, GALLERIES, Some(body), record);
    Step { ready: vec![made], ..step }
}

fn set_updatable(body: &mut Value, attributes: &Attributes) {
    arm::set(body, "tags", attributes.get("tags"));
    let properties = &mut body["properties"];
    arm::set(properties, "description", attributes.get("description"));
    arm::set(properties, "releaseNoteUri", attributes.get("releaseNotes"));
    arm::set(
        properties,
        "endOfLifeDate",
        attributes.get("endOfLife").map(super::image_version::instant).as_ref(),
    );
    for (name, to) in [("cores", "vCPUs"), ("memoryGb", "memory")] {
        if let Some(value) = attributes.get(name) {
            properties["recommended"][to] = value.clone();
        }
    }
}
