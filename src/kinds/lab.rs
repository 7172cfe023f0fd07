//! Labs of lab accounts: one class, all VMs alike.
//!
//! ARM type `Microsoft.LabServices/labaccounts/labs`. Source: Microsoft's module for classroom labs
//! (2019-01-01-preview): POST createLab, then GET lab and template until both are provisioned;
//! changes by GET and PUT of the whole; title and description stand on the template.
//! Image, size, account name, template-or-not and GPU drivers are fixed when the lab is made.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::arm::{self, GALLERIES, LABS};
use super::gallery_attachment::{Enabled, attachment_of};
use super::publish::template;
use super::shape::{Reference, any, length, managed};
use super::{
    Attribute, Draft, Kind, KindInfo, Names, Need, OnChange, Problem, Shape, ShapeError, Subject, View, words,
};
use crate::catalog::{Work, seconds, size};
use crate::model::{
    Address, ArmId, Attributes, Evidence, Expectation, Finding, Look, Method, Observed, Output, Read,
    Recording, Resource, Row, Severity, Step, Take, Until,
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

impl Kind for Lab {
    fn info(&self) -> &'static KindInfo {
        &INFO
    }

    fn complete(&self, address: &Address, own: &mut Resource, view: &View<'_>) -> Vec<Problem> {
        let mut problems = Vec::new();
        let Some(image) = arm::referred(&own.attributes, "image") else { return problems };
        if let Some(inherited) = credentials_inside(&image, view, 8) {
            match own.attributes.get("credentials") {
                Some(written) if *written != inherited && !own.defaulted.contains("credentials") => {
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
        vec![Draft::new("create", needs(subject), expects, seconds(Work::Lab), steps)]
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
        let estimate = seconds(if scales { Work::Scale } else { Work::Small });
        vec![Draft::new("update", Vec::new(), Expectation::AsRecorded, estimate, steps)]
    }

    fn delete(&self, _address: &Address, row: &Row, _view: &View<'_>) -> Vec<Draft> {
        let step = arm::delete("delete lab", &row.arm_id, LABS, Recording::Delete);
        vec![Draft::new("delete", Vec::new(), Expectation::AsRecorded, seconds(Work::DeleteLab), vec![step])]
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
}

/// How many VMs a lab with these attributes has at most.
pub(super) fn seats(attributes: &Attributes) -> usize {
    let capacity = attributes.get("capacity").and_then(Value::as_u64).unwrap_or(0);
    usize::try_from(capacity).unwrap_or(usize::MAX)
}

fn observed_name(lab: &Value, row: &Row) -> Result<Value, ShapeError> {
    let answered = arm::text(lab, "/name")?;
    let recorded = arm::own(&row.attributes, "name");
    Ok(json!(if recorded.eq_ignore_ascii_case(answered) { recorded } else { answered }))
}

/// The account inside the image: its own where it says so, that of the lab it was exported from else.
fn credentials_inside(image: &Address, view: &View<'_>, depth: u8) -> Option<Value> {
    let own = &view.desired.get(image)?.attributes;
    let specialized =
        own.get("os").and_then(|os| os.get("state")).and_then(Value::as_str) == Some("Specialized");
    if (specialized || super::image::is_exported(own))
        && let Some(credentials) = own.get("credentials")
    {
        return Some(credentials.clone());
    }
    let origin = super::export::origin(image, view).filter(|_| depth > 0)?;
    let lab = &view.desired.get(&origin)?.attributes;
    lab.get("credentials")
        .cloned()
        .or_else(|| credentials_inside(&arm::referred(lab, "image")?, view, depth - 1))
}

fn differing_credentials(address: &Address, own: &Resource, image: &Address) -> Finding {
    Finding {
        rule: "IMG-03".into(),
        severity: Severity::Error,
        message: format!(
            "the credentials are not those inside {image}, which is specialized: nobody could sign in"
        ),
        address: Some(address.clone()),
        source: Some(own.source_of("credentials").clone()),
        help: Some("take `credentials` away: the lab inherits the image's".into()),
    }
}

/// Azure wants an account for every new lab, generalized image or not.
fn without_credentials(subject: &Subject<'_>) -> Option<Finding> {
    if subject.recorded.is_some() || subject.desired.attributes.contains_key("credentials") {
        return None;
    }
    Some(Finding {
        rule: "LAB-20".into(),
        severity: Severity::Error,
        message: "a new lab needs `credentials`".into(),
        address: Some(subject.address.clone()),
        source: Some(subject.desired.source.clone()),
        help: Some("add `credentials: { username: student, password: { env: LAB_PASSWORD } }`".into()),
    })
}

/// Linux labs of lab accounts cannot disconnect idle students; a default is left out, a written one refused.
fn idle_on_linux(address: &Address, own: &mut Resource, image: &Address, view: &View<'_>) -> Option<Problem> {
    let os = view.attributes(image)?.get("os")?.get("type")?.as_str()?;
    let idle = own.attributes.get("autoShutdown")?.get("disconnectWhenIdle")?;
    if os != "Linux" || idle == "none" {
        return None;
    }
    let defaulted = own.defaulted.contains("autoShutdown.disconnectWhenIdle");
    if defaulted && let Some(Value::Object(shutdown)) = own.attributes.get_mut("autoShutdown") {
        shutdown.remove("disconnectWhenIdle");
    }
    Some(Problem::Rule(Finding {
        rule: "SHU-02".into(),
        severity: if defaulted { Severity::Info } else { Severity::Error },
        message: if defaulted {
            "the default `disconnectWhenIdle` is left out: Linux labs do not have it".into()
        } else {
            "Linux labs cannot disconnect idle students; Azure would refuse to create the lab".into()
        },
        address: Some(address.clone()),
        source: Some(own.source_of("autoShutdown.disconnectWhenIdle").clone()),
        help: (!defaulted).then(|| "take `disconnectWhenIdle` away".into()),
    }))
}

fn not_enabled(address: &Address, own: &Resource, image: &Address, view: &View<'_>) -> Option<Problem> {
    let account = arm::referred(&own.attributes, "in")?;
    let attachment = attachment_of(&account, view);
    let attributes = attachment.as_ref().and_then(|attachment| view.attributes(attachment));
    let gallery = view.attributes(image).and_then(|image| arm::referred(image, "gallery"))?;
    let (message, help) = match (&attachment, attributes) {
        (Some(attachment), Some(attributes))
            if arm::referred(attributes, "gallery").as_ref() == Some(&gallery) =>
        {
            match Enabled::of(attributes) {
                Enabled::Exactly(images) if !images.contains(image) => (
                    format!("{image} is not among the images that {attachment} enables"),
                    format!("add `{}` to its `enabledImages`", image.key()),
                ),
                _ => return None,
            }
        }
        _ => (
            format!("{image} lies in {gallery}, which is not attached to {account}"),
            format!(
                "attach it: `galleryAttachments: {{ NAME: {{ to: {account}, gallery: {}, enabledImages: [{}] }} }}`",
                gallery.key(),
                image.key()
            ),
        ),
    };
    Some(Problem::Rule(Finding {
        rule: "IMG-19".into(),
        severity: Severity::Error,
        message,
        address: Some(address.clone()),
        source: Some(own.source_of("image").clone()),
        help: Some(help),
    }))
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
        let projection = account.child("sharedimages", definition.name());
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

/// A duration as ARM answers it, in normal form: equal values may come back in other words.
fn duration(value: &Value) -> Value {
    let normal = value.as_str().and_then(super::shape::parse_duration).map(super::shape::iso_duration);
    normal.map_or_else(|| value.clone(), |text| json!(text))
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
fn template_read(lab: &ArmId) -> Read {
    let expand = "$expand=properties($expand=resourceSettings($expand=referenceVm($expand=vmStateDetails)))";
    Read { query: Some(expand.into()), ..arm::get(&template(lab), LABS) }
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

    #[test]
    fn a_duration_is_equal_in_other_words() {
        assert_eq!(duration(&json!("P1DT16H")), json!("PT40H"));
    }
}
