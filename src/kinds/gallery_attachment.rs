//! Gallery attachments: a gallery bound to a lab account, and which of its images are switched on.
//!
//! Source: Microsoft's module for classroom labs (2019-01-01-preview): `sharedgalleries` holds the
//! attachment under the gallery's own name (ARM takes any), `sharedimages` beside it the projections with their switch.
//! One gallery for each account; on attach every image is on; a projection shows some time after the
//! attach or after the image's first version. Marketplace images are never touched.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::arm::{self, LABS};
use super::image::is_not_yet_exported;
use super::resource_group::name_rule;
use super::shape::managed;
use super::{
    Attribute, Draft, Kind, KindInfo, Names, Need, OnChange, Problem, Shape, ShapeError, Subject, View, words,
};
use crate::catalog::Work;
use crate::model::{
    Address, ArmId, Attributes, Expectation, Finding, Observed, Read, Recording, Required, Requirement,
    Resource, Row, Severity, Step, Sweep, SweepWanted, Until,
};

/// The attachment of a gallery.
pub(super) struct GalleryAttachment;

static INFO: KindInfo = KindInfo {
    name: "GalleryAttachment",
    section: "galleryAttachments",
    arm_type: "Microsoft.LabServices/labaccounts/sharedgalleries",
    doc: "Attaches a gallery to a lab account and says which of its images lab creators see.",
    attributes: &[
        Attribute::new(
            "to",
            managed(&["LabAccount", "LabPlan"]),
            "The lab account.",
            "LabAccount/cs-core-la",
        )
        .on_change(OnChange::Replace)
        .required(),
        Attribute::new("gallery", managed(&["Gallery"]), "The gallery.", "sig_cs_prod")
            .on_change(OnChange::Replace)
            .required(),
        Attribute::new(
            "name",
            Shape::Text(name_rule),
            "Its name in Azure; the gallery's where it is not written.",
            "sig",
        )
        .on_change(OnChange::Replace),
        Attribute::new(
            "enabledImages",
            Shape::EnabledImages,
            "The images that lab creators see: exactly these; `{ including: [...] }` leaves others alone; or `all`.",
            "[cs-base-ubuntu, java-dev]",
        ),
    ],
    name_rule: None,
    rules: &["GAL-01", "IMG-19"],
    holds_data: false,
    invoked: false,
};

/// The attachment of the account, desired or recorded.
pub(super) fn attachment_of(account: &Address, view: &View<'_>) -> Option<Address> {
    view.attachments_of(account).next().cloned()
}

/// Which images an attachment switches on.
pub(super) enum Enabled {
    /// Exactly these.
    Exactly(BTreeSet<Address>),
    /// These, and others as they are.
    Including(BTreeSet<Address>),
    /// Every image of the gallery.
    All,
    /// Not managed.
    Unmanaged,
}

impl Enabled {
    pub(super) fn of(attributes: &Attributes) -> Self {
        let set = |value: &Value| {
            let texts = value.as_array().into_iter().flatten().filter_map(Value::as_str);
            texts.filter_map(|text| text.parse().ok()).collect()
        };
        match attributes.get("enabledImages") {
            None => Self::Unmanaged,
            Some(Value::String(_)) => Self::All,
            Some(Value::Object(map)) => Self::Including(set(&map["including"])),
            Some(list) => Self::Exactly(set(list)),
        }
    }

    fn listed(&self, gallery: &Address, view: &View<'_>) -> BTreeSet<Address> {
        match self {
            Self::Exactly(images) | Self::Including(images) => images.clone(),
            Self::All => {
                let ours = |image: &&Address| {
                    view.desired
                        .get(*image)
                        .and_then(|own| arm::referred(&own.attributes, "gallery"))
                        .as_ref()
                        == Some(gallery)
                };
                view.of_kind("Image").filter(ours).cloned().collect()
            }
            Self::Unmanaged => BTreeSet::new(),
        }
    }
}

