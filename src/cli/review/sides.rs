//! Loading the two sides: head as it is, base as much as loads.

use std::collections::BTreeSet;

use crate::cli::Failure;
use crate::cli::context::remark;
use crate::config::{self, Diagnostics, Entry, Options, PROJECT_FILE, Project, Tree, TreeError};
use crate::git::CommitTree;
use crate::model::{Finding, Severity};
use crate::render::count;
use crate::render::json::FindingDocument;

/// How often files are left out of a base anew before nothing of it is taken.
const ROUNDS: usize = 20;

/// Why head cannot be told, each reason once.
#[derive(Debug, Default)]
pub(super) struct Problems {
    pub(super) findings: Vec<FindingDocument>,
    pub(super) reports: Vec<miette::Report>,
}

impl Problems {
    /// Adds what is not known yet: most of it is wrong in every environment.
    pub(super) fn add(&mut self, failure: Failure) {
        for (finding, report) in failure.findings.into_iter().zip(failure.reports) {
            if !self.findings.contains(&finding) {
                self.findings.push(finding);
                self.reports.push(report);
            }
        }
    }
}

/// A base without some of its files.
struct Without<'t> {
    tree: &'t CommitTree,
    hidden: BTreeSet<String>,
}

impl Tree for Without<'_> {
    fn list(&self, folder: &str) -> Result<Vec<Entry>, TreeError> {
        let is_shown = |entry: &Entry| {
            let path =
                if folder.is_empty() { entry.name.clone() } else { format!("{folder}/{}", entry.name) };
            !self.hidden.contains(&path)
        };
        Ok(self.tree.list(folder)?.into_iter().filter(is_shown).collect())
    }

    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, TreeError> {
        self.tree.read(path, limit)
    }
}

/// What of a base loads, and what is to be said of it.
///
/// A base that is wrong is no fault of the change: files with problems are left out until the rest loads.
pub(super) fn base(tree: &CommitTree, options: &Options) -> (Option<Project>, Option<Finding>) {
    if tree.read(PROJECT_FILE, 0) == Err(TreeError::Missing) {
        return (None, Some(no_project()));
    }
    let mut without = Without { tree, hidden: BTreeSet::new() };
    let mut first: Option<String> = None;
    for _ in 0..ROUNDS {
        match config::load(&without, options) {
            Ok(project) => return (Some(project), first.map(|first| in_part(&first, &without.hidden))),
            Err(diagnostics) => {
                let files = diagnostics.iter().filter_map(|problem| problem.place());
                let files: BTreeSet<_> =
                    files.map(|place| place.file.to_string()).filter(|file| file != PROJECT_FILE).collect();
                first.get_or_insert_with(|| said(&diagnostics));
                let before = without.hidden.len();
                without.hidden.extend(files);
                if without.hidden.len() == before {
                    break;
                }
            }
        }
    }
    (None, Some(not_at_all(&first.unwrap_or_default())))
}

/// The first problem in words, and how many more there are.
fn said(diagnostics: &Diagnostics) -> String {
    let Some(first) = diagnostics.iter().next() else { return String::new() };
    let place = first.place().map(|place| format!(" ({place})")).unwrap_or_default();
    match diagnostics.len() + diagnostics.left_out() - 1 {
        0 => format!("{first}{place}"),
        more => format!("{first}{place}, and {}", count(more, "more problem")),
    }
}

fn in_part(first: &str, hidden: &BTreeSet<String>) -> Finding {
    let files: Vec<_> = hidden.iter().map(|file| format!("`{file}`")).collect();
    warning(format!(
        "the base does not load as a whole: {first}. Left out of it: {}; what stands there looks as if it were new",
        files.join(", ")
    ))
}

fn not_at_all(first: &str) -> Finding {
    warning(format!("the base does not load: {first}. Everything looks as if it were new"))
}

fn warning(message: String) -> Finding {
    remark("base", Severity::Warning, message, None)
}

fn no_project() -> Finding {
    remark("base", Severity::Info, "the base has no labwright.yaml here: everything is new".into(), None)
}

/// An environment that the base does not have.
pub(super) fn new_environment(name: &str) -> Finding {
    let message = format!("the environment `{name}` is new: everything in it is");
    remark("base", Severity::Info, message, None)
}
