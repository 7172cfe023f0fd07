//! The two generations of Lab Services, which share kinds and little else.
//!
//! Source: Lab Services, lab accounts versus lab plans: labs lie inside of a lab account; those of a lab plan are resources
//! of their own beside it, which they name.

use serde_json::Value;

use super::shape::{Shape, named, reference_id};
use crate::model::{ArmId, Attributes};

/// A reference to what labs lie in or are made with.
pub(super) const HOLDER: Shape = named(
    &["LabAccount", "LabPlan"],
    &["Microsoft.LabServices/labaccounts", "Microsoft.LabServices/labPlans"],
);

/// Which generation something belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Generation {
    /// Lab accounts and what lies in them.
    Accounts,
    /// Lab plans and what goes with them.
    Plans,
}

impl Generation {
    /// That of what the reference attribute `name` names.
    pub(super) fn of(attributes: &Attributes, name: &str) -> Self {
        attributes.get(name).map_or(Self::Accounts, Self::of_holder)
    }

    /// That of a reference to what labs lie in or are made with: `LabAccount/x`, `LabPlan/x`, or the id of one.
    pub(super) fn of_holder(holder: &Value) -> Self {
        match (holder.as_str(), reference_id(holder)) {
            (Some(text), _) if text.starts_with("LabPlan/") => Self::Plans,
            (None, Some(id)) => Self::of_id(&id),
            _ => Self::Accounts,
        }
    }

    /// That of what has this id: everything of the first generation lies in a lab account.
    pub(super) fn of_id(id: &ArmId) -> Self {
        if id.segment("labaccounts").is_some() { Self::Accounts } else { Self::Plans }
    }

    /// What its labs are made in or by.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Accounts => "lab account",
            Self::Plans => "lab plan",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_reference_and_an_id_tell_the_generation() {
        let group = "/subscriptions/s/resourceGroups/g/providers/Microsoft.LabServices";
        for (reference, expected) in [
            (json!("LabAccount/a"), Generation::Accounts),
            (json!("LabPlan/p"), Generation::Plans),
            (json!({ "id": format!("{group}/LABACCOUNTS/a") }), Generation::Accounts),
            (json!({ "id": format!("{group}/labPlans/p") }), Generation::Plans),
        ] {
            let attributes = [("in".to_owned(), reference.clone())].into_iter().collect();
            assert_eq!(Generation::of(&attributes, "in"), expected, "{reference}");
        }
    }
}
