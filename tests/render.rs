//! What people and machines see of plans, runs and drift, as text.

use labwright::model::{
    Address, Allowed, AllowedWhat, ArmId, Cloud, Entry, EntryKind, Expectation, Finding, Identity, Severity,
    Source,
};
use labwright::plan::{Action, AttributeChange, Change, Consent, Event, Outcome, Plan, Run, Verb};
use labwright::render::json::{DriftDocument, PlanDocument, RunDocument, text};
use labwright::render::terminal::{self, Look};
use labwright::render::{
    Background, DriftView, Next, Pace, PlanView, Progress, RunView, Settled, SettledAction,
};
use serde_json::{Value, json};

fn address(text: &str) -> Address {
    text.parse().expect("an address")
}

fn source(file: &str, line: u32) -> Option<Source> {
    Some(Source { file: file.into(), line, column: 3 })
}

fn attribute(path: &str, before: Value, after: Value) -> AttributeChange {
    let value = |value: Value| (!value.is_null()).then_some(value);
    AttributeChange {
        path: path.into(),
        before: value(before),
        after: value(after),
        sensitive: false,
        why: None,
        source: None,
    }
}

fn change(at: &str, verb: Verb, source: Option<Source>, attributes: Vec<AttributeChange>) -> Change {
    Change {
        address: address(at),
        verb,
        source,
        attributes,
        summary: Vec::new(),
        notes: Vec::new(),
        within: None,
    }
}

fn action(id: &str, verb: Verb, needs: &[&str], estimate_seconds: u64) -> Action {
    let (at, _) = id.split_once('#').expect("an id");
    Action {
        id: id.into(),
        address: address(at),
        verb,
        needs: needs.iter().map(|need| (*need).to_owned()).collect(),
        arm_id: ArmId::new("/subscriptions/main/resourceGroups/rg"),
        expects: Expectation::Anything,
        contents: Vec::new(),
        there: Vec::new(),
        work: labwright::catalog::Work::Small,
        estimate_seconds,
        steps: Vec::new(),
        recorded: None,
    }
}

fn identity(cloud: Cloud) -> Identity {
    Identity {
        project: "contoso-cs".into(),
        environment: Some("prod".into()),
        cloud,
        tenant: None,
        subscription: None,
    }
}

fn empty() -> Plan {
    Plan {
        format_version: 1,
        made_by: "0.1.0".into(),
        identity: identity(Cloud::Azure),
        lineage: None,
        today: "2026-11-23".into(),
        destroy: false,
        changes: Vec::new(),
        kept: 3,
        actions: Vec::new(),
        findings: Vec::new(),
        consents: Vec::new(),
        facts: Vec::new(),
        estimate_seconds: 0,
        critical_path: Vec::new(),
        records: Vec::new(),
    }
}

