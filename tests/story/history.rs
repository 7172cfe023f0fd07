//! What runs did, when, by whom and from which commit.

use std::process::Command;

use super::place::Place;
use super::served::Served;

fn git(place: &Place, words: &[&str]) -> String {
    let mut git = Command::new("git");
    git.current_dir(place.project())
        .args(["-c", "user.name=ana", "-c", "user.email=ana@contoso.edu"])
        .args(words);
    let output = git.output().expect("git");
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

#[test]
fn runs_are_told_with_who_from_which_commit_and_what_they_did() {
    let mut place = Place::of("quickstart");
    place.run("history").says(0, "No run has been recorded.");
    place.set("PATH", &std::env::var("PATH").expect("a path"));
    place.set("USER", "ana");
    place.run("apply --yes").speaks_of(0, "Apply complete!");
    git(&place, &["init", "--quiet"]);
    git(&place, &["add", "labwright.yaml"]);
    git(&place, &["commit", "--quiet", "-m", "Labs"]);
    let commit = git(&place, &["rev-parse", "HEAD"]);
    place.edit("labwright.yaml", "capacity: 12", "capacity: 14");
    place.set("GITHUB_ACTOR", "robot");
    place.run("apply --yes").speaks_of(0, "Apply complete!");
    let history = place.run("history");
    history.speaks_of(0, "2 runs; times in UTC");
    history.says(0, "   1 changed");
    history.speaks_of(0, "   10 added, 1 invoked");
    let document = place.run("history --format json").json();
    let said: Vec<_> = document["runs"]
        .as_array()
        .expect("runs")
        .iter()
        .map(|run| (run["id"].as_u64(), run["by"].as_str(), run["commit"].as_str(), run["outcome"].as_str()))
        .collect();
    assert_eq!(
        said,
        [(Some(2), Some("robot"), Some(&*commit), Some("done")), (Some(1), Some("ana"), None, Some("done"))]
    );
    let one = place.run("history 2");
    one.speaks_of(0, &format!("commit {}", &commit[..12]));
    one.says(0, "Apply complete! Resources: 0 added, 1 changed, 0 destroyed.");
    assert_eq!(place.run("history --limit 1 --format json").json()["runs"].as_array().map(Vec::len), Some(1));
    place.run("history --limit 1").speaks_of(0, "the latest 1 of 2 runs");
    let missing = place.run("history 7");
    assert_eq!(missing.code, 64);
    assert!(missing.stderr.contains("there is no `run 7`"), "{}", missing.stderr);
}

#[test]
fn a_run_that_broke_off_is_told_as_that_and_so_is_who_left_it() {
    let mut azure = Served::start();
    let mut place = Place::against("quickstart", &azure.url);
    place.set("USER", "ana");
    let mut run = azure.begin(&place, "apply --yes");
    azure.until_asked("POST", "/createlab");
    run.kill().expect("killed");
    run.wait().expect("it ends");
    place.run("history").speaks_of(0, "apply  interrupted");
    let one = place.run("history 1");
    one.speaks_of(0, "✓ ");
    one.speaks_of(0, "… ");
    let settled = place.run("apply --yes");
    settled.speaks_of(0, "Apply complete!");
    assert!(settled.stderr.contains("Run 1 (ana, pid "), "{}", settled.stderr);
    let history = place.run("history");
    history.speaks_of(0, "interrupted, settled by a later run");
    history.speaks_of(0, "2 runs");
}

#[test]
fn what_took_its_time_once_is_expected_to_take_it_again() {
    let azure = Served::start();
    let place = Place::against("quickstart", &azure.url);
    let estimates = || {
        let plan = place.run("plan --format json").json();
        let actions = plan["actions"].as_array().expect("actions").clone();
        let of = |part: &str| {
            let wanted =
                |action: &&serde_json::Value| action["id"].as_str().is_some_and(|id| id.contains(part));
            actions.iter().find(wanted).and_then(|action| action["estimate_seconds"].as_u64())
        };
        (of("Lab/"), of("Publish/"), plan["estimate_seconds"].as_u64())
    };
    let (lab, publish, all) = estimates();
    assert_eq!((lab, publish), (Some(25 * 60), Some(65 * 60)), "as usual on the real service");
    assert!(all > Some(65 * 60), "{all:?}");
    let applied = place.run("apply --yes");
    assert!(applied.stderr.contains(" actions to carry out; this takes about "), "{}", applied.stderr);
    place.edit("labwright.yaml", "size: Small", "size: Large");
    assert_eq!(estimates(), (Some(1), Some(1), Some(10 * 60 + 2)), "no delete was seen yet");

    let place = Place::of("quickstart");
    assert_eq!(place.run("apply --yes").code, 0);
    place.edit("labwright.yaml", "size: Small", "size: Large");
    let plan = place.run("plan --format json").json();
    assert!(plan["estimate_seconds"].as_u64() > Some(60 * 60), "the emulator inside tells nothing of Azure");
}
