//! What most resources of a section share, written once.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Blocks;

/// What tells one resource from the next, or reads better where it stands.
const STAYS: &[&str] = &[
    "name",
    "title",
    "description",
    "identifier",
    "os",
    "gallery",
    "in",
    "to",
    "image",
    "source",
    "versions",
    "enabledImages",
    "marketplaceImages",
    "publish",
    "schedules",
];

/// Sections that hold no resources.
const NAMED: [&str; 2] = ["credentials", "timetables"];

/// Moves what an image's versions share to the image.
pub(in crate::cli) fn share_in_images(blocks: &mut Blocks) {
    let images = blocks.get_mut("images").into_iter().flat_map(Map::values_mut);
    for image in images.filter_map(Value::as_object_mut) {
        let Some(Value::Object(versions)) = image.get_mut("versions") else { continue };
        let excluded = |own: &Value| own["excludeFromLatest"] == json!(true);
        let numbers: Vec<_> =
            versions.iter().filter(|(_, own)| excluded(own)).map(|(number, _)| json!(number)).collect();
        let mut replicate = versions.values().map(|own| own.get("replicate").cloned());
        let first = replicate.next().flatten();
        let is_shared = replicate.all(|other| other == first);
        for own in versions.values_mut().filter_map(Value::as_object_mut) {
            own.remove("excludeFromLatest");
            if is_shared {
                own.remove("replicate");
            }
        }
        image.insert("excludeFromLatest".into(), json!(numbers));
        image.extend(first.filter(|_| is_shared).map(|first| ("replicate".to_owned(), first)));
    }
}

/// Takes out of each section what most of its resources share, and gives it by section.
///
/// Only what every resource of the section has: a default must not reach one that has nothing of it. Maps
/// merge over layers, so a map is shared only where all have the same keys.
pub(in crate::cli) fn factor_out(blocks: &mut Blocks) -> Map<String, Value> {
    let mut defaults = Map::new();
    for (section, own) in blocks.iter_mut().filter(|(section, _)| !NAMED.contains(section)) {
        let mut resources: Vec<_> = own.values_mut().filter_map(Value::as_object_mut).collect();
        let names: Vec<_> =
            resources.first().map(|first| first.keys().cloned().collect()).unwrap_or_default();
        for name in names.into_iter().filter(|name: &String| !STAYS.contains(&name.as_str())) {
            let Some(shared) = shared(&resources, &name) else { continue };
            for resource in &mut resources {
                if resource.get(&name) == Some(&shared) {
                    resource.remove(&name);
                }
            }
            let layer = defaults.entry(*section).or_insert_with(|| json!({}));
            layer[name] = shared;
        }
    }
    defaults
}

/// The value that more than half of the resources have at `name`, where all have one of its shape.
fn shared(resources: &[&mut Map<String, Value>], name: &str) -> Option<Value> {
    let mut counts: BTreeMap<String, (usize, &Value)> = BTreeMap::new();
    for resource in resources {
        let value = resource.get(name)?;
        counts.entry(value.to_string()).or_insert((0, value)).0 += 1;
    }
    let (count, value) = counts.values().max_by_key(|(count, _)| *count)?;
    let alike = counts.values().all(|(_, other)| same_keys(value, other));
    (alike && *count > 1 && *count * 2 > resources.len()).then(|| (*value).clone())
}

fn same_keys(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| other.get(key).is_some_and(|other| same_keys(value, other)))
        }
        (Value::Object(_), _) | (_, Value::Object(_)) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_reaches_no_resource_that_has_nothing_of_it() {
        let labs = json!({
            "a": { "quota": "PT10H", "access": "Open", "autoShutdown": { "x": "PT15M" } },
            "b": { "quota": "PT10H", "autoShutdown": { "x": "PT15M", "y": "none" } },
            "c": { "quota": "PT20H", "access": "Open", "autoShutdown": { "x": "PT15M" } },
        });
        let mut blocks = Blocks::from([("labs", labs.as_object().expect("a map").clone())]);
        assert_eq!(Value::Object(factor_out(&mut blocks)), json!({ "labs": { "quota": "PT10H" } }));
        assert_eq!(blocks["labs"]["b"].get("quota"), None);
        assert_eq!(blocks["labs"]["c"]["quota"], "PT20H");
    }

    #[test]
    fn versions_that_are_copied_to_the_same_regions_say_so_once() {
        let images = json!({ "i": { "versions": {
            "1.0.0": { "replicate": { "regions": { "westeurope": 1 } }, "excludeFromLatest": true },
            "1.1.0": { "replicate": { "regions": { "westeurope": 1 } }, "excludeFromLatest": false },
        } } });
        let mut blocks = Blocks::from([("images", images.as_object().expect("a map").clone())]);
        share_in_images(&mut blocks);
        assert_eq!(
            blocks["images"]["i"],
            json!({ "replicate": { "regions": { "westeurope": 1 } }, "excludeFromLatest": ["1.0.0"],
                    "versions": { "1.0.0": {}, "1.1.0": {} } })
        );
    }
}
