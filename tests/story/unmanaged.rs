//! What a project builds on and does not manage: lab accounts, lab plans, galleries and images by their ids.

use super::place::{Ended, Place};
use super::served::{Served, world};

const SUBSCRIPTION: &str = "11111111-1111-1111-1111-111111111111";

fn id(group: &str, rest: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/{rest}")
}

fn account() -> String {
    id("physics-rg", "Microsoft.LabServices/labaccounts/physics-la")
}

fn plan() -> String {
    id("chemistry-rg", "Microsoft.LabServices/labPlans/lp-chemistry")
}

/// A lab of each generation, each from an image of a gallery that others keep.
fn labs() -> String {
    let java = id("physics-rg", "Microsoft.Compute/galleries/sig_physics/images/java-dev");
    let molecules = id("chemistry-rg", "Microsoft.Compute/galleries/sig_chemistry/images/molecules");
    format!(
        "
credentials:
  student: {{ username: student, password: {{ env: LAB_PASSWORD }} }}
labs:
  optics:
    in: {{ id: {} }}
    image: {{ id: {java} }}
    size: Small
    capacity: 2
    credentials: student
    publish: {{ revision: 1 }}
  organics:
    in: {{ id: {} }}
    image: {{ id: {molecules} }}
    location: westeurope
    size: Small
    capacity: 2
    quota: 10h
    credentials: student
",
        account(),
        plan(),
    )
}

/// A project of our own with these resources, on the ARM at `url` or on the emulator inside.
fn own(url: Option<&str>, resources: &str) -> Place {
    let mut place = Place::empty();
    place.set("AZURE_TENANT_ID", "22222222-2222-2222-2222-222222222222");
    place.set("AZURE_CLIENT_ID", "story");
    place.set("AZURE_CLIENT_SECRET", "mark-of-the-client-0");
    place.set("LAB_PASSWORD", "Mark-of-labs-1!");
    let cloud = match url {
        Some(url) => format!("{{ azure: {{ subscription: {SUBSCRIPTION}, endpoint: '{url}' }} }}"),
        None => "emulator".to_owned(),
    };
    std::fs::create_dir_all(place.project()).expect("a folder");
    let text = format!("project: own\ncloud: {cloud}\n{resources}");
    std::fs::write(place.project().join("labwright.yaml"), text).expect("written");
    place
}

/// Asserts the exit code, and that the result or the problem speaks of `text`, in however many lines.
#[track_caller]
fn speaks(ended: &Ended, code: i32, text: &str) {
    let said = format!("{} {}", ended.stdout, ended.stderr);
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        ended.code == code && said.contains(text),
        "exit {}, {code} and `{text}` expected\n{said}",
        ended.code
    );
}

/// An ARM on which others keep what both generations need.
fn kept_by_others() -> Served {
    let azure = Served::start();
    for example in ["quickstart", "lab-plans"] {
        let mut others = Place::against(example, &azure.url);
        others.set("STUDENT_PASSWORD", "Mark-of-students-4!");
        let applied = others.run("apply --yes");
        assert_eq!(applied.code, 0, "{applied:?}");
    }
    azure
}

