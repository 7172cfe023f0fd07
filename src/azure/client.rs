//! The client: one connection pool, one identity, one endpoint.

use std::error::Error as _;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Certificate, redirect};
use serde_json::Value;
use url::Url;

use crate::model::{Method, Principal, Secret, VaultSecret};

use super::auth::{Tokens, principal_in};
use super::limiter::{Limiter, Said};
use super::retry::leaves_open;
use super::{
    Answer, Arm, ArmError, Call, Facts, Happened, Pace, Settings, Trace, TraceLine, Verdict, Words, endpoint,
    key_vault, verdict, wire,
};

/// The largest answer that is read. Source: ARM answers hold 8 MB at most (ARM limits); this is room enough.
const LARGEST_ANSWER: usize = 32 << 20;

/// ARM over HTTP.
pub struct Client {
    endpoint: Url,
    settings: Settings,
    pace: Pace,
    http: Http,
    tokens: Tokens,
    /// Tokens for key vaults, which are another audience.
    vault_tokens: Tokens,
    limiter: Limiter,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("endpoint", &self.endpoint.as_str()).finish_non_exhaustive()
    }
}

impl Client {
    /// Checks the settings; nothing is sent, and no certificate of the system is loaded, before the first request.
    ///
    /// # Errors
    /// [`ArmError::Address`], [`ArmError::UntrustedHost`], [`ArmError::Ca`].
    pub fn new(settings: Settings) -> Result<Self, ArmError> {
        let endpoint = endpoint::endpoint(&settings.endpoint, &settings.hosts)?;
        let authority = settings.authority.as_deref();
        let authority = authority.map(|text| endpoint::authority(text, &settings.hosts)).transpose()?;
        let on_loopback = endpoint::is_loopback(&endpoint);
        let pace = settings.pace.unwrap_or(if on_loopback { Pace::loopback() } else { Pace::azure() });
        let stays_here = |url: &Url| url.scheme() == "http" && endpoint::is_loopback(url);
        let http = Http {
            client: OnceLock::new(),
            certificates: certificates(&settings)?,
            pace,
            direct: on_loopback,
            trace: settings.trace.clone(),
            plain: stays_here(&endpoint) && authority.as_ref().is_none_or(stays_here),
        };
        let tokens = |audience| {
            Tokens::new(endpoint.clone(), authority.clone(), audience, settings.credentials.clone())
        };
        let (tokens, vault_tokens) = (tokens(None), tokens(Some(endpoint::vault_audience(&endpoint))));
        Ok(Self { endpoint, settings, pace, http, tokens, vault_tokens, limiter: Limiter::new() })
    }

    /// Asks for a token, so that whoever cannot sign in hears of it before anything is begun.
    ///
    /// # Errors
    /// [`ArmError::SignIn`], [`ArmError::SignedOut`], [`ArmError::NoIdentity`], [`ArmError::TokenFile`]; what keeps the
    /// authority from answering.
    pub async fn sign_in(&self) -> Result<(), ArmError> {
        self.tokens.bearer(&self.http, None).await.map(drop)
    }

    /// Who is signed in; `None` where the token does not say it.
    ///
    /// # Errors
    /// As [`sign_in`](Self::sign_in).
    pub async fn principal(&self) -> Result<Option<Principal>, ArmError> {
        Ok(principal_in(self.tokens.bearer(&self.http, None).await?.expose()))
    }

    /// The value of a secret of a key vault.
    ///
    /// # Errors
    /// [`ArmError::Refused`] in the vault's words; as [`sign_in`](Self::sign_in).
    pub async fn vault_secret(&self, secret: &VaultSecret<'_>) -> Result<Secret, ArmError> {
        let headers = |bearer: &Secret| self.headers(bearer);
        key_vault::read(secret, &self.endpoint, &self.vault_tokens, &self.http, headers).await
    }

