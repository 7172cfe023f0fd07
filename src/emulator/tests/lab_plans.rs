//! Stories of lab plans and their images.

use crate::emulator::tests::stage::{
    ACCOUNT, GALLERY, GROUP, LAB, PLAN, SUBSCRIPTION, Stage, definition, lab_body,
};
use serde_json::{Value, json};

#[test]
fn a_plan_is_made_changed_and_deleted_over_time() {
    let mut stage = Stage::with_image("Generalized");
    let body = json!({
        "location": "West Europe", "tags": { "a": "b" }, "identity": { "type": "systemassigned" },
        "properties": {
            "defaultConnectionProfile": { "clientSshAccess": "public" },
            "defaultAutoShutdownProfile": { "shutdownOnDisconnect": "Enabled", "disconnectDelay": "PT5M" },
            "allowedRegions": ["West Europe", "northeurope"],
            "supportInfo": { "url": "https://help.contoso.com", "email": "help@contoso.com" },
            "sharedGalleryId": GALLERY.trim_start_matches('/'),
            "provisioningState": "Failed", "unknown": 1,
        },
    });
    let answer = stage.send("PUT", PLAN, Some(body));
    assert_eq!(answer.status, 201);
    let made = answer.body.clone().expect("a plan");
    assert_eq!((&made["id"], &made["type"]), (&json!(PLAN), &json!("Microsoft.LabServices/labPlans")));
    assert_eq!((&made["location"], &made["tags"]), (&json!("westeurope"), &json!({ "a": "b" })));
    assert!(made["identity"]["principalId"].is_string() && made["identity"]["tenantId"].is_string());
    assert!(made["systemData"]["createdAt"].is_string());
    assert_eq!(stage.get(&format!("{PLAN}?api-version=2021-11-15-preview")).get("identity"), None);
    let expected = json!({
        "provisioningState": "Creating",
        "defaultConnectionProfile": { "webSshAccess": "None", "webRdpAccess": "None", "clientSshAccess": "Public", "clientRdpAccess": "None" },
        "defaultAutoShutdownProfile": { "shutdownOnDisconnect": "Enabled", "shutdownWhenNotConnected": "Disabled", "shutdownOnIdle": "None", "disconnectDelay": "PT5M" },
        "allowedRegions": ["westeurope", "northeurope"],
        "supportInfo": { "url": "https://help.contoso.com/", "email": "help@contoso.com" },
        "sharedGalleryId": GALLERY,
    });
    assert_eq!(made["properties"], expected);
    let location = answer.header("location").expect("a link");
    assert!(location.contains("/providers/Microsoft.LabServices/operationResults/"), "{location}");
    assert_eq!(stage.follow(&answer, "location").status, 202);
    assert_eq!(stage.follow(&answer, "azure-asyncoperation").body.expect("a status")["status"], "InProgress");
    stage.step(3);
    assert_eq!(stage.follow(&answer, "azure-asyncoperation").body.expect("a status")["status"], "Succeeded");
    assert_eq!(stage.follow(&answer, "location").body.expect("a plan")["id"], PLAN);

    let patch = json!({ "tags": { "c": "d" }, "properties": { "sharedGalleryId": null, "supportInfo": { "email": null } } });
    let answer = stage.send("PATCH", &PLAN.to_uppercase(), Some(patch));
    let changed = answer.body.clone().expect("a plan");
    assert_eq!((answer.status, &changed["properties"]["provisioningState"]), (202, &json!("Updating")));
    assert_eq!((&changed["tags"], &changed["name"]), (&json!({ "c": "d" }), &json!("lp")));
    assert_eq!(changed["properties"]["supportInfo"], json!({ "url": "https://help.contoso.com/" }));
    assert_eq!(changed["properties"].get("sharedGalleryId"), None);
    stage.step(3);
    assert_eq!(
        stage.follow(&answer, "location").body.expect("a plan")["properties"]["provisioningState"],
        "Succeeded"
    );

    let answer = stage.send("PUT", PLAN, Some(json!({ "location": "westeurope", "properties": {} })));
    let bare = answer.body.expect("a plan");
    assert_eq!((answer.status, bare.get("identity"), bare.get("tags")), (202, None, None));
    assert_eq!(bare["systemData"]["createdAt"], made["systemData"]["createdAt"]);
    assert_eq!(bare["properties"].get("allowedRegions"), None);

    for list in [
        format!("{GROUP}/providers/Microsoft.LabServices/labPlans"),
        format!("{SUBSCRIPTION}/providers/microsoft.labservices/labplans"),
    ] {
        assert_eq!(stage.names(&list), ["lp"]);
    }
    stage.step(3);
    let answer = stage.send("DELETE", PLAN, None);
    assert_eq!((answer.status, answer.body.clone()), (202, None));
    assert_eq!(stage.get(PLAN)["properties"]["provisioningState"], "Deleting");
    assert_eq!(stage.refused("PATCH", PLAN, json!({})), (409, "Conflict".into()));
    stage.step(3);
    assert_eq!(stage.follow(&answer, "location").status, 204);
    assert_eq!(stage.refused("GET", PLAN, Value::Null), (404, "ResourceNotFound".into()));
    assert_eq!(stage.send("DELETE", PLAN, None).status, 204);
}

