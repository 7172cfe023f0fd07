//! The schedules of a lab: when its machines start and stop.
//!
//! Source: Lab Services REST 2023-06-07. PUT and PATCH are done at once; `expirationDate` is a date with 2021-11-15-preview and
//! a date and time since.

use crate::emulator::arm::errors::{Refusal, invalid_content, invalid_parameter};
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::shape::{self, Object};
use crate::emulator::arm::types::Target;
use crate::emulator::arm::{rendering, tracked};
use crate::emulator::clock::is_date;
use crate::emulator::compute::galleries::subject;
use crate::emulator::lab_plans::changes::deleted;
use crate::emulator::lab_plans::lists;
use crate::emulator::lab_plans::profiles::{bounded, check_child_name};
use crate::emulator::message::{Request, Response};
use crate::emulator::world::World;
use serde_json::{Value, json};

const DAYS: &[&str] = &["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Answers requests to schedules.
pub(crate) fn answer(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    match (&call.address.target, call.request.method.as_str()) {
        (Target::Collection, "GET") => lists::list(world, call),
        (Target::Item, "GET") => world
            .item(&call.address)
            .map(|schedule| Response::json(200, rendering::of(world, schedule, call.request))),
        (Target::Item, "PUT" | "PATCH") => put(world, call),
        (Target::Item, "DELETE") => deleted(world, call),
        _ => Err(call.no_such_verb()),
    }
}

fn put(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    let wanted = tracked::wanted(world, call)?;
    check_child_name(call.address.name())?;
    let properties = read(&tracked::properties(&wanted.body)?)?;
    let status = wanted.status;
    let mut schedule = subject(world, call, wanted.existing)?;
    schedule.properties = properties;
    schedule.changed = world.now();
    let answer = Response::json(status, rendering::of(world, &schedule, call.request));
    world.put(schedule);
    Ok(answer)
}

/// What the caller owns of a schedule: all of it.
fn read(asked: &Object) -> Result<Object, Refusal> {
    let mut kept = Object::new();
    let stop = moment(shape::required(asked, "stopAt", "properties.stopAt")?, "properties.stopAt")?;
    kept.insert("stopAt".into(), json!(stop));
    if let Some(start) = shape::text(asked, "startAt")? {
        let start = moment(start, "properties.startAt")?;
        let is_utc = start.ends_with('Z') && stop.ends_with('Z');
        if is_utc && start.get(..19) >= stop.get(..19) {
            let message =
                format!("The schedule must start before it stops: '{start}' is not before '{stop}'.");
            return Err(invalid_parameter("properties.startAt", message));
        }
        kept.insert("startAt".into(), json!(start));
    }
    const ZONE: &str = "properties.timeZoneId";
    shape::required(asked, "timeZoneId", ZONE)?;
    let zone = bounded(asked, "timeZoneId", 1..=50, ZONE)?.unwrap_or_default();
    if !zone.chars().all(|c| c.is_ascii_alphanumeric() || "/_+-".contains(c)) {
        let message =
            format!("The value '{zone}' of '{ZONE}' is not an IANA time zone, such as Europe/Amsterdam.");
        return Err(invalid_parameter(ZONE, message));
    }
    kept.insert("timeZoneId".into(), json!(zone));
    if let Some(notes) = bounded(asked, "notes", 0..=1000, "properties.notes")? {
        kept.insert("notes".into(), json!(notes));
    }
    if asked.get("recurrencePattern").is_some_and(|pattern| !pattern.is_null()) {
        kept.insert("recurrencePattern".into(), Value::Object(recurrence(asked)?));
    }
    Ok(kept)
}

fn recurrence(asked: &Object) -> Result<Object, Refusal> {
    let at = |name: &str| format!("properties.recurrencePattern.{name}");
    let mut asked = shape::member(asked, "recurrencePattern")?.into_owned();
    shape::required(&asked, "frequency", &at("frequency"))?;
    shape::canonical(&mut asked, "frequency", &["Daily", "Weekly"], &at("frequency"))?;
    let mut kept = Object::new();
    kept.insert("frequency".into(), asked["frequency"].clone());
    let until = shape::required(&asked, "expirationDate", &at("expirationDate"))?;
    if !is_date(until) {
        return Err(no_date(until, &at("expirationDate")));
    }
    // Kept as a date and time, whatever it came as.
    let until = if until.len() == 10 { format!("{until}T00:00:00Z") } else { until.to_owned() };
    kept.insert("expirationDate".into(), json!(until));
    if let Some(interval) = shape::count(&asked, "interval")? {
        if !(1..=365).contains(&interval) {
            let message = format!("The value {interval} of '{}' is not from 1 to 365.", at("interval"));
            return Err(invalid_parameter(&at("interval"), message));
        }
        kept.insert("interval".into(), json!(interval));
    }
    match asked.get("weekDays") {
        None | Some(Value::Null) => {}
        Some(Value::Array(days)) => {
            let bad = || invalid_content("The property 'weekDays' must be an array of strings.");
            let day = |day: &Value| shape::one_of(day.as_str().ok_or_else(bad)?, DAYS, &at("weekDays"));
            let days: Vec<&str> = days.iter().map(day).collect::<Result<_, _>>()?;
            kept.insert("weekDays".into(), json!(days));
        }
        Some(_) => return Err(invalid_content("The property 'weekDays' must be an array of strings.")),
    }
    Ok(kept)
}

/// `text`, which must be a date and time.
fn moment<'a>(text: &'a str, path: &str) -> Result<&'a str, Refusal> {
    if is_date(text) && text.len() > 10 { Ok(text) } else { Err(no_date(text, path)) }
}

fn no_date(text: &str, path: &str) -> Refusal {
    invalid_parameter(path, format!("The value '{text}' of parameter '{path}' is not a date and time."))
}

/// The first version has the day alone.
pub(crate) fn show(request: &Request, body: &mut Value) {
    if request.query("api-version") == Some("2021-11-15-preview")
        && let Some(Value::String(until)) = body.pointer_mut("/properties/recurrencePattern/expirationDate")
    {
        until.truncate(10);
    }
}
