//! The executor against a scripted ARM: order, durability, lost answers, refusals, crashes.

mod bench;
mod crashes;
mod emulated;
mod world;

use std::sync::{Arc, Mutex};

use bench::{Bench, action, delete, desired, put, row, run_plan};
use labwright::apply::{Found, Options, Seen, execute, look_up, observe};
use labwright::model::{Address, Done, EntryKind, Expectation, Recording, RunOutcome};
use labwright::plan::{ActionState, Event, Outcome, Verb};
use serde_json::json;
use world::{Fault, World};

#[tokio::test]
async fn independent_actions_are_under_way_at_the_same_time() {
    // Each request is answered only once the other one is there too.
    let together = Some(("resourcegroups/", Arc::new(tokio::sync::Barrier::new(2))));
    let mut bench = Bench { world: World { together, ..World::default() }, ..Bench::default() };
    let plan = run_plan(vec![put("ResourceGroup/a", &[]), put("ResourceGroup/b", &[])]);
    let report = bench.execute(&plan).await;
    assert_eq!(report.outcome, Some(RunOutcome::Done));
    assert_eq!(report.recorded.rows.len(), 2);
}

#[tokio::test]
async fn a_failure_stops_its_dependents_only() {
    let mut bench = Bench::default();
    bench.world.fault("resourcegroups/a", Fault::Refused(403, "AuthorizationFailed"));
    let plan = run_plan(vec![
        put("ResourceGroup/a", &[]),
        put("ResourceGroup/b", &["ResourceGroup/a#create"]),
        put("ResourceGroup/c", &[]),
    ]);
    let report = bench.execute(&plan).await;
    let outcomes: Vec<_> = plan.actions.iter().map(|action| report.run.outcome(&action.id)).collect();
    assert_eq!(outcomes, [Outcome::Failed, Outcome::NotStarted, Outcome::Done]);
    let Some(ActionState::Failed(failure)) = report.run.state("ResourceGroup/a#create") else {
        panic!("{:?}", bench.failures())
    };
    assert_eq!((failure.code.as_str(), failure.message.as_str()), ("AuthorizationFailed", "No."));
    assert_eq!(report.outcome, Some(RunOutcome::Incomplete));
}

#[tokio::test]
async fn an_intent_is_durable_before_its_request_leaves() {
    let bench = Bench::default();
    let journal = Arc::clone(&bench.journaled);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let watch = move |request: &str| {
        let journaled = journal.lock().expect("a journal").clone();
        noted.lock().expect("a list").push((request.to_owned(), journaled));
    };
    let mut bench = Bench { world: World { watch: Some(Box::new(watch)), ..World::default() }, ..bench };
    let plan =
        run_plan(vec![put("ResourceGroup/a", &[]), put("ResourceGroup/b", &["ResourceGroup/a#create"])]);
    let _ = bench.execute(&plan).await;
    let seen = seen.lock().expect("a list");
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0].1, ["started ResourceGroup/a#create"]);
    assert!(seen[1].1.contains(&"done ResourceGroup/a#create".to_owned()));
    assert_eq!(seen[1].1.last().map(String::as_str), Some("started ResourceGroup/b#create"));
}

#[tokio::test]
async fn a_lost_post_is_not_repeated_when_its_effect_shows() {
    let mut bench = Bench::with_lab().await;
    bench.world.fault("default/publish", Fault::LostAfter);
    let report =
        bench.apply(&bench::with(&bench.files(), "Publish/x", json!({"lab": "Lab/x", "revision": 1}))).await;
    assert_eq!(report, Some(RunOutcome::Done));
    assert_eq!(bench.world.effects(), ["a/createLab", "default/publish"]);
}

#[tokio::test]
async fn a_lost_post_is_repeated_once_when_nothing_shows() {
    let mut bench = Bench::with_lab().await;
    bench.world.fault("default/publish", Fault::LostBefore);
    let files = bench::with(&bench.files(), "Publish/x", json!({"lab": "Lab/x", "revision": 1}));
    assert_eq!(bench.apply(&files).await, Some(RunOutcome::Done));
    let attempts: Vec<_> = bench.started("Publish/x#publish").iter().map(|(attempt, _)| *attempt).collect();
    assert_eq!(attempts[..2], [1, 2]);

    let mut bench = Bench::with_lab().await;
    bench.world.fault("default/publish", Fault::LostBefore);
    bench.world.fault("default/publish", Fault::LostBefore);
    assert_eq!(bench.apply(&files).await, Some(RunOutcome::Incomplete));
    let codes: Vec<_> =
        bench.failures().into_iter().map(|(action, failure)| (action, failure.code)).collect();
    assert_eq!(codes, [("Publish/x#publish".to_owned(), "no_answer".to_owned())]);
}

