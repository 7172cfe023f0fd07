//! Commits of a repository as data: read by git, nothing of them checked out or run.
//!
//! Entry points are [`Repository::open`] and [`Repository::tree`], which gives the project of a commit as the same
//! [`Tree`](crate::config::Tree) that a folder is. git runs without hooks, filters, pagers and fetches, and without the
//! settings of the machine and of the user; what the repository's own settings name is not asked for by any command here.

mod error;
mod objects;
mod tree;

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

pub use error::GitError;
use objects::{Objects, is_id};
pub use tree::CommitTree;

/// A listing longer than this is not read: far more than the most files of a project.
const LISTING_BYTES: u64 = 128 * 1024 * 1024;

/// What keeps git from running or asking anything. Source: git(1), "Environment Variables".
const QUIET: [(&str, &str); 8] = [
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_ATTR_NOSYSTEM", "1"),
    ("GIT_NO_LAZY_FETCH", "1"),
    // Before git 2.45, which knows the line above, a fetch that begins comes no further than this.
    ("GIT_ALLOW_PROTOCOL", "none"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("LC_ALL", "C"),
];

/// The same for what only an option says. A repository that belongs to somebody else (a mounted one in a container) may be
/// read: git's doubts are about what its settings could run, and nothing here does.
const OPTIONS: [&str; 9] = [
    "--no-pager",
    "--no-replace-objects",
    "--literal-pathspecs",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "safe.directory=*",
];

/// A repository, and the folder in it that is looked at.
#[derive(Debug)]
pub struct Repository {
    folder: PathBuf,
    /// The folder's path in the repository: `labs/`, or empty.
    prefix: String,
    /// Where the working tree is; `None` of a bare repository.
    top: Option<PathBuf>,
    objects: Arc<Objects>,
}

/// A commit by its full id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit(String);

impl Commit {
    /// The full id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0
    }

    /// As much of the id as people read.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..self.0.len().min(10)]
    }
}

impl Repository {
    /// The repository that `folder` lies in.
    ///
    /// # Errors
    /// Without git, outside of a repository.
    pub fn open(folder: &Path) -> Result<Self, GitError> {
        let objects = Objects::open(folder)?;
        let looked = run(folder, ["rev-parse", "--is-inside-work-tree", "--show-prefix"])?;
        if !looked.status.success() {
            return Err(GitError::NoRepository { folder: folder.to_owned() });
        }
        let text = String::from_utf8_lossy(&looked.stdout).into_owned();
        let mut lines = text.lines();
        let has_work_tree = lines.next() == Some("true");
        let prefix = lines.next().unwrap_or_default().to_owned();
        let top = match has_work_tree {
            true => folder.canonicalize().ok().and_then(|own| {
                own.ancestors().nth(prefix.split('/').filter(|part| !part.is_empty()).count()).map(Into::into)
            }),
            false => None,
        };
        Ok(Self { folder: folder.to_owned(), prefix, top, objects: Arc::new(objects) })
    }

    /// The folder's path in the repository, ended by `/`; empty at its top.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The commit that a name means: a branch, a tag, an id.
    ///
    /// # Errors
    /// [`GitError::UnknownCommit`] where it means none.
    pub fn commit(&self, name: &str) -> Result<Commit, GitError> {
        let found = match name {
            "" => None,
            _ => self.objects.find(&format!("{name}^{{commit}}"))?,
        };
        let commit = found.map(|(id, _)| Commit(id));
        commit.ok_or_else(|| GitError::UnknownCommit { name: shown(name.as_bytes()) })
    }

    /// Where two commits parted; `None` where this repository does not know.
    ///
    /// # Errors
    /// When git does not start.
    pub fn parting(&self, one: &Commit, other: &Commit) -> Result<Option<Commit>, GitError> {
        let found = run(&self.folder, ["merge-base", one.id(), other.id()])?;
        let text = String::from_utf8_lossy(&found.stdout).into_owned();
        let first = text.lines().next().filter(|first| found.status.success() && is_id(first));
        Ok(first.map(|first| Commit(first.to_owned())))
    }

    /// The folder as it is in a commit; empty where the commit does not have it.
    ///
    /// # Errors
    /// Where its listing cannot be read.
    pub fn tree(&self, commit: &Commit) -> Result<CommitTree, GitError> {
        let name = match self.prefix.trim_end_matches('/') {
            "" => format!("{}^{{tree}}", commit.id()),
            folder => format!("{}:{folder}", commit.id()),
        };
        let objects = Arc::clone(&self.objects);
        // In another commit the folder may be a file, or a link.
        let Some((tree, _)) = self.objects.find(&name)?.filter(|(_, sort)| sort == "tree") else {
            return Ok(CommitTree::empty(objects));
        };
        let listing = listing(&self.folder, &tree, commit)?;
        Ok(CommitTree::new(objects, tree, &listing))
    }

    /// Whether a commit holds the file at a path of this machine, links resolved.
    ///
    /// # Errors
    /// When git does not start.
    pub fn holds(&self, commit: &Commit, file: &Path) -> Result<bool, GitError> {
        let Some(top) = &self.top else { return Ok(false) };
        let Ok(file) = file.canonicalize() else { return Ok(false) };
        let Some(inside) = file.strip_prefix(top).ok().and_then(Path::to_str) else { return Ok(false) };
        let name = format!("{}:{}", commit.id(), inside.replace('\\', "/"));
        Ok(self.objects.find(&name)?.is_some())
    }
}

fn listing(folder: &Path, tree: &str, commit: &Commit) -> Result<Vec<u8>, GitError> {
    let mut child = git(folder)
        .args(["ls-tree", "-r", "-z", "--full-tree", tree])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(not_started)?;
    let mut listing = Vec::new();
    let out = child.stdout.take().expect("it is piped");
    let read = out.take(LISTING_BYTES + 1).read_to_end(&mut listing);
    let is_long = listing.len() as u64 > LISTING_BYTES;
    if is_long {
        child.kill().map_err(GitError::NotStarted)?;
    }
    let status = child.wait().map_err(GitError::NotStarted)?;
    match read {
        _ if is_long => Err(GitError::TooManyFiles { commit: commit.short().to_owned() }),
        Ok(_) if status.success() => Ok(listing),
        Ok(_) => Err(GitError::Failed { what: "ls-tree", said: "a tree is missing or damaged".into() }),
        Err(error) => Err(GitError::NotStarted(error)),
    }
}

/// git, quiet, in `folder`.
fn git(folder: &Path) -> Command {
    let mut git = Command::new("git");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
        git.env_remove(name);
    }
    git.envs(QUIET).args(OPTIONS).arg("-C").arg(folder);
    git
}

fn run<'a>(folder: &Path, arguments: impl IntoIterator<Item = &'a str>) -> Result<Output, GitError> {
    let mut git = git(folder);
    git.args(arguments.into_iter().map(OsStr::new)).stdin(Stdio::null()).output().map_err(not_started)
}

fn not_started(error: std::io::Error) -> GitError {
    match error.kind() {
        std::io::ErrorKind::NotFound => GitError::Missing,
        _ => GitError::NotStarted(error),
    }
}

/// What git or a caller wrote, fit to be shown.
fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(text).chars().filter(|c| !c.is_control()).take(200).collect()
}
