//! The files as people keep them: one form, and what is known of each value.

use super::place::Place;

#[test]
fn files_come_into_one_form_once_and_nothing_of_them_is_lost() {
    let place = Place::of("contoso-cs");
    let before = place.run("show --config").stdout;
    place.edit("labs.yaml", "    size: Medium\n", "    size:   Medium   # two of four cores\n");
    place.edit("accounts.yaml", "labAccounts:\n", "labAccounts:   \n\n\n\n");
    let checked = place.run("fmt --check");
    assert_eq!((checked.code, checked.stdout.as_str()), (2, "accounts.yaml\nlabs.yaml\n"), "{checked:?}");
    let formed = place.run("fmt");
    assert_eq!((formed.code, formed.stdout.as_str()), (0, "accounts.yaml\nlabs.yaml\n"), "{formed:?}");
    let text = std::fs::read_to_string(place.project().join("labs.yaml")).expect("a file");
    assert!(text.contains("    size: Medium # two of four cores\n"), "{text}");
    let again = place.run("fmt --check");
    assert_eq!((again.code, again.stdout.as_str()), (0, ""), "{again:?}");
    assert_eq!(place.run("show --config").stdout, before);
}

#[test]
fn every_example_is_in_the_one_form() {
    for name in ["contoso-cs", "protected", "quickstart"] {
        let place = Place::of(name);
        let checked = place.run("fmt --check");
        assert_eq!((checked.code, checked.stdout.as_str()), (0, ""), "{name}: {checked:?}");
    }
}

#[test]
fn a_file_that_is_no_yaml_is_told_and_the_others_come_into_form() {
    let place = Place::of("contoso-cs");
    place.edit("accounts.yaml", "labAccounts:\n", "labAccounts: [\n");
    place.edit("labs.yaml", "    size: Medium\n", "    size:   Medium\n");
    let formed = place.run("fmt");
    formed.says(3, "labs.yaml");
    formed.speaks_of(3, "accounts.yaml");
    place.run("fmt").speaks_of(3, "labwright::config::syntax");
}

#[test]
fn files_of_every_environment_come_into_form_and_those_left_out_stay() {
    let place = Place::empty();
    let write = |path: &str, text: &str| {
        let path = place.project().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("written");
    };
    let settings = "project: p\nexclude: [chart/]\nenvironment: dev\nenvironments:\n  dev: { include: [dev/] }\n  prod: { include: [prod/] }\n";
    write("labwright.yaml", settings);
    for folder in ["dev", "prod", "chart", "other"] {
        write(&format!("{folder}/a.yaml"), "forget:   [Lab/old]\n");
    }
    let formed = place.run("fmt");
    assert_eq!((formed.code, formed.stdout.as_str()), (0, "dev/a.yaml\nprod/a.yaml\n"), "{formed:?}");
    assert_eq!(Place::empty().run("fmt").code, 3);
}

#[test]
fn a_resource_is_explained_value_by_value() {
    let place = Place::of("contoso-cs");
    let lab = "explain Lab/cs101-A-Spring2027";
    let before = place.run(lab);
    before.says(0, "  Not recorded: the next apply makes it.");
    assert_eq!(place.run("apply --yes").code, 0);
    place.edit("labwright.yaml", "    quota: 10h", "    quota: 12h");
    let explained = place.run(lab);
    assert_eq!(explained.code, 0, "{explained:?}");
    let quota = place.line_of("labwright.yaml", "    quota: 12h");
    let has = |parts: &[&str]| {
        let found = explained.stdout.lines().any(|line| parts.iter().all(|part| line.contains(part)));
        assert!(found, "{parts:?} in one line of\n{}", explained.stdout);
    };
    has(&["quota", "12h, recorded 10h"]);
    has(&[&format!("defaults.labs, labwright.yaml:{quota}")]);
    let row = format!("terms/spring27.csv:{}", place.line_of("terms/spring27.csv", "cs101-A"));
    has(&["size", "Small", &row]);
    has(&["in", "LabAccount/cs-core-la", &row]);
    has(&["SHU-02"]);
    has(&["LabAccount/cs-core-la", "Image/cs-base-ubuntu"]);
    let account = place.run("explain LabAccount/cs-core-la");
    account.speaks_of(0, "Needed by");
    account.speaks_of(0, "GalleryAttachment/core");
    place.run("explain Lab/cs101-A-Spring2028").speaks_of(64, "perhaps `Lab/cs101-A-Spring2027`?");
    place.run("explain GEO-11").speaks_of(0, "GEO-11");
    assert!(!explained.stdout.contains("Emulator-only"), "{}", explained.stdout);
}

#[test]
fn what_an_environment_says_of_all_of_a_kind_is_explained_and_shown_with_it() {
    let place = Place::of("contoso-cs");
    let has = |line: &str, parts: &[&str]| {
        let text = place.run(&format!("{line} --env prod")).stdout;
        let found = text.lines().any(|line| parts.iter().all(|part| line.contains(part)));
        assert!(found, "{parts:?} in one line of\n{text}");
    };
    let layer = |section: &str, line: &str| {
        let line = place.line_of("labwright.yaml", line);
        format!("environments.prod.defaults.{section}, labwright.yaml:{line}")
    };
    let adopted = layer("labAccounts", "      labAccounts: { adopt: true }");
    has("explain LabAccount/cs-core-la", &["adopt", "true", &adopted]);
    has("explain LabAccount/cs-core-la", &["Not recorded: the next apply reads and records what exists."]);
    let protected = layer("galleries", "      galleries: { protect: true }");
    has("explain Gallery/sig_cs_prod", &["protect", "true", &protected]);
    has("explain Export/db-sql", &["Not recorded: the next apply does it."]);
    let ignored = format!("labs.yaml:{}", place.line_of("labs.yaml", "    ignoreChanges: [description]"));
    has("explain Lab/open-lab", &["description: sent when it is made, not compared", &ignored]);
    let shown = place.run("show --config --env prod").stdout;
    let count = |line: &str| shown.lines().filter(|own| own.trim() == line).count();
    assert_eq!(
        (count("adopt: true"), count("protect: true"), count("northeurope: 2")),
        (3, 2, 14),
        "{shown}"
    );
    let dev = place.run("show --config").stdout;
    assert!(!dev.contains("adopt") && !dev.contains("protect") && !dev.contains("northeurope: 2"), "{dev}");
}
