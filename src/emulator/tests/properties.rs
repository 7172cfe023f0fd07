//! What holds after any sequence of requests.

use crate::emulator::arm::operations::Spoil;
use crate::emulator::arm::path::parent;
use crate::emulator::arm::types::Kind;
use crate::emulator::clock::Pace;
use crate::emulator::store::{Saved, Store};
use crate::emulator::tests::stage::{
    ACCOUNT, GALLERY, GROUP, LAB, PLAN, SUBSCRIPTION, Stage, definition, lab_body, order, version_body,
};
use crate::emulator::world::World;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A path, with the body that a PUT or POST of it would sensibly have.
fn places() -> Vec<(String, Value)> {
    let located = json!({ "location": "westeurope" });
    let mut places = vec![
        (GROUP.to_owned(), located.clone()),
        (GALLERY.to_owned(), located.clone()),
        (format!("{GALLERY}2"), located.clone()),
        (ACCOUNT.to_owned(), located),
        (format!("{ACCOUNT}/createLab"), order("l", "java")),
        (format!("{ACCOUNT}/galleryimages/Windows 11 Pro"), json!({ "properties": { "isEnabled": false } })),
        (format!("{ACCOUNT}/sharedimages/java"), json!({ "properties": { "enableState": "Enabled" } })),
        (format!("{ACCOUNT}/sharedgalleries/sig"), json!({ "properties": { "galleryId": GALLERY } })),
        (
            format!("{ACCOUNT}/sharedgalleries/other"),
            json!({ "properties": { "galleryId": format!("{GALLERY}2") } }),
        ),
        (format!("{ACCOUNT}/labs/l"), json!({ "properties": { "maxUsersInLab": "7" } })),
        (format!("{ACCOUNT}/labs/l/users/u"), json!({ "properties": { "additionalUsageQuota": "PT1H" } })),
        (format!("{ACCOUNT}/labs/l/addUsers"), json!({ "emailAddresses": ["a@b.edu", "c@d.edu"] })),
    ];
    let setting = format!("{ACCOUNT}/labs/l/environmentsettings/default");
    places.push((setting.clone(), json!({ "properties": { "title": "t" } })));
    for action in ["publish", "start", "stop"] {
        places.push((format!("{setting}/{action}"), json!({})));
    }
    places.push((format!("{setting}/claimAny"), json!({})));
    places.push((format!("{setting}/environments/own"), json!({ "tags": { "a": "b" } })));
    for action in ["claim", "start", "stop"] {
        places.push((format!("{setting}/environments/own/{action}"), json!({})));
    }
    places.push((
        format!("{setting}/environments/own/resetPassword"),
        json!({ "environmentId": format!("{setting}/environments/own"), "username": "u" }),
    ));
    places.push((
        format!("{setting}/schedules/s"),
        json!({ "properties": { "start": "2027-01-11", "timeZoneId": "UTC" } }),
    ));
    let group = json!({ "properties": { "aadGroupId": "33333333-3333-3333-3333-333333333333" } });
    places.push((format!("{ACCOUNT}/labs/l"), group));
    for action in ["syncUserList", "register"] {
        places.push((format!("{ACCOUNT}/labs/l/{action}"), json!({})));
    }
    for action in ["register", "unregister"] {
        places.push((format!("{SUBSCRIPTION}/providers/Microsoft.LabServices/{action}"), json!({})));
    }
    places.push((format!("{setting}/saveImage"), json!({ "name": "java" })));
    places.push((format!("{setting}/saveImage"), json!({ "name": "gold" })));
    for image in ["java", "gold"] {
        places.push((format!("{GALLERY}/images/{image}"), definition(image, "Specialized")));
        places.push((format!("{GALLERY}/images/{image}/versions/1.0.0"), version_body()));
    }
    places.extend(plan_places());
    places
}

