//! How long things take: as this project's own runs did, else as they usually do on the real service.
//!
//! Source of the catalogue: the vendor's table of lab accounts against lab plans (November 2021), reports of
//! replication times, and the vendor module's polling limits. Middle values; a guess, never a promise.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A sort of work that takes its time. Its word in a plan is that under which a state remembers how long it took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Work {
    /// Nothing but a note in the record.
    Record,
    /// A resource group, a gallery, an image definition, a switch: seconds.
    #[default]
    Small,
    /// A lab account.
    Account,
    /// An image version, replicated to its regions.
    Version,
    /// A lab of a lab account with its template.
    Lab,
    /// A capacity change of a published lab of a lab account.
    Scale,
    /// A publish of a lab of a lab account.
    Publish,
    /// An export of a template to a lab account's gallery, with the geography's replication.
    Export,
    /// A lab of a lab plan with its template.
    PlanLab,
    /// A capacity change of a published lab of a lab plan.
    PlanScale,
    /// A publish of a lab of a lab plan.
    PlanPublish,
    /// An export of a template to a lab plan's gallery, which replicates nothing.
    PlanExport,
    /// A delete of a lab.
    DeleteLab,
    /// A delete of a version.
    DeleteVersion,
    /// A delete of an exported image with its versions.
    DeleteExported,
}

impl Work {
    /// Every sort.
    pub const ALL: [Self; 15] = [
        Self::Record,
        Self::Small,
        Self::Account,
        Self::Version,
        Self::Lab,
        Self::Scale,
        Self::Publish,
        Self::Export,
        Self::PlanLab,
        Self::PlanScale,
        Self::PlanPublish,
        Self::PlanExport,
        Self::DeleteLab,
        Self::DeleteVersion,
        Self::DeleteExported,
    ];

    /// The word under which a state remembers it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Small => "small",
            Self::Account => "account",
            Self::Version => "version",
            Self::Lab => "lab",
            Self::Scale => "scale",
            Self::Publish => "publish",
            Self::Export => "export",
            Self::PlanLab => "planLab",
            Self::PlanScale => "planScale",
            Self::PlanPublish => "planPublish",
            Self::PlanExport => "planExport",
            Self::DeleteLab => "deleteLab",
            Self::DeleteVersion => "deleteVersion",
            Self::DeleteExported => "deleteExported",
        }
    }

    /// Its usual duration on the real service, in seconds.
    #[must_use]
    pub fn usual_seconds(self) -> u64 {
        match self {
            Self::Record => 0,
            Self::Small => 10,
            Self::Account => 2 * 60,
            Self::Version => 45 * 60,
            Self::Lab => 25 * 60,
            Self::Scale | Self::Publish => 65 * 60,
            Self::Export => 2 * 60 * 60,
            Self::PlanScale | Self::PlanPublish => 18 * 60,
            Self::PlanLab | Self::PlanExport | Self::DeleteLab => 10 * 60,
            Self::DeleteVersion => 3 * 60,
            Self::DeleteExported => 3 * 60 + 10,
        }
    }
}

/// How long each sort of work takes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Durations {
    learned: BTreeMap<Work, u64>,
}

impl Durations {
    /// What earlier runs tell: by the word of the work, milliseconds, one for each run. Words of no work are passed over.
    #[must_use]
    pub fn learned(runs: &BTreeMap<String, Vec<u64>>) -> Self {
        let known = |work: &Work| Some((*work, median(runs.get(work.as_str())?)?.div_ceil(1000).max(1)));
        Self { learned: Work::ALL.iter().filter_map(known).collect() }
    }

    /// How long some work takes, in seconds: never 0 but for what is only recorded.
    #[must_use]
    pub fn seconds(&self, work: Work) -> u64 {
        self.learned.get(&work).copied().unwrap_or_else(|| work.usual_seconds())
    }
}

/// The middle one; of two, the greater. `None` of nothing.
#[must_use]
pub fn median(values: &[u64]) -> Option<u64> {
    let mut values = values.to_vec();
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_learned_wins_over_the_catalogue() {
        let runs = [
            ("lab", vec![90_000, 60_500, 61_000]),
            ("small", vec![20]),
            ("publish", vec![]),
            ("moon", vec![1]),
        ];
        let runs = runs.map(|(work, took)| (work.to_owned(), took)).into();
        let durations = Durations::learned(&runs);
        let seconds =
            [Work::Lab, Work::Small, Work::Publish, Work::Record].map(|work| durations.seconds(work));
        assert_eq!(seconds, [61, 1, 65 * 60, 0]);
    }

    #[test]
    fn every_work_has_its_own_word_which_plans_use_too() {
        for work in Work::ALL {
            assert_eq!(serde_json::json!(work), work.as_str());
        }
    }
}
