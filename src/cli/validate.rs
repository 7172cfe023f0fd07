//! `labwright validate`: files, references, rules; no state, no network.

use super::{Context, Exit, Failure, project};
use crate::model::Severity;
use crate::render::json::{self, FindingDocument, FindingsDocument};
use crate::render::{FindingsReport, subject, terminal};

/// Says what is wrong with the files; exit 3 for what cannot be read, 4 for what a rule refuses.
pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    let project = project::load(context)?;
    let findings = &project.desired.findings;
    let refused = findings.iter().any(|finding| finding.severity == Severity::Error);
    let exit = if refused { Exit::Refused } else { Exit::Done };
    let look = context.printer.result_look();
    let resources = project.desired.resources.len();
    let verdict = match (refused, resources) {
        (true, _) => "Refused: Azure would not take this.".to_owned(),
        (false, 1) => "Valid: 1 resource.".to_owned(),
        (false, count) => format!("Valid: {count} resources."),
    };
    let documents: Vec<FindingDocument> = findings.iter().map(Into::into).collect();
    let report = FindingsReport {
        command: "validate".into(),
        subject: subject(&project.desired.identity),
        text: format!("{}{verdict}\n", terminal::findings(findings, look)),
        verdict,
        json: json::text(&FindingsDocument::new("validate", exit.code(), documents.clone())),
        findings: documents,
    };
    context.show(&report, exit, &context.folder())?;
    Ok(exit)
}
