//! The story of a lab's schedules, beside a plan.

use crate::emulator::tests::stage::{LAB, Stage};
use serde_json::{Value, json};

#[test]
fn schedules_are_written_at_once() {
    let mut stage = Stage::with_plan_lab();
    let path = format!("{LAB}/schedules/lecture");
    let body = json!({ "properties": {
        "startAt": "2026-05-26T12:00:00Z", "stopAt": "2026-05-26T18:00:00Z", "timeZoneId": "America/Los_Angeles", "notes": "n",
        "recurrencePattern": { "frequency": "weekly", "weekDays": ["monday"], "interval": 2, "expirationDate": "2026-08-14" },
    } });
    let (status, schedule) = stage.ask("PUT", &path, body.clone());
    assert_eq!(
        (status, &schedule["type"], &schedule["properties"]["provisioningState"]),
        (201, &json!("Microsoft.LabServices/labs/schedules"), &json!("Succeeded"))
    );
    assert_eq!(
        schedule["properties"]["recurrencePattern"],
        json!({ "frequency": "Weekly", "weekDays": ["Monday"], "interval": 2, "expirationDate": "2026-08-14T00:00:00Z" })
    );
    assert!(schedule["systemData"]["createdAt"].is_string() && schedule.get("location").is_none());
    assert_eq!(stage.ask("PUT", &path, body.clone()).0, 200);
    let preview = stage.get(&format!("{path}?api-version=2021-11-15-preview"));
    assert_eq!(preview["properties"]["recurrencePattern"]["expirationDate"], "2026-08-14");
    let (status, patched) = stage.ask(
        "PATCH",
        &path,
        json!({ "properties": { "notes": null, "recurrencePattern": { "interval": 3 } } }),
    );
    assert_eq!(
        (status, patched["properties"].get("notes"), &patched["properties"]["recurrencePattern"]["interval"]),
        (200, None, &json!(3))
    );
    assert_eq!(stage.names(&format!("{LAB}/schedules")), ["lecture"]);

    let with = |name: &str, value: Value| {
        let mut body = body.clone();
        body["properties"][name] = value;
        body
    };
    let pattern = |name: &str, value: Value| {
        let mut body = body.clone();
        body["properties"]["recurrencePattern"][name] = value;
        body
    };
    for bad in [
        with("stopAt", Value::Null),
        with("stopAt", json!("2026-05-26")),
        with("startAt", json!("2026-05-26T18:00:00Z")),
        with("timeZoneId", Value::Null),
        with("timeZoneId", json!("W. Europe Standard Time")),
        with("timeZoneId", json!("x".repeat(51))),
        with("notes", json!("n".repeat(1001))),
        pattern("frequency", json!("Monthly")),
        pattern("expirationDate", Value::Null),
        pattern("expirationDate", json!("soon")),
        pattern("interval", json!(0)),
        pattern("interval", json!(366)),
        pattern("weekDays", json!(["Noday"])),
    ] {
        assert_eq!(stage.refused("PUT", &path, bad.clone()), (400, "InvalidParameter".into()), "{bad}");
    }
    assert_eq!(
        stage.refused("PUT", &path, pattern("weekDays", json!("Monday"))),
        (400, "InvalidRequestContent".into())
    );
    assert_eq!(
        stage.refused("PUT", &format!("{LAB}/schedules/a%20b"), body.clone()),
        (400, "InvalidParameter".into())
    );
    assert_eq!(
        stage.refused("PUT", &format!("{LAB}x/schedules/a"), body),
        (404, "ParentResourceNotFound".into())
    );
    assert_eq!(
        stage.refused("PATCH", &format!("{LAB}/schedules/a"), json!({})),
        (404, "ResourceNotFound".into())
    );
    let answer = stage.send("DELETE", &path, None);
    assert_eq!(answer.status, 202);
    stage.step(3);
    assert_eq!(stage.follow(&answer, "location").status, 204);
    assert_eq!(stage.send("DELETE", &path, None).status, 204);
}