#[test]
fn bad_plans_have_their_codes() {
    let mut stage = Stage::with_plan();
    let located = |properties: Value| json!({ "location": "westeurope", "properties": properties });
    let cases = [
        (json!({ "properties": {} }), (400, "LocationRequired")),
        (json!({ "location": "atlantis" }), (400, "LocationNotAvailableForResourceType")),
        (json!({ "location": "eastus" }), (409, "InvalidResourceLocation")),
        (json!({ "location": "westeurope", "tags": ["a"] }), (400, "InvalidRequestContent")),
        (
            json!({ "location": "westeurope", "identity": { "type": "UserAssigned" } }),
            (400, "InvalidParameter"),
        ),
        (
            located(json!({ "defaultConnectionProfile": { "webSshAccess": "Yes" } })),
            (400, "InvalidParameter"),
        ),
        (located(json!({ "defaultConnectionProfile": [] })), (400, "InvalidRequestContent")),
        (located(json!({ "defaultAutoShutdownProfile": { "idleDelay": "5" } })), (400, "InvalidParameter")),
        (
            located(json!({ "defaultAutoShutdownProfile": { "shutdownOnIdle": "Sometimes" } })),
            (400, "InvalidParameter"),
        ),
        (located(json!({ "allowedRegions": ["atlantis"] })), (400, "LocationNotAvailableForResourceType")),
        (located(json!({ "allowedRegions": "westeurope" })), (400, "InvalidRequestContent")),
        (located(json!({ "supportInfo": { "url": "x" } })), (400, "InvalidParameter")),
        (located(json!({ "supportInfo": { "email": "a@b.c" } })), (400, "InvalidParameter")),
        (located(json!({ "supportInfo": { "phone": "1".repeat(32) } })), (400, "InvalidParameter")),
        (located(json!({ "linkedLmsInstance": "" })), (400, "InvalidParameter")),
        (located(json!({ "sharedGalleryId": "/subscriptions/x" })), (400, "InvalidParameter")),
        (located(json!({ "sharedGalleryId": format!("{GALLERY}9") })), (404, "ResourceNotFound")),
    ];
    for (body, (status, code)) in cases {
        assert_eq!(stage.refused("PUT", PLAN, body.clone()), (status, code.to_owned()), "{body}");
    }
    let good = json!({ "location": "westeurope", "properties": {} });
    let parameter = || (400, "InvalidParameter".to_owned());
    for name in ["1plan", "plan-", &"p".repeat(101)] {
        assert_eq!(
            stage.refused("PUT", &PLAN.replace("labPlans/lp", &format!("labPlans/{name}")), good.clone()),
            parameter()
        );
    }
    let old = format!("{PLAN}?api-version=2018-10-15");
    assert_eq!(stage.refused("GET", &old, Value::Null), (400, "NoRegisteredProviderFound".into()));
    let account = format!("{ACCOUNT}?api-version=2023-06-07");
    assert_eq!(stage.refused("GET", &account, Value::Null), (400, "NoRegisteredProviderFound".into()));
    assert_eq!(
        stage.refused("POST", &format!("{PLAN}/explode"), json!({})),
        (404, "InvalidResourceType".into())
    );
    assert_eq!(stage.refused("PATCH", &format!("{PLAN}x"), json!({})), (404, "ResourceNotFound".into()));
    assert_eq!(
        stage.refused("PUT", &PLAN.replace("/rg/", "/none/"), good),
        (404, "ResourceGroupNotFound".into())
    );
}

