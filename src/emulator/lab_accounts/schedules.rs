//! Schedules of a lab: when its machines start and stop.
//!
//! Not published: requests are those of Microsoft's classroom labs module (2019-01-01-preview), which names each
//! `Default_` and a random number; answers give back what was put. Nothing keeps two schedules of the same times apart but
//! their names, so one run twice makes duplicates, as on Azure. The emulated clock starts and stops no machine by them.

use crate::emulator::arm::errors::{Refusal, invalid_content, invalid_parameter};
use crate::emulator::arm::rendering;
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::shape::{self, Object};
use crate::emulator::arm::tracked;
use crate::emulator::arm::types::Target;
use crate::emulator::clock::is_date;
use crate::emulator::compute::galleries::subject;
use crate::emulator::lab_accounts::accounts::list;
use crate::emulator::message::Response;
use crate::emulator::world::World;
use serde_json::{Value, json};

/// What of a schedule a client sets.
const NAMES: &[&str] =
    &["enableState", "start", "end", "recurrencePattern", "timeZoneId", "startAction", "endAction", "notes"];

const DAYS: &[&str] = &["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Answers requests to schedules.
pub(crate) fn answer(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    match (&call.address.target, call.request.method.as_str()) {
        (Target::Collection, "GET") => list(world, call),
        (Target::Item, "GET") => world
            .item(&call.address)
            .map(|item| Response::json(200, rendering::of(world, item, call.request))),
        (Target::Item, "PUT") => put(world, call),
        (Target::Item, "DELETE") => delete(world, call),
        _ => Err(call.no_such_verb()),
    }
}

fn put(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    let wanted = tracked::wanted(world, call)?;
    tracked::check_name(call.address.name(), 100)?;
    let tags = shape::tags(&wanted.body)?;
    let mut asked = tracked::properties(&wanted.body)?;
    check(&mut asked)?;
    asked.retain(|name, value| NAMES.contains(&name.as_str()) && !value.is_null());
    let status = wanted.status;
    let mut schedule = subject(world, call, wanted.existing)?;
    (schedule.tags, schedule.properties) = (tags, asked);
    schedule.changed = world.now();
    let answer = Response::json(status, rendering::of(world, &schedule, call.request));
    world.put(schedule);
    Ok(answer)
}

fn check(asked: &mut Object) -> Result<(), Refusal> {
    const ENABLED: &[&str] = &["Enabled", "Disabled"];
    shape::canonical(asked, "enableState", ENABLED, "properties.enableState")?;
    asked.entry("enableState").or_insert(json!("Enabled"));
    shape::required(asked, "timeZoneId", "properties.timeZoneId")?;
    shape::text(asked, "notes")?;
    for name in ["start", "end"] {
        moment(asked, name, &format!("properties.{name}"))?;
    }
    let moments = [shape::text(asked, "start")?, shape::text(asked, "end")?];
    match moments {
        [None, None] => {
            return Err(invalid_parameter("properties.start", "A schedule needs a start, an end, or both."));
        }
        [Some(start), Some(end)] if end <= start => {
            return Err(invalid_parameter(
                "properties.end",
                "The end of a schedule must be after its start.",
            ));
        }
        _ => {}
    }
    for (name, kinds) in [("startAction", ["Start"]), ("endAction", ["Stop"])] {
        let mut action = shape::member(asked, name)?.into_owned();
        shape::canonical(&mut action, "enableState", ENABLED, &format!("properties.{name}.enableState"))?;
        shape::canonical(&mut action, "actionType", &kinds, &format!("properties.{name}.actionType"))?;
        if !action.is_empty() {
            asked.insert(name.to_owned(), Value::Object(action));
        }
    }
    let mut pattern = shape::member(asked, "recurrencePattern")?.into_owned();
    if !pattern.is_empty() {
        recurrence(&mut pattern)?;
        asked.insert("recurrencePattern".into(), Value::Object(pattern));
    }
    Ok(())
}

/// Checks a pattern; one by weeks has its days and, like all, a last day.
fn recurrence(pattern: &mut Object) -> Result<(), Refusal> {
    const AT: &str = "properties.recurrencePattern";
    shape::required(pattern, "frequency", &format!("{AT}.frequency"))?;
    shape::canonical(pattern, "frequency", &["Daily", "Weekly"], &format!("{AT}.frequency"))?;
    shape::required(pattern, "until", &format!("{AT}.until"))?;
    moment(pattern, "until", &format!("{AT}.until"))?;
    if shape::count(pattern, "interval")? == Some(0) {
        return Err(invalid_parameter(&format!("{AT}.interval"), "The interval must be above zero."));
    }
    let is_weekly = pattern.get("frequency") == Some(&json!("Weekly"));
    match pattern.get_mut("weekDays") {
        None | Some(Value::Null) if is_weekly => {
            Err(invalid_parameter(&format!("{AT}.weekDays"), "A weekly schedule needs its days."))
        }
        None | Some(Value::Null) => Ok(()),
        Some(Value::Array(days)) => days.iter_mut().try_for_each(|day| {
            let text = day.as_str().ok_or_else(|| invalid_content("The week days must be strings."))?;
            *day = json!(shape::one_of(text, DAYS, &format!("{AT}.weekDays"))?);
            Ok(())
        }),
        Some(_) => Err(invalid_content("The property 'weekDays' must be an array.")),
    }
}

fn moment(object: &Object, name: &str, path: &str) -> Result<(), Refusal> {
    match shape::text(object, name)? {
        Some(text) if !is_date(text) => {
            Err(invalid_parameter(path, format!("The value '{text}' of '{path}' is not a date and time.")))
        }
        _ => Ok(()),
    }
}

/// Takes a schedule away at once.
fn delete(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    world.group(&call.address.subscription, call.address.group_name())?;
    let key = call.key()?;
    let status = if world.resource(&key).is_some() { 200 } else { 204 };
    world.remove_tree(&key);
    Ok(Response::empty(status))
}
