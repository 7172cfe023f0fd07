//! The commands as people and machines call them: lines, streams, exit codes, one JSON document a run.

use std::collections::BTreeSet;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// A home and a folder of its own for each test; nothing of the caller's environment gets in.
struct Place(TempDir);

/// How a command ended.
struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Place {
    /// An empty place.
    fn empty() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// A place with a starter project in it.
    fn started() -> Self {
        let place = Self::empty();
        assert_eq!(place.run("init").code, 0);
        place
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_labwright"));
        command
            .env_clear()
            .env("HOME", self.path().join("home"))
            .env("LABWRIGHT_TODAY", "2026-11-23")
            .envs(std::env::var("LABWRIGHT_EMULATOR_RECORD").map(|path| ("LABWRIGHT_EMULATOR_RECORD", path)))
            .current_dir(self.path())
            .args(line.split_whitespace());
        command
    }

    fn run(&self, line: &str) -> Ended {
        ended(&mut self.command(line))
    }

    fn edit(&self, from: &str, to: &str) {
        let file = self.path().join("labwright.yaml");
        let text = std::fs::read_to_string(&file).expect("a project");
        assert!(text.contains(from), "{from} is in the file");
        std::fs::write(&file, text.replacen(from, to, 1)).expect("written");
    }
}

fn ended(command: &mut Command) -> Ended {
    let output = command.output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Ended {
        code: output.status.code().expect("it ends by itself"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

impl Ended {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).expect("one JSON document on stdout")
    }

    #[track_caller]
    fn says(&self, code: i32, line: &str) {
        let Self { code: was, stdout, stderr } = self;
        assert!(*was == code && stdout.lines().any(|said| said == line), "exit {was}\n{stdout}\n{stderr}");
    }
}

#[test]
fn a_starter_project_is_applied_and_then_nothing_changes() {
    let place = Place::started();
    place.run("validate").says(0, "Valid: 12 resources.");
    place.run("plan --detailed-exitcode").says(2, "Plan: 10 to add, 0 to change, 0 to destroy, 1 to invoke.");
    place.run("apply --yes").says(0, "Apply complete! Resources: 10 added, 0 changed, 0 destroyed.");
    place.run("apply --yes").says(0, "No changes.");
    place.run("apply").says(0, "No changes.");
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
    place.run("drift").says(0, "No drift.");
    assert_eq!(place.run("state list").stdout.lines().count(), 12);

    place.edit("capacity: 20", "capacity: 24");
    let plan = place.run("plan --detailed-exitcode");
    plan.says(2, "Plan: 0 to add, 1 to change, 0 to destroy.");
    assert!(
        plan.stdout.contains("capacity  20 → 24") && plan.stdout.contains("labwright.yaml:66"),
        "{}",
        plan.stdout
    );

    let run = place.run("apply --yes --format json");
    let document = run.json();
    assert_eq!((run.code, &document["exit_code"]), (0, &Value::from(0)));
    assert_eq!(document["run"]["actions"][0]["outcome"], "done");

    place.run("destroy --yes").says(0, "Destroy complete! Resources: 10 destroyed.");
    assert_eq!(place.run("state list").stdout, "");
    place.run("destroy --yes").says(0, "No changes.");
}

#[test]
fn what_cannot_be_undone_takes_its_own_consent_and_nobody_is_asked_without_a_terminal() {
    let place = Place::started();
    let unasked = place.run("apply");
    assert_eq!(unasked.code, 4);
    assert!(unasked.stderr.contains("--yes is not given"), "{}", unasked.stderr);
    assert_eq!(place.run("apply --yes").code, 0);

    place.edit("capacity: 20", "capacity: 15");
    let plan = place.run("plan");
    plan.says(0, "  labwright apply --allow shrink=1");
    let refused = place.run("apply --yes --format json");
    assert_eq!((refused.code, &refused.json()["run"]), (4, &Value::Null));
    place
        .run("apply --yes --allow shrink=1")
        .says(0, "Apply complete! Resources: 0 added, 1 changed, 0 destroyed.");
}

#[test]
fn a_saved_plan_is_applied_exactly_or_refused_as_stale() {
    let place = Place::started();
    assert_eq!(place.run("apply --yes").code, 0);
    place.edit("capacity: 20", "capacity: 25");
    assert_eq!(place.run("plan --out one").code, 0);
    assert_eq!(place.run("plan --out two").code, 0);
    let bytes = |name: &str| std::fs::read(place.path().join(name)).expect("a plan");
    assert_eq!(bytes("one"), bytes("two"));
    place.edit("capacity: 25", "capacity: 30");
    place.run("show one").says(0, "Plan: 0 to add, 1 to change, 0 to destroy.");
    place.run("apply one --yes").says(0, "Apply complete! Resources: 0 added, 1 changed, 0 destroyed.");
    let stale = place.run("apply two --yes");
    assert_eq!(stale.code, 4);
    assert!(stale.stderr.contains("stale: Lab/programming"), "{}", stale.stderr);
}

#[test]
fn a_saved_plan_is_of_one_environment_and_takes_the_place_of_another_whole() {
    let place = Place::started();
    let file = place.path().join("labwright.yaml");
    let text = std::fs::read_to_string(&file).expect("a project");
    std::fs::write(&file, format!("{text}\nenvironments: {{ dev: {{}}, prod: {{}} }}\n")).expect("written");
    assert_eq!(place.run("plan --env dev --out saved").code, 0);
    let other = place.run("apply saved --yes --env prod");
    assert!(other.code == 4 && other.stderr.contains("labwright::cli::others_plan"), "{}", other.stderr);
    assert!(other.stderr.contains("made for environment `dev`"), "{}", other.stderr);
    assert_eq!(place.run("plan --env prod --out saved").code, 0);
    assert_eq!(place.run("apply saved --yes --env prod").code, 0);
    let left = std::fs::read_dir(place.path()).expect("a folder");
    let left: Vec<_> = left.map(|entry| entry.expect("an entry").file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("tmp")), "{left:?}");
}