impl Kind for GalleryAttachment {
    fn info(&self) -> &'static KindInfo {
        &INFO
    }

    fn complete(&self, address: &Address, own: &mut Resource, view: &View<'_>) -> Vec<Problem> {
        let mut problems = Vec::new();
        let account = arm::referred(&own.attributes, "to");
        let gallery = arm::referred(&own.attributes, "gallery");
        let mut others = account.iter().flat_map(|account| view.attachments_of(account));
        let other = others.find(|other| *other < address && view.desired.contains_key(*other));
        if let (Some(other), Some(account)) = (other, &account) {
            problems.push(Problem::Rule(Finding {
                rule: "GAL-01".into(),
                severity: Severity::Error,
                message: format!("{account} has a gallery attached already, by {other}"),
                address: Some(address.clone()),
                source: Some(own.source_of("to").clone()),
                help: Some(
                    "a lab account takes one gallery: put the images into one, or use another account".into(),
                ),
            }));
        }
        if let Some(gallery) = gallery {
            for image in Enabled::of(&own.attributes).listed(&gallery, view) {
                let theirs = view.attributes(&image).and_then(|image| arm::referred(image, "gallery"));
                if theirs.is_some() && theirs.as_ref() != Some(&gallery) {
                    problems.push(Problem::Rule(Finding {
                        rule: "IMG-19".into(),
                        severity: Severity::Error,
                        message: format!("{image} is not in {gallery}, so it cannot be enabled here"),
                        address: Some(address.clone()),
                        source: Some(own.source_of("enabledImages").clone()),
                        help: theirs.map(|theirs| format!("{image} lies in {theirs}")),
                    }));
                }
            }
        }
        problems
    }

    fn arm_id(&self, _address: &Address, attributes: &Attributes, view: &View<'_>) -> ArmId {
        let gallery = view.referred_id(&attributes["gallery"]);
        let name = attributes.get("name").and_then(Value::as_str).unwrap_or(gallery.name());
        view.referred_id(&attributes["to"]).child("sharedgalleries", name)
    }

    fn enables(&self, attributes: &Attributes, view: &View<'_>) -> BTreeSet<Address> {
        let Some(gallery) = arm::referred(attributes, "gallery") else { return BTreeSet::new() };
        let mut images = Enabled::of(attributes).listed(&gallery, view);
        images.retain(|image| !is_not_yet_exported(image, view));
        images
    }

    fn keeps_off(&self, attributes: &Attributes, image: &Address, view: &View<'_>) -> bool {
        let gallery_of = |own: &Attributes| arm::referred(own, "gallery");
        matches!(Enabled::of(attributes), Enabled::Exactly(listed) if !listed.contains(image))
            && view.attributes(image).and_then(gallery_of) == gallery_of(attributes)
    }

    /// `all` names no image, and still shows each of the gallery's: they outlive the attachment.
    fn also_depends_on(&self, _own: &Address, attributes: &Attributes, view: &View<'_>) -> BTreeSet<Address> {
        match (Enabled::of(attributes), arm::referred(attributes, "gallery")) {
            (Enabled::All, Some(gallery)) => Enabled::All.listed(&gallery, view),
            _ => BTreeSet::new(),
        }
    }

    fn containers(&self, attributes: &Attributes, _view: &View<'_>) -> Vec<Address> {
        [arm::referred(attributes, "to"), arm::referred(attributes, "gallery")]
            .into_iter()
            .flatten()
            .collect()
    }

    /// The service reads images and their versions. Source: Lab Services, attach a shared image gallery: the service's
    /// own identity gets Contributor on the gallery as it is attached (domain rule GAL-05).
    fn requires(&self, desired: &Attributes, recorded: Option<&Row>, view: &View<'_>) -> Vec<Requirement> {
        // Before it is attached there is nothing to be missed.
        let what = Required::Role {
            application: "1a14be2a-e903-4cec-99cf-b2e209259a0f",
            called: "Azure Lab Services",
            role: "Contributor",
        };
        let role = recorded.map(|_| Requirement { on: view.referred_id(&desired["gallery"]), what });
        role.into_iter().collect()
    }

    fn summary(&self, attributes: &Attributes, _view: &View<'_>) -> Vec<String> {
        let keys = |images: BTreeSet<Address>| images.iter().map(Address::key).collect::<Vec<_>>().join(", ");
        let on = |images| format!("switches on {}", keys(images));
        let switches = match Enabled::of(attributes) {
            Enabled::Exactly(images) if images.is_empty() => vec!["every image off".to_owned()],
            Enabled::Exactly(images) => vec![on(images), "every other image off".into()],
            Enabled::Including(images) => vec![on(images), "leaves the others as they are".into()],
            Enabled::All => vec!["every image on".into()],
            Enabled::Unmanaged => Vec::new(),
        };
        let (gallery, account) = (words::key(attributes, "gallery"), words::key(attributes, "to"));
        std::iter::once(format!("{gallery} on {account}")).chain(switches).collect()
    }

    fn create(&self, subject: &Subject<'_>) -> Vec<Draft> {
        let attributes = &subject.desired.attributes;
        let id = &subject.row.arm_id;
        let gallery = subject.view.referred_id(&attributes["gallery"]);
        let body = json!({ "properties": { "galleryId": gallery.as_str() } });
        let mut attach = arm::put("attach", id, LABS, body, arm::record(&with_none_enabled(subject.row)));
        attach.until = vec![Until::Provisioned { read: arm::get(id, LABS) }];
        let holders = [arm::referred(attributes, "to"), arm::referred(attributes, "gallery")];
        let mut needs: Vec<_> = holders.iter().flatten().cloned().map(Need::Ready).collect();
        // One gallery at a time: what is attached now is detached first.
        let others = holders[0].iter().flat_map(|account| subject.view.attachments_of(account));
        needs.extend(others.map(|other| Need::Part(other.clone(), "delete".into())));
        let expects = Expectation::Absent { read: arm::get(id, LABS) };
        let mut drafts = vec![Draft::new("attach", needs, expects, Work::Small, vec![attach])];
        let images = listed(subject);
        drafts.extend(switches(subject, &images));
        drafts
    }

    fn update(&self, subject: &Subject<'_>, _paths: &[String]) -> Vec<Draft> {
        let before = subject.recorded.map_or(Enabled::Unmanaged, |row| Enabled::of(&row.attributes));
        let known = match before {
            Enabled::Exactly(images) | Enabled::Including(images) => images,
            // Whatever was there is on already; only images that this plan makes anew are switched.
            Enabled::All => listed(subject),
            Enabled::Unmanaged => BTreeSet::new(),
        };
        let images = listed(subject);
        let anew = images.iter().filter(|&image| !known.contains(image) || subject.anew.contains(image));
        let images: BTreeSet<_> = anew.cloned().collect();
        switches(subject, &images)
    }

    fn delete(&self, _address: &Address, row: &Row, _view: &View<'_>) -> Vec<Draft> {
        let step = arm::delete("detach", &row.arm_id, LABS, Recording::Delete);
        vec![Draft::new("delete", Vec::new(), Expectation::AsRecorded, Work::Small, vec![step])]
    }

    fn reads(&self, _address: &Address, row: &Row) -> Vec<Read> {
        let mut reads = vec![arm::get(&row.arm_id, LABS)];
        if row.attributes.contains_key("enabledImages") {
            reads.push(arm::list(&account_id(&row.arm_id), "sharedimages", LABS));
        }
        reads
    }

    fn observe(
        &self,
        answers: &[Option<Value>],
        row: &Row,
        names: &Names<'_>,
    ) -> Result<Option<Observed>, ShapeError> {
        let [Some(body), rest @ ..] = answers else { return Ok(None) };
        let gallery = ArmId::new(arm::text(body, "/properties/galleryId")?);
        let mut attributes = Attributes::new();
        attributes.insert("to".into(), names.reference(&account_id(&row.arm_id)));
        attributes.insert("gallery".into(), names.reference(&gallery));
        attributes.insert("name".into(), json!(row.arm_id.name()));
        if let [Some(images)] = rest {
            let items: Vec<_> = images.as_array().into_iter().flatten().collect();
            let reference = |item: &&Value| {
                let name = item["properties"]["definitionName"]
                    .as_str()
                    .or(item["name"].as_str())
                    .unwrap_or_default();
                names.reference(&gallery.child("images", name))
            };
            let mut on: Vec<_> =
                items.iter().copied().filter(|item| is_on(item)).map(|item| reference(&item)).collect();
            on.sort_by_key(ToString::to_string);
            let all_on = items.iter().all(|item| is_on(item));
            let seen = match Enabled::of(&row.attributes) {
                Enabled::Including(wanted) => {
                    on.retain(|image| image.as_str().is_some_and(|image| wanted.contains(image)));
                    json!({ "including": on })
                }
                Enabled::All if all_on => json!("all"),
                _ => json!(on),
            };
            attributes.insert("enabledImages".into(), seen);
        }
        Ok(Some(Observed { attributes, failed: false }))
    }
}

