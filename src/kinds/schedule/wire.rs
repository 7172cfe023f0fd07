//! Schedules on the wire: one body and one reading of it, in the words of either generation.
//!
//! Source, of lab accounts: Microsoft's module for classroom labs (2019-01-01-preview); of lab plans: Lab Services REST
//! 2023-06-07. What the language calls daily is weekly on seven days, as that module has it.

use serde_json::{Value, json};

use super::week::{WEEK, weekdays, words};
use crate::catalog::time_zone;
use crate::kinds::arm;
use crate::kinds::generation::Generation;
use crate::model::{Attributes, first_on, is_day, weekday};

/// The last minute of a day: until then its events may begin.
const END_OF_DAY: &str = "23:59:59";

/// What the two generations call the same.
struct Words {
    start: &'static str,
    stop: &'static str,
    until: &'static str,
}

fn words_of(generation: Generation) -> Words {
    match generation {
        Generation::Accounts => Words { start: "start", stop: "end", until: "until" },
        Generation::Plans => Words { start: "startAt", stop: "stopAt", until: "expirationDate" },
    }
}

/// What a wall clock in the schedule's zone shows, as Azure takes it.
///
/// A guess: no source says in which zone a date and time stands that comes with a zone's name beside it. Microsoft's own tools
/// send the local time, those for lab plans with a `Z` behind it, as a date and time needs one there.
fn wall_clock(generation: Generation, day: &str, time: &str) -> String {
    let seconds = if time.len() == 5 { ":00" } else { "" };
    let zone = if generation == Generation::Plans { "Z" } else { "" };
    format!("{day}T{time}{seconds}{zone}")
}

/// The day and the time that Azure gives for a wall clock, by the same guess.
fn read_wall_clock(text: &str) -> Option<(&str, &str)> {
    let (day, time) = (text.get(..10).filter(|day| is_day(day))?, text.get(11..16)?);
    Some((day, time))
}

/// The body that says all of a schedule with these attributes.
pub(super) fn body(attributes: &Attributes, generation: Generation) -> Value {
    let names = words_of(generation);
    let text = |name: &str| arm::own(attributes, name);
    let zone = time_zone(text("timeZone"));
    let days: Vec<_> = weekdays(attributes).into_iter().map(|day| WEEK[day].1).collect();
    let mut properties = json!({
        "timeZoneId": zone.map(|zone| match generation {
            Generation::Accounts => zone.windows,
            Generation::Plans => zone.iana,
        }),
        "recurrencePattern": { "frequency": "Weekly", "interval": 1, "weekDays": days },
    });
    properties[names.stop] = json!(wall_clock(generation, text("from"), text("stop")));
    properties["recurrencePattern"][names.until] = json!(wall_clock(generation, text("until"), END_OF_DAY));
    let starts = text("start") != "none";
    if starts {
        properties[names.start] = json!(wall_clock(generation, text("from"), text("start")));
    }
    if generation == Generation::Accounts {
        properties["enableState"] = json!("Enabled");
        properties["endAction"] = json!({ "enableState": "Enabled", "actionType": "Stop" });
        if starts {
            properties["startAction"] = json!({ "enableState": "Enabled", "actionType": "Start" });
        }
    }
    arm::set(&mut properties, "notes", attributes.get("notes"));
    json!({ "properties": properties })
}

