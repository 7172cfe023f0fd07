//! What must hold of any plan; tests and `apply` both ask it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::{Action, Plan, Verb};
use crate::model::{Address, Method, Recording};

/// Every invariant that the plan breaks, in words; empty for a sound plan.
///
/// Holds of a sound plan: ids are unique and sorted; needs name actions and come round in no circle;
/// every change has its actions and every action its change; what is made waits for what it refers to,
/// what is deleted for what referred to it; a POST says how a lost answer is found out; no secret
/// stands in a request; nothing protected is deleted.
#[must_use]
pub fn check(plan: &Plan) -> Vec<String> {
    let mut broken = Vec::new();
    let mut say = |text: String| broken.push(text);
    let mut index = HashMap::new();
    for (at, action) in plan.actions.iter().enumerate() {
        if index.insert(action.id.as_str(), at).is_some() {
            say(format!("{} stands twice", action.id));
        }
    }
    if !plan.actions.is_sorted_by(|a, b| a.id < b.id) {
        say("the actions are not sorted".into());
    }
    let unknown = |need: &&String| !index.contains_key(need.as_str());
    for action in &plan.actions {
        for need in action.needs.iter().filter(unknown) {
            say(format!("{} waits for {need}, which is no action", action.id));
        }
        for text in requests(action) {
            say(format!("{}: {text}", action.id));
        }
    }
    let changed = plan.changed();
    for action in plan.actions.iter().filter(|action| !changed.contains(&action.address)) {
        say(format!("{} belongs to no change", action.id));
    }
    let acting: BTreeSet<_> = plan.actions.iter().map(|action| &action.address).collect();
    for change in plan.changes.iter().filter(|change| !acting.contains(&change.address)) {
        say(format!("{} changes without an action", change.address));
    }
    match order(plan, &index) {
        None => say("the actions wait for each other in a circle".into()),
        Some(order) => broken.extend(dependencies(plan, &index, &order)),
    }
    broken
}

fn requests(action: &Action) -> Vec<String> {
    let mut broken = Vec::new();
    for step in &action.steps {
        let Some(request) = &step.request else { continue };
        if request.method == Method::Post && step.evidence.is_none() {
            broken.push(format!("`{}` is a POST without evidence", step.name));
        }
        if request.body.as_ref().is_some_and(holds_secret) {
            broken.push(format!("`{}` holds a secret", step.name));
        }
    }
    if action.verb == Verb::Delete && action.recorded.as_ref().is_some_and(|row| row.protect) {
        broken.push("deletes what is protected".into());
    }
    broken
}

/// Whether a password stands there as anything but a reference.
fn holds_secret(body: &Value) -> bool {
    match body {
        Value::Object(map) => map.iter().any(|(key, value)| {
            let is_reference = value.get("$secret").is_some();
            !is_reference && (key.eq_ignore_ascii_case("password") || holds_secret(value))
        }),
        Value::Array(items) => items.iter().any(holds_secret),
        _ => false,
    }
}

/// Each action's place in an order that respects all needs; `None` where there is none.
fn order(plan: &Plan, index: &HashMap<&str, usize>) -> Option<Vec<usize>> {
    let count = plan.actions.len();
    let mut missing = vec![0; count];
    let mut dependents = vec![Vec::new(); count];
    for (at, action) in plan.actions.iter().enumerate() {
        for need in action.needs.iter().filter_map(|need| index.get(need.as_str())) {
            missing[at] += 1;
            dependents[*need].push(at);
        }
    }
    let mut open: Vec<usize> = (0..count).filter(|&at| missing[at] == 0).collect();
    let mut next = 0;
    while next < open.len() {
        for &dependent in &dependents[open[next]] {
            missing[dependent] -= 1;
            if missing[dependent] == 0 {
                open.push(dependent);
            }
        }
        next += 1;
    }
    let mut place = vec![0; count];
    open.iter().enumerate().for_each(|(at, &action)| place[action] = at);
    (open.len() == count).then_some(place)
}

fn dependencies(plan: &Plan, index: &HashMap<&str, usize>, place: &[usize]) -> Vec<String> {
    let mut creates: BTreeMap<&Address, Vec<usize>> = BTreeMap::new();
    let mut deletes: BTreeMap<&Address, Vec<usize>> = BTreeMap::new();
    for (at, action) in plan.actions.iter().enumerate() {
        match action.verb {
            Verb::Create | Verb::Import => creates.entry(&action.address).or_default().push(at),
            Verb::Delete => deletes.entry(&action.address).or_default().push(at),
            _ => {}
        }
    }
    let mut broken = Vec::new();
    for (at, action) in plan.actions.iter().enumerate() {
        if matches!(action.verb, Verb::Create | Verb::Import) {
            for address in recorded_dependencies(action) {
                let befores = creates.get(address).map(Vec::as_slice).unwrap_or_default();
                if !befores.is_empty() && !befores.iter().any(|&before| waits(plan, index, place, at, before))
                {
                    broken.push(format!("{} does not wait for {address}", action.id));
                }
            }
        }
        if action.verb == Verb::Delete {
            let depends_on = action.recorded.iter().flat_map(|row| &row.depends_on);
            for &after in depends_on.filter_map(|address| deletes.get(address)).flatten() {
                if !waits(plan, index, place, after, at) {
                    broken.push(format!("{} does not wait for {}", plan.actions[after].id, action.id));
                }
            }
        }
    }
    broken
}

fn recorded_dependencies(action: &Action) -> BTreeSet<&Address> {
    let rows = action.steps.iter().filter_map(|step| match &step.record {
        Recording::Put(row) | Recording::Adopt(row) => Some(&row.depends_on),
        _ => None,
    });
    rows.flatten().collect()
}

/// Whether `later` waits for `earlier`, at whatever distance.
fn waits(plan: &Plan, index: &HashMap<&str, usize>, place: &[usize], later: usize, earlier: usize) -> bool {
    let mut open = vec![later];
    let mut seen = BTreeSet::new();
    while let Some(at) = open.pop() {
        for &need in plan.actions[at].needs.iter().filter_map(|need| index.get(need.as_str())) {
            if need == earlier {
                return true;
            }
            if place[need] > place[earlier] && seen.insert(need) {
                open.push(need);
            }
        }
    }
    false
}
