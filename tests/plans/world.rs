//! Configurations in normal form, written as JSON, and a stand-in that carries plans out on the record alone.

use std::collections::{BTreeMap, BTreeSet};

use labwright::kinds::{KINDS, Links, View, kind_of};
use labwright::model::{
    Address, Cloud, Desired, Entry, EntryKind, Identity, Policy, Recorded, Recording, Resource, Source,
};
use labwright::plan::{Options, Plan, Run, plan};
use serde_json::{Value, json};

pub(crate) const TODAY: &str = "2026-11-23";

/// A configuration from a map of address to attributes; `protect` and the like are not attributes.
pub(crate) fn desired(resources: &Value) -> Desired {
    let mut desired = Desired {
        identity: Identity {
            project: "test".into(),
            environment: None,
            cloud: Cloud::Emulator,
            tenant: None,
            subscription: None,
        },
        subscription: "11111111-1111-1111-1111-111111111111".into(),
        real_endpoint: false,
        resources: BTreeMap::new(),
        moved: Vec::new(),
        forget: Vec::new(),
        policy: Policy::default(),
        findings: Vec::new(),
    };
    for (line, (address, attributes)) in (1..).zip(resources.as_object().expect("a map")) {
        let address: Address = address.parse().expect("an address");
        desired.resources.insert(address.clone(), resource(&address, attributes, line));
    }
    complete(&mut desired);
    desired
}

fn resource(address: &Address, attributes: &Value, line: u32) -> Resource {
    let mut attributes = attributes.as_object().expect("a map").clone();
    let protect = attributes.remove("protect").and_then(|value| value.as_bool());
    let adopt = attributes.remove("adopt") == Some(json!(true));
    let ignored = attributes.remove("ignoreChanges").unwrap_or(json!([]));
    if kind_of(address).info().name_rule.is_some() {
        attributes.entry("name").or_insert(json!(address.key()));
    }
    Resource {
        attributes: attributes.into(),
        depends_on: BTreeSet::new(),
        protect,
        adopt,
        ignore_changes: ignored
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(Value::as_str)
            .map(Into::into)
            .collect(),
        source: Source { file: "labwright.yaml".into(), line, column: 3 },
        sources: BTreeMap::new(),
        defaulted: BTreeMap::new(),
    }
}

fn complete(desired: &mut Desired) {
    let recorded = Recorded::default();
    let links = Links::of(&desired.resources, &recorded);
    for kind in KINDS {
        let addresses: Vec<_> =
            desired.resources.keys().filter(|address| address.kind() == kind.info().name).cloned().collect();
        for address in addresses {
            let mut own = desired.resources[&address].clone();
            let view = View {
                desired: &desired.resources,
                recorded: &recorded,
                subscription: &desired.subscription,
                real_endpoint: desired.real_endpoint,
                links: &links,
            };
            let problems = kind.complete(&address, &mut own, &view);
            assert!(problems.is_empty(), "{address}: {problems:?}");
            desired.resources.insert(address, own);
        }
    }
}

/// Every kind in one small configuration: both stories.
pub(crate) fn both_stories() -> Value {
    json!({
        "ResourceGroup/rg": { "location": "westeurope" },
        "Gallery/sig": { "resourceGroup": "rg", "location": "westeurope" },
        "LabAccount/la": { "resourceGroup": "rg", "location": "westeurope", "marketplaceImages": ["Ubuntu Server 22.04 LTS"] },
        "Image/java": {
            "gallery": "Gallery/sig",
            "os": { "type": "Linux", "state": "Generalized", "hyperV": "V1" },
            "identifier": { "publisher": "Contoso", "offer": "Teaching", "sku": "java" },
        },
        "ImageVersion/java/1.0.0": { "image": "Image/java", "source": { "managedDisk": "/subscriptions/s/x/y/z" } },
        "Image/sql": { "gallery": "Gallery/sig" },
        "Export/sql": { "image": "Image/sql", "lab": "Lab/golden", "revision": 1, "fresh": true },
        "GalleryAttachment/core": {
            "to": "LabAccount/la", "gallery": "Gallery/sig", "enabledImages": ["Image/java", "Image/sql"],
        },
        "Lab/golden": lab("Marketplace/Ubuntu Server 22.04 LTS", 1),
        "Lab/programming": lab("Image/java", 20),
        "Publish/programming": { "lab": "Lab/programming", "revision": 1 },
        "Lab/databases": lab("Image/sql", 12),
    })
}

pub(crate) fn lab(image: &str, capacity: u32) -> Value {
    json!({
        "in": "LabAccount/la",
        "image": image,
        "size": "Medium",
        "capacity": capacity,
        "credentials": { "username": "student", "password": { "env": "LAB_PASSWORD" } },
    })
}

pub(crate) fn options() -> Options {
    Options { today: TODAY.into(), ..Options::default() }
}

pub(crate) fn planned(desired: &Desired, recorded: &Recorded) -> Plan {
    let plan = plan(desired, recorded, &options()).expect("a plan");
    let broken = labwright::plan::check(&plan);
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    plan
}

/// The record once every action of the plan is done, and the order in which they were.
pub(crate) fn carried_out(plan: &Plan, recorded: &Recorded) -> (Recorded, Vec<String>) {
    let mut recorded = recorded.clone();
    plan.record_in(&mut recorded);
    let mut order = Vec::new();
    let mut run = Run::new(plan);
    while let Some(action) = run.next_ready() {
        for (step, work) in action.steps.iter().enumerate() {
            record(&mut recorded, &action.address, &work.record);
            let done = EntryKind::Done { outputs: serde_json::Map::new() };
            run.fold(&Entry { action: action.id.clone(), step, kind: done });
        }
        order.push(action.id.clone());
    }
    assert!(run.is_done(), "some action never became ready");
    (recorded, order)
}

fn record(recorded: &mut Recorded, address: &Address, recording: &Recording) {
    match recording {
        Recording::Nothing => {}
        Recording::Put(row) | Recording::Adopt(row) => {
            drop(recorded.rows.insert(address.clone(), row.as_ref().clone()))
        }
        Recording::Delete => drop(recorded.rows.remove(address)),
        Recording::DeleteWithDone { done } => {
            recorded.rows.retain(|own, _| own != address && !done.contains(own));
        }
        Recording::Move { from } => drop(recorded.rename(from, address)),
        Recording::Include { path, item, depends_on } => {
            let row = recorded.rows.get_mut(address).expect("the attachment is recorded first");
            row.depends_on.extend(depends_on.iter().cloned());
            let (top, inner) =
                path.split_once('.').map_or((path.as_str(), None), |(top, inner)| (top, Some(inner)));
            let list = row.attributes.get_mut(top).expect("the list is there");
            let list = if let Some(inner) = inner { &mut list[inner] } else { list };
            let list = list.as_array_mut().expect("a list");
            if !list.contains(item) {
                list.push(item.clone());
                list.sort_by_key(ToString::to_string);
            }
        }
    }
}

/// The verbs of a plan, one line each: `create Lab/x`.
pub(crate) fn verbs(plan: &Plan) -> Vec<String> {
    plan.changes.iter().map(|change| format!("{} {}", change.verb.as_str(), change.address)).collect()
}

/// Both sides before a change, and after it: everything of `from` carried out, then `to` planned.
pub(crate) fn change(from: &Value, to: &Value) -> (Plan, Recorded) {
    let first = desired(from);
    let (recorded, _) = carried_out(&planned(&first, &Recorded::default()), &Recorded::default());
    (planned(&desired(to), &recorded), recorded)
}
