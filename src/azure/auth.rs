//! Tokens: asked for in one of several ways, kept, renewed ahead of their end.

use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::BoxFuture;
use reqwest::header::HeaderValue;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::authority::Authority;
use super::client::Http;
use super::settings::Credential;
use super::{ArmError, Credentials, machine};
use crate::model::{Principal, Secret};

/// How long before its end a token is renewed, so that no request leaves with one that ends on the way.
const AHEAD: Duration = Duration::from_mins(5);
/// What a workload shows a token of another issuer as. Source: RFC 7523.
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The signed-in identity.
pub(super) struct Tokens {
    authority: Authority,
    credentials: Credentials,
    /// Which of the ways gave the first token.
    chosen: OnceLock<usize>,
    token: Mutex<Option<Token>>,
}

/// A token that can be sent.
#[derive(Debug, Clone)]
pub(super) struct Token {
    bearer: Secret,
    renew_at: Instant,
    ends_at: Instant,
}

impl Token {
    /// The token that lasts so long from `asked_at`; `None` for what cannot stand in a header: it would fail each
    /// request with a message that blames the network.
    pub(super) fn lasting(bearer: &str, lasts: Duration, asked_at: Instant) -> Option<Self> {
        HeaderValue::from_str(bearer).ok().filter(|_| !bearer.is_empty())?;
        let lasts = lasts.min(Duration::from_hours(24));
        // A short one is renewed at half its life.
        let renew_after = lasts.checked_sub(AHEAD).unwrap_or_default().max(lasts / 2);
        let bearer = Secret::new(bearer.to_owned());
        Some(Self { bearer, renew_at: asked_at + renew_after, ends_at: asked_at + lasts })
    }
}

impl Tokens {
    /// Tokens for `endpoint`, or for the `audience` that is named.
    pub(super) fn new(
        endpoint: Url,
        authority: Option<Url>,
        audience: Option<String>,
        credentials: Credentials,
    ) -> Self {
        let authority = Authority::new(endpoint, authority, audience);
        Self { authority, credentials, chosen: OnceLock::new(), token: Mutex::new(None) }
    }

    /// A token to send; never `stale`, which ARM has just refused. Those who ask at once share one request.
    pub(super) async fn bearer(&self, http: &Http, stale: Option<&Secret>) -> Result<Secret, ArmError> {
        let mut kept = self.token.lock().await;
        let now = Instant::now();
        let usable = kept.clone().filter(|token| {
            now < token.ends_at && stale.is_none_or(|stale| stale.expose() != token.bearer.expose())
        });
        if let Some(token) = usable.as_ref().filter(|token| now < token.renew_at) {
            return Ok(token.bearer.clone());
        }
        let ask = |way| -> BoxFuture<'_, _> { Box::pin(self.by(way, http)) };
        match (first(&self.credentials, &self.chosen, ask).await, usable) {
            (Ok(token), _) => Ok(kept.insert(token).bearer.clone()),
            // Renewing ahead may fail as long as the old one holds.
            (Err(_), Some(token)) => Ok(token.bearer),
            (Err(error), None) => Err(error),
        }
    }

    async fn by(&self, way: &Credential, http: &Http) -> Result<Token, ArmError> {
        match way {
            Credential::ClientSecret { tenant, client_id, secret } => {
                let proof = [("client_secret", secret.expose())];
                self.authority.ask(http, tenant, client_id, &proof).await
            }
            Credential::Workload { tenant, client_id, token_file } => {
                let shown = std::fs::read_to_string(token_file)
                    .map_err(|source| ArmError::TokenFile { path: token_file.clone(), source })?;
                let proof = [("client_assertion_type", ASSERTION), ("client_assertion", shown.trim())];
                self.authority.ask(http, tenant, client_id, &proof).await
            }
            Credential::Managed { client_id } => {
                let is_sure = self.credentials.ways.len() == 1;
                machine::managed(client_id.as_deref(), self.authority.scope(http).await?, http, is_sure).await
            }
            Credential::Cli { tenant } => {
                machine::cli(tenant.as_deref(), self.authority.scope(http).await?).await
            }
        }
    }
}

