//! Reading bodies: what must be there, what it may be, and the spelling it is kept in.

use crate::emulator::arm::errors::{Refusal, change_not_allowed, invalid_content, invalid_parameter};
use crate::emulator::message::Request;
use serde_json::{Map, Value};

/// A JSON object.
pub(crate) type Object = Map<String, Value>;

/// The request's body, which must be a JSON object; none at all reads as an empty one.
///
/// # Errors
/// 400 `InvalidRequestContent`.
pub(crate) fn object(request: &Request) -> Result<Object, Refusal> {
    if request.body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Object::new());
    }
    match serde_json::from_slice(&request.body) {
        Ok(Value::Object(body)) => Ok(body),
        Ok(Value::Null) => Ok(Object::new()),
        Ok(_) => Err(invalid_content(
            "The request content was invalid and could not be deserialized: an object was expected.",
        )),
        Err(error) => Err(invalid_content(format!(
            "The request content was invalid and could not be deserialized: '{error}'."
        ))),
    }
}

/// The object under `name`; absent and null read as an empty one.
///
/// # Errors
/// 400 `InvalidRequestContent` for anything else.
pub(crate) fn member<'a>(body: &'a Object, name: &str) -> Result<std::borrow::Cow<'a, Object>, Refusal> {
    use std::borrow::Cow;
    match body.get(name) {
        None | Some(Value::Null) => Ok(Cow::Owned(Object::new())),
        Some(Value::Object(object)) => Ok(Cow::Borrowed(object)),
        Some(_) => Err(invalid_content(format!("The property '{name}' must be an object."))),
    }
}

/// The text under `name`; absent and null are none.
///
/// # Errors
/// 400 `InvalidRequestContent` for anything but text.
pub(crate) fn text<'a>(body: &'a Object, name: &str) -> Result<Option<&'a str>, Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid_content(format!("The property '{name}' must be a string."))),
    }
}

/// The text under `name`, which must be there and not empty.
///
/// # Errors
/// 400 `InvalidParameter`, `InvalidRequestContent`.
pub(crate) fn required<'a>(body: &'a Object, name: &str, path: &str) -> Result<&'a str, Refusal> {
    let missing = || invalid_parameter(path, format!("Required parameter '{path}' is missing (null)."));
    text(body, name)?.filter(|text| !text.is_empty()).ok_or_else(missing)
}

/// The canonical spelling of `text` among `allowed`.
///
/// # Errors
/// 400 `InvalidParameter` that names the allowed ones.
pub(crate) fn one_of(text: &str, allowed: &[&'static str], path: &str) -> Result<&'static str, Refusal> {
    allowed.iter().find(|value| value.eq_ignore_ascii_case(text)).copied().ok_or_else(|| {
        let message = format!(
            "The value '{text}' of parameter '{path}' is not allowed. Allowed values are: {}.",
            allowed.join(", ")
        );
        invalid_parameter(path, message)
    })
}

/// Puts the canonical spelling of the enumeration under `name`, if there is one.
///
/// # Errors
/// 400 for a value outside of it.
pub(crate) fn canonical(
    body: &mut Object,
    name: &str,
    allowed: &[&'static str],
    path: &str,
) -> Result<(), Refusal> {
    let Some(value) = text(body, name)?.map(|text| one_of(text, allowed, path)).transpose()? else {
        return Ok(());
    };
    body.insert(name.to_owned(), Value::from(value));
    Ok(())
}

/// The boolean under `name`; absent and null are none.
///
/// # Errors
/// 400 `InvalidRequestContent` for anything else.
pub(crate) fn boolean(body: &Object, name: &str) -> Result<Option<bool>, Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(*value)),
        Some(_) => Err(invalid_content(format!("The property '{name}' must be a boolean."))),
    }
}

/// The count under `name`, as a number or as text of digits; absent and null are none.
///
/// # Errors
/// 400 `InvalidRequestContent` for anything else.
pub(crate) fn count(body: &Object, name: &str) -> Result<Option<u64>, Refusal> {
    let bad =
        || invalid_content(format!("The property '{name}' must be a whole number that is not negative."));
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => number.as_u64().map(Some).ok_or_else(bad),
        Some(Value::String(text)) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            text.parse().map(Some).map_err(|_| bad())
        }
        Some(_) => Err(bad()),
    }
}

/// The tags of a body, an object of strings.
///
/// # Errors
/// 400 for another shape, too many or too long ones. Limits: ARM, tag resources.
pub(crate) fn tags(body: &Object) -> Result<Option<Object>, Refusal> {
    let Some(value) = body.get("tags").filter(|value| !value.is_null()) else { return Ok(None) };
    let Value::Object(tags) = value else {
        return Err(invalid_content("The property 'tags' must be an object of strings."));
    };
    if tags.len() > 50 {
        return Err(Refusal::new(400, "InvalidTags", "The maximum number of tags is 50."));
    }
    for (name, value) in tags {
        let Value::String(value) = value else {
            return Err(invalid_content(format!("The value of tag '{name}' must be a string.")));
        };
        let name_holds = !name.is_empty()
            && name.chars().count() <= 512
            && !name.contains(['<', '>', '%', '&', '\\', '?', '/']);
        if !name_holds || value.chars().count() > 256 {
            return Err(Refusal::new(
                400,
                "InvalidTagNameCharacters",
                format!("The tag '{name}' has an invalid name or value."),
            ));
        }
    }
    Ok(Some(tags.clone()))
}

