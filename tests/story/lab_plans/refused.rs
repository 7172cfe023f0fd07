//! What Azure would refuse is told before it is asked, or is not overwritten.

use super::{count, lab_id, place, send};
use crate::place::Place;
use crate::served::Served;

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
            organic,
            "  organic:\n    location: northeurope # copied\n",
            4,
            "GEO-03: no version of Image/molecules is copied to `northeurope`, where the lab is",
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
        if said.starts_with("GEO-05") || to.ends_with("# copied\n") {
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
    let made: Vec<serde_json::Value> = azure
        .end()
        .into_iter()
        .filter(|asked| asked.path.ends_with("/labs/extra"))
        .map(|asked| asked.body)
        .collect();
    assert!(made.is_empty(), "{made:?}");
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
