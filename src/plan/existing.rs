//! The rows of resources that exist already and are taken into the record as the files describe them.

use std::collections::BTreeSet;

use super::{Record, graph};
use crate::kinds::{Links, View, dependencies, kind_of};
use crate::model::{Address, Desired, Recorded, Resource, Row};

/// The output that marks a group which labwright took over: it is forgotten, never deleted.
const ADOPTED: &str = "adopted";

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
    let view = View::of(desired, &recorded, &links);
    let wanted = desired.resources.iter().filter(|(address, _)| addresses.contains(*address));
    let record = |(address, resource): (&Address, &Resource)| Record {
        address: address.clone(),
        row: Some(row(address, resource, &view)),
    };
    wanted.map(record).collect()
}

/// The row of a resource that exists, as the files describe it.
pub(super) fn row(address: &Address, resource: &Resource, view: &View<'_>) -> Row {
    let mut depends_on = dependencies(address, &resource.attributes, view);
    depends_on.extend(resource.depends_on.iter().cloned());
    let is_group = address.kind() == "ResourceGroup";
    Row {
        arm_id: kind_of(address).arm_id(address, &resource.attributes, view),
        attributes: resource.attributes.clone(),
        outputs: is_group.then(|| (ADOPTED.to_owned(), true.into())).into_iter().collect(),
        depends_on,
        protect: resource.protect.unwrap_or_else(|| graph::is_protected_at_first(address, view)),
        ignored: graph::ignored_of(resource),
        unfinished: None,
    }
}
