//! Secrets, opened as a request leaves: a plan, a state and a journal hold references alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;
use tokio::sync::Mutex;

use super::error::{ApplyError, Refusal};
use crate::azure::Client;
use crate::model::{Secret, SecretReference, VaultSecret};
use crate::plan::Plan;

/// Opens references to secrets.
pub trait OpenSecrets: Send + Sync {
    /// The value behind a reference.
    ///
    /// # Errors
    /// [`SecretError`] when there is none.
    fn open<'a>(&'a self, reference: &'a SecretReference) -> BoxFuture<'a, Result<Secret, SecretError>>;
}

/// Why a secret cannot be opened; no variant holds any of it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SecretError {
    /// The environment variable is not set, or is not text.
    #[error("the variable is not set")]
    NotSet,
    /// The file cannot be read.
    #[error("the file cannot be read ({0})")]
    File(String),
    /// The vault does not give it.
    #[error("{0}")]
    Vault(String),
}

/// Gives secrets of key vaults.
pub trait Vaults: Send + Sync {
    /// The value of the secret with this url.
    ///
    /// # Errors
    /// Why there is none, in one line.
    fn secret<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Secret, String>>;
}

impl Vaults for Client {
    fn secret<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Secret, String>> {
        Box::pin(async move {
            let secret = VaultSecret::of(url).ok_or("it is no identifier of a secret in a key vault")?;
            self.vault_secret(&secret).await.map_err(|error| {
                let (code, message) = error.told();
                format!("{code}: {message}")
            })
        })
    }
}

/// Opens references to environment variables, files and secrets of key vaults.
pub struct FromFiles<'a> {
    /// The folder that relative paths start from.
    pub root: PathBuf,
    /// The value of an environment variable.
    pub variable: &'a (dyn Fn(&str) -> Option<String> + Send + Sync),
    /// What a variable that is not set opens to; `None` is an error. An emulator needs no real password.
    pub instead: Option<Secret>,
    /// Where secrets of key vaults come from; `None` where every one of them opens to `instead`.
    pub vaults: Option<&'a dyn Vaults>,
    /// What vaults gave already: a password of many labs is asked for once.
    pub given: Mutex<BTreeMap<String, Secret>>,
}

impl FromFiles<'_> {
    async fn of_vault(&self, url: &str) -> Result<Secret, SecretError> {
        let mut given = self.given.lock().await;
        if let Some(secret) = given.get(url) {
            return Ok(secret.clone());
        }
        let Some(vaults) = self.vaults else {
            return self.instead.clone().ok_or_else(|| SecretError::Vault("there is no vault".into()));
        };
        let secret = vaults.secret(url).await.map_err(SecretError::Vault)?;
        given.insert(url.to_owned(), secret.clone());
        Ok(secret)
    }
}

impl OpenSecrets for FromFiles<'_> {
    fn open<'a>(&'a self, reference: &'a SecretReference) -> BoxFuture<'a, Result<Secret, SecretError>> {
        Box::pin(async move {
            match reference {
                SecretReference::Env(name) => {
                    let value = (self.variable)(name).map(Secret::new);
                    value.or_else(|| self.instead.clone()).ok_or(SecretError::NotSet)
                }
                SecretReference::File(path) => {
                    let text = std::fs::read_to_string(self.root.join(path))
                        .map_err(|error| SecretError::File(error.kind().to_string()))?;
                    let line = text.strip_suffix('\n').unwrap_or(&text);
                    Ok(Secret::new(line.strip_suffix('\r').unwrap_or(line).to_owned()))
                }
                SecretReference::KeyVault(url) => self.of_vault(url).await,
            }
        })
    }
}

/// Every secret that the plan's requests send.
#[must_use]
pub fn secrets_of(plan: &Plan) -> BTreeSet<SecretReference> {
    let mut found = BTreeSet::new();
    let requests =
        plan.actions.iter().flat_map(|action| &action.steps).filter_map(|step| step.request.as_ref());
    for body in requests.filter_map(|request| request.body.as_ref()) {
        references(body, &mut found);
    }
    found
}

