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

    /// The id that somebody wrote: of a group, of a resource in one, or of what lies in that.
    ///
    /// # Errors
    /// What keeps the text from being one, to be put behind it: `has an empty part`.
    pub fn written(text: &str) -> Result<Self, String> {
        const FORM: &str = "/subscriptions/GUID/resourceGroups/GROUP/providers/NAMESPACE/TYPE/NAME";
        if let Some(odd) = text.chars().find(|c| "?#\\".contains(*c) || c.is_control()) {
            return Err(format!("holds {odd:?}, which no id does"));
        }
        let parts: Vec<_> = text.split('/').collect();
        let words = [(1, "subscriptions"), (3, "resourceGroups"), (5, "providers")];
        let is_in_form = parts[0].is_empty()
            && words
                .iter()
                .all(|(at, word)| parts.get(*at).is_none_or(|part| part.eq_ignore_ascii_case(word)));
        if !is_in_form || !(parts.len() == 5 || parts.len() >= 9) || parts.len().is_multiple_of(2) {
            return Err(format!("is no id of a resource in Azure; one is `{FORM}`"));
        }
        if parts[1..].iter().any(|part| part.trim().is_empty()) {
            return Err("has an empty part".into());
        }
        if !is_guid(parts[2]) {
            return Err(format!("has the subscription `{}`, and in an id that is a GUID", parts[2]));
        }
        Ok(Self(text.into()))
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

    /// The subscription that it is or lies in.
    #[must_use]
    pub fn subscription(&self) -> Option<Self> {
        Some(Self(format!("/subscriptions/{}", self.segment("subscriptions")?).into()))
    }

    /// The resource group that it is or lies in.
    #[must_use]
    pub fn resource_group(&self) -> Option<Self> {
        Some(Self::group(self.segment("subscriptions")?, self.segment("resourceGroups")?))
    }

    /// The top-level resource that it is or lies in.
    #[must_use]
    pub fn top_level(&self) -> Option<Self> {
        self.first(9)
    }

    /// The child of a top-level resource that it is or lies in.
    #[must_use]
    pub fn top_level_child(&self) -> Option<Self> {
        self.first(11)
    }

    /// The first so many segments, the empty one before the first slash counted; `None` where there are fewer.
    fn first(&self, count: usize) -> Option<Self> {
        let segments: Vec<_> = self.0.split('/').take(count).collect();
        (segments.len() == count).then(|| Self::new(segments.join("/")))
    }

    /// The type in ARM, `Microsoft.Compute/galleries/images`, also of a list of such; `None` for a group.
    #[must_use]
    pub fn resource_type(&self) -> Option<String> {
        let namespace = self.segment("providers")?;
        let (_, below) = self.0.split_once(&format!("/{namespace}/"))?;
        let kinds: Vec<_> = below.split('/').step_by(2).collect();
        Some(format!("{namespace}/{}", kinds.join("/")))
    }

    /// Whether both may be one thing: equal, but perhaps for a subscription that one of them has by its name.
    #[must_use]
    pub fn may_be(&self, other: &Self) -> bool {
        let guid = |id: &Self| id.segment("subscriptions").filter(|own| is_guid(own)).map(str::to_owned);
        match (guid(self), guid(other)) {
            (Some(guid), None) => *self == other.in_subscription(|_| Some(guid)),
            (None, Some(guid)) => self.in_subscription(|_| Some(guid)) == *other,
            _ => self == other,
        }
    }

    /// Whether it is `above` or lies in it.
    #[must_use]
    pub fn lies_in(&self, above: &Self) -> bool {
        let head = self.0.get(..above.0.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(&above.0))
            && matches!(self.0.as_bytes().get(above.0.len()), None | Some(b'/'))
    }

    /// The same id with its subscription replaced by what `open` gives for it.
    #[must_use]
    pub fn in_subscription(&self, open: impl FnOnce(&str) -> Option<String>) -> Self {
        const PREFIX: &str = "/subscriptions/";
        let head = self.0.get(..PREFIX.len()).filter(|head| head.eq_ignore_ascii_case(PREFIX));
        let Some(rest) = head.map(|head| &self.0[head.len()..]) else { return self.clone() };
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

fn is_guid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
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
        // Byte by byte it would be most of what a table of ids costs.
        let mut folded = [0; 64];
        for part in self.0.as_bytes().chunks(folded.len()) {
            let folded = &mut folded[..part.len()];
            folded.copy_from_slice(part);
            folded.make_ascii_lowercase();
            state.write(folded);
        }
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
    fn what_an_id_lies_in_is_told_by_its_segments() {
        let account = ArmId::group("s", "rg").resource("P", "accounts", "a");
        let lab = account.child("labs", "l");
        let setting = lab.child("settings", "default");
        assert_eq!(
            (setting.top_level(), setting.top_level_child()),
            (Some(account.clone()), Some(lab.clone()))
        );
        assert_eq!((account.top_level_child(), ArmId::group("s", "rg").top_level()), (None, None));
        assert_eq!(lab.resource_group(), Some(ArmId::group("s", "RG")));
        assert_eq!(lab.subscription(), Some(ArmId::new("/subscriptions/s")));
        assert!(setting.lies_in(&lab) && lab.lies_in(&ArmId::new(lab.as_str().to_uppercase())));
        assert!(!account.child("labs", "l2").lies_in(&lab) && !account.lies_in(&lab));
    }

    #[test]
    fn what_somebody_wrote_is_an_id_or_is_told_why_not() {
        const ONE: &str = "/subscriptions/11111111-1111-1111-1111-111111111111";
        let account = format!("{ONE}/RESOURCEGROUPS/rg/providers/microsoft.labservices/LabAccounts/a");
        let id = ArmId::written(&account).expect("an id");
        assert_eq!(
            (id.as_str(), id.resource_type().as_deref()),
            (&*account, Some("microsoft.labservices/LabAccounts"))
        );
        assert!(ArmId::written(&format!("{ONE}/resourceGroups/rg")).is_ok());
        assert!(ArmId::written(&format!("{account}/labs/CS 101, A")).is_ok());
        for (text, why) in [
            ("labaccounts/a".to_owned(), "is no id"),
            (ONE.to_owned(), "is no id"),
            (format!("{account}/labs"), "is no id"),
            (format!("{account}/labs/"), "has an empty part"),
            (format!("{account}?api-version=1"), "holds '?'"),
            (account.replace("11111111-1111-1111-1111-111111111111", "main"), "has the subscription `main`"),
            (format!("https://portal.azure.com/#@x/resource{account}"), "holds '#'"),
        ] {
            let said = ArmId::written(&text).expect_err(&text);
            assert!(said.starts_with(why), "{text}: {said}");
        }
    }

    #[test]
    fn a_subscription_by_its_name_may_be_any() {
        const ONE: &str = "11111111-1111-1111-1111-111111111111";
        let [named, other, one] = ["main", "labs2", ONE].map(|own| ArmId::group(own, "rg"));
        let two = ArmId::group("22222222-2222-2222-2222-222222222222", "rg");
        assert!(one.may_be(&named) && named.may_be(&two) && one.may_be(&ArmId::group(ONE, "RG")));
        assert!(!one.may_be(&two) && !named.may_be(&other) && !named.may_be(&ArmId::group(ONE, "rg2")));
    }

    #[test]
    fn a_subscription_is_opened_by_its_name() {
        let id = ArmId::group("main", "rg").in_subscription(|name| (name == "main").then(|| "guid".into()));
        assert_eq!(id.as_str(), "/subscriptions/guid/resourceGroups/rg");
    }
}
