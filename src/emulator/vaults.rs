//! Key vaults: secrets are set and read, which is all that a client of labs needs of them.
//!
//! Source: Key Vault REST 7.4, Set Secret and Get Secret. In Azure each vault has a host of its own; here it is a folder,
//! `/vaults/NAME/secrets/…`, and every vault is there.

use crate::emulator::arm::errors::{Refusal, no_such_verb};
use crate::emulator::message::{Request, Response};
use crate::emulator::world::World;
use serde_json::{Value, json};

/// Answers a request for a secret; `rest` is its name, and the version where one is asked for.
///
/// # Errors
/// Whatever Key Vault would refuse, in its words.
pub(crate) fn answer(
    world: &mut World,
    request: &Request,
    vault: &str,
    rest: &[&str],
) -> Result<Response, Refusal> {
    let bad = |message: &str| Refusal::new(400, "BadParameter", message.to_owned());
    if request.query("api-version").is_none_or(str::is_empty) {
        return Err(bad("The request is missing the api-version parameter."));
    }
    match (request.method.as_str(), rest) {
        ("GET", [name]) => read(world, request, vault, name, None),
        ("GET", [name, version]) => read(world, request, vault, name, Some(version)),
        ("PUT", [name]) => {
            let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
            let value = body["value"].as_str().ok_or_else(|| bad("The secret value is missing."))?;
            let version = world.set_secret(&format!("{vault}/{name}"), value);
            Ok(bundle(request, vault, name, &version, value))
        }
        _ => Err(no_such_verb(&request.method)),
    }
}

fn read(
    world: &World,
    request: &Request,
    vault: &str,
    name: &str,
    version: Option<&str>,
) -> Result<Response, Refusal> {
    let versions = world.core().vaults.get(&format!("{vault}/{name}"));
    let fits = |(own, _): &&(String, String)| version.is_none_or(|version| own == version);
    let found = versions.and_then(|versions| versions.iter().rev().find(fits));
    let Some((version, value)) = found else {
        let message = format!(
            "A secret with (name/id) {name} was not found in this key vault. If you recently deleted this secret you may be able to recover it using the correct recovery command."
        );
        return Err(Refusal::new(404, "SecretNotFound", message));
    };
    Ok(bundle(request, vault, name, version, value))
}

fn bundle(request: &Request, vault: &str, name: &str, version: &str, value: &str) -> Response {
    let id = format!("{}/vaults/{vault}/secrets/{name}/{version}", request.base());
    Response::json(200, json!({ "value": value, "id": id, "attributes": { "enabled": true } }))
}
