//! Gallery attachments: a gallery bound to a lab account ([`account`]) or a lab plan ([`plan`]), and which of its images
//! are switched on.
//!
//! One gallery for each; an image shows some time after the attach or after its first version. Marketplace images are never
//! touched.

mod account;
mod plan;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::arm;
use super::gallery::GALLERY;
use super::generation::{Generation, HOLDER};
use super::image::is_not_yet_exported;
use super::resource_group::name_rule;
use super::{
    Attribute, Draft, Kind, KindInfo, Names, Need, OnChange, Problem, Shape, ShapeError, Subject, View,
    reference_key, words,
};
use crate::catalog::Work;
use crate::model::{
    Address, ArmId, Attributes, Expectation, Finding, Observed, Read, Recording, Requirement, Resource, Row,
    Severity, Step, SweepWanted,
};

/// The attachment of a gallery.
pub(super) struct GalleryAttachment;

static INFO: KindInfo = KindInfo {
    name: "GalleryAttachment",
    section: "galleryAttachments",
    arm_type: "Microsoft.LabServices/labaccounts/sharedgalleries",
    doc: "Attaches a gallery to a lab account or a lab plan and says which of its images lab creators see.",
    attributes: &[
        Attribute::new("to", HOLDER, "The lab account or the lab plan.", "LabAccount/cs-core-la")
            .on_change(OnChange::Replace)
            .required(),
        Attribute::new("gallery", GALLERY, "The gallery.", "sig_cs_prod")
            .on_change(OnChange::Replace)
            .required(),
        Attribute::new(
            "name",
            Shape::Text(name_rule),
            "Its name in Azure; the gallery's where it is not written. Lab accounts only.",
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
    rules: &["GAL-01", "GAL-05", "GEO-03", "GEO-04", "IMG-19"],
    holds_data: false,
    invoked: false,
};

/// The attachment of the account or the plan that a reference names, desired or recorded.
pub(super) fn attachment_of(holder: &Value, view: &View<'_>) -> Option<Address> {
    view.attachments_of(holder).next().cloned()
}

/// The id of the attachment of a lab plan.
pub(super) fn id_on_plan(plan: &ArmId) -> ArmId {
    plan::id(plan)
}

/// Where the versions of an image are copied to, as the files say; `None` where they say nothing of it.
pub(super) fn copied_to(image: &Address, view: &View<'_>) -> Option<Vec<String>> {
    plan::copied_to(image, view)
}

/// What the service shows of an attachment.
struct Seen {
    /// What it is attached to.
    to: ArmId,
    /// The attachment's own name, where it has one.
    name: Option<String>,
    gallery: ArmId,
    /// The gallery's images by their definitions, and whether they are on; `None` where nobody asked.
    images: Option<Vec<(ArmId, bool)>>,
}

/// Which images an attachment switches on.
pub(super) enum Enabled<'a> {
    /// Exactly these.
    Exactly(List<'a>),
    /// These, and others as they are.
    Including(List<'a>),
    /// Every image of the gallery.
    All,
    /// Not managed.
    Unmanaged,
}

/// The images that an attachment lists, as its attributes have them: every lab asks for its own.
#[derive(Clone, Copy)]
pub(super) struct List<'a>(&'a [Value]);

impl List<'_> {
    pub(super) fn contains(self, image: &Address) -> bool {
        self.0.iter().any(|listed| listed.as_str() == Some(image.as_str()))
    }

    fn images(self) -> BTreeSet<Address> {
        let texts = self.0.iter().filter_map(Value::as_str);
        texts.filter_map(|text| text.parse().ok()).collect()
    }
}

impl<'a> Enabled<'a> {
    pub(super) fn of(attributes: &'a Attributes) -> Self {
        let list = |value: &'a Value| List(value.as_array().map_or(&[][..], Vec::as_slice));
        match attributes.get("enabledImages") {
            None => Self::Unmanaged,
            Some(Value::String(_)) => Self::All,
            Some(Value::Object(map)) => Self::Including(list(&map["including"])),
            Some(value) => Self::Exactly(list(value)),
        }
    }

    fn listed(&self, gallery: &Value, view: &View<'_>) -> BTreeSet<Address> {
        match self {
            Self::Exactly(list) | Self::Including(list) => list.images(),
            Self::All => {
                let gallery = reference_key(gallery);
                let ours = |image: &&Address| {
                    let own = view.desired.get(*image).map(|own| &own.attributes);
                    gallery_key(own) == gallery
                };
                view.of_kind("Image").filter(ours).cloned().collect()
            }
            Self::Unmanaged => BTreeSet::new(),
        }
    }
}

/// The gallery of an image or an attachment with these attributes, in the spelling by which two are compared.
fn gallery_key(attributes: Option<&Attributes>) -> Option<String> {
    reference_key(attributes?.get("gallery")?)
}

impl Kind for GalleryAttachment {
    fn info(&self) -> &'static KindInfo {
        &INFO
    }

    fn complete(&self, address: &Address, own: &mut Resource, view: &View<'_>) -> Vec<Problem> {
        let mut problems = Vec::new();
        let generation = Generation::of(&own.attributes, "to");
        let (holder, gallery) = (&own.attributes["to"], own.attributes["gallery"].clone());
        let mut others = view.attachments_of(holder);
        let other = others.find(|other| *other < address && view.desired.contains_key(*other));
        if let Some(other) = other {
            let (noun, holder) = (generation.noun(), words::thing(holder));
            problems.push(Problem::Rule(Finding {
                rule: "GAL-01".into(),
                severity: Severity::Error,
                message: format!("{holder} has a gallery attached already, by {other}"),
                address: Some(address.clone()),
                source: Some(own.source_of("to").clone()),
                help: Some(format!(
                    "a {noun} takes one gallery: put the images into one, or use another {noun}"
                )),
            }));
        }
        if generation == Generation::Plans {
            problems.extend(plan::problems(address, own, view));
        }
        for image in Enabled::of(&own.attributes).listed(&gallery, view) {
            let theirs = view.attributes(&image).and_then(|image| image.get("gallery"));
            if let Some(theirs) = theirs.filter(|theirs| reference_key(theirs) != reference_key(&gallery)) {
                let (here, there) = (words::thing(&gallery), words::thing(theirs));
                problems.push(Problem::Rule(Finding {
                    rule: "IMG-19".into(),
                    severity: Severity::Error,
                    message: format!("{image} is not in {here}, so it cannot be enabled here"),
                    address: Some(address.clone()),
                    source: Some(own.source_of("enabledImages").clone()),
                    help: Some(format!("{image} lies in {there}")),
                }));
            }
        }
        problems
    }

    fn arm_id(&self, _address: &Address, attributes: &Attributes, view: &View<'_>) -> ArmId {
        let holder = view.referred_id(&attributes["to"]);
        if Generation::of(attributes, "to") == Generation::Plans {
            return plan::id(&holder);
        }
        let gallery = view.referred_id(&attributes["gallery"]);
        let name = attributes.get("name").and_then(Value::as_str).unwrap_or(gallery.name());
        holder.child("sharedgalleries", name)
    }

    fn enables(&self, attributes: &Attributes, view: &View<'_>) -> BTreeSet<Address> {
        let mut images = Enabled::of(attributes).listed(&attributes["gallery"], view);
        images.retain(|image| !is_not_yet_exported(image, view));
        images
    }

    fn keeps_off(&self, attributes: &Attributes, image: &Address, view: &View<'_>) -> bool {
        // A lab plan shows what comes into its gallery switched off.
        if Generation::of(attributes, "to") == Generation::Plans {
            return false;
        }
        matches!(Enabled::of(attributes), Enabled::Exactly(listed) if !listed.contains(image))
            && gallery_key(view.attributes(image)) == gallery_key(Some(attributes))
    }

    /// `all` names no image, and still shows each of the gallery's: they outlive the attachment.
    fn also_depends_on(&self, _own: &Address, attributes: &Attributes, view: &View<'_>) -> BTreeSet<Address> {
        match (Enabled::of(attributes), attributes.get("gallery")) {
            (Enabled::All, Some(gallery)) => Enabled::All.listed(gallery, view),
            _ => BTreeSet::new(),
        }
    }

    fn containers(&self, attributes: &Attributes, _view: &View<'_>) -> Vec<Address> {
        [arm::referred(attributes, "to"), arm::referred(attributes, "gallery")]
            .into_iter()
            .flatten()
            .collect()
    }

    fn requires(&self, desired: &Attributes, recorded: Option<&Row>, view: &View<'_>) -> Vec<Requirement> {
        let what = match Generation::of(desired, "to") {
            // Before it is attached there is nothing to be missed.
            Generation::Accounts => recorded.map(|_| account::ROLE),
            Generation::Plans => Some(plan::ROLE),
        };
        let on = || view.referred_id(&desired["gallery"]);
        what.map(|what| Requirement { on: on(), what }).into_iter().collect()
    }

    fn refusals(&self, subject: &Subject<'_>, _today: &str) -> Vec<Finding> {
        let is_of_plan = Generation::of(&subject.desired.attributes, "to") == Generation::Plans;
        is_of_plan.then(|| plan::without_owner(subject)).flatten().into_iter().collect()
    }

    fn summary(&self, attributes: &Attributes, _view: &View<'_>) -> Vec<String> {
        let keys = |list: List<'_>| list.images().iter().map(Address::key).collect::<Vec<_>>().join(", ");
        let on = |list| format!("switches on {}", keys(list));
        let switches = match Enabled::of(attributes) {
            Enabled::Exactly(List([])) => vec!["every image off".to_owned()],
            Enabled::Exactly(list) => vec![on(list), "every other image off".into()],
            Enabled::Including(list) => vec![on(list), "leaves the others as they are".into()],
            Enabled::All => vec!["every image on".into()],
            Enabled::Unmanaged => Vec::new(),
        };
        let (gallery, holder) = (words::key(attributes, "gallery"), words::key(attributes, "to"));
        std::iter::once(format!("{gallery} on {holder}")).chain(switches).collect()
    }

    fn create(&self, subject: &Subject<'_>) -> Vec<Draft> {
        let attributes = &subject.desired.attributes;
        let gallery = subject.view.referred_id(&attributes["gallery"]);
        let record = arm::record(&with_none_enabled(subject.row));
        let (attach, expects) = match Generation::of(attributes, "to") {
            Generation::Accounts => account::attach(subject, &gallery, record),
            Generation::Plans => plan::attach(&subject.row.arm_id, &gallery, record),
        };
        let holders = [arm::referred(attributes, "to"), arm::referred(attributes, "gallery")];
        let mut needs: Vec<_> = holders.iter().flatten().cloned().map(Need::Ready).collect();
        // One gallery at a time: what is attached now is detached first.
        let others = subject.view.attachments_of(&attributes["to"]);
        needs.extend(others.map(|other| Need::Part(other.clone(), "delete".into())));
        let mut drafts = vec![Draft::new("attach", needs, expects, Work::Small, vec![attach])];
        let images = listed(subject);
        drafts.extend(switches(subject, &images));
        drafts
    }

    fn update(&self, subject: &Subject<'_>, _paths: &[String]) -> Vec<Draft> {
        let before = subject.recorded.map_or(Enabled::Unmanaged, |row| Enabled::of(&row.attributes));
        let known = match before {
            Enabled::Exactly(list) | Enabled::Including(list) => list.images(),
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
        let step = match Generation::of_id(&row.arm_id) {
            Generation::Accounts => account::detach(row),
            Generation::Plans => plan::detach(row),
        };
        vec![Draft::new("delete", Vec::new(), Expectation::AsRecorded, Work::Small, vec![step])]
    }

    fn reads(&self, _address: &Address, row: &Row) -> Vec<Read> {
        let [own, images] = match Generation::of_id(&row.arm_id) {
            Generation::Accounts => account::reads(row),
            Generation::Plans => plan::reads(row),
        };
        let images = row.attributes.contains_key("enabledImages").then_some(images);
        std::iter::once(own).chain(images).collect()
    }

    fn observe(
        &self,
        answers: &[Option<Value>],
        row: &Row,
        names: &Names<'_>,
    ) -> Result<Option<Observed>, ShapeError> {
        let [Some(body), rest @ ..] = answers else { return Ok(None) };
        let images = rest.first().and_then(Option::as_ref);
        let seen = match Generation::of_id(&row.arm_id) {
            Generation::Accounts => account::seen(body, images, row)?,
            Generation::Plans => plan::seen(body, images, row)?,
        };
        Ok(seen.map(|seen| Observed { attributes: in_words(&seen, row, names), failed: false }))
    }
}

/// What is seen of an attachment in the language's words.
fn in_words(seen: &Seen, row: &Row, names: &Names<'_>) -> Attributes {
    let mut attributes = Attributes::new();
    for (name, id) in [("to", &seen.to), ("gallery", &seen.gallery)] {
        attributes.insert(name.into(), names.reference_as(id, row.attributes.get(name)));
    }
    attributes.extend(seen.name.as_ref().map(|name| ("name".to_owned(), json!(name))));
    if let Some(images) = &seen.images {
        let on = images.iter().filter(|(_, is_on)| *is_on);
        let mut on: Vec<_> = on.map(|(image, _)| names.reference(image)).collect();
        on.sort_by_key(ToString::to_string);
        let value = match Enabled::of(&row.attributes) {
            Enabled::Including(List(wanted)) => {
                on.retain(|image| wanted.contains(image));
                json!({ "including": on })
            }
            Enabled::All if images.iter().all(|(_, is_on)| *is_on) => json!("all"),
            _ => json!(on),
        };
        attributes.insert("enabledImages".into(), value);
    }
    attributes
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
    let id = &subject.row.arm_id;
    let step = match Generation::of_id(id) {
        Generation::Accounts => account::enable(id, definition.name(), record),
        Generation::Plans => plan::enable(id, definition.name(), record),
    };
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
    let id = &subject.row.arm_id;
    let sweep = |wanted| match Generation::of_id(id) {
        Generation::Accounts => account::sweep(id, wanted, names(&mut unlisted(subject))),
        Generation::Plans => {
            plan::sweep(id, &subject.view.referred_id(&subject.desired.attributes["gallery"]), wanted)
        }
    };
    match Enabled::of(&subject.desired.attributes) {
        Enabled::Exactly(list) => {
            let mut step = Step::recording("switch the other images off", record);
            step.sweep = Some(sweep(SweepWanted::Exactly(names(&mut list.images().iter()))));
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
