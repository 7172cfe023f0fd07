//! How long things usually take on the real service.
//!
//! Source: the vendor's table of lab accounts against lab plans (November 2021), reports of
//! replication times, and the vendor module's polling limits. Middle values; a guess, never a promise.

/// A sort of work that takes its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// A resource group, a gallery, an image definition, a switch: seconds.
    Small,
    /// A lab account.
    Account,
    /// An image version, replicated to its regions.
    Version,
    /// A lab of a lab account with its template.
    Lab,
    /// A capacity change of a published lab.
    Scale,
    /// A publish.
    Publish,
    /// An export of a template to a gallery, with the geography's replication.
    Export,
    /// A delete of a lab.
    DeleteLab,
    /// A delete of a version.
    DeleteVersion,
}

/// Its usual duration, in seconds.
#[must_use]
pub fn seconds(work: Work) -> u64 {
    match work {
        Work::Small => 10,
        Work::Account => 2 * 60,
        Work::Version => 45 * 60,
        Work::Lab => 25 * 60,
        Work::Scale | Work::Publish => 65 * 60,
        Work::Export => 2 * 60 * 60,
        Work::DeleteLab => 10 * 60,
        Work::DeleteVersion => 3 * 60,
    }
}
