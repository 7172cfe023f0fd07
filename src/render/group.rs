//! Changes that are alike, said in one piece: a default that reaches forty labs is one change to whoever reads it.

use std::collections::HashMap;

use serde_json::Value;

use super::review::said;
use super::words::count;
use super::{ChangeView, Heading};
use crate::model::Source;
use crate::plan::{Affected, Verb};

/// Changes that are alike in everything but whose they are.
#[derive(Debug)]
pub struct Group<'v> {
    /// What they are listed under.
    pub heading: Heading,
    /// They, sorted by address; those that hit most people first where they cannot be undone.
    pub changes: Vec<&'v ChangeView<'v>>,
    /// The labs that rest on them, where that can be told of the group.
    pub affected: Option<Affected>,
}

/// From this many alike on, they are shown as one.
pub(super) const MANY: usize = 3;

/// Changes in groups of those that are alike, and the others one by one, in their order; the groups last.
pub(super) fn alike<'v>(changes: &'v [ChangeView<'v>]) -> Vec<Vec<&'v ChangeView<'v>>> {
    let mut alike: Vec<Vec<&'v ChangeView<'v>>> = Vec::new();
    let mut at: HashMap<String, usize> = HashMap::new();
    for change in changes {
        let place = *at.entry(likeness(change)).or_insert(alike.len());
        match alike.get_mut(place) {
            Some(known) => known.push(change),
            None => alike.push(vec![change]),
        }
    }
    let (many, few): (Vec<_>, Vec<_>) = alike.into_iter().partition(|changes| changes.len() >= MANY);
    let few = few.into_iter().flatten().map(|change| vec![change]);
    few.chain(many).collect()
}

impl Group<'_> {
    /// The address, or how many of which kind: `40 × Lab`.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.changes[..] {
            [change] => change.address.clone(),
            changes => {
                let kind = changes[0].address.split('/').next().unwrap_or_default();
                format!("{} × {kind}", changes.len())
            }
        }
    }

    /// `is replaced`, `are replaced`.
    #[must_use]
    pub fn done(&self) -> String {
        let word = super::notice::done(self.first());
        if self.changes.len() == 1 { word.to_owned() } else { word.replacen("is ", "are ", 1) }
    }

    /// The first of them.
    #[must_use]
    pub fn first(&self) -> &ChangeView<'_> {
        self.changes[0]
    }

    /// Where they are changed: the place that all of them have in common, else the first one's.
    #[must_use]
    pub fn place(&self) -> Option<&Source> {
        let first = self.first();
        let written = |change: &ChangeView<'_>| {
            change.attributes.iter().filter_map(|attribute| attribute.source.cloned()).collect::<Vec<_>>()
        };
        let own = first.attributes.iter().find_map(|attribute| attribute.source);
        let are_one = self.changes.iter().all(|change| written(change) == written(first));
        match self.changes.len() > 1 && are_one {
            true => own.or(first.source),
            false => first.source,
        }
    }

    /// What differs, one line each: `capacity 30 → 34`; of what is made, its summary.
    #[must_use]
    pub fn differences(&self) -> Vec<String> {
        let first = self.first();
        match first.verb {
            Verb::Create | Verb::Invoke if self.changes.len() == 1 => first.summary.clone(),
            Verb::Create | Verb::Invoke => first.summary.get(1..).unwrap_or_default().to_vec(),
            Verb::Delete | Verb::Forget => Vec::new(),
            _ => first.attributes.iter().map(said).collect(),
        }
    }

    /// How many VMs of students are lost with what is on them.
    #[must_use]
    pub fn lost(&self) -> u64 {
        let published = self.affected.map_or(0, |affected| affected.published);
        match self.first().verb {
            Verb::Delete | Verb::Replace => published,
            Verb::Invoke if self.first().address.starts_with("Publish/") => published,
            _ => self.changes.iter().filter_map(|change| fewer(change)).sum(),
        }
    }

    /// How much it weighs among what cannot be undone: what is lost, then what goes without being lost.
    pub(super) fn weight(&self) -> (u64, u64) {
        let goes = matches!(self.first().verb, Verb::Delete | Verb::Replace);
        (self.lost(), self.affected.filter(|_| goes).map_or(0, |affected| affected.seats.max(1)))
    }

    /// Who is hit, in words; `None` where nobody is.
    #[must_use]
    pub fn who(&self) -> Option<String> {
        let Affected { labs, seats, published: _ } = self.affected.filter(|affected| affected.labs > 0)?;
        let (is_lab, lost) = (self.first().address.starts_with("Lab/"), self.lost());
        let all = match lost {
            0 => count_seats(seats),
            lost if lost == seats => format!("{} lost", count_seats(seats)),
            lost => format!("{lost} of {} lost", count_seats(seats)),
        };
        match is_lab && self.changes.len() == 1 {
            true if seats == 0 => None,
            true => Some(all),
            false => Some(format!("{}, {all}", count(labs, "lab"))),
        }
    }
}

/// By how many VMs a lab shrinks.
fn fewer(change: &ChangeView<'_>) -> Option<u64> {
    let capacity = change.attributes.iter().find(|attribute| attribute.path == "capacity")?;
    let number = |value: Option<&Value>| value.and_then(Value::as_u64);
    number(capacity.before)?.checked_sub(number(capacity.after)?)
}

/// `30 seats`.
fn count_seats(seats: u64) -> String {
    count(usize::try_from(seats).unwrap_or(usize::MAX), "seat")
}

/// What two changes have in common that are shown as one.
fn likeness(change: &ChangeView<'_>) -> String {
    let kind = change.address.split('/').next().unwrap_or_default();
    let told = match change.verb {
        // The first words of a summary tell labs apart: how many of which size from which image.
        Verb::Create => change.summary.get(1..).unwrap_or_default().to_vec(),
        Verb::Delete | Verb::Forget => Vec::new(),
        Verb::Move => vec![change.address.clone()],
        _ => change.attributes.iter().map(said).collect(),
    };
    let within: Vec<_> = change.within.iter().map(|inner| inner.verb.as_str()).collect();
    // What goes says of itself how many seats it has; that is summed up.
    let goes = matches!(change.verb, Verb::Delete | Verb::Replace);
    let notes = if goes { &[][..] } else { &change.notes[..] };
    format!("{kind} {} {told:?} {within:?} {notes:?}", change.verb.as_str())
}
