//! What is shown of drift: what was recorded against what Azure has.

use super::AttributeView;
use super::view::{subject, title};
use super::words::clean;
use crate::model::{Finding, Identity, Source};
use crate::plan::AttributeChange;

/// Drift as it is shown.
#[derive(Debug)]
pub struct DriftView<'d> {
    /// `contoso-cs, prod: Azure`.
    pub title: String,
    /// What a comment is found again by: `contoso-cs/prod`.
    pub subject: String,
    /// How many resources were read.
    pub read: usize,
    /// What is said first: an interrupted run, what could not be read.
    pub remarks: Vec<Finding>,
    /// What could not be read, sorted by address; the message is the reason.
    pub unread: Vec<Finding>,
    /// What differs, sorted by address.
    pub changes: Vec<DriftChange<'d>>,
    /// The beginning of a command that puts an address back, `labwright apply --refresh`.
    pub apply_command: String,
}

/// One resource that is not as recorded.
#[derive(Debug)]
pub struct DriftChange<'d> {
    /// Where, without control characters.
    pub address: String,
    /// Whether it is gone from Azure.
    pub gone: bool,
    /// The resource's key in the files.
    pub source: Option<Source>,
    /// What differs, sorted by path; empty where it is gone.
    pub attributes: Vec<AttributeView<'d>>,
}

impl<'d> DriftView<'d> {
    /// A view of nothing yet.
    #[must_use]
    pub fn new(identity: &Identity, read: usize, remarks: Vec<Finding>, apply_command: String) -> Self {
        Self {
            title: title(identity, None),
            subject: subject(identity),
            read,
            remarks,
            unread: Vec::new(),
            changes: Vec::new(),
            apply_command,
        }
    }

    /// Adds the next resource in the order of addresses; `attributes` is `None` where it is gone.
    pub fn add(&mut self, address: &str, source: Option<Source>, attributes: Option<&'d [AttributeChange]>) {
        let gone = attributes.is_none();
        let attributes = attributes.unwrap_or_default().iter().map(AttributeView::new).collect();
        self.changes.push(DriftChange { address: clean(address), gone, source, attributes });
    }

    /// Why resources could not be read, without control characters, and how many for each reason.
    #[must_use]
    pub fn reasons(&self) -> Vec<(String, usize)> {
        let mut reasons: Vec<(String, usize)> = Vec::new();
        for Finding { message, .. } in &self.unread {
            let reason = clean(message);
            match reasons.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, number)) => *number += 1,
                None => reasons.push((reason, 1)),
            }
        }
        reasons
    }

    /// How many are gone, and how many changed.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let gone = self.changes.iter().filter(|change| change.gone).count();
        (gone, self.changes.len() - gone)
    }
}
