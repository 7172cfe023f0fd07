//! The files' texts: places in them, what of them is masked, and snippets for diagnostics.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use crate::model::Source;

/// A line longer than this is shown in part.
const LONG_LINE: usize = 400;

/// A place in one of the files that were read. Offsets are in bytes, line and column count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    pub(super) file: u32,
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) start: u32,
    pub(super) end: u32,
}

/// The files that were read so far, by number.
#[derive(Debug, Default)]
pub(super) struct Files(Vec<File>);

#[derive(Debug)]
struct File {
    name: Arc<str>,
    text: Arc<str>,
    /// Byte ranges that no snippet shows.
    masks: Vec<Range<u32>>,
}

impl Files {
    /// Adds a file and gives its number.
    pub(super) fn add(&mut self, name: &str, text: String) -> u32 {
        self.0.push(File { name: name.into(), text: text.into(), masks: Vec::new() });
        u32::try_from(self.0.len() - 1).unwrap_or(u32::MAX)
    }

    pub(super) fn name(&self, file: u32) -> &Arc<str> {
        &self.0[file as usize].name
    }

    pub(super) fn text(&self, file: u32) -> Arc<str> {
        Arc::clone(&self.0[file as usize].text)
    }

    pub(super) fn mask(&mut self, place: Place) {
        self.0[place.file as usize].masks.push(place.start..place.end);
    }

    /// Masks everything in a file that looks like a secret; for files that could not be parsed.
    pub(super) fn mask_by_guess(&mut self, file: u32) {
        let file = &mut self.0[file as usize];
        file.masks.extend(guessed_secrets(&file.text));
    }

    pub(super) fn source(&self, place: Place) -> Source {
        Source { file: Arc::clone(self.name(place.file)), line: place.line, column: place.column }
    }

    /// The place that a source names: up to the next blank, comma or bracket.
    pub(super) fn place_of(&self, source: &Source) -> Place {
        let found = self.0.iter().position(|file| file.name == source.file).unwrap_or(0);
        let text = &self.0[found].text;
        let line = text.split_inclusive('\n').nth(source.line.saturating_sub(1) as usize).unwrap_or_default();
        let line_start = line.as_ptr() as usize - text.as_ptr() as usize;
        let column = source.column.saturating_sub(1) as usize;
        let line = line.trim_end();
        let marked = line.strip_prefix('\u{feff}').unwrap_or(line);
        let lead = line.len() - marked.len();
        let at = lead + marked.char_indices().nth(column).map_or(marked.len(), |(at, _)| at);
        let rest = &line[at..];
        let length = rest.find([' ', '\t', ',', ']', '}']).unwrap_or(rest.len());
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let start = number(line_start + at);
        let file = number(found);
        Place { file, line: source.line, column: source.column, start, end: start + number(length) }
    }

    /// The texts with everything under credentials masked.
    pub(super) fn into_texts(self) -> Vec<Arc<FileText>> {
        self.0.into_iter().map(|file| Arc::new(FileText::masked(&file))).collect()
    }
}

/// What in a text that is no YAML might be a secret: values of keys like `password`, and
/// everything written deeper than a line that says `credentials:`.
fn guessed_secrets(text: &str) -> Vec<Range<u32>> {
    let mut found = Vec::new();
    let (mut offset, mut inside) = (0, None);
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        let lower = line.to_ascii_lowercase();
        let word = ["password", "passwd", "secret", "credentials", "nonadmin"]
            .into_iter()
            .find_map(|word| lower.find(word));
        if !line.trim().is_empty() && inside.is_some_and(|outer| indent <= outer) {
            inside = None;
        }
        let from = if inside.is_some() { Some(0) } else { word };
        if let Some(colon) = from.and_then(|from| line[from..].find(':').map(|colon| from + colon + 1)) {
            found.push(bytes(offset + colon, offset + line.trim_end().len().max(colon)));
        } else if inside.is_some() {
            found.push(bytes(offset, offset + line.trim_end().len()));
        }
        if inside.is_none() && word.is_some() {
            inside = Some(indent);
        }
        offset += line.len();
    }
    found
}

fn bytes(start: usize, end: usize) -> Range<u32> {
    u32::try_from(start).unwrap_or(u32::MAX)..u32::try_from(end).unwrap_or(u32::MAX)
}

/// The texts of a project's files by name, for snippets.
#[derive(Debug, Clone, Default)]
pub struct Texts(BTreeMap<Arc<str>, Arc<FileText>>);

impl Texts {
    pub(super) fn new(files: impl IntoIterator<Item = Arc<FileText>>) -> Self {
        Self(files.into_iter().map(|file| (Arc::clone(&file.name), file)).collect())
    }

    /// The text of the file with this path, relative to the project's root.
    #[must_use]
    pub fn get(&self, file: &str) -> Option<&Arc<FileText>> {
        self.0.get(file)
    }