#[tokio::test]
async fn what_is_there_is_not_taken_over() {
    let mut bench = Bench::default();
    bench.world.put("/subscriptions/s/resourceGroups/a", json!({"location": "westeurope"}));
    let mut create = put("ResourceGroup/a", &[]);
    let read = create.steps[0].evidence.clone().expect("a PUT's evidence").read;
    create.expects = Expectation::Absent { read };
    let plan = run_plan(vec![create]);
    let report = bench.execute(&plan).await;
    let Some(ActionState::Failed(failure)) = report.run.state("ResourceGroup/a#create") else {
        panic!("{:?}", bench.failures())
    };
    assert_eq!(failure.code, "exists");
    assert!(failure.message.contains("adopt: true"), "{}", failure.message);
    assert!(bench.world.log().is_empty());
}

#[tokio::test]
async fn what_changed_since_is_not_overwritten_and_what_is_as_asked_already_is() {
    for (live, refused) in [("1", false), ("2", false), ("3", true)] {
        let mut bench = Bench::default();
        let tags = |value: &str| json!({"name": "a", "location": "westeurope", "tags": {"t": value}});
        bench
            .world
            .put("/subscriptions/s/resourceGroups/a", json!({"location": "westeurope", "tags": {"t": live}}));
        let mut update = put("ResourceGroup/a", &[]);
        update.verb = Verb::Update;
        update.expects = Expectation::AsRecorded;
        update.recorded = Some(row("a", tags("1")));
        update.steps[0].record = Recording::Put(Box::new(row("a", tags("2"))));
        let plan = run_plan(vec![update]);
        let report = bench.execute(&plan).await;
        match report.run.state("ResourceGroup/a#create") {
            Some(ActionState::Failed(failure)) if refused => {
                assert_eq!(failure.code, "changed_since");
                assert!(failure.message.contains(r#"`tags.t` was "1", is "3""#), "{}", failure.message);
            }
            state => assert_eq!((state, refused), (Some(&ActionState::Done), false), "{live}"),
        }
    }
}

#[tokio::test]
async fn a_container_with_unknown_contents_stays() {
    let mut bench = Bench::default();
    bench.record("ResourceGroup/a", row("a", json!({"name": "a", "location": "westeurope"})));
    bench.record("Gallery/g", row("a/providers/Microsoft.Compute/galleries/g", json!({"name": "g"})));
    bench.world.put("/subscriptions/s/resourceGroups/a", json!({"location": "westeurope"}));
    bench.world.put("/subscriptions/s/resourceGroups/a/providers/Microsoft.Compute/galleries/g", json!({}));
    bench.world.put("/subscriptions/s/resourceGroups/a/providers/X.Y/vaults/secret", json!({}));
    let plan = run_plan(vec![delete("ResourceGroup/a")]);
    let report = bench.execute(&plan).await;
    let Some(ActionState::Failed(failure)) = report.run.state("ResourceGroup/a#delete") else {
        panic!("{:?}", bench.failures())
    };
    assert_eq!(failure.code, "contents");
    assert!(failure.message.starts_with("1 resources in `ResourceGroup/a` are not recorded here"));
    assert!(failure.message.contains("vaults/secret"), "{}", failure.message);
    assert!(bench.world.log().is_empty());
}

#[tokio::test]
async fn what_is_gone_already_is_deleted_without_a_request() {
    let mut bench = Bench::default();
    bench.record("ResourceGroup/a", row("a", json!({"name": "a", "location": "westeurope"})));
    let plan = run_plan(vec![delete("ResourceGroup/a")]);
    let report = bench.execute(&plan).await;
    assert_eq!(report.recorded.rows.len(), 0);
    assert!(bench.world.log().is_empty());
    let done = Event::Done { action: "ResourceGroup/a#delete".into(), already: true };
    assert!(bench.told().contains(&done));
}

#[tokio::test]
async fn what_was_done_before_is_recorded_instead_of_done_again() {
    let mut bench = Bench::default();
    bench
        .world
        .put("/subscriptions/s/resourceGroups/a", json!({"properties": {"publishingState": "Published"}}));
    let mut invoke = put("ResourceGroup/a", &[]);
    let read = invoke.steps[0].evidence.clone().expect("evidence").read;
    let done = Done::Field { pointer: "/properties/publishingState".into(), is: vec!["Published".into()] };
    invoke.expects = Expectation::NeverDone { read, done };
    let plan = run_plan(vec![invoke]);
    let report = bench.execute(&plan).await;
    assert!(bench.world.log().is_empty());
    assert!(report.recorded.rows.contains_key("ResourceGroup/a"));
}

#[tokio::test]
async fn a_move_renames_rows_and_references() {
    let mut bench = Bench::default();
    bench.record("Lab/a", row("a", json!({"name": "a"})));
    bench.record("Publish/a", row("a", json!({"lab": "Lab/a"})));
    let mut rename = action("Lab/b", "move", Verb::Move, Vec::new());
    rename.steps = vec![bench::note(Recording::Move { from: Address::new("Lab", "a") })];
    let plan = run_plan(vec![rename]);
    let report = bench.execute(&plan).await;
    let addresses: Vec<_> = report.recorded.rows.keys().map(Address::as_str).collect();
    assert_eq!(addresses, ["Lab/b", "Publish/b"]);
    assert_eq!(bench.stored(), report.recorded);
}

#[tokio::test]
async fn a_stop_lets_what_is_under_way_end_and_starts_nothing_more() {
    let mut bench = Bench { options: Options { parallelism: 1, ..bench::options() }, ..Bench::default() };
    let plan = run_plan(vec![put("ResourceGroup/a", &[]), put("ResourceGroup/b", &[])]);
    let run = bench.begin(&plan);
    let recorded = bench.stored();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut stop = Some(stop);
    let mut told = Vec::new();
    let mut events = |event: Event| {
        if let (Event::Started { .. }, Some(stop)) = (&event, stop.take()) {
            stop.send(()).expect("somebody waits");
        }
        told.push(event);
    };
    let options = bench.options;
    let waits = async { drop(stopped.await) };
    let report = execute(run, &plan, recorded, &mut bench.surroundings(), &options, waits, &mut events).await;
    let report = report.expect("the store works");
    assert!(report.stopped);
    assert_eq!(report.outcome, None);
    assert_eq!(bench.world.log(), ["put resourcegroups/a"]);
    assert!(told.contains(&Event::Stopping));
    // What was stopped is gone on with.
    let recorded = bench.stored();
    let report = bench.go_on(run, &plan, recorded).await;
    assert_eq!(report.outcome, Some(RunOutcome::Done));
    assert_eq!(bench.world.log(), ["put resourcegroups/a", "put resourcegroups/b"]);
}

#[tokio::test]
async fn a_store_that_fails_lets_nothing_more_leave() {
    let mut bench = Bench { store: bench::Ledger::failing_after(0), ..Bench::default() };
    let plan = run_plan(vec![put("ResourceGroup/a", &[])]);
    let error = bench.try_execute(&plan).await.expect_err("it is full");
    assert_eq!(error.to_string(), "the journal cannot be written, so nothing more was started");
    assert!(bench.world.log().is_empty());
}

#[tokio::test]
async fn secrets_leave_and_are_never_written_down() {
    let bench = Bench::with_lab().await;
    let body = bench.world.get(&format!("{}/labs/x/environmentsettings/default", bench::ACCOUNT));
    assert!(body.is_some());
    let written = format!("{:?} {:?}", bench.store.everything(), bench.told());
    assert!(!written.contains("hunter2"), "{written}");
    assert!(bench.opened() > 0);
}

#[tokio::test]
async fn an_operation_that_fails_late_fails_its_action_in_azures_words() {
    let mut bench = Bench::default();
    bench.world.fault("resourcegroups/a", Fault::FailsLate);
    let plan = run_plan(vec![put("ResourceGroup/a", &[])]);
    let report = bench.execute(&plan).await;
    let Some(ActionState::Failed(failure)) = report.run.state("ResourceGroup/a#create") else {
        panic!("{:?}", bench.failures())
    };
    assert_eq!((failure.code.as_str(), failure.message.as_str()), ("LateFailure", "It broke."));
}

#[tokio::test]
async fn an_operation_that_hangs_is_left_after_a_while_and_followed_by_whoever_goes_on() {
    let mut bench = Bench::default();
    bench.options.patience = std::time::Duration::from_millis(20);
    let plan =
        run_plan(vec![put("ResourceGroup/a", &[]), put("ResourceGroup/b", &["ResourceGroup/a#create"])]);
    bench.world.slow = Some(("/resourcegroups/a", 200));
    let report = bench.execute(&plan).await;
    assert_eq!((report.outcome, report.run.outcome("ResourceGroup/a#create")), (None, Outcome::Unknown));
    assert_eq!(report.run.outcome("ResourceGroup/b#create"), Outcome::NotStarted);
    let unclear =
        |event: &Event| matches!(event, Event::Unclear { failure, .. } if failure.code == "still_waiting");
    assert!(bench.told().iter().any(unclear), "{:?}", bench.told());

    bench.options.patience = std::time::Duration::from_secs(60);
    let header = bench.last_run();
    let (recorded, options) = (bench.stored(), bench.options);
    let found = look_up(&header, &plan, recorded, &mut bench.surroundings(), &options, &mut |_| {}).await;
    let found = found.expect("the store works");
    assert_eq!(found.found, [("ResourceGroup/a#create".to_owned(), Found::Followed)]);
    assert_eq!(bench.world.log(), ["put resourcegroups/a"], "nothing was sent again");
}

#[tokio::test]
async fn what_a_create_of_ours_left_failed_is_made_anew_and_what_others_left_is_not() {
    let group = "/subscriptions/s/resourceGroups/a";
    let failed = json!({"location": "westeurope", "properties": {"provisioningState": "Failed"}});
    let mut create = put("ResourceGroup/a", &[]);
    let read = create.steps[0].evidence.clone().expect("a PUT's evidence").read;
    create.expects = Expectation::Absent { read };
    let plan = run_plan(vec![create]);
    let exists = |state: Option<&ActionState>| matches!(state, Some(ActionState::Failed(failure)) if failure.code == "exists");

    let mut bench = Bench::default();
    bench.world.fault("resourcegroups/a", Fault::Refused(403, "AuthorizationFailed"));
    assert_eq!(bench.execute(&plan).await.outcome, Some(RunOutcome::Incomplete));
    bench.world.leave(group, failed.clone());
    let report = bench.execute(&plan).await;
    assert!(exists(report.run.state("ResourceGroup/a#create")), "a create that was refused left nothing");

    let mut bench = Bench::default();
    bench.world.fault("resourcegroups/a", Fault::FailsLate);
    assert_eq!(bench.execute(&plan).await.outcome, Some(RunOutcome::Incomplete));
    bench.world.leave(group, failed.clone());
    bench.world.fault("resourcegroups/a", Fault::Refused(429, "TooManyRequests"));
    assert_eq!(bench.execute(&plan).await.outcome, Some(RunOutcome::Incomplete));
    assert_eq!(bench.execute(&plan).await.outcome, Some(RunOutcome::Done), "{:?}", bench.failures());

    // The create was done, so that what is there now is another's.
    bench.world.leave(group, failed);
    let report = bench.execute(&plan).await;
    assert!(exists(report.run.state("ResourceGroup/a#create")), "{:?}", bench.failures());
}

#[tokio::test]
async fn what_is_recorded_is_read_for_drift() {
    let bench = Bench::with_lab().await;
    let mut recorded = bench.stored();
    recorded.rows.insert(Address::new("ResourceGroup", "lost"), row("lost", json!({"name": "lost"})));
    let all = recorded.rows.keys().cloned().collect();
    let seen = observe(&recorded, &all, &bench.world, 4).await;
    assert_eq!(seen.get("ResourceGroup/lost"), Some(&Seen::Gone));
    assert!(matches!(seen.get("Lab/x"), Some(Seen::There(_))), "{seen:?}");
    assert_eq!(seen.len(), all.len());
}

#[tokio::test]
async fn a_post_that_never_left_is_dropped_and_one_that_did_is_finished() {
    let cases = [(None, Found::NeverReached), (Some(1), Found::Finished), (Some(9), Found::Followed)];
    for (reads_until_published, expected) in cases {
        let shown = reads_until_published.is_some();
        let mut bench = Bench::with_lab().await;
        let files = bench::with(&bench.files(), "Publish/x", json!({"lab": "Lab/x", "revision": 1}));
        let plan = bench.plan(&desired(&files));
        let run = bench.begin(&plan);
        let evidence = json!({"/properties/lastPublished": null, "/properties/publishingState": "Draft"});
        let started = EntryKind::Started {
            arm_id: plan.actions[0].arm_id.clone(),
            digest: String::new(),
            attempt: 1,
            evidence,
        };
        bench.journal(run, "Publish/x#publish", started);
        if let Some(reads) = reads_until_published {
            bench.publish("x").await;
            bench.world.delay(&format!("{}/labs/x/environmentsettings/default", bench::ACCOUNT), reads);
        }
        let header = bench.last_run();
        let (recorded, options) = (bench.stored(), bench.options);
        let mut events = |_| {};
        let settled =
            look_up(&header, &plan, recorded, &mut bench.surroundings(), &options, &mut events).await;
        let settled = settled.expect("the store works");
        assert_eq!(settled.found, [("Publish/x#publish".to_owned(), expected)]);
        assert_eq!((settled.done_before, settled.never_started, settled.actions), (0, 0, 1));
        assert_eq!(settled.recorded.rows.contains_key("Publish/x"), shown);
        assert_eq!(bench.last_run().outcome, None, "whoever goes on with it ends it");
        if shown {
            // Leaving setup mode shows in no row, so it was caught up with.
            let template = bench.world.get(&format!("{}/labs/x/environmentsettings/default", bench::ACCOUNT));
            let template = template.expect("a template");
            assert_eq!(template["properties"]["configurationState"], "Completed");
        }
    }
}
