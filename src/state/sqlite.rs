//! The store of one machine: a SQLite file in WAL mode, each commit synchronised to the disk.

mod leases;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};

use crate::model::{Address, Entry, Identity, Recorded, RunHeader, RunOutcome, canonical};

use self::leases::Owner;
use super::format::{APPLICATION_ID, FORMAT, Found, Tally, UPGRADES, digest_of, found, stored};
use super::store::{REMEMBERED, completed};
use super::{Claim, Holder, Lease, Meta, OpenRun, RowWrite, StateError, Store, same_identity};

/// How long to wait for another connection of this machine: a reader, a backup tool.
const BUSY: Duration = Duration::from_secs(10);

/// A state in a SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    connection: Connection,
    owner: Option<Owner>,
}

impl SqliteStore {
    /// Opens the state at `path`; where there is none, makes it, and the folders on the way.
    ///
    /// # Errors
    /// [`StateError::Foreign`], [`StateError::TooNew`], [`StateError::Damaged`], or what the system refuses.
    pub fn open_or_create(path: &Path) -> Result<Self, StateError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|source| StateError::Io {
                doing: "create the folder of",
                path: path.to_owned(),
                source,
            })?;
        }
        let store = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        store.upgrade(&uuid::Uuid::new_v4().to_string())?;
        Ok(store)
    }

    /// Opens the state at `path` for writing; `None` where there is none, or one whose creation was cut off.
    ///
    /// # Errors
    /// As [`open_or_create`](Self::open_or_create).
    pub fn open_existing(path: &Path) -> Result<Option<Self>, StateError> {
        if !path.exists() {
            return Ok(None);
        }
        let store = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        match store.found()? {
            Found::Nothing => Ok(None),
            _ => store.upgrade("").map(|()| Some(store)),
        }
    }

    /// Opens the state at `path` for reading; `None` where there is none. Nothing can be written
    /// through it, and no file stays that was not there.
    ///
    /// A run that writes meanwhile is no obstacle. The connection itself may write, so that SQLite can
    /// take in what a killed run left in the log and tidy up behind itself; where the folder is
    /// read-only, the file is read as it is.
    ///
    /// # Errors
    /// As [`open_or_create`](Self::open_or_create).
    pub fn open_read_only(path: &Path) -> Result<Option<Self>, StateError> {
        let refused = match Self::open_existing(path) {
            Ok(None) => return Ok(None),
            Ok(Some(store)) => {
                store.sql("open", |connection| connection.execute_batch("PRAGMA query_only = ON"))?;
                return Ok(Some(store));
            }
            Err(error) => error,
        };
        let StateError::Database { source, .. } = &refused else { return Err(refused) };
        match source.sqlite_error_code() {
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen) => match Self::open_immutable(path)? {
                Some(store) => Ok(Some(store)),
                None => Err(refused),
            },
            _ => Err(refused),
        }
    }

    /// Opens a file that nobody can change; `None` where a log beside it would have to be read too.
    fn open_immutable(path: &Path) -> Result<Option<Self>, StateError> {
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        if std::fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
            return Ok(None);
        }
        let absolute = std::path::absolute(path).ok();
        let Some(mut url) = absolute.and_then(|path| url::Url::from_file_path(path).ok()) else {
            return Ok(None);
        };
        url.set_query(Some("immutable=1"));
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        let connection =
            Connection::open_with_flags(url.as_str(), flags).map_err(|error| failure(path, "open", error))?;
        let store = Self { path: path.to_owned(), connection, owner: None };
        match store.found()? {
            Found::State(FORMAT) => Ok(Some(store)),
            found => store.refuse(&found).map(|()| None),
        }
    }

    fn connect(path: &Path, flags: OpenFlags) -> Result<Self, StateError> {
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .map_err(|error| failure(path, "open", error))?;
        let store = Self { path: path.to_owned(), connection, owner: None };
        store.sql("open", |connection| {
            connection.busy_timeout(BUSY)?;
            // FULL: a commit in WAL mode is otherwise durable only after the next checkpoint.
            connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")
        })?;
        Ok(store)
    }

    fn found(&self) -> Result<Found, StateError> {
        self.sql("open", header)
    }

    /// Refuses what is no state of a format known here.
    fn refuse(&self, found: &Found) -> Result<(), StateError> {
        let path = self.path.clone();
        match *found {
            Found::Foreign => Err(StateError::Foreign { path }),
            Found::TooNew(found) => Err(StateError::TooNew { path, found, known: FORMAT }),
            Found::Nothing | Found::State(_) => Ok(()),
        }
    }

    /// Brings the file to the newest format, in one transaction; a new state gets `lineage`.
    fn upgrade(&self, lineage: &str) -> Result<(), StateError> {
        let before = self.found()?;
        self.refuse(&before)?;
        if before == Found::State(FORMAT) {
            return Ok(());
        }
        self.sql("open", |connection| {
            connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
            let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
            // Asked again inside: another process may have been faster.
            let from = match header(connection)? {
                Found::State(version) => version,
                _ => 0,
            };
            for sql in UPGRADES.iter().skip(from as usize) {
                transaction.execute_batch(sql)?;
            }
            if from == 0 {
                transaction.execute(
                    "INSERT INTO meta VALUES (1, ?1, 0, NULL, 0, ?2)",
                    (lineage, Tally::default().sum_text()),
                )?;
            }
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", FORMAT)?;
            transaction.commit()
        })
    }

    /// Runs `work` and says of an error what was being done to which state.
    fn sql<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StateError> {
        work(&self.connection).map_err(|error| failure(&self.path, doing, error))
    }

    /// Begins a transaction that sees one instant and, for writing, keeps every other writer out.
    fn transaction(&self, behavior: TransactionBehavior) -> Result<Transaction<'_>, StateError> {
        Transaction::new_unchecked(&self.connection, behavior)
            .map_err(|error| failure(&self.path, "open", error))
    }

    fn damaged(&self, what: impl Into<String>) -> StateError {
        StateError::Damaged { path: self.path.clone(), what: what.into() }
    }

    fn tally(&self) -> Result<(u64, Tally), StateError> {
        let (serial, rows, sum) = self.sql("read", |connection| {
            let mut query = connection.prepare_cached("SELECT serial, row_count, digest_sum FROM meta")?;
            query.query_row([], |row| Ok((unsigned(row, 0)?, unsigned(row, 1)?, row.get::<_, String>(2)?)))
        })?;
        let tally = Tally::new(rows, &sum).ok_or_else(|| self.damaged("its digest sum is no number"))?;
        Ok((serial, tally))
    }

    /// Writes one row and keeps the tally; answers whether anything changed.
    fn write(&self, write: &RowWrite, tally: &mut Tally) -> rusqlite::Result<bool> {
        let (address, row) = match write {
            RowWrite::Put(address, row) => (address, Some(stored(row))),
            RowWrite::Delete(address) => (address, None),
        };
        let before: Option<String> = self
            .connection
            .prepare_cached("SELECT digest FROM rows WHERE address = ?1")?
            .query_row([address.as_str()], |row| row.get(0))
            .optional()?;
        if before.as_deref() == row.as_ref().map(|(_, digest)| digest.as_str()) {
            return Ok(false);
        }
        if let Some(before) = before {
            tally.remove(address, &before);
        }
        match row {
            Some((text, digest)) => {
                tally.add(address, &digest);
                self.connection
                    .prepare_cached("INSERT OR REPLACE INTO rows (address, row, digest) VALUES (?1, ?2, ?3)")?
                    .execute((address.as_str(), text, digest))?;
            }
            None => {
                self.connection
                    .prepare_cached("DELETE FROM rows WHERE address = ?1")?
                    .execute([address.as_str()])?;
            }
        }
        Ok(true)
    }

    fn append(&self, run: u64, entries: &[(u64, Entry)]) -> rusqlite::Result<()> {
        let mut insert =
            self.connection.prepare_cached("INSERT INTO journal (run, at_ms, entry) VALUES (?1, ?2, ?3)")?;
        for (at_ms, entry) in entries {
            insert.execute((signed(run), signed(*at_ms), canonical(entry)))?;
        }
        Ok(())
    }

    fn headers(&self, which: &str) -> Result<Vec<RunHeader>, StateError> {
        let query = format!(
            "SELECT id, started_ms, ended_ms, host, pid, command, outcome, started_by, commit_id FROM runs {which} ORDER BY id"
        );
        let rows: Vec<(RunHeader, Option<String>)> = self.sql("read", |connection| {
            connection.prepare_cached(&query)?.query_map([], run_header)?.collect()
        })?;
        let with_outcome = |(header, outcome): (RunHeader, Option<String>)| {
            let outcome = outcome.map(|text| serde_json::from_str(&text)).transpose();
            let outcome = outcome.map_err(|error| self.damaged(format!("run {}: {error}", header.id)))?;
            Ok(RunHeader { outcome, ..header })
        };
        rows.into_iter().map(with_outcome).collect()
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        // What cannot be written is found ended by whoever looks next: the owner's lock ends here.
        let _ = self.release();
    }
}