#[test]
fn a_saved_plan_that_was_edited_or_is_not_there_is_refused() {
    let place = Place::started();
    assert_eq!(place.run("plan --out saved").code, 0);
    let file = place.path().join("saved");
    let text = std::fs::read_to_string(&file).expect("a plan");
    assert!(text.contains("\"digest\":"));
    let mut value: Value = serde_json::from_str(&text).expect("JSON");
    value["today"] = "2027-01-01".into();
    std::fs::write(&file, value.to_string()).expect("written");
    for command in ["show saved", "apply saved --yes"] {
        let run = place.run(command);
        assert!(run.code == 4 && run.stderr.contains("labwright::cli::edited_plan"), "{}", run.stderr);
    }
    assert_eq!(place.run("explain edited_plan").code, 0);
    let nowhere = place.run("apply nofile --yes");
    assert!(nowhere.code == 4 && nowhere.stderr.contains("there is no file `nofile`"), "{}", nowhere.stderr);
}

#[test]
fn every_failing_run_gives_one_json_document() {
    let place = Place::started();
    place.edit("size: Small", "size: Smal");
    for command in ["plan", "apply --yes", "destroy --yes", "drift", "validate", "state list"] {
        let run = place.run(&format!("{command} --format json"));
        let document = run.json();
        assert_eq!((run.code, &document["exit_code"]), (3, &Value::from(3)), "{command}");
        let finding = &document["findings"][0];
        assert_eq!(finding["rule"], "labwright::config::bad_size", "{command}");
        assert_eq!(
            (&finding["severity"], &finding["source"]["line"]),
            (&Value::from("error"), &Value::from(65))
        );
    }
    let usage = place.run("plan --bogus --format json");
    assert_eq!((usage.code, &usage.json()["exit_code"]), (64, &Value::from(64)));
    let nowhere = place.run("-C nowhere plan --format json");
    assert_eq!(
        (nowhere.code, &nowhere.json()["findings"][0]["rule"]),
        (3, &Value::from("labwright::cli::no_project"))
    );
}

#[test]
fn what_comes_later_is_refused_by_name() {
    let place = Place::empty();
    for (line, named) in [
        ("cost", "`labwright cost`"),
        ("state move Lab/a Lab/b", "`labwright state move`"),
        ("drift --accept Lab/a", "`labwright drift --accept`"),
        ("plan --format html", "`labwright plan --format html`"),
        ("apply --format markdown", "`labwright apply --format markdown`"),
    ] {
        let run = place.run(line);
        assert_eq!((run.code, run.stdout.as_str()), (64, ""), "{line}");
        assert!(
            run.stderr.contains(&format!("{named} comes with a later version")),
            "{line}: {}",
            run.stderr
        );
    }
}

