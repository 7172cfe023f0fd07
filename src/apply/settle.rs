//! After a run that broke off: what became of every step whose end is not written.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt;

use super::effect::{Effect, effect};
use super::error::{End, told};
use super::executor::room;
use super::request::{accepted, follow_to_end, shows_within};
use super::room::{Room, entry};
use super::step::{finish, one, opened_steps};
use super::sweep::is_swept;
use super::until::{Judgement, holds};
use super::{ApplyError, Options, Surroundings};
use crate::azure::{ArmError, OperationUrl};
use crate::model::{Entry, EntryKind, Method, Recorded, Recording, RunHeader, Step};
use crate::plan::{Action, ActionState, Event, Failure, Plan, Run, StepUnderWay};

/// What became of an action that was under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Azure had finished it; it is recorded.
    Finished,
    /// What is there is as it was asked for; it is recorded.
    AsAsked,
    /// It was still running; it was followed to its end and recorded.
    Followed,
    /// Its request never took effect.
    NeverReached,
    /// It failed.
    Failed(Failure),
    /// It could not be found out; the run stays open.
    Unclear(Failure),
}

/// A run that broke off, looked up.
#[derive(Debug, Clone)]
#[must_use]
pub struct Settled {
    /// What is recorded now.
    pub recorded: Recorded,
    /// What was under way, by action id in the plan's order, and what became of it.
    pub found: Vec<(String, Found)>,
    /// How many actions were done when the run broke off.
    pub done_before: usize,
    /// How many never started, or stopped between two steps; planning afresh takes them up.
    pub never_started: usize,
    /// How many actions the run's plan has.
    pub actions: usize,
    /// Whether everything was found out; nothing is to be planned before.
    pub is_clear: bool,
}

/// Looks up every step of a broken-off run and records what became of it; the run stays open.
///
/// What is still running is followed to its end. What never reached Azure is dropped, and steps that
/// had not begun are not carried out: [`execute`](super::execute) goes on with them, or whoever plans afresh ends the
/// run and finds them, since each step records its own part of the row. Only steps that a plan could not see, because
/// the row is whole already, are caught up with.
///
/// # Errors
/// [`ApplyError::Store`].
pub async fn look_up(
    run: &RunHeader,
    plan: &Plan,
    recorded: Recorded,
    surroundings: &mut Surroundings<'_>,
    options: &Options,
    events: &mut dyn FnMut(Event),
) -> Result<Settled, ApplyError> {
    let journal = surroundings.store.journal(run.id).map_err(ApplyError::Store)?;
    let folded = Run::after(plan, journal.iter().map(|(_, entry)| entry));
    let done_before = folded.states().filter(|(_, state)| **state == ActionState::Done).count();
    let mut open: Vec<_> = folded.states().map(|(action, state)| (action, state.clone())).collect();
    open.retain(|(_, state)| matches!(state, ActionState::UnderWay(_) | ActionState::Between(_)));
    let now = (surroundings.now)();
    let since = |action: &Action| {
        began(&journal, &action.id).map_or(Duration::ZERO, |ms| Duration::from_millis(now.saturating_sub(ms)))
    };
    let found = RefCell::new(BTreeMap::new());
    let room = room(run.id, folded, recorded, surroundings, options, events);
    let mut open = open.into_iter();
    let next = || {
        let (action, state) = open.next()?;
        let (room, found, since) = (&room, &found, since(action));
        let look = async move {
            if let Some(became) = open_action(room, action, &state, since).await {
                found.borrow_mut().insert(action.id.clone(), became);
            }
        };
        Some(look.boxed_local())
    };
    // What was under way was so at once, so it is looked up at once; only requests of ours are to be few.
    room.drive(usize::MAX, pin!(std::future::pending()), next).await;
    let closed = room.journal.close(|_| None).map_err(ApplyError::Store)?;
    let left = |state: &ActionState| matches!(state, ActionState::Waiting | ActionState::Between(_));
    let found: Vec<_> = found.into_inner().into_iter().collect();
    let never_reached = found.iter().filter(|(_, found)| *found == Found::NeverReached).count();
    Ok(Settled {
        never_started: closed
            .run
            .states()
            .filter(|(_, state)| left(state))
            .count()
            .saturating_sub(never_reached),
        is_clear: !found.iter().any(|(_, found)| matches!(found, Found::Unclear(_))),
        recorded: closed.recorded,
        found,
        done_before,
        actions: plan.actions.len(),
    })
}

/// When the action's last request was about to leave.
fn began(journal: &[(u64, Entry)], action: &str) -> Option<u64> {
    let is_start = |entry: &Entry| entry.action == action && matches!(entry.kind, EntryKind::Started { .. });
    journal.iter().rev().find(|(_, entry)| is_start(entry)).map(|(ms, _)| *ms)
}

