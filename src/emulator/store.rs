//! The world in a file: SQLite, a row for each resource and operation.
//!
//! A lock file beside it is held by the operating system for as long as the process lives. What is committed survives the
//! process, killed at any moment: WAL with `synchronous=NORMAL` leaves only a loss of power to take the last effects.

use super::StartError;
use crate::emulator::arm::operations::Operation;
use crate::emulator::arm::resource::Resource;
use crate::emulator::world::{Changes, Core, World};
use rusqlite::{Connection, OptionalExtension, params};
use serde::de::DeserializeOwned;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The format of the file; a higher one was written by a newer emulator.
const FORMAT: i64 = 1;

/// Marks the file as an emulator's: the letters `LWem`.
const APPLICATION: i64 = 0x4c57_656d;

/// An open data file, held against other processes.
#[derive(Debug)]
pub(crate) struct Store {
    connection: Connection,
    /// Unlocked by the operating system when it closes.
    _lock: File,
}

/// What a file held.
pub(crate) struct Saved {
    pub(crate) core: Core,
    pub(crate) resources: Vec<Resource>,
    pub(crate) operations: Vec<Operation>,
}

impl Store {
    /// Opens or makes the file at `path`; what it held, if it is not new.
    ///
    /// # Errors
    /// [`StartError::Held`] while another process has it, [`StartError::Unwritable`] where the system refuses,
    /// [`StartError::Data`] for a damaged file or one of another program, [`StartError::Newer`] for one of a newer format.
    pub(crate) fn open(path: &Path) -> Result<(Self, Option<Saved>), StartError> {
        let damaged = |reason: String| StartError::Data { path: path.to_owned(), reason };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|error| unwritable(path, &error))?;
        }
        let lock = hold(path)?;
        let connection = Connection::open(path).map_err(|error| unusable(path, &error))?;
        let format = prepare(&connection).map_err(|error| unusable(path, &error))?;
        if format > FORMAT {
            return Err(StartError::Newer { path: path.to_owned(), format });
        }
        let store = Self { connection, _lock: lock };
        let saved = store.load().map_err(damaged)?;
        Ok((store, saved))
    }

    fn load(&self) -> Result<Option<Saved>, String> {
        let core = "SELECT body FROM core";
        let core: Option<String> = self
            .connection
            .query_row(core, [], |row| row.get(0))
            .optional()
            .map_err(|error| error.to_string())?;
        let Some(core) = core else { return Ok(None) };
        Ok(Some(Saved {
            core: serde_json::from_str(&core).map_err(|error| format!("its clock: {error}"))?,
            resources: self.rows("SELECT id, body FROM resources")?,
            operations: self.rows("SELECT id, body FROM operations")?,
        }))
    }

    fn rows<T: DeserializeOwned>(&self, query: &str) -> Result<Vec<T>, String> {
        let mut statement = self.connection.prepare(query).map_err(|error| error.to_string())?;
        let mut rows = statement.query([]).map_err(|error| error.to_string())?;
        let mut values = Vec::new();
        while let Some(row) = rows.next().map_err(|error| error.to_string())? {
            let (id, body) = (row.get::<_, String>(0), row.get::<_, String>(1));
            let (id, body) =
                (id.map_err(|error| error.to_string())?, body.map_err(|error| error.to_string())?);
            values.push(serde_json::from_str(&body).map_err(|error| format!("`{id}`: {error}"))?);
        }
        Ok(values)
    }

    /// Commits the rows that changed, and the clock with them.
    ///
    /// # Errors
    /// Those of SQLite; the file then still holds what it held before.
    pub(crate) fn save(&mut self, world: &World, changes: &Changes) -> rusqlite::Result<()> {
        let text = |value: serde_json::Result<String>| {
            value.map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
        };
        let transaction = self.connection.transaction()?;
        {
            let mut put = transaction.prepare_cached(
                "INSERT INTO resources (id, body) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET body = ?2",
            )?;
            let mut remove = transaction.prepare_cached("DELETE FROM resources WHERE id = ?1")?;
            for key in &changes.resources {
                match world.resource(key) {
                    Some(resource) => put.execute(params![key, text(serde_json::to_string(resource))?])?,
                    None => remove.execute([key])?,
                };
            }
            let mut put = transaction.prepare_cached(
                "INSERT INTO operations (id, body) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET body = ?2",
            )?;
            let mut remove = transaction.prepare_cached("DELETE FROM operations WHERE id = ?1")?;
            for id in &changes.operations {
                match world.operation(id) {
                    Some(operation) => put.execute(params![id, text(serde_json::to_string(operation))?])?,
                    None => remove.execute([id])?,
                };
            }
            let mut core = transaction.prepare_cached(
                "INSERT INTO core (one, body) VALUES (1, ?1) ON CONFLICT (one) DO UPDATE SET body = ?1",
            )?;
            core.execute([text(serde_json::to_string(world.core()))?])?;
        }
        transaction.commit()
    }
}

