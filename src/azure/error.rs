//! What can go wrong with ARM: Azure's own words, and what to do next.

use std::error::Error as StdError;
use std::fmt;
use std::path::PathBuf;

use miette::Diagnostic;
use serde_json::Value;
use thiserror::Error;

/// What can go wrong with ARM. No variant holds a token, a secret or a body that was sent.
#[derive(Debug, Error, Diagnostic)]
pub enum ArmError {
    /// ARM answered outside 2xx.
    #[error("azure refused {request}: {words}")]
    #[diagnostic(code(labwright::azure::refused))]
    Refused {
        /// Method and path.
        request: String,
        /// The HTTP status.
        status: u16,
        /// What Azure said.
        words: Box<Words>,
        /// What to do next, for the common codes.
        #[help]
        advice: Option<&'static str>,
    },
    /// A long-running operation ended as failed or canceled.
    #[error("the operation failed: {words}")]
    #[diagnostic(code(labwright::azure::operation_failed))]
    OperationFailed {
        /// What Azure said.
        words: Box<Words>,
        /// What to do next, for the common codes.
        #[help]
        advice: Option<&'static str>,
    },
    /// How an operation ended cannot be read any more; the resource itself has to tell.
    #[error("the status of the operation could not be read ({last})")]
    #[diagnostic(
        code(labwright::azure::operation_unknown),
        help("run the command again: it looks the resource up and goes on from there")
    )]
    OperationUnknown {
        /// What the last attempt to read it said.
        last: String,
    },
    /// A request may have left, and no answer says whether it took effect.
    #[error("no answer to {request} ({why}); it may have taken effect")]
    #[diagnostic(
        code(labwright::azure::lost),
        help("run the command again: it looks up what took effect and repeats nothing")
    )]
    Lost {
        /// Method and path.
        request: String,
        /// What came instead of an answer.
        why: String,
        /// What the network said.
        #[source]
        source: Option<reqwest::Error>,
    },
    /// No connection came about, or a read was never answered.
    #[error("cannot reach `{host}`")]
    #[diagnostic(
        code(labwright::azure::unreachable),
        help(
            "check the network, a proxy (HTTPS_PROXY) and `cloud.azure.endpoint`; nothing was changed by this request"
        )
    )]
    Unreachable {
        /// The host.
        host: String,
        /// What the network said.
        source: reqwest::Error,
    },
    /// The host's certificate is not trusted; nothing was sent to it.
    #[error("the certificate of `{host}` is not trusted")]
    #[diagnostic(
        code(labwright::azure::certificate),
        help("let `cloud.azure.ca` (or SSL_CERT_FILE) name the PEM file of the authority that signed it")
    )]
    Certificate {
        /// The host.
        host: String,
        /// What TLS said.
        source: reqwest::Error,
    },
    /// What came back is not what ARM would say.
    #[error("`{host}` does not answer as azure does: {what}")]
    #[diagnostic(
        code(labwright::azure::not_arm),
        help("something stands between, or `cloud.azure.endpoint` names another service")
    )]
    NotArm {
        /// The host.
        host: String,
        /// What is not as it should be.
        what: String,
    },
    /// No token was given.
    #[error("cannot sign in: {words}")]
    #[diagnostic(code(labwright::azure::sign_in))]
    SignIn {
        /// What the authority said.
        words: Box<Words>,
        /// What to do next, for the common codes.
        #[help]
        advice: Option<&'static str>,
    },
    /// The machine has no identity, or nobody is signed in to its CLI.
    #[error("the {way} gives no token: {why}")]
    #[diagnostic(code(labwright::azure::no_identity))]
    NoIdentity {
        /// Which way was tried.
        way: &'static str,
        /// Why there is no token.
        why: String,
        /// What to do next.
        #[help]
        advice: &'static str,
    },
    /// None of several ways gave a token.
    #[error("cannot sign in{}", listed(tried))]
    #[diagnostic(
        code(labwright::azure::signed_out),
        help(
            "sign in in one of these ways: AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET of a service principal; AZURE_FEDERATED_TOKEN_FILE instead of the secret; an identity of the machine; `az login`. `auth:` in labwright.yaml names one"
        )
    )]
    SignedOut {
        /// Each way and why it gave none.
        tried: Vec<String>,
    },
    /// The token that a workload shows cannot be read.
    #[error("cannot read the token in `{}`", path.display())]
    #[diagnostic(
        code(labwright::azure::token_file),
        help("AZURE_FEDERATED_TOKEN_FILE names a file that whoever runs the job keeps up to date")
    )]
    TokenFile {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// An address in the settings is none.
    #[error("the address `{address}` {why}")]
    #[diagnostic(
        code(labwright::azure::address),
        help("write https://HOST, or http://127.0.0.1:PORT for an emulator")
    )]
    Address {
        /// As written.
        address: String,
        /// What is the matter.
        why: &'static str,
    },
    /// A token or a secret would go to a host that nobody named.
    #[error("`{host}` is not a host of azure's: no token or secret goes there")]
    #[diagnostic(
        code(labwright::azure::untrusted_host),
        help("if it is meant, name it: LABWRIGHT_ENDPOINT_HOSTS=host[,host]")
    )]
    UntrustedHost {
        /// The host.
        host: String,
    },
    /// A link in an answer leads to another host.
    #[error("an answer of `{endpoint}` leads to `{host}`: the token does not go there")]
    #[diagnostic(
        code(labwright::azure::foreign_host),
        help("links are followed on the endpoint's own host and port alone")
    )]
    ForeignHost {
        /// Where the link leads.
        host: String,
        /// The endpoint's host.
        endpoint: String,
    },
    /// The extra certificates cannot be used.
    #[error("cannot read certificates from `{}`", path.display())]
    #[diagnostic(code(labwright::azure::ca), help("`ca:` names a PEM file with at least one certificate"))]
    Ca {
        /// The file.
        path: PathBuf,
        /// What is the matter.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The HTTP client cannot be set up.
    #[error("cannot set up https")]
    #[diagnostic(
        code(labwright::azure::setup),
        help("check the system's trusted certificates, SSL_CERT_FILE")
    )]
    Setup {
        /// What is the matter.
        source: reqwest::Error,
    },
}

