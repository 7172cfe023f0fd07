//! What a step reads into its row's outputs.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value, json};

use super::evidence::names;
use crate::azure::{Arm, ArmError, read};
use crate::catalog::region;
use crate::model::{Output, Read, Take};

/// Reads the outputs; what is absent is left out. A read that several share is made once.
pub(super) async fn outputs(arm: &dyn Arm, wanted: &[Output]) -> Result<Map<String, Value>, ArmError> {
    let mut answers: HashMap<&Read, Option<Value>> = HashMap::new();
    let mut found = Map::new();
    for output in wanted {
        if !answers.contains_key(&output.read) {
            answers.insert(&output.read, read(arm, &output.read).await?);
        }
        let answer = answers.get(&output.read).and_then(Option::as_ref);
        if let Some(value) = answer.and_then(|answer| taken(&output.take, answer)) {
            found.insert(output.name.clone(), value);
        }
    }
    Ok(found)
}

/// What is taken of an answer; `None` where it is absent.
pub(super) fn taken(take: &Take, answer: &Value) -> Option<Value> {
    match take {
        Take::Pointer(pointer) => answer.pointer(pointer).filter(|value| !value.is_null()).cloned(),
        Take::Names => Some(json!(names(Some(answer)))),
        Take::Item { at, is, value } => {
            let text = |item: &Value, pointer: &String| -> bool {
                let text = item.pointer(pointer).and_then(Value::as_str);
                text.is_some_and(|text| text.eq_ignore_ascii_case(is))
            };
            let item = answer.as_array()?.iter().find(|item| at.iter().any(|pointer| text(item, pointer)))?;
            item.pointer(value).filter(|value| !value.is_null()).cloned()
        }
        Take::Newest => {
            let excluded = |item: &&Value| {
                item.pointer("/properties/publishingProfile/excludeFromLatest") == Some(&json!(true))
            };
            Some(json!(newest(answer, |item| !excluded(&item))?["name"].as_str()?))
        }
        Take::NewestRegions => {
            let targets = newest(answer, |_| true)?.pointer("/properties/publishingProfile/targetRegions")?;
            let regions = targets.as_array()?.iter().filter_map(|target| target["name"].as_str());
            let regions: BTreeSet<_> = regions.map(|name| region(name).unwrap_or(name)).collect();
            Some(json!(regions))
        }
    }
}

fn newest(list: &Value, counts: impl Fn(&Value) -> bool) -> Option<&Value> {
    let items = list.as_array()?.iter().filter(|item| item["name"].is_string() && counts(item));
    items.max_by(|a, b| {
        by_version(a["name"].as_str().unwrap_or_default(), b["name"].as_str().unwrap_or_default())
    })
}

/// Compares `Major.Minor.Patch` by number; what is no number comes first.
pub(super) fn by_version(a: &str, b: &str) -> Ordering {
    let numbers =
        |text: &str| -> Vec<Option<u64>> { text.split('.').map(|part| part.parse().ok()).collect() };
    numbers(a).cmp(&numbers(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions() -> Value {
        let profile = |regions: &[&str], excluded: bool| {
            let targets: Vec<_> = regions.iter().map(|name| json!({"name": name})).collect();
            json!({"publishingProfile": {"targetRegions": targets, "excludeFromLatest": excluded}})
        };
        json!([
            {"name": "1.9.0", "properties": profile(&["West Europe"], false)},
            {"name": "1.10.0", "properties": profile(&["West Europe", "North Europe"], true)},
        ])
    }

    #[test]
    fn the_newest_version_is_the_highest_that_is_not_excluded() {
        assert_eq!(taken(&Take::Newest, &versions()), Some(json!("1.9.0")));
        assert_eq!(taken(&Take::Names, &versions()), Some(json!(["1.10.0", "1.9.0"])));
        assert_eq!(taken(&Take::NewestRegions, &versions()), Some(json!(["northeurope", "westeurope"])));
        assert_eq!(taken(&Take::Newest, &json!([])), None);
    }

    #[test]
    fn an_item_is_found_by_what_it_says_in_any_case() {
        let list = json!([
            {"name": "1", "id": "/a", "properties": {"vmType": "User"}},
            {"name": "0", "id": "/b", "properties": {"vmType": "template"}},
        ]);
        let find = |is: &str| {
            let at = vec!["/properties/vmType".into(), "/name".into()];
            taken(&Take::Item { at, is: is.into(), value: "/id".into() }, &list)
        };
        assert_eq!((find("Template"), find("1"), find("2")), (Some(json!("/b")), Some(json!("/a")), None));
    }
}
