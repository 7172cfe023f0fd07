//! What the tests stand on: a world, a state, plans by hand and plans by the planner.

use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use labwright::apply::{ApplyError, OpenSecrets, Options, Report, SecretError, Surroundings, begin, execute};
use labwright::azure::{Arm, Call};
use labwright::kinds::KINDS;
use labwright::model::{
    Address, ArmId, Cloud, Contents, Desired, Entry, EntryKind, Evidence, Expectation, Identity, Look,
    Method, Policy, Read, Recorded, Recording, Request, Resource, Row, RunHeader, RunOutcome, Secret,
    SecretReference, Source, Step, Until,
};
use labwright::plan::{self, Action, Change, Event, Failure, Plan, Verb};
use labwright::state::{Claim, Holder, Lease, MemoryStore, Meta, OpenRun, RowWrite, StateError, Store};
use serde_json::{Value, json};

use super::world::{Death, World};

/// The lab account of the files.
pub(crate) const ACCOUNT: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.LabServices/labaccounts/a";

/// A store that notes what became durable, and that can fail or die.
pub(crate) struct Ledger {
    inner: MemoryStore,
    pub(crate) journaled: Arc<Mutex<Vec<String>>>,
    failing_after: Option<usize>,
    pub(crate) death: Option<Arc<Death>>,
}

impl Default for Ledger {
    fn default() -> Self {
        Self { inner: MemoryStore::new(), journaled: Arc::default(), failing_after: None, death: None }
    }
}

impl Ledger {
    pub(crate) fn failing_after(commits: usize) -> Self {
        Self { failing_after: Some(commits), ..Self::default() }
    }

    /// Passes a point at which the process may die.
    fn dies(&self) -> Result<(), StateError> {
        match self.death.as_ref().is_some_and(|death| death.passes()) {
            true => Err(StateError::DiskFull { path: "state.db".into() }),
            false => Ok(()),
        }
    }

    /// All that was ever written, as text.
    pub(crate) fn everything(&self) -> String {
        let runs = self.inner.runs().expect("runs");
        let journals = runs.iter().map(|run| {
            let journal = self.inner.journal(run.id).expect("a journal");
            format!("{} {journal:?}", self.inner.plan_of(run.id).expect("a plan"))
        });
        format!("{:?} {:?}", self.inner.recorded(), journals.collect::<Vec<_>>())
    }
}

impl Store for Ledger {
    fn meta(&self) -> Result<Meta, StateError> {
        self.inner.meta()
    }

    fn recorded(&self) -> Result<Recorded, StateError> {
        self.inner.recorded()
    }

    fn claim(&mut self, holder: &Holder, claim: &Claim) -> Result<(), StateError> {
        self.inner.claim(holder, claim)
    }

    fn take_over(&mut self, run: u64, holder: &Holder) -> Result<bool, StateError> {
        self.inner.take_over(run, holder)
    }

    fn leases(&self) -> Result<Vec<Lease>, StateError> {
        self.inner.leases()
    }

    fn break_lease(&mut self, id: &str) -> Result<bool, StateError> {
        self.inner.break_lease(id)
    }

    fn begin(&mut self, header: RunHeader, plan: &str, identity: &Identity) -> Result<u64, StateError> {
        self.dies()?;
        let run = self.inner.begin(header, plan, identity)?;
        self.dies()?;
        Ok(run)
    }

    fn commit(&mut self, run: u64, entries: &[(u64, Entry)], rows: &[RowWrite]) -> Result<(), StateError> {
        let full = || StateError::DiskFull { path: "state.db".into() };
        if let Some(left) = &mut self.failing_after {
            *left = left.checked_sub(1).ok_or_else(full)?;
        }
        self.dies()?;
        self.inner.commit(run, entries, rows)?;
        let names = entries.iter().map(|(_, entry)| {
            let kind = match entry.kind {
                EntryKind::Started { .. } => "started",
                EntryKind::Accepted { .. } => "accepted",
                EntryKind::Done { .. } => "done",
                EntryKind::Failed { .. } => "failed",
                EntryKind::NeverReached => "never reached",
            };
            format!("{kind} {}", entry.action)
        });
        self.journaled.lock().expect("a list").extend(names);
        self.dies()
    }

