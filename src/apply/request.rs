//! A request on its way: `started` is durable before it leaves, a lost answer is looked up before it is repeated.

use std::collections::HashMap;

use serde_json::Value;
use tokio::time::Instant;

use super::effect::{Effect, effect};
use super::error::{End, Refusal, before, told};
use super::room::{Room, entry};
use super::sweep::near;
use super::{evidence, outputs, secrets};
use crate::azure::{Answer, ArmError, Call, OperationUrl, Progress, Style, follow, read};
use crate::model::{EntryKind, Fill, Method, Read, Request, Step, Take, digest};
use crate::plan::{Action, Event};

/// Sends the step's request and follows its operation; gives what the evidence showed before.
///
/// `known` is what it showed a moment ago, where that was read.
pub(super) async fn send(
    room: &Room<'_, '_>,
    action: &Action,
    at: usize,
    step: &Step,
    request: &Request,
    mut known: Option<Value>,
) -> Result<Value, End> {
    let mut attempt = 1;
    loop {
        // Opened before `started` is written: a secret that is missing is no question to Azure.
        let body = match &request.body {
            Some(body) => Some(secrets::opened(body, room.secrets).await?),
            None => None,
        };
        let seen = match (known.take(), &step.evidence) {
            (Some(known), _) => known,
            (None, Some(evidence)) => evidence::look(room.arm, evidence).await.map_err(before)?,
            (None, None) => Value::Null,
        };
        let started = EntryKind::Started {
            arm_id: request.path.clone(),
            digest: digest(&request.body),
            attempt,
            evidence: seen.clone(),
        };
        room.journal.started(entry(action, at, started)).await?;
        let error = match leave(room, request, body).await {
            Ok(answer) => {
                accepted(room, action, at, answer.operation.as_ref());
                if let Some(operation) = &answer.operation {
                    follow_to_end(room, action, operation).await?;
                }
                return Ok(seen);
            }
            Err(Stray::Gone) => return Err(Refusal::Gone { id: request.path.to_string() }.into()),
            Err(Stray::NotListed(refusal)) => return Err(refusal.into()),
            Err(Stray::Arm(error)) => error,
        };
        if !leaves_open(&error) {
            return Err(before(error));
        }
        if shows(room, action, step, request, &seen).await? {
            accepted(room, action, at, None);
            return Ok(seen);
        }
        // An answer that was not one, 500 say, is Azure's word; silence is none, so it is asked once more.
        let is_silence = request.method == Method::Post && error.leaves_open();
        match (is_silence, attempt) {
            (false, _) => return Err(before(error)),
            (true, 1) => {
                let because = format!("no answer to `{}`, and nothing of it shows", step.name);
                room.tell(Event::Retrying { action: action.id.clone(), because });
                attempt += 1;
            }
            (true, _) => {
                let why = told(&error).message;
                return Err(Refusal::NoAnswer { step: step.name.to_string(), why }.into());
            }
        }
    }
}

/// Why a request did not come through.
enum Stray {
    /// What the body is to be merged onto is not there; nothing has left.
    Gone,
    /// A part of the body cannot be found; nothing has left.
    NotListed(Refusal),
    /// ARM refused, or nobody knows.
    Arm(ArmError),
}

/// Sends the request in its turn, its body filled from and merged onto what is there where the step asks for it.
async fn leave(room: &Room<'_, '_>, request: &Request, body: Option<Value>) -> Result<Answer, Stray> {
    let _turn = room.turns.take(&request.path).await;
    let mut body = body;
    if request.onto {
        let there = read_of(request);
        let there = read(room.arm, &there).await.map_err(Stray::Arm)?.ok_or(Stray::Gone)?;
        body = Some(merged(there, body.unwrap_or(Value::Null)));
    }
    if let Some(body) = &mut body {
        fill(room, &request.fills, body).await?;
    }
    let Request { method, path, api_version, .. } = request;
    let call = Call { method: *method, path, api_version, query: None, body: body.as_ref() };
    room.arm.send(call).await.map_err(Stray::Arm)
}

/// Puts what only Azure knows under what a body says.
async fn fill(room: &Room<'_, '_>, fills: &[Fill], body: &mut Value) -> Result<(), Stray> {
    let mut answers: HashMap<&Read, Value> = HashMap::new();
    for fill in fills {
        if !answers.contains_key(&fill.read) {
            let there = read(room.arm, &fill.read).await.map_err(Stray::Arm)?;
            answers.insert(&fill.read, there.unwrap_or_default());
        }
        let there = &answers[&fill.read];
        let Some(found) = outputs::taken(&fill.take, there) else {
            let what = looked_for(&fill.take, there);
            return Err(Stray::NotListed(Refusal::NotListed { id: fill.read.path.to_string(), what }));
        };
        put_under(body, &fill.pointer, found);
    }
    Ok(())
}

/// What a part of a body was to be taken from, with the nearest there is.
fn looked_for(take: &Take, there: &Value) -> String {
    match take {
        Take::Item { at, is, .. } => {
            let items = there.as_array().into_iter().flatten();
            let text = |item: &Value| item.pointer(at.first()?)?.as_str().map(str::to_owned);
            near(is, &items.filter_map(text).collect::<Vec<_>>())
        }
        Take::Pointer(pointer) => format!("`{pointer}`"),
        Take::Newest | Take::Names | Take::NewestRegions => "version".to_owned(),
    }
}

