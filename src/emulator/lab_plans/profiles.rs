//! What bodies of plans and labs have in common: names, lengths, durations, connection and shutdown profiles.
//!
//! Source: Lab Services REST 2023-06-07; names: Azure's naming rules for Microsoft.LabServices.

use crate::emulator::arm::errors::{Refusal, invalid_parameter};
use crate::emulator::arm::path;
use crate::emulator::arm::shape::{self, Object};
use crate::emulator::clock::is_duration;
use serde_json::Value;
use std::ops::RangeInclusive;

/// Characters of a URL or an id.
pub(crate) const URL: RangeInclusive<usize> = 3..=2000;
/// Characters of a mail address.
pub(crate) const EMAIL: RangeInclusive<usize> = 6..=254;
/// What may be on or off.
pub(crate) const SWITCH: &[&str] = &["Enabled", "Disabled"];

/// What a member of a profile may be.
#[derive(Debug, Clone, Copy)]
enum Field {
    /// One of these, the first of them unless it is set.
    OneOf(&'static [&'static str]),
    Duration,
}

const ACCESS: Field = Field::OneOf(&["None", "Public", "Private"]);
const OFF: Field = Field::OneOf(&["Disabled", "Enabled"]);

/// How machines may be reached.
const CONNECTION: &[(&str, Field)] = &[
    ("webSshAccess", ACCESS),
    ("webRdpAccess", ACCESS),
    ("clientSshAccess", ACCESS),
    ("clientRdpAccess", ACCESS),
];
/// When machines shut down by themselves.
const SHUTDOWN: &[(&str, Field)] = &[
    ("shutdownOnDisconnect", OFF),
    ("shutdownWhenNotConnected", OFF),
    ("shutdownOnIdle", Field::OneOf(&["None", "UserAbsence", "LowUsage"])),
    ("disconnectDelay", Field::Duration),
    ("noConnectDelay", Field::Duration),
    ("idleDelay", Field::Duration),
];

/// The connection profile under `name`; what it leaves out is taken from `fallback`, or else the service's default.
///
/// # Errors
/// 400 for what it may not hold.
pub(crate) fn connection(asked: &Object, name: &str, fallback: Option<&Value>) -> Result<Value, Refusal> {
    profile(asked, name, fallback, CONNECTION)
}

/// The shutdown profile under `name`; what it leaves out is taken from `fallback`, or else the service's default.
///
/// # Errors
/// 400 for what it may not hold.
pub(crate) fn shutdown(asked: &Object, name: &str, fallback: Option<&Value>) -> Result<Value, Refusal> {
    profile(asked, name, fallback, SHUTDOWN)
}

fn profile(
    asked: &Object,
    name: &str,
    fallback: Option<&Value>,
    fields: &[(&str, Field)],
) -> Result<Value, Refusal> {
    let asked = shape::member(asked, name)?;
    let mut profile = Object::new();
    for (field, what) in fields {
        let path = format!("properties.{name}.{field}");
        let value = match (shape::text(&asked, field)?, what) {
            (Some(text), Field::OneOf(allowed)) => Some(Value::from(shape::one_of(text, allowed, &path)?)),
            (Some(text), Field::Duration) => Some(Value::from(checked_duration(text, &path)?)),
            (None, Field::OneOf(allowed)) => {
                fallback.and_then(|fallback| fallback.get(*field)).cloned().or(Some(Value::from(allowed[0])))
            }
            (None, Field::Duration) => fallback.and_then(|fallback| fallback.get(*field)).cloned(),
        };
        profile.extend(value.map(|value| ((*field).to_owned(), value)));
    }
    Ok(Value::Object(profile))
}

/// `text`, which must be a duration.
///
/// # Errors
/// 400 `InvalidParameter`.
pub(crate) fn checked_duration<'a>(text: &'a str, path: &str) -> Result<&'a str, Refusal> {
    if is_duration(text) {
        return Ok(text);
    }
    let message =
        format!("The value '{text}' of parameter '{path}' is not an ISO 8601 duration, such as PT10H.");
    Err(invalid_parameter(path, message))
}

