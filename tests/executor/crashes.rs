//! A run that dies at any point is recovered, planned afresh or finished as it was planned, also where the recovery dies
//! too: the same world, nothing twice.

use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::io::Write as _;
use std::sync::Arc;

use labwright::apply::{Surroundings, begin, execute, look_up};
use labwright::model::{Address, Desired, Moved, RunHeader, RunOutcome, Source};
use labwright::plan::{Plan, Summary, check};
use labwright::state::Store;
use serde_json::{Value, json};

use super::bench::{self, Bench, as_it_is, desired, now, planned};
use super::world::{Death, Fault, Mortal};

/// The files before and after a change, and whether everything is to go instead.
struct Case {
    name: &'static str,
    before: BTreeMap<String, Value>,
    after: BTreeMap<String, Value>,
    destroy: bool,
    /// The new key of a lab, whose old one is `x`.
    moved: Option<&'static str>,
    /// What goes wrong once.
    fault: Option<(&'static str, Fault)>,
}

/// How a run that died is gone on with.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    /// As `apply` does: planned afresh from the files.
    Afresh,
    /// As `resume` does: finished as it was planned.
    AsPlanned,
}

/// The requests that a case lets go wrong.
struct Requests {
    lab: &'static str,
    publish: &'static str,
}

/// The cases of both generations.
fn cases() -> Vec<Case> {
    let of_account = Requests { lab: "a/createlab", publish: "default/publish" };
    let of_plan = Requests { lab: "put labs/x", publish: "x/publish" };
    let mut cases = cases_of(&bench::files(), "LabAccount/a", &of_account);
    cases.extend(cases_of(&bench::files_of_plan(), "LabPlan/a", &of_plan));
    cases
}

fn cases_of(files: &BTreeMap<String, Value>, holder: &str, requests: &Requests) -> Vec<Case> {
    let published = bench::with(files, "Publish/x", json!({"lab": "Lab/x", "revision": 1}));
    let lecture = |lab: &str, stop: &str| {
        json!({"name": "lecture", "lab": lab, "timeZone": "W. Europe Standard Time", "from": "2027-02-01",
            "until": "2027-06-11", "days": ["Mon", "Wed"], "start": "09:45", "stop": stop})
    };
    let published = bench::with(&published, "Schedule/x/lecture", lecture("Lab/x", "12:00"));
    let changed = {
        let mut lab = files["Lab/x"].clone();
        lab["capacity"] = json!(5);
        lab["title"] = json!("Java, twice");
        let files = bench::with(&published, "Lab/x", lab);
        bench::with(&files, "Schedule/x/lecture", lecture("Lab/x", "12:30"))
    };
    let exported = {
        let image =
            json!({"name": "sql", "gallery": "Gallery/sig", "location": "westeurope", "exported": true});
        let export = json!({"image": "Image/sql", "lab": "Lab/x", "revision": 1});
        let attachment = json!({"to": holder, "gallery": "Gallery/sig",
            "enabledImages": ["Image/java", "Image/sql"]});
        let files = bench::with(&published, "Image/sql", image);
        bench::with(&bench::with(&files, "Export/sql", export), "GalleryAttachment/core", attachment)
    };
    let ignoring = |files: &BTreeMap<String, Value>, more: Value| {
        let mut lab: Value = files["Lab/x"].clone();
        lab.as_object_mut().expect("a map").extend(more.as_object().expect("a map").clone());
        bench::with(files, "Lab/x", lab)
    };
    let ignored = ["description", "capacity"];
    let ignoring_at_first =
        ignoring(&published, json!({"description": "Bring a laptop", "ignoreChanges": ignored}));
    let ignoring_still = ignoring(
        &ignoring_at_first,
        json!({"description": "Bring two", "capacity": 7, "title": "Java, twice", "quota": "PT30H"}),
    );
    let ignoring_at_last =
        ignoring(&changed, json!({"description": "Bring a laptop", "ignoreChanges": ["description"]}));
    let without = |unwanted: &str| -> BTreeMap<_, _> {
        published
            .iter()
            .filter(|(address, _)| !address.contains(unwanted))
            .map(|(a, b)| (a.clone(), b.clone()))
            .collect()
    };
    let replaced = {
        let mut lab = published["Lab/x"].clone();
        lab["size"] = json!("Large");
        bench::with(&published, "Lab/x", lab)
    };
    let again = bench::with(&published, "Publish/x", json!({"lab": "Lab/x", "revision": 2}));
    let moved = {
        let mut files = published.clone();
        let mut lab = files.remove("Lab/x").expect("a lab");
        lab["capacity"] = json!(4);
        files.remove("Publish/x");
        files.remove("Schedule/x/lecture");
        files.insert("Schedule/y/lecture".into(), lecture("Lab/y", "11:00"));
        files.insert("Lab/y".into(), lab);
        bench::with(&files, "Publish/y", json!({"lab": "Lab/y", "revision": 1}))
    };
    let case = |name, before: &BTreeMap<_, _>, after: &BTreeMap<_, _>| Case {
        name,
        before: before.clone(),
        after: after.clone(),
        destroy: false,
        moved: None,
        fault: None,
    };
    let nothing = BTreeMap::new();
    let forbidden = Fault::Refused(403, "Forbidden");
    vec![
        case("create", &nothing, &published),
        case("change", &published, &changed),
        // What is ignored is sent when it is made, and by no change after that.
        case("create with ignored", &nothing, &ignoring_at_first),
        case("change beside ignored", &ignoring_at_first, &ignoring_still),
        case("change and ignore", &published, &ignoring_at_last),
        // Its attachment does not list the image, so its switch is to be set although no file names it.
        case("upload", &without("/py"), &published),
        case("replace", &published, &replaced),
        case("unschedule", &published, &without("/lecture")),
        case("export", &published, &exported),
        Case { moved: Some("y"), ..case("move", &published, &moved) },
        Case { destroy: true, ..case("destroy", &published, &published) },
        // What fails is tried again by the next run.
        Case {
            destroy: true,
            fault: Some(("delete images/sql", forbidden.clone())),
            ..case("refused deletion", &exported, &exported)
        },
        Case { fault: Some((requests.lab, forbidden.clone())), ..case("refused lab", &nothing, &published) },
        Case { fault: Some((requests.publish, forbidden)), ..case("refused publish", &nothing, &published) },
        Case {
            fault: Some(("versions/1.0.0", Fault::FailsLate)),
            ..case("failing late", &nothing, &published)
        },
        Case { fault: Some((requests.lab, Fault::LostAfter)), ..case("lost answer", &nothing, &published) },
        Case {
            fault: Some(("put schedules/lecture", Fault::LostAfter)),
            ..case("lost schedule", &without("/lecture"), &published)
        },
        Case {
            fault: Some((requests.publish, Fault::LostAfter)),
            ..case("lost publish", &nothing, &published)
        },
        Case {
            fault: Some((requests.publish, Fault::LostAfter)),
            ..case("lost second publish", &published, &again)
        },
        Case { fault: Some((requests.publish, Fault::LostBefore)), ..case("lost way", &nothing, &published) },
    ]
}

