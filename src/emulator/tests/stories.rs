//! What happens in the world, told in tests.

use crate::emulator::arm::operations::Spoil;
use crate::emulator::tests::stage::{
    ACCOUNT, GALLERY, GROUP, SUBSCRIPTION, Stage, definition, order, version_body,
};
use serde_json::{Value, json};

fn state(body: &Value) -> &str {
    body["properties"]["provisioningState"].as_str().unwrap_or_default()
}

#[test]
fn a_request_without_a_token_is_refused() {
    let mut stage = Stage::new();
    let answer = stage.world.handle(
        &crate::emulator::message::Request::new("GET", "/subscriptions?api-version=2022-12-01"),
        crate::emulator::clock::Tick(0),
    );
    assert_eq!(answer.status, 401);
    assert!(
        answer
            .header("www-authenticate")
            .is_some_and(|challenge| challenge.starts_with("Bearer authorization_uri="))
    );
}

#[test]
fn a_group_keeps_its_first_casing_and_its_location() {
    let mut stage = Stage::new();
    assert_eq!(stage.ask("PUT", GROUP, json!({ "location": "West Europe" })).0, 201);
    let (status, body) =
        stage.ask("PUT", &GROUP.to_uppercase(), json!({ "location": "westeurope", "tags": { "a": "b" } }));
    assert_eq!((status, &body["id"], &body["location"]), (200, &json!(GROUP), &json!("westeurope")));
    assert_eq!(
        stage.refused("PUT", GROUP, json!({ "location": "eastus" })),
        (409, "InvalidResourceGroupLocation".into())
    );
    assert_eq!(
        stage.refused("PUT", &format!("{SUBSCRIPTION}/resourceGroups/x"), json!({})),
        (400, "LocationRequired".into())
    );
    assert_eq!(stage.ask("HEAD", &format!("{SUBSCRIPTION}/resourceGroups/x"), Value::Null).0, 404);
}

#[test]
fn deleting_a_group_takes_everything_along() {
    let mut stage = Stage::with_lab();
    let answer = stage.send("DELETE", GROUP, None);
    assert_eq!(answer.status, 202);
    let link = answer.header("location").expect("a link").trim_start_matches("http://127.0.0.1").to_owned();
    assert_eq!(stage.send("GET", &link, None).status, 202);
    assert_eq!(
        stage.refused("PUT", &format!("{GALLERY}x"), json!({ "location": "westeurope" })),
        (409, "ResourceGroupBeingDeleted".into())
    );
    stage.step(3);
    assert_eq!(stage.send("GET", &link, None).status, 200);
    assert_eq!(stage.world.resources().count(), 0);
    assert_eq!(stage.send("DELETE", GROUP, None).status, 204);
}

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
fn a_detached_gallery_hides_its_images_and_forgets_what_was_enabled() {
    let mut stage = Stage::with_image("Generalized");
    let attached = format!("{ACCOUNT}/sharedgalleries/sig");
    let images = format!("{ACCOUNT}/SharedImages");
    let body = json!({ "properties": { "galleryId": GALLERY } });
    assert_eq!(stage.ask("PUT", &attached, body.clone()).0, 201);
    assert_eq!(stage.names(&images), [""; 0]);
    stage.step(3);
    assert_eq!(stage.names(&images), ["java"]);
    let disabled =
        stage.done("PUT", &format!("{images}/java"), json!({ "properties": { "EnableState": "disabled" } }));
    assert_eq!(
        (state(&disabled), disabled["properties"]["enableState"].as_str()),
        ("Updating", Some("Disabled"))
    );
    stage.step(3);
    assert_eq!(state(&stage.get(&format!("{images}/java"))), "Succeeded");
    assert_eq!(
        stage.refused("POST", &format!("{ACCOUNT}/createLab"), order("lab", "java")),
        (400, "ImageNotEnabled".into())
    );
    assert_eq!(stage.send("DELETE", &attached, None).status, 202);
    assert_eq!(stage.names(&images), [""; 0]);
    assert_eq!(stage.refused("PUT", &attached, body.clone()).0, 409);
    stage.step(3);
    assert_eq!(stage.send("GET", &attached, None).status, 404);
    stage.done("PUT", &attached, body);
    stage.step(3);
    assert_eq!(stage.get(&format!("{images}/java"))["properties"]["enableState"], "Enabled");
}

#[test]
fn an_account_has_one_gallery_at_a_time() {
    let mut stage = Stage::with_image("Generalized");
    stage.done("PUT", &format!("{GALLERY}2"), json!({ "location": "westeurope" }));
    let attach = |gallery: &str| json!({ "properties": { "galleryId": gallery } });
    stage.done("PUT", &format!("{ACCOUNT}/sharedgalleries/sig"), attach(GALLERY));
    assert_eq!(
        stage.ask("PUT", &format!("{ACCOUNT}/sharedgalleries/sig"), attach(&GALLERY.to_uppercase())).0,
        200
    );
    assert_eq!(
        stage.refused("PUT", &format!("{ACCOUNT}/sharedgalleries/sig2"), attach(&format!("{GALLERY}2"))),
        (409, "Conflict".into())
    );
    assert_eq!(
        stage.refused("PUT", &format!("{ACCOUNT}/sharedgalleries/x"), attach(&format!("{GALLERY}3"))),
        (404, "ResourceNotFound".into())
    );
}

