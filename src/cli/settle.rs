//! A run that broke off: what was under way is looked up and recorded before anything is planned.

use std::collections::BTreeSet;

use super::carry::{Doing, now_ms, options};
use super::desk::{Desk, claim_of};
use super::failure::CommandError;
use super::progress::Reporter;
use super::{Exit, Failure, record};
use crate::apply::{self, Found, Surroundings};
use crate::model::{Recorded, RunHeader};
use crate::plan::{Action, ActionState, Outcome, Plan, Run, Verb};
use crate::render::{self, Next, Settled, SettledAction};
use crate::state::{Claim, Store};

/// A run that broke off and whose every step's end is known by now; it is still open.
#[derive(Debug)]
pub(super) struct LookedUp {
    /// What its plan was.
    pub(super) plan: Plan,
    /// What it is about.
    pub(super) claim: Claim,
    /// What became of it, to be shown.
    pub(super) view: Settled,
    /// What is recorded now.
    pub(super) recorded: Recorded,
}

/// Takes over `run` and looks up what was under way; `None` where somebody else has ended it meanwhile.
///
/// # Errors
/// Exit 7 where it cannot be found out yet; exit 6 where the state cannot be read or written.
pub(super) async fn look_up(
    run: &RunHeader,
    desk: &mut Desk<'_>,
    doing: &Doing<'_>,
) -> Result<Option<LookedUp>, Failure> {
    let context = desk.context;
    if !desk.take_over(run.id).await? {
        return Ok(None);
    }
    let (connection, store) = desk.both().await?;
    let plan = record::plan_of(store, run.id, doing.project, context)?;
    // Read again: until it was taken over, somebody else may have been at it.
    let recorded = store.recorded()?;
    let before = store.journal(run.id)?;
    let last_sign_ms = before.last().map_or(run.started_ms, |(at, _)| *at);
    let entries: Vec<_> = before.iter().map(|(_, entry)| entry.clone()).collect();
    let folded = Run::after(&plan, &entries);
    context.printer.note(&beginning(run.id, &folded));
    let reporter = Reporter::of_settling(&folded, doing.pace(), context);
    let secrets = doing.secrets(&connection.arm, context);
    let mut surroundings = Surroundings {
        arm: &connection.arm,
        store,
        secrets: &secrets,
        now: &now_ms,
        open_subscription: &|name| connection.subscriptions.get(name).cloned(),
    };
    let options = options(doing);
    let mut events = |event| reporter.take(event);
    let found = tokio::select! {
        found = apply::look_up(run, &plan, recorded, &mut surroundings, &options, &mut events) => {
            found.map_err(super::carry::apply_failure)?
        }
        never = reporter.beat() => match never {},
    };
    reporter.finish();
    let journal: Vec<_> = surroundings.store.journal(run.id)?.into_iter().map(|(_, entry)| entry).collect();
    let after = Run::after(&plan, &journal);
    let seconds_ago = now_ms().saturating_sub(last_sign_ms) / 1000;
    let view = Settled {
        left: left(&after),
        no_longer_asked: left_behind(&after, doing),
        seconds_ago,
        ..view(run, &plan, &after, &found)
    };
    if !found.is_clear {
        context.printer.note(&render::terminal::settled(&view, &Next::NotYet, context.printer.other_look()));
        let open = view.actions.iter().filter(|action| action.outcome == Outcome::Unknown);
        let open = open.map(|action| action.what.clone()).collect::<Vec<_>>().join(", ");
        return Err(Failure::of(Exit::Interrupted, CommandError::NotSettled { run: run.id, open }));
    }
    let claim = claim_of(&plan, &found.recorded);
    Ok(Some(LookedUp { claim, view, recorded: found.recorded, plan }))
}

/// What is looked up, said before: where something is still running that takes as long as it takes.
fn beginning(id: u64, run: &Run<'_>) -> String {
    let under_way = run.states().filter(|(_, state)| matches!(state, ActionState::UnderWay(_)));
    let lines = under_way.map(|(action, _)| format!("  … {}\n", render::say_action(run.plan(), &action.id)));
    format!("Run {id} was interrupted. Looking up what was under way …\n{}", lines.collect::<String>())
}

/// What the run has still to do, and no failure keeps it from, in words.
fn left(run: &Run<'_>) -> Vec<String> {
    let is_left = |(action, state): &(&Action, &ActionState)| match state {
        ActionState::Between(_) => true,
        ActionState::Waiting => run.blocked_by(&action.id).is_empty(),
        ActionState::UnderWay(_) | ActionState::Done | ActionState::Failed(_) => false,
    };
    let left = run.states().filter(is_left);
    left.map(|(action, _)| render::say_action(run.plan(), &action.id)).collect()
}

/// What the run had still to do and the files do not ask for any more.
fn left_behind(run: &Run<'_>, doing: &Doing<'_>) -> Vec<String> {
    let open = run.states().filter(|(action, state)| {
        let makes = matches!(action.verb, Verb::Create | Verb::Update | Verb::Invoke);
        // Of what lies between two steps it was said what is done.
        makes
            && !matches!(state, ActionState::Done | ActionState::Between(_))
            && !doing.project.desired.resources.contains_key(&action.address)
    });
    let left: BTreeSet<_> = open.map(|(action, _)| action.address.to_string()).collect();
    left.into_iter().collect()
}

fn view(run: &RunHeader, plan: &Plan, after: &Run<'_>, settled: &apply::Settled) -> Settled {
    // Each action is counted once: what was under way and failed since stands among what was looked up.
    let looked_up: BTreeSet<_> = settled.found.iter().map(|(id, _)| id.as_str()).collect();
    let failed = after.states().filter(|(action, state)| {
        matches!(state, ActionState::Failed(_)) && !looked_up.contains(action.id.as_str())
    });
    let failed = failed.count();
    let begun = settled.done_before + failed + settled.found.len();
    let action = |(id, found): &(String, Found)| {
        let (outcome, finding) = match found {
            Found::Finished => (Outcome::Done, "Azure finished it; recorded".to_owned()),
            Found::AsAsked => (Outcome::Done, "it is as asked; recorded".to_owned()),
            Found::Followed => (Outcome::Done, "was still running, followed to its end; recorded".to_owned()),
            Found::NeverReached => (Outcome::NotStarted, "never reached Azure".to_owned()),
            Found::Failed(failure) => (Outcome::Failed, format!("{}: {}", failure.code, failure.message)),
            Found::Unclear(failure) => {
                (Outcome::Unknown, format!("cannot be told yet: {}: {}", failure.code, failure.message))
            }
        };
        SettledAction { what: render::say_action(plan, id), outcome, finding }
    };
    Settled {
        run: run.id,
        by: render::came_from(run),
        seconds_ago: 0,
        done: settled.done_before,
        of: settled.actions,
        failed,
        not_started: settled.actions.saturating_sub(begun),
        actions: settled.found.iter().map(action).collect(),
        left: Vec::new(),
        no_longer_asked: Vec::new(),
    }
}
