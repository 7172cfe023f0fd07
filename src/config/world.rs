//! What a value may refer to: every name of the project.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use super::cloud::GuidOrEnv;
use super::expand::Expanded;
use super::node::{Entry, Node};
use super::texts::Files;
use super::variables::could_be;

/// Names of the project, for references and near names.
pub(super) struct World<'a> {
    pub(super) files: &'a Files,
    pub(super) subscriptions: &'a BTreeMap<String, GuidOrEnv>,
    /// By name; `None` where they could not be read.
    pub(super) credentials: BTreeMap<String, Option<Value>>,
    /// By name: the events, each a block of its own.
    pub(super) timetables: BTreeMap<String, Vec<Entry>>,
    /// Keys by kind.
    names: HashMap<&'static str, BTreeMap<String, usize>>,
    /// Names in Azure of the groups that are listed, by key.
    groups: BTreeMap<String, String>,
    unknown: Vec<(&'static str, String)>,
    /// Texts of files that could not be read: what they hold is not known.
    broken: Vec<Arc<str>>,
    /// How many near names may still be looked for among many.
    searches: AtomicU32,
}

/// The section whose keys `resourceGroup` may name.
const GROUPS: &str = "resourceGroups";

impl<'a> World<'a> {
    pub(super) fn new(
        files: &'a Files,
        subscriptions: &'a BTreeMap<String, GuidOrEnv>,
        expanded: &Expanded,
        broken: &[u32],
    ) -> Self {
        let mut names: HashMap<_, BTreeMap<String, usize>> = HashMap::new();
        let mut groups = BTreeMap::new();
        for (at, instance) in expanded.instances.iter().enumerate() {
            let info = instance.kind.info();
            names.entry(info.name).or_default().insert(instance.key.clone(), at);
            if info.section == GROUPS {
                let said =
                    |key: &str| instance.entries.iter().find(|entry| &*entry.key == key)?.value.as_text();
                let by_id = || said("id")?.rsplit('/').next();
                let name = said("name").or_else(by_id).unwrap_or(&instance.key);
                groups.insert(instance.key.clone(), name.to_owned());
            }
        }
        Self {
            files,
            subscriptions,
            credentials: BTreeMap::new(),
            timetables: BTreeMap::new(),
            names,
            groups,
            unknown: expanded.unknown.clone(),
            broken: broken.iter().map(|file| files.text(*file)).collect(),
            searches: AtomicU32::new(200),
        }
    }

    /// Whether the files have a resource of this kind and key.
    pub(super) fn has(&self, kind: &str, key: &str) -> bool {
        self.names.get(kind).is_some_and(|keys| keys.contains_key(key))
    }

    /// Whether a part of the files that could not be read may hold it.
    pub(super) fn may_have(&self, kind: &str, key: &str) -> bool {
        let own = key.split('/').next().unwrap_or(key);
        self.may_name(own) || self.unknown.iter().any(|(of, template)| *of == kind && could_be(template, own))
    }

    /// Whether a file that could not be read holds this word.
    pub(super) fn may_name(&self, word: &str) -> bool {
        self.broken.iter().any(|text| text.contains(word))
    }

    /// How many near names may still be looked for.
    pub(super) fn searches(&self) -> u32 {
        self.searches.load(Ordering::Relaxed)
    }

    pub(super) fn set_searches(&mut self, left: u32) {
        *self.searches.get_mut() = left;
    }

    /// The keys of a kind, for near names; none once many have been looked for.
    pub(super) fn keys(&self, kind: &str) -> impl Iterator<Item = &str> + Clone {
        let left = self.searches();
        self.searches.store(left.saturating_sub(1), Ordering::Relaxed);
        let keys = self.names.get(kind).filter(|keys| left > 0 || keys.len() < 100);
        keys.into_iter().flat_map(BTreeMap::keys).map(String::as_str)
    }

    /// Every kind that has a resource of this key.
    pub(super) fn kinds_of(&self, key: &str) -> Vec<&'static str> {
        let mut kinds: Vec<_> =
            self.names.iter().filter(|(_, keys)| keys.contains_key(key)).map(|(kind, _)| *kind).collect();
        kinds.sort_unstable();
        kinds
    }

    /// The name in Azure of the group that a text means: a listed key, or the name itself.
    pub(super) fn group<'b>(&'b self, text: &'b str) -> &'b str {
        self.groups.get(text).map_or(text, String::as_str)
    }

    /// The place of a file of the project, relative to which `node` names paths.
    pub(super) fn file_of(&self, node: &Node) -> &str {
        self.files.name(node.place.file)
    }
}
