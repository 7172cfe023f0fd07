//! Taking over what exists: `adopt: true` while applying, and one resource with `import ADDR ID`.

use super::place::Place;
use super::served::{Served, world};

const SUBSCRIPTION: &str = "11111111-1111-1111-1111-111111111111";

/// What exists in contoso-cs, under other keys; the gallery's description is not as it is there.
const RESOURCES: &str = "
resourceGroups:
  cs-images-rg: { location: westeurope, adopt: true }
  cslabs-rg: { location: westeurope, adopt: true }
galleries:
  ai: { name: sig_cs_ai, resourceGroup: cs-images-rg, location: northeurope, description: Ours, adopt: true }
images:
  gpu:
    name: ml-gpu
    gallery: ai
    adopt: true
    os: { type: Linux, state: Generalized, hyperV: V1 }
    identifier: { publisher: ContosoCS, offer: Teaching, sku: ml-gpu }
labAccounts:
  cs-ai-la: { location: northeurope, resourceGroup: cslabs-rg, adopt: true }
galleryAttachments:
  ai: { to: LabAccount/cs-ai-la, gallery: ai, enabledImages: { including: [gpu] }, adopt: true }
";

/// contoso-cs on an emulator of its own, and a project beside it that describes a part of it.
fn beside() -> (Served, Place) {
    let served = Served::start();
    let original = Place::against("contoso-cs", &served.url);
    let applied = original.run("apply --yes");
    assert_eq!(applied.code, 0, "{applied:?}");
    let mut place = Place::empty();
    place.set("AZURE_TENANT_ID", "22222222-2222-2222-2222-222222222222");
    place.set("AZURE_CLIENT_ID", "story");
    place.set("AZURE_CLIENT_SECRET", "mark-of-the-client-0");
    place.set("LAB_PASSWORD", "Emulator-only-1!");
    let cloud = format!("cloud: {{ azure: {{ subscription: {SUBSCRIPTION}, endpoint: '{}' }} }}", served.url);
    let resources = RESOURCES;
    std::fs::create_dir_all(place.project()).expect("a folder");
    std::fs::write(place.project().join("labwright.yaml"), format!("project: own\n{cloud}\n{resources}"))
        .expect("written");
    (served, place)
}

fn id(rest: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{rest}")
}

#[test]
fn what_is_adopted_is_recorded_as_it_is_and_changed_only_by_the_next_plan() {
    let (served, place) = beside();
    let before = world(&served.data());
    place.run("plan").says(0, "Plan: 6 to import, 0 to add, 0 to change, 0 to destroy.");
    let applied = place.run("apply --yes");
    applied.says(0, "Besides: 6 imported.");
    applied.speaks_of(0, "Not as the files say: Gallery/ai; see how:");
    assert_eq!(world(&served.data()), before, "nothing in Azure changes");
    place.run("drift").speaks_of(0, "No drift");
    place.run("plan").says(0, "Plan: 0 to add, 1 to change, 0 to destroy.");
    place.run("apply --yes").says(0, "Apply complete! Resources: 0 added, 1 changed, 0 destroyed.");
    place.run("plan --detailed-exitcode").says(0, "No changes.");
    let destroyed = place.run("destroy");
    destroyed.says(4, "x ResourceGroup/cs-images-rg                                    labwright.yaml:5");
}

#[test]
fn a_lab_that_is_adopted_with_more_seats_takes_its_consent_before_it_shrinks() {
    let (_served, place) = beside();
    let lab = "
credentials:
  student: { username: student, password: { env: LAB_PASSWORD } }
labs:
  open-lab:
    in: core
    image: base
    size: Small
    capacity: 10
    credentials: student
    adopt: true
    publish: { revision: 1 }
";
    let core = "
labAccounts:
  core: { name: cs-core-la, location: westeurope, resourceGroup: cslabs-rg, adopt: true }
";
    let file = place.project().join("labwright.yaml");
    let text = std::fs::read_to_string(&file).expect("a project");
    let (head, _) = text.split_once("galleries:").expect("its groups stand first");
    let gallery = "
galleries:
  prod: { name: sig_cs_prod, resourceGroup: cs-images-rg, location: westeurope, adopt: true }
images:
  base:
    name: cs-base-ubuntu
    gallery: prod
    adopt: true
    os: { type: Linux, state: Generalized, hyperV: V1 }
    identifier: { publisher: ContosoCS, offer: Teaching, sku: cs-base-ubuntu }
galleryAttachments:
  core: { to: core, gallery: prod, adopt: true }
";
    std::fs::write(&file, format!("{head}{gallery}{core}{lab}")).expect("written");
    place.run("plan").says(0, "    where that was done to Lab/open-lab already, it is only recorded");
    let applied = place.run("apply --yes");
    applied.speaks_of(0, "✓ publish open-lab was done already, recorded");
    applied.speaks_of(0, "Not as the files say: Lab/open-lab; see how:");
    let refused = place.run("apply --yes");
    refused.speaks_of(4, "    capacity  15 → 10");
    refused.speaks_of(4, "shrink of Lab/open-lab");
}

