//! Several runs at once: side by side where they are about different things, one after another where they are not.

use super::place::Place;
use super::served::{Heard, Served, signal};

/// An emulator whose lab accounts hang, the quickstart's group already there, and a run that waits for the account.
fn hanging() -> (Served, Place, std::process::Child) {
    let mut azure = Served::with(&["on=PUT:**/labaccounts/*;nth=1;operation=hang"]);
    let place = Place::against("quickstart", &azure.url);
    assert_eq!(place.run("apply --yes --target ResourceGroup/physics-rg").code, 0);
    let first = azure.begin(&place, "apply --yes --target LabAccount/physics-la");
    azure.until_asked("PUT", "/labaccounts/");
    (azure, place, first)
}

#[test]
fn runs_about_different_resources_go_on_side_by_side() {
    let (mut azure, place, mut first) = hanging();
    let locks = place.run("state lock list --format json").json();
    let lock = &locks["locks"][0];
    assert_eq!((&lock["run"], &lock["pid"]), (&2.into(), &first.id().into()), "{locks}");
    assert_eq!(lock["changes"], serde_json::json!(["LabAccount/physics-la"]));
    assert_eq!(lock["reads"], serde_json::json!(["ResourceGroup/physics-rg"]));
    place.run("plan").speaks_of(0, "run 2 is under way: held by pid ");
    place.run("history").speaks_of(0, "apply  under way");

    let drift = place.run("drift");
    drift.says(0, "No drift.");
    let second = place.run("apply --yes --target Image/java-dev --target ImageVersion/java-dev/1.0.0");
    second.says(0, "Apply complete! Resources: 3 added, 0 changed, 0 destroyed.");
    assert!(second.stderr.lines().all(|line| !line.contains("Run 2")), "{}", second.stderr);

    first.kill().expect("it was running");
    first.wait().expect("it is dead");
    azure.rest();
    place.run("state lock list").says(0, "Nothing is held: no run is under way.");
    place.run("history").speaks_of(0, "apply  interrupted");
}

#[test]
fn a_run_about_the_same_is_told_who_holds_it_or_waits_until_that_ends() {
    let (mut azure, place, mut first) = hanging();
    let held = format!("LabAccount/physics-la is held by pid {} on ", first.id());
    // What is only rested on must not be taken from under it either.
    for line in ["apply --yes", "destroy --yes", "destroy --yes --target ResourceGroup/physics-rg"] {
        let refused = place.run(line);
        refused.speaks_of(6, "labwright::state::locked");
        refused.speaks_of(6, &first.id().to_string());
    }

    let mut waiting = azure.begin(&place, "apply --yes --lock-timeout 10m --target LabAccount/physics-la");
    azure.until(|line| line.starts_with(&held) && line.ends_with("waiting …"));
    first.kill().expect("it was running");
    first.wait().expect("it is dead");
    // The first run's end is heard on the way.
    while !matches!(azure.next(), Heard::Said(line) if line.starts_with("Run 2 was interrupted.")) {}
    // The account hangs for good: whoever waits for it is ended too.
    waiting.kill().expect("it was running");
    waiting.wait().expect("it is dead");
}

#[test]
fn a_stopped_process_whose_lease_is_broken_writes_nothing_more() {
    let mut azure = Served::with(&["on=PUT:**/labaccounts/*;nth=1;delay=300"]);
    let place = Place::against("quickstart", &azure.url);
    // One action at a time: while its answer is waited for, nothing is being written.
    let mut first = azure.begin(&place, "apply --yes --parallelism 1");
    azure.until_asked("PUT", "/labaccounts/");
    signal(&first, "STOP");
    place.run("apply --yes").speaks_of(6, "labwright::state::locked");
    place.run("resume").speaks_of(0, "Nothing to resume: run 1 is under way, held by pid ");

    let locks = place.run("state lock list --format json").json();
    let id = locks["locks"][0]["id"].as_str().expect("an id").to_owned();
    place.run(&format!("state lock break {id}")).speaks_of(4, "what it holds ends with it; or add --yes");
    let broken = place.run(&format!("state lock break {id} --yes"));
    broken.speaks_of(0, "Run 1 counts as broken off.");
    place.run(&format!("state lock break {id} --yes")).speaks_of(64, "there is no `lock ");

    let second = place.run("apply --yes");
    assert_eq!(second.code, 0, "{}", second.stderr);
    let serial = || place.run("state list --format json").json()["serial"].clone();
    let (before, runs) = (serial(), place.run("history").stdout);
    signal(&first, "CONT");
    let said = azure.rest().join("\n");
    assert_eq!(first.wait().expect("it ends").code(), Some(6), "{said}");
    assert!(said.contains("its lease was broken"), "{said}");
    assert_eq!((serial(), place.run("history").stdout), (before, runs), "it wrote nothing");
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
    let asked = azure.end();
    let count = |part: &str| asked.iter().filter(|asked| asked.took("POST", part)).count();
    assert_eq!((count("/publish"), count("/saveimage"), count("/createlab")), (1, 1, 3));
}
