//! Carries plans out over ARM, settles runs that broke off, and reads what is there.
//!
//! Entry points: [`begin`], which opens a run; [`execute`], which does what is left of a run; [`look_up`], which finds out what
//! became of a run that broke off; [`observe`], which reads what is recorded, for drift and refresh.
//!
//! Everything follows one protocol. A request's `started` entry is durable before it leaves; `done`
//! and the row that it changes are one commit; so a crash can lose an answer, never a question. What
//! happened is a fold over the journal ([`Run`](crate::plan::Run)), live and after a crash alike.
//! Nothing is decided here: what to send, what to wait for and what to write down stands in the plan.
//! Nothing here prints, and no task outlives its caller.

mod begin;
mod effect;
mod error;
mod evidence;
mod executor;
mod journal;
mod listed;
mod live;
mod observe;
mod opened;
mod outputs;
mod preflight;
mod recording;
mod report;
mod request;
mod room;
mod secrets;
mod settle;
mod step;
mod sweep;
mod until;

use std::time::Duration;

pub use begin::begin;
pub use error::{ApplyError, Refusal};
pub use executor::execute;
pub use observe::{Seen, observe};
pub use preflight::preflight;
pub use report::Report;
pub use secrets::{FromFiles, OpenSecrets, SecretError, Vaults, check_secrets, secrets_of};
pub use settle::{Found, Settled, look_up};

use crate::azure::Arm;
use crate::state::Store;

/// What carrying out a plan works with.
pub struct Surroundings<'a> {
    /// Azure.
    pub arm: &'a dyn Arm,
    /// Where rows and journal are kept; what the run is about was claimed there.
    pub store: &'a mut dyn Store,
    /// Opens secrets as requests leave.
    pub secrets: &'a dyn OpenSecrets,
    /// Milliseconds since 1970.
    pub now: &'a dyn Fn() -> u64,
    /// The GUID of a subscription that stands in a plan by its name; `None` for what is a GUID already.
    pub open_subscription: &'a dyn Fn(&str) -> Option<String>,
}

/// How much at once, and how long to wait for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How many actions are under way at once, at most.
    pub parallelism: usize,
    /// How long after a lost answer to a POST its effect may take to show.
    pub visibility: Duration,
    /// How long something may take to appear: a projection, or what was just created.
    pub appearance: Duration,
    /// How long one step may take before it is left for a later run to look up.
    pub patience: Duration,
}

impl Options {
    /// For Azure. Source of `patience`: the vendor's module gives up after 120 polls, two minutes apart.
    #[must_use]
    pub fn azure() -> Self {
        Self {
            parallelism: 10,
            visibility: Duration::from_mins(15),
            appearance: Duration::from_mins(30),
            patience: Duration::from_hours(4),
        }
    }

    /// For an emulator on loopback, where an effect shows within 10 ticks of 10 ms.
    ///
    /// `patience` is Azure's: an emulator may run in real time.
    #[must_use]
    pub fn loopback() -> Self {
        Self { visibility: Duration::from_millis(100), appearance: Duration::from_mins(1), ..Self::azure() }
    }
}
