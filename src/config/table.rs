//! CSV files as rows of named cells, each with its place.

use std::collections::{BTreeMap, BTreeSet};

use super::codes::Code;
use super::error::{Mistake, Problems};
use super::load::place_at;
use super::near::quoted;
use super::node::{Node, Style};
use super::texts::{Files, Place};
use super::variables::Row;

/// Reads the rows of a CSV file; `None` where it does not fit, which has been reported then.
pub(super) fn rows(file: u32, files: &mut Files, problems: &mut Problems) -> Option<Vec<Row>> {
    let text = files.text(file);
    let base = text.len() - text.strip_prefix('\u{feff}').unwrap_or(&text).len();
    let records = records(file, &text, base, problems)?;
    let mut records = records.into_iter().filter(|record| record.iter().any(|cell| !cell.text.is_empty()));
    let Some(header) = records.next() else {
        let place = place_at(file, &text, base, base);
        problems.add(csv("the file is empty: its first line names the columns", place, "no columns"));
        return None;
    };
    if !header_fits(&header, problems) {
        return None;
    }
    let secret: Vec<bool> = header.iter().map(|cell| cell.text.to_lowercase().contains("password")).collect();
    let mut rows = Vec::new();
    let mut fits = true;
    for record in records {
        for (cell, _) in record.iter().zip(&secret).filter(|(_, secret)| **secret) {
            files.mask(cell.place);
        }
        let extra = record.iter().skip(header.len()).find(|cell| !cell.text.is_empty());
        if let Some(extra) =
            extra.or_else(|| (record.len() < header.len()).then(|| &record[record.len() - 1]))
        {
            let message =
                format!("the row has {} cells, the first line names {} columns", record.len(), header.len());
            let help =
                "put a cell that holds the delimiter in double quotes; leave a cell blank rather than out";
            problems.add(
                csv(message, extra.place, "does not fit").at(header[0].place, "the columns").advice(help),
            );
            fits = false;
            continue;
        }
        let place = record[0].place;
        let cells = header.iter().zip(record);
        let values = cells.map(|(name, cell)| (name.text.clone(), cell.node())).collect::<BTreeMap<_, _>>();
        rows.push(Row { place, values });
    }
    fits.then_some(rows)
}

struct Cell {
    text: String,
    place: Place,
}

impl Cell {
    /// A blank cell is a key that is not written.
    fn node(self) -> Node {
        let style = if self.text.is_empty() { Style::Plain } else { Style::Cell };
        Node::scalar(&self.text, style, self.place)
    }
}

fn csv(message: impl Into<String>, place: Place, label: &str) -> Mistake {
    Mistake::new(Code::Csv, message).at(place, label)
}

fn header_fits(header: &[Cell], problems: &mut Problems) -> bool {
    let mut seen: BTreeMap<&str, Place> = BTreeMap::new();
    let before = problems.raised();
    for cell in header {
        if cell.text.is_empty() {
            problems.add(
                csv("a column has no name", cell.place, "blank")
                    .advice("name every column in the first line"),
            );
        } else if let Some(first) = seen.insert(&cell.text, cell.place) {
            let message = format!("two columns are named {}", quoted(&cell.text));
            problems.add(
                csv(message, cell.place, "again").at(first, "first here").advice("name each column once"),
            );
        }
    }
    problems.raised() == before
}

/// The delimiter of the first line: the most frequent of comma, semicolon and tab.
fn delimiter(text: &str) -> u8 {
    let line = text.trim_start_matches(['\r', '\n']).lines().next().unwrap_or_default();
    let (mut quoted, mut counts) = (false, [0usize; 3]);
    for byte in line.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => counts[0] += 1,
            b';' if !quoted => counts[1] += 1,
            b'\t' if !quoted => counts[2] += 1,
            _ => {}
        }
    }
    let best = (0..3).rev().max_by_key(|at| counts[*at]).unwrap_or(0);
    b",;\t"[best]
}

