//! The expanded configuration as YAML, written by `serde_yaml` from our own values.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::expand::is_back_reference;
use super::sections;
use crate::kinds::{KindInfo, Shape, kind};
use crate::model::{Address, Desired, Resource};

/// What the files ask for, every layer and row expanded, as YAML that is a configuration itself.
///
/// What follows from other resources (an image's location) is left out.
///
/// # Panics
/// Never: the values are maps with text as keys, lists and scalars.
#[must_use]
pub fn to_yaml(desired: &Desired) -> String {
    serde_yaml::to_string(&to_value(desired)).expect("our own values can be written")
}

/// What [`to_yaml`] writes, as a value.
#[must_use]
pub fn to_value(desired: &Desired) -> Value {
    let mut document = Map::new();
    for (section, kind) in sections() {
        let own = desired.resources.iter().filter(|(address, _)| address.kind() == kind.info().name);
        let blocks: Map<String, Value> = own
            .map(|(address, resource)| {
                (address.key().to_owned(), block(address, resource, kind.info(), desired))
            })
            .collect();
        if !blocks.is_empty() {
            document.insert(section.to_owned(), Value::Object(blocks));
        }
    }
    let moved: Vec<_> =
        desired.moved.iter().map(|moved| json!({ "from": moved.from, "to": moved.to })).collect();
    if !moved.is_empty() {
        document.insert("moved".into(), json!(moved));
    }
    let forget: Vec<_> = desired.forget.iter().map(|(address, _)| address).collect();
    if !forget.is_empty() {
        document.insert("forget".into(), json!(forget));
    }
    Value::Object(document)
}

fn block(address: &Address, resource: &Resource, info: &KindInfo, desired: &Desired) -> Value {
    let mut found = Map::new();
    let is_key = |name: &str| {
        name == "name" && resource.attributes.get(name).and_then(Value::as_str) == Some(address.key())
    };
    for (name, value) in &resource.attributes {
        let general = matches!(name.as_str(), "name" | "subscription") && !info.section.is_empty();
        if !is_key(name) && (general || is_own(info, name, address)) {
            found.insert(name.clone(), value.clone());
        }
    }
    for attribute in info.attributes {
        match attribute.shape {
            Shape::Children(of) => {
                let prefix = format!("{of}/{}/", address.key());
                let children: BTreeMap<_, _> = desired
                    .resources
                    .range(Address::new(of, &format!("{}/", address.key()))..)
                    .take_while(|(child, _)| child.as_str().starts_with(&prefix))
                    .map(|(child, own)| {
                        (child.as_str()[prefix.len()..].to_owned(), child_block(child, own, desired))
                    })
                    .collect();
                if !children.is_empty() {
                    found.insert(attribute.name.into(), json!(children));
                }
            }
            Shape::Child(of) => {
                let child = Address::new(of, address.key());
                if let Some(own) = desired.resources.get(&child) {
                    found.insert(attribute.name.into(), child_block(&child, own, desired));
                }
            }
            _ => {}
        }
    }
    if resource.adopt {
        found.insert("adopt".into(), json!(true));
    }
    if let Some(protect) = resource.protect {
        found.insert("protect".into(), json!(protect));
    }
    if !resource.ignore_changes.is_empty() {
        found.insert("ignoreChanges".into(), json!(resource.ignore_changes));
    }
    if !resource.depends_on.is_empty() {
        found.insert("dependsOn".into(), json!(resource.depends_on));
    }
    Value::Object(found)
}

fn child_block(address: &Address, resource: &Resource, desired: &Desired) -> Value {
    kind(address.kind()).map_or(Value::Null, |kind| block(address, resource, kind.info(), desired))
}

/// Whether a user writes the attribute here, rather than that it follows from something else.
fn is_own(info: &KindInfo, name: &str, address: &Address) -> bool {
    let Some(attribute) = info.attribute(name) else { return false };
    let parent = super::sections().find(|(_, kind)| {
        let has_child =
            |shape: &Shape| matches!(shape, Shape::Children(of) | Shape::Child(of) if *of == address.kind());
        info.section.is_empty() && kind.info().attributes.iter().any(|attribute| has_child(&attribute.shape))
    });
    !parent.is_some_and(|(_, parent)| is_back_reference(&attribute.shape, parent.info().name))
}
