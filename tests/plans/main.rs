//! What holds of plans: verbs, order, consents; after an apply there is nothing to do.

mod ids;
mod properties;
mod records;
mod review;
mod world;

use labwright::model::{Address, Allowed, AllowedWhat, Expectation, Moved, Recorded, Source};
use labwright::plan::{Options, Plan, PlanError, Verb, missing_consents, plan};
use serde_json::{Value, json};
use world::{both_stories, carried_out, change, desired, options, planned, verbs};

fn before(order: &[String], first: &str, then: &str) {
    let at = |id: &str| {
        order.iter().position(|done| done == id).unwrap_or_else(|| panic!("{id} is not in {order:?}"))
    };
    assert!(at(first) < at(then), "{first} is not before {then}: {order:#?}");
}

fn edited(edit: impl FnOnce(&mut Value)) -> Value {
    let mut config = both_stories();
    edit(&mut config);
    config
}

#[test]
fn both_stories_are_made_in_the_order_of_their_references() {
    let config = desired(&both_stories());
    let (recorded, order) = carried_out(&planned(&config, &Recorded::default()), &Recorded::default());
    before(&order, "ImageVersion/java/1.0.0#create", "GalleryAttachment/core#enable/java");
    before(&order, "GalleryAttachment/core#enable/java", "Lab/programming#create");
    before(&order, "Lab/programming#create", "Publish/programming#publish");
    before(&order, "GalleryAttachment/core#attach", "Export/sql#export");
    before(&order, "Lab/golden#create", "Export/sql#export");
    before(&order, "Export/sql#export", "GalleryAttachment/core#enable/sql");
    before(&order, "GalleryAttachment/core#enable/sql", "Lab/databases#create");
    before(&order, "GalleryAttachment/core#enable/sql", "GalleryAttachment/core#disable-others");
    let again = planned(&config, &recorded);
    assert!(again.is_empty(), "{:?}", verbs(&again));
    assert_eq!(again.kept, recorded.rows.len());
}

#[test]
fn a_first_publish_is_counted_within_its_labs_creation() {
    let plan = planned(&desired(&both_stories()), &Recorded::default());
    let summary = plan.summary();
    assert_eq!((summary.create, summary.invoke), (10, 1), "{:?}", verbs(&plan));
}

#[test]
fn destroying_goes_child_by_child_and_needs_no_other_consent() {
    let config = desired(&both_stories());
    let (recorded, _) = carried_out(&planned(&config, &Recorded::default()), &Recorded::default());
    let plan = plan(&config, &recorded, &Options { destroy: true, ..options() }).expect("a plan");
    assert!(labwright::plan::check(&plan).is_empty());
    assert!(plan.consents.is_empty());
    let (left, order) = carried_out(&plan, &recorded);
    assert!(left.rows.is_empty(), "{:?}", left.rows.keys().collect::<Vec<_>>());
    before(&order, "Lab/programming#delete", "GalleryAttachment/core#delete");
    before(&order, "GalleryAttachment/core#delete", "Image/sql#delete");
    before(&order, "GalleryAttachment/core#delete", "ImageVersion/java/1.0.0#delete");
    before(&order, "ImageVersion/java/1.0.0#delete", "Image/java#delete");
    before(&order, "Image/java#delete", "Gallery/sig#delete");
    before(&order, "Gallery/sig#delete", "ResourceGroup/rg#delete");
    before(&order, "LabAccount/la#delete", "ResourceGroup/rg#delete");
}

/// Both stories with a schedule on a lab.
fn with_lecture(edit: impl FnOnce(&mut Value)) -> Value {
    edited(|config| {
        config["Schedule/programming/lecture"] = json!({
            "name": "lecture", "lab": "Lab/programming", "timeZone": "W. Europe Standard Time",
            "from": "2027-02-02", "until": "2027-06-11", "days": ["Wed", "Mon"], "start": "09:45", "stop": "12:00",
        });
        edit(config);
    })
}

