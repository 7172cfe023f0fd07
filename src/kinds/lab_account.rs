//! Lab accounts: containers and policy holders of labs.
//!
//! ARM type `Microsoft.LabServices/labaccounts`. Source: Lab Services REST 2018-10-15 and Microsoft's
//! module for classroom labs (2019-01-01-preview), which polls the account after its PUT; the
//! retirement guide (no new lab accounts since 2024-07-15). Deleting an account deletes its labs.

use serde_json::{Value, json};

use super::arm::{self, LABS};
use super::gallery::RESOURCE_GROUP;
use super::resource_group::TAGS;
use super::shape::{any, identifier};
use super::{Attribute, Draft, Kind, KindInfo, Names, OnChange, Shape, ShapeError, Subject, View, words};
use crate::catalog::{LAST_DAY, Work};
use crate::model::{
    Address, ArmId, Attributes, Contents, Expectation, Finding, Observed, Read, Recording, Row, Severity,
    Step, Sweep, SweepWanted,
};

/// A lab account.
pub(super) struct LabAccount;

static INFO: KindInfo = KindInfo {
    name: "LabAccount",
    section: "labAccounts",
    arm_type: "Microsoft.LabServices/labaccounts",
    doc: "A lab account: the container of labs. Azure creates no new ones since 2024-07-15; the emulator does.",
    attributes: &[
        RESOURCE_GROUP,
        Attribute::new(
            "location",
            Shape::Region,
            "Region of the account; its labs are placed in its geography.",
            "westeurope",
        )
        .on_change(OnChange::Replace)
        .required(),
        Attribute::new(
            "creatorsPickLocation",
            Shape::Bool,
            "Whether whoever creates a lab may pick its geography.",
            "false",
        ),
        Attribute::new(
            "marketplaceImages",
            Shape::List { item: &Shape::Text(any), set: true },
            "The marketplace images that lab creators see: exactly these.",
            "[Ubuntu Server 22.04 LTS]",
        ),
        TAGS,
    ],
    name_rule: Some(name_rule),
    rules: &["RET-01", "RET-02"],
    holds_data: true,
    invoked: false,
};

/// No rule of account names is documented; that of lab plans (letter first) is taken for new ones.
fn name_rule(name: &str) -> Result<(), String> {
    if name.starts_with(|c: char| !c.is_ascii_alphabetic()) {
        return Err("must start with a letter".into());
    }
    identifier(name, "-._", 100)
}

/// The finding that stops a change of Lab Services after the service has ended.
pub(super) fn retired(subject: &Subject<'_>, today: &str) -> Option<Finding> {
    let ended = subject.view.real_endpoint && today > LAST_DAY;
    ended.then(|| Finding {
        rule: "RET-01".into(),
        severity: Severity::Error,
        message: format!("Azure Lab Services ended on {LAST_DAY}; nothing of it can be changed any more"),
        address: Some(subject.address.clone()),
        source: Some(subject.desired.source.clone()),
        help: Some("galleries and images stay: keep those, and take the labs out with `forget:`".into()),
    })
}

