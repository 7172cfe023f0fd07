//! Actions, and what each waits for.
//!
//! Creations follow references, deletions go against them, a replacement is its deletion and then its
//! creation. The edges are data (`Action::needs`); petgraph finds circles and the longest path.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use petgraph::algo::{tarjan_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};
use rayon::prelude::*;
use serde_json::Value;

use super::diff::Meaning;
use super::make::{Decision, Decisions, PlanError};
use super::{Action, Plan, Schedule, Verb, existing, named};
use crate::catalog::Work;
use crate::kinds::{
    Attribute, Draft, KINDS, Kind, KindInfo, Links, Need, OnChange, Subject, View, dependencies, kind_of,
};
use crate::model::{
    Address, ArmId, Attributes, Expectation, Recording, Resource, Row, Source, Step, Unfinished, top,
};

/// The actions of all decisions, sorted by id, their needs resolved.
///
/// # Errors
/// [`PlanError::Cycle`] when they wait for each other in a circle.
pub(super) fn actions(
    decisions: &Decisions<'_>,
    view: &View<'_>,
    written: &BTreeMap<Address, Resource>,
) -> Result<Vec<Action>, PlanError> {
    let drafted: Vec<_> =
        decisions.par_iter().map(|(address, decision)| nodes_of(address, decision, view)).collect();
    let mut nodes: Vec<_> = drafted.into_iter().flatten().collect();
    nodes.sort_by(|a, b| a.action.id.cmp(&b.action.id));
    let index = Index::of(&nodes, view);
    let mut needs: Vec<BTreeSet<usize>> = (0..nodes.len()).map(|at| index.needs(at, &nodes)).collect();
    deletions_after_referrers(&mut needs, &nodes, &index, decisions, view);
    deletions_after_successors(&mut needs, &nodes, &index, view);
    let order: Vec<_> = nodes.iter().map(|node| node.action.id.clone()).collect();
    for (node, needs) in nodes.iter_mut().zip(&needs) {
        node.action.needs = needs.iter().map(|&need| order[need].clone()).collect();
    }
    let actions: Vec<_> = nodes.into_iter().map(|node| node.action).collect();
    refuse_cycles(&actions, &needs, written)?;
    Ok(actions)
}

/// An action and what its kind says it waits for.
struct Node {
    action: Action,
    wants: Vec<Need>,
}

fn nodes_of(address: &Address, decision: &Decision<'_>, view: &View<'_>) -> Vec<Node> {
    let mut nodes = Vec::new();
    if let Some(from) = &decision.moved_from {
        let step = Step::recording("rename the record", Recording::Move { from: from.clone() });
        nodes.push(node(address, Verb::Move, decision, view, recorded_draft("move", step)));
    }
    let kind = kind_of(address);
    if let (Verb::Delete | Verb::Replace, Some(row)) = (decision.verb, decision.recorded) {
        for mut draft in kind.delete(address, row, view) {
            take_done_along(&mut draft.steps, address, view);
            nodes.push(node(address, Verb::Delete, decision, view, draft));
        }
    }
    if decision.verb == Verb::Forget {
        let draft = recorded_draft("forget", Step::recording("drop the record", Recording::Delete));
        nodes.push(node(address, Verb::Forget, decision, view, draft));
    }
    if let (Verb::Import, Some(resource)) = (decision.verb, decision.desired) {
        nodes.push(node(address, Verb::Import, decision, view, imported(address, resource, view)));
    }
    let makes = matches!(decision.verb, Verb::Create | Verb::Update | Verb::Replace | Verb::Invoke);
    if let (true, Some(resource)) = (makes, decision.desired) {
        let verb = if decision.verb == Verb::Replace { Verb::Create } else { decision.verb };
        for (at, mut draft) in made(address, decision, resource, view).into_iter().enumerate() {
            if at == 0 {
                // Before what its kind looks for, which may lie in that.
                draft.there.splice(0..0, named::built_on(address, decision, resource));
            }
            draft.needs.extend(resource.depends_on.iter().cloned().map(Need::Ready));
            draft
                .needs
                .extend(named::newly_named(address, decision, resource, view).into_iter().map(Need::Ready));
            nodes.push(node(address, verb, decision, view, draft));
        }
    }
    nodes
}

