//! The highest serial seen of a state, kept apart from it, so that a state which went back in time
//! or vanished is noticed.
//!
//! What is promised: once [`Watermark::raise`] has returned, a state at that place which is gone, of
//! another lineage or of a lower serial is refused by [`Watermark::check`]. It is raised when a
//! command opens a state and when a run ends, not with each commit: a copy put back while a run that
//! was killed has not been followed by another command is only noticed down to the serial at that
//! run's beginning.

use std::fs::{self, DirBuilder};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Meta, StateError};

/// Where the highest serial seen of one state is kept.
#[derive(Debug, Clone)]
pub struct Watermark {
    file: PathBuf,
    state: PathBuf,
}

/// What was seen of a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Its lineage.
    pub lineage: String,
    /// The highest serial.
    pub serial: u64,
}

impl Watermark {
    /// The watermark of the state at `state`, kept in `folder`, which is made when first needed.
    ///
    /// The state may not exist (yet, or any more); links in the path of its folder are resolved.
    #[must_use]
    pub fn new(folder: &Path, state: &Path) -> Self {
        let place = canonical_place(state);
        let digest = blake3::hash(place.as_os_str().as_encoded_bytes()).to_hex();
        Self { file: folder.join(format!("{}.seen.json", &digest[..32])), state: state.to_owned() }
    }

    /// What was seen at this place, if anything.
    ///
    /// # Errors
    /// [`StateError::Remembered`] when there is a record that cannot be read.
    pub fn seen(&self) -> Result<Option<Seen>, StateError> {
        let text = match fs::read_to_string(&self.file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(self.failed("read")(source)),
        };
        let unreadable = |error: serde_json::Error| self.failed("read")(error.into());
        serde_json::from_str(&text).map(Some).map_err(unreadable)
    }

    /// Compares what stands at this place now with what was seen; `None` is a state that is not there.
    ///
    /// # Errors
    /// [`StateError::Vanished`], [`StateError::Replaced`], [`StateError::Older`].
    pub fn check(&self, now: Option<&Meta>) -> Result<(), StateError> {
        let Some(Seen { lineage, serial }) = self.seen()? else { return Ok(()) };
        let path = self.state.clone();
        match now {
            // A state that never recorded anything takes nothing along when it goes.
            None if serial == 0 => Ok(()),
            None => Err(StateError::Vanished { path, lineage, serial }),
            Some(meta) if meta.lineage != lineage && serial == 0 => Ok(()),
            Some(meta) if meta.lineage != lineage => {
                Err(StateError::Replaced { path, found: meta.lineage.clone(), seen: lineage })
            }
            Some(meta) if meta.serial < serial => {
                Err(StateError::Older { path, found: meta.serial, seen: serial })
            }
            Some(_) => Ok(()),
        }
    }

    /// Remembers `meta`, durably and in one piece; a serial below the remembered one changes nothing.
    ///
    /// # Errors
    /// [`StateError::Remembered`]; what was remembered before still is.
    pub fn raise(&self, meta: &Meta) -> Result<(), StateError> {
        let seen = Seen { lineage: meta.lineage.clone(), serial: meta.serial };
        if self.seen()?.is_some_and(|old| old.lineage == seen.lineage && old.serial >= seen.serial) {
            return Ok(());
        }
        self.write(&crate::model::canonical(&seen)).map_err(self.failed("write"))
    }

    /// Forgets this place: state and world are known to be gone together.
    ///
    /// # Errors
    /// [`StateError::Remembered`].
    pub fn forget(&self) -> Result<(), StateError> {
        match fs::remove_file(&self.file) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(self.failed("forget")(error)),
            _ => Ok(()),
        }
    }

    fn write(&self, text: &str) -> std::io::Result<()> {
        if let Some(folder) = self.file.parent() {
            make_private(folder)?;
        }
        let folder = self.file.parent().unwrap_or(Path::new("."));
        let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
        temporary.write_all(text.as_bytes())?;
        temporary.as_file().sync_all()?;
        temporary.persist(&self.file)?;
        Ok(())
    }

    fn failed(&self, doing: &'static str) -> impl Fn(std::io::Error) -> StateError + '_ {
        move |source| StateError::Remembered { doing, path: self.file.clone(), source }
    }
}

/// The state's path with its folder's links resolved, so that one place has one name.
fn canonical_place(state: &Path) -> PathBuf {
    let state = std::path::absolute(state).unwrap_or_else(|_| state.to_owned());
    let mut rest = PathBuf::new();
    for folder in state.ancestors() {
        if let Ok(resolved) = folder.canonicalize() {
            return if rest.as_os_str().is_empty() { resolved } else { resolved.join(rest) };
        }
        let name = folder.file_name().map(PathBuf::from).unwrap_or_default();
        rest = if rest.as_os_str().is_empty() { name } else { name.join(rest) };
    }
    state
}

/// Makes a folder that only its owner may look into.
fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(lineage: &str, serial: u64) -> Meta {
        Meta {
            lineage: lineage.to_owned(),
            serial,
            format_version: 1,
            identity: None,
            rows: 0,
            digest_sum: String::new(),
        }
    }

    #[test]
    fn a_state_may_not_go_back_vanish_or_be_swapped() {
        let folder = tempfile::tempdir().expect("a folder");
        let watermark = Watermark::new(&folder.path().join("seen"), &folder.path().join("state.db"));
        watermark.check(None).expect("nothing was seen");
        watermark.raise(&meta("a", 7)).expect("written");
        watermark.raise(&meta("a", 5)).expect("not lowered");
        watermark.check(Some(&meta("a", 7))).expect("the same");
        watermark.check(Some(&meta("a", 8))).expect("newer");
        let said = |now: Option<&Meta>| watermark.check(now).expect_err("refused").to_string();
        assert!(said(Some(&meta("a", 6))).ends_with("went back to serial 6; serial 7 was here before"));
        assert!(said(None).ends_with("is gone; it was at serial 7 (lineage a)"));
        assert!(said(Some(&meta("b", 9))).contains("is another state (lineage b)"));
        watermark.forget().expect("forgotten");
        watermark.forget().expect("twice is no error");
        watermark.check(None).expect("a fresh start");
    }

    #[test]
    fn one_place_has_one_name_before_and_after_the_state_is_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = folder.path().join("project/.labwright/state.db");
        let before = Watermark::new(folder.path(), &state).file;
        fs::create_dir_all(state.parent().expect("a folder")).expect("made");
        fs::write(&state, "").expect("made");
        assert_eq!(Watermark::new(folder.path(), &state).file, before);
    }

    #[cfg(unix)]
    #[test]
    fn the_folder_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let seen = folder.path().join("labwright");
        Watermark::new(&seen, &folder.path().join("state.db")).raise(&meta("a", 1)).expect("written");
        let mode = fs::metadata(&seen).expect("made").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
