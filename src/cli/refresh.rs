//! Reading what Azure has of what is recorded.

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use super::cloud::Connection;
use super::context::remark;
use crate::apply::{Seen, observe};
use crate::model::{Address, Finding, Observed, Recorded, Severity};
use crate::plan::{Failure, refreshed};
use crate::render::count;

/// How many resources are read at once.
const AT_ONCE: usize = 10;

/// What Azure has.
#[derive(Debug)]
pub(super) struct Refreshed {
    /// The record with what Azure has in place of what was recorded.
    pub(super) recorded: Recorded,
    /// What could not be read.
    pub(super) remarks: Vec<Finding>,
}

/// What was seen: by address, `None` for what is gone; and what could not be read.
pub(super) type Sight = (BTreeMap<Address, Option<Observed>>, Vec<Finding>);

/// Reads the recorded resources at `addresses`.
pub(super) async fn look(
    recorded: &Recorded,
    addresses: &BTreeSet<Address>,
    connection: &Connection,
    context: &Context,
) -> Sight {
    context.printer.note(&format!("Reading {} …\n", count(addresses.len(), "resource")));
    let mut seen = BTreeMap::new();
    let mut remarks = Vec::new();
    for (address, sight) in observe(recorded, addresses, &connection.arm, AT_ONCE).await {
        match sight {
            Seen::Gone => drop(seen.insert(address, None)),
            Seen::There(observed) => drop(seen.insert(address, Some(observed))),
            Seen::Unreadable(Failure { code, message }) => remarks.push(Finding {
                address: Some(address),
                ..remark(
                    "unreadable",
                    Severity::Warning,
                    format!("{code}: {message}"),
                    Some("nothing can be said about it; what is recorded stands".into()),
                )
            }),
        }
    }
    (seen, remarks)
}

/// Reads everything that is recorded.
pub(super) async fn read(recorded: &Recorded, connection: &Connection, context: &Context) -> Refreshed {
    let all = recorded.rows.keys().cloned().collect();
    let (seen, remarks) = look(recorded, &all, connection, context).await;
    Refreshed { recorded: refreshed(recorded, &seen), remarks }
}
