//! A secret is a reference everywhere but on its way to Azure.

use super::place::Place;
use super::served::{Asked, Served};

/// Asserts that none of the marks is in `bytes`.
#[track_caller]
fn clean(what: &str, bytes: &[u8]) {
    for mark in ["Mark-of-", "mark-of-the-client"] {
        assert!(!bytes.windows(mark.len()).any(|window| window == mark.as_bytes()), "{mark} is in {what}");
    }
}

#[test]
fn no_secret_is_anywhere() {
    let azure = Served::start();
    let place = Place::against("contoso-cs", &azure.url);
    for line in [
        "plan --out ../plan",
        "plan --format json --json-into ../plan.json",
        "show ../plan",
        "show ../plan --format json",
        "show --config",
        "graph",
        "apply ../plan --yes -vv",
        "apply --yes --format json --json-into ../apply.json",
        "state list --format json",
        "state show Lab/cs340-golden",
        "state show Lab/cs340-golden --format json",
        "state show Image/web-dev --format json",
        "drift -vv",
        "drift --format json",
        "destroy --yes -vv --target Lab/open-lab --format json",
        "apply --yes --format json",
    ] {
        let run = place.run(line);
        assert_eq!(run.code, 0, "{line}: {}", run.stderr);
        clean(line, run.stdout.as_bytes());
        clean(line, run.stderr.as_bytes());
        // Also while runs have left something to read: the state, its journal, plans, caches.
        for file in place.files() {
            clean(&file.display().to_string(), &std::fs::read(&file).expect("readable"));
        }
    }
    assert_eq!(place.run("destroy --yes -vv").code, 0);
    clean("the emulator's file", &azure.bytes());
    let asked = azure.end();
    assert!(asked.iter().any(|asked| asked.text.contains(r#""password":"***""#)), "a password was sent");
    asked.iter().for_each(|asked| clean(&asked.path, asked.text.as_bytes()));
    place.files().iter().for_each(|file| clean("what is left", &std::fs::read(file).expect("readable")));
}

#[test]
fn a_refusal_and_a_failed_run_tell_no_secret_either() {
    let azure = Served::with(&["on=POST:**/createlab;status=400;code=BadPassword"]);
    let place = Place::against("contoso-cs", &azure.url);
    let run = place.run("apply --yes -vv --format json");
    assert_eq!(run.code, 5, "{}", run.stderr);
    clean("stdout", run.stdout.as_bytes());
    clean("stderr", run.stderr.as_bytes());
    place.files().iter().for_each(|file| clean("a file", &std::fs::read(file).expect("readable")));
}

/// A reference to a secret of the vault `cs-vault`.
const VAULT: &str = "password: { keyVault: https://cs-vault.vault.azure.net/secrets/lab-password }";

#[test]
fn a_password_of_a_vault_is_opened_while_applying_and_nowhere_else() {
    let azure = Served::start();
    let mut place = Place::against("quickstart", &azure.url);
    place.unset("LAB_PASSWORD");
    place.edit("labwright.yaml", "password: { env: LAB_PASSWORD }", VAULT);
    assert_eq!(place.run("plan").code, 0, "a plan opens nothing");
    let refused = place.run("apply --yes");
    refused.speaks_of(3, "SecretNotFound");
    refused.speaks_of(3, "cs-vault.vault.azure.net/secrets/lab-password");
    let value = r#"{"value":"Mark-of-the-vault-4!"}"#;
    let status = azure.send("PUT", "/vaults/cs-vault/secrets/lab-password?api-version=7.4", value);
    assert_eq!(status, "HTTP/1.1 200 OK");
    let applied = place.run("apply --yes -vv");
    assert_eq!(applied.code, 0, "{}", applied.stderr);
    assert!(applied.stderr.contains("GET /vaults/cs-vault/secrets/lab-password"), "{}", applied.stderr);
    clean("stderr", applied.stderr.as_bytes());
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
    place.files().iter().for_each(|file| clean("what is left", &std::fs::read(file).expect("readable")));
    let asked = azure.end();
    let changed = |own: &Asked| own.method == "PUT" && own.path.contains("/providers/");
    let first = asked.iter().position(changed).expect("something is made");
    let read = |own: &&Asked| own.method == "GET" && own.path.starts_with("/vaults/") && own.status == 200;
    assert!(asked[..first].iter().any(|own| read(&own)), "it is opened before the first request");
    assert_eq!(asked.iter().filter(read).count(), 2, "once before the run and once in it, for four labs");
    asked.iter().for_each(|asked| clean(&asked.path, asked.text.as_bytes()));
}

#[test]
fn a_vault_is_no_obstacle_on_the_emulator_inside_and_only_azures_are_vaults() {
    let place = Place::of("quickstart");
    place.edit("labwright.yaml", "password: { env: LAB_PASSWORD }", VAULT);
    let applied = place.run("apply --yes");
    applied.speaks_of(0, "The emulator takes a made-up password instead");
    place.edit("labwright.yaml", "cs-vault.vault.azure.net", "vault.azure.net.evil.example");
    place.run("validate").speaks_of(3, "labwright::config::bad_secret");
}
