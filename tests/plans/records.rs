//! What is recorded without a change, and what an earlier run left unfinished.

use std::collections::BTreeMap;

use labwright::model::{Observed, Recorded, Unfinished};
use labwright::plan::{Options, drift, plan, refreshed, seen_differences};
use serde_json::json;

use super::world::{both_stories, carried_out, desired, options, planned, verbs};

fn whole() -> Recorded {
    let nothing = Recorded::default();
    carried_out(&planned(&desired(&both_stories()), &nothing), &nothing).0
}

#[test]
fn an_order_that_is_added_is_recorded_and_shown_to_nobody() {
    let recorded = whole();
    let mut files = desired(&both_stories());
    let order = "Lab/golden".parse().expect("an address");
    files.resources.get_mut("Lab/programming").expect("the lab").depends_on.insert(order);
    let plan = planned(&files, &recorded);
    assert!(plan.is_empty(), "{:?}", verbs(&plan));
    assert!(plan.actions.is_empty());
    let (recorded, _) = carried_out(&plan, &recorded);
    assert!(recorded.rows["Lab/programming"].depends_on.contains("Lab/golden"));
    assert!(planned(&files, &recorded).records.is_empty(), "once is enough");
    let (recorded, _) = carried_out(&planned(&desired(&both_stories()), &recorded), &recorded);
    assert!(!recorded.rows["Lab/programming"].depends_on.contains("Lab/golden"), "nor is it kept");
}

#[test]
fn an_ignored_attribute_is_compared_with_nothing() {
    let mut config = both_stories();
    config["Lab/programming"]["ignoreChanges"] = json!(["capacity"]);
    let files = desired(&config);
    let (recorded, _) = carried_out(&planned(&files, &whole()), &whole());
    let row = &recorded.rows["Lab/programming"];
    let mut seen = row.attributes.clone();
    seen.insert("capacity".into(), json!(99));
    let info = labwright::kinds::kind("Lab").expect("a kind").info();
    assert_eq!(seen_differences(info, row, &seen), []);
    let observed = Observed { attributes: seen, failed: false };
    let seen = BTreeMap::from([("Lab/programming".parse().expect("an address"), Some(observed))]);
    assert_eq!(drift(&recorded, &seen, &desired(&json!({}))), [], "nor once its block is gone");
    assert_eq!(refreshed(&recorded, &seen), recorded);
    // Ignored and edited in the same breath: the precondition of the change leaves it out too.
    config["Lab/programming"]["quota"] = json!("PT30H");
    let plan = planned(&desired(&config), &whole());
    let action = plan.action("Lab/programming#update").expect("an update");
    assert!(action.recorded.as_ref().is_some_and(|row| row.ignores("capacity")));
}

#[test]
fn what_is_ignored_is_sent_by_what_finishes_a_creation_and_by_no_change_after_it() {
    let mut config = both_stories();
    config["Lab/programming"]["ignoreChanges"] = json!(["description"]);
    config["Lab/programming"]["description"] = json!("Bring a laptop");
    let files = desired(&config);
    let nothing = Recorded::default();
    let first = planned(&files, &nothing);
    let (whole, _) = carried_out(&first, &nothing);
    let sent = |plan: &labwright::plan::Plan| {
        let requests =
            plan.actions.iter().flat_map(|action| &action.steps).filter_map(|step| step.request.as_ref());
        requests.filter(|request| format!("{:?}", request.body).contains("Bring")).count()
    };
    let creation = first.action("Lab/programming#create").expect("a creation");
    let mut points = 0;
    for step in &creation.steps[..creation.steps.len() - 1] {
        let labwright::model::Recording::Put(row) = &step.record else { continue };
        let mut broken = whole.clone();
        broken.rows.insert(creation.address.clone(), row.as_ref().clone());
        let plan = planned(&files, &broken);
        assert_eq!(sent(&plan), 1, "stops after `{}`", step.name);
        let (mended, _) = carried_out(&plan, &broken);
        assert_eq!(mended.rows[&creation.address], whole.rows[&creation.address]);
        points += 1;
    }
    assert_eq!(points, 2, "before what it may hold, and before its title");
    config["Lab/programming"]["title"] = json!("Another title");
    config["Lab/programming"]["description"] = json!("Bring two");
    let plan = planned(&desired(&config), &whole);
    assert_eq!((verbs(&plan), sent(&plan)), (vec!["update Lab/programming".to_owned()], 0));
}

