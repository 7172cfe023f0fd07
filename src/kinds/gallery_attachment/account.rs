//! Galleries of lab accounts.
//!
//! Source: Microsoft's module for classroom labs (2019-01-01-preview): `sharedgalleries` holds the attachment under the
//! gallery's own name (ARM takes any), `sharedimages` beside it the projections with their switch. On attach every image is on.

use serde_json::{Value, json};

use super::Seen;
use crate::kinds::arm::{self, LABS};
use crate::kinds::{ShapeError, Subject};
use crate::model::{ArmId, Expectation, Read, Recording, Required, Row, Step, Sweep, SweepWanted, Until};

/// The service reads images and their versions. Source: Lab Services, attach a shared image gallery: the service's
/// own identity gets Contributor on the gallery as it is attached (domain rule GAL-05).
pub(super) const ROLE: Required = Required::Role {
    application: "1a14be2a-e903-4cec-99cf-b2e209259a0f",
    called: "Azure Lab Services",
    role: "Contributor",
};

/// The request that attaches, and what must be true before.
pub(super) fn attach(subject: &Subject<'_>, gallery: &ArmId, record: Recording) -> (Step, Expectation) {
    let id = &subject.row.arm_id;
    let body = json!({ "properties": { "galleryId": gallery.as_str() } });
    (arm::put("attach", id, LABS, body, record), Expectation::Absent { read: arm::get(id, LABS) })
}

/// The request that detaches.
pub(super) fn detach(row: &Row) -> Step {
    arm::delete("detach", &row.arm_id, LABS, Recording::Delete)
}

/// The request that switches on an image of this name.
pub(super) fn enable(attachment: &ArmId, image: &str, record: Recording) -> Step {
    let projection = account_id(attachment).child("sharedimages", image);
    let body = json!({ "properties": { "enableState": "Enabled" } });
    let mut step = arm::merge("enable", &projection, LABS, body, record);
    step.ready = vec![Until::Exists { read: arm::get(&projection, LABS) }];
    step
}

/// The switches of all images, those of `awaits` too, which show late.
pub(super) fn sweep(attachment: &ArmId, wanted: SweepWanted, awaits: Vec<String>) -> Sweep {
    Sweep {
        read: arm::list(&account_id(attachment), "sharedimages", LABS),
        switch: vec!["/properties/enableState".into(), "/properties/EnableState".into()],
        on_off: (json!("Enabled"), json!("Disabled")),
        wanted,
        awaits,
        within: None,
        patches: false,
    }
}

/// The read of the attachment, and that of the images.
pub(super) fn reads(row: &Row) -> [Read; 2] {
    [arm::get(&row.arm_id, LABS), arm::list(&account_id(&row.arm_id), "sharedimages", LABS)]
}

/// What the answers say.
pub(super) fn seen(body: &Value, images: Option<&Value>, row: &Row) -> Result<Option<Seen>, ShapeError> {
    let gallery = ArmId::new(arm::text(body, "/properties/galleryId")?);
    let images = images.map(|images| {
        let items = images.as_array().into_iter().flatten();
        let image = |item: &Value| {
            let name =
                item["properties"]["definitionName"].as_str().or(item["name"].as_str()).unwrap_or_default();
            (gallery.child("images", name), is_on(item))
        };
        items.map(image).collect()
    });
    let name = Some(row.arm_id.name().to_owned());
    Ok(Some(Seen { to: account_id(&row.arm_id), name, gallery, images }))
}

/// Whether a projection is on. The wire's letter case is not certain, and an older form was a boolean.
fn is_on(item: &Value) -> bool {
    let properties = &item["properties"];
    let state = properties.get("enableState").or_else(|| properties.get("EnableState"));
    match state.and_then(Value::as_str) {
        Some(state) => state.eq_ignore_ascii_case("Enabled"),
        None => properties["isEnabled"].as_bool().unwrap_or(false),
    }
}

/// The account's id of an attachment's.
fn account_id(attachment: &ArmId) -> ArmId {
    attachment.top_level().unwrap_or_else(|| attachment.clone())
}