    /// The span, in bytes, of what stands at `source`: up to the end of its line or the next blank.
    #[must_use]
    pub fn span(&self, source: &Source) -> Option<SourceSpan> {
        let file = self.get(&source.file)?;
        let line = file.line_range(source.line.saturating_sub(1) as usize)?;
        let text = &file.text[line.clone()];
        let column = source.column.saturating_sub(1) as usize;
        let start = text.char_indices().nth(column).map_or(text.trim_end().len(), |(at, _)| at);
        let rest = &text[start..];
        let length = rest.find(|c: char| c.is_whitespace() || ",]}".contains(c)).unwrap_or(rest.len());
        Some(SourceSpan::new((line.start + start).into(), length))
    }
}

/// One file's text as a diagnostic may show it: values under credentials are masked.
#[derive(Debug)]
pub struct FileText {
    name: Arc<str>,
    text: Arc<str>,
    /// Where each masked piece was in the file and is in the text, in order.
    moved: Vec<Masked>,
    lines: OnceLock<Vec<usize>>,
}

/// A piece of a text that is not shown.
#[derive(Debug)]
struct Masked {
    /// Its bytes in the file.
    was: Range<usize>,
    /// Its bytes in the masked text.
    is: Range<usize>,
    /// How many characters it is shorter.
    missing: isize,
}

impl FileText {
    fn masked(file: &File) -> Self {
        let is_control = |byte: u8| byte < b' ' && !matches!(byte, b'\n' | b'\r' | b'\t') || byte == 0x7f;
        let clean = file.masks.is_empty() && !file.text.bytes().any(is_control);
        let (text, moved) = match clean {
            true => (Arc::clone(&file.text), Vec::new()),
            false => mask(&file.text, &file.masks, is_control),
        };
        Self { name: Arc::clone(&file.name), text: with_line_feeds(text), moved, lines: OnceLock::new() }
    }

    /// Where a byte of the file stands in the masked text; within a mask, at its beginning.
    pub(super) fn shown_at(&self, offset: usize) -> usize {
        let before = self.moved.partition_point(|masked| masked.was.start <= offset);
        match before.checked_sub(1).map(|last| &self.moved[last]) {
            None => offset,
            Some(Masked { was, is, .. }) if offset < was.end => is.start,
            Some(Masked { was, is, .. }) => is.end + (offset - was.end),
        }
    }

    /// The path relative to the project's root.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The masked text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The byte offset at which each line starts.
    fn lines(&self) -> &[usize] {
        self.lines.get_or_init(|| {
            let breaks = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect()
        })
    }

    fn line_range(&self, line: usize) -> Option<Range<usize>> {
        let start = *self.lines().get(line)?;
        let end = self.lines().get(line + 1).map_or(self.text.len(), |next| next - 1);
        Some(start..end)
    }

    /// The nearest character boundary at or before `at`.
    fn boundary(&self, at: usize) -> usize {
        (0..=at.min(self.text.len())).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0)
    }
}

/// The text with every line break as one line feed, at the same offsets.
fn with_line_feeds(text: Arc<str>) -> Arc<str> {
    if !text.contains('\r') {
        return text;
    }
    text.replace("\r\n", " \n").replace('\r', "\n").into()
}

/// What stands for a value that is not shown, however long that is.
const MASK: &str = "***";

/// The text with each line of the ranges and each control character replaced, every line break kept;
/// and where each replaced piece was and is.
fn mask(text: &str, ranges: &[Range<u32>], is_control: impl Fn(u8) -> bool) -> (Arc<str>, Vec<Masked>) {
    let mut ranges: Vec<_> = ranges.iter().map(|range| range.start as usize..range.end as usize).collect();
    ranges.sort_by_key(|range| range.start);
    let (mut shown, mut moved, mut at) = (String::with_capacity(text.len()), Vec::new(), 0);
    let visible = |text: &str| {
        text.chars().map(|c| if c.is_ascii() && is_control(c as u8) { '?' } else { c }).collect::<String>()
    };
    for range in ranges {
        // A value within another is masked with it; one that begins inside goes on behind it.
        let (start, end) = (range.start.max(at), range.end.min(text.len()));
        let Some(value) = text.get(start..end).filter(|value| !value.is_empty()) else { continue };
        shown.push_str(&visible(&text[at..start]));
        at = start;
        for line in value.split_inclusive('\n') {
            let secret = line.trim_end_matches(['\n', '\r']);
            let before = shown.len();
            shown.push_str(if secret.is_empty() { "" } else { MASK });
            let missing = secret.chars().count().cast_signed() - (shown.len() - before).cast_signed();
            moved.push(Masked { was: at..at + secret.len(), is: before..shown.len(), missing });
            shown.push_str(&line[secret.len()..]);
            at += line.len();
        }
    }
    shown.push_str(&visible(&text[at..]));
    (shown.into(), moved)
}

