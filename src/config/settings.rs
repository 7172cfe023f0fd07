//! The settings of a project: `labwright.yaml` without its resources, the environment laid over.

use std::collections::BTreeMap;

use super::cloud::{self, CloudSettings, GuidOrEnv};
use super::codes::Code;
use super::error::{Mistake, Problems};
use super::fields::{self, is_key, later};
use super::near::{perhaps, quoted};
use super::node::{Content, Entry, Node, overlay};
use super::paths::{Patterns, relative_to};
use super::texts::Place;
use super::{Options, load::PROJECT_FILE, secrets};
use crate::model::DefaultsLayer;

/// What may stand in `labwright.yaml` alone.
pub(super) const SETTINGS: &[(&str, &str)] = &[
    ("project", "The project's name; the state remembers it."),
    ("cloud", "Where to: `emulator` (the default), or `{ azure: { subscription: … } }`."),
    ("subscriptions", "Subscriptions by name: a GUID, or `{ env: NAME }`."),
    ("state", "Where the record of what exists is kept, relative to the project."),
    (
        "environments",
        "Variants of the project; each is a second layer for variables, defaults, include, cloud and state.",
    ),
    ("environment", "The environment that is taken when none is named."),
    ("include", "Only these files and folders are read."),
    ("exclude", "Files and folders that are not read."),
    ("variables", "Values for `$(name)`; `--var` and `LABWRIGHT_VAR_name` override them."),
    ("defaults", "What resources have unless they say otherwise: `all`, or by section."),
    ("policy", "Standing consents and guards."),
];

/// What an environment may say.
const OF_ENVIRONMENT: &[&str] = &["variables", "defaults", "include", "exclude", "cloud", "state"];

/// The settings that commands ask for.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The project's name.
    pub project: String,
    /// The environment that was taken, where the project has any.
    pub environment: Option<String>,
    /// Which Azure.
    pub cloud: CloudSettings,
    /// The state's file, relative to the project's root.
    pub state: String,
    /// Subscriptions by name.
    pub subscriptions: BTreeMap<String, GuidOrEnv>,
}

/// Everything that `labwright.yaml` and the environment say beside resources.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) settings: Settings,
    pub(super) variables: BTreeMap<String, Node>,
    /// Variables that were given and that no file declares.
    pub(super) undeclared: Vec<String>,
    /// The files' and the environment's, lowest first.
    pub(super) defaults: Vec<Defaults>,
    pub(super) patterns: Patterns,
    pub(super) policy: Option<Node>,
}

/// One layer of defaults, every node marked as such.
#[derive(Debug, Default)]
pub(super) struct Defaults {
    pub(super) all: Vec<Entry>,
    pub(super) sections: BTreeMap<Box<str>, Vec<Entry>>,
}

/// Reads the settings; `start` is the place of the file's first character.
pub(super) fn read(
    root: &Node,
    start: Place,
    options: &Options,
    given: BTreeMap<String, Node>,
    problems: &mut Problems,
) -> Parts {
    let project = project(root, start, problems);
    let subscriptions =
        root.get("subscriptions").map(|node| cloud::subscriptions(node, problems)).unwrap_or_default();
    let environments =
        root.get("environments").and_then(|node| fields::map(node, "{ dev: {}, prod: {} }", problems));
    let environment = environment(root, environments.unwrap_or_default(), options, start, problems);
    for entry in environments.unwrap_or_default() {
        check_environment(entry, root, &subscriptions, problems);
    }
    let over =
        environments.unwrap_or_default().iter().find(|entry| Some(&*entry.key) == environment.as_deref());
    let layers: Vec<&Node> = [Some(root), over.map(|entry| &entry.value)].into_iter().flatten().collect();
    let cloud = cloud_of(&layers)
        .map_or(CloudSettings::Emulator, |node| cloud::read(&node, &subscriptions, problems));
    let default_state = match &environment {
        Some(name) => format!(".labwright/{name}/state.db"),
        None => ".labwright/state.db".into(),
    };
    let state = topmost(&layers, "state").and_then(|node| state(node, problems)).unwrap_or(default_state);
    let (variables, undeclared) = variables(&layers, given, problems);
    Parts {
        settings: Settings { project, environment, cloud, state, subscriptions },
        variables,
        undeclared,
        defaults: layers
            .iter()
            .enumerate()
            .filter_map(|(at, layer)| Some((at > 0, layer.get("defaults")?)))
            .map(|(of_environment, node)| defaults(node, of_environment, problems))
            .collect(),
        patterns: patterns_of(&layers, problems),
        policy: root.get("policy").cloned(),
    }
}

