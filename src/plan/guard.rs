//! Refusals and consents: protected resources, too many deletions, what cannot be undone.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde_json::Value;

use super::diff::Meaning;
use super::existing::is_only_forgotten;
use super::make::{Decision, Decisions, Options};
use super::{Consent, Plan, Verb, named};
use crate::kinds::{Subject, View, kind_of};
use crate::model::{Address, Allowed, AllowedWhat, Desired, Finding, Row, Severity};

/// What stops the plan, whatever is consented to.
pub(super) fn findings(
    decisions: &Decisions<'_>,
    view: &View<'_>,
    desired: &Desired,
    options: &Options,
) -> Vec<Finding> {
    let of_each = |(address, decision): (&Address, &Decision<'_>)| {
        let own = protected(address, decision, desired).into_iter();
        own.chain(of_somebody_else(address, decision, desired))
            .chain(refused_by_kind(address, decision, view, &options.today))
            .collect::<Vec<_>>()
    };
    let mut findings: Vec<_> = decisions.par_iter().flat_map_iter(of_each).collect();
    if !options.destroy {
        findings.extend(blast_radius(decisions, view, desired));
        findings.extend(last_versions(decisions, view));
        findings.extend(named::still_named(decisions));
    }
    findings
}

fn protected(address: &Address, decision: &Decision<'_>, desired: &Desired) -> Option<Finding> {
    let removes = matches!(decision.verb, Verb::Delete | Verb::Replace);
    if !removes || !decision.recorded.is_some_and(|row| row.protect) {
        return None;
    }
    let doing = if decision.verb == Verb::Delete { "delete" } else { "replace" };
    let written = desired.resources.get(address);
    let help = match written {
        Some(own) if own.protect == Some(false) => {
            "the protection is lifted by an apply of its own: undo the other change, apply, and make it again"
        }
        Some(_) => "write `protect: false` on it and apply that first; nothing else lifts a protection",
        None => {
            "it is in no file: put its block back with `protect: false`, apply that, then take it away again"
        }
    };
    Some(Finding {
        rule: "protect".into(),
        severity: Severity::Error,
        message: format!("the plan would {doing} {address}, which is protected"),
        address: Some(address.clone()),
        source: written.map(|own| own.source.clone()),
        help: Some(help.into()),
    })
}

/// A group that labwright did not make holds what labwright does not know: it is never deleted to be made anew.
fn of_somebody_else(address: &Address, decision: &Decision<'_>, desired: &Desired) -> Option<Finding> {
    let row = decision.recorded.filter(|row| is_only_forgotten(address, row))?;
    (decision.verb == Verb::Replace).then(|| Finding {
        rule: "imported".into(),
        severity: Severity::Error,
        message: format!("the plan would delete {address} to make it anew, and it was imported: what else it holds would go with it"),
        address: Some(address.clone()),
        source: desired.resources.get(address).map(|own| own.source.clone()),
        help: Some(format!(
            "put its location back as it is ({}); for another one, add a group under another key",
            row.attributes.get("location").and_then(Value::as_str).unwrap_or("see `labwright state show`")
        )),
    })
}

fn refused_by_kind(address: &Address, decision: &Decision<'_>, view: &View<'_>, today: &str) -> Vec<Finding> {
    let changes = matches!(decision.verb, Verb::Create | Verb::Update | Verb::Replace | Verb::Invoke);
    let (true, Some(resource)) = (changes, decision.desired) else { return Vec::new() };
    let recorded = decision.recorded.filter(|_| decision.verb != Verb::Replace);
    let nothing = BTreeSet::new();
    let Some(arm_id) = view.arm_id(address) else { return Vec::new() };
    let row = Row {
        arm_id,
        attributes: resource.attributes.clone(),
        outputs: serde_json::Map::new(),
        depends_on: BTreeSet::new(),
        protect: false,
        ignored: Vec::new(),
        unfinished: None,
    };
    let subject = Subject { address, desired: resource, recorded, row: &row, view, anew: &nothing };
    let findings = kind_of(address).refusals(&subject, today);
    let rules = kind_of(address).info().rules;
    debug_assert!(findings.iter().all(|finding| rules.contains(&finding.rule.as_str())), "{findings:?}");
    findings
}

fn blast_radius(decisions: &Decisions<'_>, view: &View<'_>, desired: &Desired) -> Option<Finding> {
    let radius = desired.policy.blast_radius.as_ref()?;
    let removes = |decision: &&Decision<'_>| {
        matches!(decision.verb, Verb::Delete | Verb::Replace)
            && !decision.recorded.is_some_and(Row::is_failed)
    };
    let count = decisions.values().filter(removes).count();
    let recorded = view.recorded.rows.len();
    let is_wide = count >= radius.at_least as usize && count * 100 > recorded * radius.percent as usize;
    is_wide.then(|| Finding {
        rule: "blastRadius".into(),
        severity: Severity::Error,
        message: format!(
            "the plan would delete or replace {count} of {recorded} resources, more than the {}% of `policy.blastRadius`",
            radius.percent
        ),
        address: None,
        source: Some(radius.source.clone()),
        help: Some("check that the right files were read; if it is meant, do it in parts with --target, or raise the share".into()),
    })
}