/// One of everything that a plan can show.
fn plan() -> Plan {
    let mut export = change(
        "Export/db-sql",
        Verb::Invoke,
        source("images.yaml", 31),
        vec![attribute("revision", json!(1), json!(2))],
    );
    export.summary = vec!["exports cs340-golden's template VM, stopping it".into()];
    export.notes.push("the 4 labs made from 1.0.0 stay as they are".into());
    let mut masked = attribute("credentials.password", Value::Null, Value::Null);
    masked.sensitive = true;
    let mut lab = change(
        "Lab/cs340-A",
        Verb::Create,
        source("terms/spring27.csv", 2),
        vec![
            attribute("capacity", Value::Null, json!(30)),
            attribute("credentials.username", Value::Null, json!("student")),
            masked,
            attribute("image", Value::Null, json!("Image/db-sql")),
            attribute("quota", Value::Null, json!("PT20H")),
            attribute("size", Value::Null, json!("Medium")),
        ],
    );
    lab.summary = ["30 × Medium from db-sql", "quota 20h", "in cs-core-la"].map(str::to_owned).to_vec();
    let mut publish = change("Publish/cs340-A", Verb::Invoke, source("terms/spring27.csv", 2), Vec::new());
    publish.summary = vec!["published".into()];
    publish.within = Some(address("Lab/cs340-A"));
    let mut immutable = attribute("os.state", json!("Generalized"), json!("Specialized"));
    immutable.why = Some("immutable".into());
    immutable.source = source("images.yaml", 12);
    let mut dropped = attribute("quota", json!("PT20H"), Value::Null);
    dropped.why = Some("no longer managed".into());
    let changes = vec![
        export,
        change("Gallery/old", Verb::Forget, None, Vec::new()),
        change("GalleryAttachment/x", Verb::Delete, None, Vec::new()),
        change("Image/java-dev", Verb::Replace, source("images.yaml", 9), vec![immutable]),
        change(
            "ImageVersion/cpp/1.4.0",
            Verb::Update,
            source("images.yaml", 20),
            vec![
                attribute("excludeFromLatest", json!(["a", "b"]), json!(["b", "c"])),
                attribute("replicate.regions.francecentral", Value::Null, json!(1)),
                attribute("replicate.regions.westeurope", json!(1), json!(2)),
            ],
        ),
        change(
            "Lab/cs220-A",
            Verb::Update,
            source("terms/spring27.csv", 14),
            vec![
                attribute("capacity", json!(30), json!(34)),
                attribute(
                    "description",
                    json!("Programming in Java\nRoom 101\nBring a laptop\n"),
                    json!("Programming in Java\nRoom 202\nBring a laptop\n"),
                ),
                dropped,
            ],
        ),
        lab,
        publish,
    ];
    let actions = vec![
        action("Export/db-sql#export", Verb::Invoke, &[], 7200),
        action("Image/java-dev#create", Verb::Create, &["Image/java-dev#delete"], 10),
        action("Image/java-dev#delete", Verb::Delete, &[], 10),
        action("Lab/cs220-A#update", Verb::Update, &[], 3900),
        action("Lab/cs340-A#create", Verb::Create, &["Export/db-sql#export"], 1500),
        action("Publish/cs340-A#publish", Verb::Invoke, &["Lab/cs340-A#create"], 3900),
    ];
    let finding = Finding {
        rule: "GAL-09".into(),
        severity: Severity::Warning,
        message: "one replica serves 20 VMs at a time, and 30 are made at once".into(),
        address: Some(address("ImageVersion/cpp/1.4.0")),
        source: source("images.yaml", 20),
        help: Some("write `replicas: 2`".into()),
    };
    let consent = |what, at: &str, given| Consent { what, address: address(at), given };
    Plan {
        changes,
        critical_path: ["Export/db-sql#export", "Lab/cs340-A#create", "Publish/cs340-A#publish"]
            .map(str::to_owned)
            .to_vec(),
        actions,
        findings: vec![finding],
        consents: vec![
            consent(AllowedWhat::Replace, "Image/java-dev", source("labwright.yaml", 22)),
            consent(AllowedWhat::Reexport, "Export/db-sql", None),
        ],
        estimate_seconds: 12_600,
        ..empty()
    }
}

fn background() -> Background {
    Background {
        compared: vec!["Compared with the record. Azure was not read; --refresh reads it first.".into()],
        apply_command: "labwright apply --env prod".into(),
        ..Background::default()
    }
}

fn shown(plan: &Plan) -> String {
    terminal::plan(&PlanView::new(plan, background()), Look::default())
}

#[test]
fn a_plan_says_what_cannot_be_undone_first() {
    insta::assert_snapshot!(shown(&plan()));
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let text = shown(&plan());
    let wide: Vec<_> = text.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(wide.is_empty(), "{wide:#?}");
}

#[test]
fn a_plan_in_colour_says_the_same() {
    let text = terminal::plan(&PlanView::new(&plan(), background()), Look { width: 80, colour: true });
    assert_eq!(anstream::adapter::strip_str(&text).to_string(), shown(&plan()));
    insta::assert_snapshot!(text.replace('\u{1b}', "␛"));
}

