//! Templates saved to a gallery.

use crate::emulator::tests::stage::{ACCOUNT, GALLERY, Stage, order, state};
use serde_json::json;

#[test]
fn an_export_makes_a_specialized_image_and_then_newer_versions() {
    let mut stage = Stage::with_lab();
    let save = format!("{ACCOUNT}/labs/lab/environmentsettings/default/saveImage");
    let answer = stage.send("POST", &save, Some(json!({ "name": "golden" })));
    assert!(
        answer.status == 202
            && answer.header("location").is_some()
            && answer.header("azure-asyncoperation").is_some()
    );
    let link = answer
        .header("azure-asyncoperation")
        .expect("a link")
        .trim_start_matches("http://127.0.0.1")
        .to_owned();
    let image = format!("{GALLERY}/images/golden");
    let definition = stage.get(&image);
    assert_eq!(
        (state(&definition), definition["properties"]["osState"].as_str()),
        ("Creating", Some("Specialized"))
    );
    assert_eq!(state(&stage.get(&format!("{image}/versions/1.0.0"))), "Creating");
    assert_eq!(stage.refused("POST", &save, json!({ "name": "other" })).0, 409);
    assert_eq!(
        stage
            .refused("POST", &format!("{ACCOUNT}/labs/lab/environmentsettings/default/publish"), json!({}))
            .0,
        409
    );
    stage.step(30);
    assert_eq!(stage.get(&link)["status"], "Succeeded");
    stage.step(3);
    assert_eq!(stage.names(&format!("{ACCOUNT}/sharedimages")), ["golden", "java"]);
    stage.done("POST", &save, json!({ "name": "golden" }));
    stage.step(36);
    assert_eq!(stage.names(&format!("{image}/versions")), ["1.0.0", "1.0.1"]);
    let version =
        stage.get(&format!("{image}/versions/1.0.1?api-version=2024-03-03&$expand=ReplicationStatus"));
    assert_eq!(version["properties"]["replicationStatus"]["aggregatedState"], "Completed");
    assert_eq!(version["properties"]["replicationStatus"]["summary"].as_array().map(Vec::len), Some(2));
    assert_eq!(stage.refused("POST", &save, json!({ "name": "java" })), (409, "Conflict".into()));
    assert_eq!(stage.refused("POST", &save, json!({})), (400, "InvalidParameter".into()));
}

#[test]
fn an_export_needs_an_attached_gallery_and_a_template() {
    let mut stage = Stage::with_lab();
    let mut without = order("bare", "java");
    without["labParameters"]["templateVmState"] = json!("Disabled");
    stage.done("POST", &format!("{ACCOUNT}/createLab"), without);
    stage.step(3);
    let save = |lab: &str| format!("{ACCOUNT}/labs/{lab}/environmentsettings/default/saveImage");
    assert_eq!(stage.refused("POST", &save("bare"), json!({ "name": "x" })).0, 400);
    stage.send("DELETE", &format!("{ACCOUNT}/sharedgalleries/sig"), None);
    stage.step(3);
    assert_eq!(stage.refused("POST", &save("lab"), json!({ "name": "x" })), (409, "Conflict".into()));
}

#[test]
fn putting_again_what_is_being_created_does_not_hurry_it() {
    let mut stage = Stage::with_lab();
    let save = format!("{ACCOUNT}/labs/lab/environmentsettings/default/saveImage");
    stage.done("POST", &save, json!({ "name": "golden" }));
    let version = format!("{GALLERY}/images/golden/versions/1.0.0");
    let read = stage.get(&version);
    assert_eq!(state(&stage.done("PUT", &version, read)), "Creating");
    stage.step(29);
    let answer = stage.send("GET", &version, None);
    assert_eq!(answer.header("x-ms-retry-after-ms"), Some("20"));
    assert_eq!(state(&answer.body.expect("a body")), "Creating");
    stage.step(1);
    assert_eq!(state(&stage.get(&version)), "Succeeded");
}