impl Store for SqliteStore {
    fn meta(&self) -> Result<Meta, StateError> {
        let (lineage, serial, identity, rows, digest_sum) = self.sql("read", |connection| {
            let query = "SELECT lineage, serial, identity, row_count, digest_sum FROM meta";
            connection.prepare_cached(query)?.query_row([], |row| {
                Ok((
                    row.get(0)?,
                    unsigned(row, 1)?,
                    row.get::<_, Option<String>>(2)?,
                    unsigned(row, 3)?,
                    row.get(4)?,
                ))
            })
        })?;
        let identity = identity.map(|text| serde_json::from_str(&text)).transpose();
        let identity = identity.map_err(|error| self.damaged(format!("whom it belongs to: {error}")))?;
        Ok(Meta { lineage, serial, format_version: FORMAT, identity, rows, digest_sum })
    }

    fn recorded(&self) -> Result<Recorded, StateError> {
        let _one_instant = self.transaction(TransactionBehavior::Deferred)?;
        let (_, expected) = self.tally()?;
        let mut recorded = Recorded::default();
        let mut tally = Tally::default();
        let read = |error| failure(&self.path, "read", error);
        let mut query =
            self.connection.prepare_cached("SELECT address, row FROM rows ORDER BY address").map_err(read)?;
        let mut rows = query.query([]).map_err(read)?;
        while let Some(row) = rows.next().map_err(read)? {
            let (address, text) = (row.get_ref(0), row.get_ref(1));
            let (Ok(Ok(address)), Ok(Ok(text))) = (address.map(|a| a.as_str()), text.map(|t| t.as_str()))
            else {
                return Err(self.damaged("a row is no text"));
            };
            let parsed: Address = address.parse().map_err(|_| self.damaged("a row has no address"))?;
            tally.add(&parsed, &digest_of(text));
            let row = serde_json::from_str(text)
                .map_err(|error| self.damaged(format!("the row of {address}: {error}")))?;
            recorded.rows.insert(parsed, row);
        }
        if tally.rows != expected.rows {
            let (found, known) = (tally.rows, expected.rows);
            return Err(self.damaged(format!("it holds {found} rows, and should hold {known}")));
        }
        if tally != expected {
            return Err(self.damaged("its rows do not add up to its digest sum"));
        }
        Ok(recorded)
    }