/// Whose token it is, as its claims say it; nothing is decided by them.
///
/// Source: Microsoft identity platform, access token claims: `oid` is the object that is given roles; `idtyp` is `app` for
/// an application, whose id is `appid` (version 1) or `azp` (version 2).
pub(super) fn principal_in(bearer: &str) -> Option<Principal> {
    let claims = URL_SAFE_NO_PAD.decode(bearer.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    let text = |names: &[&str]| names.iter().find_map(|name| claims.get(name)?.as_str()).map(str::to_owned);
    let user = text(&["upn", "unique_name", "preferred_username"]);
    Some(Principal {
        is_application: claims["idtyp"] == "app" || user.is_none(),
        name: user.or_else(|| text(&["appid", "azp"]))?,
        object: text(&["oid"])?,
        tenant: text(&["tid"])?,
    })
}

/// The token of the way that is `chosen`, else of the first that gives one.
///
/// A principal that is configured and refused ends the search: somebody else's rights would not be what was meant.
/// That a machine has no identity, or nobody is signed in to its CLI, only leaves the next way.
async fn first<'a>(
    credentials: &'a Credentials,
    chosen: &OnceLock<usize>,
    mut ask: impl FnMut(&'a Credential) -> BoxFuture<'a, Result<Token, ArmError>>,
) -> Result<Token, ArmError> {
    let Credentials { ways, left_out } = credentials;
    if let Some(way) = chosen.get().and_then(|at| ways.get(*at)) {
        return ask(way).await;
    }
    let mut tried: Vec<_> = left_out.iter().map(|(name, why)| format!("{name}: {why}")).collect();
    for (at, way) in ways.iter().enumerate() {
        match ask(way).await {
            Ok(token) => {
                chosen.get_or_init(|| at);
                return Ok(token);
            }
            Err(ArmError::NoIdentity { why, .. }) if tried.len() + ways.len() > 1 => {
                tried.push(format!("{}: {why}", way.name()));
            }
            Err(error) => return Err(error),
        }
    }
    Err(ArmError::SignedOut { tried })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn token() -> Token {
        Token::lasting("t", Duration::from_hours(1), Instant::now()).expect("a token")
    }

    fn no_identity(way: &Credential) -> ArmError {
        ArmError::NoIdentity { way: way.name(), why: "nobody".into(), advice: "" }
    }

    #[test]
    fn a_token_is_renewed_five_minutes_ahead_and_a_short_one_at_half_its_life() {
        let now = Instant::now();
        let renewed = |seconds| {
            let token = Token::lasting("t", Duration::from_secs(seconds), now).expect("a token");
            (token.renew_at - now).as_secs()
        };
        assert_eq!((renewed(3600), renewed(60)), (3300, 30));
        assert!(Token::lasting("", Duration::from_hours(1), now).is_none());
        assert!(Token::lasting("a\nb", Duration::from_hours(1), now).is_none());
    }

    #[test]
    fn a_token_says_whose_it_is_or_nothing() {
        let token = |claims: Value| format!("e30.{}.s", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let app = principal_in(&token(json!({"oid": "o", "tid": "t", "appid": "a", "idtyp": "app"})));
        assert!(app.is_some_and(|own| own.is_application && own.name == "a" && own.object == "o"));
        let user =
            principal_in(&token(json!({"oid": "o", "tid": "t", "appid": "az", "upn": "ana@contoso.edu"})));
        assert!(user.is_some_and(|own| !own.is_application && own.name == "ana@contoso.edu"));
        assert_eq!(principal_in("opaque"), None);
        assert_eq!(principal_in(&token(json!({"oid": "o"}))), None);
    }

    #[tokio::test]
    async fn ways_are_tried_in_order_and_the_one_that_gave_a_token_is_kept() {
        let (managed, cli) = (Credential::Managed { client_id: None }, Credential::Cli { tenant: None });
        let credentials = Credentials { ways: vec![managed, cli], left_out: Vec::new() };
        let chosen = OnceLock::new();
        let mut asked = Vec::new();
        for _ in 0..2 {
            let ask = |way: &Credential| -> BoxFuture<'_, _> {
                asked.push(way.name());
                let answer =
                    if matches!(way, Credential::Cli { .. }) { Ok(token()) } else { Err(no_identity(way)) };
                Box::pin(async { answer })
            };
            first(&credentials, &chosen, ask).await.expect("a token");
        }
        assert_eq!(asked, ["managed identity", "Azure CLI", "Azure CLI"]);
    }

    #[tokio::test]
    async fn nobody_is_told_with_every_way_and_its_reason() {
        let credentials = Credentials {
            ways: vec![Credential::Managed { client_id: None }, Credential::Cli { tenant: None }],
            left_out: vec![("client secret", "AZURE_CLIENT_SECRET is not set".into())],
        };
        let ask = |way: &Credential| -> BoxFuture<'_, _> {
            let error = no_identity(way);
            Box::pin(async { Err(error) })
        };
        let error = first(&credentials, &OnceLock::new(), ask).await.expect_err("nobody");
        assert_eq!(
            error.to_string(),
            "cannot sign in\n  client secret: AZURE_CLIENT_SECRET is not set\n  managed identity: nobody\n  Azure CLI: nobody"
        );
    }

    #[tokio::test]
    async fn a_principal_that_is_refused_ends_the_search() {
        let secret = Credential::ClientSecret {
            tenant: "t".into(),
            client_id: "c".into(),
            secret: Secret::new("s".into()),
        };
        let credentials =
            Credentials { ways: vec![secret, Credential::Cli { tenant: None }], left_out: Vec::new() };
        let ask = |_: &Credential| -> BoxFuture<'_, _> {
            Box::pin(async { Err(ArmError::UntrustedHost { host: "h".into() }) })
        };
        let error = first(&credentials, &OnceLock::new(), ask).await.expect_err("refused");
        assert!(matches!(error, ArmError::UntrustedHost { .. }), "{error}");
    }
}
