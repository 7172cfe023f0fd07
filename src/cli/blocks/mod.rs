//! Blocks that labwright writes itself, and the files that they go to: what `import` and `convert` share.

pub(super) mod defaults;
pub(super) mod files;
pub(super) mod timetables;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value};

use crate::model::{Attributes, Resource, Source};

/// Each section's blocks by key.
pub(super) type Blocks = BTreeMap<&'static str, Map<String, Value>>;

/// An event with these attributes, as rules look at it before it stands in any file.
pub(super) fn event(attributes: &Attributes) -> Resource {
    Resource {
        attributes: attributes.clone(),
        depends_on: BTreeSet::new(),
        protect: None,
        adopt: false,
        ignore_changes: Vec::new(),
        source: Source { file: "".into(), line: 1, column: 1 },
        sources: BTreeMap::new(),
        defaulted: BTreeMap::new(),
    }
}

/// A key as near to a name as keys may be.
pub(super) fn key_of(name: &str) -> String {
    let key: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' }).collect();
    if key.starts_with(|c: char| c.is_ascii_alphanumeric()) { key } else { format!("x{key}") }
}

/// The variable that holds the password of the account with this key.
pub(super) fn password_variable(key: &str) -> String {
    let variable = format!("{}_PASSWORD", key.to_uppercase().replace(['-', '.'], "_"));
    if variable.starts_with(|c: char| c.is_ascii_digit()) { format!("LAB_{variable}") } else { variable }
}

/// A key for an account on VMs, and the variable of its password, which nothing has: keys that differ in letter case or
/// punctuation alone would have one.
pub(super) fn account_key(user: &str, is_taken: impl Fn(&str) -> bool) -> (String, String) {
    let base = key_of(user);
    let numbered = (2..).map(|number| format!("{base}-{number}"));
    let keys = std::iter::once(base.clone()).chain(numbered);
    let mut free = keys.map(|key| (password_variable(&key), key)).filter(|(variable, _)| !is_taken(variable));
    free.next().map(|(variable, key)| (key, variable)).unwrap_or_default()
}

/// A project's name: that of its folder.
pub(super) fn project_name(root: &Path) -> String {
    let full = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    full.file_name().map_or_else(|| "labs".to_owned(), |name| key_of(&name.to_string_lossy()))
}
