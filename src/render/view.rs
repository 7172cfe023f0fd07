//! What is shown of a plan, in which order, and what is masked: decided here, once.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::words::clean;
use super::{Difference, Item, Sign};
use crate::model::{Allowed, AllowedWhat, Cloud, Finding, Identity, Severity, Source};
use crate::plan::{Action, AttributeChange, Change, Plan, Summary, Verb, missing_consents};

/// What a plan is shown before, beside what it holds.
#[derive(Debug, Clone, Default)]
pub struct Background {
    /// Project, environment and cloud, where more is known of them than the plan's identity says.
    pub title: Option<String>,
    /// Whether every attribute of what is made is shown rather than its summary.
    pub in_full: bool,
    /// Whether the command that carries the plan out is named although nothing is missing.
    pub offers_apply: bool,
    /// What else is to be said: an interrupted run, an empty record. Shown first, in JSON among the findings.
    pub remarks: Vec<Finding>,
    /// What was compared with what, one sentence a line; text only.
    pub compared: Vec<String>,
    /// The command that carries the plan out, as it would be typed; what is missing is appended to it.
    pub apply_command: String,
    /// Consents that the command line gives.
    pub allowed: Vec<Allowed>,
    /// Those of them for a number of resources and not in the command: what is missing is added to them.
    pub counted: Vec<(AllowedWhat, u32)>,
}

/// A plan as it is shown.
#[derive(Debug)]
pub struct PlanView<'p> {
    /// The plan.
    pub plan: &'p Plan,
    /// `contoso-cs, prod: Azure, subscription …`.
    pub title: String,
    /// What was compared with what.
    pub compared: Vec<String>,
    /// What is said first.
    pub remarks: Vec<Finding>,
    /// Whether every attribute of what is made is shown rather than its summary.
    pub in_full: bool,
    /// Whether the command that carries the plan out is named although nothing is missing.
    pub offers_apply: bool,
    /// The changes, what cannot be undone before what can.
    pub sections: Vec<Section<'p>>,
    /// What rules and guards say, errors first.
    pub findings: Vec<&'p Finding>,
    /// How many resources get which verb.
    pub summary: Summary,
    /// What the longest path consists of; short actions are left out.
    pub critical_path: Vec<PathPart>,
    /// The consents that are missing, by what they are for.
    pub missing: Vec<MissingConsent>,
    /// The command that carries the plan out, missing consents included.
    pub apply_command: String,
}

/// What the changes of a section have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Heading {
    /// Data or an irreplaceable thing is lost; a consent of its own.
    CannotBeUndone,
    /// Deletes of what holds no data.
    ToDestroy,
    /// Creates.
    ToAdd,
    /// Updates, and replaces of what holds no data.
    ToChange,
    /// What is done rather than kept.
    ToDo,
    /// Only the record changes: imports, moves, forgets.
    RecordOnly,
}

impl Heading {
    /// The line above the section.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CannotBeUndone => "Cannot be undone",
            Self::ToDestroy => "To destroy",
            Self::ToAdd => "To add",
            Self::ToChange => "To change",
            Self::ToDo => "To do",
            Self::RecordOnly => "Only the record changes",
        }
    }
}

/// The changes under one heading, sorted by address.
#[derive(Debug)]
pub struct Section<'p> {
    /// What they have in common.
    pub heading: Heading,
    /// They.
    pub changes: Vec<ChangeView<'p>>,
}

/// One change as it is shown.
#[derive(Debug)]
pub struct ChangeView<'p> {
    /// The address, without control characters.
    pub address: String,
    /// What is done.
    pub verb: Verb,
    /// The resource's key in the files.
    pub source: Option<&'p Source>,
    /// What differs, sorted by path.
    pub attributes: Vec<AttributeView<'p>>,
    /// What is made or done in a few words, the most telling first.
    pub summary: Vec<String>,
    /// What takes long and is done before it, sorted.
    pub waits_for: Vec<String>,
    /// The usual duration of its own actions, in seconds.
    pub seconds: u64,
    /// Remarks, one line each.
    pub notes: Vec<String>,
    /// What is done within it: a first publish together with its lab.
    pub within: Vec<ChangeView<'p>>,
}

