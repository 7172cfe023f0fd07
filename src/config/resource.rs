//! An instance read by its kind's table: the resource, and its children.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;
use serde_json::{Value, json};

use super::cloud;
use super::codes::Code;
use super::error::{Mistake, Problems};
use super::expand::{Instance, has_subscription, is_back_reference};
use super::fields;
use super::ids::{self, OwnId};
use super::near::quoted;
use super::node::{Entry, Node};
use super::texts::{Files, Place};
use super::timetables;
use super::value::{Reader, bad_version, items, one, repeated, version};
use super::world::World;
use crate::kinds::{Attribute, Kind, KindInfo, MANAGED_BY_ALL, Misfit, Problem, Shape, kind, kind_of};
use crate::model::{Address, Attributes, Finding, Resource, Severity};

/// A resource as it was read.
pub(super) struct Built {
    pub(super) address: Address,
    pub(super) resource: Resource,
    /// Whether nothing of it was wrong.
    pub(super) sound: bool,
    /// `dependsOn`, with the place of each.
    pub(super) depends_on: Vec<(Address, Node)>,
    /// `id:`, where it is written.
    pub(super) id: Option<OwnId>,
    /// What is left out of it.
    pub(super) notes: Vec<Finding>,
}

/// Reads an instance; its children follow it.
fn read(instance: &Instance, world: &World<'_>, problems: &mut Problems) -> Vec<Built> {
    let mut built = Vec::new();
    let address = Address::new(instance.kind.info().name, &instance.key);
    let block = Block { kind: instance.kind, address, place: instance.place, parent: None };
    block.read(&instance.entries, world, problems, &mut built);
    built
}

/// Reads every instance; children follow their parents.
///
/// Each says what it says whatever the others do, so all processors read. What is wrong is found again one by one: near
/// names are looked for a limited number of times.
pub(super) fn read_all(instances: &[Instance], world: &mut World<'_>, problems: &mut Problems) -> Vec<Built> {
    let left = world.searches();
    let sound = |instance| {
        let mut problems = Problems::default();
        let built = read(instance, world, &mut problems);
        problems.is_empty().then_some(built)
    };
    let found: Option<Vec<_>> = instances.par_iter().with_min_len(16).map(sound).collect();
    match found {
        Some(found) => found.into_iter().flatten().collect(),
        None => {
            world.set_searches(left);
            instances.iter().flat_map(|instance| read(instance, world, problems)).collect()
        }
    }
}

/// Reads the block of a child that stands in no parent's, with what all of its parents will find wrong with it.
pub(super) fn read_child(
    kind: &'static dyn Kind,
    (parent, name): (&Address, &str),
    place: Place,
    entries: &[Entry],
    world: &World<'_>,
    problems: &mut Problems,
) -> Option<Built> {
    let mut built = Vec::new();
    let address = Address::new(kind.info().name, &format!("{}/{name}", parent.key()));
    Block { kind, address, place, parent: Some(parent) }.read(entries, world, problems, &mut built);
    built.into_iter().next()
}

/// Adds what a kind says to the problems; what a rule says is a finding.
pub(super) fn told(
    problem: Problem,
    (address, resource): (&Address, &Resource),
    files: &Files,
    problems: &mut Problems,
) -> Option<Finding> {
    match problem {
        Problem::Rule(finding) => {
            debug_assert!(kind_of(address).info().rules.contains(&finding.rule.as_str()), "{finding:?}");
            Some(finding)
        }
        Problem::Wrong { path, code, message, help } => {
            let mistake = Mistake::new(Code::of_kind(code), message);
            let place = files.place_of(resource.source_of(&path));
            problems.add(mistake.at(place, address.to_string()).advice(help));
            None
        }
    }
}

/// What is being read.
struct Block<'a> {
    kind: &'static dyn Kind,
    address: Address,
    place: Place,
    parent: Option<&'a Address>,
}

