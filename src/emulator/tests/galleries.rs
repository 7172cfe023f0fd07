//! Galleries, definitions and versions.

use crate::emulator::tests::stage::{GALLERY, GROUP, Stage, definition, state, version_body};
use serde_json::{Value, json};

#[test]
fn a_gallery_is_created_over_time_and_polled() {
    let mut stage = Stage::new();
    stage.done("PUT", GROUP, json!({ "location": "westeurope" }));
    let answer = stage.send(
        "PUT",
        GALLERY,
        Some(json!({ "location": "West Europe", "properties": { "description": "d" } })),
    );
    assert_eq!(
        (answer.status, answer.header("location"), answer.header("x-ms-retry-after-ms")),
        (201, None, Some("20"))
    );
    let link = answer
        .header("azure-asyncoperation")
        .expect("a link")
        .trim_start_matches("http://127.0.0.1")
        .to_owned();
    assert_eq!(state(&answer.body.expect("a body")), "Creating");
    assert_eq!(stage.get(&link)["status"], "InProgress");
    stage.step(3);
    assert_eq!(stage.get(&link)["status"], "Succeeded");
    let gallery = stage.get(GALLERY);
    assert_eq!(
        (state(&gallery), gallery["properties"]["identifier"]["uniqueName"].as_str()),
        ("Succeeded", Some("11111111-1111-1111-1111-111111111111-SIG"))
    );
}

#[test]
fn bad_requests_to_galleries_have_their_codes() {
    let mut stage = Stage::with_image("Generalized");
    let image = format!("{GALLERY}/images/java");
    let other = format!("{GALLERY}/images/other");
    let cases = [
        (format!("{GALLERY}-x"), json!({ "location": "westeurope" }), (400, "InvalidParameter")),
        (GALLERY.to_owned(), json!({ "location": "eastus" }), (409, "InvalidResourceLocation")),
        (GALLERY.to_owned(), json!({}), (400, "LocationRequired")),
        (GALLERY.to_owned(), json!({ "location": "atlantis" }), (400, "LocationNotAvailableForResourceType")),
        (format!("{GALLERY}?api-version=2010-01-01"), json!({}), (400, "NoRegisteredProviderFound")),
        (image.clone(), json!([]), (400, "InvalidRequestContent")),
        (image.clone(), definition("java", "Specialized"), (409, "PropertyChangeNotAllowed")),
        (other.clone(), definition("java", "Generalized"), (409, "OperationNotAllowed")),
        (other.clone(), definition("java", "Frozen"), (400, "InvalidParameter")),
        (format!("{GALLERY}x/images/y"), definition("y", "Generalized"), (404, "ParentResourceNotFound")),
        (
            GALLERY.replace("/rg/", "/nowhere/"),
            json!({ "location": "westeurope" }),
            (404, "ResourceGroupNotFound"),
        ),
        (format!("{image}/versions/1.0"), version_body(), (400, "InvalidParameter")),
    ];
    for (path, body, (status, code)) in cases {
        assert_eq!(stage.refused("PUT", &path, body), (status, code.to_owned()), "{path}");
    }
}

#[test]
fn a_parent_refuses_its_delete_for_a_while() {
    let mut stage = Stage::with_image("Generalized");
    let image = format!("{GALLERY}/images/java");
    assert_eq!(stage.refused("DELETE", GALLERY, Value::Null), (409, "CannotDeleteResource".into()));
    let answer = stage.send("DELETE", &format!("{image}/versions/1.0.0"), None);
    assert!(
        answer.status == 202
            && answer.header("location").is_some()
            && answer.header("azure-asyncoperation").is_some()
    );
    let link = answer.header("location").expect("a link").trim_start_matches("http://127.0.0.1").to_owned();
    stage.step(3);
    assert_eq!(stage.send("GET", &link, None).status, 204);
    assert_eq!(stage.refused("DELETE", &image, Value::Null), (409, "CannotDeleteResource".into()));
    stage.step(3);
    assert_eq!(stage.send("DELETE", &image, None).status, 202);
    assert_eq!(stage.send("DELETE", &format!("{GALLERY}/images/none"), None).status, 204);
}

#[test]
fn a_version_is_copied_region_by_region() {
    let mut stage = Stage::with_image("Generalized");
    let version = format!("{GALLERY}/images/java/versions/1.0.1");
    assert_eq!(stage.ask("PUT", &version, version_body()).0, 201);
    let status = |stage: &mut Stage| {
        let body = stage.get(&format!("{version}?api-version=2024-03-03&$expand=ReplicationStatus"));
        let rows = body["properties"]["replicationStatus"]["summary"].as_array().cloned().unwrap_or_default();
        let rows: Vec<String> = rows
            .iter()
            .map(|row| {
                format!("{} {}", row["region"].as_str().unwrap_or(""), row["state"].as_str().unwrap_or(""))
            })
            .collect();
        (state(&body).to_owned(), rows)
    };
    assert_eq!(
        status(&mut stage),
        ("Creating".into(), vec!["North Europe Replicating".into(), "West Europe Replicating".into()])
    );
    stage.step(3);
    assert_eq!(
        status(&mut stage),
        ("Succeeded".into(), vec!["North Europe Replicating".into(), "West Europe Completed".into()])
    );
    stage.step(3);
    assert_eq!(status(&mut stage).1, ["North Europe Completed", "West Europe Completed"]);
    assert!(stage.get(&version)["properties"].get("replicationStatus").is_none());
}

#[test]
fn a_versions_source_is_one_that_exists_and_stays() {
    let mut stage = Stage::with_image("Generalized");
    let version = |name: &str| format!("{GALLERY}/images/java/versions/{name}");
    let from = |id: String| json!({ "location": "westeurope", "properties": { "storageProfile": { "source": { "id": id } } } });
    stage.done("PUT", &version("2.0.0"), from(version("1.0.0")));
    assert_eq!(stage.refused("PUT", &version("2.0.1"), from(version("9.9.9"))), (404, "NotFound".into()));
    assert_eq!(
        stage.refused("PUT", &version("2.0.1"), from("nonsense".into())),
        (400, "InvalidParameter".into())
    );
    assert_eq!(
        stage
            .refused(
                "PUT",
                &version("2.0.1"),
                json!({ "location": "westeurope", "properties": { "storageProfile": {} } })
            )
            .0,
        400
    );
    assert_eq!(
        stage.refused("PUT", &version("2.0.0"), from(version("1.0.1"))),
        (409, "PropertyChangeNotAllowed".into())
    );
    let read = stage.get(&version("2.0.0"));
    assert_eq!(stage.ask("PUT", &version("2.0.0"), read).0, 200);
    let patch = json!({ "properties": { "publishingProfile": { "excludeFromLatest": true } } });
    let patched = stage.done("PATCH", &version("2.0.0"), patch);
    assert_eq!(patched["properties"]["publishingProfile"]["excludeFromLatest"], true);
    assert_eq!(patched["properties"]["storageProfile"]["source"]["id"], version("1.0.0"));
}