#[test]
fn a_lab_shows_at_once_with_its_template() {
    let mut stage = Stage::with_lab();
    assert_eq!(stage.ask("POST", &format!("{ACCOUNT}/createLab"), order("LAB", "java")).0, 409);
    assert_eq!(
        stage.ask("POST", &format!("{ACCOUNT}/createLab"), order("second", "java")),
        (200, Value::Null)
    );
    let (lab, setting) =
        (format!("{ACCOUNT}/labs/second"), format!("{ACCOUNT}/labs/second/EnvironmentSettings/Default"));
    assert_eq!((state(&stage.get(&lab)), state(&stage.get(&setting))), ("Creating", "Creating"));
    stage.step(3);
    let (lab, setting) = (stage.get(&lab), stage.get(&setting));
    assert_eq!((state(&lab), state(&setting)), ("Succeeded", "Succeeded"));
    assert_eq!(lab["properties"]["usageQuota"], "PT20H");
    assert_eq!(lab["properties"]["idleGracePeriod"], "PT15M");
    let resource = &setting["properties"]["resourceSettings"];
    assert_eq!(
        (resource["imageVersion"].as_str(), resource["size"].as_str()),
        (Some("1.0.0"), Some("Standard"))
    );
    assert!(!format!("{lab}{setting}").contains("Passw0rd!"));
}

#[test]
fn a_lab_from_the_marketplace_takes_both_bodies() {
    let mut stage = Stage::with_image("Generalized");
    let image = format!("{ACCOUNT}/galleryimages/Ubuntu Server 22.04 LTS");
    let body = json!({
        "name": "first", "labCreationParameters": { "maxUsersInLab": 2 },
        "environmentSettingCreationParameters": { "resourceSettingCreationParameters": {
            "galleryImageResourceId": image, "size": "Basic", "referenceVmCreationParameters": { "userName": "u", "password": "p" } } },
    });
    stage.done("POST", &format!("{ACCOUNT}/createLab?api-version=2018-10-15"), body.clone());
    stage.done(
        "PUT",
        &format!("{ACCOUNT}/galleryimages/ubuntu%20server%2022.04%20lts"),
        json!({ "properties": { "isEnabled": false } }),
    );
    let mut second = body;
    second["name"] = json!("second");
    assert_eq!(
        stage.refused("POST", &format!("{ACCOUNT}/createLab?api-version=2018-10-15"), second),
        (400, "ImageNotEnabled".into())
    );
    let mut unknown = order("third", "none");
    assert_eq!(
        stage.refused("POST", &format!("{ACCOUNT}/createLab"), unknown.clone()),
        (404, "ResourceNotFound".into())
    );
    unknown["labParameters"]["vmSize"] = json!("Huge");
    assert_eq!(
        stage.refused("POST", &format!("{ACCOUNT}/createLab"), unknown),
        (400, "InvalidParameter".into())
    );
}

#[test]
fn a_lab_is_put_back_as_it_was_read() {
    let mut stage = Stage::with_lab();
    let lab = format!("{ACCOUNT}/labs/lab");
    let mut read = stage.get(&lab);
    read["properties"]["maxUsersInLab"] = json!("12");
    read["properties"]["usageQuota"] = json!("PT5H");
    let answer = stage.done("PUT", &lab, read);
    assert_eq!(state(&answer), "Updating");
    stage.step(3);
    let read = stage.get(&lab);
    assert_eq!(
        (state(&read), &read["properties"]["maxUsersInLab"], &read["properties"]["userQuota"]),
        ("Succeeded", &json!(12), &json!(400))
    );
    for (name, bad) in [
        ("maxUsersInLab", json!("many")),
        ("maxUsersInLab", json!(401)),
        ("usageQuota", json!("5h")),
        ("userAccessMode", json!("Closed")),
    ] {
        assert_eq!(stage.ask("PUT", &lab, json!({ "properties": { name: bad } })).0, 400, "{name}");
    }
}

