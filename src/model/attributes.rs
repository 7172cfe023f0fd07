//! A resource's values: an ordered tree with dotted paths.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The attributes of a resource, in normal form.
///
/// Shape: a sorted map from attribute name to scalar, list or map. Durations are ISO 8601 text
/// (`PT15M`) or `none`, regions lower-case names, references `Kind/key` text or `{"id": "/subscriptions/…"}`,
/// secrets a [`SecretReference`](super::SecretReference) as a map. There are no nulls: an attribute
/// that is not here is not managed.
///
/// A copy shares the map until one of the two is changed: what is desired, the row that a step records and
/// that of the step after it are mostly the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attributes(Arc<Map<String, Value>>);

impl Attributes {
    /// No attributes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Deref for Attributes {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Attributes {
    fn deref_mut(&mut self) -> &mut Self::Target {
        Arc::make_mut(&mut self.0)
    }
}

impl From<Map<String, Value>> for Attributes {
    fn from(map: Map<String, Value>) -> Self {
        Self(Arc::new(map))
    }
}

impl FromIterator<(String, Value)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(pairs: I) -> Self {
        Self(Arc::new(pairs.into_iter().collect()))
    }
}

impl<'a> IntoIterator for &'a Attributes {
    type Item = (&'a String, &'a Value);
    type IntoIter = serde_json::map::Iter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// The value at a dotted path such as `os.state`; names that hold dots are tried whole first.
#[must_use]
pub fn at_path<'a>(attributes: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(value) = attributes.get(path) {
        return Some(value);
    }
    path.match_indices('.').find_map(|(dot, _)| {
        let inner = attributes.get(&path[..dot])?.as_object()?;
        at_path(inner, &path[dot + 1..])
    })
}

/// `20h` for `PT20H`, `1h30m` for `PT1H30M`; `None` for what is no duration in normal form.
#[must_use]
pub fn plain_duration(text: &str) -> Option<String> {
    let rest = text.strip_prefix("PT")?;
    let (hours, rest) = rest.split_once('H').map_or(("", rest), |(hours, rest)| (hours, rest));
    let minutes = rest.strip_suffix('M').unwrap_or(rest);
    let all_digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    let ends = rest.is_empty() || rest.len() > minutes.len();
    let fits = ends && all_digits(hours) && all_digits(minutes) && !(hours.is_empty() && minutes.is_empty());
    fits.then(|| text[2..].to_ascii_lowercase())
}

/// The canonical text of a value: JSON with sorted keys and no blanks.
///
/// `serde_json`'s map is sorted, so this is its plain text; the function names the promise.
#[must_use]
pub fn canonical(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).expect("our own types serialise").to_string()
}

/// The digest of a value's canonical text: 32 hexadecimal digits of BLAKE3.
#[must_use]
pub fn digest(value: &impl serde::Serialize) -> String {
    blake3::hash(canonical(value).as_bytes()).to_hex()[..32].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_leads_through_maps_and_names_with_dots() {
        let attributes = json!({"os": {"state": "Generalized"}, "versions": {"1.4.0": 7}});
        let attributes = attributes.as_object().expect("a map");
        assert_eq!(at_path(attributes, "os.state"), Some(&json!("Generalized")));
        assert_eq!(at_path(attributes, "versions.1.4.0"), Some(&json!(7)));
        assert_eq!(at_path(attributes, "os.type"), None);
    }

    #[test]
    fn a_digest_does_not_depend_on_the_order_of_keys() {
        assert_eq!(digest(&json!({"a": 1, "b": 2})), digest(&json!({"b": 2, "a": 1})));
    }
}
