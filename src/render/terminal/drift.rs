//! Drift as text.

use super::page::{BOLD, DIM, Line, Look, PLAIN, Page, RED, YELLOW};
use super::plan::write_attributes;
use crate::render::DriftView;
use crate::render::words::count;

/// What Azure has that is not as recorded.
#[must_use]
pub fn drift(view: &DriftView<'_>, look: Look) -> String {
    let mut page = Page::new(look);
    page.line(Line::new().then(BOLD, format!("{}; {} read.", view.title, count(view.read, "resource"))));
    view.remarks.iter().for_each(|remark| super::findings::write(&mut page, remark));
    if !view.changes.is_empty() {
        page.gap();
    }
    for change in &view.changes {
        let (sign, style) = if change.gone { ("-", RED) } else { ("~", YELLOW) };
        let head = Line::new().then(style, sign).then(PLAIN, " ").then(BOLD, &change.address);
        let head = if change.gone { head.then(PLAIN, "  gone from Azure") } else { head };
        page.line_at(head, change.source.as_ref());
        write_attributes(&mut page, &change.attributes, change.source.as_ref());
    }
    write_unread(&mut page, view);
    page.gap();
    let (gone, changed) = view.counts();
    let line = drift_line(view);
    if gone + changed == 0 {
        // Of what could not be read nothing is known, least of all that it is as recorded.
        if view.unread.is_empty() {
            page.line(Line::new().then(BOLD, line));
        }
        return page.finish();
    }
    let ways = [
        ("put back what the files say", format!("{} --target ADDR", view.apply_command)),
        ("keep what Azure has", "write it into the files; or `ignoreChanges`".to_owned()),
    ];
    for (what, how) in ways {
        page.line(Line::new().then(DIM, format!("  {what:27}   ")).then(PLAIN, how));
    }
    page.gap();
    page.line(Line::new().then(BOLD, line));
    page.finish()
}

/// `Drift: 1 gone, 2 changed.`, or that there is none, or that nobody knows.
#[must_use]
pub fn drift_line(view: &DriftView<'_>) -> String {
    let (gone, changed) = view.counts();
    let parts = [(gone, "gone"), (changed, "changed")].into_iter().filter(|(number, _)| *number > 0);
    let parts: Vec<_> = parts.map(|(number, word)| format!("{number} {word}")).collect();
    match (parts.is_empty(), view.unread.len()) {
        (true, 0) => "No drift.".into(),
        (true, unread) => format!("{} could not be read.", count(unread, "resource")),
        (false, _) => format!("Drift: {}.", parts.join(", ")),
    }
}

/// What could not be read, once for each reason.
fn write_unread(page: &mut Page, view: &DriftView<'_>) {
    let all = count(view.read + view.unread.len(), "resource");
    for (reason, number) in view.reasons() {
        page.gap();
        let reason = reason.trim_end_matches('.');
        let them = if number == 1 { "it" } else { "them" };
        let sentence =
            format!("Could not read {number} of {all}: {reason}. Nothing can be said about {them}.");
        page.paragraph(Line::new(), RED, &sentence);
    }
}
