//! What a rule or a guard says of a plan or a configuration.

use serde::{Deserialize, Serialize};

use super::{Address, Source};

/// How much a finding weighs; an error stops `plan` and `apply` (exit 4).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Probably not meant.
    Warning,
    /// Azure would refuse it, or a guard does.
    Error,
}

/// One thing that a rule says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's id, such as `GEO-11`, or a guard's, such as `protect`.
    pub rule: String,
    /// Its weight.
    pub severity: Severity,
    /// What is the matter: a lower-case fragment without a period.
    pub message: String,
    /// The resource it speaks of.
    pub address: Option<Address>,
    /// Where that is written.
    pub source: Option<Source>,
    /// What to do next.
    pub help: Option<String>,
}