impl ArmError {
    /// Code and message for a journal: Azure's where there are any, else ours.
    #[must_use]
    pub fn told(&self) -> (String, String) {
        match self {
            Self::Refused { words, .. }
            | Self::OperationFailed { words, .. }
            | Self::SignIn { words, .. } => (words.code.clone(), words.said()),
            other => {
                let code = other.code().map(|code| code.to_string()).unwrap_or_default();
                let (mut chain, mut inner) = (other.to_string(), other.source());
                while let Some(error) = inner {
                    chain = format!("{chain}: {error}");
                    inner = error.source();
                }
                (code, chain)
            }
        }
    }

    /// Azure's code, where it gave one.
    #[must_use]
    pub fn azure_code(&self) -> Option<&str> {
        match self {
            Self::Refused { words, .. }
            | Self::OperationFailed { words, .. }
            | Self::SignIn { words, .. } => Some(&words.code),
            _ => None,
        }
    }

    /// The HTTP status of a refusal.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the request may have taken effect although it failed, so that it has to be looked up.
    #[must_use]
    pub fn leaves_open(&self) -> bool {
        matches!(self, Self::Lost { .. } | Self::OperationUnknown { .. })
    }

    pub(super) fn refused(request: String, status: u16, words: Words) -> Self {
        let advice = advice(&words.code);
        Self::Refused { request, status, words: Box::new(words), advice }
    }

    pub(super) fn operation_failed(words: Words) -> Self {
        let advice = advice(&words.code);
        Self::OperationFailed { words: Box::new(words), advice }
    }

    pub(super) fn sign_in(words: Words) -> Self {
        let advice = advice(&words.code);
        Self::SignIn { words: Box::new(words), advice }
    }
}

/// Each on a line of its own.
fn listed(tried: &[String]) -> String {
    tried.iter().map(|way| format!("\n  {way}")).collect()
}

/// What Azure said of a failure. Its text: `CODE: message (innermost detail) [request ID]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// `AuthorizationFailed`; `HTTP 502` where there was no code.
    pub code: String,
    /// Azure's sentence.
    pub message: String,
    /// Code and message of the innermost detail, which often is the reason.
    pub detail: Option<String>,
    /// `x-ms-request-id`, what support asks for.
    pub request_id: Option<String>,
}

impl Words {
    /// Reads an error body, `{"error": {"code", "message", "details"}}` or what stands inside it.
    ///
    /// `status` stands in for the code where there is none. Source: ARM's resource provider contract,
    /// error response content.
    pub(super) fn of(body: &Value, status: &str, request_id: Option<String>) -> Self {
        let error = body.get("error").filter(|error| error.is_object()).unwrap_or(body);
        let (code, message) = code_and_message(error);
        let detail =
            innermost(error).map(code_and_message).and_then(|(code, message)| match (code, message) {
                (Some(code), Some(message)) => Some(format!("{code}: {message}")),
                (one, other) => one.or(other).map(str::to_owned),
            });
        let message = message.map_or_else(|| "no reason was given".to_owned(), str::to_owned);
        let detail = detail.filter(|detail| !message.contains(detail.as_str()));
        Self { code: code.unwrap_or(status).to_owned(), message, detail, request_id }
    }

