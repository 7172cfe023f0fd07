//! What labs of one generation have and those of the other do not, and what a lab takes from its plan.

use serde_json::{Value, json};

use crate::catalog::{size, sku};
use crate::kinds::generation::Generation;
use crate::kinds::{Problem, View, lab_plan, reference_id};
use crate::model::{ArmId, Attributes, Resource};

/// What only labs of lab accounts have: path, and what labs of lab plans have in its place.
const OF_ACCOUNTS: &[(&str, &str)] = &[
    ("linuxRemoteDesktop", "write `connection: { clientRdp: Public }`"),
    ("autoShutdown.disconnectWhenIdle", "write `shutDownWhenIdle`, which shuts the VM down"),
];

/// What only labs of lab plans have: path, and what to do about it on those of lab accounts.
const OF_PLANS: &[(&str, &str)] = &[
    ("subscription", "a lab lies in its lab account: take it away"),
    ("resourceGroup", "a lab lies in its lab account: take it away"),
    ("location", "a lab lies somewhere in its lab account's geography: take it away"),
    ("tags", "tag the lab account"),
    ("network", "take it away: the network is the lab account's"),
    ("connection", "take it away; for a remote desktop on Linux write `linuxRemoteDesktop: true`"),
    ("nonAdmin", "take it away: there is one account on the VMs"),
    ("autoShutdown.shutDownWhenIdle", "write `disconnectWhenIdle`, which ends the session"),
    ("autoShutdown.idleMeans", "take it away"),
];

/// What a lab takes from its plan where it says nothing else.
const FROM_PLAN: [&str; 3] = ["subscription", "resourceGroup", "location"];

/// Makes a lab one of its generation, and says what of it is the other's.
///
/// A default that the lab cannot have is left out without a word: it is meant for the labs that can.
pub(super) fn settle(own: &mut Resource) -> Vec<Problem> {
    let generation = Generation::of(&own.attributes, "in");
    let foreign = match generation {
        Generation::Accounts => OF_PLANS,
        Generation::Plans => OF_ACCOUNTS,
    };
    let mut problems: Vec<_> =
        foreign.iter().filter_map(|(path, help)| leave_out(own, path, help, generation)).collect();
    if generation == Generation::Accounts {
        problems.extend(of_account(own));
    }
    problems
}

fn leave_out(own: &mut Resource, path: &str, help: &str, generation: Generation) -> Option<Problem> {
    let (top, inner) = path.split_once('.').map_or((path, None), |(top, inner)| (top, Some(inner)));
    let written = own.attributes.get(top)?;
    let value = match inner {
        None => own.attributes.remove(top),
        Some(inner) => {
            let mut whole = written.as_object().filter(|whole| whole.contains_key(inner))?.clone();
            let value = whole.remove(inner);
            match whole.is_empty() {
                true => drop(own.attributes.remove(top)),
                false => drop(own.attributes.insert(top.to_owned(), Value::Object(whole))),
            }
            value
        }
    };
    value.filter(|_| !own.defaulted.contains_key(path))?;
    Some(Problem::Wrong {
        path: path.to_owned(),
        code: "unknown_key",
        message: format!("a lab of a {} has no `{}`", generation.noun(), inner.unwrap_or(top)),
        help: help.to_owned(),
    })
}

fn of_account(own: &Resource) -> Vec<Problem> {
    let word = own.attributes.get("size").and_then(Value::as_str);
    let wrong = word.filter(|word| size(word).is_none()).map(|word| Problem::Wrong {
        path: "size".into(),
        code: "bad_size",
        message: format!("`{word}` is no VM size of lab accounts"),
        help: match sku(word) {
            Some(sku) if size(sku.word()).is_some() => format!("it is nearest to `{}`", sku.word()),
            _ => "name one as the portal does, such as `Medium`".into(),
        },
    });
    wrong.into_iter().collect()
}

