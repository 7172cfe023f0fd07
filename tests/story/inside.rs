//! A run on the emulator inside, whose address is another one each time.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use super::place::Place;

#[test]
fn killed_during_an_export_the_next_apply_asks_the_resource() {
    let mut place = Place::of("quickstart");
    place.set("LAB_PASSWORD", "Mark-of-labs-1!");
    let mut command = place.command("apply --yes -vv");
    let mut run = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut said = BufReader::new(run.stderr.take().expect("piped")).lines().map_while(Result::ok);
    let mut polled = BTreeSet::new();
    let operation = |line: &str| Some(line.split_once("/operations/")?.1.split_once(' ')?.0.to_owned());
    let mut is_export = |line: &str| {
        polled.extend(operation(line));
        line.contains("/saveImage") && line.contains("202")
    };
    assert!(said.by_ref().any(|line| is_export(&line)), "the export was taken");
    // Before its operation is polled, the journal holds its url.
    let is_new = |line: String| operation(&line).is_some_and(|operation| !polled.contains(&operation));
    assert!(said.any(is_new), "the export is under way");
    run.kill().expect("it was running");
    assert_eq!(run.wait().expect("it is dead").signal(), Some(9));

    let again = place.run("apply --yes");
    again.speaks_of(0, "broke off");
    again.speaks_of(0, "Apply complete!");
    place.run("apply --yes").says(0, "No changes.");
    place.run("drift").says(0, "No drift.");
}
