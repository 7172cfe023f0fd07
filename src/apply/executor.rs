//! The executor: independent actions at the same time, each entry durable before its effect.

use std::cell::RefCell;
use std::pin::pin;

use futures_util::FutureExt;

use super::journal::{Closed, Journal};
use super::report::Report;
use super::room::{Room, Turns};
use super::step::perform;
use super::{ApplyError, Options, Surroundings};
use crate::model::{Entry, Recorded, RunOutcome};
use crate::plan::{Action, ActionState, Event, Plan, Run};

/// Carries out what is left of a run, longest remaining path first.
///
/// The run was begun in the store with this plan, and has an empty journal or a settled one. Once
/// `stop` resolves no more actions start and those under way go on; whoever cannot wait drops the
/// future, which is as harmless as a crash. A failed action stops its dependents only and is no error.
/// A run that was stopped, or whose end is not known everywhere, is left open in the store.
///
/// # Errors
/// [`ApplyError::Store`] when the journal cannot be written: nothing more starts, and what is under way
/// goes as far as it can; [`ApplyError::Unsettled`] when the journal has steps without an end.
pub async fn execute<'p>(
    run_id: u64,
    plan: &'p Plan,
    recorded: Recorded,
    surroundings: &mut Surroundings<'_>,
    options: &Options,
    stop: impl Future<Output = ()>,
    events: &mut dyn FnMut(Event),
) -> Result<Report<'p>, ApplyError> {
    let journal = surroundings.store.journal(run_id).map_err(ApplyError::Store)?;
    let entries: Vec<Entry> = journal.into_iter().map(|(_, entry)| entry).collect();
    let run = Run::after(plan, &entries);
    let mut halfway = Vec::new();
    let mut under_way = 0;
    for (action, state) in run.states() {
        match state {
            ActionState::Between(steps) => halfway.push((action, *steps)),
            ActionState::UnderWay(_) => under_way += 1,
            ActionState::Waiting | ActionState::Done | ActionState::Failed(_) => {}
        }
    }
    if under_way > 0 {
        return Err(ApplyError::Unsettled { run: run_id, count: under_way });
    }
    let room = room(run_id, run, recorded, surroundings, options, events);
    let mut next = || halfway.pop().or_else(|| room.journal.next_ready().map(|action| (action, 0)));
    let next = || next().map(|(action, from): (&Action, usize)| perform(&room, action, from).boxed_local());
    let stopped = room.drive(options.parallelism, pin!(stop), next).await;
    let closed = room.journal.close(|run| outcome(run, stopped)).map_err(ApplyError::Store)?;
    let Closed { run, recorded, outcome } = closed;
    Ok(Report { recorded, run, outcome, stopped })
}

/// The room in which the actions of a run are carried out.
pub(super) fn room<'a, 'p>(
    run_id: u64,
    run: Run<'p>,
    recorded: Recorded,
    surroundings: &'a mut Surroundings<'_>,
    options: &Options,
    events: &'a mut dyn FnMut(Event),
) -> Room<'a, 'p> {
    let Surroundings { arm, store, secrets, now, open_subscription } = surroundings;
    Room {
        arm: *arm,
        secrets: *secrets,
        open: *open_subscription,
        options: *options,
        journal: Journal::new(&mut **store, *now, run_id, run, recorded),
        turns: Turns::default(),
        events: RefCell::new(events),
    }
}

/// How the run ended; `None` where a later run has to go on with it.
fn outcome(run: &Run<'_>, stopped: bool) -> Option<RunOutcome> {
    if run.is_done() {
        return Some(RunOutcome::Done);
    }
    let is_open = |(action, state): (&Action, &ActionState)| match state {
        ActionState::UnderWay(_) | ActionState::Between(_) => true,
        ActionState::Waiting => stopped && run.blocked_by(&action.id).is_empty(),
        ActionState::Done | ActionState::Failed(_) => false,
    };
    (!run.states().any(is_open)).then_some(RunOutcome::Incomplete)
}
