//! Labs of lab accounts: their requests, and their answers in the language's words.
//!
//! ARM type `Microsoft.LabServices/labaccounts/labs`. Source: Microsoft's module for classroom labs
//! (2019-01-01-preview): POST createLab, then GET lab and template until both are provisioned;
//! changes by GET and PUT of the whole; title and description stand on the template.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::marketplace;
use crate::catalog::size;
use crate::kinds::arm::{self, GALLERIES, LABS};
use crate::kinds::profiles::duration;
use crate::kinds::publish::template;
use crate::kinds::{ShapeError, Subject, View};
use crate::model::{
    ArmId, Attributes, Evidence, Look, Method, Observed, Output, Read, Required, Requirement, Row, Step,
    Take, Until,
};

/// The attributes that `createLab` takes; the others follow in requests of their own.
const AT_CREATION: &[&str] = &[
    "in",
    "name",
    "image",
    "size",
    "quota",
    "credentials",
    "sharedPassword",
    "template",
    "linuxRemoteDesktop",
    "gpuDrivers",
    "autoShutdown",
];
/// The attributes that stand on the template.
const ON_TEMPLATE: &[&str] = &["title", "description"];

/// The requests that make a lab.
pub(super) fn creation(subject: &Subject<'_>) -> Vec<Step> {
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
    steps
}

/// The requests that change what `tops` name.
pub(super) fn changes(subject: &Subject<'_>, tops: &BTreeSet<&str>) -> Vec<Step> {
    let (row, attributes) = (subject.row, &subject.desired.attributes);
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
    steps
}

/// What so many more machines, and the image of a new lab, take of the lab account.
pub(super) fn requirements(
    desired: &Attributes,
    recorded: Option<&Row>,
    added: u64,
    view: &View<'_>,
) -> Vec<Requirement> {
    let Some(size) = size(arm::own(desired, "size")) else { return Vec::new() };
    let machines =
        Required::Machines { size: size.api, portal: size.portal, cores: added * u64::from(size.cores) };
    let machines = (recorded.is_none() || added > 0).then_some(machines);
    let image = marketplace(desired, recorded).map(|name| Required::Image(name.to_owned()));
    let account = view.referred_id(&desired["in"]);
    machines.into_iter().chain(image).map(|what| Requirement { on: account.clone(), what }).collect()
}

/// A gallery's image as the lab account shows it: under the name of its definition.
pub(super) fn image_of(account: &ArmId, definition: &ArmId) -> ArmId {
    account.child("sharedimages", definition.name())
}

fn create_lab(subject: &Subject<'_>) -> Step {
    let (row, attributes) = (subject.row, &subject.desired.attributes);
    let account = subject.view.referred_id(&attributes["in"]);
    let action = ArmId::new(format!("{}/createLab", account.as_str()));
    let mut parameters = json!({});
    let mut ready = Vec::new();
    let mut outputs = Vec::new();
    let image = arm::own(attributes, "image");
    if let Some(name) = image.strip_prefix("Marketplace/") {
        parameters["galleryImageResourceId"] = json!(account.child("galleryimages", name).as_str());
    } else {
        let definition = subject.view.referred_id(&attributes["image"]);
        let projection = image_of(&account, &definition);
        parameters["sharedImageResourceId"] = json!(projection.as_str());
        ready.push(Until::Exists { read: arm::get(&projection, LABS) });
        let read = arm::list(&definition, "versions", GALLERIES);
        outputs.push(Output { name: "imageVersion".into(), read, take: Take::Newest });
    }
    creation_parameters(&mut parameters, attributes);
    let body = Some(json!({ "name": arm::own(attributes, "name"), "labParameters": parameters }));
    let first = arm::partial(row, |name| AT_CREATION.contains(&name));
    let mut step = arm::step("create lab", Method::Post, &action, LABS, body, arm::record(&first));
    step.ready = ready;
    step.evidence = Some(Evidence { read: arm::get(&row.arm_id, LABS), look: Look::Exists });
    step.until = vec![
        Until::Provisioned { read: arm::get(&row.arm_id, LABS) },
        Until::Provisioned { read: arm::get(&template(&row.arm_id), LABS) },
    ];
    let pointer = Take::Pointer("/properties/uniqueIdentifier".into());
    outputs.push(Output {
        name: "uniqueIdentifier".into(),
        read: arm::get(&row.arm_id, LABS),
        take: pointer,
    });
    step.outputs = outputs;
    step
}

