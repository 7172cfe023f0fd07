//! Runs as text: how one came out, and what became of one that broke off.

use super::page::{BOLD, DIM, GREEN, Line, Look, PLAIN, Page, RED, YELLOW, outcome_sign};
use crate::plan::Outcome;
use crate::render::words::{clean, count, say_seconds, width};
use crate::render::{Counts, Fate, Next, RunView, Settled};

/// How a run came out.
#[must_use]
pub fn run(view: &RunView<'_>, look: Look) -> String {
    let mut page = Page::new(look);
    for fate in view.with(Outcome::Failed) {
        write_failed(&mut page, fate);
    }
    write_not_started(&mut page, view);
    for fate in view.with(Outcome::Unknown) {
        let head = Line::new().then(YELLOW, "… ").then(BOLD, &fate.words);
        page.line(head.then(PLAIN, "  was under way; the next apply looks it up"));
    }
    page.gap();
    let style = if view.is_complete() { GREEN.bold() } else { RED.bold() };
    page.line(Line::new().then(style, result_line(view)));
    let also = view.counts.besides();
    if !also.is_empty() {
        page.line(Line::new().then(PLAIN, format!("Besides: {}.", also.join(", "))));
    }
    page.finish()
}

/// `Apply complete! Resources: 3 added, 1 changed, 0 destroyed.` and its kin.
#[must_use]
pub fn result_line(view: &RunView<'_>) -> String {
    let Counts { added, changed, destroyed, failed, not_started, unknown, .. } = view.counts;
    let complete = if view.is_complete() { "complete" } else { "incomplete" };
    let mut line = match view.plan.destroy {
        true => format!("Destroy {complete}! Resources: {destroyed} destroyed"),
        false => {
            format!("Apply {complete}! Resources: {added} added, {changed} changed, {destroyed} destroyed")
        }
    };
    if !view.is_complete() {
        line = format!("{line}; {failed} failed, {not_started} not started");
    }
    if unknown > 0 {
        line = format!("{line}, {unknown} unknown");
    }
    line + "."
}

fn write_failed(page: &mut Page, fate: &Fate<'_>) {
    let address = clean(fate.action.address.as_str());
    let part = fate.action.id.rsplit_once('#').map_or("", |(_, part)| part);
    page.line(
        Line::new().then(RED, "✗ ").then(BOLD, address).then(PLAIN, format!("  {} failed", clean(part))),
    );
    if let Some(failure) = &fate.failure {
        page.paragraph(
            Line::new().then(PLAIN, "    "),
            PLAIN,
            &format!("{}: {}", failure.code, failure.message),
        );
    }
}

/// What never started, grouped by what it waited for.
fn write_not_started(page: &mut Page, view: &RunView<'_>) {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for fate in view.with(Outcome::NotStarted) {
        let failed: Vec<_> = fate.blocked_by.iter().map(|action| clean(action.address.as_str())).collect();
        let because = match (failed.is_empty(), view.interrupted) {
            (false, _) => format!("because of {}", failed.join(", ")),
            (true, true) => "because the run was stopped".to_owned(),
            (true, false) => "because the run ended before".to_owned(),
        };
        match groups.iter_mut().find(|(known, _)| *known == because) {
            Some((_, words)) => words.push(fate.words.clone()),
            None => groups.push((because, vec![fate.words.clone()])),
        }
    }
    for (because, words) in groups {
        page.line(Line::new().then(YELLOW, "○ ").then(PLAIN, format!("Never started, {because}:")));
        page.paragraph(Line::new().then(PLAIN, "    "), DIM, &words.join(", "));
    }
}

/// Of what is left of a run at most this many are named.
const NAMED: usize = 12;

/// What became of a run that broke off.
#[must_use]
pub fn settled(settled: &Settled, next: &Next, look: Look) -> String {
    let mut page = Page::new(look);
    let ago = say_seconds(settled.seconds_ago);
    let by = clean(&settled.by);
    // Whoever stops a run leaves nothing under way; a run that is killed there does no harm either.
    let how = if settled.actions.is_empty() { "was interrupted" } else { "broke off" };
    page.line(Line::new().then(BOLD, format!("Run {} ({by}) {how} {ago} ago.", settled.run)));
    let under_way = settled.actions.len();
    let failed = if settled.failed > 0 { format!("{} failed, ", settled.failed) } else { String::new() };
    let sentence = format!(
        "{} of its {} done, {failed}{under_way} under way, {} never started.",
        settled.done,
        count(settled.of, "action"),
        settled.not_started
    );
    page.paragraph(Line::new(), PLAIN, &sentence);
    let column = settled.actions.iter().map(|action| width(&action.what)).max().unwrap_or(0);
    for action in &settled.actions {
        let (mark, style) = outcome_sign(action.outcome);
        let head = Line::new().then(style, format!("  {mark} "));
        page.paragraph(
            head.then(PLAIN, format!("{:column$}  ", action.what)),
            PLAIN,
            &clean(&action.finding),
        );
    }
    match next {
        Next::Anew { resume } => write_anew(&mut page, settled, resume.as_deref()),
        Next::AsPlanned if settled.left.is_empty() => {
            page.paragraph(Line::new(), PLAIN, "Nothing of it is left to do.");
        }
        Next::AsPlanned => {
            let mut left: Vec<_> = settled.left.iter().take(NAMED).map(|words| clean(words)).collect();
            let more = settled.left.len().saturating_sub(NAMED);
            left.extend((more > 0).then(|| format!("{more} more")));
            let left = left.join(", ");
            page.paragraph(Line::new(), PLAIN, &format!("Left, and carried out as it was planned: {left}"));
        }
        Next::NotYet => {}
    }
    page.finish()
}

fn write_anew(page: &mut Page, settled: &Settled, resume: Option<&str>) {
    let Settled { run, left, no_longer_asked, .. } = settled;
    page.paragraph(
        Line::new(),
        PLAIN,
        "Nothing lost, nothing twice. What is left is planned anew from the files.",
    );
    if !no_longer_asked.is_empty() {
        let list = no_longer_asked.iter().map(|address| clean(address)).collect::<Vec<_>>().join(", ");
        let head = format!("Planned by run {run}, no longer asked for, not done: {list}");
        page.paragraph(Line::new(), PLAIN, &head);
    }
    if let (Some(resume), false) = (resume, left.is_empty()) {
        page.line(
            Line::new()
                .then(PLAIN, format!("To finish run {run} as it was planned instead, answer no, then:")),
        );
        page.line(Line::new().then(PLAIN, format!("  {resume}")));
    }
}
