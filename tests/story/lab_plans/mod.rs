//! Lab plans: both user stories there and back, what somebody else changes, and runs that break off.

mod broken_off;
mod import;
mod refused;

use serde_json::Value;

use super::place::Place;
use super::served::{Asked, Served, world};

const GROUP: &str = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/chemistry-rg";
const LABS: &str = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/chemistry-labs-rg";

/// The example, against an emulator in a process of its own.
fn place(azure: &Served) -> Place {
    let mut place = Place::against("lab-plans", &azure.url);
    place.set("STUDENT_PASSWORD", "Mark-of-students-4!");
    place
}

/// What somebody else does to a resource below a group.
fn send(azure: &Served, method: &str, id: &str, body: &str) {
    let said = azure.send(method, &format!("{id}?api-version=2023-06-07"), body);
    assert!(said.contains(" 20"), "{method} {id}: {said}");
}

fn plan_id() -> String {
    format!("{GROUP}/providers/Microsoft.LabServices/labPlans/lp-chemistry")
}

fn lab_id(name: &str) -> String {
    format!("{LABS}/providers/Microsoft.LabServices/labs/{name}")
}

/// How often something took effect.
fn count(asked: &[Asked], method: &str, end: &str) -> usize {
    asked.iter().filter(|asked| asked.took(method, end) && asked.path.ends_with(end)).count()
}

/// What takes effect but once: labs, the export and the publish.
fn done_once(asked: &[Asked]) {
    for lab in ["spectra-golden", "organic", "analytical"] {
        let made = asked.iter().filter(|asked| {
            asked.method == "PUT" && asked.status == 201 && asked.path.ends_with(&format!("/labs/{lab}"))
        });
        assert_eq!(made.count(), 1, "{lab}");
    }
    assert_eq!((count(asked, "POST", "/saveimage"), count(asked, "POST", "/publish")), (1, 1));
}

/// The places in which each of `wanted` was asked for, all in order.
#[track_caller]
fn in_order(asked: &[Asked], wanted: &[(&str, &str)]) {
    let at = |(method, end): &(&str, &str)| {
        asked.iter().position(|asked| asked.took(method, end) && asked.path.ends_with(end))
    };
    let places: Vec<_> = wanted.iter().map(at).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{wanted:?} at {places:?}");
}

#[test]
fn both_stories_go_there_and_back_on_a_lab_plan() {
    let azure = Served::start();
    let place = place(&azure);
    place.run("apply --yes").says(0, "Apply complete! Resources: 11 added, 0 changed, 0 destroyed.");
    place.run("apply --yes").says(0, "No changes.");
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
    place.run("drift").says(0, "No drift.");
    for file in place.files() {
        let bytes = std::fs::read(&file).expect("a file");
        let holds = bytes.windows(8).any(|window| window == b"Mark-of-");
        assert!(!holds, "a password is in {}", file.display());
    }

    let line = place.line_of("labwright.yaml", "capacity: 20");
    place.edit("labwright.yaml", "capacity: 20", "capacity: 23");
    let plan = place.run("plan --detailed-exitcode --format json");
    assert_eq!(plan.code, 2, "{}", plan.stderr);
    let changes = plan.json()["changes"].clone();
    let change = &changes[0]["attributes"][0];
    assert_eq!((changes.as_array().map(Vec::len), &change["path"]), (Some(1), &"capacity".into()));
    assert_eq!(change["source"]["line"], line);
    place.run("apply --yes").says(0, "Apply complete! Resources: 0 added, 1 changed, 0 destroyed.");
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
    let machines = world(&azure.data()).keys().filter(|id| id.contains("/organic/virtualmachines/")).count();
    assert_eq!(machines, 24, "one for each student, and the template");

    place.run("destroy --yes").says(0, "Destroy complete! Resources: 11 destroyed.");
    assert!(world(&azure.data()).is_empty(), "{:?}", world(&azure.data()).keys());
    assert_eq!(place.run("state list").stdout, "");
    let asked = azure.end();
    done_once(&asked);
    in_order(
        &asked,
        &[
            ("PATCH", "/labplans/lp-chemistry"),
            ("POST", "/saveimage"),
            ("PATCH", "/images/spectra"),
            ("PUT", "/labs/analytical"),
            ("DELETE", "/labs/analytical"),
            ("DELETE", "/labplans/lp-chemistry"),
            ("DELETE", "/galleries/sig_chemistry"),
        ],
    );
    assert_eq!(puts_of_the_plan(&asked), [false, true], "made, then PUT once more to detach");
    assert!(!asked.iter().any(|asked| asked.text.contains("Mark-of-")), "the recorder masks passwords");
}

