//! The journal: one entry for each thing that happened to one step of one action.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ArmId;

/// One line of a run's journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The action's id in the run's plan.
    pub action: String,
    /// The step's index in the action, from 0.
    pub step: usize,
    /// What happened.
    pub kind: EntryKind,
}

/// What happened to a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum EntryKind {
    /// The request is about to leave; durable before it does.
    Started {
        /// Where it goes.
        arm_id: ArmId,
        /// Digest of the body with secrets as references.
        digest: String,
        /// Counted from 1.
        attempt: u32,
        /// What the evidence's read showed before.
        evidence: Value,
    },
    /// Azure took it and works on it.
    Accepted {
        /// The URL to poll, verbatim; `None` means the resource itself is read.
        operation: Option<String>,
    },
    /// The step is done.
    Done {
        /// What was read into the row's outputs.
        outputs: serde_json::Map<String, Value>,
    },
    /// The step failed, or an expectation did before its first request.
    Failed {
        /// Azure's error code, or ours.
        code: String,
        /// What was the matter, in Azure's words where there are any.
        message: String,
    },
    /// After a crash: the request never took effect; the step counts as not begun.
    NeverReached,
}

/// One carrying-out of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunHeader {
    /// Counted from 1 in each state.
    pub id: u64,
    /// When it began, milliseconds since 1970.
    pub started_ms: u64,
    /// When it ended; `None` while it runs, or when it broke off.
    pub ended_ms: Option<u64>,
    /// The host's name.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// Who started it, where the environment says so: a user, a pipeline's actor.
    pub by: Option<String>,
    /// The commit of the files' repository that was checked out, where there is one.
    pub commit: Option<String>,
    /// The command: `apply`, `destroy`.
    pub command: String,
    /// How it ended; `None` while it runs, or when it broke off.
    pub outcome: Option<RunOutcome>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RunOutcome {
    /// Every action is done.
    Done,
    /// Some action failed; the rest went on.
    Incomplete,
    /// It broke off, and a later run settled what was under way.
    Settled,
}
