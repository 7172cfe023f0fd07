//! What must be true of the live resource before an action's first request.

use serde_json::Value;

use super::effect::{ReadError, observed, surroundings_of};
use super::error::{End, Refusal, before};
use super::opened;
use super::room::Room;
use super::until::State;
use crate::azure::read;
use crate::kinds::{Names, kind_of};
use crate::model::{Address, ArmId, Contents, Done, Expectation, Observed, Read, Recording, Row, Step};
use crate::plan::{Action, Verb, as_seen, seen_differences};

/// What lies ahead of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ahead {
    /// Its requests may leave.
    Free,
    /// Its requests may leave, and what it makes was just seen not to be there.
    Absent,
    /// It is done already: only the record is to be written.
    Done,
}

/// Reads what the action is built on, what it expects, and what its container holds.
///
/// # Errors
/// [`End::Failed`] with the refusal; nothing has left then.
pub(super) async fn ahead(room: &Room<'_, '_>, action: &Action, steps: &[Step]) -> Result<Ahead, End> {
    let mut ahead = Ahead::Free;
    for wanted in &action.there {
        let wanted = opened::read(wanted, room.open);
        if read(room.arm, &wanted).await.map_err(before)?.is_none() {
            return Err(Refusal::Missing { id: wanted.path.to_string() }.into());
        }
    }
    match opened::expectation(&action.expects, room.open) {
        Expectation::Anything => {}
        Expectation::Absent { read } => ahead = absent(room, &read).await?,
        Expectation::Unset { read, pointer } => unset(room, &read, &pointer).await?,
        Expectation::AsRecorded => {
            if as_recorded(room, action, steps).await? == Ahead::Done {
                return Ok(Ahead::Done);
            }
        }
        Expectation::NeverDone { read: wanted, done } => {
            let now = read(room.arm, &wanted).await.map_err(before)?;
            if now.is_some_and(|now| was_done(&done, &now)) {
                return Ok(Ahead::Done);
            }
        }
    }
    for contents in &action.contents {
        only_known(room, action, &opened::contents(contents, room.open)).await?;
    }
    Ok(ahead)
}

/// Whether an answer shows that the thing was done, and well.
fn was_done(done: &Done, now: &Value) -> bool {
    match done {
        Done::Field { pointer, is } => {
            let text = now.pointer(pointer).and_then(Value::as_str);
            text.is_some_and(|text| is.iter().any(|wanted| wanted == text))
        }
        Done::SucceededItem => {
            let items = now.as_array().into_iter().flatten();
            items.into_iter().any(|item| item["properties"]["provisioningState"] == "Succeeded")
        }
    }
}

/// ARM's PUT takes over what is there without a word, so nothing may be, but what a create of ours left
/// `Failed`: the same PUT makes that anew.
async fn absent(room: &Room<'_, '_>, wanted: &Read) -> Result<Ahead, End> {
    let Some(body) = read(room.arm, wanted).await.map_err(before)? else { return Ok(Ahead::Absent) };
    let state = match State::of(&body) {
        State::Settled => None,
        State::Failed(_) if room.journal.was_begun_here(&wanted.path) => return Ok(Ahead::Free),
        State::Failed(state) => Some(state),
        State::Deleting => Some("Deleting".to_owned()),
        State::Working => Some("being worked on".to_owned()),
    };
    Err(Refusal::Exists { id: wanted.path.to_string(), state }.into())
}

/// What somebody else set is not taken over without a word either.
async fn unset(room: &Room<'_, '_>, wanted: &Read, pointer: &str) -> Result<(), End> {
    let body = read(room.arm, wanted).await.map_err(before)?;
    let value = body.as_ref().and_then(|body| body.pointer(pointer)).filter(|value| !value.is_null());
    match value {
        None => Ok(()),
        Some(value) => {
            let property = pointer.rsplit('/').next().unwrap_or_default().to_owned();
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            Err(Refusal::Set { id: wanted.path.to_string(), property, value }.into())
        }
    }
}

async fn as_recorded(room: &Room<'_, '_>, action: &Action, steps: &[Step]) -> Result<Ahead, End> {
    let Some(row) = &action.recorded else { return Ok(Ahead::Free) };
    let row = opened::row(row, room.open);
    match seen(room, &action.address, &row).await? {
        None if action.verb == Verb::Delete => Ok(Ahead::Done),
        None => Err(Refusal::Gone { id: row.arm_id.to_string() }.into()),
        Some(seen) if row.is_failed() && seen.failed => Ok(Ahead::Free),
        Some(_) if row.is_failed() => {
            let paths = vec!["its creation had failed, and now it is there".to_owned()];
            Err(Refusal::ChangedSince { paths }.into())
        }
        Some(seen) => {
            let paths = changed(&action.address, &row, asked(steps), &seen);
            if paths.is_empty() { Ok(Ahead::Free) } else { Err(Refusal::ChangedSince { paths }.into()) }
        }
    }
}

