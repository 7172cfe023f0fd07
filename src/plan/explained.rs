//! Everything that is known of one resource: each value with where it is written and what is recorded, which
//! rules look at it, what it rests on and what rests on it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Plan, Verb};
use crate::kinds::{Attribute, KINDS, Kind, Links, Shape, View, dependencies, kind_of};
use crate::model::{Address, Attributes, DefaultsLayer, Desired, Finding, Recorded, Resource, Row, Source};

/// One resource of the files or of the record.
#[derive(Debug)]
pub struct Explained<'a> {
    /// Its address.
    pub address: &'a Address,
    /// What the files ask for; `None` where only the record has it.
    pub resource: Option<&'a Resource>,
    /// What is recorded; `None` where nothing is.
    pub row: Option<&'a Row>,
    /// What the next apply does about it; `None` where that is nothing.
    pub next: Option<Verb>,
    /// The section of the files that its block stands in.
    pub section: &'static str,
    /// What it is in a few words, the most telling first.
    pub summary: Vec<String>,
    /// Its values, in the order of the kind's table, then the record's own.
    pub attributes: Vec<ExplainedAttribute<'a>>,
    /// The attributes that no layer says: not managed.
    pub unmanaged: Vec<&'static str>,
    /// The rules that look at its kind, by id, with what they say of it.
    pub rules: BTreeMap<&'a str, Vec<&'a Finding>>,
    /// What it rests on.
    pub depends_on: BTreeSet<Address>,
    /// What rests on it.
    pub needed_by: BTreeSet<Address>,
}

/// One value.
#[derive(Debug)]
pub struct ExplainedAttribute<'a> {
    /// Its dotted path.
    pub path: String,
    /// What the files say; `None` where they say nothing of it any more.
    pub desired: Option<&'a Value>,
    /// What is recorded of it.
    pub recorded: Option<&'a Value>,
    /// Where it is written; `None` where it follows from something else.
    pub source: Option<&'a Source>,
    /// The layer of defaults that says it; `None` where the resource's own block or row does.
    pub layer: Option<DefaultsLayer>,
}

/// What is known of the resource at `address`; `None` where neither the files nor the record have it.
///
/// `plan` is that of the same files and record: its findings are the rules' words.
#[must_use]
pub fn explained<'a>(
    address: &'a Address,
    desired: &'a Desired,
    recorded: &'a Recorded,
    plan: &'a Plan,
) -> Option<Explained<'a>> {
    let links = Links::of(&desired.resources, recorded);
    let view = View::of(desired, recorded, &links);
    let resource = desired.resources.get(address);
    let row = recorded.rows.get(address);
    let own = resource.map(|own| &own.attributes).or(row.map(|row| &row.attributes))?;
    let info = kind_of(address).info();
    let mut rules: BTreeMap<_, Vec<_>> = info.rules.iter().map(|rule| (*rule, Vec::new())).collect();
    let is_about_it = |finding: &&Finding| match &finding.address {
        Some(own) => own == address,
        // What is said once of what several resources share is found by its place.
        None => {
            info.rules.contains(&finding.rule.as_str()) && is_written_at(resource, finding.source.as_ref())
        }
    };
    for finding in plan.findings.iter().filter(is_about_it) {
        rules.entry(finding.rule.as_str()).or_default().push(finding);
    }
    Some(Explained {
        address,
        resource,
        row,
        next: plan.changes.iter().find(|change| change.address == *address).map(|change| change.verb),
        section: section(address),
        summary: kind_of(address).summary(own, &view),
        attributes: attributes(info.attributes, resource, row),
        unmanaged: unmanaged(info.attributes, own),
        rules,
        depends_on: depends_on(address, own, resource, &view),
        needed_by: needed_by(address, &view),
    })
}

fn is_written_at(resource: Option<&Resource>, place: Option<&Source>) -> bool {
    let (Some(own), Some(place)) = (resource, place) else { return false };
    own.source == *place || own.sources.values().any(|source| source == place)
}

