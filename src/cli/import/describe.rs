//! What exists, in the words of the files: addresses, attributes, references by key.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::find::{Found, Item};
use crate::catalog;
use crate::cli::blocks::{self, Blocks, timetables};
use crate::kinds::{KINDS, kind, schedule_findings};
use crate::model::{Address, ArmId, Attributes, Observed, Recorded, Row, Severity};

/// What exists in the words of the files.
#[derive(Debug, Default)]
pub(super) struct Described {
    /// The sections.
    pub(super) blocks: Blocks,
    /// Every address that they describe.
    pub(super) addresses: BTreeSet<Address>,
    /// Variables that stand for passwords, which Azure never tells, with the accounts that they belong to.
    pub(super) secrets: BTreeMap<String, String>,
}

/// Kinds whose blocks stand in those of others: the kind, the section of those others, the key in their blocks, and what one
/// is called before the key of its parent.
const CHILDREN: [(&str, &str, &str, &str); 2] = [
    ("ImageVersion", "images", "versions", "a version of Image/"),
    ("Schedule", "labs", "schedules", "a schedule of Lab/"),
];

/// What the files say already.
#[derive(Debug)]
pub(super) struct Known<'a> {
    /// The addresses of resources by id.
    pub(super) by_id: BTreeMap<ArmId, Address>,
    /// Addresses that something has.
    pub(super) taken: BTreeSet<Address>,
    /// Accounts on VMs by name.
    pub(super) accounts: &'a BTreeMap<String, Value>,
    /// Names of timetables.
    pub(super) timetables: &'a BTreeSet<String>,
}

/// Gives every item an address: that of the files, else its name where that is a key and free, else one made of it and
/// its container's.
pub(super) fn addresses(items: &[Item], known: &Known<'_>) -> BTreeMap<ArmId, Address> {
    let mut by_id: BTreeMap<ArmId, Address> = BTreeMap::new();
    let mut taken = known.taken.clone();
    for item in items {
        if let Some(address) = known.by_id.get(&item.id) {
            by_id.insert(item.id.clone(), address.clone());
            continue;
        }
        let name = blocks::key_of(item.id.name());
        let candidates: Vec<String> = match item.kind {
            "ImageVersion" => {
                let image = by_id.get(&item.parent).map_or("", Address::key);
                vec![format!("{image}/{}", item.id.name())]
            }
            "Schedule" => {
                let lab = by_id.get(&item.parent).map_or("", Address::key);
                vec![format!("{lab}/{name}")]
            }
            "GalleryAttachment" => vec![by_id.get(&item.parent).map_or(name, |own| own.key().to_owned())],
            _ => vec![name.clone(), format!("{name}-{}", blocks::key_of(item.parent.name()))],
        };
        let base = candidates.last().cloned().unwrap_or_default();
        let numbered = (2..).map(|number| format!("{base}-{number}"));
        let address = candidates
            .into_iter()
            .chain(numbered)
            .map(|key| Address::new(item.kind, &key))
            .find(|address| taken.insert(address.clone()))
            .expect("numbers do not end");
        by_id.insert(item.id.clone(), address);
    }
    by_id
}

/// Rows from which each item is read: no attributes but those that say what is to be read.
pub(super) fn to_read(items: &[Item], addresses: &BTreeMap<ArmId, Address>) -> Recorded {
    let row = |item: &Item| {
        let mut attributes = Attributes::new();
        let list = match item.kind {
            "GalleryAttachment" => Some("enabledImages"),
            "LabAccount" => Some("marketplaceImages"),
            _ => None,
        };
        attributes.extend(list.map(|name| (name.to_owned(), json!([]))));
        Row {
            arm_id: item.id.clone(),
            attributes,
            outputs: Map::new(),
            depends_on: BTreeSet::new(),
            protect: false,
            ignored: Vec::new(),
            unfinished: None,
        }
    };
    Recorded { rows: items.iter().map(|item| (addresses[&item.id].clone(), row(item))).collect() }
}

