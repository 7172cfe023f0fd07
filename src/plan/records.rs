//! What a plan writes down without a change of anything.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::diff::Meaning;
use super::make::{Decision, Decisions, Options};
use super::respelled::to_record;
use super::{Record, Verb, graph};
use crate::kinds::{View, dependencies, kind_of};
use crate::model::{Address, Recorded, Resource, Row, Unfinished};

/// The rows that are not as they are stored although nothing is to be done about it, sorted by address.
///
/// `stored` is the state, before a refresh too; what is `out` of the plan's scope is left as it is there.
pub(super) fn of(
    decisions: &Decisions<'_>,
    view: &View<'_>,
    stored: &Recorded,
    out: &BTreeSet<Address>,
    options: &Options,
) -> Vec<Record> {
    let changed = |(address, decision): (&Address, &Decision<'_>)| {
        let row = as_the_files_say(address, decision, decision.recorded?, view);
        (stored.rows.get(address) != Some(&row)).then(|| (address.clone(), Some(row)))
    };
    let within = decisions.par_iter().filter(|(address, _)| !out.contains(*address));
    let mut rows: BTreeMap<_, _> = within.filter_map(changed).collect();
    let is_narrow = !options.target.is_empty() || !options.exclude.is_empty();
    for address in stored.rows.keys().filter(|address| !view.recorded.rows.contains_key(*address)) {
        let is_in = decisions.contains_key(address) || !is_narrow;
        if is_in && !out.contains(address) {
            rows.insert(address.clone(), None);
        }
    }
    rows.into_iter().map(|(address, row)| Record { address, row }).collect()
}

/// A row with what the files say of order and of ignored attributes, where nothing else is done to it.
fn as_the_files_say(address: &Address, decision: &Decision<'_>, row: &Row, view: &View<'_>) -> Row {
    let mut row = row.clone();
    let is_kept = decision.verb == Verb::Keep
        && decision.differences.iter().all(|difference| difference.meaning == Meaning::Ignored);
    if let (true, Some(resource)) = (is_kept, decision.desired) {
        row.attributes = to_record(address, &row, resource, view);
        row.depends_on = dependencies(address, &row.attributes, view);
        row.depends_on.extend(resource.depends_on.iter().cloned());
        row.ignored = graph::ignored_of(resource);
    }
    // Should the run end before an image that it makes is switched off, the next plan goes on with that.
    let images = |own: &Resource| -> bool {
        let off = |image: &Address| kind_of(address).keeps_off(&own.attributes, image, view);
        decision.verb == Verb::Update && decision.anew.iter().any(off)
    };
    if let Some(resource) = decision.desired.filter(|own| images(own)) {
        row.unfinished =
            graph::last_step(address, decision, resource, view).map(|step| Unfinished::Steps(vec![step]));
    }
    row
}