/// Gives a lab of a lab plan what it takes from its plan, and says what of it a lab plan's cannot have.
pub(super) fn of_plan(own: &mut Resource, view: &View<'_>) -> Vec<Problem> {
    let plan = own.attributes.get("in").cloned().unwrap_or_default();
    let from_id = reference_id(&plan).map(|id| said_by(&id, view));
    if let Some(plan) = view.referred(&plan).or(from_id.as_ref()) {
        for name in FROM_PLAN {
            let value = plan.get(name).filter(|_| !own.attributes.contains_key(name));
            own.attributes.extend(value.map(|value| (name.to_owned(), value.clone())));
        }
    }
    let nowhere = (from_id.is_some() && !own.attributes.contains_key("location")).then(|| Problem::Wrong {
        path: String::new(),
        code: "missing_attribute",
        message: "`location` is missing: where its lab plan lies, that plan's id does not tell".into(),
        help: "add `location: westeurope`, a region in which the lab plan allows labs".into(),
    });
    if let Some(sku) = own.attributes.get("size").and_then(Value::as_str).and_then(sku) {
        own.attributes.insert("size".into(), json!(sku.word()));
    }
    let name = own.attributes.get("name").and_then(Value::as_str).unwrap_or_default();
    let bad = lab_plan::name_rule(name).err().map(|why| Problem::Wrong {
        path: "name".into(),
        code: "bad_name",
        message: format!("`{name}` {why}"),
        help: "Azure refuses it as the name of a lab of a lab plan; the key may stay if `name:` beside it says another name".into(),
    });
    let idle = lab_plan::idle_means_nothing(own, own.attributes.get("autoShutdown"), "autoShutdown");
    nowhere.into_iter().chain(bad).chain(idle).collect()
}

/// What a lab takes from the id of a lab plan that is not managed.
fn said_by(plan: &ArmId, view: &View<'_>) -> Attributes {
    let text = |key: &str| plan.segment(key).map(str::to_owned);
    let subscription = text("subscriptions").filter(|own| !own.eq_ignore_ascii_case(view.subscription));
    let parts = [
        ("subscription", subscription.map(|own| own.to_lowercase())),
        ("resourceGroup", text("resourceGroups")),
    ];
    parts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text?)))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::kinds::Links;
    use crate::model::{DefaultsLayer, Recorded, Source};

    fn fitted(attributes: &Value, defaulted: &[&str], generation: Generation) -> (Value, Vec<String>) {
        let layer = DefaultsLayer { of_environment: false, of_section: true };
        let mut own = Resource {
            attributes: attributes.as_object().expect("a map").clone().into(),
            depends_on: BTreeSet::new(),
            protect: None,
            adopt: false,
            ignore_changes: Vec::new(),
            source: Source { file: "labwright.yaml".into(), line: 1, column: 1 },
            sources: BTreeMap::new(),
            defaulted: defaulted.iter().map(|path| ((*path).to_owned(), layer)).collect(),
        };
        let (desired, recorded, links) = (BTreeMap::new(), Recorded::default(), Links::default());
        let view = View {
            desired: &desired,
            recorded: &recorded,
            subscription: "s",
            real_endpoint: false,
            links: &links,
        };
        let holder = match generation {
            Generation::Accounts => "LabAccount/a",
            Generation::Plans => "LabPlan/p",
        };
        own.attributes.insert("in".into(), json!(holder));
        let mut problems = settle(&mut own);
        if generation == Generation::Plans {
            problems.extend(of_plan(&mut own, &view));
        }
        own.attributes.remove("in");
        let paths = problems.into_iter().map(|problem| match problem {
            Problem::Wrong { path, .. } => path,
            Problem::Rule(finding) => finding.rule,
        });
        (json!(own.attributes), paths.collect())
    }

    #[test]
    fn what_is_the_other_generations_is_refused_where_it_is_written_and_left_out_where_it_is_a_default() {
        let both = json!({
            "name": "a", "location": "westeurope", "linuxRemoteDesktop": true,
            "autoShutdown": { "disconnectWhenIdle": "PT15M", "shutDownWhenIdle": "PT15M" },
        });
        let (left, wrong) = fitted(&both, &["location"], Generation::Accounts);
        assert_eq!(wrong, ["autoShutdown.shutDownWhenIdle"]);
        let kept = json!({ "disconnectWhenIdle": "PT15M" });
        assert_eq!(left, json!({ "name": "a", "linuxRemoteDesktop": true, "autoShutdown": kept }));
        let (left, wrong) = fitted(&both, &["autoShutdown.disconnectWhenIdle"], Generation::Plans);
        assert_eq!(wrong, ["linuxRemoteDesktop"]);
        let kept = json!({ "shutDownWhenIdle": "PT15M" });
        assert_eq!(left, json!({ "name": "a", "location": "westeurope", "autoShutdown": kept }));
    }

    #[test]
    fn a_size_has_one_word_and_an_account_has_no_sku() {
        let sized = |size: &str, generation| fitted(&json!({ "name": "a", "size": size }), &[], generation);
        let (left, wrong) = sized("Classic_Fsv2_2_4GB_128_S_SSD", Generation::Plans);
        assert_eq!((&left["size"], wrong.len()), (&json!("Small"), 0));
        let (_, wrong) = sized("Classic_Fsv2_2_4GB_128_S_SSD", Generation::Accounts);
        assert_eq!(wrong, ["size"]);
    }
}
