//! Blocks to instances: layers laid over each other, `$(…)` replaced, one instance for each row.

use std::collections::{BTreeMap, HashMap};

use super::codes::Code;
use super::error::{Mistake, Problems};
use super::fields::{self, is_key};
use super::load::Loader;
use super::near::quoted;
use super::node::{Content, Entry, Node, overlay, without_nulls};
use super::rows::{self, ForEach, Tables, has_expressions};
use super::settings::{Defaults, bad_key};
use super::table;
use super::texts::Place;
use super::variables::{Row, Scope, names_in};
use crate::kinds::{Kind, KindInfo, MANAGED_BY_ALL, OnChange, Shape, kind};

/// A resource as the files write it, everything expanded, nothing read yet.
pub(super) struct Instance {
    pub(super) kind: &'static dyn Kind,
    pub(super) key: String,
    /// Where its key stands, or the row that makes it.
    pub(super) place: Place,
    /// What all layers say together.
    pub(super) entries: Vec<Entry>,
}

/// A block of a section.
pub(super) struct Block {
    pub(super) kind: &'static dyn Kind,
    pub(super) entry: Entry,
}

/// Everything that blocks become.
#[derive(Default)]
pub(super) struct Expanded {
    pub(super) instances: Vec<Instance>,
    /// Key templates of blocks that could not be expanded: what they would have made is not known.
    pub(super) unknown: Vec<(&'static str, String)>,
}

/// Whether an attribute of a child says whose child it is; that follows from where it stands.
pub(super) fn is_back_reference(shape: &Shape, parent: &str) -> bool {
    matches!(shape, Shape::Reference(reference) if reference.kinds == [parent])
}

/// Expands every block.
pub(super) fn expand(
    blocks: Vec<Block>,
    layers: &[Defaults],
    variables: &BTreeMap<String, Node>,
    loader: &mut Loader<'_>,
    problems: &mut Problems,
) -> Expanded {
    let mut expander = Expander {
        layers,
        variables,
        loader,
        problems,
        tables: Tables::new(),
        defaults: HashMap::new(),
        expanded: Expanded::default(),
        names: HashMap::new(),
    };
    for block in blocks {
        expander.block(block);
    }
    expander.expanded
}

struct Expander<'a, 'b> {
    layers: &'a [Defaults],
    variables: &'a BTreeMap<String, Node>,
    loader: &'a mut Loader<'b>,
    problems: &'a mut Problems,
    tables: Tables,
    /// By kind: the layers of defaults laid over each other, and whether they hold `$(…)`.
    defaults: HashMap<&'static str, (Node, bool)>,
    expanded: Expanded,
    names: HashMap<(&'static str, String), (Place, bool)>,
}

impl Expander<'_, '_> {
    fn block(&mut self, block: Block) {
        let Block { kind, entry } = block;
        let info = kind.info();
        let example = info
            .attributes
            .first()
            .map(|attribute| format!("{{ {}: {} }}", attribute.name, attribute.example));
        if fields::map(&entry.value, &example.unwrap_or_default(), self.problems).is_none() {
            self.expanded.unknown.push((info.name, entry.key.to_string()));
            return;
        }
        let Entry { key, key_place, mut value } = entry;
        let for_each = match &mut value.content {
            Content::Map(entries) => {
                entries.iter().position(|entry| &*entry.key == "forEach").map(|at| entries.remove(at))
            }
            _ => None,
        };
        let entry = Entry { key, key_place, value };
        let Some(for_each) = for_each else {
            let scope = Scope::of(self.variables);
            return self.instance(kind, entry, scope, key_place);
        };
        match rows::read(&for_each, self.variables, self.loader, &mut self.tables, self.problems) {
            Some(for_each) => self.each(kind, &entry, &for_each),
            None => self.expanded.unknown.push((info.name, entry.key.to_string())),
        }
    }

    fn each(&mut self, kind: &'static dyn Kind, entry: &Entry, for_each: &ForEach) {
        let columns = table::columns(&for_each.rows);
        let tells_apart = names_in(&entry.key).any(|name| columns.contains(name));
        let unknown = names_in(&entry.key).any(|name| {
            !columns.contains(name) && !for_each.with.contains_key(name) && !self.variables.contains_key(name)
        });
        if for_each.rows.len() > 1 && !tells_apart && !unknown {
            self.problems.add(rows::same_for_all(entry, &for_each.rows));
            self.expanded.unknown.push((kind.info().name, entry.key.to_string()));
            return;
        }
        for row in for_each.rows.iter() {
            let scope = Scope { row: Some(row), with: Some(&for_each.with), variables: self.variables };
            self.instance(kind, entry.clone(), scope, row.place);
        }
    }

