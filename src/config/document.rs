//! YAML text to values with places. The only module that knows the YAML reader.
//!
//! It works on the reader's events rather than through serde: keys stay as they are written, a
//! scalar keeps its spelling, and duplicate keys are reported here with both places.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use rayon::prelude::*;
use serde_saphyr::granit_parser::{self, ErrorKind, Event, Parser, ScalarStyle, Span, StructureStyle, Tag};

use super::codes::Code;
use super::error::{Mistake, Problems};
use super::near::quoted;
use super::node::{Content, Entry, Node, Scalar, Style};
use super::texts::Place;

/// How deep values may be nested.
const DEPTH: usize = 64;

/// How much all files together may still hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    /// Values, each some 60 bytes in memory.
    values: usize,
    /// Values that aliases repeat.
    repeats: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { values: 8_000_000, repeats: 1_000_000 }
    }
}

/// Reads a file's one document; `None` where it is not readable, which has been reported then.
pub(super) fn parse(file: u32, text: &str, budget: &mut Budget, problems: &mut Problems) -> Option<Node> {
    let mut reader = Reader {
        base: text.len() - text.strip_prefix('\u{feff}').unwrap_or(text).len(),
        file,
        budget,
        problems,
        frames: Vec::new(),
        anchors: HashMap::new(),
        built: 0,
        root: None,
    };
    match reader.read(&text[reader.base..]) {
        Ok(()) => reader.root,
        Err(mistake) => {
            problems.add(*mistake);
            None
        }
    }
}

/// How many bytes of text are read at once on all processors: what they become is in memory before anything is counted.
const AT_ONCE: usize = 1 << 20;

/// Reads the documents of many files, by their numbers: the same as [`parse`] one after the other.
pub(super) fn parse_all(
    files: &[(u32, Arc<str>)],
    budget: &mut Budget,
    problems: &mut Problems,
) -> Vec<Option<Node>> {
    let mut roots = Vec::with_capacity(files.len());
    let mut rest = files;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = rest.iter().take_while(|(_, text)| {
            bytes += text.len();
            bytes <= AT_ONCE
        });
        let (group, after) = rest.split_at(fits.count().max(1));
        match parse_group(group, budget) {
            Some(found) => roots.extend(found),
            // What is wrong is found again one by one, so that it is told as it would be of one file after the other.
            None => roots.extend(group.iter().map(|(file, text)| parse(*file, text, budget, problems))),
        }
        rest = after;
    }
    roots
}

/// The documents of files that nothing is wrong with and that together keep to the budget.
fn parse_group(files: &[(u32, Arc<str>)], budget: &mut Budget) -> Option<Vec<Option<Node>>> {
    if let [(_, text)] = files
        && text.len() > AT_ONCE
    {
        return None;
    }
    let one = |(file, text): &(u32, Arc<str>)| {
        // No value is without a byte; repeating more than that is for the budget of all to allow.
        let before = Budget { values: text.len() + 1, repeats: text.len() };
        let (mut left, mut problems) = (before, Problems::default());
        let root = parse(*file, text, &mut left, &mut problems);
        problems.is_empty().then_some((root, before.values - left.values, before.repeats - left.repeats))
    };
    let found: Vec<_> = files.par_iter().map(one).collect::<Option<_>>()?;
    let (mut values, mut repeats) = (budget.values, budget.repeats);
    for (_, own_values, own_repeats) in &found {
        values = values.checked_sub(*own_values)?;
        repeats = repeats.checked_sub(*own_repeats)?;
    }
    *budget = Budget { values, repeats };
    Some(found.into_iter().map(|(root, ..)| root).collect())
}

/// Where `before` first says what `after` does not, in bytes, comments and all; `None` where both are one document.
pub(super) fn lost(before: &str, after: &str) -> Option<usize> {
    let (Some(was), Some(is)) = (said(before), said(after)) else { return Some(0) };
    let differs = was.iter().zip(&is).position(|((was, _), (is, _))| was != is);
    let at = differs.or_else(|| (was.len() != is.len()).then(|| was.len().min(is.len())))?;
    Some(was.get(at).or(was.last()).map_or(0, |(_, at)| *at))
}

