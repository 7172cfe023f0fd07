//! How a run came out.

use std::collections::HashMap;

use crate::model::{Address, Recorded, RunOutcome};
use crate::plan::{Action, Outcome, Run, Verb};

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
    /// How many resources came out how.
    pub counts: Counts,
}

/// How many resources came out how; a replace counts as one added and one destroyed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Created.
    pub added: usize,
    /// Changed in place.
    pub changed: usize,
    /// Deleted.
    pub destroyed: usize,
    /// Published or exported; a first publish within its lab's creation is not counted.
    pub invoked: usize,
    /// Taken into the record.
    pub imported: usize,
    /// Renamed.
    pub moved: usize,
    /// Dropped from the record.
    pub forgotten: usize,
    /// With an action that failed, or whose end is not known.
    pub failed: usize,
    /// With nothing failed, and something not started.
    pub not_started: usize,
}

impl Counts {
    /// The counts of a run as it stands.
    #[must_use]
    pub fn of(run: &Run<'_>) -> Self {
        let mut actions: HashMap<&Address, Vec<&Action>> = HashMap::new();
        for action in &run.plan().actions {
            actions.entry(&action.address).or_default().push(action);
        }
        let mut counts = Self::default();
        for change in &run.plan().changes {
            let own = actions.get(&change.address).map(Vec::as_slice).unwrap_or_default();
            counts.add(run, change.verb, change.within.is_some(), own);
        }
        counts
    }

    fn add(&mut self, run: &Run<'_>, verb: Verb, is_within: bool, actions: &[&Action]) {
        let outcomes = |wanted: fn(&Action) -> bool| {
            actions.iter().filter(move |action| wanted(action)).map(|action| run.outcome(&action.id))
        };
        let all = |wanted| outcomes(wanted).all(|outcome| outcome == Outcome::Done);
        let any = |wanted: Outcome| outcomes(|_| true).any(|outcome| outcome == wanted);
        let is_done = all(|_| true);
        if any(Outcome::Failed) || any(Outcome::Unknown) {
            self.failed += 1;
        } else if !is_done {
            self.not_started += 1;
        }
        match verb {
            Verb::Replace => {
                self.destroyed += usize::from(all(|action| action.verb == Verb::Delete));
                self.added += usize::from(is_done);
            }
            _ if !is_done || is_within => {}
            Verb::Keep => {}
            Verb::Create => self.added += 1,
            Verb::Update => self.changed += 1,
            Verb::Delete => self.destroyed += 1,
            Verb::Invoke => self.invoked += 1,
            Verb::Import => self.imported += 1,
            Verb::Move => self.moved += 1,
            Verb::Forget => self.forgotten += 1,
        }
    }
}
