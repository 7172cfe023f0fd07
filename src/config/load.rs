//! The project's files: finding them, reading them, and the limits. The only I/O of this module.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::codes::Code;
use super::error::{Mistake, Problems};
use super::near::quoted;
use super::paths::Patterns;
use super::texts::{Files, Place};

/// The file that makes a folder a project.
pub const PROJECT_FILE: &str = "labwright.yaml";

const FILE_BYTES: u64 = 64 * 1024 * 1024;
const ALL_BYTES: u64 = 512 * 1024 * 1024;
const ALL_FILES: usize = 200_000;

/// Where a project's files come from: a folder, or a commit of a repository.
///
/// Paths are relative to the project's root, with `/`; the root itself is the empty text.
pub trait Tree {
    /// What lies directly in a folder, in any order.
    ///
    /// # Errors
    /// When the folder cannot be read.
    fn list(&self, folder: &str) -> Result<Vec<Entry>, TreeError>;

    /// The bytes of a regular file inside the project, at most `limit` and one more.
    ///
    /// # Errors
    /// When there is none of that path, it is no regular file, it lies outside (links resolved), or
    /// it cannot be read.
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, TreeError>;
}

/// Something that lies in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its own name, without the folder's.
    pub name: String,
    /// What it is.
    pub sort: Sort,
}

/// What lies in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A link: not followed.
    Link,
    /// Anything else: not read.
    Other,
}

/// Why a file or a folder cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// There is nothing of this path.
    #[error("there is no such file")]
    Missing,
    /// It lies outside of the project, links resolved.
    #[error("it lies outside of the project")]
    Outside,
    /// It is a folder, a device or the like.
    #[error("it is no regular file")]
    NoFile,
    /// The system's own words.
    #[error("{0}")]
    System(String),
}

impl From<std::io::Error> for TreeError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound => Self::Missing,
            std::io::ErrorKind::PermissionDenied => Self::System("permission denied".into()),
            _ => Self::System(error.to_string().to_lowercase()),
        }
    }
}

/// A folder on this machine.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// The project in the folder at `root`.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self(root.into())
    }

    fn inside(&self, path: &str) -> Result<PathBuf, TreeError> {
        let (root, full) = (self.0.canonicalize()?, self.0.join(path).canonicalize()?);
        if full.starts_with(&root) { Ok(full) } else { Err(TreeError::Outside) }
    }
}

impl Tree for Folder {
    fn list(&self, folder: &str) -> Result<Vec<Entry>, TreeError> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(self.0.join(folder))? {
            let entry = entry?;
            let sort = match entry.file_type()? {
                sort if sort.is_file() => Sort::File,
                sort if sort.is_dir() => Sort::Folder,
                sort if sort.is_symlink() => Sort::Link,
                _ => Sort::Other,
            };
            // A name that is not Unicode cannot be named by a file either.
            entries.extend(entry.file_name().into_string().ok().map(|name| Entry { name, sort }));
        }
        Ok(entries)
    }

    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, TreeError> {
        let full = self.inside(path)?;
        read_regular(&full, limit)
    }
}

fn read_regular(path: &Path, limit: u64) -> Result<Vec<u8>, TreeError> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(TreeError::NoFile);
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl fmt::Debug for dyn Tree + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tree")
    }
}

/// Reads files within the limits; keeps their texts.
#[derive(Debug)]
pub(super) struct Loader<'a> {
    pub(super) tree: &'a dyn Tree,
    pub(super) files: Files,
    bytes_left: u64,
}

impl<'a> Loader<'a> {
    pub(super) fn new(tree: &'a dyn Tree) -> Self {
        Self { tree, files: Files::default(), bytes_left: ALL_BYTES }
    }

