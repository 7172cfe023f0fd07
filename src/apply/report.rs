//! How a run came out.

use crate::model::{Recorded, RunOutcome};
use crate::plan::Run;

/// How a run came out, as far as it went.
#[derive(Debug, Clone)]
#[must_use]
pub struct Report<'p> {
    /// What is recorded now.
    pub recorded: Recorded,
    /// Where every action stands: outcomes, failures, and what a failure kept from starting.
    pub run: Run<'p>,
    /// How the run ended; `None` where it was stopped or a step's end is not known: a later run goes on.
    pub outcome: Option<RunOutcome>,
    /// Whether it was stopped.
    pub stopped: bool,
}