/// Of each PUT of the plan, whether it took the gallery away.
fn puts_of_the_plan(asked: &[Asked]) -> Vec<bool> {
    let puts = asked.iter().filter(|asked| asked.took("PUT", "/labplans/lp-chemistry"));
    let has_id = |asked: &Asked| asked.body["id"].is_string();
    puts.filter(|asked| asked.path.ends_with("/lp-chemistry")).map(has_id).collect()
}

#[test]
fn what_somebody_else_changes_is_drift_and_is_put_back() {
    let azure = Served::start();
    let place = place(&azure);
    assert_eq!(place.run("apply --yes").code, 0);
    send(
        &azure,
        "PATCH",
        &plan_id(),
        r#"{"properties":{"supportInfo":{"email":"other@contoso.edu"},"defaultConnectionProfile":{"webSshAccess":"Public"}}}"#,
    );
    send(
        &azure,
        "PATCH",
        &format!("{}/images/spectra", plan_id()),
        r#"{"properties":{"enabledState":"Disabled"}}"#,
    );
    let portal = r#"{"properties":{"title":"Alchemy","securityProfile":{"openAccess":"Enabled"},"autoShutdownProfile":{"shutdownOnIdle":"LowUsage"}}}"#;
    send(&azure, "PATCH", &lab_id("organic"), portal);
    let drift = place.run("drift --format json");
    assert_eq!(drift.code, 2, "{}", drift.stderr);
    let document = drift.json();
    let changes = document["changes"].as_array().expect("changes");
    let paths: Vec<_> = changes
        .iter()
        .flat_map(|change| {
            let paths = change["attributes"].as_array().expect("attributes").iter();
            paths.map(|own| format!("{} {}", change["address"], own["path"]).replace('"', ""))
        })
        .collect();
    // What the files do not say is nobody's business: webSsh of the plan, what idle means.
    assert_eq!(
        paths,
        [
            "GalleryAttachment/chemistry enabledImages",
            "Lab/organic access",
            "Lab/organic title",
            "LabPlan/lp-chemistry support.email"
        ]
    );
    place.run("apply --yes").says(0, "No changes.");
    place.run("apply --yes --refresh").says(0, "Apply complete! Resources: 0 added, 3 changed, 0 destroyed.");
    place.run("drift").says(0, "No drift.");
}

