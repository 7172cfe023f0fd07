//! Reading what is there, for drift and refresh. Changes nothing, in Azure or in the record.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt;
use futures_util::stream;

use super::effect::observed;
use crate::azure::Arm;
use crate::kinds::Names;
use crate::model::{Address, Observed, Recorded};
use crate::plan::Failure;

/// What one recorded resource is found to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// It is gone from Azure.
    Gone,
    /// It is there.
    There(Observed),
    /// It could not be read.
    Unreadable(Failure),
}

/// Reads the recorded resources at `addresses`, at most `parallelism` at once.
///
/// One that cannot be read does not keep the others from being read; an address without a row is left out.
pub async fn observe(
    recorded: &Recorded,
    addresses: &BTreeSet<Address>,
    arm: &dyn Arm,
    parallelism: usize,
) -> BTreeMap<Address, Seen> {
    let names = Names::of(recorded);
    let rows = addresses.iter().filter_map(|address| recorded.rows.get_key_value(address));
    let reads = rows.map(|(address, row)| {
        let names = &names;
        async move {
            let seen = match observed(arm, address, row, names).await {
                Ok(Some(observed)) => Seen::There(observed),
                Ok(None) => Seen::Gone,
                Err(error) => Seen::Unreadable(error.failure()),
            };
            (address.clone(), seen)
        }
    });
    stream::iter(reads).buffer_unordered(parallelism.max(1)).collect().await
}
