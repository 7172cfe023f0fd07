//! Pieces of the few words in which kinds say what they make.

use serde_json::Value;

use super::reference_id;
use crate::model::{Attributes, plain_duration};

/// `cs-core-la` of a reference to `LabAccount/cs-core-la`, `Ubuntu Server 22.04 LTS` of a marketplace
/// image, the last segment of an id; empty where the attribute is not written.
pub(super) fn key<'a>(attributes: &'a Attributes, name: &str) -> &'a str {
    let Some(value) = attributes.get(name) else { return "" };
    match (value.as_str(), value.get("id").and_then(Value::as_str)) {
        (Some(text), _) => text.split_once('/').map_or(text, |(_, key)| key),
        (None, Some(id)) => id.rsplit('/').next().unwrap_or(id),
        (None, None) => "",
    }
}

/// `Image/java-dev` of a reference to it, `` `java-dev` `` of one to something that has this name and is not managed.
pub(super) fn thing(reference: &Value) -> String {
    match reference_id(reference) {
        Some(id) => format!("`{}`", id.name()),
        None => reference.as_str().unwrap_or_default().to_owned(),
    }
}

/// How the files write a reference: by its key alone where one kind fits, or by an id.
pub(super) fn written(reference: &Value, one_kind: bool) -> String {
    match (reference_id(reference), reference.as_str().unwrap_or_default()) {
        (Some(id), _) => format!("{{ id: {id} }}"),
        (None, text) if one_kind => text.split_once('/').map_or(text, |(_, key)| key).to_owned(),
        (None, text) => text.to_owned(),
    }
}

/// `quota 20h`; `None` where the attribute is not written.
pub(super) fn named(attributes: &Attributes, name: &str) -> Option<String> {
    let text = attributes.get(name)?.as_str()?;
    Some(format!("{name} {}", plain_duration(text).as_deref().unwrap_or(text)))
}

/// `in cslabs-rg, westeurope`.
pub(super) fn place(attributes: &Attributes) -> String {
    let text = |name: &str| attributes.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let parts = [text("resourceGroup"), text("location")];
    format!("in {}", parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

/// `1 lab`, `2 labs`.
pub(super) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_reference_is_said_by_its_key() {
        let attributes =
            json!({ "a": "Lab/x", "b": "Marketplace/Ubuntu Server 22.04 LTS", "c": { "id": "/s/y" } });
        let attributes = attributes.as_object().expect("a map").clone().into();
        let keys = ["a", "b", "c", "d"].map(|name| key(&attributes, name));
        assert_eq!(keys, ["x", "Ubuntu Server 22.04 LTS", "y", ""]);
    }
}