/// Describes what was seen; what the files cannot say is left out by name.
///
/// `elsewhere` is the subscription to write where it is not the project's own.
pub(super) fn describe(
    found: &mut Found,
    addresses: &BTreeMap<ArmId, Address>,
    seen: &BTreeMap<Address, Observed>,
    accounts: &BTreeMap<String, Value>,
    own_subscription: &str,
) -> Described {
    let mut described = Described::default();
    for item in std::mem::take(&mut found.items) {
        let address = &addresses[&item.id];
        let Some(observed) = seen.get(address) else { continue };
        let mut attributes: Attributes = observed.attributes.clone();
        attributes.retain(|_, value| clean(value));
        let told = describe_one(&item, &mut attributes, addresses, accounts, &mut described);
        if let Err(why) = told {
            found.leave_out(item.id.as_str(), why);
            continue;
        }
        let subscription = item.id.segment("subscriptions").unwrap_or_default();
        // A lab of a lab plan takes its plan's subscription where it says nothing.
        let usual = match item.is_of_plan() {
            true => item.parent.segment("subscriptions").unwrap_or_default(),
            false => own_subscription,
        };
        let is_top =
            matches!(item.kind, "ResourceGroup" | "Gallery" | "LabAccount" | "LabPlan") || item.is_of_plan();
        if is_top && !subscription.eq_ignore_ascii_case(usual) {
            attributes.insert("subscription".into(), json!(subscription.to_lowercase()));
        }
        let info = kind(item.kind).expect("a kind of ours").info();
        // An image's location follows from its gallery.
        attributes.retain(|name, _| {
            matches!(name.as_str(), "name" | "subscription") || info.attribute(name).is_some()
        });
        if info.name_rule.is_some() && attributes.get("name").and_then(Value::as_str) == Some(address.key()) {
            attributes.remove("name");
        }
        described.addresses.insert(address.clone());
        if let Some((_, section, children, _)) = CHILDREN.iter().find(|(kind, ..)| *kind == item.kind) {
            attributes.remove("name");
            let parent = described.blocks.entry(section).or_default().get_mut(addresses[&item.parent].key());
            if let Some(parent) = parent.and_then(Value::as_object_mut) {
                let children = parent.entry(*children).or_insert(json!({}));
                children[item.id.name()] = Value::Object((*attributes).clone());
            }
            continue;
        }
        let blocks = described.blocks.entry(info.section).or_default();
        blocks.insert(address.key().to_owned(), Value::Object((*attributes).clone()));
    }
    described
}

impl Described {
    /// The key of the account on VMs with this user name, of the files or of a block of its own.
    fn account(&mut self, user: &str, accounts: &BTreeMap<String, Value>) -> String {
        let written = self.blocks.entry("credentials").or_default();
        let is_user = |own: &Value| own["username"] == user;
        let known = accounts.iter().find(|(_, own)| is_user(own)).map(|(key, _)| key);
        if let Some(key) = known.or(written.iter().find(|(_, own)| is_user(own)).map(|(key, _)| key)) {
            return key.clone();
        }
        let of_files = |variable: &str| accounts.values().any(|own| own["password"]["env"] == variable);
        let is_taken = |variable: &str| of_files(variable) || self.secrets.contains_key(variable);
        let (key, variable) = blocks::account_key(user, is_taken);
        let block = json!({ "username": user, "password": { "env": variable } });
        self.secrets.insert(variable, user.to_owned());
        written.insert(key.clone(), block);
        key
    }

    /// Takes out what has a block already, and what only that would need.
    ///
    /// A version of an image that has a block, and a schedule of a lab that has one, stand nowhere then, and are left out by
    /// name.
    pub(super) fn leave_to_the_files(
        &mut self,
        known: &Known<'_>,
        addresses: &BTreeMap<ArmId, Address>,
        found: &mut Found,
    ) {
        for kind in KINDS {
            if let Some(blocks) = self.blocks.get_mut(kind.info().section) {
                blocks.retain(|key, _| !known.taken.contains(&Address::new(kind.info().name, key)));
            }
        }
        let is_written =
            |section: &str, key: &str| self.blocks.get(section).is_some_and(|own| own.contains_key(key));
        for (id, address) in addresses {
            let Some((_, section, _, noun)) = CHILDREN.iter().find(|(kind, ..)| *kind == address.kind())
            else {
                continue;
            };
            let parent = address.key().split('/').next().unwrap_or_default();
            if !known.taken.contains(address)
                && !is_written(section, parent)
                && self.addresses.remove(address)
            {
                found.leave_out(id.as_str(), format!("{noun}{parent}, which has a block: write it there"));
            }
        }
        let labs: Vec<_> = self.blocks.get("labs").into_iter().flat_map(Map::values).cloned().collect();
        if let Some(accounts) = self.blocks.get_mut("credentials") {
            let is_named = |lab: &Value, name: &str| lab["credentials"] == name || lab["nonAdmin"] == name;
            accounts.retain(|name, _| labs.iter().any(|lab| is_named(lab, name)));
            let left: Vec<_> = accounts.values().map(|own| own["password"]["env"].clone()).collect();
            self.secrets.retain(|variable, _| left.iter().any(|own| own == variable.as_str()));
        }
        self.blocks.retain(|_, blocks| !blocks.is_empty());
        timetables::share(&mut self.blocks, known.timetables);
    }
}