/// What an answer says in the language's words, but for the name.
///
/// What the language has no words for shows as days that nobody can write: none for a schedule that is switched off, and how
/// often for one that leaves weeks out.
pub(super) fn observed(body: &Value, generation: Generation) -> Attributes {
    let (names, properties) = (words_of(generation), &body["properties"]);
    let is_off =
        |of: &Value| of["enableState"].as_str().is_some_and(|own| own.eq_ignore_ascii_case("Disabled"));
    let clock = |name: &str, action: &str| {
        let clock = properties[name].as_str().and_then(read_wall_clock);
        clock.filter(|_| !is_off(&properties[action]))
    };
    let (start, stop) = (clock(names.start, "startAction"), clock(names.stop, "endAction"));
    let begins = start.or(stop).map_or("", |(day, _)| day);
    let pattern = &properties["recurrencePattern"];
    let until = pattern[names.until].as_str().and_then(|text| text.get(..10));
    let days = if is_off(properties) { Vec::new() } else { observed_days(pattern, begins) };
    let first = first_on(begins, &days).unwrap_or_else(|| begins.to_owned());
    let mut days = words(&days);
    let every = pattern["interval"].as_u64().filter(|every| *every > 1);
    if let (Some(every), Value::Array(days)) = (every, &mut days) {
        days.push(json!(format!("every {every}")));
    }
    let zone = properties["timeZoneId"].as_str();
    let zone = zone.map(|name| time_zone(name).map_or(name, |zone| zone.windows));
    let time = |clock: Option<(&str, &str)>| clock.map_or_else(|| json!("none"), |(_, time)| json!(time));
    let pairs = [
        ("timeZone", json!(zone)),
        ("from", json!(first)),
        ("until", json!(until.unwrap_or(begins))),
        ("days", days),
        ("start", time(start)),
        ("stop", time(stop)),
        ("notes", arm::optional(properties, "/notes")),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

/// The days of a pattern; without one it takes place once, and the day is that one's.
fn observed_days(pattern: &Value, begins: &str) -> Vec<usize> {
    let named = pattern["weekDays"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let place = |name: &str| WEEK.iter().position(|(_, own)| own.eq_ignore_ascii_case(name));
    let mut days: Vec<_> = named.filter_map(place).collect();
    days.sort_unstable();
    days.dedup();
    let is_daily = pattern["frequency"].as_str().is_some_and(|own| own.eq_ignore_ascii_case("Daily"));
    match (days.is_empty(), is_daily) {
        (false, _) => days,
        (true, true) => (0..WEEK.len()).collect(),
        (true, false) => weekday(begins).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Generation; 2] = [Generation::Accounts, Generation::Plans];

    fn lecture() -> Attributes {
        let Value::Object(map) = json!({
            "timeZone": "W. Europe Standard Time", "from": "2027-02-01", "until": "2027-06-11", "days": ["Mon", "Wed"],
            "start": "09:45", "stop": "12:00", "notes": "CS220",
        }) else {
            panic!("a map")
        };
        map.into()
    }

    #[test]
    fn what_is_sent_reads_back_as_it_was_in_both_generations() {
        let mut night = lecture();
        night.insert("start".into(), json!("none"));
        night.insert("days".into(), json!(["Daily"]));
        for generation in BOTH {
            for own in [lecture(), night.clone()] {
                assert_eq!(observed(&body(&own, generation), generation), own);
            }
        }
    }

    #[test]
    fn each_generation_has_its_own_words_and_names_of_zones() {
        let [accounts, plans] = BOTH.map(|generation| body(&lecture(), generation)["properties"].clone());
        assert_eq!(accounts["timeZoneId"], "W. Europe Standard Time");
        assert_eq!(accounts["start"], "2027-02-01T09:45:00");
        assert_eq!(accounts["recurrencePattern"]["until"], "2027-06-11T23:59:59");
        assert_eq!(plans["timeZoneId"], "Europe/Berlin");
        assert_eq!(plans["stopAt"], "2027-02-01T12:00:00Z");
        assert_eq!(plans["recurrencePattern"]["weekDays"], json!(["Monday", "Wednesday"]));
    }

    #[test]
    fn what_others_made_reads_as_near_as_the_language_comes() {
        let once = json!({ "properties": {
            "timeZoneId": "Europe/Berlin", "startAt": "2027-02-02T08:00:00Z", "stopAt": "2027-02-02T09:00:00.000Z",
        } });
        let own = observed(&once, Generation::Plans);
        assert_eq!(
            (&own["days"], &own["from"], &own["until"]),
            (&json!(["Tue"]), &json!("2027-02-02"), &json!("2027-02-02"))
        );
        let pattern =
            json!({ "frequency": "Daily", "interval": 2, "expirationDate": "2027-03-01T00:00:00Z" });
        let mut every_other = once.clone();
        every_other["properties"]["recurrencePattern"] = pattern;
        assert_eq!(observed(&every_other, Generation::Plans)["days"], json!(["Daily", "every 2"]));
        let off = json!({ "properties": { "enableState": "Disabled", "end": "2027-02-02T09:00:00" } });
        assert_eq!(observed(&off, Generation::Accounts)["days"], json!([]));
    }
}
