//! Exporting a lab's template VM to the attached gallery. Done rather than kept.
//!
//! Source, of lab accounts: the provider's operation list (`environmentSettings/SaveImage/action`) and the lab account
//! guides: the result is always specialized, an export to an image that exists makes a newer version,
//! and the service copies it to the other regions of the lab's geography. The request's body is not
//! documented; [`of_account`] holds the guess. Of lab plans: Lab Services REST 2023-06-07, `saveImage`; the lab must be in the
//! plan's region, and the service copies nothing.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::arm::{self, GALLERIES, LABS, PLANS};
use super::gallery_attachment::attachment_of;
use super::generation::Generation;
use super::image::export_of;
use super::publish::{REVISION, template};
use super::shape::{managed, named};
use super::{
    Attribute, Draft, Kind, KindInfo, Need, OnChange, Problem, Shape, Subject, View, reference_id, words,
};
use crate::catalog::Work;
use crate::model::{
    Address, ArmId, Attributes, Done, Evidence, Expectation, Fill, Finding, Look, Method, Output, Read,
    Resource, Row, Severity, Step, Take, Until,
};

/// The export that makes an image.
pub(super) struct Export;

/// The type of labs of lab accounts.
pub(super) const ACCOUNT_LAB: &str = "Microsoft.LabServices/labaccounts/labs";

/// The word that accepts an export through a request that Microsoft does not document.
const UNDOCUMENTED: &str = "undocumented-v1-export";

static INFO: KindInfo = KindInfo {
    name: "Export",
    section: "",
    arm_type: "Microsoft.LabServices/labs",
    doc: "Exports a lab's template VM to the attached gallery.",
    attributes: &[
        Attribute::new("image", managed(&["Image"]), "The image that it makes.", "db-sql")
            .on_change(OnChange::CreateOnly),
        // Which lab plan saves the image of its lab, that lab's id does not tell.
        Attribute::new("lab", named(&["Lab"], &[ACCOUNT_LAB]), "The lab whose template VM is exported.", "cs340-golden")
            .on_change(OnChange::CreateOnly)
            .required(),
        REVISION,
        Attribute::new(
            "fresh",
            Shape::Bool,
            "Accepts that the lab is created by the same plan, so that nobody has customised it.",
            "true",
        )
        .on_change(OnChange::CreateOnly),
        Attribute::new(
            "allow",
            Shape::List { item: &Shape::Choice(&[UNDOCUMENTED]), set: true },
            "Accepts a request that Microsoft does not document; only asked for of lab accounts on Azure itself.",
            "[undocumented-v1-export]",
        )
        .on_change(OnChange::CreateOnly),
    ],
    name_rule: None,
    rules: &["EXP-01", "EXP-02", "EXP-03", "GEO-05", "RET-01"],
    holds_data: false,
    invoked: true,
};

/// The request that exports the template VM of a lab of a lab account. Its body is a guess by analogy with lab plans,
/// where it is `name` and a VM.
fn of_account(subject: &Subject<'_>, image: &str) -> Step {
    let action = ArmId::new(format!("{}/saveImage", subject.row.arm_id.as_str()));
    let body = Some(json!({ "name": image }));
    arm::step("export template", Method::Post, &action, LABS, body, arm::record(subject.row))
}

/// The request that exports the template VM of a lab to its plan's gallery. Which of the lab's VMs that is only the lab
/// tells: examples call it `template`, the service calls it `0`.
fn of_plan(subject: &Subject<'_>, lab: &ArmId, image: &str) -> Step {
    let action = ArmId::new(format!("{}/saveImage", subject.row.arm_id.as_str()));
    let body = Some(json!({ "name": image }));
    let mut step = arm::step("export template", Method::Post, &action, PLANS, body, arm::record(subject.row));
    let take =
        Take::Item { at: vec!["/properties/vmType".into()], is: "Template".into(), value: "/id".into() };
    let read = arm::list(lab, "virtualMachines", PLANS);
    if let Some(request) = &mut step.request {
        request.fills = vec![Fill { pointer: "/labVirtualMachineId".into(), read, take }];
    }
    step
}

