//! What a change of the files would do: head's files against base's, taken as if they were recorded.
//!
//! No record is needed and none is looked at: [`review`] plans from what base asks for to what head asks for, so that verbs,
//! refusals, consents and durations are the planner's own. What the planner has nothing to do about and still differs in
//! meaning (another password, `ignoreChanges`) is told beside it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde_json::Value;

use super::diff::not_carried_out;
use super::{AttributeChange, Change, Options, Plan, PlanError, Verb, existing, plan};
use crate::kinds::{Links, Shape, View, dependencies, kind_of};
use crate::model::{Address, Desired, Finding, Recorded, Resource, Setting, Severity, Source};

/// What a change of the files would do in one environment.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Review {
    /// The plan that leads from base to head. Its findings are those of head, and what guards say of the change.
    pub plan: Plan,
    /// What differs in meaning and is not carried out by itself, sorted by address; every verb is keep.
    pub noted: Vec<Change>,
    /// What of the plan's findings base has already.
    pub standing: BTreeSet<Finding>,
    /// What rules say of base and no longer of head.
    pub mended: Vec<Finding>,
    /// For each address of the plan: the labs that rest on it, before or after.
    pub affected: BTreeMap<Address, Affected>,
}

/// Labs, and the VMs that they have at most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Affected {
    /// How many labs.
    pub labs: usize,
    /// How many VMs of students, the higher number of before and after.
    pub seats: u64,
    /// How many of them the base has already: they hold what students left there.
    pub published: u64,
}

/// A setting of the project that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingChange {
    /// Dotted path.
    pub path: String,
    /// What it was.
    pub before: Option<Value>,
    /// What it will be.
    pub after: Option<Value>,
    /// What follows from it.
    pub why: &'static str,
    /// Where it is written; where it was, when it goes.
    pub source: Source,
}

/// Compares what `head` asks for with what `base` asks for; `None` is nothing at all.
///
/// # Errors
/// As [`plan`](super::plan()).
pub fn review(base: Option<&Desired>, head: &Desired, options: &Options) -> Result<Review, PlanError> {
    let recorded = base.map(as_if_recorded).unwrap_or_default();
    let (plan, (secrets, not_planned)) = rayon::join(
        || plan(head, &recorded, options),
        || {
            let beside = base.map(|base| (new_secrets(base, head), not_planned(base, &recorded, head)));
            beside.unwrap_or_default()
        },
    );
    let mut plan = plan?;
    for change in plan.changes.iter_mut().filter(|change| change.source.is_none()) {
        let stood = base.and_then(|base| base.resources.get(&change.address));
        change.notes.extend(stood.map(|own| format!("stood at {} of the base", own.source)));
    }
    plan.findings.extend(secrets);
    plan.findings.sort();
    let said = |findings: &[Finding]| findings.iter().map(words).collect::<BTreeSet<_>>();
    let before = base.map(|base| said(&base.findings)).unwrap_or_default();
    let after = said(&plan.findings);
    let standing = plan.findings.iter().filter(|finding| before.contains(&words(finding))).cloned().collect();
    let mended = base.into_iter().flat_map(|base| &base.findings);
    let mended = mended.filter(|finding| !after.contains(&words(finding))).cloned().collect();
    let noted = noted(not_planned, head, &mut plan);
    let affected = affected(&plan, base, head);
    Ok(Review { plan, noted, standing, mended, affected })
}

/// A finding without its place: it stays the same when a line is put before it.
fn words(finding: &Finding) -> Finding {
    Finding { source: None, ..finding.clone() }
}

/// What would be recorded if everything that is asked for were there.
///
/// What is done only by a higher number than 0, and what comes of that, is not.
fn as_if_recorded(desired: &Desired) -> Recorded {
    let nothing = Recorded::default();
    with_view(desired, &nothing, |view| {
        let is_there = |address: &Address, resource: &Resource| {
            let is_asked = super::make::revision(&resource.attributes) > 0;
            let kind = kind_of(address);
            if kind.info().invoked { is_asked } else { !kind.is_pending(address, view) }
        };
        let there = desired.resources.par_iter().filter(|(address, resource)| is_there(address, resource));
        let rows = there.map(|(address, resource)| {
            let mut row = existing::row(address, resource, view);
            // Who made a group is not known here: a block that goes is told as what it looks like.
            row.outputs.clear();
            (address.clone(), row)
        });
        Recorded { rows: rows.collect() }
    })
}

