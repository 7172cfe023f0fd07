//! From desired and recorded to a plan, in the order in which a reader would do it by hand:
//! renames, a verb for each address, what of it is in scope, what is refused, the graph.

use std::collections::{BTreeMap, BTreeSet};

use miette::Diagnostic;
use rayon::prelude::*;
use serde_json::Value;

use super::diff::{Difference, Meaning, differences};
use super::existing::is_only_forgotten;
use super::respelled::respelled;
use super::{
    AttributeChange, Change, Fact, Plan, Record, Verb, graph, guard, records, renames, scope, switches,
    versions,
};
use crate::catalog::Durations;
use crate::kinds::{KINDS, Links, View, dependencies, kind_of};
use crate::model::{
    Address, Attributes, Desired, Finding, Recorded, Resource, Row, Severity, Source, Unfinished,
};

/// What a plan is asked for beside the two snapshots.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The day, `YYYY-MM-DD`.
    pub today: String,
    /// Whether everything recorded is to go, whatever is desired.
    pub destroy: bool,
    /// Only these and what they need; empty is everything.
    pub target: Vec<Address>,
    /// Not these and what needs them.
    pub exclude: Vec<Address>,
    /// The state's lineage.
    pub lineage: Option<String>,
    /// What was recorded before a refresh, where `recorded` holds refreshed rows: facts rest on it.
    pub before_refresh: Option<Recorded>,
    /// How long things take.
    pub durations: Durations,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error, Diagnostic, PartialEq, Eq)]
pub enum PlanError {
    /// Resources wait for each other in a circle.
    #[error("these wait for each other in a circle:\n{}", drawn(.around))]
    #[diagnostic(
        code(labwright::plan::cycle),
        help(
            "take one of the references away; where a lab is made from an image that is exported from itself, make the lab from another image first"
        )
    )]
    Cycle {
        /// The way round: each waits for the one after it, the last for the first.
        around: Vec<(Address, Option<Source>)>,
    },
    /// `--target`, `--exclude` or `--allow` names nothing.
    #[error("there is no `{given}`, neither in the files nor in the record")]
    #[diagnostic(code(labwright::plan::unknown_address), help("{}", near_help(.near)))]
    UnknownAddress {
        /// What was given.
        given: Address,
        /// What is nearest.
        near: Option<Address>,
    },
}

fn drawn(around: &[(Address, Option<Source>)]) -> String {
    let line = |(address, source): &(Address, Option<Source>)| match source {
        Some(source) => format!("{address}  ({source})"),
        None => address.to_string(),
    };
    let mut lines: Vec<_> = around.iter().map(line).collect();
    lines.extend(around.first().map(|first| first.0.to_string()));
    format!("  {}", lines.join("\n    → "))
}

fn near_help(near: &Option<Address>) -> String {
    match near {
        Some(near) => format!("perhaps `{near}`?"),
        None => {
            "`labwright state list` shows what is recorded, `labwright show --config` what is in the files"
                .into()
        }
    }
}

/// What is decided about one address.
#[derive(Debug)]
pub(super) struct Decision<'a> {
    pub(super) verb: Verb,
    pub(super) desired: Option<&'a Resource>,
    pub(super) recorded: Option<&'a Row>,
    pub(super) differences: Vec<Difference>,
    pub(super) notes: Vec<String>,
    pub(super) moved_from: Option<Address>,
    /// Images that the plan makes or gives their first version, and whose switch it therefore sets.
    pub(super) anew: BTreeSet<Address>,
}

/// What is decided about every address, sorted.
pub(super) type Decisions<'a> = BTreeMap<Address, Decision<'a>>;

