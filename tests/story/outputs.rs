//! The formats of `validate`, `plan` and `drift`: the same is said in each, with the same exit code.

use super::place::Place;

const FORMATS: [&str; 7] = ["text", "json", "markdown", "sarif", "junit", "github", "azure-devops"];

/// Asserts that a command ends with `code` in each format, and that each speaks of `word`.
#[track_caller]
fn all(place: &Place, line: &str, code: i32, word: &str) {
    for format in FORMATS {
        let ended = place.run(&format!("{line} --format {format}"));
        assert_eq!(ended.code, code, "{line} {format}: {}{}", ended.stdout, ended.stderr);
        // What is wrong with the files is told to people with its lines, on stderr.
        let said = if format == "text" && code == 3 { &ended.stderr } else { &ended.stdout };
        assert!(said.contains(word), "{line} {format}: {said}");
    }
}

#[test]
fn every_format_says_the_same_with_the_same_exit_code() {
    let place = Place::of("quickstart");
    all(&place, "validate", 0, "");
    all(&place, "plan", 0, "");
    all(&place, "plan --detailed-exitcode", 2, "");
    all(&place, "drift", 0, "");
    assert_eq!(place.run("apply --yes").code, 0);
    place.edit("labwright.yaml", "capacity: 20", "capacity: 10");
    all(&place, "plan", 0, "capacity");
    place.edit("labwright.yaml", "size: Small", "size: Smal");
    for line in ["validate", "plan", "drift"] {
        all(&place, line, 3, "Smal");
    }
}

#[test]
fn a_rule_that_is_broken_is_an_annotation_at_its_line() {
    let place = Place::of("quickstart");
    place.edit("labwright.yaml", "enabledImages: [java-dev, simulator]", "enabledImages: [simulator]");
    let line = place.line_of("labwright.yaml", "image: java-dev");
    all(&place, "validate", 4, "IMG-19");
    let github = place.run("validate --format github").stdout;
    assert!(github.starts_with(&format!("::error file=labwright.yaml,line={line},col=")), "{github}");
    let azure = place.run("plan --format azure-devops").stdout;
    assert!(azure.contains(&format!("sourcepath=labwright.yaml;linenumber={line};")), "{azure}");
    let below =
        super::place::ended(place.command("validate --format github -C project").current_dir(place.home()));
    assert!(below.stdout.starts_with("::error file=project/labwright.yaml,"), "{}", below.stdout);
    let junit = place.run("validate --format junit").stdout;
    assert!(junit.contains("failures=\"1\"") && junit.contains("<failure message="), "{junit}");
    let markdown = place.run("validate --format markdown").stdout;
    assert!(markdown.starts_with("<!-- labwright validate quickstart -->\n"), "{markdown}");
}

#[test]
fn drift_is_told_by_resource() {
    let place = Place::of("quickstart");
    assert_eq!(place.run("apply --yes").code, 0);
    let (folder, other) = (place.project(), Place::empty());
    // Another project in the same world changes what this one recorded.
    super::place::copy(&folder, &other.project());
    std::fs::create_dir_all(other.project().join(".labwright")).expect("a folder");
    for file in ["state.db", "emulator.db"] {
        std::fs::copy(folder.join(".labwright").join(file), other.project().join(".labwright").join(file))
            .expect("a copy");
    }
    other.edit("labwright.yaml", "capacity: 20", "capacity: 24");
    assert_eq!(other.run("apply --yes").code, 0);
    std::fs::copy(other.project().join(".labwright/emulator.db"), folder.join(".labwright/emulator.db"))
        .expect("a copy");
    all(&place, "drift", 2, "Lab/programming");
    let markdown = place.run("drift --format markdown").stdout;
    assert!(markdown.contains("<code>Lab/programming</code> | capacity 20 → 24 |"), "{markdown}");
    assert!(place.run("drift --format sarif").stdout.contains("\"ruleId\": \"drift-changed\""));
}

#[test]
fn json_goes_beside_any_format_and_other_commands_have_text_and_json_alone() {
    let place = Place::of("quickstart");
    let ended = place.run("plan --format markdown --json-into ../plan.json");
    assert!(ended.stdout.starts_with("<!-- labwright plan quickstart -->\n"), "{}", ended.stdout);
    let beside = std::fs::read_to_string(place.home().join("plan.json")).expect("it is there");
    let document: serde_json::Value = serde_json::from_str(&beside).expect("JSON");
    assert_eq!((&document["command"], &document["exit_code"]), (&"plan".into(), &0.into()));
    place.run("apply --format markdown").speaks_of(64, "comes with a later version");
    place.run("plan --format html").speaks_of(64, "comes with a later version");
}
