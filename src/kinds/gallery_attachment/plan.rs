//! Galleries of lab plans.
//!
//! Source: Lab Services REST 2023-06-07; documentation: the plan's `sharedGalleryId` is the attachment. Its images show among
//! those of the marketplace once a version is in the plan's region, switched off.

use serde_json::{Value, json};

use super::{Enabled, Seen};
use crate::kinds::arm::{self, PLANS};
use crate::kinds::{Problem, ShapeError, Subject, View};
use crate::model::{
    Address, ArmId, Evidence, Expectation, Finding, Look, Method, Read, Recording, Required, Resource, Row,
    Severity, Step, Sweep, SweepWanted, Until, Within,
};

/// The property of a plan that is the attachment; the last segment of an attachment's id, which ARM does not have.
const GALLERY: &str = "sharedGalleryId";

/// Source: Lab Services, attach a compute gallery to a lab plan: the service's principal is made Owner of the gallery
/// first (domain rule GAL-05).
pub(super) const ROLE: Required = Required::Role {
    application: "c7bb12bf-0b39-4f7f-9171-f418ff39b76a",
    called: "Azure Lab Services",
    role: "Owner",
};

/// The id of the attachment of a plan: one of its own, so that nothing takes it for the plan.
pub(super) fn id(plan: &ArmId) -> ArmId {
    ArmId::new(format!("{plan}/{GALLERY}"))
}

/// The plan's id of an attachment's.
fn plan_id(attachment: &ArmId) -> ArmId {
    attachment.top_level().unwrap_or_else(|| attachment.clone())
}

fn pointer() -> String {
    format!("/properties/{GALLERY}")
}

/// What tells whether a change of the attachment took effect.
fn evidence(plan: &ArmId) -> Option<Evidence> {
    Some(Evidence { read: arm::get(plan, PLANS), look: Look::Fields(vec![pointer()]) })
}

/// The request that attaches, and what must be true before.
pub(super) fn attach(attachment: &ArmId, gallery: &ArmId, record: Recording) -> (Step, Expectation) {
    let plan = plan_id(attachment);
    let body = json!({ "properties": { GALLERY: gallery.as_str() } });
    let mut step = arm::step("attach", Method::Patch, &plan, PLANS, Some(body), record);
    step.evidence = evidence(&plan);
    (step, Expectation::Unset { read: arm::get(&plan, PLANS), pointer: pointer() })
}

/// The request that detaches. Whether a PATCH takes a null is documented nowhere; a PUT of the plan without its gallery is
/// what others send.
pub(super) fn detach(row: &Row) -> Step {
    let plan = plan_id(&row.arm_id);
    let body = json!({ "properties": { GALLERY: null } });
    let mut step = arm::merge("detach", &plan, PLANS, body, Recording::Delete);
    step.evidence = evidence(&plan);
    step
}

/// The request that switches on an image of this name.
pub(super) fn enable(attachment: &ArmId, image: &str, record: Recording) -> Step {
    let image = plan_id(attachment).child("images", image);
    let body = json!({ "properties": { "enabledState": "Enabled" } });
    let mut step = arm::step("enable", Method::Patch, &image, PLANS, Some(body), record);
    step.ready = vec![Until::Exists { read: arm::get(&image, PLANS) }];
    step
}

/// The switches of all images of the gallery; those of the marketplace are left alone.
pub(super) fn sweep(attachment: &ArmId, gallery: &ArmId, wanted: SweepWanted) -> Sweep {
    Sweep {
        read: arm::list(&plan_id(attachment), "images", PLANS),
        switch: vec!["/properties/enabledState".into()],
        on_off: (json!("Enabled"), json!("Disabled")),
        wanted,
        awaits: Vec::new(),
        // Of an image of a gallery this names the definition.
        within: Some(Within { pointer: pointer(), id: gallery.clone() }),
        patches: true,
    }
}

/// The read of the attachment, and that of the images.
pub(super) fn reads(row: &Row) -> [Read; 2] {
    let plan = plan_id(&row.arm_id);
    [arm::get(&plan, PLANS), arm::list(&plan, "images", PLANS)]
}

