//! Importing what exists: files and a record that the next plan and drift find nothing wrong with.

use super::place::{Ended, Place, ended};
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
    let mut command = place.command("");
    let folder = place.project();
    command
        .current_dir(place.home())
        .args(["import", "--from", scope, "--endpoint", &served.url])
        .arg("--out");
    ended(command.arg(folder))
}

fn lines(place: &Place) -> usize {
    let files = place.files().into_iter().filter(|file| file.extension().is_some_and(|end| end == "yaml"));
    files.map(|file| std::fs::read_to_string(file).expect("a file").lines().count()).sum()
}

#[test]
fn what_was_applied_is_imported_and_neither_plan_nor_drift_finds_a_difference() {
    let (served, original, place) = applied();
    let before = world(&served.data());
    import(&place, &served, SUBSCRIPTION).speaks_of(0, "Import complete! Resources: 85 imported.");
    assert_eq!(world(&served.data()), before, "nothing in Azure changes");
    place.run("plan --detailed-exitcode").says(0, "No changes.");
    place.run("drift").speaks_of(0, "No drift");
    let expanded = original.run("show --config").stdout.lines().count();
    let written = lines(&place);
    assert!(written * 2 <= expanded * 3, "{written} lines for {expanded}");
    let destroyed = place.run("destroy --format json");
    let document = destroyed.json();
    let changes = document["changes"].as_array().expect("a list").iter();
    let of_groups = changes
        .filter(|change| change["address"].as_str().is_some_and(|own| own.starts_with("ResourceGroup/")));
    let verbs: Vec<_> = of_groups.map(|change| &change["verb"]).collect();
    assert_eq!(verbs, ["forget", "forget"], "a group that somebody else made stays");
}

#[test]
fn students_are_listed_by_their_ids_and_schedules_of_others_are_taken_in() {
    let (served, _, place) = applied();
    let lab = format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/cslabs-rg/providers/Microsoft.LabServices/labaccounts/cs-core-la/labs/cs101-A-Spring2027"
    );
    let added = served.send(
        "POST",
        &format!("{lab}/addUsers?api-version=2019-01-01-preview"),
        r#"{"emailAddresses":["ada@contoso.edu"]}"#,
    );
    assert!(added.contains(" 20"), "{added}");
    let schedule = r#"{"properties":{"timeZoneId":"Europe/Berlin","start":"2027-02-01T08:00:00Z","end":"2027-02-01T09:00:00Z"}}"#;
    let path =
        format!("{lab}/environmentsettings/default/schedules/Default_12345?api-version=2019-01-01-preview");
    let made = served.send("PUT", &path, schedule);
    assert!(made.contains(" 20"), "{made}");
    let imported = import(&place, &served, SUBSCRIPTION);
    imported.speaks_of(0, "Not in the files (1):");
    imported.speaks_of(0, "    a student; rosters come with a later version");
    assert!(!imported.stdout.contains("ada@"), "{}", imported.stdout);
    let labs = std::fs::read_to_string(place.project().join("labs.yaml")).expect("a file");
    let once = "        days:
        - Mon
        from: 2027-02-01
        start: 08:00
        stop: 09:00
        timeZone: W. Europe Standard Time
        until: 2027-02-01
";
    assert!(labs.contains(&format!("    schedules:\n      Default_12345:\n{once}")), "{labs}");
    assert_eq!(labs.matches("schedules: timetable\n").count(), 4, "{labs}");
    assert!(labs.contains("  timetable:\n    events:\n      lecture:\n"), "{labs}");
    place.run("plan --detailed-exitcode").says(0, "No changes.");
}

#[test]
fn an_import_that_broke_off_is_finished_by_the_next() {
    let (served, _, place) = applied();
    import(&place, &served, SUBSCRIPTION).speaks_of(0, "Import complete!");
    let labs = std::fs::read(place.project().join("labs.yaml")).expect("a file");
    // Broken off between two files: no state, one file and the project's own are still to be written.
    for gone in [place.project().join(".labwright"), place.home().join("state")] {
        std::fs::remove_dir_all(gone).expect("removed");
    }
    for gone in ["labs.yaml", "labwright.yaml"] {
        std::fs::remove_file(place.project().join(gone)).expect("removed");
    }
    import(&place, &served, SUBSCRIPTION).speaks_of(0, "Import complete!");
    assert_eq!(std::fs::read(place.project().join("labs.yaml")).expect("a file"), labs);
    // Broken off before the record: every file is there.
    for gone in [place.project().join(".labwright"), place.home().join("state")] {
        std::fs::remove_dir_all(gone).expect("removed");
    }
    let again = place.run(&format!("import --from {SUBSCRIPTION}"));
    again.speaks_of(0, "Import complete!");
    place.run("plan --detailed-exitcode").says(0, "No changes.");
}

