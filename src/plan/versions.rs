//! Labs that were made from an older version of their image than there is: said, never changed.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Verb;
use super::make::{Decisions, Options};
use crate::model::{Address, Finding, Row, Severity, Source};

/// The numbers of a version, for comparing.
type Number = Vec<u64>;

/// The newest version of an image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Newest {
    /// It has this one, or gets it by the plan.
    Known { number: Number, text: String, is_planned: bool },
    /// The plan exports one; its number is the service's.
    Exported,
}

/// A note for each image and version from which labs were made that is not the newest.
pub(super) fn findings(decisions: &Decisions<'_>, options: &Options) -> Vec<Finding> {
    let is_meant = |lab: &Address| options.target.is_empty() || options.target.contains(lab);
    let mut made: BTreeMap<(Address, String), Vec<&Address>> = BTreeMap::new();
    for (lab, decision) in decisions.iter().filter(|(lab, _)| lab.kind() == "Lab" && is_meant(lab)) {
        let stays = matches!(decision.verb, Verb::Keep | Verb::Update | Verb::Move);
        let row = decision.recorded.filter(|_| stays && decision.desired.is_some());
        if let Some((image, version)) = row.and_then(origin) {
            made.entry((image, version)).or_default().push(lab);
        }
    }
    if made.is_empty() {
        return Vec::new();
    }
    let newest = newest(decisions);
    let found = made.iter().filter_map(|((image, version), labs)| {
        let newer = newer(newest.get(image)?, version)?;
        Some(note(image, version, labs, &newer, decisions))
    });
    found.collect()
}

/// The image that a lab was made from, and its version.
fn origin(row: &Row) -> Option<(Address, String)> {
    let image = row.attributes.get("image")?.as_str()?.parse().ok()?;
    Some((image, row.outputs.get("imageVersion")?.as_str()?.to_owned()))
}

/// The newest version of each image, recorded or planned.
fn newest(decisions: &Decisions<'_>) -> BTreeMap<Address, Newest> {
    let mut newest: BTreeMap<Address, Newest> = BTreeMap::new();
    let mut add = |image: Address, found: Newest| {
        let known = newest.entry(image).or_insert_with(|| found.clone());
        if *known < found {
            *known = found;
        }
    };
    for (address, decision) in decisions {
        if !matches!(address.kind(), "ImageVersion" | "Export") || decision.desired.is_none() {
            continue;
        }
        let attributes = decision.desired.map(|own| &own.attributes);
        let image = attributes.and_then(|own| own.get("image")?.as_str()?.parse::<Address>().ok());
        let Some((attributes, image)) = attributes.zip(image) else { continue };
        let excluded = attributes.get("excludeFromLatest").and_then(Value::as_bool).unwrap_or(false);
        let known = |text: &str, is_planned| {
            let number = number(text)?;
            Some(Newest::Known { number, text: text.to_owned(), is_planned })
        };
        let found = match address.kind() {
            "Export" if decision.verb == Verb::Invoke => Some(Newest::Exported),
            "Export" => decision.recorded.and_then(|row| known(row.outputs.get("newest")?.as_str()?, false)),
            _ if excluded => None,
            _ => {
                let name = attributes.get("name").and_then(Value::as_str);
                name.and_then(|name| known(name, decision.verb == Verb::Create))
            }
        };
        if let Some(found) = found {
            add(image, found);
        }
    }
    newest
}

/// What is newer than `version`, as the end of a sentence.
fn newer(newest: &Newest, version: &str) -> Option<String> {
    match newest {
        Newest::Exported => Some("this plan exports a newer one".into()),
        Newest::Known { number: newest, text, is_planned } if *newest > number(version)? => {
            Some(if *is_planned { format!("this plan adds {text}") } else { format!("{text} is newer") })
        }
        Newest::Known { .. } => None,
    }
}

fn number(version: &str) -> Option<Number> {
    version.split('.').map(|part| part.parse().ok()).collect()
}

fn note(
    image: &Address,
    version: &str,
    labs: &[&Address],
    newer: &str,
    decisions: &Decisions<'_>,
) -> Finding {
    let key = image.key();
    let source =
        |address: &Address| -> Option<Source> { Some(decisions.get(address)?.desired?.source.clone()) };
    let (address, message) = match labs {
        [lab] => (*lab, format!("made from {key} {version}; {newer}. The lab stays as it is")),
        _ => {
            let count = labs.len();
            (image, format!("{count} labs made from {version} of {key} stay as they are; {newer}"))
        }
    };
    Finding {
        rule: "imageVersion".into(),
        severity: Severity::Info,
        message,
        address: Some(address.clone()),
        source: source(address),
        help: None,
    }
}
