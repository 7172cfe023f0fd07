//! The executor over real HTTP against the emulator: both stories there and back.

use std::collections::BTreeMap;
use std::future::pending;

use labwright::apply::{Options, Report, Seen, Surroundings, execute, observe};
use labwright::azure::{Client, Credential, Settings};
use labwright::emulator::{self, DEFAULT_SUBSCRIPTION, DEFAULT_TENANT, Emulator};
use labwright::model::{ArmId, Observed, Read, Recorded, RunOutcome, Secret};
use labwright::plan::{ActionState, Plan, drift};
use labwright::state::{MemoryStore, Store};
use serde_json::json;

use super::bench::{self, Passwords, desired, now, planned};

fn open(name: &str) -> Option<String> {
    (name == "s").then(|| DEFAULT_SUBSCRIPTION.to_owned())
}

fn client(endpoint: String) -> Client {
    let credentials = Credential::ClientSecret {
        tenant: DEFAULT_TENANT.to_owned(),
        client_id: "labwright".into(),
        secret: Secret::new("anything".into()),
    };
    let settings = Settings {
        endpoint,
        authority: None,
        credentials: credentials.into(),
        ca: None,
        correlation_id: uuid::Uuid::from_u128(1),
        subscriptions: BTreeMap::new(),
        hosts: Vec::new(),
        pace: None,
        trace: None,
    };
    Client::new(settings).expect("loopback")
}

async fn carry_out<'p>(client: &Client, store: &mut MemoryStore, plan: &'p Plan) -> Report<'p> {
    let text = serde_json::to_string(plan).expect("a plan is JSON");
    let run = store.begin(bench::header(), &text, &plan.identity).expect("a run");
    let recorded = store.recorded().expect("it adds up");
    let secrets = Passwords::default();
    let mut surroundings =
        Surroundings { arm: client, store, secrets: &secrets, now: &now, open_subscription: &open };
    let options = Options::loopback();
    let report = execute(run, plan, recorded, &mut surroundings, &options, pending(), &mut |_| {}).await;
    report.expect("the store works")
}

fn done(report: &Report<'_>) {
    let failed: Vec<_> = report
        .run
        .states()
        .filter_map(|(action, state)| match state {
            ActionState::Failed(failure) => Some((&action.id, failure)),
            _ => None,
        })
        .collect();
    assert_eq!(report.outcome, Some(RunOutcome::Done), "{failed:#?}");
}

/// What is there, as drift wants it.
async fn seen(client: &Client, recorded: &Recorded) -> BTreeMap<labwright::model::Address, Option<Observed>> {
    let all = recorded.rows.keys().cloned().collect();
    let seen = observe(recorded, &all, client, 10).await;
    let known = |seen| match seen {
        Seen::Gone => None,
        Seen::There(observed) => Some(observed),
        Seen::Unreadable(failure) => panic!("{failure:?}"),
    };
    seen.into_iter().map(|(address, seen)| (address, known(seen))).collect()
}

#[tokio::test]
async fn both_stories_go_there_and_back_over_http() {
    let record = std::env::var_os("LABWRIGHT_EMULATOR_RECORD").map(Into::into);
    let settings = emulator::Settings { record, ..emulator::Settings::default() };
    let emulator = Emulator::start(settings).await.expect("a port is free");
    let client = client(emulator.base_url());
    let mut store = MemoryStore::new();
    let all = bench::with(&bench::files(), "Publish/x", json!({"lab": "Lab/x", "revision": 1}));
    let mut first = all.clone();
    first.retain(|address, _| !address.contains("/py"));
    let image = json!({"name": "sql", "gallery": "Gallery/sig", "location": "westeurope", "exported": true});
    let export = json!({"image": "Image/sql", "lab": "Lab/x", "revision": 1});
    let attachment =
        json!({"to": "LabAccount/a", "gallery": "Gallery/sig", "enabledImages": ["Image/java", "Image/sql"]});
    let second = bench::with(&bench::with(&all, "Image/sql", image), "Export/sql", export);
    let second = bench::with(&second, "GalleryAttachment/core", attachment);
    for files in [&first, &all, &second] {
        let wanted = desired(files);
        let plan = planned(&wanted, &store.recorded().expect("it adds up"), false);
        let report = carry_out(&client, &mut store, &plan).await;
        done(&report);
        assert!(planned(&wanted, &report.recorded, false).is_empty());
        let drifted = drift(&report.recorded, &seen(&client, &report.recorded).await, &wanted);
        assert_eq!(drifted, [], "nothing drifts by itself");
        assert!(report.recorded.rows.values().all(|row| row.arm_id.as_str().contains(DEFAULT_SUBSCRIPTION)));
    }
    let unlisted = ArmId::new(format!(
        "/subscriptions/{DEFAULT_SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.LabServices/labaccounts/a/sharedimages/py"
    ));
    let read = Read { path: unlisted, api_version: "2019-01-01-preview".into(), query: None, list: false };
    let shown = labwright::azure::read(&client, &read).await.expect("an answer").expect("an image");
    assert_eq!(shown["properties"]["enableState"], "Disabled", "what came later is off too");
    let recorded = store.recorded().expect("it adds up");
    assert_eq!(recorded.rows["Export/sql"].outputs["newest"], "1.0.0");
    let plan = planned(&desired(&second), &recorded, true);
    let report = carry_out(&client, &mut store, &plan).await;
    done(&report);
    assert_eq!(report.recorded.rows.len(), 0);
}
