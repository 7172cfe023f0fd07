//! Whether a request took effect although nothing says so: by its evidence, or by what is there now.

use serde_json::Value;

use super::error::told;
use super::evidence;
use super::room::Room;
use super::until::State;
use crate::azure::{Arm, ArmError, read};
use crate::kinds::{Names, ShapeError, kind_of};
use crate::model::{Address, Method, Observed, Read, Recorded, Recording, Request, Row, Step};
use crate::plan::{Action, Failure, seen_differences};

/// What looking for an effect found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// The evidence changed: it took effect.
    Shown,
    /// What is there is what was asked for; whether by this request does not matter.
    AsAsked,
    /// Nothing of it shows.
    None,
}

/// Looks once for the effect of a step whose request may have left.
pub(super) async fn effect(
    room: &Room<'_, '_>,
    action: &Action,
    step: &Step,
    before: &Value,
) -> Result<Effect, ArmError> {
    if let Some(evidence) = &step.evidence
        && !before.is_null()
    {
        let now = evidence::look(room.arm, evidence).await?;
        if evidence::took_effect(&evidence.look, before, &now) {
            return Ok(Effect::Shown);
        }
    }
    let Some(request) = &step.request else { return Ok(Effect::None) };
    let as_asked = match request.method {
        Method::Delete => is_going(room.arm, request).await?,
        Method::Put | Method::Patch if *before != Value::Bool(false) => {
            is_as_asked(room, action, step, request).await?
        }
        // A PUT that creates shows at once; a POST shows by its evidence alone.
        _ => false,
    };
    Ok(if as_asked { Effect::AsAsked } else { Effect::None })
}

async fn is_going(arm: &dyn Arm, request: &Request) -> Result<bool, ArmError> {
    let there = read(arm, &get(request)).await?;
    Ok(there.is_none_or(|body| State::of(&body) == State::Deleting))
}

async fn is_as_asked(
    room: &Room<'_, '_>,
    action: &Action,
    step: &Step,
    request: &Request,
) -> Result<bool, ArmError> {
    if let Recording::Put(row) = &step.record
        && !kind_of(&action.address).reads(&action.address, row).is_empty()
    {
        let recorded = room.journal.recorded(|recorded| surroundings_of(recorded, &action.address, row));
        // What is ignored is sent once, and looked for where that is now.
        let sent = recorded.rows.get(&action.address).map(|own| own.attributes.clone()).unwrap_or_default();
        let row = &Row { ignored: row.ignored_so_far(&sent), ..row.as_ref().clone() };
        return Ok(match observed(room.arm, &action.address, row, &Names::of(&recorded)).await {
            Ok(Some(observed)) => {
                let info = kind_of(&action.address).info();
                seen_differences(info, row, &observed.attributes).is_empty()
            }
            Ok(None) | Err(ReadError::Shape(_)) => false,
            Err(ReadError::Arm(error)) => return Err(error),
        });
    }
    let there = read(room.arm, &get(request)).await?;
    let asked = request.body.as_ref().unwrap_or(&Value::Null);
    Ok(there.is_some_and(|there| holds(&there, asked)))
}

fn get(request: &Request) -> Read {
    Read { path: request.path.clone(), api_version: request.api_version.clone(), query: None, list: false }
}

/// Whether everything that a body asks for is there already; a secret never comes back.
fn holds(there: &Value, asked: &Value) -> bool {
    match asked {
        Value::Object(fields) if fields.contains_key("$secret") => true,
        Value::Object(fields) => fields.iter().all(|(name, asked)| match there.get(name) {
            Some(there) => holds(there, asked),
            None => asked.is_null(),
        }),
        Value::String(text) => there.as_str().is_some_and(|there| there.eq_ignore_ascii_case(text)),
        asked => asked == there,
    }
}

/// Why something could not be observed.
#[derive(Debug)]
pub(super) enum ReadError {
    /// ARM did not answer the question.
    Arm(ArmError),
    /// Its answer is not shaped as documented.
    Shape(ShapeError),
}

impl ReadError {
    /// The error as it is told.
    pub(super) fn failure(&self) -> Failure {
        match self {
            Self::Arm(error) => told(error),
            Self::Shape(error) => Failure { code: "unreadable".into(), message: error.to_string() },
        }
    }
}

/// Reads one recorded resource; `None` when it is gone.
pub(super) async fn observed(
    arm: &dyn Arm,
    address: &Address,
    row: &Row,
    names: &Names<'_>,
) -> Result<Option<Observed>, ReadError> {
    let kind = kind_of(address);
    let mut answers = Vec::new();
    for wanted in kind.reads(address, row) {
        answers.push(read(arm, &wanted).await.map_err(ReadError::Arm)?);
    }
    let body = answers.first().and_then(Option::as_ref);
    let failed = body.is_some_and(|body| matches!(State::of(body), State::Failed(_)));
    if failed && row.is_failed() {
        // It never was what it should be: there is nothing to compare.
        return Ok(Some(Observed { attributes: row.attributes.clone(), failed }));
    }
    let mut observed = kind.observe(&answers, row, names).map_err(ReadError::Shape)?;
    let differs = |seen: &Observed| !seen_differences(kind.info(), row, &seen.attributes).is_empty();
    if observed.as_ref().is_some_and(differs) && looked_again(arm, address, row, &mut answers).await? {
        observed = kind.observe(&answers, row, names).map_err(ReadError::Shape)?;
    }
    Ok(observed.map(|observed| Observed { failed, ..observed }))
}

/// Reads the lists among a resource's answers once more and takes in what the first ones lacked: lists of ARM may have
/// holes, and what is missed is missing only where a second look misses it too. Tells whether there was a list.
async fn looked_again(
    arm: &dyn Arm,
    address: &Address,
    row: &Row,
    answers: &mut [Option<Value>],
) -> Result<bool, ReadError> {
    let mut any = false;
    for (wanted, answer) in kind_of(address).reads(address, row).iter().zip(answers) {
        let (true, Some(Value::Array(items))) = (wanted.list, answer) else { continue };
        any = true;
        if let Some(Value::Array(again)) = read(arm, wanted).await.map_err(ReadError::Arm)? {
            let is_new = |item: &Value, items: &[Value]| items.iter().all(|known| known["id"] != item["id"]);
            let lacked: Vec<_> = again.into_iter().filter(|item| is_new(item, items)).collect();
            items.extend(lacked);
        }
    }
    Ok(any)
}

/// The rows by which an answer's ids are named: what the resource depends on, and itself.
///
/// Not all of `recorded`: naming every row anew for every action would make a run's cost its square.
pub(super) fn surroundings_of(recorded: &Recorded, address: &Address, row: &Row) -> Recorded {
    let mut near = Recorded::default();
    let rows =
        row.depends_on.iter().chain([address]).filter_map(|address| recorded.rows.get_key_value(address));
    near.rows.extend(rows.map(|(address, row)| (address.clone(), row.clone())));
    near
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_asked_is_there_whatever_else_is() {
        let there = json!({"properties": {"enableState": "enabled", "osType": "Linux"}, "tags": {"a": "1"}});
        for (asked, is_there) in [
            (json!({"properties": {"enableState": "Enabled"}}), true),
            (json!({"properties": {"enableState": "Disabled"}}), false),
            (json!({"tags": {"b": null}}), true),
            (json!({"tags": {"a": null}}), false),
            (json!({"password": {"$secret": {"env": "P"}}, "tags": {}}), false),
            (json!({"properties": {"osType": {"$secret": {"env": "P"}}}}), true),
        ] {
            assert_eq!(holds(&there, &asked), is_there, "{asked}");
        }
    }
}
