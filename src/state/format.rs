//! Format versions, and what a row is when stored.
//!
//! Pure: the schema of each version as text, and the arithmetic of the digest sum.

use crate::model::{Address, Row, canonical};

/// The newest format, and the one that is written.
pub const FORMAT: u32 = 3;

/// Marks a SQLite file as a labwright state (`PRAGMA application_id`): the letters `lbwr`.
pub(super) const APPLICATION_ID: i32 = 0x6c62_7772;

/// What brings a state from one format to the next: the SQL at index `n` leads from format `n`,
/// 0 being an empty file, to `n + 1`.
pub(super) static UPGRADES: [&str; FORMAT as usize] = [
    "
    CREATE TABLE meta (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        lineage TEXT NOT NULL,
        serial INTEGER NOT NULL,
        identity TEXT,
        row_count INTEGER NOT NULL,
        digest_sum TEXT NOT NULL
    ) STRICT;
    CREATE TABLE rows (
        address TEXT PRIMARY KEY,
        row TEXT NOT NULL,
        digest TEXT NOT NULL
    ) STRICT;
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        started_ms INTEGER NOT NULL,
        ended_ms INTEGER,
        host TEXT NOT NULL,
        pid INTEGER NOT NULL,
        command TEXT NOT NULL,
        outcome TEXT,
        plan TEXT NOT NULL
    ) STRICT;
    CREATE TABLE journal (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        run INTEGER NOT NULL REFERENCES runs (id),
        at_ms INTEGER NOT NULL,
        entry TEXT NOT NULL
    ) STRICT;
    CREATE INDEX journal_of_run ON journal (run);
",
    "
    ALTER TABLE runs ADD COLUMN started_by TEXT;
    ALTER TABLE runs ADD COLUMN commit_id TEXT;
",
    "
    ALTER TABLE runs ADD COLUMN owner TEXT;
    CREATE INDEX runs_without_end ON runs (id) WHERE outcome IS NULL;
    CREATE TABLE owners (
        id TEXT PRIMARY KEY,
        holder TEXT NOT NULL
    ) STRICT;
    CREATE TABLE leases (
        address TEXT NOT NULL,
        owner TEXT NOT NULL,
        changes INTEGER NOT NULL,
        PRIMARY KEY (address, owner)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE durations (
        run INTEGER NOT NULL REFERENCES runs (id),
        work TEXT NOT NULL,
        ms INTEGER NOT NULL,
        PRIMARY KEY (run, work)
    ) STRICT, WITHOUT ROWID;
",
];

/// What stands in a file, by its header.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing yet: an empty file, also one whose creation was cut off.
    Nothing,
    /// A state in this format, at most [`FORMAT`].
    State(u32),
    /// A state in a format that is not known here.
    TooNew(u32),
    /// A database of something else.
    Foreign,
}

/// Tells what stands in a file from its header and whether it has any table.
pub(super) fn found(application_id: i32, user_version: u32, has_tables: bool) -> Found {
    match (application_id, user_version) {
        (APPLICATION_ID, version @ 1..=FORMAT) => Found::State(version),
        (APPLICATION_ID, version) if version > FORMAT => Found::TooNew(version),
        (0, 0) if !has_tables => Found::Nothing,
        _ => Found::Foreign,
    }
}

/// A row as it is stored: its canonical text, and the digest of that, which is [`Row::digest`].
pub(super) fn stored(row: &Row) -> (String, String) {
    let text = canonical(row);
    let digest = digest_of(&text);
    (text, digest)
}

/// The digest of a row's stored text.
pub(super) fn digest_of(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex()[..32].to_owned()
}

/// How many rows there are, and the sum of what each adds, which no order of commits changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) rows: u64,
    sum: u128,
}

impl Tally {
    /// Reads back what [`sum_text`](Self::sum_text) wrote.
    pub(super) fn new(rows: u64, sum: &str) -> Option<Self> {
        u128::from_str_radix(sum, 16).ok().map(|sum| Self { rows, sum })
    }

    pub(super) fn sum_text(self) -> String {
        format!("{:032x}", self.sum)
    }

    pub(super) fn add(&mut self, address: &Address, digest: &str) {
        self.rows = self.rows.wrapping_add(1);
        self.sum = self.sum.wrapping_add(share(address, digest));
    }

    pub(super) fn remove(&mut self, address: &Address, digest: &str) {
        self.rows = self.rows.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(share(address, digest));
    }
}

/// What one row adds to the sum: it depends on the address too, so that swapped rows are noticed.
fn share(address: &Address, digest: &str) -> u128 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(address.as_str().as_bytes()).update(&[0]).update(digest.as_bytes());
    let mut first = [0; 16];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    u128::from_le_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_tells_what_stands_in_a_file() {
        assert_eq!(found(0, 0, false), Found::Nothing);
        assert_eq!(found(APPLICATION_ID, 1, true), Found::State(1));
        assert_eq!(found(APPLICATION_ID, FORMAT + 1, true), Found::TooNew(FORMAT + 1));
        assert_eq!(found(0, 0, true), Found::Foreign);
        assert_eq!(found(7, 1, true), Found::Foreign);
    }

    #[test]
    fn a_sum_depends_on_the_rows_and_not_on_their_order() {
        let (a, b) = (Address::new("Lab", "a"), Address::new("Lab", "b"));
        let (mut one, mut other, mut swapped) = (Tally::default(), Tally::default(), Tally::default());
        one.add(&a, "1");
        one.add(&b, "2");
        other.add(&b, "2");
        other.add(&a, "3");
        other.remove(&a, "3");
        other.add(&a, "1");
        swapped.add(&a, "2");
        swapped.add(&b, "1");
        assert_eq!(one, other);
        assert_ne!(one, swapped);
        assert_eq!(Tally::new(2, &one.sum_text()), Some(one));
    }
}