/// The same of lab plans and the labs beside them.
fn plan_places() -> Vec<(String, Value)> {
    let day = "2027-02-01T09:45:00Z";
    let mut places = vec![
        (PLAN.to_owned(), json!({ "location": "westeurope", "properties": { "sharedGalleryId": GALLERY } })),
        (format!("{PLAN}/images/java"), json!({ "properties": { "enabledState": "Enabled" } })),
        (
            format!("{PLAN}/saveImage"),
            json!({ "name": "gold", "labVirtualMachineId": format!("{LAB}/virtualMachines/0") }),
        ),
        (LAB.to_owned(), lab_body()),
        (
            LAB.to_owned(),
            json!({ "properties": { "virtualMachineProfile": { "sku": { "capacity": 5 } }, "rosterProfile": { "activeDirectoryGroupId": "g" } } }),
        ),
        (format!("{LAB}/publish"), json!({})),
        (format!("{LAB}/syncGroup"), json!({})),
        (
            format!("{LAB}/schedules/s"),
            json!({ "properties": { "stopAt": day, "timeZoneId": "Europe/Amsterdam", "recurrencePattern": { "frequency": "Daily", "expirationDate": "2027-06-11T00:00:00Z" } } }),
        ),
        (format!("{LAB}/users/u"), json!({ "properties": { "email": "ada@contoso.com" } })),
        (format!("{LAB}/users/u/invite"), json!({ "text": "t" })),
    ];
    for number in [0, 1] {
        let machine = format!("{LAB}/virtualMachines/{number}");
        places.extend(
            ["start", "stop", "reimage", "redeploy"].map(|action| (format!("{machine}/{action}"), json!({}))),
        );
        let reset = json!({ "username": "student", "password": "p" });
        places.push((format!("{machine}/resetPassword"), reset));
        places.push((machine, json!({})));
    }
    places
}

/// One thing that a client or a fault does.
#[derive(Debug, Clone)]
struct Deed {
    method: &'static str,
    place: usize,
    upper: bool,
    body: Option<Value>,
    ticks: u64,
    spoil: Option<Spoil>,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let bodies = prop_oneof![
        8 => Just(None),
        1 => Just(Some(json!({}))),
        1 => Just(Some(json!([1]))),
        1 => Just(Some(json!({ "location": 5, "properties": "x", "tags": [] }))),
        1 => Just(Some(json!({ "location": "eastus", "properties": { "maxUsersInLab": 400, "description": null, "galleryId": "/x", "sharedGalleryId": "/x", "title": [], "supportInfo": 1, "email": "x" } }))),
    ];
    let methods =
        select(vec!["PUT", "PUT", "PUT", "PUT", "POST", "POST", "POST", "PATCH", "GET", "DELETE", "HEAD"]);
    let spoils = prop_oneof![20 => Just(None), 1 => Just(Some(Spoil::Fail)), 1 => Just(Some(Spoil::Hang)), 1 => Just(Some(Spoil::Vanish))];
    let ticks = select(vec![0, 0, 1, 3, 3, 30]);
    let deed = (methods, 0..places().len(), any::<bool>(), bodies, ticks, spoils).prop_map(
        |(method, place, upper, body, ticks, spoil)| Deed { method, place, upper, body, ticks, spoil },
    );
    proptest::collection::vec(deed, 1..60)
}

/// No id twice, no child without its parent, every resource under its own id; indexes that know the same.
fn check(stage: &Stage) {
    let mut unique = BTreeSet::new();
    for (key, resource) in stage.world.resources() {
        assert!(unique.insert(&resource.unique), "{key} has another's unique id");
        assert!(
            stage.world.all_of(resource.kind, key).any(|found| found.id == resource.id),
            "{key} is in no list"
        );
        assert_eq!(*key, resource.key());
        if resource.kind != Kind::Group {
            let holder = parent(key).and_then(|holder| stage.world.resource(holder));
            assert!(holder.is_some(), "{key} has no parent");
        }
    }
}

/// What was sent and is not to be read again: a secret, and what a directory group decides.
const NOT_READ: [&str; 3] = ["/password", "/sku/capacity", "/maxUsersInLab"];

/// Where `read` does not say what was `sent`; letter case, blanks, and numbers as texts are the service's own.
fn dropped(at: &str, sent: &Value, read: &Value) -> Vec<String> {
    let plain = |value: &Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text.to_lowercase().replace(' ', "")
    };
    match (sent, read) {
        _ if NOT_READ.iter().any(|end| at.ends_with(end)) => Vec::new(),
        (Value::Object(sent), read) => sent
            .iter()
            .flat_map(|(name, value)| dropped(&format!("{at}/{name}"), value, &read[name.as_str()]))
            .collect(),
        (Value::Array(sent), Value::Array(read)) if sent.len() == read.len() => {
            sent.iter().zip(read).flat_map(|(sent, read)| dropped(&format!("{at}/*"), sent, read)).collect()
        }
        (sent, read) if plain(sent) == plain(read) => Vec::new(),
        (sent, read) => vec![format!("{at}: {sent} was sent, {read} is read")],
    }
}