/// The row of something that exists, with what Azure shows in place of what it says.
///
/// # Errors
/// [`End::Failed`] where it is not there, or is there but broken or still being made.
pub(super) async fn adopted(room: &Room<'_, '_>, action: &Action, row: &Row) -> Result<Row, End> {
    match seen(room, &action.address, row).await? {
        None => Err(Refusal::NotThere { id: row.arm_id.to_string() }.into()),
        Some(seen) if seen.failed => Err(Refusal::Broken { id: row.arm_id.to_string() }.into()),
        Some(seen) => {
            let mut row = row.clone();
            as_seen(&action.address, &mut row, &seen);
            Ok(row)
        }
    }
}

async fn seen(room: &Room<'_, '_>, address: &Address, row: &Row) -> Result<Option<Observed>, End> {
    let near = room.journal.recorded(|recorded| surroundings_of(recorded, address, row));
    observed(room.arm, address, row, &Names::of(&near)).await.map_err(|error| match error {
        ReadError::Arm(error) => before(error),
        ReadError::Shape(error) => {
            Refusal::Unreadable { id: row.arm_id.to_string(), what: error.to_string() }.into()
        }
    })
}

/// The row that the action records in the end.
fn asked(steps: &[Step]) -> Option<&Row> {
    steps.iter().rev().find_map(|step| match &step.record {
        Recording::Put(row) => Some(&**row),
        _ => None,
    })
}

/// What is neither as it was recorded nor already as it is asked for.
fn changed(address: &Address, row: &Row, asked: Option<&Row>, seen: &Observed) -> Vec<String> {
    let info = kind_of(address).info();
    let from_recorded = seen_differences(info, row, &seen.attributes);
    let from_asked = asked.map(|asked| seen_differences(info, asked, &seen.attributes));
    let is_asked = |path: &str| {
        from_asked.as_ref().is_some_and(|differences| differences.iter().all(|change| change.path != path))
    };
    let text = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
    from_recorded
        .iter()
        .filter(|change| !is_asked(&change.path))
        .map(|change| {
            let (was, is) = (text(change.before.as_ref()), text(change.after.as_ref()));
            format!("`{}` was {was}, is {is}", change.path)
        })
        .collect()
}

/// How many unknown things a refusal names.
const NAMED: usize = 5;

async fn only_known(room: &Room<'_, '_>, action: &Action, contents: &Contents) -> Result<(), End> {
    let list = read(room.arm, &contents.read).await.map_err(before)?;
    let ids = list.as_ref().and_then(Value::as_array).into_iter().flatten();
    let ids = ids.filter_map(|item| item["id"].as_str()).map(ArmId::new);
    let container = action.arm_id.in_subscription(room.open);
    let unknown: Vec<_> = room.journal.known(|recorded, deleted| {
        let all = recorded.rows.values().map(|row| &row.arm_id).chain(deleted);
        let inside: Vec<_> = all.filter(|id| *id != &container && lies_in(id, &container)).collect();
        let is_known = |id: &ArmId| inside.iter().any(|known| lies_in(id, known));
        ids.filter(|id| !is_known(id)).map(|id| id.to_string()).collect()
    });
    if unknown.is_empty() {
        return Ok(());
    }
    let count = unknown.len();
    let some = unknown.into_iter().take(NAMED).collect();
    let container = action.address.to_string();
    Err(Refusal::Contents { container, noun: contents.noun.clone(), count, some }.into())
}

/// Whether an id is this one, or lies inside of it.
fn lies_in(id: &ArmId, outer: &ArmId) -> bool {
    let (id, outer) = (id.as_str(), outer.as_str());
    let (Some(start), Some(rest)) = (id.get(..outer.len()), id.get(outer.len()..)) else { return false };
    start.eq_ignore_ascii_case(outer) && (rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_failed_attempt_is_not_taken_for_done() {
        let published =
            Done::Field { pointer: "/properties/publishingState".into(), is: vec!["Published".into()] };
        for (done, now, was) in [
            (&published, json!({"properties": {"publishingState": "Published"}}), true),
            (
                &published,
                json!({"properties": {"publishingState": "PublishFailed", "lastPublished": "2026"}}),
                false,
            ),
            (&Done::SucceededItem, json!([]), false),
            (&Done::SucceededItem, json!([{"properties": {"provisioningState": "Failed"}}]), false),
            (&Done::SucceededItem, json!([{"properties": {"provisioningState": "Succeeded"}}]), true),
        ] {
            assert_eq!(was_done(done, &now), was, "{now}");
        }
    }
}