/// Whether a projection is on. The wire's letter case is not certain, and an older form was a boolean.
fn is_on(item: &Value) -> bool {
    let properties = &item["properties"];
    let state = properties.get("enableState").or_else(|| properties.get("EnableState"));
    match state.and_then(Value::as_str) {
        Some(state) => state.eq_ignore_ascii_case("Enabled"),
        None => properties["isEnabled"].as_bool().unwrap_or(false),
    }
}

/// The account's id of an attachment's.
fn account_id(attachment: &ArmId) -> ArmId {
    let text = attachment.as_str();
    let cut = text.rmatch_indices('/').nth(1).map_or(text.len(), |(at, _)| at);
    ArmId::new(&text[..cut])
}

/// The images that the subject switches on: those that exist or will.
fn listed(subject: &Subject<'_>) -> BTreeSet<Address> {
    GalleryAttachment.enables(&subject.desired.attributes, subject.view)
}

/// The row of an attachment before its last switch: it says what is on, and nothing of the others, so
/// that it differs from what is asked for until the others are switched too.
fn with_none_enabled(row: &Row) -> Row {
    let mut row = row.clone();
    row.depends_on.retain(|address| address.kind() != "Image");
    if let Some(value) = row.attributes.get_mut("enabledImages") {
        *value = json!({ "including": [] });
    }
    row
}