#[test]
fn labs_of_both_generations_are_made_where_others_keep_everything() {
    let azure = kept_by_others();
    let place = own(Some(&azure.url), &labs());
    let before = world(&azure.data());
    let doctor = place.run("doctor");
    speaks(&doctor, 0, "lab account physics-la is there");
    speaks(&doctor, 0, "image molecules is there");
    place.run("apply --yes").says(0, "Apply complete! Resources: 2 added, 0 changed, 0 destroyed.");
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
    place.run("drift").says(0, "No drift.");
    let after = world(&azure.data());
    assert!(before.iter().all(|(id, own)| after.get(id) == Some(own)), "what others keep stays as it is");
    assert!(after.contains_key(&format!("{}/labs/optics", account()).to_lowercase()));
    let lab = &after[&id("chemistry-rg", "microsoft.labservices/labs/organics").to_lowercase()];
    assert!(lab.to_string().to_lowercase().contains(&plan().to_lowercase()), "{lab}");

    // An id is the same in any letter case, and a lab stays when another word for its account is written.
    place.edit("labwright.yaml", "physics-la }", "PHYSICS-LA }");
    place.edit(
        "labwright.yaml",
        &plan(),
        &plan().to_uppercase().replace("/SUBSCRIPTIONS/", "/subscriptions/"),
    );
    place.run("plan --detailed-exitcode").says(0, "No changes.");
    place.run("apply --yes").says(0, "No changes.");
    place.run("drift").says(0, "No drift.");
    place.edit("labwright.yaml", "capacity: 2\n    quota", "capacity: 3\n    quota");
    place.run("apply --yes").says(0, "Apply complete! Resources: 0 added, 1 changed, 0 destroyed.");
    place.run("destroy --yes").says(0, "Destroy complete! Resources: 2 destroyed.");
    assert_eq!(world(&azure.data()), before, "nothing of what others keep goes along");
}

#[test]
fn what_was_named_by_its_id_and_gets_a_block_keeps_its_labs() {
    let azure = kept_by_others();
    let place = own(Some(&azure.url), &labs());
    assert_eq!(place.run("apply --yes").code, 0);
    let blocks = format!(
        "labAccounts:\n  la: {{ id: {}, location: westeurope, adopt: true }}\nlabPlans:\n  lp: {{ id: {}, location: westeurope, adopt: true }}\nlabs:\n",
        account().to_uppercase().replace("/SUBSCRIPTIONS/", "/subscriptions/"),
        plan(),
    );
    place.edit("labwright.yaml", "labs:\n", &blocks);
    let known = place.run("plan");
    speaks(&known, 3, "labwright::config::id_of_ours");
    speaks(&known, 3, "write `in: LabAccount/la`");
    place.edit("labwright.yaml", &format!("in: {{ id: {} }}", account()), "in: LabAccount/la");
    place.edit("labwright.yaml", &format!("in: {{ id: {} }}", plan()), "in: LabPlan/lp");
    place.run("plan").says(0, "Plan: 2 to import, 0 to add, 0 to change, 0 to destroy.");
    speaks(&place.run("apply --yes"), 0, "2 imported");
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
    place.run("apply --yes").says(0, "No changes.");
    place.run("drift").says(0, "No drift.");
    let shown = place.run("state show Lab/organics --format json").json();
    assert!(shown.to_string().contains("LabPlan/lp"), "{shown}");
    // And back again: the account is forgotten, its lab stays.
    place.edit("labwright.yaml", "in: LabAccount/la", &format!("in: {{ id: {} }}", account()));
    let line = format!(
        "  la: {{ id: {}, location: westeurope, adopt: true }}\n",
        account().to_uppercase().replace("/SUBSCRIPTIONS/", "/subscriptions/")
    );
    place.edit("labwright.yaml", &format!("labAccounts:\n{line}"), "forget: [LabAccount/la]\n");
    speaks(&place.run("plan"), 0, "Only the record changes x LabAccount/la");
    assert_eq!(place.run("apply --yes").code, 0);
    assert!(!place.run("state list").stdout.contains("LabAccount/la"));
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
    place.run("drift").says(0, "No drift.");
}

