//! What the emulator answers, what it accepts, and all that labwright asks of it fits the published descriptions of Azure.
//!
//! `tests/all` lets every emulator of the suite write down its requests and answers, in the folder that
//! `LABWRIGHT_EMULATOR_RECORD` names, and then runs this over all of them. `LABWRIGHT_SPECS` names the folder with the
//! published files; they are no part of this project.

#![expect(clippy::print_stdout, reason = "what was checked is told")]

mod check;
mod description;
mod deviations;
mod exchange;
mod schema;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use check::{Checker, Findings};
use description::Descriptions;
use deviations::{DEVIATIONS, UNDESCRIBED, matches};

#[test]
#[ignore = "needs the recordings of the whole suite: `tests/all` runs it"]
fn all_that_was_recorded_fits_the_published_descriptions() {
    let published = std::env::var_os("LABWRIGHT_SPECS").map(PathBuf::from);
    let recordings = std::env::var_os("LABWRIGHT_EMULATOR_RECORD").map(PathBuf::from);
    let recordings = recordings.expect("LABWRIGHT_EMULATOR_RECORD names the folder with the recordings");
    let descriptions = Descriptions::read(published.as_deref());
    let mut checker = Checker::new(&descriptions);
    match (&published, checker.is_published) {
        (Some(folder), false) => panic!("nothing is described in {}", folder.display()),
        (Some(_), true) => {}
        (None, _) => println!(
            "not run for what Microsoft published: LABWRIGHT_SPECS names no folder with its descriptions"
        ),
    }
    exchange::each(&recordings, |place, exchange| checker.check(place, exchange));
    let report = report(&checker.findings, checker.is_published);
    println!("{}", report.0);
    assert!(report.1.is_empty(), "{}", report.1.join("\n"));
}

/// What was checked, and what is wrong.
fn report(findings: &Findings, is_published: bool) -> (String, Vec<String>) {
    let mut wrong = Vec::new();
    let mut used = vec![0; DEVIATIONS.len()];
    for (problem, (count, first)) in &findings.problems {
        match DEVIATIONS.iter().position(|(pattern, _)| matches(pattern, problem)) {
            Some(row) => used[row] += count,
            None => wrong.push(format!("{count:5} × {problem}\n        {first}")),
        }
    }
    let unused = DEVIATIONS.iter().zip(&used).filter(|(_, used)| **used == 0);
    wrong.extend(
        unused.filter(|_| is_published).map(|((pattern, _), _)| format!("no longer a deviation: {pattern}")),
    );
    let served = |reason: &str| reason.strip_prefix("in no description: ").map(str::to_owned);
    let mut served_not_described: Vec<_> =
        findings.unchecked.keys().filter_map(|reason| served(reason)).collect();
    served_not_described.retain(|path| !UNDESCRIBED.iter().any(|(pattern, _)| matches(pattern, path)));
    wrong.extend(served_not_described.iter().map(|path| format!("answered, and in no description: {path}")));
    let mut text = String::new();
    let sum = |counts: &BTreeMap<String, usize>| counts.values().sum::<usize>();
    text += &format!("{} exchanges checked, {} not\n", sum(&findings.checked), sum(&findings.unchecked));
    for (what, count) in findings.checked.iter().chain(&findings.unchecked) {
        text += &format!("{count:7}  {what}\n");
    }
    text += &format!("{} requests of labwright's own checked\n", sum(&findings.asked));
    for (what, count) in &findings.asked {
        text += &format!("{count:7}  {what}\n");
    }
    for ((pattern, reason), count) in DEVIATIONS.iter().zip(used) {
        text += &format!("{count:7}  deviates: {pattern}: {reason}\n");
    }
    (text, wrong)
}

/// A description of our own, small enough to see what it says.
fn sample() -> Descriptions {
    let common = json!({ "definitions": { "Tracked": {
        "required": ["location"],
        "properties": { "id": { "type": "string", "readOnly": true }, "location": { "type": "string" } },
    } } });
    let room = json!({
        "info": { "version": "2022-08-01" },
        "paths": { "/subscriptions/{s}/rooms/{room}": { "put": {
            "operationId": "Rooms_Put",
            "x-ms-long-running-operation": true,
            "parameters": [
                { "in": "path", "name": "room", "type": "string", "maxLength": 5 },
                { "in": "query", "name": "floor", "type": "integer", "required": true },
                { "in": "body", "name": "body", "required": true, "schema": { "$ref": "#/definitions/Room" } },
            ],
            "responses": { "200": { "schema": { "$ref": "#/definitions/Room" } }, "202": {}, "default": {} },
        } } },
        "definitions": { "Room": {
            "allOf": [{ "$ref": "./common.json#/definitions/Tracked" }],
            "properties": {
                "state": { "type": "string", "enum": ["Open", "Shut"], "readOnly": true },
                "size": { "enum": ["Small", "Large"], "x-ms-enum": { "name": "Size", "modelAsString": true } },
                "key": { "type": "string", "x-ms-secret": true },
                "idle": { "type": "string", "format": "duration", "x-nullable": true },
            },
        } },
    });
    let root = PathBuf::from("/published");
    let files = [("common.json", common), ("room.json", room)];
    Descriptions::of(&root, files.into_iter().map(|(name, text)| (root.join(name), text)).collect())
}

