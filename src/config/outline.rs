//! `labwright.yaml` by itself, before an environment is taken: its environments, and its settings as they are written.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::document::{self, Budget};
use super::error::Problems;
use super::fields::is_key;
use super::load::{Loader, PROJECT_FILE, Tree};
use super::node::{Content, Node, Scalar, Style};
use super::settings::SETTINGS;
use super::texts::Files;
use crate::model::Setting;

/// What reaches resources, and is seen there.
const THROUGH_RESOURCES: [&str; 2] = ["variables", "defaults"];

/// What `labwright.yaml` says beside resources; nothing of it is checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outline {
    /// The project's name, where it is fit for one.
    pub project: Option<String>,
    /// The environments' names, sorted; only those that are fit for names.
    pub environments: Vec<String>,
    /// Every setting but variables and defaults, by dotted path; a list is one value.
    pub settings: BTreeMap<String, Setting>,
}

/// Reads the outline; `None` where there is no `labwright.yaml` or it is no map, which [`load`](super::load()) reports.
#[must_use]
pub fn outline(tree: &dyn Tree) -> Option<Outline> {
    let mut loader = Loader::new(tree);
    let file = loader.read(PROJECT_FILE, None).ok()?;
    let text = loader.files.text(file);
    let root = document::parse(file, &text, &mut Budget::default(), &mut Problems::default())?;
    let mut outline = Outline::default();
    for entry in root.as_map()? {
        let is_setting = SETTINGS.iter().any(|(name, _)| *name == &*entry.key);
        if is_setting && !THROUGH_RESOURCES.contains(&&*entry.key) {
            flatten(&entry.key, &entry.value, &loader.files, &mut outline.settings);
        }
    }
    let environments = root.get("environments").and_then(Node::as_map).unwrap_or_default();
    let names = environments.iter().map(|entry| entry.key.to_string());
    outline.environments = names.filter(|name| is_key(name)).collect();
    outline.environments.sort();
    let project = root.get("project").and_then(Node::as_text);
    outline.project = project.filter(|name| is_key(name)).map(str::to_owned);
    Some(outline)
}

fn flatten(path: &str, node: &Node, files: &Files, found: &mut BTreeMap<String, Setting>) {
    match &node.content {
        Content::Map(entries) if !entries.is_empty() => {
            for entry in entries {
                // Of an environment, too, what reaches resources is seen there.
                let reaches = THROUGH_RESOURCES.contains(&&*entry.key) && path.starts_with("environments.");
                if !reaches {
                    flatten(&format!("{path}.{}", entry.key), &entry.value, files, found);
                }
            }
        }
        _ if node.is_null() => {}
        _ => {
            let setting = Setting { value: plain(node), source: files.source(node.place) };
            found.insert(path.to_owned(), setting);
        }
    }
}

fn plain(node: &Node) -> Value {
    match &node.content {
        Content::Scalar(scalar) => of_scalar(scalar),
        Content::List(items) => Value::Array(items.iter().map(plain).collect()),
        Content::Map(entries) => {
            let entries = entries.iter().map(|entry| (entry.key.to_string(), plain(&entry.value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
    }
}

fn of_scalar(scalar: &Scalar) -> Value {
    let number = scalar.as_integer().filter(|_| scalar.style == Style::Plain);
    match (scalar.is_null(), scalar.as_bool(), number) {
        (true, ..) => Value::Null,
        (_, Some(is), _) => Value::Bool(is),
        (_, _, Some(number)) => number.into(),
        _ => Value::String(scalar.text.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Entry, Sort, TreeError};

    struct One(&'static str);

    impl Tree for One {
        fn list(&self, _folder: &str) -> Result<Vec<Entry>, TreeError> {
            Ok(vec![Entry { name: PROJECT_FILE.into(), sort: Sort::File }])
        }

        fn read(&self, _path: &str, _limit: u64) -> Result<Vec<u8>, TreeError> {
            Ok(self.0.as_bytes().to_vec())
        }
    }

    #[test]
    fn settings_are_told_by_path_and_what_reaches_resources_is_left_to_them() {
        let outline = outline(&One(
            "project: cs\nvariables: { term: a }\nenvironments:\n  prod: { cloud: { azure: { endpoint: 'https://a' } }, defaults: { all: { location: x } } }\n  dev: {}\ninclude: [a/, b/]\nlabs: {}\n",
        ))
        .expect("a map");
        assert_eq!(outline.environments, ["dev", "prod"]);
        let told: Vec<_> =
            outline.settings.iter().map(|(path, own)| format!("{path} {}", own.value)).collect();
        let expected = [
            "environments.dev {}",
            r#"environments.prod.cloud.azure.endpoint "https://a""#,
            r#"include ["a/","b/"]"#,
            r#"project "cs""#,
        ];
        assert_eq!(told, expected);
        assert_eq!(outline.settings["include"].source.line, 6);
    }
}