    fn instance(&mut self, kind: &'static dyn Kind, entry: Entry, scope: Scope<'_>, place: Place) {
        let info = kind.info();
        if let Some(blank) = scope.blanks(&entry.key).first() {
            self.problems.add(blank_in_key(blank, &entry, scope.row));
            self.expanded.unknown.push((info.name, entry.key.to_string()));
            return;
        }
        let Some((key, _)) = scope.text(&entry.key, entry.key_place, self.problems) else {
            self.expanded.unknown.push((info.name, entry.key.to_string()));
            return;
        };
        if !is_key(&key) {
            let mut mistake = bad_key(&key, place, "a key");
            if place != entry.key_place {
                mistake = mistake.at(entry.key_place, "made here");
            }
            self.problems.add(mistake);
        }
        if let Some(mistake) = self.name(info, &key, place, scope.row.is_some().then_some(entry.key_place)) {
            self.problems.add(mistake);
            return;
        }
        let mut entries = self.defaults_of(info, scope);
        let own = entry.value;
        let own = if has_expressions(&own) { scope.expand(own, self.problems) } else { own };
        if let Content::Map(own) = own.content {
            overlay(&mut entries, own);
        }
        for attribute in info.attributes {
            self.add_child_defaults(info, attribute.name, &attribute.shape, &mut entries, scope);
        }
        without_nulls_of(info, &mut entries);
        self.expanded.instances.push(Instance { kind, key: key.into_owned(), place, entries });
    }

    /// Remembers a name; says what is wrong if it is taken.
    fn name(&mut self, info: &KindInfo, key: &str, place: Place, template: Option<Place>) -> Option<Mistake> {
        let is_row = template.is_some();
        let (first, first_is_row) = match self.names.entry((info.name, key.to_owned())) {
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert((place, is_row));
                return None;
            }
            std::collections::hash_map::Entry::Occupied(taken) => *taken.get(),
        };
        if is_row && first_is_row {
            let mistake = Mistake::new(
                Code::RowTwice,
                format!("two rows make {}", quoted(&format!("{}/{key}", info.name))),
            );
            let mistake = mistake.at(place, "this row again").at(first, "this row first");
            let mistake = template.into_iter().fold(mistake, |mistake, key| mistake.at(key, "by this key"));
            return Some(
                mistake.advice("write into the key what tells the rows apart, or take one of the rows away"),
            );
        }
        Some(
            Mistake::new(Code::NameTwice, format!("{} stands twice in `{}`", quoted(key), info.section))
                .at(place, "again here")
                .at(first, "first here")
                .advice("rename one of them, or take one away"),
        )
    }

    fn defaults_of(&mut self, info: &'static KindInfo, scope: Scope<'_>) -> Vec<Entry> {
        let layers = self.layers;
        let (node, expressions) = self.defaults.entry(info.name).or_insert_with(|| {
            let mut entries = Vec::new();
            for layer in layers {
                let all = layer.all.iter().filter(|entry| applies(info, &entry.key));
                overlay(&mut entries, all.cloned().collect());
                overlay(&mut entries, layer.sections.get(info.section).cloned().unwrap_or_default());
            }
            entries.retain(|entry| !matches!(&*entry.key, "name" | "id" | "forEach"));
            let node = Node::new(Content::Map(entries), NOWHERE);
            let expressions = has_expressions(&node);
            (node, expressions)
        });
        let node = if *expressions { scope.expand(node.clone(), self.problems) } else { node.clone() };
        node.into_map()
    }

