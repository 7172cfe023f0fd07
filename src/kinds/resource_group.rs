//! Resource groups: where galleries and lab accounts lie.
//!
//! Source: Resource Management REST 2024-07-01. Deleting a group deletes everything inside, so its
//! contents are listed first and anything left stops the action.

use serde_json::{Value, json};

use super::arm::{self, GROUPS};
use super::{Attribute, Draft, Kind, KindInfo, Names, OnChange, Shape, ShapeError, Subject, View, words};
use crate::catalog::Work;
use crate::model::{
    Address, ArmId, Attributes, Contents, Expectation, Method, Observed, Read, Recording, Row,
};

/// A resource group.
pub(super) struct ResourceGroup;

static INFO: KindInfo = KindInfo {
    name: "ResourceGroup",
    section: "resourceGroups",
    arm_type: "Microsoft.Resources/resourceGroups",
    doc: "A resource group that labwright creates and deletes. One that is only named by others is expected to exist.",
    attributes: &[
        Attribute::new("location", Shape::Region, "Region of the group itself.", "westeurope")
            .on_change(OnChange::Replace)
            .required(),
        TAGS,
    ],
    name_rule: Some(name_rule),
    rules: &[],
    holds_data: false,
    invoked: false,
};

/// Tags, alike for every resource that has them.
pub(super) const TAGS: Attribute = Attribute::new(
    "tags",
    Shape::Map(&Shape::Text(tag)),
    "Tags in Azure: at most 50, values at most 256 characters.",
    "{ department: cs }",
);

fn tag(value: &str) -> Result<(), String> {
    if value.chars().count() > 256 { Err("is longer than 256 characters".into()) } else { Ok(()) }
}

/// The rule of group names: `^[-\w._()]+$`, 1 to 90 characters, no period at the end.
pub(super) fn name_rule(name: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_alphanumeric() || "-_.()".contains(c);
    if let Some(bad) = name.chars().find(|c| !allowed(*c)) {
        return Err(format!(
            "holds `{bad}`; a resource group's name has letters, digits, `-`, `_`, `.`, `(` and `)`"
        ));
    }
    if name.ends_with('.') {
        return Err("ends with a period, which a resource group's name must not".into());
    }
    super::shape::length(name, 1, 90)
}

impl Kind for ResourceGroup {
    fn info(&self) -> &'static KindInfo {
        &INFO
    }

    fn arm_id(&self, _address: &Address, attributes: &Attributes, view: &View<'_>) -> ArmId {
        ArmId::group(view.subscription_of(attributes), arm::own(attributes, "name"))
    }

    fn containers(&self, _attributes: &Attributes, _view: &View<'_>) -> Vec<Address> {
        Vec::new()
    }

    fn summary(&self, attributes: &Attributes, _view: &View<'_>) -> Vec<String> {
        vec![words::place(attributes)]
    }

    fn create(&self, subject: &Subject<'_>) -> Vec<Draft> {
        let id = &subject.row.arm_id;
        let mut body = json!({ "location": subject.desired.attributes["location"] });
        arm::set(&mut body, "tags", subject.desired.attributes.get("tags"));
        let step = arm::put("create group", id, GROUPS, body, arm::record(subject.row));
        let expects = Expectation::Absent { read: arm::get(id, GROUPS) };
        vec![Draft::new("create", Vec::new(), expects, Work::Small, vec![step])]
    }

    fn update(&self, subject: &Subject<'_>, _paths: &[String]) -> Vec<Draft> {
        let body = Some(json!({ "tags": subject.desired.attributes.get("tags") }));
        let id = &subject.row.arm_id;
        let step = arm::step("change group", Method::Patch, id, GROUPS, body, arm::record(subject.row));
        vec![Draft::new("update", Vec::new(), Expectation::AsRecorded, Work::Small, vec![step])]
    }

    fn delete(&self, _address: &Address, row: &Row, _view: &View<'_>) -> Vec<Draft> {
        let step = arm::delete("delete group", &row.arm_id, GROUPS, Recording::Delete);
        let mut draft = Draft::new("delete", Vec::new(), Expectation::AsRecorded, Work::Small, vec![step]);
        draft.contents =
            vec![Contents { read: arm::list(&row.arm_id, "resources", GROUPS), noun: "resources".into() }];
        vec![draft]
    }

    fn reads(&self, _address: &Address, row: &Row) -> Vec<Read> {
        vec![arm::get(&row.arm_id, GROUPS)]
    }

    fn observe(
        &self,
        answers: &[Option<Value>],
        _row: &Row,
        _names: &Names<'_>,
    ) -> Result<Option<Observed>, ShapeError> {
        let [Some(body)] = answers else { return Ok(None) };
        let mut attributes = Attributes::new();
        attributes.insert("name".into(), json!(arm::text(body, "/name")?));
        attributes.insert("location".into(), arm::region(body)?);
        attributes.insert("tags".into(), arm::optional(body, "/tags"));
        Ok(Some(Observed { attributes, failed: false }))
    }
}