#[test]
fn a_schedule_comes_after_its_lab_and_goes_before_it() {
    let config = desired(&with_lecture(|_| {}));
    let (recorded, order) = carried_out(&planned(&config, &Recorded::default()), &Recorded::default());
    before(&order, "Lab/programming#create", "Schedule/programming/lecture#create");
    let row = &recorded.rows[&Address::new("Schedule", "programming/lecture")];
    assert!(row.arm_id.as_str().ends_with("/labs/programming/environmentsettings/default/schedules/lecture"));
    let first = json!({ "from": &row.attributes["from"], "days": &row.attributes["days"] });
    assert_eq!(first, json!({ "from": "2027-02-03", "days": ["Mon", "Wed"] }));
    let plan = plan(&config, &recorded, &Options { destroy: true, ..options() }).expect("a plan");
    let (_, order) = carried_out(&plan, &recorded);
    before(&order, "Schedule/programming/lecture#delete", "Lab/programming#delete");
}

#[test]
fn a_replaced_lab_takes_its_schedules_along_and_only_the_lab_needs_consent() {
    let replaced = with_lecture(|config| config["Lab/programming"]["size"] = json!("Large"));
    let (plan, recorded) = change(&with_lecture(|_| {}), &replaced);
    assert_eq!(
        verbs(&plan),
        ["replace Lab/programming", "invoke Publish/programming", "replace Schedule/programming/lecture"]
    );
    let missing = missing_consents(&plan, &[]);
    assert_eq!(missing.iter().map(|own| own.address.as_str()).collect::<Vec<_>>(), ["Lab/programming"]);
    let (_, order) = carried_out(&plan, &recorded);
    before(&order, "Schedule/programming/lecture#delete", "Lab/programming#delete");
    before(&order, "Lab/programming#create", "Schedule/programming/lecture#create");
}

#[test]
fn times_change_in_place_and_a_start_that_comes_or_goes_makes_the_schedule_anew() {
    let stop = |config: &mut Value, name: &str, value: &str| {
        config["Schedule/programming/lecture"][name] = json!(value);
    };
    for (name, value, verb) in [
        ("stop", "12:30", "update"),
        ("start", "10:00", "update"),
        ("from", "2027-02-10", "update"),
        ("timeZone", "UTC", "update"),
        ("start", "none", "replace"),
    ] {
        let (plan, _) = change(&with_lecture(|_| {}), &with_lecture(|config| stop(config, name, value)));
        assert_eq!(verbs(&plan), [format!("{verb} Schedule/programming/lecture")], "{name}");
        assert!(plan.consents.is_empty());
    }
    // What counts is the first day on which it takes place, and that is the same.
    let (plan, _) = change(&with_lecture(|_| {}), &with_lecture(|config| stop(config, "from", "2027-02-03")));
    assert!(plan.is_empty(), "{:?}", verbs(&plan));
}

#[test]
fn one_edited_capacity_is_one_update_and_shrinking_asks() {
    let (plan, _) =
        change(&both_stories(), &edited(|config| config["Lab/programming"]["capacity"] = json!(25)));
    assert_eq!(verbs(&plan), ["update Lab/programming"]);
    assert!(plan.consents.is_empty());
    let (plan, _) =
        change(&both_stories(), &edited(|config| config["Lab/programming"]["capacity"] = json!(15)));
    let missing = missing_consents(&plan, &[]);
    assert_eq!(missing.iter().map(|consent| consent.what).collect::<Vec<_>>(), [AllowedWhat::Shrink]);
    let other = Allowed { what: AllowedWhat::Shrink, on: Some("Lab/golden".into()), at_most: None };
    assert_eq!(missing_consents(&plan, &[other]).len(), 1);
    let this = Allowed { what: AllowedWhat::Shrink, on: Some("Lab/programming".into()), at_most: Some(1) };
    assert!(missing_consents(&plan, &[this]).is_empty());
}

#[test]
fn a_replaced_image_takes_its_versions_and_switch_along_and_leaves_labs() {
    let (plan, recorded) =
        change(&both_stories(), &edited(|config| config["Image/java"]["os"]["state"] = json!("Specialized")));
    assert_eq!(
        verbs(&plan),
        ["update GalleryAttachment/core", "replace Image/java", "replace ImageVersion/java/1.0.0"]
    );
    let (_, order) = carried_out(&plan, &recorded);
    before(&order, "ImageVersion/java/1.0.0#delete", "Image/java#delete");
    before(&order, "Image/java#delete", "Image/java#create");
    before(&order, "ImageVersion/java/1.0.0#create", "GalleryAttachment/core#enable/java");
    let missing: Vec<_> =
        missing_consents(&plan, &[]).iter().map(|consent| consent.address.to_string()).collect();
    assert_eq!(missing, ["Image/java", "ImageVersion/java/1.0.0"]);
}

