//! A plan under way: which actions are ready, and what each journal entry makes of them.
//!
//! [`Run`] is a pure fold over journal entries. The same function runs live and over a stored journal
//! after a crash; it knows nothing of Azure or of time.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::{Action, Plan, Schedule};
use crate::model::{Entry, EntryKind};

/// Where an action stands.
#[derive(Debug, Clone, PartialEq)]
pub enum ActionState {
    /// Not begun.
    Waiting,
    /// A step is under way.
    UnderWay(StepUnderWay),
    /// Between two steps: this many are done.
    Between(usize),
    /// Every step is done.
    Done,
    /// A step failed.
    Failed(Failure),
}

/// A step whose request may have left and whose end is not written.
#[derive(Debug, Clone, PartialEq)]
pub struct StepUnderWay {
    /// Its index in the action.
    pub step: usize,
    /// How many times it was begun.
    pub attempt: u32,
    /// What the evidence showed before the request.
    pub evidence: Value,
    /// Whether Azure said that it took it.
    pub accepted: bool,
    /// The URL to poll, where Azure gave one.
    pub operation: Option<String>,
}

/// Why an action failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Azure's error code, or ours.
    pub code: String,
    /// What was the matter.
    pub message: String,
}

/// How an action came out, as reports say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Done.
    Done,
    /// Failed.
    Failed,
    /// Never begun, because of a failure before it or because the run was stopped.
    NotStarted,
    /// Under way when the run broke off: the next run looks it up.
    Unknown,
}

/// What happens while a plan is carried out; reporters see this and nothing else.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// An action begins.
    Started {
        /// Its id.
        action: String,
    },
    /// A step of it is under way.
    Step {
        /// The action's id.
        action: String,
        /// The step's name.
        step: String,
    },
    /// Azure says how far it is.
    Progress {
        /// The action's id.
        action: String,
        /// Of the operation, in percent, where Azure says so.
        percent: Option<u8>,
        /// Of the copies: region and percent.
        regions: Vec<(String, u8)>,
    },
    /// A request is repeated after a while.
    Retrying {
        /// The action's id.
        action: String,
        /// Why, in one line.
        because: String,
    },
    /// It is done.
    Done {
        /// Its id.
        action: String,
        /// Whether it was found done already and only recorded.
        already: bool,
    },
    /// It failed; what depends on it will not start.
    Failed {
        /// Its id.
        action: String,
        /// Why.
        failure: Failure,
    },
    /// Nobody knows how it came out: the next run looks it up, and what depends on it will not start.
    Unclear {
        /// Its id.
        action: String,
        /// Why.
        failure: Failure,
    },
    /// No more actions start; those under way go on.
    Stopping,
}

/// A plan under way.
#[derive(Debug, Clone)]
pub struct Run<'p> {
    plan: &'p Plan,
    index: HashMap<&'p str, usize>,
    schedule: Schedule,
    missing: Vec<usize>,
    remaining_seconds: Vec<u64>,
    states: Vec<ActionState>,
    done_before: BTreeSet<usize>,
    ready: BTreeSet<(std::cmp::Reverse<u64>, usize)>,
}

impl<'p> Run<'p> {
    /// The run of `plan` before its first entry.
    #[must_use]
    pub fn new(plan: &'p Plan) -> Self {
        let index: HashMap<_, _> =
            plan.actions.iter().enumerate().map(|(at, action)| (action.id.as_str(), at)).collect();
        let count = plan.actions.len();
        let schedule = Schedule::of(plan);
        let missing = schedule.needs.clone();
        let remaining_seconds = schedule.paths(|at| plan.actions[at].estimate_seconds);
        let ready = (0..count).filter(|&at| missing[at] == 0);
        let ready = ready.map(|at| (std::cmp::Reverse(remaining_seconds[at]), at)).collect();
        let states = vec![ActionState::Waiting; count];
        Self {
            plan,
            index,
            schedule,
            missing,
            remaining_seconds,
            states,
            done_before: BTreeSet::new(),
            ready,
        }
    }

