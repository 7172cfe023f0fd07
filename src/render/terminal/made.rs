//! What is made, as text: a summary each, and many alike in a line each.

use super::page::{BOLD, Line, PLAIN, Page, sign};
use super::plan::write_change;
use crate::model::Source;
use crate::plan::Verb;
use crate::render::ChangeView;
use crate::render::words::{clean, say_value, width};

/// From this many alike on, what they have in common is said once.
const MANY: usize = 3;

/// Writes the changes of a section.
pub(super) fn write(page: &mut Page, changes: &[ChangeView<'_>], in_full: bool) {
    for group in changes.chunk_by(|a, b| !in_full && are_alike(a, b)) {
        match group.len() < MANY {
            true => group.iter().for_each(|change| write_change(page, change, in_full)),
            false => write_many(page, group),
        }
    }
}

/// Whether two resources are made alike but for the first words of their summaries.
fn are_alike(a: &ChangeView<'_>, b: &ChangeView<'_>) -> bool {
    let is_plain = |change: &ChangeView<'_>| {
        change.verb == Verb::Create && change.summary.len() > 1 && change.notes.is_empty()
    };
    let kind = |change: &ChangeView<'_>| change.address.split('/').next().map(str::to_owned);
    is_plain(a) && is_plain(b) && kind(a) == kind(b) && a.summary[1..] == b.summary[1..] && then(a) == then(b)
}

/// Whether what is done within a creation is said by its summary: a first publish.
pub(super) fn is_in_summary(change: &ChangeView<'_>, inner: &ChangeView<'_>) -> bool {
    change.verb == Verb::Create && inner.verb == Verb::Invoke && inner.notes.is_empty()
}

/// `published`: what is done as soon as it is made.
fn then<'v>(change: &'v ChangeView<'_>) -> Vec<&'v str> {
    let inner = change.within.iter().filter(|inner| is_in_summary(change, inner));
    inner.filter_map(|inner| inner.summary.first()).map(String::as_str).collect()
}

/// The summary in one piece, for the line of the address; `None` where more is to be said.
pub(super) fn short(change: &ChangeView<'_>) -> Option<String> {
    let is_short = change.verb == Verb::Create && change.waits_for.is_empty() && !change.summary.is_empty();
    is_short.then(|| said(change))
}

fn said(change: &ChangeView<'_>) -> String {
    let then = then(change);
    let mut text = change.summary.join(", ");
    if change.waits_for.is_empty() && !then.is_empty() {
        text = format!("{text}, then {}", then.join(" and "));
    }
    text
}

/// What is made, in one or two lines.
pub(super) fn write_summary(page: &mut Page, change: &ChangeView<'_>) {
    let (text, then) = (said(change), then(change));
    let indent = || Line::new().then(PLAIN, "    ");
    if !text.is_empty() {
        page.paragraph(indent(), PLAIN, &text);
    }
    if !change.waits_for.is_empty() {
        let made: Vec<_> = std::iter::once("created").chain(then).collect();
        let text = format!("waits for {}; then {}", change.waits_for.join(", "), made.join(" and "));
        page.paragraph(indent(), PLAIN, &text);
    }
}

/// Everything that is written of what is made, an attribute a line.
pub(super) fn write_in_full(page: &mut Page, change: &ChangeView<'_>) {
    let column = change.attributes.iter().map(|attribute| width(&attribute.path)).max().unwrap_or(0);
    for attribute in &change.attributes {
        let value = match attribute.after {
            _ if attribute.sensitive => "(sensitive)".to_owned(),
            Some(value) => say_value(value),
            None => continue,
        };
        let head = Line::new().then(PLAIN, format!("    {:column$}  ", attribute.path));
        let line = |place: &Source| (place.file.clone(), place.line);
        let place = attribute.source.filter(|place| change.source.map(line) != Some(line(place)));
        page.paragraph_at(head, PLAIN, &value, place);
    }
}

/// Many alike: what tells them apart in a line each, what they have in common below.
fn write_many(page: &mut Page, group: &[ChangeView<'_>]) {
    let column = group.iter().map(|change| width(&change.address)).max().unwrap_or(0);
    for change in group {
        let (sign, style) = sign(change.verb);
        let place = change.source.map(|place| clean(&place.to_string())).unwrap_or_default();
        let head = |column: usize| {
            let address = format!("{:column$}", change.address);
            Line::new().then(style, sign).then(PLAIN, " ").then(BOLD, address)
        };
        let telling = &change.summary[0];
        let line = head(column).then(PLAIN, format!("  {telling}"));
        if page.has_room(&line, &place) {
            page.line_with(line, &place);
        } else {
            page.line_with(head(0), &place);
            page.paragraph(Line::new().then(PLAIN, "    "), PLAIN, telling);
        }
    }
    let [first, ..] = group else { return };
    let mut common = first.summary[1..].join(", ");
    let then = then(first);
    if !then.is_empty() {
        common = format!("{common}, then {}", then.join(" and "));
    }
    page.paragraph(Line::new().then(PLAIN, "    each: "), PLAIN, &common);
    let mut waiting: Vec<(&[String], Vec<&str>)> = Vec::new();
    for change in group.iter().filter(|change| !change.waits_for.is_empty()) {
        match waiting.iter_mut().find(|(known, _)| *known == change.waits_for) {
            Some((_, addresses)) => addresses.push(&change.address),
            None => waiting.push((&change.waits_for, vec![&change.address])),
        }
    }
    for (waits_for, addresses) in waiting {
        let head = format!("    after {}: ", waits_for.join(", "));
        page.paragraph(Line::new().then(PLAIN, head), PLAIN, &addresses.join(", "));
    }
}