#[test]
fn an_image_that_comes_later_and_is_not_listed_is_switched_off_once_it_shows() {
    let later = |name: &str| {
        edited(|config| {
            for address in ["Image/java", "ImageVersion/java/1.0.0"] {
                let mut body = config[address].clone();
                if address == "Image/java" {
                    body["identifier"]["sku"] = json!(name);
                } else {
                    body["image"] = json!(format!("Image/{name}"));
                }
                config[address.replace("java", name)] = body;
            }
        })
    };
    let (plan, recorded) = change(&both_stories(), &later("extra"));
    assert_eq!(
        verbs(&plan),
        ["update GalleryAttachment/core", "create Image/extra", "create ImageVersion/extra/1.0.0"]
    );
    assert_eq!(plan.changes[0].notes, ["switches off extra, which this plan makes"]);
    let off = "GalleryAttachment/core#disable-others";
    let sweep = plan.action(off).and_then(|action| action.steps[0].sweep.clone()).expect("a sweep");
    assert_eq!(sweep.awaits, ["extra"]);
    let (after, order) = carried_out(&plan, &recorded);
    before(&order, "ImageVersion/extra/1.0.0#create", off);
    assert!(planned(&desired(&later("extra")), &after).is_empty());

    // Only the image was made when the run ended: what is left is still known.
    let mut broken_off = after;
    let record = plan.records.iter().find(|record| record.address.kind() == "GalleryAttachment");
    let row = record.and_then(|record| record.row.clone()).expect("what is left is recorded first");
    broken_off.rows.insert("GalleryAttachment/core".parse().expect("an address"), row);
    let again = planned(&desired(&later("extra")), &broken_off);
    assert_eq!(verbs(&again), ["update GalleryAttachment/core"]);
    assert!(again.actions.iter().any(|action| action.steps.iter().any(|step| step.sweep.is_some())));

    // An image without a version shows nowhere, and one that others list is theirs.
    let (plan, _) = change(
        &both_stories(),
        &edited(|config| {
            config["Image/empty"] = config["Image/java"].clone();
            config["Image/empty"]["identifier"]["sku"] = json!("empty");
        }),
    );
    assert_eq!(verbs(&plan), ["create Image/empty"]);
}

#[test]
fn a_replaced_lab_is_published_again_within_its_replacement() {
    let (plan, recorded) =
        change(&both_stories(), &edited(|config| config["Lab/programming"]["size"] = json!("Large")));
    assert_eq!(verbs(&plan), ["replace Lab/programming", "invoke Publish/programming"]);
    assert_eq!(plan.summary().invoke, 0);
    assert_eq!(plan.consents.iter().map(|consent| consent.what).collect::<Vec<_>>(), [AllowedWhat::Replace]);
    let (_, order) = carried_out(&plan, &recorded);
    before(&order, "Lab/programming#delete", "Lab/programming#create");
    before(&order, "Lab/programming#create", "Publish/programming#publish");
}

#[test]
fn a_higher_revision_exports_again_and_leaves_the_labs_made_before() {
    let (plan, _) = change(&both_stories(), &edited(|config| config["Export/sql"]["revision"] = json!(2)));
    assert_eq!(verbs(&plan), ["invoke Export/sql"]);
    assert_eq!(plan.consents.iter().map(|consent| consent.what).collect::<Vec<_>>(), [AllowedWhat::Reexport]);
}

#[test]
fn a_lower_revision_is_refused() {
    let (plan, _) =
        change(&both_stories(), &edited(|config| config["Publish/programming"]["revision"] = json!(0)));
    assert!(plan.is_empty());
    assert_eq!(plan.findings.len(), 1, "{:?}", plan.findings);
}

#[test]
fn a_line_that_is_taken_away_leaves_azure_alone() {
    let (plan, recorded) = change(
        &both_stories(),
        &edited(|config| drop(config["Lab/programming"].as_object_mut().expect("a map").remove("capacity"))),
    );
    assert_eq!(verbs(&plan), ["update Lab/programming"]);
    assert!(plan.actions.iter().all(|action| action.steps.iter().all(|step| step.request.is_none())));
    let (recorded, _) = carried_out(&plan, &recorded);
    assert!(!recorded.rows["Lab/programming"].attributes.contains_key("capacity"));
}

