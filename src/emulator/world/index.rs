//! What the world finds its resources by besides their keys, so that no request looks at all of them.

use crate::emulator::arm::path::parent;
use crate::emulator::arm::resource::Resource;
use crate::emulator::arm::types::Kind;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Keys by kind and by claim, and how many there are.
#[derive(Debug, Default)]
pub(crate) struct Index {
    by_kind: BTreeMap<Kind, BTreeSet<String>>,
    claims: BTreeMap<String, BTreeSet<String>>,
    /// By kind, subscription and region.
    counts: BTreeMap<(Kind, String, String), usize>,
}

impl Index {
    /// Takes a resource in that is not there yet.
    pub(crate) fn add(&mut self, key: &str, resource: &Resource) {
        self.by_kind.entry(resource.kind).or_default().insert(key.to_owned());
        *self.counts.entry(place(key, resource)).or_default() += 1;
        if let Some(claim) = claim(key, resource) {
            self.claims.entry(claim).or_default().insert(key.to_owned());
        }
    }

    /// Forgets a resource that was taken in as it is now.
    pub(crate) fn remove(&mut self, key: &str, resource: &Resource) {
        if let Some(keys) = self.by_kind.get_mut(&resource.kind) {
            keys.remove(key);
        }
        if let Some(count) = self.counts.get_mut(&place(key, resource)) {
            *count = count.saturating_sub(1);
        }
        let Some(claim) = claim(key, resource) else { return };
        let is_free = self.claims.get_mut(&claim).is_some_and(|keys| {
            keys.remove(key);
            keys.is_empty()
        });
        if is_free {
            self.claims.remove(&claim);
        }
    }

    /// Keys of a kind that begin with `prefix`, in order.
    pub(crate) fn of_kind<'a>(
        &'a self,
        kind: Kind,
        prefix: String,
    ) -> impl Iterator<Item = &'a String> + use<'a> {
        let from = prefix.clone();
        let keys = self.by_kind.get(&kind).into_iter().flat_map(move |keys| keys.range(from.clone()..));
        keys.take_while(move |key| key.starts_with(&prefix))
    }

    /// Keys of the resources with that claim.
    pub(crate) fn claiming<'a>(&'a self, claim: &str) -> impl Iterator<Item = &'a String> + use<'a> {
        self.claims.get(claim).into_iter().flatten()
    }

    /// How many of a kind there are in a subscription and a region.
    pub(crate) fn count(&self, kind: Kind, subscription: &str, region: &str) -> usize {
        let place = (kind, subscription.to_lowercase(), region.to_owned());
        self.counts.get(&place).copied().unwrap_or_default()
    }
}

/// Where a resource is counted; its region is that of its first PUT, and does not change.
fn place(key: &str, resource: &Resource) -> (Kind, String, String) {
    let subscription = key.split('/').nth(2).unwrap_or_default();
    (resource.kind, subscription.to_owned(), resource.location.clone().unwrap_or_default())
}

/// What a resource has for itself in a wider place than its parent: a gallery its name in the subscription, a definition its
/// publisher, offer and sku in the gallery. It never changes.
fn claim(key: &str, resource: &Resource) -> Option<String> {
    match resource.kind {
        Kind::Gallery => Some(gallery_claim(key.split('/').nth(2)?, &resource.name)),
        Kind::Definition => definition_claim(parent(key)?, resource.properties.get("identifier")?),
        _ => None,
    }
}

/// What a gallery of that name claims in its subscription.
pub(crate) fn gallery_claim(subscription: &str, name: &str) -> String {
    format!("gallery {subscription} {name}").to_lowercase()
}

/// What a definition with that identifier claims in the gallery of that key; `None` for one that is not whole.
pub(crate) fn definition_claim(gallery: &str, identifier: &Value) -> Option<String> {
    let [publisher, offer, sku] = ["publisher", "offer", "sku"].map(|part| identifier[part].as_str());
    Some(format!("definition {gallery} {} {} {}", publisher?, offer?, sku?).to_lowercase())
}