/// `labParameters` of createLab, as Microsoft's module sends them.
fn creation_parameters(parameters: &mut Value, attributes: &Attributes) {
    let state = |name: &str| attributes.get(name).and_then(Value::as_bool).map(|on| json!(enabled(on)));
    if let Some(size) = attributes.get("size").and_then(Value::as_str).and_then(size) {
        parameters["vmSize"] = json!(size.api);
    }
    if let Some(credentials) = attributes.get("credentials") {
        parameters["username"] = credentials["username"].clone();
        parameters["password"] = arm::secret(&credentials["password"]);
    }
    arm::set(parameters, "userQuota", attributes.get("quota"));
    arm::set(parameters, "sharedPasswordState", state("sharedPassword").as_ref());
    arm::set(parameters, "templateVmState", state("template").as_ref());
    arm::set(parameters, "installGpuDriverEnabled", state("gpuDrivers").as_ref());
    let desktop = state("linuxRemoteDesktop");
    arm::set(parameters, "linuxRdpState", desktop.as_ref());
    // With a Linux remote desktop the service wants none of the idle settings (the module leaves them out).
    if desktop != Some(json!("Enabled"))
        && let (Some(all), Some(shutdown)) = (parameters.as_object_mut(), attributes.get("autoShutdown"))
    {
        all.extend(shutdown_properties(shutdown));
    }
}

fn enabled(on: bool) -> &'static str {
    if on { "Enabled" } else { "Disabled" }
}

/// The six idle settings. Documented for createLab; that a lab's PUT takes the same ones is a guess.
fn shutdown_properties(shutdown: &Value) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut pair = |attribute: &str, mode: &str, on: &str, off: &str, period: &str| {
        let Some(value) = shutdown.get(attribute) else { return };
        let is_on = value != "none";
        properties.insert(mode.to_owned(), json!(if is_on { on } else { off }));
        if is_on {
            properties.insert(period.to_owned(), value.clone());
        }
    };
    pair("shutDownAfterDisconnect", "idleShutdownMode", "OnDisconnect", "None", "idleGracePeriod");
    pair("disconnectWhenIdle", "enableDisconnectOnIdle", "Enabled", "Disabled", "idleOsGracePeriod");
    pair(
        "shutDownIfNobodyConnects",
        "enableNoConnectShutdown",
        "Enabled",
        "Disabled",
        "idleNoConnectGracePeriod",
    );
    properties
}

/// The idle settings of an answer; `None` where it has none of them.
fn observed_shutdown(properties: &Value) -> Option<Value> {
    let mut shutdown = json!({});
    let mut read = |attribute: &str, mode: &str, off: &str, period: &str| {
        let Some(state) = properties.get(mode).and_then(Value::as_str) else { return };
        let is_off = state.eq_ignore_ascii_case(off);
        shutdown[attribute] = if is_off { json!("none") } else { duration(&properties[period]) };
    };
    read("shutDownAfterDisconnect", "idleShutdownMode", "None", "idleGracePeriod");
    read("disconnectWhenIdle", "enableDisconnectOnIdle", "Disabled", "idleOsGracePeriod");
    read("shutDownIfNobodyConnects", "enableNoConnectShutdown", "Disabled", "idleNoConnectGracePeriod");
    shutdown.as_object().is_some_and(|map| !map.is_empty()).then_some(shutdown)
}

