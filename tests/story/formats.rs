//! The formats as their own readers see them: Microsoft's SARIF validator, GitHub's Markdown, a reader of JUnit.
//!
//! `tests/formats/install` brings these, and `tests/all` calls it and then runs this with `--ignored`: plain `cargo test`
//! needs nothing but Rust and git. What is not there is a failure.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::repository::Repository;

/// What `tests/formats/install` makes.
#[track_caller]
fn installed(path: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/formats").join(path);
    assert!(path.exists(), "{} is not there: run tests/formats/install", path.display());
    path
}

/// What a reader makes of a text.
#[track_caller]
fn read(how: &str, text: &str) -> Value {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), text).expect("written");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats/read.py");
    let ran = Command::new(installed("python/bin/python"))
        .arg(script)
        .arg(how)
        .arg(file.path())
        .output()
        .expect("Python starts");
    assert!(ran.status.success(), "{}\n{text}", String::from_utf8_lossy(&ran.stderr));
    serde_json::from_slice(&ran.stdout).expect("JSON")
}

/// Every complaint of the validator beyond notes.
#[track_caller]
fn complaints(sarif: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("log.sarif");
    std::fs::write(&file, sarif).expect("written");
    let modules = installed("node_modules/@microsoft");
    let tools = std::fs::read_dir(modules).expect("a folder").flatten().map(|entry| entry.path());
    let tool =
        tools.map(|path| path.join("Sarif.Multitool")).find(|path| path.is_file()).expect("of this system");
    let ran = Command::new(tool)
        .args(["validate", "--level", "Error;Warning", "--rule-kind", "Sarif;Ghas"])
        .arg(&file)
        .env("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1")
        .output()
        .expect("the validator starts");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(said.contains("1 files scanned"), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    let is_complaint = |line: &&str| line.contains(": error ") || line.contains(": warning ");
    // The project has no page of its own yet that `informationUri` could name.
    let is_known = |line: &&str| line.contains("SARIF2005") && line.contains("informationUri");
    said.lines().filter(is_complaint).filter(|line| !is_known(line)).map(str::to_owned).collect()
}

/// A title that tries everything at once.
const EVIL: &str =
    "x|`</details><script>![a](http://e.x)** @all #1 www.e.x ]]> <b> _y_ ~~z~~ $w$ [l](javascript:v)";

/// A repository whose change replaces a lab with an evil title, and breaks a rule.
fn evil() -> Repository {
    let repository = Repository::of("quickstart");
    repository.edit("labwright.yaml", "title: Programming for physicists", &format!("title: '{EVIL}'"));
    repository.edit("labwright.yaml", "size: Small", "size: Large");
    repository.edit("labwright.yaml", "\ncloud: emulator", "\ncloud: emulator\nexclude: ['x y/ü.yaml']");
    repository.commit("An evil title");
    repository
}

/// The reports of every command that has all formats: its name, what it says in `format`, the problems that are errors.
fn reports(repository: &Repository, format: &str) -> Vec<(&'static str, String, usize)> {
    let run = |line: &str| repository.run(&format!("{line} --format {format}")).stdout;
    let mut reports = vec![
        ("validate", run("validate"), 0),
        ("plan", run("plan"), 0),
        ("review", run("review --base main"), 0),
    ];
    assert_eq!(repository.run("apply --yes").code, 0);
    reports.push(("drift", run("drift"), 0));
    repository.edit("labwright.yaml", "size: Large", "size: Larg");
    reports.push(("a plan that fails", run("plan"), 1));
    repository.git("commit --quiet --all --message=broken");
    reports.push(("a review that fails", run("review --base main"), 1));
    reports
}

#[test]
#[ignore = "needs Microsoft's SARIF validator: `tests/all` installs it and runs this"]
fn sarif_passes_microsofts_validator() {
    for (name, sarif, errors) in reports(&evil(), "sarif") {
        assert_eq!(complaints(&sarif), [""; 0], "{name}: {sarif}");
        let log: Value = serde_json::from_str(&sarif).expect("JSON");
        let results = log["runs"][0]["results"].as_array().expect("a list");
        assert_eq!(results.iter().filter(|own| own["level"] == "error").count(), errors, "{name}: {sarif}");
    }
    let wrong = complaints(r#"{"version":"9","runs":[]}"#);
    assert!(!wrong.is_empty(), "the validator sees what is wrong");
}

#[test]
#[ignore = "needs a reader of JUnit: `tests/all` installs it and runs this"]
fn junit_loads_in_a_common_reader() {
    for (name, junit, errors) in reports(&evil(), "junit") {
        let read = read("junit", &junit);
        assert_eq!(read["tests"], read["cases"], "{name}: {read}");
        assert_eq!(read["failures"], errors, "{name}: {read}");
        assert_eq!(read["failed"].as_array().map(Vec::len), Some(errors), "{name}: {read}");
    }
}

#[test]
#[ignore = "needs GitHub's Markdown: `tests/all` installs it and runs this"]
fn markdown_is_whole_on_github_and_a_name_makes_nothing_in_it() {
    for (name, markdown, _) in reports(&evil(), "markdown") {
        let read = read("markdown", &markdown);
        assert_eq!(read["is_whole"], true, "{name}: {markdown}");
        let elements = read["elements"].as_object().expect("a map");
        let ours = [
            "h3", "p", "strong", "code", "pre", "table", "thead", "tbody", "tr", "th", "td", "ul", "li",
            "details", "summary", "br", "sub",
        ];
        let others: Vec<_> = elements.keys().filter(|own| !ours.contains(&own.as_str())).collect();
        assert!(others.is_empty(), "{name}: {others:?}\n{markdown}");
        if name == "review" {
            // As it was written, but for what keeps names apart from people and issues.
            let text = read["text"].as_str().expect("text").replace('\u{2060}', "");
            assert!(text.contains(EVIL), "{name}: {text}");
        }
    }
    let free = read("markdown", EVIL);
    assert!(free["elements"]["a"].is_number(), "the title makes a link where nothing is escaped: {free}");
}

#[test]
#[ignore = "needs GitHub's Markdown: `tests/all` installs it and runs this"]
fn a_review_of_thousands_still_fits_a_comment_and_is_whole() {
    let repository = Repository::of("quickstart");
    let mut labs = String::from("labs:\n");
    for lab in 0..2000 {
        labs.push_str(&format!(
            "  lab-{lab}: {{ in: LabAccount/physics-la, image: java-dev, size: Small, capacity: {}, title: '{EVIL}' }}\n",
            lab % 400
        ));
    }
    repository.write("labs.yaml", &labs);
    repository.commit("Many");
    let all = read("markdown", &repository.review("--format markdown").stdout);
    repository.git("branch --quiet --force main HEAD");
    repository.write(
        "labs.yaml",
        &labs.replace("size: Small", "size: Large").replace("capacity: 1", "capacity: 2"),
    );
    repository.commit("All of them anew");
    let ended = repository.review("--format markdown");
    let anew = read("markdown", &ended.stdout);
    for read in [all, anew] {
        assert_eq!(read["is_whole"], true, "{read}");
        assert!(read["units"].as_u64().is_some_and(|units| units <= 65_536), "{}", read["units"]);
        assert!(read["text"].as_str().expect("text").contains("more"), "{read}");
    }
}
