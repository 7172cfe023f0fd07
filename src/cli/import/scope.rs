//! What is to be imported: a subscription, a group, or one resource with what lies inside of it.

use std::str::FromStr;

use crate::model::ArmId;

/// What is to be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope(ArmId);

/// The kinds of resource that may be named alone, by the segments of their id below the group.
const ALONE: [&[&str]; 6] = [
    &["microsoft.compute", "galleries"],
    &["microsoft.compute", "galleries", "images"],
    &["microsoft.labservices", "labaccounts"],
    &["microsoft.labservices", "labaccounts", "labs"],
    &["microsoft.labservices", "labplans"],
    &["microsoft.labservices", "labs"],
];

impl Scope {
    /// The id that was named.
    pub(super) fn id(&self) -> &ArmId {
        &self.0
    }

    /// The subscription's GUID.
    pub(super) fn subscription(&self) -> &str {
        self.0.segment("subscriptions").unwrap_or_default()
    }

    /// The gallery, lab account, lab plan or lab that one resource is or lies in; `None` for a subscription or a group.
    pub(super) fn top(&self) -> Option<ArmId> {
        self.0.top_level()
    }

    /// Whether a child that lies in a container of this scope is asked for.
    ///
    /// A lab alone takes its account's gallery along, whole; an image alone takes its gallery.
    pub(super) fn holds(&self, id: &ArmId) -> bool {
        if id.lies_in(&self.0) {
            return true;
        }
        let (own, other) = (self.0.as_str().to_lowercase(), id.as_str().to_lowercase());
        let is_beside = |part: &str| own.contains(part) && other.contains(part);
        let is_narrower = self.0.top_level_child().is_some();
        !is_narrower || !(is_beside("/labaccounts/") || is_beside("/galleries/"))
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const HELP: &str = "name a subscription by its GUID or as /subscriptions/GUID, a resource group, or the id of a gallery, an image, a lab account, a lab plan or a lab";
        let text = text.trim_end_matches('/');
        let text = if text.starts_with('/') { text.to_owned() } else { format!("/subscriptions/{text}") };
        let segments: Vec<String> = text.split('/').skip(1).map(str::to_lowercase).collect();
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        let is_known = match parts[..] {
            ["subscriptions", _] => true,
            ["subscriptions", _, "resourcegroups", group] => !group.is_empty(),
            ["subscriptions", _, "resourcegroups", _, "providers", provider, ref rest @ ..] => {
                let types: Vec<_> =
                    std::iter::once(provider).chain(rest.iter().copied().step_by(2)).collect();
                rest.len().is_multiple_of(2) && ALONE.contains(&&types[..])
            }
            _ => false,
        };
        let is_guid =
            parts.get(1).is_some_and(|guid| uuid::Uuid::try_parse(guid).is_ok() && guid.len() == 36);
        if is_known && is_guid { Ok(Self(ArmId::new(text))) } else { Err(HELP.to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "/subscriptions/11111111-1111-1111-1111-111111111111";

    #[test]
    fn a_scope_is_a_subscription_a_group_or_a_resource_of_ours() {
        let group = format!("{ONE}/resourceGroups/rg");
        for text in [
            "11111111-1111-1111-1111-111111111111".to_owned(),
            ONE.to_owned(),
            group.clone(),
            format!("{group}/providers/Microsoft.Compute/galleries/g"),
            format!("{group}/providers/microsoft.labservices/LABACCOUNTS/a/labs/b"),
            format!("{group}/providers/Microsoft.LabServices/labPlans/p"),
            format!("{group}/providers/Microsoft.LabServices/labs/l"),
        ] {
            assert!(text.parse::<Scope>().is_ok(), "{text}");
        }
        for text in ["main", "", "/subscriptions/x", &format!("{group}/providers/Microsoft.Compute/disks/d")]
        {
            assert!(text.parse::<Scope>().is_err(), "{text}");
        }
    }

    #[test]
    fn one_lab_takes_its_account_and_gallery_along_and_no_other_lab() {
        let group = format!("{ONE}/resourceGroups/rg/providers");
        let lab: Scope =
            format!("{group}/Microsoft.LabServices/labaccounts/a/labs/b").parse().expect("a scope");
        let holds = |id: &str| lab.holds(&ArmId::new(format!("{group}/{id}")));
        assert!(holds("microsoft.labservices/labAccounts/a/labs/B"));
        assert!(!holds("Microsoft.LabServices/labaccounts/a/labs/bc"));
        assert!(holds("Microsoft.Compute/galleries/g/images/i"));
        assert_eq!(lab.top().expect("an account").name(), "a");
    }
}