impl Kind for LabAccount {
    fn info(&self) -> &'static KindInfo {
        &INFO
    }

    fn arm_id(&self, _address: &Address, attributes: &Attributes, view: &View<'_>) -> ArmId {
        view.group(attributes).resource("Microsoft.LabServices", "labaccounts", arm::own(attributes, "name"))
    }

    fn containers(&self, attributes: &Attributes, view: &View<'_>) -> Vec<Address> {
        arm::group_address(attributes, view).into_iter().collect()
    }

    fn refusals(&self, subject: &Subject<'_>, today: &str) -> Vec<Finding> {
        let mut findings: Vec<_> = retired(subject, today).into_iter().collect();
        if subject.view.real_endpoint && subject.recorded.is_none() {
            findings.push(Finding {
                rule: "RET-02".into(),
                severity: Severity::Error,
                message: "Azure creates no new lab accounts since 2024-07-15".into(),
                address: Some(subject.address.clone()),
                source: Some(subject.desired.source.clone()),
                help: Some(
                    "use an account that exists: `labwright import --from SCOPE --out DIR` takes it over"
                        .into(),
                ),
            });
        }
        findings
    }

    fn summary(&self, attributes: &Attributes, _view: &View<'_>) -> Vec<String> {
        let marketplace = attributes.get("marketplaceImages").and_then(Value::as_array);
        let images = marketplace.map(|images| words::count(images.len(), "marketplace image"));
        [Some(words::place(attributes)), images].into_iter().flatten().collect()
    }

    fn losses(&self, address: &Address, _row: &Row, view: &View<'_>) -> Vec<String> {
        let rows = view.recorded_of("Lab").into_iter().filter_map(|lab| view.row(lab));
        let inside = rows.filter(|row| arm::referred(&row.attributes, "in").as_ref() == Some(address));
        let seats: Vec<_> = inside.map(|row| super::lab::seats(&row.attributes)).collect();
        match seats.len() {
            0 => Vec::new(),
            labs => {
                let seats = seats.into_iter().sum::<usize>();
                vec![format!(
                    "{} with {} in all go along",
                    words::count(labs, "lab"),
                    words::count(seats, "seat")
                )]
            }
        }
    }

    fn create(&self, subject: &Subject<'_>) -> Vec<Draft> {
        let attributes = &subject.desired.attributes;
        let mut body = json!({ "location": attributes["location"], "properties": {} });
        arm::set(&mut body, "tags", attributes.get("tags"));
        arm::set(&mut body["properties"], "enabledRegionSelection", attributes.get("creatorsPickLocation"));
        let id = &subject.row.arm_id;
        let first = arm::partial(subject.row, |name| name != "marketplaceImages");
        let mut steps = vec![arm::put("create account", id, LABS, body, arm::record(&first))];
        steps.extend(switch_marketplace(subject));
        let expects = Expectation::Absent { read: arm::get(id, LABS) };
        vec![Draft::new("create", arm::needs(self, subject), expects, Work::Account, steps)]
    }

    fn update(&self, subject: &Subject<'_>, paths: &[String]) -> Vec<Draft> {
        let attributes = &subject.desired.attributes;
        let mut steps = Vec::new();
        if paths.iter().any(|path| !path.starts_with("marketplaceImages")) {
            let mut body = json!({ "properties": {} });
            arm::set(&mut body, "tags", attributes.get("tags"));
            arm::set(
                &mut body["properties"],
                "enabledRegionSelection",
                attributes.get("creatorsPickLocation"),
            );
            steps.push(arm::merge(
                "change account",
                &subject.row.arm_id,
                LABS,
                body,
                arm::record(subject.row),
            ));
        }
        if paths.iter().any(|path| path.starts_with("marketplaceImages")) {
            steps.extend(switch_marketplace(subject));
        }
        vec![Draft::new("update", Vec::new(), Expectation::AsRecorded, Work::Small, steps)]
    }

    fn delete(&self, _address: &Address, row: &Row, _view: &View<'_>) -> Vec<Draft> {
        let step = arm::delete("delete account", &row.arm_id, LABS, Recording::Delete);
        let mut draft = Draft::new("delete", Vec::new(), Expectation::AsRecorded, Work::Account, vec![step]);
        draft.contents = vec![Contents { read: arm::list(&row.arm_id, "labs", LABS), noun: "labs".into() }];
        vec![draft]
    }

    fn reads(&self, _address: &Address, row: &Row) -> Vec<Read> {
        let mut reads = vec![arm::get(&row.arm_id, LABS)];
        if row.attributes.contains_key("marketplaceImages") {
            reads.push(arm::list(&row.arm_id, "galleryimages", LABS));
        }
        reads
    }

    fn observe(
        &self,
        answers: &[Option<Value>],
        row: &Row,
        _names: &Names<'_>,
    ) -> Result<Option<Observed>, ShapeError> {
        let [Some(body), rest @ ..] = answers else { return Ok(None) };
        let mut attributes = arm::observed_top(body, row)?;
        let picks = body["properties"]["enabledRegionSelection"].as_bool().unwrap_or(false);
        attributes.insert("creatorsPickLocation".into(), json!(picks));
        if let [Some(images)] = rest {
            let on = |item: &&Value| item["properties"]["isEnabled"].as_bool().unwrap_or(false);
            let items = images.as_array().into_iter().flatten().filter(on);
            let mut names: Vec<_> = items.filter_map(|item| item["name"].as_str()).collect();
            names.sort_unstable();
            attributes.insert("marketplaceImages".into(), json!(names));
        }
        Ok(Some(Observed { attributes, failed: false }))
    }
}

/// The step that switches on exactly the marketplace images that are written.
fn switch_marketplace(subject: &Subject<'_>) -> Option<Step> {
    let record = arm::record(subject.row);
    let images = subject.desired.attributes.get("marketplaceImages").and_then(Value::as_array)?;
    let mut step = Step::recording("switch marketplace images", record);
    step.sweep = Some(Sweep {
        read: arm::list(&subject.row.arm_id, "galleryimages", LABS),
        switch: vec!["/properties/isEnabled".into()],
        on_off: (json!(true), json!(false)),
        wanted: SweepWanted::Exactly(images.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        awaits: Vec::new(),
        within: None,
        patches: false,
    });
    Some(step)
}