/// What the highest layer says of a setting.
fn topmost<'a>(layers: &[&'a Node], key: &str) -> Option<&'a Node> {
    layers.iter().rev().find_map(|layer| layer.get(key).filter(|node| !node.is_null()))
}

/// Which files are read with these layers.
fn patterns_of(layers: &[&Node], problems: &mut Problems) -> Patterns {
    let include = topmost(layers, "include").map(|node| patterns(node, problems).collect());
    let exclude = topmost(layers, "exclude").map(|node| patterns(node, problems)).into_iter().flatten();
    Patterns { include, exclude: exclude.map(|(pattern, _)| pattern).collect() }
}

/// Which files are read in each of a project's environments, or without any.
pub(super) fn all_patterns(root: &Node) -> Vec<Patterns> {
    let mut unsaid = Problems::default();
    let environments = root.get("environments").and_then(Node::as_map).unwrap_or_default();
    let layers = environments.iter().map(|entry| vec![root, &entry.value]);
    let layers: Vec<_> = if environments.is_empty() { vec![vec![root]] } else { layers.collect() };
    layers.iter().map(|layers| patterns_of(layers, &mut unsaid)).collect()
}

fn project(root: &Node, start: Place, problems: &mut Problems) -> String {
    let Some(node) = root.get("project").filter(|node| !node.is_null()) else {
        problems.add(
            Mistake::new(Code::MissingAttribute, "`project` is missing")
                .at(start, "labwright.yaml names its project")
                .advice("add `project: NAME`; the state remembers the name"),
        );
        return String::new();
    };
    let Some(text) = fields::text(node, problems) else { return String::new() };
    if !is_key(text) {
        problems.add(bad_key(text, node.place, "a project's name"));
    }
    text.to_owned()
}

/// Reports a name that is no key.
pub(super) fn bad_key(text: &str, place: Place, what: &str) -> Mistake {
    Mistake::new(Code::BadKey, format!("{} is not fit for {what}", quoted(text)))
        .at(place, "letters, digits, `.`, `_` and `-`, a letter or digit first")
        .help(suggested_key(text).map(|key| match what {
            "a key" => format!("{} would do; `name:` may hold any name that Azure takes", quoted(&key)),
            _ => format!("{} would do", quoted(&key)),
        }))
}

fn suggested_key(text: &str) -> Option<String> {
    let parts = text.split(|c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c));
    let joined = parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    let key = joined.trim_start_matches(['.', '_', '-']);
    (!key.is_empty()).then(|| key.to_owned())
}

fn environment(
    root: &Node,
    environments: &[Entry],
    options: &Options,
    start: Place,
    problems: &mut Problems,
) -> Option<String> {
    let names = environments.iter().map(|entry| &*entry.key);
    let written = root.get("environment").filter(|node| !node.is_null());
    let default =
        written.and_then(|node| fields::text(node, problems).map(|text| (text.to_owned(), node.place)));
    let asked = options.environment.as_ref().map(|name| (name.clone(), None));
    let Some((name, place)) = asked.or_else(|| default.map(|(name, place)| (name, Some(place)))) else {
        if !environments.is_empty() && written.is_none() {
            let place = root.as_map().into_iter().flatten().find(|entry| &*entry.key == "environments");
            problems.add(
                Mistake::new(Code::Environment, "the project has environments, and none is named")
                    .at(place.map_or(start, |entry| entry.key_place), "one of these")
                    .advice(format!(
                        "name one with `--env {0}` or `LABWRIGHT_ENV={0}`, or write `environment: {0}`",
                        &environments[0].key
                    )),
            );
        }
        return None;
    };
    if names.clone().any(|known| known == name) {
        return Some(name);
    }
    let help = perhaps(&name, names).unwrap_or_else(|| "add it under `environments:`".into());
    let mistake =
        Mistake::new(Code::Environment, format!("there is no environment {}", quoted(&name))).advice(help);
    problems.add(match place {
        Some(place) => mistake.at(place, "not under `environments:`"),
        None => mistake,
    });
    Some(name)
}

