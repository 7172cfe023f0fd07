//! What is named by its id: waited for by nothing, looked for before anything is built on it, and the same in other words.

use labwright::model::{Recorded, Severity};
use serde_json::{Value, json};

use crate::world::{carried_out, change, desired, lab, planned, verbs};

const GROUP: &str = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers";

fn account() -> String {
    format!("{GROUP}/Microsoft.LabServices/labaccounts/la")
}

fn with(lab: Value, edit: impl FnOnce(&mut Value)) -> Value {
    let mut lab = lab;
    edit(&mut lab);
    lab
}

/// A lab of an account and from an image that are not managed.
fn theirs() -> Value {
    with(lab("", 2), |lab| {
        lab["in"] = json!({ "id": account() });
        lab["image"] = json!({ "id": format!("{GROUP}/Microsoft.Compute/galleries/g/images/i") });
    })
}

#[test]
fn a_lab_looks_for_what_it_is_built_on_and_waits_for_nothing() {
    let config = desired(&json!({ "Lab/a": theirs() }));
    let plan = planned(&config, &Recorded::default());
    let action = plan.action("Lab/a#create").expect("the creation");
    let looked: Vec<_> = action.there.iter().map(|read| read.path.name()).collect();
    let shown = action.there.last().map(|read| read.path.to_string());
    assert_eq!((looked, action.needs.len()), (vec!["la", "i", "i"], 0), "{:?}", action.there);
    assert_eq!(shown, Some(format!("{}/sharedimages/i", account())), "nobody here brings the image there");
    assert!(action.arm_id.as_str().ends_with("/labaccounts/la/labs/a"));
    let (recorded, _) = carried_out(&plan, &Recorded::default());
    assert!(planned(&config, &recorded).is_empty());
    // Where nothing of it changes nothing is looked for.
    let (plan, _) = change(
        &json!({ "Lab/a": theirs() }),
        &json!({ "Lab/a": with(theirs(), |lab| lab["capacity"] = json!(3)) }),
    );
    assert!(plan.actions.iter().all(|action| action.there.is_empty()));
}

#[test]
fn another_letter_case_is_no_change_and_another_account_is_a_replacement() {
    let upper =
        with(theirs(), |lab| lab["in"]["id"] = json!(account().replace("labaccounts/la", "LABACCOUNTS/LA")));
    let (plan, _) = change(&json!({ "Lab/a": theirs() }), &json!({ "Lab/a": upper }));
    assert!(plan.is_empty(), "{:?}", verbs(&plan));
    assert_eq!(plan.records.len(), 1, "the new spelling is written down");
    let other = with(theirs(), |lab| lab["in"]["id"] = json!(format!("{}2", account())));
    let (plan, _) = change(&json!({ "Lab/a": theirs() }), &json!({ "Lab/a": other }));
    assert_eq!(verbs(&plan), ["replace Lab/a"]);
}

#[test]
fn a_block_for_what_was_named_by_its_id_keeps_the_labs() {
    let block = json!({ "name": "LA", "resourceGroup": "RG", "location": "westeurope", "adopt": true });
    let ours = json!({
        "LabAccount/ours": block,
        "Lab/a": with(theirs(), |lab| lab["in"] = json!("LabAccount/ours")),
    });
    let (plan, recorded) = change(&json!({ "Lab/a": theirs() }), &ours);
    assert_eq!(verbs(&plan), ["import LabAccount/ours"]);
    let (recorded, _) = carried_out(&plan, &recorded);
    assert_eq!(recorded.rows["Lab/a"].attributes["in"]["id"], account(), "until the account is recorded");
    let next = planned(&desired(&ours), &recorded);
    let (recorded, _) = carried_out(&next, &recorded);
    assert!(next.is_empty());
    assert_eq!(recorded.rows["Lab/a"].attributes["in"], "LabAccount/ours");
    assert!(recorded.rows["Lab/a"].depends_on.contains("LabAccount/ours"));
    assert!(planned(&desired(&ours), &recorded).records.is_empty());
}

#[test]
fn what_is_still_named_by_its_id_is_not_deleted() {
    let managed = json!({
        "LabAccount/la": { "resourceGroup": "rg", "location": "westeurope" },
        "Lab/a": with(theirs(), |lab| {
            lab["in"] = json!("LabAccount/la");
            lab["image"] = json!("Marketplace/x");
        }),
    });
    let by_id = json!({ "Lab/a": with(theirs(), |lab| lab["image"] = json!("Marketplace/x")) });
    let (plan, recorded) = change(&managed, &by_id);
    let errors: Vec<_> = plan.findings.iter().filter(|own| own.severity == Severity::Error).collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(
        (errors[0].rule.as_str(), errors[0].help.as_deref()),
        ("id", Some("to keep it without a block, write `forget: [LabAccount/la]`"))
    );
    let mut forgets = desired(&by_id);
    let source = forgets.resources["Lab/a"].source.clone();
    forgets.forget.push(("LabAccount/la".parse().expect("an address"), source));
    let plan = planned(&forgets, &recorded);
    assert_eq!((verbs(&plan), plan.findings.len()), (vec!["forget LabAccount/la".to_owned()], 0));
}

#[test]
fn an_image_takes_its_region_from_a_gallery_that_is_not_managed_as_it_is_made() {
    let config = json!({
        "Image/i": {
            "gallery": { "id": format!("{GROUP}/Microsoft.Compute/galleries/g") },
            "os": { "type": "Linux", "state": "Generalized" },
            "identifier": { "publisher": "a", "offer": "b", "sku": "c" },
        },
        "ImageVersion/i/1.0.0": { "image": "Image/i", "source": { "managedDisk": "/subscriptions/s/x/y/z" } },
    });
    let plan = planned(&desired(&config), &Recorded::default());
    for (action, around) in [("Image/i#create", "galleries/g"), ("ImageVersion/i/1.0.0#create", "images/i")] {
        let request =
            plan.action(action).and_then(|action| action.steps[0].request.as_ref()).expect("a request");
        let fills: Vec<_> =
            request.fills.iter().map(|fill| (&*fill.pointer, fill.read.path.as_str())).collect();
        assert!(matches!(fills[..], [("/location", path)] if path.ends_with(around)), "{action}: {fills:?}");
        assert!(request.body.as_ref().is_some_and(|body| body.get("location").is_none()));
    }
}

#[test]
fn what_an_id_says_of_a_resource_is_no_change_where_it_is_so_already() {
    let plain = json!({ "LabAccount/la": { "resourceGroup": "rg", "location": "westeurope" } });
    let by_id = |subscription: &str| json!({ "LabAccount/la": { "name": "LA", "resourceGroup": "RG", "location": "westeurope", "subscription": subscription } });
    for (from, to) in [
        (plain.clone(), by_id("11111111-1111-1111-1111-111111111111")),
        (by_id("11111111-1111-1111-1111-111111111111"), plain.clone()),
    ] {
        let (plan, _) = change(&from, &to);
        assert!(plan.is_empty(), "{:?}", verbs(&plan));
    }
    let (plan, _) = change(&plain, &by_id("22222222-2222-2222-2222-222222222222"));
    assert_eq!(verbs(&plan), ["replace LabAccount/la"]);
}