#[test]
fn a_refresh_is_recorded_with_the_plan_that_rests_on_it() {
    let stored = whole();
    let files = desired(&both_stories());
    let mut attributes = stored.rows["Lab/programming"].attributes.clone();
    attributes.insert("capacity".into(), json!(99));
    let seen = BTreeMap::from([
        ("Lab/programming".parse().expect("an address"), Some(Observed { attributes, failed: false })),
        ("Lab/databases".parse().expect("an address"), None),
    ]);
    let fresh = refreshed(&stored, &seen);
    let options = Options { before_refresh: Some(stored.clone()), ..options() };
    let plan = plan(&files, &fresh, &options).expect("a plan");
    assert_eq!(verbs(&plan), ["create Lab/databases", "update Lab/programming"]);
    let mut written = stored.clone();
    plan.record_in(&mut written);
    assert_eq!(written, fresh, "what Azure had, before anything is done");
}

#[test]
fn what_a_failed_creation_left_is_made_anew_deleted_or_found_mended() {
    let mut recorded = whole();
    let row = recorded.rows.get_mut("Lab/databases").expect("a row");
    row.unfinished = Some(Unfinished::Creation);
    let plan = planned(&desired(&both_stories()), &recorded);
    assert_eq!(verbs(&plan), ["replace Lab/databases"]);
    assert_eq!(plan.consents, [], "it holds nothing");

    let mut without = both_stories();
    without.as_object_mut().expect("a map").remove("Lab/databases");
    let plan = planned(&desired(&without), &recorded);
    assert_eq!((verbs(&plan), plan.consents.len()), (vec!["delete Lab/databases".to_owned()], 0));

    let attributes = recorded.rows["Lab/databases"].attributes.clone();
    let seen = |failed| {
        BTreeMap::from([(
            "Lab/databases".parse().expect("an address"),
            Some(Observed { attributes: attributes.clone(), failed }),
        )])
    };
    assert_eq!(drift(&recorded, &seen(true), &desired(&both_stories())), []);
    assert_eq!(refreshed(&recorded, &seen(true)), recorded);
    let mended = refreshed(&recorded, &seen(false));
    assert_eq!(mended.rows["Lab/databases"].unfinished, None);
    assert!(planned(&desired(&both_stories()), &mended).is_empty());
}

#[test]
fn every_step_that_is_left_is_planned_again() {
    let nothing = Recorded::default();
    let first = planned(&desired(&both_stories()), &nothing);
    let (whole, _) = carried_out(&first, &nothing);
    for action in &first.actions {
        for step in &action.steps[..action.steps.len().saturating_sub(1)] {
            let labwright::model::Recording::Put(row) = &step.record else { continue };
            let mut broken = whole.clone();
            broken.rows.insert(action.address.clone(), row.as_ref().clone());
            let plan = planned(&desired(&both_stories()), &broken);
            assert!(plan.changed().contains(&action.address), "{} stops after `{}`", action.id, step.name);
            let (mended, _) = carried_out(&plan, &broken);
            assert_eq!(mended.rows[&action.address], whole.rows[&action.address], "{}", action.id);
        }
    }
}

#[test]
fn a_narrow_destroy_says_why_it_takes_more_along() {
    let options =
        Options { destroy: true, target: vec!["Image/java".parse().expect("an address")], ..options() };
    let plan = plan(&desired(&both_stories()), &whole(), &options).expect("a plan");
    let notes = |address: &str| {
        let change = plan.changes.iter().find(|change| change.address.as_str() == address);
        change.map(|change| change.notes.join("; "))
    };
    assert!(!notes("Image/java").expect("it goes").contains("refers to"), "it was asked for");
    assert_eq!(notes("GalleryAttachment/core").as_deref(), Some("refers to Image/java, which goes"));
    assert!(notes("Lab/programming").expect("it goes").contains("which goes"));
}
