//! A plan's ids with the GUIDs of their subscriptions: a plan may name a subscription instead. Pure.

use serde_json::Value;

use crate::model::{
    ArmId, Contents, Evidence, Expectation, Fill, Output, Read, Recording, Request, Row, Step, Sweep, Until,
    Within,
};

/// Gives the GUID of a subscription by its name.
pub(super) type Open<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The same step with every subscription as a GUID; attributes stay as they were written.
pub(super) fn step(step: &Step, open: Open<'_>) -> Step {
    let Step { name, ready, request, sweep, evidence, until: ends, outputs, record } = step;
    Step {
        name: name.clone(),
        ready: ready.iter().map(|each| until(each, open)).collect(),
        request: request.as_ref().map(|request| opened_request(request, open)),
        sweep: sweep.as_ref().map(|each| opened_sweep(each, open)),
        evidence: evidence.as_ref().map(|each| opened_evidence(each, open)),
        until: ends.iter().map(|each| until(each, open)).collect(),
        outputs: outputs
            .iter()
            .map(|output| Output { read: read(&output.read, open), ..output.clone() })
            .collect(),
        record: recording(record, open),
    }
}

/// The same expectation with every subscription as a GUID.
pub(super) fn expectation(expects: &Expectation, open: Open<'_>) -> Expectation {
    match expects {
        Expectation::Absent { read: each } => Expectation::Absent { read: read(each, open) },
        Expectation::Unset { read: each, pointer } => {
            Expectation::Unset { read: read(each, open), pointer: pointer.clone() }
        }
        Expectation::NeverDone { read: each, done } => {
            Expectation::NeverDone { read: read(each, open), done: done.clone() }
        }
        Expectation::Anything | Expectation::AsRecorded => expects.clone(),
    }
}

/// The same contents with their subscription as a GUID.
pub(super) fn contents(contents: &Contents, open: Open<'_>) -> Contents {
    Contents { read: read(&contents.read, open), noun: contents.noun.clone() }
}

/// The same row with the subscription of its id as a GUID.
pub(super) fn row(row: &Row, open: Open<'_>) -> Row {
    Row { arm_id: id(&row.arm_id, open), ..row.clone() }
}

fn id(id: &ArmId, open: Open<'_>) -> ArmId {
    id.in_subscription(open)
}

/// The same read with its subscription as a GUID.
pub(super) fn read(read: &Read, open: Open<'_>) -> Read {
    Read { path: id(&read.path, open), ..read.clone() }
}

fn opened_evidence(evidence: &Evidence, open: Open<'_>) -> Evidence {
    Evidence { read: read(&evidence.read, open), look: evidence.look.clone() }
}

fn opened_request(request: &Request, open: Open<'_>) -> Request {
    let mut body = request.body.clone();
    if let Some(body) = &mut body {
        ids_in(body, open);
    }
    let fill = |fill: &Fill| Fill { read: read(&fill.read, open), ..fill.clone() };
    Request {
        path: id(&request.path, open),
        body,
        fills: request.fills.iter().map(fill).collect(),
        ..request.clone()
    }
}

fn opened_sweep(sweep: &Sweep, open: Open<'_>) -> Sweep {
    let within = sweep.within.as_ref();
    let within = within.map(|within| Within { id: id(&within.id, open), ..within.clone() });
    Sweep { read: read(&sweep.read, open), within, ..sweep.clone() }
}

/// Opens every id that stands in a body: the images and galleries that it refers to.
fn ids_in(value: &mut Value, open: Open<'_>) {
    match value {
        Value::String(text) if text.starts_with("/subscriptions/") => {
            *text = id(&ArmId::new(text.as_str()), open).as_str().to_owned();
        }
        Value::Array(items) => items.iter_mut().for_each(|item| ids_in(item, open)),
        Value::Object(map) => map.values_mut().for_each(|item| ids_in(item, open)),
        _ => {}
    }
}

fn until(until: &Until, open: Open<'_>) -> Until {
    match until {
        Until::Exists { read: each } => Until::Exists { read: read(each, open) },
        Until::Gone { read: each } => Until::Gone { read: read(each, open) },
        Until::Provisioned { read: each } => Until::Provisioned { read: read(each, open) },
        Until::Field { read: each, pointer, is, fails } => Until::Field {
            read: read(each, open),
            pointer: pointer.clone(),
            is: is.clone(),
            fails: fails.clone(),
        },
        Until::Replicated { read: each } => Until::Replicated { read: read(each, open) },
        Until::NewVersion { read: each } => Until::NewVersion { read: read(each, open) },
    }
}

fn recording(recording: &Recording, open: Open<'_>) -> Recording {
    match recording {
        Recording::Put(each) => Recording::Put(Box::new(row(each, open))),
        Recording::Adopt(each) => Recording::Adopt(Box::new(row(each, open))),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ids_in_a_body_are_opened_too() {
        let mut body = json!({"properties": {"galleryId": "/subscriptions/main/x", "title": "/other"}});
        ids_in(&mut body, &|name| (name == "main").then(|| "guid".to_owned()));
        assert_eq!(body, json!({"properties": {"galleryId": "/subscriptions/guid/x", "title": "/other"}}));
    }
}