#[test]
fn the_environment_adds_arguments_and_json_goes_beside_the_text() {
    let place = Place::started();
    let mut command = place.command("plan");
    command.env("LABWRIGHT_ARGS_plan", "--detailed-exitcode --json-into plan.json");
    let run = ended(&mut command);
    run.says(2, "Plan: 10 to add, 0 to change, 0 to destroy, 1 to invoke.");
    let beside = std::fs::read_to_string(place.path().join("plan.json")).expect("written");
    let document: Value = serde_json::from_str(&beside).expect("JSON");
    assert_eq!(document["summary"]["create"], 10);
    let mut command = place.command("plan --color auto");
    assert!(ended(command.env("CLICOLOR_FORCE", "1")).stdout.contains("\u{1b}["));
    assert!(!ended(command.env("NO_COLOR", "1")).stdout.contains("\u{1b}["));
}

#[test]
fn commands_that_need_no_azure_start_none() {
    let place = Place::started();
    for line in ["validate", "plan", "graph", "graph --format mermaid", "show --config", "state list"] {
        let run = place.run(line);
        assert_eq!(run.code, 0, "{line}: {}", run.stderr);
    }
    assert!(!place.path().join(".labwright").exists());
    for line in ["schema", "schema plan", "completions bash", "explain GEO-11", "--help", "apply --help"] {
        assert_eq!(place.run(line).code, 0, "{line}");
    }
}

#[test]
fn what_is_missing_to_sign_in_is_named_at_once_before_anything_is_called() {
    let place = Place::started();
    let cloud = "cloud: { azure: { subscription: main, endpoint: 'http://127.0.0.1:9' } }";
    place.edit("cloud: emulator", &format!("{cloud}\nsubscriptions: {{ main: {{ env: MAIN }} }}"));
    assert_eq!(place.run("plan").code, 0, "a plan opens none of them");
    let run = place.run("apply --yes");
    assert_eq!(run.code, 3);
    for name in ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "MAIN"] {
        assert!(run.stderr.contains(name), "{name}: {}", run.stderr);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_is_not_taken_is_a_failure_and_a_closed_pipe_is_none() {
    use std::process::{Command, Stdio};
    let place = Place::started();
    let run = |line: &str, stdout: Stdio| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_labwright"));
        command.env_clear().env("HOME", place.path().join("home")).current_dir(place.path());
        command.args(line.split_whitespace()).stdout(stdout).output().expect("it runs")
    };
    for line in ["plan", "plan --format json", "schema", "--help", "plan --out saved"] {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("a device of Linux");
        let full = run(line, full.into());
        let said = String::from_utf8_lossy(&full.stderr).into_owned();
        assert!(full.status.code() == Some(1) && said.contains("could not be written"), "{line}: {said}");
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let closed = run(line, writer.into());
        let said = String::from_utf8_lossy(&closed.stderr).into_owned();
        assert!(closed.status.code() == Some(0) && !said.contains("written"), "{line}: {said}");
    }
}

#[test]
fn init_overwrites_nothing() {
    let place = Place::started();
    let again = place.run("init");
    assert_eq!(again.code, 64);
    assert!(again.stderr.contains("is already there"), "{}", again.stderr);
}

/// Every text in quotes that looks like a rule's id, in the rooms that speak of rules.
fn rules_in_the_code() -> BTreeSet<String> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut rules = BTreeSet::new();
    for room in ["kinds", "plan", "config"] {
        for file in std::fs::read_dir(src.join(room)).expect("a room").flatten() {
            let text = std::fs::read_to_string(file.path()).unwrap_or_default();
            let is_rule = |word: &&str| {
                let parts: Vec<_> = word.split('-').collect();
                matches!(&parts[..], [letters, digits] if letters.len() == 3
                    && letters.bytes().all(|c| c.is_ascii_uppercase())
                    && digits.len() == 2
                    && digits.bytes().all(|c| c.is_ascii_digit()))
            };
            rules.extend(text.split('"').filter(is_rule).map(str::to_owned));
        }
    }
    rules
}

#[test]
fn every_rule_is_explained() {
    let place = Place::empty();
    let rules = rules_in_the_code();
    assert!(rules.contains("GEO-11"));
    let silent: Vec<_> =
        rules.iter().filter(|rule| place.run(&format!("explain {rule}")).code != 0).collect();
    assert!(silent.is_empty(), "{silent:?}");
    let azures = place.run("explain AuthorizationFailed");
    assert!(azures.stdout.contains("give the identity a role"), "{}", azures.stdout);
}
