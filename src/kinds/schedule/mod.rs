//! Schedules: when the VMs of a lab start and stop, week by week.
//!
//! A schedule is one event of a timetable on one lab; its name in Azure is the event's. Those that somebody else made are
//! left alone. Starting by a schedule costs students nothing of their quota.

mod week;
mod wire;

use serde_json::{Value, json};

pub use self::week::{WEEK, findings};

use super::arm::{self, LABS, PLANS};
use super::generation::Generation;
use super::publish::template;
use super::shape::{length, managed};
use super::{Attribute, Draft, Kind, KindInfo, Names, OnChange, Problem, Shape, ShapeError, Subject, View};
use crate::catalog::Work;
use crate::model::{
    Address, ArmId, Attributes, Expectation, Finding, Method, Observed, Read, Recording, Resource, Row,
};

/// A schedule of a lab.
pub(super) struct Schedule;

static INFO: KindInfo = KindInfo {
    name: "Schedule",
    section: "",
    arm_type: "Microsoft.LabServices/labs/schedules",
    doc: "An event on a lab: its VMs start and stop on some days of each week.",
    attributes: &[
        Attribute::new("lab", managed(&["Lab"]), "The lab.", "optics").on_change(OnChange::CreateOnly),
        Attribute::new(
            "timeZone",
            Shape::TimeZone,
            "The zone whose clocks the times are of, by its name on Windows or in the IANA database.",
            "W. Europe Standard Time",
        )
        .required(),
        Attribute::new("from", Shape::Date, "The first day.", "2027-02-01").required(),
        Attribute::new("until", Shape::Date, "The last day; it must be written.", "2027-06-11"),
        Attribute::new(
            "days",
            Shape::List {
                item: &Shape::Choice(&["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", week::DAILY]),
                set: false,
            },
            "The days of the week, or `Daily`.",
            "[Mon, Wed]",
        )
        .required(),
        Attribute::new(
            "start",
            Shape::Time { off: true },
            "When VMs that students have taken start; without it, or with `none`, VMs only stop.",
            "\"09:45\"",
        ),
        Attribute::new(
            "stop",
            Shape::Time { off: false },
            "When all VMs stop, on the same day.",
            "\"12:00\"",
        )
        .required(),
        Attribute::new("notes", Shape::Text(notes), "What educators read beside it.", "Lecture of CS220"),
    ],
    name_rule: Some(name_rule),
    rules: &["RET-01", "SCH-01", "SCH-02", "SCH-03"],
    holds_data: false,
    invoked: false,
};

/// Source: Lab Services REST 2023-06-07, names of schedules; the characters are those of keys.
fn name_rule(name: &str) -> Result<(), String> {
    length(name, 1, 100)
}

fn notes(text: &str) -> Result<(), String> {
    length(text, 0, 1000)
}

/// The version of the API that speaks of the schedule with this id.
fn version_of(id: &ArmId) -> &'static str {
    match Generation::of_id(id) {
        Generation::Accounts => LABS,
        Generation::Plans => PLANS,
    }
}

impl Kind for Schedule {
    fn info(&self) -> &'static KindInfo {
        &INFO
    }

    fn complete(&self, address: &Address, own: &mut Resource, _view: &View<'_>) -> Vec<Problem> {
        let name = address.key().rsplit('/').next().unwrap_or_default();
        let found = findings(name, own);
        week::normalise(&mut own.attributes);
        found.into_iter().map(Problem::Rule).collect()
    }

    fn on_change(&self, attribute: &Attribute, recorded: &Attributes, desired: &Attributes) -> OnChange {
        let stops_only = |own: &Attributes| arm::own(own, "start") == "none";
        match attribute.name {
            // A start cannot be taken out of a schedule of a lab plan.
            "start" if stops_only(recorded) != stops_only(desired) => OnChange::Replace,
            _ => attribute.on_change,
        }
    }

    fn arm_id(&self, _address: &Address, attributes: &Attributes, view: &View<'_>) -> ArmId {
        let lab = view.referred_id(&attributes["lab"]);
        let holder = match Generation::of_id(&lab) {
            Generation::Accounts => template(&lab),
            Generation::Plans => lab,
        };
        holder.child("schedules", arm::own(attributes, "name"))
    }

    fn containers(&self, attributes: &Attributes, _view: &View<'_>) -> Vec<Address> {
        arm::referred(attributes, "lab").into_iter().collect()
    }

    fn summary(&self, attributes: &Attributes, _view: &View<'_>) -> Vec<String> {
        let text = |name: &str| arm::own(attributes, name);
        let days = attributes.get("days").and_then(Value::as_array);
        let days: Vec<_> = days.into_iter().flatten().filter_map(Value::as_str).collect();
        let times = match text("start") {
            "none" => format!("stops at {}", text("stop")),
            start => format!("{start} to {}", text("stop")),
        };
        vec![format!("{} {times}", days.join(", ")), format!("{} until {}", text("from"), text("until"))]
    }

    fn refusals(&self, subject: &Subject<'_>, today: &str) -> Vec<Finding> {
        super::lab_account::retired(subject, today).into_iter().collect()
    }

    fn create(&self, subject: &Subject<'_>) -> Vec<Draft> {
        let id = &subject.row.arm_id;
        let (body, version) =
            (wire::body(&subject.desired.attributes, Generation::of_id(id)), version_of(id));
        let step = arm::put("create schedule", id, version, body, arm::record(subject.row));
        let expects = Expectation::Absent { read: arm::get(id, version) };
        vec![Draft::new("create", arm::needs(self, subject), expects, Work::Small, vec![step])]
    }

    /// Both leave notes alone that nobody manages. Lab accounts know no PATCH.
    fn update(&self, subject: &Subject<'_>, _paths: &[String]) -> Vec<Draft> {
        let id = &subject.row.arm_id;
        let (generation, record) = (Generation::of_id(id), arm::record(subject.row));
        let body = wire::body(&subject.desired.attributes, generation);
        let step = match generation {
            Generation::Accounts => arm::merge("change schedule", id, LABS, body, record),
            Generation::Plans => arm::step("change schedule", Method::Patch, id, PLANS, Some(body), record),
        };
        vec![Draft::new("update", Vec::new(), Expectation::AsRecorded, Work::Small, vec![step])]
    }

    fn delete(&self, _address: &Address, row: &Row, _view: &View<'_>) -> Vec<Draft> {
        let step = arm::delete("delete schedule", &row.arm_id, version_of(&row.arm_id), Recording::Delete);
        vec![Draft::new("delete", Vec::new(), Expectation::AsRecorded, Work::Small, vec![step])]
    }

    fn reads(&self, _address: &Address, row: &Row) -> Vec<Read> {
        vec![arm::get(&row.arm_id, version_of(&row.arm_id))]
    }

    fn observe(
        &self,
        answers: &[Option<Value>],
        row: &Row,
        _names: &Names<'_>,
    ) -> Result<Option<Observed>, ShapeError> {
        let [Some(body)] = answers else { return Ok(None) };
        let answered = arm::text(body, "/name")?;
        let recorded = arm::own(&row.attributes, "name");
        let mut attributes = wire::observed(body, Generation::of_id(&row.arm_id));
        let name = if recorded.eq_ignore_ascii_case(answered) { recorded } else { answered };
        attributes.insert("name".into(), json!(name));
        Ok(Some(Observed { attributes, failed: false }))
    }
}
