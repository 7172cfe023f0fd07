//! Importing what exists: files and a record that the next plan and drift find nothing wrong with.

use super::place::{Ended, Place};
use super::served::{Served, world};

const SUBSCRIPTION: &str = "11111111-1111-1111-1111-111111111111";

/// contoso-cs on an emulator of its own, and a place without a project whose variables reach it.
fn applied() -> (Served, Place, Place) {
    let served = Served::start();
    let original = Place::against("contoso-cs", &served.url);
    let applied = original.run("apply --yes");
    assert_eq!(applied.code, 0, "{applied:?}");
    let mut empty = Place::empty();
    empty.set("AZURE_TENANT_ID", "22222222-2222-2222-2222-222222222222");
    empty.set("AZURE_CLIENT_ID", "story");
    empty.set("AZURE_CLIENT_SECRET", "mark-of-the-client-0");
    (served, original, empty)
}

fn import(place: &Place, served: &Served, scope: &str) -> Ended {
    place.run(&format!("import --from {scope} --out project --endpoint {}", served.url))
}

fn lines(place: &Place) -> usize {
    let files = place.files().into_iter().filter(|file| file.extension().is_some_and(|end| end == "yaml"));
    files.map(|file| std::fs::read_to_string(file).expect("a file").lines().count()).sum()
}

#[test]
fn what_was_applied_is_imported_and_neither_plan_nor_drift_finds_a_difference() {
    let (served, original, place) = applied();
    let before = world(&served.data());
    import(&place, &served, SUBSCRIPTION).speaks_of(0, "Import complete! Resources: 77 imported.");
    assert_eq!(world(&served.data()), before, "nothing in Azure changes");
    place.run("plan --detailed-exitcode").says(0, "No changes.");
    place.run("drift").speaks_of(0, "No drift");
    let expanded = original.run("show --config").stdout.lines().count();
    let written = lines(&place);
    assert!(written * 2 <= expanded * 3, "{written} lines for {expanded}");
    place.run("destroy").speaks_of(4, "2 to forget");
}