#[test]
fn a_protected_resource_is_not_deleted_even_without_its_block() {
    let protected = edited(|config| config["Gallery/sig"]["protect"] = json!(true));
    let (recorded, _) =
        carried_out(&planned(&desired(&protected), &Recorded::default()), &Recorded::default());
    let plan = plan(&desired(&json!({})), &recorded, &options()).expect("a plan");
    let refused: Vec<_> = plan.findings.iter().map(|finding| finding.rule.as_str()).collect();
    assert_eq!(refused, ["protect"]);
}

#[test]
fn lifting_a_protection_is_a_change_of_the_record_only() {
    let with = |protect: bool| edited(|config| config["Gallery/sig"]["protect"] = json!(protect));
    let (plan, recorded) = change(&with(true), &with(false));
    assert_eq!(verbs(&plan), ["update Gallery/sig"]);
    let (recorded, _) = carried_out(&plan, &recorded);
    assert!(!recorded.rows["Gallery/sig"].protect);
}

#[test]
fn an_ignored_edit_is_noted_and_not_done() {
    let with = |capacity: u32| {
        edited(|config| {
            config["Lab/programming"]["capacity"] = json!(capacity);
            config["Lab/programming"]["ignoreChanges"] = json!(["capacity"]);
        })
    };
    let (plan, _) = change(&with(20), &with(30));
    assert!(plan.is_empty(), "{:?}", verbs(&plan));
    let noted: Vec<_> = plan.findings.iter().map(|finding| finding.rule.as_str()).collect();
    assert_eq!(noted, ["ignoreChanges"]);
}

#[test]
fn an_ignored_edit_beside_another_takes_no_consent_and_loses_nothing() {
    let with = |capacity: u32, title: &str| {
        edited(|config| {
            config["Lab/programming"]["capacity"] = json!(capacity);
            config["Lab/programming"]["title"] = json!(title);
            config["Lab/programming"]["ignoreChanges"] = json!(["capacity"]);
        })
    };
    let (plan, _) = change(&with(30, "Java"), &with(20, "Java, twice"));
    assert_eq!(verbs(&plan), ["update Lab/programming"]);
    assert_eq!(plan.consents, []);
    assert!(
        plan.changes[0].notes.iter().all(|note| !note.contains("deleted")),
        "{:?}",
        plan.changes[0].notes
    );
}

#[test]
fn a_moved_lab_keeps_its_name_and_everything_below_it() {
    let mut config = both_stories();
    let map = config.as_object_mut().expect("a map");
    let mut lab = map.remove("Lab/programming").expect("the lab");
    lab["name"] = json!("programming");
    map.insert("Lab/java".into(), lab);
    map.remove("Publish/programming");
    map.insert("Publish/java".into(), json!({ "lab": "Lab/java", "revision": 1 }));
    let first = desired(&both_stories());
    let (recorded, _) = carried_out(&planned(&first, &Recorded::default()), &Recorded::default());
    let mut second = desired(&config);
    second.moved.push(Moved {
        from: Address::new("Lab", "programming"),
        to: Address::new("Lab", "java"),
        source: Source { file: "labwright.yaml".into(), line: 9, column: 1 },
    });
    let plan = planned(&second, &recorded);
    assert_eq!(verbs(&plan), ["move Lab/java"]);
    let (recorded, _) = carried_out(&plan, &recorded);
    assert!(planned(&second, &recorded).is_empty());

    second.resources.get_mut("Lab/java").expect("the lab").attributes.insert("name".into(), json!("java"));
    let (recorded, _) = carried_out(&planned(&first, &Recorded::default()), &Recorded::default());
    let refused = labwright::plan::plan(&second, &recorded, &options()).expect("a plan");
    let help = refused
        .findings
        .iter()
        .find(|finding| finding.rule == "moved")
        .and_then(|finding| finding.help.clone());
    assert_eq!(help.as_deref(), Some("add `name: programming` to Lab/java"));
}

