//! Across resources: what follows from others, what waits for itself, what would be one in Azure.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::ops::Range;

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use rayon::prelude::*;

use super::codes::Code;
use super::error::{Mistake, Problems};
use super::ids;
use super::near::perhaps;
use super::node::Node;
use super::resource::{self, Built};
use super::texts::Files;
use super::world::World;
use crate::kinds::{KINDS, Kind, OnChange, View, each_reference, kind, references};
use crate::model::{Address, ArmId, Finding, Recorded, Resource};

/// What the resources are measured by.
pub(super) struct Measure<'a> {
    pub(super) subscription: &'a str,
    pub(super) real_endpoint: bool,
    pub(super) files: &'a Files,
}

/// The resources by address, completed, with what rules say of them.
pub(super) fn resources(
    built: Vec<Built>,
    measure: &Measure<'_>,
    world: &World<'_>,
    problems: &mut Problems,
) -> (BTreeMap<Address, Resource>, Vec<Finding>) {
    let mut waits = Waits::default();
    let mut sound = HashSet::new();
    let (mut ids, mut notes) = (BTreeMap::new(), Vec::new());
    let (mut written, mut all) = (Vec::new(), Vec::with_capacity(built.len()));
    for Built { address, resource, sound: is_sound, depends_on, id, notes: own } in built {
        notes.extend(own);
        ids.extend(id.map(|id| (address.clone(), id)));
        written.extend(depends_on.into_iter().map(|(on, node)| (address.clone(), on, node)));
        sound.extend(is_sound.then(|| address.clone()));
        all.push((address, resource));
    }
    let mut resources: BTreeMap<_, _> = all.into_iter().collect();
    for (address, on, node) in written {
        if !resources.contains_key(&on) {
            if !world.may_have(on.kind(), on.key()) {
                problems.add(unknown_address(&on, &node, world));
            }
        } else if let Some(resource) = resources.get_mut(&address) {
            resource.depends_on.insert(on.clone());
            waits.written.entry(address).or_default().push((on, node));
        }
    }
    let sound = with_sound_references(&mut resources, sound);
    let mut findings = complete(&mut resources, &sound, measure, problems);
    findings.append(&mut notes);
    cycles(&resources, &sound, &waits, measure.files, problems);
    let recorded = Recorded::default();
    let links = crate::kinds::Links::of(&resources, &recorded);
    let view = View {
        links: &links,
        desired: &resources,
        recorded: &recorded,
        subscription: measure.subscription,
        real_endpoint: measure.real_endpoint,
    };
    let links = view.links_with_ids(|address| sound.contains(address));
    let view = View { links: &links, ..view };
    ids::check_own(&ids, &sound, &view, measure.files, problems);
    findings.extend(ids::of_ours(&sound, &view, measure.files, problems));
    same_in_azure(&view, &sound, measure.files, problems);
    for (address, resource) in &mut resources {
        drop_inherited(address, resource);
    }
    (resources, findings)
}

fn unknown_address(address: &Address, node: &Node, world: &World<'_>) -> Mistake {
    let help = perhaps(address.key(), world.keys(address.kind()));
    Mistake::new(Code::UnknownReference, format!("there is no {address}"))
        .on(node, "not in the files")
        .advice(help.unwrap_or_else(|| "declare it, or take this away".into()))
}

/// The sound resources whose references lead to sound ones only. The others are taken away, but
/// children: their parents ask whether they have any.
fn with_sound_references(
    resources: &mut BTreeMap<Address, Resource>,
    mut sound: HashSet<Address>,
) -> HashSet<Address> {
    // References go from later kinds to earlier ones.
    for kind in KINDS {
        for (address, resource) in of_kind(resources, *kind) {
            let mut leads_on = true;
            let mut lead = |text: &str| leads_on &= sound.contains(text);
            each_reference(kind.info(), &resource.attributes, &mut lead);
            if !leads_on {
                sound.remove(address);
            }
        }
    }
    let is_child =
        |address: &Address| kind(address.kind()).is_some_and(|kind| kind.info().section.is_empty());
    resources.retain(|address, _| sound.contains(address) || is_child(address));
    sound
}

