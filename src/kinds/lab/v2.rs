//! Labs of lab plans: their requests, and their answers in the language's words.
//!
//! ARM type `Microsoft.LabServices/labs`. Source: Lab Services REST 2023-06-07. One PUT makes a lab, PATCHes change it. The
//! machines' profile comes whole or not at all, so a change of a part of it goes on top of what is there.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::marketplace;
use crate::catalog::{Sku, sku};
use crate::kinds::arm::{self, PLANS};
use crate::kinds::profiles;
use crate::kinds::{Names, ShapeError, Subject, View};
use crate::model::{
    ArmId, Attributes, Fill, Method, Observed, Output, Read, Required, Requirement, Row, Step, Take, Until,
};

/// Where the machines' profile stands.
const MACHINES: &str = "/properties/virtualMachineProfile";

/// The size of a lab with these attributes.
fn size(attributes: &Attributes) -> Option<&'static Sku> {
    sku(arm::own(attributes, "size"))
}

/// The images that a lab plan offers: of the marketplace and of its gallery.
pub(in crate::kinds) fn images(plan: &ArmId) -> Read {
    arm::list(plan, "images", PLANS)
}

/// A gallery's image as the lab plan shows it: under the name of its definition.
pub(in crate::kinds) fn image(plan: &ArmId, definition: &ArmId) -> ArmId {
    plan.child("images", definition.name())
}

/// What finds an image of the marketplace among those of a lab plan: the name that people see, or its own.
fn called(name: &str, value: &str) -> Take {
    let at = ["/properties/displayName", "/name"].map(str::to_owned).to_vec();
    Take::Item { at, is: name.to_owned(), value: value.to_owned() }
}

/// The request that makes a lab.
pub(super) fn creation(subject: &Subject<'_>) -> Step {
    let (attributes, view) = (&subject.desired.attributes, subject.view);
    let (id, plan) = (&subject.row.arm_id, view.referred_id(&attributes["in"]));
    let mut machines = machines(attributes);
    let (mut ready, mut fills) = (Vec::new(), Vec::new());
    if let Some(name) = marketplace(attributes, None) {
        machines["imageReference"] = json!({ "version": "latest" });
        let parts = ["publisher", "offer", "sku"].map(|part| Fill {
            pointer: format!("{MACHINES}/imageReference/{part}"),
            read: images(&plan),
            take: called(name, &format!("/properties/{part}")),
        });
        fills.extend(parts);
    } else {
        let definition = view.referred_id(&attributes["image"]);
        machines["imageReference"] = json!({ "id": definition.as_str() });
        ready.push(Until::Exists { read: arm::get(&image(&plan, &definition), PLANS) });
    }
    let mut properties = json!({
        "labPlanId": plan.as_str(),
        "virtualMachineProfile": machines,
        "autoShutdownProfile": profiles::shutdown(with_defaults("autoShutdown", attributes, view).as_ref(), None),
        "connectionProfile": profiles::connection(with_defaults("connection", attributes, view).as_ref(), None),
        "securityProfile": security(attributes).unwrap_or_else(|| json!({})),
    });
    for name in ["title", "description"] {
        arm::set(&mut properties, name, attributes.get(name));
    }
    if let Some(subnet) = attributes.get("network").and_then(|network| network.get("subnet")) {
        properties["networkProfile"] = json!({ "subnetId": subnet });
    }
    let mut body = json!({ "location": attributes.get("location"), "properties": properties });
    arm::set(&mut body, "tags", attributes.get("tags"));
    let mut step = arm::put("create lab", id, PLANS, body, arm::record(subject.row));
    if let Some(request) = &mut step.request {
        request.fills = fills;
    }
    step.ready = ready;
    step.outputs = vec![Output {
        name: "imageVersion".into(),
        read: arm::get(id, PLANS),
        take: Take::Pointer(format!("{MACHINES}/imageReference/exactVersion")),
    }];
    step
}

