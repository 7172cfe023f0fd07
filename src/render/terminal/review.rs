//! A review as text: the one important thing first, then what cannot be undone, then the rest.

use super::findings::write as write_finding;
use super::page::{BOLD, DIM, GREEN, Line, Look, PLAIN, Page, RED, YELLOW, sign};
use super::plan::{write_attributes, write_change};
use crate::model::Finding;
use crate::plan::Verb;
use crate::render::words::{clean, count, few, say_seconds, short};
use crate::render::{EnvironmentReview, Group, Heading, ReviewView};

/// The whole review.
#[must_use]
pub fn review(view: &ReviewView<'_>, look: Look) -> String {
    let mut page = Page::new(look);
    let (base, head) = (short(&view.range.base), short(&view.range.head));
    page.line(Line::new().then(BOLD, format!("{}: {base}..{head}", clean(&view.subject))));
    page.gap();
    let is_grave = !view.problems.is_empty() || view.is_refused() || !view.settings.is_empty();
    let style = if is_grave { RED.bold() } else { BOLD };
    let headline = view.headline();
    if !headline.is_empty() {
        page.paragraph(Line::new(), style, &headline);
        page.gap();
    }
    write_settings(&mut page, view);
    for environment in &view.environments {
        write_environment(&mut page, environment, view.in_full);
    }
    if !view.remarks.is_empty() {
        page.gap();
        view.remarks.iter().for_each(|remark| write_finding(&mut page, remark));
    }
    page.gap();
    page.line(Line::new().then(DIM, "Read from git; no credentials used, Azure not read."));
    page.finish()
}

fn write_settings(page: &mut Page, view: &ReviewView<'_>) {
    if view.settings.is_empty() {
        return;
    }
    page.line(Line::new().then(RED.bold(), "Settings of the project"));
    for setting in &view.settings {
        let (before, after) = setting.values();
        let head = Line::new().then(YELLOW, "~").then(PLAIN, " ").then(BOLD, &setting.path);
        page.line_at(head, Some(setting.source));
        page.paragraph(Line::new().then(PLAIN, "    "), PLAIN, &format!("{before} → {after}"));
        page.paragraph(Line::new().then(PLAIN, "    "), PLAIN, setting.why);
    }
    page.gap();
}

fn write_environment(page: &mut Page, own: &EnvironmentReview<'_>, in_full: bool) {
    if let Some(name) = own.name() {
        page.gap();
        page.line(Line::new().then(BOLD, format!("{name}: {}", own.counts())));
    }
    let mut heading = None;
    for group in own.groups() {
        if heading != Some(group.heading) {
            page.gap();
            let style = if group.heading == Heading::CannotBeUndone { RED.bold() } else { BOLD };
            page.line(Line::new().then(style, group.heading.as_str()));
            heading = Some(group.heading);
        }
        match in_full {
            true => group.changes.iter().for_each(|change| write_change(page, change, true)),
            false => write_group(page, &group),
        }
    }
    write_noted(page, own);
    write_rules(page, own);
    write_time(page, own);
    write_end(page, own);
    if let Some(diff) = own.unified() {
        write_diff(page, &diff);
    }
}

fn write_group(page: &mut Page, group: &Group<'_>) {
    let first = group.first();
    if group.changes.len() == 1 {
        write_change(page, first, false);
    } else {
        let (sign, style) = sign(first.verb);
        let head = Line::new().then(style, sign).then(PLAIN, " ").then(BOLD, group.name());
        page.line_at(head, group.place());
        let indent = || Line::new().then(PLAIN, "    ");
        match first.verb {
            Verb::Create | Verb::Invoke => {
                let each = group.differences().join(", ");
                if !each.is_empty() {
                    page.paragraph(Line::new().then(PLAIN, "    each: "), PLAIN, &each);
                }
            }
            Verb::Delete | Verb::Forget => {}
            _ => write_attributes(page, &first.attributes, group.place()),
        }
        page.paragraph(indent(), DIM, &named(group));
    }
    // Of a lab the plan's own words say it.
    let is_said = group.changes.len() == 1 && first.address.starts_with("Lab/");
    if let Some(who) = group.who().filter(|_| !is_said) {
        page.paragraph(Line::new().then(PLAIN, "    "), PLAIN, &format!("who: {who}"));
    }
}

