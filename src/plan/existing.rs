//! The rows of resources that exist already and are taken into the record as the files describe them.

use std::collections::BTreeSet;

use super::{Record, graph};
use crate::kinds::{Links, View, dependencies, kind_of};
use crate::model::{Address, Desired, Recorded, Row};

/// The output that marks a group which labwright took over: it is forgotten, never deleted.
pub const ADOPTED: &str = "adopted";

/// Whether a recorded resource is only forgotten where others are deleted: a group that somebody else made.
pub(super) fn is_only_forgotten(address: &Address, row: &Row) -> bool {
    address.kind() == "ResourceGroup" && row.outputs.get(ADOPTED).is_some_and(|is| is == true)
}

/// The rows of the desired resources at `addresses`, sorted; nothing says yet that they are as desired.
///
/// An address that is not desired has none.
#[must_use]
pub fn rows(desired: &Desired, addresses: &BTreeSet<Address>) -> Vec<Record> {
    let recorded = Recorded::default();
    let links = Links::of(&desired.resources, &recorded);
    let view = View {
        desired: &desired.resources,
        recorded: &recorded,
        subscription: &desired.subscription,
        real_endpoint: desired.real_endpoint,
        links: &links,
    };
    let wanted = desired.resources.iter().filter(|(address, _)| addresses.contains(*address));
    wanted
        .map(|(address, resource)| {
            let mut depends_on = dependencies(address, &resource.attributes, &view);
            depends_on.extend(resource.depends_on.iter().cloned());
            let row = Row {
                arm_id: kind_of(address).arm_id(address, &resource.attributes, &view),
                attributes: resource.attributes.clone(),
                outputs: serde_json::Map::new(),
                depends_on,
                protect: resource.protect.unwrap_or_else(|| graph::is_protected_at_first(address, &view)),
                ignored: graph::ignored_of(resource),
                unfinished: None,
            };
            Record { address: address.clone(), row: Some(row) }
        })
        .collect()
}
