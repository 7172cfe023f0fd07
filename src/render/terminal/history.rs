//! Runs that are over, as text.

use super::page::{BOLD, DIM, GREEN, Line, Look, PLAIN, Page, RED, YELLOW, outcome_sign};
use super::run::result_line;
use crate::model::RunOutcome;
use crate::render::run::said;
use crate::render::words::{clean, count, say_seconds, width};
use crate::render::{PastRun, came_from};

/// Runs one below the other, the latest first.
#[must_use]
pub fn history(runs: &[PastRun<'_>], all: usize, title: &str, look: Look) -> String {
    let mut page = Page::new(look);
    page.line(Line::new().then(BOLD, clean(title)));
    match (runs.len(), all) {
        (0, _) => page.line(Line::new().then(PLAIN, "No run has been recorded.")),
        (shown, all) if shown == all => {
            page.line(Line::new().then(DIM, format!("{}; times in UTC", count(all, "run"))))
        }
        (shown, all) => {
            let text = format!("the latest {shown} of {all} runs (--limit shows more); times in UTC");
            page.line(Line::new().then(DIM, text));
        }
    }
    let number = runs.iter().map(|run| run.header.id.to_string().len()).max().unwrap_or_default();
    let command = runs.iter().map(|run| width(&clean(&run.header.command))).max().unwrap_or_default();
    for run in runs {
        let style = if run.is_well() {
            GREEN
        } else if run.header.outcome.is_none() {
            YELLOW
        } else {
            RED
        };
        let head = Line::new()
            .then(BOLD, format!("{:>number$}", run.header.id))
            .then(PLAIN, format!("  {}  {:command$}  ", run.day_and_time(), clean(&run.header.command)))
            .then(style, run.ended());
        page.line(head);
        let indent = " ".repeat(number + 2);
        page.paragraph(Line::new().then(PLAIN, indent.clone()), PLAIN, &run.did());
        page.paragraph(Line::new().then(PLAIN, indent), DIM, &came_from(&run.header));
    }
    page.finish()
}

/// One run, action by action.
#[must_use]
pub fn past_run(run: &PastRun<'_>, title: &str, look: Look) -> String {
    let mut page = Page::new(look);
    page.line(Line::new().then(BOLD, clean(title)));
    page.paragraph(
        Line::new().then(BOLD, format!("Run {}  ", run.header.id)),
        PLAIN,
        &format!("{} of {} UTC, {}", clean(&run.header.command), run.day_and_time(), run.ended()),
    );
    page.paragraph(Line::new().then(PLAIN, "  "), DIM, &came_from(&run.header));
    page.gap();
    for fate in &run.view.fates {
        let (sign, style) = outcome_sign(fate.outcome);
        page.line(Line::new().then(style, format!("{sign} ")).then(PLAIN, clean(&fate.words)));
        if let Some(failure) = &fate.failure {
            page.paragraph(
                Line::new().then(PLAIN, "    "),
                PLAIN,
                &format!("{}: {}", failure.code, failure.message),
            );
        }
    }
    if run.view.fates.is_empty() {
        page.line(Line::new().then(PLAIN, run.did()));
    } else {
        page.gap();
        page.line(Line::new().then(BOLD, result_line(&run.view)));
    }
    page.finish()
}

impl PastRun<'_> {
    fn is_well(&self) -> bool {
        self.header.outcome == Some(RunOutcome::Done)
    }

    /// `2026-11-24 12:40`.
    fn day_and_time(&self) -> String {
        self.started.replace('T', " ").chars().take(16).collect()
    }

    /// How it ended, and how long it took.
    fn ended(&self) -> String {
        let word = match self.header.outcome {
            Some(RunOutcome::Done) => "done",
            Some(RunOutcome::Incomplete) => "incomplete",
            Some(RunOutcome::Settled) => "interrupted, settled by a later run",
            None if self.is_under_way => "under way",
            None => "interrupted",
        };
        match self.seconds {
            Some(seconds) => format!("{word}, {}", say_seconds(seconds)),
            None => word.to_owned(),
        }
    }

    /// What it did, in a few words.
    fn did(&self) -> String {
        let counts = self.view.counts;
        let mut all = said(&[
            (counts.added, "added"),
            (counts.changed, "changed"),
            (counts.destroyed, "destroyed"),
            (self.records(), "recorded"),
        ]);
        all.extend(counts.besides());
        all.extend(said(&[
            (counts.failed, "failed"),
            (counts.unknown, "unknown"),
            (counts.not_started, "not started"),
        ]));
        if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
    }
}
