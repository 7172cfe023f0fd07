//! Keys that were renamed without `moved`: a delete and a create of the same thing.

use std::collections::BTreeMap;

use serde_json::Value;

use super::make::{Decision, Decisions};
use super::{Change, Verb};
use crate::kinds::{OnChange, View, kind_of};
use crate::model::{Address, Attributes, Desired, Finding, Severity, canonical};

/// A delete and a create that look like one thing under two keys.
#[derive(Debug, Default)]
struct Pair<'d> {
    gone: Vec<&'d Address>,
    new: Vec<&'d Address>,
}

/// What is deleted and created again under another key, it seems: the address that goes, and a warning with the line to
/// paste.
///
/// Alike is one name in Azure, or the same attributes but for the name where no third resource has them.
pub(super) fn found(
    decisions: &Decisions<'_>,
    view: &View<'_>,
    desired: &Desired,
) -> Vec<(Address, Finding)> {
    let mut by_id: BTreeMap<(&str, String), Pair<'_>> = BTreeMap::new();
    let mut by_content: BTreeMap<(&str, String), Pair<'_>> = BTreeMap::new();
    if !decisions.values().any(|decision| decision.verb == Verb::Delete) {
        return Vec::new();
    }
    for (address, decision) in decisions {
        let Some(attributes) = attributes(decision) else { continue };
        // A version lies in its image, and moves with it.
        if kind_of(address).info().section.is_empty() {
            continue;
        }
        let id = match decision.recorded {
            Some(row) => row.arm_id.as_str().to_lowercase(),
            None => kind_of(address).arm_id(address, attributes, view).as_str().to_lowercase(),
        };
        for (pairs, key) in [(&mut by_id, id), (&mut by_content, content(address, attributes))] {
            let pair = pairs.entry((address.kind(), key)).or_default();
            match decision.verb {
                Verb::Delete => pair.gone.push(address),
                _ => pair.new.push(address),
            }
        }
    }
    let alike = |pair: &Pair<'_>| match (&pair.gone[..], &pair.new[..]) {
        ([gone], [new]) => Some(((*gone).clone(), (*new).clone())),
        _ => None,
    };
    let pairs: std::collections::BTreeSet<_> =
        by_id.values().chain(by_content.values()).filter_map(alike).collect();
    // A move that is written is carried out, or refused with a reason of its own.
    let is_said = |gone: &Address, new: &Address| {
        desired.moved.iter().any(|moved| moved.from == *gone && moved.to == *new)
    };
    let open = pairs.into_iter().filter(|(gone, new)| !is_said(gone, new));
    open.map(|(gone, new)| {
        let finding = finding(&gone, &new, decisions);
        (gone, finding)
    })
    .collect()
}

/// Says of what goes that it may only have another key now: whoever reads what is lost sees no further.
pub(super) fn note(renamed: &[(Address, Finding)], changes: &mut [Change]) {
    for (gone, finding) in renamed {
        let Some(new) = &finding.address else { continue };
        for change in changes.iter_mut().filter(|change| change.address == *gone) {
            change.notes.push(format!("perhaps only its key was renamed, to {new}: see the rule `renamed`"));
        }
    }
}

/// The attributes of what is deleted or created.
fn attributes<'d>(decision: &'d Decision<'_>) -> Option<&'d Attributes> {
    match decision.verb {
        Verb::Delete => decision.recorded.map(|row| &row.attributes),
        Verb::Create => decision.desired.map(|resource| &resource.attributes),
        _ => None,
    }
}

/// What is compared: everything but the name and what is used at creation only.
fn content(address: &Address, attributes: &Attributes) -> String {
    let info = kind_of(address).info();
    let counts = |name: &str| {
        let on_change = info.attribute(name).map(|attribute| attribute.on_change);
        name != "name" && !matches!(on_change, Some(OnChange::CreateOnly | OnChange::Inherited))
    };
    let kept = attributes.iter().filter(|(name, _)| counts(name));
    canonical(&kept.collect::<BTreeMap<_, _>>())
}

fn finding(gone: &Address, new: &Address, decisions: &Decisions<'_>) -> Finding {
    let name = |address: &Address| {
        let attributes = decisions.get(address).and_then(attributes);
        attributes.and_then(|own| own.get("name")).and_then(Value::as_str).unwrap_or_default()
    };
    let line = format!("`moved: [{{ from: {gone}, to: {new} }}]`");
    let help = match name(gone) == name(new) {
        true => format!("if it was: add {line}"),
        false => format!("if it was: add {line}, and `name: {}` to {new}", name(gone)),
    };
    Finding {
        rule: "renamed".into(),
        severity: Severity::Warning,
        message: format!("{gone} is deleted and {new} is created just like it: was only its key renamed?"),
        address: Some(new.clone()),
        source: decisions.get(new).and_then(|own| own.desired).map(|own| own.source.clone()),
        help: Some(help),
    }
}