/// The keys of a group, the first few of many.
fn named(group: &Group<'_>) -> String {
    let key = |address: &str| address.split_once('/').map_or(address, |(_, key)| key).to_owned();
    few(&group.changes.iter().map(|change| key(&change.address)).collect::<Vec<_>>())
}

fn write_noted(page: &mut Page, own: &EnvironmentReview<'_>) {
    if own.noted.is_empty() {
        return;
    }
    page.gap();
    page.line(Line::new().then(BOLD, "Noted, not carried out by itself"));
    for change in &own.noted {
        let head = Line::new().then(YELLOW, "~").then(PLAIN, " ").then(BOLD, &change.address);
        page.line_at(head, change.source);
        write_attributes(page, &change.attributes, change.source);
    }
}

fn write_rules(page: &mut Page, own: &EnvironmentReview<'_>) {
    let standing = own.standing.len();
    if own.broken.is_empty() && own.review.mended.is_empty() && standing == 0 {
        return;
    }
    page.gap();
    let said = [(own.broken.len(), "new"), (own.review.mended.len(), "mended"), (standing, "as before")];
    let said: Vec<_> = said
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    page.line(Line::new().then(BOLD, "Rules  ").then(PLAIN, said.join(", ")));
    own.broken.iter().for_each(|finding| write_finding(page, finding));
    for finding in &own.review.mended {
        let Finding { rule, message, .. } = finding;
        let head = Line::new().then(GREEN, format!("mended {}", clean(rule))).then(PLAIN, ": ");
        page.paragraph(head, PLAIN, &clean(message));
    }
}

fn write_time(page: &mut Page, own: &EnvironmentReview<'_>) {
    if own.plan.plan.estimate_seconds < 60 {
        return;
    }
    let parts: Vec<_> = own
        .plan
        .critical_path
        .iter()
        .map(|part| format!("{} {}", part.what, say_seconds(part.seconds)))
        .collect();
    let text = format!("about {}: {}", say_seconds(own.plan.plan.estimate_seconds), parts.join(" → "));
    page.gap();
    page.paragraph(Line::new().then(BOLD, "Time   "), PLAIN, &text);
}

fn write_end(page: &mut Page, own: &EnvironmentReview<'_>) {
    page.gap();
    page.line(Line::new().then(BOLD, format!("Review: {}.", own.counts())));
    if own.plan.is_refused() {
        page.line(Line::new().then(RED.bold(), format!("Refused: {}.", count(own.plan.errors(), "error"))));
    }
    let missing: Vec<_> = own.plan.missing.iter().map(|consent| consent.what.as_str()).collect();
    if !missing.is_empty() {
        let head = Line::new().then(RED, "Missing consent: ");
        page.line(head.then(PLAIN, missing.join(", ")));
        page.line(Line::new().then(PLAIN, "If it is meant, under `policy.allow`:"));
        own.allowances().iter().for_each(|line| page.line(Line::new().then(BOLD, format!("  {line}"))));
    }
    if let Some(recorded) = &own.recorded {
        let refused = if recorded.errors > 0 { " It is refused." } else { "" };
        page.paragraph(
            Line::new(),
            PLAIN,
            &format!("Over what is recorded in {}: {}{refused}", recorded.record, recorded.summary),
        );
        for (addresses, what) in [
            (&recorded.besides, "also waits there, not of this change"),
            (&recorded.without, "nothing is to be done there"),
        ] {
            if !addresses.is_empty() {
                page.paragraph(Line::new().then(DIM, format!("  {what}: ")), DIM, &few(addresses));
            }
        }
    }
}

fn write_diff(page: &mut Page, diff: &str) {
    page.gap();
    for line in diff.lines() {
        let style = match line.as_bytes().first() {
            Some(b'+') => GREEN,
            Some(b'-') => RED,
            _ => DIM,
        };
        page.line(Line::new().then(style, line));
    }
}
