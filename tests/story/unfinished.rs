//! What a run began and did not finish: the next plan knows it, goes on with it or clears it away.

use super::place::Place;
use super::served::{Served, world};

#[test]
fn a_lab_whose_creation_failed_late_is_deleted_and_made_anew() {
    let azure = Served::with(&["on=POST:**/createLab;nth=1;operation=fail"]);
    let place = Place::against("quickstart", &azure.url);
    place.run("apply --yes").speaks_of(5, "Lab/");
    let plan = place.run("plan");
    plan.speaks_of(0, "Azure took its creation, which failed later");
    let again = place.run("apply --yes");
    assert_eq!(again.code, 0, "nothing of it needs a consent of its own: {}", again.stderr);
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
}

#[test]
fn destroy_takes_along_what_failed_creations_left() {
    let azure = Served::with(&[
        "on=POST:**/createLab;nth=1;operation=fail on=PUT:**/versions/*;nth=1;operation=fail",
    ]);
    let place = Place::against("quickstart", &azure.url);
    place.run("apply --yes").speaks_of(5, "ImageVersion/");
    assert_eq!(place.run("destroy --yes").code, 0);
    let left = world(&azure.data());
    assert!(left.is_empty(), "{:?}", left.keys());
}

#[test]
fn a_step_after_an_accepted_publish_is_planned_again() {
    let azure = Served::with(&["on=PUT:**/environmentsettings/default;nth=2;status=403;code=Forbidden"]);
    // The first such request sets the lab's title, the second leaves the setup mode.
    let place = Place::against("quickstart", &azure.url);
    place.run("apply --yes --target Publish/programming").speaks_of(5, "Forbidden");
    place
        .run("plan --detailed-exitcode --target Publish/programming")
        .speaks_of(2, "goes on where it failed: leave setup mode");
    let again = place.run("apply --yes --target Publish/programming");
    assert_eq!(again.code, 0, "{}", again.stderr);
    place.run("plan --detailed-exitcode --target Publish/programming").says(0, "No changes.");
    let published = azure.end().iter().filter(|asked| asked.took("POST", "/publish")).count();
    assert_eq!(published, 1, "what was published is not published again");
}

#[test]
fn what_is_only_recorded_is_no_change_and_is_recorded_once() {
    let place = Place::of("quickstart");
    assert_eq!(place.run("apply --yes").code, 0);
    place.edit("labwright.yaml", "  sig_physics: {", "  sig_physics: { dependsOn: [LabAccount/physics-la],");
    let recorded = || place.run("state show Gallery/sig_physics").stdout;
    assert!(!recorded().contains("LabAccount/physics-la"));
    place.run("plan --detailed-exitcode").says(0, "No changes.");
    place.run("apply").says(0, "No changes.");
    assert!(recorded().contains("LabAccount/physics-la"));
    let serial = || place.run("state list --format json").json()["serial"].clone();
    let before = serial();
    place.run("apply").says(0, "No changes.");
    assert_eq!(serial(), before);
}
