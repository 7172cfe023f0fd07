//! Tokens: asked for by client credentials, kept, renewed ahead of their end.
//!
//! Source: Microsoft identity platform, OAuth 2.0 client credentials flow. The request is our own
//! because the official crate refuses an authority on plain http, which an emulator's may be.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::Value;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::Instant;
use url::Url;
use url::form_urlencoded::Serializer;

use crate::model::{Method, Secret};

use super::client::{Exchange, Http, Raw, host, request_name};
use super::{ArmError, Credentials, Facts, Happened, Pace, Verdict, Words, endpoint, verdict};

/// How long before its end a token is renewed, so that no request leaves with one that ends on the way.
const AHEAD: Duration = Duration::from_mins(5);

/// The signed-in identity.
pub(super) struct Tokens {
    endpoint: Url,
    authority: Option<Url>,
    credentials: Credentials,
    pace: Pace,
    desk: OnceCell<Desk>,
    token: Mutex<Option<Token>>,
}

/// Where tokens are asked for, and for what.
struct Desk {
    url: Url,
    scope: String,
}

#[derive(Clone)]
struct Token {
    bearer: Secret,
    renew_at: Instant,
    ends_at: Instant,
}

impl Tokens {
    pub(super) fn new(endpoint: Url, authority: Option<Url>, credentials: Credentials, pace: Pace) -> Self {
        Self { endpoint, authority, credentials, pace, desk: OnceCell::new(), token: Mutex::new(None) }
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
        match (self.ask(http).await, usable) {
            (Ok(token), _) => Ok(kept.insert(token).bearer.clone()),
            // Renewing ahead may fail as long as the old one holds.
            (Err(_), Some(token)) => Ok(token.bearer),
            (Err(error), None) => Err(error),
        }
    }

    async fn ask(&self, http: &Http) -> Result<Token, ArmError> {
        let desk = self.desk.get_or_try_init(|| self.find_desk(http)).await?;
        let form = Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", &self.credentials.client_id)
            .append_pair("client_secret", self.credentials.secret.expose())
            .append_pair("scope", &desk.scope)
            .finish();
        let asked_at = Instant::now();
        let raw = self.insist(http, Method::Post, &desk.url, Some(form.into_bytes())).await?;
        if raw.answer.status != 200 {
            return Err(ArmError::sign_in(refusal(&raw)));
        }
        token_in(&raw.answer.body, asked_at).ok_or_else(|| ArmError::NotArm {
            host: host(&desk.url),
            what: "its answer to a sign-in holds no token".into(),
        })
    }

    /// Finds out where to ask: the setting, the discovery of a loopback endpoint, the public host.
    async fn find_desk(&self, http: &Http) -> Result<Desk, ArmError> {
        let (authority, audience) = match &self.authority {
            Some(authority) => (authority.clone(), None),
            None if endpoint::is_loopback(&self.endpoint) => self.discover(http).await?,
            None => (endpoint::public_authority(&self.endpoint), None),
        };
        let mut url = authority;
        url.path_segments_mut().expect("an authority is http or https").pop_if_empty().extend([
            &self.credentials.tenant,
            "oauth2",
            "v2.0",
            "token",
        ]);
        let audience = audience.unwrap_or_else(|| self.endpoint.as_str().to_owned());
        Ok(Desk { url, scope: format!("{}/.default", audience.trim_end_matches('/')) })
    }