    fn took(&mut self, run: u64, took: &BTreeMap<String, u64>) -> Result<(), StateError> {
        self.dies()?;
        self.inner.took(run, took)
    }

    fn durations(&self) -> Result<BTreeMap<String, Vec<u64>>, StateError> {
        self.inner.durations()
    }

    fn end(&mut self, run: u64, ended_ms: u64, outcome: RunOutcome) -> Result<(), StateError> {
        self.dies()?;
        self.inner.end(run, ended_ms, outcome)?;
        self.dies()
    }

    fn open_runs(&self) -> Result<Vec<OpenRun>, StateError> {
        self.inner.open_runs()
    }

    fn runs(&self) -> Result<Vec<RunHeader>, StateError> {
        self.inner.runs()
    }

    fn plan_of(&self, run: u64) -> Result<String, StateError> {
        self.inner.plan_of(run)
    }

    fn journal(&self, run: u64) -> Result<Vec<(u64, Entry)>, StateError> {
        self.inner.journal(run)
    }
}

/// Opens every reference to the same password.
#[derive(Default)]
pub(crate) struct Passwords(AtomicUsize);

impl OpenSecrets for Passwords {
    fn open<'a>(&'a self, _: &'a SecretReference) -> BoxFuture<'a, Result<Secret, SecretError>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Ok(Secret::new("hunter2".into())) })
    }
}

/// Waits short enough for tests.
pub(crate) fn options() -> Options {
    Options {
        visibility: Duration::from_millis(5),
        appearance: Duration::from_secs(5),
        patience: Duration::from_secs(5),
        ..Options::loopback()
    }
}

/// A world, a state, and what was told.
pub(crate) struct Bench {
    pub(crate) world: World,
    pub(crate) store: Ledger,
    pub(crate) journaled: Arc<Mutex<Vec<String>>>,
    pub(crate) options: Options,
    pub(crate) secrets: Passwords,
    pub(crate) told: Vec<Event>,
}

impl Default for Bench {
    fn default() -> Self {
        let store = Ledger::default();
        let journaled = Arc::clone(&store.journaled);
        let (world, secrets) = (World::default(), Passwords::default());
        Self { world, store, journaled, options: options(), secrets, told: Vec::new() }
    }
}

pub(crate) fn now() -> u64 {
    0
}

pub(crate) fn as_it_is(_: &str) -> Option<String> {
    None
}

impl Bench {
    /// A bench on which the files' lab was applied.
    pub(crate) async fn with_lab() -> Self {
        let mut bench = Self::default();
        let outcome = bench.apply(&files()).await;
        assert_eq!(outcome, Some(RunOutcome::Done), "{:?}", bench.failures());
        bench
    }

    pub(crate) fn files(&self) -> BTreeMap<String, Value> {
        files()
    }

