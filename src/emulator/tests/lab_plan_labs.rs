//! Stories of the labs beside a plan.

use crate::emulator::arm::operations::Spoil;
use crate::emulator::lab_plans::publishing::members;
use crate::emulator::tests::stage::{GALLERY, GROUP, LAB, PLAN, SUBSCRIPTION, Stage, lab_body};
use serde_json::{Value, json};

/// The usual body with one property changed, by its pointer.
fn lab_with(pointer: &str, value: Value) -> Value {
    let mut body = lab_body();
    let (holder, name) = pointer.rsplit_once('/').expect("a pointer");
    body.pointer_mut(holder).expect("a holder")[name] = value;
    body
}

#[test]
fn a_lab_is_a_draft_then_published_then_scaled() {
    let mut stage = Stage::with_plan();
    let answer = stage.send("PUT", LAB, Some(lab_body()));
    assert_eq!(answer.status, 201);
    let lab = answer.body.clone().expect("a lab");
    let properties = &lab["properties"];
    assert_eq!(
        (&lab["id"], &lab["type"], &lab["name"]),
        (&json!(LAB), &json!("Microsoft.LabServices/labs"), &json!("lab"))
    );
    assert_eq!(
        (&properties["provisioningState"], &properties["state"]),
        (&json!("Creating"), &json!("Draft"))
    );
    let machine = json!({
        "createOption": "TemplateVM", "osType": "Linux",
        "imageReference": { "id": format!("{GALLERY}/images/java"), "exactVersion": "1.0.0" },
        "sku": { "name": "Classic_Fsv2_2_4GB_128_S_SSD", "capacity": 3 },
        "additionalCapabilities": { "installGpuDrivers": "Disabled" },
        "usageQuota": "PT20H", "useSharedPassword": "Disabled", "adminUser": { "username": "student" },
    });
    assert_eq!(properties["virtualMachineProfile"], machine);
    assert_eq!(properties["securityProfile"]["openAccess"], "Disabled");
    let code = properties["securityProfile"]["registrationCode"].clone();
    assert!(code.is_string() && lab["systemData"]["createdAt"].is_string());
    assert_eq!(stage.refused("POST", &format!("{LAB}/publish"), Value::Null), (409, "Conflict".into()));
    stage.step(3);
    assert_eq!(
        stage.follow(&answer, "location").body.expect("a lab")["properties"]["provisioningState"],
        "Succeeded"
    );
    let machines = format!("{LAB}/virtualMachines");
    assert_eq!(stage.names(&machines), ["0"]);

    let answer = stage.send("POST", &format!("{LAB}/publish"), None);
    assert_eq!((answer.status, answer.body.clone(), answer.header("location").is_some()), (202, None, true));
    assert_eq!(stage.get(LAB)["properties"]["state"], "Publishing");
    assert_eq!(stage.refused("PATCH", LAB, json!({})), (409, "Conflict".into()));
    stage.step(30);
    assert_eq!(stage.follow(&answer, "location").status, 200);
    assert_eq!(stage.get(LAB)["properties"]["state"], "Published");
    assert_eq!(stage.names(&machines), ["0", "1", "2", "3"]);

    let capacity =
        |count: u32| json!({ "properties": { "virtualMachineProfile": { "sku": { "capacity": count } } } });
    let answer = stage.send("PATCH", LAB, Some(capacity(5)));
    assert_eq!(
        (answer.status, &answer.body.expect("a lab")["properties"]["state"]),
        (202, &json!("Scaling"))
    );
    stage.step(3);
    assert_eq!(stage.names(&machines).len(), 6);
    assert_eq!(
        stage
            .send("PUT", LAB, Some(lab_with("/properties/virtualMachineProfile/sku/capacity", json!(1))))
            .status,
        202
    );
    stage.step(3);
    assert_eq!(stage.names(&machines), ["0", "1"]);
    let lab = stage.get(LAB);
    assert_eq!(lab["properties"]["securityProfile"]["registrationCode"], code);
    assert_eq!(lab["properties"]["state"], "Published");

    for list in [
        format!("{GROUP}/providers/Microsoft.LabServices/labs"),
        format!("{SUBSCRIPTION}/providers/Microsoft.LabServices/labs"),
    ] {
        assert_eq!(stage.names(&list), ["lab"]);
    }
    let answer = stage.send("DELETE", LAB, None);
    assert_eq!(answer.status, 202);
    stage.step(3);
    assert_eq!(stage.follow(&answer, "location").status, 204);
    assert_eq!(stage.refused("GET", &machines, Value::Null), (404, "ParentResourceNotFound".into()));
}