    /// The headers of a request. Source: ARM common API details, request headers.
    fn headers(&self, bearer: &Secret) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let ascii = |text: String| HeaderValue::from_str(&text).expect("UUIDs and checked tokens are ASCII");
        let mut authorization = ascii(format!("Bearer {}", bearer.expose()));
        authorization.set_sensitive(true);
        headers.insert(AUTHORIZATION, authorization);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert("x-ms-client-request-id", ascii(uuid::Uuid::new_v4().to_string()));
        headers.insert("x-ms-return-client-request-id", HeaderValue::from_static("true"));
        headers.insert("x-ms-correlation-request-id", ascii(self.settings.correlation_id.to_string()));
        headers
    }

    /// One exchange with ARM, in its turn.
    async fn limited(&self, method: Method, url: &Url, body: Option<&[u8]>) -> Result<Raw, Failure> {
        let turn = self.limiter.turn(method, url.path()).await;
        let sent = self.signed(method, url, body).await;
        if let Ok(raw) = &sent {
            turn.heard(raw.said());
        }
        sent
    }

    /// One exchange with ARM; a token that it refuses is renewed once, since a 401 has done nothing.
    async fn signed(&self, method: Method, url: &Url, body: Option<&[u8]>) -> Result<Raw, Failure> {
        let bearer = self.tokens.bearer(&self.http, None).await.map_err(Failure::Final)?;
        let headers = self.headers(&bearer);
        let raw = self.http.exchange(Exchange { method, url, body, headers }).await?;
        if raw.answer.status != 401 {
            return Ok(raw);
        }
        let bearer = self.tokens.bearer(&self.http, Some(&bearer)).await.map_err(Failure::Final)?;
        let headers = self.headers(&bearer);
        self.http.exchange(Exchange { method, url, body, headers }).await
    }

    async fn send(&self, call: Call<'_>) -> Result<Answer, ArmError> {
        let Call { method, path, api_version, query, body } = call;
        let path = path.in_subscription(|name| self.settings.subscriptions.get(name).cloned());
        let url = wire::request_url(&self.endpoint, path.as_str(), api_version, query);
        let request = format!("{} {path}", method.as_str());
        let body = body.map(|body| body.to_string().into_bytes());
        let (mut attempt, mut waited, mut was_silent) = (1, Duration::ZERO, false);
        loop {
            let began = Instant::now();
            let sent = self.limited(method, &url, body.as_deref()).await;
            let words = sent.as_ref().ok().filter(|raw| !raw.is_success()).map(Raw::words);
            let (happened, retry_after) = match (&sent, &words) {
                (Ok(raw), Some(words)) => {
                    let answer = &raw.answer;
                    let happened = Happened::Answered(answer.status, &words.code, &words.message);
                    (Some(happened), answer.retry_after)
                }
                (Ok(_), None) => (None, None),
                (Err(failure), _) => (Some(failure.happened()), None),
            };
            was_silent |= happened == Some(Happened::Silent);
            let decided = match (happened, &sent) {
                (None, _) | (_, Err(Failure::Final(_))) => Verdict::GiveUp,
                (Some(happened), _) => {
                    let facts = Facts { method, attempt, waited, happened, retry_after };
                    verdict(&facts, &self.pace, random())
                }
            };
            self.http.trace(method, &url, attempt, began, sent.as_ref().ok(), decided);
            let Verdict::Retry(wait) = decided else {
                return ended(&request, &url, method, sent, was_silent);
            };
            tokio::time::sleep(wait).await;
            (attempt, waited) = (attempt + 1, waited + wait);
        }
    }

    async fn poll(&self, text: &str) -> Result<Answer, ArmError> {
        let url = endpoint::link(text, &self.endpoint)?;
        let began = Instant::now();
        let sent = self.limited(Method::Get, &url, None).await;
        self.http.trace(Method::Get, &url, 1, began, sent.as_ref().ok(), Verdict::GiveUp);
        match sent {
            Ok(raw) => Ok(raw.answer),
            Err(failure) => Err(failure.into_error(&request_name(Method::Get, &url), Method::Get, &url)),
        }
    }
}

impl Arm for Client {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Answer, ArmError>> {
        Client::send(self, call).boxed()
    }

    fn poll<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Answer, ArmError>> {
        Client::poll(self, url).boxed()
    }

    fn pace(&self) -> Pace {
        self.pace
    }
}

/// How a request ended that is not sent again.
fn ended(
    request: &str,
    url: &Url,
    method: Method,
    sent: Result<Raw, Failure>,
    was_silent: bool,
) -> Result<Answer, ArmError> {
    let lost = |why: String, source| ArmError::Lost { request: request.to_owned(), why, source };
    let changes = method != Method::Get;
    let raw = match sent {
        Ok(raw) => raw,
        // An earlier attempt may have taken effect, whatever became of the last one.
        Err(Failure::NotSent(source)) if was_silent && changes => {
            return Err(lost("the connection broke".into(), Some(source)));
        }
        Err(Failure::Final(error)) if was_silent && changes => {
            return Err(lost(format!("the connection broke, then: {error}"), None));
        }
        Err(failure) => return Err(failure.into_error(request, method, url)),
    };
    if !raw.is_success() {
        let (status, words) = (raw.answer.status, raw.words());
        if changes && leaves_open(status, &words.code) {
            return Err(lost(format!("instead came {words}"), None));
        }
        return Err(ArmError::refused(request.to_owned(), status, words));
    }
    match raw.unreadable {
        None => Ok(raw.answer),
        Some(what) if changes => Err(lost(what.to_owned(), None)),
        Some(what) => Err(ArmError::NotArm { host: host(url), what: what.to_owned() }),
    }
}