/// Lets the record of what was done to a resource go together with its own: until then it says what there is to lose, and
/// should the run end before it is made anew, or before the same is done to that, the next plan does it.
fn take_done_along(steps: &mut [Step], address: &Address, view: &View<'_>) {
    let lies_in = |kind: &dyn Kind, done: &Address| {
        view.row(done).is_some_and(|row| kind.containers(&row.attributes, view).contains(address))
    };
    let invoked = KINDS.iter().filter(|kind| kind.info().invoked);
    let done = invoked.map(|kind| (*kind, Address::new(kind.info().name, address.key())));
    let done: Vec<_> = done.filter(|(kind, done)| lies_in(*kind, done)).map(|(_, done)| done).collect();
    for step in steps.iter_mut().filter(|step| !done.is_empty() && step.record == Recording::Delete) {
        step.record = Recording::DeleteWithDone { done: done.clone() };
    }
}

/// Reads and records what exists, once what its answers refer to is recorded.
fn imported(address: &Address, resource: &Resource, view: &View<'_>) -> Draft {
    let row = existing::row(address, resource, view);
    let needs = row.depends_on.iter().cloned().map(Need::Ready).collect();
    let step = Step::recording("read and record", Recording::Adopt(Box::new(row)));
    Draft { needs, ..recorded_draft("import", step) }
}

fn made(address: &Address, decision: &Decision<'_>, resource: &Resource, view: &View<'_>) -> Vec<Draft> {
    let row = row_to_be(address, decision, resource, view);
    let replaced = decision.verb == Verb::Replace;
    let subject = Subject {
        address,
        desired: resource,
        recorded: decision.recorded.filter(|_| !replaced),
        row: &row,
        view,
        anew: &decision.anew,
    };
    let kind = kind_of(address);
    if decision.verb != Verb::Update {
        return kind.create(&subject);
    }
    let left = decision.recorded.and_then(|row| row.unfinished.as_ref());
    let updates = decision.differences.iter().filter(|difference| difference.meaning == Meaning::Update);
    let paths: Vec<_> = updates.map(|difference| difference.change.path.clone()).collect();
    if let (true, Some(Unfinished::Steps(left))) = (paths.is_empty() && decision.anew.is_empty(), left) {
        let drafts = rest_of(kind.create(&subject), left, kind.info().invoked);
        if !drafts.is_empty() {
            return drafts;
        }
    }
    if paths.is_empty() && decision.anew.is_empty() {
        return vec![recorded_draft("record", Step::recording("record", Recording::Put(Box::new(row))))];
    }
    let managed = without_ignored(kind.info(), resource, &paths);
    kind.update(&Subject { desired: &managed, ..subject }, &paths)
}

/// The name of the last step that brings a resource to what is desired.
pub(super) fn last_step(
    address: &Address,
    decision: &Decision<'_>,
    resource: &Resource,
    view: &View<'_>,
) -> Option<Cow<'static, str>> {
    Some(made(address, decision, resource, view).pop()?.steps.pop()?.name)
}

