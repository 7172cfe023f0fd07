//! Lines of styled text, set to a width.

use anstyle::{AnsiColor, Style};

use crate::model::Source;
use crate::plan::{Outcome, Verb};
use crate::render::words::{width, wrap};

/// How a terminal is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Columns.
    pub width: usize,
    /// Whether ANSI colours are understood and wanted.
    pub colour: bool,
}

impl Default for Look {
    /// 80 columns without colour.
    fn default() -> Self {
        Self { width: 80, colour: false }
    }
}

/// No style.
pub(super) const PLAIN: Style = Style::new();
/// Headings and result lines.
pub(super) const BOLD: Style = Style::new().bold();
/// Places and remarks.
pub(super) const DIM: Style = Style::new().dimmed();
/// What comes, and what is done.
pub(super) const GREEN: Style = AnsiColor::Green.on_default();
/// What changes, and warnings.
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default();
/// What goes, and errors.
pub(super) const RED: Style = AnsiColor::Red.on_default();
/// What is done rather than kept.
pub(super) const MAGENTA: Style = AnsiColor::Magenta.on_default();

/// The sign and the style of a verb.
pub(super) fn sign(verb: Verb) -> (&'static str, Style) {
    match verb {
        Verb::Create => ("+", GREEN),
        Verb::Update => ("~", YELLOW),
        Verb::Replace => ("±", RED),
        Verb::Delete => ("-", RED),
        Verb::Import => ("<", GREEN),
        Verb::Move => (">", PLAIN),
        Verb::Forget => ("x", PLAIN),
        Verb::Invoke => ("!", MAGENTA),
        Verb::Keep => (" ", PLAIN),
    }
}

/// The sign and the style of how an action came out.
pub(super) fn outcome_sign(outcome: Outcome) -> (&'static str, Style) {
    match outcome {
        Outcome::Done => ("✓", GREEN),
        Outcome::Failed => ("✗", RED),
        Outcome::NotStarted => ("○", YELLOW),
        Outcome::Unknown => ("…", YELLOW),
    }
}

/// One line in the making.
#[derive(Debug, Default)]
pub(super) struct Line {
    spans: Vec<(Style, String)>,
}

impl Line {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// The line with `text` behind it.
    pub(super) fn then(mut self, style: Style, text: impl Into<String>) -> Self {
        self.spans.push((style, text.into()));
        self
    }

    fn width(&self) -> usize {
        self.spans.iter().map(|(_, text)| width(text)).sum()
    }
}

/// Text in the making.
#[derive(Debug)]
pub(super) struct Page {
    look: Look,
    text: String,
}

impl Page {
    pub(super) fn new(look: Look) -> Self {
        Self { look, text: String::new() }
    }

    /// The text, each line ended, fit for the log of a pipeline.
    pub(super) fn finish(self) -> String {
        crate::render::harmless(&self.text)
    }

    /// An empty line, unless nothing stands above it.
    pub(super) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// One line.
    pub(super) fn line(&mut self, mut line: Line) {
        while line.spans.last().is_some_and(|(_, text)| text.trim_end().is_empty()) {
            line.spans.pop();
        }
        let last = line.spans.len().saturating_sub(1);
        for (index, (style, text)) in line.spans.into_iter().enumerate() {
            let text = if index == last { text.trim_end().to_owned() } else { text };
            match self.look.colour && style != PLAIN && !text.is_empty() {
                true => self.text.push_str(&format!("{style}{text}{style:#}")),
                false => self.text.push_str(&text),
            }
        }
        self.text.push('\n');
    }

    /// One line with a place at the right margin; on a line of its own where there is no room.
    pub(super) fn line_at(&mut self, line: Line, place: Option<&Source>) {
        match place {
            Some(place) => self.line_with(line, &crate::render::clean(&place.to_string())),
            None => self.line(line),
        }
    }

    /// One line with a remark at the right margin; on a line of its own where there is no room.
    pub(super) fn line_with(&mut self, line: Line, remark: &str) {
        if self.has_room(&line, remark) {
            let blanks = self.look.width - line.width() - width(remark);
            self.line(line.then(PLAIN, " ".repeat(blanks)).then(DIM, remark));
        } else {
            self.line(line);
            let blanks = self.look.width.saturating_sub(width(remark));
            self.line(Line::new().then(PLAIN, " ".repeat(blanks)).then(DIM, remark));
        }
    }

    /// Whether a remark fits behind a line.
    pub(super) fn has_room(&self, line: &Line, remark: &str) -> bool {
        line.width() + 2 + width(remark) <= self.look.width
    }

    /// Text that continues under its own beginning, `indent` columns from the left; `head` stands before it.
    pub(super) fn paragraph(&mut self, head: Line, style: Style, text: &str) {
        self.paragraph_at(head, style, text, None);
    }

    /// The same with a place at the right margin of its last line.
    pub(super) fn paragraph_at(&mut self, head: Line, style: Style, text: &str, place: Option<&Source>) {
        let place = place.map(|place| crate::render::clean(&place.to_string()));
        self.paragraph_with(head, style, text, place.as_deref());
    }

    /// The same with a remark there.
    pub(super) fn paragraph_with(&mut self, head: Line, style: Style, text: &str, remark: Option<&str>) {
        let indent = head.width();
        let lines = wrap(text, self.look.width.saturating_sub(indent).max(20));
        let last = lines.len() - 1;
        let mut head = Some(head);
        for (index, text) in lines.into_iter().enumerate() {
            let head = head.take().unwrap_or_else(|| Line::new().then(PLAIN, " ".repeat(indent)));
            let line = head.then(style, text);
            match (index == last, remark) {
                (true, Some(remark)) => self.line_with(line, remark),
                _ => self.line(line),
            }
        }
    }
}