/// Plans how to bring what is recorded to what is desired.
///
/// # Errors
/// When references go round in a circle, or a target is no address. Everything else that is wrong is
/// a finding of the plan, so that it can be shown together with the rest.
pub fn plan(desired: &Desired, recorded: &Recorded, options: &Options) -> Result<Plan, PlanError> {
    let nothing = BTreeMap::new();
    let wanted = if options.destroy { &nothing } else { &desired.resources };
    let mut renamed = recorded.clone();
    let (moves, mut findings) =
        if options.destroy { (BTreeMap::new(), Vec::new()) } else { rename(desired, &mut renamed) };
    let links = Links::of(wanted, &renamed);
    let view = View { desired: wanted, ..View::of(desired, &renamed, &links) };
    let links = view.links_with_ids(|_| true);
    let view = View { links: &links, ..view };
    let mut decisions = decide(&view, desired, options, &moves, &mut findings);
    let out = scope::narrow(&mut decisions, &view, options)?;
    let before = options.before_refresh.as_ref().unwrap_or(recorded);
    // A row under a new key is written by the move itself; the rest follows with the next plan.
    let records =
        if moves.is_empty() { records::of(&decisions, &view, before, &out, options) } else { Vec::new() };
    findings.extend(guard::findings(&decisions, &view, desired, options));
    let consents = guard::consents(&decisions, desired, options);
    findings.extend(guard::expired(&consents, desired, options));
    let mut renamed_keys = Vec::new();
    if !options.destroy {
        findings.extend(desired.findings.iter().cloned());
        renamed_keys = renames::found(&decisions, &view, desired);
        findings.extend(renamed_keys.iter().map(|(_, finding)| finding.clone()));
        findings.extend(versions::findings(&decisions, options));
    }
    findings.sort();
    findings.dedup();
    let mut actions = graph::actions(&decisions, &view, &desired.resources)?;
    actions.iter_mut().for_each(|action| action.estimate_seconds = options.durations.seconds(action.work));
    let mut plan = Plan {
        format_version: 1,
        made_by: env!("CARGO_PKG_VERSION").to_owned(),
        identity: desired.identity.clone(),
        lineage: options.lineage.clone(),
        today: options.today.clone(),
        destroy: options.destroy,
        changes: changes(&decisions, &view, &desired.resources),
        kept: decisions.values().filter(|decision| is_kept(decision)).count(),
        actions,
        findings,
        consents,
        facts: facts(&decisions, &view, before, &moves, &records),
        estimate_seconds: 0,
        critical_path: Vec::new(),
        records,
    };
    renames::note(&renamed_keys, &mut plan.changes);
    (plan.estimate_seconds, plan.critical_path) = graph::critical_path(&plan);
    Ok(plan)
}

fn is_kept(decision: &Decision<'_>) -> bool {
    decision.verb == Verb::Keep && (decision.recorded.is_some() && decision.desired.is_some())
}

/// Renames rows as `moved:` says; returns new addresses with the old ones, and what does not work.
pub(super) fn rename(
    desired: &Desired,
    recorded: &mut Recorded,
) -> (BTreeMap<Address, Address>, Vec<Finding>) {
    let mut moves = BTreeMap::new();
    let mut findings = Vec::new();
    for moved in &desired.moved {
        let Some(row) = recorded.rows.get(&moved.from) else { continue };
        let mut refuse = |message: String, help: String| {
            findings.push(Finding {
                rule: "moved".into(),
                severity: Severity::Error,
                message,
                address: Some(moved.to.clone()),
                source: Some(moved.source.clone()),
                help: Some(help),
            });
        };
        let name = |attributes: &Attributes| attributes.get("name").cloned();
        let new_name = desired.resources.get(&moved.to).and_then(|resource| name(&resource.attributes));
        if recorded.rows.contains_key(&moved.to) {
            refuse(
                format!("{} and {} are both recorded", moved.from, moved.to),
                format!("take the line away, or drop one record with `forget: [{}]`", moved.from),
            );
        } else if new_name.is_some() && new_name != name(&row.attributes) {
            let old = name(&row.attributes).unwrap_or_default();
            refuse(
                format!("moving {} changes its key only, but its name in Azure would change too", moved.from),
                format!("add `name: {}` to {}", old.as_str().unwrap_or_default(), moved.to),
            );
        } else {
            recorded.rename(&moved.from, &moved.to);
            moves.insert(moved.to.clone(), moved.from.clone());
        }
    }
    (moves, findings)
}

fn decide<'a>(
    view: &View<'a>,
    desired: &'a Desired,
    options: &Options,
    moves: &BTreeMap<Address, Address>,
    findings: &mut Vec<Finding>,
) -> Decisions<'a> {
    let forgotten: BTreeSet<&Address> = if options.destroy {
        BTreeSet::new()
    } else {
        desired.forget.iter().map(|(address, _)| address).collect()
    };
    // What is decided of a resource alone; what follows from the others comes after.
    let decided = |address: &'a Address| {
        let (resource, row) = (view.desired.get(address), view.row(address));
        let mut decision = Decision {
            verb: Verb::Keep,
            desired: resource,
            recorded: row,
            differences: Vec::new(),
            notes: Vec::new(),
            moved_from: moves.get(address).cloned(),
            anew: BTreeSet::new(),
        };
        let mut findings = Vec::new();
        match (resource, row) {
            (Some(resource), None) => decision.verb = first_verb(address, resource, view),
            (Some(resource), Some(row)) => {
                compare(address, resource, row, view, &mut decision, &mut findings);
            }
            (None, _) if kind_of(address).info().invoked || forgotten.contains(address) => {
                decision.verb = Verb::Forget
            }
            (None, Some(row)) if is_only_forgotten(address, row) => decision.verb = Verb::Forget,
            (None, _) => decision.verb = Verb::Delete,
        }
        (address, decision, findings)
    };
    let mut decisions = Decisions::new();
    for kind in KINDS {
        let addresses: Vec<_> = view.of_kind(kind.info().name).collect();
        let alone: Vec<_> = addresses.into_par_iter().map(decided).collect();
        for (address, mut decision, own) in alone {
            findings.extend(own);
            along_with_containers(address, &mut decision, &decisions, view);
            if decision.moved_from.is_some() && decision.verb == Verb::Keep {
                decision.verb = Verb::Move;
            }
            decisions.insert(address.clone(), decision);
        }
    }
    switches::set(&mut decisions, view);
    decisions
}

