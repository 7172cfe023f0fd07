//! Labs: one class each, all VMs alike. Of lab accounts in [`v1`], of lab plans in [`v2`].
//!
//! The two generations share what a lab is to people, and neither type, path, nor body. What a lab lies in or belongs to
//! (`in`) says which it is. Image, size, account name, template-or-not and GPU drivers are fixed when a lab is made.

mod checks;
mod fits;
pub(super) mod v1;
pub(super) mod v2;

use std::collections::BTreeSet;

use serde_json::Value;

use self::checks::{
    credentials_inside, differing_credentials, idle_on_linux, nobody_can_start, not_allowed_there,
    not_copied_there, not_enabled, not_for_accounts, same_user, without_credentials, without_quota,
};
use super::arm::{self, LABS, PLANS};
use super::export::ACCOUNT_LAB;
use super::gallery::RESOURCE_GROUP;
use super::gallery_attachment::attachment_of;
use super::generation::{Generation, HOLDER};
use super::profiles::{AFTER_DISCONNECT, CONNECTION, IDLE, IDLE_MEANS, IF_NOBODY_CONNECTS, WHEN_IDLE};
use super::resource_group::TAGS;
use super::shape::{Reference, any, length, resource_id};
use super::{
    Attribute, Draft, Kind, KindInfo, Names, Need, OnChange, Problem, Shape, ShapeError, Subject, View,
    reference_id, reference_key, words,
};
use crate::catalog::Work;
use crate::model::{
    Address, ArmId, Attributes, Expectation, Finding, Observed, Read, Recording, Requirement, Resource, Row,
    Severity, top,
};

/// A lab.
pub(super) struct Lab;

const AUTO_SHUTDOWN: &[Attribute] = &[
    AFTER_DISCONNECT,
    Attribute::new(
        "disconnectWhenIdle",
        IDLE,
        "How long an idle student stays connected; `none` is for ever. Lab accounts only, Windows only.",
        "15m",
    ),
    WHEN_IDLE,
    IDLE_MEANS,
    IF_NOBODY_CONNECTS,
];

/// A gallery's image, or one of the marketplace.
const IMAGE: Shape = Shape::Reference(Reference {
    kinds: &["Image"],
    marketplace: true,
    unmanaged: &["Microsoft.Compute/galleries/images"],
});

const NETWORK: &[Attribute] = &[Attribute::new(
    "subnet",
    Shape::Text(resource_id),
    "Id of the subnet that the VMs are in.",
    "/subscriptions/…/subnets/labs",
)];

static INFO: KindInfo = KindInfo {
    name: "Lab",
    section: "labs",
    arm_type: "Microsoft.LabServices/labs",
    doc: "A lab: one class whose VMs share image, size and quota.",
    attributes: &[
        Attribute::new(
            "in",
            HOLDER,
            "The lab account it lies in, or the lab plan it is made with.",
            "LabAccount/cs-core-la",
        )
        .on_change(OnChange::Replace)
        .required(),
        Attribute { required: false, doc: "Its group; the lab plan's where it is not written. Lab plans only.", ..RESOURCE_GROUP },
        Attribute::new(
            "location",
            Shape::Region,
            "Its region, one that the lab plan allows; the lab plan's where it is not written. Lab plans only.",
            "westeurope",
        )
        .on_change(OnChange::Replace),
        Attribute::new(
            "image",
            IMAGE,
            "A gallery image by name, taken in its newest version when the lab is made, or `Marketplace/NAME`.",
            "java-dev",
        )
        .on_change(OnChange::Replace)
        .required(),
        Attribute::new("size", Shape::Size, "The VM size, by its name in the portal; of a lab plan's lab also a SKU.", "Medium")
            .on_change(OnChange::Replace)
            .required(),
        Attribute::new("capacity", Shape::Integer { min: 0, max: 400 }, "How many VMs; shrinking deletes VMs.", "30"),
        Attribute::new(
            "quota",
            Shape::Duration { off: false, min_minutes: 0, max_minutes: 9999 * 60 },
            "Hours each student may use the VM outside scheduled times.",
            "20h",
        ),
        Attribute::new("access", Shape::Choice(&["Restricted", "Open"]), "Whether only listed students may register.", "Restricted"),
        Attribute::new("credentials", Shape::Credentials, "The account on the VMs; the password is used when the lab is made.", "student"),
        Attribute::new(
            "nonAdmin",
            Shape::Credentials,
            "A second account on the VMs, without administrator's rights, for the students. Lab plans only.",
            "{ username: pupil, password: { env: PUPIL_PASSWORD } }",
        ),
        Attribute::new("sharedPassword", Shape::Bool, "Whether all VMs have the same password.", "false"),
        Attribute::new("template", Shape::Bool, "Whether it has a template VM.", "true").on_change(OnChange::Replace),
        Attribute::new("linuxRemoteDesktop", Shape::Bool, "Whether a Linux lab has a remote desktop. Lab accounts only.", "false")
            .on_change(OnChange::Replace),
        Attribute::new("gpuDrivers", Shape::Bool, "Whether GPU drivers are installed.", "false").on_change(OnChange::Replace),
        Attribute::new("title", Shape::Text(title), "What students see.", "Programming in Java"),
        Attribute::new("description", Shape::Text(any), "What students see below the title.", "CS220, spring 2027"),
        Attribute::new("autoShutdown", Shape::Object(AUTO_SHUTDOWN), "When VMs that nobody uses stop.", "{ shutDownAfterDisconnect: 15m }"),
        Attribute::new(
            "connection",
            Shape::Object(CONNECTION),
            "How the VMs are reached; what no lab and no lab plan says is closed. Lab plans only.",
            "{ clientRdp: Public }",
        ),
        Attribute::new("network", Shape::Object(NETWORK), "The network that the VMs are in. Lab plans only.", "{ subnet: /subscriptions/… }")
            .on_change(OnChange::Replace),
        TAGS,
        Attribute::new(
            "publish",
            Shape::Child("Publish"),
            "Makes the student VMs; a higher revision publishes again, which wipes them.",
            "{ revision: 1 }",
        ),
        Attribute::new("owners", Shape::Later, "Educators who own the lab.", "[ana@contoso.edu]"),
        Attribute::new(
            "schedules",
            Shape::Children("Schedule"),
            "When VMs start and stop: a timetable by name, several, or a map of events.",
            "mon-wed",
        ),
        Attribute::new("users", Shape::Later, "The students.", "{ csv: rosters/optics.csv }"),
    ],
    name_rule: Some(name_rule),
    rules: &["EXP-04", "GEO-03", "GEO-06", "IMG-03", "IMG-19", "IMG-22", "LAB-11", "LAB-20", "LAB-21", "QUO-02", "RET-01", "SHU-02"],
    holds_data: true,
    invoked: false,
};

