//! The profiles that lab plans give and their labs have: when machines stop, and how they are reached.
//!
//! Source: Lab Services REST 2023-06-07, `AutoShutdownProfile` and `ConnectionProfile`.

use serde_json::{Map, Value, json};

use super::shape::{iso_duration, parse_duration};
use super::{Attribute, Shape};

/// How long an automatic shutdown may wait, or that there is none.
///
/// Source: the vendor's bulk sheets take 15 to 59 minutes; the description has no bounds.
pub(super) const IDLE: Shape = Shape::Duration { off: true, min_minutes: 1, max_minutes: 59 };

const MODES: &[&str] = &["UserAbsence", "LowUsage"];
const ACCESS: Shape = Shape::Choice(&["None", "Private", "Public"]);

/// When machines stop by themselves after a student left.
pub(super) const AFTER_DISCONNECT: Attribute = Attribute::new(
    "shutDownAfterDisconnect",
    IDLE,
    "How long after a student disconnects the VM shuts down; `none` is never.",
    "15m",
);
/// When machines stop by themselves that nobody came for.
pub(super) const IF_NOBODY_CONNECTS: Attribute = Attribute::new(
    "shutDownIfNobodyConnects",
    IDLE,
    "How long a started VM waits for its student; `none` is for ever.",
    "15m",
);
/// When machines stop by themselves that nobody uses.
pub(super) const WHEN_IDLE: Attribute = Attribute::new(
    "shutDownWhenIdle",
    IDLE,
    "How long a VM that nobody uses stays on; `none` is for ever. Lab plans only.",
    "15m",
);
/// What counts as nobody using a machine.
pub(super) const IDLE_MEANS: Attribute = Attribute::new(
    "idleMeans",
    Shape::Choice(MODES),
    "What idle means: nobody at keyboard and mouse (UserAbsence, where it is not written), or little work too (LowUsage). Lab plans only.",
    "LowUsage",
);

/// When the machines of a lab plan's labs stop by themselves.
pub(super) const AUTO_SHUTDOWN: &[Attribute] = &[AFTER_DISCONNECT, WHEN_IDLE, IDLE_MEANS, IF_NOBODY_CONNECTS];

/// How machines may be reached.
pub(super) const CONNECTION: &[Attribute] = &[
    Attribute::new("clientRdp", ACCESS, "Remote desktop with a client of one's own.", "Public"),
    Attribute::new("clientSsh", ACCESS, "SSH with a client of one's own.", "Public"),
    Attribute::new("webRdp", ACCESS, "Remote desktop in the browser.", "None"),
    Attribute::new("webSsh", ACCESS, "SSH in the browser.", "None"),
];

/// Attribute, the profile's switch with the word that means on, and its delay.
const DELAYS: [(&str, &str, &str, &str); 3] = [
    ("shutDownAfterDisconnect", "shutdownOnDisconnect", "Enabled", "disconnectDelay"),
    ("shutDownIfNobodyConnects", "shutdownWhenNotConnected", "Enabled", "noConnectDelay"),
    ("shutDownWhenIdle", "shutdownOnIdle", "UserAbsence", "idleDelay"),
];

/// The word of a switch that is off.
fn off(switch: &str) -> &'static str {
    if switch == "shutdownOnIdle" { "None" } else { "Disabled" }
}

/// An `AutoShutdownProfile` of what is written; what `before` had and is not written any more is null, which is the
/// service's default.
pub(super) fn shutdown(written: Option<&Value>, before: Option<&Value>) -> Value {
    let mut profile = Map::new();
    for (attribute, switch, on, delay) in DELAYS {
        match written.and_then(|written| written.get(attribute)) {
            Some(value) if value == "none" => drop(profile.insert(switch.into(), json!(off(switch)))),
            Some(value) => {
                let means = written.and_then(|written| written.get("idleMeans"));
                let on = means.filter(|_| switch == "shutdownOnIdle").cloned().unwrap_or_else(|| json!(on));
                profile.insert(switch.into(), on);
                profile.insert(delay.into(), value.clone());
            }
            None if before.is_some_and(|before| before.get(attribute).is_some()) => {
                profile.insert(switch.into(), json!(off(switch)));
                profile.insert(delay.into(), Value::Null);
            }
            None => {}
        }
    }
    Value::Object(profile)
}

