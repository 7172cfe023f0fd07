//! What a kind may look at beside its own resource.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;
use serde_json::Value;

use super::{KINDS, kind, reference_id, reference_key, reference_text};
use crate::model::{Address, ArmId, Attributes, Desired, Recorded, Resource, Row};

/// Desired and recorded resources, looked up by address; desired ones first.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The desired resources.
    pub desired: &'a BTreeMap<Address, Resource>,
    /// The recorded ones.
    pub recorded: &'a Recorded,
    /// The subscription of resources that name none.
    pub subscription: &'a str,
    /// Whether the endpoint is Azure itself.
    pub real_endpoint: bool,
    /// What is found by something else than its address.
    pub links: &'a Links,
}

/// Resources found by something else than their address, gathered once for a whole configuration.
#[derive(Debug, Clone, Default)]
pub struct Links {
    attachments: HashMap<String, Vec<Address>>,
    groups: HashMap<String, Vec<Address>>,
    /// The ids of desired resources, where they have been worked out.
    ids: HashMap<Address, ArmId>,
}

impl Links {
    /// The links of everything desired and recorded; desired resources come first.
    #[must_use]
    pub fn of(desired: &BTreeMap<Address, Resource>, recorded: &Recorded) -> Self {
        let mut links = Self::default();
        for (address, resource) in desired {
            links.add(address, &resource.attributes);
        }
        for (address, row) in recorded.rows.iter().filter(|(address, _)| !desired.contains_key(*address)) {
            links.add(address, &row.attributes);
        }
        links
    }

    fn add(&mut self, address: &Address, attributes: &Attributes) {
        let (links, key) = match address.kind() {
            "GalleryAttachment" => (&mut self.attachments, attributes.get("to").and_then(reference_key)),
            "ResourceGroup" => {
                let name = attributes.get("name").and_then(Value::as_str);
                (&mut self.groups, name.map(str::to_lowercase))
            }
            _ => return,
        };
        if let Some(key) = key {
            links.entry(key).or_default().push(address.clone());
        }
    }
}

impl<'a> View<'a> {
    /// The view of everything that is desired and recorded.
    #[must_use]
    pub fn of(desired: &'a Desired, recorded: &'a Recorded, links: &'a Links) -> Self {
        Self {
            desired: &desired.resources,
            recorded,
            subscription: &desired.subscription,
            real_endpoint: desired.real_endpoint,
            links,
        }
    }

    /// The links with the id in Azure of each desired resource that `of` admits, worked out once: a lab's is made of
    /// its account's, that of its group's, and everything asks for them.
    #[must_use]
    pub fn links_with_ids(&self, of: impl Fn(&Address) -> bool) -> Links {
        let mut links = self.links.clone();
        // A kind lies in those before it.
        for kind in KINDS {
            let view: View<'_> = View { links: &links, ..*self };
            let admitted: Vec<_> = view.of_kind(kind.info().name).filter(|address| of(address)).collect();
            let id = |address: &Address| {
                let own = view.desired.get(address)?;
                Some((address.clone(), kind.arm_id(address, &own.attributes, &view)))
            };
            let ids: Vec<_> = admitted.into_par_iter().filter_map(id).collect();
            links.ids.extend(ids);
        }
        links
    }

