//! Every example does what its comments say.

use super::place::Place;

#[test]
fn contoso_works_on_the_emulator_inside() {
    let place = Place::of("contoso-cs");
    place.run("apply --yes").says(0, "Apply complete! Resources: 84 added, 0 changed, 0 destroyed.");
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
    place.run("destroy --yes").says(0, "Destroy complete! Resources: 84 destroyed.");
}

#[test]
fn contoso_is_short_and_is_meant_for_azure_too() {
    let place = Place::of("contoso-cs");
    let files = ["labwright.yaml", "accounts.yaml", "images.yaml", "labs.yaml", "terms/spring27.csv"];
    let text = |file: &&str| std::fs::read_to_string(place.project().join(file)).expect("a file");
    let written: usize = files.iter().map(|file| text(file).lines().count()).sum();
    let meant = place.run("show --config").stdout.lines().count();
    assert!(written * 3 <= meant, "{written} lines for {meant}");
    let plan = place.run("plan --env prod");
    plan.says(0, "Plan: 3 to import, 81 to add, 0 to change, 0 to destroy, 1 to invoke.");
    plan.says(0, "contoso-cs, prod: Azure, subscription main");
    plan.says(0, "  labwright apply --env prod");
}

#[test]
fn a_lab_plan_works_on_the_emulator_inside() {
    let place = Place::of("lab-plans");
    place.run("apply --yes").says(0, "Apply complete! Resources: 11 added, 0 changed, 0 destroyed.");
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
    place.run("graph --format mermaid").speaks_of(0, "flowchart");
    place.run("show --config").speaks_of(0, "labPlans:");
    place.run("destroy --yes").says(0, "Destroy complete! Resources: 11 destroyed.");
}

#[test]
fn the_protected_example_protects() {
    let place = Place::of("protected");
    place.run("apply --yes").says(0, "Apply complete! Resources: 4 added, 0 changed, 0 destroyed.");
    let block = "galleries:\n  sig_guarded:\n    description: Ten years of images\n    protect: true\n";
    place.edit("labwright.yaml", block, "");
    place.run("plan").speaks_of(4, "Gallery/sig_guarded, which is protected");
    place.run("apply --yes --allow delete").speaks_of(4, "Gallery/sig_guarded, which is protected");
    place.run("destroy --yes").speaks_of(4, "which is protected");
    place.edit("labwright.yaml", "labAccounts:", &format!("{block}\nlabAccounts:"));

    place.edit("labwright.yaml", "capacity: 30", "capacity: 20");
    let refused = place.run("apply --yes");
    refused.speaks_of(4, "labwright apply --allow shrink=1");
    place
        .run("apply --yes --allow shrink=1")
        .says(0, "Apply complete! Resources: 0 added, 1 changed, 0 destroyed.");
}

#[test]
fn deleting_the_exam_is_allowed_until_its_day() {
    let mut place = Place::of("protected");
    assert_eq!(place.run("apply --yes").code, 0);
    let file = std::fs::read_to_string(place.project().join("labwright.yaml")).expect("a file");
    let (start, end) = (file.find("labs:").expect("labs"), file.find("policy:").expect("policy"));
    place.edit("labwright.yaml", &file[start..end], "");
    place.set("LABWRIGHT_TODAY", "2027-02-16");
    place.run("apply --yes").speaks_of(4, "--allow delete=1");
    place.set("LABWRIGHT_TODAY", "2027-02-15");
    place.run("apply --yes").says(0, "Apply complete! Resources: 0 added, 0 changed, 1 destroyed.");
}
