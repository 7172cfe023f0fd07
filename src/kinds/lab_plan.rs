//! Lab plans: the defaults, the regions and the help that labs are made with.
//!
//! ARM type `Microsoft.LabServices/labPlans`. Source: Lab Services REST 2023-06-07; the retirement guide (who may still
//! create plans); lab accounts versus lab plans (a change of a plan reaches no lab that exists, but for whom to ask for help).
//! PUT when it is made, PATCHed from then on: its gallery is a [`GalleryAttachment`](super::gallery_attachment)'s, and a
//! PUT would take it away. Its labs stand beside it and stay when it goes.

use serde_json::{Map, Value, json};

use super::arm::{self, PLANS};
use super::gallery::RESOURCE_GROUP;
use super::lab_account::retired;
use super::profiles::{self, AUTO_SHUTDOWN, CONNECTION};
use super::resource_group::TAGS;
use super::shape::{any, identifier, length};
use super::{
    Attribute, Draft, Kind, KindInfo, Names, OnChange, Problem, Shape, ShapeError, Subject, View, words,
};
use crate::catalog::Work;
use crate::model::{
    Address, ArmId, Attributes, Expectation, Finding, Method, Observed, Read, Recording, Resource, Row,
    Severity,
};

/// A lab plan.
pub(super) struct LabPlan;

const SUPPORT: &[Attribute] = &[
    Attribute::new("email", Shape::Text(email), "Mail address, 6 to 254 characters.", "it@contoso.edu"),
    Attribute::new("phone", Shape::Text(phone), "Telephone, at most 31 characters.", "+49 30 1234"),
    Attribute::new("url", Shape::Text(web), "Web address.", "https://contoso.edu/help"),
    Attribute::new("instructions", Shape::Text(any), "What to do first.", "Restart the VM."),
];

const DEFAULTS: &[Attribute] = &[
    Attribute::new(
        "autoShutdown",
        Shape::Object(AUTO_SHUTDOWN),
        "When the VMs of new labs stop by themselves.",
        "{ shutDownAfterDisconnect: 15m }",
    ),
    Attribute::new(
        "connection",
        Shape::Object(CONNECTION),
        "How the VMs of new labs are reached.",
        "{ clientRdp: Public }",
    ),
];

static INFO: KindInfo = KindInfo {
    name: "LabPlan",
    section: "labPlans",
    arm_type: "Microsoft.LabServices/labPlans",
    doc: "A lab plan: what labs of the second generation are made with.",
    attributes: &[
        RESOURCE_GROUP,
        Attribute::new(
            "location",
            Shape::Region,
            "Region of the plan; images are saved there.",
            "westeurope",
        )
        .on_change(OnChange::Replace)
        .required(),
        Attribute::new(
            "allowedRegions",
            Shape::List { item: &Shape::Region, set: true },
            "The regions in which its labs may be made; the plan's own where a new plan does not say.",
            "[westeurope]",
        ),
        Attribute::new(
            "support",
            Shape::Object(SUPPORT),
            "Whom users ask for help.",
            "{ email: it@contoso.edu }",
        ),
        Attribute::new(
            "defaults",
            Shape::Object(DEFAULTS),
            "What new labs take that say nothing else; labs that exist stay as they are.",
            "{ autoShutdown: { shutDownAfterDisconnect: 15m } }",
        ),
        TAGS,
    ],
    name_rule: Some(name_rule),
    rules: &["RET-01", "RET-03"],
    holds_data: true,
    invoked: false,
};

/// Azure's naming rules: 1 to 100 letters, digits, `-`, `.` and `_`, a letter first and a letter or digit last. Labs of
/// lab plans have the same.
pub(super) fn name_rule(name: &str) -> Result<(), String> {
    if name.starts_with(|c: char| !c.is_ascii_alphabetic()) {
        return Err("must start with a letter".into());
    }
    identifier(name, "-._", 100)
}

fn email(text: &str) -> Result<(), String> {
    length(text, 6, 254)
}

