//! Two runs at once, and a run that is asked to end.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use super::place::Place;
use super::served::{Served, signal};

#[test]
fn a_second_run_is_told_who_holds_the_state() {
    // Accounts hang: the first run waits for them until it is asked to end.
    let mut azure = Served::with(&["on=PUT:**/labaccounts/*;operation=hang"]);
    let place = Place::against("contoso-cs", &azure.url);
    let mut first = azure.begin(&place, "apply --yes");
    azure.until(|line| line.contains("create LabAccount/cs-core-la"));
    for line in ["apply --yes", "destroy --yes"] {
        let refused = place.run(line);
        refused.speaks_of(6, "labwright::state::locked");
        refused.speaks_of(6, &first.id().to_string());
    }
    assert_eq!(place.run("plan").code, 0, "looking needs no lock");
    first.kill().expect("it was running");
    first.wait().expect("it is dead");
}

#[test]
fn an_interrupt_stops_starting_and_the_next_apply_finishes() {
    let mut azure = Served::start();
    let place = Place::against("contoso-cs", &azure.url);
    let mut run = azure.begin(&place, "apply --yes");
    azure.until(|line| line.contains("create LabAccount/"));
    signal(&run, "INT");
    azure.until(|line| line.starts_with("Stopping"));
    let said = azure.rest();
    assert_eq!(run.wait().expect("it ends").code(), Some(7));
    let begun: Vec<_> = said.iter().filter(|line| line.ends_with('…')).collect();
    assert!(begun.is_empty(), "{begun:?}");
    let again = place.run("apply --yes");
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert!(again.stderr.contains(", 0 under way, "), "what was under way was waited for: {}", again.stderr);
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
}

#[test]
fn a_second_interrupt_leaves_at_once_and_the_next_apply_settles() {
    // The answer comes long after the effect: the run leaves without it.
    let mut azure = Served::with(&["on=PUT:**/labaccounts/*;nth=1;delay=6000"]);
    let place = Place::against("contoso-cs", &azure.url);
    let mut run = azure.begin(&place, "apply --yes");
    azure.until_asked("PUT", "/labaccounts/");
    signal(&run, "INT");
    azure.until(|line| line.starts_with("Stopping"));
    signal(&run, "INT");
    azure.rest();
    assert_eq!(run.wait().expect("it ends").code(), Some(7));
    place.run("plan").speaks_of(0, "open-run");
    let again = place.run("apply --yes");
    again.speaks_of(0, "broke off");
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
}

#[test]
fn what_is_followed_is_named_and_can_be_left() {
    let mut azure = Served::with(&["on=POST:**/saveimage;operation=hang"]);
    let place = Place::against("quickstart", &azure.url);
    let mut run = azure.begin(&place, "apply --yes");
    azure.until_asked("POST", "/saveimage");
    run.kill().expect("it was running");
    run.wait().expect("it is dead");
    azure.rest();
    for line in ["apply --yes", "resume", "destroy --yes"] {
        let mut next = azure.begin(&place, line);
        azure.until(|line| line.starts_with("  … export"));
        signal(&next, "INT");
        let said = azure.rest();
        assert_eq!(next.wait().expect("it ends").code(), Some(7), "{said:?}");
        assert!(said.iter().any(|line| line.contains("ended before anything was begun")), "{said:?}");
    }
    place.run("plan").speaks_of(0, "open-run");
}

#[test]
fn what_was_done_to_a_thing_is_known_until_the_thing_is_gone() {
    let lost = "its VMs are deleted, with what students left there";
    for (refused, failed, is_lost) in [
        ("on=DELETE:**/images/simulator/versions/*;first=1;status=403", "Image/simulator", false),
        ("on=DELETE:**/labs/programming;first=1;status=403", "Lab/programming", true),
    ] {
        let azure = Served::with(&[refused]);
        let place = Place::against("quickstart", &azure.url);
        assert_eq!(place.run("apply --yes").code, 0);
        let first = place.run("destroy --yes");
        first.speaks_of(5, failed);
        first.speaks_of(5, lost);
        let again = place.run("destroy --yes");
        again.speaks_of(0, "Destroy complete!");
        assert_eq!(again.stdout.contains(lost), is_lost, "{}", again.stdout);
        assert!(azure.end().len() > 10);
    }
}

#[test]
fn a_create_that_fails_late_is_tried_again() {
    let azure = Served::with(&["on=PUT:**/versions/*;nth=1;operation=fail"]);
    let place = Place::against("quickstart", &azure.url);
    place.run("apply --yes").speaks_of(5, "ImageVersion/");
    let again = place.run("apply --yes");
    assert_eq!(again.code, 0, "{}", again.stderr);
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
}

#[test]
fn a_publish_that_failed_is_not_taken_for_done() {
    let azure = Served::with(&["on=POST:**/publish;nth=1;operation=fail"]);
    let place = Place::against("contoso-cs", &azure.url);
    place.run("apply --yes").speaks_of(5, "Publish/open-lab");
    let again = place.run("apply --yes");
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert!(!again.stderr.contains("done already"), "{}", again.stderr);
    let published = azure.end().iter().filter(|asked| asked.took("POST", "/publish")).count();
    assert_eq!(published, 2, "the failed one and the one that worked");
}

#[test]
fn a_run_killed_during_an_export_is_settled_although_the_emulator_moved() {
    let place = Place::of("quickstart");
    let mut run =
        place.command("apply --yes").stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it starts");
    let lines = BufReader::new(run.stderr.take().expect("piped")).lines();
    let exporting = lines.map_while(Result::ok).any(|line| line.contains("export") && line.ends_with('…'));
    assert!(exporting, "the export begins");
    run.kill().expect("it was running");
    run.wait().expect("it is dead");
    let again = place.run("apply --yes");
    assert_eq!(again.code, 0, "{}", again.stderr);
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
}