pub(super) fn revision(attributes: &Attributes) -> i64 {
    attributes.get("revision").and_then(Value::as_i64).unwrap_or(0)
}

/// The verb of what is desired and not recorded.
fn first_verb(address: &Address, resource: &Resource, view: &View<'_>) -> Verb {
    let kind = kind_of(address);
    if resource.adopt {
        return Verb::Import;
    }
    if kind.info().invoked {
        return if revision(&resource.attributes) > 0 { Verb::Invoke } else { Verb::Keep };
    }
    if kind.is_pending(address, view) { Verb::Keep } else { Verb::Create }
}

fn compare(
    address: &Address,
    resource: &Resource,
    row: &Row,
    view: &View<'_>,
    decision: &mut Decision<'_>,
    findings: &mut Vec<Finding>,
) {
    if row.is_failed() {
        decision.verb = Verb::Replace;
        decision.notes.push("Azure took its creation, which failed later".into());
        return;
    }
    let kind = kind_of(address);
    decision.differences = differences(kind, resource, row, &respelled(address, row, resource, view));
    if let Some(protect) = resource.protect.filter(|protect| *protect != row.protect) {
        decision.differences.push(Difference {
            change: AttributeChange {
                path: "protect".into(),
                before: Some(Value::Bool(row.protect)),
                after: Some(Value::Bool(protect)),
                sensitive: false,
                why: None,
                source: Some(resource.source_of("protect").clone()),
            },
            meaning: Meaning::Record,
        });
    }
    let mut refuse = |path: &str, message: String, help: String| {
        findings.push(Finding {
            rule: "immutable".into(),
            severity: Severity::Error,
            message,
            address: Some(address.clone()),
            source: Some(resource.source_of(path).clone()),
            help: Some(help),
        });
    };
    for difference in &decision.differences {
        if let Meaning::Refused(help) = difference.meaning {
            let path = &difference.change.path;
            refuse(path, format!("`{path}` cannot be changed"), help.to_owned());
        }
    }
    let (before, after) = (revision(&row.attributes), revision(&resource.attributes));
    decision.verb = match kind.info().invoked {
        true if after > before => Verb::Invoke,
        true => Verb::Keep,
        false => decision
            .differences
            .iter()
            .map(|difference| difference.meaning.verb())
            .max()
            .unwrap_or(Verb::Keep),
    };
    if let (Some(Unfinished::Steps(left)), Verb::Keep) = (&row.unfinished, decision.verb) {
        decision.verb = Verb::Update;
        decision.notes.push(format!("goes on where it failed: {}", left.join(", ")));
    }
    if kind.info().invoked && after < before {
        let help = format!("write {before}, or a higher number to do it again");
        refuse(
            "revision",
            format!("the revision goes from {before} down to {after}; what was done stays done"),
            help,
        );
    }
    let ignored = decision.differences.iter().filter(|difference| difference.meaning == Meaning::Ignored);
    findings.extend(ignored.map(|difference| Finding {
        rule: "ignoreChanges".into(),
        severity: Severity::Info,
        message: format!(
            "`{}` was edited and is not changed: `ignoreChanges` names it",
            difference.change.path
        ),
        address: Some(address.clone()),
        source: Some(resource.source_of(&difference.change.path).clone()),
        help: None,
    }));
}

/// Replaces what lies in something that is replaced, and does again what was done to it.
fn along_with_containers(
    address: &Address,
    decision: &mut Decision<'_>,
    decisions: &Decisions<'_>,
    view: &View<'_>,
) {
    let (Some(resource), Some(row)) = (decision.desired, decision.recorded) else { return };
    let kind = kind_of(address);
    let containers = kind.containers(&row.attributes, view);
    let replaced = |container: &&Address| {
        decisions.get(*container).is_some_and(|container| container.verb == Verb::Replace)
    };
    let Some(container) = containers.iter().find(replaced) else { return };
    if !kind.info().invoked {
        decision.verb = Verb::Replace;
    } else if revision(&resource.attributes) > 0 {
        decision.verb = Verb::Invoke;
    } else {
        return;
    }
    decision.notes.push(format!("lies in {container}, which is replaced"));
}

