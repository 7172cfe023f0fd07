//! `--target` and `--exclude`: which decisions a plan keeps.

use std::collections::{BTreeMap, BTreeSet};

use super::Verb;
use super::make::{Decisions, Options, PlanError};
use crate::kinds::{View, dependencies, kind_of};
use crate::model::Address;

/// Makes keeps of every decision outside the scope, and gives their addresses.
///
/// A target takes along what it needs (when made) and what hangs on it (when deleted); an exclusion
/// takes along what needs it, and what cannot be deleted while it is there. Parts go with their whole.
///
/// # Errors
/// [`PlanError::UnknownAddress`] for what is neither desired nor recorded.
pub(super) fn narrow(
    decisions: &mut Decisions<'_>,
    view: &View<'_>,
    options: &Options,
) -> Result<BTreeSet<Address>, PlanError> {
    if options.target.is_empty() && options.exclude.is_empty() {
        return Ok(BTreeSet::new());
    }
    for given in options.target.iter().chain(&options.exclude) {
        if !decisions.contains_key(given) {
            return Err(PlanError::UnknownAddress {
                given: given.clone(),
                near: nearest_address(given, decisions.keys()),
            });
        }
    }
    let links = Links::of(decisions, view);
    let mut out = BTreeSet::new();
    if !options.target.is_empty() {
        let wanted = links.closure(&options.target, decisions, Direction::Needed);
        out.extend(decisions.keys().filter(|address| !wanted.contains_key(*address)).cloned());
        for (address, because) in wanted {
            let Some((because, decision)) = because.zip(decisions.get_mut(&address)) else { continue };
            if decision.verb == Verb::Delete {
                decision.notes.push(format!("refers to {because}, which goes"));
            }
        }
    }
    out.extend(links.closure(&options.exclude, decisions, Direction::Needing).into_keys());
    for address in &out {
        if let Some(decision) = decisions.get_mut(address) {
            decision.verb = Verb::Keep;
            decision.moved_from = None;
            decision.notes.clear();
        }
    }
    Ok(out)
}

#[derive(Clone, Copy, PartialEq)]
enum Direction {
    Needed,
    Needing,
}

/// Which resources wait for which, both ways, and which parts a whole has.
struct Links {
    waits_for: BTreeMap<Address, BTreeSet<Address>>,
    waited_for: BTreeMap<Address, BTreeSet<Address>>,
    parts: BTreeMap<Address, Vec<Address>>,
}

impl Links {
    fn of(decisions: &Decisions<'_>, view: &View<'_>) -> Self {
        let mut links =
            Self { waits_for: BTreeMap::new(), waited_for: BTreeMap::new(), parts: BTreeMap::new() };
        for address in decisions.keys() {
            let mut parts = kind_of(address).parts(address, view);
            if address.kind() == "Lab" {
                parts.push(Address::new("Publish", address.key()));
            }
            parts.retain(|part| decisions.contains_key(part));
            links.parts.insert(address.clone(), parts);
        }
        for (address, decision) in decisions {
            let attributes = decision.desired.map(|resource| &resource.attributes);
            let attributes = attributes.or(decision.recorded.map(|row| &row.attributes));
            let mut found =
                attributes.map(|attributes| dependencies(address, attributes, view)).unwrap_or_default();
            found.extend(
                decision.desired.into_iter().flat_map(|resource| resource.depends_on.iter().cloned()),
            );
            let parts: Vec<_> = found.iter().flat_map(|found| kind_of(found).parts(found, view)).collect();
            found.extend(parts.into_iter().filter(|part| part != address && decisions.contains_key(part)));
            for other in &found {
                links.waited_for.entry(other.clone()).or_default().insert(address.clone());
            }
            links.waits_for.insert(address.clone(), found);
        }
        links
    }

    /// `roots`, their parts, and everything that must come or stay away with them, each with what drew it in.
    fn closure(
        &self,
        roots: &[Address],
        decisions: &Decisions<'_>,
        direction: Direction,
    ) -> BTreeMap<Address, Option<Address>> {
        let parts = roots.iter().filter_map(|root| self.parts.get(root)).flatten();
        // Breadth first, what was asked for before its parts: the reason that is told is the nearest one.
        let mut open: Vec<Address> = roots.iter().chain(parts).cloned().collect();
        let mut found: BTreeMap<_, _> = open.iter().map(|root| (root.clone(), None)).collect();
        let mut next = 0;
        while let Some(address) = open.get(next).cloned() {
            next += 1;
            for neighbour in self.neighbours(&address, decisions, direction) {
                if !found.contains_key(&neighbour) {
                    found.insert(neighbour.clone(), Some(address.clone()));
                    open.push(neighbour);
                }
            }
        }
        found
    }

    fn neighbours(&self, address: &Address, decisions: &Decisions<'_>, direction: Direction) -> Vec<Address> {
        let goes = |address: &Address| {
            decisions
                .get(address)
                .is_some_and(|decision| matches!(decision.verb, Verb::Delete | Verb::Replace))
        };
        let made = |address: &Address| {
            decisions
                .get(address)
                .is_some_and(|decision| decision.desired.is_some() && decision.verb != Verb::Keep)
        };
        let before = self.waits_for.get(address).into_iter().flatten();
        let after = self.waited_for.get(address).into_iter().flatten();
        let (is_made, is_going) = (made(address), goes(address));
        let found = match direction {
            Direction::Needed => (
                before.filter(|other| made(other)).collect::<Vec<_>>(),
                after.filter(|other| is_going && goes(other)).collect::<Vec<_>>(),
            ),
            Direction::Needing => (
                after.filter(|other| is_made && made(other)).collect(),
                before.filter(|other| is_going && goes(other)).collect(),
            ),
        };
        found.0.into_iter().chain(found.1).cloned().collect()
    }
}

/// The address that is most like a given one, where any is.
pub fn nearest_address<'a>(given: &Address, known: impl Iterator<Item = &'a Address>) -> Option<Address> {
    let near = |address: &&Address| strsim::jaro_winkler(address.as_str(), given.as_str());
    let best = known.max_by(|a, b| near(a).total_cmp(&near(b)))?;
    (near(&best) > 0.8).then(|| best.clone())
}