/// One attribute as it is shown.
#[derive(Debug)]
pub struct AttributeView<'p> {
    /// Dotted path, without control characters.
    pub path: String,
    /// The recorded value; `None` where there is none or it is masked.
    pub before: Option<&'p Value>,
    /// The desired value; `None` where there is none or it is masked.
    pub after: Option<&'p Value>,
    /// Whether the values are masked.
    pub sensitive: bool,
    /// Why it matters.
    pub why: Option<&'p str>,
    /// Where the value is written.
    pub source: Option<&'p Source>,
}

/// One part of the longest path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPart {
    /// `export db-sql`.
    pub what: String,
    /// Its usual duration.
    pub seconds: u64,
}

/// Consents of one sort that are missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingConsent {
    /// What they are for.
    pub what: AllowedWhat,
    /// For which resources.
    pub addresses: Vec<String>,
}

impl<'p> PlanView<'p> {
    /// How `plan` is shown.
    #[must_use]
    pub fn new(plan: &'p Plan, background: Background) -> Self {
        let missing = missing(plan, &background.allowed);
        Self {
            plan,
            title: background.title.unwrap_or_else(|| title(&plan.identity, None)),
            in_full: background.in_full,
            offers_apply: background.offers_apply,
            compared: background.compared,
            remarks: background.remarks,
            sections: sections(plan),
            findings: ordered(&plan.findings),
            summary: plan.summary(),
            critical_path: critical_path(plan),
            apply_command: with_consents(background.apply_command, &background.counted, &missing),
            missing,
        }
    }

    /// Every change that counts, sorted by address.
    #[must_use]
    pub fn changes(&self) -> Vec<&ChangeView<'p>> {
        let mut changes: Vec<_> = self.sections.iter().flat_map(|section| &section.changes).collect();
        changes.sort_by(|a, b| a.address.cmp(&b.address));
        changes
    }

    /// How many findings stop it.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error).count()
    }

    /// Whether a finding stops it.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.errors() > 0
    }
}

impl<'p> AttributeView<'p> {
    pub(super) fn new(attribute: &'p AttributeChange) -> Self {
        let AttributeChange { path, before, after, sensitive, why, source } = attribute;
        let shown = |value: &'p Option<Value>| value.as_ref().filter(|_| !*sensitive);
        Self {
            path: clean(path),
            before: shown(before),
            after: shown(after),
            sensitive: *sensitive,
            why: why.as_deref(),
            source: source.as_ref(),
        }
    }

    /// How the values differ, in the form that reads best.
    #[must_use]
    pub fn difference(&self) -> Difference {
        match self.sensitive {
            true => Difference::Masked,
            false => Difference::between(self.before, self.after),
        }
    }
}

