//! Why a repository cannot be read.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

/// What can be wrong with a repository, by what the reader can do about it.
#[derive(Debug, Error, Diagnostic)]
pub enum GitError {
    /// There is no git on this machine.
    #[error("git is not installed, or not in PATH")]
    #[diagnostic(
        code(labwright::git::missing),
        help("`review` reads both sides with git: install it, then run the command again")
    )]
    Missing,
    /// git does not start.
    #[error("git does not start")]
    #[diagnostic(code(labwright::git::not_started))]
    NotStarted(#[source] std::io::Error),
    /// The folder is in no repository.
    #[error("`{}` is in no git repository", folder.display())]
    #[diagnostic(
        code(labwright::git::no_repository),
        help("name the project's folder in its repository with -C")
    )]
    NoRepository {
        /// The folder.
        folder: PathBuf,
    },
    /// A name means no commit.
    #[error("`{name}` is no commit of this repository")]
    #[diagnostic(
        code(labwright::git::unknown_commit),
        help(
            "check its spelling; a shallow clone of a pipeline holds few commits, and `git fetch origin BRANCH` brings more (then `--base FETCH_HEAD`)"
        )
    )]
    UnknownCommit {
        /// The name.
        name: String,
    },
    /// A commit holds more files than are read.
    #[error("the project's folder in {commit} holds more files than are read")]
    #[diagnostic(
        code(labwright::git::too_many_files),
        help("give the project a folder of its own, and name it with -C")
    )]
    TooManyFiles {
        /// The commit.
        commit: String,
    },
    /// git refuses for a reason of its own.
    #[error("git {what} failed: {said}")]
    #[diagnostic(
        code(labwright::git::failed),
        help(
            "`git fsck` tells whether the repository is whole; in a partial clone, fetch what is missing first"
        )
    )]
    Failed {
        /// Which of its commands.
        what: &'static str,
        /// What it said last.
        said: String,
    },
}