fn lab_properties(attributes: &Attributes, names: &[&str]) -> Value {
    let mut properties = Map::new();
    for name in names {
        let Some(value) = attributes.get(*name) else { continue };
        match *name {
            "capacity" => drop(properties.insert("maxUsersInLab".into(), value.clone())),
            "quota" => drop(properties.insert("usageQuota".into(), value.clone())),
            "access" => drop(properties.insert("userAccessMode".into(), value.clone())),
            "sharedPassword" => {
                let state = enabled(value.as_bool().unwrap_or(false));
                properties.insert("sharedPasswordEnabled".into(), json!(state));
            }
            "autoShutdown" => properties.extend(shutdown_properties(value)),
            _ => {}
        }
    }
    Value::Object(properties)
}

fn template_step(subject: &Subject<'_>) -> Step {
    let mut properties = Map::new();
    for name in ON_TEMPLATE {
        if let Some(value) = subject.desired.attributes.get(*name) {
            properties.insert((*name).to_owned(), value.clone());
        }
    }
    let id = template(&subject.row.arm_id);
    arm::merge("set title", &id, LABS, json!({ "properties": properties }), arm::record(subject.row))
}

fn settled_template(lab: &ArmId) -> Until {
    Until::Field {
        read: arm::get(&template(lab), LABS),
        pointer: "/properties/publishingState".into(),
        is: vec!["Draft".into(), "Published".into(), "PublishFailed".into()],
        fails: Vec::new(),
    }
}

/// The template with its reference VM: nested parts come only when they are asked for.
pub(in crate::kinds) fn template_read(lab: &ArmId) -> Read {
    let expand = "$expand=properties($expand=resourceSettings($expand=referenceVm($expand=vmStateDetails)))";
    Read { query: Some(expand.into()), ..arm::get(&template(lab), LABS) }
}

/// What the lab's answer and its template's say in the language's words; `None` where there is no lab.
pub(super) fn observed(answers: &[Option<Value>], row: &Row) -> Result<Option<Observed>, ShapeError> {
    let [Some(lab), template] = answers else { return Ok(None) };
    let mut attributes = Attributes::new();
    attributes.insert("name".into(), observed_name(lab, row)?);
    let properties = &lab["properties"];
    let whole = |value: &Value| value.as_i64().or_else(|| value.as_str()?.parse().ok());
    attributes
        .insert("capacity".into(), whole(&properties["maxUsersInLab"]).map_or(Value::Null, |n| json!(n)));
    attributes.insert("quota".into(), duration(&properties["usageQuota"]));
    attributes.insert("access".into(), arm::optional(properties, "/userAccessMode"));
    if let Some(shared) = properties.get("sharedPasswordEnabled").and_then(Value::as_str) {
        attributes.insert("sharedPassword".into(), json!(shared.eq_ignore_ascii_case("Enabled")));
    }
    if let Some(shutdown) = observed_shutdown(properties) {
        attributes.insert("autoShutdown".into(), shutdown);
    }
    if let Some(template) = template {
        let properties = &template["properties"];
        for name in ON_TEMPLATE {
            attributes.insert((*name).into(), arm::optional(properties, &format!("/{name}")));
        }
        let settings = &properties["resourceSettings"];
        let api_size = settings["vmSize"].as_str().or(settings["size"].as_str());
        if let Some(size) = api_size.and_then(size) {
            attributes.insert("size".into(), json!(size.portal));
        }
        if let Some(user) = settings["referenceVm"]["userName"].as_str() {
            attributes.insert("credentials".into(), json!({ "username": user }));
        }
    }
    Ok(Some(Observed { attributes, failed: false }))
}

fn observed_name(lab: &Value, row: &Row) -> Result<Value, ShapeError> {
    let answered = arm::text(lab, "/name")?;
    let recorded = arm::own(&row.attributes, "name");
    Ok(json!(if recorded.eq_ignore_ascii_case(answered) { recorded } else { answered }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_off_setting_has_no_period() {
        let properties =
            shutdown_properties(&json!({ "shutDownAfterDisconnect": "none", "disconnectWhenIdle": "PT15M" }));
        assert_eq!(
            Value::Object(properties),
            json!({ "idleShutdownMode": "None", "enableDisconnectOnIdle": "Enabled", "idleOsGracePeriod": "PT15M" })
        );
    }
}