/// The rows of a change: entries of one map that come or go stand together under the map's path.
pub(super) fn rows<'v, 'p>(
    attributes: &'v [AttributeView<'p>],
) -> Vec<(String, Difference, &'v AttributeView<'p>)> {
    let parent =
        |attribute: &AttributeView<'_>| attribute.path.rsplit_once('.').map(|(map, _)| map.to_owned());
    let plain = |attribute: &AttributeView<'_>| attribute.why.is_none() && !attribute.sensitive;
    let partial = |attribute: &AttributeView<'_>| attribute.before.is_some() != attribute.after.is_some();
    let grouped: BTreeSet<String> = attributes
        .iter()
        .filter(|attribute| plain(attribute) && partial(attribute))
        .filter_map(parent)
        .collect();
    let mut rows: Vec<(String, Difference, &AttributeView<'_>)> = Vec::new();
    for attribute in attributes {
        let map = parent(attribute).filter(|map| plain(attribute) && grouped.contains(map));
        let Some(map) = map else {
            rows.push((attribute.path.clone(), attribute.difference(), attribute));
            continue;
        };
        let item = entry(&attribute.path[map.len() + 1..], attribute);
        match rows.last_mut() {
            Some((path, Difference::Items { items, .. }, _)) if *path == map => items.push(item),
            _ => rows.push((map, Difference::Items { items: vec![item], unchanged: 0 }, attribute)),
        }
    }
    rows
}

fn entry(name: &str, attribute: &AttributeView<'_>) -> Item {
    let said = |value: Option<&Value>| value.map(super::say_value).unwrap_or_default();
    let (before, after) = (said(attribute.before), said(attribute.after));
    match (attribute.before.is_some(), attribute.after.is_some()) {
        (false, _) => Item { sign: Sign::Added, text: format!("{name} {after}") },
        (true, false) => Item { sign: Sign::Removed, text: format!("{name} {before}") },
        (true, true) => Item { sign: Sign::Changed, text: format!("{name} {before} → {after}") },
    }
}

/// `contoso-cs, prod: Azure, subscription …`; `cloud` is said in place of what the identity knows of it.
#[must_use]
pub fn title(identity: &Identity, cloud: Option<&str>) -> String {
    let mut title = clean(&identity.project);
    if let Some(environment) = &identity.environment {
        title = format!("{title}, {}", clean(environment));
    }
    match (cloud, identity.cloud, &identity.subscription) {
        (Some(cloud), ..) => format!("{title}: {}", clean(cloud)),
        (None, Cloud::Emulator, _) => format!("{title}: embedded emulator"),
        (None, Cloud::Azure, Some(subscription)) => {
            format!("{title}: Azure, subscription {}", clean(subscription))
        }
        (None, Cloud::Azure, None) => format!("{title}: Azure"),
    }
}

/// `contoso-cs/prod`: what a report is found again by.
#[must_use]
pub fn subject(identity: &Identity) -> String {
    match &identity.environment {
        Some(environment) => format!("{}/{environment}", identity.project),
        None => identity.project.clone(),
    }
}

/// Findings with errors first, else in the plan's order.
pub(super) fn ordered(findings: &[Finding]) -> Vec<&Finding> {
    let mut ordered: Vec<_> = findings.iter().collect();
    ordered.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    ordered
}

fn sections(plan: &Plan) -> Vec<Section<'_>> {
    let consented: BTreeSet<_> = plan.consents.iter().map(|consent| &consent.address).collect();
    let mut within: BTreeMap<_, Vec<ChangeView<'_>>> = BTreeMap::new();
    for change in &plan.changes {
        if let Some(outer) = &change.within {
            within.entry(outer).or_default().push(change_view(change, plan));
        }
    }
    let mut sections: BTreeMap<Heading, Vec<ChangeView<'_>>> = BTreeMap::new();
    let counted = |change: &&Change| change.within.is_none() && change.verb != Verb::Keep;
    for change in plan.changes.iter().filter(counted) {
        let heading = match change.verb {
            _ if consented.contains(&change.address) => Heading::CannotBeUndone,
            Verb::Delete => Heading::ToDestroy,
            Verb::Create => Heading::ToAdd,
            Verb::Update | Verb::Replace | Verb::Keep => Heading::ToChange,
            Verb::Invoke => Heading::ToDo,
            Verb::Import | Verb::Move | Verb::Forget => Heading::RecordOnly,
        };
        let mut view = change_view(change, plan);
        view.within = within.remove(&change.address).unwrap_or_default();
        sections.entry(heading).or_default().push(view);
    }
    sections.into_iter().map(|(heading, changes)| Section { heading, changes }).collect()
}

fn change_view<'p>(change: &'p Change, plan: &'p Plan) -> ChangeView<'p> {
    let Change { address, verb, source, attributes, summary, notes, within: _ } = change;
    let given = plan.consents.iter().filter(|consent| consent.address == *address);
    let given = given.filter_map(|consent| {
        let source = consent.given.as_ref()?;
        Some(format!("{} is allowed at {source}", consent.what.as_str()))
    });
    ChangeView {
        address: clean(address.as_str()),
        verb: *verb,
        source: source.as_ref(),
        attributes: attributes.iter().map(AttributeView::new).collect(),
        summary: summary.iter().map(|words| clean(words)).collect(),
        waits_for: if *verb == Verb::Create { waits_for(plan, change) } else { Vec::new() },
        seconds: actions_of(plan, change).map(|action| action.estimate_seconds).sum(),
        notes: notes.iter().map(|note| clean(note)).chain(given).collect(),
        within: Vec::new(),
    }
}

