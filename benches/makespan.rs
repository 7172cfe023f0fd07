//! How long a run takes with ten workers, against the least that it can take, and against first-in-first-out.
//!
//! The executor itself carries the plans out, on a clock that jumps to the next moment at which something happens; what
//! Azure takes for each action is drawn around the plan's estimate, by a seed. `--short` carries out a tenth of the graphs.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::future::pending;
use std::path::Path;
use std::time::Duration;

use futures_util::future::BoxFuture;
use labwright::apply::{OpenSecrets, Options, SecretError, Surroundings, begin, execute};
use labwright::azure::{Answer, Arm, ArmError, Call, OperationUrl, Style};
use labwright::catalog::Work;
use labwright::config::{Folder, Options as LoadOptions, load};
use labwright::model::{
    Address, ArmId, Cloud, Expectation, Identity, Method, Recorded, Recording, Request, RunHeader,
    RunOutcome, Secret, SecretReference, Step,
};
use labwright::plan::{self, Action, Plan, Schedule, Verb};
use labwright::state::MemoryStore;
use serde_json::{Value, json};
use tokio::time::Instant;

const WORKERS: usize = 10;
const GRAPHS: usize = 200;

/// The most that the median over the random graphs may be above what a run takes at least.
const RANDOM: f64 = 1.05;
/// The same for `examples/contoso-cs`, over the seeds.
const CONTOSO: f64 = 1.10;

fn main() {
    let is_short = std::env::args().any(|word| word == "--short");
    let graphs = if is_short { GRAPHS / 10 } else { GRAPHS };
    let random: Vec<_> = (1..=graphs as u64).map(|seed| measured(&random(seed), seed)).collect();
    let ratios = |of: fn(&Measured) -> f64| sorted(random.iter().map(of));
    let (ours, fifo, between) =
        (ratios(Measured::ours), ratios(Measured::fifo), ratios(Measured::against_fifo));
    println!("{graphs} random graphs of 500 to 1,000 actions, {WORKERS} workers");
    println!("  longest remaining path first   {}", told(&ours));
    println!("  first in, first out            {}", told(&fifo));
    println!("  the one over the other         {}", told(&between));
    let contoso: Vec<_> = (1..=11).map(|seed| measured(&contoso(), seed)).collect();
    let ours_there = sorted(contoso.iter().map(Measured::ours));
    let fifo_there = sorted(contoso.iter().map(Measured::fifo));
    println!("examples/contoso-cs, {} seeds", contoso.len());
    println!("  longest remaining path first   {}", told(&ours_there));
    println!("  first in, first out            {}", told(&fifo_there));
    println!("as shares of max(critical path, work / workers): median, least, most");
    let kept = [
        (middle(&ours) <= RANDOM, "the median over random graphs is above 1.05"),
        (middle(&between) <= 1.0, "first in, first out is better in the median"),
        (middle(&ours_there) <= CONTOSO, "the median on contoso-cs is above 1.10"),
    ];
    let broken: Vec<_> = kept.into_iter().filter(|(kept, _)| !kept).map(|(_, broken)| broken).collect();
    assert!(broken.is_empty(), "{}", broken.join("; "));
}

/// How long one plan took, in seconds.
struct Measured {
    ours: f64,
    fifo: f64,
    at_least: f64,
}

impl Measured {
    fn ours(&self) -> f64 {
        self.ours / self.at_least
    }

    fn fifo(&self) -> f64 {
        self.fifo / self.at_least
    }

    fn against_fifo(&self) -> f64 {
        self.ours / self.fifo
    }
}

fn measured(plan: &Plan, seed: u64) -> Measured {
    let mut dice = Dice::new(seed);
    // What Azure takes is nobody's estimate: from two thirds of it to half as much again.
    let took: Vec<u64> =
        plan.actions.iter().map(|own| own.estimate_seconds * dice.between(667, 1500)).collect();
    let schedule = Schedule::of(plan);
    let at_least = schedule.at_least(WORKERS, |at| took[at]);
    let seconds = |ms: u64| Duration::from_millis(ms).as_secs_f64();
    let ours = carried_out(plan, &took);
    Measured { ours, fifo: seconds(first_in_first_out(plan, &schedule, &took)), at_least: seconds(at_least) }
}

/// Seconds that the executor takes for a plan whose actions take `took` milliseconds each.
fn carried_out(plan: &Plan, took: &[u64]) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let paths = plan.actions.iter().map(|action| action.arm_id.to_string());
        let arm = Slow { took: paths.zip(took.iter().copied()).collect() };
        let mut store = MemoryStore::new();
        let run = begin(&mut store, header(), plan, &plan.identity).expect("a run");
        let mut surroundings = Surroundings {
            arm: &arm,
            store: &mut store,
            secrets: &NoSecrets,
            now: &|| 0,
            open_subscription: &|_| None,
        };
        let options = Options { parallelism: WORKERS, patience: Duration::MAX, ..Options::azure() };
        let began = Instant::now();
        let report =
            execute(run, plan, Recorded::default(), &mut surroundings, &options, pending(), &mut |_| {})
                .await;
        assert_eq!(report.expect("it is carried out").outcome, Some(RunOutcome::Done));
        began.elapsed().as_secs_f64()
    })
}