/// Says what is wrong with an environment, taken or not.
fn check_environment(
    entry: &Entry,
    root: &Node,
    subscriptions: &BTreeMap<String, GuidOrEnv>,
    problems: &mut Problems,
) {
    if !is_key(&entry.key) {
        problems.add(bad_key(&entry.key, entry.key_place, "an environment's name"));
    }
    let Some(entries) = fields::map(&entry.value, "{ cloud: emulator }", problems) else { return };
    fields::only(entries, "an environment", OF_ENVIRONMENT, problems);
    if let Some(node) = entry.value.get("cloud").and_then(|_| cloud_of(&[root, &entry.value])) {
        cloud::read(&node, subscriptions, problems);
    }
}

/// `cloud:` of the layers laid over each other.
fn cloud_of(layers: &[&Node]) -> Option<Node> {
    let mut entries = Vec::new();
    for layer in layers {
        let found = layer.as_map().into_iter().flatten().filter(|entry| &*entry.key == "cloud");
        overlay(&mut entries, found.cloned().collect());
    }
    entries.pop().map(|entry| entry.value).filter(|node| !node.is_null())
}

fn state(node: &Node, problems: &mut Problems) -> Option<String> {
    let text = fields::text(node, problems)?;
    if let Some((scheme, _)) = text.split_once("://") {
        problems.add(later(&format!("{scheme}://")).on(node, "kept in a file for now"));
        return None;
    }
    let path = relative_to(PROJECT_FILE, text).filter(|path| !path.is_empty());
    if path.is_none() {
        problems.add(outside(text, node));
    }
    path
}

/// Reports a path that leaves the project.
pub(super) fn outside(path: &str, node: &Node) -> Mistake {
    Mistake::new(Code::Path, format!("the path {} leaves the project", quoted(path)))
        .on(node, "must stay inside")
        .advice("write a path relative to this file, inside the project, with `/`")
}

fn patterns(node: &Node, problems: &mut Problems) -> impl Iterator<Item = (String, Place)> + use<> {
    let mut found = Vec::new();
    for item in fields::list(node, "[prod/, \"terms/*.yaml\"]", problems).unwrap_or_default() {
        let Some(text) = fields::text(item, problems) else { continue };
        let climbs = text.split('/').any(|part| part == "..");
        if text.starts_with('/') || text.contains('\\') || climbs || text.is_empty() {
            problems.add(outside(text, item));
        }
        found.push((text.to_owned(), item.place));
    }
    found.into_iter()
}

fn variables(
    layers: &[&Node],
    given: BTreeMap<String, Node>,
    problems: &mut Problems,
) -> (BTreeMap<String, Node>, Vec<String>) {
    let mut found = BTreeMap::new();
    for node in layers.iter().filter_map(|layer| layer.get("variables")) {
        for entry in fields::map(node, "{ term: Spring2027 }", problems).unwrap_or_default() {
            if entry.value.as_text().is_none() {
                problems.add(fields::wrong_type(&entry.value, "a text, a number or a boolean"));
            }
            if !is_key(&entry.key) {
                problems.add(bad_key(&entry.key, entry.key_place, "a variable's name"));
            }
            found.insert(entry.key.to_string(), entry.value.clone());
        }
    }
    let mut undeclared = Vec::new();
    for (name, value) in given {
        if found.insert(name.clone(), value).is_none() {
            undeclared.push(name);
        }
    }
    (found, undeclared)
}

fn defaults(node: &Node, of_environment: bool, problems: &mut Problems) -> Defaults {
    let mut defaults = Defaults::default();
    for entry in fields::map(node, "{ all: { location: westeurope } }", problems).unwrap_or_default() {
        let Some(_) = fields::map(&entry.value, "{ location: westeurope }", problems) else { continue };
        let mut value = entry.value.clone();
        value.mark_defaulted(DefaultsLayer { of_environment, of_section: &*entry.key != "all" });
        let mut entries = match value.content {
            Content::Map(entries) => entries,
            _ => Vec::new(),
        };
        secrets::refuse_expressions(&mut entries, problems);
        if &*entry.key == "all" {
            defaults.all = entries;
        } else if super::sections().any(|(section, _)| section == &*entry.key) {
            defaults.sections.insert(entry.key.clone(), entries);
        } else {
            let known = ["all"].into_iter().chain(super::sections().map(|(section, _)| section));
            problems.add(fields::unknown_key(entry, "`defaults`", known));
        }
    }
    defaults
}
