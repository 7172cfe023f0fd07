//! Waiting until something holds: read, judge, wait, the longer the more looks there were.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::error::{End, Refusal, after, told};
use super::evidence::names;
use super::outputs::by_version;
use super::room::Room;
use crate::azure::{ArmError, read};
use crate::model::{ArmId, Read, Until};
use crate::plan::{Action, Event, Failure};

/// What one look says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Judgement {
    /// It holds.
    Holds,
    /// Not yet; how far the copies are, region and percent.
    NotYet(Vec<(String, u8)>),
    /// It never will.
    Fails(Failure),
}

const NOT_YET: Judgement = Judgement::NotYet(Vec::new());

/// When a wait is for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing has left yet: what goes wrong is a failure.
    Before,
    /// The request has left: only Azure's own verdict is one, the rest is for a later run to look up.
    After,
}

/// Waits until it holds; gives whether that took more than one look.
///
/// `before` is what the evidence showed before the request.
pub(super) async fn wait(
    room: &Room<'_, '_>,
    action: &Action,
    until: &Until,
    before: &Value,
    phase: Phase,
) -> Result<bool, End> {
    let began = Instant::now();
    let mut memory = Memory::default();
    let mut told_regions = Vec::new();
    let mut looks = 0;
    loop {
        let judged = look(room, until, before, &mut memory).await;
        match judged.map_err(|error| ended(error, phase))? {
            Judgement::Holds => return Ok(looks > 0),
            Judgement::Fails(failure) => return Err(End::Failed(failure)),
            Judgement::NotYet(regions) if regions != told_regions => {
                room.tell(Event::Progress {
                    action: action.id.clone(),
                    percent: mean(&regions),
                    regions: regions.clone(),
                });
                told_regions = regions;
            }
            Judgement::NotYet(_) => {}
        }
        let bound = bound(room, until, &memory);
        if began.elapsed() >= bound {
            return Err(too_long(until, bound, phase));
        }
        room.pause(looks).await;
        looks += 1;
    }
}

fn ended(error: ArmError, phase: Phase) -> End {
    match phase {
        Phase::Before => End::Failed(told(&error)),
        Phase::After => after(error),
    }
}

/// What should merely appear may take minutes; what is worked on, hours.
fn bound(room: &Room<'_, '_>, until: &Until, memory: &Memory) -> Duration {
    let appears = matches!(until, Until::Exists { .. } | Until::Provisioned { .. }) && !memory.was_there;
    if appears { room.options.appearance } else { room.options.patience }
}

fn too_long(until: &Until, bound: Duration, phase: Phase) -> End {
    let what = match until {
        Until::Exists { read } => format!("`{}` to appear", read.path),
        Until::Gone { read } => format!("`{}` to go", read.path),
        Until::Provisioned { read } => format!("`{}` to be provisioned", read.path),
        Until::Field { read, pointer, is, .. } => {
            format!("`{pointer}` of `{}` to be {}", read.path, is.join(" or "))
        }
        Until::Replicated { read } => format!("`{}` to be replicated", read.path),
        Until::NewVersion { read } => format!("a new version in `{}`", read.path),
    };
    let failure = Refusal::StillWaiting { minutes: bound.as_secs().div_ceil(60), what }.into();
    match phase {
        Phase::Before => End::Failed(failure),
        Phase::After => End::Unknown(failure),
    }
}

fn mean(regions: &[(String, u8)]) -> Option<u8> {
    let sum: usize = regions.iter().map(|(_, percent)| usize::from(*percent)).sum();
    u8::try_from(sum.checked_div(regions.len())?).ok()
}

/// What earlier looks saw.
#[derive(Debug, Default)]
struct Memory {
    was_there: bool,
    was_deleting: bool,
}

/// Looks once, without waiting.
pub(super) async fn holds(room: &Room<'_, '_>, until: &Until, before: &Value) -> Result<Judgement, ArmError> {
    look(room, until, before, &mut Memory::default()).await
}

async fn look(
    room: &Room<'_, '_>,
    until: &Until,
    before: &Value,
    memory: &mut Memory,
) -> Result<Judgement, ArmError> {
    let answer = read(room.arm, read_of(until)).await?;
    memory.was_there |= answer.is_some();
    let Until::NewVersion { read: list } = until else {
        return Ok(judge(until, answer.as_ref(), memory));
    };
    let Some(version) = new_version(answer.as_ref(), before) else { return Ok(NOT_YET) };
    let version = Read {
        path: ArmId::new(format!("{}/{version}", list.path)),
        query: Some("$expand=ReplicationStatus".into()),
        list: false,
        ..list.clone()
    };
    let answer = read(room.arm, &version).await?;
    Ok(answer.map_or(NOT_YET, |body| copied(&body)))
}