/// Milliseconds that a plan takes whose ready actions start in the order in which they became ready.
fn first_in_first_out(plan: &Plan, schedule: &Schedule, took: &[u64]) -> u64 {
    let mut missing = schedule.needs.clone();
    let mut ready: VecDeque<usize> = (0..missing.len()).filter(|&at| missing[at] == 0).collect();
    let mut under_way: BTreeSet<(u64, usize)> = BTreeSet::new();
    let mut now = 0;
    loop {
        while under_way.len() < WORKERS
            && let Some(at) = ready.pop_front()
        {
            under_way.insert((now + took[at], at));
        }
        let Some((end, at)) = under_way.pop_first() else { break };
        now = end;
        for &dependent in &schedule.dependents[at] {
            missing[dependent] -= 1;
            if missing[dependent] == 0 {
                ready.push_back(dependent);
            }
        }
    }
    assert!(missing.iter().all(|missing| *missing == 0), "{} are carried out", plan.actions.len());
    now
}

/// A graph of 500 to 1,000 actions; how far back their needs reach, and so how deep it is, differs from graph to graph.
fn random(seed: u64) -> Plan {
    const SECONDS: [Work; 8] = [
        Work::Small,
        Work::Small,
        Work::Account,
        Work::DeleteVersion,
        Work::Lab,
        Work::Version,
        Work::Publish,
        Work::Export,
    ];
    let mut dice = Dice::new(seed);
    let count = dice.between(500, 1000);
    let reach = dice.between(20, count);
    let actions = (0..count).map(|at| {
        let needs = if at == 0 { 0 } else { dice.between(0, 3).min(at) };
        let needs: BTreeSet<_> = (0..needs).map(|_| at - dice.between(1, reach.min(at))).map(id).collect();
        let work = SECONDS[usize::try_from(dice.between(0, 7)).expect("small")];
        action(id(at), needs.into_iter().collect(), work.usual_seconds())
    });
    plan_of(actions.collect())
}

fn id(at: u64) -> String {
    format!("ResourceGroup/g{at:04}#create")
}

/// The actions of `examples/contoso-cs` into an empty cloud, each one request.
fn contoso() -> Plan {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/contoso-cs");
    let project =
        load(&Folder::new(&folder), &LoadOptions::default()).unwrap_or_else(|error| panic!("{error}"));
    let options = plan::Options { today: "2026-11-23".into(), ..plan::Options::default() };
    let real = plan::plan(&project.desired, &Recorded::default(), &options).expect("no circle");
    let same = |own: &Action| action(own.id.clone(), own.needs.clone(), own.estimate_seconds.max(1));
    plan_of(real.actions.iter().map(same).collect())
}

fn action(id: String, needs: Vec<String>, estimate_seconds: u64) -> Action {
    let arm_id = ArmId::new(format!("/subscriptions/s/resourceGroups/{}", id.replace(['/', '#'], "-")));
    let request = Request {
        method: Method::Put,
        path: arm_id.clone(),
        api_version: "1".into(),
        body: Some(json!({})),
        onto: false,
        fills: Vec::new(),
    };
    let (address, _) = id.split_once('#').expect("an address and a part");
    Action {
        address: address.parse::<Address>().expect("an address"),
        id,
        verb: Verb::Create,
        needs,
        arm_id,
        expects: Expectation::Anything,
        contents: Vec::new(),
        there: Vec::new(),
        work: Work::Small,
        estimate_seconds,
        steps: vec![Step { request: Some(request), ..Step::recording("create", Recording::Nothing) }],
        recorded: None,
    }
}

fn plan_of(mut actions: Vec<Action>) -> Plan {
    actions.sort_by(|a, b| a.id.cmp(&b.id));
    Plan {
        format_version: 1,
        made_by: String::new(),
        identity: Identity {
            project: "bench".into(),
            environment: None,
            cloud: Cloud::Azure,
            tenant: None,
            subscription: None,
        },
        lineage: None,
        today: "2026-11-23".into(),
        destroy: false,
        changes: Vec::new(),
        kept: 0,
        actions,
        findings: Vec::new(),
        consents: Vec::new(),
        facts: Vec::new(),
        estimate_seconds: 0,
        critical_path: Vec::new(),
        records: Vec::new(),
    }
}

fn header() -> RunHeader {
    RunHeader {
        id: 0,
        started_ms: 0,
        ended_ms: None,
        host: String::new(),
        pid: 1,
        by: None,
        commit: None,
        command: "apply".into(),
        outcome: None,
    }
}

/// An ARM that takes every request at once and is as long at it as was drawn, in milliseconds.
struct Slow {
    took: HashMap<String, u64>,
}

impl Arm for Slow {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Answer, ArmError>> {
        let url = call.path.to_string();
        let operation = Some(OperationUrl { url, style: Style::AsyncOperation, after: None });
        Box::pin(async move { Ok(answer(Value::Null, operation)) })
    }

    fn poll<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Answer, ArmError>> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(self.took[url])).await;
            Ok(answer(json!({ "status": "Succeeded" }), None))
        })
    }
}

fn answer(body: Value, operation: Option<OperationUrl>) -> Answer {
    Answer {
        status: if operation.is_some() { 202 } else { 200 },
        body,
        operation,
        retry_after: None,
        request_id: None,
    }
}

struct NoSecrets;

impl OpenSecrets for NoSecrets {
    fn open<'a>(&'a self, _: &'a SecretReference) -> BoxFuture<'a, Result<Secret, SecretError>> {
        Box::pin(async { Ok(Secret::new(String::new())) })
    }
}

/// Numbers that look random; the same seed gives the same ones.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number from `least` to `most`.
    fn between(&mut self, least: u64, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        least + (self.0 >> 33) % (most - least + 1)
    }
}

fn sorted(ratios: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut ratios: Vec<_> = ratios.collect();
    ratios.sort_by(f64::total_cmp);
    ratios
}

fn middle(sorted: &[f64]) -> f64 {
    sorted[sorted.len() / 2]
}

fn told(sorted: &[f64]) -> String {
    format!("{:.3}  {:.3}  {:.3}", middle(sorted), sorted[0], sorted[sorted.len() - 1])
}