#[test]
fn a_target_takes_along_what_it_needs_and_an_exclusion_what_needs_it() {
    let config = desired(&both_stories());
    let target = |options: Options| plan(&config, &Recorded::default(), &options).expect("a plan");
    let one = target(Options { target: vec![Address::new("Lab", "golden")], ..options() });
    assert_eq!(verbs(&one), ["create Lab/golden", "create LabAccount/la", "create ResourceGroup/rg"]);
    let without = target(Options { exclude: vec![Address::new("Image", "sql")], ..options() });
    let left = verbs(&without).join(" ");
    assert!(!left.contains("Lab/databases") && !left.contains("Export/sql"), "{left}");
    let unknown = plan(
        &config,
        &Recorded::default(),
        &Options { target: vec![Address::new("Lab", "goldn")], ..options() },
    );
    assert_eq!(
        unknown,
        Err(PlanError::UnknownAddress {
            given: Address::new("Lab", "goldn"),
            near: Some(Address::new("Lab", "golden"))
        })
    );
}

#[test]
fn a_lab_made_from_its_own_export_is_a_circle() {
    let config = edited(|config| config["Lab/golden"]["image"] = json!("Image/sql"));
    let error = plan(&desired(&config), &Recorded::default(), &options()).expect_err("a circle");
    let PlanError::Cycle { around } = error else { panic!("{error}") };
    let around: Vec<_> = around.iter().map(|(address, _)| address.to_string()).collect();
    for member in ["Lab/golden", "Export/sql"] {
        assert!(around.iter().any(|address| address == member), "{around:?}");
    }
}

#[test]
fn a_lab_of_a_deleted_name_waits_for_the_deletion() {
    let mut config = both_stories();
    let map = config.as_object_mut().expect("a map");
    let mut lab = map.remove("Lab/databases").expect("the lab");
    lab["name"] = json!("databases");
    lab["size"] = json!("Small");
    map.insert("Lab/db".into(), lab);
    let (plan, recorded) = change(&both_stories(), &config);
    let (_, order) = carried_out(&plan, &recorded);
    before(&order, "Lab/databases#delete", "Lab/db#create");
}

#[test]
fn a_gallery_is_switched_by_detaching_first() {
    let mut config = both_stories();
    let map = config.as_object_mut().expect("a map");
    map.insert("Gallery/new".into(), json!({ "resourceGroup": "rg", "location": "westeurope" }));
    map.insert("GalleryAttachment/new".into(), json!({ "to": "LabAccount/la", "gallery": "Gallery/new" }));
    for gone in [
        "GalleryAttachment/core",
        "Lab/programming",
        "Publish/programming",
        "Lab/databases",
        "Export/sql",
        "Image/sql",
    ] {
        map.remove(gone);
    }
    let (plan, recorded) = change(&both_stories(), &config);
    let (_, order) = carried_out(&plan, &recorded);
    before(&order, "GalleryAttachment/core#delete", "GalleryAttachment/new#attach");
    before(&order, "Lab/programming#delete", "GalleryAttachment/core#delete");
}

#[test]
fn a_plan_is_data_and_the_same_bytes_every_time() {
    let config = desired(&both_stories());
    let text = || serde_json::to_string(&planned(&config, &Recorded::default())).expect("JSON");
    let first = text();
    assert_eq!(first, text());
    let back: Plan = serde_json::from_str(&first).expect("a plan");
    assert_eq!(back, planned(&config, &Recorded::default()));
    assert!(back.changes.iter().all(|change| change.verb != Verb::Keep));
}

#[test]
fn an_image_not_yet_exported_is_pending_and_a_lab_from_it_is_refused() {
    let config = edited(|config| {
        config["Export/sql"]["revision"] = json!(0);
    });
    let plan = plan(&desired(&config), &Recorded::default(), &options()).expect("a plan");
    let refused: Vec<_> = plan.findings.iter().map(|finding| finding.rule.as_str()).collect();
    assert_eq!(refused, ["EXP-04"]);
    assert!(!verbs(&plan).iter().any(|verb| verb.ends_with("Image/sql")));
}

