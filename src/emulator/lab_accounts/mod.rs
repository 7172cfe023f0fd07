//! Microsoft.LabServices, first generation: lab accounts and all below them.

pub(crate) mod accounts;
pub(crate) mod creation;
pub(crate) mod environments;
pub(crate) mod export;
pub(crate) mod global_users;
pub(crate) mod labs;
pub(crate) mod marketplace;
pub(crate) mod schedules;
pub(crate) mod shared_galleries;
pub(crate) mod shared_images;
pub(crate) mod sizes;
pub(crate) mod template;
pub(crate) mod users;

use serde_json::Value;

/// What a lab, a user or a setting has in 2019-01-01-preview alone.
const PREVIEW_ONLY: &[&str] = &[
    "aadGroupId",
    "additionalUsageQuota",
    "enableDisconnectOnIdle",
    "enableNoConnectShutdown",
    "hasTemplateVm",
    "idleGracePeriod",
    "idleNoConnectGracePeriod",
    "idleOsGracePeriod",
    "idleShutdownMode",
    "installGpuDriverEnabled",
    "linuxRdpState",
    "sharedPasswordEnabled",
];

/// What a setting's resources have in 2019-01-01-preview alone.
const PREVIEW_ONLY_RESOURCES: &[&str] = &["imageVersion", "sharedImageResourceId", "vmSize"];

/// Leaves of `body` what 2018-10-15 describes.
pub(crate) fn as_published(body: &mut Value) {
    let mut without = |pointer: &str, names: &[&str]| {
        if let Some(Value::Object(object)) = body.pointer_mut(pointer) {
            object.retain(|name, _| !names.contains(&name.as_str()));
        }
    };
    without("/properties", PREVIEW_ONLY);
    without("/properties/resourceSettings", PREVIEW_ONLY_RESOURCES);
}
