//! Azure Resource Manager over HTTP; nothing about labs.
//!
//! Entry points: [`Client`], which signs in and sends; [`read`] and [`follow`], which work over any
//! [`Arm`]. Redirects are never followed and a token never goes to another host than the endpoint's.
//! A service principal's tokens come from a request of our own, those of the machine or of az through Microsoft's crate.

mod auth;
mod authority;
mod client;
mod endpoint;
mod error;
mod key_vault;
mod limiter;
mod machine;
mod operation;
mod read;
mod retry;
mod settings;
mod wire;

use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::Value;

pub use client::Client;
pub use error::{ArmError, Words, advice};
pub use operation::{OperationUrl, Progress, Style, follow};
pub use read::read;
pub use retry::{Facts, Happened, Verdict, verdict};
pub use settings::{Credential, Credentials, Pace, Settings, Trace, TraceLine};

use crate::model::{ArmId, Method};

/// What the executor needs of ARM; a trait so that a test can stand between.
pub trait Arm: Send + Sync {
    /// Sends one request to ARM, retried as far as that is safe, without following its operation.
    ///
    /// # Errors
    /// [`ArmError::Refused`] for an answer outside 2xx; [`ArmError::Lost`] where a request other than a
    /// GET may have taken effect although no answer says so; [`ArmError::Unreachable`] where nothing has
    /// left, or a GET was not answered.
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Answer, ArmError>>;

    /// Reads the status of an operation url, verbatim, once; any status is an answer, also 404 or 500.
    ///
    /// # Errors
    /// [`ArmError::ForeignHost`] where the url is not the endpoint's; [`ArmError::Unreachable`].
    fn poll<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Answer, ArmError>>;

    /// How long to wait for what, where ARM does not say.
    fn pace(&self) -> Pace {
        Pace::loopback()
    }
}

/// One request to ARM.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The method.
    pub method: Method,
    /// The path, of an action with the action's name as its last segment; not percent-encoded.
    pub path: &'a ArmId,
    /// The api-version.
    pub api_version: &'a str,
    /// More of the query, `$expand=ReplicationStatus`; not percent-encoded.
    pub query: Option<&'a str>,
    /// The JSON body, its secrets already opened; it is never printed.
    pub body: Option<&'a Value>,
}

/// What ARM answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body; null where it is empty.
    pub body: Value,
    /// The operation that goes on: `Azure-AsyncOperation`, else a `Location` other than the request's own path.
    pub operation: Option<OperationUrl>,
    /// How long ARM asks to wait; zero counts as not said, as official pollers take it.
    pub retry_after: Option<Duration>,
    /// `x-ms-request-id`, what support asks for.
    pub request_id: Option<String>,
}
