//! One action, step by step: ready, evidence, started, request, accepted, until, outputs, done.

use serde_json::{Map, Value};

use super::error::{End, after};
use super::evidence;
use super::live::{self, Ahead};
use super::opened;
use super::outputs::outputs;
use super::request::send;
use super::room::{Room, entry, write_of};
use super::sweep::sweep;
use super::until::{Phase, wait};
use crate::model::{EntryKind, Expectation, Recording, Step};
use crate::plan::{Action, Event};

/// Carries out an action from step `from` on; how it ended stands in the journal afterwards.
pub(super) async fn perform(room: &Room<'_, '_>, action: &Action, from: usize) {
    room.tell(Event::Started { action: action.id.clone() });
    let steps = opened_steps(room, action);
    let mut absent = false;
    if from == 0 {
        match live::ahead(room, action, &steps).await {
            Ok(Ahead::Free) => {}
            Ok(Ahead::Absent) => absent = true,
            Ok(Ahead::Done) => return end(room, action, 0, already(room, action, &steps).await),
            Err(error) => return end(room, action, 0, Err(error)),
        }
    }
    if steps.is_empty() {
        let event = Event::Done { action: action.id.clone(), already: false };
        room.journal.note(entry(action, 0, EntryKind::Done { outputs: Map::new() }), Vec::new(), Some(event));
    }
    for (at, step) in steps.iter().enumerate().skip(from) {
        let seen = if at == 0 && absent { absence(action, step, room) } else { None };
        if let Err(error) = one(room, action, at, step, seen).await {
            return end(room, action, at, Err(error));
        }
    }
}

/// The action's steps with the GUIDs of their subscriptions.
pub(super) fn opened_steps(room: &Room<'_, '_>, action: &Action) -> Vec<Step> {
    action.steps.iter().map(|step| opened::step(step, room.open)).collect()
}

/// Writes down how an action ended early.
pub(super) fn end(room: &Room<'_, '_>, action: &Action, at: usize, ended: Result<(), End>) {
    match ended {
        Ok(()) | Err(End::Halted) => {}
        Err(End::Failed(failure)) => room.failed(action, at, failure),
        // No entry: the step stays under way, and the next run looks it up.
        Err(End::Unknown(failure)) => room.tell(Event::Unclear { action: action.id.clone(), failure }),
    }
}

/// Records an action that is done already, without a request.
async fn already(room: &Room<'_, '_>, action: &Action, steps: &[Step]) -> Result<(), End> {
    let mut writes = Vec::new();
    let mut all = Map::new();
    for step in steps {
        let read = outputs(room.arm, &step.outputs).await.map_err(super::error::before)?;
        writes.push(write_of(&action.address, step.record.clone(), read.clone()));
        all.extend(read);
    }
    let last = steps.len().saturating_sub(1);
    let event = Event::Done { action: action.id.clone(), already: true };
    room.journal.note(entry(action, last, EntryKind::Done { outputs: all }), writes, Some(event));
    Ok(())
}

/// What the step's evidence shows where the action's expectation just read the same and found nothing.
fn absence(action: &Action, step: &Step, room: &Room<'_, '_>) -> Option<Value> {
    let Expectation::Absent { read } = opened::expectation(&action.expects, room.open) else { return None };
    let evidence = step.evidence.as_ref().filter(|evidence| evidence.read == read)?;
    Some(evidence::seen(&evidence.look, None))
}

/// Carries out one step; `seen` is what its evidence showed a moment ago, where that was read.
pub(super) async fn one(
    room: &Room<'_, '_>,
    action: &Action,
    at: usize,
    step: &Step,
    mut seen: Option<Value>,
) -> Result<(), End> {
    room.tell(Event::Step { action: action.id.clone(), step: step.name.to_string() });
    for until in &step.ready {
        if wait(room, action, until, &Value::Null, Phase::Before).await? {
            seen = None;
        }
    }
    let before = match &step.request {
        Some(request) => send(room, action, at, step, request, seen).await?,
        None => Value::Null,
    };
    if let Some(list) = &step.sweep {
        sweep(room, action, at, step, list).await?;
    }
    finish(room, action, at, step, &before).await.map(drop)
}

/// Waits for the step's end, reads its outputs and writes it down; gives whether there was anything to wait for.
pub(super) async fn finish(
    room: &Room<'_, '_>,
    action: &Action,
    at: usize,
    step: &Step,
    before: &Value,
) -> Result<bool, End> {
    let mut waited = false;
    for until in &step.until {
        waited |= wait(room, action, until, before, Phase::After).await?;
    }
    let read = outputs(room.arm, &step.outputs).await.map_err(after)?;
    let record = match &step.record {
        Recording::Adopt(row) => Recording::Put(Box::new(live::adopted(room, action, row).await?)),
        other => other.clone(),
    };
    room.done(action, at, record, read);
    Ok(waited)
}