fn of_kind<'a>(
    resources: &'a BTreeMap<Address, Resource>,
    kind: &dyn Kind,
) -> impl Iterator<Item = (&'a Address, &'a Resource)> {
    let name = kind.info().name;
    resources.range(range_of(name)).filter(move |(address, _)| address.kind() == name)
}

fn sound_of_kind<'a>(
    resources: &'a mut BTreeMap<Address, Resource>,
    kind: &dyn Kind,
    sound: &'a HashSet<Address>,
) -> impl Iterator<Item = (&'a Address, &'a mut Resource)> {
    let name = kind.info().name;
    let own = move |address: &Address| address.kind() == name && sound.contains(address);
    resources.range_mut(range_of(name)).filter(move |(address, _)| own(address))
}

fn range_of(kind: &str) -> Range<Address> {
    Address::new(kind, "")..Address::new(&format!("{kind}0"), "")
}

/// Lets every kind fill in what follows from other resources, in the order of `KINDS`. Those of one kind are completed
/// at once: each sees the others of its kind as they are written.
fn complete(
    resources: &mut BTreeMap<Address, Resource>,
    sound: &HashSet<Address>,
    measure: &Measure<'_>,
    problems: &mut Problems,
) -> Vec<Finding> {
    let recorded = Recorded::default();
    // Completing changes neither an attachment's account nor a group's name.
    let links = crate::kinds::Links::of(resources, &recorded);
    let mut findings = Vec::new();
    for kind in KINDS {
        // Places are not asked through the view: each resource has its own with it.
        let mut places = Vec::new();
        for (address, stored) in sound_of_kind(resources, *kind, sound) {
            let own = (std::mem::take(&mut stored.sources), std::mem::take(&mut stored.defaulted));
            places.push((address.clone(), own));
        }
        let view = View {
            links: &links,
            desired: resources,
            recorded: &recorded,
            subscription: measure.subscription,
            real_endpoint: measure.real_endpoint,
        };
        let complete = |(address, (sources, defaulted)): (Address, _)| {
            let mut own = Resource { sources, defaulted, ..view.desired[&address].clone() };
            let problems = kind.complete(&address, &mut own, &view);
            (own, problems)
        };
        let completed: Vec<_> = places.into_par_iter().map(complete).collect();
        for ((address, stored), (own, said)) in sound_of_kind(resources, *kind, sound).zip(completed) {
            *stored = own;
            let told = |problem| resource::told(problem, (address, stored), measure.files, problems);
            findings.extend(said.into_iter().filter_map(told));
        }
    }
    findings
}

fn drop_inherited(address: &Address, resource: &mut Resource) {
    let attributes = kind(address.kind()).map_or(&[][..], |kind| kind.info().attributes);
    for attribute in attributes.iter().filter(|attribute| attribute.on_change == OnChange::Inherited) {
        resource.attributes.remove(attribute.name);
    }
}

/// `dependsOn` as it is written, for the places of a circle.
#[derive(Default)]
struct Waits {
    written: HashMap<Address, Vec<(Address, Node)>>,
}

fn cycles(
    resources: &BTreeMap<Address, Resource>,
    sound: &HashSet<Address>,
    waits: &Waits,
    files: &Files,
    problems: &mut Problems,
) {
    if waits.written.is_empty() {
        // References alone go from later kinds to earlier ones.
        return;
    }
    let mut graph = DiGraph::<&Address, ()>::new();
    let nodes: BTreeMap<&Address, NodeIndex> =
        resources.keys().map(|address| (address, graph.add_node(address))).collect();
    for (address, resource) in resources {
        let referred = kind(address.kind())
            .map(|kind| references(kind.info(), &resource.attributes))
            .unwrap_or_default();
        for lead in referred.iter().chain(&resource.depends_on).filter(|_| sound.contains(address)) {
            if let Some(to) = nodes.get(lead) {
                graph.add_edge(nodes[address], *to, ());
            }
        }
    }
    for component in tarjan_scc(&graph) {
        let members: BTreeSet<&Address> = component.iter().map(|node| graph[*node]).collect();
        let Some(first) = members.iter().next() else { continue };
        let start = nodes[first];
        if members.len() > 1 || graph.contains_edge(start, start) {
            let circle = shortest_circle(&graph, start, &members);
            problems.add(cycle(&circle, resources, waits, files));
        }
    }
}