fn phone(text: &str) -> Result<(), String> {
    length(text, 1, 31)
}

fn web(text: &str) -> Result<(), String> {
    length(text, 3, 2000)?;
    match url::Url::parse(text) {
        Ok(url) if url.has_host() => Ok(()),
        _ => Err("is no web address; those start with `https://`".into()),
    }
}

/// The regions in which a plan allows labs; `None` where that is not known.
pub(super) fn allowed_regions(plan: &Address, view: &View<'_>) -> Option<Vec<String>> {
    let attributes = view.attributes(plan)?;
    let texts = |value: &Value| value.as_array().map(|all| all.iter().filter_map(text_of).collect());
    match attributes.get("allowedRegions") {
        Some(regions) => texts(regions),
        // A new plan allows its own region; what one that exists allows nobody wrote down.
        None if view.is_made(plan) => attributes.get("location").and_then(text_of).map(|own| vec![own]),
        None => None,
    }
}

fn text_of(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// `idleMeans` without a time says nothing, and nothing would read back.
pub(super) fn idle_means_nothing(own: &Resource, shutdown: Option<&Value>, path: &str) -> Option<Problem> {
    let shutdown = shutdown?;
    let is_on = shutdown.get("shutDownWhenIdle").is_some_and(|after| after != "none");
    (!is_on && shutdown.get("idleMeans").is_some()).then(|| {
        let path = format!("{path}.idleMeans");
        let written = if own.defaulted.contains_key(&path) { "from the defaults, " } else { "" };
        Problem::Wrong {
            path,
            code: "missing_attribute",
            message: format!("`idleMeans` stands here {written}and no time after which an idle VM stops"),
            help: "add `shutDownWhenIdle: 15m` beside it, or take `idleMeans` away".into(),
        }
    })
}

/// The warning that not every subscription may create lab plans any more.
fn for_old_customers(subject: &Subject<'_>) -> Option<Finding> {
    (subject.view.real_endpoint && subject.recorded.is_none()).then(|| Finding {
        rule: "RET-03".into(),
        severity: Severity::Warning,
        message: "Azure creates lab plans only in subscriptions that used Lab Services between July 2023 and July 2024".into(),
        address: Some(subject.address.clone()),
        source: Some(subject.desired.source.clone()),
        help: Some("name such a subscription with `subscription:`; in any other Azure refuses the plan".into()),
    })
}

impl Kind for LabPlan {
    fn info(&self) -> &'static KindInfo {
        &INFO
    }

    fn complete(&self, _address: &Address, own: &mut Resource, _view: &View<'_>) -> Vec<Problem> {
        let regions = own.attributes.get("allowedRegions").and_then(Value::as_array);
        let none = regions.is_some_and(Vec::is_empty).then(|| Problem::Wrong {
            path: "allowedRegions".into(),
            code: "bad_number",
            message: "a lab plan allows at least one region".into(),
            help: "name its own region, or take the line away: then a new plan allows just that".into(),
        });
        let shutdown = own.attributes.get("defaults").and_then(|defaults| defaults.get("autoShutdown"));
        let idle = idle_means_nothing(own, shutdown, "defaults.autoShutdown");
        none.into_iter().chain(idle).collect()
    }

    fn arm_id(&self, _address: &Address, attributes: &Attributes, view: &View<'_>) -> ArmId {
        view.group(attributes).resource("Microsoft.LabServices", "labPlans", arm::own(attributes, "name"))
    }

    fn containers(&self, attributes: &Attributes, view: &View<'_>) -> Vec<Address> {
        arm::group_address(attributes, view).into_iter().collect()
    }

    fn refusals(&self, subject: &Subject<'_>, today: &str) -> Vec<Finding> {
        retired(subject, today).into_iter().chain(for_old_customers(subject)).collect()
    }

    fn remarks(&self, _desired: &Attributes, recorded: Option<&Row>) -> Vec<String> {
        let only_new = "labs that exist stay as they are, but for whom to ask for help";
        recorded.map(|_| only_new.to_owned()).into_iter().collect()
    }

    fn summary(&self, attributes: &Attributes, _view: &View<'_>) -> Vec<String> {
        let regions = attributes.get("allowedRegions").and_then(Value::as_array);
        let regions = regions.map(|regions| {
            let regions = regions.iter().filter_map(Value::as_str).collect::<Vec<_>>();
            format!("labs in {}", regions.join(", "))
        });
        [Some(words::place(attributes)), regions].into_iter().flatten().collect()
    }

    /// Labs that the files know name a plan that stays: only others can be left behind.
    fn losses(&self, _address: &Address, _row: &Row, _view: &View<'_>) -> Vec<String> {
        vec!["labs that are not recorded here stay, and can no longer be exported".into()]
    }

    fn create(&self, subject: &Subject<'_>) -> Vec<Draft> {
        let attributes = &subject.desired.attributes;
        let own_region = json!([attributes["location"]]);
        let mut properties = properties(attributes, &Attributes::new());
        properties.entry("allowedRegions").or_insert(own_region);
        let mut body = json!({ "location": attributes["location"], "properties": properties });
        arm::set(&mut body, "tags", attributes.get("tags"));
        let id = &subject.row.arm_id;
        let step = arm::put("create plan", id, PLANS, body, arm::record(subject.row));
        let expects = Expectation::Absent { read: arm::get(id, PLANS) };
        vec![Draft::new("create", arm::needs(self, subject), expects, Work::Small, vec![step])]
    }

    fn update(&self, subject: &Subject<'_>, paths: &[String]) -> Vec<Draft> {
        let changes =
            |top: &str| paths.iter().any(|path| path == top || path.starts_with(&format!("{top}.")));
        let attributes = &subject.desired.attributes;
        let nothing = Attributes::new();
        let before = subject.recorded.map_or(&nothing, |row| &row.attributes);
        let mut properties = properties(attributes, before);
        properties.retain(|name, _| match name.as_str() {
            "allowedRegions" => changes("allowedRegions"),
            "supportInfo" => changes("support"),
            "defaultAutoShutdownProfile" => changes("defaults.autoShutdown"),
            _ => changes("defaults.connection"),
        });
        let mut body = json!({ "properties": properties });
        if changes("tags") {
            arm::set(&mut body, "tags", attributes.get("tags"));
        }
        let (id, record) = (&subject.row.arm_id, arm::record(subject.row));
        let step = arm::step("change plan", Method::Patch, id, PLANS, Some(body), record);
        vec![Draft::new("update", Vec::new(), Expectation::AsRecorded, Work::Small, vec![step])]
    }

    fn delete(&self, _address: &Address, row: &Row, _view: &View<'_>) -> Vec<Draft> {
        let step = arm::delete("delete plan", &row.arm_id, PLANS, Recording::Delete);
        vec![Draft::new("delete", Vec::new(), Expectation::AsRecorded, Work::Small, vec![step])]
    }

    fn reads(&self, _address: &Address, row: &Row) -> Vec<Read> {
        vec![arm::get(&row.arm_id, PLANS)]
    }

    fn observe(
        &self,
        answers: &[Option<Value>],
        row: &Row,
        _names: &Names<'_>,
    ) -> Result<Option<Observed>, ShapeError> {
        let [Some(body)] = answers else { return Ok(None) };
        let mut attributes = arm::observed_top(body, row)?;
        let properties = &body["properties"];
        let mut regions: Vec<_> = properties["allowedRegions"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(|text| crate::catalog::region(text).unwrap_or(text))
            .collect();
        regions.sort_unstable();
        attributes.insert("allowedRegions".into(), json!(regions));
        attributes.insert("support".into(), observed_support(&properties["supportInfo"], row));
        attributes.insert(
            "defaults".into(),
            json!({
                "autoShutdown": profiles::observed_shutdown(&properties["defaultAutoShutdownProfile"]),
                "connection": profiles::observed_connection(&properties["defaultConnectionProfile"]),
            }),
        );
        Ok(Some(Observed { attributes, failed: false }))
    }
}

/// The properties that are written; what `before` had of a part and is not written any more goes back to the service's
/// default.
fn properties(attributes: &Attributes, before: &Attributes) -> Map<String, Value> {
    let mut properties = Map::new();
    if let Some(regions) = attributes.get("allowedRegions") {
        properties.insert("allowedRegions".into(), regions.clone());
    }
    if let Some(Value::Object(support)) = attributes.get("support") {
        let mut all = support.clone();
        let had = before.get("support").and_then(Value::as_object);
        for name in had.into_iter().flatten().map(|(name, _)| name) {
            all.entry(name.clone()).or_insert(Value::Null);
        }
        properties.insert("supportInfo".into(), Value::Object(all));
    }
    if let Some(defaults) = attributes.get("defaults") {
        let before = before.get("defaults");
        let part = |name: &str| (defaults.get(name), before.and_then(|before| before.get(name)));
        let (written, had) = part("autoShutdown");
        properties.insert("defaultAutoShutdownProfile".into(), profiles::shutdown(written, had));
        let (written, had) = part("connection");
        properties.insert("defaultConnectionProfile".into(), profiles::connection(written, had));
        properties.retain(|_, value| value.as_object().is_none_or(|profile| !profile.is_empty()));
    }
    properties
}

/// Whom to ask for help. The service spells a web address as a browser does: `https://x` comes back as `https://x/`.
fn observed_support(info: &Value, row: &Row) -> Value {
    let mut seen = Map::new();
    for attribute in SUPPORT {
        let value = arm::optional(info, &format!("/{}", attribute.name));
        let recorded = row.attributes.get("support").and_then(|support| support.get(attribute.name));
        let address = |value: &Value| url::Url::parse(value.as_str()?).ok();
        let is_same = attribute.name == "url"
            && recorded.and_then(address).is_some_and(|own| Some(own) == address(&value));
        let value = recorded.filter(|_| is_same).cloned().unwrap_or(value);
        seen.insert(attribute.name.into(), value);
    }
    Value::Object(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(value: &Value) -> Attributes {
        value.as_object().expect("a map").clone().into()
    }

    #[test]
    fn a_part_that_is_taken_away_is_taken_away_in_azure_too() {
        let before = map(&json!({
            "support": { "email": "it@contoso.edu", "phone": "1" },
            "defaults": { "autoShutdown": { "shutDownAfterDisconnect": "PT15M" } },
        }));
        let after = map(&json!({ "support": { "email": "it@contoso.edu" }, "defaults": {} }));
        let sent = Value::Object(properties(&after, &before));
        assert_eq!(
            sent,
            json!({
                "supportInfo": { "email": "it@contoso.edu", "phone": null },
                "defaultAutoShutdownProfile": { "shutdownOnDisconnect": "Disabled", "disconnectDelay": null },
            })
        );
        assert_eq!(Value::Object(properties(&map(&json!({})), &before)), json!({}));
    }

    #[test]
    fn a_web_address_is_the_same_with_and_without_its_last_slash() {
        let row = Row {
            arm_id: ArmId::new("/x"),
            attributes: map(&json!({ "support": { "url": "https://Contoso.edu" } })),
            outputs: Map::new(),
            depends_on: std::collections::BTreeSet::new(),
            protect: false,
            ignored: Vec::new(),
            unfinished: None,
        };
        let seen = |url: &str| observed_support(&json!({ "url": url }), &row)["url"].clone();
        assert_eq!(seen("https://contoso.edu/"), "https://Contoso.edu");
        assert_eq!(seen("https://contoso.edu/help"), "https://contoso.edu/help");
    }

    #[test]
    fn a_web_address_has_a_host() {
        assert!(web("https://contoso.edu").is_ok());
        for bad in ["contoso.edu", "mailto:it@contoso.edu", "x"] {
            assert!(web(bad).is_err(), "{bad}");
        }
    }
}