/// A child's block stands in its parent's, whose key is the first part of its own.
fn section(address: &Address) -> &'static str {
    let shows =
        |shape: &Shape| matches!(shape, Shape::Children(of) | Shape::Child(of) if *of == address.kind());
    let holds = |kind: &&&dyn Kind| kind.info().attributes.iter().any(|attribute| shows(&attribute.shape));
    match kind_of(address).info().section {
        "" => KINDS.iter().find(holds).map_or("", |parent| parent.info().section),
        section => section,
    }
}

fn attributes<'a>(
    table: &[Attribute],
    resource: Option<&'a Resource>,
    row: Option<&'a Row>,
) -> Vec<ExplainedAttribute<'a>> {
    let mut paths = Vec::new();
    let sides = [resource.map(|own| &own.attributes), row.map(|row| &row.attributes)];
    for side in sides.into_iter().flatten() {
        let known = table.iter().map(|attribute| (attribute.name, Some(&attribute.shape)));
        let is_known = |name: &str| table.iter().any(|attribute| attribute.name == name);
        let general = side.keys().filter(|name| !is_known(name)).map(|name| (name.as_str(), None));
        for (name, shape) in known.chain(general) {
            side.get(name).into_iter().for_each(|value| leaves(name, value, shape, &mut paths));
        }
    }
    let mut seen = BTreeSet::new();
    paths.retain(|path| seen.insert(path.clone()));
    let value = |side: Option<&'a Attributes>, path: &str| at(side?, path);
    let explained = |path: String| {
        let layers = |own: &'a Resource| own.defaulted.get(&path).copied();
        ExplainedAttribute {
            desired: value(sides[0], &path),
            recorded: value(sides[1], &path),
            source: resource.and_then(|own| own.sources.get(&path)),
            layer: resource.and_then(layers),
            path,
        }
    };
    paths.into_iter().map(explained).collect()
}

/// The paths of what a value consists of: an object of the table's and a map by their parts, anything else as a whole.
fn leaves(path: &str, value: &Value, shape: Option<&Shape>, paths: &mut Vec<String>) {
    match (shape, value) {
        (Some(Shape::Object(inner)), Value::Object(map)) => {
            for attribute in inner.iter().filter(|attribute| map.contains_key(attribute.name)) {
                let path = format!("{path}.{}", attribute.name);
                leaves(&path, &map[attribute.name], Some(&attribute.shape), paths);
            }
        }
        // A key with a dot in it is no part of a path.
        (Some(Shape::Map(_) | Shape::RegionMap(_)), Value::Object(map))
            if !map.is_empty() && map.keys().all(|key| !key.contains('.')) =>
        {
            paths.extend(map.keys().map(|key| format!("{path}.{key}")));
        }
        _ => paths.push(path.to_owned()),
    }
}

fn at<'a>(attributes: &'a Attributes, path: &str) -> Option<&'a Value> {
    let mut parts = path.split('.');
    let first = attributes.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part))
}

fn unmanaged(table: &'static [Attribute], own: &Attributes) -> Vec<&'static str> {
    let kept = |attribute: &&Attribute| {
        !matches!(attribute.shape, Shape::Children(_) | Shape::Child(_) | Shape::Later)
    };
    let absent = table.iter().filter(kept).filter(|attribute| !own.contains_key(attribute.name));
    absent.map(|attribute| attribute.name).collect()
}

fn depends_on(
    address: &Address,
    attributes: &Attributes,
    resource: Option<&Resource>,
    view: &View<'_>,
) -> BTreeSet<Address> {
    let mut found = dependencies(address, attributes, view);
    found.extend(resource.iter().flat_map(|own| own.depends_on.iter().cloned()));
    found
}

fn needed_by(address: &Address, view: &View<'_>) -> BTreeSet<Address> {
    let desired = view.desired.iter().map(|(other, own)| (other, &own.attributes, Some(own)));
    let only_recorded = view.recorded.rows.iter().filter(|(other, _)| !view.desired.contains_key(*other));
    let all = desired.chain(only_recorded.map(|(other, row)| (other, &row.attributes, None)));
    all.filter(|(other, attributes, own)| depends_on(other, attributes, *own, view).contains(address))
        .map(|(other, ..)| other.clone())
        .collect()
}
