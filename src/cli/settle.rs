//! A run that broke off: what was under way is looked up and recorded before anything is planned.

use std::collections::BTreeSet;

use super::carry::{Doing, now_ms, options};
use super::cloud::Connection;
use super::failure::CommandError;
use super::{Context, Exit, Failure, record};
use crate::apply::{self, Found, Surroundings};
use crate::model::{Recorded, RunHeader};
use crate::plan::{ActionState, Outcome, Plan, Run, Verb};
use crate::render::{Settled, SettledAction, terminal};
use crate::state::Store;

/// Settles `run` and says what became of it.
///
/// # Errors
/// Exit 7 where it cannot be found out yet; exit 6 where the state cannot be read or written.
pub(super) async fn settle(
    run: &RunHeader,
    recorded: Recorded,
    store: &mut dyn Store,
    connection: &Connection,
    doing: &Doing<'_>,
    context: &Context,
) -> Result<Settled, Failure> {
    let plan = record::plan_of(store, run.id, doing.project, context)?;
    context.printer.note(&format!("Run {} was interrupted. Looking up what was under way …\n", run.id));
    let secrets = doing.secrets(context);
    let mut surroundings = Surroundings {
        arm: &connection.arm,
        store,
        secrets: &secrets,
        now: &now_ms,
        open_subscription: &|name| connection.subscriptions.get(name).cloned(),
    };
    let options = options(doing);
    let found = apply::settle(run, &plan, recorded, &mut surroundings, &options, &mut |_| {})
        .await
        .map_err(super::carry::apply_failure)?;
    let journal: Vec<_> = surroundings.store.journal(run.id)?.into_iter().map(|(_, entry)| entry).collect();
    let after = Run::after(&plan, &journal);
    let settled = Settled { no_longer_asked: left_behind(&after, doing), ..view(run, &plan, &after, &found) };
    context.printer.note(&terminal::settled(&settled, context.printer.other_look()));
    if !found.is_clear {
        let open = settled.actions.iter().filter(|action| action.outcome == Outcome::Unknown);
        let open = open.map(|action| action.what.clone()).collect::<Vec<_>>().join(", ");
        return Err(Failure::of(Exit::Interrupted, CommandError::NotSettled { run: run.id, open }));
    }
    Ok(settled)
}

/// What the run had still to do and the files do not ask for any more.
fn left_behind(run: &Run<'_>, doing: &Doing<'_>) -> Vec<String> {
    let open = run.states().filter(|(action, state)| {
        let makes = matches!(action.verb, Verb::Create | Verb::Update | Verb::Invoke);
        makes
            && **state != ActionState::Done
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
        SettledAction { what: crate::render::say_action(plan, id), outcome, finding }
    };
    Settled {
        run: run.id,
        by: crate::render::came_from(run),
        seconds_ago: now_ms().saturating_sub(run.started_ms) / 1000,
        done: settled.done_before,
        of: settled.actions,
        failed,
        not_started: settled.actions.saturating_sub(begun),
        actions: settled.found.iter().map(action).collect(),
        no_longer_asked: Vec::new(),
    }
}