/// A reference to what the exported lab lies in or is made with.
fn holder(attributes: &Attributes, view: &View<'_>) -> Option<Value> {
    let lab = attributes.get("lab")?;
    match reference_id(lab) {
        Some(id) => Some(view.reference_to("LabAccount", &id.top_level()?)),
        None => view.referred(lab)?.get("in").cloned(),
    }
}

/// A lab plan's gallery takes images from labs in the plan's own region alone.
fn elsewhere(address: &Address, own: &Resource, view: &View<'_>) -> Option<Finding> {
    let plan =
        holder(&own.attributes, view).filter(|plan| Generation::of_holder(plan) == Generation::Plans)?;
    let location = |reference: &Value| {
        view.referred(reference)?.get("location").and_then(Value::as_str).map(str::to_owned)
    };
    let (there, here) = (location(&own.attributes["lab"])?, location(&plan)?);
    let plan = words::thing(&plan);
    (there != here).then(|| Finding {
        rule: "GEO-05".into(),
        severity: Severity::Error,
        message: format!("the lab is in `{there}`, and {plan} saves images from labs in `{here}` alone"),
        address: Some(address.clone()),
        source: Some(own.source_of("lab").clone()),
        help: Some(format!("export from a lab in `{here}`, or make the lab with a plan in `{there}`")),
    })
}