/// Adds what reading back does not give: references, sources, accounts, what was done already.
fn describe_one(
    item: &Item,
    attributes: &mut Attributes,
    addresses: &BTreeMap<ArmId, Address>,
    accounts: &BTreeMap<String, Value>,
    described: &mut Described,
) -> Result<(), String> {
    let known = |id: &ArmId| addresses.get(id).filter(|address| described.addresses.contains(*address));
    match item.kind {
        "Image" => {
            let gallery = known(&item.parent).ok_or("its gallery is left out")?;
            attributes.insert("gallery".into(), json!(gallery.key()));
        }
        "ImageVersion" => {
            known(&item.parent).ok_or("its image is left out")?;
            attributes.insert(
                "source".into(),
                source(&item.body).ok_or("Azure does not tell what it was made of")?,
            );
        }
        "LabAccount" => {
            let all = item.beside.as_array().map_or(0, Vec::len);
            let on = attributes.get("marketplaceImages").and_then(Value::as_array).map_or(0, Vec::len);
            // Every one on is how an account begins: nobody decided that.
            if on == all {
                attributes.remove("marketplaceImages");
            }
        }
        // Nothing is allowed by name: the files have no word for that.
        "LabPlan" if attributes.get("allowedRegions") == Some(&json!([])) => {
            attributes.remove("allowedRegions");
        }
        "GalleryAttachment" => {
            let gallery = item.gallery();
            if gallery.name().eq_ignore_ascii_case(item.id.name()) {
                attributes.remove("name");
            }
            let gallery = known(&gallery).ok_or("its gallery cannot be read")?;
            attributes.insert("gallery".into(), json!(gallery.key()));
            known(&item.parent).ok_or("what it is attached to is left out")?;
            if let Some(Value::Array(images)) = attributes.get_mut("enabledImages") {
                images.retain(Value::is_string);
                for image in images {
                    let key =
                        image.as_str().and_then(|text| text.split_once('/')).map(|(_, key)| key.to_owned());
                    *image = json!(key);
                }
            }
        }
        "Schedule" => {
            known(&item.parent).ok_or("its lab is left out")?;
            describe_schedule(item, attributes)?;
        }
        "Lab" if item.is_of_plan() => describe_plan_lab(item, attributes, addresses, accounts, described)?,
        "Lab" => describe_lab(item, attributes, addresses, accounts, described)?,
        _ => {}
    }
    Ok(())
}

/// Leaves out what follows by itself; says why where the language has no words for the schedule.
fn describe_schedule(item: &Item, attributes: &mut Attributes) -> Result<(), String> {
    let name = item.id.name();
    if blocks::key_of(name) != name {
        return Err(format!("`{name}` cannot be the name of an event in the files"));
    }
    let days = attributes.get("days");
    let days: Vec<_> =
        days.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let zone = attributes.get("timeZone").and_then(Value::as_str).unwrap_or_default();
    let stop = attributes.get("stop").and_then(Value::as_str);
    if days.is_empty() {
        return Err("it is switched off, which the files cannot say".into());
    }
    if days.iter().any(|day| day.starts_with("every ")) {
        return Err("it leaves weeks or days out, which the files cannot say".into());
    }
    if catalog::time_zone(zone).is_none() {
        return Err(format!("its time zone `{zone}` is none that labwright knows"));
    }
    if stop.is_none_or(|stop| stop == "none") {
        return Err("it never stops, which the files cannot say".into());
    }
    let refused = schedule_findings(name, &blocks::event(attributes))
        .into_iter()
        .find(|own| own.severity == Severity::Error);
    if let Some(refused) = refused {
        return Err(refused.message);
    }
    if attributes.get("start").and_then(Value::as_str) == Some("none") {
        attributes.remove("start");
    }
    Ok(())
}

fn describe_lab(
    item: &Item,
    attributes: &mut Attributes,
    addresses: &BTreeMap<ArmId, Address>,
    accounts: &BTreeMap<String, Value>,
    described: &mut Described,
) -> Result<(), String> {
    let account = addresses.get(&item.parent).ok_or("its account is left out")?;
    attributes.insert("in".into(), json!(account.as_str()));
    let template = &item.beside["properties"];
    let settings = &template["resourceSettings"];
    let filled = |name: &str| settings[name].as_str().filter(|text| !text.is_empty()).map(ArmId::new);
    let image = match (filled("galleryImageResourceId"), filled("sharedImageResourceId")) {
        (Some(marketplace), _) => format!("Marketplace/{}", marketplace.name()),
        (None, Some(shared)) => gallery_image(shared.name(), account, described)
            .ok_or("the image it was made from is in no gallery that is imported")?,
        (None, None) => return Err("Azure does not tell which image it was made from".into()),
    };
    attributes.insert("image".into(), json!(image));
    finish_lab(item, attributes, &template["publishingState"], addresses, accounts, described)
}

