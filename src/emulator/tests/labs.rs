//! Labs of an account, their templates and their users.

use crate::emulator::tests::stage::{ACCOUNT, Stage, order, state};
use serde_json::{Value, json};

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
fn the_published_version_shows_what_it_describes() {
    let mut stage = Stage::with_lab();
    let lab = format!("{ACCOUNT}/labs/lab");
    let setting = format!("{lab}/environmentsettings/default");
    let resource = stage.get(&setting)["properties"]["resourceSettings"].clone();
    assert!(resource["sharedImageResourceId"].is_string() && resource["vmSize"].is_string());
    assert_eq!(stage.get(&lab)["properties"]["idleShutdownMode"], "OnDisconnect");
    let older = |path: &str| format!("{path}?api-version=2018-10-15");
    let (setting, read) = (stage.get(&older(&setting)), stage.get(&older(&lab)));
    let resource = &setting["properties"]["resourceSettings"];
    assert!(resource.get("sharedImageResourceId").is_none() && resource["size"] == "Standard");
    assert!(read["properties"].get("idleShutdownMode").is_none());
    // What it does not show is not lost when it is put back.
    stage.done("PUT", &older(&lab), read);
    assert_eq!(stage.get(&lab)["properties"]["idleShutdownMode"], "OnDisconnect");
}

#[test]
fn a_lab_and_its_setting_are_put_by_themselves() {
    let mut stage = Stage::with_image("Generalized");
    let lab = format!("{ACCOUNT}/labs/own?api-version=2018-10-15");
    assert_eq!(stage.ask("PUT", &lab, json!({ "properties": { "maxUsersInLab": 4 } })).0, 201);
    let setting = format!("{ACCOUNT}/labs/own/environmentsettings/default?api-version=2018-10-15");
    let image = format!("{ACCOUNT}/galleryimages/Debian 12 \"Bookworm\"");
    let body = |size: &str| {
        json!({ "properties": { "title": "T", "resourceSettings": {
        "galleryImageResourceId": image, "size": size, "referenceVm": { "userName": "u", "password": "s3cret-word" } } } })
    };
    assert_eq!(stage.refused("PUT", &setting, json!({ "properties": {} })).0, 400);
    assert_eq!(stage.refused("PUT", &setting, body("Large")), (400, "InvalidParameter".into()));
    let (status, made) = stage.ask("PUT", &setting, body("Basic"));
    assert_eq!(
        (status, state(&made), &made["properties"]["resourceSettings"]["cores"]),
        (201, "Creating", &json!(2))
    );
    assert!(!made.to_string().contains("s3cret-word"));
    stage.step(3);
    let other = setting.replace("default", "second");
    assert_eq!(stage.refused("PUT", &other, body("Basic")), (409, "Conflict".into()));
    let (status, patched) = stage.ask("PATCH", &setting, json!({ "properties": { "description": "d" } }));
    assert_eq!((status, &patched["properties"]["title"]), (200, &json!("T")));
    assert_eq!(stage.ask("PATCH", &lab, json!({ "properties": { "maxUsersInLab": 5 } })).0, 200);
    assert_eq!(stage.get(&lab)["properties"]["maxUsersInLab"], 5);
    assert_eq!(stage.send("DELETE", &setting, None).status, 202);
    stage.step(3);
    assert_eq!(stage.send("DELETE", &setting, None).status, 204);
    assert_eq!(stage.send("DELETE", &lab, None).status, 202);
    stage.step(3);
    assert_eq!(stage.send("DELETE", &lab, None).status, 204);
}
