//! The resources of the world: kept under their lower-case ids, found by kind and claim, every change noted.

use crate::emulator::arm::path::parent;
use crate::emulator::arm::resource::Resource;
use crate::emulator::arm::types::Kind;
use crate::emulator::world::World;

impl World {
    /// The resource of that key.
    pub(crate) fn resource(&self, key: &str) -> Option<&Resource> {
        self.resources.get(key)
    }

    /// Puts a resource under its own key.
    pub(crate) fn put(&mut self, resource: Resource) {
        let key = resource.key();
        self.changes.resources.insert(key.clone());
        if let Some(old) = self.resources.get(&key) {
            self.index.remove(&key, old);
        }
        self.index.add(&key, &resource);
        self.resources.insert(key, resource);
    }

    /// How many of a kind there are in a subscription and a region.
    pub(crate) fn count(&self, kind: Kind, subscription: &str, region: &str) -> usize {
        self.index.count(kind, subscription, region)
    }

    /// The resources that have that claim.
    pub(crate) fn claiming<'a>(&'a self, claim: &str) -> impl Iterator<Item = &'a Resource> + use<'a> {
        self.index.claiming(claim).filter_map(|key| self.resources.get(key))
    }

    /// Changes the resource of that key, if there is one.
    pub(crate) fn edit(&mut self, key: &str, change: impl FnOnce(&mut Resource)) {
        if let Some(resource) = self.resources.get_mut(key) {
            change(resource);
            self.changes.resources.insert(key.to_owned());
        }
    }

    /// Removes a resource and all inside it.
    pub(crate) fn remove_tree(&mut self, key: &str) {
        let inside: Vec<String> = self.below(key).map(Resource::key).collect();
        for key in inside.iter().map(String::as_str).chain([key]) {
            if let Some(resource) = self.resources.remove(key) {
                self.index.remove(key, &resource);
                self.changes.resources.insert(key.to_owned());
            }
        }
    }

    /// Everything inside the resource of that key, at any depth, in order.
    pub(crate) fn below(&self, key: &str) -> impl Iterator<Item = &Resource> {
        let prefix = format!("{key}/");
        self.resources
            .range(prefix.clone()..)
            .take_while(move |(key, _)| key.starts_with(&prefix))
            .map(|(_, resource)| resource)
    }

    /// The children of that kind below `key`; nothing else below it is looked at.
    pub(crate) fn children(&self, key: &str, kind: Kind) -> impl Iterator<Item = &Resource> {
        self.index.of_kind(kind, format!("{key}/")).filter_map(|key| self.resources.get(key))
    }

    /// All of a kind whose keys begin with `prefix`.
    pub(crate) fn all_of(&self, kind: Kind, prefix: &str) -> impl Iterator<Item = &Resource> {
        self.index.of_kind(kind, prefix.to_owned()).filter_map(|key| self.resources.get(key))
    }

    /// Everything, in order of the keys.
    #[cfg(test)]
    pub(crate) fn resources(&self) -> impl Iterator<Item = (&String, &Resource)> {
        self.resources.iter()
    }

    /// The region of the nearest holder that has one.
    pub(crate) fn location_of(&self, key: &str) -> String {
        let holders = std::iter::successors(Some(key), |key| parent(key));
        holders
            .filter_map(|key| self.resource(key)?.location.clone())
            .next()
            .unwrap_or_else(|| "global".to_owned())
    }
}
