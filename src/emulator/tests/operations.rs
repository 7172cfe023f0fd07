//! Operations: how they are told of, and how they go wrong.

use crate::emulator::arm::operations::{OperationStyle, Spoil};
use crate::emulator::clock::Pace;
use crate::emulator::message::Response;
use crate::emulator::tests::stage::{ACCOUNT, GALLERY, GROUP, Stage, state, version_body};
use serde_json::{Value, json};

const STYLES: [Option<OperationStyle>; 5] = [
    None,
    Some(OperationStyle::AzureAsync),
    Some(OperationStyle::Location),
    Some(OperationStyle::Both),
    Some(OperationStyle::Body),
];

/// The path that a header leads to.
fn link(answer: &Response, name: &str) -> Option<String> {
    let link = answer.header(name)?;
    Some(link.strip_prefix("http://127.0.0.1").expect("an absolute link").to_owned())
}

/// True when the answer says when to come again, and never says at once.
fn is_paced(answer: &Response) -> bool {
    let after = |name: &str| {
        answer.header(name).is_some_and(|value| value.parse::<u64>().is_ok_and(|value| value > 0))
    };
    after("retry-after") || after("x-ms-retry-after-ms")
}

#[test]
fn each_style_leads_to_the_result() {
    for style in STYLES {
        for (method, path, body) in [
            ("PUT", format!("{GALLERY}2"), json!({ "location": "westeurope" })),
            ("PATCH", GALLERY.to_owned(), json!({ "tags": { "a": "b" } })),
            ("DELETE", format!("{GALLERY}/images/java/versions/1.0.0"), Value::Null),
            ("DELETE", ACCOUNT.to_owned(), Value::Null),
            ("DELETE", GROUP.to_owned(), Value::Null),
        ] {
            let mut stage = Stage::with_image("Generalized");
            stage.world.style = style;
            let answer = stage.send(method, &path, Some(body).filter(|body| !body.is_null()));
            let (status, location) = (link(&answer, "azure-asyncoperation"), link(&answer, "location"));
            let told = (status.is_some(), location.is_some());
            let has_body = matches!(method, "PUT" | "PATCH");
            match style {
                None => assert!(told.0 || told.1, "{method} {path}"),
                Some(OperationStyle::AzureAsync) => assert_eq!(told, (true, false), "{method} {path}"),
                Some(OperationStyle::Location) => assert_eq!(told, (false, true), "{method} {path}"),
                Some(OperationStyle::Both) => assert_eq!(told, (true, true), "{method} {path}"),
                Some(OperationStyle::Body) => assert_eq!(told.0 || told.1, !has_body, "{method} {path}"),
            }
            assert!(is_paced(&answer), "{style:?} {method} {path}: {answer:?}");
            for (link, is_status) in [(&status, true), (&location, false)] {
                let Some(link) = link else { continue };
                let poll = stage.send("GET", link, None);
                assert_eq!(poll.status, if is_status { 200 } else { 202 }, "{style:?} {method} {link}");
                assert!(is_paced(&poll) && (is_status || poll.header("location").is_some()), "{poll:?}");
            }
            stage.step(3);
            if let Some(link) = status {
                assert_eq!(stage.get(&link)["status"], "Succeeded", "{style:?} {method} {link}");
            }
            if let Some(link) = location {
                let (code, body) = stage.ask("GET", &link, Value::Null);
                assert!(code == 200 || (!has_body && code == 204), "{style:?} {method} {link}: {code}");
                // The resource itself, and no status of an operation.
                assert!(!has_body || body["type"] == "Microsoft.Compute/galleries", "{body}");
            }
            if has_body {
                assert_eq!(state(&stage.get(&path)), "Succeeded");
            } else {
                assert_eq!(stage.ask("GET", &path, Value::Null).0, 404, "{style:?} {path}");
            }
        }
    }
}

#[test]
fn a_location_answers_a_failure_with_its_error() {
    let mut stage = Stage::with_image("Generalized");
    stage.world.style = Some(OperationStyle::Location);
    let answer = stage.send("PUT", &format!("{GALLERY}2"), Some(json!({ "location": "westeurope" })));
    stage.world.spoil(Spoil::Fail);
    stage.step(3);
    let link = link(&answer, "location").expect("a link");
    assert_eq!(stage.refused("GET", &link, Value::Null), (409, "InternalExecutionError".to_owned()));
}

#[test]
fn nobody_is_told_to_come_again_at_once() {
    for pace in [Pace::Even, Pace::Scaled(0.5), Pace::Scaled(1.0), Pace::Scaled(10.0), Pace::Scaled(1e6)] {
        let (name, value) = pace.retry_header();
        assert!(value.parse::<u64>().is_ok_and(|value| value > 0), "{pace:?} {name} {value}");
    }
}

#[test]
fn a_spoiled_operation_fails_hangs_or_vanishes() {
    for (how, expected) in [(Spoil::Fail, "Failed"), (Spoil::Hang, "Creating"), (Spoil::Vanish, "Succeeded")]
    {
        let mut stage = Stage::with_image("Generalized");
        let version = format!("{GALLERY}/images/java/versions/1.0.1");
        let answer = stage.send("PUT", &version, Some(version_body()));
        let link = answer
            .header("azure-asyncoperation")
            .expect("a link")
            .trim_start_matches("http://127.0.0.1")
            .to_owned();
        stage.world.spoil(how);
        stage.step(100);
        assert_eq!(state(&stage.get(&version)), expected);
        let (status, body) = stage.ask("GET", &link, Value::Null);
        match how {
            Spoil::Fail => assert_eq!(
                (status, body["status"].as_str(), body["error"]["code"].as_str()),
                (200, Some("Failed"), Some("InternalExecutionError"))
            ),
            Spoil::Hang => assert_eq!((status, body["status"].as_str()), (200, Some("InProgress"))),
            Spoil::Vanish => assert_eq!(status, 404),
        }
        // What failed is tried again by the same body.
        if how == Spoil::Fail {
            stage.done("PUT", &version, version_body());
            stage.step(3);
            assert_eq!(state(&stage.get(&version)), "Succeeded");
        }
    }
}
