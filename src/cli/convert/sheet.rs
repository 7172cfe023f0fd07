//! The vendor's bulk sheets as rows of named cells, with all that spreadsheets do to them.
//!
//! Source: the column tables of Microsoft's bulk tools for both generations of Lab Services (domain rules 6.1).

use std::collections::{BTreeMap, BTreeSet};

/// Which generation of the service a sheet is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Generation {
    /// Lab accounts.
    Accounts,
    /// Lab plans.
    Plans,
}

/// What becomes of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// It is converted.
    Taken,
    /// It says nothing of what should be: a row's number, what became of a job.
    Passed,
    /// It is converted in sheets for lab plans, and has no place in those for lab accounts; why.
    OfPlans(&'static str),
    /// It has no place in the language yet, and why.
    Homeless(&'static str),
}

const ROSTER: Use = Use::Homeless("students come with a later version");
const OWNERS: Use = Use::Homeless("owners come with a later version");
const MAIL: Use = Use::Homeless("students, and mails to them, come with a later version");
const WORDS: Use = Use::OfPlans("a lab of a lab account has no tags");
const SECOND: Use = Use::OfPlans("only lab plans have it");

/// Every column of both generations, in lower case.
const COLUMNS: &[(&str, Use)] = &[
    ("id", Use::Passed),
    ("tags", WORDS),
    ("resourcegroupname", Use::Taken),
    ("location", Use::Taken),
    ("labaccountname", Use::Taken),
    ("labplanname", Use::Taken),
    ("labname", Use::Taken),
    ("sharedgalleryid", Use::Taken),
    ("enablesharedgalleryimages", Use::Taken),
    ("imagename", Use::Taken),
    ("aadgroupid", Use::Taken),
    ("maxusers", Use::Taken),
    ("usagequota", Use::Taken),
    ("usagemode", Use::Taken),
    ("sharedpassword", Use::Taken),
    ("size", Use::Taken),
    ("title", Use::Taken),
    ("descr", Use::Taken),
    ("templatevmstate", Use::Taken),
    ("username", Use::Taken),
    ("password", Use::Taken),
    ("nonadminusername", SECOND),
    ("nonadminpassword", SECOND),
    ("linuxrdp", Use::Taken),
    ("gpudriverenabled", Use::Taken),
    ("emails", ROSTER),
    ("labowneremails", OWNERS),
    ("idlegraceperiod", Use::Taken),
    ("idleosgraceperiod", Use::Taken),
    ("idlenoconnectgraceperiod", Use::Taken),
    ("invitation", MAIL),
    ("schedules", Use::Taken),
    ("labaccountresult", Use::Passed),
    ("labplanresult", Use::Passed),
    ("labresult", Use::Passed),
    ("publishresult", Use::Passed),
];

/// A sheet.
#[derive(Debug)]
pub(super) struct Sheet {
    /// For which service.
    pub(super) generation: Generation,
    /// Its rows.
    pub(super) rows: Vec<Row>,
    /// Columns with a cell that is not blank and no place, as the sheet writes them, each with why and in how many rows.
    pub(super) homeless: Vec<(String, &'static str, usize)>,
}

/// A row.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    /// The line of the file that it begins on, from 1.
    pub(super) line: u64,
    /// Cells by the column's name in lower case; a blank one is there, a column that the sheet lacks is not.
    cells: BTreeMap<&'static str, String>,
}

impl Row {
    /// The cell of a column, unless it is blank.
    pub(super) fn text(&self, column: &str) -> Option<&str> {
        self.cells.get(column).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// Whether the sheet has the column, blank or not.
    pub(super) fn has(&self, column: &str) -> bool {
        self.cells.contains_key(column)
    }
}

/// Why something is no sheet: a fragment.
pub(super) type NoSheet = String;

/// Reads a sheet.
///
/// # Errors
/// What is wrong with the whole: no columns of such a sheet, a column twice, text that is no UTF-8.
pub(super) fn read(bytes: &[u8]) -> Result<Sheet, NoSheet> {
    let text = text_of(bytes)?;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter_of(text, |name| COLUMNS.iter().any(|(own, _)| *own == name)))
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut records = reader.records();
    let header = match records.next() {
        Some(record) => record.map_err(|error| error.to_string())?,
        None => return Err("it is empty".into()),
    };
    let header: Vec<String> = header.iter().map(cell).collect();
    let mut known: Vec<Option<(&'static str, Use)>> = Vec::new();
    let mut seen = BTreeSet::new();
    for name in &header {
        let lower = name.to_lowercase();
        if !lower.is_empty() && !seen.insert(lower.clone()) {
            return Err(format!("column `{name}` stands in it twice"));
        }
        known.push(COLUMNS.iter().find(|(own, _)| *own == lower).copied());
    }
    if !seen.contains("labname") {
        return Err(
            "its first line names no column `LabName`; this reads the sheets of Microsoft's bulk tools"
                .into(),
        );
    }
    let mut lines = Lines::of(text);
    let mut rows = Vec::new();
    let mut counts = vec![0; header.len()];
    for record in records {
        let record = record.map_err(|error| error.to_string())?;
        let begins = record.position().map_or(0, |place| usize::try_from(place.byte()).unwrap_or_default());
        let line = lines.at(begins);
        let cells: Vec<String> = record.iter().map(cell).collect();
        if cells.iter().all(String::is_empty) {
            continue;
        }
        let mut row = Row { line, cells: BTreeMap::new() };
        for (at, column) in known.iter().enumerate() {
            let text = cells.get(at).cloned().unwrap_or_default();
            counts[at] += usize::from(!text.is_empty());
            if let Some((name, _)) = column {
                row.cells.insert(name, text);
            }
        }
        rows.push(row);
    }
    let generation = generation(&rows);
    let homeless = header.iter().zip(&known).zip(counts).filter_map(|((name, column), count)| {
        let why = match column {
            Some((_, Use::Homeless(why))) => why,
            Some((_, Use::OfPlans(why))) if generation == Generation::Accounts => why,
            Some((_, Use::Taken | Use::Passed | Use::OfPlans(_))) => return None,
            None => "no sheet of Microsoft's bulk tools has such a column",
        };
        (count > 0 && !name.is_empty()).then(|| (name.clone(), why, count))
    });
    let homeless = homeless.collect();
    Ok(Sheet { generation, rows, homeless })
}

/// The text of a file, without a byte order mark.
///
/// # Errors
/// Where it is no UTF-8.
pub(super) fn text_of(bytes: &[u8]) -> Result<&str, NoSheet> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| format!("byte {} is no UTF-8; save it as `CSV UTF-8`", error.valid_up_to() + 1))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Counts lines; a record may begin with the rest of the end of the line before, and blank lines are none.
pub(super) struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    /// The lines of a text.
    pub(super) fn of(text: &'a str) -> Self {
        Self { text: text.as_bytes(), at: 0, line: 1 }
    }

    /// The line, from 1, of the record that begins at this byte, not before the last one.
    pub(super) fn at(&mut self, begins: usize) -> u64 {
        while let Some(byte) = self.text.get(self.at) {
            if self.at >= begins && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            self.line += u64::from(*byte == b'\n');
            self.at += 1;
        }
        self.line
    }
}