/// Of what makes a resource, the steps that an earlier run left.
fn rest_of(drafts: Vec<Draft>, left: &[Cow<'static, str>], invoked: bool) -> Vec<Draft> {
    let rest = drafts.into_iter().filter_map(|mut draft| {
        draft.steps.retain(|step| left.contains(&step.name));
        draft.part = "finish".into();
        draft.expects = match draft.expects {
            Expectation::Absent { .. } | Expectation::Unset { .. } if !invoked => Expectation::AsRecorded,
            _ => Expectation::Anything,
        };
        (!draft.steps.is_empty()).then_some(draft)
    });
    rest.take(1).collect()
}

/// What is asked for without what a change of `paths` leaves alone, so that a request for the rest does not carry it.
fn without_ignored(info: &KindInfo, resource: &Resource, paths: &[String]) -> Resource {
    let mut managed = resource.clone();
    let may_go = |name: &str| {
        let changes = paths.iter().any(|path| top(path) == name);
        let optional = |attribute: &Attribute| attribute.on_change == OnChange::Update && !attribute.required;
        !changes && info.attribute(name).is_none_or(optional)
    };
    managed.attributes.retain(|name, _| !(resource.ignore_changes.contains(name) && may_go(name)));
    managed
}

/// Marks each row but the last that an action records with the steps that are still to come: should one
/// of them fail, the next plan goes on with them, and sends what is ignored from then on too.
fn mark_unfinished(steps: &mut [Step]) {
    let Some((last, earlier)) = steps.split_last_mut() else { return };
    let mut left = vec![last.name.clone()];
    for step in earlier.iter_mut().rev() {
        if let Recording::Put(row) = &mut step.record {
            row.unfinished = Some(Unfinished::Steps(left.clone()));
            if let Recording::Put(whole) = &last.record {
                row.ignored = whole.ignored_so_far(&row.attributes);
            }
        }
        left.insert(0, step.name.clone());
    }
}

/// Whether a resource is protected where nothing says: on Azure itself a lab account cannot be made again.
pub(super) fn is_protected_at_first(address: &Address, view: &View<'_>) -> bool {
    view.real_endpoint && address.kind() == "LabAccount"
}

/// What the files say, with what is ignored as it is recorded.
pub(super) fn attributes_to_be(decision: &Decision<'_>, resource: &Resource) -> Attributes {
    let mut attributes = resource.attributes.clone();
    for difference in decision.differences.iter().filter(|difference| difference.meaning == Meaning::Ignored)
    {
        put_back(&mut attributes, &difference.change.path, difference.change.before.as_ref());
    }
    attributes
}

/// The row once the decision is carried out.
fn row_to_be(address: &Address, decision: &Decision<'_>, resource: &Resource, view: &View<'_>) -> Row {
    let kept = decision.recorded.filter(|_| decision.verb != Verb::Replace);
    let attributes = attributes_to_be(decision, resource);
    let mut depends_on = dependencies(address, &attributes, view);
    depends_on.extend(resource.depends_on.iter().cloned());
    Row {
        arm_id: kept
            .map_or_else(|| kind_of(address).arm_id(address, &attributes, view), |row| row.arm_id.clone()),
        attributes,
        outputs: kept.map(|row| row.outputs.clone()).unwrap_or_default(),
        depends_on,
        protect: resource.protect.unwrap_or_else(|| match decision.recorded {
            Some(row) if !row.is_failed() => row.protect,
            _ => is_protected_at_first(address, view),
        }),
        ignored: ignored_of(resource),
        unfinished: None,
    }
}

/// What `ignoreChanges` names, as it is recorded.
pub(super) fn ignored_of(resource: &Resource) -> Vec<String> {
    let ignored: BTreeSet<_> = resource.ignore_changes.iter().cloned().collect();
    ignored.into_iter().collect()
}

fn put_back(attributes: &mut serde_json::Map<String, Value>, path: &str, before: Option<&Value>) {
    let (top, rest) = path.split_once('.').map_or((path, None), |(top, rest)| (top, Some(rest)));
    match (rest, attributes.get_mut(top).and_then(Value::as_object_mut), before) {
        (Some(rest), Some(inner), _) => put_back(inner, rest, before),
        (_, _, Some(before)) => drop(attributes.insert(top.to_owned(), before.clone())),
        (_, _, None) => drop(attributes.remove(top)),
    }
}

fn recorded_draft(part: &str, step: Step) -> Draft {
    Draft::new(part, Vec::new(), Expectation::Anything, Work::Record, vec![step])
}

fn node(address: &Address, verb: Verb, decision: &Decision<'_>, view: &View<'_>, mut draft: Draft) -> Node {
    mark_unfinished(&mut draft.steps);
    draft.steps.shrink_to_fit();
    let removes = matches!(verb, Verb::Delete | Verb::Forget | Verb::Update | Verb::Move);
    let arm_id = match (decision.recorded, decision.desired) {
        (Some(row), _) if removes => row.arm_id.clone(),
        (_, Some(_)) => view.arm_id(address).unwrap_or_else(|| ArmId::new("")),
        (Some(row), None) => row.arm_id.clone(),
        (None, None) => ArmId::new(""),
    };
    let action = Action {
        id: format!("{address}#{}", draft.part),
        address: address.clone(),
        verb,
        needs: Vec::new(),
        arm_id,
        recorded: (draft.expects == Expectation::AsRecorded).then(|| compared(decision)).flatten(),
        expects: draft.expects,
        contents: draft.contents,
        there: draft.there,
        work: draft.work,
        estimate_seconds: 0,
        steps: draft.steps,
    };
    Node { action, wants: draft.needs }
}

/// The row with which Azure is compared: what the files ignore by now is left out too.
fn compared(decision: &Decision<'_>) -> Option<Row> {
    let mut row = decision.recorded?.clone();
    row.ignored.extend(decision.desired.into_iter().flat_map(ignored_of));
    Some(row)
}

/// The actions by what they are looked up by.
struct Index {
    by_address: HashMap<Address, Vec<usize>>,
    by_id: HashMap<String, usize>,
    /// What others wait for: many labs wait for one image.
    wanted: HashMap<Address, Wanted>,
    deletes: HashMap<ArmId, usize>,
    moves: Vec<usize>,
}

/// The actions of an address that others wait for.
struct Wanted {
    parts: Vec<Address>,
    /// Those that make it ready, and those of its parts.
    ready: Vec<usize>,
}

impl Index {
    fn of(nodes: &[Node], view: &View<'_>) -> Self {
        let mut index = Self {
            by_address: HashMap::new(),
            by_id: HashMap::new(),
            wanted: HashMap::new(),
            deletes: HashMap::new(),
            moves: Vec::new(),
        };
        for (at, node) in nodes.iter().enumerate() {
            index.by_address.entry(node.action.address.clone()).or_default().push(at);
            index.by_id.insert(node.action.id.clone(), at);
            match node.action.verb {
                Verb::Delete => drop(index.deletes.insert(node.action.arm_id.clone(), at)),
                Verb::Move => index.moves.push(at),
                _ => {}
            }
        }
        for want in nodes.iter().flat_map(|node| &node.wants) {
            let Need::Ready(address) = want else { continue };
            if !index.wanted.contains_key(address) {
                let parts = kind_of(address).parts(address, view);
                let ready = std::iter::once(address).chain(&parts).flat_map(|own| index.at(own));
                let makes = |at: &usize| !matches!(nodes[*at].action.verb, Verb::Delete | Verb::Forget);
                let ready = ready.filter(makes).collect();
                index.wanted.insert(address.clone(), Wanted { parts, ready });
            }
        }
        index
    }

    fn at(&self, address: &Address) -> impl Iterator<Item = usize> + '_ {
        self.by_address.get(address).into_iter().flatten().copied()
    }

    /// Everything that the action `at` waits for, but for what deletions add.
    fn needs(&self, at: usize, nodes: &[Node]) -> BTreeSet<usize> {
        let node = &nodes[at];
        let action = &node.action;
        let mut needs = BTreeSet::new();
        for want in &node.wants {
            match want {
                Need::Ready(address) => match self.wanted.get(address) {
                    // A part of an image waits for the image alone, not for the image's other parts.
                    Some(wanted) if wanted.parts.contains(&action.address) => {
                        needs.extend(self.at(address).filter(|&at| nodes[at].action.verb != Verb::Delete));
                    }
                    Some(wanted) => needs.extend(&wanted.ready),
                    None => {}
                },
                Need::Part(address, part) => needs.extend(self.by_id.get(&format!("{address}#{part}"))),
            }
        }
        if action.verb != Verb::Move {
            needs.extend(self.moves.iter().copied());
        }
        if !matches!(action.verb, Verb::Delete | Verb::Move | Verb::Forget) {
            let own = self.at(&action.address).filter(|&own| nodes[own].action.verb == Verb::Delete);
            needs.extend(own);
            needs.extend(self.deletes.get(&action.arm_id));
        }
        needs.remove(&at);
        needs
    }
}

