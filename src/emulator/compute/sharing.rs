//! With whom a gallery is shared: what of its `sharingProfile` a PUT sets and what the service adds.
//!
//! Source: Compute Gallery REST 2024-03-03. `POST …/share` is not served: groups are never listed.

use crate::emulator::arm::errors::{Refusal, invalid_parameter};
use crate::emulator::arm::resource::Resource;
use crate::emulator::arm::shape::{self, Object};
use crate::emulator::world::World;
use serde_json::{Value, json};

const AT: &str = "gallery.properties.sharingProfile";

/// The sharing profile as the service gives it back; none when nothing was asked for.
///
/// # Errors
/// 400 for values outside of an enumeration and a bad prefix.
pub(crate) fn profile(
    world: &mut World,
    properties: &Object,
    existing: Option<&Resource>,
) -> Result<Option<Value>, Refusal> {
    let mut sharing = shape::member(properties, "sharingProfile")?.into_owned();
    let permissions = ["Private", "Groups", "Community"];
    shape::canonical(&mut sharing, "permissions", &permissions, &format!("{AT}.permissions"))?;
    sharing.remove("groups");
    let mut community = shape::member(&sharing, "communityGalleryInfo")?.into_owned();
    if !community.is_empty() || sharing.get("permissions") == Some(&json!("Community")) {
        let path = format!("{AT}.communityGalleryInfo.publicNamePrefix");
        let prefix = shape::required(&community, "publicNamePrefix", &path)?;
        if !(5..=16).contains(&prefix.len()) || !prefix.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            let message = format!("The value '{prefix}' of '{path}' is invalid: 5 to 16 letters and digits.");
            return Err(invalid_parameter(&path, message));
        }
        let before = existing
            .and_then(|gallery| gallery.properties.get("sharingProfile"))
            .map(|before| &before["communityGalleryInfo"]["publicNames"])
            .filter(|names| names.is_array());
        let names = before.cloned().unwrap_or_else(|| json!([format!("{prefix}-{}", world.draw())]));
        community.insert("publicNames".into(), names);
        community.insert("communityGalleryEnabled".into(), json!(false));
        sharing.insert("communityGalleryInfo".into(), Value::Object(community));
    }
    Ok((!sharing.is_empty()).then_some(Value::Object(sharing)))
}