fn read_of(until: &Until) -> &Read {
    match until {
        Until::Exists { read }
        | Until::Gone { read }
        | Until::Provisioned { read }
        | Until::Field { read, .. }
        | Until::Replicated { read }
        | Until::NewVersion { read } => read,
    }
}

/// Judges one answer of anything but a [`Until::NewVersion`], which takes two.
fn judge(until: &Until, answer: Option<&Value>, memory: &mut Memory) -> Judgement {
    match (until, answer) {
        (Until::Gone { .. }, None) | (Until::Exists { .. }, Some(_)) => Judgement::Holds,
        (Until::Gone { .. }, Some(body)) => gone(body, memory),
        (_, None) => NOT_YET,
        (Until::Provisioned { .. }, Some(body)) => provisioned(body).unwrap_or(Judgement::Holds),
        (Until::Replicated { .. } | Until::NewVersion { .. }, Some(body)) => copied(body),
        (Until::Field { pointer, is, fails, .. }, Some(body)) => {
            let text = body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            let among = |words: &[String]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
            if among(is) {
                Judgement::Holds
            } else if among(fails) {
                Judgement::Fails(failure_in(body, text))
            } else {
                NOT_YET
            }
        }
    }
}

/// A version is ready when it is provisioned and copied everywhere.
fn copied(body: &Value) -> Judgement {
    match provisioned(body) {
        None => replicated(body),
        // While it is made, its copies tell how far it is.
        Some(Judgement::NotYet(_)) => match replicated(body) {
            Judgement::NotYet(regions) => Judgement::NotYet(regions),
            _ => NOT_YET,
        },
        Some(judgement) => judgement,
    }
}

/// A delete fails when the resource stops being deleted and stays.
fn gone(body: &Value, memory: &mut Memory) -> Judgement {
    match State::of(body) {
        State::Deleting => memory.was_deleting = true,
        State::Failed(state) if memory.was_deleting => return Judgement::Fails(failure_in(body, &state)),
        _ => {}
    }
    NOT_YET
}

/// `None` when it is provisioned. What names no state has none: lab accounts' children may leave it out.
fn provisioned(body: &Value) -> Option<Judgement> {
    match State::of(body) {
        State::Settled => None,
        State::Failed(state) => Some(Judgement::Fails(failure_in(body, &state))),
        State::Deleting | State::Working => Some(NOT_YET),
    }
}

/// Where a resource's provisioning stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// It succeeded, or none is named.
    Settled,
    /// It failed or was canceled, in ARM's word.
    Failed(String),
    /// It is being deleted.
    Deleting,
    /// Anything else.
    Working,
}

impl State {
    /// The state that a body names.
    pub(super) fn of(body: &Value) -> Self {
        let Some(state) = body.pointer("/properties/provisioningState").and_then(Value::as_str) else {
            return Self::Settled;
        };
        match state.to_ascii_lowercase().as_str() {
            "succeeded" => Self::Settled,
            "failed" | "canceled" | "cancelled" => Self::Failed(state.to_owned()),
            "deleting" => Self::Deleting,
            _ => Self::Working,
        }
    }
}

/// The highest name that was not there before.
fn new_version(list: Option<&Value>, before: &Value) -> Option<String> {
    let had = |name: &&str| before.as_array().is_some_and(|before| before.iter().any(|known| known == name));
    let new = names(list).into_iter().filter(|name| !had(name));
    new.max_by(|a, b| by_version(a, b)).map(str::to_owned)
}

