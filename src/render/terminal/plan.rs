//! A plan as text.

use super::page::{BOLD, DIM, GREEN, Line, Look, PLAIN, Page, RED, YELLOW, sign};
use crate::model::{Cloud, Source};
use crate::plan::{Summary, Verb};
use crate::render::view::rows;
use crate::render::words::{clean, count, say_seconds, say_value, width};
use crate::render::{AttributeView, ChangeView, Difference, Heading, Item, PlanView, Sign, TextLine};

/// Attribute paths stand in a column of at most this width.
const WIDEST_PATH: usize = 26;

/// The whole plan.
#[must_use]
pub fn plan(view: &PlanView<'_>, look: Look) -> String {
    let mut page = Page::new(look);
    page.line(Line::new().then(BOLD, &view.title));
    for sentence in &view.compared {
        page.paragraph(Line::new(), DIM, sentence);
    }
    if !view.remarks.is_empty() {
        page.gap();
        view.remarks.iter().for_each(|remark| super::findings::write(&mut page, remark));
    }
    for section in &view.sections {
        page.gap();
        let style = if section.heading == Heading::CannotBeUndone { RED.bold() } else { BOLD };
        page.line(Line::new().then(style, section.heading.as_str()));
        super::made::write(&mut page, &section.changes, view.in_full);
    }
    if !view.findings.is_empty() {
        page.gap();
        let tally = super::findings::tally(view.findings.iter().copied());
        page.line(Line::new().then(BOLD, "Rules  ").then(PLAIN, tally));
        view.findings.iter().for_each(|finding| super::findings::write(&mut page, finding));
    }
    write_time(&mut page, view);
    page.gap();
    if !view.is_refused() || !view.plan.is_empty() {
        page.line(Line::new().then(BOLD, summary_line(view)));
    }
    match view.errors() {
        0 => write_next(&mut page, view),
        errors => {
            let text = format!("Refused: {} above.", count(errors, "error"));
            page.line(Line::new().then(RED.bold(), text));
        }
    }
    page.finish()
}

/// `Plan: 3 to add, 1 to change, 0 to destroy.`, or `No changes.`
#[must_use]
pub fn summary_line(view: &PlanView<'_>) -> String {
    if view.plan.is_empty() {
        return "No changes.".into();
    }
    let Summary { create, update, replace, delete, invoke, import, moved: _, forget: _, keep: _ } =
        view.summary;
    let import = if import > 0 { format!("{import} to import, ") } else { String::new() };
    let invoke = if invoke > 0 { format!(", {invoke} to invoke") } else { String::new() };
    format!(
        "Plan: {import}{} to add, {update} to change, {} to destroy{invoke}.",
        create + replace,
        delete + replace
    )
}

/// One change on lines of its own.
pub(super) fn write_change(page: &mut Page, change: &ChangeView<'_>, in_full: bool) {
    let (sign, style) = sign(change.verb);
    let head = || Line::new().then(style, sign).then(PLAIN, " ").then(BOLD, &change.address);
    let short = super::made::short(change).filter(|_| !in_full);
    let short = short.map(|text| head().then(PLAIN, format!("  {text}")));
    let short =
        short.filter(|line| page.has_room(line, &change.source.map(ToString::to_string).unwrap_or_default()));
    let is_said = short.is_some();
    let head = short.unwrap_or_else(head);
    match (change.verb, change.source) {
        (Verb::Delete | Verb::Forget, None) => page.line_with(head, "in no file"),
        (_, place) => page.line_at(head, place),
    }
    match change.verb {
        Verb::Create if in_full => super::made::write_in_full(page, change),
        Verb::Create if is_said => {}
        Verb::Create => super::made::write_summary(page, change),
        Verb::Invoke if !in_full => write_invoked(page, change),
        Verb::Delete => {}
        _ => write_attributes(page, &change.attributes, change.source),
    }
    for note in &change.notes {
        page.paragraph(Line::new().then(PLAIN, "    "), PLAIN, note);
    }
    let told = |inner: &&ChangeView<'_>| in_full || !super::made::is_in_summary(change, inner);
    change.within.iter().filter(told).for_each(|inner| write_within(page, inner));
}

/// What is done: the first time, or the next revision; what that means, and how long it takes.
fn write_invoked(page: &mut Page, change: &ChangeView<'_>) {
    let revision = change.attributes.iter().find(|attribute| attribute.path == "revision");
    let time = match revision.map(|revision| (revision.before, revision.after)) {
        Some((Some(before), Some(after))) => format!("revision {} → {}", say_value(before), say_value(after)),
        Some(_) => "for the first time".to_owned(),
        None => "again".to_owned(),
    };
    let duration = (change.seconds >= 60).then(|| format!("; about {}", say_seconds(change.seconds)));
    let text = format!("{time}: {}{}", change.summary.join(", "), duration.unwrap_or_default());
    page.paragraph(Line::new().then(PLAIN, "    "), PLAIN, &text);
}

