//! What is shown of what a run has to itself.

use super::json::LeaseDocument;

/// What one process has to itself.
#[derive(Debug)]
pub struct LeaseView {
    /// Who it is and since when: `held by pid 123 on host since 3 min (apply)`.
    pub holder: String,
    /// Everything else.
    pub lease: LeaseDocument,
}
