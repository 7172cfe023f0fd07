//! The emulated world: a request and a tick in, an answer out.
//!
//! Pure: no clock, no I/O, and what looks random is drawn from the seed by a counter that the world keeps. Resources stand in
//! an ordered map under their lower-case ids; every change of it is noted, so that a store writes those rows alone.

use crate::emulator::arm::errors::{Refusal, conflict, group_not_found, not_found, parent_not_found};
use crate::emulator::arm::operations::OperationStyle;
use crate::emulator::arm::operations::{Operation, Spoil};
use crate::emulator::arm::path::{Path, parent};
use crate::emulator::arm::resource::{Provisioning, Resource};
use crate::emulator::arm::throttle::{self, Throttle};
use crate::emulator::arm::types::{Address, Kind};
use crate::emulator::arm::{identity, routing};
use crate::emulator::clock::{Day, Pace, TICK_MILLIS, Tick};
use crate::emulator::index::Index;
use crate::emulator::message::{Request, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Operations that have ended and can still be asked for; older ones are forgotten, so that memory follows the world.
const ENDED_KEPT: usize = 20_000;

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

    /// Lets everything happen that is due until `tick`, in order.
    pub(crate) fn advance(&mut self, tick: Tick) {
        while let Some((due, id)) = self.agenda.first().cloned().filter(|(due, _)| *due <= tick) {
            self.agenda.pop_first();
            self.core.tick = self.core.tick.max(due);
            let Some(mut operation) = self.operations.get(&id).cloned() else { continue };
            operation.ended = Some(self.core.tick);
            self.ended.insert((self.core.tick, id.clone()));
            self.changes.operations.insert(id.clone());
            self.operations.insert(id, operation.clone());
            self.complete(&operation);
        }
        while self.ended.len() > ENDED_KEPT {
            if let Some((_, id)) = self.ended.pop_first() {
                self.operations.remove(&id);
                self.changes.operations.insert(id);
            }
        }
        self.core.tick = self.core.tick.max(tick);
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

    /// The resource of that key.
    pub(crate) fn resource(&self, key: &str) -> Option<&Resource> {
        self.resources.get(key)
    }

    /// Puts a resource under its own key.
    pub(crate) fn put(&mut self, resource: Resource) {
        let key = resource.key();
        self.changes.resources.insert(key.clone());
        if let Some(old) = self.resources.get(&key) {
            self.index.remove(&key, old);
        }
        self.index.add(&key, &resource);
        self.resources.insert(key, resource);
    }

    /// How many of a kind there are in a subscription and a region.
    pub(crate) fn count(&self, kind: Kind, subscription: &str, region: &str) -> usize {
        self.index.count(kind, subscription, region)
    }

    /// The resources that have that claim.
    pub(crate) fn claiming<'a>(&'a self, claim: &str) -> impl Iterator<Item = &'a Resource> + use<'a> {
        self.index.claiming(claim).filter_map(|key| self.resources.get(key))
    }

    /// Changes the resource of that key, if there is one.
    pub(crate) fn edit(&mut self, key: &str, change: impl FnOnce(&mut Resource)) {
        if let Some(resource) = self.resources.get_mut(key) {
            change(resource);
            self.changes.resources.insert(key.to_owned());
        }
    }

    /// Removes a resource and all inside it.
    pub(crate) fn remove_tree(&mut self, key: &str) {
        let inside: Vec<String> = self.below(key).map(Resource::key).collect();
        for key in inside.iter().map(String::as_str).chain([key]) {
            if let Some(resource) = self.resources.remove(key) {
                self.index.remove(key, &resource);
                self.changes.resources.insert(key.to_owned());
            }
        }
    }

    /// Everything inside the resource of that key, at any depth, in order.
    pub(crate) fn below(&self, key: &str) -> impl Iterator<Item = &Resource> {
        let prefix = format!("{key}/");
        self.resources
            .range(prefix.clone()..)
            .take_while(move |(key, _)| key.starts_with(&prefix))
            .map(|(_, resource)| resource)
    }

    /// The children of that kind below `key`; nothing else below it is looked at.
    pub(crate) fn children(&self, key: &str, kind: Kind) -> impl Iterator<Item = &Resource> {
        self.index.of_kind(kind, format!("{key}/")).filter_map(|key| self.resources.get(key))
    }

    /// All of a kind whose keys begin with `prefix`.
    pub(crate) fn all_of(&self, kind: Kind, prefix: &str) -> impl Iterator<Item = &Resource> {
        self.index.of_kind(kind, prefix.to_owned()).filter_map(|key| self.resources.get(key))
    }

    /// Everything, in order of the keys.
    #[cfg(test)]
    pub(crate) fn resources(&self) -> impl Iterator<Item = (&String, &Resource)> {
        self.resources.iter()
    }

    /// Every operation that is remembered, in order of their ids.
    #[cfg(test)]
    pub(crate) fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.operations.values()
    }

    /// The region of the nearest holder that has one.
    pub(crate) fn location_of(&self, key: &str) -> String {
        let holders = std::iter::successors(Some(key), |key| parent(key));
        holders
            .filter_map(|key| self.resource(key)?.location.clone())
            .next()
            .unwrap_or_else(|| "global".to_owned())
    }

    /// The operation of that id.
    pub(crate) fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.get(id)
    }

    /// True while the operation of that id runs.
    pub(crate) fn is_running(&self, id: Option<&String>) -> bool {
        id.and_then(|id| self.operation(id)).is_some_and(|operation| operation.ended.is_none())
    }

    /// Takes an operation in.
    pub(crate) fn add_operation(&mut self, operation: Operation) {
        match (operation.ended, operation.due) {
            (Some(ended), _) => self.ended.insert((ended, operation.id.clone())),
            (None, Some(due)) => self.agenda.insert((due, operation.id.clone())),
            (None, None) => false,
        };
        self.changes.operations.insert(operation.id.clone());
        self.begun.push(operation.id.clone());
        self.operations.insert(operation.id.clone(), operation);
    }

    /// Lets a running operation end no sooner than `due`.
    pub(crate) fn postpone(&mut self, id: &str, due: Tick) {
        let Some(operation) = self.operations.get_mut(id) else { return };
        if let Some(before) = operation.due.filter(|before| *before < due) {
            operation.due = Some(due);
            self.agenda.remove(&(before, id.to_owned()));
            self.agenda.insert((due, id.to_owned()));
        }
    }

    /// Spoils the operations that the last request began.
    pub(crate) fn spoil(&mut self, how: Spoil) {
        for id in std::mem::take(&mut self.begun) {
            let Some(operation) = self.operations.get_mut(&id) else { continue };
            match how {
                Spoil::Fail => {
                    let message = "An internal execution error occurred. Please retry later.";
                    operation.failure =
                        Some(crate::emulator::arm::errors::Problem::new("InternalExecutionError", message));
                }
                Spoil::Hang => {
                    if let Some(due) = operation.due.take() {
                        self.agenda.remove(&(due, id.clone()));
                    }
                }
                Spoil::Vanish => operation.vanished = true,
            }
        }
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

    /// True unless the subscription's registration for the provider was ended.
    pub(crate) fn is_registered(&self, subscription: &str, namespace: &str) -> bool {
        !self.core.unregistered.contains(&format!("{subscription}/{namespace}").to_lowercase())
    }

    /// Takes the note of what has changed.
    pub(crate) fn take_changes(&mut self) -> Changes {
        std::mem::take(&mut self.changes)
    }
}

