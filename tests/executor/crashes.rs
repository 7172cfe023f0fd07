//! A run that dies at any point is settled, planned afresh and carried out: the same world, nothing twice.

use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::sync::Arc;

use labwright::apply::{Surroundings, execute, settle};
use labwright::model::RunOutcome;
use labwright::plan::{Plan, Summary, check};
use labwright::state::Store;
use serde_json::{Value, json};

use super::bench::{self, Bench, as_it_is, desired, now, planned};
use super::world::{Death, Mortal};

/// The files before and after a change, and whether everything is to go instead.
struct Case {
    name: &'static str,
    before: BTreeMap<String, Value>,
    after: BTreeMap<String, Value>,
    destroy: bool,
}

fn cases() -> Vec<Case> {
    let files = bench::files();
    let published = bench::with(&files, "Publish/x", json!({"lab": "Lab/x", "revision": 1}));
    let changed = {
        let mut lab = files["Lab/x"].clone();
        lab["capacity"] = json!(5);
        lab["title"] = json!("Java, twice");
        bench::with(&published, "Lab/x", lab)
    };
    let exported = {
        let image =
            json!({"name": "sql", "gallery": "Gallery/sig", "location": "westeurope", "exported": true});
        let export = json!({"image": "Image/sql", "lab": "Lab/x", "revision": 1});
        let attachment = json!({"to": "LabAccount/a", "gallery": "Gallery/sig",
            "enabledImages": ["Image/java", "Image/sql"]});
        let files = bench::with(&published, "Image/sql", image);
        bench::with(&bench::with(&files, "Export/sql", export), "GalleryAttachment/core", attachment)
    };
    let without = |unwanted: &str| -> BTreeMap<_, _> {
        published
            .iter()
            .filter(|(address, _)| !address.contains(unwanted))
            .map(|(a, b)| (a.clone(), b.clone()))
            .collect()
    };
    let case = |name, before: &BTreeMap<_, _>, after: &BTreeMap<_, _>, destroy| Case {
        name,
        before: before.clone(),
        after: after.clone(),
        destroy,
    };
    vec![
        case("create", &BTreeMap::new(), &published, false),
        case("change", &published, &changed, false),
        // Its attachment does not list the image, so its switch is to be set although no file names it.
        case("upload", &without("/py"), &published, false),
        case("export", &published, &exported, false),
        case("destroy", &published, &published, true),
    ]
}

async fn prepared(case: &Case) -> Bench {
    let mut bench = Bench::default();
    if !case.before.is_empty() {
        assert_eq!(bench.apply(&case.before).await, Some(RunOutcome::Done), "{:?}", bench.failures());
    }
    bench
}

fn plan_of(case: &Case, bench: &Bench) -> Plan {
    planned(&desired(&case.after), &bench.stored(), case.destroy)
}

/// Carries the plan out until the run dies, if it does.
async fn run_until_death(bench: &mut Bench, plan: &Plan, death: &Arc<Death>) {
    let run = bench.begin(plan);
    let recorded = bench.stored();
    let options = bench.options;
    let mut told = Vec::new();
    bench.store.death = Some(Arc::clone(death));
    {
        let mortal = Mortal { world: &bench.world, death: Arc::clone(death) };
        let secrets = bench::Passwords::default();
        let store = &mut bench.store;
        let mut surroundings =
            Surroundings { arm: &mortal, store, secrets: &secrets, now: &now, open_subscription: &as_it_is };
        let mut events = |event| told.push(event);
        let run = execute(run, plan, recorded, &mut surroundings, &options, pending(), &mut events);
        tokio::select! {
            biased;
            () = death.knell.notified() => {}
            _ = run => {}
        }
    }
    bench.store.death = None;
    bench.told.extend(told);
}

/// What the next `apply` does: settles what broke off, plans afresh, carries that out.
async fn recover(bench: &mut Bench, case: &Case) {
    let header = bench.last_run();
    if header.outcome.is_none() {
        let plan: Plan =
            serde_json::from_str(&bench.store.plan_of(header.id).expect("a plan")).expect("JSON");
        let (recorded, options, mut events) = (bench.stored(), bench.options, |_| {});
        let settled =
            settle(&header, &plan, recorded, &mut bench.surroundings(), &options, &mut events).await;
        let settled = settled.expect("the store works");
        assert!(settled.is_clear, "{:?}", settled.found);
        assert_eq!(settled.recorded, bench.stored());
    }
    let plan = plan_of(case, bench);
    assert_eq!(check(&plan), Vec::<String>::new());
    if !plan.is_empty() {
        let outcome = bench.execute(&plan).await.outcome;
        assert_eq!(outcome, Some(RunOutcome::Done), "{:?}", bench.failures());
    }
}

/// How the world and the state differ from what an uninterrupted run leaves.
fn differences(bench: &Bench, whole: &Bench) -> Vec<String> {
    let mut found = Vec::new();
    let (is, should) = (bench.world.snapshot(), whole.world.snapshot());
    for path in is.keys().chain(should.keys()).collect::<BTreeSet<_>>() {
        let (is, should) = (is.get(path), should.get(path));
        if is != should {
            found.push(format!("{path} is {is:?}, not {should:?}"));
        }
    }
    let (is, should) = (bench.stored().rows, whole.stored().rows);
    for address in is.keys().chain(should.keys()).collect::<BTreeSet<_>>() {
        let (is, should) = (is.get(address), should.get(address));
        if is != should {
            found.push(format!("{address} is {is:?}, not {should:?}"));
        }
    }
    let (is, should) = (bench.world.effects(), whole.world.effects());
    if is != should {
        found.push(format!("effects are {is:?}, not {should:?}"));
    }
    found
}

#[tokio::test]
async fn a_run_that_dies_at_any_point_is_recovered_with_nothing_lost_and_nothing_twice() {
    let mut points = 0;
    let mut wrong = Vec::new();
    for case in cases() {
        let mut whole = prepared(&case).await;
        let death = Death::at(None);
        let plan = plan_of(&case, &whole);
        run_until_death(&mut whole, &plan, &death).await;
        assert_eq!(whole.last_run().outcome, Some(RunOutcome::Done), "{}: {:?}", case.name, whole.failures());
        let empty = Summary { keep: plan_of(&case, &whole).kept, ..Summary::default() };
        assert_eq!(plan_of(&case, &whole).summary(), empty, "{}", case.name);
        for point in 0..death.points() {
            let mut bench = prepared(&case).await;
            let plan = plan_of(&case, &bench);
            run_until_death(&mut bench, &plan, &Death::at(Some(point))).await;
            recover(&mut bench, &case).await;
            let differs = differences(&bench, &whole);
            if !differs.is_empty() {
                wrong.push(format!(
                    "{}, point {point} of {}: {}",
                    case.name,
                    death.points(),
                    differs.join("; ")
                ));
            }
        }
        points += death.points();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
    assert!(points > 100, "{points} points are too few to mean anything");
}
