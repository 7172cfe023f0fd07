//! Each class of mistake, a tiny project each: what people see. The snapshots are the documentation.

#[path = "config_tree/mod.rs"]
mod config_tree;

use std::path::{Path, PathBuf};

use labwright::config::{CODES, Folder, Options, load};

fn projects() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/broken");
    let entries =
        std::fs::read_dir(folder).expect("the examples").map(|entry| entry.expect("an entry").path());
    let mut found: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    found.sort();
    found
}

#[test]
fn every_mistake_says_what_is_wrong_where_and_what_to_do() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let _bound = settings.bind_to_scope();
    for project in projects() {
        let name = project.file_name().and_then(|name| name.to_str()).expect("a name");
        let shown = config_tree::rendered(&Folder::new(&project), &Options::default());
        insta::assert_snapshot!(format!("broken-{name}"), shown);
    }
}

#[test]
fn every_mistake_has_a_place_a_known_code_and_a_comment() {
    for project in projects() {
        let problems = load(&Folder::new(&project), &Options::default()).expect_err("a broken project");
        for problem in &problems {
            assert!(CODES.iter().any(|(code, _)| *code == problem.code()), "{}", problem.code());
            assert!(problem.place().is_some(), "{}: {problem}", project.display());
        }
        let text = std::fs::read_to_string(project.join("labwright.yaml")).expect("a project file");
        let lines: Vec<_> = text.lines().take(2).collect();
        assert!(
            lines[0].starts_with("# yaml-language-server: $schema=") && lines[1].starts_with("# Wrong: ")
        );
    }
}
