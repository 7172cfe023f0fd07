//! Which resource in Azure.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A resource id of Azure Resource Manager, compared without regard to letter case.
///
/// Source: ARM's resource provider contract; ids come back in changed case (Lab Services REST
/// 2018-10-15 examples). In a plan, the segment after `subscriptions` may be a name from
/// `subscriptions:` of the configuration instead of a GUID; it is opened when the plan is applied.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ArmId(Arc<str>);

impl ArmId {
    /// The id with this text, which starts with `/subscriptions/`.
    #[must_use]
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The id of a resource group.
    #[must_use]
    pub fn group(subscription: &str, name: &str) -> Self {
        Self(format!("/subscriptions/{subscription}/resourceGroups/{name}").into())
    }

    /// The id of a top-level resource in the group `self`.
    #[must_use]
    pub fn resource(&self, namespace: &str, kind: &str, name: &str) -> Self {
        Self(format!("{}/providers/{namespace}/{kind}/{name}", self.0).into())
    }

    /// The id of a child of the resource `self`.
    #[must_use]
    pub fn child(&self, kind: &str, name: &str) -> Self {
        Self(format!("{}/{kind}/{name}", self.0).into())
    }

    /// The text as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment: the resource's own name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or("")
    }

    /// The segment that follows `key`, for example the subscription's or the group's name.
    #[must_use]
    pub fn segment(&self, key: &str) -> Option<&str> {
        let mut segments = self.0.split('/');
        segments.find(|segment| segment.eq_ignore_ascii_case(key))?;
        segments.next()
    }

    /// The same id with its subscription replaced by what `open` gives for it.
    #[must_use]
    pub fn in_subscription(&self, open: impl FnOnce(&str) -> Option<String>) -> Self {
        let Some(rest) = self.0.strip_prefix("/subscriptions/") else { return self.clone() };
        let (name, tail) = rest.split_once('/').map_or((rest, ""), |(name, tail)| (name, tail));
        match open(name) {
            Some(guid) if tail.is_empty() => Self(format!("/subscriptions/{guid}").into()),
            Some(guid) => Self(format!("/subscriptions/{guid}/{tail}").into()),
            None => self.clone(),
        }
    }

    fn folded(&self) -> impl Iterator<Item = u8> + '_ {
        self.0.bytes().map(|byte| byte.to_ascii_lowercase())
    }
}

impl PartialEq for ArmId {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for ArmId {}

impl PartialOrd for ArmId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ArmId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded().cmp(other.folded())
    }
}

impl Hash for ArmId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded().for_each(|byte| state.write_u8(byte));
    }
}

impl fmt::Display for ArmId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ArmId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_equal_whatever_their_case() {
        let written = ArmId::group("s", "CS-Labs").resource("Microsoft.Compute", "galleries", "g");
        let answered =
            ArmId::new("/subscriptions/s/resourcegroups/cs-labs/providers/microsoft.compute/galleries/G");
        assert_eq!(written, answered);
        assert_eq!(answered.segment("resourceGroups"), Some("cs-labs"));
    }

    #[test]
    fn a_subscription_is_opened_by_its_name() {
        let id = ArmId::group("main", "rg").in_subscription(|name| (name == "main").then(|| "guid".into()));
        assert_eq!(id.as_str(), "/subscriptions/guid/resourceGroups/rg");
    }
}
