//! What a review says of two writings of the files, without any record.

use labwright::model::{Address, Desired, Finding, Moved, Setting, Severity, Source};
use labwright::plan::{Review, Verb, review, setting_changes};
use serde_json::{Value, json};

use crate::world::{both_stories, desired, options, verbs};

fn reviewed(base: &Desired, head: &Desired) -> Review {
    let review = review(Some(base), head, &options()).expect("a review");
    let broken = labwright::plan::check(&review.plan);
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    review
}

fn edited(edit: impl FnOnce(&mut Value)) -> Review {
    let mut config = both_stories();
    let base = desired(&config);
    edit(&mut config);
    reviewed(&base, &desired(&config))
}

fn consents(review: &Review) -> Vec<String> {
    review.plan.consents.iter().map(|own| format!("{} {}", own.what.as_str(), own.address)).collect()
}

#[test]
fn the_same_files_on_other_lines_are_no_change() {
    let base = desired(&both_stories());
    let mut head = base.clone();
    for resource in head.resources.values_mut() {
        resource.source.line += 7;
    }
    let review = reviewed(&base, &head);
    assert!(review.plan.is_empty() && review.noted.is_empty(), "{:?}", verbs(&review.plan));
}

#[test]
fn everything_is_new_where_there_is_no_base() {
    let review = review(None, &desired(&both_stories()), &options()).expect("a review");
    let summary = review.plan.summary();
    assert_eq!((summary.create, summary.invoke, summary.update), (10, 1, 0));
    assert!(review.plan.findings.is_empty(), "{:?}", review.plan.findings);
}

#[test]
fn a_first_publish_and_a_first_export_are_no_second_ones() {
    let mut config = both_stories();
    config["Publish/programming"]["revision"] = json!(0);
    let base = desired(&config);
    config["Publish/programming"]["revision"] = json!(1);
    let review = reviewed(&base, &desired(&config));
    assert_eq!(verbs(&review.plan), ["invoke Publish/programming"]);
    assert!(consents(&review).is_empty(), "{:?}", consents(&review));
    let again = edited(|config| config["Publish/programming"]["revision"] = json!(2));
    assert_eq!(consents(&again), ["republish Publish/programming"]);
}

#[test]
fn a_replaced_lab_says_how_many_seats_are_lost_and_only_where_they_were_published() {
    let review = edited(|config| {
        config["Lab/programming"]["size"] = json!("Large");
        config["Lab/databases"]["size"] = json!("Large");
    });
    assert_eq!(consents(&review), ["replace Lab/databases", "replace Lab/programming"]);
    let affected = |address: &str| {
        let own = review.affected[&address.parse::<Address>().expect("an address")];
        (own.labs, own.seats, own.published)
    };
    assert_eq!(affected("Lab/programming"), (1, 20, 20));
    assert_eq!(affected("Lab/databases"), (1, 12, 0));
}

#[test]
fn who_rests_on_a_change_is_counted_through_what_lies_between_and_not_sideways() {
    let review = edited(|config| {
        config["Gallery/sig"]["description"] = json!("another");
        config["Export/sql"]["revision"] = json!(2);
        config["ImageVersion/java/1.1.0"] =
            json!({ "image": "Image/java", "source": { "managedDisk": "/subscriptions/s/x/y/z" } });
    });
    let labs = |address: &str| {
        let own = review.affected[&address.parse::<Address>().expect("an address")];
        (own.labs, own.seats)
    };
    // Every lab of a gallery image, but not the one from the marketplace.
    assert_eq!(labs("Gallery/sig"), (2, 32));
    assert_eq!(labs("Export/sql"), (1, 12));
    assert_eq!(labs("ImageVersion/java/1.1.0"), (1, 20));
}

#[test]
fn a_deleted_account_takes_its_labs_along_and_says_where_each_stood() {
    let mut config = both_stories();
    let base = desired(&config);
    let all = config.as_object_mut().expect("a map");
    all.retain(|address, _| address.starts_with("ResourceGroup") || address.starts_with("Gallery/"));
    let review = reviewed(&base, &desired(&config));
    let account = review.plan.changes.iter().find(|change| change.address.as_str() == "LabAccount/la");
    let account = account.expect("it goes");
    assert_eq!(account.verb, Verb::Delete);
    assert!(account.notes.iter().any(|note| note.starts_with("stood at labwright.yaml:")), "{account:?}");
    let seats = review.affected[&account.address];
    assert_eq!((seats.labs, seats.seats, seats.published), (3, 33, 20));
}