/// What a text says without how it is laid out, and where, every comment among it; `None` where it is no YAML.
fn said(text: &str) -> Option<Vec<(Event<'_>, usize)>> {
    let mut options = granit_parser::Options::default();
    options.set_emit_comments(true);
    options.emit_unresolved_aliases = true;
    options.emit_anchor_events = true;
    let events = Parser::new_from_str_with_options(text, options).map(|next| {
        let (event, span) = next.ok()?;
        let event = match event {
            Event::Comment(text, _) => {
                Event::Comment(text.trim_end().to_owned().into(), granit_parser::Placement::Free)
            }
            Event::Scalar(value, style, anchor, tag) if style != ScalarStyle::Plain => {
                Event::Scalar(value, ScalarStyle::DoubleQuoted, anchor, tag)
            }
            Event::DocumentStart(..) => Event::DocumentStart(false, None),
            other => other,
        };
        Some((event, span.start.byte_offset().unwrap_or(0)))
    });
    events.collect()
}

struct Reader<'a> {
    base: usize,
    file: u32,
    budget: &'a mut Budget,
    problems: &'a mut Problems,
    frames: Vec<Frame>,
    /// Anchored values that are complete, with the number of values inside.
    anchors: HashMap<usize, (Node, usize)>,
    built: usize,
    root: Option<Node>,
}

struct Frame {
    anchor: usize,
    place: Place,
    flow: bool,
    /// How many values there were before this one.
    before: usize,
    open: Open,
}

enum Open {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, seen: Seen, key: Option<(Box<str>, Place, bool)>, merges: Vec<Node> },
}

/// Why a file ends early.
type Stop = Box<Mistake>;

/// Where each key of a map stands. Most maps have few keys, which are looked through.
#[derive(Default)]
struct Seen(HashMap<Box<str>, usize>);

impl Seen {
    const FEW: usize = 16;

    fn first<'a>(&self, entries: &'a [Entry], key: &str) -> Option<&'a Entry> {
        if entries.len() < Self::FEW {
            return entries.iter().find(|entry| &*entry.key == key);
        }
        entries.get(*self.0.get(key)?)
    }

    fn last_added(&mut self, entries: &[Entry]) {
        let new = match entries.len() {
            count if count < Self::FEW => return,
            Self::FEW => 0,
            count => count - 1,
        };
        self.0.extend(entries.iter().enumerate().skip(new).map(|(at, entry)| (entry.key.clone(), at)));
    }
}