#[test]
fn another_plan_and_another_gallery_of_somebody_elses_are_put_back_in_place() {
    let azure = Served::start();
    let place = place(&azure);
    assert_eq!(place.run("apply --yes").code, 0);
    let (other, gallery) = (plan_id().replace("lp-chemistry", "lp-other"), "galleries/sig_other");
    send(&azure, "PUT", &other, r#"{"location":"westeurope","properties":{}}"#);
    let gallery = format!("{GROUP}/providers/Microsoft.Compute/{gallery}");
    let made =
        azure.send("PUT", &format!("{gallery}?api-version=2024-03-03"), r#"{"location":"westeurope"}"#);
    assert!(made.contains(" 20"), "{made}");
    send(&azure, "PATCH", &lab_id("organic"), &format!(r#"{{"properties":{{"labPlanId":"{other}"}}}}"#));
    send(&azure, "PATCH", &plan_id(), &format!(r#"{{"properties":{{"sharedGalleryId":"{gallery}"}}}}"#));
    let drift = place.run("drift");
    drift.speaks_of(2, "lp-other");
    drift.speaks_of(2, "sig_other");
    let plan = place.run("plan --refresh --format json").json();
    let verbs: Vec<_> =
        plan["changes"].as_array().expect("changes").iter().map(|own| own["verb"].clone()).collect();
    assert_eq!(verbs, ["replace", "update"], "the attachment, and the lab in place: {plan}");
    place.run("apply --yes --refresh").says(0, "Apply complete! Resources: 1 added, 1 changed, 1 destroyed.");
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
}

#[test]
fn many_labs_of_one_group_are_made_by_rows_and_read_as_one_list() {
    let place = Place::of("lab-plans");
    let rows: Vec<_> = (1..=12).map(|number| format!("{{ n: {number} }}")).collect();
    let block = format!(
        "\nlabs:\n  section-$(n):\n    forEach: {{ rows: [{}] }}\n    image: molecules\n    size: Small\n    capacity: $(n)\n    quota: 1h\n    credentials: educator\n",
        rows.join(", ")
    );
    place.edit("labwright.yaml", "\nlabs:\n", &block);
    place.run("apply --yes").says(0, "Apply complete! Resources: 23 added, 0 changed, 0 destroyed.");
    let drift = place.run("drift -vv");
    drift.says(0, "No drift.");
    let asked =
        |end: &str| drift.stderr.lines().filter(|line| line.contains(&format!("{end} → 200"))).count();
    let group = "/resourceGroups/chemistry-rg/providers/Microsoft.LabServices/labs";
    assert_eq!((asked(group), asked(&format!("{group}/section-7"))), (1, 0), "{}", drift.stderr);
}

#[test]
fn what_is_taken_away_within_a_part_goes_back_to_the_services_own() {
    let azure = Served::start();
    let place = place(&azure);
    assert_eq!(place.run("apply --yes").code, 0);
    place.edit("labwright.yaml", ", instructions: Restart the VM first. }", " }");
    place.edit(
        "labwright.yaml",
        "      autoShutdown: { shutDownAfterDisconnect: 15m }",
        "      autoShutdown: {}",
    );
    place.edit(
        "labwright.yaml",
        "connection: { clientRdp: Public, clientSsh: Public }",
        "connection: { clientRdp: Public }",
    );
    place.edit("labwright.yaml", "tags: { department: chemistry }", "tags: { faculty: science }");
    let plan = place.run("plan --detailed-exitcode");
    assert_eq!(plan.code, 2, "{plan:?}");
    assert_eq!(place.run("apply --yes").code, 0);
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
    let plan = world(&azure.data()).remove(&plan_id().to_lowercase()).expect("the plan");
    assert_eq!(plan["properties"]["supportInfo"]["instructions"], Value::Null);
    assert_eq!(plan["properties"]["defaultAutoShutdownProfile"]["shutdownOnDisconnect"], "Disabled");
    assert_eq!(plan["properties"]["defaultConnectionProfile"]["clientSshAccess"], "None");
    assert_eq!(
        plan["properties"]["sharedGalleryId"].as_str().map(|id| id.ends_with("/sig_chemistry")),
        Some(true)
    );
    assert_eq!(plan["tags"], serde_json::json!({ "faculty": "science" }));
    // Taking the whole away is no longer managing it: Azure is left as it is.
    place.edit("labwright.yaml", "    title: Organic chemistry\n", "");
    place.run("apply --yes").says(0, "Apply complete! Resources: 0 added, 1 changed, 0 destroyed.");
    let lab = world(&azure.data()).remove(&lab_id("organic").to_lowercase()).expect("the lab");
    assert_eq!(lab["properties"]["title"], "Organic chemistry");
}

#[test]
fn a_lab_goes_to_another_plan_without_being_made_anew() {
    let azure = Served::start();
    let place = place(&azure);
    assert_eq!(place.run("apply --yes").code, 0);
    place.edit("labwright.yaml", "labPlans:\n", "labPlans:\n  lp-new: { allowedRegions: [westeurope] }\n");
    place.edit("labwright.yaml", "  spectra-golden:\n", "  spectra-golden:\n    in: LabPlan/lp-new\n");
    let plan = place.run("plan --detailed-exitcode");
    plan.speaks_of(2, "Plan: 1 to add, 1 to change, 0 to destroy.");
    place.run("apply --yes").says(0, "Apply complete! Resources: 1 added, 1 changed, 0 destroyed.");
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
    place.edit("labwright.yaml", "size: Small", "size: Large");
    place.run("plan").speaks_of(0, "--allow replace=1");
}

#[test]
fn a_second_publish_and_a_second_export_are_done_once_more_with_consent() {
    let azure = Served::start();
    let place = place(&azure);
    assert_eq!(place.run("apply --yes").code, 0);
    place.edit("labwright.yaml", "publish: { revision: 1 }", "publish: { revision: 2 }");
    place.edit("labwright.yaml", "revision: 1, fresh: true", "revision: 2, fresh: true");
    place.run("apply --yes").speaks_of(4, "--allow reexport=1");
    assert_eq!(place.run("apply --yes --allow republish --allow reexport").code, 0);
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
    let shown = place.run("state show Export/spectra");
    shown.speaks_of(0, "1.0.1");
    let asked = azure.end();
    assert_eq!((count(&asked, "POST", "/saveimage"), count(&asked, "POST", "/publish")), (2, 2));
}