#[test]
fn warnings_do_not_suppress_that_nothing_changes() {
    let plan = Plan { findings: plan().findings, ..empty() };
    insta::assert_snapshot!(shown(&plan), @r"
    contoso-cs, prod: Azure
    Compared with the record. Azure was not read; --refresh reads it first.

    Rules  1 warning
    warning GAL-09  ImageVersion/cpp/1.4.0                            images.yaml:20
        one replica serves 20 VMs at a time, and 30 are made at once
        help: write `replicas: 2`

    No changes.
    ");
}

#[test]
fn a_refused_plan_ends_with_its_errors_and_nothing_to_paste() {
    let refused = |plan: Plan| {
        let error = Finding { severity: Severity::Error, ..plan.findings[0].clone() };
        shown(&Plan { findings: vec![error], ..plan })
    };
    let text = refused(plan());
    assert!(text.ends_with(" to invoke.\nRefused: 1 error above.\n"), "{text}");
    assert!(!text.contains("--allow") && !text.contains("Missing consent"), "{text}");
    let text = refused(Plan { findings: plan().findings, ..empty() });
    assert!(text.ends_with("\n\nRefused: 1 error above.\n") && !text.contains("No changes."), "{text}");
}

#[test]
fn a_missing_consent_is_added_to_what_is_given() {
    let mut plan = plan();
    plan.consents.iter_mut().for_each(|consent| consent.given = None);
    plan.consents.push(Consent { address: address("Image/other"), ..plan.consents[0].clone() });
    let one = Allowed { what: AllowedWhat::Replace, on: None, at_most: Some(1) };
    let background =
        Background { allowed: vec![one], counted: vec![(AllowedWhat::Replace, 1)], ..background() };
    let command = PlanView::new(&plan, background).apply_command;
    assert_eq!(command, "labwright apply --env prod --allow replace=2 --allow reexport=1");
}

#[test]
fn an_import_is_counted_first_and_only_when_there_is_one() {
    let changes = vec![change("Lab/a", Verb::Import, None, Vec::new())];
    let plan = Plan { changes, ..empty() };
    let line = terminal::summary_line(&PlanView::new(&plan, Background::default()));
    assert_eq!(line, "Plan: 1 to import, 0 to add, 0 to change, 0 to destroy.");
}

#[test]
fn a_name_cannot_move_the_cursor() {
    let changes = vec![Change {
        notes: vec!["\u{1b}[2Jgone".into()],
        ..change("Lab/a\u{1b}]0;x\u{7}", Verb::Create, source("a\u{1b}[31m.yaml", 1), Vec::new())
    }];
    let plan = Plan { changes, ..empty() };
    assert!(!shown(&plan).contains(['\u{1b}', '\u{7}']));
    let document = PlanDocument::new("plan", 0, &PlanView::new(&plan, background()));
    assert!(!text(&document).contains("\\u001b]"), "names in JSON are clean as well");
}

#[test]
fn json_masks_what_is_sensitive_and_leaves_out_what_counts_within_another() {
    let plan = plan();
    let document = PlanDocument::new("plan", 0, &PlanView::new(&plan, background()));
    let value = serde_json::to_value(&document).expect("serialises");
    let changes = value["changes"].as_array().expect("a list");
    let addresses: Vec<_> = changes.iter().map(|change| change["address"].as_str().expect("text")).collect();
    assert!(addresses.is_sorted());
    assert!(!addresses.contains(&"Publish/cs340-A"));
    let lab = changes.iter().find(|change| change["address"] == "Lab/cs340-A").expect("the lab");
    let expected = json!({
        "path": "credentials.password", "before": null, "after": null, "sensitive": true, "why": null, "source": null
    });
    assert_eq!(lab["attributes"][2], expected);
    assert_eq!(lab["source"], json!({ "file": "terms/spring27.csv", "line": 2, "column": 3 }));
    assert_eq!(value["summary"]["keep"], 3);
}

fn entry(action: &str, kind: EntryKind) -> Entry {
    Entry { action: action.into(), step: 0, kind }
}

fn incomplete(plan: &Plan) -> RunView<'_> {
    let done = || EntryKind::Done { outputs: serde_json::Map::new() };
    let failed = EntryKind::Failed {
        code: "OperationNotAllowed".into(),
        message: "The template VM must be stopped before it is saved to a gallery.".into(),
    };
    let journal = [
        entry("Image/java-dev#delete", done()),
        entry("Image/java-dev#create", done()),
        entry("Lab/cs220-A#update", done()),
        entry("Export/db-sql#export", failed),
    ];
    RunView::new(&Run::after(plan, &journal), Some(147), false)
}

