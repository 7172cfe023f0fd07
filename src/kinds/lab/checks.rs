//! What a lab's configuration must fit: its image, the credentials inside that, its plan's regions, what Linux knows of
//! idleness.

use serde_json::{Value, json};

use crate::kinds::gallery_attachment::{Enabled, attachment_of, copied_to};
use crate::kinds::generation::Generation;
use crate::kinds::lab_plan::allowed_regions;
use crate::kinds::{Problem, Subject, View, arm, reference_id, reference_key, words};
use crate::model::{Address, Finding, Resource, Severity};

/// The account inside the image: its own where it says so, that of the lab it was exported from else.
pub(super) fn credentials_inside(image: &Address, view: &View<'_>, depth: u8) -> Option<Value> {
    let own = &view.desired.get(image)?.attributes;
    let specialized =
        own.get("os").and_then(|os| os.get("state")).and_then(Value::as_str) == Some("Specialized");
    if (specialized || crate::kinds::image::is_exported(own))
        && let Some(credentials) = own.get("credentials")
    {
        return Some(credentials.clone());
    }
    let origin = crate::kinds::export::origin(image, view).filter(|_| depth > 0)?;
    let lab = &view.desired.get(&origin)?.attributes;
    lab.get("credentials")
        .cloned()
        .or_else(|| credentials_inside(&arm::referred(lab, "image")?, view, depth - 1))
}

