//! A run that broke off is finished as it was planned, whatever the files say by now.

use super::place::Place;
use super::served::{Served, world};

/// Kills an apply of the quickstart while the lab account is made, which takes the emulator until it is told otherwise.
fn broken_off(azure: &mut Served, place: &Place) {
    let mut run = azure.begin(place, "apply --yes");
    azure.until_asked("PUT", "/labaccounts/");
    run.kill().expect("it was running");
    run.wait().expect("it is dead");
    azure.rest();
}

#[test]
fn a_run_that_broke_off_is_finished_as_it_was_planned() {
    let mut azure = Served::start();
    let place = Place::against("quickstart", &azure.url);
    place.run("resume").says(0, "Nothing to resume: no run broke off.");
    broken_off(&mut azure, &place);
    place.run("history").speaks_of(0, "apply  interrupted");
    let plan = place.run("plan");
    plan.speaks_of(0, "labwright resume");

    // Neither what the files say by now nor a question stands in its way.
    place.edit("labwright.yaml", "    capacity: 12", "    capacity: 14");
    let resumed = place.run("resume --format json");
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    assert!(resumed.stderr.contains("Left, and carried out as it was planned: "), "{}", resumed.stderr);
    let document = resumed.json();
    assert_eq!((&document["command"], &document["run"]["id"]), (&"resume".into(), &1.into()));
    let outcomes = document["run"]["actions"].as_array().expect("actions");
    assert!(outcomes.iter().all(|action| action["outcome"] == "done"), "{outcomes:?}");
    place.run("history").speaks_of(0, "10 added, 1 invoked");
    place.run("plan").says(0, "Plan: 0 to add, 1 to change, 0 to destroy.");
    place.run("apply --yes").says(0, "Apply complete! Resources: 0 added, 1 changed, 0 destroyed.");
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");

    let unhurt = Served::start();
    let other = Place::against("quickstart", &unhurt.url);
    other.edit("labwright.yaml", "    capacity: 12", "    capacity: 14");
    assert_eq!(other.run("apply --yes").code, 0);
    assert_eq!(
        world(&azure.data()).keys().collect::<Vec<_>>(),
        world(&unhurt.data()).keys().collect::<Vec<_>>()
    );
    let asked = azure.end();
    let count = |method: &str, part: &str| asked.iter().filter(|asked| asked.took(method, part)).count();
    assert_eq!(
        (count("POST", "/publish"), count("POST", "/saveimage"), count("POST", "/createlab")),
        (1, 1, 3)
    );
}

#[test]
fn whoever_says_no_to_a_new_plan_can_still_finish_the_old_one() {
    let mut azure = Served::start();
    let place = Place::against("quickstart", &azure.url);
    broken_off(&mut azure, &place);
    let refused = place.run("apply");
    refused.speaks_of(4, "To finish run 1 as it was planned instead, answer no, then:");
    let held = place.run("state lock list");
    held.says(0, "Nothing is held: no run is under way.");
    place.run("resume").speaks_of(0, "Apply complete!");
    place.run("apply").says(0, "No changes.");
}

#[test]
fn what_failed_in_a_run_that_is_finished_is_told_with_how_to_go_on() {
    let mut azure = Served::with(&["on=POST:**/publish;nth=1;status=403;code=Forbidden"]);
    let place = Place::against("quickstart", &azure.url);
    broken_off(&mut azure, &place);
    let resumed = place.run("resume");
    resumed.speaks_of(5, "Forbidden");
    resumed.speaks_of(5, "labwright apply");
    place.run("resume").says(0, "Nothing to resume: no run broke off.");
    assert_eq!(place.run("apply --yes").code, 0);
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
}

#[test]
fn a_run_that_is_not_there_cannot_be_finished() {
    let mut azure = Served::start();
    let place = Place::against("quickstart", &azure.url);
    broken_off(&mut azure, &place);
    place.run("resume 7").speaks_of(64, "these broke off: 1");
    place.run("resume 1").speaks_of(0, "Apply complete!");
    place.run("resume 1").speaks_of(64, "no run broke off");
}

#[test]
fn drift_says_nothing_of_what_a_run_that_broke_off_had_under_way() {
    let mut azure = Served::with(&["on=PUT:**/labs/programming;nth=2;delay=500"]);
    let place = Place::against("quickstart", &azure.url);
    assert_eq!(place.run("apply --yes").code, 0);
    place.edit("labwright.yaml", "    capacity: 20", "    capacity: 22");
    let mut run = azure.begin(&place, "apply --yes");
    azure.until(|line| line.contains("update Lab/programming"));
    azure.until_asked("PUT", "/labs/programming");
    run.kill().expect("it was running");
    run.wait().expect("it is dead");
    azure.rest();
    let drift = place.run("drift");
    drift.speaks_of(0, "left out: Lab/programming (run 2 is at it)");
    assert_eq!(place.run("resume").code, 0);
    place.run("drift").says(0, "No drift.");
}
