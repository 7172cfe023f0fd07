//! What is refused on a day after Lab Services has retired it.

use crate::emulator::tests::stage::{ACCOUNT, GALLERY, GROUP, SUBSCRIPTION, Stage};
use serde_json::{Value, json};

fn on(stage: &mut Stage, day: &str) {
    stage.world.today = Some(day.parse().expect("a day"));
}

#[test]
fn no_lab_account_is_made_after_the_last_day_for_new_ones() {
    let mut stage = Stage::with_lab();
    let body = json!({ "location": "westeurope" });
    on(&mut stage, "2024-07-14");
    stage.done("PUT", &format!("{ACCOUNT}2"), body.clone());
    on(&mut stage, "2024-07-15");
    let (status, answer) = stage.ask("PUT", &format!("{ACCOUNT}3"), body.clone());
    assert_eq!((status, answer["error"]["code"].as_str()), (403, Some("OperationNotAllowed")));
    assert!(answer["error"]["message"].as_str().is_some_and(|text| text.contains("2027-06-28")), "{answer}");
    // What is there goes on as before.
    assert_eq!(stage.ask("PUT", ACCOUNT, body).0, 200);
    stage.get(&format!("{ACCOUNT}/labs/lab"));
}

#[test]
fn nothing_of_the_service_is_there_after_its_end() {
    let mut stage = Stage::with_lab();
    on(&mut stage, "2027-06-27");
    let subscription = format!("{SUBSCRIPTION}/providers/Microsoft.LabServices");
    let (skus, usages) =
        (format!("{subscription}/skus"), format!("{subscription}/locations/westeurope/usages"));
    for path in [ACCOUNT, &skus, &usages] {
        stage.get(path);
    }
    on(&mut stage, "2027-06-28");
    let gone = (404, "InvalidResourceNamespace".to_owned());
    for (method, path) in [
        ("GET", ACCOUNT.to_owned()),
        ("DELETE", ACCOUNT.to_owned()),
        ("GET", format!("{ACCOUNT}/labs/lab")),
        ("POST", format!("{ACCOUNT}/createLab")),
        ("GET", format!("{subscription}/labaccounts")),
        ("GET", format!("{subscription}?api-version=2024-07-01")),
        ("GET", skus),
        ("GET", usages),
        ("GET", format!("{subscription}/operationResults/0")),
        ("POST", "/providers/Microsoft.LabServices/users/me/listLabs".to_owned()),
    ] {
        assert_eq!(stage.refused(method, &path, Value::Null), gone, "{method} {path}");
    }
    let listed = stage.get(&format!("{SUBSCRIPTION}/providers"));
    assert!(!listed.to_string().contains("Microsoft.LabServices"));
    assert_eq!(stage.names(&format!("{GROUP}/resources")), ["sig", "sig/java", "sig/java/1.0.0"]);
    stage.done("PUT", GALLERY, json!({ "location": "westeurope" }));
}
