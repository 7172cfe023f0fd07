//! Runs on lab plans that break off, lose answers, or fail: they end as if nothing had happened.

use super::{done_once, place};
use crate::served::{Heard, Served, world};

#[test]
fn a_run_that_broke_off_goes_on_and_does_nothing_twice() {
    for (method, part) in [
        ("PATCH", "/labplans/lp-chemistry"),
        ("POST", "/saveimage"),
        ("PUT", "/labs/organic"),
        ("POST", "/publish"),
    ] {
        for way in ["resume", "apply --yes"] {
            let mut azure = Served::start();
            let place = place(&azure);
            let mut run = azure.begin(&place, "apply --yes");
            azure.until_asked(method, part);
            run.kill().expect("it was running");
            run.wait().expect("it is dead");
            azure.rest();
            let gone_on = place.run(way);
            assert_eq!(gone_on.code, 0, "{way} after {method} {part}: {gone_on:?}");
            place.run("apply --yes").says(0, "No changes.");
            place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
            done_once(&azure.end());
        }
    }
}

/// Kills runs after ever more requests, until one is through before.
#[test]
fn killed_after_any_number_of_requests_a_run_goes_on_and_does_nothing_twice() {
    let unhurt = Served::start();
    assert_eq!(place(&unhurt).run("apply --yes").code, 0);
    let whole = world(&unhurt.data());
    for requests in (2..).step_by(9) {
        let mut azure = Served::start();
        let place = place(&azure);
        let mut run = azure.begin(&place, "apply --yes");
        let mut asked = 0;
        let is_through = loop {
            match azure.next() {
                Heard::Asked(_) if asked == requests => break false,
                Heard::Asked(_) => asked += 1,
                Heard::Said(_) => {}
                Heard::Ended => break true,
            }
        };
        run.kill().ok();
        run.wait().expect("it is dead");
        if is_through {
            assert!(requests > 40, "{requests} requests are too few to mean anything");
            return;
        }
        azure.rest();
        let gone_on = place.run("apply --yes");
        assert_eq!(gone_on.code, 0, "after {requests}: {gone_on:?}");
        place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
        let hurt = world(&azure.data());
        let differing: Vec<_> = hurt.iter().filter(|(id, body)| whole.get(*id) != Some(body)).collect();
        assert!(differing.is_empty() && hurt.len() == whole.len(), "after {requests}: {differing:?}");
        done_once(&azure.end());
    }
}

#[test]
fn lost_answers_and_refusals_end_as_if_there_were_none() {
    let unhurt = Served::start();
    assert_eq!(place(&unhurt).run("apply --yes").code, 0);
    let azure = Served::with(&[
        "on=POST:**/publish;nth=1;cut=after",
        "on=POST:**/saveImage;nth=1;cut=after",
        "on=PATCH:**/labPlans/*;nth=1;cut=after",
        "on=PUT:**/labs/*;first=2;cut=after",
        "on=PATCH:**/images/*;nth=1;status=503",
        "on=PUT:**/labPlans/*;nth=1;status=429;retry-after=1",
    ]);
    let place = place(&azure);
    let applied = place.run("apply --yes");
    assert_eq!(applied.code, 0, "{applied:?}");
    let (hurt, unhurt) = (world(&azure.data()), world(&unhurt.data()));
    let differing = hurt.iter().filter(|(id, body)| unhurt.get(*id) != Some(body));
    assert_eq!(differing.collect::<Vec<_>>(), []);
    assert_eq!(hurt.len(), unhurt.len());
    done_once(&azure.end());
}

#[test]
fn an_operation_that_fails_late_is_mended_by_the_next_run() {
    for (fault, part) in [
        ("on=PATCH:**/labPlans/*;nth=1;operation=fail", "GalleryAttachment/chemistry"),
        ("on=PUT:**/labs/organic;nth=1;operation=fail", "Lab/organic"),
        ("on=POST:**/publish;nth=1;operation=fail", "publish organic"),
        ("on=POST:**/saveImage;nth=1;operation=fail", "export spectra"),
        ("on=PUT:**/labPlans/*;nth=1;operation=fail", "LabPlan/lp-chemistry"),
    ] {
        let azure = Served::with(&[fault]);
        let place = place(&azure);
        place.run("apply --yes").speaks_of(5, part);
        let again = place.run("apply --yes");
        assert_eq!(again.code, 0, "{fault}: {again:?}");
        place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
        place.run("destroy --yes").speaks_of(0, "Destroy complete!");
        assert!(world(&azure.data()).is_empty(), "{fault}");
    }
}
