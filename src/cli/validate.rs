//! `labwright validate`: files, references, rules; no state, no network.

use super::{Context, Exit, Failure, project};
use crate::model::Severity;
use crate::render::json::{self, FindingsDocument};
use crate::render::terminal;

/// Says what is wrong with the files; exit 3 for what cannot be read, 4 for what a rule refuses.
pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    let project = project::load(context)?;
    let findings = &project.desired.findings;
    let refused = findings.iter().any(|finding| finding.severity == Severity::Error);
    let exit = if refused { Exit::Refused } else { Exit::Done };
    let look = context.printer.result_look();
    let resources = project.desired.resources.len();
    let verdict = match (refused, resources) {
        (true, _) => "Refused: Azure would not take this.\n".to_owned(),
        (false, 1) => "Valid: 1 resource.\n".to_owned(),
        (false, count) => format!("Valid: {count} resources.\n"),
    };
    let text = terminal::findings(findings, look) + &verdict;
    let document = FindingsDocument::new("validate", exit.code(), findings.iter().map(Into::into).collect());
    context.report(&text, &json::text(&document))?;
    Ok(exit)
}