fn with_view<T>(desired: &Desired, recorded: &Recorded, then: impl FnOnce(&View<'_>) -> T) -> T {
    let links = Links::of(&desired.resources, recorded);
    then(&View::of(desired, recorded, &links))
}

/// What differs and is no action of any plan, by address; renamed keys are no difference.
fn not_planned(
    base: &Desired,
    recorded: &Recorded,
    head: &Desired,
) -> BTreeMap<Address, Vec<AttributeChange>> {
    let mut renamed = Cow::Borrowed(recorded);
    let moves = match head.moved.is_empty() {
        true => BTreeMap::new(),
        false => super::make::rename(head, renamed.to_mut()).0,
    };
    let new_name = |old: &Address| {
        let moved = moves.iter().find(|(_, from)| *from == old);
        moved.map_or_else(|| old.clone(), |(to, _)| to.clone())
    };
    let of_each = |(address, after): (&Address, &Resource)| {
        let row = renamed.rows.get(address)?;
        let before = base.resources.get(moves.get(address).unwrap_or(address))?;
        let mut attributes = not_carried_out(kind_of(address).info(), &row.attributes, after);
        let list = |words: Vec<String>| (!words.is_empty()).then(|| Value::from(words));
        let old: BTreeSet<_> = before.depends_on.iter().map(new_name).collect();
        let addresses = |all: &BTreeSet<Address>| list(all.iter().map(ToString::to_string).collect());
        let flag = |is: bool| is.then_some(Value::Bool(true));
        for (path, before, after_value, why) in [
            (
                "ignoreChanges",
                list(before.ignore_changes.clone()),
                list(after.ignore_changes.clone()),
                "edits of these are not carried out",
            ),
            ("dependsOn", addresses(&old), addresses(&after.depends_on), "only the order changes"),
            ("adopt", flag(before.adopt), flag(after.adopt), "counts only while it is not recorded"),
        ] {
            if before != after_value {
                let source = Some(after.source_of(path).clone());
                let (path, why) = (path.to_owned(), Some(why.to_owned()));
                attributes.push(AttributeChange {
                    path,
                    before,
                    after: after_value,
                    sensitive: false,
                    why,
                    source,
                });
            }
        }
        (!attributes.is_empty()).then(|| (address.clone(), attributes))
    };
    head.resources.par_iter().filter_map(of_each).collect()
}

/// Puts what is not planned to the plan's changes of the same addresses, and gives the rest as changes of their own.
fn noted(mut found: BTreeMap<Address, Vec<AttributeChange>>, head: &Desired, plan: &mut Plan) -> Vec<Change> {
    for change in &mut plan.changes {
        change.attributes.extend(found.remove(&change.address).unwrap_or_default());
        change.attributes.sort_by(|a, b| a.path.cmp(&b.path));
    }
    let change = |(address, attributes): (Address, Vec<AttributeChange>)| Change {
        source: head.resources.get(&address).map(|own| own.source.clone()),
        address,
        verb: Verb::Keep,
        attributes,
        summary: Vec::new(),
        notes: Vec::new(),
        within: None,
    };
    found.into_iter().map(change).collect()
}

/// A warning for each secret that head reads and base does not: it is sent to Azure as somebody's password.
fn new_secrets(base: &Desired, head: &Desired) -> Vec<Finding> {
    let known: BTreeSet<String> = secrets(base).into_iter().map(|(reference, ..)| reference).collect();
    let mut new: BTreeMap<String, Vec<(&Address, &Source)>> = BTreeMap::new();
    for (reference, address, source) in secrets(head) {
        if !known.contains(&reference) {
            new.entry(reference).or_default().push((address, source));
        }
    }
    let finding = |(reference, readers): (String, Vec<(&Address, &Source)>)| {
        let (address, source) = readers[0];
        let others = match readers.len() - 1 {
            0 => String::new(),
            others => format!(" and {others} more"),
        };
        Finding {
            rule: "secret".into(),
            severity: Severity::Warning,
            message: format!(
                "the password of {address}{others} is read from `{reference}`, which nothing read before"
            ),
            address: Some(address.clone()),
            source: Some(source.clone()),
            help: Some(
                "an apply sends what stands there to Azure: check that it is the lab's own password".into(),
            ),
        }
    };
    new.into_iter().map(finding).collect()
}

/// Every secret that is read: `env: NAME` or `file: PATH`, by whom, and where that is written.
fn secrets(desired: &Desired) -> Vec<(String, &Address, &Source)> {
    let mut found = Vec::new();
    for (address, resource) in &desired.resources {
        for attribute in kind_of(address).info().attributes {
            let Shape::Credentials = attribute.shape else { continue };
            let password = resource.attributes.get(attribute.name).and_then(|own| own.get("password"));
            for (how, what) in password.and_then(Value::as_object).into_iter().flatten() {
                let reference = format!("{how}: {}", what.as_str().unwrap_or_default());
                let path = format!("{}.password", attribute.name);
                found.push((reference, address, resource.source_of(&path)));
            }
        }
    }
    found
}

/// The labs that rest on each address of a plan.
fn affected(plan: &Plan, base: Option<&Desired>, head: &Desired) -> BTreeMap<Address, Affected> {
    let mut parts: BTreeMap<Address, Vec<&Address>> = BTreeMap::new();
    for change in &plan.changes {
        parts.entry(whole_of(&change.address)).or_default().push(&change.address);
    }
    // What is renamed counts once, by its new name.
    let now = |address: &Address, is_base: bool| {
        let moved = head.moved.iter().find(|moved| is_base && moved.from == *address);
        moved.map_or(address, |moved| &moved.to).clone()
    };
    // By changed address and lab: its seats, and those that base has published.
    let mut seats: BTreeMap<(&Address, Address), (u64, u64)> = BTreeMap::new();
    let sides: Vec<_> = base.map(|base| (base, true)).into_iter().chain([(head, false)]).collect();
    let labs_of = |&(desired, is_base): &(&Desired, bool)| {
        labs(desired, |address| parts.contains_key(&now(address, is_base)))
    };
    let labs: Vec<_> = sides.par_iter().map(labs_of).collect();
    for ((desired, is_base), labs) in sides.into_iter().zip(labs) {
        for (lab, below) in labs {
            let capacity =
                desired.resources[&lab].attributes.get("capacity").and_then(Value::as_u64).unwrap_or(0);
            let publish = desired.resources.get(&Address::new("Publish", lab.key()));
            let is_published = publish.is_some_and(|own| super::make::revision(&own.attributes) > 0);
            for address in below.iter().flat_map(|whole| &parts[&now(whole, is_base)]) {
                let (all, published) = seats.entry((*address, now(&lab, is_base))).or_default();
                *all = capacity.max(*all);
                if is_base && is_published {
                    *published = capacity;
                }
            }
        }
    }
    let mut affected: BTreeMap<Address, Affected> = BTreeMap::new();
    for ((address, _), (seats, published)) in seats {
        let own = affected.entry(address.clone()).or_default();
        own.labs += 1;
        own.seats += seats;
        own.published += published;
    }
    affected
}

/// Every lab with what of `counts` it rests on, itself included.
fn labs(desired: &Desired, counts: impl Fn(&Address) -> bool) -> Vec<(Address, BTreeSet<Address>)> {
    with_view(desired, &Recorded::default(), |view| {
        let mut known = BTreeMap::new();
        let mut labs = Vec::new();
        for lab in view.of_kind("Lab") {
            let attributes = &desired.resources[lab].attributes;
            let mut below: BTreeSet<Address> = [lab.clone()].into_iter().filter(&counts).collect();
            for direct in dependencies(lab, attributes, view) {
                let all = known.entry(direct).or_insert_with_key(|own| rests_on(own, view));
                below.extend(all.iter().filter(|own| counts(own)).cloned());
            }
            labs.push((lab.clone(), below));
        }
        labs
    })
}

/// What labs refer to where they rest on a part of it, or on what was done to it.
fn whole_of(address: &Address) -> Address {
    let key = address.key().split('/').next().unwrap_or_default();
    match address.kind() {
        "ImageVersion" | "Export" => Address::new("Image", key),
        "Publish" | "Schedule" => Address::new("Lab", key),
        _ => address.clone(),
    }
}

/// What a lab refers to, and everything that this refers to, directly or through others.
fn rests_on(below_lab: &Address, view: &View<'_>) -> BTreeSet<Address> {
    let mut found = BTreeSet::from([below_lab.clone()]);
    let mut open = vec![below_lab.clone()];
    while let Some(address) = open.pop() {
        let Some(attributes) = view.attributes(&address) else { continue };
        for below in dependencies(&address, attributes, view) {
            // What other images an attachment lists, and other labs, is nothing to this one.
            let sideways = address.kind() == "GalleryAttachment" && below.kind() == "Image";
            if below.kind() != "Lab" && !sideways && found.insert(below.clone()) {
                open.push(below);
            }
        }
    }
    found
}

/// What the settings of a project say that differs: first what decides who gets tokens, then by path.
#[must_use]
pub fn setting_changes(
    base: &BTreeMap<String, Setting>,
    head: &BTreeMap<String, Setting>,
) -> Vec<SettingChange> {
    let paths: BTreeSet<&String> = base.keys().chain(head.keys()).collect();
    let change = |path: &String| {
        let (before, after) = (base.get(path), head.get(path));
        let value = |setting: Option<&Setting>| setting.map(|setting| setting.value.clone());
        (value(before) != value(after)).then(|| SettingChange {
            path: path.clone(),
            before: value(before),
            after: value(after),
            why: consequence(path),
            source: after.or(before).expect("one of them has the path").source.clone(),
        })
    };
    let mut changes: Vec<_> = paths.into_iter().filter_map(change).collect();
    // The order of the paths stays where two weigh the same.
    changes.sort_by_key(|change| CONSEQUENCES.iter().position(|(.., why)| *why == change.why));
    changes
}

/// What follows from a changed setting, the gravest first: its section, its last words where only those, and the sentence.
const CONSEQUENCES: &[(&[&str], &[&str], &str)] = &[
    (
        &["cloud"],
        &["endpoint", "authority", "ca"],
        "after the merge requests and tokens go there: make sure that it is yours",
    ),
    (&["cloud"], &[], "after the merge another place or identity is used for everything"),
    (&["subscriptions"], &[], "resources of that name go to another subscription"),
    (
        &["state"],
        &[],
        "labwright looks for its state there: move the file along, or the next plan wants to make everything anew",
    ),
    (&["project"], &[], "the state belongs to the old name, and is refused"),
    (&["policy"], &[], "what is allowed without asking changes"),
    (
        &["include", "exclude"],
        &[],
        "other files are read: what is left out looks as if it were to be deleted",
    ),
    (&["environment"], &[], "another environment is taken where none is named"),
    (&[], &[], "an environment comes or goes; what is recorded for it stays as it is"),
];

/// What follows from a changed setting: by its section, that within an environment for its own.
fn consequence(path: &str) -> &'static str {
    let mut words = path.split('.');
    let section = match words.next().unwrap_or_default() {
        "environments" => words.nth(1).unwrap_or_default(),
        word => word,
    };
    let last = path.rsplit('.').next().unwrap_or_default();
    let fits = |(sections, lasts, _): &&(&[&str], &[&str], &'static str)| {
        (sections.is_empty() || sections.contains(&section)) && (lasts.is_empty() || lasts.contains(&last))
    };
    CONSEQUENCES.iter().find(fits).map_or("", |(.., why)| *why)
}