/// Makes the tables of a new file; gives the format of the file.
fn prepare(connection: &Connection) -> rusqlite::Result<i64> {
    connection.busy_timeout(std::time::Duration::from_secs(2))?;
    let format: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if format > FORMAT {
        return Ok(format);
    }
    let application: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables > 0 && application != APPLICATION {
        return Err(rusqlite::Error::InvalidParameterName("it is a database of another program".to_owned()));
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    if format == 0 {
        connection.execute_batch(&format!(
            "BEGIN IMMEDIATE;
             CREATE TABLE IF NOT EXISTS core (one INTEGER PRIMARY KEY CHECK (one = 1), body TEXT NOT NULL);
             CREATE TABLE IF NOT EXISTS resources (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
             CREATE TABLE IF NOT EXISTS operations (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
             PRAGMA application_id = {APPLICATION};
             PRAGMA user_version = {FORMAT};
             COMMIT;"
        ))?;
    }
    Ok(FORMAT)
}

/// Locks the file beside `path` and writes this process's id into it.
fn hold(path: &Path) -> Result<File, StartError> {
    let beside = lock_path(path);
    let failed = |error: std::io::Error| unwritable(&beside, &error);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&beside)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let pid = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
            return Err(StartError::Held { path: path.to_owned(), pid });
        }
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    let written = file
        .set_len(0)
        .and_then(|()| file.seek(SeekFrom::Start(0)))
        .and_then(|_| writeln!(file, "{}", std::process::id()));
    written.map_err(failed)?;
    Ok(file)
}

fn unwritable(path: &Path, error: &std::io::Error) -> StartError {
    StartError::Unwritable { path: path.to_owned(), reason: error.to_string() }
}

/// What an error of SQLite says of a data file: that it is damaged, or that the system refuses.
pub(crate) fn unusable(path: &Path, error: &rusqlite::Error) -> StartError {
    use rusqlite::ErrorCode::{CannotOpen, DiskFull, PermissionDenied, ReadOnly, SystemIoFailure};
    let (path, reason) = (path.to_owned(), error.to_string());
    let refused = [CannotOpen, DiskFull, PermissionDenied, ReadOnly, SystemIoFailure];
    match error.sqlite_error_code() {
        Some(code) if refused.contains(&code) => StartError::Unwritable { path, reason },
        _ => StartError::Data { path, reason },
    }
}

/// Where the lock of a data file is.
fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::clock::{Pace, Tick};

    fn world() -> World {
        let unregistered = std::collections::BTreeSet::from(["s/microsoft.compute".to_owned()]);
        let vaults =
            std::collections::BTreeMap::from([("v/s".to_owned(), vec![("1".to_owned(), "x".to_owned())])]);
        let core =
            Core { tick: Tick(5), epoch_millis: 1, seed: 2, drawn: 3, key: [4; 32], unregistered, vaults };
        World::new(core, Pace::Even, None)
    }

    #[test]
    fn what_is_saved_is_there_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/emulator.db");
        let (mut store, saved) = Store::open(&path).expect("opens");
        assert!(saved.is_none());
        store.save(&world(), &Changes::default()).expect("saves");
        drop(store);
        let (_store, saved) = Store::open(&path).expect("opens again");
        assert_eq!(saved.map(|saved| saved.core), Some(world().core().clone()));
    }

    #[test]
    fn a_held_file_names_its_holder() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("emulator.db");
        let _held = Store::open(&path).expect("opens");
        match Store::open(&path).map(|_| ()) {
            Err(StartError::Held { pid, .. }) => assert_eq!(pid, Some(std::process::id())),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_damaged_or_foreign_file_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("emulator.db");
        std::fs::write(
            &path,
            "no database at all, but a text that is long enough to be looked at by anybody who opens it",
        )
        .expect("writes");
        assert!(matches!(Store::open(&path), Err(StartError::Data { .. })));
        let nowhere = path.join("below-a-file.db");
        assert!(matches!(Store::open(&nowhere), Err(StartError::Unwritable { .. })));
        let path = folder.path().join("foreign.db");
        Connection::open(&path).and_then(|other| other.execute_batch("CREATE TABLE x (y)")).expect("writes");
        assert!(matches!(Store::open(&path), Err(StartError::Data { .. })));
        let path = folder.path().join("newer.db");
        Connection::open(&path)
            .and_then(|other| other.execute_batch("PRAGMA user_version = 99"))
            .expect("writes");
        assert!(matches!(Store::open(&path), Err(StartError::Newer { format: 99, .. })));
    }
}
