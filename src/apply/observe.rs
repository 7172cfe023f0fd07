//! Reading what is there, for drift and refresh. Changes nothing, in Azure or in the record.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt;
use futures_util::stream;

use super::effect::observed;
use super::listed::Listed;
use crate::azure::Arm;
use crate::kinds::{Names, kind_of};
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
/// Where many lie in one account, gallery or group, their list is read in place of each (what it lacks is read alone).
/// One that cannot be read does not keep the others from being read; an address without a row is left out.
pub async fn observe(
    recorded: &Recorded,
    addresses: &BTreeSet<Address>,
    arm: &dyn Arm,
    parallelism: usize,
) -> BTreeMap<Address, Seen> {
    let names = Names::of(recorded);
    let rows: Vec<_> = addresses.iter().filter_map(|address| recorded.rows.get_key_value(address)).collect();
    let wanted: Vec<_> =
        rows.iter().flat_map(|(address, row)| kind_of(address).reads(address, row)).collect();
    let listed = Listed::over(arm, wanted.iter());
    let reads = rows.into_iter().map(|(address, row)| {
        let (names, listed) = (&names, &listed);
        async move {
            let seen = match observed(listed, address, row, names).await {
                Ok(Some(observed)) => Seen::There(observed),
                Ok(None) => Seen::Gone,
                Err(error) => Seen::Unreadable(error.failure()),
            };
            (address.clone(), seen)
        }
    });
    stream::iter(reads).buffer_unordered(parallelism.max(1)).collect().await
}
