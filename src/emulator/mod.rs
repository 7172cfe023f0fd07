//! An Azure Resource Manager of our own: lab accounts with their labs, compute galleries, resource groups and tokens.
//!
//! [`Emulator::start`] serves it on a loopback address, for any client. Inside is a pure world (`world.rs`: a request and a
//! tick in, an answer out), a folder for each provider (`compute/`, `lab_accounts/`, `lab_plans/`) with a
//! file for the resources of each kind beside what all of ARM shares (`arm/`), and around it one thread that owns the world and its data
//! file (`engine.rs`, `store.rs`) and a thin server (`server.rs`).
//!
//! It is a second witness of how ARM behaves: it imports nothing of the rest of the crate, so that it cannot share a mistake
//! with the client it checks.

mod arm;
mod clock;
mod compute;
mod engine;
mod faults;
mod lab_accounts;
mod lab_plans;
#[doc(hidden)]
pub mod measure;
mod message;
mod record;
mod server;
mod store;
mod timer;
mod tls;
mod vaults;
mod world;

#[cfg(test)]
mod tests;

pub use arm::operations::OperationStyle;
pub use arm::subscriptions::{DEFAULT_SUBSCRIPTION, DEFAULT_TENANT};
use arm::throttle::Throttle;
pub use clock::{Day, NoDay};
pub use faults::{Fault, FaultError, FaultProblem, SYNTAX as FAULT_SYNTAX};
pub use tls::Tls;

use clock::{STEPPED_EPOCH_MILLIS, TICK_MILLIS, Tick};
use engine::{Engine, Message};
use faults::Faults;
use record::Recorder;
use server::Shared;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::{Duration, SystemTime};
use store::{Saved, Store};
use thiserror::Error;
use timer::Timer;
use tls::Authority;
use tokio::sync::oneshot;
use world::{Core, World};

/// The names of the marketplace images that every lab account has.
pub fn marketplace_images() -> impl Iterator<Item = &'static str> {
    lab_accounts::marketplace::names()
}

/// How long a stop waits for requests that are open.
const PATIENCE: Duration = Duration::from_secs(5);

/// How an emulator is to run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens: a loopback address, port 0 for any free one.
    pub listen: SocketAddr,
    /// How it serves HTTPS; plain HTTP without.
    pub tls: Option<Tls>,
    /// The file that keeps the world between runs; in memory alone, if there is none.
    pub data: Option<PathBuf>,
    /// How its time goes.
    pub clock: Clock,
    /// What all that looks random follows from; an existing file keeps its own.
    pub seed: u64,
    /// The one client id and secret that get a token; any, if there is none.
    pub client: Option<(String, String)>,
    /// The day it takes for today, on which Lab Services may have retired; without it, nothing is retired.
    pub today: Option<Day>,
    /// How it tells of long-running operations; as each provider documents it, if nothing is said.
    pub operations: Option<OperationStyle>,
    /// Items on a page of a list where the client names no number; as many as the service has, if nothing is said.
    pub page_size: Option<NonZeroUsize>,
    /// Whether it keeps ARM's limits on requests.
    pub throttle: bool,
    /// What is to go wrong.
    pub faults: Vec<Fault>,
    /// The file to append each request and answer to; a folder gets a file for each process.
    pub record: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: None,
            data: None,
            clock: Clock::Ticks,
            seed: 0,
            client: None,
            today: None,
            operations: None,
            page_size: None,
            throttle: false,
            faults: Vec::new(),
            record: None,
        }
    }
}

/// How an emulator's time goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Clock {
    /// A tick is 10 ms of real time; work lasts 3 ticks, an export or a publish 30.
    Ticks,
    /// A tick is 10 ms of real time; work lasts as long as on real Azure, divided by this.
    Scaled(f64),
    /// Moves only by [`Emulator::step`]; work lasts as many ticks as with [`Clock::Ticks`].
    Stepped,
}

/// Why an emulator does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// Another process has the data file open.
    #[error("the data file `{}` is in use{}", path.display(), pid.map(|pid| format!(" by process {pid}")).unwrap_or_default())]
    Held {
        /// The data file.
        path: PathBuf,
        /// The process that holds it, if it said so.
        pid: Option<u32>,
    },
    /// The address is reachable from elsewhere, and the emulator has no real protection.
    #[error("`{0}` is not a loopback address")]
    NotLoopback(SocketAddr),
    /// The clock's scale is not a number above zero.
    #[error("`{0}` is no time scale: it must be above zero")]
    Scale(f64),
    /// The address cannot be listened on.
    #[error("cannot listen on `{address}`")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The system refuses to open or to write the data file.
    #[error("cannot open or write the data file `{}`: {reason}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The data file is damaged, or is none.
    #[error("cannot use the data file `{}`: {reason}", path.display())]
    Data {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The data file was written by a newer emulator.
    #[error("the data file `{}` has format {format}, newer than this program knows", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: i64,
    },
    /// A certificate or its key cannot be used.
    #[error("cannot use the certificate `{}`: {reason}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The certificate of the emulator's own authority cannot be written.
    #[error("cannot write the authority's certificate to `{}`", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The log cannot be opened.
    #[error("cannot record to `{}`", path.display())]
    Record {
        /// The log.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The system gives no thread.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
}

