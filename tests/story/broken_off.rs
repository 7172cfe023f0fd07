//! Two runs at once, and a run that is asked to end.

use super::place::Place;
use super::served::{Served, signal};

#[test]
fn a_second_run_is_told_who_holds_the_state() {
    // Accounts hang: the first run waits for them until it is asked to end.
    let mut azure = Served::with(&["on=PUT:**/labaccounts/*;operation=hang"]);
    let place = Place::against("contoso-cs", &azure.url);
    let mut first = azure.begin(&place, "apply --yes");
    azure.until(|line| line.contains("create LabAccount/cs-core-la"));
    place.run("apply --yes").speaks_of(6, &format!("held by pid {}", first.id()));
    place.run("destroy --yes").speaks_of(6, &format!("held by pid {}", first.id()));
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
    let mut azure = Served::with(&["on=PUT:**/labaccounts/*;nth=1;delay=300"]);
    let place = Place::against("contoso-cs", &azure.url);
    let mut run = azure.begin(&place, "apply --yes");
    azure.until(|line| line.contains("create LabAccount/"));
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