fn describe_plan_lab(
    item: &Item,
    attributes: &mut Attributes,
    addresses: &BTreeMap<ArmId, Address>,
    accounts: &BTreeMap<String, Value>,
    described: &mut Described,
) -> Result<(), String> {
    let plan = addresses.get(&item.parent).filter(|plan| described.addresses.contains(*plan));
    let plan = plan.ok_or("its lab plan cannot be read")?;
    attributes.insert("in".into(), json!(plan.as_str()));
    let properties = &item.body["properties"];
    let image = match item.beside.as_str() {
        Some(name) => format!("Marketplace/{name}"),
        None => {
            let id = properties["virtualMachineProfile"]["imageReference"]["id"].as_str().map(ArmId::new);
            let id = id.ok_or("Azure does not tell which image it was made from")?;
            gallery_image(id.name(), plan, described)
                .ok_or("the image it was made from is in no gallery that its lab plan has")?
        }
    };
    attributes.insert("image".into(), json!(image));
    finish_lab(item, attributes, &properties["state"], addresses, accounts, described)
}

/// What labs of both generations have: a size, accounts on their VMs, and whether they are published.
fn finish_lab(
    item: &Item,
    attributes: &mut Attributes,
    state: &Value,
    addresses: &BTreeMap<ArmId, Address>,
    accounts: &BTreeMap<String, Value>,
    described: &mut Described,
) -> Result<(), String> {
    if !attributes.contains_key("size") {
        return Err("its size is none that labwright knows".into());
    }
    for name in ["credentials", "nonAdmin"] {
        let user = attributes.get(name).and_then(|own| own["username"].as_str());
        if let Some(key) = user.map(|user| described.account(user, accounts)) {
            attributes.insert(name.into(), json!(key));
        }
    }
    if matches!(state.as_str(), Some("Published" | "Scaling")) {
        attributes.insert("publish".into(), json!({ "revision": 1 }));
        let lab = &addresses[&item.id];
        described.addresses.insert(Address::new("Publish", lab.key()));
    }
    Ok(())
}

/// The key of the image of this name in the gallery that is attached to an account or a plan.
fn gallery_image(name_in_azure: &str, holder: &Address, described: &Described) -> Option<String> {
    let attachments = described.blocks.get("galleryAttachments")?;
    let attached = attachments.values().find(|own| own["to"] == holder.as_str())?;
    let images = described.blocks.get("images")?;
    let is_it = |(key, own): &(&String, &Value)| {
        let name = own["name"].as_str().unwrap_or(key);
        own["gallery"] == attached["gallery"] && name.eq_ignore_ascii_case(name_in_azure)
    };
    images.iter().find(is_it).map(|(key, _)| key.clone())
}

/// What a version was made of; `None` where its answer has no source that the files could name.
fn source(body: &Value) -> Option<Value> {
    let profile = &body["properties"]["storageProfile"];
    let text =
        |pointer: &str| profile.pointer(pointer).and_then(Value::as_str).filter(|text| text.starts_with('/'));
    if let Some(vm) = text("/source/virtualMachineId") {
        return Some(json!({ "vm": vm }));
    }
    if let Some(id) = text("/source/id") {
        let is_version = id.to_lowercase().contains("/versions/");
        return Some(if is_version {
            json!({ "galleryVersion": id })
        } else {
            json!({ "managedImage": id })
        });
    }
    if let Some(id) = text("/osDiskImage/source/id") {
        let is_snapshot = id.to_lowercase().contains("/snapshots/");
        return Some(if is_snapshot { json!({ "snapshot": id }) } else { json!({ "managedDisk": id }) });
    }
    let uri = profile.pointer("/osDiskImage/source/uri")?.as_str()?;
    let storage = text("/osDiskImage/source/storageAccountId")?;
    Some(json!({ "vhd": { "uri": uri, "storageAccount": storage } }))
}

/// Takes nulls and empty maps out; whether anything is left.
fn clean(value: &mut Value) -> bool {
    if let Value::Object(map) = value {
        map.retain(|_, value| clean(value));
        return !map.is_empty();
    }
    !value.is_null() && *value != json!("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_whose_names_are_one_key_have_a_variable_each_and_one_user_has_one() {
        let mut described = Described::default();
        let files = BTreeMap::from([(
            "ed".to_owned(),
            json!({ "username": "ed", "password": { "env": "ED_PASSWORD" } }),
        )]);
        let keys = ["ada", "Ada", "ada", "ed", "Ed"].map(|user| described.account(user, &files));
        assert_eq!(keys, ["ada", "Ada-2", "ada", "ed", "Ed-2"]);
        let variables: Vec<_> = described.secrets.keys().map(String::as_str).collect();
        assert_eq!(variables, ["ADA_2_PASSWORD", "ADA_PASSWORD", "ED_2_PASSWORD"]);
    }
}