/// What is done along with another change, in one line: a publish with its lab, a record that goes with its image.
fn write_within(page: &mut Page, change: &ChangeView<'_>) {
    let (sign, style) = sign(change.verb);
    let head = Line::new().then(PLAIN, "    ").then(style, sign).then(PLAIN, format!(" {}", change.address));
    let when = match change.verb {
        Verb::Invoke => "  as soon as it is made",
        Verb::Forget => "  its record goes along",
        _ => "  along with it",
    };
    page.line_at(head.then(DIM, when), change.source);
}

/// Attributes in two columns, with their place where it is not the resource's own line.
pub(super) fn write_attributes(page: &mut Page, attributes: &[AttributeView<'_>], own: Option<&Source>) {
    let rows = rows(attributes);
    let column = rows.iter().map(|(path, ..)| width(path)).max().unwrap_or(0).min(WIDEST_PATH);
    for (path, difference, attribute) in rows {
        let line = |place: &Source| (place.file.clone(), place.line);
        let place = attribute.source.filter(|place| own.map(line) != Some(line(place)));
        let head = Line::new().then(PLAIN, format!("    {path:column$}  "));
        match difference {
            Difference::Masked => page.line_at(head.then(DIM, with_why("(sensitive)", attribute)), place),
            Difference::Value { before, after } => {
                page.paragraph_at(head, PLAIN, &value_words(before, after, attribute), place);
            }
            Difference::Items { items, unchanged } => {
                page.paragraph_at(head, PLAIN, &item_words(&items, unchanged, attribute), place);
            }
            Difference::Text(lines) => {
                page.line_at(head.then(DIM, with_why("", attribute)), place);
                lines.iter().for_each(|line| write_text_line(page, line));
            }
        }
    }
}

fn value_words(before: Option<String>, after: Option<String>, attribute: &AttributeView<'_>) -> String {
    let no_longer = attribute.why == Some("no longer managed");
    match (before, after) {
        (Some(before), None) if no_longer => format!("{before} → no longer managed (stays {before})"),
        (Some(before), None) => with_why(&format!("{before} → none"), attribute),
        (Some(before), Some(after)) => with_why(&format!("{before} → {after}"), attribute),
        (None, Some(after)) if attribute.why == Some("managed from now on") => format!("not known → {after}"),
        (None, Some(after)) => with_why(&after, attribute),
        (None, None) => with_why("", attribute),
    }
}

fn item_words(items: &[Item], unchanged: usize, attribute: &AttributeView<'_>) -> String {
    let said = |item: &Item| format!("{} {}", item.sign.as_str(), item.text);
    let items = items.iter().map(said).collect::<Vec<_>>().join(", ");
    match unchanged {
        0 => with_why(&items, attribute),
        _ => with_why(&format!("{items} ({unchanged} unchanged)"), attribute),
    }
}

fn with_why(text: &str, attribute: &AttributeView<'_>) -> String {
    match attribute.why {
        Some(why) if text.is_empty() => clean(why),
        Some(why) => format!("{text}  ({})", clean(why)),
        None => text.to_owned(),
    }
}

fn write_text_line(page: &mut Page, line: &TextLine) {
    let style = match line.sign {
        Sign::Added => GREEN,
        Sign::Removed => RED,
        Sign::Changed => YELLOW,
        Sign::Same => DIM,
    };
    let head = Line::new().then(style, format!("      {} ", line.sign.as_str()));
    page.paragraph(head, style, &line.text);
}

fn write_time(page: &mut Page, view: &PlanView<'_>) {
    if view.plan.estimate_seconds < 60 || view.plan.is_empty() {
        return;
    }
    let mut text = format!("about {}", say_seconds(view.plan.estimate_seconds));
    if view.plan.identity.cloud == Cloud::Emulator {
        text = format!("{text} on Azure, moments on the emulator");
    }
    let parts: Vec<_> = view
        .critical_path
        .iter()
        .map(|part| format!("{} {}", part.what, say_seconds(part.seconds)))
        .collect();
    if !parts.is_empty() {
        text = format!("{text}: {}", parts.join(" → "));
    }
    page.gap();
    page.paragraph(Line::new().then(BOLD, "Time   "), PLAIN, &text);
}

/// What is missing, and the command to type next.
fn write_next(page: &mut Page, view: &PlanView<'_>) {
    if !view.missing.is_empty() {
        let words: Vec<_> = view.missing.iter().map(|consent| consent.what.as_str()).collect();
        let head = Line::new().then(RED, "Missing consent: ");
        page.line(head.then(PLAIN, format!("{}. To carry it out:", words.join(", "))));
    } else if view.offers_apply && !view.plan.is_empty() {
        page.line(Line::new().then(PLAIN, "To carry it out:"));
    } else {
        return;
    }
    page.line(Line::new().then(BOLD, format!("  {}", view.apply_command)));
}