/// Resources, operations and what is beside them, as text that tells where two worlds differ.
fn whole(world: &World) -> Vec<String> {
    let resources = world.resources().map(|(key, resource)| format!("{key} {resource:?}"));
    let operations = world.operations().map(|operation| format!("{operation:?}"));
    resources.chain(operations).chain([format!("{:?}", world.core())]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_restart_from_the_file_is_the_running_world(deeds in deeds(), prepared in any::<bool>()) {
        let mut stage = if prepared { Stage::with_lab() } else { Stage::new() };
        stage.recorder = None;
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("emulator.db");
        let (mut store, _) = Store::open(&file).expect("opens");
        let places = places();
        for deed in deeds {
            let (path, fitting) = &places[deed.place];
            stage.send(deed.method, path, deed.body.or_else(|| Some(fitting.clone())));
            if let Some(spoil) = deed.spoil {
                stage.world.spoil(spoil);
            }
            let changes = stage.world.take_changes();
            store.save(&stage.world, &changes).expect("saves");
            stage.step(deed.ticks);
        }
        drop(store);
        let (_store, saved) = Store::open(&file).expect("opens again");
        let Saved { core, resources, operations } = saved.expect("a world");
        let mut restarted = World::restored(core, Pace::Even, None, resources, operations);
        prop_assert_eq!(whole(&restarted), whole(&stage.world));
        // What was under way ends as it would have.
        let later = stage.world.now().after(200);
        restarted.advance(later);
        stage.world.advance(later);
        prop_assert_eq!(whole(&restarted), whole(&stage.world));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_requests_leaves_a_whole_world(deeds in deeds(), prepared in 0..3) {
        let mut stage = match prepared {
            0 => Stage::new(),
            1 => Stage::with_lab(),
            _ => Stage::with_plan_lab(),
        };
        // What makes no sense is no example of what fits.
        stage.recorder = None;
        let places = places();
        for deed in deeds {
            let (path, fitting) = &places[deed.place];
            let path = if deed.upper { path.to_uppercase() } else { path.clone() };
            let sensible = deed.body.is_none();
            let body = if deed.method == "GET" || deed.method == "HEAD" { None } else { deed.body.or_else(|| Some(fitting.clone())) };
            let answer = stage.send(deed.method, &path, body);
            if let Some(spoil) = deed.spoil {
                stage.world.spoil(spoil);
            }
            prop_assert!(answer.status < 500, "{} {path}: {answer:?}", deed.method);
            if answer.status >= 400 && deed.method != "HEAD" {
                let body = answer.body.clone().unwrap_or_default();
                prop_assert!(body["error"]["code"].is_string() && body["error"]["message"].is_string(), "{body}");
            }
            if matches!(deed.method, "PUT" | "PATCH") && answer.status < 300 {
                let read = stage.get(&path);
                prop_assert_eq!(&read, &answer.body.unwrap_or_default(), "{}", path);
                if sensible {
                    let mut sent = fitting.clone();
                    if let ("PATCH", Some(sent)) = (deed.method, sent.as_object_mut()) {
                        // Nothing moves by a PATCH, which has no place for it.
                        sent.remove("location");
                    }
                    prop_assert_eq!(dropped("", &sent, &read), [] as [String; 0], "{} {}", deed.method, path);
                }
            }
            stage.step(deed.ticks);
            check(&stage);
        }
    }

    #[test]
    fn any_text_is_answered(method in "[A-Z]{1,6}", path in "(/[ -~]{0,12}){0,9}", body in "\\PC{0,40}") {
        let mut stage = Stage::with_plan_lab();
        stage.recorder = None;
        stage.done("PUT", ACCOUNT, json!({ "location": "westeurope" }));
        for path in [path.clone(), format!("{GROUP}{path}"), format!("{ACCOUNT}{path}"), format!("{GALLERY}{path}"), format!("{PLAN}{path}"), format!("{LAB}{path}")] {
            let path = path.replace('?', "");
            prop_assert!(stage.send(&method, &path, Some(json!(body.clone()))).status < 500);
            prop_assert!(stage.send(&method, &path, None).status < 500);
        }
        check(&stage);
    }
}