impl SourceCode for FileText {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let start = span.offset();
        let end = start.checked_add(span.len()).filter(|end| *end <= self.text.len());
        let end = end.ok_or(MietteError::OutOfBounds)?;
        if before == 0 && after == 0 {
            return Ok(Box::new(self.exactly(start, end, span)));
        }
        let line_of = |at: usize| self.lines().partition_point(|line| *line <= at).saturating_sub(1);
        let (first, last) = (line_of(start), line_of(end));
        let own = self.lines()[first]..self.line_range(last).map_or(end, |range| range.end);
        let (from, to, line) = if own.len() > LONG_LINE {
            let from = self.boundary(own.start.max(start.saturating_sub(30)));
            (from, self.boundary(own.end.min(end.max(from) + 30)), first)
        } else {
            let line = first.saturating_sub(before);
            let last = (last + after).min(self.lines().len() - 1);
            (self.lines()[line], self.line_range(last).map_or(end, |range| range.end), line)
        };
        let (from, line) = self.without_long_lines(from, line, own.start);
        let to = self.end_before_long_line(to, own.end.max(end));
        let column = self.text[self.lines()[line]..from].chars().count();
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.to_string(),
            &self.text.as_bytes()[from..to],
            SourceSpan::new(from.into(), to - from),
            line,
            column,
            to.min(self.text.len()),
        )))
    }
}

impl FileText {
    /// The span itself, which says where it starts.
    fn exactly(&self, start: usize, end: usize, span: &SourceSpan) -> MietteSpanContents<'_> {
        let line = self.lines().partition_point(|line| *line <= start).saturating_sub(1);
        let lead = self.text.get(self.lines()[line]..start).unwrap_or_default();
        // The column is that of the file, which the masks before it do not move.
        let masks = self
            .moved
            .iter()
            .filter(|masked| self.lines()[line] <= masked.is.start && masked.is.end <= start);
        let missing: isize = masks.map(|masked| masked.missing).sum();
        let column = lead.trim_start_matches('\u{feff}').chars().count();
        let column = column.saturating_add_signed(missing);
        let data = self.text.as_bytes().get(start..end).unwrap_or_default();
        MietteSpanContents::new_named(self.name.to_string(), data, *span, line, column, 1)
    }

    /// Skips lines of context that are too long to be shown.
    fn without_long_lines(&self, from: usize, line: usize, own: usize) -> (usize, usize) {
        let (mut from, mut line) = (from, line);
        while from < own {
            let next = self.line_range(line).map_or(own, |range| range.end + 1);
            if next - from <= LONG_LINE {
                break;
            }
            (from, line) = (next, line + 1);
        }
        (from, line)
    }

    fn end_before_long_line(&self, to: usize, own: usize) -> usize {
        if to.saturating_sub(own) > 2 * LONG_LINE { self.boundary(own) } else { to }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(content: &str) -> FileText {
        FileText { name: "a.yaml".into(), text: content.into(), moved: Vec::new(), lines: OnceLock::new() }
    }

    #[test]
    fn a_snippet_starts_at_its_line_and_knows_its_number() {
        let file = text("one\ntwo\nthree\nfour\nfive\n");
        let contents = file.read_span(&SourceSpan::new(8.into(), 5), 1, 1).expect("in bounds");
        assert_eq!(contents.data(), b"two\nthree\nfour");
        assert_eq!(contents.line(), 1);
    }

    #[test]
    fn a_very_long_line_is_shown_in_part() {
        let file = text(&format!("{}x{}", "ä".repeat(5000), "ö".repeat(5000)));
        let contents = file.read_span(&SourceSpan::new(10_000.into(), 1), 1, 1).expect("in bounds");
        assert!(contents.data().len() < 100);
        assert!(std::str::from_utf8(contents.data()).is_ok());
        assert_eq!(contents.column(), 4985);
    }

    #[test]
    fn what_is_masked_does_not_tell_its_length_and_what_follows_is_found() {
        let mut files = Files::default();
        let file = files.add("a.yaml", "password: größe\nnext: 1\n".into());
        files.mask(Place { file, line: 1, column: 11, start: 10, end: 17 });
        let texts = files.into_texts();
        assert_eq!(texts[0].text(), "password: ***\nnext: 1\n");
        let shown = |offset| &texts[0].text()[texts[0].shown_at(offset)..];
        assert_eq!((shown(18), shown(10)), ("next: 1\n", "***\nnext: 1\n"));
    }

    #[test]
    fn masks_within_masks_and_over_lines_keep_every_line() {
        let (text, _) = mask("a: |\n  one\n  two\nb\u{1b}", &[3..16, 7..10], |byte| byte == 0x1b);
        assert_eq!(&*text, "a: ***\n***\n***\nb?");
    }

    #[test]
    fn a_text_that_does_not_parse_hides_what_might_be_a_secret() {
        let broken = "credentials:\n  a: { username: me, password: hunter2\n  b:\n    - hunter3\nlabs: [\n";
        let mut files = Files::default();
        let file = files.add("a.yaml", broken.into());
        files.mask_by_guess(file);
        let texts = files.into_texts();
        assert!(!texts[0].text().contains("hunter"), "{}", texts[0].text());
        assert!(texts[0].text().contains("labs: ["));
    }
}