/// The problems of one exchange with the sample, without the place and the words of each.
fn problems(path: &str, query: Value, body: Value, status: u16, answer: Value) -> Vec<String> {
    let sample = sample();
    let mut checker = Checker::new(&sample);
    let exchange = json!({
        "method": "PUT", "path": path, "query": query, "headers": {}, "body": body, "fault": false,
        "answer": { "status": status, "headers": {}, "body": answer },
    });
    checker.check("here", &serde_json::from_value(exchange).expect("an exchange"));
    checker.findings.problems.into_keys().collect()
}

#[test]
fn what_fits_is_no_problem() {
    let asked = json!({ "location": "here", "size": "small", "state": 7, "key": "k", "idle": null });
    let answer = json!({ "id": "/a", "location": "here", "size": "Small", "state": "Open", "idle": "PT5M" });
    let version = json!({ "api-version": "2022-08-01", "floor": "3" });
    assert_eq!(problems("//Subscriptions/1/ROOMS/a%20b", version, asked, 200, answer), [] as [&str; 0]);
}

#[test]
fn each_way_of_not_fitting_is_a_problem() {
    let fitting = || json!({ "location": "here" });
    let version = || json!({ "api-version": "2022-08-01", "floor": "3" });
    let path = "/subscriptions/1/rooms/a";
    for (found, wanted) in [
        (
            problems(path, version(), json!({}), 200, fitting()),
            "request / required \"location\" is a required property",
        ),
        (
            problems(path, version(), json!({ "location": "x", "size": "Tiny" }), 200, fitting()),
            "request /size pattern",
        ),
        (problems(path, version(), Value::Null, 200, fitting()), "request has no body"),
        (problems(path, json!({}), fitting(), 200, fitting()), "request lacks floor"),
        (
            problems(path, json!({ "floor": "x" }), fitting(), 200, json!({})),
            "answer / required \"location\" is a required property",
        ),
        (
            problems("/subscriptions/1/rooms/abcdef", version(), fitting(), 200, fitting()),
            "request room maxLength",
        ),
        (problems(path, json!({ "floor": "1", "more": "1" }), fitting(), 200, fitting()), "request has more"),
        (
            problems(path, version(), fitting(), 200, json!({ "location": "x", "state": "open" })),
            "answer /state enum",
        ),
        (
            problems(path, version(), fitting(), 200, json!({ "location": "x", "idle": "soon" })),
            "answer /idle anyOf",
        ),
        (
            problems(path, version(), fitting(), 200, json!({ "location": "x", "key": "k" })),
            "answer /key falseSchema",
        ),
        (
            problems(path, version(), fitting(), 200, json!({ "location": "x", "stat": "Open" })),
            "answer / additionalProperties Additional properties are not allowed ('stat' was unexpected)",
        ),
        (problems(path, version(), fitting(), 201, fitting()), "status not described"),
        (problems(path, version(), fitting(), 202, Value::Null), "nothing to poll"),
        (
            problems(path, version(), fitting(), 400, json!({ "error": { "code": "X" } })),
            "error without code and message",
        ),
    ] {
        assert!(found.iter().any(|problem| problem.ends_with(wanted)), "{wanted}: {found:?}");
    }
}

#[test]
fn a_reference_over_files_is_followed_and_a_pattern_matches() {
    assert_eq!(sample().operations.len(), 1);
    assert!(matches("a * c*", "a b c") && matches("*", "") && !matches("a*c", "ab"));
}

#[test]
fn what_labwright_asks_is_checked_whatever_is_answered() {
    let asked = |version: &str, id: &str, kind: &str, body: Value| {
        let sample = sample();
        let mut checker = Checker::new(&sample);
        let exchange = json!({
            "method": "PUT", "path": "/subscriptions/1/rooms/a", "body": body, "fault": true, "answer": null,
            "query": { "api-version": version, "floor": "1" },
            "headers": {
                "user-agent": "labwright/1.0", "content-type": kind,
                "x-ms-correlation-request-id": id, "x-ms-client-request-id": id,
            },
        });
        checker.check("here", &serde_json::from_value(exchange).expect("an exchange"));
        assert_eq!(checker.findings.asked.values().sum::<usize>(), 1);
        checker.findings.problems.into_keys().collect::<Vec<_>>()
    };
    let id = "81e7d418-6f78-528d-9dff-df22d2667db6";
    let fitting = json!({ "location": "x" });
    assert_eq!(asked("2022-08-01", id, "application/json", fitting.clone()), [] as [&str; 0]);
    for (found, wanted) in [
        (
            asked("2022-08-01", id, "application/json", json!({})),
            "request / required \"location\" is a required property",
        ),
        (asked("2022-08-01", id, "text/plain", fitting.clone()), "a body that is not said to be JSON"),
        (asked("2022-08-01", "7", "application/json", fitting.clone()), "x-ms-client-request-id is no id"),
        (asked("2023-01-01", id, "application/json", fitting), "in no description of that version"),
    ] {
        assert!(found.iter().any(|line| line.ends_with(wanted)), "{found:?}: {wanted}");
    }
}
