//! When the machines of a lab account's lab start and stop.

use crate::emulator::tests::stage::{ACCOUNT, Stage};
use serde_json::{Value, json};

fn schedules() -> String {
    format!("{ACCOUNT}/labs/lab/EnvironmentSettings/Default/schedules")
}

fn weekly() -> Value {
    json!({ "properties": {
        "enableState": "Enabled", "start": "2027-01-11T09:00:00", "end": "2027-01-11T11:00:00",
        "recurrencePattern": { "frequency": "weekly", "weekDays": ["Monday", "friday"], "interval": 1, "until": "2027-05-28" },
        "timeZoneId": "W. Europe Standard Time", "startAction": { "enableState": "Enabled", "actionType": "Start" },
        "endAction": { "enableState": "Enabled", "actionType": "Stop" }, "notes": "lecture",
    } })
}

#[test]
fn a_schedule_is_put_read_and_deleted() {
    let mut stage = Stage::with_lab();
    let schedule = format!("{}/Default_48213", schedules());
    let (status, made) = stage.ask("PUT", &schedule, weekly());
    assert_eq!((status, &made["name"]), (201, &json!("Default_48213")));
    assert_eq!(made["properties"]["recurrencePattern"]["weekDays"], json!(["Monday", "Friday"]));
    assert_eq!(stage.ask("PUT", &schedule, weekly()).0, 200);
    assert_eq!(stage.get(&schedule)["properties"]["notes"], "lecture");
    // The same times once more under another name: the vendor's own tools do so at every run.
    stage.done("PUT", &format!("{}/Default_5", schedules()), weekly());
    assert_eq!(stage.names(&schedules()), ["Default_48213", "Default_5"]);
    assert_eq!(stage.send("DELETE", &schedule, None).status, 200);
    assert_eq!(stage.send("DELETE", &schedule, None).status, 204);
    assert_eq!(stage.names(&schedules()), ["Default_5"]);
}

#[test]
fn a_schedule_that_makes_no_sense_is_refused() {
    let mut stage = Stage::with_lab();
    for (pointer, bad) in [
        ("/end", json!("2027-01-11T08:00:00")),
        ("/start", json!("soon")),
        ("/timeZoneId", Value::Null),
        ("/enableState", json!("Maybe")),
        ("/startAction/actionType", json!("Stop")),
        ("/recurrencePattern/frequency", json!("Monthly")),
        ("/recurrencePattern/weekDays", Value::Null),
        ("/recurrencePattern/weekDays", json!(["Someday"])),
        ("/recurrencePattern/until", Value::Null),
        ("/recurrencePattern/interval", json!(0)),
    ] {
        let mut body = weekly();
        *body["properties"].pointer_mut(pointer).expect("a place") = bad;
        assert_eq!(stage.ask("PUT", &format!("{}/x", schedules()), body).0, 400, "{pointer}");
    }
    let old = format!("{}/x?api-version=2018-10-15", schedules());
    assert_eq!(stage.refused("PUT", &old, weekly()), (400, "NoRegisteredProviderFound".into()));
}