#[test]
fn what_came_since_is_imported_beside_what_is_there() {
    let (served, original, place) = applied();
    import(&place, &served, SUBSCRIPTION).speaks_of(0, "Import complete!");
    let labs = std::fs::read(place.project().join("labs.yaml")).expect("a file");
    let own = "labs:\n  by-hand: { in: LabAccount/cs-core-la, image: cs-base-ubuntu, size: Small, capacity: 3, title: By hand, credentials: student }\n";
    original.edit("labs.yaml", "labs:\n", own);
    original.run("apply --yes").says(0, "Apply complete! Resources: 1 added, 0 changed, 0 destroyed.");
    let again = place.run(&format!("import --from {SUBSCRIPTION}"));
    again.says(0, "Written: labs-2.yaml.");
    again.says(0, "Import complete! Resources: 1 imported.");
    assert!(!again.stdout.contains("PASSWORD"), "its account is known: {}", again.stdout);
    assert_eq!(std::fs::read(place.project().join("labs.yaml")).expect("a file"), labs);
    place.run("plan --detailed-exitcode").says(0, "No changes.");
    place.run("drift").speaks_of(0, "No drift");
    let nothing = place.run(&format!("import --from {SUBSCRIPTION}"));
    nothing.says(0, "Import complete! Resources: 0 imported.");
    assert!(!nothing.stdout.contains("Written"), "{}", nothing.stdout);
}

#[test]
fn no_file_is_overwritten_and_then_nothing_is_written_at_all() {
    let (served, _, place) = applied();
    std::fs::create_dir_all(place.project()).expect("a folder");
    std::fs::write(place.project().join("labs.yaml"), "labs: {}\n").expect("written");
    let refused = place.command(&format!("import --from {SUBSCRIPTION} --endpoint {}", served.url)).output();
    let refused = String::from_utf8(refused.expect("it runs").stderr).expect("text");
    assert!(refused.contains("labs.yaml") && refused.contains("labwright::cli::not_over"), "{refused}");
    assert_eq!(std::fs::read(place.project().join("labs.yaml")).expect("a file"), b"labs: {}\n");
    for name in ["labwright.yaml", "groups.yaml", "images.yaml", ".labwright/state.db"] {
        assert!(!place.project().join(name).exists(), "{name}");
    }
}

#[test]
fn what_stays_out_of_the_files_is_named() {
    let (served, original, place) = applied();
    original.edit("labwright.yaml", "  cs-images-rg: {}", "  cs-images-rg: {}\n  spare-rg: {}");
    assert_eq!(original.run("apply --yes").code, 0);
    let spare = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/spare-rg");
    import(&place, &served, SUBSCRIPTION).says(0, &format!("  {spare}"));
}

#[test]
fn an_imported_group_is_never_deleted_to_be_made_anew() {
    let (served, _, place) = applied();
    import(&place, &served, SUBSCRIPTION).speaks_of(0, "Import complete!");
    let groups = place.project().join("groups.yaml");
    let own = "  cs-images-rg:\n    location: northeurope";
    let text = std::fs::read_to_string(&groups).expect("a file").replace("  cs-images-rg: {}", own);
    assert!(text.contains(own), "{text}");
    std::fs::write(&groups, text).expect("written");
    place.run("plan").speaks_of(4, "ResourceGroup/cs-images-rg to make it anew");
}

#[test]
fn an_attachment_keeps_a_name_that_is_not_its_gallerys() {
    let served = Served::start();
    let original = Place::against("contoso-cs", &served.url);
    original.edit(
        "accounts.yaml",
        "    gallery: sig_cs_ai\n",
        "    gallery: sig_cs_ai\n    name: cs-ai-la\n",
    );
    assert_eq!(original.run("apply --yes").code, 0);
    let mut place = Place::empty();
    place.set("AZURE_TENANT_ID", "22222222-2222-2222-2222-222222222222");
    place.set("AZURE_CLIENT_ID", "story");
    place.set("AZURE_CLIENT_SECRET", "mark-of-the-client-0");
    import(&place, &served, SUBSCRIPTION).speaks_of(0, "Import complete! Resources: 85 imported.");
    let accounts = std::fs::read_to_string(place.project().join("accounts.yaml")).expect("a file");
    assert_eq!(accounts.matches("name:").count(), 1, "{accounts}");
    assert!(accounts.contains("    name: cs-ai-la\n"), "{accounts}");
    place.run("plan --detailed-exitcode").says(0, "No changes.");
    place.run("drift").speaks_of(0, "No drift");
}

#[test]
fn one_gallery_is_imported_alone() {
    let (served, _, place) = applied();
    let id = format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/cs-images-rg/providers/Microsoft.Compute/galleries/sig_cs_ai"
    );
    import(&place, &served, &id).says(0, "Import complete! Resources: 8 imported.");
    place.run("plan --detailed-exitcode").says(0, "No changes.");
    place.run("drift").speaks_of(0, "No drift");
    import(&place, &served, "nonsense").speaks_of(64, "name a subscription");
}

#[test]
fn defaults_that_stand_there_already_add_nothing_to_what_is_imported() {
    let (served, _, place) = applied();
    std::fs::create_dir_all(place.project()).expect("a folder");
    let settings = format!(
        "project: own\ncloud: {{ azure: {{ subscription: {SUBSCRIPTION}, endpoint: '{}' }} }}\n",
        served.url
    );
    let file = place.project().join("labwright.yaml");
    std::fs::write(&file, format!("{settings}defaults: {{ all: {{ description: ours }} }}\n"))
        .expect("written");
    place.run(&format!("import --from {SUBSCRIPTION}")).speaks_of(4, "labwright::cli::not_as_found");
    assert!(!place.project().join("labs.yaml").exists());
    std::fs::write(&file, &settings).expect("written");
    place.run(&format!("import --from {SUBSCRIPTION}")).speaks_of(0, "Import complete!");
    assert_eq!(std::fs::read_to_string(&file).expect("a file"), settings);
    place.run("plan --detailed-exitcode").says(0, "No changes.");
}
