//! How a run begins.

use crate::model::{Identity, RunHeader, canonical};
use crate::plan::{Plan, Record};
use crate::state::{RowWrite, StateError, Store};

/// Begins a run of `plan` and writes what the plan only records; gives the run's number.
///
/// # Errors
/// What the store says: no room, or another project's state.
pub fn begin(
    store: &mut dyn Store,
    header: RunHeader,
    plan: &Plan,
    identity: &Identity,
) -> Result<u64, StateError> {
    let run = store.begin(header, &canonical(plan), identity)?;
    let write = |Record { address, row }: &Record| match row {
        Some(row) => RowWrite::Put(address.clone(), row.clone()),
        None => RowWrite::Delete(address.clone()),
    };
    let rows: Vec<_> = plan.records.iter().map(write).collect();
    if !rows.is_empty() {
        store.commit(run, &[], &rows)?;
    }
    Ok(run)
}
