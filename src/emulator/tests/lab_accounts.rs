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

#[test]
fn an_account_answers_with_the_codes_that_clients_expect() {
    let mut stage = Stage::with_image("Generalized");
    let other = format!("{ACCOUNT}2?api-version=2018-10-15");
    let body = json!({ "location": "West Europe", "tags": { "a": "b" }, "properties": { "enabledRegionSelection": true } });
    let (status, made) = stage.ask("PUT", &other, body.clone());
    assert_eq!((status, state(&made), &made["location"]), (201, "Creating", &json!("westeurope")));
    assert!(made.get("systemData").is_none());
    stage.step(3);
    assert_eq!(stage.ask("PUT", &other, body).0, 200);
    let (status, patched) = stage.ask("PATCH", &other, json!({ "tags": { "c": "d" } }));
    assert_eq!((status, &patched["tags"]), (200, &json!({ "c": "d" })));
    assert_eq!(patched["properties"]["enabledRegionSelection"], true);
    stage.step(3);
    let expand = "&%24expand=properties(%24expand%3DsizeConfiguration)";
    let read = stage.get(&format!("{other}{expand}"));
    let sizes = &read["properties"]["sizeConfiguration"]["environmentSizes"];
    assert_eq!(sizes[0]["vmSizes"][0]["numberOfCores"], 2);
    let regions = stage.done(
        "POST",
        &format!("{ACCOUNT}2/getRegionalAvailability?api-version=2018-10-15"),
        Value::Null,
    );
    assert_eq!(regions["regionalAvailability"][0]["region"], "westeurope");
    let prices = stage.done("POST", &format!("{ACCOUNT}2/GetPricingAndAvailability"), Value::Null);
    assert_eq!(prices["operatingSystems"]["Windows"]["sizes"]["Standard"]["coresCount"], 4);
    let usage = stage.done("POST", &format!("{ACCOUNT}2/getRestrictionsAndUsage"), Value::Null);
    assert_eq!(usage["usages"][0]["currentValue"], 0);
    assert_eq!(stage.ask("PATCH", &format!("{ACCOUNT}3"), json!({})).0, 404);
    assert_eq!(stage.send("DELETE", &other, None).status, 202);
    stage.step(3);
    assert_eq!(stage.send("DELETE", &other, None).status, 204);
}

#[test]
fn lists_of_the_preview_repeat_an_item_and_heed_a_filter() {
    let mut stage = Stage::with_lab();
    let count = |stage: &mut Stage, query: &str| {
        stage.get(&format!("{ACCOUNT}/labs?{query}"))["value"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(count(&mut stage, "api-version=2018-10-15"), 1);
    assert_eq!(count(&mut stage, "api-version=2019-01-01-preview"), 2);
    assert_eq!(count(&mut stage, "api-version=2018-10-15&%24filter=properties/userAccessMode eq 'Open'"), 0);
    assert_eq!(count(&mut stage, "api-version=2018-10-15&$filter=name eq 'LAB'"), 1);
    let bad = format!("{ACCOUNT}/labs?api-version=2018-10-15&$filter=name");
    assert_eq!(stage.refused("GET", &bad, Value::Null), (400, "InvalidFilterInQueryString".into()));
    // Page by page, nothing is lost.
    for name in ["b", "c"] {
        stage.done("POST", &format!("{ACCOUNT}/createLab"), order(name, "java"));
    }
    let mut link = format!("{ACCOUNT}/labs?api-version=2019-01-01-preview&$top=1");
    let mut seen = Vec::new();
    while let (body, true) = (stage.get(&link), seen.len() < 10) {
        seen.extend(body["value"].as_array().cloned().unwrap_or_default());
        let Some(next) = body["nextLink"].as_str() else { break };
        link = next.trim_start_matches("http://127.0.0.1").to_owned();
    }
    let names: Vec<_> = seen.iter().map(|lab| lab["name"].as_str().unwrap_or_default()).collect();
    assert_eq!(names, ["b", "c", "lab"]);
}

#[test]
fn a_marketplace_image_is_switched_and_let_go() {
    let mut stage = Stage::with_image("Generalized");
    let image = format!("{ACCOUNT}/galleryimages/Windows%2011%20Pro?api-version=2018-10-15");
    let properties =
        |body: &Value| (body["properties"]["isEnabled"].clone(), body["properties"]["isOverride"].clone());
    assert_eq!(properties(&stage.get(&image)), (json!(true), json!(false)));
    let (status, off) = stage.ask("PATCH", &image, json!({ "properties": { "isEnabled": false } }));
    assert_eq!((status, properties(&off)), (200, (json!(false), json!(true))));
    assert_eq!(stage.ask("PUT", &image, off).0, 200);
    assert_eq!(stage.send("DELETE", &image, None).status, 200);
    assert_eq!(stage.send("DELETE", &image, None).status, 204);
    assert_eq!(properties(&stage.get(&image)), (json!(true), json!(false)));
    let unknown = format!("{ACCOUNT}/galleryimages/Windows%203.1?api-version=2018-10-15");
    assert_eq!(stage.refused("PUT", &unknown, json!({})), (404, "ResourceNotFound".into()));
}

#[test]
fn labs_count_in_the_usage_of_their_size() {
    let mut stage = Stage::with_lab();
    stage.done("PUT", &format!("{ACCOUNT}/labs/lab"), json!({ "properties": { "maxUsersInLab": 5 } }));
    let usage = stage.done("POST", &format!("{ACCOUNT}/getRestrictionsAndUsage"), Value::Null);
    let of = |name: &str| {
        let rows = usage["usages"].as_array().expect("a list");
        rows.iter().find(|row| row["name"]["value"] == name).expect("a size")["currentValue"].clone()
    };
    assert_eq!((of("Standard"), of("Basic")), (json!(20), json!(0)));
}
