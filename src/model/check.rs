//! What is looked at before anything is changed, and what was found.

use super::ArmId;

/// What a resource needs of the cloud beside the right to change it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Requirement {
    /// What is asked after: a lab account, a lab plan, a gallery, a subscription.
    pub on: ArmId,
    /// What it has to have.
    pub what: Required,
}

/// What something has to have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Required {
    /// A VM size on offer to the lab account, and cores that are left of it.
    Machines {
        /// The size's name in the API of lab accounts.
        size: &'static str,
        /// The size's name in the portal.
        portal: &'static str,
        /// The cores that are added.
        cores: u64,
    },
    /// A VM size on offer to labs of lab plans in a region, and cores that are left of it there.
    Sku {
        /// The size's name in the API.
        name: &'static str,
        /// Its word in the files.
        word: &'static str,
        /// The region.
        region: String,
        /// The cores that are added.
        cores: u64,
    },
    /// Nothing: that it is there.
    There,
    /// An image of the marketplace, by the name under which the lab account or the lab plan shows it.
    Image(String),
    /// An application of Microsoft's with a role.
    Role {
        /// The application's id, the same in every tenant.
        application: &'static str,
        /// What it is called.
        called: &'static str,
        /// The role's name.
        role: &'static str,
    },
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was looked at, in two or three words.
    pub subject: String,
    /// How it is.
    pub verdict: Verdict,
    /// What was found: a fragment without a period.
    pub detail: String,
    /// Who can mend it, and how.
    pub advice: Option<Advice>,
}

/// How something is that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// It could not be found out.
    Unknown,
    /// It may go wrong.
    Doubtful,
    /// It will be refused.
    Bad,
}

/// Who can mend something, and what they do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// Who does what: `an Owner of the subscription runs`.
    pub who: String,
    /// Commands in words; none where it is no matter of commands.
    pub commands: Vec<Vec<String>>,
}

/// Who is signed in, as the token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// A user's name, or an application's id.
    pub name: String,
    /// The object in the directory that is given roles.
    pub object: String,
    /// The tenant.
    pub tenant: String,
    /// Whether it is an application rather than a person.
    pub is_application: bool,
}

impl Check {
    /// A check with this outcome and nothing to mend.
    #[must_use]
    pub fn new(subject: impl Into<String>, verdict: Verdict, detail: impl Into<String>) -> Self {
        Self { subject: subject.into(), verdict, detail: detail.into(), advice: None }
    }

    /// The check with what to do about it.
    #[must_use]
    pub fn advised(mut self, who: impl Into<String>, commands: Vec<Vec<String>>) -> Self {
        self.advice = Some(Advice { who: who.into(), commands });
        self
    }
}
