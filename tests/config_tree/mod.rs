//! A project in memory, and its problems as text.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::collections::{BTreeMap, BTreeSet};

use labwright::config::{Diagnostics, Entry, Options, Project, Sort, Tree, TreeError, load};

/// Files by path.
pub(crate) struct Memory(pub(crate) BTreeMap<String, Vec<u8>>);

impl Memory {
    pub(crate) fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(files.into_iter().map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).collect())
    }
}

impl Tree for Memory {
    fn list(&self, folder: &str) -> Result<Vec<Entry>, TreeError> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let below = self.0.keys().filter_map(|path| path.strip_prefix(&prefix));
        let entries: BTreeSet<_> =
            below.map(|rest| rest.split_once('/').map_or((rest, false), |(name, _)| (name, true))).collect();
        let entry = |(name, is_folder): (&str, bool)| Entry {
            name: name.to_owned(),
            sort: if is_folder { Sort::Folder } else { Sort::File },
        };
        Ok(entries.into_iter().map(entry).collect())
    }

    fn read(&self, path: &str, _limit: u64) -> Result<Vec<u8>, TreeError> {
        self.0.get(path).cloned().ok_or(TreeError::Missing)
    }
}

pub(crate) fn project(files: &[(&str, &str)]) -> Result<Project, Diagnostics> {
    load(&Memory::of(files.iter().copied()), &Options::default())
}

/// The last parts of the codes of every problem.
pub(crate) fn codes(files: &[(&str, &str)]) -> Vec<String> {
    codes_of(&Memory::of(files.iter().copied()))
}

pub(crate) fn codes_of(tree: &dyn Tree) -> Vec<String> {
    let last = |code: &str| code.rsplit("::").next().unwrap_or(code).to_owned();
    match load(tree, &Options::default()) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(|problem| last(problem.code())).collect(),
    }
}

/// Every problem as people see it: 80 columns, no colour.
pub(crate) fn rendered(tree: &dyn Tree, options: &Options) -> String {
    let handler =
        miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode_nocolor()).with_width(80);
    let mut text = String::new();
    if let Err(problems) = load(tree, options) {
        for problem in &problems {
            handler.render_report(&mut text, problem).expect("a text takes everything");
            text.push('\n');
        }
    }
    text
}