    /// The attributes of a resource: as desired, else as recorded.
    #[must_use]
    pub fn attributes(&self, address: &Address) -> Option<&'a Attributes> {
        self.attributes_at(address.as_str())
    }

    /// The same by the text of an address: references are texts, and most are only looked up.
    fn attributes_at(&self, address: &str) -> Option<&'a Attributes> {
        let desired = self.desired.get(address).map(|resource| &resource.attributes);
        desired.or_else(|| self.recorded.rows.get(address).map(|row| &row.attributes))
    }

    /// What is recorded of a resource.
    #[must_use]
    pub fn row(&self, address: &Address) -> Option<&'a Row> {
        self.recorded.rows.get(address)
    }

    /// Whether a resource does not exist before the plan makes it: it is neither recorded nor adopted.
    #[must_use]
    pub fn is_made(&self, address: &Address) -> bool {
        self.row(address).is_none() && !self.desired.get(address).is_some_and(|resource| resource.adopt)
    }

    /// The attributes of what a reference in normal form names; `None` for what is not managed.
    #[must_use]
    pub fn referred(&self, reference: &Value) -> Option<&'a Attributes> {
        self.attributes_at(reference_text(reference)?)
    }

    /// The id in Azure of a resource; `None` where nothing of that address is known.
    #[must_use]
    pub fn arm_id(&self, address: &Address) -> Option<ArmId> {
        self.arm_id_at(address.as_str())
    }

    fn arm_id_at(&self, address: &str) -> Option<ArmId> {
        if let Some(id) = self.links.ids.get(address) {
            return Some(id.clone());
        }
        if let Some((address, resource)) = self.desired.get_key_value(address) {
            return Some(kind(address.kind())?.arm_id(address, &resource.attributes, self));
        }
        self.recorded.rows.get(address).map(|row| row.arm_id.clone())
    }

    /// The id in Azure of what a reference in normal form names.
    ///
    /// # Panics
    /// On a reference to nothing: references are checked where they are read.
    #[must_use]
    pub fn referred_id(&self, reference: &Value) -> ArmId {
        if let Some(id) = reference_id(reference) {
            return id;
        }
        reference_text(reference)
            .and_then(|address| self.arm_id_at(address))
            .unwrap_or_else(|| panic!("the reference {reference} names a resource"))
    }

    /// The id of the group and subscription in which a top-level resource with these attributes lies.
    #[must_use]
    pub fn group(&self, attributes: &Attributes) -> ArmId {
        let group = attributes.get("resourceGroup").and_then(Value::as_str).unwrap_or_default();
        ArmId::group(self.subscription_of(attributes), group)
    }

    /// The subscription of a resource with these attributes: a GUID or a name.
    #[must_use]
    pub fn subscription_of<'b>(&self, attributes: &'b Attributes) -> &'b str
    where
        'a: 'b,
    {
        attributes.get("subscription").and_then(Value::as_str).unwrap_or(self.subscription)
    }

    /// The reference that names what has this id: a resource of the kind, else the id itself.
    #[must_use]
    pub fn reference_to(&self, kind: &str, id: &ArmId) -> Value {
        let ours = |own: &&Address| self.arm_id(own).is_some_and(|own| own.may_be(id));
        match self.of_kind(kind).find(ours) {
            Some(address) => Value::String(address.to_string()),
            None => serde_json::json!({ "id": id.as_str() }),
        }
    }

    /// Whether two references name one thing, or may: the GUID of a subscription is not always known.
    #[must_use]
    pub fn is_same(&self, one: &Value, other: &Value) -> bool {
        let id = |own: &Value| match (reference_id(own), reference_text(own)) {
            (Some(id), _) => Some(id),
            (None, text) => {
                let address = text?.parse().ok()?;
                // What is recorded has its subscription's GUID.
                self.row(&address).map(|row| row.arm_id.clone()).or_else(|| self.arm_id(&address))
            }
        };
        match (reference_key(one), reference_key(other)) {
            (Some(one), Some(other)) if one == other => true,
            // Two keys are two things.
            _ if one.is_string() && other.is_string() => false,
            _ => id(one).zip(id(other)).is_some_and(|(one, other)| one.may_be(&other)),
        }
    }

    /// The attachments of what a reference names: a lab account or a lab plan.
    pub fn attachments_of(&self, holder: &Value) -> impl Iterator<Item = &'a Address> + use<'a> {
        let links = reference_key(holder).and_then(|key| self.links.attachments.get(&key));
        links.into_iter().flatten()
    }

    /// The resource groups with this name, in any letter case and subscription.
    pub fn groups_named(&self, name: &str) -> impl Iterator<Item = &'a Address> + use<'a> {
        self.links.groups.get(&name.to_lowercase()).into_iter().flatten()
    }

    /// Every address of a kind, desired ones first, then those only recorded.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &'a Address> + use<'a> {
        self.under(format!("{kind}/"))
    }

    /// Every recorded address of a kind.
    #[must_use]
    pub fn recorded_of(&self, kind: &str) -> Vec<&'a Address> {
        self.of_kind(kind).filter(|address| self.row(address).is_some()).collect()
    }

    /// Every address that starts with this text, desired ones first, then those only recorded.
    pub fn under(&self, prefix: String) -> impl Iterator<Item = &'a Address> + use<'a> {
        let desired = self.desired;
        let from = (std::ops::Bound::Included(prefix.as_str()), std::ops::Bound::Unbounded);
        let first = desired.range::<str, _>(from).map(|(address, _)| address);
        let rows = self.recorded.rows.range::<str, _>(from).map(|(address, _)| address);
        let (theirs, ours) = (prefix.clone(), prefix);
        let first = first.take_while(move |address| address.as_str().starts_with(&ours));
        let rows = rows.take_while(move |address| address.as_str().starts_with(&theirs));
        first.chain(rows.filter(move |address| !desired.contains_key(*address)))
    }
}

/// Recorded addresses by their id in Azure, for reading answers back.
#[derive(Debug, Clone)]
pub struct Names<'a>(BTreeMap<&'a ArmId, &'a Address>);

impl<'a> Names<'a> {
    /// The names of everything recorded.
    #[must_use]
    pub fn of(recorded: &'a Recorded) -> Self {
        let things = recorded
            .rows
            .iter()
            .filter(|(address, _)| kind(address.kind()).is_some_and(|kind| !kind.info().invoked));
        Self(things.map(|(address, row)| (&row.arm_id, address)).collect())
    }

    /// The reference, in normal form, that names `id`.
    #[must_use]
    pub fn reference(&self, id: &ArmId) -> Value {
        match self.0.get(id) {
            Some(address) => Value::String(address.to_string()),
            None => serde_json::json!({ "id": id.as_str() }),
        }
    }

    /// The reference that names `id`: the recorded one where that means the same thing.
    #[must_use]
    pub fn reference_as(&self, id: &ArmId, recorded: Option<&Value>) -> Value {
        let now = self.reference(id);
        let is_same = |own: &&Value| **own == now || reference_id(own).is_some_and(|own| own == *id);
        recorded.filter(is_same).cloned().unwrap_or(now)
    }

    /// The recorded resource with this id.
    #[must_use]
    pub fn get(&self, id: &ArmId) -> Option<&'a Address> {
        self.0.get(id).copied()
    }
}
