//! Plans, drift and findings as comments.

use super::review::{attribute_lines, collapsed, finding_line, write_graph};
use super::sheet::Sheet;
use super::{LIMIT, code, marker, prose};
use crate::model::Source;
use crate::plan::Verb;
use crate::render::json::FindingDocument;
use crate::render::terminal::{drift_line, summary_line};
use crate::render::words::say_seconds;
use crate::render::{ChangeView, DriftView, Heading, PlanView};

const RESERVED: usize = 200;

/// A plan.
#[must_use]
pub fn plan(view: &PlanView<'_>) -> String {
    let mut sheet = Sheet::new(LIMIT, RESERVED);
    sheet.line(&marker("plan", &crate::render::subject(&view.plan.identity)));
    sheet.line(&format!("### labwright · {}", prose(&view.title)));
    sheet.gap();
    sheet.line(&format!("**{}**", prose(&summary_line(view))));
    sheet.gap();
    for section in view.sections.iter().filter(|section| section.heading <= Heading::ToDestroy) {
        let rows: Vec<_> = section.changes.iter().map(row).collect();
        let open = format!("| {} | | where |\n|---|---|---|", section.heading.as_str());
        sheet.block(&open, &rows, "", |left| format!("| … and {left} more | | |"));
    }
    let said: Vec<_> = view.remarks.iter().chain(view.findings.iter().copied()).map(finding_line).collect();
    sheet.block("", &said, "", |left| format!("- … and {left} more"));
    if view.plan.estimate_seconds >= 60 {
        let path: Vec<_> = view.critical_path.iter().map(|part| part.what.clone()).collect();
        let time = format!("⏱ about {}: {}", say_seconds(view.plan.estimate_seconds), path.join(" → "));
        sheet.line(&prose(&time));
        sheet.gap();
    }
    for section in view.sections.iter().filter(|section| section.heading > Heading::ToDestroy) {
        let lines: Vec<_> = section.changes.iter().map(line).collect();
        collapsed(&mut sheet, &format!("{}: {}", section.heading.as_str(), lines.len()), &lines);
    }
    write_graph(&mut sheet, view);
    let next = match (view.is_refused(), view.plan.is_empty()) {
        (true, _) => "Refused, see the errors above.\n".to_owned(),
        (false, true) => String::new(),
        (false, false) => format!("To carry it out: {}\n", code(&view.apply_command)),
    };
    sheet.finish(&next)
}

fn details(change: &ChangeView<'_>) -> Vec<String> {
    let mut told = match change.verb {
        Verb::Create | Verb::Invoke => change.summary.clone(),
        Verb::Delete | Verb::Forget => Vec::new(),
        _ => attribute_lines(&change.attributes),
    };
    told.extend(change.notes.iter().cloned());
    told
}

fn row(change: &ChangeView<'_>) -> String {
    let told = prose(&details(change).join("; "));
    let done = crate::render::notice::done(change);
    format!("| **{} {done}** | {told} | {} |", code(&change.address), place(change.source))
}

fn line(change: &ChangeView<'_>) -> String {
    let told = details(change);
    let told = if told.is_empty() { String::new() } else { format!(": {}", prose(&told.join("; "))) };
    format!("- {}{told} · {}", code(&change.address), place(change.source))
}

fn place(place: Option<&Source>) -> String {
    place.map_or_else(|| "in no file".to_owned(), |place| code(&place.to_string()))
}

/// Drift.
#[must_use]
pub fn drift(view: &DriftView<'_>) -> String {
    let mut sheet = Sheet::new(LIMIT, RESERVED);
    sheet.line(&marker("drift", &view.subject));
    sheet.line(&format!("### labwright · {}", prose(&view.title)));
    sheet.gap();
    sheet.line(&format!("**{}** {} read.", prose(&drift_line(view)), view.read));
    sheet.gap();
    let rows: Vec<_> = view
        .changes
        .iter()
        .map(|change| {
            let told = match change.gone {
                true => "gone from Azure".to_owned(),
                false => attribute_lines(&change.attributes).join("; "),
            };
            format!("| {} | {} | {} |", code(&change.address), prose(&told), place(change.source.as_ref()))
        })
        .collect();
    let open = "| not as recorded | recorded → in Azure | where |\n|---|---|---|";
    sheet.block(open, &rows, "", |left| format!("| … and {left} more | | |"));
    let said: Vec<_> = view.remarks.iter().chain(&view.unread).map(finding_line).collect();
    sheet.block("", &said, "", |left| format!("- … and {left} more"));
    let next = match view.changes.is_empty() {
        true => String::new(),
        false => format!(
            "To put back what the files say: {}\n",
            code(&format!("{} --target ADDR", view.apply_command))
        ),
    };
    sheet.finish(&next)
}

/// Findings and a verdict: of `validate`, and of a command that failed.
#[must_use]
pub fn findings(command: &str, subject: &str, verdict: &str, findings: &[FindingDocument]) -> String {
    let mut sheet = Sheet::new(LIMIT, RESERVED);
    sheet.line(&marker(command, subject));
    sheet.line(&format!("### labwright {}", prose(command)));
    sheet.gap();
    sheet.line(&format!("**{}**", prose(verdict)));
    sheet.gap();
    let line = |finding: &FindingDocument| {
        let sign = match finding.severity {
            crate::model::Severity::Error => "❌",
            crate::model::Severity::Warning => "⚠️",
            crate::model::Severity::Info => "ℹ️",
        };
        let place = finding
            .source
            .as_ref()
            .map(|place| format!(" · {}", code(&format!("{}:{}", place.file, place.line))));
        let help = finding.help.as_ref().map(|help| format!(" → {}", prose(help))).unwrap_or_default();
        format!(
            "- {sign} {} {}{help}{}",
            code(&finding.rule),
            prose(&finding.message),
            place.unwrap_or_default()
        )
    };
    let lines: Vec<_> = findings.iter().map(line).collect();
    sheet.block("", &lines, "", |left| format!("- … and {left} more"));
    sheet.finish("")
}
