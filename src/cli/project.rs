//! The project: its files, read.

use std::collections::BTreeMap;

use super::failure::{CommandError, finding};
use super::{Context, Exit, Failure};
use crate::config::{self, ConfigError, Diagnostics, Folder, PROJECT_FILE, Project, Tree};
use crate::render::json::FindingDocument;

/// Environment variables with this beginning set variables of the project.
const VARIABLE: &str = "LABWRIGHT_VAR_";

/// Reads the project.
///
/// # Errors
/// Exit 3 with everything that is wrong with the files.
pub(super) fn load(context: &Context) -> Result<Project, Failure> {
    let root = context.root();
    if !root.join(PROJECT_FILE).is_file() {
        return Err(CommandError::NoProject { folder: root.to_owned() }.into());
    }
    load_from(&Folder::new(root), context)
}

/// Reads the project whose files come from `tree`.
///
/// # Errors
/// As [`load`].
pub(super) fn load_from(tree: &dyn Tree, context: &Context) -> Result<Project, Failure> {
    let options = config::Options { environment: context.global.env.clone(), variables: variables(context) };
    config::load(tree, &options).map_err(|diagnostics| failure(&diagnostics))
}

/// Variables of the environment, then those of the command line, which win.
fn variables(context: &Context) -> BTreeMap<String, String> {
    let of_environment = std::env::vars_os().filter_map(|(name, value)| {
        Some((name.to_str()?.strip_prefix(VARIABLE)?.to_owned(), value.into_string().ok()?))
    });
    of_environment.chain(context.global.variables.iter().cloned()).collect()
}

/// Everything that is wrong with the files, for people and for machines.
pub(super) fn failure(diagnostics: &Diagnostics) -> Failure {
    let mut findings: Vec<_> = diagnostics.iter().map(finding_at).collect();
    let mut reports: Vec<_> = diagnostics.iter().cloned().map(miette::Report::new).collect();
    if diagnostics.left_out() > 0 {
        let more = CommandError::MoreProblems { count: diagnostics.left_out() };
        findings.push(finding(&more));
        reports.push(miette::Report::new(more));
    }
    Failure { exit: Exit::Configuration, reports, findings }
}

fn finding_at(error: &ConfigError) -> FindingDocument {
    FindingDocument { source: error.place().map(Into::into), ..finding(error) }
}
