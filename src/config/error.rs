//! What is wrong with a user's files: every problem, with its places and what to do next.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, Severity, SourceCode, SourceSpan};

use super::codes::Code;
use super::texts::{FileText, Files, Place};
use crate::model::Source;

/// Problems kept at most; the others are counted. More than this nobody reads.
const MOST: usize = 1000;

/// One problem of the files.
///
/// Messages are lower-case fragments without a period; no message holds a secret.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct ConfigError {
    code: &'static str,
    message: String,
    help: String,
    labels: Vec<Label>,
    elsewhere: Vec<Elsewhere>,
}

/// A place that a problem speaks of.
#[derive(Debug, Clone)]
pub struct Label {
    /// The place: file, line, column.
    pub source: Source,
    /// What is there, in a few words.
    pub text: String,
    span: SourceSpan,
    file: Arc<FileText>,
}

impl ConfigError {
    /// The stable code, `labwright::config::…`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// What to do next.
    #[must_use]
    pub fn help(&self) -> &str {
        &self.help
    }

    /// Where it is; `None` where there is no file to point at.
    #[must_use]
    pub fn place(&self) -> Option<&Source> {
        self.labels.first().map(|label| &label.source)
    }

    /// Every place it speaks of, the primary one first.
    pub fn labels(&self) -> impl Iterator<Item = &Label> {
        self.labels.iter().chain(self.elsewhere.iter().map(|elsewhere| &elsewhere.0))
    }
}

impl Diagnostic for ConfigError {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code))
    }

    fn severity(&self) -> Option<Severity> {
        Some(Severity::Error)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.labels.first().map(|label| &*label.file as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let spans = self.labels.iter().enumerate().map(|(at, label)| label.spanned(at == 0));
        Some(Box::new(spans))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        let others = self.elsewhere.iter().map(|other| other as &dyn Diagnostic);
        (!self.elsewhere.is_empty()).then(|| Box::new(others) as Box<dyn Iterator<Item = _>>)
    }
}

impl Label {
    fn spanned(&self, primary: bool) -> LabeledSpan {
        let text = (!self.text.is_empty()).then(|| self.text.clone());
        if primary {
            LabeledSpan::new_primary_with_span(text, self.span)
        } else {
            LabeledSpan::new_with_span(text, self.span)
        }
    }
}

/// A place in another file than the problem's own.
#[derive(Debug, Clone)]
struct Elsewhere(Label);

impl fmt::Display for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

impl std::error::Error for Elsewhere {}

impl Diagnostic for Elsewhere {
    fn severity(&self) -> Option<Severity> {
        Some(Severity::Advice)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&*self.0.file)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(LabeledSpan::new_primary_with_span(None, self.0.span))))
    }
}

/// Problems, all of them, sorted by file, line and column; never empty in an `Err`.
#[derive(Debug)]
pub struct Diagnostics {
    errors: Vec<ConfigError>,
    left_out: usize,
}

impl Diagnostics {
    /// Every problem, in the order of the files.
    pub fn iter(&self) -> std::slice::Iter<'_, ConfigError> {
        self.errors.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.errors.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// How many more there are: beyond the first thousand they are only counted.
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.left_out
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a ConfigError;
    type IntoIter = std::slice::Iter<'a, ConfigError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.errors.len() + self.left_out {
            1 => f.write_str("the configuration has a problem"),
            count => write!(f, "the configuration has {count} problems"),
        }
    }
}

impl std::error::Error for Diagnostics {}

/// A problem as it is found: places are still numbers.
#[derive(Debug, Clone)]
pub(super) struct Mistake {
    code: Code,
    message: String,
    help: Option<String>,
    labels: Vec<(Place, String)>,
}

impl Mistake {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: None, labels: Vec::new() }
    }

    /// Adds a place; the first one is the primary.
    pub(super) fn at(mut self, place: Place, text: impl Into<String>) -> Self {
        self.labels.push((place, text.into()));
        self
    }

    pub(super) fn help(mut self, help: impl Into<Option<String>>) -> Self {
        self.help = help.into();
        self
    }

    pub(super) fn advice(self, help: impl Into<String>) -> Self {
        self.help(Some(help.into()))
    }
}

/// The problems found so far.
#[derive(Debug, Default)]
pub(super) struct Problems {
    mistakes: Vec<Mistake>,
    /// What has been said already: a default that is wrong is met once for each resource.
    said: HashSet<(Code, Option<Place>, String)>,
    left_out: usize,
    raised: usize,
}

impl Problems {
    pub(super) fn add(&mut self, mistake: Mistake) {
        self.raised += 1;
        if self.mistakes.len() >= MOST {
            self.left_out += 1;
            return;
        }
        let place = mistake.labels.first().map(|(place, _)| *place);
        if self.said.insert((mistake.code, place, mistake.message.clone())) {
            self.mistakes.push(mistake);
        }
    }

    /// Adds what `mistake` makes, or only counts where there are too many already.
    pub(super) fn add_with(&mut self, mistake: impl FnOnce() -> Mistake) {
        if self.mistakes.len() < MOST {
            self.add(mistake());
        } else {
            self.raised += 1;
            self.left_out += 1;
        }
    }

    pub(super) fn extend(&mut self, mistakes: impl IntoIterator<Item = Mistake>) {
        mistakes.into_iter().for_each(|mistake| self.add(mistake));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.mistakes.is_empty()
    }

    /// How often something was found wrong, repetitions included.
    pub(super) fn raised(&self) -> usize {
        self.raised
    }

    pub(super) fn into_diagnostics(self, files: Files) -> Diagnostics {
        let texts = files.into_texts();
        let mut errors: Vec<_> = self.mistakes.into_iter().map(|mistake| finished(mistake, &texts)).collect();
        errors.sort_by(|a, b| (a.place(), a.code, &a.message).cmp(&(b.place(), b.code, &b.message)));
        Diagnostics { errors, left_out: self.left_out }
    }
}

fn finished(mistake: Mistake, texts: &[Arc<FileText>]) -> ConfigError {
    let primary = mistake.labels.first().map(|(place, _)| place.file);
    let (mut labels, mut elsewhere) = (Vec::new(), Vec::new());
    for (place, text) in mistake.labels {
        let file = Arc::clone(&texts[place.file as usize]);
        let source = Source { file: file.name().into(), line: place.line, column: place.column };
        let label = Label { source, text, span: shown(place, &file), file };
        if primary == Some(place.file) { labels.push(label) } else { elsewhere.push(Elsewhere(label)) }
    }
    let code = mistake.code.as_str();
    let last = code.rsplit("::").next().unwrap_or(code);
    ConfigError {
        code,
        message: mistake.message,
        help: mistake.help.unwrap_or_else(|| format!("`labwright explain {last}` says what fits here")),
        labels,
        elsewhere,
    }
}

/// The span of a label: at most the rest of its first line, and no more than a hundred bytes.
fn shown(place: Place, file: &FileText) -> SourceSpan {
    let text = file.text();
    let [start, end] = [place.start, place.end].map(|offset| file.shown_at(offset as usize));
    let start = start.min(text.len());
    let end = end.clamp(start, text.len()).min(start + 100);
    let end = (start..=end).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(start);
    let first = text.get(start..end).unwrap_or_default();
    let length = first.find(['\n', '\r']).unwrap_or(first.len());
    SourceSpan::new(start.into(), first[..length].trim_end().len())
}