/// What a request needs to find before it does anything.
impl World {
    /// The resource group of an address.
    ///
    /// # Errors
    /// 404 `ResourceGroupNotFound`.
    pub(crate) fn group(&self, subscription: &str, name: &str) -> Result<&Resource, Refusal> {
        let key = format!("/subscriptions/{subscription}/resourcegroups/{name}").to_lowercase();
        self.resource(&key).ok_or_else(|| group_not_found(name))
    }

    /// The addressed item.
    ///
    /// # Errors
    /// 404 `ResourceGroupNotFound`, `ParentResourceNotFound`, `ResourceNotFound`.
    pub(crate) fn item(&self, address: &Address) -> Result<&Resource, Refusal> {
        self.holder(address)?;
        let missing = || not_found(&address.kind.arm_type(), &address.names.join("/"), address.group_name());
        address.key().and_then(|key| self.resource(&key)).ok_or_else(missing)
    }

    /// What holds the addressed item or collection: a group or a parent resource.
    ///
    /// # Errors
    /// 404 `ResourceGroupNotFound`, `ParentResourceNotFound`.
    pub(crate) fn holder(&self, address: &Address) -> Result<&Resource, Refusal> {
        let group = self.group(&address.subscription, address.group_name())?;
        let Some(key) = address.parent_key().filter(|key| *key != group.key()) else { return Ok(group) };
        let depth = address.kind.info().map_or(0, |info| info.path.len() - 1);
        self.resource(&key)
            .ok_or_else(|| parent_not_found(&address.names[..depth.min(address.names.len())].join("/")))
    }

    /// The holder, which must take new children.
    ///
    /// # Errors
    /// As [`World::holder`]; 409 while it or its group is being deleted.
    pub(crate) fn open_holder(&self, address: &Address) -> Result<&Resource, Refusal> {
        let group = self.group(&address.subscription, address.group_name())?;
        if group.provisioning == Provisioning::Deleting {
            let message = format!(
                "The resource group '{}' is in deprovisioning state and cannot perform this operation.",
                group.name
            );
            return Err(Refusal::new(409, "ResourceGroupBeingDeleted", message));
        }
        let mut holder = self.holder(address)?;
        let nearest = holder;
        while holder.kind != Kind::Group {
            if holder.provisioning == Provisioning::Deleting {
                return Err(conflict(format!("The resource '{}' is being deleted.", holder.name)));
            }
            let Some(above) = parent(&holder.key()).and_then(|key| self.resource(key)) else { break };
            holder = above;
        }
        Ok(nearest)
    }
}

/// True for a resource that clients go on reading: they wait half a minute between two reads if nothing tells them better.
fn is_unfinished(body: Option<&Value>) -> bool {
    let state = |name: &str| body.and_then(|body| body["properties"][name].as_str());
    matches!(state("provisioningState"), Some("Creating" | "Updating" | "Deleting"))
        || matches!(state("publishingState"), Some("Publishing" | "Scaling"))
}

/// Refuses a change of what is being deleted.
///
/// # Errors
/// 409 `Conflict`.
pub(crate) fn not_deleting(resource: &Resource) -> Result<(), Refusal> {
    if resource.provisioning == Provisioning::Deleting {
        return Err(conflict(format!("The resource '{}' is being deleted.", resource.name)));
    }
    Ok(())
}