#[test]
fn an_incomplete_run_says_why_in_azures_words_and_what_never_started() {
    let mut plan = plan();
    plan.changes.retain(|change| plan.actions.iter().any(|action| action.address == change.address));
    insta::assert_snapshot!(terminal::run(&incomplete(&plan), Look::default()), @r"
    ✗ Export/db-sql  export failed
        OperationNotAllowed: The template VM must be stopped before it is saved to a
        gallery.
    ○ Never started, because of Export/db-sql:
        create Lab/cs340-A, publish cs340-A

    Apply incomplete! Resources: 1 added, 1 changed, 1 destroyed; 1 failed, 2 not started.
    ");
}

#[test]
fn a_run_in_json_names_every_action_with_its_outcome() {
    let plan = plan();
    let view = PlanView::new(&plan, background());
    let document = RunDocument::new(PlanDocument::new("apply", 5, &view), &incomplete(&plan));
    let value = serde_json::to_value(&document).expect("serialises");
    assert_eq!((&value["exit_code"], &value["run"]["id"]), (&json!(5), &json!(147)));
    let outcomes = value["run"]["actions"].as_array().expect("a list");
    let outcomes: Vec<_> = outcomes.iter().map(|action| action["outcome"].clone()).collect();
    assert_eq!(outcomes, ["failed", "done", "done", "done", "not-started", "not-started"]);
}

#[test]
fn a_destroy_counts_what_is_gone() {
    let plan = Plan {
        destroy: true,
        changes: vec![change("Lab/a", Verb::Delete, None, Vec::new())],
        actions: vec![action("Lab/a#delete", Verb::Delete, &[], 600)],
        ..empty()
    };
    let journal = [entry("Lab/a#delete", EntryKind::Done { outputs: serde_json::Map::new() })];
    let view = RunView::new(&Run::after(&plan, &journal), Some(1), false);
    assert_eq!(terminal::result_line(&view), "Destroy complete! Resources: 1 destroyed.");
}

#[test]
fn a_settled_run_says_what_became_of_what_was_under_way() {
    let action = |what: &str, outcome, finding: &str| SettledAction {
        what: what.into(),
        outcome,
        finding: finding.into(),
    };
    let settled = Settled {
        run: 147,
        by: "pid 4711 on ci-7".into(),
        seconds_ago: 2280,
        done: 9,
        failed: 1,
        of: 21,
        not_started: 8,
        actions: vec![
            action("create cs340-A", Outcome::Done, "Azure finished it; recorded"),
            action("export db-sql", Outcome::Unknown, "still running; followed"),
            action("create cs340-B", Outcome::NotStarted, "never reached Azure"),
        ],
        left: vec!["create cs340-B".into(), "publish cs340-A".into()],
        no_longer_asked: vec!["Lab/cs466-A".into()],
    };
    let stopped = Settled { actions: Vec::new(), ..settled.clone() };
    let text = terminal::settled(&stopped, &Next::NotYet, Look::default());
    assert!(text.starts_with("Run 147 (pid 4711 on ci-7) was interrupted 38 min ago.\n"), "{text}");
    let anew = Next::Anew { resume: Some("labwright resume".into()) };
    insta::assert_snapshot!(terminal::settled(&settled, &anew, Look::default()), @r"
    Run 147 (pid 4711 on ci-7) broke off 38 min ago.
    9 of its 21 actions done, 1 failed, 3 under way, 8 never started.
      ✓ create cs340-A  Azure finished it; recorded
      … export db-sql   still running; followed
      ○ create cs340-B  never reached Azure
    Nothing lost, nothing twice. What is left is planned anew from the files.
    Planned by run 147, no longer asked for, not done: Lab/cs466-A
    To finish run 147 as it was planned instead, answer no, then:
      labwright resume
    ");
    let planned = terminal::settled(&settled, &Next::AsPlanned, Look::default());
    let last = planned.lines().last().expect("a line");
    assert_eq!(last, "Left, and carried out as it was planned: create cs340-B, publish cs340-A");
}

#[test]
fn drift_says_what_is_gone_and_what_changed() {
    let attributes = vec![attribute("quota", json!("PT10H"), json!("PT20H"))];
    let mut view = DriftView::new(
        &identity(Cloud::Azure),
        214,
        Vec::new(),
        "labwright apply --env prod --refresh".into(),
    );
    view.add("Lab/cs101-A", source("terms/spring27.csv", 2), Some(&attributes));
    view.add("Lab/cs110-C", source("terms/spring27.csv", 9), None);
    insta::assert_snapshot!(terminal::drift(&view, Look::default()), @r"
    contoso-cs, prod: Azure; 214 resources read.

    ~ Lab/cs101-A                                               terms/spring27.csv:2
        quota  10h → 20h
    - Lab/cs110-C  gone from Azure                              terms/spring27.csv:9

      put back what the files say   labwright apply --env prod --refresh --target ADDR
      keep what Azure has           write it into the files; or `ignoreChanges`

    Drift: 1 gone, 1 changed.
    ");
    let value = serde_json::to_value(DriftDocument::new(2, &view)).expect("serialises");
    assert_eq!(value["changes"][1]["verb"], "drift");
    assert_eq!(value["summary"]["keep"], 212);
}

#[test]
fn what_could_not_be_read_is_said_once_and_is_not_called_unchanged() {
    let command = "labwright apply --refresh".to_owned();
    let mut view = DriftView::new(&identity(Cloud::Azure), 2, Vec::new(), command);
    let unread = |name: usize| Finding {
        rule: "unreadable".into(),
        severity: Severity::Error,
        message: "Unreachable: the connection was refused.".into(),
        address: Some(address(&format!("Lab/cs{name}"))),
        source: None,
        help: None,
    };
    view.unread = (0..10).map(unread).collect();
    insta::assert_snapshot!(terminal::drift(&view, Look::default()), @r"
    contoso-cs, prod: Azure; 2 resources read.

    Could not read 10 of 12 resources: Unreachable: the connection was refused.
    Nothing can be said about them.
    ");
    let value = serde_json::to_value(DriftDocument::new(1, &view)).expect("serialises");
    assert_eq!(value["findings"][9]["severity"], "error");
    assert_eq!(value["summary"]["keep"], 2);
}

#[test]
fn schemas_are_what_the_types_say() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    for (name, schema) in labwright::render::json::schemas() {
        let file = folder.join(format!("{name}.schema.json"));
        let fresh = text(&schema);
        if std::env::var_os("LABWRIGHT_UPDATE").is_some() {
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(&file, &fresh).expect("written");
        }
        let stored = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(stored, fresh, "{name} is out of date: LABWRIGHT_UPDATE=1 cargo test schemas");
    }
}

#[test]
fn a_run_says_how_much_time_is_left_where_its_pace_is_azures() {
    let plan = Plan {
        actions: vec![
            action("Lab/a#create", Verb::Create, &[], 600),
            action("Lab/b#create", Verb::Create, &[], 600),
            action("Lab/c#create", Verb::Create, &["Lab/a#create"], 60),
        ],
        ..empty()
    };
    let begun = |pace| {
        let mut progress = Progress::new(&plan, std::collections::BTreeSet::new(), pace);
        progress.take(&Event::Started { action: "Lab/a#create".into() }, 0);
        progress
    };
    let one = begun(Pace::Azure { workers: 1 });
    assert_eq!(one.beginning(), "3 actions to carry out; this takes about 21 min");
    assert_eq!(one.left(60).as_deref(), Some("about 20 min left"), "one after the other");
    let two = begun(Pace::Azure { workers: 2 });
    assert_eq!(two.left(60).as_deref(), Some("about 10 min left"), "the longest path");
    assert!(two.heartbeat(60).ends_with(" after 1 min, about 10 min left"), "{}", two.heartbeat(60));
    assert_eq!(begun(Pace::Emulated).left(60), None);
}

#[test]
fn documents_fit_their_schemas() {
    let plan = plan();
    let view = PlanView::new(&plan, background());
    let run = RunDocument::new(PlanDocument::new("apply", 5, &view), &incomplete(&plan));
    let documents = [
        ("plan", serde_json::to_value(PlanDocument::new("plan", 2, &view))),
        ("apply", serde_json::to_value(run)),
        ("drift", serde_json::to_value(DriftDocument::failed(6, Vec::new()))),
    ];
    for (name, document) in documents {
        let schemas = labwright::render::json::schemas();
        let (_, schema) = schemas.iter().find(|(known, _)| *known == name).expect("a schema");
        let validator = jsonschema::validator_for(schema.as_value()).expect("a schema");
        let errors: Vec<_> =
            validator.iter_errors(&document.expect("serialises")).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
}
