//! The run lock: one run at a time on a state of this machine.
//!
//! It is the operating system's lock on a file beside the state, so it ends with its process
//! however that dies, and there is nothing to break.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::StateError;

/// How long to wait before asking for the lock again: people do not notice it, a disk neither.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// Who holds a lock. Its text says so with the lock's age: `held by pid 123 on host since 3 min (apply)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The host's name.
    pub host: String,
    /// The process; 0 where the holder has not written itself down yet.
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

    fn unknown() -> Self {
        Self { host: String::new(), pid: 0, since_ms: 0, command: String::new() }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, pid, since_ms, command } = self;
        if *pid == 0 {
            return f.write_str("held by another process, which has just begun");
        }
        let age = age_text(now_ms().saturating_sub(*since_ms));
        write!(f, "held by pid {pid} on {host} since {age} ({command})")
    }
}

/// The run lock, held until the value is dropped or the process dies.
#[derive(Debug)]
pub struct RunLock {
    file: File,
}

impl RunLock {
    /// Takes the lock of `state`, whose folder is made where it does not exist.
    ///
    /// While somebody else holds it, asks again until `timeout` is over (zero: once); `waiting` hears
    /// of each holder that is waited for, once. Blocks the calling thread.
    ///
    /// # Errors
    /// [`StateError::Locked`] with the holder; [`StateError::Io`] where there can be no lock file.
    pub fn acquire(
        state: &Path,
        command: &str,
        timeout: Duration,
        waiting: &mut dyn FnMut(&Holder),
    ) -> Result<Self, StateError> {
        let path = lock_path(state);
        let give_up = Instant::now().checked_add(timeout);
        let mut told = None;
        loop {
            let mut file = open(&path)?;
            match file.try_lock() {
                Ok(()) if still_there(&file, &path) => return Self::signed(file, &path, command),
                Ok(()) => continue,
                Err(TryLockError::Error(source)) => {
                    return Err(StateError::Io { doing: "lock", path, source });
                }
                Err(TryLockError::WouldBlock) => {}
            }
            let holder = holder_in(&mut file);
            if give_up.is_some_and(|end| Instant::now() >= end) {
                return Err(StateError::Locked { path: state.to_owned(), holder });
            }
            if holder.pid != 0 && told.as_ref() != Some(&holder) {
                waiting(&holder);
                told = Some(holder);
            }
            let rest = give_up.map_or(ASK_AGAIN, |end| end.saturating_duration_since(Instant::now()));
            std::thread::sleep(ASK_AGAIN.min(rest));
        }
    }

    /// Writes down who holds the lock, for those who are refused.
    fn signed(mut file: File, path: &Path, command: &str) -> Result<Self, StateError> {
        let text = crate::model::canonical(&Holder::this_process(command));
        file.set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| file.write_all(text.as_bytes()))
            .map_err(|source| StateError::Io { doing: "write", path: path.to_owned(), source })?;
        Ok(Self { file })
    }
}

impl Drop for RunLock {
    /// Frees the lock. The file stays: removing it could take it from under somebody who waits for it.
    fn drop(&mut self) {
        // Neither can be mended here, and closing the file frees the lock in any case.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
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

fn lock_path(state: &Path) -> PathBuf {
    let mut name = state.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

fn open(path: &Path) -> Result<File, StateError> {
    let failed = |doing| {
        let path = path.to_owned();
        move |source| StateError::Io { doing, path, source }
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed("create the folder of"))?;
    }
    // What it holds is somebody else's until the lock is ours: it is never truncated by opening.
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.open(path).map_err(failed("create"))
}

/// Whether the locked file is the one that others would open: somebody may have removed it meanwhile.
#[cfg(unix)]
fn still_there(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(ours), Ok(there)) => (ours.dev(), ours.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// Whether the locked file is the one that others would open: an open file cannot be removed here.
#[cfg(not(unix))]
fn still_there(_file: &File, _path: &Path) -> bool {
    true
}

fn holder_in(file: &mut File) -> Holder {
    let mut text = String::new();
    match file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_string(&mut text)) {
        Ok(_) => serde_json::from_str(&text).unwrap_or_else(|_| Holder::unknown()),
        Err(_) => Holder::unknown(),
    }
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
    fn a_second_run_is_refused_with_the_first_one_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = folder.path().join("deep/state.db");
        let first = RunLock::acquire(&state, "apply", Duration::ZERO, &mut |_| {}).expect("free");
        let error = RunLock::acquire(&state, "destroy", Duration::ZERO, &mut |_| {}).expect_err("held");
        let StateError::Locked { holder, .. } = &error else { panic!("{error}") };
        assert_eq!((holder.pid, holder.command.as_str()), (std::process::id(), "apply"));
        drop(first);
        RunLock::acquire(&state, "destroy", Duration::ZERO, &mut |_| {}).expect("free again");
    }

    #[test]
    fn one_who_waits_hears_for_whom_and_then_gets_the_lock() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = folder.path().join("state.db");
        let mut first = Some(RunLock::acquire(&state, "apply", Duration::ZERO, &mut |_| {}).expect("free"));
        let mut heard = Vec::new();
        RunLock::acquire(&state, "destroy", Duration::from_secs(60), &mut |holder| {
            heard.push(holder.command.clone());
            drop(first.take());
        })
        .expect("free after the first one is dropped");
        assert_eq!(heard, ["apply"]);
    }

    #[test]
    fn a_lock_file_that_somebody_removed_is_no_lock() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = folder.path().join("state.db");
        let file = open(&lock_path(&state)).expect("a lock file");
        std::fs::remove_file(lock_path(&state)).expect("it was there");
        assert!(!still_there(&file, &lock_path(&state)));
    }

    #[test]
    fn an_age_is_told_in_its_own_unit() {
        assert_eq!([age_text(59_999), age_text(180_000), age_text(7_200_000)], ["59 s", "3 min", "2 h"]);
        let holder =
            Holder { host: "h".into(), pid: 123, since_ms: now_ms() - 180_000, command: "apply".into() };
        assert_eq!(holder.to_string(), "held by pid 123 on h since 3 min (apply)");
    }
}