    fn claim(&mut self, holder: &Holder, claim: &Claim) -> Result<(), StateError> {
        self.give(holder, claim)
    }

    fn take_over(&mut self, run: u64, holder: &Holder) -> Result<bool, StateError> {
        self.inherit(run, holder)
    }

    fn leases(&self) -> Result<Vec<Lease>, StateError> {
        self.held()
    }

    fn break_lease(&mut self, id: &str) -> Result<bool, StateError> {
        self.take_away(id)
    }

    fn begin(&mut self, header: RunHeader, plan: &str, identity: &Identity) -> Result<u64, StateError> {
        let transaction = self.transaction(TransactionBehavior::Immediate)?;
        self.is_still_owner()?;
        let known = self.meta()?.identity;
        same_identity(known.as_ref(), identity)?;
        let RunHeader { id: _, started_ms, ended_ms: _, host, pid, by, commit, command, outcome: _ } = header;
        let id = self.sql("write", |connection| {
            connection.execute("UPDATE meta SET identity = ?1", [canonical(&completed(known, identity))])?;
            connection.execute(
                "INSERT INTO runs (started_ms, host, pid, started_by, commit_id, command, plan, owner) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                (signed(started_ms), host, pid, by, commit, command, plan, self.id()),
            )?;
            let id = connection.last_insert_rowid();
            transaction.commit().map(|()| id)
        })?;
        u64::try_from(id).map_err(|_| self.damaged("a run has a negative number"))
    }

    fn commit(&mut self, run: u64, entries: &[(u64, Entry)], rows: &[RowWrite]) -> Result<(), StateError> {
        let transaction = self.transaction(TransactionBehavior::Immediate)?;
        self.is_ours(run)?;
        let (serial, mut tally) = self.tally()?;
        self.sql("write", |connection| {
            self.append(run, entries)?;
            let mut changed = false;
            for row in rows {
                changed |= self.write(row, &mut tally)?;
            }
            if changed {
                connection
                    .prepare_cached("UPDATE meta SET serial = ?1, row_count = ?2, digest_sum = ?3")?
                    .execute((signed(serial + 1), signed(tally.rows), tally.sum_text()))?;
            }
            transaction.commit()
        })
    }