#[test]
fn a_move_is_a_move_and_without_the_line_it_is_a_loss_with_the_line_to_paste() {
    let mut config = both_stories();
    let base = desired(&config);
    let renamed = config.as_object_mut().expect("a map").remove("Lab/databases").expect("it is there");
    config["Lab/dbs"] = renamed;
    config["Lab/dbs"]["name"] = json!("databases");
    let mut head = desired(&config);
    let without = reviewed(&base, &head);
    assert_eq!(verbs(&without.plan), ["delete Lab/databases", "create Lab/dbs"]);
    assert_eq!(without.plan.findings[0].rule, "renamed");
    head.moved.push(Moved {
        from: Address::new("Lab", "databases"),
        to: Address::new("Lab", "dbs"),
        source: Source { file: "labwright.yaml".into(), line: 1, column: 1 },
    });
    let with = reviewed(&base, &head);
    assert_eq!(verbs(&with.plan), ["move Lab/dbs"]);
    assert!(consents(&with).is_empty() && with.noted.is_empty());
    let gallery = Address::new("Gallery", "sig");
    let own = head.resources.get_mut(&gallery).expect("it is there");
    own.attributes.insert("description".into(), json!("another"));
    let both = reviewed(&base, &head).affected[&gallery];
    assert_eq!((both.labs, both.seats), (2, 32), "a renamed lab is one");
}

#[test]
fn another_password_is_noted_and_a_secret_that_nothing_read_is_a_warning() {
    let review = edited(|config| {
        config["Lab/programming"]["credentials"]["password"] = json!({ "env": "AZURE_CLIENT_SECRET" });
        config["Lab/databases"]["ignoreChanges"] = json!(["capacity"]);
    });
    assert!(review.plan.is_empty(), "{:?}", verbs(&review.plan));
    let noted: Vec<_> = review
        .noted
        .iter()
        .flat_map(|change| change.attributes.iter().map(|own| (change.address.as_str(), own)))
        .map(|(address, own)| format!("{address} {} {:?} {:?}", own.path, own.before, own.after.is_some()))
        .collect();
    let expected =
        ["Lab/databases ignoreChanges None true", "Lab/programming credentials.password None false"];
    assert_eq!(noted, expected);
    let [finding] = &review.plan.findings[..] else { panic!("{:?}", review.plan.findings) };
    assert_eq!((finding.rule.as_str(), finding.severity), ("secret", Severity::Warning));
    assert!(finding.message.contains("`env: AZURE_CLIENT_SECRET`"), "{}", finding.message);
}

#[test]
fn a_rule_that_base_broke_too_is_not_news_and_one_that_is_kept_again_is_mended() {
    let finding = |rule: &str, line: u32| Finding {
        rule: rule.into(),
        severity: Severity::Warning,
        message: "as it is".into(),
        address: None,
        source: Some(Source { file: "labwright.yaml".into(), line, column: 1 }),
        help: None,
    };
    let (mut base, mut head) = (desired(&both_stories()), desired(&both_stories()));
    base.findings = vec![finding("A", 1), finding("B", 2)];
    head.findings = vec![finding("B", 3), finding("C", 4)];
    let review = reviewed(&base, &head);
    let rules = |findings: Vec<&Finding>| findings.iter().map(|own| own.rule.clone()).collect::<Vec<_>>();
    assert_eq!(rules(review.standing.iter().collect()), ["B"]);
    assert_eq!(rules(review.mended.iter().collect()), ["A"]);
}

#[test]
fn a_protected_resource_that_goes_is_refused() {
    let mut config = both_stories();
    config["Lab/databases"]["protect"] = json!(true);
    let base = desired(&config);
    config.as_object_mut().expect("a map").remove("Lab/databases");
    let review = review(Some(&base), &desired(&config), &options()).expect("a review");
    assert_eq!(review.plan.findings[0].rule, "protect");
    assert!(!review.standing.contains(&review.plan.findings[0]));
}

#[test]
fn settings_differ_by_path_and_say_what_follows() {
    let setting = |value: Value| Setting {
        value,
        source: Source { file: "labwright.yaml".into(), line: 3, column: 1 },
    };
    let base = [
        ("cloud.azure.endpoint".to_owned(), setting(json!("https://a"))),
        ("state".into(), setting(json!("x"))),
    ];
    let head = [
        ("cloud.azure.endpoint".to_owned(), setting(json!("https://b"))),
        ("environments.prod.include".into(), setting(json!(["prod/"]))),
        (
            "state".into(),
            Setting { source: Source { line: 9, ..base[1].1.source.clone() }, ..base[1].1.clone() },
        ),
    ];
    let changes = setting_changes(&base.into(), &head.into());
    let said: Vec<_> = changes.iter().map(|own| format!("{}: {}", own.path, own.why)).collect();
    let expected = [
        "cloud.azure.endpoint: after the merge requests and tokens go there: make sure that it is yours",
        "environments.prod.include: other files are read: what is left out looks as if it were to be deleted",
    ];
    assert_eq!(said, expected);
}