/// Merges what a body says at a pointer onto `found`, and puts that in its place.
fn put_under(body: &mut Value, pointer: &str, found: Value) {
    let mut at = body;
    for name in pointer.split('/').skip(1) {
        if !at.is_object() {
            *at = Value::Object(serde_json::Map::new());
        }
        at = &mut at[name];
    }
    let said = at.take();
    *at = if said.is_null() { found } else { merged(found, said) };
}

fn read_of(request: &Request) -> Read {
    Read { path: request.path.clone(), api_version: request.api_version.clone(), query: None, list: false }
}

/// Merges `patch` onto `value` (RFC 7396): a null takes away, a map is merged, anything else replaces.
pub(super) fn merged(value: Value, patch: Value) -> Value {
    let Value::Object(patch) = patch else { return patch };
    let mut fields = match value {
        Value::Object(fields) => fields,
        _ => serde_json::Map::new(),
    };
    for (name, patch) in patch {
        if patch.is_null() {
            fields.remove(&name);
        } else {
            let value = fields.remove(&name).unwrap_or(Value::Null);
            fields.insert(name, merged(value, patch));
        }
    }
    Value::Object(fields)
}

/// Writes that Azure took it. Without a url that may wait: the evidence says as much.
pub(super) fn accepted(room: &Room<'_, '_>, action: &Action, at: usize, operation: Option<&OperationUrl>) {
    let url = operation.map(|operation| operation.url.clone());
    let entry = entry(action, at, EntryKind::Accepted { operation: url });
    match operation {
        Some(_) => room.journal.note(entry, Vec::new(), None),
        None => room.journal.note_in_passing(entry),
    }
}

/// Follows an operation to its end; where its url cannot be read any more, the resource itself has to tell.
pub(super) async fn follow_to_end(
    room: &Room<'_, '_>,
    action: &Action,
    operation: &OperationUrl,
) -> Result<(), End> {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let mut progress = |progress: Progress| {
        // Nobody listens any more once the wait is over.
        let _ = tell.send(progress.percent);
    };
    let mut followed = std::pin::pin!(follow(room.arm, operation, &mut progress));
    let deadline = tokio::time::sleep(room.options.patience);
    let mut deadline = std::pin::pin!(deadline);
    let ended = loop {
        tokio::select! {
            biased;
            ended = &mut followed => break ended,
            Some(percent) = told.recv() => {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0 to 100")]
                let percent = percent.map(|percent: f64| percent.clamp(0.0, 100.0) as u8);
                room.tell(Event::Progress { action: action.id.clone(), percent, regions: Vec::new() });
            }
            () = &mut deadline => {
                let minutes = room.options.patience.as_secs().div_ceil(60);
                return Err(End::Unknown(Refusal::StillWaiting { minutes, what: "the operation to end".into() }.into()));
            }
        }
    };
    match ended {
        Ok(_) | Err(ArmError::OperationUnknown { .. }) => Ok(()),
        // A journal may outlive the endpoint that gave the url: an emulator listens on a new port each time.
        Err(ArmError::ForeignHost { .. }) if operation.style == Style::Unknown => Ok(()),
        Err(error) => Err(super::error::after(error)),
    }
}

/// Whether it may have taken effect although it failed: silence, or a service that broke while it worked.
fn leaves_open(error: &ArmError) -> bool {
    error.leaves_open() || error.status().is_some_and(|status| status >= 500)
}

/// Looks for the effect of a request without an answer, a while where it may still be on its way.
async fn shows(
    room: &Room<'_, '_>,
    action: &Action,
    step: &Step,
    request: &Request,
    seen: &Value,
) -> Result<bool, End> {
    // What is idempotent was sent several times by now, and shows at once: only a straggler is waited for.
    let window = match request.method {
        Method::Post => room.options.visibility,
        _ => room.options.visibility / 15,
    };
    shows_within(room, action, step, seen, window).await.map_err(|error| End::Unknown(told(&error)))
}

/// Looks for the effect of a request until `window` is over.
pub(super) async fn shows_within(
    room: &Room<'_, '_>,
    action: &Action,
    step: &Step,
    seen: &Value,
    window: std::time::Duration,
) -> Result<bool, ArmError> {
    let began = Instant::now();
    let mut looks = 0;
    loop {
        // Whether the window was over before this look: the last look comes after its end.
        let left = window.saturating_sub(began.elapsed());
        if effect(room, action, step, seen).await? != Effect::None {
            return Ok(true);
        }
        if left.is_zero() {
            return Ok(false);
        }
        room.pause_within(looks, left).await;
        looks += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_found_goes_under_what_a_body_says() {
        let mut body = json!({"name": "x", "profile": {"sku": {"capacity": 3}}});
        put_under(&mut body, "/profile", json!({"sku": {"name": "s", "capacity": 1}, "quota": "PT1H"}));
        put_under(&mut body, "/machine/id", json!("/m"));
        let profile = json!({"sku": {"name": "s", "capacity": 3}, "quota": "PT1H"});
        assert_eq!(body, json!({"name": "x", "profile": profile, "machine": {"id": "/m"}}));
    }

    #[test]
    fn a_body_is_merged_onto_what_is_there_and_nothing_else_is_dropped() {
        let there = json!({"id": "/x", "tags": {"a": "1", "b": "2"}, "properties": {"n": 1, "keep": [1, 2]}});
        let patch = json!({"tags": {"a": null, "c": "3"}, "properties": {"n": 2}});
        assert_eq!(
            merged(there, patch),
            json!({"id": "/x", "tags": {"b": "2", "c": "3"}, "properties": {"n": 2, "keep": [1, 2]}})
        );
    }
}
