//! Events that several labs have alike, written once: as a timetable that those labs name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::Blocks;
use crate::config::SHARED_BY_EVENTS;

/// Moves the events that more than one lab has, all of them alike, to a timetable of a name that is not `taken`.
pub(in crate::cli) fn share(blocks: &mut Blocks, taken: &BTreeSet<String>) {
    let labs = blocks.get_mut("labs").into_iter().flat_map(Map::values_mut);
    let mut alike: BTreeMap<String, Vec<&mut Value>> = BTreeMap::new();
    for own in labs.filter_map(|lab| lab.get_mut("schedules")) {
        alike.entry(own.to_string()).or_default().push(own);
    }
    let mut timetables = Map::new();
    for mut labs in alike.into_values().filter(|labs| labs.len() > 1) {
        let Some(events) = labs[0].as_object().cloned() else { continue };
        let name = free(&events, |name| taken.contains(name) || timetables.contains_key(name));
        labs.iter_mut().for_each(|lab| **lab = json!(name));
        timetables.insert(name, timetable(events));
    }
    if !timetables.is_empty() {
        blocks.entry("timetables").or_default().extend(timetables);
    }
}

/// A name that tells what is in it, with a number where another has it.
fn free(events: &Map<String, Value>, is_taken: impl Fn(&str) -> bool) -> String {
    let base = match events.keys().next() {
        Some(only) if events.len() == 1 => only.clone(),
        _ => "timetable".to_owned(),
    };
    let numbered = (2..).map(|number| format!("{base}-{number}"));
    let mut names = std::iter::once(base.clone()).chain(numbered).filter(|name| !is_taken(name));
    names.next().unwrap_or_default()
}

/// A timetable of these events: what they agree on stands there once.
pub(in crate::cli) fn timetable(mut events: Map<String, Value>) -> Value {
    let mut timetable = Map::new();
    for name in SHARED_BY_EVENTS {
        let mut values = events.values().map(|event| event.get(name));
        let first = values.next().flatten().cloned();
        let Some(first) = first.filter(|first| values.all(|other| other == Some(first))) else { continue };
        events.values_mut().filter_map(Value::as_object_mut).for_each(|event| drop(event.remove(name)));
        timetable.insert(name.to_owned(), first);
    }
    timetable.insert("events".into(), Value::Object(events));
    Value::Object(timetable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labs_of_the_same_events_name_one_timetable_and_others_keep_their_own() {
        let event =
            |from: &str| json!({ "timeZone": "UTC", "from": from, "until": "2027-06-11", "stop": "12:00" });
        let both = json!({ "lecture": event("2027-02-01"), "night": event("2027-02-02") });
        let labs = json!({
            "a": { "schedules": both }, "b": { "schedules": both }, "c": {},
            "d": { "schedules": { "exam": event("2027-02-01") } },
            "e": { "schedules": { "exam": event("2027-02-03") } },
            "f": { "schedules": { "exam": event("2027-02-03") } },
        });
        let mut blocks = Blocks::from([("labs", labs.as_object().expect("a map").clone())]);
        share(&mut blocks, &BTreeSet::from(["exam".to_owned()]));
        let named = ["a", "b", "e", "f"].map(|lab| blocks["labs"][lab]["schedules"].clone());
        assert_eq!(named, [json!("timetable"), json!("timetable"), json!("exam-2"), json!("exam-2")]);
        assert_eq!(blocks["labs"]["d"]["schedules"]["exam"]["from"], "2027-02-01");
        assert_eq!(
            Value::Object(blocks["timetables"].clone()),
            json!({
                "exam-2": { "timeZone": "UTC", "from": "2027-02-03", "until": "2027-06-11", "events": { "exam": { "stop": "12:00" } } },
                "timetable": { "timeZone": "UTC", "until": "2027-06-11", "events": {
                    "lecture": { "from": "2027-02-01", "stop": "12:00" }, "night": { "from": "2027-02-02", "stop": "12:00" },
                } },
            })
        );
    }
}
