//! Findings as text.

use super::page::{BOLD, DIM, Line, Look, PLAIN, Page, RED, YELLOW};
use crate::model::{Finding, Severity};
use crate::render::words::{clean, count};

/// Findings one below the other, the way rules say them.
#[must_use]
pub fn findings<'f>(findings: impl IntoIterator<Item = &'f Finding>, look: Look) -> String {
    let mut page = Page::new(look);
    findings.into_iter().for_each(|finding| write(&mut page, finding));
    page.finish()
}

/// Writes one finding.
pub(super) fn write(page: &mut Page, finding: &Finding) {
    let Finding { rule, severity, message, address, source, help } = finding;
    let (word, style) = match severity {
        Severity::Error => ("error", RED),
        Severity::Warning => ("warning", YELLOW),
        Severity::Info => ("note", DIM),
    };
    let subject = address.as_ref().map(|address| clean(address.as_str()));
    let head = Line::new().then(style, word).then(BOLD, format!(" {}", clean(rule)));
    let head = match subject {
        Some(subject) => head.then(PLAIN, format!("  {subject}")),
        None => head,
    };
    page.line_at(head, source.as_ref());
    page.paragraph(Line::new().then(PLAIN, "    "), PLAIN, &clean(message));
    if let Some(help) = help {
        page.paragraph(Line::new().then(DIM, "    help: "), DIM, &clean(help));
    }
}

/// `Rules  1 error, 2 warnings`; what there is none of is left out.
pub(super) fn tally<'f>(findings: impl Iterator<Item = &'f Finding> + Clone) -> String {
    let number =
        |severity| findings.clone().filter(|finding: &&Finding| finding.severity == severity).count();
    let parts = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Info, "note")];
    let said = parts.into_iter().map(|(severity, noun)| (number(severity), noun));
    said.filter(|(number, _)| *number > 0)
        .map(|(number, noun)| count(number, noun))
        .collect::<Vec<_>>()
        .join(", ")
}