/// The shortest way from a node back to itself.
fn shortest_circle<'a>(
    graph: &DiGraph<&'a Address, ()>,
    start: NodeIndex,
    members: &BTreeSet<&'a Address>,
) -> Vec<&'a Address> {
    let mut from: HashMap<NodeIndex, NodeIndex> = HashMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        let mut next: Vec<_> = graph.neighbors(node).filter(|node| members.contains(graph[*node])).collect();
        next.sort_by_key(|node| graph[*node]);
        for neighbour in next {
            if neighbour == start {
                let mut way = vec![graph[node]];
                let mut node = node;
                while node != start {
                    node = from[&node];
                    way.push(graph[node]);
                }
                way.reverse();
                return way;
            }
            if let std::collections::hash_map::Entry::Vacant(free) = from.entry(neighbour) {
                free.insert(node);
                queue.push_back(neighbour);
            }
        }
    }
    vec![graph[start]]
}

fn cycle(
    circle: &[&Address],
    resources: &BTreeMap<Address, Resource>,
    waits: &Waits,
    files: &Files,
) -> Mistake {
    let names: Vec<_> = circle.iter().chain(circle.first()).map(|address| address.as_str()).collect();
    let edges: Vec<(&Address, &Address)> =
        circle.iter().zip(circle.iter().cycle().skip(1)).map(|(a, b)| (*a, *b)).collect();
    let written = |from: &Address, to: &Address| {
        let all = waits.written.get(from).into_iter().flatten();
        all.filter(|(address, _)| address == to).map(|(_, node)| node.place).next()
    };
    let mut mistake = Mistake::new(Code::Cycle, format!("these wait for each other: {}", names.join(" → ")));
    // What can be taken away comes first.
    for (from, to) in edges.iter().filter(|(from, to)| written(from, to).is_some()) {
        if let Some(place) = written(from, to) {
            mistake = mistake.at(place, format!("{from} waits for {to}"));
        }
    }
    for (from, to) in edges.iter().filter(|(from, to)| written(from, to).is_none()) {
        if let Some(resource) = resources.get(*from) {
            mistake = mistake.at(files.place_of(&resource.source), format!("{from} refers to {to}"));
        }
    }
    mistake.advice("take one `dependsOn` of the circle away")
}

/// Reports resources that would be one and the same thing in Azure.
fn same_in_azure(view: &View<'_>, sound: &HashSet<Address>, files: &Files, problems: &mut Problems) {
    let resources = view.desired;
    let mut seen: HashMap<(&str, ArmId), &Address> = HashMap::new();
    for kind in KINDS.iter().filter(|kind| kind.info().name_rule.is_some()) {
        for (address, _) in of_kind(resources, *kind).filter(|(address, _)| sound.contains(*address)) {
            let Some(id) = view.arm_id(address) else { continue };
            let Some(first) = seen.insert((kind.info().name, id.clone()), address) else { continue };
            let at = |address: &Address| {
                let resource = &resources[address];
                files.place_of(resource.sources.get("name").unwrap_or(&resource.source))
            };
            problems.add(
                Mistake::new(Code::AzureNameTwice, format!("{first} and {address} would be one thing in Azure: `{}`", id.name()))
                    .at(at(address), "the same name in the same place")
                    .at(at(first), "as this one")
                    .advice("give one of them another `name:`, or take one away; Azure does not tell letter case apart"),
            );
        }
    }
}
