//! What is read before a request leaves, and looked at again when its answer was lost.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::azure::{Arm, ArmError, read};
use crate::model::{Evidence, Look};

/// Reads the evidence as it is now; a list that is not there is empty.
pub(super) async fn look(arm: &dyn Arm, evidence: &Evidence) -> Result<Value, ArmError> {
    let answer = read(arm, &evidence.read).await?;
    Ok(seen(&evidence.look, answer.as_ref()))
}

/// What of an answer counts. Shape: a boolean; a map from pointer to value; a sorted list of names.
pub(super) fn seen(look: &Look, answer: Option<&Value>) -> Value {
    match look {
        Look::Exists => json!(answer.is_some()),
        Look::Fields(pointers) => {
            let value = |pointer: &str| answer.and_then(|body| body.pointer(pointer)).cloned();
            let fields: Map<_, _> = pointers
                .iter()
                .map(|pointer| (pointer.clone(), value(pointer).unwrap_or(Value::Null)))
                .collect();
            Value::Object(fields)
        }
        Look::Names => json!(names(answer)),
    }
}

/// Whether the difference shows that the request took effect.
pub(super) fn took_effect(look: &Look, before: &Value, now: &Value) -> bool {
    match look {
        Look::Exists | Look::Fields(_) => before != now,
        Look::Names => {
            let had = |name: &Value| before.as_array().is_some_and(|names| names.contains(name));
            now.as_array().is_some_and(|names| names.iter().any(|name| !had(name)))
        }
    }
}

/// The names of a list's items.
pub(super) fn names(list: Option<&Value>) -> BTreeSet<&str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(|item| item["name"].as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_not_there_is_empty_and_fields_are_null() {
        assert_eq!(seen(&Look::Names, None), json!([]));
        assert_eq!(seen(&Look::Fields(vec!["/a".into()]), None), json!({"/a": null}));
        assert_eq!(seen(&Look::Exists, None), json!(false));
    }

    #[test]
    fn only_what_is_new_shows_an_effect() {
        for (look, before, now, effect) in [
            (Look::Exists, json!(false), json!(true), true),
            (Look::Exists, json!(true), json!(false), true),
            (Look::Exists, json!(true), json!(true), false),
            (Look::Fields(vec![]), json!({"/a": "Draft"}), json!({"/a": "Publishing"}), true),
            (Look::Names, json!(["1.0.0"]), json!(["1.0.0", "1.0.1"]), true),
            (Look::Names, json!(["1.0.0"]), json!([]), false),
        ] {
            assert_eq!(took_effect(&look, &before, &now), effect, "{look:?} {before} {now}");
        }
    }
}
