//! Tokens of whoever this machine is or has signed in, by Microsoft's own crate.
//!
//! Source: Azure Identity, managed identities (App Service's endpoint, else the instance metadata service) and
//! `az account get-access-token`.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use azure_core::credentials::{AccessToken, TokenCredential};
use azure_core::http::{ClientOptions, RetryOptions, Transport};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ManagedIdentityCredential,
    ManagedIdentityCredentialOptions, UserAssignedId,
};
use tokio::time::{Instant, timeout};

use super::ArmError;
use super::auth::Token;
use super::client::Http;

/// How long the machine's identity service has to answer where it is not sure that there is one: elsewhere than in
/// Azure nobody listens at its address, and the connection only hangs.
const PROBE: Duration = Duration::from_secs(2);
/// How long it has where it is the way that was named, and how long the CLI has: az may sign in anew.
const PATIENCE: Duration = Duration::from_mins(1);

/// A token of the machine's own identity.
pub(super) async fn managed(
    client_id: Option<&str>,
    scope: &str,
    http: &Http,
    is_sure: bool,
) -> Result<Token, ArmError> {
    let client_options = ClientOptions {
        transport: Some(Transport::new(Arc::new(http.client()?.clone()))),
        retry: if is_sure { RetryOptions::default() } else { RetryOptions::none() },
        ..ClientOptions::default()
    };
    let options = ManagedIdentityCredentialOptions {
        user_assigned_id: client_id.map(|id| UserAssignedId::ClientId(id.to_owned())),
        client_options,
    };
    let credential = ManagedIdentityCredential::new(Some(options));
    let asked = ask(credential, scope, if is_sure { PATIENCE } else { PROBE }).await;
    asked.map_err(|why| ArmError::NoIdentity {
        way: "managed identity",
        why,
        advice: "labwright must run on a machine in Azure that has an identity; AZURE_CLIENT_ID names one of several",
    })
}

/// A token of whoever is signed in to the Azure CLI.
pub(super) async fn cli(tenant: Option<&str>, scope: &str) -> Result<Token, ArmError> {
    let tenant_id = tenant.map(str::to_owned);
    let options = AzureCliCredentialOptions { tenant_id, ..AzureCliCredentialOptions::default() };
    let asked = ask(AzureCliCredential::new(Some(options)), scope, PATIENCE).await;
    asked.map_err(|why| ArmError::NoIdentity {
        way: "Azure CLI",
        why,
        advice: "sign in with `az login`; `az account get-access-token` must work in the same shell",
    })
}

/// Asks for a token; says in one line why there is none.
async fn ask(
    credential: azure_core::Result<Arc<impl TokenCredential>>,
    scope: &str,
    patience: Duration,
) -> Result<Token, String> {
    let asked_at = Instant::now();
    let credential = credential.map_err(|error| first_line(&error))?;
    match timeout(patience, credential.get_token(&[scope], None)).await {
        Err(_) => Err(format!("nobody answered within {} s", patience.as_secs())),
        Ok(Err(error)) => Err(first_line(&error)),
        Ok(Ok(answer)) => {
            token(&answer, asked_at).ok_or_else(|| "its answer holds no token that can be sent".to_owned())
        }
    }
}

fn token(answer: &AccessToken, asked_at: Instant) -> Option<Token> {
    let ends = u64::try_from(answer.expires_on.unix_timestamp()).ok()?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let lasts = Duration::from_secs(ends).checked_sub(now)?;
    Token::lasting(answer.token.secret(), lasts, asked_at)
}

/// What went wrong, in one line: the crate's errors begin with its own types and go on with links and whole answers.
fn first_line(error: &azure_core::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.split_once("authentication failed. ").map_or(line, |(_, why)| why).trim().to_owned()
}