    fn took(&mut self, run: u64, took: &BTreeMap<String, u64>) -> Result<(), StateError> {
        let transaction = self.transaction(TransactionBehavior::Immediate)?;
        self.is_ours(run)?;
        self.sql("write", |connection| {
            let mut insert = connection
                .prepare_cached("INSERT OR IGNORE INTO durations (run, work, ms) VALUES (?1, ?2, ?3)")?;
            for (work, ms) in took {
                insert.execute((signed(run), work, signed(*ms)))?;
            }
            drop(insert);
            transaction.commit()
        })
    }

    fn durations(&self) -> Result<BTreeMap<String, Vec<u64>>, StateError> {
        let query =
            "SELECT work, ms FROM durations WHERE run > (SELECT max(id) FROM runs) - ?1 ORDER BY run DESC";
        let rows: Vec<(String, u64)> = self.sql("read", |connection| {
            let mut query = connection.prepare_cached(query)?;
            query.query_map([signed(REMEMBERED)], |row| Ok((row.get(0)?, unsigned(row, 1)?)))?.collect()
        })?;
        let mut durations: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for (work, ms) in rows {
            durations.entry(work).or_default().push(ms);
        }
        Ok(durations)
    }

    fn end(&mut self, run: u64, ended_ms: u64, outcome: RunOutcome) -> Result<(), StateError> {
        let transaction = self.transaction(TransactionBehavior::Immediate)?;
        self.is_ours(run)?;
        self.sql("write", |connection| {
            let update = "UPDATE runs SET ended_ms = ?2, outcome = ?3 WHERE id = ?1";
            connection.execute(update, (signed(run), signed(ended_ms), canonical(&outcome)))?;
            transaction.commit()
        })
    }

    fn open_runs(&self) -> Result<Vec<OpenRun>, StateError> {
        let _one_instant = self.transaction(TransactionBehavior::Deferred)?;
        let open = self.headers("WHERE outcome IS NULL")?.into_iter();
        open.map(|header| Ok(OpenRun { holder: self.holder_of(header.id)?, header })).collect()
    }

    fn runs(&self) -> Result<Vec<RunHeader>, StateError> {
        self.headers("")
    }

    fn plan_of(&self, run: u64) -> Result<String, StateError> {
        let plan = self.sql("read", |connection| {
            let mut query = connection.prepare_cached("SELECT plan FROM runs WHERE id = ?1")?;
            query.query_row([signed(run)], |row| row.get(0)).optional()
        })?;
        plan.ok_or(StateError::NoSuchRun { run })
    }

    fn journal(&self, run: u64) -> Result<Vec<(u64, Entry)>, StateError> {
        let lines: Vec<(u64, String)> = self.sql("read", |connection| {
            let mut query =
                connection.prepare_cached("SELECT at_ms, entry FROM journal WHERE run = ?1 ORDER BY id")?;
            query.query_map([signed(run)], |row| Ok((unsigned(row, 0)?, row.get(1)?)))?.collect()
        })?;
        let entry = |(at_ms, text): (u64, String)| match serde_json::from_str(&text) {
            Ok(entry) => Ok((at_ms, entry)),
            Err(error) => Err(self.damaged(format!("the journal of run {run}: {error}"))),
        };
        lines.into_iter().map(entry).collect()
    }
}

/// What stands in the file, by its header and tables.
fn header(connection: &Connection) -> rusqlite::Result<Found> {
    let application_id = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version = connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))?;
    let has_tables = connection.prepare("SELECT 1 FROM sqlite_schema LIMIT 1")?.exists([])?;
    Ok(found(application_id, u32::try_from(version).unwrap_or(u32::MAX), has_tables))
}

fn run_header(row: &rusqlite::Row<'_>) -> rusqlite::Result<(RunHeader, Option<String>)> {
    let header = RunHeader {
        id: unsigned(row, 0)?,
        started_ms: unsigned(row, 1)?,
        ended_ms: optional(row, 2)?,
        host: row.get(3)?,
        pid: row.get(4)?,
        command: row.get(5)?,
        by: row.get(7)?,
        commit: row.get(8)?,
        outcome: None,
    };
    Ok((header, row.get(6)?))
}

/// SQLite's integers are signed; ours are counts and times that never reach the half they share.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(row: &rusqlite::Row<'_>, index: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(index)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(index, number))
}

fn optional(row: &rusqlite::Row<'_>, index: usize) -> rusqlite::Result<Option<u64>> {
    match row.get_ref(index)? {
        rusqlite::types::ValueRef::Null => Ok(None),
        _ => unsigned(row, index).map(Some),
    }
}

