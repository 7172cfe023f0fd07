//! Stories of the virtual machines of a lab beside its plan.

use crate::emulator::arm::operations::Spoil;
use crate::emulator::tests::stage::{LAB, Stage, lab_body};
use serde_json::{Value, json};

fn published() -> Stage {
    let mut stage = Stage::with_plan_lab();
    stage.done("POST", &format!("{LAB}/publish"), Value::Null);
    stage.step(30);
    stage
}

fn machine(number: u32) -> String {
    format!("{LAB}/virtualMachines/{number}")
}

#[test]
fn a_machine_goes_through_its_states() {
    let mut stage = published();
    let path = machine(1);
    let body = stage.get(&path);
    let properties = &body["properties"];
    assert_eq!(
        (&body["type"], &properties["vmType"], &properties["state"]),
        (&json!("Microsoft.LabServices/labs/virtualMachines"), &json!("User"), &json!("Stopped"))
    );
    let connection = &properties["connectionProfile"];
    assert!(
        connection["sshAuthority"]
            .as_str()
            .is_some_and(|authority| authority.ends_with(".westeurope.cloudapp.azure.com:5001"))
    );
    assert_eq!(
        (&connection["adminUsername"], connection.get("rdpAuthority"), connection.get("nonAdminUsername")),
        (&json!("student"), None, None)
    );
    let reset = json!({ "username": "student", "password": "Secret1!" });
    for (action, body, during, after) in [
        ("start", Value::Null, "Starting", "Running"),
        ("resetPassword", reset, "ResettingPassword", "Running"),
        ("redeploy", Value::Null, "Redeploying", "Running"),
        ("stop", Value::Null, "Stopping", "Stopped"),
        ("reimage", Value::Null, "Reimaging", "Stopped"),
    ] {
        let answer =
            stage.send("POST", &format!("{path}/{action}"), Some(body).filter(|body| !body.is_null()));
        assert_eq!((answer.status, answer.body.clone()), (202, None), "{action}");
        let now = stage.get(&path);
        assert_eq!(
            (&now["properties"]["state"], &now["properties"]["provisioningState"]),
            (&json!(during), &json!("Updating"))
        );
        assert!(!now.to_string().contains("Secret1!"));
        assert_eq!(stage.refused("POST", &format!("{path}/start"), Value::Null), (409, "Conflict".into()));
        stage.step(3);
        let status = stage.follow(&answer, "location");
        assert_eq!((status.status, &status.body.expect("a status")["status"]), (200, &json!("Succeeded")));
        let then = stage.get(&path);
        assert_eq!(
            (&then["properties"]["state"], &then["properties"]["provisioningState"]),
            (&json!(after), &json!("Succeeded"))
        );
    }
}

#[test]
fn what_fails_leaves_a_machine_as_it_was() {
    let mut stage = published();
    stage.done("POST", &format!("{}/start", machine(1)), Value::Null);
    stage.world.spoil(Spoil::Fail);
    stage.step(3);
    let body = stage.get(&machine(1));
    assert_eq!(
        (&body["properties"]["state"], &body["properties"]["provisioningState"]),
        (&json!("Stopped"), &json!("Failed"))
    );
}

#[test]
fn the_template_is_found_by_its_type() {
    let mut stage = published();
    let filtered = |kind: &str| {
        format!("{LAB}/virtualMachines?api-version=2023-06-07&$filter=Properties/VMType eq '{kind}'")
    };
    assert_eq!(stage.names(&filtered("Template")), ["0"]);
    assert_eq!(stage.names(&filtered("User")), ["1", "2", "3"]);
    let mut bare = lab_body();
    bare["properties"]["virtualMachineProfile"]["createOption"] = json!("Image");
    stage.done("PUT", &format!("{LAB}2"), bare);
    stage.step(3);
    assert!(stage.names(&format!("{LAB}2/virtualMachines")).is_empty());
    stage.done("POST", &format!("{LAB}2/publish"), Value::Null);
    stage.step(30);
    assert_eq!(stage.names(&format!("{LAB}2/virtualMachines")), ["1", "2", "3"]);
}

#[test]
fn a_publish_stops_the_template_and_makes_every_machine_anew() {
    let mut stage = published();
    for number in [0, 1] {
        stage.done("POST", &format!("{}/start", machine(number)), Value::Null);
    }
    stage.step(3);
    let before = stage.get(&machine(1));
    assert_eq!(
        (&before["properties"]["state"], &stage.get(&machine(0))["properties"]["state"]),
        (&json!("Running"), &json!("Running"))
    );
    stage.done("POST", &format!("{LAB}/publish"), Value::Null);
    assert_eq!(stage.get(&machine(0))["properties"]["state"], "Stopped");
    assert_eq!(
        stage.refused("POST", &format!("{}/start", machine(1)), Value::Null),
        (409, "Conflict".into())
    );
    stage.step(30);
    let after = stage.get(&machine(1));
    assert_eq!(after["properties"]["state"], "Stopped");
    assert_ne!(after["systemData"]["createdAt"], before["systemData"]["createdAt"]);
}

#[test]
fn bad_requests_to_machines_have_their_codes() {
    let mut stage = published();
    let user = |name: &str| json!({ "username": name, "password": "p" });
    for (method, path, body, (status, code)) in [
        ("POST", format!("{}/reimage", machine(0)), Value::Null, (409, "Conflict")),
        ("POST", format!("{}/resetPassword", machine(1)), user("student"), (409, "Conflict")),
        ("POST", format!("{}/resetPassword", machine(1)), user("root"), (400, "InvalidParameter")),
        (
            "POST",
            format!("{}/resetPassword", machine(1)),
            json!({ "username": "student" }),
            (400, "InvalidParameter"),
        ),
        ("POST", format!("{}/explode", machine(1)), Value::Null, (404, "InvalidResourceType")),
        ("POST", format!("{}/start", machine(9)), Value::Null, (404, "ResourceNotFound")),
        ("POST", format!("{LAB}x/virtualMachines/1/start"), Value::Null, (404, "ParentResourceNotFound")),
        ("GET", machine(9), Value::Null, (404, "ResourceNotFound")),
        ("PUT", machine(1), json!({}), (405, "HttpMethodNotAllowed")),
        ("DELETE", machine(1), Value::Null, (405, "HttpMethodNotAllowed")),
    ] {
        assert_eq!(stage.refused(method, &path, body), (status, code.to_owned()), "{method} {path}");
    }
}
