//! What is shown of a run: what was done, what failed and why, what never started because of what.

use std::collections::BTreeSet;

use super::view::{action_words, actions_of};
use super::words::clean;
use crate::plan::{Action, ActionState, Failure, Outcome, Plan, Run, Verb};

/// A run as it is shown once it ended.
#[derive(Debug)]
pub struct RunView<'p> {
    /// The plan that was carried out.
    pub plan: &'p Plan,
    /// The run's number; `None` where nothing was begun.
    pub id: Option<u64>,
    /// How many resources came out how.
    pub counts: Counts,
    /// How each action came out, in the plan's order.
    pub fates: Vec<Fate<'p>>,
    /// Whether somebody asked for its end.
    pub interrupted: bool,
}

/// How many resources came out how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Counts {
    /// Made; a replace counts here and under `destroyed`.
    pub added: usize,
    /// Changed in place.
    pub changed: usize,
    /// Deleted.
    pub destroyed: usize,
    /// Published or exported, on their own.
    pub invoked: usize,
    /// Published or exported before, and only recorded now.
    pub recorded: usize,
    /// Given another key.
    pub moved: usize,
    /// Taken out of the record, and left in Azure.
    pub forgotten: usize,
    /// Taken into the record.
    pub imported: usize,
    /// With a failed action.
    pub failed: usize,
    /// Not begun, or not to their end, because of a failure before them or because the run was stopped.
    pub not_started: usize,
    /// Under way when the run broke off.
    pub unknown: usize,
}

/// How one action came out.
#[derive(Debug)]
pub struct Fate<'p> {
    /// The action.
    pub action: &'p Action,
    /// In words: `export db-sql`.
    pub words: String,
    /// How it came out.
    pub outcome: Outcome,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// The failed actions that it waited for.
    pub blocked_by: Vec<&'p Action>,
}

impl<'p> RunView<'p> {
    /// How `run` is shown, were it to end now.
    #[must_use]
    pub fn new(run: &Run<'p>, id: Option<u64>, interrupted: bool) -> Self {
        let plan = run.plan();
        let fates = run.states().map(|(action, state)| fate(run, action, state)).collect();
        Self { plan, id, counts: counts(plan, run), fates, interrupted }
    }

    /// Whether everything was done.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.fates.iter().all(|fate| fate.outcome == Outcome::Done)
    }

    /// The actions with this outcome.
    pub fn with(&self, outcome: Outcome) -> impl Iterator<Item = &Fate<'p>> {
        self.fates.iter().filter(move |fate| fate.outcome == outcome)
    }
}

impl Counts {
    /// What was done besides adding, changing and destroying, in words; what there is none of is left out.
    pub(super) fn besides(&self) -> Vec<String> {
        said(&[
            (self.invoked, "invoked"),
            (self.recorded, "found done already and recorded"),
            (self.imported, "imported"),
            (self.moved, "moved"),
            (self.forgotten, "forgotten"),
        ])
    }
}

/// Each number that is not 0, with its word.
pub(super) fn said(parts: &[(usize, &str)]) -> Vec<String> {
    let parts = parts.iter().filter(|(number, _)| *number > 0);
    parts.map(|(number, word)| format!("{number} {word}")).collect()
}

fn fate<'p>(run: &Run<'p>, action: &'p Action, state: &ActionState) -> Fate<'p> {
    let outcome = run.outcome(&action.id);
    let failure = match state {
        ActionState::Failed(Failure { code, message }) => {
            Some(Failure { code: clean(code), message: clean(message) })
        }
        _ => None,
    };
    let blocked_by = match outcome {
        Outcome::NotStarted => run.blocked_by(&action.id),
        _ => Vec::new(),
    };
    Fate { action, words: action_words(action), outcome, failure, blocked_by }
}

fn counts(plan: &Plan, run: &Run<'_>) -> Counts {
    let mut counts = Counts::default();
    for change in &plan.changes {
        let outcomes: BTreeSet<_> =
            actions_of(plan, change).map(|action| word(run.outcome(&action.id))).collect();
        let deleted = actions_of(plan, change).filter(|action| action.verb == Verb::Delete);
        if change.verb == Verb::Replace && all_done(run, deleted) {
            counts.destroyed += 1;
        }
        if outcomes.contains("failed") {
            counts.failed += 1;
        } else if outcomes.contains("unknown") {
            counts.unknown += 1;
        } else if outcomes.contains("not started") {
            counts.not_started += 1;
        } else if change.within.is_none() {
            match change.verb {
                Verb::Create | Verb::Replace => counts.added += 1,
                Verb::Update => counts.changed += 1,
                Verb::Delete => counts.destroyed += 1,
                Verb::Invoke if actions_of(plan, change).all(|action| run.was_done_before(&action.id)) => {
                    counts.recorded += 1;
                }
                Verb::Invoke => counts.invoked += 1,
                Verb::Import => counts.imported += 1,
                Verb::Move => counts.moved += 1,
                Verb::Forget => counts.forgotten += 1,
                Verb::Keep => {}
            }
        }
    }
    counts
}

fn all_done<'p>(run: &Run<'_>, mut actions: impl Iterator<Item = &'p Action>) -> bool {
    actions.all(|action| run.outcome(&action.id) == Outcome::Done)
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Failed => "failed",
        Outcome::NotStarted => "not started",
        Outcome::Unknown => "unknown",
    }
}

/// An interrupted run after it was settled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// Its number.
    pub run: u64,
    /// Where it ran: `pid 123 on host`.
    pub by: String,
    /// How long ago it gave its last sign of life, in seconds.
    pub seconds_ago: u64,
    /// How many of its actions were done; with those that failed, were under way or never started, all it had.
    pub done: usize,
    /// How many had failed.
    pub failed: usize,
    /// How many it had.
    pub of: usize,
    /// How many never started.
    pub not_started: usize,
    /// What was under way, and what became of it.
    pub actions: Vec<SettledAction>,
    /// What it has still to do and no failure keeps it from, in words.
    pub left: Vec<String>,
    /// What it had planned and the files do not ask for any more.
    pub no_longer_asked: Vec<String>,
}

/// What follows once a run that broke off was looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// What is left is planned anew; `resume` is the command that finishes it as it was planned, where one can still choose.
    Anew {
        /// As it would be typed.
        resume: Option<String>,
    },
    /// What is left is carried out as it was planned.
    AsPlanned,
    /// Nothing: not all of it could be found out.
    NotYet,
}

/// What became of an action that was under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettledAction {
    /// In words: `create cs340-A`.
    pub what: String,
    /// How it came out.
    pub outcome: Outcome,
    /// In a few words: `Azure finished it; recorded`.
    pub finding: String,
}