fn failure(path: &Path, doing: &'static str, source: rusqlite::Error) -> StateError {
    let path = path.to_owned();
    match source.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StateError::DiskFull { path },
        Some(ErrorCode::DatabaseBusy) => StateError::Busy { doing, path },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StateError::Damaged { path, what: source.to_string() }
        }
        _ => match source {
            rusqlite::Error::QueryReturnedNoRows
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::FromSqlConversionFailure(..) => {
                StateError::Damaged { path, what: source.to_string() }
            }
            source => StateError::Database { doing, path, source },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_creation_that_was_cut_off_is_no_state_yet_and_is_finished_by_the_next() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state.db");
        let cut_off =
            SqliteStore::connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
                .expect("an empty file");
        cut_off
            .sql("open", |connection| {
                connection.execute_batch("PRAGMA journal_mode = WAL; BEGIN; CREATE TABLE meta (a)")
            })
            .expect("half of it");
        drop(cut_off);
        assert!(SqliteStore::open_existing(&path).expect("readable").is_none());
        let store = SqliteStore::open_or_create(&path).expect("finished");
        assert_eq!(store.meta().expect("whole").serial, 0);
    }

    #[test]
    fn a_file_that_cannot_change_is_read_without_a_log() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state #1.db");
        let lineage = SqliteStore::open_or_create(&path).expect("made").meta().expect("whole").lineage;
        let store = SqliteStore::open_immutable(&path).expect("readable").expect("no log is left");
        assert_eq!(store.meta().expect("whole").lineage, lineage);
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn a_state_of_the_first_format_is_taken_over_with_its_runs() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state.db");
        let old = Connection::open(&path).expect("made");
        old.execute_batch(UPGRADES[0]).expect("its tables");
        old.pragma_update(None, "application_id", APPLICATION_ID).expect("marked");
        old.pragma_update(None, "user_version", 1).expect("marked");
        old.execute("INSERT INTO meta VALUES (1, 'l', 3, NULL, 0, ?1)", [Tally::default().sum_text()])
            .expect("meta");
        old.execute(
            "INSERT INTO runs (started_ms, host, pid, command, plan) VALUES (5, 'h', 7, 'apply', '{}')",
            [],
        )
        .expect("a run");
        drop(old);
        let store = SqliteStore::open_read_only(&path).expect("readable").expect("it is there");
        let runs = store.runs().expect("runs");
        assert_eq!((runs.len(), runs[0].pid, &runs[0].by, &runs[0].commit), (1, 7, &None, &None));
        let meta = store.meta().expect("whole");
        assert_eq!((meta.lineage.as_str(), meta.serial, meta.format_version), ("l", 3, FORMAT));
    }

    #[test]
    fn who_is_in_the_middle_of_a_write_and_does_not_end_it_is_told_from_a_failure() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = || SqliteStore::open_or_create(&folder.path().join("state.db")).expect("made");
        let (mut store, stopped) = (open(), open());
        let in_the_middle = stopped.transaction(TransactionBehavior::Immediate).expect("nobody else writes");
        store.connection.busy_timeout(Duration::ZERO).expect("set");
        let claim = || Claim::default();
        let error = store.claim(&Holder::this_process("apply"), &claim()).expect_err("busy");
        assert!(matches!(error, StateError::Busy { .. }), "{error}");
        store.leases().expect("reading is no obstacle");
        drop(in_the_middle);
        store.claim(&Holder::this_process("apply"), &claim()).expect("free");
    }

    #[test]
    fn a_full_disk_is_said_and_takes_nothing_along() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut store = SqliteStore::open_or_create(&folder.path().join("state.db")).expect("made");
        let full = |store: &SqliteStore, pages: u32| {
            store.sql("open", |connection| {
                connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
            })
        };
        let header = RunHeader {
            id: 0,
            started_ms: 0,
            ended_ms: None,
            host: String::new(),
            pid: 1,
            by: None,
            commit: None,
            command: "apply".into(),
            outcome: None,
        };
        let identity = Identity {
            project: "cs".into(),
            environment: None,
            cloud: crate::model::Cloud::Emulator,
            tenant: None,
            subscription: None,
        };
        full(&store, 1).expect("as small as it is");
        let plan = "x".repeat(100_000);
        let error = store.begin(header.clone(), &plan, &identity).expect_err("no room");
        assert!(matches!(error, StateError::DiskFull { .. }), "{error}");
        assert_eq!(store.meta().expect("whole").identity, None);
        full(&store, 1_000_000).expect("room was made");
        assert_eq!(store.begin(header, &plan, &identity).expect("begun"), 1);
    }
}
