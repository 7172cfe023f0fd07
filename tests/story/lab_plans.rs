//! Lab plans: both user stories there and back, what somebody else changes, and runs that break off.

use serde_json::Value;

use super::place::{Ended, Place, ended};
use super::served::{Asked, Heard, Served, world};

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
fn a_change_that_somebody_else_made_meanwhile_is_not_overwritten() {
    let azure = Served::start();
    let place = place(&azure);
    assert_eq!(place.run("apply --yes").code, 0);
    send(&azure, "PATCH", &lab_id("organic"), r#"{"properties":{"title":"Alchemy"}}"#);
    place.edit("labwright.yaml", "capacity: 20", "capacity: 23");
    let refused = place.run("apply --yes");
    refused.speaks_of(5, "changed in Azure since it was recorded: `title`");
    assert_eq!(count(&azure.end(), "PATCH", "/labs/organic"), 1, "only theirs");
}

#[test]
fn a_gallery_that_somebody_attached_is_refused_or_adopted() {
    let azure = Served::start();
    let place = place(&azure);
    let block = "  chemistry:\n    to: LabPlan/lp-chemistry\n    gallery: sig_chemistry\n    enabledImages: [molecules, spectra]\n";
    place.edit("labwright.yaml", &format!("galleryAttachments:\n{block}"), "");
    place.edit("labwright.yaml", "image: molecules", "image: Marketplace/Ubuntu Server 22.04 LTS");
    place.edit(
        "labwright.yaml",
        "image: spectra",
        "image: Marketplace/Ubuntu Server 22.04 LTS\n    credentials: educator",
    );
    place.edit(
        "labwright.yaml",
        "    exportedFrom: { lab: spectra-golden, revision: 1, fresh: true }",
        "    exportedFrom: { lab: spectra-golden, revision: 0 }",
    );
    assert_eq!(place.run("apply --yes").code, 0);
    let gallery = format!("{GROUP}/providers/Microsoft.Compute/galleries/sig_chemistry");
    send(&azure, "PATCH", &plan_id(), &format!(r#"{{"properties":{{"sharedGalleryId":"{gallery}"}}}}"#));
    let attachment = block.replace("[molecules, spectra]", "[molecules]");
    place.edit("labwright.yaml", "\nlabs:\n", &format!("\ngalleryAttachments:\n{attachment}\nlabs:\n"));
    let refused = place.run("apply --yes");
    refused.speaks_of(5, "`sharedGalleryId` of");
    refused.speaks_of(5, "adopt: true");
    place.edit(
        "labwright.yaml",
        "    gallery: sig_chemistry\n    enabledImages",
        "    gallery: sig_chemistry\n    adopt: true\n    enabledImages",
    );
    place.run("apply --yes").speaks_of(0, "1 imported");
    place.run("apply --yes").says(0, "Apply complete! Resources: 0 added, 1 changed, 0 destroyed.");
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
    place.run("drift").says(0, "No drift.");
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
fn a_run_that_broke_off_goes_on_and_does_nothing_twice() {
    for (method, part) in [
        ("PATCH", "/labplans/lp-chemistry"),
        ("POST", "/saveimage"),
        ("PUT", "/labs/organic"),
        ("POST", "/publish"),
    ] {
        for way in ["resume", "apply --yes"] {
            let mut azure = Served::start();
            let place = place(&azure);
            let mut run = azure.begin(&place, "apply --yes");
            azure.until_asked(method, part);
            run.kill().expect("it was running");
            run.wait().expect("it is dead");
            azure.rest();
            let gone_on = place.run(way);
            assert_eq!(gone_on.code, 0, "{way} after {method} {part}: {gone_on:?}");
            place.run("apply --yes").says(0, "No changes.");
            place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
            done_once(&azure.end());
        }
    }
}

/// Kills runs after ever more requests, until one is through before.
#[test]
fn killed_after_any_number_of_requests_a_run_goes_on_and_does_nothing_twice() {
    let unhurt = Served::start();
    assert_eq!(place(&unhurt).run("apply --yes").code, 0);
    let whole = world(&unhurt.data());
    for requests in (2..).step_by(9) {
        let mut azure = Served::start();
        let place = place(&azure);
        let mut run = azure.begin(&place, "apply --yes");
        let mut asked = 0;
        let is_through = loop {
            match azure.next() {
                Heard::Asked(_) if asked == requests => break false,
                Heard::Asked(_) => asked += 1,
                Heard::Said(_) => {}
                Heard::Ended => break true,
            }
        };
        run.kill().ok();
        run.wait().expect("it is dead");
        if is_through {
            assert!(requests > 40, "{requests} requests are too few to mean anything");
            return;
        }
        azure.rest();
        let gone_on = place.run("apply --yes");
        assert_eq!(gone_on.code, 0, "after {requests}: {gone_on:?}");
        place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
        let hurt = world(&azure.data());
        let differing: Vec<_> = hurt.iter().filter(|(id, body)| whole.get(*id) != Some(body)).collect();
        assert!(differing.is_empty() && hurt.len() == whole.len(), "after {requests}: {differing:?}");
        done_once(&azure.end());
    }
}

#[test]
fn lost_answers_and_refusals_end_as_if_there_were_none() {
    let unhurt = Served::start();
    assert_eq!(place(&unhurt).run("apply --yes").code, 0);
    let azure = Served::with(&[
        "on=POST:**/publish;nth=1;cut=after",
        "on=POST:**/saveImage;nth=1;cut=after",
        "on=PATCH:**/labPlans/*;nth=1;cut=after",
        "on=PUT:**/labs/*;first=2;cut=after",
        "on=PATCH:**/images/*;nth=1;status=503",
        "on=PUT:**/labPlans/*;nth=1;status=429;retry-after=1",
    ]);
    let place = place(&azure);
    let applied = place.run("apply --yes");
    assert_eq!(applied.code, 0, "{applied:?}");
    let (hurt, unhurt) = (world(&azure.data()), world(&unhurt.data()));
    let differing = hurt.iter().filter(|(id, body)| unhurt.get(*id) != Some(body));
    assert_eq!(differing.collect::<Vec<_>>(), []);
    assert_eq!(hurt.len(), unhurt.len());
    done_once(&azure.end());
}

#[test]
fn an_operation_that_fails_late_is_mended_by_the_next_run() {
    for (fault, part) in [
        ("on=PATCH:**/labPlans/*;nth=1;operation=fail", "GalleryAttachment/chemistry"),
        ("on=PUT:**/labs/organic;nth=1;operation=fail", "Lab/organic"),
        ("on=POST:**/publish;nth=1;operation=fail", "publish organic"),
        ("on=POST:**/saveImage;nth=1;operation=fail", "export spectra"),
        ("on=PUT:**/labPlans/*;nth=1;operation=fail", "LabPlan/lp-chemistry"),
    ] {
        let azure = Served::with(&[fault]);
        let place = place(&azure);
        place.run("apply --yes").speaks_of(5, part);
        let again = place.run("apply --yes");
        assert_eq!(again.code, 0, "{fault}: {again:?}");
        place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
        place.run("destroy --yes").speaks_of(0, "Destroy complete!");
        assert!(world(&azure.data()).is_empty(), "{fault}");
    }
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

#[test]
fn what_a_lab_plan_needs_is_looked_at_before() {
    let azure = Served::start();
    let place = place(&azure);
    place.run("doctor").speaks_of(0, "Nothing is in the way.");
    assert_eq!(place.run("apply --yes").code, 0);
    place.edit("labwright.yaml", "capacity: 20", "capacity: 30");
    let lab = "\n  extra: { image: Marketplace/Ubuntu Server 2204 LTS, size: Medium GPU (Visualization), capacity: 1, quota: 1h, credentials: educator }\n";
    place.edit("labwright.yaml", "\nlabs:\n", &format!("\nlabs:{lab}"));
    let doctor = place.run("doctor");
    doctor.speaks_of(4, "lp-chemistry has no image `Ubuntu Server 2204 LTS`; the");
    doctor.speaks_of(4, "Small in westeurope is on offer");
    doctor.speaks_of(4, "Medium GPU (Visualization) in westeurope is on offer");
    doctor.speaks_of(4, "that are left");
    doctor.speaks_of(4, "gallery sig_chemistry: no application has Owner");
    doctor.speaks_of(4, "--assignee c7bb12bf-0b39-4f7f-9171-f418ff39b76a --role Owner");
    assert_eq!(place.run("apply --yes").code, 4);
    let made: Vec<Value> = azure
        .end()
        .into_iter()
        .filter(|asked| asked.path.ends_with("/labs/extra"))
        .map(|asked| asked.body)
        .collect();
    assert!(made.is_empty(), "{made:?}");
}

/// A place without a project, from which the emulator can be reached.
fn empty() -> Place {
    let mut place = Place::empty();
    place.set("AZURE_TENANT_ID", "22222222-2222-2222-2222-222222222222");
    place.set("AZURE_CLIENT_ID", "story");
    place.set("AZURE_CLIENT_SECRET", "mark-of-the-client-0");
    place
}

fn import(place: &Place, azure: &Served, scope: &str) -> Ended {
    let mut command = place.command("");
    command.current_dir(place.home()).args(["import", "--from", scope, "--endpoint", &azure.url]);
    ended(command.arg("--out").arg(place.project()))
}

#[test]
fn what_exists_is_imported_whole_or_from_a_plan_or_a_lab_alone() {
    let azure = Served::start();
    assert_eq!(place(&azure).run("apply --yes").code, 0);
    let before = world(&azure.data());
    for (scope, count) in [
        ("11111111-1111-1111-1111-111111111111", 12),
        (plan_id().as_str(), 10),
        (lab_id("organic").as_str(), 8),
    ] {
        let place = empty();
        let imported = import(&place, &azure, scope);
        imported.says(0, &format!("Import complete! Resources: {count} imported."));
        assert!(!imported.stdout.contains("Not in the files"), "{}", imported.stdout);
        place.run("plan --detailed-exitcode").says(0, "No changes.");
        place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
        place.run("drift").speaks_of(0, "No drift");
        let labs = std::fs::read_to_string(place.project().join("labs.yaml")).expect("a file");
        assert!(
            labs.contains("    nonAdmin: student\n") && labs.contains("    image: molecules\n"),
            "{labs}"
        );
    }
    assert_eq!(world(&azure.data()), before, "nothing in Azure changes");
}

#[test]
fn what_goes_with_no_plan_and_what_is_below_a_lab_is_named_and_left_alone() {
    let azure = Served::start();
    assert_eq!(place(&azure).run("apply --yes").code, 0);
    send(
        &azure,
        "PUT",
        &format!("{}/users/ada", lab_id("organic")),
        r#"{"properties":{"email":"ada@contoso.edu"}}"#,
    );
    let schedule = r#"{"properties":{"stopAt":"2027-02-01T09:00:00Z","startAt":"2027-02-01T08:00:00Z","timeZoneId":"Europe/Berlin"}}"#;
    send(&azure, "PUT", &format!("{}/schedules/lecture", lab_id("organic")), schedule);
    let other = schedule.replace("Europe/Berlin", "Antarctica/Troll");
    send(&azure, "PUT", &format!("{}/schedules/polar", lab_id("organic")), &other);
    let lone = r#"{"location":"westeurope","properties":{"autoShutdownProfile":{},"connectionProfile":{},"securityProfile":{},"virtualMachineProfile":{"createOption":"Image","imageReference":{"publisher":"canonical","offer":"0001-com-ubuntu-server-jammy","sku":"22_04-lts"},"sku":{"name":"Classic_Fsv2_2_4GB_128_S_SSD","capacity":1},"usageQuota":"PT1H","adminUser":{"username":"a","password":"Mark-of-a-1!"}}}}"#;
    send(&azure, "PUT", &lab_id("lone"), lone);
    let place = empty();
    let imported = import(&place, &azure, "11111111-1111-1111-1111-111111111111");
    imported.speaks_of(0, "Not in the files (3):");
    imported.speaks_of(0, "/labs/lone\n    it belongs to no lab plan");
    imported.speaks_of(0, "    a student; rosters come with a later version");
    imported
        .speaks_of(0, "/schedules/polar\n    its time zone `Antarctica/Troll` is none that labwright knows");
    let labs = std::fs::read_to_string(place.project().join("labs.yaml")).expect("a file");
    assert!(labs.contains("    schedules:\n      lecture:\n        days:\n        - Mon\n"), "{labs}");
    assert!(!imported.stdout.contains("ada@"), "{}", imported.stdout);
    place.run("plan --detailed-exitcode").says(0, "No changes.");
}

#[test]
fn one_resource_after_the_other_is_recorded_under_its_own_id() {
    let azure = Served::start();
    let first = place(&azure);
    assert_eq!(first.run("apply --yes").code, 0);
    let place = place(&azure);
    for (address, id) in [
        ("LabPlan/lp-chemistry", plan_id()),
        ("Gallery/sig_chemistry", format!("{GROUP}/providers/Microsoft.Compute/galleries/sig_chemistry")),
        ("GalleryAttachment/chemistry", format!("{}/sharedGalleryId", plan_id())),
        ("Lab/organic", lab_id("organic")),
    ] {
        place.run(&format!("import {address} {id}")).says(0, "Import complete! Resources: 1 imported.");
    }
    let wrong = place.run(&format!("import Lab/analytical {}", lab_id("organic")));
    wrong.speaks_of(64, "by the files Lab/analytical is");
    let plan = place.run("plan --detailed-exitcode --format json").json();
    let touched = ["LabPlan/lp-chemistry", "Lab/organic", "Gallery/sig_chemistry"];
    let changed = plan["changes"].as_array().expect("changes").iter();
    let changed: Vec<_> =
        changed.filter(|own| touched.iter().any(|address| own["address"] == *address)).collect();
    assert!(changed.is_empty(), "{changed:?}");
}

#[test]
fn what_azure_would_refuse_is_told_before_it_is_asked() {
    let other = "  chemistry-rg: {}\n";
    let account = "  chemistry-rg: {}\nlabAccounts:\n  la: {}\n";
    let organic = "  organic:\n    resourceGroup: chemistry-labs-rg\n";
    for (from, to, code, said) in [
        (
            organic,
            "  organic:\n    location: northeurope\n",
            4,
            "GEO-06: LabPlan/lp-chemistry allows no labs in `northeurope`; it does in westeurope",
        ),
        (
            "    image: Marketplace/Ubuntu Server 22.04 LTS\n",
            "    image: Marketplace/Ubuntu Server 22.04 LTS\n    location: northeurope\n",
            4,
            "GEO-05: the lab is in `northeurope`",
        ),
        (
            "sig_chemistry: { description",
            "sig_chemistry: { location: northeurope, description",
            4,
            "GEO-04: the gallery is in `northeurope`",
        ),
        (
            "replicate: { regions: { westeurope: 1 } }",
            "replicate: { geography: France, regions: { westeurope: 1 } }",
            0,
            "",
        ),
        (
            "  lp-chemistry:\n    allowed",
            "  lp-chemistry:\n    location: northeurope\n    allowed",
            4,
            "GEO-03: no version of Image/molecules is copied to `northeurope`",
        ),
        ("username: student,", "username: Educator,", 4, "LAB-11"),
        ("    quota: 20h\n", "", 4, "LAB-21: a new lab of a lab plan needs `quota`"),
        (
            "enabledImages: [molecules, spectra]",
            "enabledImages: { including: [molecules] }",
            0,
            "IMG-19: GalleryAttachment/chemistry does not switch Image/spectra on",
        ),
        (
            "enabledImages: [molecules, spectra]",
            "enabledImages: [spectra]",
            4,
            "IMG-19: Image/molecules is not among the images",
        ),
        ("template: true", "template: false", 4, "EXP-01"),
        (
            "cloud: emulator",
            "cloud: { azure: { subscription: 11111111-1111-1111-1111-111111111111, tenant: 22222222-2222-2222-2222-222222222222 } }",
            0,
            "RET-03: Azure creates lab plans only",
        ),
        (
            "cloud: emulator",
            "cloud: { azure: { subscription: 11111111-1111-1111-1111-111111111111, tenant: 22222222-2222-2222-2222-222222222222 } }",
            0,
            "GAL-05: Azure attaches Gallery/sig_chemistry",
        ),
        (other, account, 0, ""),
    ] {
        let place = Place::of("lab-plans");
        place.edit("labwright.yaml", from, to);
        if to.contains("location: northeurope") && said.contains("GEO-05") {
            place.edit(
                "labwright.yaml",
                "allowedRegions: [westeurope]",
                "allowedRegions: [westeurope, northeurope]",
            );
        }
        let plan = place.run("plan");
        let text = format!("{}{}", plan.stdout, plan.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
        let said = said.split_once(": ").map_or(said, |(_, words)| words);
        assert!(plan.code == code && text.contains(said), "{code} and `{said}`, not {}: {text}", plan.code);
    }
    let place = Place::of("lab-plans");
    place.edit("labwright.yaml", other, account);
    place.edit("labwright.yaml", "galleryAttachments:\n", "galleryAttachments:\n  account: { to: LabAccount/la, gallery: sig_chemistry, enabledImages: [spectra] }\n");
    place.edit(
        "labwright.yaml",
        "  analytical:\n    resourceGroup: chemistry-labs-rg\n",
        "  analytical:\n    in: LabAccount/la\n",
    );
    place.edit("labwright.yaml", "size: Fsv2_4_8GB_128_S_SSD", "size: Medium");
    let refused = place.run("plan");
    refused.speaks_of(4, "Image/spectra is exported from Lab/spectra-golden, a lab of a lab plan");
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
