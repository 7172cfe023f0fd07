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

#[test]
fn a_patch_is_answered_200_and_settles() {
    let mut stage = Stage::with_image("Generalized");
    let image = format!("{GALLERY}/images/java");
    let version = format!("{image}/versions/1.0.0");
    let patches = [
        (GALLERY, json!({ "tags": { "a": "b" }, "properties": { "description": "d" } })),
        (
            &image,
            json!({ "properties": { "description": "d", "recommended": { "vCPUs": { "min": 1, "max": 4 } } } }),
        ),
        (
            &version,
            json!({ "properties": { "publishingProfile": { "targetRegions": [{ "name": "westeurope", "regionalReplicaCount": 3 }] } } }),
        ),
    ];
    for (path, patch) in patches {
        let answer = stage.send("PATCH", path, Some(patch));
        assert_eq!((answer.status, answer.header("azure-asyncoperation").is_some()), (200, true), "{path}");
        assert_eq!(state(&answer.body.expect("a body")), "Updating", "{path}");
        stage.step(3);
        assert_eq!(state(&stage.get(path)), "Succeeded", "{path}");
        assert_eq!(stage.send("PATCH", &format!("{path}9"), Some(json!({}))).status, 404, "{path}");
    }
    assert_eq!(stage.get(GALLERY)["properties"]["description"], "d");
    let regions = stage.get(&version)["properties"]["publishingProfile"]["targetRegions"].clone();
    assert_eq!(
        regions,
        json!([{ "name": "West Europe", "regionalReplicaCount": 3, "storageAccountType": "Standard_LRS" }])
    );
    let minimum = json!({ "properties": { "recommended": { "memory": { "min": 9, "max": 4 } } } });
    assert_eq!(stage.refused("PATCH", &image, minimum), (400, "InvalidParameter".into()));
}

#[test]
fn every_published_version_is_spoken_and_the_default_generation_follows_it() {
    let versions = [
        "2018-06-01",
        "2019-03-01",
        "2019-07-01",
        "2019-12-01",
        "2020-09-30",
        "2021-07-01",
        "2021-10-01",
        "2022-01-03",
        "2022-03-03",
        "2022-08-03",
        "2023-07-03",
        "2024-03-03",
        "2025-03-03",
        "2026-03-03",
    ];
    let mut stage = Stage::with_image("Generalized");
    for (number, version) in versions.iter().enumerate() {
        let path = format!("{GALLERY}/images/i{number}?api-version={version}");
        let mut body = definition(&number.to_string(), "Specialized");
        body["properties"]["disallowed"] = json!({});
        let made = stage.done("PUT", &path, body);
        let newer = *version >= "2025-03-03";
        assert_eq!(made["properties"]["hyperVGeneration"], if newer { "V2" } else { "V1" }, "{version}");
        assert_eq!(made["properties"]["features"].is_array(), newer, "{version}");
        stage.get(&format!("{GALLERY}?api-version={version}"));
    }
}

#[test]
fn what_the_official_command_line_adds_is_kept() {
    let mut stage = Stage::with_image("Generalized");
    let image = format!("{GALLERY}/images/az");
    let mut body = definition("az", "Generalized");
    body["properties"]["features"] = json!([{ "name": "SecurityType", "value": "TrustedLaunchSupported" }]);
    body["properties"]["disallowed"] = json!({});
    body["properties"]["hyperVGeneration"] = json!("v2");
    let made = stage.done("PUT", &image, body);
    assert_eq!(made["properties"]["hyperVGeneration"], "V2");
    stage.step(3);
    // Its update puts back what it read.
    let mut read = stage.get(&image.replace("images/az", "images/AZ"));
    read["properties"]["description"] = json!("changed");
    let (status, put) = stage.ask("PUT", &image, read);
    assert_eq!((status, &put["properties"]["features"][0]["name"]), (200, &json!("SecurityType")));
    let mut read = stage.get(GALLERY);
    read["properties"]["identifier"] = json!({});
    let put = stage.done("PUT", &GALLERY.to_lowercase(), read);
    assert_eq!(
        (&put["id"], put["properties"]["identifier"]["uniqueName"].is_string()),
        (&json!(GALLERY), true)
    );
    let zoned = json!({ "location": "West Europe", "properties": { "storageProfile": { "source": { "id": format!("{GALLERY}/images/java/versions/1.0.0") } },
        "publishingProfile": { "targetRegions": [{ "name": "West Europe", "storageAccountType": "standard_zrs" }] } } });
    let made = stage.done("PUT", &format!("{GALLERY}/images/java/versions/2.0.0"), zoned);
    assert_eq!(
        made["properties"]["publishingProfile"]["targetRegions"][0]["storageAccountType"],
        "Standard_ZRS"
    );
    assert_eq!(made["properties"]["storageProfile"]["osDiskImage"]["sizeInGB"], 64);
}

#[test]
fn a_version_is_made_where_its_source_is() {
    let mut stage = Stage::with_image("Generalized");
    let from = |region: &str| json!({ "location": region, "properties": { "storageProfile": { "source": { "id": format!("{GALLERY}/images/java/versions/1.0.0") } } } });
    let path = |name: &str| format!("{GALLERY}/images/java/versions/{name}");
    assert_eq!(stage.refused("PUT", &path("2.0.0"), from("eastus")), (404, "NotFound".into()));
    stage.done("PUT", &path("2.0.0"), from("northeurope"));
}

#[test]
fn a_subscription_has_a_hundred_galleries_in_a_region() {
    let mut stage = Stage::with_image("Generalized");
    let gallery = |number: u32| format!("{GALLERY}{number}");
    for number in 1..100 {
        stage.done("PUT", &gallery(number), json!({ "location": "westeurope" }));
    }
    let full = (409, "ResourceQuotaExceeded".to_owned());
    assert_eq!(stage.refused("PUT", &gallery(100), json!({ "location": "westeurope" })), full);
    stage.done("PUT", &gallery(100), json!({ "location": "northeurope" }));
    stage.done("PUT", &gallery(1), json!({ "location": "westeurope", "tags": { "a": "b" } }));
    stage.send("DELETE", &gallery(1), None);
    stage.step(3);
    stage.done("PUT", &gallery(101), json!({ "location": "westeurope" }));
}

#[test]
fn a_community_gallery_has_a_prefix_and_gets_a_public_name() {
    let mut stage = Stage::with_image("Generalized");
    let body = |info: Value| json!({ "location": "westeurope", "properties": { "sharingProfile": { "permissions": "community", "communityGalleryInfo": info } } });
    let other = format!("{GALLERY}2");
    for bad in [json!({}), json!({ "publicNamePrefix": "abc" }), json!({ "publicNamePrefix": "no-dashes" })] {
        assert_eq!(stage.refused("PUT", &other, body(bad)), (400, "InvalidParameter".into()));
    }
    let made = stage.done("PUT", &other, body(json!({ "publicNamePrefix": "physics" })));
    let names = &made["properties"]["sharingProfile"]["communityGalleryInfo"]["publicNames"];
    assert!(names[0].as_str().is_some_and(|name| name.starts_with("physics-")), "{made}");
    stage.step(3);
    let again = stage.done("PUT", &other, body(json!({ "publicNamePrefix": "physics" })));
    assert_eq!(&again["properties"]["sharingProfile"]["communityGalleryInfo"]["publicNames"], names);
}