#[test]
fn publishing_shows_at_once_and_makes_a_machine_for_each_place() {
    let mut stage = Stage::with_lab();
    let setting = format!("{ACCOUNT}/labs/lab/environmentsettings/default");
    let publish = format!("{setting}/publish");
    assert_eq!(stage.ask("POST", &publish, json!({ "useExistingImage": false })), (200, Value::Null));
    let publishing = stage.get(&setting);
    assert_eq!(publishing["properties"]["publishingState"], "Publishing");
    assert!(publishing["properties"]["lastPublished"].is_string());
    assert_eq!(stage.refused("POST", &publish, json!({})), (409, "Conflict".into()));
    stage.step(30);
    assert_eq!(stage.get(&setting)["properties"]["publishingState"], "Published");
    let first = stage.names(&format!("{setting}/environments"));
    assert_eq!(first.len(), 3);
    stage.done("PUT", &format!("{ACCOUNT}/labs/lab"), json!({ "properties": { "maxUsersInLab": 5 } }));
    assert_eq!(stage.get(&setting)["properties"]["publishingState"], "Scaling");
    stage.step(3);
    assert_eq!(stage.names(&format!("{setting}/environments")).len(), 5);
    stage.done("POST", &publish, json!({}));
    stage.step(30);
    let second = stage.names(&format!("{setting}/environments"));
    assert!(second.len() == 5 && second.iter().all(|name| !first.contains(name)));
}

#[test]
fn the_template_keeps_its_image_size_and_user() {
    let mut stage = Stage::with_lab();
    let setting = format!("{ACCOUNT}/labs/lab/environmentsettings/default");
    let mut read = stage.get(&setting);
    read["properties"]["title"] = json!("Optics");
    read["properties"]["configurationState"] = json!("Completed");
    let put = stage.done("PUT", &setting, read.clone());
    assert_eq!((state(&put), put["properties"]["title"].as_str()), ("Updating", Some("Optics")));
    for (pointer, value) in [
        ("/size", "Basic"),
        ("/referenceVm/userName", "root"),
        ("/sharedImageResourceId", "/x"),
        ("/galleryImageResourceId", "/x"),
    ] {
        let mut changed = read.clone();
        let place = changed
            .pointer_mut("/properties/resourceSettings")
            .and_then(Value::as_object_mut)
            .expect("an object");
        let name = pointer.rsplit('/').next().unwrap_or_default();
        match pointer {
            "/referenceVm/userName" => place["referenceVm"][name] = json!(value),
            _ => {
                place.insert(name.to_owned(), json!(value));
            }
        }
        assert_eq!(
            stage.refused("PUT", &setting, changed),
            (409, "PropertyChangeNotAllowed".into()),
            "{pointer}"
        );
    }
}

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

#[test]
fn deleting_an_account_deletes_its_labs() {
    let mut stage = Stage::with_lab();
    let answer = stage.send("DELETE", ACCOUNT, None);
    assert_eq!(answer.status, 202);
    assert_eq!(state(&stage.get(ACCOUNT)), "Deleting");
    stage.step(3);
    assert_eq!(stage.send("GET", ACCOUNT, None).status, 404);
    assert_eq!(stage.ask("GET", &format!("{ACCOUNT}/labs/lab"), Value::Null).0, 404);
    assert_eq!(stage.send("DELETE", ACCOUNT, None).status, 204);
}

#[test]
fn generic_lists_name_children_by_their_path() {
    let mut stage = Stage::with_lab();
    assert_eq!(stage.names(&format!("{GROUP}/resources")), ["sig", "sig/java", "sig/java/1.0.0", "la"]);
    let filter = "api-version=2022-12-01&%24filter=resourceType%20eq%20%27microsoft.compute%2Fgalleries%27";
    assert_eq!(stage.names(&format!("{SUBSCRIPTION}/resources?{filter}")), ["sig"]);
}

#[test]
fn users_are_added_once() {
    let mut stage = Stage::with_lab();
    for _ in 0..2 {
        stage.done(
            "POST",
            &format!("{ACCOUNT}/labs/lab/addUsers"),
            json!({ "emailAddresses": ["a@contoso.edu", "b@contoso.edu"] }),
        );
    }
    assert_eq!(stage.names(&format!("{ACCOUNT}/labs/lab/users")).len(), 2);
}

#[test]
fn what_is_not_served_is_refused_by_name() {
    let mut stage = Stage::with_lab();
    for (method, path, expected) in [
        (
            "GET",
            format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/x?api-version=2024-01-01"),
            (404, "InvalidResourceType"),
        ),
        ("GET", format!("{GROUP}/providers/Microsoft.Compute/disks/x"), (404, "InvalidResourceType")),
        ("POST", format!("{GALLERY}/share"), (404, "InvalidResourceType")),
        ("POST", GALLERY.to_owned(), (405, "HttpMethodNotAllowed")),
        ("GET", format!("{ACCOUNT}/createLab"), (405, "HttpMethodNotAllowed")),
        ("GET", "/nothing".to_owned(), (404, "InvalidResourceType")),
        ("GET", "/subscriptions/x/resourcegroups".to_owned(), (400, "InvalidSubscriptionId")),
        ("GET", format!("{GALLERY}?x=y"), (400, "MissingApiVersionParameter")),
        (
            "GET",
            format!("{ACCOUNT}/sharedgalleries?api-version=2018-10-15"),
            (400, "NoRegisteredProviderFound"),
        ),
    ] {
        let (status, code) = expected;
        assert_eq!(stage.refused(method, &path, Value::Null), (status, code.to_owned()), "{method} {path}");
    }
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
