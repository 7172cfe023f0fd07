//! What a client is told when it is made.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::model::{Method, Secret};

/// What a client is told when it is made; nothing here is read from the environment.
#[derive(Clone)]
pub struct Settings {
    /// ARM's address: `https://management.azure.com`, an emulator's `http://127.0.0.1:PORT`.
    pub endpoint: String,
    /// Where tokens are asked for; `None` is what a loopback endpoint's discovery says, else the cloud's own host.
    pub authority: Option<String>,
    /// Who signs in.
    pub credentials: Credentials,
    /// A PEM file of certificates to trust beside the system's.
    pub ca: Option<PathBuf>,
    /// One for each run: `x-ms-correlation-request-id` of all its requests.
    pub correlation_id: uuid::Uuid,
    /// Subscriptions by the name that stands in a plan's paths: name to GUID.
    pub subscriptions: BTreeMap<String, String>,
    /// Hosts that may be sent tokens and secrets although they are not Azure's: `host` or `host:port`.
    pub hosts: Vec<String>,
    /// How long to wait for what; `None` is [`Pace::loopback`] on loopback, else [`Pace::azure`].
    pub pace: Option<Pace>,
    /// Hears of each exchange.
    pub trace: Option<Trace>,
}

/// Who signs in.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// The ways to sign in, tried in this order until one gives a token; from then on that one.
    pub ways: Vec<Credential>,
    /// Ways that are not tried, each with the reason: said when no other gives a token.
    pub left_out: Vec<(&'static str, String)>,
}

/// A way to sign in.
#[derive(Debug, Clone)]
pub enum Credential {
    /// A service principal with a secret.
    ClientSecret {
        /// The tenant: a GUID or a domain.
        tenant: String,
        /// The application's id.
        client_id: String,
        /// Its secret.
        secret: Secret,
    },
    /// A service principal that shows a token of another issuer, as CI services and Kubernetes give.
    Workload {
        /// The tenant: a GUID or a domain.
        tenant: String,
        /// The application's id.
        client_id: String,
        /// The file with that token, read anew each time.
        token_file: PathBuf,
    },
    /// The identity of the machine; of several the one with this client id.
    Managed {
        /// The client id of a user-assigned identity.
        client_id: Option<String>,
    },
    /// Whoever is signed in to the Azure CLI.
    Cli {
        /// The tenant; the CLI's own where it is not said.
        tenant: Option<String>,
    },
}

impl Credential {
    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::ClientSecret { .. } => "client secret",
            Self::Workload { .. } => "workload identity",
            Self::Managed { .. } => "managed identity",
            Self::Cli { .. } => "Azure CLI",
        }
    }
}

impl From<Credential> for Credentials {
    fn from(way: Credential) -> Self {
        Self { ways: vec![way], left_out: Vec::new() }
    }
}

/// Hears of each exchange with ARM and the authority.
pub type Trace = Arc<dyn Fn(&TraceLine<'_>) + Send + Sync>;

/// One exchange, without bodies and without queries, which may hold signatures.
#[derive(Debug, Clone, Copy)]
pub struct TraceLine<'a> {
    /// The method.
    pub method: Method,
    /// The url's path.
    pub path: &'a str,
    /// Which attempt of the same request, from 1.
    pub attempt: u32,
    /// The answer's status; `None` where none came.
    pub status: Option<u16>,
    /// From sending to the whole answer.
    pub took: Duration,
    /// `x-ms-request-id`.
    pub request_id: Option<&'a str>,
    /// When the request is sent again, if it is.
    pub again_in: Option<Duration>,
}

/// How long to wait for what, where ARM does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The first wait; each later one is twice as long.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
    /// How many times a request is sent at most while the service fails or cannot be reached.
    pub attempts: u32,
    /// How long to wait in all while ARM says "not now", or while an operation's status cannot be read.
    pub patience: Duration,
    /// How long a connection may take to come about.
    pub connect: Duration,
    /// How long nothing may come: neither an answer's head nor, once it began, its next piece.
    pub silence: Duration,
    /// How long a whole answer may take.
    pub answer: Duration,
}

impl Pace {
    /// For Azure. ARM's front end cuts a call off after 60 s, so what is silent for longer never goes on.
    #[must_use]
    pub fn azure() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(30),
            attempts: 6,
            patience: Duration::from_mins(10),
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(65),
            answer: Duration::from_secs(100),
        }
    }

    /// For an emulator on loopback, whose operations last some hundredths of a second.
    #[must_use]
    pub fn loopback() -> Self {
        Self {
            first: Duration::from_millis(20),
            longest: Duration::from_millis(200),
            attempts: 8,
            patience: Duration::from_secs(20),
            ..Self::azure()
        }
    }

    /// The wait after `times` earlier ones: `first`, doubled each time up to `longest`.
    #[must_use]
    pub fn wait(&self, times: u32) -> Duration {
        self.first.saturating_mul(2_u32.saturating_pow(times.min(20))).min(self.longest)
    }
}
