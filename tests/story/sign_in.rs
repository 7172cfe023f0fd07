//! Each way to sign in, against an emulator of its own.

use std::os::unix::fs::PermissionsExt;

use super::place::Place;
use super::served::Served;

/// A project that signs in with `auth`, with nothing of it in the environment yet.
fn place(azure: &Served, auth: &str) -> Place {
    let mut place = Place::against("quickstart", &azure.url);
    place.edit("labwright.yaml", "endpoint:", &format!("auth: {auth}, endpoint:"));
    for name in ["AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID"] {
        place.unset(name);
    }
    place
}

#[test]
fn a_workload_shows_the_token_in_its_file() {
    let azure = Served::start();
    let mut place = place(&azure, "workload");
    place.run("apply --yes").speaks_of(3, "AZURE_FEDERATED_TOKEN_FILE");
    let file = place.home().join("token");
    place.set("AZURE_TENANT_ID", "22222222-2222-2222-2222-222222222222");
    place.set("AZURE_CLIENT_ID", "ci");
    place.set("AZURE_FEDERATED_TOKEN_FILE", &file.display().to_string());
    place.run("apply --yes").speaks_of(1, "cannot read the token in");
    std::fs::write(&file, "mark-of-the-issuer\n").expect("written");
    let run = place.run("apply --yes -vv");
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(!run.stderr.contains("mark-of-the-issuer"), "{}", run.stderr);
    assert!(
        run.stderr.contains("POST /22222222-2222-2222-2222-222222222222/oauth2/v2.0/token → 200"),
        "{}",
        run.stderr
    );
    assert!(azure.end().iter().any(|asked| asked.text.contains(r#""client_assertion":"***""#)));
}

#[test]
fn a_machine_has_an_identity() {
    let azure = Served::start();
    let mut place = place(&azure, "managed");
    place.set("IDENTITY_ENDPOINT", &format!("{}/msi/token", azure.url));
    place.set("IDENTITY_HEADER", "any");
    let run = place.run("apply --yes");
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(azure.end().iter().any(|asked| asked.took("GET", "/msi/token")));
}

#[test]
fn whoever_is_signed_in_to_the_cli_signs_in() {
    let azure = Served::start();
    let mut place = place(&azure, "cli");
    let bin = place.home().join("bin");
    std::fs::create_dir(&bin).expect("a folder");
    place.set("PATH", &format!("{}:/bin:/usr/bin", bin.display()));
    let az = |text: &str| {
        let file = bin.join("az");
        std::fs::write(&file, format!("#!/bin/sh\n{text}\n")).expect("written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("a program");
    };
    az("echo 'Please run az login to setup account.' >&2; exit 1");
    place.run("apply --yes").speaks_of(1, "az login");
    let answer =
        format!(r#"{{"accessToken": "{}", "expires_on": 4102444800, "tokenType": "Bearer"}}"#, azure.token());
    az(&format!("[ \"$1 $2\" = 'account get-access-token' ] && echo '{answer}'"));
    let run = place.run("apply --yes");
    assert_eq!(run.code, 0, "{}", run.stderr);
}
