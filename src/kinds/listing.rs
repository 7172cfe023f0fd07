//! The lists under which Azure shows what exists, for whoever has no record of it yet.

use super::arm::{self, GALLERIES, GROUPS, LABS};
use super::publish;
use crate::model::{ArmId, Read};

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
