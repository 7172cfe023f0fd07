//! What is shown of a run that is over.

use super::run::RunView;
use super::words::clean;
use crate::model::RunOutcome;

/// A run that is over.
#[derive(Debug)]
pub struct PastRun<'p> {
    /// Its number.
    pub id: u64,
    /// When it began, RFC 3339 in UTC.
    pub started: String,
    /// How long it took; `None` where it broke off before it wrote anything.
    pub seconds: Option<u64>,
    /// The host's name.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// Who started it.
    pub by: Option<String>,
    /// From which commit.
    pub commit: Option<String>,
    /// The command.
    pub command: String,
    /// How it ended; `None` where it broke off or is still under way.
    pub outcome: Option<RunOutcome>,
    /// What it did.
    pub view: RunView<'p>,
}

impl PastRun<'_> {
    /// How many resources were only recorded: imported, adopted, found done already.
    pub(super) fn recorded(&self) -> usize {
        let before = self.view.plan.records.iter().filter(|own| own.address.kind() != "Publish").count();
        before + self.view.counts.imported + self.view.counts.recorded
    }
}

/// Who, where, from which commit: `ana, pid 7 on ci-3, commit 9f3c2ab41d07`.
#[must_use]
pub fn came_from(by: Option<&str>, pid: u32, host: &str, commit: Option<&str>) -> String {
    let by = by.map(|by| format!("{}, ", clean(by))).unwrap_or_default();
    let commit = commit.map(|id| format!(", commit {}", clean(id).chars().take(12).collect::<String>()));
    format!("{by}pid {pid} on {}{}", clean(host), commit.unwrap_or_default())
}