    pub(crate) fn surroundings(&mut self) -> Surroundings<'_> {
        let Self { world, store, secrets, .. } = self;
        Surroundings { arm: world, store, secrets, now: &now, open_subscription: &as_it_is }
    }

    pub(crate) fn begin(&mut self, plan: &Plan) -> u64 {
        begin(&mut self.store, header(), plan, &plan.identity).expect("a run")
    }

    pub(crate) async fn execute<'p>(&mut self, plan: &'p Plan) -> Report<'p> {
        self.try_execute(plan).await.expect("the store works")
    }

    pub(crate) async fn try_execute<'p>(&mut self, plan: &'p Plan) -> Result<Report<'p>, ApplyError> {
        let run = self.begin(plan);
        let recorded = self.stored();
        let mut told = Vec::new();
        let (options, mut events) = (self.options, |event| told.push(event));
        let report =
            execute(run, plan, recorded, &mut self.surroundings(), &options, pending(), &mut events).await;
        self.told.extend(told);
        report
    }

    pub(crate) async fn go_on<'p>(&mut self, run: u64, plan: &'p Plan, recorded: Recorded) -> Report<'p> {
        let (options, mut events) = (self.options, |_| {});
        let report =
            execute(run, plan, recorded, &mut self.surroundings(), &options, pending(), &mut events).await;
        report.expect("the store works")
    }

    /// Plans the files and carries the plan out.
    pub(crate) async fn apply(&mut self, files: &BTreeMap<String, Value>) -> Option<RunOutcome> {
        let plan = self.plan(&desired(files));
        assert_eq!(plan::check(&plan), Vec::<String>::new());
        self.execute(&plan).await.outcome
    }

    pub(crate) fn plan(&self, desired: &Desired) -> Plan {
        planned(desired, &self.stored(), false)
    }

    pub(crate) fn record(&mut self, address: &str, row: Row) {
        let plan = run_plan(Vec::new());
        let run = self.begin(&plan);
        let write = RowWrite::Put(address.parse().expect("an address"), row);
        self.store.inner.commit(run, &[], &[write]).expect("it is stored");
    }

    pub(crate) fn journal(&mut self, run: u64, action: &str, kind: EntryKind) {
        let entry = Entry { action: action.into(), step: 0, kind };
        self.store.inner.commit(run, &[(0, entry)], &[]).expect("it is stored");
    }

    pub(crate) async fn publish(&self, lab: &str) {
        let path = ArmId::new(format!("{ACCOUNT}/labs/{lab}/environmentsettings/default/publish"));
        let call = Call { method: Method::Post, path: &path, api_version: "1", query: None, body: None };
        self.world.send(call).await.expect("the lab is there");
    }

    pub(crate) fn stored(&self) -> Recorded {
        self.store.inner.recorded().expect("it adds up")
    }

    pub(crate) fn last_run(&self) -> RunHeader {
        self.store.inner.runs().expect("they are readable").pop().expect("there is one")
    }

    pub(crate) fn told(&self) -> Vec<Event> {
        self.told.clone()
    }

    pub(crate) fn opened(&self) -> usize {
        self.secrets.0.load(Ordering::SeqCst)
    }

    /// Every failure told.
    pub(crate) fn failures(&self) -> Vec<(String, Failure)> {
        let failure = |event: &Event| match event {
            Event::Failed { action, failure } => Some((action.clone(), failure.clone())),
            _ => None,
        };
        self.told.iter().filter_map(failure).collect()
    }

    /// Attempt and evidence of every start of an action, over all runs.
    pub(crate) fn started(&self, wanted: &str) -> Vec<(u32, Value)> {
        let runs = self.store.inner.runs().expect("runs");
        let entries = runs.iter().flat_map(|run| self.store.inner.journal(run.id).expect("a journal"));
        let start = |(_, entry): (u64, Entry)| match entry.kind {
            EntryKind::Started { attempt, evidence, .. } if entry.action == wanted => {
                Some((attempt, evidence))
            }
            _ => None,
        };
        entries.filter_map(start).collect()
    }
}

pub(crate) fn header() -> RunHeader {
    RunHeader {
        id: 0,
        started_ms: 0,
        ended_ms: None,
        host: "test".into(),
        pid: 1,
        by: None,
        commit: None,
        command: "apply".into(),
        outcome: None,
    }
}

fn identity() -> Identity {
    Identity {
        project: "test".into(),
        environment: None,
        cloud: Cloud::Emulator,
        tenant: None,
        subscription: Some("s".into()),
    }
}

