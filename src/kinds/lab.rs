//! Labs of lab accounts: one class, all VMs alike.
//!
//! ARM type `Microsoft.LabServices/labaccounts/labs`. Source: Microsoft's module for classroom labs
//! (2019-01-01-preview): POST createLab, then GET lab and template until both are provisioned;
//! changes by GET and PUT of the whole; title and description stand on the template.
//! Image, size, account name, template-or-not and GPU drivers are fixed when the lab is made.

mod checks;
pub(super) mod wire;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use self::checks::{
    credentials_inside, differing_credentials, idle_on_linux, not_enabled, without_credentials,
};
use self::wire::{
    AT_CREATION, ON_TEMPLATE, create_lab, lab_properties, settled_template, template_read, template_step,
};
use super::arm::{self, LABS};
use super::gallery_attachment::attachment_of;
use super::shape::{Reference, any, length, managed};
use super::{
    Attribute, Draft, Kind, KindInfo, Names, Need, OnChange, Problem, Shape, ShapeError, Subject, View, words,
};
use crate::catalog::{Work, size};
use crate::model::{
    Address, ArmId, Attributes, Expectation, Finding, Observed, Read, Recording, Required, Requirement,
    Resource, Row, Severity, Step,
};

/// A lab.
pub(super) struct Lab;

const IDLE: Shape = Shape::Duration { off: true, min_minutes: 1, max_minutes: 59 };

const AUTO_SHUTDOWN: &[Attribute] = &[
    Attribute::new(
        "shutDownAfterDisconnect",
        IDLE,
        "How long after a student disconnects the VM shuts down; `none` is never.",
        "15m",
    ),
    Attribute::new(
        "disconnectWhenIdle",
        IDLE,
        "How long an idle student stays connected; `none` is for ever. Windows only.",
        "15m",
    ),
    Attribute::new(
        "shutDownIfNobodyConnects",
        IDLE,
        "How long a started VM waits for its student; `none` is for ever.",
        "15m",
    ),
];

static INFO: KindInfo = KindInfo {
    name: "Lab",
    section: "labs",
    arm_type: "Microsoft.LabServices/labaccounts/labs",
    doc: "A lab: one class whose VMs share image, size and quota.",
    attributes: &[
        Attribute::new("in", managed(&["LabAccount", "LabPlan"]), "The lab account it lies in.", "LabAccount/cs-core-la")
            .on_change(OnChange::Replace)
            .required(),
        Attribute::new(
            "image",
            Shape::Reference(Reference { kinds: &["Image"], marketplace: true, unmanaged: false }),
            "A gallery image by name, taken in its newest version when the lab is made, or `Marketplace/NAME`.",
            "java-dev",
        )
        .on_change(OnChange::Replace)
        .required(),
        Attribute::new("size", Shape::Size, "The VM size, by its name in the portal.", "Medium")
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
        Attribute::new("sharedPassword", Shape::Bool, "Whether all VMs have the same password.", "false"),
        Attribute::new("template", Shape::Bool, "Whether it has a template VM.", "true").on_change(OnChange::Replace),
        Attribute::new("linuxRemoteDesktop", Shape::Bool, "Whether a Linux lab has a remote desktop.", "false")
            .on_change(OnChange::Replace),
        Attribute::new("gpuDrivers", Shape::Bool, "Whether GPU drivers are installed.", "false").on_change(OnChange::Replace),
        Attribute::new("title", Shape::Text(title), "What students see.", "Programming in Java"),
        Attribute::new("description", Shape::Text(any), "What students see below the title.", "CS220, spring 2027"),
        Attribute::new("autoShutdown", Shape::Object(AUTO_SHUTDOWN), "When VMs that nobody uses stop.", "{ shutDownAfterDisconnect: 15m }"),
        Attribute::new(
            "publish",
            Shape::Child("Publish"),
            "Makes the student VMs; a higher revision publishes again, which wipes them.",
            "{ revision: 1 }",
        ),
        Attribute::new("owners", Shape::Later, "Educators who own the lab.", "[ana@contoso.edu]"),
        Attribute::new("schedules", Shape::Later, "When VMs start and stop.", "mon-wed"),
        Attribute::new("users", Shape::Later, "The students.", "{ csv: rosters/optics.csv }"),
    ],
    name_rule: Some(name_rule),
    rules: &["EXP-04", "IMG-03", "IMG-19", "LAB-20", "RET-01", "SHU-02"],
    holds_data: true,
    invoked: false,
};

