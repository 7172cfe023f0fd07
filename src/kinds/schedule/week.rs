//! The week of a schedule: its days and times in normal form, and what is wrong with them.

use serde_json::{Value, json};

use crate::catalog::LAST_DAY;
use crate::kinds::arm;
use crate::model::{Attributes, Finding, Resource, Severity, first_on};

/// The days of a week as the language writes them, Monday first, and as Azure does.
pub const WEEK: [(&str, &str); 7] = [
    ("Mon", "Monday"),
    ("Tue", "Tuesday"),
    ("Wed", "Wednesday"),
    ("Thu", "Thursday"),
    ("Fri", "Friday"),
    ("Sat", "Saturday"),
    ("Sun", "Sunday"),
];

/// The word for every day of the week.
pub(super) const DAILY: &str = "Daily";

/// The days of a schedule by their place in the week, 0 for a Monday, sorted.
pub(super) fn weekdays(attributes: &Attributes) -> Vec<usize> {
    let words = attributes.get("days").and_then(Value::as_array);
    let is_written = |word: &str| words.into_iter().flatten().any(|own| own == word || *own == DAILY);
    (0..WEEK.len()).filter(|day| is_written(WEEK[*day].0)).collect()
}

/// The days in normal form: in the order of the week, or `Daily` alone.
pub(super) fn words(weekdays: &[usize]) -> Value {
    if weekdays.len() == WEEK.len() {
        return json!([DAILY]);
    }
    weekdays.iter().map(|day| WEEK[*day].0).collect()
}

/// Brings what is written to normal form: no start is `none`, the first day is one on which it takes place.
pub(super) fn normalise(attributes: &mut Attributes) {
    let days = weekdays(attributes);
    attributes.insert("days".into(), words(&days));
    attributes.entry("start").or_insert_with(|| json!("none"));
    if let Some(first) = first_on(arm::own(attributes, "from"), &days) {
        attributes.insert("from".into(), json!(first));
    }
}

/// What rules say of the event `name` with these values, as it is written.
///
/// A finding names no address: what is wrong with a timetable is wrong once, however many labs have it.
#[must_use]
pub fn findings(name: &str, own: &Resource) -> Vec<Finding> {
    let text = |attribute: &str| own.attributes.get(attribute).and_then(Value::as_str);
    let finding = |rule: &str, severity, path: &str, message: String, help: &str| Finding {
        rule: rule.into(),
        severity,
        message: format!("the event `{name}` {message}"),
        address: None,
        source: Some(own.source_of(path).clone()),
        help: Some(help.into()),
    };
    let wrong = |path: &str, message, help: &str| finding("SCH-02", Severity::Error, path, message, help);
    let mut found = Vec::new();
    if let (Some(start), Some(stop)) = (text("start").filter(|start| *start != "none"), text("stop"))
        && stop <= start
    {
        found.push(wrong(
            "stop",
            format!("stops at {stop}, which is not after its start at {start}"),
            "no event goes over midnight: let this one stop by `23:59`, and write another for the morning after",
        ));
    }
    let days = weekdays(&own.attributes);
    let (Some(from), Some(until)) = (text("from"), text("until")) else {
        if text("until").is_none() {
            let help = "add `until: 2027-06-11` to the event, or to its timetable";
            found.push(wrong("until", "has no last day".into(), help));
        }
        return found;
    };
    if until < from {
        let message = format!("ends on {until}, before its first day, {from}");
        found.push(wrong("until", message, "write a later `until`, or an earlier `from`"));
    } else if first_on(from, &days).is_none_or(|first| first.as_str() > until) {
        let message = format!("never takes place: none of its days lies from {from} until {until}");
        found.push(wrong("days", message, "write other `days`, or a later `until`"));
    }
    if until > LAST_DAY {
        let message = format!("goes on until {until}, and Azure Lab Services retires on {LAST_DAY}");
        let help = "nothing happens after that day; write it, or an earlier one, as `until`";
        found.push(finding("SCH-03", Severity::Warning, "until", message, help));
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::model::Source;

    fn event(attributes: Value) -> Resource {
        let Value::Object(map) = attributes else { panic!("a map") };
        Resource {
            attributes: map.into(),
            depends_on: BTreeSet::new(),
            protect: None,
            adopt: false,
            ignore_changes: Vec::new(),
            source: Source { file: "labwright.yaml".into(), line: 1, column: 1 },
            sources: BTreeMap::new(),
            defaulted: BTreeMap::new(),
        }
    }

    #[test]
    fn days_are_in_the_order_of_the_week_and_the_first_day_is_one_of_them() {
        for (days, from, normal, first) in [
            (json!(["Wed", "Mon"]), "2027-02-02", json!(["Mon", "Wed"]), "2027-02-03"),
            (json!(["Daily"]), "2027-02-02", json!(["Daily"]), "2027-02-02"),
            (
                json!(["Sun", "Sat", "Fri", "Thu", "Wed", "Tue", "Mon"]),
                "2027-02-02",
                json!(["Daily"]),
                "2027-02-02",
            ),
        ] {
            let mut own = event(json!({ "days": days, "from": from, "stop": "12:00" })).attributes;
            normalise(&mut own);
            assert_eq!((&own["days"], &own["from"], &own["start"]), (&normal, &json!(first), &json!("none")));
        }
    }

    #[test]
    fn an_event_that_cannot_be_says_why() {
        let fine = json!({ "days": ["Mon"], "from": "2027-02-01", "until": "2027-06-11", "start": "09:45", "stop": "12:00" });
        let said = |changes: Value| {
            let mut own = event(fine.clone());
            for (name, value) in changes.as_object().into_iter().flatten() {
                match value {
                    Value::Null => drop(own.attributes.remove(name)),
                    _ => drop(own.attributes.insert(name.clone(), value.clone())),
                }
            }
            findings("x", &own).into_iter().map(|own| (own.rule, own.message)).collect::<Vec<_>>()
        };
        assert_eq!(said(json!({})), []);
        assert_eq!(said(json!({ "start": "none" })), []);
        for (changes, rule, part) in [
            (json!({ "stop": "09:45" }), "SCH-02", "stops at 09:45, which is not after its start at 09:45"),
            (json!({ "stop": "01:00" }), "SCH-02", "stops at 01:00"),
            (json!({ "until": null }), "SCH-02", "has no last day"),
            (json!({ "until": "2027-01-31" }), "SCH-02", "before its first day"),
            (json!({ "until": "2027-02-05", "from": "2027-02-02" }), "SCH-02", "never takes place"),
            (json!({ "days": [] }), "SCH-02", "never takes place"),
            (json!({ "until": "2027-06-29" }), "SCH-03", "retires on 2027-06-28"),
        ] {
            let said = said(changes);
            assert!(said.len() == 1 && said[0].0 == rule && said[0].1.contains(part), "{said:?}: {part}");
        }
    }
}