/// Opens every secret of the plan once, so that one that is missing is told before the first request.
///
/// # Errors
/// [`ApplyError::Secrets`] naming all that cannot be opened.
pub async fn check_secrets(plan: &Plan, secrets: &dyn OpenSecrets) -> Result<(), ApplyError> {
    let mut closed = Vec::new();
    for reference in secrets_of(plan) {
        if let Err(why) = secrets.open(&reference).await {
            closed.push((reference, why.to_string()));
        }
    }
    if closed.is_empty() { Ok(()) } else { Err(ApplyError::Secrets { secrets: closed }) }
}

/// The body as it leaves, every `{"$secret": …}` in it opened.
pub(super) async fn opened(body: &Value, secrets: &dyn OpenSecrets) -> Result<Value, Refusal> {
    let mut wanted = BTreeSet::new();
    references(body, &mut wanted);
    let mut values = BTreeMap::new();
    for reference in wanted {
        match secrets.open(&reference).await {
            Ok(value) => drop(values.insert(reference, value)),
            Err(why) => return Err(Refusal::Secret { reference, why: why.to_string() }),
        }
    }
    let mut body = body.clone();
    if !values.is_empty() {
        replace(&mut body, &values);
    }
    Ok(body)
}

fn reference(value: &Value) -> Option<SecretReference> {
    SecretReference::deserialize(value.as_object()?.get("$secret")?).ok()
}

fn references(value: &Value, found: &mut BTreeSet<SecretReference>) {
    match value {
        Value::Object(map) => match reference(value) {
            Some(secret) => drop(found.insert(secret)),
            None => map.values().for_each(|value| references(value, found)),
        },
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

fn replace(value: &mut Value, values: &BTreeMap<SecretReference, Secret>) {
    if let Some(secret) = reference(value).and_then(|reference| values.get(&reference)) {
        *value = Value::String(secret.expose().to_owned());
        return;
    }
    match value {
        Value::Object(map) => map.values_mut().for_each(|value| replace(value, values)),
        Value::Array(items) => items.iter_mut().for_each(|value| replace(value, values)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[tokio::test]
    async fn a_body_is_opened_wherever_a_reference_stands() {
        let secrets = FromFiles {
            root: PathBuf::from("/nowhere"),
            variable: &|name| (name == "P").then(|| "hunter2".into()),
            instead: None,
            vaults: None,
            given: Mutex::default(),
        };
        let body = json!({"a": [{"password": {"$secret": {"env": "P"}}}], "b": 1});
        let body = opened(&body, &secrets).await.expect("it is set");
        assert_eq!(body, json!({"a": [{"password": "hunter2"}], "b": 1}));
        let missing = opened(&json!({"$secret": {"env": "Q"}}), &secrets).await.expect_err("not set");
        assert_eq!(missing.to_string(), "the secret {env: Q} cannot be opened: the variable is not set");
    }

    #[tokio::test]
    async fn one_line_break_at_the_end_of_a_file_is_not_part_of_the_secret() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("p"), "a b\n\r\n").expect("a file");
        let secrets = FromFiles {
            root: folder.path().to_owned(),
            variable: &|_| None,
            instead: None,
            vaults: None,
            given: Mutex::default(),
        };
        let secret = secrets.open(&SecretReference::File("p".into())).await.expect("it is there");
        assert_eq!(secret.expose(), "a b\n");
    }

    /// A vault of one secret that counts how often it is asked.
    struct Vault(std::sync::atomic::AtomicUsize);

    impl Vaults for Vault {
        fn secret<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Secret, String>> {
            self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let found = url.ends_with("/p").then(|| Secret::new("hunter2".into()));
            Box::pin(async { found.ok_or_else(|| "SecretNotFound: it is not here".into()) })
        }
    }

    #[tokio::test]
    async fn a_secret_of_a_vault_is_asked_for_once() {
        let vault = Vault(std::sync::atomic::AtomicUsize::default());
        let secrets = FromFiles {
            root: PathBuf::from("/nowhere"),
            variable: &|_| None,
            instead: None,
            vaults: Some(&vault),
            given: Mutex::default(),
        };
        let body =
            json!({"password": {"$secret": {"keyVault": "https://cs-vault.vault.azure.net/secrets/p"}}});
        for _ in 0..3 {
            let opened = opened(&body, &secrets).await.expect("it is there");
            assert_eq!(opened, json!({"password": "hunter2"}));
        }
        assert_eq!(vault.0.into_inner(), 1);
    }
}
