//! One configuration, two clouds: the emulator inside and a separate one over TLS record the same.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde_json::Value;

use super::place::Place;
use super::served::Served;

const OTHER: &str = "33333333-3333-3333-3333-333333333333";

/// Every recorded row by address, with one word for the subscription, and without what the service draws or stamps:
/// a lab's identifier, the time of a publication.
fn rows(place: &Place) -> BTreeMap<String, Value> {
    let state = Connection::open(place.project().join(".labwright/dev/state.db")).expect("a state");
    let mut query = state.prepare("SELECT address, row FROM rows").expect("a table");
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?))).expect("rows");
    let guid =
        |text: String| text.replace(OTHER, "GUID").replace("11111111-1111-1111-1111-111111111111", "GUID");
    let rows = rows.map(|row| {
        let (address, text) = row.expect("a row");
        let mut row: Value = serde_json::from_str(&guid(text)).expect("JSON");
        for own in ["uniqueIdentifier", "lastPublished"] {
            if let Some(own) = row["outputs"].get_mut(own) {
                assert!(own.take().is_string());
            }
        }
        (address, row)
    });
    rows.collect()
}

#[test]
fn the_emulator_inside_and_a_separate_one_over_tls_record_the_same() {
    let mut inside = Place::of("contoso-cs");
    let served = Served::over_tls();
    let outside = Place::against("contoso-cs", &served.url);
    let ca = outside.project().join("ca.pem");
    std::fs::copy(served.ca(), &ca).expect("a certificate");
    let own = format!("endpoint: '{}'", served.url);
    outside.edit("labwright.yaml", &own, &format!("{own}, ca: ca.pem"));
    outside.edit("labwright.yaml", "11111111-1111-1111-1111-111111111111", OTHER);
    for (name, value) in [
        ("LAB_PASSWORD", "Mark-of-labs-1!"),
        ("CS220_PASSWORD", "Mark-of-cs220-2!"),
        ("CS340_PASSWORD", "Mark-of-cs340-3!"),
    ] {
        inside.set(name, value);
    }
    for place in [&inside, &outside] {
        let applied = place.run("apply --yes");
        applied.speaks_of(0, "Apply complete!");
        place.run("drift").speaks_of(0, "No drift");
    }
    let (inside, outside) = (rows(&inside), rows(&outside));
    assert!(inside.len() > 70, "{}", inside.len());
    let differing: Vec<_> =
        inside.iter().filter(|(address, row)| outside.get(*address) != Some(row)).collect();
    assert!(differing.is_empty(), "{differing:#?}");
    assert_eq!(inside.len(), outside.len());
}

#[test]
fn labs_of_one_account_are_read_as_one_list() {
    let place = Place::of("contoso-cs");
    assert_eq!(place.run("apply --yes").code, 0);
    let drift = place.run("drift -vv");
    drift.speaks_of(0, "No drift");
    let asked =
        |end: &str| drift.stderr.lines().filter(|line| line.contains(&format!("{end} → 200"))).count();
    assert_eq!(asked("/labaccounts/cs-core-la/labs"), 1, "{}", drift.stderr);
    assert_eq!(asked("/labaccounts/cs-core-la/labs/cs101-A-Spring2027"), 0);
    // What a list does not tell is still read from each.
    assert_eq!(asked("/labs/cs101-A-Spring2027/environmentsettings/default"), 1);
}
