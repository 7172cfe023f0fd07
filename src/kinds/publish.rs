//! Publishing a lab: student VMs are made from its template VM. Done rather than kept.
//!
//! Source, of lab accounts: Microsoft's module for classroom labs (2019-01-01-preview): POST publish, GET until
//! `publishingState` is `Published`, then PUT with `configurationState` Completed so that the portal
//! leaves its setup mode; of lab plans: Lab Services REST 2023-06-07. It cannot be undone, and publishing again recreates
//! every student VM.

use serde_json::json;

use super::arm::{self, LABS, PLANS};
use super::generation::Generation;
use super::shape::managed;
use super::{Attribute, Draft, Kind, KindInfo, Need, OnChange, Shape, Subject, View};
use crate::catalog::Work;
use crate::model::{
    Address, ArmId, Attributes, Done, Evidence, Expectation, Look, Method, Output, Read, Row, Step, Take,
    Until,
};

/// A lab's publishing.
pub(super) struct Publish;

static INFO: KindInfo = KindInfo {
    name: "Publish",
    section: "",
    arm_type: "Microsoft.LabServices/labs",
    doc: "Makes the student VMs from the template VM.",
    attributes: &[
        Attribute::new("lab", managed(&["Lab"]), "The lab.", "optics").on_change(OnChange::CreateOnly),
        REVISION,
    ],
    name_rule: None,
    rules: &[],
    holds_data: false,
    invoked: true,
};

/// The one attribute of what is done rather than kept.
pub(super) const REVISION: Attribute = Attribute::new(
    "revision",
    Shape::Integer { min: 0, max: 1_000_000 },
    "A higher number does it again; 0 is not yet.",
    "1",
)
.required();

/// The id of a V1 lab's template: there is exactly one environment setting, `default`.
pub(super) fn template(lab: &ArmId) -> ArmId {
    lab.child("environmentsettings", "default")
}

/// What tells whether a publish was accepted.
fn evidence(read: Read, pointers: &[&str]) -> Evidence {
    Evidence { read, look: Look::Fields(pointers.iter().map(|&pointer| pointer.to_owned()).collect()) }
}

/// The requests that publish a lab of a lab account, whose template has this id, and what shows that it was published.
fn of_account(subject: &Subject<'_>, template: &ArmId) -> (Vec<Step>, Read, Done) {
    let read = arm::get(template, LABS);
    let action = ArmId::new(format!("{}/publish", template.as_str()));
    let body = Some(json!({ "useExistingImage": false }));
    let mut publish = arm::step("publish", Method::Post, &action, LABS, body, arm::record(subject.row));
    publish.evidence =
        Some(evidence(read.clone(), &["/properties/lastPublished", "/properties/publishingState"]));
    let pointer = "/properties/publishingState".to_owned();
    publish.until = vec![Until::Field {
        read: read.clone(),
        pointer: pointer.clone(),
        is: vec!["Published".into()],
        fails: vec!["PublishFailed".into()],
    }];
    let completed = json!({ "properties": { "configurationState": "Completed" } });
    let mut finish = arm::merge("leave setup mode", template, LABS, completed, arm::record(subject.row));
    finish.outputs = vec![Output {
        name: "lastPublished".into(),
        read: read.clone(),
        take: Take::Pointer("/properties/lastPublished".into()),
    }];
    (vec![publish, finish], read, Done::Field { pointer, is: published() })
}

/// The request that publishes a lab of a lab plan, and what shows that it was published.
///
/// Nothing in the description tells when that was: the state does while it lasts, and afterwards only when the lab was
/// last modified. A plan has nothing else under way with the lab at that time.
fn of_plan(subject: &Subject<'_>, lab: &ArmId) -> (Vec<Step>, Read, Done) {
    let read = arm::get(lab, PLANS);
    let action = ArmId::new(format!("{}/publish", lab.as_str()));
    let mut publish = arm::step("publish", Method::Post, &action, PLANS, None, arm::record(subject.row));
    publish.evidence = Some(evidence(read.clone(), &["/properties/state", "/systemData/lastModifiedAt"]));
    let pointer = "/properties/state".to_owned();
    publish.until = vec![
        Until::Provisioned { read: read.clone() },
        Until::Field {
            read: read.clone(),
            pointer: pointer.clone(),
            is: vec!["Published".into()],
            fails: Vec::new(),
        },
    ];
    (vec![publish], read, Done::Field { pointer, is: published() })
}

/// The words, alike in both generations, for a lab whose VMs were made.
fn published() -> Vec<String> {
    ["Published", "Scaling"].map(str::to_owned).to_vec()
}

impl Kind for Publish {
    fn info(&self) -> &'static KindInfo {
        &INFO
    }

    fn arm_id(&self, _address: &Address, attributes: &Attributes, view: &View<'_>) -> ArmId {
        let lab = view.referred_id(&attributes["lab"]);
        match Generation::of_id(&lab) {
            Generation::Accounts => template(&lab),
            Generation::Plans => lab,
        }
    }

    fn containers(&self, attributes: &Attributes, _view: &View<'_>) -> Vec<Address> {
        arm::referred(attributes, "lab").into_iter().collect()
    }

    fn summary(&self, attributes: &Attributes, view: &View<'_>) -> Vec<String> {
        // How many a lab has that does not say is Azure's to know.
        let seats = view.referred(&attributes["lab"]).map_or(0, super::lab::seats);
        let makes = (seats > 0).then(|| format!("which makes its {}", super::words::count(seats, "VM")));
        std::iter::once("published".to_owned()).chain(makes).collect()
    }

    fn remarks(&self, _desired: &Attributes, recorded: Option<&Row>) -> Vec<String> {
        let again = "every VM of its students is made anew, and what they left there is lost";
        recorded.map(|_| again.to_owned()).into_iter().collect()
    }

    fn create(&self, subject: &Subject<'_>) -> Vec<Draft> {
        let id = &subject.row.arm_id;
        let generation = Generation::of_id(id);
        let (steps, read, done) = match generation {
            Generation::Accounts => of_account(subject, id),
            Generation::Plans => of_plan(subject, id),
        };
        let work = match generation {
            Generation::Accounts => Work::Publish,
            Generation::Plans => Work::PlanPublish,
        };
        let lab = arm::referred(&subject.desired.attributes, "lab");
        let is_new = lab.as_ref().is_some_and(|lab| subject.view.is_made(lab));
        let expects = match subject.recorded {
            None if !is_new => Expectation::NeverDone { read, done },
            _ => Expectation::Anything,
        };
        let needs = lab.into_iter().map(Need::Ready).collect();
        vec![Draft::new("publish", needs, expects, work, steps)]
    }

    fn update(&self, subject: &Subject<'_>, _paths: &[String]) -> Vec<Draft> {
        self.create(subject)
    }
}