/// Of both generations; labs of lab plans take less. The vendor's bulk tools for lab accounts accept `^[a-zA-Z0-9_, '"!|-]*$`; a period is a common part of terms too.
fn name_rule(name: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_, '\"!|-.".contains(c);
    if let Some(bad) = name.chars().find(|c| !allowed(*c)) {
        return Err(format!("holds `{bad}`, which Azure refuses in a lab's name"));
    }
    length(name, 1, 100)
}

fn title(text: &str) -> Result<(), String> {
    length(text, 1, 120)
}

impl Kind for Lab {
    fn info(&self) -> &'static KindInfo {
        &INFO
    }

    fn arm_types(&self) -> Vec<&'static str> {
        vec![ACCOUNT_LAB, INFO.arm_type]
    }

    fn settle(&self, own: &mut Resource) -> Vec<Problem> {
        fits::settle(own)
    }

    fn complete(&self, address: &Address, own: &mut Resource, view: &View<'_>) -> Vec<Problem> {
        let generation = Generation::of(&own.attributes, "in");
        let mut problems = match generation {
            Generation::Accounts => Vec::new(),
            Generation::Plans => fits::of_plan(own, view),
        };
        let image = arm::referred(&own.attributes, "image");
        if let Some(image) = &image
            && let Some(inherited) = credentials_inside(image, view, 8)
        {
            match own.attributes.get("credentials") {
                Some(written) if *written != inherited && !own.defaulted.contains_key("credentials") => {
                    problems.push(Problem::Rule(differing_credentials(address, own, image)));
                }
                _ => {
                    own.attributes.insert("credentials".into(), inherited);
                }
            }
        }
        problems.extend(not_enabled(address, own, view));
        problems.extend(nobody_can_start(address, own, view));
        match (generation, image) {
            (Generation::Accounts, Some(image)) => {
                problems.extend(idle_on_linux(address, own, &image, view));
                problems.extend(not_for_accounts(address, own, &image, view));
            }
            (Generation::Accounts, None) => {}
            (Generation::Plans, _) => problems.extend(same_user(address, own)),
        }
        problems
    }

    fn on_change(&self, attribute: &Attribute, recorded: &Attributes, desired: &Attributes) -> OnChange {
        let is_of_plan = |own: &Attributes| Generation::of(own, "in") == Generation::Plans;
        match attribute.name {
            _ if !is_of_plan(recorded) || !is_of_plan(desired) => attribute.on_change,
            // A lab names its plan, and may name another one later.
            "in" => OnChange::Update,
            "sharedPassword" => OnChange::Replace,
            _ => attribute.on_change,
        }
    }

    fn arm_id(&self, _address: &Address, attributes: &Attributes, view: &View<'_>) -> ArmId {
        let name = arm::own(attributes, "name");
        match Generation::of(attributes, "in") {
            Generation::Accounts => view.referred_id(&attributes["in"]).child("labs", name),
            Generation::Plans => view.group(attributes).resource("Microsoft.LabServices", "labs", name),
        }
    }

    fn also_depends_on(
        &self,
        _address: &Address,
        attributes: &Attributes,
        view: &View<'_>,
    ) -> BTreeSet<Address> {
        let from_gallery = attributes.get("image").and_then(reference_key).is_some();
        let holder = attributes.get("in").filter(|_| from_gallery);
        holder.and_then(|holder| attachment_of(holder, view)).into_iter().collect()
    }

    fn containers(&self, attributes: &Attributes, view: &View<'_>) -> Vec<Address> {
        match Generation::of(attributes, "in") {
            Generation::Accounts => arm::referred(attributes, "in").into_iter().collect(),
            Generation::Plans => arm::group_address(attributes, view).into_iter().collect(),
        }
    }

    fn remarks(&self, desired: &Attributes, recorded: Option<&Row>) -> Vec<String> {
        let capacity = |attributes: &Attributes| attributes.get("capacity").and_then(Value::as_i64);
        let before = recorded.and_then(|row| capacity(&row.attributes));
        let fewer = before.zip(capacity(desired)).map_or(0, |(before, after)| before - after);
        let vms = if fewer == 1 { "VM is" } else { "VMs are" };
        if fewer > 0 {
            vec![format!("{fewer} {vms} deleted, with what students left there")]
        } else {
            Vec::new()
        }
    }

    fn refusals(&self, subject: &Subject<'_>, today: &str) -> Vec<Finding> {
        let mut findings: Vec<_> = super::lab_account::retired(subject, today).into_iter().collect();
        findings.extend(without_credentials(subject));
        if Generation::of(&subject.desired.attributes, "in") == Generation::Plans {
            findings.extend(without_quota(subject));
            findings.extend(not_allowed_there(subject));
            findings.extend(not_copied_there(subject));
        }
        let image = arm::referred(&subject.desired.attributes, "image");
        if let (None, Some(image)) = (subject.recorded, image)
            && super::image::is_not_yet_exported(&image, subject.view)
        {
            findings.push(Finding {
                rule: "EXP-04".into(),
                severity: Severity::Error,
                message: format!("{image} has not been exported yet, so no lab can be made from it"),
                address: Some(subject.address.clone()),
                source: Some(subject.desired.source_of("image").clone()),
                help: Some(
                    "raise `revision` of the image's `exportedFrom` to 1, or take the lab away for now"
                        .into(),
                ),
            });
        }
        findings
    }

    fn summary(&self, attributes: &Attributes, _view: &View<'_>) -> Vec<String> {
        let (size, image) = (arm::own(attributes, "size"), words::key(attributes, "image"));
        let what = match attributes.get("capacity") {
            Some(capacity) => format!("{capacity} × {size} from {image}"),
            None => format!("{size} from {image}"),
        };
        let open = (arm::own(attributes, "access") == "Open").then(|| "access Open".to_owned());
        let place = match Generation::of(attributes, "in") {
            Generation::Accounts => format!("in {}", words::key(attributes, "in")),
            Generation::Plans => format!("with plan {}", words::key(attributes, "in")),
        };
        [Some(what), words::named(attributes, "quota"), open, Some(place)].into_iter().flatten().collect()
    }

    fn losses(&self, address: &Address, row: &Row, view: &View<'_>) -> Vec<String> {
        let seats = words::count(seats(&row.attributes), "seat");
        vec![match view.row(&Address::new("Publish", address.key())) {
            Some(_) => format!("its VMs are deleted, with what students left there: {seats}"),
            None => format!("its template VM is deleted; it is not published: {seats}"),
        }]
    }

    fn create(&self, subject: &Subject<'_>) -> Vec<Draft> {
        let (work, steps, version) = match Generation::of(&subject.desired.attributes, "in") {
            Generation::Accounts => (Work::Lab, v1::creation(subject), LABS),
            Generation::Plans => (Work::PlanLab, vec![v2::creation(subject)], PLANS),
        };
        let expects = Expectation::Absent { read: arm::get(&subject.row.arm_id, version) };
        let there = shown(subject).into_iter().collect();
        vec![Draft { there, ..Draft::new("create", needs(subject), expects, work, steps) }]
    }

    fn update(&self, subject: &Subject<'_>, paths: &[String]) -> Vec<Draft> {
        let tops: BTreeSet<&str> = paths.iter().map(|path| top(path)).collect();
        let generation = Generation::of(&subject.desired.attributes, "in");
        let steps = match generation {
            Generation::Accounts => v1::changes(subject, &tops),
            Generation::Plans => vec![v2::change(subject, &tops)],
        };
        let scales = tops.contains("capacity")
            && subject.view.row(&Address::new("Publish", subject.address.key())).is_some();
        let work = match (scales, generation) {
            (false, _) => Work::Small,
            (true, Generation::Accounts) => Work::Scale,
            (true, Generation::Plans) => Work::PlanScale,
        };
        let plan = arm::referred(&subject.desired.attributes, "in").filter(|_| tops.contains("in"));
        let needs = plan.into_iter().map(Need::Ready).collect();
        vec![Draft::new("update", needs, Expectation::AsRecorded, work, steps)]
    }

    /// Source of the sum: Lab Services, capacity limits: a lab's VMs, and its template (domain rule CAP-01).
    fn requires(&self, desired: &Attributes, recorded: Option<&Row>, view: &View<'_>) -> Vec<Requirement> {
        let before = recorded.map_or(0, |row| machines(&row.attributes));
        let added = machines(desired).saturating_sub(before);
        match Generation::of(desired, "in") {
            Generation::Accounts => v1::requirements(desired, recorded, added, view),
            Generation::Plans => v2::requirements(desired, recorded, added, view),
        }
    }

    fn delete(&self, _address: &Address, row: &Row, _view: &View<'_>) -> Vec<Draft> {
        let step = arm::delete("delete lab", &row.arm_id, version_of(row), Recording::Delete);
        vec![Draft::new("delete", Vec::new(), Expectation::AsRecorded, Work::DeleteLab, vec![step])]
    }

    fn reads(&self, _address: &Address, row: &Row) -> Vec<Read> {
        let lab = arm::get(&row.arm_id, version_of(row));
        match Generation::of_id(&row.arm_id) {
            Generation::Accounts => vec![lab, v1::template_read(&row.arm_id)],
            Generation::Plans => vec![lab],
        }
    }

    fn observe(
        &self,
        answers: &[Option<Value>],
        row: &Row,
        names: &Names<'_>,
    ) -> Result<Option<Observed>, ShapeError> {
        match Generation::of_id(&row.arm_id) {
            Generation::Accounts => v1::observed(answers, row),
            Generation::Plans => v2::observed(answers, row, names),
        }
    }
}

