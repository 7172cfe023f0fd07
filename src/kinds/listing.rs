//! The lists under which Azure shows what exists, for whoever has no record of it yet.

use super::arm::{self, GALLERIES, GROUPS, LABS, PLANS};
use super::gallery_attachment;
use super::publish;
use crate::model::{ArmId, Read};

/// What labwright does not manage and the files name by its id: a gallery or what lies in it, something of Lab Services.
#[must_use]
pub fn unmanaged(id: &ArmId) -> Read {
    let is_compute = id.segment("providers").is_some_and(|own| own.eq_ignore_ascii_case("Microsoft.Compute"));
    let version = match is_compute {
        true => GALLERIES,
        false if id.segment("labaccounts").is_some() => LABS,
        false => PLANS,
    };
    arm::get(id, version)
}

/// The resource groups of a subscription.
#[must_use]
pub fn groups(subscription: &ArmId) -> Read {
    arm::list(subscription, "resourcegroups", GROUPS)
}

/// One resource group.
#[must_use]
pub fn group(id: &ArmId) -> Read {
    arm::get(id, GROUPS)
}

/// Everything in a subscription or a group, by id and type only.
#[must_use]
pub fn everything(scope: &ArmId) -> Read {
    arm::list(scope, "resources", GROUPS)
}

/// The galleries of a subscription or a group.
#[must_use]
pub fn galleries(scope: &ArmId) -> Read {
    arm::list(scope, "providers/Microsoft.Compute/galleries", GALLERIES)
}

/// A gallery.
#[must_use]
pub fn gallery(id: &ArmId) -> Read {
    arm::get(id, GALLERIES)
}

/// The images of a gallery.
#[must_use]
pub fn images(gallery: &ArmId) -> Read {
    arm::list(gallery, "images", GALLERIES)
}

/// The versions of an image.
#[must_use]
pub fn versions(image: &ArmId) -> Read {
    arm::list(image, "versions", GALLERIES)
}

/// The lab accounts of a subscription or a group.
#[must_use]
pub fn accounts(scope: &ArmId) -> Read {
    arm::list(scope, "providers/Microsoft.LabServices/labaccounts", LABS)
}

/// A lab account.
#[must_use]
pub fn account(id: &ArmId) -> Read {
    arm::get(id, LABS)
}

/// The galleries attached to a lab account.
#[must_use]
pub fn attachments(account: &ArmId) -> Read {
    arm::list(account, "sharedgalleries", LABS)
}

/// The marketplace images of a lab account.
#[must_use]
pub fn marketplace(account: &ArmId) -> Read {
    arm::list(account, "galleryimages", LABS)
}

/// The labs of a lab account.
#[must_use]
pub fn labs(account: &ArmId) -> Read {
    arm::list(account, "labs", LABS)
}

/// A lab's template, with what it was made from.
#[must_use]
pub fn template(lab: &ArmId) -> Read {
    super::lab::v1::template_read(lab)
}

/// The lab plans of a subscription or a group.
#[must_use]
pub fn plans(scope: &ArmId) -> Read {
    arm::list(scope, "providers/Microsoft.LabServices/labPlans", PLANS)
}

/// A lab plan.
#[must_use]
pub fn plan(id: &ArmId) -> Read {
    arm::get(id, PLANS)
}

/// The id of what attaches a gallery to a lab plan.
#[must_use]
pub fn attachment_of_plan(plan: &ArmId) -> ArmId {
    gallery_attachment::id_on_plan(plan)
}

/// The images that a lab plan offers.
#[must_use]
pub fn plan_images(plan: &ArmId) -> Read {
    super::lab::v2::images(plan)
}

/// The labs of lab plans in a subscription or a group.
#[must_use]
pub fn plan_labs(scope: &ArmId) -> Read {
    arm::list(scope, "providers/Microsoft.LabServices/labs", PLANS)
}

/// A lab of a lab plan.
#[must_use]
pub fn plan_lab(id: &ArmId) -> Read {
    arm::get(id, PLANS)
}

/// The students of a lab of a lab plan.
#[must_use]
pub fn plan_users(lab: &ArmId) -> Read {
    arm::list(lab, "users", PLANS)
}

/// The schedules of a lab of a lab plan.
#[must_use]
pub fn plan_schedules(lab: &ArmId) -> Read {
    arm::list(lab, "schedules", PLANS)
}

/// The students of a lab.
#[must_use]
pub fn users(lab: &ArmId) -> Read {
    arm::list(lab, "users", LABS)
}

/// The schedules of a lab.
#[must_use]
pub fn schedules(lab: &ArmId) -> Read {
    arm::list(&publish::template(lab), "schedules", LABS)
}
