//! The authority: where a service principal asks for tokens, with a form of our own.
//!
//! Source: Microsoft identity platform, OAuth 2.0 client credentials flow, with a secret or with a token of another
//! issuer. The form is ours because the official crate refuses an authority on plain http, which an emulator's may be,
//! and so there is one way for every authority.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::Value;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use url::Url;
use url::form_urlencoded::Serializer;

use super::auth::Token;
use super::client::{Exchange, Http, Raw, host, request_name};
use super::{ArmError, Words, endpoint};
use crate::model::Method;

/// Where tokens for an endpoint are asked for.
pub(super) struct Authority {
    endpoint: Url,
    named: Option<Url>,
    /// What tokens are for, where that is not the endpoint.
    audience: Option<String>,
    desk: OnceCell<Desk>,
}

/// An authority, and what is asked for there.
struct Desk {
    url: Url,
    scope: String,
}

impl Authority {
    /// The authority of `endpoint`: the one that is `named`, else what the endpoint says. Tokens are for the endpoint, or
    /// for the `audience` that is named.
    pub(super) fn new(endpoint: Url, named: Option<Url>, audience: Option<String>) -> Self {
        Self { endpoint, named, audience, desk: OnceCell::new() }
    }

    /// What a token must be for.
    pub(super) async fn scope(&self, http: &Http) -> Result<&str, ArmError> {
        Ok(&self.desk(http).await?.scope)
    }

    /// Asks for a token for the application of that tenant, which proves itself with `proof`.
    pub(super) async fn ask(
        &self,
        http: &Http,
        tenant: &str,
        client_id: &str,
        proof: &[(&str, &str)],
    ) -> Result<Token, ArmError> {
        let desk = self.desk(http).await?;
        let mut url = desk.url.clone();
        let mut segments = url.path_segments_mut().expect("an authority is http or https");
        segments.pop_if_empty().extend([tenant, "oauth2", "v2.0", "token"]);
        drop(segments);
        let form = Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", client_id)
            .extend_pairs(proof)
            .append_pair("scope", &desk.scope)
            .finish();
        let asked_at = Instant::now();
        let raw = self.insist(http, Method::Post, &url, Some(form.into_bytes())).await?;
        if raw.answer.status != 200 {
            return Err(ArmError::sign_in(refusal(&raw)));
        }
        token_in(&raw.answer.body, asked_at).ok_or_else(|| ArmError::NotArm {
            host: host(&url),
            what: "its answer to a sign-in holds no token".into(),
        })
    }

    async fn desk(&self, http: &Http) -> Result<&Desk, ArmError> {
        self.desk.get_or_try_init(|| self.find_desk(http)).await
    }

    /// Finds out where to ask: the setting, the discovery of a loopback endpoint, the public host.
    async fn find_desk(&self, http: &Http) -> Result<Desk, ArmError> {
        let (url, audience) = match &self.named {
            Some(authority) => (authority.clone(), None),
            None if endpoint::is_loopback(&self.endpoint) => self.discover(http).await?,
            None => (endpoint::public_authority(&self.endpoint), None),
        };
        let audience =
            self.audience.clone().or(audience).unwrap_or_else(|| self.endpoint.as_str().to_owned());
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
        let asked = http.insist(Exchange { method, url, body: form.as_deref(), headers }).await;
        asked.map_err(|failure| failure.into_error(&request_name(method, url), Method::Get, url))
    }
}

fn token_in(body: &Value, asked_at: Instant) -> Option<Token> {
    let bearer = body.get("access_token")?.as_str()?;
    let lasts = body.get("expires_in")?;
    let lasts = lasts.as_u64().or_else(|| lasts.as_str()?.parse().ok())?;
    Token::lasting(bearer, Duration::from_secs(lasts), asked_at)
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
    fn an_answer_says_how_long_its_token_lasts_as_a_number_or_a_text() {
        let now = Instant::now();
        let found =
            |expires_in: Value| token_in(&json!({"access_token": "t", "expires_in": expires_in}), now);
        assert!(found(json!(3600)).is_some() && found(json!("3600")).is_some());
        assert!(found(Value::Null).is_none() && token_in(&json!({"expires_in": 3600}), now).is_none());
    }
}