async fn prepared(case: &Case) -> Bench {
    let mut bench = Bench::default();
    if !case.before.is_empty() {
        assert_eq!(bench.apply(&case.before).await, Some(RunOutcome::Done), "{:?}", bench.failures());
    }
    bench
}

fn files_of(case: &Case) -> Desired {
    let source = || Source { file: "labwright.yaml".into(), line: 1, column: 1 };
    let moved = |to| Moved { from: Address::new("Lab", "x"), to: Address::new("Lab", to), source: source() };
    Desired { moved: case.moved.into_iter().map(moved).collect(), ..desired(&case.after) }
}

fn plan_of(case: &Case, bench: &Bench) -> Plan {
    planned(&files_of(case), &bench.stored(), case.destroy)
}

/// Lets `work` on a bench go on until the process dies, if it does.
async fn until_death(bench: &mut Bench, death: &Arc<Death>, work: impl AsyncFnOnce(&mut Bench, &Arc<Death>)) {
    bench.store.death = Some(Arc::clone(death));
    tokio::select! {
        biased;
        () = death.knell.notified() => {}
        () = work(bench, death) => {}
    }
    bench.store.death = None;
}

/// Begins a run and carries it out.
async fn carry_out(bench: &mut Bench, plan: &Plan, death: &Arc<Death>) {
    if let Ok(run) = begin(&mut bench.store, bench::header(), plan, &plan.identity) {
        go_on(bench, run, plan, death).await;
    }
}

/// Carries out what is left of a run.
async fn go_on(bench: &mut Bench, run: u64, plan: &Plan, death: &Arc<Death>) {
    let (recorded, options) = (bench.stored(), bench.options);
    let mut told = Vec::new();
    {
        let mortal = Mortal { world: &bench.world, death: Arc::clone(death) };
        let secrets = bench::Passwords::default();
        let store = &mut bench.store;
        let mut surroundings =
            Surroundings { arm: &mortal, store, secrets: &secrets, now: &now, open_subscription: &as_it_is };
        let mut events = |event| told.push(event);
        // A store that fails is how the process learns that it is dead.
        let _ = execute(run, plan, recorded, &mut surroundings, &options, pending(), &mut events).await;
    }
    bench.told.extend(told);
}