/// What a lab says of a profile, on top of what the files say that its plan gives.
///
/// The service gives the same to a new lab, and nothing to one that is there: a PUT that is sent again because its answer
/// was lost would take it away.
fn with_defaults(name: &str, attributes: &Attributes, view: &View<'_>) -> Option<Value> {
    let plan = view.referred(&attributes["in"]).and_then(|plan| plan.get("defaults")?.get(name)?.as_object());
    let own = attributes.get(name).and_then(Value::as_object);
    let mut all = plan.cloned().unwrap_or_default();
    all.extend(own.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())));
    // What idle means without a time is the plan's alone.
    if all.get("shutDownWhenIdle").is_none_or(|after| after == "none") {
        all.remove("idleMeans");
    }
    (!all.is_empty()).then_some(Value::Object(all))
}

/// The machines' profile of a new lab, but for its image.
fn machines(attributes: &Attributes) -> Value {
    let is = |name: &str| attributes.get(name).and_then(Value::as_bool);
    let template = is("template").unwrap_or(true);
    let mut machines = json!({
        "createOption": if template { "TemplateVM" } else { "Image" },
        "sku": { "name": size(attributes).map(|size| size.name) },
        "usageQuota": attributes.get("quota"),
    });
    arm::set(&mut machines["sku"], "capacity", attributes.get("capacity"));
    for (name, to) in [("credentials", "adminUser"), ("nonAdmin", "nonAdminUser")] {
        if let Some(account) = attributes.get(name) {
            let password = arm::secret(&account["password"]);
            machines[to] = json!({ "username": account["username"], "password": password });
        }
    }
    if let Some(drivers) = is("gpuDrivers") {
        machines["additionalCapabilities"] = json!({ "installGpuDrivers": enabled(drivers) });
    }
    if let Some(shared) = is("sharedPassword") {
        machines["useSharedPassword"] = json!(enabled(shared));
    }
    machines
}

fn enabled(on: bool) -> &'static str {
    if on { "Enabled" } else { "Disabled" }
}

fn security(attributes: &Attributes) -> Option<Value> {
    let access = attributes.get("access")?;
    Some(json!({ "openAccess": enabled(access == "Open") }))
}

/// The request that changes what `tops` name.
pub(super) fn change(subject: &Subject<'_>, tops: &BTreeSet<&str>) -> Step {
    let (attributes, id) = (&subject.desired.attributes, &subject.row.arm_id);
    let mut properties = json!({});
    let before = |name: &str| subject.recorded.and_then(|row| row.attributes.get(name));
    for name in ["title", "description"].into_iter().filter(|name| tops.contains(name)) {
        arm::set(&mut properties, name, attributes.get(name));
    }
    if tops.contains("in") {
        properties["labPlanId"] = json!(subject.view.referred_id(&attributes["in"]).as_str());
    }
    if tops.contains("access") {
        arm::set(&mut properties, "securityProfile", security(attributes).as_ref());
    }
    if tops.contains("autoShutdown") {
        properties["autoShutdownProfile"] =
            profiles::shutdown(attributes.get("autoShutdown"), before("autoShutdown"));
    }
    if tops.contains("connection") {
        properties["connectionProfile"] =
            profiles::connection(attributes.get("connection"), before("connection"));
    }
    let mut machines = Map::new();
    if tops.contains("quota") {
        machines.extend(attributes.get("quota").map(|quota| ("usageQuota".to_owned(), quota.clone())));
    }
    if tops.contains("capacity") {
        let capacity = attributes.get("capacity").map(|capacity| json!({ "capacity": capacity }));
        machines.extend(capacity.map(|sku| ("sku".to_owned(), sku)));
    }
    let mut fills = Vec::new();
    if !machines.is_empty() {
        properties["virtualMachineProfile"] = Value::Object(machines);
        let take = Take::Pointer(MACHINES.to_owned());
        fills.push(Fill { pointer: MACHINES.to_owned(), read: arm::get(id, PLANS), take });
    }
    let mut body = json!({ "properties": properties });
    if tops.contains("tags") {
        arm::set(&mut body, "tags", attributes.get("tags"));
    }
    let record = arm::record(subject.row);
    let mut step = arm::step("change lab", Method::Patch, id, PLANS, Some(body), record);
    if let Some(request) = &mut step.request {
        request.fills = fills;
    }
    // A published lab makes or deletes VMs; its state says when that is over.
    step.until.push(settled(id));
    step
}

