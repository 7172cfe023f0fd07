//! What reads bytes that anybody may have written, one function each: it ends, and says something where it refuses.
//!
//! The suite runs them briefly on stable (`tests/hostile/main.rs`), `fuzz/` for as long as one likes, led by coverage.

use std::collections::BTreeMap;

use labwright::config::{Entry, Options, Sort, Tree, TreeError, load, reformat, to_yaml};
use labwright::plan::{Plan, check};
use labwright::render::{Background, PlanView, terminal};
use labwright::state::{SqliteStore, Store as _};

/// A project of two files in memory: `labwright.yaml`, and one that a test makes.
struct Two<'a> {
    name: &'a str,
    files: BTreeMap<&'a str, &'a [u8]>,
}

impl Tree for Two<'_> {
    fn list(&self, folder: &str) -> Result<Vec<Entry>, TreeError> {
        let entry = |name: &&str| Entry { name: (*name).to_owned(), sort: Sort::File };
        Ok(if folder.is_empty() { self.files.keys().map(entry).collect() } else { Vec::new() })
    }

    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, TreeError> {
        let bytes = self.files.get(path).ok_or(TreeError::Missing)?;
        let most = usize::try_from(limit.saturating_add(1)).unwrap_or(usize::MAX);
        Ok(bytes[..bytes.len().min(most)].to_vec())
    }
}

fn judged(tree: &Two<'_>) {
    match load(tree, &Options::default()) {
        Ok(project) => drop(to_yaml(&project.desired)),
        Err(problems) => {
            assert!(!problems.is_empty(), "{} is refused without a word", tree.name);
            for problem in &problems {
                assert!(!problem.to_string().is_empty() && !problem.help().is_empty());
                assert!(!format!("{:?}", miette::Report::new(problem.clone())).is_empty());
            }
        }
    }
}

/// A project file of these bytes.
pub(crate) fn project(bytes: &[u8]) {
    judged(&Two { name: "labwright.yaml", files: BTreeMap::from([("labwright.yaml", bytes)]) });
}

/// A sheet of these bytes whose rows are labs.
pub(crate) fn csv(bytes: &[u8]) {
    let settings = b"project: p\nlabAccounts: { a: { resourceGroup: g, location: westeurope } }\nlabs:\n  $(lab):\n    forEach: { csv: labs.csv }\n    in: a\n    image: Marketplace/Windows 11 Pro\n    size: $(size)\n    capacity: $(seats)\n    title: $(title)\n";
    judged(&Two {
        name: "labs.csv",
        files: BTreeMap::from([("labwright.yaml", &settings[..]), ("labs.csv", bytes)]),
    });
}

/// The one form of a file of these bytes: coming into it a second time changes nothing.
pub(crate) fn form(bytes: &[u8]) {
    let once = |bytes: &[u8]| {
        let tree = Two { name: "labwright.yaml", files: BTreeMap::from([("labwright.yaml", bytes)]) };
        reformat(&tree).0.pop().map(|file| file.text)
    };
    if let Some(text) = once(bytes)
        && let Some(again) = once(text.as_bytes())
    {
        assert_eq!(once(again.as_bytes()), None, "it never comes to rest:\n{text:?}\n{again:?}");
    }
}

/// A saved plan of these bytes.
pub(crate) fn plan(bytes: &[u8]) {
    if let Ok(plan) = serde_json::from_slice::<Plan>(bytes) {
        let problems = check(&plan);
        assert!(problems.iter().all(|problem| !problem.is_empty()));
        let view = PlanView::new(&plan, Background::default());
        assert!(!terminal::plan(&view, terminal::Look::default()).is_empty());
    }
}

/// A state file of these bytes.
pub(crate) fn state(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.db");
    std::fs::write(&path, bytes).expect("written");
    match SqliteStore::open_read_only(&path) {
        Ok(Some(store)) => {
            let read = store.recorded().map(drop).and_then(|()| store.meta().map(drop));
            if let Err(error) = read.and_then(|()| store.runs().map(drop)) {
                assert!(!error.to_string().is_empty());
            }
        }
        Ok(None) => {}
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