    /// The run as a stored journal left it.
    #[must_use]
    pub fn after<'e>(plan: &'p Plan, journal: impl IntoIterator<Item = &'e Entry>) -> Self {
        let mut run = Self::new(plan);
        journal.into_iter().for_each(|entry| run.fold(entry));
        run
    }

    /// Takes the next action that waits for nothing, the one with the longest path behind it first.
    ///
    /// It is not given again; its first entry makes it under way.
    pub fn next_ready(&mut self) -> Option<&'p Action> {
        self.ready.pop_first().map(|(_, at)| &self.plan.actions[at])
    }

    /// Makes of the run what `entry` says happened.
    pub fn fold(&mut self, entry: &Entry) {
        let Some(&at) = self.index.get(entry.action.as_str()) else { return };
        self.ready.remove(&(std::cmp::Reverse(self.remaining_seconds[at]), at));
        let state = match &entry.kind {
            EntryKind::Started { attempt, evidence, .. } => ActionState::UnderWay(StepUnderWay {
                step: entry.step,
                attempt: *attempt,
                evidence: evidence.clone(),
                accepted: false,
                operation: None,
            }),
            EntryKind::Accepted { operation } => match self.states[at].clone() {
                ActionState::UnderWay(under_way) => ActionState::UnderWay(StepUnderWay {
                    accepted: true,
                    operation: operation.clone(),
                    ..under_way
                }),
                other => other,
            },
            EntryKind::Done { .. } if entry.step + 1 >= self.plan.actions[at].steps.len() => {
                ActionState::Done
            }
            EntryKind::Done { .. } => ActionState::Between(entry.step + 1),
            EntryKind::Failed { code, message } => {
                ActionState::Failed(Failure { code: code.clone(), message: message.clone() })
            }
            EntryKind::NeverReached if entry.step == 0 => ActionState::Waiting,
            EntryKind::NeverReached => ActionState::Between(entry.step),
        };
        if state == ActionState::Done && self.states[at] != ActionState::Done {
            let sends = self.plan.actions[at].steps.iter().any(|step| step.request.is_some());
            if sends && self.states[at] == ActionState::Waiting {
                self.done_before.insert(at);
            }
            self.release(at);
        }
        if state == ActionState::Waiting && self.missing[at] == 0 {
            self.ready.insert((std::cmp::Reverse(self.remaining_seconds[at]), at));
        }
        self.states[at] = state;
    }

    fn release(&mut self, at: usize) {
        for dependent in self.schedule.dependents[at].clone() {
            self.missing[dependent] -= 1;
            if self.missing[dependent] == 0 && self.states[dependent] == ActionState::Waiting {
                self.ready.insert((std::cmp::Reverse(self.remaining_seconds[dependent]), dependent));
            }
        }
    }

    /// The plan that is under way.
    pub fn plan(&self) -> &'p Plan {
        self.plan
    }

    /// Where each action stands, in the plan's order.
    pub fn states(&self) -> impl Iterator<Item = (&'p Action, &ActionState)> {
        self.plan.actions.iter().zip(&self.states)
    }

    /// Where one action stands.
    #[must_use]
    pub fn state(&self, id: &str) -> Option<&ActionState> {
        self.index.get(id).map(|&at| &self.states[at])
    }

    /// How one action came out, were the run to end now.
    #[must_use]
    pub fn outcome(&self, id: &str) -> Outcome {
        match self.state(id) {
            Some(ActionState::Done) => Outcome::Done,
            Some(ActionState::Failed(_)) => Outcome::Failed,
            Some(ActionState::UnderWay(_) | ActionState::Between(_)) => Outcome::Unknown,
            Some(ActionState::Waiting) | None => Outcome::NotStarted,
        }
    }

    /// Whether an action was found done before its first request and only recorded.
    #[must_use]
    pub fn was_done_before(&self, id: &str) -> bool {
        self.index.get(id).is_some_and(|at| self.done_before.contains(at))
    }

    /// Whether every action is done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.states.iter().all(|state| *state == ActionState::Done)
    }

    /// The failed actions before an action that did not start, nearest first; empty where nothing failed.
    #[must_use]
    pub fn blocked_by(&self, id: &str) -> Vec<&'p Action> {
        let mut seen = BTreeSet::new();
        let mut waiting: std::collections::VecDeque<&str> = [id].into();
        let mut failed = Vec::new();
        while let Some(id) = waiting.pop_front() {
            let Some(action) = self.plan.action(id) else { continue };
            for need in &action.needs {
                if seen.insert(need.as_str()) {
                    match self.state(need) {
                        Some(ActionState::Failed(_)) => failed.extend(self.plan.action(need)),
                        _ => waiting.push_back(need),
                    }
                }
            }
        }
        failed
    }

    /// How many actions came out how.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for action in &self.plan.actions {
            let key = match self.outcome(&action.id) {
                Outcome::Done => "done",
                Outcome::Failed => "failed",
                Outcome::NotStarted => "not started",
                Outcome::Unknown => "unknown",
            };
            *counts.entry(key).or_default() += 1;
        }
        counts
    }
}