/// The vendor's bulk tools accept `^[a-zA-Z0-9_, '"!|-]*$`; a period is a common part of terms too.
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

    fn complete(&self, address: &Address, own: &mut Resource, view: &View<'_>) -> Vec<Problem> {
        let mut problems = Vec::new();
        let Some(image) = arm::referred(&own.attributes, "image") else { return problems };
        if let Some(inherited) = credentials_inside(&image, view, 8) {
            match own.attributes.get("credentials") {
                Some(written) if *written != inherited && !own.defaulted.contains_key("credentials") => {
                    problems.push(Problem::Rule(differing_credentials(address, own, &image)));
                }
                _ => {
                    own.attributes.insert("credentials".into(), inherited);
                }
            }
        }
        problems.extend(idle_on_linux(address, own, &image, view));
        problems.extend(not_enabled(address, own, &image, view));
        problems
    }

    fn arm_id(&self, _address: &Address, attributes: &Attributes, view: &View<'_>) -> ArmId {
        view.referred_id(&attributes["in"]).child("labs", arm::own(attributes, "name"))
    }

    fn also_depends_on(
        &self,
        _address: &Address,
        attributes: &Attributes,
        view: &View<'_>,
    ) -> BTreeSet<Address> {
        let from_gallery = arm::referred(attributes, "image").is_some();
        let account = arm::referred(attributes, "in").filter(|_| from_gallery);
        account.and_then(|account| attachment_of(&account, view)).into_iter().collect()
    }

    fn containers(&self, attributes: &Attributes, _view: &View<'_>) -> Vec<Address> {
        arm::referred(attributes, "in").into_iter().collect()
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
        let account = format!("in {}", words::key(attributes, "in"));
        [Some(what), words::named(attributes, "quota"), open, Some(account)].into_iter().flatten().collect()
    }

    fn losses(&self, address: &Address, row: &Row, view: &View<'_>) -> Vec<String> {
        let seats = words::count(seats(&row.attributes), "seat");
        vec![match view.row(&Address::new("Publish", address.key())) {
            Some(_) => format!("its VMs are deleted, with what students left there: {seats}"),
            None => format!("its template VM is deleted; it is not published: {seats}"),
        }]
    }

    fn create(&self, subject: &Subject<'_>) -> Vec<Draft> {
        let (row, attributes) = (subject.row, &subject.desired.attributes);
        let mut steps = vec![create_lab(subject)];
        let later: Vec<_> =
            attributes.keys().map(String::as_str).filter(|name| !AT_CREATION.contains(name)).collect();
        if later.iter().any(|name| !ON_TEMPLATE.contains(name)) {
            let so_far = arm::partial(row, |name| !ON_TEMPLATE.contains(&name));
            let body = json!({ "properties": lab_properties(attributes, &later) });
            steps.push(arm::merge("set capacity and access", &row.arm_id, LABS, body, arm::record(&so_far)));
        }
        if later.iter().any(|name| ON_TEMPLATE.contains(name)) {
            steps.push(template_step(subject));
        }
        let expects = Expectation::Absent { read: arm::get(&row.arm_id, LABS) };
        vec![Draft::new("create", needs(subject), expects, Work::Lab, steps)]
    }

    fn update(&self, subject: &Subject<'_>, paths: &[String]) -> Vec<Draft> {
        let (row, attributes) = (subject.row, &subject.desired.attributes);
        let tops: BTreeSet<&str> = paths.iter().map(|path| path.split('.').next().unwrap_or(path)).collect();
        let on_lab: Vec<_> = tops.iter().copied().filter(|name| !ON_TEMPLATE.contains(name)).collect();
        let properties = lab_properties(attributes, &on_lab);
        let on_template = tops.iter().any(|name| ON_TEMPLATE.contains(name));
        let mut steps = Vec::new();
        if properties.as_object().is_some_and(|map| !map.is_empty()) {
            let mut so_far = row.clone();
            if on_template {
                for name in ON_TEMPLATE {
                    so_far.attributes.remove(*name);
                    let before = subject.recorded.and_then(|row| row.attributes.get(*name));
                    so_far.attributes.extend(before.map(|value| ((*name).to_owned(), value.clone())));
                }
            }
            let body = json!({ "properties": properties });
            let mut step = arm::merge("change lab", &row.arm_id, LABS, body, arm::record(&so_far));
            // A published lab scales its VMs; its template says when that is over.
            step.until.push(settled_template(&row.arm_id));
            steps.push(step);
        }
        if on_template {
            steps.push(template_step(subject));
        }
        if steps.is_empty() {
            steps.push(Step::recording("record", arm::record(row)));
        }
        let scales = tops.contains("capacity")
            && subject.view.row(&Address::new("Publish", subject.address.key())).is_some();
        let work = if scales { Work::Scale } else { Work::Small };
        vec![Draft::new("update", Vec::new(), Expectation::AsRecorded, work, steps)]
    }

    /// Source of the sum: Lab Services, capacity limits: a lab's VMs, and its template (domain rule CAP-01).
    fn requires(&self, desired: &Attributes, recorded: Option<&Row>, view: &View<'_>) -> Vec<Requirement> {
        let Some(size) = size(arm::own(desired, "size")) else { return Vec::new() };
        let before = recorded.map_or(0, |row| machines(&row.attributes));
        let added = machines(desired).saturating_sub(before);
        let machines =
            Required::Machines { size: size.api, portal: size.portal, cores: added * u64::from(size.cores) };
        let image = desired.get("image").and_then(Value::as_str).filter(|_| recorded.is_none());
        let image = image.and_then(|image| image.strip_prefix("Marketplace/"));
        let image = image.map(|name| Required::Image(name.to_owned()));
        let machines = (recorded.is_none() || added > 0).then_some(machines);
        let account = view.referred_id(&desired["in"]);
        let asked = machines.into_iter().chain(image);
        asked.map(|what| Requirement { on: account.clone(), what }).collect()
    }

    fn delete(&self, _address: &Address, row: &Row, _view: &View<'_>) -> Vec<Draft> {
        let step = arm::delete("delete lab", &row.arm_id, LABS, Recording::Delete);
        vec![Draft::new("delete", Vec::new(), Expectation::AsRecorded, Work::DeleteLab, vec![step])]
    }

    fn reads(&self, _address: &Address, row: &Row) -> Vec<Read> {
        vec![arm::get(&row.arm_id, LABS), template_read(&row.arm_id)]
    }

    fn observe(
        &self,
        answers: &[Option<Value>],
        row: &Row,
        _names: &Names<'_>,
    ) -> Result<Option<Observed>, ShapeError> {
        wire::observed(answers, row)
    }
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
    let account = arm::referred(attributes, "in");
    if let (Some(account), Some(image)) = (account, arm::referred(attributes, "image"))
        && let Some(attachment) = attachment_of(&account, subject.view)
    {
        needs.push(Need::Part(attachment.clone(), "attach".into()));
        needs.push(Need::Part(attachment, format!("enable/{}", image.key())));
    }
    needs
}
