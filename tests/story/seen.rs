//! What a user sees of plans, at 80 columns: snapshots of the program's own output.

use super::place::Place;

/// The output without the lines before the first that begins with `from`, and without those after `until`.
fn part<'t>(text: &'t str, from: &str, until: &str) -> Vec<&'t str> {
    let mut part: Vec<_> = text.lines().skip_while(|line| !line.starts_with(from)).collect();
    let end = part.iter().position(|line| line.starts_with(until)).expect("the end is there");
    part.truncate(end + 1);
    assert!(!part.is_empty(), "{from} is there\n{text}");
    part
}

#[test]
fn a_department_from_nothing_takes_a_line_for_most_labs() {
    let place = Place::of("contoso-cs");
    let plan = place.run("plan");
    let wide: Vec<_> = plan.stdout.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(wide.is_empty(), "{wide:#?}");
    assert!(!plan.stdout.contains('…'), "nothing is cut\n{}", plan.stdout);
    let mut shown: Vec<_> = plan.stdout.lines().take(12).collect();
    shown.extend(part(&plan.stdout, "+ Lab/cs220-A", "+ Lab/cs361-A"));
    shown.extend(part(&plan.stdout, "+ Lab/open-lab", "  labwright apply"));
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn every_attribute_is_there_when_asked_for_and_whole() {
    let place = Place::of("quickstart");
    let plan = place.run("plan -v");
    plan.speaks_of(0, "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/physics-rg/providers/Microsoft.Compute/disks/java-dev");
    plan.speaks_of(0, "    title                                  Programming for physicists");
}

#[test]
fn a_plan_over_what_is_there_says_what_is_lost_what_stays_and_what_is_not_known() {
    let place = Place::of("quickstart");
    assert_eq!(place.run("apply --yes").code, 0);
    let file = "labwright.yaml";
    let disk = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/g/providers/Microsoft.Compute/disks/java-dev-2";
    place.edit(
        file,
        "      1.0.0:",
        &format!("      1.1.0: {{ source: {{ managedDisk: {disk} }} }}\n      1.0.0:"),
    );
    let notes = place.run("plan").stdout;
    let expected = "made from java-dev 1.0.0; this plan adds 1.1.0. The lab stays as it is";
    assert!(notes.contains(expected), "{notes}");
    assert_eq!(place.run("apply --yes").code, 0);
    // A newer version is said and is no change.
    let same = place.run("plan --detailed-exitcode");
    same.says(0, "No changes.");
    assert!(same.stdout.ends_with("\nNo changes.\n"), "{}", same.stdout);
    same.speaks_of(0, "made from java-dev 1.0.0; 1.1.0 is newer. The lab stays as it is");
    let document = place.run("plan --format json").json();
    assert_eq!(document["findings"][0]["rule"], "imageVersion");
    assert_eq!(document["findings"][0]["severity"], "info");

    place.edit(file, "lab: simulator-golden, revision: 1", "lab: simulator-golden, revision: 2");
    place.edit(file, "capacity: 12", "capacity: 10\n    access: Restricted");
    place.edit(file, "size: Small", "size: Medium");
    let policy = "\npolicy:\n  allow: [{ shrink: Lab, because: fewer students, until: 2026-11-22 }]\n\nlabs:";
    place.edit(file, "\nlabs:", policy);
    insta::assert_snapshot!(place.run("plan").stdout);
}

#[test]
fn a_renamed_key_is_asked_about_with_the_line_to_paste() {
    let place = Place::of("quickstart");
    assert_eq!(place.run("apply --yes").code, 0);
    place.edit("labwright.yaml", "  mechanics:", "  mechanik:");
    let plan = place.run("plan").stdout;
    insta::assert_snapshot!(part(&plan, "Cannot be undone", "Plan:").join("\n"));
    place.edit("labwright.yaml", "  mechanik:", "  mechanik:\n    name: mechanics");
    place.edit("labwright.yaml", "\nlabs:", "\nmoved: [{ from: Lab/mechanics, to: Lab/mechanik }]\n\nlabs:");
    place.run("plan").says(0, "Plan: 0 to add, 0 to change, 0 to destroy.");
}

#[test]
fn a_destroy_names_the_place_of_each_and_what_goes_along() {
    let place = Place::of("quickstart");
    assert_eq!(place.run("apply --yes").code, 0);
    let gone = place.run("destroy --yes").stdout;
    insta::assert_snapshot!(part(&gone, "quickstart:", "Plan:").join("\n"));
}

#[test]
fn what_was_exported_before_is_not_said_to_be_exported_again() {
    let place = Place::of("quickstart");
    assert_eq!(place.run("apply --yes").code, 0);
    let text = std::fs::read_to_string(place.project().join("labwright.yaml")).expect("a file");
    place.edit("labwright.yaml", &text, &format!("{text}\nforget: [Publish/programming]\n"));
    place.edit("labwright.yaml", "    publish: { revision: 1 }\n", "");
    assert_eq!(place.run("apply --yes").code, 0);
    let with = "    credentials: student\n    publish: { revision: 1 }\n\n  # A lab from the exported";
    place.edit("labwright.yaml", "    credentials: student\n\n  # A lab from the exported", with);
    place.edit("labwright.yaml", "\nforget: [Publish/programming]\n", "");
    let again = place.run("apply --yes");
    again.says(0, "Besides: 1 found done already and recorded.");
}

#[test]
fn the_first_line_says_which_cloud() {
    let place = Place::against("protected", "http://127.0.0.1:9");
    place.run("plan").says(0, "protected: emulator at http://127.0.0.1:9");
    let place = Place::of("protected");
    let cloud = "cloud: { azure: { subscription: main } }\nsubscriptions: { main: { env: MAIN } }";
    place.edit("labwright.yaml", "cloud: emulator", cloud);
    place.run("plan").says(4, "protected: Azure, subscription main");
    place.edit(
        "labwright.yaml",
        "subscription: main }",
        "subscription: main, endpoint: 'https://management.example.org' }",
    );
    place.run("plan").says(4, "protected: Azure at management.example.org, subscription main");
}
