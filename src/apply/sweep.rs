//! Switching a list's items: one request for each whose switch is not as it should be, idempotent as a whole.

use std::time::Instant;

use serde_json::Value;

use super::error::{End, Refusal, before};
use super::room::{Room, entry};
use super::until::{Phase, wait};
use crate::azure::{ArmError, Call, read};
use crate::model::{ArmId, EntryKind, Method, Read, Step, Sweep, SweepWanted, Until, digest};
use crate::plan::Action;

/// Switches what differs. Its `started` entry is durable first, unless the step's request wrote one already.
pub(super) async fn sweep(
    room: &Room<'_, '_>,
    action: &Action,
    at: usize,
    step: &Step,
    sweep: &Sweep,
) -> Result<(), End> {
    let list = awaited(room, sweep).await.map_err(before)?;
    let switched = switched(&list, sweep)?;
    if step.request.is_none() && !switched.is_empty() {
        let started = EntryKind::Started {
            arm_id: sweep.read.path.clone(),
            digest: digest(sweep),
            attempt: 1,
            evidence: Value::Null,
        };
        room.journal.started(entry(action, at, started)).await?;
    }
    let mut items = Vec::new();
    for (name, item) in switched {
        let path = ArmId::new(format!("{}/{name}", sweep.read.path));
        switch(room, sweep, &path, &item).await.map_err(before)?;
        items.push(path);
    }
    for path in items {
        let until =
            Until::Provisioned { read: Read { path, query: None, list: false, ..sweep.read.clone() } };
        wait(room, action, &until, &Value::Null, Phase::Before).await?;
    }
    Ok(())
}

/// The list, with what comes into it late or after the wait for that is over.
async fn awaited(room: &Room<'_, '_>, sweep: &Sweep) -> Result<Value, ArmError> {
    let began = Instant::now();
    let mut looks = 0;
    loop {
        // The last look comes after the window's end.
        let left = room.options.visibility.saturating_sub(began.elapsed());
        let list = read(room.arm, &sweep.read).await?.unwrap_or(Value::Array(Vec::new()));
        if left.is_zero() || holds_all(&list, &sweep.awaits) {
            return Ok(list);
        }
        room.pause_within(looks, left).await;
        looks += 1;
    }
}

fn holds_all(list: &Value, names: &[String]) -> bool {
    let items = || list.as_array().into_iter().flatten().filter_map(|item| item["name"].as_str());
    names.iter().all(|name| items().any(|item| item.eq_ignore_ascii_case(name)))
}

async fn switch(room: &Room<'_, '_>, sweep: &Sweep, path: &ArmId, item: &Value) -> Result<(), ArmError> {
    let _turn = room.turns.take(path).await;
    let api_version = &sweep.read.api_version;
    let method = if sweep.patches { Method::Patch } else { Method::Put };
    let call = Call { method, path, api_version, query: None, body: Some(item) };
    room.arm.send(call).await.map(drop)
}

/// Whether every switch is as it should be.
pub(super) async fn is_swept(room: &Room<'_, '_>, sweep: &Sweep) -> Result<bool, ArmError> {
    let list = read(room.arm, &sweep.read).await?;
    Ok(list.is_some_and(|list| switched(&list, sweep).is_ok_and(|switched| switched.is_empty())))
}

/// Whether an item is one of those that the sweep is about.
fn is_meant(item: &Value, sweep: &Sweep) -> bool {
    let Some(within) = &sweep.within else { return true };
    let id = item.pointer(&within.pointer).and_then(Value::as_str);
    id.is_some_and(|id| ArmId::new(id).lies_in(&within.id))
}

/// The items whose switch differs, with the switch as it should be; what else an item holds stays.
fn switched(list: &Value, sweep: &Sweep) -> Result<Vec<(String, Value)>, Refusal> {
    let items = list.as_array().into_iter().flatten().filter(|item| is_meant(item, sweep));
    let items: Vec<_> = items.collect();
    let name = |item: &&Value| item["name"].as_str().map(str::to_owned);
    let names: Vec<String> = items.iter().copied().filter_map(|item| name(&item)).collect();
    let mut missing = Vec::new();
    if let SweepWanted::Exactly(wanted) = &sweep.wanted {
        let is_there = |wanted: &&String| names.iter().any(|name| name.eq_ignore_ascii_case(wanted));
        missing.extend(wanted.iter().filter(|wanted| !is_there(wanted)).map(|wanted| near(wanted, &names)));
    }
    if !missing.is_empty() {
        return Err(Refusal::NoSuchItem { list: sweep.read.path.to_string(), names: missing });
    }
    let mut switched = Vec::new();
    for item in items {
        let Some(name) = name(&item) else { continue };
        let is_wanted = match &sweep.wanted {
            SweepWanted::All => true,
            SweepWanted::Exactly(wanted) => wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(&name)),
        };
        let (on, off) = &sweep.on_off;
        let asked = if is_wanted { on } else { off };
        let there = sweep.switch.iter().find(|pointer| item.pointer(pointer).is_some());
        let is = there.and_then(|pointer| item.pointer(pointer)).unwrap_or(off);
        if !same(is, asked) {
            switched.push((name, with_switch(item, sweep, there, asked)));
        }
    }
    Ok(switched)
}

