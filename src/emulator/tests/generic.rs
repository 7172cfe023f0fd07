//! Tokens, groups and lists of all that there is.

use crate::emulator::tests::stage::{ACCOUNT, GALLERY, GROUP, SUBSCRIPTION, Stage};
use serde_json::{Value, json};

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
fn generic_lists_name_children_by_their_path() {
    let mut stage = Stage::with_lab();
    assert_eq!(stage.names(&format!("{GROUP}/resources")), ["sig", "sig/java", "sig/java/1.0.0", "la"]);
    let filter = "api-version=2022-12-01&%24filter=resourceType%20eq%20%27microsoft.compute%2Fgalleries%27";
    assert_eq!(stage.names(&format!("{SUBSCRIPTION}/resources?{filter}")), ["sig"]);
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
