//! Discovery and tokens: what needs no token itself.
//!
//! Sources: the requests of MSAL, azure-identity and the official CLI. Tokens are shaped like JSON web tokens, because the CLI
//! decodes them; they are signed with the data file's own key, so that they hold over a restart.

use crate::emulator::arm::errors::Refusal;
use crate::emulator::arm::path::Path;
use crate::emulator::arm::subscriptions::DEFAULT_TENANT;
use crate::emulator::message::{Request, Response};
use crate::emulator::world::World;
use serde_json::{Value, json};

/// Seconds that a token lives.
const TOKEN_SECONDS: u64 = 3600;

/// Answers what is asked before there is a token; `None` for all else.
pub(crate) fn answer(world: &World, request: &Request, path: &Path) -> Option<Response> {
    let lower = path.lower();
    if request.header("x-identity-header").is_some() && request.query("resource").is_some() {
        return Some(managed(world, request));
    }
    match (request.method.as_str(), &lower[..]) {
        ("GET", ["metadata", "endpoints"]) => Some(endpoints(request)),
        ("GET", ["metadata", "identity", "oauth2", "token"]) if request.header("metadata").is_some() => {
            Some(managed(world, request))
        }
        ("GET", ["metadata", "identity", "oauth2", "token"]) => {
            Some(refused(400, "invalid_request", "Required metadata header not specified", None))
        }
        (
            "GET",
            [_, "v2.0", ".well-known", "openid-configuration"] | [_, ".well-known", "openid-configuration"],
        ) => Some(openid(request, &path.segments[0])),
        ("GET", [_, "discovery", "v2.0", "keys"]) => Some(Response::json(200, json!({ "keys": [] }))),
        ("POST", [_, "oauth2", "v2.0", "token"] | [_, "oauth2", "token"]) => {
            Some(token(world, request, &path.segments[0]))
        }
        _ => None,
    }
}

/// What `az cloud register` reads; versions before 2022-09-01 answer a list.
fn endpoints(request: &Request) -> Response {
    let base = request.base();
    let document = json!({
        "name": "Labwright",
        "portal": base,
        "authentication": { "loginEndpoint": base, "audiences": [base], "tenant": "common", "identityProvider": "AAD" },
        "resourceManager": base,
        "suffixes": {},
    });
    let is_list = request.query("api-version").is_some_and(|version| version < "2022-09-01");
    Response::json(200, if is_list { json!([document]) } else { document })
}

