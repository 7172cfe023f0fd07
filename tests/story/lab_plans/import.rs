//! What exists is taken over: by an import, or by `adopt: true`.

use super::{GROUP, lab_id, place, plan_id, send};
use crate::place::{Ended, Place, ended};
use crate::served::{Served, world};

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
    first.edit("labwright.yaml", "\nlabs:\n", "\nlabs:\n  other: { name: organic, resourceGroup: chemistry-labs-rg, image: molecules, size: Small, quota: 1h }\n");
    first.edit("labwright.yaml", "  organic:\n", "  organic:\n    name: gone\n");
    let twice = first.run(&format!("import Lab/other {}", lab_id("organic")));
    twice.speaks_of(64, "Lab/organic is recorded already");
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
fn a_plan_and_labs_that_exist_are_adopted_as_they_are() {
    let azure = Served::start();
    assert_eq!(place(&azure).run("apply --yes").code, 0);
    let place = place(&azure);
    for line in [
        "  lp-chemistry:\n",
        "  chemistry-rg: {}\n",
        "  chemistry-labs-rg: {}\n",
        "  molecules:\n",
        "  chemistry:\n",
        "  spectra-golden:\n",
        "  organic:\n",
        "  analytical:\n",
    ] {
        let adopted = match line.strip_suffix(" {}\n") {
            Some(key) => format!("{key} {{ adopt: true }}\n"),
            None => format!("{line}    adopt: true\n"),
        };
        place.edit("labwright.yaml", line, &adopted);
    }
    place.edit("labwright.yaml", "sig_chemistry: {", "sig_chemistry: { adopt: true,");
    place.edit("labwright.yaml", "      1.0.0:\n", "      1.0.0:\n        adopt: true\n");
    place.edit("labwright.yaml", "    capacity: 20\n", "    capacity: 25\n");
    // The image that was exported is there too, and so is its export: it is noted, not done again.
    place.edit("labwright.yaml", "  spectra:\n", "  spectra:\n    adopt: true\n");
    let before = world(&azure.data());
    place.run("apply --yes").speaks_of(0, "11 imported");
    assert_eq!(world(&azure.data()), before, "nothing in Azure changes");
    place.run("plan --detailed-exitcode").speaks_of(2, "capacity  20 → 25");
    place.run("apply --yes").says(0, "Apply complete! Resources: 0 added, 1 changed, 0 destroyed.");
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
}