    /// Reads a file as text and gives its number. `named` is where the files name it, if they do.
    pub(super) fn read(&mut self, path: &str, named: Option<Place>) -> Result<u32, Box<Mistake>> {
        let at = |mistake: Mistake| match named {
            Some(place) => mistake.at(place, "named here"),
            None => mistake,
        };
        let bytes = self.tree.read(path, FILE_BYTES.min(self.bytes_left)).map_err(|error| {
            let code = if error == TreeError::Outside { Code::Path } else { Code::Unreadable };
            at(Mistake::new(code, format!("{} cannot be read: {error}", quoted(path))).help(advice(&error)))
        })?;
        let size = bytes.len() as u64;
        if size > FILE_BYTES || size > self.bytes_left {
            let (what, most) =
                if size > FILE_BYTES { ("the file is", 64) } else { ("all files together are", 512) };
            self.bytes_left = self.bytes_left.saturating_sub(size);
            let mistake =
                Mistake::new(Code::TooLarge, format!("{}: {what} larger than {most} MiB", quoted(path)));
            return Err(Box::new(at(mistake.advice("leave it out with `exclude:` in labwright.yaml"))));
        }
        self.bytes_left -= size;
        match String::from_utf8(bytes) {
            Ok(text) => self.checked(path, text),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let bytes = error.into_bytes();
                let help = if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
                    "this is UTF-16: save the file as UTF-8"
                } else {
                    "save the file as UTF-8; spreadsheets call it `CSV UTF-8`"
                };
                let text = String::from_utf8_lossy(&bytes[..valid]).into_owned();
                Err(Box::new(self.not_text(path, text, valid, "the file is not UTF-8 from here on", help)))
            }
        }
    }

    fn checked(&mut self, path: &str, text: String) -> Result<u32, Box<Mistake>> {
        match text.find('\0') {
            None => Ok(self.files.add(path, text)),
            Some(nul) => {
                let message = "the file holds a NUL character, so it is no text";
                Err(Box::new(self.not_text(path, text, nul, message, "save the file as UTF-8 text")))
            }
        }
    }

    fn not_text(&mut self, path: &str, text: String, at: usize, message: &str, help: &str) -> Mistake {
        let file = self.files.add(path, text);
        self.files.mask_by_guess(file);
        let place = place_at(file, &self.files.text(file), at, at);
        Mistake::new(Code::NotText, message).at(place, "here").advice(help)
    }
}

fn advice(error: &TreeError) -> Option<String> {
    let help = match error {
        TreeError::Missing => "paths are relative to the file that names them",
        TreeError::Outside => "copy the file into the project: paths stay inside, links resolved",
        TreeError::NoFile => "name a regular file",
        TreeError::System(_) => return None,
    };
    Some(help.into())
}

/// The place of the bytes from `start` to `end` of a text.
pub(super) fn place_at(file: u32, text: &str, start: usize, end: usize) -> Place {
    let before = &text.as_bytes()[..start.min(text.len())];
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column =
        String::from_utf8_lossy(&before[line_start..]).trim_start_matches('\u{feff}').chars().count() + 1;
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Place { file, line: number(line), column: number(column), start: number(start), end: number(end) }
}

/// The YAML files of a project.
#[derive(Debug, Default)]
pub(super) struct YamlFiles {
    /// Those that are read, sorted.
    pub(super) read: BTreeSet<String>,
    /// Links that would be read if they were files, sorted.
    pub(super) links: BTreeSet<String>,
}

/// Every YAML file below the root but the project file itself: hidden folders and other projects left
/// aside, narrowed by `include` and `exclude`.
pub(super) fn yaml_files(tree: &dyn Tree, patterns: &Patterns, problems: &mut Problems) -> YamlFiles {
    let mut found = YamlFiles::default();
    let mut folders = vec![String::new()];
    let mut looked = 0;
    while let Some(folder) = folders.pop() {
        let entries = match tree.list(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                let name = if folder.is_empty() { "the project's folder" } else { &folder };
                problems.add(
                    Mistake::new(Code::Unreadable, format!("{} cannot be read: {error}", quoted(name)))
                        .advice("mend its permissions, or leave it out with `exclude:` in labwright.yaml"),
                );
                continue;
            }
        };
        if !folder.is_empty() && entries.iter().any(|entry| entry.name == PROJECT_FILE) {
            continue;
        }
        for entry in entries {
            let path =
                if folder.is_empty() { entry.name.clone() } else { format!("{folder}/{}", entry.name) };
            match entry.sort {
                _ if entry.name.starts_with('.') => {}
                Sort::Folder if !patterns.exclude(&path) => folders.push(path),
                Sort::File if is_yaml(&entry.name) && path != PROJECT_FILE => {
                    looked += 1;
                    if patterns.admit(&path) {
                        found.read.insert(path);
                    }
                }
                Sort::Link if is_yaml(&entry.name) && patterns.admit(&path) => drop(found.links.insert(path)),
                _ => {}
            }
        }
        if looked > ALL_FILES {
            problems.add(
                Mistake::new(
                    Code::TooLarge,
                    format!("more than {ALL_FILES} YAML files lie below the project's root"),
                )
                .advice("narrow them with `include:` or `exclude:` in labwright.yaml"),
            );
            break;
        }
    }
    found
}

fn is_yaml(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|end| end == "yaml" || end == "yml")
}
