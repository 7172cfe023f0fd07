//! Lab accounts, what they have attached, and their marketplace images.

use crate::emulator::tests::stage::{ACCOUNT, GALLERY, Stage, order, state};
use serde_json::{Value, json};

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
