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
        ("GET", GALLERY.replace("/resourceGroups/rg", ""), (404, "InvalidResourceType")),
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
fn a_group_is_patched_and_found_by_its_tags() {
    let mut stage = Stage::new();
    stage.done("PUT", GROUP, json!({ "location": "westeurope", "tags": { "Course": "Optics" } }));
    stage.done("PUT", &format!("{GROUP}2"), json!({ "location": "westeurope" }));
    let groups = |stage: &mut Stage, filter: &str| {
        stage.names(&format!("{SUBSCRIPTION}/resourcegroups?api-version=2024-07-01&$filter={filter}"))
    };
    assert_eq!(groups(&mut stage, "tagName eq 'course'"), ["rg"]);
    assert_eq!(groups(&mut stage, "tagname eq 'course' and tagvalue eq 'Optics'"), ["rg"]);
    assert_eq!(groups(&mut stage, "tagname eq 'course' and tagvalue eq 'Chemistry'"), [""; 0]);
    let patched = stage.done("PATCH", GROUP, json!({ "tags": { "a": "b" }, "managedBy": "me" }));
    assert_eq!((&patched["tags"], &patched["managedBy"]), (&json!({ "a": "b" }), &json!("me")));
    assert_eq!(groups(&mut stage, "tagName eq 'course'"), [""; 0]);
    assert_eq!(stage.refused("PATCH", &format!("{GROUP}3"), json!({})).0, 404);
}

#[test]
fn generic_lists_are_filtered_expanded_and_paged() {
    let mut stage = Stage::with_lab();
    stage.done("PATCH", ACCOUNT, json!({ "tags": { "env": "prod", "x": "y" } }));
    let mut names =
        |query: &str| stage.names(&format!("{SUBSCRIPTION}/resources?api-version=2024-07-01&{query}"));
    for (filter, expected) in [
        ("resourceType eq 'Microsoft.LabServices/labAccounts'", &["la"][..]),
        ("resourceType ne 'microsoft.labservices/labaccounts' and name eq 'sig'", &["sig"]),
        ("resourceGroup eq 'RG' and (name eq 'la' or name eq 'sig')", &["sig", "la"]),
        ("tagName eq 'env' and tagValue eq 'prod'", &["la"]),
        ("tagName eq 'env' and tagValue eq 'y'", &[]),
        ("startswith(tagName, 'en')", &["la"]),
        ("substringof('jav', name) and location eq 'West Europe'", &["sig/java", "sig/java/1.0.0"]),
        ("location eq 'eastus'", &[]),
    ] {
        assert_eq!(names(&format!("$filter={filter}")), expected, "{filter}");
    }
    let page = stage.get(&format!("{SUBSCRIPTION}/resources?api-version=2024-07-01&$top=2&$expand=createdTime,changedTime,provisioningState"));
    assert_eq!(page["value"].as_array().map(Vec::len), Some(2));
    assert!(page["nextLink"].is_string() && page["value"][0]["createdTime"].is_string());
    assert_eq!(page["value"][0]["provisioningState"], "Succeeded");
    let bad = format!("{SUBSCRIPTION}/resources?api-version=2024-07-01&$filter=colour eq 'red'");
    assert_eq!(stage.refused("GET", &bad, Value::Null), (400, "InvalidFilterInQueryString".into()));
}

#[test]
fn a_provider_lists_what_is_served_the_newest_first() {
    let mut stage = Stage::new();
    for namespace in ["Microsoft.Compute", "microsoft.labservices", "Microsoft.Resources"] {
        let provider = stage.get(&format!("{SUBSCRIPTION}/providers/{namespace}"));
        assert_eq!(provider["registrationState"], "Registered");
        for kind in provider["resourceTypes"].as_array().expect("types") {
            let versions: Vec<&str> =
                kind["apiVersions"].as_array().expect("versions").iter().filter_map(Value::as_str).collect();
            assert!(versions.iter().rev().is_sorted() && !versions.is_empty(), "{kind}");
        }
    }
    let operations = stage.get("/providers/Microsoft.LabServices/operations?api-version=2018-10-15");
    assert!(
        operations
            .to_string()
            .contains("Microsoft.LabServices/labAccounts/labs/environmentSettings/Publish/action")
    );
    let unknown = format!("{SUBSCRIPTION}/providers/Microsoft.Nothing");
    assert_eq!(stage.refused("GET", &unknown, Value::Null), (404, "InvalidResourceNamespace".into()));
}

#[test]
fn what_a_subscription_is_not_registered_for_is_not_made() {
    let mut stage = Stage::new();
    stage.done("PUT", GROUP, json!({ "location": "westeurope" }));
    let provider = format!("{SUBSCRIPTION}/providers/Microsoft.Compute");
    let gallery = json!({ "location": "westeurope" });
    let answer = stage.done("POST", &format!("{provider}/unregister"), Value::Null);
    assert_eq!(answer["registrationState"], "NotRegistered");
    let missing = (409, "MissingSubscriptionRegistration".to_owned());
    assert_eq!(stage.refused("PUT", GALLERY, gallery.clone()), missing);
    stage.done("PUT", ACCOUNT, gallery.clone());
    let other = GALLERY.replacen('1', "2", 1);
    assert_eq!(stage.refused("PUT", &other, gallery.clone()), (404, "ResourceGroupNotFound".into()));
    stage.done("POST", &format!("{provider}/register"), Value::Null);
    stage.done("PUT", GALLERY, gallery);
    assert_eq!(
        stage.refused("POST", &format!("{provider}/unregister"), Value::Null),
        (409, "Conflict".into())
    );
}

#[test]
fn a_generic_client_asks_whether_a_resource_is_there() {
    let mut stage = Stage::with_lab();
    for (path, status) in [
        (GALLERY, 204),
        (ACCOUNT, 204),
        (&format!("{ACCOUNT}9"), 404),
        (&format!("{GALLERY}?api-version=1999-01-01"), 400),
    ] {
        let answer = stage.send("HEAD", path, None);
        assert_eq!((answer.status, answer.body.is_none()), (status, status != 400), "{path}");
    }
}