/// Source: Compute Gallery REST 2024-03-03, `replicationStatus` of an expanded version.
fn replicated(body: &Value) -> Judgement {
    let status = &body["properties"]["replicationStatus"];
    let summary: Vec<_> = status["summary"].as_array().into_iter().flatten().collect();
    match status["aggregatedState"].as_str().map(str::to_ascii_lowercase).as_deref() {
        Some("completed") => Judgement::Holds,
        Some("failed") => {
            let reason = |region: &&Value| {
                let name = region["region"].as_str()?;
                let failed = region["state"].as_str()?.eq_ignore_ascii_case("Failed");
                failed.then(|| {
                    format!("{name}: {}", region["details"].as_str().unwrap_or("no reason was given"))
                })
            };
            let reasons: Vec<_> = summary.iter().filter_map(reason).collect();
            let message = format!("replication failed ({})", reasons.join("; "));
            Judgement::Fails(Failure { code: "ReplicationFailed".into(), message })
        }
        _ => {
            let progress = |region: &&Value| {
                let percent = region["progress"].as_u64().unwrap_or(0).min(100);
                let name = region["region"].as_str()?;
                Some((crate::catalog::region(name).unwrap_or(name).to_owned(), u8::try_from(percent).ok()?))
            };
            Judgement::NotYet(summary.iter().filter_map(progress).collect())
        }
    }
}

/// What a resource itself says of its failure.
///
/// Source: Lab Services REST: `latestOperationResult` in lab accounts, `resourceOperationError` since 2023-06-07.
fn failure_in(body: &Value, state: &str) -> Failure {
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
    let places = [
        ("/properties/latestOperationResult/errorCode", "/properties/latestOperationResult/errorMessage"),
        ("/properties/resourceOperationError/code", "/properties/resourceOperationError/message"),
        ("/properties/provisioningError/code", "/properties/provisioningError/message"),
        ("/error/code", "/error/message"),
    ];
    let said = places.iter().find(|(code, message)| text(code).is_some() || text(message).is_some());
    let (code, message) = said.map_or((None, None), |(code, message)| (text(code), text(message)));
    Failure {
        code: code.unwrap_or(state).to_owned(),
        message: message.map_or_else(|| format!("azure says {state} and gives no reason"), str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn get() -> Read {
        Read { path: ArmId::new("/x"), api_version: "1".into(), query: None, list: false }
    }

    fn judged(until: &Until, answer: Option<Value>) -> Judgement {
        judge(until, answer.as_ref(), &mut Memory::default())
    }

    fn state(state: &str) -> Option<Value> {
        Some(json!({"properties": {"provisioningState": state}}))
    }

    #[test]
    fn provisioning_is_judged_by_arms_words() {
        let until = Until::Provisioned { read: get() };
        assert_eq!(judged(&until, state("Succeeded")), Judgement::Holds);
        assert_eq!(judged(&until, Some(json!({"properties": {}}))), Judgement::Holds);
        assert_eq!(judged(&until, state("Creating")), NOT_YET);
        assert_eq!(judged(&until, None), NOT_YET);
        let said = json!({"properties": {"provisioningState": "Failed", "latestOperationResult":
            {"errorCode": "NoCores", "errorMessage": "The region has none left."}}});
        let failure = Failure { code: "NoCores".into(), message: "The region has none left.".into() };
        assert_eq!(judged(&until, Some(said)), Judgement::Fails(failure));
    }

    #[test]
    fn a_failed_state_fails_a_delete_only_once_it_was_being_deleted() {
        let until = Until::Gone { read: get() };
        let mut memory = Memory::default();
        let mut next = |state: Option<Value>| judge(&until, state.as_ref(), &mut memory);
        assert_eq!(next(state("Failed")), NOT_YET);
        assert_eq!(next(state("Deleting")), NOT_YET);
        assert!(matches!(next(state("Failed")), Judgement::Fails(_)));
        assert_eq!(next(None), Judgement::Holds);
    }

    #[test]
    fn copies_tell_how_far_they_are_and_why_they_failed() {
        let body = |state: &str, region: Value| json!({"properties": {"replicationStatus": {"aggregatedState": state, "summary": [region]}}});
        let running =
            body("InProgress", json!({"region": "West Europe", "state": "Replicating", "progress": 40}));
        assert_eq!(replicated(&running), Judgement::NotYet(vec![("westeurope".into(), 40)]));
        let failed =
            body("Failed", json!({"region": "West Europe", "state": "Failed", "details": "no room"}));
        let Judgement::Fails(failure) = replicated(&failed) else { panic!("it failed") };
        assert_eq!(failure.message, "replication failed (West Europe: no room)");
    }

    #[test]
    fn a_new_version_is_one_that_was_not_in_the_evidence() {
        let list = json!([{"name": "1.9.0"}, {"name": "1.10.0"}]);
        assert_eq!(new_version(Some(&list), &json!(["1.9.0"])), Some("1.10.0".into()));
        assert_eq!(new_version(Some(&list), &json!(["1.9.0", "1.10.0"])), None);
        assert_eq!(new_version(None, &json!([])), None);
    }
}
