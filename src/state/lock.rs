//! Who holds leases, and whether they still do.
//!
//! Whoever takes leases keeps the operating system's lock on a file of its own beside the state. It ends with its
//! process however that dies, so a lease whose owner's file is free has ended.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::StateError;

/// Who holds a lease. Its text says so with the lease's age: `held by pid 123 on host since 3 min (apply)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The host's name.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// Since when, milliseconds since 1970.
    pub since_ms: u64,
    /// The command: `apply`, `destroy`.
    pub command: String,
}

impl Holder {
    /// This process, from now on.
    #[must_use]
    pub fn this_process(command: &str) -> Self {
        let (host, pid) = (host_name(), std::process::id());
        Self { host, pid, since_ms: now_ms(), command: command.to_owned() }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, pid, since_ms, command } = self;
        let age = age_text(now_ms().saturating_sub(*since_ms));
        write!(f, "held by pid {pid} on {host} since {age} ({command})")
    }
}

/// The locked file of one owner of leases: gone when the value is dropped, free when the process dies.
#[derive(Debug)]
pub(super) struct OwnerLock {
    file: File,
    path: PathBuf,
}

impl OwnerLock {
    /// Makes and locks the file of the owner `id` of leases in `state`.
    ///
    /// # Errors
    /// [`StateError::Io`] where there can be no such file.
    pub(super) fn take(state: &Path, id: &str) -> Result<Self, StateError> {
        let path = path_of(state, id);
        let failed = |doing, source| StateError::Io { doing, path: path.clone(), source };
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).open(&path);
        let file = file.map_err(|source| failed("create", source))?;
        file.lock().map_err(|source| failed("lock", source))?;
        Ok(Self { file, path })
    }
}

impl Drop for OwnerLock {
    fn drop(&mut self) {
        // Neither can be mended here, and closing the file frees the lock in any case.
        let _ = std::fs::remove_file(&self.path);
        let _ = self.file.unlock();
    }
}

/// Whether the owner `id` of leases in `state` is alive. A file that cannot be looked at speaks for it.
pub(super) fn is_alive(state: &Path, id: &str) -> bool {
    let file = match File::open(path_of(state, id)) {
        Ok(file) => file,
        Err(error) => return error.kind() != std::io::ErrorKind::NotFound,
    };
    // Shared, so that two who look at the same time do not take each other for the owner.
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock | TryLockError::Error(_)))
}

/// Takes away the file that a dead owner of leases left.
pub(super) fn tidy_up(state: &Path, id: &str) {
    // What stays is a file of no bytes that nobody asks for again.
    let _ = std::fs::remove_file(path_of(state, id));
}

fn path_of(state: &Path, id: &str) -> PathBuf {
    let mut name = state.as_os_str().to_owned();
    name.push(format!(".{id}.lock"));
    name.into()
}

/// The name of this host, as a lock and a run's header say it.
#[must_use]
pub fn host_name() -> String {
    ["/proc/sys/kernel/hostname", "/etc/hostname"]
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .map(|text| text.trim().to_owned())
        .find(|name| !name.is_empty())
        .unwrap_or_else(|| "this host".to_owned())
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn age_text(ms: u64) -> String {
    match ms / 1000 {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..7200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_alive_as_long_as_its_file_is_locked() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = folder.path().join("state.db");
        assert!(!is_alive(&state, "a"));
        let lock = OwnerLock::take(&state, "a").expect("free");
        assert!(is_alive(&state, "a"));
        std::fs::write(path_of(&state, "b"), "").expect("what a dead one left");
        assert!(!is_alive(&state, "b"));
        drop(lock);
        assert!(!is_alive(&state, "a"));
        tidy_up(&state, "b");
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }

    #[test]
    fn the_age_of_a_lease_is_told_in_what_people_count_in() {
        assert_eq!(age_text(59_999), "59 s");
        assert_eq!(age_text(3 * 60_000), "3 min");
        assert_eq!(age_text(3 * 3_600_000), "3 h");
    }
}