impl Reader<'_> {
    fn read(&mut self, text: &str) -> Result<(), Stop> {
        let mut options = granit_parser::Options::default();
        options.set_emit_comments(false);
        options.emit_unresolved_aliases = true;
        let mut documents = 0;
        for next in Parser::new_from_str_with_options(text, options) {
            let (event, span) = next.map_err(|error| Box::new(self.syntax(&error, text)))?;
            let place = self.place(&span);
            match event {
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        return Err(Box::new(second_document(place)));
                    }
                }
                Event::Scalar(value, style, anchor, tag) => self.scalar(&value, style, tag, anchor, place)?,
                Event::SequenceStart(style, anchor, tag) => {
                    self.check_tag(tag, place);
                    self.open(anchor, place, style, Open::List(Vec::new()))?;
                }
                Event::MappingStart(style, anchor, tag) => {
                    self.check_tag(tag, place);
                    let (entries, merges) = (Vec::new(), Vec::new());
                    self.open(
                        anchor,
                        place,
                        style,
                        Open::Map { entries, seen: Seen::default(), key: None, merges },
                    )?;
                }
                Event::SequenceEnd | Event::MappingEnd => self.close(place)?,
                Event::Alias(id) => self.alias(id, place)?,
                Event::UnresolvedAlias(name) => {
                    self.problems.add(
                        Mistake::new(Code::Syntax, format!("no anchor {} stands before this", quoted(&name)))
                            .at(place, "refers to nothing")
                            .advice("an anchor `&name` stands in the same file, above what refers to it"),
                    );
                    self.complete(Node::broken(place), 0, 1)?;
                    self.built += 1;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn place(&self, span: &Span) -> Place {
        let offset = |marker: &granit_parser::Marker| {
            u32::try_from(marker.byte_offset().unwrap_or(0) + self.base).unwrap_or(u32::MAX)
        };
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let start = offset(&span.start);
        Place {
            file: self.file,
            line: number(span.start.line()),
            column: number(span.start.col() + 1),
            start,
            end: offset(&span.end).max(start),
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<Cow<'_, Tag>>,
        anchor: usize,
        place: Place,
    ) -> Result<(), Stop> {
        let is_text = tag.as_ref().is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix() == "str");
        self.check_tag(tag, place);
        let plain = style == ScalarStyle::Plain && !is_text;
        if let Some(Frame { open: Open::Map { key: key @ None, .. }, .. }) = self.frames.last_mut() {
            *key = Some((text.into(), place, plain && text == "<<"));
            if anchor != 0 {
                self.anchors.insert(anchor, (Node::scalar(text, Style::Quoted, place), 1));
            }
            return Ok(());
        }
        let style = if plain { Style::Plain } else { Style::Quoted };
        self.built += 1;
        self.complete(Node::new(Content::Scalar(Scalar { text: text.into(), style }), place), anchor, 1)
    }

    fn check_tag(&mut self, tag: Option<Cow<'_, Tag>>, place: Place) {
        let Some(tag) =
            tag.filter(|tag| !(tag.is_yaml_core_schema() || tag.handle().is_empty() && tag.suffix() == "!"))
        else {
            return;
        };
        let name = format!("{}{}", tag.handle(), tag.suffix());
        self.problems.add(
            Mistake::new(
                Code::UnsupportedYaml,
                format!("the tag {} is not part of the language", quoted(&name)),
            )
            .at(place, "tagged")
            .advice("take the tag away and write the value itself"),
        );
    }

    fn open(&mut self, anchor: usize, place: Place, style: StructureStyle, open: Open) -> Result<(), Stop> {
        if let Some(Frame { open: Open::Map { key: None, .. }, .. }) = self.frames.last() {
            let mistake = Mistake::new(Code::UnsupportedYaml, "a key is text, this is a list or a map");
            return Err(Box::new(
                mistake
                    .at(place, "stands where a key belongs")
                    .advice("put the key in quotes if it is meant as text"),
            ));
        }
        if self.frames.len() >= DEPTH {
            return Err(Box::new(too_deep(place)));
        }
        let flow = style == StructureStyle::Flow;
        self.frames.push(Frame { anchor, place, flow, before: self.built, open });
        Ok(())
    }

    fn close(&mut self, end: Place) -> Result<(), Stop> {
        let Some(Frame { anchor, mut place, before, open, .. }) = self.frames.pop() else { return Ok(()) };
        place.end = end.end.max(place.end);
        let content = match open {
            Open::List(items) => Content::List(items),
            Open::Map { mut entries, merges, .. } => {
                merge(&mut entries, merges);
                Content::Map(entries)
            }
        };
        self.built += 1;
        self.complete(Node::new(content, place), anchor, self.built - before)
    }

    fn alias(&mut self, id: usize, place: Place) -> Result<(), Stop> {
        let Some((node, size)) = self.anchors.get(&id) else {
            let mistake = Mistake::new(Code::UnsupportedYaml, "an anchor cannot hold itself");
            return Err(Box::new(mistake.at(place, "stands inside what it repeats")));
        };
        let (node, size) = (node.clone(), *size);
        if let Some(Frame { open: Open::Map { key: key @ None, .. }, .. }) = self.frames.last_mut() {
            *key = Some((node.as_text().unwrap_or_default().into(), place, false));
            return Ok(());
        }
        self.budget.repeats = self.budget.repeats.checked_sub(size).ok_or_else(|| {
            Mistake::new(Code::TooLarge, "anchors expand to more than a million values")
                .at(place, "one too many")
                .advice("write the values out, or use `defaults` for what many resources share")
        })?;
        self.built += size;
        self.complete(node, 0, size)
    }

    /// Puts a complete value where it belongs.
    fn complete(&mut self, node: Node, anchor: usize, size: usize) -> Result<(), Stop> {
        self.budget.values = self.budget.values.checked_sub(1).ok_or_else(|| {
            Mistake::new(Code::TooLarge, "the files hold more than eight million values")
                .at(node.place, "one too many")
        })?;
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut frame.open {
            Open::List(items) => items.push(node),
            Open::Map { entries, seen, key, merges } => {
                let Some((key, key_place, merge)) = key.take() else { return Ok(()) };
                if merge {
                    self.problems.extend(not_mergeable(&node));
                    merges.push(node);
                    return Ok(());
                }
                match seen.first(entries, &key) {
                    Some(first) => self.problems.add(duplicate_key(&key, first.key_place, key_place)),
                    None => {
                        entries.push(Entry { key, key_place, value: node });
                        seen.last_added(entries);
                    }
                }
            }
        }
        Ok(())
    }

    /// A tab that a line is indented with: the line at which the reader stopped, or the next.
    fn tab(&self, text: &str, line: usize) -> Option<Place> {
        let lines = text.split_inclusive('\n').enumerate().skip(line.saturating_sub(1)).take(2);
        lines.into_iter().find_map(|(at, line)| {
            let blank = &line[..line.len() - line.trim_start().len()];
            let column = blank.find('\t').filter(|_| !line.trim().is_empty())?;
            let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
            let start = number(line.as_ptr() as usize - text.as_ptr() as usize + column + self.base);
            Some(Place {
                file: self.file,
                line: number(at + 1),
                column: number(column + 1),
                start,
                end: start + 1,
            })
        })
    }

    fn syntax(&self, error: &granit_parser::ScanError, text: &str) -> Mistake {
        let marker = *error.marker();
        let place = self.place(&Span::new(marker, marker));
        let place = Place { end: place.start + 1, ..place };
        if *error.kind() == ErrorKind::RecursionLimitExceeded {
            return too_deep(place);
        }
        let stop = "the file is not read any further from here";
        // A tab is noticed within the value above it.
        if let Some(place) = self.tab(text, marker.line()) {
            let (message, help) = explained(&ErrorKind::TabNotAllowed);
            return Mistake::new(Code::Syntax, message).at(place, stop).help(help);
        }
        // A bracket that is left open is noticed lines later, as something else.
        let unclosed = self
            .frames
            .iter()
            .rev()
            .take_while(|frame| frame.flow)
            .find(|frame| frame.place.line != place.line);
        if let Some(Frame { place: open, open: sort, .. }) = unclosed {
            let (left, right, what) = match sort {
                Open::List(_) => ("[", "]", "items"),
                Open::Map { .. } => ("{", "}", "keys"),
            };
            return Mistake::new(Code::Syntax, format!("a `{left}` is not closed, or a `,` is missing"))
                .at(place, stop)
                .at(Place { end: open.start + 1, ..*open }, "opened here")
                .advice(format!("close it with `{right}`, and put `,` between the {what}"));
        }
        let (message, help) = explained(error.kind());
        Mistake::new(Code::Syntax, message).at(place, stop).help(help)
    }
}

/// What the reader's errors mean to somebody who writes a file, and what to do.
fn explained(kind: &ErrorKind) -> (String, Option<String>) {
    let (message, help) = match kind {
        ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation => {
            ("a tab stands where only blanks may", "indent with blanks")
        }
        ErrorKind::InvalidIndentation | ErrorKind::ExpectedBlockMappingKey => (
            "the indentation does not fit what is above",
            "give keys of one map the same indentation; a text with `: ` in it needs quotes",
        ),
        ErrorKind::ExpectedBlockSequenceEntry => {
            ("the indentation does not fit the list above", "begin each item with `- `, all in one column")
        }
        ErrorKind::UnexpectedEofFlowMapping | ErrorKind::ExpectedFlowMappingSeparator => {
            ("a `{` is not closed, or a `,` is missing", "close it with `}` and put `,` between the keys")
        }
        ErrorKind::UnexpectedEofFlowSequence | ErrorKind::ExpectedFlowSequenceSeparator => {
            ("a `[` is not closed, or a `,` is missing", "close it with `]` and put `,` between the items")
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            ("a `:` is missing", "write `key: value`, with a blank after the colon, the key on one line")
        }
        ErrorKind::UnexpectedEof => {
            ("the file ends in the middle of a value", "close the quotes or brackets that are open")
        }
        other => {
            let help =
                "a text that begins with one of `@ % & * ! | > [ {` or holds `: ` or ` #` needs quotes";
            return (format!("this is no YAML: {}", other.to_string().replace('\'', "`")), Some(help.into()));
        }
    };
    (message.into(), Some(help.into()))
}

fn not_mergeable(node: &Node) -> Option<Mistake> {
    let fits = match &node.content {
        Content::Map(_) => true,
        Content::List(items) => items.iter().all(|item| matches!(item.content, Content::Map(_))),
        Content::Scalar(_) => node.is_broken(),
    };
    (!fits).then(|| {
        Mistake::new(Code::WrongType, format!("`<<` merges a map or a list of maps, this is {}", node.sort()))
            .at(node.place, "no map")
            .advice("write `<<: *name`, where `&name` anchors a map")
    })
}

fn too_deep(place: Place) -> Mistake {
    Mistake::new(Code::TooDeep, format!("values are nested deeper than {DEPTH} levels"))
        .at(place, "one level too deep")
        .advice("close the brackets that are open; nothing in the language needs more than ten levels")
}

fn second_document(place: Place) -> Mistake {
    Mistake::new(Code::SecondDocument, "a second document begins here; one file is one document")
        .at(Place { end: place.start + 3, ..place }, "begins the second one")
        .advice(
            "put what follows into a file of its own, or take the `---` away: sections are merged over files",
        )
}

fn duplicate_key(key: &str, first: Place, second: Place) -> Mistake {
    Mistake::new(Code::DuplicateKey, format!("the key {} stands twice in one map", quoted(key)))
        .at(second, "here again")
        .at(first, "first here")
        .advice("take one of them away, or merge the two")
}

/// Adds what merge keys bring: keys that the map has itself win, then those of the earlier map.
fn merge(entries: &mut Vec<Entry>, merges: Vec<Node>) {
    if merges.is_empty() {
        return;
    }
    let mut names: std::collections::HashSet<Box<str>> =
        entries.iter().map(|entry| entry.key.clone()).collect();
    let maps = merges.into_iter().flat_map(|node| match node.content {
        Content::List(items) => items,
        content => vec![Node::new(content, node.place)],
    });
    for map in maps {
        if let Content::Map(merged) = map.content {
            entries.extend(merged.into_iter().filter(|entry| names.insert(entry.key.clone())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A document as text again: scalars as they are spelled, quoted ones in quotes.
    fn read(text: &str) -> String {
        let mut problems = Problems::default();
        match parse(0, text, &mut Budget::default(), &mut problems) {
            Some(node) if problems.is_empty() => shown(&node),
            _ => format!("{} problems", problems.raised()),
        }
    }

    fn shown(node: &Node) -> String {
        match &node.content {
            Content::Scalar(scalar) if scalar.style == Style::Plain => scalar.text.to_string(),
            Content::Scalar(scalar) => format!("{:?}", scalar.text),
            Content::List(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
            Content::Map(entries) => {
                let entries: Vec<_> =
                    entries.iter().map(|entry| format!("{}: {}", entry.key, shown(&entry.value))).collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }

    #[test]
    fn values_and_keys_keep_their_spelling() {
        for (text, expected) in [
            ("1.0: 1.0\nyes: no", "{1.0: 1.0, yes: no}"),
            ("a: '1'\nb: !!str 1", "{a: \"1\", b: \"1\"}"),
            ("a: &x [1, ~]\nb: *x", "{a: [1, ~], b: [1, ~]}"),
            ("a: &x { p: 1, q: 2 }\nb: { <<: *x, q: 3 }", "{a: {p: 1, q: 2}, b: {q: 3, p: 1}}"),
            ("b: { <<: [{ p: 1 }, { p: 2, q: 2 }] }", "{b: {p: 1, q: 2}}"),
            ("\u{feff}a: |\r\n  one\r\n", "{a: \"one\\n\"}"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_plain_yaml_is_a_problem() {
        for text in [
            "a: 1\na: 2",
            "a: !include b",
            "? {a: 1}\n: b",
            "a: *x",
            "a: &x [*x]",
            "<<: 1",
            "a: [",
            "a:\n\t- b",
        ] {
            assert_eq!(read(text), "1 problems", "{text}");
        }
    }

    #[test]
    fn many_files_are_read_as_one_after_the_other() {
        let large = format!("a: '{}'", "x".repeat(AT_ONCE));
        let texts = ["a: 1", "# nothing", "b: [1, 2", &large, "c: { c: 1, c: 2 }", "d: &x [1]\ne: [*x, *x]"];
        let files: Vec<_> = (0..).zip(texts.map(Arc::from)).collect();
        let told = |roots: Vec<Option<Node>>, problems: Problems| {
            let roots: Vec<_> = roots.iter().map(|root| root.as_ref().map(shown)).collect();
            (roots, problems.raised())
        };
        for files in [&files[..], &files[..2], &files[3..4], &files[5..], &[]] {
            let (mut budget, mut problems) = (Budget::default(), Problems::default());
            let roots =
                files.iter().map(|(file, text)| parse(*file, text, &mut budget, &mut problems)).collect();
            let (mut all, mut said) = (Budget::default(), Problems::default());
            let together = parse_all(files, &mut all, &mut said);
            assert_eq!(told(together, said), told(roots, problems));
            assert_eq!((all.values, all.repeats), (budget.values, budget.repeats));
        }
    }

    #[test]
    fn places_count_characters_from_one_and_bytes_from_zero() {
        let mut problems = Problems::default();
        let node =
            parse(0, "\u{feff}ä: { ö: über }", &mut Budget::default(), &mut problems).expect("a document");
        let place = node.get("ä").and_then(|inner| inner.get("ö")).expect("a value").place;
        assert_eq!((place.line, place.column, place.start, place.end), (1, 9, 13, 18));
    }
}