#[test]
fn what_is_to_be_adopted_and_is_not_there_fails_alone() {
    let (served, place) = beside();
    place.edit("labwright.yaml", "name: ml-gpu", "name: no-such-image");
    place.edit("labwright.yaml", "including: [gpu]", "including: []");
    let applied = place.run("apply --yes");
    applied.speaks_of(5, "no-such-image` is to be adopted and is not there; take `adopt: true` away");
    applied.says(5, "Apply incomplete! Resources: 0 added, 0 changed, 0 destroyed; 1 failed, 0 not started.");
    place.run("state list").says(0, "GalleryAttachment/ai");
    assert!(served.end().iter().all(|asked| !asked.took("PUT", "no-such-image")));
}

#[test]
fn one_resource_is_imported_by_its_id() {
    let (served, place) = beside();
    place.edit("labwright.yaml", ", description: Ours, adopt: true", ", description: Ours");
    let group = id("cs-images-rg");
    let gallery = format!("{group}/providers/Microsoft.Compute/galleries/sig_cs_ai");
    let before = world(&served.data());
    place.run("apply --yes --target Gallery/ai").speaks_of(5, "run `labwright import ADDR ID`");
    let imported = place.run(&format!("import Gallery/ai {gallery}"));
    imported.says(0, "Import complete! Resources: 1 imported.");
    imported.says(0, "Not as the files say: Gallery/ai; see how:");
    assert_eq!(world(&served.data()), before, "nothing in Azure changes");
    place.run("plan --target Gallery/ai").says(0, "    description  Images with GPU frameworks → Ours");
    for (line, code, text) in [
        (format!("import Gallery/ai {gallery}"), 64, "labwright::cli::recorded"),
        (format!("import Image/gpu {gallery}"), 64, "by the files Image/gpu is `"),
        (format!("import Image/gpx {gallery}"), 64, "perhaps `Image/gpu`?"),
        (format!("import Image/gpu {gallery}/images/ml-gpu"), 0, "Import complete!"),
        ("import".to_owned(), 64, "nothing says what to import"),
        (format!("import --from {group} Gallery/ai {gallery}"), 64, "cannot be used with"),
    ] {
        place.run(&line).speaks_of(code, text);
    }
    place.edit("labwright.yaml", "name: ml-gpu", "name: other");
    place.edit("labwright.yaml", "  gpu:\n", "  more:\n");
    place.edit("labwright.yaml", "including: [gpu]", "including: []");
    place.run(&format!("import Image/more {gallery}/images/other")).speaks_of(64, "there is no `");
    assert!(served.end().iter().all(|asked| !asked.took("PUT", "sig_cs_ai/images/other")));
}

#[test]
fn a_scope_is_imported_beside_the_blocks_that_stand_there() {
    let (served, place) = beside();
    let gallery = format!("{}/providers/Microsoft.Compute/galleries/sig_cs_ai", id("cs-images-rg"));
    let before = world(&served.data());
    let imported = place.run(&format!("import --from {gallery}"));
    imported.speaks_of(0, "galleries/sig_cs_ai/images/ml-gpu/versions/1.0.0");
    imported.says(0, "    a version of Image/gpu, which has a block: write it there");
    imported.says(0, "Written: images.yaml.");
    imported.says(0, "Not as the files say: Gallery/ai; see how:");
    assert_eq!(world(&served.data()), before, "nothing in Azure changes");
    let images = std::fs::read_to_string(place.project().join("images.yaml")).expect("a file");
    assert!(images.contains("gallery: ai") && !images.contains("ml-gpu:"), "{images}");
    let left = place.run("plan --exclude Gallery/ai");
    left.says(0, "Plan: 3 to import, 0 to add, 0 to change, 0 to destroy.");
    place.run("plan --target Gallery/ai").says(0, "    description  Images with GPU frameworks → Ours");
}

#[test]
fn nothing_is_recorded_where_nothing_answers() {
    let (served, place) = beside();
    let gallery = format!("{}/providers/Microsoft.Compute/galleries/sig_cs_ai", id("cs-images-rg"));
    drop(served);
    place.run(&format!("import Gallery/ai {gallery}")).speaks_of(1, "labwright::azure::unreachable");
    assert!(!place.project().join(".labwright/state.db").exists());
}
