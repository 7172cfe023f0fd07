//! Many mistakes in one run: each is said once, none because of another, in an order that does not change.

#[path = "config_tree/mod.rs"]
mod config_tree;

use std::collections::BTreeSet;
use std::path::Path;

use labwright::config::{Folder, Options, load};

/// How many mistakes the files of `tests/mistakes` hold, counted by hand.
const MADE: usize = 40;

fn mistakes() -> Folder {
    Folder::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes"))
}

#[test]
fn forty_mistakes_are_forty_problems_in_one_run() {
    let problems = load(&mistakes(), &Options::default()).expect_err("all of them");
    let said: Vec<_> = problems
        .iter()
        .map(|problem| {
            let place = problem.place().map(ToString::to_string).unwrap_or_default();
            format!("{place} {}: {problem}", problem.code().rsplit("::").next().unwrap_or_default())
        })
        .collect();
    let places: BTreeSet<_> = problems.iter().map(|problem| format!("{:?}", problem.place())).collect();
    assert_eq!((said.len(), places.len()), (MADE, MADE), "{}", said.join("\n"));
    let shrugged: Vec<_> = problems.iter().filter(|problem| problem.help().contains("explain")).collect();
    assert!(shrugged.is_empty(), "each says what to do itself, but {shrugged:?}");
}

#[test]
fn what_is_said_of_forty_mistakes_is_plain() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let _bound = settings.bind_to_scope();
    let first = config_tree::rendered(&mistakes(), &Options::default());
    for _ in 0..3 {
        assert_eq!(config_tree::rendered(&mistakes(), &Options::default()), first);
    }
    insta::assert_snapshot!("mistakes", first);
}