/// Looks up an action that is under way or between two steps; `None` where there was nothing to find out.
async fn open_action(
    room: &Room<'_, '_>,
    action: &Action,
    state: &ActionState,
    since: Duration,
) -> Option<Found> {
    let steps = opened_steps(room, action);
    let (next, found) = match state {
        ActionState::Between(next) => (*next, None),
        ActionState::UnderWay(under_way) => {
            let found = under_way_step(room, action, &steps, under_way, since).await;
            let reached = !matches!(found, Found::NeverReached);
            if matches!(found, Found::Failed(_) | Found::Unclear(_)) {
                return Some(found);
            }
            (under_way.step + usize::from(reached), Some(found))
        }
        ActionState::Waiting | ActionState::Done | ActionState::Failed(_) => return None,
    };
    if !is_invisible(&steps, next) {
        return found;
    }
    match catch_up(room, action, &steps, next).await {
        Ok(()) => match found {
            Some(found @ (Found::Followed | Found::AsAsked)) => Some(found),
            _ => Some(Found::Finished),
        },
        Err((at, End::Failed(failure))) => {
            room.failed(action, at, failure.clone());
            Some(Found::Failed(failure))
        }
        Err((_, End::Unknown(failure))) => Some(Found::Unclear(failure)),
        Err((_, End::Halted)) => None,
    }
}

/// Whether the steps from `next` on leave no trace in the row, so that planning afresh would not miss them.
fn is_invisible(steps: &[Step], next: usize) -> bool {
    let row = |step: &Step| match &step.record {
        Recording::Put(row) => Some(row.attributes.clone()),
        _ => None,
    };
    let (before, after) = steps.split_at(next.min(steps.len()));
    let so_far = before.iter().rev().find_map(row);
    let in_the_end = after.iter().rev().find_map(row);
    let may_repeat = |step: &Step| step.request.as_ref().is_none_or(|request| request.method != Method::Post);
    so_far.is_some() && so_far == in_the_end && after.iter().all(may_repeat)
}

async fn catch_up(
    room: &Room<'_, '_>,
    action: &Action,
    steps: &[Step],
    next: usize,
) -> Result<(), (usize, End)> {
    for (at, step) in steps.iter().enumerate().skip(next) {
        one(room, action, at, step, None).await.map_err(|end| (at, end))?;
    }
    Ok(())
}

async fn under_way_step(
    room: &Room<'_, '_>,
    action: &Action,
    steps: &[Step],
    under_way: &StepUnderWay,
    since: Duration,
) -> Found {
    let at = under_way.step;
    let Some(step) = steps.get(at) else {
        let message = "the journal speaks of a step that the plan does not have".to_owned();
        return Found::Unclear(Failure { code: "journal".into(), message });
    };
    match became(room, action, step, under_way, since).await {
        Ok(Some(found)) => found,
        Ok(None) => {
            room.journal.note(entry(action, at, EntryKind::NeverReached), Vec::new(), None);
            Found::NeverReached
        }
        Err(End::Failed(failure)) => {
            room.failed(action, at, failure.clone());
            Found::Failed(failure)
        }
        Err(End::Unknown(failure)) => Found::Unclear(failure),
        Err(End::Halted) => {
            let message = "the journal cannot be written".to_owned();
            Found::Unclear(Failure { code: "store".into(), message })
        }
    }
}

/// Finds out what became of a step, and finishes it where its request took effect; `None` where it did not.
async fn became(
    room: &Room<'_, '_>,
    action: &Action,
    step: &Step,
    under_way: &StepUnderWay,
    since: Duration,
) -> Result<Option<Found>, End> {
    let (at, seen) = (under_way.step, &under_way.evidence);
    let unknown = |error: ArmError| End::Unknown(told(&error));
    if let (Some(sweep), None) = (&step.sweep, &step.request) {
        let is_swept = is_swept(room, sweep).await.map_err(unknown)?;
        return if is_swept {
            finish(room, action, at, step, seen).await.map(|_| Some(Found::AsAsked))
        } else {
            Ok(None)
        };
    }
    let shown = match (under_way.accepted, step.request.as_ref().map(|request| request.method)) {
        (true, _) => Effect::Shown,
        (false, Some(Method::Post)) => {
            let window = room.options.visibility.saturating_sub(since);
            let shows = shows_within(room, action, step, seen, window).await.map_err(unknown)?;
            if shows { Effect::Shown } else { Effect::None }
        }
        (false, _) => effect(room, action, step, seen).await.map_err(unknown)?,
    };
    if shown == Effect::None {
        return Ok(None);
    }
    if !under_way.accepted {
        accepted(room, action, at, None);
    }
    let mut is_running = false;
    for until in &step.until {
        is_running |= matches!(holds(room, until, seen).await.map_err(unknown)?, Judgement::NotYet(_));
    }
    if is_running {
        room.tell(Event::Started { action: action.id.clone() });
        room.tell(Event::Step { action: action.id.clone(), step: step.name.to_string() });
    }
    if let Some(url) = &under_way.operation {
        follow_to_end(room, action, &OperationUrl::recorded(url.as_str())).await?;
    }
    if let Some(sweep) = &step.sweep {
        super::sweep::sweep(room, action, at, step, sweep).await?;
    }
    finish(room, action, at, step, seen).await?;
    Ok(Some(match shown {
        Effect::AsAsked if !is_running => Found::AsAsked,
        _ if is_running => Found::Followed,
        _ => Found::Finished,
    }))
}