/// The delimiter under which the first line names the most columns that are known, in lower case.
pub(super) fn delimiter_of(text: &str, is_known: impl Fn(&str) -> bool) -> u8 {
    let first = text.lines().next().unwrap_or_default();
    let names = |delimiter: &u8| {
        let names = first.split(char::from(*delimiter)).map(|name| cell(name).to_lowercase());
        names.filter(|name| is_known(name)).count()
    };
    [b'\t', b';', b','].into_iter().max_by_key(names).unwrap_or(b',')
}

/// A cell without the blanks around it, and without a second pair of quotes within.
pub(super) fn cell(text: &str) -> String {
    let text = text.trim();
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inner.unwrap_or(text).trim().to_owned()
}

/// A sheet for lab plans has their columns, tags with values or their names of sizes.
fn generation(rows: &[Row]) -> Generation {
    let columns = ["labplanname", "labplanresult", "nonadminusername"];
    let is_of_plans = |row: &Row| {
        columns.iter().any(|name| row.has(name))
            || row.text("tags").is_some_and(|tags| tags.contains('='))
            || row.text("size").is_some_and(|size| size.contains('_'))
    };
    if rows.iter().any(is_of_plans) { Generation::Plans } else { Generation::Accounts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_and_cells_are_read_whatever_a_spreadsheet_did_to_them() {
        let text = "\u{feff}ID,labNAME, UserName,\" MaxUsers\",Colour\n1,\" \"\"Optics\"\"\", ada ,20,\n,,,,\n2,Two,,,blue\n";
        let sheet = read(text.as_bytes()).expect("a sheet");
        let rows: Vec<_> =
            sheet.rows.iter().map(|row| (row.line, row.text("labname"), row.text("username"))).collect();
        assert_eq!(rows, [(2, Some("Optics"), Some("ada")), (4, Some("Two"), None)]);
        assert_eq!(
            sheet.homeless,
            [("Colour".to_owned(), "no sheet of Microsoft's bulk tools has such a column", 1)]
        );
        assert_eq!(sheet.generation, Generation::Accounts);
    }

    #[test]
    fn the_delimiter_is_the_one_that_names_columns() {
        for text in [
            "LabName;Size;Tags\nA;Medium;\"a;b\"\n",
            "LabName\tSize\tTags\nA\tMedium\ta;b\n",
            "LabName,Size,Tags\nA,Medium,a;b\n",
        ] {
            let sheet = read(text.as_bytes()).expect("a sheet");
            assert_eq!(sheet.rows[0].text("tags"), Some("a;b"), "{text}");
        }
    }

    #[test]
    fn a_sheet_for_lab_plans_is_told_by_its_columns_tags_or_sizes() {
        for text in [
            "LabName,LabPlanName\nA,p\n",
            "LabName,Tags\nA,k=v;l=w\n",
            "LabName,Size\nA,Classic_Fsv2_2_4GB_128_S_SSD\n",
        ] {
            assert_eq!(read(text.as_bytes()).expect("a sheet").generation, Generation::Plans, "{text}");
        }
    }

    #[test]
    fn a_row_has_the_line_that_it_begins_on_whatever_ends_lines() {
        for end in ["\n", "\r\n"] {
            let text = ["LabName,Descr", "A,\"one", "two\"", "", "B,", "\"C\",x"].join(end);
            let sheet = read(text.as_bytes()).expect("a sheet");
            assert_eq!(sheet.rows.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 5, 6], "{end:?}");
        }
    }

    #[test]
    fn what_is_no_sheet_says_why() {
        for (bytes, part) in [
            (&b""[..], "empty"),
            (b"Name,Age\nAda,36\n", "names no column `LabName`"),
            (b"LabName,Size,size\nA,,\n", "`size` stands in it twice"),
            (b"LabName\nM\xfcnchen\n", "byte 10 is no UTF-8"),
        ] {
            let error = read(bytes).expect_err("no sheet");
            assert!(error.contains(part), "{error}");
        }
    }
}
