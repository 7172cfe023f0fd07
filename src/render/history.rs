//! What is shown of a run that is over.

use super::run::RunView;
use super::words::clean;
use crate::model::RunHeader;

/// A run that is over.
#[derive(Debug)]
pub struct PastRun<'p> {
    /// Its header.
    pub header: RunHeader,
    /// When it began, RFC 3339 in UTC.
    pub started: String,
    /// How long it took; `None` where it broke off before it wrote anything.
    pub seconds: Option<u64>,
    /// Whether a process is alive that carries it out.
    pub is_under_way: bool,
    /// What it did.
    pub view: RunView<'p>,
}

impl PastRun<'_> {
    /// How many resources were only recorded, before any action: by an import or a refresh.
    pub(super) fn records(&self) -> usize {
        self.view.plan.records.iter().filter(|own| own.address.kind() != "Publish").count()
    }
}

/// Who, where, from which commit: `ana, pid 7 on ci-3, commit 9f3c2ab41d07`.
#[must_use]
pub fn came_from(run: &RunHeader) -> String {
    let RunHeader { by, pid, host, commit, .. } = run;
    let by = by.as_ref().map(|by| format!("{}, ", clean(by))).unwrap_or_default();
    let commit =
        commit.as_ref().map(|id| format!(", commit {}", clean(id).chars().take(12).collect::<String>()));
    format!("{by}pid {pid} on {}{}", clean(host), commit.unwrap_or_default())
}