/// What changes; `written` is what the files hold, also where everything is to go.
fn changes(decisions: &Decisions<'_>, view: &View<'_>, written: &BTreeMap<Address, Resource>) -> Vec<Change> {
    let changed: Vec<_> = decisions.iter().filter(|(_, decision)| decision.verb != Verb::Keep).collect();
    let change = |(address, decision): (&Address, &Decision<'_>)| Change {
        source: written.get(address).map(|resource| resource.source.clone()),
        ..change(address, decision, decisions, view)
    };
    changed.into_par_iter().map(change).collect()
}

fn change(address: &Address, decision: &Decision<'_>, decisions: &Decisions<'_>, view: &View<'_>) -> Change {
    let mut attributes: Vec<_> =
        decision.differences.iter().map(|difference| difference.change.clone()).collect();
    // What is imported is recorded as it is found, whatever the files say.
    if let (Some(resource), None, false) =
        (decision.desired, decision.recorded, decision.verb == Verb::Import)
    {
        attributes = super::diff::all_of(kind_of(address).info(), resource);
    }
    attributes.sort_by(|a, b| a.path.cmp(&b.path));
    let mut notes = decision.notes.clone();
    let told = matches!(decision.verb, Verb::Create | Verb::Update | Verb::Invoke);
    if let Some(resource) = decision.desired.filter(|_| told) {
        let to_be = graph::attributes_to_be(decision, resource);
        notes.extend(kind_of(address).remarks(&to_be, decision.recorded));
    }
    if let (Verb::Invoke, Some(resource)) = (decision.verb, decision.desired) {
        let containers = kind_of(address).containers(&resource.attributes, view);
        let is_imported = |own: &Address| decisions.get(own).is_some_and(|own| own.verb == Verb::Import);
        if let Some(container) = containers.iter().find(|own| is_imported(own)) {
            notes.push(format!("where that was done to {container} already, it is only recorded"));
        }
    }
    let goes = matches!(decision.verb, Verb::Delete | Verb::Replace);
    if let Some(row) = decision.recorded.filter(|_| goes) {
        notes.extend(kind_of(address).losses(address, row, view));
    }
    let made = decision.desired.filter(|_| matches!(decision.verb, Verb::Create | Verb::Invoke));
    let summary = made.map(|resource| kind_of(address).summary(&resource.attributes, view));
    notes.extend(decision.moved_from.iter().map(|from| format!("moved from {from}")));
    Change {
        address: address.clone(),
        verb: decision.verb,
        source: None,
        attributes,
        summary: summary.unwrap_or_default(),
        notes,
        within: within(address, decision, decisions, view),
    }
}

/// The resource within whose creation or deletion a change is counted.
fn within(
    address: &Address,
    decision: &Decision<'_>,
    decisions: &Decisions<'_>,
    view: &View<'_>,
) -> Option<Address> {
    let kind = kind_of(address);
    if !kind.info().invoked {
        return None;
    }
    let attributes = view.attributes(address)?;
    let counted = |container: &Address| {
        let verb = decisions.get(container).map(|container| container.verb);
        match decision.verb {
            Verb::Invoke => {
                kind.makes(attributes).is_none() && matches!(verb, Some(Verb::Create | Verb::Replace))
            }
            Verb::Forget => verb == Some(Verb::Delete),
            _ => false,
        }
    };
    kind.containers(attributes, view).into_iter().find(counted)
}

/// The rows that the plan changes or reads, as they are recorded.
fn facts(
    decisions: &Decisions<'_>,
    view: &View<'_>,
    recorded: &Recorded,
    moves: &BTreeMap<Address, Address>,
    records: &[Record],
) -> Vec<Fact> {
    let mut addresses: BTreeSet<_> = records.iter().map(|record| record.address.clone()).collect();
    for (address, decision) in decisions.iter().filter(|(_, decision)| decision.verb != Verb::Keep) {
        addresses.insert(address.clone());
        addresses.extend(moves.get(address).cloned());
        if let Some(resource) = decision.desired {
            addresses.extend(dependencies(address, &resource.attributes, view));
        }
    }
    let digest = |address: &Address| recorded.rows.get(address).map(Row::digest);
    addresses.into_iter().map(|address| Fact { digest: digest(&address), address }).collect()
}
