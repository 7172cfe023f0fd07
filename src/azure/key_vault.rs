//! Secrets of key vaults, read with the same identity.
//!
//! Source: Key Vault REST 7.4, Get Secret. A vault has a host of its own in Azure. With an endpoint on loopback it is a
//! folder of that endpoint, `/vaults/NAME/secrets/…`, so that no token of an emulator goes anywhere else, and no token of
//! Azure's to an emulator.

use reqwest::header::HeaderMap;
use serde_json::Value;
use url::Url;

use super::auth::Tokens;
use super::client::{Exchange, Http, host, request_name};
use super::{ArmError, endpoint};
use crate::model::{Method, Secret, VaultSecret};

/// The version of Key Vault's REST interface.
const API_VERSION: &str = "7.4";

/// Reads a secret; `headers` are those of a request with a token.
///
/// # Errors
/// [`ArmError::Refused`] in the vault's words, what keeps the authority or the vault from answering.
pub(super) async fn read(
    secret: &VaultSecret<'_>,
    arm: &Url,
    tokens: &Tokens,
    http: &Http,
    headers: impl Fn(&Secret) -> HeaderMap,
) -> Result<Secret, ArmError> {
    let url = url_of(secret, arm);
    let request = request_name(Method::Get, &url);
    let mut stale = None;
    let raw = loop {
        let bearer = tokens.bearer(http, stale.as_ref()).await?;
        let exchange = Exchange { method: Method::Get, url: &url, body: None, headers: headers(&bearer) };
        let raw =
            http.insist(exchange).await.map_err(|failure| failure.into_error(&request, Method::Get, &url))?;
        // A token that is refused is renewed once.
        if raw.answer.status != 401 || stale.is_some() {
            break raw;
        }
        stale = Some(bearer);
    };
    if raw.answer.status != 200 {
        return Err(ArmError::refused(request, raw.answer.status, raw.words()));
    }
    let value = raw.answer.body.get("value").and_then(Value::as_str);
    let value = value.map(|value| Secret::new(value.to_owned()));
    value.ok_or_else(|| ArmError::NotArm { host: host(&url), what: "its answer holds no `value`".into() })
}

fn url_of(secret: &VaultSecret<'_>, arm: &Url) -> Url {
    let VaultSecret { vault, suffix, name, version } = secret;
    let mut url = match endpoint::is_loopback(arm) {
        true => arm.join(&format!("/vaults/{vault}/")),
        false => Url::parse(&format!("https://{vault}.{suffix}/")),
    }
    .expect("names of vaults can stand in a url");
    let mut segments = url.path_segments_mut().expect("an endpoint is http or https");
    segments.pop_if_empty().extend(["secrets", name]).extend(*version);
    drop(segments);
    url.set_query(Some(&format!("api-version={API_VERSION}")));
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vault_is_a_host_of_azure_or_a_folder_of_an_emulator() {
        let url = |text: &str, arm: &str| {
            let secret = VaultSecret::of(text).expect("a secret");
            url_of(&secret, &Url::parse(arm).expect("a url")).to_string()
        };
        let text = "https://cs-vault.vault.azure.net/secrets/labs/0123456789abcdef0123456789abcdef";
        assert_eq!(url(text, "https://management.azure.com"), format!("{text}?api-version=7.4"));
        assert_eq!(
            url("https://cs-vault.vault.azure.net/secrets/labs", "http://127.0.0.1:8400/"),
            "http://127.0.0.1:8400/vaults/cs-vault/secrets/labs?api-version=7.4"
        );
    }
}
