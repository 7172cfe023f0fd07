//! Secrets: references everywhere, values only on their way to Azure.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a secret can be found. This, never the secret, is what files, plans and state hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SecretReference {
    /// An environment variable's name.
    Env(String),
    /// A file's path, relative to the project's root or absolute; one trailing line break is not part of the secret.
    File(String),
    /// A secret of a key vault, by its url: [`VaultSecret::of`] takes it apart.
    KeyVault(String),
}

impl fmt::Display for SecretReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "{{env: {name}}}"),
            Self::File(path) => write!(f, "{{file: {path}}}"),
            Self::KeyVault(url) => write!(f, "{{keyVault: {url}}}"),
        }
    }
}

/// Where the vaults of each cloud are. Source: the `keyvaultDns` suffixes of the clouds that the Azure CLI knows.
const VAULTS: [&str; 3] = ["vault.azure.net", "vault.azure.cn", "vault.usgovcloudapi.net"];

/// A secret of a key vault.
///
/// Source: Key Vault, object identifiers: `https://VAULT.vault.azure.net/secrets/NAME[/VERSION]`, a vault's name of 3 to 24
/// letters, digits and dashes, a secret's of up to 127, a version of 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VaultSecret<'a> {
    /// The vault's name.
    pub vault: &'a str,
    /// What follows it in the host's name.
    pub suffix: &'static str,
    /// The secret's name.
    pub name: &'a str,
    /// Its version; the newest where there is none.
    pub version: Option<&'a str>,
}

impl<'a> VaultSecret<'a> {
    /// The secret that a url names; `None` for any other url, whatever host it leads to.
    #[must_use]
    pub fn of(url: &'a str) -> Option<Self> {
        let mut parts = url.strip_prefix("https://")?.trim_end_matches('/').split('/');
        let (vault, host) = parts.next()?.split_once('.')?;
        let suffix = VAULTS.into_iter().find(|suffix| suffix.eq_ignore_ascii_case(host))?;
        let is_secret = parts.next()? == "secrets";
        let (name, version) = (parts.next()?, parts.next());
        let is_word = |text: &str, least: usize, most: usize| {
            (least..=most).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let is_version = |text: &str| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let fits = is_secret
            && parts.next().is_none()
            && is_word(vault, 3, 24)
            && is_word(name, 1, 127)
            && version.is_none_or(is_version);
        fits.then_some(Self { vault, suffix, name, version })
    }
}

/// An opened secret; every way of printing it is masked.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes the opened value.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(value)
    }

    /// The value itself, for the request that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_vault_of_azure_is_one() {
        for good in [
            "https://cs-vault.vault.azure.net/secrets/labs",
            "https://cs-vault.vault.azure.net/secrets/labs/",
            "https://cs-vault.vault.azure.net/secrets/labs/0123456789abcdef0123456789ABCDEF",
            "https://cs-1.vault.azure.cn/secrets/l",
        ] {
            assert!(VaultSecret::of(good).is_some(), "{good}");
        }
        for bad in [
            "http://cs-vault.vault.azure.net/secrets/labs",
            "https://cs-vault.vault.azure.net.evil.com/secrets/labs",
            "https://evil.com/cs-vault.vault.azure.net/secrets/labs",
            "https://me@cs-vault.vault.azure.net/secrets/labs",
            "https://cs-vault.vault.azure.net:444/secrets/labs",
            "https://cs-vault.vault.azure.net/keys/labs",
            "https://cs-vault.vault.azure.net/secrets/labs?x=1",
            "https://cs-vault.vault.azure.net/secrets/labs/1",
            "https://cs-vault.vault.azure.net/secrets/",
            "https://cs.vault.azure.net/secrets/labs",
            "cs-vault/labs",
        ] {
            assert_eq!(VaultSecret::of(bad), None, "{bad}");
        }
    }
}
