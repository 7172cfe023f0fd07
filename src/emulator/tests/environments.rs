//! Students' machines, and what their users ask for across labs.

use crate::emulator::tests::stage::{ACCOUNT, Stage, state};
use serde_json::{Value, json};

const GLOBAL: &str = "/providers/Microsoft.LabServices/users/me";
const VERSION: &str = "?api-version=2018-10-15";

fn setting() -> String {
    format!("{ACCOUNT}/labs/lab/environmentsettings/default")
}

/// A published lab with three machines.
fn published() -> Stage {
    let mut stage = Stage::with_lab();
    stage.done("POST", &format!("{}/publish", setting()), json!({}));
    stage.step(30);
    stage
}

fn machines(stage: &mut Stage) -> Vec<String> {
    let names = stage.names(&format!("{}/environments", setting()));
    names.iter().map(|name| format!("{}/environments/{name}", setting())).collect()
}

#[test]
fn a_machine_is_claimed_started_and_stopped() {
    let mut stage = published();
    assert_eq!(stage.ask("POST", &format!("{}/claimAny", setting()), Value::Null), (200, Value::Null));
    assert_eq!(stage.ask("POST", &format!("{}/claimAny", setting()), Value::Null).0, 200);
    let claimed: Vec<String> = machines(&mut stage)
        .into_iter()
        .filter(|machine| stage.get(machine)["properties"]["isClaimed"] == true)
        .collect();
    let [machine] = &claimed[..] else { panic!("{claimed:?}") };
    let body = stage.get(machine);
    assert_eq!(body["properties"]["claimedByUserName"], "labwright@contoso.onmicrosoft.com");
    assert!(body["properties"].get("networkInterface").is_none());
    let expanded = format!("{machine}{VERSION}&%24expand=properties(%24expand%3DnetworkInterface)");
    assert_eq!(stage.get(&expanded)["properties"]["networkInterface"]["username"], "student");
    let start = stage.send("POST", &format!("{machine}/start"), None);
    assert!(start.status == 202 && start.header("azure-asyncoperation").is_some());
    assert_eq!(stage.refused("POST", &format!("{machine}/stop"), Value::Null), (409, "Conflict".into()));
    assert_eq!(stage.get(machine)["properties"]["lastKnownPowerState"], "Stopped");
    stage.step(3);
    let running = stage.get(machine);
    assert_eq!(running["properties"]["lastKnownPowerState"], "Running");
    assert_eq!(running["properties"]["latestOperationResult"]["status"], "Succeeded");
    stage.done("POST", &format!("{machine}/stop"), Value::Null);
    stage.step(3);
    assert_eq!(stage.get(machine)["properties"]["lastKnownPowerState"], "Stopped");
}

#[test]
fn a_password_is_reset_and_never_shown() {
    let mut stage = published();
    let machine = machines(&mut stage).remove(0);
    let reset = format!("{machine}/resetPassword");
    let body = |id: &str| json!({ "environmentId": id, "username": "ana", "password": "N3w-secret" });
    assert_eq!(stage.refused("POST", &reset, json!({})), (400, "InvalidParameter".into()));
    assert_eq!(stage.refused("POST", &reset, body(ACCOUNT)).0, 409);
    assert_eq!(stage.send("POST", &reset, Some(body(&machine.to_uppercase()))).status, 202);
    assert!(stage.get(&machine)["properties"].get("passwordLastReset").is_none());
    stage.step(3);
    let read = stage.get(&format!("{machine}{VERSION}&$expand=properties($expand=networkInterface)"));
    assert!(read["properties"]["passwordLastReset"].is_string());
    assert_eq!(read["properties"]["networkInterface"]["username"], "ana");
    assert!(!read.to_string().contains("N3w-secret"));
}

#[test]
fn a_smaller_lab_keeps_the_machines_that_belong_to_somebody() {
    let mut stage = published();
    let last = machines(&mut stage).into_iter().max_by_key(|machine| {
        stage.world.resource(&machine.to_lowercase()).and_then(|m| m.environment().map(|facts| facts.number))
    });
    let last = last.expect("a machine");
    stage.done("POST", &format!("{last}/claim"), Value::Null);
    stage.done("PUT", &format!("{ACCOUNT}/labs/lab"), json!({ "properties": { "maxUsersInLab": "1" } }));
    stage.step(3);
    assert_eq!(machines(&mut stage).len(), 1);
    assert_eq!(stage.get(&last)["properties"]["isClaimed"], true);
    // A republish makes all anew.
    stage.done("POST", &format!("{}/publish", setting()), json!({}));
    stage.step(30);
    assert_eq!(stage.send("GET", &last, None).status, 404);
    assert_eq!(machines(&mut stage).len(), 1);
}

