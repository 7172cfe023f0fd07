//! The files that an import writes: laid out by kind, read before they are written, never over another file.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::Blocks;
use crate::cli::context::beside;
use crate::cli::failure::CommandError;
use crate::cli::{Context, Failure, project};
use crate::config::{Entry, Folder, PROJECT_FILE, Project, Sort, Tree, TreeError};

/// Which sections stand in which file.
const LAYOUT: &[(&str, &[&str])] = &[
    ("groups.yaml", &["resourceGroups"]),
    ("galleries.yaml", &["galleries"]),
    ("images.yaml", &["images"]),
    ("accounts.yaml", &["labAccounts", "labPlans", "galleryAttachments"]),
    ("labs.yaml", &["credentials", "timetables", "labs"]),
];

/// Texts by the names of their files.
pub(in crate::cli) type Files = BTreeMap<String, String>;

/// The resources' files.
pub(in crate::cli) fn of(blocks: &Blocks) -> Files {
    let file = |(name, sections): &(&str, &[&str])| {
        let parts: Map<_, _> = sections
            .iter()
            .filter_map(|section| Some(((*section).to_owned(), Value::Object(blocks.get(section)?.clone()))))
            .collect();
        (!parts.is_empty()).then(|| ((*name).to_owned(), text(&parts)))
    };
    LAYOUT.iter().filter_map(file).collect()
}

/// The text of `labwright.yaml`.
pub(in crate::cli) fn project_file(project: &str, cloud: &Value, defaults: &Map<String, Value>) -> String {
    let mut text = text(&json!({ "project": project }).as_object().cloned().unwrap_or_default());
    text += &self::text(&json!({ "cloud": cloud }).as_object().cloned().unwrap_or_default());
    if !defaults.is_empty() {
        text += &self::text(&json!({ "defaults": defaults }).as_object().cloned().unwrap_or_default());
    }
    text
}

fn text(map: &Map<String, Value>) -> String {
    serde_yaml::to_string(map).expect("our own values can be written")
}

/// The same files under names that no file of the folder has: `labs-2.yaml` beside `labs.yaml`.
pub(in crate::cli) fn beside_others(root: &Path, files: Files) -> Files {
    let free = |name: &str| {
        let stem = name.trim_end_matches(".yaml");
        let numbered = (2..).map(|number| format!("{stem}-{number}.yaml"));
        std::iter::once(name.to_owned()).chain(numbered).find(|name| !root.join(name).exists())
    };
    files.into_iter().filter_map(|(name, text)| Some((free(&name)?, text))).collect()
}

/// Refuses, all at once, files that are there with another content.
///
/// One with the same content is what an import that broke off has written.
pub(in crate::cli) fn refuse_others(root: &Path, files: &Files) -> Result<(), Failure> {
    let mut there = Vec::new();
    for (name, text) in files {
        match std::fs::read(root.join(name)) {
            Ok(bytes) if bytes == text.as_bytes() => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Ok(_) | Err(_) => there.push(format!("`{}`", root.join(name).display())),
        }
    }
    if there.is_empty() { Ok(()) } else { Err(CommandError::NotOver { files: there.join(", ") }.into()) }
}

/// Writes the files that are not there yet, each in one piece, `labwright.yaml` last.
pub(in crate::cli) fn write(root: &Path, files: &Files) -> Result<(), Failure> {
    let (last, first): (Vec<_>, Vec<_>) = files.iter().partition(|(name, _)| *name == PROJECT_FILE);
    for (name, text) in first.into_iter().chain(last) {
        let path = root.join(name);
        if !path.exists() {
            let written = beside(&path, text).and_then(|file| Ok(file.persist_noclobber(&path)?));
            written.map_err(|source| CommandError::File { doing: "write", path, source })?;
        }
    }
    Ok(())
}

/// The project of the folder as it will be with these files, or of them alone.
///
/// # Errors
/// Exit 3 with everything that is wrong with it.
pub(in crate::cli) fn load(files: &Files, alone: bool, context: &Context) -> Result<Project, Failure> {
    project::load_from(&Overlay { folder: Folder::new(context.root()), files, alone }, context)
}

/// The project as it will be: a folder with files that are not written yet.
#[derive(Debug)]
struct Overlay<'a> {
    /// The folder.
    folder: Folder,
    /// The files that lie in its root, or will.
    files: &'a Files,
    /// Whether only those are looked at.
    alone: bool,
}

impl Tree for Overlay<'_> {
    fn list(&self, folder: &str) -> Result<Vec<Entry>, TreeError> {
        let mut entries = if self.alone { Vec::new() } else { self.folder.list(folder)? };
        if folder.is_empty() {
            entries.retain(|entry| !self.files.contains_key(&entry.name));
            entries.extend(self.files.keys().map(|name| Entry { name: name.clone(), sort: Sort::File }));
        }
        Ok(entries)
    }

    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, TreeError> {
        match self.files.get(path) {
            Some(text) => Ok(text.clone().into_bytes()),
            None if self.alone => Err(TreeError::Missing),
            None => self.folder.read(path, limit),
        }
    }
}