#[test]
fn a_gallerys_images_are_off_until_they_are_enabled() {
    let mut stage = Stage::with_image("Generalized");
    stage.done(
        "PUT",
        PLAN,
        json!({ "location": "westeurope", "properties": { "sharedGalleryId": GALLERY } }),
    );
    let (images, java) = (format!("{PLAN}/images"), format!("{PLAN}/images/JAVA"));
    assert_eq!(stage.refused("GET", &java, Value::Null), (404, "ResourceNotFound".into()));
    stage.step(3);
    let image = stage.get(&java);
    let properties = &image["properties"];
    assert_eq!((&image["name"], &properties["enabledState"]), (&json!("java"), &json!("Disabled")));
    assert_eq!(properties["sharedGalleryId"], format!("{GALLERY}/images/java"));
    assert_eq!(
        (&properties["osType"], &properties["osState"], &properties["version"]),
        (&json!("Linux"), &json!("Generalized"), &json!("1.0.0"))
    );
    assert_eq!(
        (&properties["publisher"], &properties["availableRegions"]),
        (&json!("Contoso"), &json!(["northeurope", "westeurope"]))
    );
    assert!(image["systemData"]["createdAt"].is_string());

    let on = json!({ "properties": { "enabledState": "enabled", "displayName": "mine" } });
    let (status, body) = stage.ask("PUT", &java, on.clone());
    assert_eq!(
        (status, &body["properties"]["enabledState"], &body["properties"]["displayName"]),
        (200, &json!("Enabled"), &json!("java"))
    );
    let ubuntu = format!("{images}/canonical.0001-com-ubuntu-server-jammy.22_04-lts");
    assert_eq!(stage.get(&ubuntu)["properties"]["enabledState"], "Enabled");
    assert_eq!(stage.ask("PATCH", &ubuntu, json!({ "properties": { "enabledState": "Disabled" } })).0, 200);
    assert_eq!(stage.get(&ubuntu)["properties"]["enabledState"], "Disabled");
    assert_eq!(
        stage.ask("PATCH", &ubuntu, json!({ "properties": {} })).1["properties"]["enabledState"],
        "Disabled"
    );

    let enabled = format!(
        "{images}?api-version=2022-08-01&$filter=properties/enabledState eq 'Enabled' and properties/sku eq 'java'"
    );
    assert_eq!(stage.names(&enabled), ["java"]);
    let named = format!(
        "{images}?api-version=2022-08-01&$filter=indexof(tolower(properties/displayName),'debian') gt -1"
    );
    assert_eq!(stage.names(&named).len(), 2);

    for (method, path, body, refusal) in [
        ("PUT", &java, json!({ "properties": {} }), (400, "InvalidParameter")),
        ("PUT", &java, json!({ "properties": { "enabledState": "On" } }), (400, "InvalidParameter")),
        ("PUT", &format!("{images}/none"), on.clone(), (404, "ResourceNotFound")),
        ("PUT", &format!("{PLAN}x/images/java"), on, (404, "ParentResourceNotFound")),
        ("DELETE", &java, Value::Null, (405, "HttpMethodNotAllowed")),
        (
            "GET",
            &format!("{images}?api-version=2022-08-01&$filter=name"),
            Value::Null,
            (400, "InvalidFilterInQueryString"),
        ),
    ] {
        assert_eq!(stage.refused(method, path, body), (refusal.0, refusal.1.to_owned()), "{method} {path}");
    }

    // Another gallery, or the same anew, begins with all images off.
    stage.done("PATCH", PLAN, json!({ "properties": { "sharedGalleryId": null } }));
    assert_eq!(stage.refused("GET", &java, Value::Null), (404, "ResourceNotFound".into()));
    assert!(stage.names(&images).len() > 10);
    stage.done("PATCH", PLAN, json!({ "properties": { "sharedGalleryId": GALLERY } }));
    stage.step(3);
    assert_eq!(stage.get(&java)["properties"]["enabledState"], "Disabled");
}