/// A version is deleted only if no enabled image loses its last one.
fn last_versions(decisions: &Decisions<'_>, view: &View<'_>) -> Vec<Finding> {
    let mut deleted: BTreeMap<&str, Vec<&Address>> = BTreeMap::new();
    for (address, decision) in decisions {
        if address.kind() == "ImageVersion"
            && decision.verb == Verb::Delete
            && !decision.recorded.is_some_and(Row::is_failed)
        {
            let image = address.key().split('/').next().unwrap_or_default();
            deleted.entry(image).or_default().push(address);
        }
    }
    let mut findings = Vec::new();
    for (image, versions) in deleted {
        let image = Address::new("Image", image);
        let stays = decisions.get(&image).is_some_and(|decision| decision.desired.is_some());
        let prefix = format!("ImageVersion/{}/", image.key());
        let left = view.under(prefix).any(|version| view.desired.contains_key(version));
        let attachments =
            view.of_kind("GalleryAttachment").filter(|attachment| view.desired.contains_key(*attachment));
        let enabled = attachments
            .filter_map(|attachment| Some(kind_of(attachment).enables(view.attributes(attachment)?, view)))
            .any(|images| images.contains(&image));
        if stays && !left && enabled {
            findings.push(Finding {
                rule: "DEL-07".into(),
                severity: Severity::Error,
                message: format!("{image} is enabled and would lose its last version"),
                address: versions.first().map(|version| (*version).clone()),
                source: view.desired.get(&image).map(|image| image.source.clone()),
                help: Some("add a newer version first, or take the image out of `enabledImages`".into()),
            });
        }
    }
    findings
}

/// The consents that the decisions take, each with where `policy.allow` gives it.
pub(super) fn consents(decisions: &Decisions<'_>, desired: &Desired, options: &Options) -> Vec<Consent> {
    if options.destroy {
        return Vec::new();
    }
    let mut consents = Vec::new();
    for (address, decision) in decisions {
        let what = taken(address, decision, decisions);
        consents.extend(what.map(|what| Consent { what, address: address.clone(), given: None }));
    }
    consents.sort();
    let mut left: Vec<_> = desired.policy.allow.iter().map(|allowance| allowance.allowed.at_most).collect();
    for consent in &mut consents {
        for (allowance, left) in desired.policy.allow.iter().zip(&mut left) {
            let holds = allowance.until.as_str() >= options.today.as_str();
            if consent.given.is_none() && holds && covers(&allowance.allowed, consent) && take(left) {
                consent.given = Some(allowance.source.clone());
            }
        }
    }
    consents
}

/// Consents of the policy that would have covered what is missing, had they not run out.
pub(super) fn expired(consents: &[Consent], desired: &Desired, options: &Options) -> Vec<Finding> {
    let over =
        desired.policy.allow.iter().filter(|allowance| allowance.until.as_str() < options.today.as_str());
    let found = over.filter_map(|allowance| {
        let open = consents.iter().filter(|consent| consent.given.is_none());
        let missed: Vec<_> = open.filter(|consent| covers(&allowance.allowed, consent)).collect();
        let first = missed.first()?;
        let others = match missed.len() - 1 {
            0 => String::new(),
            others => format!(" and of {others} more"),
        };
        let what = first.what.as_str();
        Some(Finding {
            rule: "policy.allow".into(),
            severity: Severity::Warning,
            message: format!(
                "{what} of {}{others} was allowed until {}, which is over",
                first.address, allowance.until
            ),
            address: None,
            source: Some(allowance.source.clone()),
            help: Some("give it a later `until` if it still holds, or consent with --allow".into()),
        })
    });
    found.collect()
}

fn taken(address: &Address, decision: &Decision<'_>, decisions: &Decisions<'_>) -> Option<AllowedWhat> {
    let info = kind_of(address).info();
    match decision.verb {
        // What a failed creation left holds nothing.
        Verb::Delete | Verb::Replace if decision.recorded.is_some_and(Row::is_failed) => None,
        Verb::Delete if info.holds_data => Some(AllowedWhat::Delete),
        Verb::Replace if info.holds_data => Some(AllowedWhat::Replace),
        Verb::Update => shrinks(decision).then_some(AllowedWhat::Shrink),
        Verb::Invoke if decision.recorded.is_some() => {
            let lab = Address::new("Lab", address.key());
            let with_its_lab = decisions.get(&lab).is_some_and(|lab| lab.verb == Verb::Replace);
            match address.kind() {
                "Publish" if with_its_lab => None,
                "Publish" => Some(AllowedWhat::Republish),
                _ => Some(AllowedWhat::Reexport),
            }
        }
        _ => None,
    }
}

fn shrinks(decision: &Decision<'_>) -> bool {
    let number = |value: &Option<Value>| value.as_ref().and_then(Value::as_i64);
    decision.differences.iter().any(|difference| {
        difference.change.path == "capacity"
            && difference.meaning != Meaning::Ignored
            && matches!((number(&difference.change.before), number(&difference.change.after)), (Some(before), Some(after)) if after < before)
    })
}

fn covers(allowed: &Allowed, consent: &Consent) -> bool {
    allowed.what == consent.what
        && allowed
            .on
            .as_deref()
            .is_none_or(|on| on == consent.address.as_str() || on == consent.address.kind())
}

/// Takes one of a limited number; `None` is without limit.
fn take(left: &mut Option<u32>) -> bool {
    match left {
        None => true,
        Some(0) => false,
        Some(left) => {
            *left -= 1;
            true
        }
    }
}

/// The consents of a plan that neither its policy nor `allowed` gives.
#[must_use]
pub fn missing_consents<'p>(plan: &'p Plan, allowed: &[Allowed]) -> Vec<&'p Consent> {
    let mut left: Vec<_> = allowed.iter().map(|allowed| allowed.at_most).collect();
    let open = plan.consents.iter().filter(|consent| consent.given.is_none());
    open.filter(|consent| {
        !allowed.iter().zip(&mut left).any(|(allowed, left)| covers(allowed, consent) && take(left))
    })
    .collect()
}