/// Both stories in the least number of resources.
pub(crate) fn files() -> BTreeMap<String, Value> {
    let top = |name: &str, more: Value| {
        let mut body = json!({"name": name, "resourceGroup": "g", "location": "westeurope"});
        let more = more.as_object().cloned().unwrap_or_default();
        body.as_object_mut().expect("a map").extend(more);
        body
    };
    let credentials = json!({"username": "student", "password": {"env": "P"}});
    let lab = |image: &str, more: Value| {
        let mut body = json!({"name": "x", "in": "LabAccount/a", "image": image, "size": "Medium",
            "template": true, "credentials": credentials, "quota": "PT20H"});
        let more = more.as_object().cloned().unwrap_or_default();
        body.as_object_mut().expect("a map").extend(more);
        body
    };
    [
        ("ResourceGroup/g", json!({"name": "g", "location": "westeurope"})),
        ("Gallery/sig", top("sig", json!({"description": "Teaching"}))),
        (
            "Image/java",
            json!({"name": "java", "gallery": "Gallery/sig", "location": "westeurope",
                "os": {"type": "Linux", "state": "Generalized", "hyperV": "V1"},
                "identifier": {"publisher": "C", "offer": "T", "sku": "java"}}),
        ),
        (
            "ImageVersion/java/1.0.0",
            json!({"name": "1.0.0", "image": "Image/java", "location": "westeurope",
                "source": {"managedDisk": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/disks/d"},
                "replicate": {"regions": {"westeurope": 1}}}),
        ),
        ("LabAccount/a", top("a", json!({}))),
        (
            "Image/py",
            json!({"name": "py", "gallery": "Gallery/sig", "location": "westeurope",
                "os": {"type": "Linux", "state": "Generalized", "hyperV": "V1"},
                "identifier": {"publisher": "C", "offer": "T", "sku": "py"}}),
        ),
        (
            "ImageVersion/py/1.0.0",
            json!({"name": "1.0.0", "image": "Image/py", "location": "westeurope",
                "source": {"managedDisk": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/disks/d"},
                "replicate": {"regions": {"westeurope": 1}}}),
        ),
        (
            "GalleryAttachment/core",
            json!({"to": "LabAccount/a", "gallery": "Gallery/sig", "enabledImages": ["Image/java"]}),
        ),
        ("Lab/x", lab("Image/java", json!({"capacity": 3, "title": "Java"}))),
    ]
    .map(|(address, attributes)| (address.to_owned(), attributes))
    .into()
}

/// The same with a lab plan in place of the lab account.
pub(crate) fn files_of_plan() -> BTreeMap<String, Value> {
    let mut files = files();
    let plan = files.remove("LabAccount/a").expect("an account");
    files.insert("LabPlan/a".into(), plan);
    files.get_mut("GalleryAttachment/core").expect("an attachment")["to"] = json!("LabPlan/a");
    let lab = files.get_mut("Lab/x").expect("a lab");
    lab["in"] = json!("LabPlan/a");
    lab["resourceGroup"] = json!("g");
    lab["location"] = json!("westeurope");
    lab["connection"] = json!({"clientRdp": "Public"});
    files
}

pub(crate) fn with(
    files: &BTreeMap<String, Value>,
    address: &str,
    attributes: Value,
) -> BTreeMap<String, Value> {
    let mut files = files.clone();
    files.insert(address.to_owned(), attributes);
    files
}

/// The files as the loader would hand them on.
pub(crate) fn desired(files: &BTreeMap<String, Value>) -> Desired {
    let order = |address: &Address| KINDS.iter().position(|kind| kind.info().name == address.kind());
    let mut resources: Vec<(Address, Resource)> = files
        .iter()
        .map(|(address, attributes)| (address.parse().expect("an address"), resource(attributes)))
        .collect();
    resources.sort_by_key(|(address, _)| order(address));
    Desired {
        identity: identity(),
        subscription: "s".into(),
        real_endpoint: false,
        resources: resources.into_iter().collect(),
        moved: Vec::new(),
        forget: Vec::new(),
        policy: Policy::default(),
        findings: Vec::new(),
    }
}

fn resource(attributes: &Value) -> Resource {
    let mut attributes = attributes.as_object().expect("a map").clone();
    let ignored = attributes.remove("ignoreChanges").unwrap_or(json!([]));
    Resource {
        attributes: attributes.into(),
        depends_on: BTreeSet::new(),
        protect: None,
        adopt: false,
        ignore_changes: serde_json::from_value(ignored).expect("a list of paths"),
        source: Source { file: "labwright.yaml".into(), line: 1, column: 1 },
        sources: BTreeMap::new(),
        defaulted: BTreeMap::new(),
    }
}

pub(crate) fn planned(desired: &Desired, recorded: &Recorded, destroy: bool) -> Plan {
    let options = plan::Options { today: "2026-11-23".into(), destroy, ..plan::Options::default() };
    plan::plan(desired, recorded, &options).expect("no circle")
}

/// A plan of these actions, each a change of its own.
pub(crate) fn run_plan(mut actions: Vec<Action>) -> Plan {
    actions.sort_by(|a, b| a.id.cmp(&b.id));
    let change = |action: &Action| Change {
        address: action.address.clone(),
        verb: action.verb,
        source: None,
        attributes: Vec::new(),
        summary: Vec::new(),
        notes: Vec::new(),
        within: None,
    };
    Plan {
        format_version: 1,
        made_by: String::new(),
        identity: identity(),
        lineage: None,
        today: "2026-11-23".into(),
        destroy: false,
        changes: actions.iter().map(change).collect(),
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

/// A row of what lies at this path below the subscription's groups.
pub(crate) fn row(path: &str, attributes: Value) -> Row {
    Row {
        arm_id: ArmId::new(format!("/subscriptions/s/resourceGroups/{path}")),
        attributes: attributes.as_object().expect("a map").clone().into(),
        outputs: serde_json::Map::new(),
        depends_on: BTreeSet::new(),
        protect: false,
        ignored: Vec::new(),
        unfinished: None,
    }
}

pub(crate) fn action(address: &str, part: &str, verb: Verb, steps: Vec<Step>) -> Action {
    let address: Address = address.parse().expect("an address");
    Action {
        id: format!("{address}#{part}"),
        arm_id: row(address.key(), json!({})).arm_id,
        address,
        verb,
        needs: Vec::new(),
        expects: Expectation::Anything,
        contents: Vec::new(),
        there: Vec::new(),
        work: labwright::catalog::Work::Small,
        estimate_seconds: 1,
        steps,
        recorded: None,
    }
}

pub(crate) fn note(record: Recording) -> Step {
    Step {
        name: "record".into(),
        ready: Vec::new(),
        request: None,
        sweep: None,
        evidence: None,
        until: Vec::new(),
        outputs: Vec::new(),
        record,
    }
}

fn read(path: &ArmId) -> Read {
    Read { path: path.clone(), api_version: "1".into(), query: None, list: false }
}

/// An action that PUTs a group and records it.
pub(crate) fn put(address: &str, needs: &[&str]) -> Action {
    let mut action = action(address, "create", Verb::Create, Vec::new());
    let name = action.address.key().to_owned();
    let row = row(&name, json!({"name": name, "location": "westeurope"}));
    let path = row.arm_id.clone();
    let body = Some(json!({"location": "westeurope"}));
    let step = Step {
        request: Some(Request {
            method: Method::Put,
            path: path.clone(),
            api_version: "1".into(),
            body,
            onto: false,
            fills: Vec::new(),
        }),
        evidence: Some(Evidence { read: read(&path), look: Look::Exists }),
        until: vec![Until::Provisioned { read: read(&path) }],
        ..note(Recording::Put(Box::new(row)))
    };
    action.steps = vec![step];
    action.needs = needs.iter().map(|need| (*need).to_owned()).collect();
    action
}

/// An action that deletes a recorded group, if it holds nothing unknown.
pub(crate) fn delete(address: &str) -> Action {
    let mut action = action(address, "delete", Verb::Delete, Vec::new());
    let name = action.address.key().to_owned();
    let recorded = row(&name, json!({"name": name, "location": "westeurope"}));
    let path = recorded.arm_id.clone();
    let request = Request {
        method: Method::Delete,
        path: path.clone(),
        api_version: "1".into(),
        body: None,
        onto: false,
        fills: Vec::new(),
    };
    let list = Read { list: true, ..read(&ArmId::new(format!("{path}/resources"))) };
    action.contents = vec![Contents { read: list, noun: "resources".into() }];
    action.expects = Expectation::AsRecorded;
    action.recorded = Some(recorded);
    action.steps = vec![Step {
        request: Some(request),
        evidence: Some(Evidence { read: read(&path), look: Look::Exists }),
        until: vec![Until::Gone { read: read(&path) }],
        ..note(Recording::Delete)
    }];
    action
}