/// What is deleted goes after everything that refers to it: deleted, forgotten, or no longer referring.
fn deletions_after_referrers(
    needs: &mut [BTreeSet<usize>],
    nodes: &[Node],
    index: &Index,
    decisions: &Decisions<'_>,
    view: &View<'_>,
) {
    let nothing = BTreeMap::new();
    let links = Links::of(&nothing, view.recorded);
    let before = View { desired: &nothing, links: &links, ..*view };
    for (referrer, decision) in decisions {
        let Some(row) = decision.recorded else { continue };
        let goes = matches!(decision.verb, Verb::Delete | Verb::Replace | Verb::Forget);
        if !goes && decision.verb != Verb::Update {
            continue;
        }
        // What was done to a thing is known for as long as the thing is there.
        if kind_of(referrer).info().invoked {
            let containers = kind_of(referrer).containers(&row.attributes, &before);
            let deletes = |&at: &usize| nodes[at].action.verb == Verb::Delete;
            let gone: Vec<_> = containers.iter().flat_map(|own| index.at(own)).filter(deletes).collect();
            for at in index.at(referrer).filter(|&at| nodes[at].action.verb == Verb::Forget) {
                needs[at].extend(&gone);
            }
            continue;
        }
        let mut referred = dependencies(referrer, &row.attributes, &before);
        referred.extend(row.depends_on.iter().cloned());
        for whole in referred {
            // What makes a thing ready goes as late as the thing: an attachment shows an image's versions.
            let mut targets = kind_of(&whole).parts(&whole, &before);
            if targets.contains(referrer) {
                targets.clear();
            }
            let is_deleted = decisions.get(&whole).is_some_and(|decision| decision.verb == Verb::Delete);
            targets.push(whole);
            let leaves: Vec<_> = index
                .at(referrer)
                .filter(|&at| match nodes[at].action.verb {
                    Verb::Delete | Verb::Forget => true,
                    Verb::Update => is_deleted,
                    _ => false,
                })
                .collect();
            for at in targets.iter().flat_map(|target| index.at(target)) {
                if nodes[at].action.verb == Verb::Delete {
                    needs[at].extend(&leaves);
                }
            }
        }
    }
}