/// The version of the API that speaks of a recorded lab.
fn version_of(row: &Row) -> &'static str {
    match Generation::of_id(&row.arm_id) {
        Generation::Accounts => LABS,
        Generation::Plans => PLANS,
    }
}

/// The marketplace image that the files name, and has to be looked for: only where the lab is still to be made.
fn marketplace<'a>(desired: &'a Attributes, recorded: Option<&Row>) -> Option<&'a str> {
    let image = desired.get("image").and_then(Value::as_str).filter(|_| recorded.is_none());
    image.and_then(|image| image.strip_prefix("Marketplace/"))
}

/// How many VMs a lab with these attributes has at most.
pub(super) fn seats(attributes: &Attributes) -> usize {
    let capacity = attributes.get("capacity").and_then(Value::as_u64).unwrap_or(0);
    usize::try_from(capacity).unwrap_or(usize::MAX)
}

/// How many machines it has at most, its template among them.
fn machines(attributes: &Attributes) -> u64 {
    let template = attributes.get("template") != Some(&Value::Bool(false));
    u64::try_from(seats(attributes)).unwrap_or(u64::MAX).saturating_add(u64::from(template))
}

fn needs(subject: &Subject<'_>) -> Vec<Need> {
    let attributes = &subject.desired.attributes;
    let mut needs = arm::needs(&Lab, subject);
    let image = attributes.get("image").filter(|image| reference_key(image).is_some());
    if let (Some(_), Some(attachment)) = (image, attachment_of(&attributes["in"], subject.view)) {
        needs.push(Need::Part(attachment.clone(), "attach".into()));
        // An image that is not managed is switched on together with all others.
        let switch = match arm::referred(attributes, "image") {
            Some(image) => format!("enable/{}", image.key()),
            None => "enable-others".to_owned(),
        };
        needs.push(Need::Part(attachment, switch));
    }
    needs
}

/// Where the lab account or the lab plan shows an image that is not managed, if nothing that is managed brings it there:
/// then nothing is waited for.
fn shown(subject: &Subject<'_>) -> Option<Read> {
    let attributes = &subject.desired.attributes;
    let definition = reference_id(attributes.get("image")?)?;
    let is_ours = attachment_of(&attributes["in"], subject.view).is_some();
    let holder = subject.view.referred_id(&attributes["in"]);
    (!is_ours).then(|| match Generation::of(attributes, "in") {
        Generation::Accounts => arm::get(&v1::image_of(&holder, &definition), LABS),
        Generation::Plans => arm::get(&v2::image(&holder, &definition), PLANS),
    })
}
