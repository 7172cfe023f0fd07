//! The emulated world: a request and a tick in, an answer out.
//!
//! Pure: no clock, no I/O, and what looks random is drawn from the seed by a counter that the world keeps. Resources stand in
//! an ordered map under their lower-case ids; every change of it is noted, so that a store writes those rows alone.

mod agenda;
pub(crate) mod index;
mod lookup;
mod resources;

pub(crate) use lookup::not_deleting;

use crate::emulator::arm::errors::Refusal;
use crate::emulator::arm::operations::{Operation, OperationStyle};
use crate::emulator::arm::path::Path;
use crate::emulator::arm::resource::Resource;
use crate::emulator::arm::throttle::{self, Throttle};
use crate::emulator::arm::{identity, routing};
use crate::emulator::clock::{Day, Pace, TICK_MILLIS, Tick};
use crate::emulator::message::{Request, Response};
use crate::emulator::world::index::Index;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// What the world is besides its resources and operations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Core {
    /// Where the clock stands.
    pub(crate) tick: Tick,
    /// Milliseconds since 1970 at tick zero.
    pub(crate) epoch_millis: u64,
    /// What everything that looks random follows from.
    pub(crate) seed: u64,
    /// Ids drawn so far.
    pub(crate) drawn: u64,
    /// What tokens are signed with.
    pub(crate) key: [u8; 32],
    /// Secrets of key vaults, as `{vault}/{name}` in lower case, each with its versions, the newest last.
    #[serde(default)]
    pub(crate) vaults: BTreeMap<String, Vec<(String, String)>>,
    /// Providers that a subscription is not registered for, as `{subscription}/{namespace}` in lower case.
    #[serde(default)]
    pub(crate) unregistered: BTreeSet<String>,
}

/// Rows that changed since they were last taken, by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Resources put, changed or removed.
    pub(crate) resources: BTreeSet<String>,
    /// Operations begun, ended or forgotten.
    pub(crate) operations: BTreeSet<String>,
    /// True when the core changed by more than its clock and its count of ids.
    pub(crate) core: bool,
}

/// An emulated Azure Resource Manager with all that it holds.
#[derive(Debug)]
pub(crate) struct World {
    core: Core,
    pub(crate) pace: Pace,
    /// The one client id and secret that get a token; any, when there is none.
    pub(crate) client: Option<(String, String)>,
    /// The day by which Lab Services refuses what it has retired; nothing is retired, when there is none.
    pub(crate) today: Option<Day>,
    /// How operations are told of, if not as each provider documents it.
    pub(crate) style: Option<OperationStyle>,
    /// What is left of each caller's limits, when they are kept at all.
    pub(crate) throttle: Option<Throttle>,
    resources: BTreeMap<String, Resource>,
    index: Index,
    operations: BTreeMap<String, Operation>,
    agenda: BTreeSet<(Tick, String)>,
    ended: BTreeSet<(Tick, String)>,
    changes: Changes,
    /// Operations that the request being answered began.
    begun: Vec<String>,
    answered: u64,
}

impl World {
    /// An empty world.
    pub(crate) fn new(core: Core, pace: Pace, client: Option<(String, String)>) -> Self {
        Self {
            core,
            pace,
            client,
            today: None,
            style: None,
            throttle: None,
            resources: BTreeMap::new(),
            index: Index::default(),
            operations: BTreeMap::new(),
            agenda: BTreeSet::new(),
            ended: BTreeSet::new(),
            changes: Changes::default(),
            begun: Vec::new(),
            answered: 0,
        }
    }

    /// A world as it was stored.
    pub(crate) fn restored(
        core: Core,
        pace: Pace,
        client: Option<(String, String)>,
        resources: Vec<Resource>,
        operations: Vec<Operation>,
    ) -> Self {
        let mut world = Self::new(core, pace, client);
        for resource in resources {
            world.put(resource);
        }
        for operation in operations {
            world.add_operation(operation);
        }
        world.changes = Changes::default();
        world.begun.clear();
        world
    }

    /// Answers `request` at `tick`, after all that was due until then; a tick that is past counts as the present one.
    pub(crate) fn handle(&mut self, request: &Request, tick: Tick) -> Response {
        self.advance(tick);
        self.begun.clear();
        let response = self.answer(request).unwrap_or_else(Refusal::into_response);
        self.stamped(response, request)
    }

