//! Leases: what a run has to itself while it lasts, address by address.

use std::collections::BTreeSet;

use super::Holder;
use crate::model::{Address, RunHeader};

/// What a run is about to change, and what its plan rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claim {
    /// Nobody else may change these or rest on them.
    pub changes: BTreeSet<Address>,
    /// Nobody else may change these.
    pub reads: BTreeSet<Address>,
}

impl Claim {
    /// Whether this claim and somebody's lease of `address`, to change it or only to read it, exclude each other.
    #[must_use]
    pub fn excludes(&self, address: &str, changes: bool) -> bool {
        self.changes.contains(address) || (changes && self.reads.contains(address))
    }

    /// Takes another claim in.
    pub fn extend(&mut self, other: Self) {
        self.changes.extend(other.changes);
        self.reads.extend(other.reads);
    }
}

/// What one owner has to itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The owner's id, by which it is broken.
    pub id: String,
    /// Who it is.
    pub holder: Holder,
    /// What it has.
    pub claim: Claim,
    /// The run that it carries out, if it has begun one.
    pub run: Option<u64>,
}

/// A run whose end is not written.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenRun {
    /// The run.
    pub header: RunHeader,
    /// Who carries it out; `None` where it broke off.
    pub holder: Option<Holder>,
}

/// `Lab/a`, or `Lab/a and 3 others`.
pub(super) fn named(addresses: &[String]) -> String {
    match addresses {
        [] => "nothing".to_owned(),
        [only] => only.clone(),
        [first, second] => format!("{first} and {second}"),
        [first, others @ ..] => format!("{first} and {} others", others.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_get_on_and_writers_with_nobody() {
        let (a, b) = (Address::new("Lab", "a"), Address::new("Lab", "b"));
        let claim = Claim { changes: BTreeSet::from([a.clone()]), reads: BTreeSet::from([b.clone()]) };
        assert!(claim.excludes(a.as_str(), true) && claim.excludes(a.as_str(), false));
        assert!(claim.excludes(b.as_str(), true) && !claim.excludes(b.as_str(), false));
        assert!(!claim.excludes("Lab/c", true));
    }
}