#[test]
fn a_patch_merges_and_a_put_replaces_what_the_caller_owns() {
    let mut stage = Stage::with_plan_lab();
    let patch = json!({ "properties": { "description": "d", "title": null, "autoShutdownProfile": { "shutdownOnIdle": "LowUsage", "idleDelay": "PT15M" }, "virtualMachineProfile": { "usageQuota": "PT30H" } } });
    let lab = stage.done("PATCH", LAB, patch);
    let properties = &lab["properties"];
    assert_eq!((properties.get("title"), &properties["description"]), (None, &json!("d")));
    assert_eq!(
        (
            &properties["autoShutdownProfile"]["shutdownOnIdle"],
            &properties["virtualMachineProfile"]["usageQuota"]
        ),
        (&json!("LowUsage"), &json!("PT30H"))
    );
    assert_eq!(properties["connectionProfile"]["clientSshAccess"], "Public");
    stage.step(3);
    let mut again = stage.get(LAB);
    again["properties"]["state"] = json!("Published");
    again["properties"]["virtualMachineProfile"]["osType"] = json!("Windows");
    let put = stage.done("PUT", LAB, again);
    assert_eq!(
        (&put["properties"]["state"], &put["properties"]["virtualMachineProfile"]["osType"]),
        (&json!("Draft"), &json!("Linux"))
    );
    let put = stage.done("PUT", LAB, lab_body());
    assert_eq!(
        (put["properties"].get("description"), &put["properties"]["title"]),
        (None, &json!("Physics"))
    );
    assert_eq!(put["properties"]["autoShutdownProfile"].get("idleDelay"), None);
}

#[test]
fn a_new_lab_takes_over_what_its_plan_has() {
    let mut stage = Stage::with_plan();
    let plan = json!({ "properties": {
        "defaultConnectionProfile": { "webSshAccess": "Public", "clientSshAccess": "Private" },
        "defaultAutoShutdownProfile": { "shutdownOnDisconnect": "Enabled", "disconnectDelay": "PT5M" },
        "defaultNetworkProfile": { "subnetId": "/subnets/a" },
    } });
    stage.done("PATCH", PLAN, plan);
    let lab = stage.done("PUT", LAB, lab_body());
    assert_eq!(
        lab["properties"]["connectionProfile"],
        json!({ "webSshAccess": "Public", "webRdpAccess": "None", "clientSshAccess": "Public", "clientRdpAccess": "None" })
    );
    assert_eq!(
        lab["properties"]["autoShutdownProfile"],
        json!({ "shutdownOnDisconnect": "Enabled", "shutdownWhenNotConnected": "Disabled", "shutdownOnIdle": "None", "disconnectDelay": "PT5M" })
    );
    assert_eq!(lab["properties"]["networkProfile"], json!({ "subnetId": "/subnets/a" }));
}