/// Merges `patch` into `target` as JSON merge patch: null removes, objects merge, all else replaces.
pub(crate) fn merge(target: &mut Object, patch: &Object) {
    for (name, value) in patch {
        match value {
            Value::Null => {
                target.remove(name);
            }
            Value::Object(inner) => {
                let entry = target.entry(name.clone()).or_insert_with(|| Value::Object(Object::new()));
                if !entry.is_object() {
                    *entry = Value::Object(Object::new());
                }
                if let Value::Object(entry) = entry {
                    merge(entry, inner);
                }
            }
            other => {
                target.insert(name.clone(), other.clone());
            }
        }
    }
}

/// Drops nulls at every depth: an answer leaves out what is not set.
pub(crate) fn without_nulls(object: &mut Object) {
    object.retain(|_, value| !value.is_null());
    for value in object.values_mut() {
        if let Value::Object(inner) = value {
            without_nulls(inner);
        }
    }
}

/// Refuses a change of what is fixed at creation: of each pointer below `properties`, the new value if it is there.
///
/// Text compares without case, and what the new body leaves out is carried over.
///
/// # Errors
/// 409 `PropertyChangeNotAllowed`, which names the path below `prefix`.
pub(crate) fn keep_fixed(
    old: &Object,
    new: &mut Object,
    pointers: &[&str],
    prefix: &str,
) -> Result<(), Refusal> {
    let (old_value, mut new_value) = (Value::Object(old.clone()), Value::Object(std::mem::take(new)));
    let mut refused = None;
    for pointer in pointers {
        match (old_value.pointer(pointer), new_value.pointer(pointer)) {
            (Some(before), None | Some(Value::Null)) => insert_at(&mut new_value, pointer, before.clone()),
            (None, None | Some(Value::Null)) => {}
            (before, Some(after)) if before.is_some_and(|before| alike(before, after)) => {}
            _ => {
                refused = refused
                    .or_else(|| Some(change_not_allowed(&format!("{prefix}{}", pointer.replace('/', ".")))));
            }
        }
    }
    if let Value::Object(object) = new_value {
        *new = object;
    }
    refused.map_or(Ok(()), Err)
}

/// True when two values differ at most in the case of their text.
pub(crate) fn alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::String(one), Value::String(other)) => one.eq_ignore_ascii_case(other),
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, value)| other.get(name).is_some_and(|other| alike(value, other)))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| alike(one, other))
        }
        _ => one == other,
    }
}

/// Puts `value` at `pointer`, making the objects on the way.
fn insert_at(target: &mut Value, pointer: &str, value: Value) {
    let mut place = target;
    for part in pointer.split('/').skip(1) {
        if !place.is_object() {
            *place = Value::Object(Object::new());
        }
        place = &mut place[part];
    }
    *place = value;
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object_of(value: Value) -> Object {
        value.as_object().cloned().expect("an object")
    }

    #[test]
    fn a_merge_keeps_what_it_does_not_name_and_null_removes() {
        let mut target = object_of(json!({ "a": 1, "b": { "c": 2, "d": 3 }, "e": 4 }));
        merge(&mut target, &object_of(json!({ "b": { "c": null, "x": 5 }, "e": null })));
        assert_eq!(Value::Object(target), json!({ "a": 1, "b": { "d": 3, "x": 5 } }));
    }

    #[test]
    fn what_is_fixed_is_kept_or_refused() {
        let old = object_of(json!({ "osType": "Linux", "identifier": { "sku": "s" } }));
        let mut same = object_of(json!({ "osType": "linux" }));
        assert_eq!(
            keep_fixed(&old, &mut same, &["/osType", "/identifier/sku"], "galleryImage.properties"),
            Ok(())
        );
        assert_eq!(same["identifier"]["sku"], "s");
        let mut other = object_of(json!({ "identifier": { "sku": "t" } }));
        let refusal = keep_fixed(&old, &mut other, &["/identifier/sku"], "galleryImage.properties")
            .expect_err("refused");
        assert_eq!(refusal.target.as_deref(), Some("galleryImage.properties.identifier.sku"));
    }

    #[test]
    fn a_count_may_be_text() {
        let body = object_of(json!({ "a": "12", "b": 3, "c": -1, "d": "1e3", "e": null }));
        assert_eq!(count(&body, "a"), Ok(Some(12)));
        assert_eq!(count(&body, "b"), Ok(Some(3)));
        assert_eq!(count(&body, "e"), Ok(None));
        assert!(count(&body, "c").is_err() && count(&body, "d").is_err());
    }
}