pub(super) fn differing_credentials(address: &Address, own: &Resource, image: &Address) -> Finding {
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
pub(super) fn without_credentials(subject: &Subject<'_>) -> Option<Finding> {
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

/// Lab plans name no quota of their own, and Azure wants one for every new lab of theirs.
pub(super) fn without_quota(subject: &Subject<'_>) -> Option<Finding> {
    let has_quota = subject.desired.attributes.contains_key("quota");
    (subject.recorded.is_none() && !has_quota).then(|| Finding {
        rule: "LAB-21".into(),
        severity: Severity::Error,
        message: "a new lab of a lab plan needs `quota`".into(),
        address: Some(subject.address.clone()),
        source: Some(subject.desired.source.clone()),
        help: Some(
            "add `quota: 20h`: the hours each student may use a VM outside of schedules; `0h` is none".into(),
        ),
    })
}

/// Students start VMs within their quota only, schedules within their times only.
pub(super) fn nobody_can_start(address: &Address, own: &Resource, view: &View<'_>) -> Option<Problem> {
    let attributes = &own.attributes;
    let publish = view.attributes(&Address::new("Publish", address.key()))?;
    let is_published = publish.get("revision").is_some_and(|revision| *revision != 0);
    let has_schedule = view.under(format!("Schedule/{}/", address.key())).next().is_some();
    (is_published && !has_schedule && attributes.get("quota")?.as_str() == Some("PT0M")).then(|| {
        Problem::Rule(Finding {
            rule: "QUO-02".into(),
            severity: Severity::Warning,
            message: "there is neither a quota nor a schedule: students cannot use their VMs at all".into(),
            address: Some(address.clone()),
            source: Some(own.source_of("quota").clone()),
            help: Some("write a `quota` above 0h, or name a timetable in `schedules`".into()),
        })
    })
}

/// A lab of a lab plan is made in one of the regions that the plan allows; one that exists stays where it is.
pub(super) fn not_allowed_there(subject: &Subject<'_>) -> Option<Finding> {
    let own = subject.desired;
    let plan = arm::referred(&own.attributes, "in").filter(|_| subject.recorded.is_none())?;
    let location = own.attributes.get("location")?.as_str()?;
    let allowed = allowed_regions(&plan, subject.view)?;
    (!allowed.iter().any(|region| region == location)).then(|| Finding {
        rule: "GEO-06".into(),
        severity: Severity::Error,
        message: format!("{plan} allows no labs in `{location}`; it does in {}", allowed.join(", ")),
        address: Some(subject.address.clone()),
        source: Some(own.source_of("location").clone()),
        help: Some(format!("write another `location`, or add `{location}` to the plan's `allowedRegions`")),
    })
}

/// A new lab in another region than its plan needs the image there too; in the plan's the attachment sees to it.
pub(super) fn not_copied_there(subject: &Subject<'_>) -> Option<Finding> {
    let (own, view) = (subject.desired, subject.view);
    let image = arm::referred(&own.attributes, "image").filter(|_| subject.recorded.is_none())?;
    let location = own.attributes.get("location")?.as_str()?;
    let plan = view.referred(own.attributes.get("in")?)?.get("location")?.as_str()?;
    let regions = copied_to(&image, view).filter(|_| location != plan)?;
    (!regions.iter().any(|region| region == location)).then(|| Finding {
        rule: "GEO-03".into(),
        severity: Severity::Error,
        message: format!("no version of {image} is copied to `{location}`, where the lab is"),
        address: Some(subject.address.clone()),
        source: Some(own.source_of("location").clone()),
        help: Some(format!(
            "add `{location}` to the image's `replicate: {{ regions: {{ {location}: 1 }} }}`, or make the lab in `{plan}`"
        )),
    })
}

/// The two accounts on the VMs of a lab plan's lab have names of their own.
pub(super) fn same_user(address: &Address, own: &Resource) -> Option<Problem> {
    let user = |name: &str| own.attributes.get(name)?.get("username")?.as_str().map(str::to_lowercase);
    let is_same = user("nonAdmin").is_some_and(|other| Some(other) == user("credentials"));
    is_same.then(|| {
        Problem::Rule(Finding {
            rule: "LAB-11".into(),
            severity: Severity::Error,
            message: "the account without administrator's rights has the administrator's name".into(),
            address: Some(address.clone()),
            source: Some(own.source_of("nonAdmin").clone()),
            help: Some("give it another `username`, or take `nonAdmin` away".into()),
        })
    })
}

/// What a lab plan's lab exports, no lab account can use.
pub(super) fn not_for_accounts(
    address: &Address,
    own: &Resource,
    image: &Address,
    view: &View<'_>,
) -> Option<Problem> {
    let origin = crate::kinds::export::origin(image, view)?;
    let is_of_plan = Generation::of(view.attributes(&origin)?, "in") == Generation::Plans;
    is_of_plan.then(|| {
        Problem::Rule(Finding {
            rule: "IMG-22".into(),
            severity: Severity::Error,
            message: format!(
                "{image} is exported from {origin}, a lab of a lab plan; lab accounts cannot use that"
            ),
            address: Some(address.clone()),
            source: Some(own.source_of("image").clone()),
            help: Some(
                "make the lab with a lab plan, or export the image from a lab of a lab account".into(),
            ),
        })
    })
}

/// Linux labs of lab accounts cannot disconnect idle students; a default is left out, a written one refused.
pub(super) fn idle_on_linux(
    address: &Address,
    own: &mut Resource,
    image: &Address,
    view: &View<'_>,
) -> Option<Problem> {
    let os = view.attributes(image)?.get("os")?.get("type")?.as_str()?;
    let idle = own.attributes.get("autoShutdown")?.get("disconnectWhenIdle")?;
    if os != "Linux" || idle == "none" {
        return None;
    }
    let defaulted = own.defaulted.contains_key("autoShutdown.disconnectWhenIdle");
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

/// Says what keeps the lab's image from being shown to it.
///
/// Of an image, a lab account or a lab plan that is not managed, somebody else may have brought about what the files do
/// not say.
pub(super) fn not_enabled(address: &Address, own: &Resource, view: &View<'_>) -> Option<Problem> {
    let (holder, image) = (own.attributes.get("in")?, own.attributes.get("image")?);
    reference_key(image)?;
    let attachment = attachment_of(holder, view);
    let attributes = attachment.as_ref().and_then(|attachment| view.attributes(attachment));
    let gallery = match reference_id(image) {
        Some(id) => json!({ "id": id.top_level()?.as_str() }),
        None => view.referred(image)?.get("gallery")?.clone(),
    };
    let key = arm::referred(&own.attributes, "image");
    let named = words::thing(image);
    let is_managed = key.is_some() && reference_id(holder).is_none();
    let is_off = Generation::of(&own.attributes, "in") == Generation::Plans;
    let (severity, message, help) = match (&attachment, attributes) {
        (Some(attachment), Some(attributes)) if view.is_same(&attributes["gallery"], &gallery) => {
            match (Enabled::of(attributes), &key) {
                (Enabled::Exactly(images), Some(key)) if !images.contains(key) => (
                    Severity::Error,
                    format!("{named} is not among the images that {attachment} enables"),
                    format!("add `{}` to its `enabledImages`", key.key()),
                ),
                (Enabled::Exactly(_), None) => (
                    Severity::Error,
                    format!("{named} is not in the files, and {attachment} switches off what it does not list"),
                    "write its block under `images:` with `adopt: true` and list it; or write `enabledImages: { including: […] }`".into(),
                ),
                // Lab accounts switch a gallery's images on as it is attached, lab plans leave them off.
                (Enabled::Including(images), Some(key)) if is_off && !images.contains(key) => {
                    off_at_first(key, attachment)
                }
                (Enabled::Unmanaged, Some(key)) if is_off => off_at_first(key, attachment),
                _ => return None,
            }
        }
        (None, _) if !is_managed => return None,
        _ => (
            Severity::Error,
            format!(
                "{named} lies in {}, which is not attached to {}",
                words::thing(&gallery),
                words::thing(holder)
            ),
            format!(
                "attach it: `galleryAttachments: {{ NAME: {{ to: {}, gallery: {}{} }} }}`",
                words::written(holder, false),
                words::written(&gallery, true),
                key.map(|key| format!(", enabledImages: [{}]", key.key())).unwrap_or_default(),
            ),
        ),
    };
    Some(Problem::Rule(Finding {
        rule: "IMG-19".into(),
        severity,
        message,
        address: Some(address.clone()),
        source: Some(own.source_of("image").clone()),
        help: Some(help),
    }))
}

fn off_at_first(image: &Address, attachment: &Address) -> (Severity, String, String) {
    let message = format!(
        "{attachment} does not switch {image} on, and a lab plan shows a gallery's images switched off"
    );
    (Severity::Warning, message, format!("add `{}` to its `enabledImages`", image.key()))
}