/// A number from 0 to 1 for jitter; it need not be unpredictable, only different between processes.
pub(super) fn random() -> f64 {
    let (high, _) = uuid::Uuid::new_v4().as_u64_pair();
    f64::from((high >> 32) as u32) / f64::from(u32::MAX)
}

/// Method and path, as an error names a request; a query may hold a signature.
pub(super) fn request_name(method: Method, url: &Url) -> String {
    format!("{} {}", method.as_str(), url.path())
}

fn certificates(settings: &Settings) -> Result<Vec<Certificate>, ArmError> {
    let Some(path) = &settings.ca else { return Ok(Vec::new()) };
    let failed = |source| ArmError::Ca { path: path.clone(), source };
    let pem = std::fs::read(path).map_err(|error| failed(error.into()))?;
    let found = Certificate::from_pem_bundle(&pem).map_err(|error| failed(error.into()))?;
    if found.is_empty() {
        return Err(failed("it holds no certificate".into()));
    }
    Ok(found)
}

/// The connection pool, made when it is first needed.
pub(super) struct Http {
    client: OnceLock<reqwest::Client>,
    certificates: Vec<Certificate>,
    pace: Pace,
    /// Whether no proxy stands between.
    direct: bool,
    /// Whether nothing needs TLS, so that no certificates are loaded.
    plain: bool,
    /// Who hears of each exchange.
    trace: Option<Trace>,
}

/// One request.
pub(super) struct Exchange<'a> {
    pub(super) method: Method,
    pub(super) url: &'a Url,
    pub(super) body: Option<&'a [u8]>,
    pub(super) headers: HeaderMap,
}

/// One answer, of any status.
pub(super) struct Raw {
    pub(super) answer: Answer,
    /// Requests that ARM says are left.
    remaining: Option<u32>,
    /// Why the body cannot be read as ARM's; what there is of it stands in the answer as text.
    unreadable: Option<&'static str>,
}

/// Why there is no answer.
pub(super) enum Failure {
    /// Nothing has left.
    NotSent(reqwest::Error),
    /// The request may have left.
    Silent(reqwest::Error),
    /// No request was to be sent: nobody signed in, or TLS cannot be set up.
    Final(ArmError),
}