#[test]
fn what_is_not_there_is_told_before_anything_is_built_on_it() {
    let inside = own(None, &labs());
    let applied = inside.run("apply --yes");
    speaks(&applied, 5, "labaccounts/physics-la` is not there, and this is built on it");
    speaks(&applied, 5, "labPlans/lp-chemistry` is not there, and this is built on it");
    assert_eq!(inside.run("state list").stdout, "");

    let azure = kept_by_others();
    let place = own(Some(&azure.url), &labs());
    place.edit("labwright.yaml", "/images/java-dev", "/images/java-2");
    let applied = place.run("apply --yes");
    speaks(&applied, 4, "image java-2 is not there");
    // Of a gallery that is there, an image that the lab account does not show.
    place.edit(
        "labwright.yaml",
        &id("physics-rg", "Microsoft.Compute/galleries/sig_physics/images/java-2"),
        &id("chemistry-rg", "Microsoft.Compute/galleries/sig_chemistry/images/molecules"),
    );
    let applied = place.run("apply --yes");
    speaks(&applied, 5, "sharedimages/molecules` is not there");
    assert!(
        !azure.end().iter().any(|asked| asked.lab_made().is_some_and(|(_, lab)| lab.ends_with("/optics")))
    );
}

#[test]
fn a_gallery_of_others_takes_images_of_ours_and_is_attached() {
    let azure = kept_by_others();
    let gallery = id("physics-rg", "Microsoft.Compute/galleries/sig_physics");
    let resources = format!(
        "
defaults: {{ all: {{ resourceGroup: own-rg, location: westeurope }} }}
resourceGroups: {{ own-rg: {{}} }}
labAccounts: {{ own-la: {{}} }}
images:
  own:
    gallery: {{ id: {gallery} }}
    os: {{ type: Linux, state: Generalized, hyperV: V1 }}
    identifier: {{ publisher: Contoso, offer: Own, sku: own }}
    versions:
      1.0.0: {{ source: {{ managedDisk: {} }} }}
galleryAttachments:
  own: {{ to: LabAccount/own-la, gallery: {{ id: {gallery} }}, enabledImages: [own] }}
credentials:
  student: {{ username: student, password: {{ env: LAB_PASSWORD }} }}
labs:
  ours: {{ in: own-la, image: own, size: Small, capacity: 1, credentials: student }}
",
        id("own-rg", "Microsoft.Compute/disks/own"),
    );
    let place = own(Some(&azure.url), &resources);
    place.run("apply --yes").says(0, "Apply complete! Resources: 6 added, 0 changed, 0 destroyed.");
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
    place.run("drift").says(0, "No drift.");
    let image = &world(&azure.data())[&format!("{gallery}/images/own").to_lowercase()];
    assert!(image.to_string().contains("westeurope"), "{image}");
    let destroyed = place.run("destroy --yes");
    destroyed.says(0, "Destroy complete! Resources: 6 destroyed.");
    assert!(world(&azure.data()).contains_key(&gallery.to_lowercase()));
}

#[test]
fn a_template_of_others_is_exported() {
    let azure = kept_by_others();
    let lab = format!("{}/labs/simulator-golden", account());
    let gallery = id("physics-rg", "Microsoft.Compute/galleries/sig_physics");
    let resources = format!(
        "images:\n  copy:\n    gallery: {{ id: {gallery} }}\n    exportedFrom: {{ lab: {{ id: {lab} }}, revision: 1 }}\n"
    );
    let place = own(Some(&azure.url), &resources);
    place.run("apply --yes").says(0, "Apply complete! Resources: 1 added, 0 changed, 0 destroyed.");
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
    place.run("drift").says(0, "No drift.");
    assert!(world(&azure.data()).keys().any(|id| id.contains("/images/copy/versions/")));
}

#[test]
fn an_id_says_which_thing_a_block_is() {
    let azure = kept_by_others();
    let block = format!("labAccounts:\n  la: {{ id: {}, location: westeurope }}\n", account());
    let place = own(Some(&azure.url), &block);
    speaks(&place.run(&format!("import LabAccount/la {}", account())), 0, "1 imported");
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
    let shown = place.run("show --config").stdout;
    assert!(shown.contains("name: physics-la") && shown.contains("resourceGroup: physics-rg"), "{shown}");
    place.edit("labwright.yaml", &account(), &account().replace("physics-la", "other-la"));
    let plan = place.run("plan");
    speaks(&plan, 0, "± LabAccount/la");
    speaks(&plan, 0, "physics-la → other-la");
}