    /// Puts what `defaults.all` says under what a child's block says.
    fn add_child_defaults(
        &mut self,
        parent: &KindInfo,
        name: &str,
        shape: &Shape,
        entries: &mut [Entry],
        scope: Scope<'_>,
    ) {
        let (Shape::Children(child) | Shape::Child(child)) = shape else { return };
        let Some(own) = entries.iter_mut().find(|entry| &*entry.key == name) else { return };
        let Some(child) = kind(child).map(Kind::info) else { return };
        let mut defaults = Vec::new();
        for layer in self.layers {
            let all = layer.all.iter().filter(|entry| applies_to_child(parent, child, &entry.key));
            overlay(&mut defaults, all.cloned().collect());
        }
        if defaults.is_empty() {
            return;
        }
        let Content::Map(defaults) =
            scope.expand(Node::new(Content::Map(defaults), NOWHERE), self.problems).content
        else {
            return;
        };
        let under = |node: &mut Node| {
            if let Content::Map(inner) = &mut node.content {
                let mut merged = defaults.clone();
                overlay(&mut merged, std::mem::take(inner));
                *inner = merged;
            }
        };
        match (&mut own.value.content, shape) {
            (Content::Map(children), Shape::Children(_)) => {
                children.iter_mut().for_each(|child| under(&mut child.value))
            }
            (Content::Map(_), _) => under(&mut own.value),
            _ => {}
        }
    }
}

/// Takes away every key of a kind's that is null: what was inherited is dropped. What the kind does not know stays, to be told.
fn without_nulls_of(info: &KindInfo, entries: &mut Vec<Entry>) {
    let general = |key: &str| MANAGED_BY_ALL.iter().any(|(name, _)| *name == key);
    entries.retain(|entry| {
        !entry.value.is_null() || !(general(&entry.key) || info.attribute(&entry.key).is_some())
    });
    for entry in entries.iter_mut().filter(|entry| matches!(entry.value.content, Content::Map(_))) {
        if let Some(attribute) = info.attribute(&entry.key) {
            without_nulls_in(&attribute.shape, &mut entry.value);
        }
    }
}

/// The same within the value of an attribute.
pub(super) fn without_nulls_in(shape: &Shape, node: &mut Node) {
    let Content::Map(entries) = &mut node.content else { return };
    match shape {
        Shape::Object(attributes) => {
            let known = |key: &str| attributes.iter().find(|attribute| attribute.name == key);
            entries.retain(|entry| !entry.value.is_null() || known(&entry.key).is_none());
            for entry in entries {
                if let Some(attribute) = known(&entry.key) {
                    without_nulls_in(&attribute.shape, &mut entry.value);
                }
            }
        }
        Shape::Child(child) => {
            if let Some(child) = kind(child) {
                without_nulls_of(child.info(), entries);
            }
        }
        Shape::Children(child) => {
            entries.retain(|entry| !entry.value.is_null());
            for entry in entries {
                if let (Some(child), Content::Map(inner)) = (kind(child), &mut entry.value.content) {
                    without_nulls_of(child.info(), inner);
                }
            }
        }
        _ => without_nulls(entries),
    }
}

const NOWHERE: Place = Place { file: 0, line: 1, column: 1, start: 0, end: 0 };

/// Whether a key of `defaults.all` applies to a kind.
pub(super) fn applies(info: &KindInfo, key: &str) -> bool {
    info.attribute(key).is_some()
        || MANAGED_BY_ALL.iter().any(|(name, _)| *name == key) && is_general(info, key)
}

/// `subscription` is of those kinds only that lie directly in a group.
fn is_general(info: &KindInfo, key: &str) -> bool {
    key != "subscription" || has_subscription(info)
}

/// Whether a kind has a subscription of its own rather than that of what it refers to.
pub(super) fn has_subscription(info: &KindInfo) -> bool {
    let lies_in = |shape: &Shape| matches!(shape, Shape::Reference(_));
    // Labs of lab plans lie in a group of their own; those of lab accounts have neither.
    info.attribute("resourceGroup").is_some()
        || !info.section.is_empty()
            && !info.attributes.iter().any(|attribute| attribute.required && lies_in(&attribute.shape))
}

fn applies_to_child(parent: &KindInfo, child: &KindInfo, key: &str) -> bool {
    let handed_on = parent.attribute(key).is_some_and(|attribute| attribute.on_change == OnChange::Inherited);
    let own = child.attribute(key).is_some_and(|attribute| !is_back_reference(&attribute.shape, parent.name));
    own && !handed_on
        && !matches!(child.attribute(key).map(|attribute| attribute.shape), Some(Shape::Reference(_)))
}

fn blank_in_key(name: &str, entry: &Entry, row: Option<&Row>) -> Mistake {
    let place = row.and_then(|row| row.values.get(name)).map_or(entry.key_place, |node| node.place);
    Mistake::new(Code::Csv, format!("{} is blank in this row, and the key needs it", quoted(name)))
        .at(place, "blank")
        .at(entry.key_place, "needed here")
        .advice("fill the cell, or take the row away")
}