/// The item with its switch set, in every spelling that is there: two that disagree would be no request.
fn with_switch(item: &Value, sweep: &Sweep, there: Option<&String>, asked: &Value) -> Value {
    let mut item = if sweep.patches { Value::Null } else { item.clone() };
    for pointer in sweep.switch.first().into_iter().chain(there) {
        set(&mut item, pointer, asked);
    }
    item
}

fn set(item: &mut Value, pointer: &str, value: &Value) {
    let mut at = item;
    for key in pointer.split('/').skip(1) {
        if !at.is_object() {
            *at = Value::Object(serde_json::Map::new());
        }
        at = &mut at[key];
    }
    *at = value.clone();
}

fn same(is: &Value, asked: &Value) -> bool {
    match (is.as_str(), asked.as_str()) {
        (Some(is), Some(asked)) => is.eq_ignore_ascii_case(asked),
        _ => is == asked,
    }
}

/// The name with the nearest one that is there.
pub(super) fn near(wanted: &str, names: &[String]) -> String {
    let distance = |name: &&String| strsim::damerau_levenshtein(&wanted.to_lowercase(), &name.to_lowercase());
    let nearest = names.iter().min_by_key(distance).filter(|name| distance(name) <= wanted.len().div_ceil(3));
    match nearest {
        Some(nearest) => format!("`{wanted}` (perhaps `{nearest}`?)"),
        None => format!("`{wanted}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Within;
    use serde_json::json;

    fn of(wanted: SweepWanted) -> Sweep {
        let path = ArmId::new("/a/sharedimages");
        Sweep {
            read: Read { path, api_version: "1".into(), query: None, list: true },
            switch: vec!["/properties/enableState".into(), "/properties/EnableState".into()],
            on_off: (json!("Enabled"), json!("Disabled")),
            wanted,
            awaits: Vec::new(),
            within: None,
            patches: false,
        }
    }

    #[test]
    fn only_what_differs_is_switched_and_the_rest_of_it_stays() {
        let list = json!([
            {"name": "a", "properties": {"enableState": "enabled", "osType": "Linux"}},
            {"name": "b", "properties": {"EnableState": "Enabled", "osType": "Linux"}},
            {"name": "c", "properties": {"enableState": "Disabled"}},
        ]);
        let switched = switched(&list, &of(SweepWanted::Exactly(vec!["A".into()]))).expect("all are there");
        let off = json!({"EnableState": "Disabled", "enableState": "Disabled", "osType": "Linux"});
        assert_eq!(switched, [("b".to_owned(), json!({"name": "b", "properties": off}))]);
    }

    #[test]
    fn what_belongs_to_something_else_is_left_alone_and_a_patch_is_the_switch_alone() {
        let item = |name: &str, image: Value| json!({"name": name, "properties": {"enableState": "Enabled", "sharedGalleryId": image}});
        let list = json!([
            item("a", json!("/G/images/a")),
            item("b", json!("/g/images/b")),
            item("other", json!("/g2/images/other")),
            item("market", Value::Null),
        ]);
        let within = Some(Within { pointer: "/properties/sharedGalleryId".into(), id: ArmId::new("/g") });
        let sweep = Sweep { within, patches: true, ..of(SweepWanted::Exactly(vec!["a".into()])) };
        let switched = switched(&list, &sweep).expect("it is there");
        assert_eq!(switched, [("b".to_owned(), json!({"properties": {"enableState": "Disabled"}}))]);
    }

    #[test]
    fn names_that_are_awaited_are_found_in_any_case() {
        let list = json!([{"name": "a"}, {"name": "B"}]);
        assert!(holds_all(&list, &["A".into(), "b".into()]));
        assert!(!holds_all(&list, &["a".into(), "c".into()]));
    }

    #[test]
    fn a_name_that_is_not_listed_is_told_with_the_nearest() {
        let list = json!([{"name": "Ubuntu Server 22.04 LTS"}, {"name": "Windows 11"}]);
        let wanted = SweepWanted::Exactly(vec!["Ubuntu Sever 22.04 LTS".into(), "Plan 9".into()]);
        let refused = switched(&list, &of(wanted)).expect_err("two are missing");
        assert_eq!(
            refused.to_string(),
            "`/a/sharedimages` has no `Ubuntu Sever 22.04 LTS` (perhaps `Ubuntu Server 22.04 LTS`?), no `Plan 9`"
        );
    }
}