/// A running emulator. Dropping it cuts open requests off; [`Emulator::stop`] lets them finish.
#[derive(Debug)]
pub struct Emulator {
    base_url: String,
    authority: Option<Authority>,
    timer: Arc<Timer>,
    engine: mpsc::Sender<Message>,
    thread: Option<std::thread::JoinHandle<()>>,
    stop: Option<oneshot::Sender<()>>,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Emulator {
    /// Starts an emulator on the current runtime.
    ///
    /// # Errors
    /// [`StartError`]; nothing is left behind then but perhaps a new, empty data file.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let Settings {
            listen,
            tls,
            data,
            clock,
            seed,
            client,
            today,
            operations,
            page_size,
            throttle,
            faults,
            record,
        } = settings;
        if !listen.ip().is_loopback() {
            return Err(StartError::NotLoopback(listen));
        }
        if let Clock::Scaled(scale) = clock
            && !(scale.is_finite() && scale > 0.0)
        {
            return Err(StartError::Scale(scale));
        }
        let unusable = |source| StartError::Listen { address: listen, source };
        let listener = tokio::net::TcpListener::bind(listen).await.map_err(unusable)?;
        let address = listener.local_addr().map_err(unusable)?;
        let (store, saved) = match &data {
            Some(path) => Store::open(path).map(|(store, saved)| (Some(store), saved))?,
            None => (None, None),
        };
        let (tls, authority) = match tls.map(|tls| tls::prepare(&tls, data.as_deref())).transpose()? {
            Some(ready) => (Some(ready.acceptor), ready.authority),
            None => (None, None),
        };
        let (scheme, base_url) = match tls {
            Some(_) => ("https", format!("https://localhost:{}", address.port())),
            None => ("http", format!("http://{address}")),
        };
        let recorder = record
            .map(|path| Recorder::open(&path).map_err(|source| StartError::Record { path, source }))
            .transpose()?;
        let mut world = begin(saved, clock, seed, client);
        world.today = today;
        world.style = operations;
        world.throttle = throttle.then(Throttle::default);
        let timer = Arc::new(Timer::new(clock, world.now()));
        let seed = world.core().seed;
        let mut engine = Engine::new(world, store, Faults::new(faults, seed), recorder, Arc::clone(&timer));
        engine.save_first().map_err(|error| store::unusable(&data.unwrap_or_default(), &error))?;
        let (to_engine, inbox) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("emulator".to_owned())
            .spawn(move || engine.run(&inbox))
            .map_err(StartError::Thread)?;
        let (stop, stopped) = oneshot::channel();
        let shared = Shared {
            engine: to_engine.clone(),
            timer: Arc::clone(&timer),
            scheme,
            page_size: page_size.map(NonZeroUsize::get),
        };
        let server = tokio::spawn(server::serve(listener, tls, shared, stopped));
        Ok(Self {
            base_url,
            authority,
            timer,
            engine: to_engine,
            thread: Some(thread),
            stop: Some(stop),
            server,
        })
    }

    /// Where it answers, such as `http://127.0.0.1:8080` or `https://localhost:8443`.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.base_url.clone()
    }

    /// The file with the authority that clients are to trust, if the emulator made one.
    #[must_use]
    pub fn authority(&self) -> Option<&std::path::Path> {
        self.authority.as_ref().map(|authority| authority.path.as_path())
    }

    /// Moves a [`Clock::Stepped`] on; others move by themselves.
    pub fn step(&self, ticks: u64) {
        self.timer.step(ticks);
    }

    /// Finishes open requests, writes down where the clock stands, and lets go of the data file.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).ok();
        }
        // A client that never ends its request is cut off.
        if tokio::time::timeout(PATIENCE, &mut self.server).await.is_err() {
            self.server.abort();
        }
        self.engine.send(Message::Stop).ok();
        if let Some(thread) = self.thread.take() {
            tokio::task::spawn_blocking(move || thread.join()).await.ok();
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.server.abort();
        self.engine.send(Message::Stop).ok();
    }
}

/// The world as it was saved, or a new one; its time of day is real but under a stepped clock.
fn begin(saved: Option<Saved>, clock: Clock, seed: u64, client: Option<(String, String)>) -> World {
    let epoch = |tick: Tick| match clock {
        Clock::Stepped => STEPPED_EPOCH_MILLIS,
        Clock::Ticks | Clock::Scaled(_) => {
            let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            u64::try_from(since_epoch.as_millis())
                .unwrap_or(u64::MAX / 2)
                .saturating_sub(tick.0 * TICK_MILLIS)
        }
    };
    if let Some(Saved { mut core, resources, operations }) = saved {
        core.epoch_millis = epoch(core.tick);
        return World::restored(core, clock.pace(), client, resources, operations);
    }
    let mut key = [0; 32];
    key[..16].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    key[16..].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    World::new(
        Core {
            tick: Tick(0),
            epoch_millis: epoch(Tick(0)),
            seed,
            drawn: 0,
            key,
            unregistered: BTreeSet::new(),
            vaults: std::collections::BTreeMap::new(),
        },
        clock.pace(),
        client,
    )
}