/// A part that goes while its whole stays goes after the parts that come: an enabled image is never
/// without a version, even when making the new one fails.
fn deletions_after_successors(needs: &mut [BTreeSet<usize>], nodes: &[Node], index: &Index, view: &View<'_>) {
    for (at, node) in nodes.iter().enumerate() {
        let address = &node.action.address;
        if node.action.verb != Verb::Delete || view.desired.contains_key(address) {
            continue;
        }
        for container in kind_of(address).containers(&row_attributes(view, address), view) {
            let stays = index.at(&container).all(|at| nodes[at].action.verb != Verb::Delete);
            let parts = kind_of(&container).parts(&container, view);
            if stays && parts.contains(address) {
                let successors = parts.iter().flat_map(|part| index.at(part));
                needs[at].extend(successors.filter(|&at| nodes[at].action.verb == Verb::Create));
            }
        }
    }
}

fn row_attributes(view: &View<'_>, address: &Address) -> crate::model::Attributes {
    view.attributes(address).cloned().unwrap_or_default()
}

fn graph_of(needs: &[BTreeSet<usize>]) -> DiGraph<(), ()> {
    let mut graph = DiGraph::with_capacity(needs.len(), needs.iter().map(BTreeSet::len).sum());
    for _ in needs {
        graph.add_node(());
    }
    for (at, needs) in needs.iter().enumerate() {
        for &need in needs {
            graph.add_edge(NodeIndex::new(need), NodeIndex::new(at), ());
        }
    }
    graph
}

fn refuse_cycles(
    actions: &[Action],
    needs: &[BTreeSet<usize>],
    written: &BTreeMap<Address, Resource>,
) -> Result<(), PlanError> {
    let graph = graph_of(needs);
    if toposort(&graph, None).is_ok() {
        return Ok(());
    }
    let component =
        tarjan_scc(&graph).into_iter().filter(|component| component.len() > 1).min_by_key(Vec::len);
    let members: BTreeSet<usize> = component.into_iter().flatten().map(NodeIndex::index).collect();
    // Within a strongly connected part every action waits for another one of it: following the first
    // such need from anywhere comes round.
    let mut way: Vec<usize> = Vec::new();
    let mut at = members.first().copied().unwrap_or(0);
    while !way.contains(&at) {
        way.push(at);
        at = needs[at].iter().copied().find(|need| members.contains(need)).unwrap_or(at);
    }
    let start = way.iter().position(|seen| *seen == at).unwrap_or(0);
    let mut around: Vec<(Address, Option<Source>)> = Vec::new();
    for &at in &way[start..] {
        let address = &actions[at].address;
        if around.last().is_none_or(|(last, _)| last != address) {
            around.push((address.clone(), written.get(address).map(|resource| resource.source.clone())));
        }
    }
    if around.len() > 1 && around.first().map(|first| &first.0) == around.last().map(|last| &last.0) {
        around.pop();
    }
    Err(PlanError::Cycle { around })
}

/// The usual seconds of the whole with unlimited parallelism, and the ids of the longest path.
pub(super) fn critical_path(plan: &Plan) -> (u64, Vec<String>) {
    let schedule = Schedule::of(plan);
    let seconds = schedule.paths(|at| plan.actions[at].estimate_seconds);
    let longest = |candidates: &mut dyn Iterator<Item = usize>| {
        candidates.max_by(|&a, &b| seconds[a].cmp(&seconds[b]).then(b.cmp(&a)))
    };
    let mut path = Vec::new();
    let mut next = longest(&mut (0..plan.actions.len()).filter(|&at| schedule.needs[at] == 0));
    let total = next.map_or(0, |at| seconds[at]);
    while let Some(at) = next {
        path.push(plan.actions[at].id.clone());
        next = longest(&mut schedule.dependents[at].iter().copied());
    }
    (total, path)
}
