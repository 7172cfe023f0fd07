//! What resources name: by an id what labwright does not manage, by a key what the record does not know yet.

use std::collections::BTreeSet;

use super::Verb;
use super::make::{Decision, Decisions};
use crate::kinds::{Shape, View, kind_of, listing, reference_text, unmanaged};
use crate::model::{Address, ArmId, Finding, Read, Resource, Severity};

/// Reads of what labwright does not manage and a resource is built on, or on from now on.
pub(super) fn built_on(address: &Address, decision: &Decision<'_>, resource: &Resource) -> Vec<Read> {
    let differs = |name: &str| decision.differences.iter().any(|own| own.change.path == name);
    let ids = unmanaged(kind_of(address).info(), &resource.attributes).into_iter();
    let ids = ids.filter(|(name, _)| decision.verb != Verb::Update || differs(name));
    ids.map(|(_, id)| listing::unmanaged(&id)).collect()
}

/// What a changed resource names and the record does not know yet: it is recorded first, so that its key is known.
pub(super) fn newly_named(
    address: &Address,
    decision: &Decision<'_>,
    resource: &Resource,
    view: &View<'_>,
) -> BTreeSet<Address> {
    if decision.verb != Verb::Update {
        return BTreeSet::new();
    }
    let table = kind_of(address).info().attributes.iter();
    let named = table.filter(|own| matches!(own.shape, Shape::Reference(_)));
    let named = named.filter_map(|own| reference_text(resource.attributes.get(own.name)?)?.parse().ok());
    named.filter(|named| view.row(named).is_none()).collect()
}

/// What goes from Azure and is still named by its id would take along what is built on it.
pub(super) fn still_named(decisions: &Decisions<'_>) -> Vec<Finding> {
    let desired = decisions.iter().filter_map(|(address, decision)| Some((address, decision.desired?)));
    let named = desired.flat_map(|(address, own)| {
        let ids = unmanaged(kind_of(address).info(), &own.attributes);
        ids.into_iter().map(move |(name, id)| (address, own, name, id))
    });
    let named: Vec<_> = named.collect();
    if named.is_empty() {
        return Vec::new();
    }
    let goes = |decision: &Decision<'_>| matches!(decision.verb, Verb::Delete | Verb::Replace);
    let gone = decisions.iter().filter(|(_, decision)| goes(decision));
    let gone: Vec<_> = gone.filter_map(|(gone, decision)| Some((gone, &decision.recorded?.arm_id))).collect();
    let finding = |(address, own, name, id): &(&Address, &Resource, &str, ArmId)| {
        let (gone, _) = gone.iter().find(|(gone, own)| id.lies_in(own) && gone != address)?;
        Some(Finding {
            rule: "id".into(),
            severity: Severity::Error,
            message: format!(
                "the plan would delete {gone}, and `{name}` names it, or something in it, by its id"
            ),
            address: Some((*address).clone()),
            source: Some(own.source_of(name).clone()),
            help: Some(match decisions[*gone].desired {
                Some(_) => format!("name something else, or {gone} by its key"),
                None => format!("to keep it without a block, write `forget: [{gone}]`"),
            }),
        })
    };
    named.iter().filter_map(finding).collect()
}