fn records(file: u32, text: &str, base: usize, problems: &mut Problems) -> Option<Vec<Vec<Cell>>> {
    let bytes = &text.as_bytes()[base..];
    let delimiter = delimiter(&text[base..]);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .has_headers(false)
        .trim(csv::Trim::All)
        .from_reader(bytes);
    let mut record = csv::StringRecord::new();
    let mut found = Vec::new();
    let mut lines = Lines { file, text, line: 1, start: base, at: base };
    loop {
        let from = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX).saturating_add(base);
        match reader.read_record(&mut record) {
            Ok(false) => return Some(found),
            Ok(true) => {}
            Err(error) => {
                problems.add(csv(
                    format!("the row cannot be read: {error}"),
                    lines.place(from, from),
                    "here",
                ));
                return None;
            }
        }
        let (ranges, closed) = ranges(text, from.min(text.len()), delimiter);
        let whole = ranges.first().copied().unwrap_or((from, from));
        if !closed {
            let place = lines.place(whole.0, whole.1);
            problems.add(
                csv("a double quote is not closed", place, "in this row")
                    .advice("close it; a quote inside a quoted cell is written twice"),
            );
            return None;
        }
        let cells = record.iter().enumerate().map(|(at, text)| {
            let (start, end) = ranges.get(at).copied().unwrap_or(whole);
            Cell { text: text.to_owned(), place: lines.place(start, end) }
        });
        found.push(cells.collect());
    }
}

/// The byte ranges of a record's cells, and whether its quotes are closed.
fn ranges(text: &str, from: usize, delimiter: u8) -> (Vec<(usize, usize)>, bool) {
    let bytes = text.as_bytes();
    let skipped = bytes[from..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let (mut start, mut quoted, mut found) = (from + skipped, false, Vec::new());
    let mut at = start;
    while at < bytes.len() {
        match bytes[at] {
            b'"' if quoted || text[start..at].trim().is_empty() => quoted = !quoted,
            b'"' if text[start..at].trim_start().starts_with('"') => quoted = !quoted,
            b'\r' | b'\n' if !quoted => break,
            byte if byte == delimiter && !quoted => {
                found.push(trimmed(text, start, at));
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    found.push(trimmed(text, start, at));
    (found, !quoted)
}

fn trimmed(text: &str, start: usize, end: usize) -> (usize, usize) {
    let cell = &text[start..end];
    let lead = cell.len() - cell.trim_start().len();
    let length = cell.trim().len();
    if length == 0 { (start, end) } else { (start + lead, start + lead + length) }
}

/// Lines counted as the reading goes on.
struct Lines<'a> {
    file: u32,
    text: &'a str,
    line: usize,
    start: usize,
    at: usize,
}

impl Lines<'_> {
    fn place(&mut self, start: usize, end: usize) -> Place {
        let start = start.min(self.text.len());
        if start >= self.at {
            for (offset, byte) in self.text.as_bytes()[self.at..start].iter().enumerate() {
                if *byte == b'\n' {
                    self.line += 1;
                    self.start = self.at + offset + 1;
                }
            }
            self.at = start;
        }
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let column = self.text[self.start.min(start)..start].chars().count() + 1;
        Place {
            file: self.file,
            line: number(self.line),
            column: number(column),
            start: number(start),
            end: number(end),
        }
    }
}

/// The names of all columns.
pub(super) fn columns(rows: &[Row]) -> BTreeSet<&str> {
    rows.first().into_iter().flat_map(|row| row.values.keys()).map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<String>, usize> {
        let (mut files, mut problems) = (Files::default(), Problems::default());
        let file = files.add("a.csv", text.into());
        let rows = rows(file, &mut files, &mut problems).ok_or(problems.raised())?;
        let shown = |row: Row| {
            let cells = row.values.iter().map(|(name, node)| {
                format!("{name}={}@{}:{}", node.as_text().unwrap_or("-"), node.place.line, node.place.column)
            });
            cells.collect::<Vec<_>>().join(" ")
        };
        Ok(rows.into_iter().map(shown).collect())
    }

    #[test]
    fn cells_know_their_line_and_column() {
        assert_eq!(
            read("lab,seats\nA,30\n\nB, 40\n"),
            Ok(vec!["lab=A@2:1 seats=30@2:3".into(), "lab=B@4:1 seats=40@4:4".into()])
        );
    }

    #[test]
    fn spreadsheets_write_marks_semicolons_and_line_ends_of_their_own() {
        let text = "\u{feff} lab ;owners\r\nA;\"a@x;b@x\"\r\nB;\r\n;;\r\n";
        assert_eq!(
            read(text),
            Ok(vec!["lab=A@2:1 owners=a@x;b@x@2:3".into(), "lab=B@3:1 owners=-@3:3".into()])
        );
        assert_eq!(read("a\tb\n1\t2\n"), Ok(vec!["a=1@2:1 b=2@2:3".into()]));
    }

    #[test]
    fn what_does_not_fit_is_reported() {
        assert_eq!(read(""), Err(1));
        assert_eq!(read("a,a\n1,2\n"), Err(1));
        assert_eq!(read("a,b\n1,2,3\n1\n"), Err(2));
        assert_eq!(read("a,b\n\"1,2\n"), Err(1));
    }
}