    /// Whether the body spoke as ARM does.
    pub(super) fn are_in(body: &Value) -> bool {
        code_and_message(body.get("error").unwrap_or(body)).0.is_some()
    }

    fn said(&self) -> String {
        match &self.detail {
            Some(detail) => format!("{} ({detail})", self.message),
            None => self.message.clone(),
        }
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.said())?;
        match &self.request_id {
            Some(id) => write!(f, " [request {id}]"),
            None => Ok(()),
        }
    }
}

fn code_and_message(error: &Value) -> (Option<&str>, Option<&str>) {
    let text = |name| error.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    (text("code"), text("message"))
}

/// The first detail of the first detail, down to the last level.
fn innermost(error: &Value) -> Option<&Value> {
    let inside = |error: &Value| error.get("details").and_then(|details| details.get(0)).is_some();
    let mut at = error;
    while inside(at) {
        at = at.get("details")?.get(0)?;
    }
    (!std::ptr::eq(at, error)).then_some(at)
}

/// What to do next about the common codes of ARM, of its providers and of the token endpoint.
#[must_use]
pub fn advice(code: &str) -> Option<&'static str> {
    Some(match code {
        "AuthorizationFailed" | "LinkedAuthorizationFailed" => {
            "give the identity a role on that scope: `az role assignment create --role Contributor --assignee CLIENT_ID --scope SCOPE`; it takes some minutes"
        }
        "InvalidAuthenticationToken" | "ExpiredAuthenticationToken" | "InvalidAuthenticationTokenTenant" => {
            "the token is not for this endpoint or tenant: check `cloud.azure.tenant` and `authority`"
        }
        "SecretNotFound" => "check the identifier in the portal, and that the secret was not deleted",
        "ForbiddenByRbac" | "ForbiddenByPolicy" => {
            "let the identity read the vault's secrets: the role Key Vault Secrets User, or an access policy with Get"
        }
        "MissingSubscriptionRegistration" => {
            "register the provider once: `az provider register --namespace Microsoft.LabServices` (or Microsoft.Compute)"
        }
        "SubscriptionNotFound" | "InvalidSubscriptionId" => {
            "check `subscriptions:` and AZURE_SUBSCRIPTION_ID, and that the identity may see the subscription"
        }
        "ResourceGroupNotFound" => "list the group under `resourceGroups:`, or create it first",
        "ParentResourceNotFound" => "what should hold it is gone: `labwright drift` shows what else is",
        "PropertyChangeNotAllowed" => {
            "this cannot be changed in place: `labwright drift` shows what differs, a replace makes it anew"
        }
        "CannotDeleteResource" => "something unknown is still inside: delete or import that first",
        "ResourceGroupBeingDeleted" => "wait until the group is gone, then run the command again",
        "QuotaExceeded" | "ResourceQuotaExceeded" => {
            "ask for more quota in the portal (Usage + quotas), or make it smaller"
        }
        "SkuNotAvailable" => "take another size or region",
        "RequestDisallowedByPolicy" => "an Azure Policy forbids it: its name stands in the message",
        "NoRegisteredProviderFound" | "InvalidResourceType" | "InvalidApiVersionParameter" => {
            "this endpoint does not serve that type in that version"
        }
        "InvalidResourceLocation" | "LocationNotAvailableForResourceType" => "take another `location`",
        "invalid_client" | "unauthorized_client" => {
            "check AZURE_CLIENT_ID and AZURE_CLIENT_SECRET: the secret may have expired"
        }
        "invalid_request" | "invalid_tenant" => "check AZURE_TENANT_ID and the authority",
        "invalid_scope" | "invalid_resource" => "the authority knows no tokens for this endpoint: check both",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn azures_words_come_with_the_innermost_detail_and_our_help() {
        let body = json!({"error": {"code": "QuotaExceeded", "message": "No.", "details": [
            {"code": "Outer", "message": "more", "details": [{"code": "Cores", "message": "0 of 10 left"}]},
        ]}});
        let error = ArmError::refused("PUT /x".into(), 409, Words::of(&body, "HTTP 409", Some("r1".into())));
        assert_eq!(
            error.to_string(),
            "azure refused PUT /x: QuotaExceeded: No. (Cores: 0 of 10 left) [request r1]"
        );
        assert!(error.help().is_some_and(|help| help.to_string().contains("quota")));
        assert_eq!(error.told(), ("QuotaExceeded".into(), "No. (Cores: 0 of 10 left)".into()));
    }

    #[test]
    fn an_answer_without_words_is_named_by_its_status() {
        let words = Words::of(&Value::Null, "HTTP 502", None);
        assert_eq!(words.to_string(), "HTTP 502: no reason was given");
        let error = ArmError::refused("GET /x".into(), 502, words);
        assert!(error.help().is_none());
    }
}