impl Block<'_> {
    fn read(&self, entries: &[Entry], world: &World<'_>, problems: &mut Problems, built: &mut Vec<Built>) {
        let info = self.kind.info();
        let before = problems.raised();
        let mut reader = Reader::new(world, problems);
        let mut resource = Resource {
            attributes: Attributes::new(),
            depends_on: BTreeSet::new(),
            protect: None,
            adopt: false,
            ignore_changes: Vec::new(),
            source: world.files.source(self.place),
            sources: BTreeMap::new(),
            defaulted: BTreeMap::new(),
        };
        let (mut depends_on, mut children, mut notes) = (Vec::new(), Vec::new(), Vec::new());
        let mut broken = false;
        let id = entries.iter().find(|entry| &*entry.key == "id" && self.general_keys().contains(&"id"));
        let id = id.and_then(|entry| reader.own_id(self.kind, entry));
        for entry in entries {
            if let Some(misfit) = self.kind.cannot_have(&entry.key, &|key| has(entries, key)) {
                notes.extend(self.left_out(entry, misfit, &mut reader));
                continue;
            }
            let attribute = info.attribute(&entry.key).filter(|attribute| !self.is_given(attribute));
            match attribute.map(|attribute| (attribute.name, attribute.shape)) {
                None => self.general(entry, &mut reader, &mut resource, &mut depends_on),
                Some((_, Shape::Children(of))) => children.push((entry, of, true)),
                Some((_, Shape::Child(of))) => children.push((entry, of, false)),
                Some((name, shape)) => {
                    reader.note(name, entry);
                    let value = reader.value(&shape, &entry.value, name);
                    broken |= value.is_none();
                    resource.attributes.extend(value.map(|value| (name.to_owned(), value)));
                }
            }
        }
        self.group_name(&mut resource, world);
        self.missing(entries, &mut reader);
        self.name(entries, id.as_ref(), &mut reader, &mut resource);
        if let Some(id) = &id {
            reader.stands_for(id, info, entries, &mut resource);
        }
        if let Some(parent) = self.parent {
            let given = info.attributes.iter().filter(|attribute| self.is_given(attribute));
            resource
                .attributes
                .extend(given.map(|attribute| (attribute.name.to_owned(), json!(parent.as_str()))));
        }
        resource.sources = std::mem::take(&mut reader.sources);
        resource.defaulted = std::mem::take(&mut reader.defaulted);
        let sound = !broken && problems.raised() == before;
        if sound {
            for problem in self.kind.settle(&mut resource) {
                notes.extend(told(problem, (&self.address, &resource), world.files, problems));
            }
        }
        built.push(Built { address: self.address.clone(), resource, sound, depends_on, id, notes });
        for (entry, of, many) in children {
            self.children(entry, of, many, world, problems, built);
        }
    }

    /// Leaves out a default that is not meant for the resource, with a note; says that what the block says does not fit.
    fn left_out(&self, entry: &Entry, misfit: Misfit, reader: &mut Reader<'_, '_>) -> Option<Finding> {
        let Misfit { code, message, help } = misfit;
        if entry.value.defaulted.is_none() {
            let mistake = Mistake::new(Code::of_kind(code), message);
            reader.problems.add(mistake.at(entry.place(), self.address.to_string()).advice(help));
            return None;
        }
        Some(Finding {
            rule: "defaults".into(),
            severity: Severity::Info,
            message: format!("a default is left out: {message}"),
            address: Some(self.address.clone()),
            source: Some(reader.world.files.source(entry.place())),
            help: None,
        })
    }

    /// Whether the attribute follows from where the block stands.
    fn is_given(&self, attribute: &Attribute) -> bool {
        self.parent.is_some_and(|parent| is_back_reference(&attribute.shape, parent.kind()))
    }

    /// Keys that every resource may have, and keys that none has.
    fn general(
        &self,
        entry: &Entry,
        reader: &mut Reader<'_, '_>,
        resource: &mut Resource,
        depends_on: &mut Vec<(Address, Node)>,
    ) {
        let node = &entry.value;
        let admitted = self.general_keys();
        match &*entry.key {
            key if !admitted.contains(&key) => reader.problems.add_with(|| self.unknown(entry, &admitted)),
            "protect" => {
                reader.note("protect", entry);
                resource.protect =
                    reader.value(&Shape::Bool, node, "protect").and_then(|value| value.as_bool());
            }
            "adopt" => {
                reader.note("adopt", entry);
                let adopt = reader.value(&Shape::Bool, node, "adopt").and_then(|value| value.as_bool());
                resource.adopt = adopt.unwrap_or_default();
            }
            "subscription" => {
                reader.note("subscription", entry);
                let name = if node.is_broken() {
                    None
                } else {
                    cloud::subscription(node, reader.world.subscriptions, reader.problems)
                };
                resource.attributes.extend(name.map(|name| ("subscription".to_owned(), json!(name))));
            }
            "ignoreChanges" => {
                reader.note("ignoreChanges", entry);
                for item in items(node, "[capacity]", reader.problems).unwrap_or_default().iter() {
                    let path = fields::text(item, reader.problems).map(str::to_owned);
                    if let Some(path) = path.filter(|path| self.has_path(path, item, reader.problems)) {
                        resource.ignore_changes.push(path);
                    }
                }
            }
            "dependsOn" => {
                let mut seen: HashMap<Address, &Node> = HashMap::new();
                let items = items(node, "[LabAccount/cs-core-la]", reader.problems).unwrap_or_default();
                for item in items.iter() {
                    let Some(address) = reader.address(item) else { continue };
                    match seen.insert(address.clone(), item) {
                        Some(first) => reader.problems.add(repeated(item, first)),
                        None => depends_on.push((address, item.clone())),
                    }
                }
            }
            // `name` is read with the table, `id` before it; a blank `forEach` is nothing.
            _ => {}
        }
    }

    /// The general keys that this block may have.
    fn general_keys(&self) -> Vec<&'static str> {
        let info = self.kind.info();
        let fits = |key: &&'static str| match *key {
            "name" => info.name_rule.is_some() && self.parent.is_none(),
            "subscription" => has_subscription(info),
            "forEach" => false,
            "protect" | "adopt" | "ignoreChanges" | "id" => !info.invoked,
            _ => true,
        };
        MANAGED_BY_ALL.iter().map(|(key, _)| *key).filter(fits).collect()
    }

    fn unknown(&self, entry: &Entry, admitted: &[&'static str]) -> Mistake {
        let info = self.kind.info();
        let key = &*entry.key;
        if key == "id" {
            return ids::none_here(info, entry.key_place);
        }
        if key == "forEach" {
            return Mistake::new(Code::ForEach, "`forEach` stands directly in the block of a resource")
                .at(entry.key_place, "not here")
                .advice("put it beside the block's other keys; `defaults` and children have none");
        }
        if key == "subscription" {
            return Mistake::new(
                Code::BadSubscription,
                format!("{} has no subscription of its own", one(info.name)),
            )
            .at(entry.key_place, "follows from what it lies in")
            .advice("write it on what this one lies in");
        }
        let own = info
            .attributes
            .iter()
            .filter(|attribute| !self.is_given(attribute))
            .map(|attribute| attribute.name);
        let general = admitted.iter().copied().chain(self.parent.is_none().then_some("forEach"));
        fields::unknown_key(entry, &one(info.name), own.chain(general).collect::<Vec<_>>())
    }

    /// The name of the group, where a listed key was written.
    fn group_name(&self, resource: &mut Resource, world: &World<'_>) {
        if let Some(Value::String(group)) = resource.attributes.get_mut("resourceGroup") {
            *group = world.group(group).to_owned();
        }
    }

    fn missing(&self, entries: &[Entry], reader: &mut Reader<'_, '_>) {
        let info = self.kind.info();
        for attribute in
            info.attributes.iter().filter(|attribute| attribute.required && !self.is_given(attribute))
        {
            // An id says the group too; one that is wrong has been told.
            let by_id = attribute.name == "resourceGroup" && has(entries, "id");
            if !by_id && !has(entries, attribute.name) {
                reader.problems.add(
                    Mistake::new(Code::MissingAttribute, format!("`{}` is missing", attribute.name))
                        .at(self.place, format!("{} needs `{}`", one(info.name), attribute.name))
                        .advice(format!("add `{}: {}`", attribute.name, attribute.example)),
                );
            }
        }
    }

    /// The name in Azure: what `name` or `id` says, else the key.
    fn name(
        &self,
        entries: &[Entry],
        id: Option<&OwnId>,
        reader: &mut Reader<'_, '_>,
        resource: &mut Resource,
    ) {
        let info = self.kind.info();
        let Some(rule) = info.name_rule else { return };
        let written = |key: &str| entries.iter().find(|entry| &*entry.key == key && self.parent.is_none());
        let (name, mistake_at) = match (written("name"), written("id").zip(id)) {
            (Some(entry), _) => {
                reader.note("name", entry);
                if entry.value.is_broken() {
                    return;
                }
                let Some(name) = fields::text(&entry.value, reader.problems) else { return };
                (name.to_owned(), Some(&entry.value))
            }
            (None, Some((entry, own))) => (own.id.name().to_owned(), Some(&entry.value)),
            (None, None) => (self.address.key().rsplit('/').next().unwrap_or_default().to_owned(), None),
        };
        let said_already = mistake_at.is_none() && !fields::is_key(&name);
        if let Err(why) = rule(&name).or_else(|why| if said_already { Ok(()) } else { Err(why) }) {
            let mistake = Mistake::new(Code::BadName, format!("{} {why}", quoted(&name)));
            let refused = format!("Azure refuses it as the name of {}", one(info.name));
            reader.problems.add(match mistake_at {
                Some(node) => mistake.on(node, refused),
                None => mistake
                    .at(self.place, refused)
                    .advice("the key may stay if `name:` beside it says another name"),
            });
        }
        resource.attributes.insert("name".into(), json!(name));
    }

    /// Whether a dotted path leads to an attribute.
    fn has_path(&self, path: &str, node: &Node, problems: &mut Problems) -> bool {
        let info = self.kind.info();
        let mut attributes = info.attributes;
        for part in path.split('.') {
            let Some(attribute) = attributes.iter().find(|attribute| attribute.name == part) else {
                let known: Vec<_> = attributes.iter().map(|attribute| attribute.name).collect();
                problems.add(
                    Mistake::new(
                        Code::UnknownKey,
                        format!("{} has no attribute {}", one(info.name), quoted(path)),
                    )
                    .on(node, "not an attribute")
                    .help(super::near::perhaps(part, known.iter().copied())),
                );
                return false;
            };
            match attribute.shape {
                Shape::Object(inner) => attributes = inner,
                _ => return true,
            }
        }
        true
    }

    fn children(
        &self,
        entry: &Entry,
        of: &'static str,
        many: bool,
        world: &World<'_>,
        problems: &mut Problems,
        built: &mut Vec<Built>,
    ) {
        let Some(child) = kind(of) else { return };
        if entry.value.is_broken() {
            return;
        }
        let example = child_example(child.info());
        let named =
            (of == timetables::KIND).then(|| timetables::named(&entry.value, world, problems)).flatten();
        let entries = match &named {
            Some(named) => Some(named.as_slice()),
            None => fields::map(&entry.value, &example, problems),
        };
        let Some(entries) = entries else { return };
        if !many {
            let address = Address::new(of, self.address.key());
            let block = Block { kind: child, address, place: entry.key_place, parent: Some(&self.address) };
            return block.read(entries, world, problems, built);
        }
        let mut seen: BTreeMap<String, Place> = BTreeMap::new();
        for entry in entries {
            let Some(key) = child_key(child.info(), entry, problems) else { continue };
            if let Some(first) = seen.insert(key.clone(), entry.key_place) {
                problems.add(
                    Mistake::new(Code::NameTwice, format!("{} stands twice", quoted(&key)))
                        .at(entry.key_place, "again here")
                        .at(first, "first here")
                        .advice("take one of them away"),
                );
                continue;
            }
            let Some(inner) = fields::map(&entry.value, &example, problems) else { continue };
            let address = Address::new(of, &format!("{}/{key}", self.address.key()));
            let block = Block { kind: child, address, place: entry.key_place, parent: Some(&self.address) };
            block.read(inner, world, problems, built);
        }
    }
}

fn has(entries: &[Entry], key: &str) -> bool {
    entries.iter().any(|entry| &*entry.key == key)
}

fn child_example(info: &KindInfo) -> String {
    let required = info.attributes.iter().find(|attribute| attribute.required);
    required.map(|attribute| format!("{{ {}: {} }}", attribute.name, attribute.example)).unwrap_or_default()
}

/// The key of one of many children: a name where the kind has a rule for names, else a version.
fn child_key(info: &KindInfo, entry: &Entry, problems: &mut Problems) -> Option<String> {
    let found = match info.name_rule {
        Some(_) => fields::is_key(&entry.key).then(|| entry.key.to_string()),
        None => version(&entry.key),
    };
    if found.is_none() {
        problems.add(match info.name_rule {
            Some(_) => super::settings::bad_key(&entry.key, entry.key_place, "a key"),
            None => bad_version(&entry.key).at(entry.key_place, "not three numbers"),
        });
    }
    found
}