#[test]
fn bad_labs_have_their_codes() {
    let mut stage = Stage::with_plan_lab();
    let new = format!("{LAB}2");
    let off = json!({ "properties": { "enabledState": "Disabled" } });
    stage.done("PUT", &format!("{PLAN}/images/canonical.0001-com-ubuntu-server-jammy.22_04-lts"), off);
    stage.done("PATCH", PLAN, json!({ "properties": { "allowedRegions": ["westeurope"] } }));
    let marketplace = |offer: &str, sku: &str| json!({ "publisher": "canonical", "offer": offer, "sku": sku, "version": "latest" });
    const MACHINE: &str = "/properties/virtualMachineProfile";
    let cases = [
        ("/location", Value::Null, (400, "LocationRequired")),
        ("/location", json!("northeurope"), (400, "InvalidParameter")),
        ("/tags", json!(["a"]), (400, "InvalidRequestContent")),
        ("/properties/autoShutdownProfile", Value::Null, (400, "InvalidParameter")),
        ("/properties/connectionProfile", json!({ "webRdpAccess": "x" }), (400, "InvalidParameter")),
        ("/properties/securityProfile", json!({ "openAccess": "x" }), (400, "InvalidParameter")),
        ("/properties/title", json!("t".repeat(121)), (400, "InvalidParameter")),
        ("/properties/title", json!(""), (400, "InvalidParameter")),
        ("/properties/labPlanId", json!("/subscriptions/x"), (400, "InvalidParameter")),
        ("/properties/labPlanId", json!(format!("{PLAN}9")), (404, "ResourceNotFound")),
        (MACHINE, Value::Null, (400, "InvalidParameter")),
        (&format!("{MACHINE}/createOption"), json!("Copy"), (400, "InvalidParameter")),
        (&format!("{MACHINE}/usageQuota"), json!("20 hours"), (400, "InvalidParameter")),
        (&format!("{MACHINE}/usageQuota"), json!("PT10000H"), (400, "InvalidParameter")),
        (&format!("{MACHINE}/adminUser"), json!({}), (400, "InvalidParameter")),
        (&format!("{MACHINE}/nonAdminUser"), json!({}), (400, "InvalidParameter")),
        (&format!("{MACHINE}/sku/name"), json!("Medium"), (400, "InvalidParameter")),
        (&format!("{MACHINE}/sku/name"), json!("classic_fsv2_2_4gb_128_s_ssd"), (400, "InvalidParameter")),
        (&format!("{MACHINE}/sku/capacity"), json!(401), (400, "InvalidParameter")),
        (&format!("{MACHINE}/sku/tier"), json!("Classic"), (400, "InvalidParameter")),
        (&format!("{MACHINE}/useSharedPassword"), json!(true), (400, "InvalidRequestContent")),
        (
            &format!("{MACHINE}/additionalCapabilities"),
            json!({ "installGpuDrivers": "x" }),
            (400, "InvalidParameter"),
        ),
        (&format!("{MACHINE}/imageReference"), Value::Null, (400, "InvalidParameter")),
        (&format!("{MACHINE}/imageReference"), json!({ "offer": "x" }), (400, "InvalidParameter")),
        (&format!("{MACHINE}/imageReference"), marketplace("none", "none"), (400, "InvalidParameter")),
        (
            &format!("{MACHINE}/imageReference"),
            marketplace("0001-com-ubuntu-server-jammy", "22_04-lts"),
            (400, "ImageNotEnabled"),
        ),
        (
            &format!("{MACHINE}/imageReference/id"),
            json!(format!("{GALLERY}/images/java/versions/1.0.0")),
            (404, "ResourceNotFound"),
        ),
        (
            &format!("{MACHINE}/imageReference/id"),
            json!(format!("{GALLERY}/images/none")),
            (404, "ResourceNotFound"),
        ),
    ];
    for (pointer, value, (status, code)) in cases {
        let body = lab_with(pointer, value.clone());
        assert_eq!(stage.refused("PUT", &new, body), (status, code.to_owned()), "{pointer} {value}");
    }
    for (pointer, value) in [
        ("/createOption", json!("Image")),
        ("/sku/name", json!("Classic_Fsv2_4_8GB_128_S_SSD")),
        ("/imageReference/id", json!(format!("{GALLERY}/images/other"))),
        ("/adminUser/username", json!("other")),
        ("/nonAdminUser", json!({ "username": "second" })),
        ("/useSharedPassword", json!("Enabled")),
    ] {
        let body = lab_with(&format!("{MACHINE}{pointer}"), value);
        assert_eq!(stage.refused("PUT", LAB, body), (409, "PropertyChangeNotAllowed".into()), "{pointer}");
    }
    stage.done(
        "PUT",
        &format!("{PLAN}/images/java"),
        json!({ "properties": { "enabledState": "Disabled" } }),
    );
    assert_eq!(stage.refused("PUT", &new, lab_body()), (400, "ImageNotEnabled".into()));
    assert_eq!(
        stage.refused("PUT", &LAB.replace("labs/lab", "labs/9"), lab_body()),
        (400, "InvalidParameter".into())
    );
    assert_eq!(stage.refused("POST", &format!("{LAB}/syncGroup"), Value::Null), (409, "Conflict".into()));
    assert_eq!(
        stage.refused("POST", &format!("{LAB}x/publish"), Value::Null),
        (404, "ResourceNotFound".into())
    );
    assert_eq!(
        stage.refused("POST", &format!("{LAB}/explode"), Value::Null),
        (404, "InvalidResourceType".into())
    );
}