#[test]
fn an_old_version_goes_only_when_the_new_one_is_there() {
    let config = edited(|config| {
        let map = config.as_object_mut().expect("a map");
        let version = map.remove("ImageVersion/java/1.0.0").expect("the version");
        map.insert("ImageVersion/java/1.0.1".into(), version);
    });
    let (plan, recorded) = change(&both_stories(), &config);
    let (_, order) = carried_out(&plan, &recorded);
    before(&order, "ImageVersion/java/1.0.1#create", "ImageVersion/java/1.0.0#delete");
}

#[test]
fn what_was_done_to_something_is_gone_with_it() {
    let config = desired(&both_stories());
    let (recorded, _) = carried_out(&planned(&config, &Recorded::default()), &Recorded::default());
    let gone = ["Lab/programming", "Image/sql"].map(|address| (address.parse().expect("an address"), None));
    let fresh = labwright::plan::refreshed(&recorded, &gone.into_iter().collect());
    let again = verbs(&planned(&config, &fresh));
    for verb in
        ["create Lab/programming", "invoke Publish/programming", "create Image/sql", "invoke Export/sql"]
    {
        assert!(again.iter().any(|done| done == verb), "{verb} is not in {again:?}");
    }
}

#[test]
fn what_is_adopted_is_only_read_before_anything_is_made_from_it() {
    let mut config = both_stories();
    for address in ["ResourceGroup/rg", "Gallery/sig", "LabAccount/la"] {
        config[address]["adopt"] = json!(true);
    }
    let config = desired(&config);
    let plan = planned(&config, &Recorded::default());
    assert!(labwright::plan::check(&plan).is_empty());
    assert_eq!(plan.summary().import, 3, "{:?}", verbs(&plan));
    let imports = plan.actions.iter().filter(|action| action.verb == Verb::Import);
    assert!(imports.flat_map(|action| &action.steps).all(|step| step.request.is_none()));
    let (recorded, order) = carried_out(&plan, &Recorded::default());
    before(&order, "ResourceGroup/rg#import", "Gallery/sig#import");
    before(&order, "Gallery/sig#import", "Image/java#create");
    before(&order, "LabAccount/la#import", "GalleryAttachment/core#attach");
    let again = planned(&config, &recorded);
    assert!(again.is_empty(), "what is recorded is not adopted again: {:?}", verbs(&again));
    let config_of_lab = {
        let mut config = both_stories();
        config["Lab/programming"]["adopt"] = json!(true);
        config["Lab/golden"]["adopt"] = json!(true);
        desired(&config)
    };
    let plan = planned(&config_of_lab, &Recorded::default());
    for id in ["Publish/programming#publish", "Export/sql#export"] {
        let expects = &plan.action(id).expect("it is planned").expects;
        assert!(matches!(expects, Expectation::NeverDone { .. }), "{id} may have been done already");
    }
    let gone = plan_without_files(&config, &recorded);
    assert!(gone.contains(&"forget ResourceGroup/rg".to_owned()), "{gone:?}");
}

/// The verbs of a plan that takes everything away.
fn plan_without_files(config: &labwright::model::Desired, recorded: &Recorded) -> Vec<String> {
    verbs(&plan(config, recorded, &Options { destroy: true, ..options() }).expect("a plan"))
}

#[test]
fn a_move_that_is_written_is_not_asked_for_again() {
    let mut config = both_stories();
    let lab = config["Lab/programming"].clone();
    let map = config.as_object_mut().expect("a map");
    map.remove("Lab/programming");
    map.remove("Publish/programming");
    map.insert("Lab/coding".into(), lab);
    let first = desired(&both_stories());
    let (recorded, _) = carried_out(&planned(&first, &Recorded::default()), &Recorded::default());
    let mut config = desired(&config);
    let rules =
        |plan: &Plan| -> Vec<String> { plan.findings.iter().map(|finding| finding.rule.clone()).collect() };
    assert!(rules(&planned(&config, &recorded)).contains(&"renamed".to_owned()));
    let source = Source { file: "labwright.yaml".into(), line: 1, column: 1 };
    let (from, to) = (Address::new("Lab", "programming"), Address::new("Lab", "coding"));
    config.moved.push(Moved { from, to, source });
    let said = rules(&planned(&config, &recorded));
    assert!(said.contains(&"moved".to_owned()), "its name in Azure would change: {said:?}");
    assert!(!said.contains(&"renamed".to_owned()), "{said:?}");
}