/// One action for each image to switch on, and a last one for the others.
fn switches(subject: &Subject<'_>, images: &BTreeSet<Address>) -> Vec<Draft> {
    let mut drafts: Vec<_> = images.iter().map(|image| switch_on(subject, image)).collect();
    let own = subject.address;
    let needs: Vec<_> = [Need::Part(own.clone(), "attach".into())]
        .into_iter()
        .chain(drafts.iter().map(|draft| Need::Part(own.clone(), draft.part.clone())))
        .chain(unlisted(subject).cloned().map(Need::Ready))
        .collect();
    if let Some((part, step)) = last_switch(subject) {
        drafts.push(Draft::new(part, needs, Expectation::Anything, Work::Small, vec![step]));
    }
    drafts
}

fn switch_on(subject: &Subject<'_>, image: &Address) -> Draft {
    let definition = subject.view.arm_id(image).expect("an enabled image is a known one");
    let projection = account_id(&subject.row.arm_id).child("sharedimages", definition.name());
    let include = |path: &str| Recording::Include {
        path: path.into(),
        item: json!(image.as_str()),
        depends_on: vec![image.clone()],
    };
    // A list that is recorded says that the others are off already. The word `all`, and the first
    // management of what is attached already, are recorded once, by the last action.
    let recorded = subject.recorded.map(|row| row.attributes.get("enabledImages"));
    let record = match (Enabled::of(&subject.desired.attributes), recorded) {
        (Enabled::All, _) | (_, Some(None | Some(Value::String(_)))) => Recording::Nothing,
        (_, Some(Some(Value::Array(_)))) => include("enabledImages"),
        _ => include("enabledImages.including"),
    };
    let body = json!({ "properties": { "enableState": "Enabled" } });
    let mut step = arm::merge("enable", &projection, LABS, body, record);
    step.ready = vec![Until::Exists { read: arm::get(&projection, LABS) }];
    let needs = vec![Need::Part(subject.address.clone(), "attach".into()), Need::Ready(image.clone())];
    let part = format!("enable/{}", image.key());
    Draft::new(part, needs, Expectation::Anything, Work::Small, vec![step])
}

/// The images that this plan brings into the gallery, and that are to be off: Azure shows each as switched
/// on. Source of that: the documentation says so of what is there when a gallery is attached; of later
/// images it says nothing.
fn unlisted<'a>(subject: &Subject<'a>) -> impl Iterator<Item = &'a Address> {
    let (view, attributes) = (subject.view, &subject.desired.attributes);
    subject.anew.iter().filter(move |image| GalleryAttachment.keeps_off(attributes, image, view))
}

fn last_switch(subject: &Subject<'_>) -> Option<(&'static str, Step)> {
    let record = arm::record(subject.row);
    let names = |images: &mut dyn Iterator<Item = &Address>| -> Vec<String> {
        images.filter_map(|image| Some(subject.view.arm_id(image)?.name().to_owned())).collect()
    };
    let sweep = |wanted| Sweep {
        read: arm::list(&account_id(&subject.row.arm_id), "sharedimages", LABS),
        switch: vec!["/properties/enableState".into(), "/properties/EnableState".into()],
        on_off: (json!("Enabled"), json!("Disabled")),
        wanted,
        awaits: names(&mut unlisted(subject)),
    };
    match Enabled::of(&subject.desired.attributes) {
        Enabled::Exactly(images) => {
            let mut step = Step::recording("switch the other images off", record);
            step.sweep = Some(sweep(SweepWanted::Exactly(names(&mut images.iter()))));
            Some(("disable-others", step))
        }
        Enabled::All => {
            let mut step = Step::recording("switch the other images on", record);
            step.sweep = Some(sweep(SweepWanted::All));
            Some(("enable-others", step))
        }
        // Nothing is switched off; what is not listed any more is not managed any more.
        Enabled::Including(_) | Enabled::Unmanaged => {
            subject.recorded.is_some().then(|| ("record", Step::recording("record", record)))
        }
    }
}