#[test]
fn labs_take_no_more_cores_than_there_are() {
    let mut stage = Stage::with_plan();
    let mut body = lab_with(
        "/properties/virtualMachineProfile/sku",
        json!({ "name": "Classic_NVv3_12_112GB_128_S_SSD", "capacity": 400 }),
    );
    stage.done("PUT", LAB, body.clone());
    stage.done("PUT", &format!("{LAB}2"), body.clone());
    assert_eq!(stage.refused("PUT", &format!("{LAB}3"), body.clone()), (409, "OperationNotAllowed".into()));
    body["properties"]["virtualMachineProfile"]["sku"]["capacity"] = json!(33);
    stage.done("PUT", &format!("{LAB}3"), body);
    let more = json!({ "properties": { "virtualMachineProfile": { "sku": { "capacity": 34 } } } });
    assert_eq!(stage.refused("PATCH", &format!("{LAB}3"), more), (409, "OperationNotAllowed".into()));
}

#[test]
fn a_directory_group_decides_users_and_capacity() {
    let mut stage = Stage::with_plan();
    let group = "0f0e0d0c-0000-0000-0000-000000000001";
    let lab = stage.done(
        "PUT",
        LAB,
        lab_with("/properties/rosterProfile", json!({ "activeDirectoryGroupId": group })),
    );
    assert_eq!(lab["properties"]["state"], "Syncing");
    stage.step(3);
    let count = members(group).len();
    let capacity = |lab: &Value| lab["properties"]["virtualMachineProfile"]["sku"]["capacity"].clone();
    let lab = stage.get(LAB);
    assert_eq!((&lab["properties"]["state"], capacity(&lab)), (&json!("Draft"), json!(count)));
    let users = format!("{LAB}/users");
    let names = stage.names(&users);
    assert_eq!(names.len(), count);
    let asked = json!({ "properties": { "virtualMachineProfile": { "sku": { "capacity": 40 } } } });
    assert_eq!(capacity(&stage.done("PATCH", LAB, asked)), json!(count));
    stage.step(3);

    stage.done("DELETE", &format!("{users}/{}", names[0]), Value::Null);
    stage.done("PUT", &format!("{users}/guest"), json!({ "properties": { "email": "guest@contoso.com" } }));
    stage.step(3);
    let answer = stage.send("POST", &format!("{LAB}/syncGroup"), None);
    assert_eq!((answer.status, &stage.get(LAB)["properties"]["state"]), (202, &json!("Syncing")));
    stage.step(3);
    assert_eq!(stage.follow(&answer, "location").status, 200);
    let synced = stage.names(&users);
    assert!(synced.len() == count && !synced.contains(&"guest".to_owned()));
}

#[test]
fn a_failed_operation_is_told_on_the_lab() {
    let mut stage = Stage::with_plan_lab();
    let answer = stage.send("POST", &format!("{LAB}/publish"), None);
    stage.world.spoil(Spoil::Fail);
    stage.step(30);
    assert_eq!(stage.follow(&answer, "azure-asyncoperation").body.expect("a status")["status"], "Failed");
    assert_eq!(stage.follow(&answer, "location").status, 409);
    let lab = stage.get(LAB);
    assert_eq!(
        (&lab["properties"]["state"], &lab["properties"]["provisioningState"]),
        (&json!("Draft"), &json!("Failed"))
    );
    assert_eq!(lab["properties"]["resourceOperationError"]["code"], "InternalExecutionError");
    assert_eq!(
        stage.get(&format!("{LAB}?api-version=2022-08-01"))["properties"].get("resourceOperationError"),
        None
    );
    stage.done("POST", &format!("{LAB}/publish"), Value::Null);
    stage.step(30);
    let lab = stage.get(LAB);
    assert_eq!(
        (&lab["properties"]["state"], lab["properties"].get("resourceOperationError")),
        (&json!("Published"), None)
    );

    let other = format!("{LAB}2");
    stage.done("PUT", &other, lab_body());
    stage.world.spoil(Spoil::Fail);
    stage.step(3);
    assert_eq!(stage.get(&format!("{other}/virtualMachines/0"))["properties"]["provisioningState"], "Failed");
    stage.done("PUT", &other, lab_body());
    stage.step(3);
    assert_eq!(
        stage.get(&format!("{other}/virtualMachines/0"))["properties"]["provisioningState"],
        "Succeeded"
    );
}
