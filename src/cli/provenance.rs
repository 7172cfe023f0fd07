//! Who starts a run, and from which commit: what the environment says, for the record of runs alone.

use std::path::Path;
use std::process::{Command, Stdio};

/// Variables that name who started a pipeline, then who is signed in to this machine. Source: the predefined variables of
/// GitHub Actions, GitLab CI and Azure Pipelines.
const WHO: [&str; 6] =
    ["GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILD_REQUESTEDFOR", "USER", "LOGNAME", "USERNAME"];

/// Who starts this run, where the environment says so.
pub(super) fn who() -> Option<String> {
    WHO.iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()))
}

/// The commit that is checked out where the project lies; `None` without git or a repository.
///
/// Only the name of the commit is asked for, which runs nothing that a repository's settings could name.
pub(super) fn commit(root: &Path) -> Option<String> {
    let mut git = Command::new("git");
    git.arg("-C").arg(root).args(["rev-parse", "--verify", "--quiet", "HEAD"]);
    let output = git.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let id = text.trim();
    let is_id = id.len() >= 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    (output.status.success() && is_id).then(|| id.to_owned())
}
