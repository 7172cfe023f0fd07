//! What official clients ask before they have a token, and what they read in it.

use crate::emulator::arm::subscriptions::DEFAULT_TENANT;
use crate::emulator::clock::Tick;
use crate::emulator::message::{Request, Response};
use crate::emulator::tests::stage::{SUBSCRIPTION, Stage};
use serde_json::{Value, json};

const BASE: &str = "https://localhost:8443";

fn ask(stage: &mut Stage, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
    let mut request = Request::new(method, path);
    (request.scheme, request.host) = ("https".to_owned(), "localhost:8443".to_owned());
    request.headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    request.body = body.as_bytes().to_vec();
    request.received = 1_795_392_000;
    stage.world.handle(&request, Tick(stage.tick))
}

fn body(answer: &Response) -> Value {
    answer.body.clone().expect("a body")
}

/// What a token says of itself, read as the official CLI does.
fn claims(token: &Value) -> Value {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let token = token.as_str().expect("a token");
    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!(parts.len(), 3, "{token}");
    let (mut bits, mut held, mut bytes) = (0usize, 0, Vec::new());
    for letter in parts[1].bytes() {
        bits = bits << 6 | ALPHABET.iter().position(|known| *known == letter).expect("a letter of base64");
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 255) as u8);
        }
    }
    serde_json::from_slice(&bytes).expect("JSON")
}

#[test]
fn discovery_is_an_object_and_was_a_list() {
    let mut stage = Stage::new();
    let document = body(&ask(&mut stage, "GET", "/metadata/endpoints?api-version=2022-09-01", &[], ""));
    assert_eq!(document["authentication"]["loginEndpoint"], BASE);
    assert_eq!(document["authentication"]["audiences"][0], BASE);
    assert_eq!((&document["resourceManager"], &document["suffixes"]), (&json!(BASE), &json!({})));
    let old = body(&ask(&mut stage, "GET", "/metadata/endpoints?api-version=2019-05-01", &[], ""));
    assert_eq!(old, json!([document]));
}

#[test]
fn the_openid_document_names_absolute_endpoints_of_the_tenant() {
    let mut stage = Stage::new();
    for tenant in ["contoso.onmicrosoft.com", DEFAULT_TENANT] {
        let path = format!("/{tenant}/v2.0/.well-known/openid-configuration");
        let document = body(&ask(&mut stage, "GET", &path, &[], ""));
        assert_eq!(document["token_endpoint"], format!("{BASE}/{tenant}/oauth2/v2.0/token"));
        assert_eq!(document["authorization_endpoint"], format!("{BASE}/{tenant}/oauth2/v2.0/authorize"));
        for name in ["issuer", "device_authorization_endpoint", "jwks_uri"] {
            assert!(document[name].as_str().is_some_and(|url| url.starts_with(BASE)), "{name}");
        }
        for name in
            ["response_types_supported", "subject_types_supported", "id_token_signing_alg_values_supported"]
        {
            assert!(document[name].as_array().is_some_and(|list| !list.is_empty()), "{name}");
        }
    }
}

#[test]
fn a_secret_or_an_assertion_gets_a_token_that_says_whose_it_is() {
    let mut stage = Stage::new();
    let secret = "client_secret=s".to_owned();
    let assertion = "client_assertion=a.b.c&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer".to_owned();
    for proof in [secret, assertion] {
        // `claims` and `client_info` ask for what the emulator does not have, and change nothing.
        let form = format!(
            "grant_type=client_credentials&client_id=me&{proof}&scope={BASE}%2F.default&client_info=1&claims=%7B%7D"
        );
        let answer = ask(&mut stage, "POST", "/contoso/oauth2/v2.0/token", &[], &form);
        assert_eq!(answer.status, 200, "{proof}");
        let token = body(&answer);
        assert_eq!((&token["token_type"], &token["expires_in"]), (&json!("Bearer"), &json!(3600)));
        assert_eq!(token["ext_expires_in"], 3600);
        let claims = claims(&token["access_token"]);
        assert_eq!(
            (&claims["appid"], &claims["aud"], &claims["tid"]),
            (&json!("me"), &json!(BASE), &json!(DEFAULT_TENANT))
        );
        assert!(
            claims["iss"].as_str().is_some_and(|issuer| issuer.starts_with(BASE))
                && claims["oid"].is_string()
        );
        assert_eq!((&claims["iat"], &claims["nbf"]), (&json!(1_795_392_000), &json!(1_795_392_000)));
        assert_eq!(claims["exp"], 1_795_395_600);
        let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap_or_default());
        let path = format!("{SUBSCRIPTION}?api-version=2022-12-01");
        assert_eq!(ask(&mut stage, "GET", &path, &[("authorization", &bearer)], "").status, 200);
    }
}

#[test]
fn refusals_have_the_numbers_that_clients_read() {
    let mut stage = Stage::new();
    stage.world.client = Some(("me".into(), "secret".into()));
    for (form, status, error, number) in [
        ("grant_type=client_credentials&client_id=me&client_secret=wrong", 401, "invalid_client", 7_000_215),
        (
            "grant_type=client_credentials&client_id=you&client_secret=secret",
            400,
            "unauthorized_client",
            700_016,
        ),
        ("grant_type=client_credentials&client_id=me", 401, "invalid_client", 7_000_216),
        ("grant_type=password&client_id=me", 400, "unsupported_grant_type", 70_003),
        ("client_id=me", 400, "invalid_request", 900_144),
        ("grant_type=client_credentials", 400, "invalid_request", 900_144),
    ] {
        let answer = ask(&mut stage, "POST", "/contoso/oauth2/v2.0/token", &[], form);
        let body = body(&answer);
        assert_eq!((answer.status, &body["error"]), (status, &json!(error)), "{form}");
        assert_eq!(body["error_codes"], json!([number]), "{form}");
        let text = body["error_description"].as_str().unwrap_or_default();
        assert!(text.starts_with(&format!("AADSTS{number}: ")), "{text}");
    }
}

#[test]
fn a_machine_gets_its_token_in_both_forms() {
    let mut stage = Stage::new();
    let metadata = format!("/metadata/identity/oauth2/token?api-version=2018-02-01&resource={BASE}");
    let service = format!("/any/path?api-version=2019-08-01&resource={BASE}");
    for (path, header) in [(&metadata, ("metadata", "true")), (&service, ("x-identity-header", "any"))] {
        let answer = ask(&mut stage, "GET", path, &[header], "");
        let token = body(&answer);
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!((&token["expires_in"], &token["expires_on"]), (&json!("3600"), &json!("1795395600")));
        assert_eq!((&token["resource"], &token["token_type"]), (&json!(BASE), &json!("Bearer")));
        assert_eq!(claims(&token["access_token"])["aud"], BASE);
    }
    assert_eq!(ask(&mut stage, "GET", &metadata, &[], "").status, 400);
}

#[test]
fn without_a_token_the_way_to_one_is_told() {
    let mut stage = Stage::new();
    let path = format!("{SUBSCRIPTION}?api-version=2022-12-01");
    for headers in [vec![], vec![("authorization", "Bearer nonsense")], vec![("authorization", "Basic eDp5")]]
    {
        let answer = ask(&mut stage, "GET", &path, &headers, "");
        let challenge = answer.header("www-authenticate").unwrap_or_default();
        assert_eq!(answer.status, 401, "{headers:?}");
        assert!(challenge.starts_with(&format!("Bearer authorization_uri=\"{BASE}/{DEFAULT_TENANT}\", error=\"invalid_token\", error_description=\"")), "{challenge}");
        assert!(body(&answer)["error"]["code"].is_string());
    }
}