impl Kind for Export {
    fn info(&self) -> &'static KindInfo {
        &INFO
    }

    fn complete(&self, address: &Address, own: &mut Resource, view: &View<'_>) -> Vec<Problem> {
        let Some(lab) = view.referred(&own.attributes["lab"]) else { return Vec::new() };
        let has_template = lab.get("template").and_then(Value::as_bool) != Some(false);
        let without = (!has_template).then(|| Finding {
            rule: "EXP-01".into(),
            severity: Severity::Error,
            message: "the lab has no template VM, so there is nothing to export".into(),
            address: Some(address.clone()),
            source: Some(own.source_of("lab").clone()),
            help: Some(
                "write `template: true` on the lab; a lab cannot get one later, it is replaced".into(),
            ),
        });
        without.into_iter().chain(elsewhere(address, own, view)).map(Problem::Rule).collect()
    }

    /// What saves the image: a lab account's template itself, or the lab plan.
    fn arm_id(&self, _address: &Address, attributes: &Attributes, view: &View<'_>) -> ArmId {
        match holder(attributes, view).filter(|own| Generation::of_holder(own) == Generation::Plans) {
            Some(plan) => view.referred_id(&plan),
            None => template(&view.referred_id(&attributes["lab"])),
        }
    }

    fn containers(&self, attributes: &Attributes, view: &View<'_>) -> Vec<Address> {
        let image = arm::referred(attributes, "image");
        let gallery = image.as_ref().and_then(|image| arm::referred(view.attributes(image)?, "gallery"));
        image.into_iter().chain(gallery).collect()
    }

    fn makes(&self, attributes: &Attributes) -> Option<Address> {
        arm::referred(attributes, "image")
    }

    fn also_depends_on(&self, _own: &Address, attributes: &Attributes, view: &View<'_>) -> BTreeSet<Address> {
        holder(attributes, view).and_then(|holder| attachment_of(&holder, view)).into_iter().collect()
    }

    fn remarks(&self, _desired: &Attributes, recorded: Option<&Row>) -> Vec<String> {
        let again = "labs made from an earlier version stay as they are";
        recorded.map(|_| again.to_owned()).into_iter().collect()
    }

    fn refusals(&self, subject: &Subject<'_>, today: &str) -> Vec<Finding> {
        let mut findings: Vec<_> = super::lab_account::retired(subject, today).into_iter().collect();
        let own = subject.desired;
        let finding = |rule: &str, message: String, path: &str, help: String| Finding {
            rule: rule.into(),
            severity: Severity::Error,
            message,
            address: Some(subject.address.clone()),
            source: Some(own.source_of(path).clone()),
            help: Some(help),
        };
        let lab = arm::referred(&own.attributes, "lab");
        let is_fresh = own.attributes.get("fresh").and_then(Value::as_bool).unwrap_or(false);
        if let Some(lab) = lab.filter(|lab| subject.view.is_made(lab) && !is_fresh) {
            findings.push(finding(
                "EXP-02",
                format!("{lab} is created by the same plan: nobody has customised its template VM yet"),
                "lab",
                "apply with `revision: 0` first and raise it once the template is ready, or write `fresh: true`".into(),
            ));
        }
        let allowed = own
            .attributes
            .get("allow")
            .and_then(Value::as_array)
            .is_some_and(|allow| allow.contains(&json!(UNDOCUMENTED)));
        let is_of_account = holder(&own.attributes, subject.view)
            .is_some_and(|holder| Generation::of_holder(&holder) == Generation::Accounts);
        if subject.view.real_endpoint && is_of_account && !allowed {
            findings.push(finding(
                "EXP-03",
                "Microsoft does not document how a lab account's template VM is exported by a request".into(),
                "revision",
                format!(
                    "in the portal: the lab, Template, Export to Shared Image Gallery, then declare the image's versions; \
                     or accept the undocumented request with `allow: [{UNDOCUMENTED}]` beside `revision`"
                ),
            ));
        }
        findings
    }

    fn summary(&self, attributes: &Attributes, _view: &View<'_>) -> Vec<String> {
        vec![format!("exports {}'s template VM, stopping it", words::key(attributes, "lab"))]
    }

    fn create(&self, subject: &Subject<'_>) -> Vec<Draft> {
        let attributes = &subject.desired.attributes;
        let Some(image) = arm::referred(attributes, "image") else { return Vec::new() };
        let (lab, view) = (arm::referred(attributes, "lab"), subject.view);
        let definition = view.referred_id(&attributes["image"]);
        let versions = arm::list(&definition, "versions", GALLERIES);
        let lab_id = view.referred_id(&attributes["lab"]);
        let (work, mut export) = match Generation::of_id(&lab_id) {
            Generation::Accounts => (Work::Export, of_account(subject, definition.name())),
            Generation::Plans => (Work::PlanExport, of_plan(subject, &lab_id, definition.name())),
        };
        let names = Evidence { read: versions.clone(), look: Look::Names };
        export.evidence = Some(names);
        export.until = vec![Until::NewVersion { read: versions.clone() }];
        let output = |name: &str, read: &Read, take| Output { name: name.into(), read: read.clone(), take };
        export.outputs = vec![
            output("definition", &arm::get(&definition, GALLERIES), Take::Pointer("/id".into())),
            output("versions", &versions, Take::Names),
            output("newest", &versions, Take::Newest),
            output("regions", &versions, Take::NewestRegions),
        ];
        let is_new = view.is_made(&image) && lab.as_ref().is_some_and(|lab| view.is_made(lab));
        let expects = match subject.recorded {
            None if !is_new => Expectation::NeverDone { read: versions, done: Done::SucceededItem },
            _ => Expectation::Anything,
        };
        let attachment = holder(attributes, view).and_then(|holder| attachment_of(&holder, view));
        let mut needs = vec![Need::Part(image.clone(), "delete".into())];
        needs.extend(lab.map(Need::Ready));
        needs.extend(attachment.map(|attachment| Need::Part(attachment, "attach".into())));
        needs.extend(
            view.attributes(&image).and_then(|image| arm::referred(image, "gallery")).map(Need::Ready),
        );
        vec![Draft::new("export", needs, expects, work, vec![export])]
    }

    fn update(&self, subject: &Subject<'_>, _paths: &[String]) -> Vec<Draft> {
        self.create(subject)
    }
}

/// The lab that an exported image comes from.
pub(super) fn origin(image: &Address, view: &View<'_>) -> Option<Address> {
    view.attributes(&export_of(image)).and_then(|export| arm::referred(export, "lab"))
}
