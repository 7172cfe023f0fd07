//! Timetables: events under a name, which labs name. Each event is the block of a schedule; those of a lab become its children.

use std::collections::BTreeMap;

use super::codes::Code;
use super::error::{Mistake, Problems};
use super::fields;
use super::near::{perhaps, quoted};
use super::node::{Content, Entry, Node, overlay, without_nulls};
use super::resource;
use super::texts::Place;
use super::value::{repeated, split_cell};
use super::variables::Scope;
use super::world::World;
use crate::kinds::{Attribute, kind, schedule_findings};
use crate::model::{Address, Finding};

/// The kind whose blocks events are.
pub(super) const KIND: &str = "Schedule";

/// What a timetable says once for all of its events.
pub const SHARED: [&str; 3] = ["timeZone", "from", "until"];

const EXAMPLE: &str = "{ timeZone: W. Europe Standard Time, from: 2027-02-01, until: 2027-06-11, events: { lecture: { days: [Mon], start: \"09:45\", stop: \"12:00\" } } }";

/// Reads the section `timetables:`, with what rules say of the events.
pub(super) fn section(
    entries: &[Entry],
    scope: Scope<'_>,
    world: &mut World<'_>,
    problems: &mut Problems,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for entry in entries {
        if !fields::is_key(&entry.key) {
            problems.add(super::settings::bad_key(&entry.key, entry.key_place, "a name of a timetable"));
        }
        let node = scope.expand(entry.value.clone(), problems);
        let events = events(&node, entry.key_place, problems);
        events.iter().for_each(|event| findings.extend(checked(entry, event, world, problems)));
        world.timetables.insert(entry.key.to_string(), events);
    }
    findings
}

/// The events of a timetable, each with what the timetable says for all.
fn events(node: &Node, place: Place, problems: &mut Problems) -> Vec<Entry> {
    let Some(entries) = fields::map(node, EXAMPLE, problems) else { return Vec::new() };
    if node.is_broken() {
        return Vec::new();
    }
    fields::only(entries, "a timetable", &[SHARED[0], SHARED[1], SHARED[2], "events"], problems);
    let own = match node.get("events") {
        Some(events) => fields::map(events, "{ lecture: { days: [Mon], stop: \"12:00\" } }", problems),
        None => Some(&[][..]),
    };
    let Some(own) = own else { return Vec::new() };
    let is_misspelt = entries.iter().any(|entry| !SHARED.contains(&&*entry.key) && &*entry.key != "events");
    if own.is_empty() && !is_misspelt && !node.get("events").is_some_and(Node::is_broken) {
        let mistake = Mistake::new(Code::MissingAttribute, "the timetable has no events");
        let help = "add `events: { lecture: { days: [Mon, Wed], start: \"09:45\", stop: \"12:00\" } }`";
        problems.add(mistake.at(place, "nothing ever starts or stops").advice(help));
    }
    let shared = entries.iter().filter(|entry| SHARED.contains(&&*entry.key) && !entry.value.is_null());
    let mut shared: Vec<Entry> = shared.cloned().collect();
    if !own.is_empty() {
        shared.extend(missing(&shared, own, place, problems));
    }
    let event = |event: &Entry| {
        let mut event = event.clone();
        if let Some(own) = event.value.as_map().map(<[Entry]>::to_vec) {
            let mut all = shared.clone();
            overlay(&mut all, own);
            without_nulls(&mut all);
            event.value.content = Content::Map(all);
        }
        event
    };
    own.iter().map(event).collect()
}

/// Reports what neither the timetable nor any of its events says, once; what stands for it is not reported again.
fn missing(shared: &[Entry], own: &[Entry], place: Place, problems: &mut Problems) -> Vec<Entry> {
    let table = kind(KIND).map_or(&[][..], |kind| kind.info().attributes);
    let is_shared = |attribute: &&Attribute| attribute.required && SHARED.contains(&attribute.name);
    let is_written = |name: &str| {
        shared.iter().any(|entry| &*entry.key == name)
            || own.iter().any(|event| event.value.get(name).is_some_and(|value| !value.is_null()))
    };
    let missing = table.iter().filter(is_shared).filter(|attribute| !is_written(attribute.name));
    let said = |attribute: &Attribute| {
        let Attribute { name, example, .. } = attribute;
        let mistake = Mistake::new(Code::MissingAttribute, format!("`{name}` is missing"));
        let label = format!("neither the timetable nor any event has `{name}`");
        problems.add(mistake.at(place, label).advice(format!("add `{name}: {example}`")));
        Entry { key: (*name).into(), key_place: place, value: Node::broken(place) }
    };
    missing.map(said).collect()
}

/// Reads an event as each of its labs will, so that its mistakes show whether or not it has any.
fn checked(timetable: &Entry, event: &Entry, world: &World<'_>, problems: &mut Problems) -> Vec<Finding> {
    if !fields::is_key(&event.key) {
        problems.add(super::settings::bad_key(&event.key, event.key_place, "a name of an event"));
    }
    let (Some(kind), Some(entries)) = (kind(KIND), fields::map(&event.value, "", problems)) else {
        return Vec::new();
    };
    let some_lab = Address::new("Lab", &timetable.key);
    let built =
        resource::read_child(kind, (&some_lab, &event.key), event.key_place, entries, world, problems);
    let sound = built.filter(|built| built.sound);
    sound.map(|built| schedule_findings(&event.key, &built.resource)).unwrap_or_default()
}

/// The events of the timetables that `node` names, a text or a list of them; `None` where it is a map of events itself.
pub(super) fn named(node: &Node, world: &World<'_>, problems: &mut Problems) -> Option<Vec<Entry>> {
    let names = match (split_cell(node), &node.content) {
        (Some(names), _) => names,
        (None, Content::List(names)) => names.clone(),
        (None, Content::Scalar(_)) if node.as_text().is_some() => vec![node.clone()],
        _ => return None,
    };
    let mut seen: BTreeMap<&str, &Node> = BTreeMap::new();
    let mut places: BTreeMap<&str, (Place, &str)> = BTreeMap::new();
    let mut events = Vec::new();
    for node in &names {
        let Some(name) = fields::text(node, problems) else { continue };
        if let Some(first) = seen.insert(name, node) {
            problems.add(repeated(node, first));
            continue;
        }
        let Some(own) = world.timetables.get(name) else {
            if !world.may_name(name) {
                problems.add(unknown(name, node, world));
            }
            continue;
        };
        for event in own {
            match places.insert(&event.key, (event.key_place, name)) {
                None => events.push(event.clone()),
                Some((first, other)) => problems.add(
                    Mistake::new(
                        Code::NameTwice,
                        format!(
                            "{} and {} both have an event {}",
                            quoted(other),
                            quoted(name),
                            quoted(&event.key)
                        ),
                    )
                    .at(event.key_place, "again here")
                    .at(first, "first here")
                    .at(node.place, "a lab has both")
                    .advice("rename one of the two events, or take one of the timetables away from the lab"),
                ),
            }
        }
    }
    Some(events)
}

fn unknown(name: &str, node: &Node, world: &World<'_>) -> Mistake {
    let help = perhaps(name, world.timetables.keys().map(String::as_str));
    let help = help.unwrap_or_else(|| {
        "declare it under `timetables:`, or write a map of events, `{ lecture: { timeZone: …, from: …, until: …, days: [Mon], stop: \"12:00\" } }`".into()
    });
    Mistake::new(Code::UnknownReference, format!("there is no timetable {}", quoted(name)))
        .on(node, "not under `timetables:`")
        .advice(help)
}
