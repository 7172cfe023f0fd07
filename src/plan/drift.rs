//! Recorded against observed.

use std::collections::{BTreeMap, BTreeSet};

use super::AttributeChange;
use super::diff::seen_differences;
use crate::kinds::{kind_of, references};
use crate::model::{Address, Desired, Observed, Recorded, Row, is_ignored};

/// A resource that is not as it was recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Drifted {
    /// Which.
    pub address: Address,
    /// Whether it is gone from Azure.
    pub gone: bool,
    /// What differs: `before` as recorded, `after` as observed.
    pub attributes: Vec<AttributeChange>,
}

/// What differs between the record and what was read (`None`: a 404), sorted by address.
///
/// Attributes that `ignoreChanges` names are left out; places are those of the files, where there are any.
#[must_use]
pub fn drift(
    recorded: &Recorded,
    seen: &BTreeMap<Address, Option<Observed>>,
    desired: &Desired,
) -> Vec<Drifted> {
    let mut drifted = Vec::new();
    for (address, seen) in seen {
        let Some(row) = recorded.rows.get(address) else { continue };
        let resource = desired.resources.get(address);
        let Some(observed) = seen else {
            drifted.push(Drifted { address: address.clone(), gone: true, attributes: Vec::new() });
            continue;
        };
        // It is recorded as failed, and failed it is.
        if row.is_failed() && observed.failed {
            continue;
        }
        let mut attributes = seen_differences(kind_of(address).info(), row, &observed.attributes);
        if let Some(resource) = resource {
            attributes.retain(|change| !is_ignored(&resource.ignore_changes, &change.path));
            for change in &mut attributes {
                change.source = Some(resource.source_of(&change.path).clone());
            }
        }
        if !attributes.is_empty() {
            drifted.push(Drifted { address: address.clone(), gone: false, attributes });
        }
    }
    drifted
}

/// The record with what was read in place of what was recorded; what is gone is dropped.
///
/// Only attributes that were recorded and are not ignored are taken over: reading does not make anything
/// managed. What a failed creation left stays recorded as that until it is there and well.
#[must_use]
pub fn refreshed(recorded: &Recorded, seen: &BTreeMap<Address, Option<Observed>>) -> Recorded {
    let mut fresh = recorded.clone();
    let gone: BTreeSet<_> =
        seen.iter().filter(|(_, seen)| seen.is_none()).map(|(address, _)| address).collect();
    // What was done to something is gone with it: a lab made anew is not published, an image not exported.
    fresh.rows.retain(|address, row| {
        let refers = |gone: &&Address| references(kind_of(address).info(), &row.attributes).contains(*gone);
        !kind_of(address).info().invoked || !gone.iter().any(refers)
    });
    for (address, seen) in seen {
        match seen {
            None => drop(fresh.rows.remove(address)),
            Some(observed) => {
                let Some(row) = fresh.rows.get_mut(address) else { continue };
                if row.is_failed() {
                    if observed.failed {
                        continue;
                    }
                    // Somebody mended it.
                    row.unfinished = None;
                }
                as_seen(address, row, observed);
            }
        }
    }
    fresh
}

/// Puts what was read in place of what a row says: of what it has and does not ignore.
pub fn as_seen(address: &Address, row: &mut Row, observed: &Observed) {
    for change in seen_differences(kind_of(address).info(), row, &observed.attributes) {
        put(&mut row.attributes, &change.path, change.after);
    }
}

fn put(
    attributes: &mut serde_json::Map<String, serde_json::Value>,
    path: &str,
    value: Option<serde_json::Value>,
) {
    let (top, rest) = path.split_once('.').map_or((path, None), |(top, rest)| (top, Some(rest)));
    match (rest, attributes.get_mut(top).and_then(serde_json::Value::as_object_mut), value) {
        (Some(rest), Some(inner), value) => put(inner, rest, value),
        (_, _, Some(value)) => drop(attributes.insert(top.to_owned(), value)),
        (_, _, None) => drop(attributes.remove(top)),
    }
}
