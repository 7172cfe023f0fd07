//! What the service does wrong, and what is decided about each: told in its words, waited for, looked up, or tried again.
//!
//! Every row applies the quickstart, then once more, and counts in the emulator's record what took effect.

use super::place::Place;
use super::served::{Served, world};

/// What an apply of the quickstart does in the end: requests that may take effect but once.
const ONCE: [(&str, usize); 3] = [("/createlab", 3), ("/publish", 1), ("/saveimage", 1)];

/// One thing that goes wrong.
struct Row {
    /// In the words of the table of failures.
    what: &'static str,
    /// How it is made.
    faults: &'static str,
    /// The exit of the first apply, and what it says.
    first: (i32, &'static str),
    /// How often the request that was hit reached the service, by its method and a part of its path, in the first apply.
    sent: (&'static str, &'static str, usize),
}

const fn row(
    what: &'static str,
    faults: &'static str,
    first: (i32, &'static str),
    sent: (&'static str, &'static str, usize),
) -> Row {
    Row { what, faults, first, sent }
}

/// Applies with each row's faults, then again; nothing is left to do, and nothing was done twice.
#[track_caller]
fn hold(rows: &[Row]) {
    let mut broken = Vec::new();
    for row in rows {
        let problems = tried(row);
        broken.extend(problems.into_iter().map(|problem| format!("{}: {problem}", row.what)));
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

fn tried(row: &Row) -> Vec<String> {
    let azure = Served::with(&[row.faults]);
    let place = Place::against("quickstart", &azure.url);
    let mut problems = Vec::new();
    let mut expect = |holds: bool, problem: String| problems.extend((!holds).then_some(problem));
    let first = place.run("apply --yes");
    let said = format!("{}\n{}", first.stdout, first.stderr);
    expect(first.code == row.first.0 && said.contains(row.first.1), format!("exit {}\n{said}", first.code));
    let again = place.run("apply --yes");
    expect(
        again.code == 0,
        format!("the next apply: exit {}\n{}\n{}", again.code, again.stdout, again.stderr),
    );
    let rest = place.run("plan --detailed-exitcode --refresh");
    expect(rest.code == 0, format!("something is left to do\n{}", rest.stdout));
    expect(world(&azure.data()).len() > 20, "the world is whole".to_owned());
    let asked = azure.end();
    let (method, part, times) = row.sent;
    let sent = asked.iter().filter(|own| own.method == method && own.path.ends_with(part)).count();
    expect(sent == times, format!("{method} {part} was sent {sent} times, not {times}"));
    for (part, times) in ONCE {
        let took = asked.iter().filter(|own| own.took("POST", part)).count();
        let is_hit = row.sent.1 == part;
        // What failed late took effect, and is done once more.
        let times = times + usize::from(is_hit && row.faults.contains("operation=fail"));
        expect(took == times, format!("{part} took effect {took} times, not {times}"));
    }
    problems
}

#[test]
fn what_is_refused_is_told_in_azures_words_and_tried_by_the_next_run() {
    let gallery = ("PUT", "/galleries/sig_physics", 2);
    hold(&[
        row(
            "400",
            "on=PUT:**/galleries/*;nth=1;status=400;code=InvalidParameter",
            (5, "InvalidParameter"),
            gallery,
        ),
        row(
            "401 once",
            "on=PUT:**/galleries/*;nth=1;status=401;code=ExpiredAuthenticationToken",
            (0, "complete!"),
            gallery,
        ),
        row(
            "403",
            "on=PUT:**/galleries/*;nth=1;status=403;code=AuthorizationFailed",
            (5, "AuthorizationFailed"),
            gallery,
        ),
        row("409", "on=PUT:**/galleries/*;nth=1;status=409;code=NameTaken", (5, "NameTaken"), gallery),
        row(
            "412",
            "on=PUT:**/galleries/*;nth=1;status=412;code=PreconditionFailed",
            (5, "PreconditionFailed"),
            gallery,
        ),
        row(
            "403 of a POST",
            "on=POST:**/publish;nth=1;status=403;code=Forbidden",
            (5, "Forbidden"),
            ("POST", "/publish", 2),
        ),
    ]);
}

#[test]
fn what_passes_is_waited_for_and_sent_again() {
    let gallery = ("PUT", "/galleries/sig_physics", 2);
    let publish = ("POST", "/publish", 2);
    let done = (0, "complete!");
    hold(&[
        row(
            "409 while busy",
            "on=PUT:**/galleries/*;nth=1;status=409;code=AnotherOperationInProgress",
            done,
            gallery,
        ),
        row("429", "on=PUT:**/galleries/*;nth=1;status=429;code=TooManyRequests", done, gallery),
        row("429 with a wait", "on=PUT:**/galleries/*;nth=1;status=429;retry-after=1", done, gallery),
        row("429 of a POST", "on=POST:**/publish;nth=1;status=429", done, publish),
        row("500", "on=PUT:**/galleries/*;nth=1;status=500", done, gallery),
        row("502", "on=PUT:**/galleries/*;nth=1;status=502", done, gallery),
        row("503", "on=PUT:**/galleries/*;nth=1;status=503", done, gallery),
        row("504", "on=PUT:**/galleries/*;nth=1;status=504", done, gallery),
        row(
            "503 of a POST that did nothing",
            "on=POST:**/publish;nth=1;status=503;code=ServerBusy",
            done,
            publish,
        ),
    ]);
}

#[test]
fn what_may_have_happened_is_looked_up_before_anything_is_sent_again() {
    let done = (0, "complete!");
    let publish = |times| ("POST", "/publish", times);
    let export = |times| ("POST", "/saveimage", times);
    let lab = |times| ("POST", "/createlab", times);
    hold(&[
        row("cut before a POST", "on=POST:**/publish;nth=1;cut=before", done, publish(2)),
        row("cut after a POST", "on=POST:**/publish;nth=1;cut=after", done, publish(1)),
        row("cut before an export", "on=POST:**/saveImage;nth=1;cut=before", done, export(2)),
        row("cut after an export", "on=POST:**/saveImage;nth=1;cut=after", done, export(1)),
        row("cut before a lab is made", "on=POST:**/createLab;nth=1;cut=before", done, lab(4)),
        row("cut after a lab is made", "on=POST:**/createLab;nth=1;cut=after", done, lab(3)),
        row("500 of a POST", "on=POST:**/publish;nth=1;status=500", (5, "InternalServerError"), publish(2)),
        row("504 of a POST", "on=POST:**/saveImage;nth=1;status=504", done, export(2)),
        row(
            "cut after a PUT",
            "on=PUT:**/galleries/*;nth=1;cut=after",
            done,
            ("PUT", "/galleries/sig_physics", 2),
        ),
    ]);
}

#[test]
fn operations_that_fail_or_vanish_are_told_or_found() {
    let done = (0, "complete!");
    hold(&[
        row(
            "a publish that fails late",
            "on=POST:**/publish;nth=1;operation=fail",
            (5, "Publish/programming"),
            ("POST", "/publish", 2),
        ),
        row(
            "an export that fails late",
            "on=POST:**/saveImage;nth=1;operation=fail",
            (5, "Export/simulator"),
            ("POST", "/saveimage", 2),
        ),
        row(
            "a lab that fails late",
            "on=POST:**/createLab;nth=1;operation=fail",
            (5, "Lab/"),
            ("POST", "/createlab", 4),
        ),
        row(
            "a version that fails late",
            "on=PUT:**/versions/*;nth=1;operation=fail",
            (5, "ImageVersion/"),
            ("PUT", "/versions/1.0.0", 2),
        ),
        row(
            "a publish that vanishes",
            "on=POST:**/publish;nth=1;operation=vanish",
            done,
            ("POST", "/publish", 1),
        ),
        row(
            "an export that vanishes",
            "on=POST:**/saveImage;nth=1;operation=vanish",
            done,
            ("POST", "/saveimage", 1),
        ),
        row(
            "a version that vanishes",
            "on=PUT:**/versions/*;nth=1;operation=vanish",
            done,
            ("PUT", "/versions/1.0.0", 1),
        ),
        row(
            "polls that are refused",
            "on=GET:**/operations/**;every=2;status=503",
            done,
            ("POST", "/publish", 1),
        ),
    ]);
}

#[test]
fn what_does_not_show_yet_and_lists_with_holes_are_looked_at_again() {
    let done = (0, "complete!");
    let once = ("POST", "/publish", 1);
    hold(&[
        row(
            "404 after a create",
            "on=GET:**/labaccounts/*/labs/programming;first=6;status=404;code=ResourceNotFound",
            done,
            once,
        ),
        row(
            "404 of a gallery just made",
            "on=GET:**/galleries/sig_physics;first=4;status=404;code=ResourceNotFound",
            done,
            once,
        ),
        row("lists that repeat", "on=GET:**;list=repeat", done, once),
        row("lists with holes", "on=GET:**/sharedimages;every=2;list=hole", done, once),
        row("versions with holes", "on=GET:**/versions;every=2;list=hole", done, once),
    ]);
}