/// The hours of a duration that holds.
pub(crate) fn hours(duration: &str) -> f64 {
    let (mut hours, mut number, mut in_time) = (0.0, String::new(), false);
    for c in duration.chars() {
        if c.is_ascii_digit() || c == '.' {
            number.push(c);
            continue;
        }
        let unit = match (c, in_time) {
            ('Y', _) => 8766.0,
            ('M', false) => 730.5,
            ('W', _) => 168.0,
            ('D', _) => 24.0,
            ('H', _) => 1.0,
            ('M', true) => 1.0 / 60.0,
            ('S', _) => 1.0 / 3600.0,
            _ => 0.0,
        };
        in_time |= c == 'T';
        hours += number.parse::<f64>().unwrap_or(0.0) * unit;
        number.clear();
    }
    hours
}

/// The text under `name`, if there is one of that many characters.
///
/// # Errors
/// 400 for anything else.
pub(crate) fn bounded<'a>(
    body: &'a Object,
    name: &str,
    length: RangeInclusive<usize>,
    path: &str,
) -> Result<Option<&'a str>, Refusal> {
    let Some(text) = shape::text(body, name)? else { return Ok(None) };
    if length.contains(&text.chars().count()) {
        return Ok(Some(text));
    }
    let message = format!(
        "The value of parameter '{path}' must have {} to {} characters, it has {}.",
        length.start(),
        length.end(),
        text.chars().count()
    );
    Err(invalid_parameter(path, message))
}

/// Copies the texts of `names` from `asked`, each of a URL's length.
///
/// # Errors
/// 400 for anything else.
pub(crate) fn ids(asked: &Object, profile: &str, names: &[&str]) -> Result<Object, Refusal> {
    let asked = shape::member(asked, profile)?;
    let mut kept = Object::new();
    for name in names {
        if let Some(text) = bounded(&asked, name, URL, &format!("properties.{profile}.{name}"))? {
            kept.insert((*name).to_owned(), Value::from(text));
        }
    }
    Ok(kept)
}

/// An id with the leading slash that some clients leave out.
pub(crate) fn with_slash(id: &str) -> String {
    format!("/{}", id.trim_start_matches('/'))
}

/// The namespace, type and name of a top-level resource's id, in lower case, with its group.
pub(crate) fn parts_of(id: &str) -> Option<(String, String, String, String)> {
    let key = path::key(id);
    let parts: Vec<&str> = key.split('/').collect();
    match parts[..] {
        ["", "subscriptions", _, "resourcegroups", group, "providers", namespace, kind, name] => {
            Some((group.to_owned(), namespace.to_owned(), kind.to_owned(), name.to_owned()))
        }
        _ => None,
    }
}

/// Refuses names that no plan or lab may have.
///
/// # Errors
/// 400 `InvalidParameter`.
pub(crate) fn check_name(name: &str) -> Result<(), Refusal> {
    let good = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let ends = name.ends_with(|c: char| c.is_ascii_alphanumeric());
    if starts && ends && name.chars().all(good) && name.len() <= 100 {
        return Ok(());
    }
    let message = format!(
        "The resource name '{name}' is invalid: 1 to 100 letters, digits, '-', '.' and '_', a letter first and a letter or digit last."
    );
    Err(invalid_parameter("name", message))
}

/// Refuses names that nothing below a plan or lab may have.
///
/// # Errors
/// 400 `InvalidParameter`.
pub(crate) fn check_child_name(name: &str) -> Result<(), Refusal> {
    let good = |c: char| c.is_alphanumeric() || "-_.()\\".contains(c);
    if (1..=100).contains(&name.chars().count()) && name.chars().all(good) {
        return Ok(());
    }
    let message = format!(
        "The resource name '{name}' is invalid: 1 to 100 characters that match the pattern ^[-\\w\\\\._\\\\(\\\\)]+$."
    );
    Err(invalid_parameter("name", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_hours() {
        for (text, expected) in [("PT10H", 10.0), ("P1DT30M", 24.5), ("P2W", 336.0), ("PT0S", 0.0)] {
            assert!((hours(text) - expected).abs() < 1e-9, "{text}");
        }
    }

    #[test]
    fn a_name_begins_with_a_letter() {
        assert!(check_name("lp-cs_1.x").is_ok());
        for bad in ["", "1lab", "lab-", "a b", "ü", &"x".repeat(101)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
        assert!(check_child_name("u(1)_x").is_ok() && check_child_name("a b").is_err());
    }
}