/// Finds out what became of a run that broke off.
async fn looked_up(bench: &mut Bench, header: &RunHeader, death: &Arc<Death>) -> Option<Plan> {
    let plan: Plan = serde_json::from_str(&bench.store.plan_of(header.id).expect("a plan")).expect("JSON");
    let (recorded, options) = (bench.stored(), bench.options);
    let mortal = Mortal { world: &bench.world, death: Arc::clone(death) };
    let secrets = bench::Passwords::default();
    let store = &mut bench.store;
    let mut surroundings =
        Surroundings { arm: &mortal, store, secrets: &secrets, now: &now, open_subscription: &as_it_is };
    let settled = look_up(header, &plan, recorded, &mut surroundings, &options, &mut |_| {}).await.ok()?;
    assert!(settled.is_clear, "{:?}", settled.found);
    Some(plan)
}

/// What the next command does about a run that broke off, and then whatever it takes until nothing is left to do.
async fn recover(bench: &mut Bench, case: &Case, way: Way, death: &Arc<Death>) {
    let header = bench.store.runs().expect("readable").pop();
    if let Some(header) = header.filter(|header| header.outcome.is_none()) {
        let Some(plan) = looked_up(bench, &header, death).await else { return };
        match way {
            Way::Afresh if bench.store.end(header.id, now(), RunOutcome::Settled).is_err() => return,
            Way::Afresh => {}
            Way::AsPlanned => go_on(bench, header.id, &plan, death).await,
        }
    }
    // Once more for what was refused or failed.
    for _ in 0..3 {
        let plan = plan_of(case, bench);
        if plan.is_empty() {
            return;
        }
        assert_eq!(check(&plan), Vec::<String>::new());
        carry_out(bench, &plan, death).await;
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

/// A case from its beginning until nothing is left to do, dying once on the way, and once more while it is recovered.
async fn with_deaths(case: &Case, way: Way, first: &Arc<Death>, second: &Arc<Death>) -> Bench {
    let mut bench = prepared(case).await;
    if let Some((request, fault)) = &case.fault {
        bench.world.fault(request, fault.clone());
    }
    let plan = plan_of(case, &bench);
    until_death(&mut bench, first, async |bench, death| carry_out(bench, &plan, death).await).await;
    until_death(&mut bench, second, async |bench, death| recover(bench, case, way, death).await).await;
    let never = Death::at(None);
    until_death(&mut bench, &never, async |bench, death| recover(bench, case, way, death).await).await;
    bench
}

/// Every point of a case at which a run can die, each recovered in `way`; how many there are, and what went wrong.
async fn deaths(case: &Case, way: Way) -> (usize, Vec<String>) {
    let (first, second) = (Death::at(None), Death::at(None));
    let whole = with_deaths(case, way, &first, &second).await;
    let empty = Summary { keep: plan_of(case, &whole).kept, ..Summary::default() };
    assert_eq!(plan_of(case, &whole).summary(), empty, "{}: {:?}", case.name, whole.failures());
    let mut wrong = Vec::new();
    for point in 0..first.points() {
        let never = Death::at(None);
        let once = with_deaths(case, way, &Death::at(Some(point)), &never).await;
        let again = point * 7 % never.points().max(1);
        let twice = with_deaths(case, way, &Death::at(Some(point)), &Death::at(Some(again))).await;
        for (bench, where_) in
            [(once, String::new()), (twice, format!(", then {again} of {}", never.points()))]
        {
            let differs = differences(&bench, &whole);
            if !differs.is_empty() {
                let (name, points) = (case.name, first.points());
                wrong.push(format!(
                    "{name}, {way:?}, point {point} of {points}{where_}: {}",
                    differs.join("; ")
                ));
            }
        }
    }
    (first.points(), wrong)
}

/// Lets every case die at every point, and tells how many there were.
async fn every_death(way: Way) {
    let mut points = 0;
    for case in cases() {
        let (count, wrong) = deaths(&case, way).await;
        assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
        points += count;
    }
    // Past what captures the output of tests that pass.
    let mut out = std::io::stderr().lock();
    writeln!(out, "{way:?}: died at {points} points, and at each a second time later on")
        .expect("somebody listens");
    assert!(points > 500, "{points} points are too few to mean anything");
}

#[tokio::test]
async fn a_run_that_dies_at_any_point_is_planned_afresh_with_nothing_lost_and_nothing_twice() {
    every_death(Way::Afresh).await;
}

#[tokio::test]
async fn a_run_that_dies_at_any_point_is_finished_as_planned_with_nothing_lost_and_nothing_twice() {
    every_death(Way::AsPlanned).await;
}