/// That the service has nothing under way with a lab's machines.
fn settled(lab: &ArmId) -> Until {
    Until::Field {
        read: arm::get(lab, PLANS),
        pointer: "/properties/state".into(),
        is: vec!["Draft".into(), "Published".into()],
        fails: Vec::new(),
    }
}

/// What so many more machines, and the image of a new lab, take of the subscription and the lab plan.
pub(super) fn requirements(
    desired: &Attributes,
    recorded: Option<&Row>,
    added: u64,
    view: &View<'_>,
) -> Vec<Requirement> {
    let Some(size) = size(desired) else { return Vec::new() };
    let subscription = view.group(desired).subscription();
    let region = arm::own(desired, "location").to_owned();
    let cores = added * u64::from(size.cores);
    let what = Required::Sku { name: size.name, word: size.word(), region, cores };
    let machines = subscription.filter(|_| recorded.is_none() || added > 0);
    let machines = machines.map(|on| Requirement { on, what });
    let image = marketplace(desired, recorded).map(|name| Requirement {
        on: view.referred_id(&desired["in"]),
        what: Required::Image(name.to_owned()),
    });
    machines.into_iter().chain(image).collect()
}

/// What a lab's answer says in the language's words; `None` where there is no lab.
///
/// The image is left as it is recorded: it cannot change, and the answer names it in other words.
pub(super) fn observed(
    answers: &[Option<Value>],
    row: &Row,
    names: &Names<'_>,
) -> Result<Option<Observed>, ShapeError> {
    let [Some(lab)] = answers else { return Ok(None) };
    let mut attributes = arm::observed_top(lab, row)?;
    let properties = &lab["properties"];
    let plan = properties["labPlanId"].as_str().filter(|id| !id.is_empty());
    // Some clients leave the first slash out, and the service has given it back so.
    let plan = plan.map(|id| ArmId::new(format!("/{}", id.trim_start_matches('/'))));
    let plan = plan.map(|id| names.reference_as(&id, row.attributes.get("in")));
    attributes.insert("in".into(), plan.unwrap_or(Value::Null));
    for name in ["title", "description"] {
        attributes.insert(name.into(), arm::optional(properties, &format!("/{name}")));
    }
    let is_on = |value: &Value| value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("Enabled"));
    let open = is_on(&properties["securityProfile"]["openAccess"]);
    attributes.insert("access".into(), json!(if open { "Open" } else { "Restricted" }));
    let shutdown = profiles::observed_shutdown(&properties["autoShutdownProfile"]);
    attributes.insert("autoShutdown".into(), shutdown);
    let connection = profiles::observed_connection(&properties["connectionProfile"]);
    attributes.insert("connection".into(), connection);
    attributes.insert("network".into(), observed_network(&properties["networkProfile"], row));
    let machines = &properties["virtualMachineProfile"];
    attributes.insert("capacity".into(), arm::optional(machines, "/sku/capacity"));
    attributes.insert("quota".into(), profiles::duration(&machines["usageQuota"]));
    if let Some(size) = machines["sku"]["name"].as_str().and_then(sku) {
        attributes.insert("size".into(), json!(size.word()));
    }
    attributes.insert("template".into(), json!(machines["createOption"] != "Image"));
    attributes.insert("sharedPassword".into(), json!(is_on(&machines["useSharedPassword"])));
    let drivers = is_on(&machines["additionalCapabilities"]["installGpuDrivers"]);
    attributes.insert("gpuDrivers".into(), json!(drivers));
    for (name, from) in [("credentials", "adminUser"), ("nonAdmin", "nonAdminUser")] {
        let user = machines[from]["username"].as_str();
        attributes.insert(name.into(), user.map_or(Value::Null, |user| json!({ "username": user })));
    }
    Ok(Some(Observed { attributes, failed: false }))
}

/// The network, its id in the recorded letter case where it is the same.
fn observed_network(profile: &Value, row: &Row) -> Value {
    let subnet = arm::optional(profile, "/subnetId");
    let recorded = row.attributes.get("network").and_then(|network| network.get("subnet"));
    let is_same = recorded.and_then(Value::as_str).zip(subnet.as_str());
    let is_same = is_same.is_some_and(|(own, answered)| own.eq_ignore_ascii_case(answered));
    json!({ "subnet": recorded.filter(|_| is_same).cloned().unwrap_or(subnet) })
}