    fn answer(&mut self, request: &Request) -> Result<Response, Refusal> {
        let unreadable = || Refusal::new(400, "InvalidRequestUri", "The request URI is not valid.");
        let path = Path::parse(&request.path).ok_or_else(unreadable)?;
        if let Some(answer) = identity::answer(self, request, &path) {
            return Ok(answer);
        }
        let principal = identity::check_bearer(self, request)?;
        self.check_limits(request, &path, &principal)?;
        routing::route(self, request, &path)
    }

    /// Refuses what is beyond a limit.
    ///
    /// # Errors
    /// 429 with `Retry-After`.
    fn check_limits(&mut self, request: &Request, path: &Path, principal: &str) -> Result<(), Refusal> {
        let (now, pace) = (self.core.tick, self.pace);
        let Some(throttle) = &mut self.throttle else { return Ok(()) };
        throttle.take(request, path, principal, now, pace)
    }

    /// Adds the headers that every answer of ARM has.
    fn stamped(&mut self, mut response: Response, request: &Request) -> Response {
        self.answered += 1;
        let id = self.uuid(&format!("answer {} {}", self.core.tick.0, self.answered));
        let correlation =
            request.header("x-ms-correlation-request-id").map_or_else(|| id.clone(), str::to_owned);
        for (name, left) in throttle::headers(self.throttle.as_ref(), &request.method) {
            response = response.with(name, left);
        }
        response = response.with("x-ms-routing-request-id", format!("LOOPBACK:{id}"));
        response = response.with("x-ms-request-id", id).with("x-ms-correlation-request-id", correlation);
        if response.status < 300
            && is_unfinished(response.body.as_ref())
            && !response.headers.iter().any(|(name, _)| name.contains("retry-after"))
        {
            let (name, value) = self.pace.retry_header();
            response = response.with(name, value);
        }
        match request.header("x-ms-client-request-id") {
            Some(client) => response.with("x-ms-client-request-id", client),
            None => response,
        }
    }

    /// What is stored beside the rows.
    pub(crate) fn core(&self) -> &Core {
        &self.core
    }

    /// Where the clock stands.
    pub(crate) fn now(&self) -> Tick {
        self.core.tick
    }

    /// Milliseconds since 1970 at `tick`.
    pub(crate) fn millis(&self, tick: Tick) -> u64 {
        self.core.epoch_millis + tick.0 * TICK_MILLIS
    }

    /// `tick` as a timestamp.
    pub(crate) fn time(&self, tick: Tick) -> String {
        crate::emulator::clock::timestamp(self.millis(tick))
    }

    /// A new id, the same in every world of the same seed and history.
    pub(crate) fn draw(&mut self) -> String {
        self.core.drawn += 1;
        self.uuid(&format!("id {}", self.core.drawn))
    }

    /// The id that the seed gives to `name`.
    pub(crate) fn uuid(&self, name: &str) -> String {
        let space = Uuid::from_u128(0x6c61_6277_7269_6768_7400_0000_0000_0000 | u128::from(self.core.seed));
        Uuid::new_v5(&space, name.as_bytes()).to_string()
    }

    /// Registers a subscription for a provider, or ends that.
    pub(crate) fn register(&mut self, subscription: &str, namespace: &str, registers: bool) {
        let key = format!("{subscription}/{namespace}").to_lowercase();
        self.changes.core = true;
        if registers {
            self.core.unregistered.remove(&key);
        } else {
            self.core.unregistered.insert(key);
        }
    }

    /// Gives a secret of a vault a new version, and its id.
    pub(crate) fn set_secret(&mut self, key: &str, value: &str) -> String {
        let version = self.draw().replace('-', "");
        self.core.vaults.entry(key.to_lowercase()).or_default().push((version.clone(), value.to_owned()));
        self.changes.core = true;
        version
    }

    /// True unless the subscription's registration for the provider was ended.
    pub(crate) fn is_registered(&self, subscription: &str, namespace: &str) -> bool {
        !self.core.unregistered.contains(&format!("{subscription}/{namespace}").to_lowercase())
    }

    /// Takes the note of what has changed.
    pub(crate) fn take_changes(&mut self) -> Changes {
        std::mem::take(&mut self.changes)
    }
}

/// True for a resource that clients go on reading: they wait half a minute between two reads if nothing tells them better.
fn is_unfinished(body: Option<&Value>) -> bool {
    let state = |name: &str| body.and_then(|body| body["properties"][name].as_str());
    matches!(state("provisioningState"), Some("Creating" | "Updating" | "Deleting"))
        || matches!(state("publishingState"), Some("Publishing" | "Scaling"))
}