impl Http {
    pub(super) fn client(&self) -> Result<&reqwest::Client, ArmError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let mut builder = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(self.pace.connect)
            .read_timeout(self.pace.silence)
            .timeout(self.pace.answer)
            .user_agent(concat!("labwright/", env!("CARGO_PKG_VERSION")));
        if self.direct {
            builder = builder.no_proxy();
        }
        builder = if self.plain {
            builder.tls_certs_only([])
        } else {
            builder.tls_certs_merge(self.certificates.clone())
        };
        let client = builder.build().map_err(|source| ArmError::Setup { source })?;
        Ok(self.client.get_or_init(|| client))
    }

    /// Tells of one exchange.
    pub(super) fn trace(
        &self,
        method: Method,
        url: &Url,
        attempt: u32,
        began: Instant,
        raw: Option<&Raw>,
        decided: Verdict,
    ) {
        let Some(trace) = &self.trace else { return };
        trace(&TraceLine {
            method,
            path: url.path(),
            attempt,
            status: raw.map(|raw| raw.answer.status),
            took: began.elapsed(),
            request_id: raw.and_then(|raw| raw.answer.request_id.as_deref()),
            again_in: match decided {
                Verdict::Retry(wait) => Some(wait),
                Verdict::GiveUp => None,
            },
        });
    }

    /// Sends a request that changes nothing until there is an answer that will not change.
    pub(super) async fn insist(&self, exchange: Exchange<'_>) -> Result<Raw, Failure> {
        let Exchange { method, url, body, headers } = exchange;
        let (mut attempt, mut waited) = (1, Duration::ZERO);
        loop {
            let began = Instant::now();
            let sent = self.exchange(Exchange { method, url, body, headers: headers.clone() }).await;
            let (happened, retry_after) = match &sent {
                Ok(raw) => (Happened::Answered(raw.answer.status, "", ""), raw.answer.retry_after),
                Err(failure) => (failure.happened(), None),
            };
            let facts = Facts { method: Method::Get, attempt, waited, happened, retry_after };
            let decided = verdict(&facts, &self.pace, random());
            self.trace(method, url, attempt, began, sent.as_ref().ok(), decided);
            let Verdict::Retry(wait) = decided else { return sent };
            tokio::time::sleep(wait).await;
            (attempt, waited) = (attempt + 1, waited + wait);
        }
    }

    /// Sends one request once and reads its whole answer.
    pub(super) async fn exchange(&self, exchange: Exchange<'_>) -> Result<Raw, Failure> {
        let Exchange { method, url, body, headers } = exchange;
        let verb = reqwest::Method::from_bytes(method.as_str().as_bytes()).expect("ours are methods");
        let mut request = self.client().map_err(Failure::Final)?.request(verb, url.clone()).headers(headers);
        request = match (body, method) {
            (Some(body), _) => request.body(body.to_vec()),
            // Some front ends answer 411 where the length of nothing is not said.
            (None, Method::Post | Method::Put | Method::Patch) => request.header(CONTENT_LENGTH, 0),
            (None, Method::Get | Method::Delete) => request,
        };
        let mut response = request.send().await.map_err(|error| Failure::of(error, url))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| Failure::of(error, url))? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > LARGEST_ANSWER {
                break;
            }
        }
        Ok(Raw::new(url, status, &headers, &bytes))
    }
}

impl Raw {
    fn new(url: &Url, status: u16, headers: &HeaderMap, bytes: &[u8]) -> Self {
        let (body, unreadable) = match bytes.trim_ascii() {
            [] => (Value::Null, None),
            bytes if bytes.len() > LARGEST_ANSWER => (Value::Null, Some("its answer has no end")),
            bytes => match serde_json::from_slice(bytes) {
                Ok(body) => (body, None),
                Err(_) => {
                    let text = String::from_utf8_lossy(bytes).into_owned();
                    (Value::String(text), Some("its answer is no JSON"))
                }
            },
        };
        let answer = wire::answer(url, status, headers, body, SystemTime::now());
        Self { answer, remaining: wire::remaining(headers), unreadable }
    }

    pub(super) fn words(&self) -> Words {
        let Answer { status, body, request_id, .. } = &self.answer;
        Words::of(body, &format!("HTTP {status}"), request_id.clone())
    }

    fn said(&self) -> Said {
        Said {
            remaining: self.remaining,
            is_throttled: self.answer.status == 429,
            retry_after: self.answer.retry_after,
        }
    }

    fn is_success(&self) -> bool {
        (200..300).contains(&self.answer.status)
    }
}

impl Failure {
    fn of(error: reqwest::Error, url: &Url) -> Self {
        // Without its url, whose query may hold a signature.
        match error.without_url() {
            source if blames_certificate(&source) => {
                Self::Final(ArmError::Certificate { host: host(url), source })
            }
            error if error.is_connect() || error.is_builder() => Self::NotSent(error),
            error => Self::Silent(error),
        }
    }

    pub(super) fn happened(&self) -> Happened<'static> {
        match self {
            Self::NotSent(_) | Self::Final(_) => Happened::NotSent,
            Self::Silent(_) => Happened::Silent,
        }
    }

    pub(super) fn into_error(self, request: &str, method: Method, url: &Url) -> ArmError {
        match self {
            Self::Final(error) => error,
            Self::Silent(source) if method != Method::Get => {
                let why = if source.is_timeout() { "it took too long" } else { "the connection broke" };
                ArmError::Lost { request: request.to_owned(), why: why.to_owned(), source: Some(source) }
            }
            Self::NotSent(source) | Self::Silent(source) => ArmError::Unreachable { host: host(url), source },
        }
    }
}

/// Whether a connection failed by the server's certificate, which no retry mends. The TLS library's
/// own error type is not ours to name, so its words decide.
fn blames_certificate(error: &reqwest::Error) -> bool {
    let mut inner = error.source();
    while let Some(cause) = inner {
        if cause.to_string().starts_with("invalid peer certificate") {
            return error.is_connect();
        }
        inner = cause.source();
    }
    false
}

pub(super) fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}