    /// Reads authority and audience from `GET /metadata/endpoints`, as the Azure CLI does for a cloud of its own.
    async fn discover(&self, http: &Http) -> Result<(Url, Option<String>), ArmError> {
        let mut url = self.endpoint.clone();
        url.path_segments_mut()
            .expect("an endpoint is http or https")
            .pop_if_empty()
            .extend(["metadata", "endpoints"]);
        url.set_query(Some("api-version=2022-09-01"));
        let raw = self.insist(http, Method::Get, &url, None).await?;
        // Older versions answer a list of clouds.
        let cloud = raw.answer.body.get(0).unwrap_or(&raw.answer.body);
        let login = cloud.pointer("/authentication/loginEndpoint").and_then(Value::as_str);
        let login = login.filter(|_| raw.answer.status == 200).ok_or_else(|| ArmError::NotArm {
            host: host(&self.endpoint),
            what: "`/metadata/endpoints` names no login endpoint".into(),
        })?;
        let authority = endpoint::authority(login, &[])?;
        if !endpoint::is_loopback(&authority) {
            // Else whoever listens on a local port could have the secret turned into a token for Azure.
            return Err(ArmError::ForeignHost { host: host(&authority), endpoint: host(&self.endpoint) });
        }
        let audience = cloud.pointer("/authentication/audiences/0").and_then(Value::as_str);
        Ok((authority, audience.map(str::to_owned)))
    }

    /// Asks until there is an answer that will not change. Signing in changes nothing, so it is repeated as a GET is.
    async fn insist(
        &self,
        http: &Http,
        method: Method,
        url: &Url,
        form: Option<Vec<u8>>,
    ) -> Result<Raw, ArmError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let (mut attempt, mut waited) = (1, Duration::ZERO);
        loop {
            let exchange = Exchange { method, url, body: form.as_deref(), headers: headers.clone() };
            let sent = http.exchange(exchange).await;
            let (happened, retry_after) = match &sent {
                Ok(raw) => (Happened::Answered(raw.answer.status, "", ""), raw.answer.retry_after),
                Err(failure) => (failure.happened(), None),
            };
            let facts = Facts { method: Method::Get, attempt, waited, happened, retry_after };
            match (verdict(&facts, &self.pace, super::client::random()), sent) {
                (Verdict::Retry(wait), _) => {
                    tokio::time::sleep(wait).await;
                    (attempt, waited) = (attempt + 1, waited + wait);
                }
                (Verdict::GiveUp, Ok(raw)) => return Ok(raw),
                (Verdict::GiveUp, Err(failure)) => {
                    return Err(failure.into_error(&request_name(method, url), Method::Get, url));
                }
            }
        }
    }
}

fn token_in(body: &Value, asked_at: Instant) -> Option<Token> {
    let bearer = body.get("access_token")?.as_str()?;
    // A token that cannot stand in a header would fail each request with a message that blames the network.
    HeaderValue::from_str(bearer).ok().filter(|_| !bearer.is_empty())?;
    let lasts = body.get("expires_in")?;
    let lasts = lasts.as_u64().or_else(|| lasts.as_str()?.parse().ok())?;
    let lasts = Duration::from_secs(lasts.min(86_400));
    // A short one is renewed at half its life.
    let renew_after = lasts.checked_sub(AHEAD).unwrap_or_default().max(lasts / 2);
    Some(Token {
        bearer: Secret::new(bearer.to_owned()),
        renew_at: asked_at + renew_after,
        ends_at: asked_at + lasts,
    })
}

/// What the token endpoint said: `{error, error_description}`, whose first line is the sentence.
fn refusal(raw: &Raw) -> Words {
    let text = |name| raw.answer.body.get(name).and_then(Value::as_str);
    match text("error") {
        Some(code) => {
            let description = text("error_description").and_then(|text| text.lines().next());
            let message = description.unwrap_or("no reason was given").to_owned();
            Words { code: code.to_owned(), message, detail: None, request_id: raw.answer.request_id.clone() }
        }
        None => {
            Words::of(&raw.answer.body, &format!("HTTP {}", raw.answer.status), raw.answer.request_id.clone())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_token_is_renewed_five_minutes_ahead_and_a_short_one_at_half_its_life() {
        let now = Instant::now();
        let renewed = |expires_in: Value| {
            token_in(&json!({"access_token": "t", "expires_in": expires_in}), now)
                .map(|token| (token.renew_at - now).as_secs())
        };
        assert_eq!(renewed(json!(3600)), Some(3300));
        assert_eq!(renewed(json!("3600")), Some(3300));
        assert_eq!(renewed(json!(60)), Some(30));
        assert_eq!(renewed(Value::Null), None);
    }
}