/// What an `AutoShutdownProfile` says in the language's words.
pub(super) fn observed_shutdown(profile: &Value) -> Value {
    let mut seen = Map::new();
    for (attribute, switch, _, delay) in DELAYS {
        let state = profile[switch].as_str().unwrap_or_else(|| off(switch));
        let is_off = state.eq_ignore_ascii_case(off(switch));
        let value = if is_off { json!("none") } else { duration(&profile[delay]) };
        seen.insert(attribute.into(), value);
        if switch == "shutdownOnIdle" && !is_off {
            let mode = MODES.iter().find(|mode| mode.eq_ignore_ascii_case(state));
            seen.insert("idleMeans".into(), mode.map_or_else(|| json!(state), |mode| json!(mode)));
        }
    }
    Value::Object(seen)
}

/// The wire's name of a way to connect.
fn access(attribute: &str) -> String {
    format!("{attribute}Access")
}

/// A `ConnectionProfile` of what is written; what `before` had and is not written any more is the service's default.
pub(super) fn connection(written: Option<&Value>, before: Option<&Value>) -> Value {
    let mut profile = Map::new();
    for attribute in CONNECTION {
        let value = written.and_then(|written| written.get(attribute.name)).cloned();
        let gone = before.is_some_and(|before| before.get(attribute.name).is_some());
        if let Some(value) = value.or_else(|| gone.then(|| json!("None"))) {
            profile.insert(access(attribute.name), value);
        }
    }
    Value::Object(profile)
}

/// What a `ConnectionProfile` says in the language's words.
pub(super) fn observed_connection(profile: &Value) -> Value {
    let seen = CONNECTION.iter().map(|attribute| {
        let value = profile[access(attribute.name)].as_str().unwrap_or("None");
        (attribute.name.to_owned(), json!(value))
    });
    Value::Object(seen.collect())
}

/// A duration as ARM answers it, in normal form: equal values may come back in other words.
pub(super) fn duration(value: &Value) -> Value {
    let normal = value.as_str().and_then(parse_duration).map(iso_duration);
    normal.map_or_else(|| value.clone(), |text| json!(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_as_it_was_written() {
        for written in [
            json!({ "shutDownAfterDisconnect": "PT15M", "shutDownIfNobodyConnects": "none", "shutDownWhenIdle": "none" }),
            json!({ "shutDownAfterDisconnect": "none", "shutDownIfNobodyConnects": "PT20M", "shutDownWhenIdle": "PT16M", "idleMeans": "LowUsage" }),
        ] {
            assert_eq!(observed_shutdown(&shutdown(Some(&written), None)), written);
        }
        let written =
            json!({ "clientRdp": "Public", "clientSsh": "None", "webRdp": "Private", "webSsh": "None" });
        assert_eq!(observed_connection(&connection(Some(&written), None)), written);
    }

    #[test]
    fn what_is_not_written_any_more_goes_back_to_the_services_default() {
        let before = json!({ "shutDownWhenIdle": "PT16M", "clientRdp": "Public" });
        let profile = shutdown(None, Some(&before));
        assert_eq!(profile, json!({ "shutdownOnIdle": "None", "idleDelay": null }));
        assert_eq!(connection(None, Some(&before)), json!({ "clientRdpAccess": "None" }));
        assert_eq!(shutdown(None, None), json!({}));
    }

    #[test]
    fn a_duration_is_equal_in_other_words() {
        assert_eq!(duration(&json!("P1DT16H")), json!("PT40H"));
    }
}
