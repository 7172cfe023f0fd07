//! Publishing a lab: student VMs are made from its template VM. Done rather than kept.
//!
//! Source: Microsoft's module for classroom labs (2019-01-01-preview): POST publish, GET until
//! `publishingState` is `Published`, then PUT with `configurationState` Completed so that the portal
//! leaves its setup mode. It cannot be undone, and publishing again recreates every student VM.

use serde_json::json;

use super::arm::{self, LABS};
use super::shape::managed;
use super::{Attribute, Draft, Kind, KindInfo, Need, OnChange, Shape, Subject, View};
use crate::catalog::Work;
use crate::model::{
    Address, ArmId, Attributes, Done, Evidence, Expectation, Look, Method, Output, Recording, Row, Take,
    Until,
};

/// A lab's publishing.
pub(super) struct Publish;

static INFO: KindInfo = KindInfo {
    name: "Publish",
    section: "",
    arm_type: "Microsoft.LabServices/labaccounts/labs/environmentsettings",
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
fn evidence(template: &ArmId) -> Evidence {
    let pointers = ["/properties/lastPublished", "/properties/publishingState"].map(str::to_owned).to_vec();
    Evidence { read: arm::get(template, LABS), look: Look::Fields(pointers) }
}

impl Kind for Publish {
    fn info(&self) -> &'static KindInfo {
        &INFO
    }

    fn arm_id(&self, _address: &Address, attributes: &Attributes, view: &View<'_>) -> ArmId {
        template(&view.referred_id(&attributes["lab"]))
    }

    fn containers(&self, attributes: &Attributes, _view: &View<'_>) -> Vec<Address> {
        arm::referred(attributes, "lab").into_iter().collect()
    }

    fn summary(&self, attributes: &Attributes, view: &View<'_>) -> Vec<String> {
        let seats = view.referred(&attributes["lab"]).map_or(0, super::lab::seats);
        vec!["published".into(), format!("which makes its {}", super::words::count(seats, "VM"))]
    }

    fn remarks(&self, _desired: &Attributes, recorded: Option<&Row>) -> Vec<String> {
        let again = "every VM of its students is made anew, and what they left there is lost";
        recorded.map(|_| again.to_owned()).into_iter().collect()
    }

    fn create(&self, subject: &Subject<'_>) -> Vec<Draft> {
        let id = &subject.row.arm_id;
        let action = ArmId::new(format!("{}/publish", id.as_str()));
        let body = Some(json!({ "useExistingImage": false }));
        let mut publish = arm::step("publish", Method::Post, &action, LABS, body, Recording::Nothing);
        publish.evidence = Some(evidence(id));
        publish.until = vec![Until::Field {
            read: arm::get(id, LABS),
            pointer: "/properties/publishingState".into(),
            is: vec!["Published".into()],
            fails: vec!["PublishFailed".into()],
        }];
        publish.record = arm::record(subject.row);
        let completed = json!({ "properties": { "configurationState": "Completed" } });
        let mut finish = arm::merge("leave setup mode", id, LABS, completed, arm::record(subject.row));
        finish.outputs = vec![Output {
            name: "lastPublished".into(),
            read: arm::get(id, LABS),
            take: Take::Pointer("/properties/lastPublished".into()),
        }];
        let lab = arm::referred(&subject.desired.attributes, "lab");
        let is_new = lab.as_ref().is_some_and(|lab| subject.view.is_made(lab));
        let published = ["Published", "Scaling"].map(str::to_owned).to_vec();
        let done = Done::Field { pointer: "/properties/publishingState".into(), is: published };
        let expects = match subject.recorded {
            None if !is_new => Expectation::NeverDone { read: arm::get(id, LABS), done },
            _ => Expectation::Anything,
        };
        let needs = lab.into_iter().map(Need::Ready).collect();
        vec![Draft::new("publish", needs, expects, Work::Publish, vec![publish, finish])]
    }

    fn update(&self, subject: &Subject<'_>, _paths: &[String]) -> Vec<Draft> {
        self.create(subject)
    }
}
