//! A secret is a reference everywhere but on its way to Azure.

use super::place::Place;
use super::served::Served;

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