fn openid(request: &Request, tenant: &str) -> Response {
    let base = format!("{}/{}", request.base(), crate::emulator::arm::path::encode_segment(tenant));
    Response::json(
        200,
        json!({
            "issuer": format!("{base}/v2.0"),
            "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
            "token_endpoint": format!("{base}/oauth2/v2.0/token"),
            "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
            "jwks_uri": format!("{base}/discovery/v2.0/keys"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }),
    )
}

/// Client credentials for a token.
fn token(world: &World, request: &Request, tenant: &str) -> Response {
    let form: Vec<(String, String)> = url::form_urlencoded::parse(&request.body).into_owned().collect();
    let field = |name: &str| {
        form.iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    };
    let bad = |text: &str, number| refused(400, "invalid_request", text, Some(number));
    match field("grant_type") {
        Some("client_credentials") => {}
        Some(other) => {
            let text = format!("AADSTS70003: The app requested an unsupported grant type '{other}'.");
            return refused(400, "unsupported_grant_type", &text, Some(70003));
        }
        None => {
            return bad(
                "AADSTS900144: The request body must contain the following parameter: 'grant_type'.",
                900_144,
            );
        }
    }
    let Some(client) = field("client_id") else {
        return bad(
            "AADSTS900144: The request body must contain the following parameter: 'client_id'.",
            900_144,
        );
    };
    let (secret, assertion) = (field("client_secret"), field("client_assertion"));
    if secret.is_none() && assertion.is_none() {
        let text = "AADSTS7000216: 'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.";
        return refused(401, "invalid_client", text, Some(7_000_216));
    }
    if let Some(refusal) = unknown_client(world, tenant, client, secret) {
        return refusal;
    }
    let audience = field("scope").or_else(|| field("resource")).unwrap_or_default();
    let audience = audience
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .trim_end_matches(".default")
        .trim_end_matches('/');
    let access = issue(world, request, tenant, client, audience);
    Response::json(
        200,
        json!({ "token_type": "Bearer", "expires_in": TOKEN_SECONDS, "ext_expires_in": TOKEN_SECONDS, "access_token": access }),
    )
    .with("cache-control", "no-store")
}

/// Why a client gets no token where only one does.
fn unknown_client(world: &World, tenant: &str, client: &str, secret: Option<&str>) -> Option<Response> {
    if let Some((known, wanted)) = &world.client {
        if !client.eq_ignore_ascii_case(known) {
            let text = format!(
                "AADSTS700016: Application with identifier '{client}' was not found in the directory '{tenant}'."
            );
            return Some(refused(400, "unauthorized_client", &text, Some(700_016)));
        }
        if secret.is_some_and(|secret| secret != wanted) {
            let text = format!(
                "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value for app '{client}'."
            );
            return Some(refused(401, "invalid_client", &text, Some(7_000_215)));
        }
    }
    None
}

fn refused(status: u16, error: &str, description: &str, number: Option<u64>) -> Response {
    let mut body = json!({ "error": error, "error_description": description });
    if let Some(number) = number {
        body["error_codes"] = json!([number]);
    }
    Response::json(status, body)
}

/// A token for the machine itself; its times are text.
fn managed(world: &World, request: &Request) -> Response {
    let Some(resource) = request.query("resource").filter(|resource| !resource.is_empty()) else {
        return refused(400, "invalid_request", "Required query variable 'resource' is missing", None);
    };
    let client = request.query("client_id").map_or_else(|| world.uuid("managed identity"), str::to_owned);
    let access = issue(world, request, DEFAULT_TENANT, &client, resource.trim_end_matches('/'));
    let expires = request.received + TOKEN_SECONDS;
    Response::json(
        200,
        json!({
            "access_token": access,
            "client_id": client,
            "expires_in": TOKEN_SECONDS.to_string(),
            "expires_on": expires.to_string(),
            "not_before": request.received.to_string(),
            "resource": resource,
            "token_type": "Bearer",
        }),
    )
}

fn issue(world: &World, request: &Request, tenant: &str, client: &str, audience: &str) -> String {
    let tenant = if uuid::Uuid::try_parse(tenant).is_ok() { tenant } else { DEFAULT_TENANT };
    let header = json!({ "typ": "JWT", "alg": "HS256", "kid": "labwright" });
    let payload = json!({
        "aud": audience,
        "iss": format!("{}/{tenant}/v2.0", request.base()),
        "iat": request.received,
        "nbf": request.received,
        "exp": request.received + TOKEN_SECONDS,
        "appid": client,
        "oid": world.uuid(&format!("object {client}")),
        "sub": world.uuid(&format!("object {client}")),
        "tid": tenant,
        "idtyp": "app",
        "ver": "1.0",
    });
    let signed =
        format!("{}.{}", encode(header.to_string().as_bytes()), encode(payload.to_string().as_bytes()));
    let signature = encode(blake3::keyed_hash(&world.core().key, signed.as_bytes()).as_bytes());
    format!("{signed}.{signature}")
}

/// Who asks: the object id in the token, which this world issued and which still holds.
///
/// # Errors
/// 401 with `WWW-Authenticate`.
pub(crate) fn check_bearer(world: &World, request: &Request) -> Result<String, Refusal> {
    let refuse = |code: &str, error: &str, message: &str| {
        let challenge = format!(
            "Bearer authorization_uri=\"{}/{DEFAULT_TENANT}\", error=\"{error}\", error_description=\"{message}\"",
            request.base()
        );
        Refusal::new(401, code, message).with("www-authenticate", challenge)
    };
    let Some(header) = request.header("authorization") else {
        return Err(refuse(
            "AuthenticationFailed",
            "invalid_token",
            "Authentication failed. The 'Authorization' header is missing.",
        ));
    };
    let token = header
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    match token.and_then(|token| bearer(world, token)) {
        None => Err(refuse("InvalidAuthenticationToken", "invalid_token", "The access token is invalid.")),
        Some((expires, _)) if expires <= request.received => Err(refuse(
            "ExpiredAuthenticationToken",
            "invalid_token",
            "The access token expiry UTC time is earlier than current UTC time.",
        )),
        Some((_, principal)) => Ok(principal),
    }
}

/// When the token ends and whose it is; `None` for one that this world did not sign.
fn bearer(world: &World, token: &str) -> Option<(u64, String)> {
    let (signed, signature) = token.rsplit_once('.')?;
    let signature: [u8; 32] = decode(signature)?.try_into().ok()?;
    // The comparison of digests takes the same time whatever they hold.
    if blake3::keyed_hash(&world.core().key, signed.as_bytes()) != signature {
        return None;
    }
    let (_, payload) = signed.split_once('.')?;
    let claims: Value = serde_json::from_slice(&decode(payload)?).ok()?;
    Some((claims["exp"].as_u64()?, claims["oid"].as_str()?.to_owned()))
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Base64 for URLs, without padding.
fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 4 / 3 + 3);
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            text.push(char::from(ALPHABET[(bits >> (18 - 6 * place)) as usize & 63]));
        }
    }
    text
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    for chunk in text.as_bytes().chunks(4) {
        let mut bits = 0u32;
        for byte in chunk {
            bits = bits << 6 | u32::try_from(ALPHABET.iter().position(|known| known == byte)?).ok()?;
        }
        bits <<= 6 * (4 - chunk.len());
        let whole = [(bits >> 16) as u8, (bits >> 8) as u8, bits as u8];
        bytes.extend_from_slice(whole.get(..chunk.len().checked_sub(1)?)?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::clock::{Pace, Tick};
    use crate::emulator::world::Core;

    fn world() -> World {
        let core = Core {
            tick: Tick(0),
            epoch_millis: 0,
            seed: 1,
            drawn: 0,
            key: [7; 32],
            unregistered: Default::default(),
            vaults: Default::default(),
        };
        World::new(core, Pace::Even, None)
    }

    fn bearing(token: &str, received: u64) -> Request {
        let mut request = Request::new("GET", "/subscriptions?api-version=2022-12-01");
        request.headers.push(("authorization".into(), format!("Bearer {token}")));
        request.received = received;
        request
    }

    #[test]
    fn base64_decodes_to_what_was_encoded() {
        for bytes in [&b""[..], b"f", b"fo", b"foo", b"foob", &[0, 255, 128]] {
            assert_eq!(decode(&encode(bytes)).as_deref(), Some(bytes));
        }
        assert_eq!(encode(b"foobar"), "Zm9vYmFy");
        assert_eq!(decode("?!"), None);
    }

    #[test]
    fn a_token_holds_for_an_hour_and_only_where_it_was_signed() {
        let world = world();
        let token = issue(&world, &Request::new("POST", "/t/oauth2/v2.0/token"), "t", "me", "x");
        assert!(check_bearer(&world, &bearing(&token, 10)).is_ok());
        let code =
            |world: &World, request| check_bearer(world, &request).map_err(|refusal| refusal.problem.code);
        assert_eq!(code(&world, bearing(&token, 4000)), Err("ExpiredAuthenticationToken".to_owned()));
        assert_eq!(code(&world, bearing(&token[1..], 10)), Err("InvalidAuthenticationToken".to_owned()));
        let other = World::new(Core { key: [8; 32], ..world.core().clone() }, Pace::Even, None);
        assert_eq!(code(&other, bearing(&token, 10)), Err("InvalidAuthenticationToken".to_owned()));
    }

    #[test]
    fn the_known_client_needs_its_secret() {
        let mut world = world();
        world.client = Some(("me".into(), "secret".into()));
        let ask = |body: &str| {
            let mut request = Request::new("POST", "/contoso/oauth2/v2.0/token");
            request.body = body.as_bytes().to_vec();
            answer(&world, &request, &Path::parse("/contoso/oauth2/v2.0/token").expect("a path"))
                .map(|answer| answer.status)
        };
        assert_eq!(ask("grant_type=client_credentials&client_id=me&client_secret=secret&scope=x"), Some(200));
        assert_eq!(ask("grant_type=client_credentials&client_id=me&client_secret=wrong&scope=x"), Some(401));
        assert_eq!(
            ask("grant_type=client_credentials&client_id=you&client_secret=secret&scope=x"),
            Some(400)
        );
        assert_eq!(ask("grant_type=client_credentials&client_id=me"), Some(401));
        assert_eq!(ask(""), Some(400));
    }
}