/// What takes at least this long is named where something waits for it.
const LONG_WAIT: u64 = 3600;

/// What takes long and is done before a change begins, through whatever is quick between them.
///
/// What bears its own key makes it, and is said by the summary already.
fn waits_for(plan: &Plan, change: &Change) -> Vec<String> {
    let own: Vec<_> = actions_of(plan, change).collect();
    let is_first = |action: &&&Action| !action.needs.iter().any(|need| own.iter().any(|own| own.id == *need));
    let Some(first) = own.iter().find(is_first) else { return Vec::new() };
    let mut open: Vec<&str> = first.needs.iter().map(String::as_str).collect();
    let mut seen = BTreeSet::new();
    let mut found = BTreeSet::new();
    while let Some(id) = open.pop() {
        let Some(action) = plan.action(id).filter(|_| seen.insert(id)) else { continue };
        match action.estimate_seconds >= LONG_WAIT {
            true if action.address.key() == change.address.key() => {}
            true => drop(found.insert(clean(action.address.as_str()))),
            false => open.extend(action.needs.iter().map(String::as_str)),
        }
    }
    found.into_iter().collect()
}

/// The actions of a change.
pub(super) fn actions_of<'p>(plan: &'p Plan, change: &Change) -> impl Iterator<Item = &'p Action> + use<'p> {
    let first = plan.actions.partition_point(|action| action.address < change.address);
    let address = change.address.clone();
    plan.actions[first..].iter().take_while(move |action| action.address == address)
}

/// The longest path in words, without what takes less than a minute unless nothing else is there.
fn critical_path(plan: &Plan) -> Vec<PathPart> {
    let actions = plan.critical_path.iter().filter_map(|id| plan.action(id));
    let long = actions.filter(|action| action.estimate_seconds >= 60);
    long.map(|action| PathPart { what: action_words(action), seconds: action.estimate_seconds }).collect()
}

/// `export db-sql` of `Export/db-sql#export`, else `create Lab/optics`, `enable java-dev in …`.
pub(super) fn action_words(action: &Action) -> String {
    let Action { id, address, verb, steps, .. } = action;
    let part = id.rsplit_once('#').map_or(verb.as_str(), |(_, part)| part);
    clean(&match (part.split_once('/'), steps.first()) {
        (Some((part, item)), _) => format!("{part} {item} in {address}"),
        // A part of several words is a name for machines; its step has the words.
        (None, Some(step)) if part.contains('-') => format!("{} in {address}", step.name),
        (None, _) if part.eq_ignore_ascii_case(address.kind()) => format!("{part} {}", address.key()),
        (None, _) => format!("{part} {address}"),
    })
}

/// An action of a plan in words; its id where the plan has no such action.
#[must_use]
pub fn say_action(plan: &Plan, id: &str) -> String {
    plan.action(id).map_or_else(|| clean(id), action_words)
}

fn missing(plan: &Plan, allowed: &[Allowed]) -> Vec<MissingConsent> {
    let open = missing_consents(plan, allowed);
    let missing = |what: &AllowedWhat| {
        let open = open.iter().filter(|consent| consent.what == *what);
        let addresses: Vec<_> = open.map(|consent| clean(consent.address.as_str())).collect();
        (!addresses.is_empty()).then_some(MissingConsent { what: *what, addresses })
    };
    AllowedWhat::ALL.iter().filter_map(missing).collect()
}

/// The command with one consent for each sort: the number given and the number missing together.
fn with_consents(command: String, given: &[(AllowedWhat, u32)], missing: &[MissingConsent]) -> String {
    AllowedWhat::ALL.into_iter().fold(command, |command, what| {
        let given = given.iter().filter(|(known, _)| *known == what).map(|(_, number)| *number as usize);
        let missing = missing.iter().filter(|consent| consent.what == what);
        match given.chain(missing.map(|consent| consent.addresses.len())).sum::<usize>() {
            0 => command,
            number => format!("{command} --allow {}={number}", what.as_str()),
        }
    })
}