/// What the answers say; `None` where the plan has no gallery.
pub(super) fn seen(body: &Value, images: Option<&Value>, row: &Row) -> Result<Option<Seen>, ShapeError> {
    let gallery = match arm::optional(body, &pointer()) {
        Value::Null => return Ok(None),
        Value::String(id) => ArmId::new(id),
        _ => return Err(ShapeError { pointer: pointer() }),
    };
    let images = images.map(|images| {
        let items = images.as_array().into_iter().flatten();
        let image = |item: &Value| {
            let definition = ArmId::new(item["properties"][GALLERY].as_str()?);
            let is_on = item["properties"]["enabledState"].as_str()?.eq_ignore_ascii_case("Enabled");
            definition.lies_in(&gallery).then_some((definition, is_on))
        };
        items.filter_map(image).collect()
    });
    Ok(Some(Seen { to: plan_id(&row.arm_id), name: None, gallery, images }))
}

/// What does not fit a plan: a name of its own, images that are not where the plan is.
pub(super) fn problems(address: &Address, own: &mut Resource, view: &View<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    if own.attributes.remove("name").is_some() && !own.defaulted.contains_key("name") {
        problems.push(Problem::Wrong {
            path: "name".into(),
            code: "unknown_key",
            message: "the attachment of a lab plan has no `name`: it is a property of the plan".into(),
            help: "take it away".into(),
        });
    }
    let text = |name: &str, of: &str| -> Option<String> {
        Some(view.referred(own.attributes.get(of)?)?.get(name)?.as_str()?.to_owned())
    };
    let Some(region) = text("location", "to") else { return problems };
    if let Some(other) = text("location", "gallery").filter(|other| *other != region) {
        problems.push(Problem::Rule(Finding {
            rule: "GEO-04".into(),
            severity: Severity::Warning,
            message: format!("the gallery is in `{other}` and the lab plan in `{region}`; Microsoft asks for one region"),
            address: Some(address.clone()),
            source: Some(own.source_of("gallery").clone()),
            help: Some("images reach the plan where they are copied to its region; a gallery beside it is the safe choice".into()),
        }));
    }
    for image in Enabled::of(&own.attributes).listed(&own.attributes["gallery"], view) {
        if let Some(regions) = copied_to(&image, view)
            && !regions.contains(&region)
        {
            problems.push(Problem::Rule(Finding {
                rule: "GEO-03".into(),
                severity: Severity::Error,
                message: format!("no version of {image} is copied to `{region}`, where the lab plan is: it would not be listed there"),
                address: Some(address.clone()),
                source: Some(own.source_of("enabledImages").clone()),
                help: Some(format!("add `{region}` to the image's `replicate: {{ regions: {{ {region}: 1 }} }}`")),
            }));
        }
    }
    problems
}

/// Where the versions of an image are copied to, as the files say; `None` where they say nothing of it.
pub(super) fn copied_to(image: &Address, view: &View<'_>) -> Option<Vec<String>> {
    let versions: Vec<_> = view.under(format!("ImageVersion/{}/", image.key())).collect();
    let home = view.attributes(image)?.get("location").and_then(Value::as_str);
    let regions = |version: &&Address| -> Option<Vec<String>> {
        let replicate = view.attributes(version).and_then(|own| own.get("replicate"));
        match replicate.and_then(|replicate| replicate["regions"].as_object()) {
            Some(regions) => Some(regions.keys().cloned().collect()),
            // What is copied nowhere stays where its gallery is.
            None => home.map(|home| vec![home.to_owned()]),
        }
    };
    let regions: Option<Vec<_>> = versions.iter().map(regions).collect();
    regions.filter(|_| !versions.is_empty()).map(|regions| regions.concat())
}

/// A gallery that the plan makes has no Owner but who makes it: the service cannot be one yet.
pub(super) fn without_owner(subject: &Subject<'_>) -> Option<Finding> {
    let gallery = arm::referred(&subject.desired.attributes, "gallery")?;
    let is_new = subject.view.real_endpoint && subject.recorded.is_none() && subject.view.is_made(&gallery);
    is_new.then(|| Finding {
        rule: "GAL-05".into(),
        severity: Severity::Warning,
        message: format!("Azure attaches {gallery} to a lab plan only if Azure Lab Services is its Owner, and it is made by the same plan"),
        address: Some(subject.address.clone()),
        source: Some(subject.desired.source_of("gallery").clone()),
        help: Some(format!("apply with `--target {gallery}` first; then `labwright doctor` has the command that makes the service its Owner")),
    })
}