#[test]
fn an_image_shows_only_where_it_has_been_copied_to() {
    let mut stage = Stage::with_image("Generalized");
    let plan = |region: &str| json!({ "location": region, "properties": { "sharedGalleryId": GALLERY } });
    stage.done("PUT", PLAN, plan("northeurope"));
    stage.done("PUT", &format!("{PLAN}2"), plan("uksouth"));
    stage.step(3);
    assert!(stage.names(&format!("{PLAN}/images")).contains(&"java".to_owned()));
    assert!(!stage.names(&format!("{PLAN}2/images")).contains(&"java".to_owned()));
}

#[test]
fn a_template_is_saved_to_the_plans_gallery() {
    let mut stage = Stage::with_plan_lab();
    let save = format!("{PLAN}/saveImage");
    let body =
        |name: &str| json!({ "name": name, "labVirtualMachineId": format!("{LAB}/virtualMachines/0") });
    let answer = stage.send("POST", &save, Some(body("gold")));
    assert_eq!((answer.status, answer.body.clone()), (202, None));
    let image = format!("{GALLERY}/images/gold");
    assert_eq!(stage.get(&format!("{image}/versions/1.0.0"))["properties"]["provisioningState"], "Creating");
    assert_eq!(stage.get(&format!("{LAB}/virtualMachines/0"))["properties"]["provisioningState"], "Updating");
    assert_eq!(stage.refused("POST", &save, body("gold")), (409, "Conflict".into()));
    assert_eq!(stage.refused("POST", &format!("{LAB}/publish"), json!({})), (409, "Conflict".into()));
    stage.step(30);
    let status = stage.follow(&answer, "location");
    assert_eq!((status.status, &status.body.expect("a status")["status"]), (200, &json!("Succeeded")));
    let made = stage.get(&image);
    assert_eq!(
        (&made["properties"]["osState"], &made["properties"]["osType"]),
        (&json!("Specialized"), &json!("Linux"))
    );
    let version = stage.get(&format!("{image}/versions/1.0.0"));
    assert_eq!(version["properties"]["publishingProfile"]["targetRegions"].as_array().map(Vec::len), Some(1));
    stage.step(3);
    assert_eq!(stage.get(&format!("{PLAN}/images/gold"))["properties"]["osState"], "Specialized");
    stage.done("POST", &save, body("gold"));
    assert!(stage.get(&format!("{image}/versions/1.0.1")).is_object());
}

#[test]
fn bad_saves_have_their_codes() {
    let mut stage = Stage::with_plan_lab();
    stage.done("PUT", &format!("{PLAN}2"), json!({ "location": "westeurope", "properties": {} }));
    stage.done(
        "PUT",
        &format!("{PLAN}3"),
        json!({ "location": "northeurope", "properties": { "sharedGalleryId": GALLERY } }),
    );
    stage.done("POST", &format!("{LAB}/publish"), Value::Null);
    let machine = |number: u32| format!("{LAB}/virtualMachines/{number}");
    let body = |name: &str, number: u32| json!({ "name": name, "labVirtualMachineId": machine(number) });
    assert_eq!(stage.refused("POST", &format!("{PLAN}/saveImage"), body("x", 0)), (409, "Conflict".into()));
    stage.step(30);
    let cases = [
        ("", json!({ "name": "x" }), (400, "InvalidParameter")),
        ("", body("a b", 0), (400, "InvalidParameter")),
        ("", body("x", 1), (400, "InvalidParameter")),
        ("", body("x", 9), (404, "ResourceNotFound")),
        ("", json!({ "name": "x", "labVirtualMachineId": LAB }), (404, "ResourceNotFound")),
        ("", body("java", 0), (409, "Conflict")),
        ("2", body("x", 0), (409, "Conflict")),
        ("3", body("x", 0), (409, "Conflict")),
        ("4", body("x", 0), (404, "ResourceNotFound")),
    ];
    for (plan, body, (status, code)) in cases {
        let path = format!("{PLAN}{plan}/saveImage");
        assert_eq!(stage.refused("POST", &path, body.clone()), (status, code.to_owned()), "{path} {body}");
    }
    // The image's definition is generalized, and of another system it would be refused as well.
    let windows = json!({ "location": "westeurope", "properties": { "osType": "Windows", "osState": "Specialized", "identifier": { "publisher": "p", "offer": "o", "sku": "w" } } });
    stage.done("PUT", &format!("{GALLERY}/images/win"), windows);
    assert_eq!(stage.refused("POST", &format!("{PLAN}/saveImage"), body("win", 0)), (409, "Conflict".into()));
}