#[test]
fn a_machine_is_put_tagged_and_deleted() {
    let mut stage = published();
    let own = format!("{}/environments/own{VERSION}", setting());
    let (status, made) = stage.ask("PUT", &own, json!({ "tags": { "a": "b" }, "properties": {} }));
    assert_eq!((status, &made["tags"]["a"], state(&made)), (201, &json!("b"), "Succeeded"));
    assert!(made["properties"]["resourceSets"]["vmResourceId"].is_string());
    assert_eq!(stage.ask("PUT", &own, json!({})).0, 200);
    assert_eq!(stage.ask("PATCH", &own, json!({ "tags": { "c": "d" } })).1["tags"], json!({ "c": "d" }));
    assert_eq!(machines(&mut stage).len(), 4);
    assert_eq!(stage.send("DELETE", &own, None).status, 202);
    stage.step(3);
    assert_eq!(stage.send("DELETE", &own, None).status, 204);
    let mut draft = Stage::with_lab();
    assert_eq!(draft.refused("PUT", &own, json!({})), (409, "Conflict".into()));
}

#[test]
fn a_user_finds_labs_and_machines_across_accounts() {
    let mut stage = published();
    let ask = |stage: &mut Stage, action: &str, body: Value| {
        stage.ask("POST", &format!("{GLOBAL}/{action}{VERSION}"), body)
    };
    assert_eq!(ask(&mut stage, "listLabs", Value::Null), (200, json!({ "labs": [] })));
    let lab = format!("{ACCOUNT}/labs/lab");
    let code = stage.get(&lab)["properties"]["invitationCode"].clone();
    assert_eq!(ask(&mut stage, "register", json!({ "registrationCode": code })).0, 403);
    stage.done("PUT", &lab, json!({ "properties": { "userAccessMode": "Open" } }));
    stage.step(3);
    assert_eq!(ask(&mut stage, "register", json!({ "registrationCode": code })), (200, Value::Null));
    assert_eq!(ask(&mut stage, "register", json!({ "registrationCode": "nobody's" })).0, 404);
    assert_eq!(ask(&mut stage, "listLabs", Value::Null).1["labs"][0]["name"], "lab");
    assert_eq!(ask(&mut stage, "listEnvironments", json!({})).1, json!({ "environments": [] }));
    stage.done("POST", &format!("{}/claimAny", setting()), Value::Null);
    let listed = ask(&mut stage, "listEnvironments", json!({ "labId": lab.to_uppercase() })).1;
    let id = listed["environments"][0]["id"].clone();
    assert!(id.is_string(), "{listed}");
    let start = stage.send(
        "POST",
        &format!("{GLOBAL}/startEnvironment{VERSION}"),
        Some(json!({ "environmentId": id })),
    );
    let url = start.header("azure-asyncoperation").expect("a link").to_owned();
    assert_eq!(
        ask(&mut stage, "getOperationStatus", json!({ "operationUrl": url })).1,
        json!({ "status": "InProgress" })
    );
    stage.step(3);
    let batch = ask(&mut stage, "getOperationBatchStatus", json!({ "urls": [url] })).1;
    assert_eq!(batch, json!({ "items": [{ "operationUrl": url, "status": "Succeeded" }] }));
    let environment =
        ask(&mut stage, "getEnvironment", json!({ "environmentId": id })).1["environment"].clone();
    assert_eq!(environment["virtualMachineDetails"]["lastKnownPowerState"], "Running");
    assert_eq!(ask(&mut stage, "stopEnvironment", json!({ "environmentId": id })).0, 202);
    stage.step(3);
    let reset = json!({ "environmentId": id, "username": "u", "password": "p" });
    assert_eq!(ask(&mut stage, "resetPassword", reset).0, 202);
    assert_eq!(ask(&mut stage, "getEnvironment", json!({ "environmentId": lab })).0, 404);
}

#[test]
fn a_user_marks_labs() {
    let mut stage = Stage::with_lab();
    let mut ask = |body: Value| stage.ask("POST", &format!("{GLOBAL}/getPersonalPreferences{VERSION}"), body);
    let lab = format!("{ACCOUNT}/labs/lab");
    let mark =
        |what: &str| json!({ "labAccountResourceId": ACCOUNT, "addRemove": what, "labResourceId": lab });
    assert_eq!(ask(mark("Add")).1["favoriteLabResourceIds"], json!([lab]));
    assert_eq!(ask(json!({ "labAccountResourceId": ACCOUNT })).1["favoriteLabResourceIds"], json!([lab]));
    assert_eq!(ask(mark("remove")).1["favoriteLabResourceIds"], json!([]));
    assert_eq!(ask(mark("Toggle")).0, 400);
    assert_eq!(ask(json!({ "labAccountResourceId": lab })).0, 404);
}
