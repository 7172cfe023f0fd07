//! A commit's folder as a tree of files.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::objects::Objects;
use crate::config::{Entry, Sort, Tree, TreeError};

/// Links that lead to links, at most; more is a circle.
const LINKS: usize = 40;
/// A link's target is no longer than this.
const TARGET_BYTES: u64 = 4096;

/// The files of a folder as they are in one commit.
#[derive(Debug)]
pub struct CommitTree {
    objects: Arc<Objects>,
    /// The tree's own id; `None` where the commit does not have the folder.
    id: Option<String>,
    /// By path, with `/`: what it is, and the id of its content.
    files: BTreeMap<String, (Sort, String)>,
    /// What lies directly in each folder, sorted by name.
    folders: BTreeMap<String, BTreeMap<String, Sort>>,
}

impl CommitTree {
    pub(super) fn empty(objects: Arc<Objects>) -> Self {
        Self { objects, id: None, files: BTreeMap::new(), folders: BTreeMap::new() }
    }

    /// The tree that `ls-tree -r -z` lists.
    pub(super) fn new(objects: Arc<Objects>, id: String, listing: &[u8]) -> Self {
        let mut tree = Self { id: Some(id), ..Self::empty(objects) };
        // A name that is not Unicode cannot be named by a file either.
        let lines = listing.split(|byte| *byte == 0).filter_map(|line| std::str::from_utf8(line).ok());
        for (facts, path) in lines.filter_map(|line| line.split_once('\t')) {
            let mut facts = facts.split(' ');
            let (mode, id) = (facts.next().unwrap_or_default(), facts.nth(1).unwrap_or_default());
            let sort = match mode {
                "100644" | "100755" | "100664" => Sort::File,
                "120000" => Sort::Link,
                // A commit of another repository: its files are not here.
                _ => Sort::Other,
            };
            tree.add(path, sort);
            tree.files.insert(path.to_owned(), (sort, id.to_owned()));
        }
        tree
    }

    fn add(&mut self, path: &str, sort: Sort) {
        let (mut path, mut sort) = (path, sort);
        loop {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            let known = self.folders.get(folder).is_some_and(|names| names.contains_key(name));
            self.folders.entry(folder.to_owned()).or_default().insert(name.to_owned(), sort);
            if known || folder.is_empty() {
                return;
            }
            (path, sort) = (folder, Sort::Folder);
        }
    }

    /// The tree's own id: two trees of one id hold the same; `None` where the commit does not have the folder.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Whether there is a file or a link of this path.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.files.contains_key(&parts(path).join("/"))
    }

    /// Where a path leads, links resolved.
    fn resolved(&self, path: &str) -> Result<&str, TreeError> {
        let mut open: Vec<String> = parts(path);
        let mut done: Vec<String> = Vec::new();
        let mut links = 0;
        open.reverse();
        while let Some(part) = open.pop() {
            if part == ".." {
                done.pop().ok_or(TreeError::Outside)?;
                continue;
            }
            done.push(part);
            let here = done.join("/");
            let Some((Sort::Link, id)) = self.files.get(&here) else { continue };
            links += 1;
            let target = self.objects.content(id, TARGET_BYTES)?;
            let target = String::from_utf8(target).map_err(|_| TreeError::Missing)?;
            if target.starts_with('/') {
                return Err(TreeError::Outside);
            }
            if links > LINKS {
                return Err(TreeError::NoFile);
            }
            done.pop();
            open.extend(parts(&target).into_iter().rev());
        }
        let path = done.join("/");
        match self.files.get_key_value(&path) {
            Some((path, (Sort::File, _))) => Ok(path),
            Some(_) => Err(TreeError::NoFile),
            None if self.folders.contains_key(&path) => Err(TreeError::NoFile),
            None => Err(TreeError::Missing),
        }
    }
}

fn parts(path: &str) -> Vec<String> {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned).collect()
}

impl Tree for CommitTree {
    fn list(&self, folder: &str) -> Result<Vec<Entry>, TreeError> {
        match self.folders.get(folder) {
            Some(names) => {
                Ok(names.iter().map(|(name, sort)| Entry { name: name.clone(), sort: *sort }).collect())
            }
            None if folder.is_empty() => Ok(Vec::new()),
            None => Err(TreeError::Missing),
        }
    }

    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, TreeError> {
        let path = self.resolved(path)?;
        let (_, id) = &self.files[path];
        self.objects.content(id, limit)
    }
}
