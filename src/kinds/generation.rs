//! The two generations of Lab Services, which share kinds and little else.
//!
//! Source: Lab Services, lab accounts versus lab plans: labs lie inside of a lab account; those of a lab plan are resources
//! of their own beside it, which they name.

use serde_json::Value;

use crate::model::{ArmId, Attributes};

/// Which generation something belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Generation {
    /// Lab accounts and what lies in them.
    Accounts,
    /// Lab plans and what goes with them.
    Plans,
}

impl Generation {
    /// That of what the reference attribute `name` names: `LabAccount/x` or `LabPlan/x`.
    pub(super) fn of(attributes: &Attributes, name: &str) -> Self {
        let text = attributes.get(name).and_then(Value::as_str).unwrap_or_default();
        if text.starts_with("LabPlan/") { Self::Plans } else { Self::Accounts }
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