#[test]
fn a_plan_goes_and_its_labs_stay() {
    let mut stage = Stage::with_plan_lab();
    let subnet = |name: &str| json!({ "properties": { "defaultNetworkProfile": { "subnetId": format!("/subnets/{name}") } } });
    assert_eq!(stage.refused("PATCH", PLAN, subnet("a")), (409, "PropertyChangeNotAllowed".into()));
    stage.done("DELETE", PLAN, Value::Null);
    stage.step(3);
    assert_eq!(stage.get(LAB)["properties"]["labPlanId"], PLAN);
    assert_eq!(stage.send("PUT", LAB, Some(lab_body())).status, 202);
    assert_eq!(stage.refused("PUT", &format!("{LAB}2"), lab_body()), (404, "ResourceNotFound".into()));
}

#[test]
fn sizes_usages_types_and_generic_lists_know_lab_plans() {
    let mut stage = Stage::with_plan_lab();
    let base = format!("{SUBSCRIPTION}/providers/Microsoft.LabServices");
    let sizes = stage.get(&format!("{base}/skus"));
    let small = "Classic_Fsv2_2_4GB_128_S_SSD";
    let small = sizes["value"].as_array().into_iter().flatten().find(|size| size["name"] == small);
    let small = small.expect("a size");
    assert_eq!(
        (&small["name"], &small["resourceType"], &small["tier"]),
        (&json!("Classic_Fsv2_2_4GB_128_S_SSD"), &json!("labs"), &json!("Standard"))
    );
    let all = stage.names(&format!("{base}/skus"));
    let mut paged = Vec::new();
    let mut link = format!("{base}/skus?api-version=2022-08-01&$top=3");
    loop {
        paged.extend(stage.names(&link));
        let page = stage.get(&link);
        let Some(next) = page["nextLink"].as_str() else { break };
        link = next.trim_start_matches("http://127.0.0.1").to_owned();
    }
    assert_eq!(paged, all);
    let family = |stage: &mut Stage, region: &str| {
        let usages = stage.get(&format!("{base}/locations/{region}/usages"));
        usages["value"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|row| row["name"]["value"] == "Fsv2")
            .cloned()
            .unwrap_or_default()
    };
    assert_eq!(family(&mut stage, "West%20Europe")["currentValue"], 6);
    assert_eq!(family(&mut stage, "northeurope")["currentValue"], 0);
    let preview = stage.get(&format!("{base}/locations/westeurope/usages?api-version=2021-11-15-preview"));
    assert_eq!(preview["value"][0]["name"].get("skuInstances"), None);
    assert_eq!(
        stage.refused("GET", &format!("{base}/skus?api-version=2018-10-15"), Value::Null),
        (400, "NoRegisteredProviderFound".into())
    );
    assert_eq!(stage.refused("GET", &format!("{base}/locations/atlantis/usages"), Value::Null).0, 400);

    let provider = stage.get(&format!("{base}?api-version=2022-12-01"));
    let types: Vec<&str> = provider["resourceTypes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|row| row["resourceType"].as_str())
        .collect();
    for kind in
        ["labPlans", "labPlans/images", "labs", "labs/schedules", "labs/users", "labs/virtualMachines"]
    {
        assert!(types.contains(&kind), "{kind}");
    }
    let operations = stage.get("/providers/Microsoft.LabServices/operations?api-version=2023-06-07");
    assert!(
        operations["value"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|row| row["name"] == "Microsoft.LabServices/labPlans/write")
    );
    let found = stage.names(&format!(
        "{GROUP}/resources?api-version=2022-12-01&$filter=resourceType eq 'Microsoft.LabServices/labs'"
    ));
    assert_eq!(found, ["lab"]);
    stage.done("PUT", &format!("{GALLERY}/images/other"), definition("other", "Generalized"));
    let plans = format!(
        "{SUBSCRIPTION}/resources?api-version=2022-12-01&$filter=resourceType eq 'microsoft.labservices/labplans'"
    );
    assert_eq!(stage.names(&plans), ["lp"]);
}
