//! Up, nothing, one edit, exactly that change, down, and nothing is left.

use std::collections::BTreeMap;

use serde_json::Value;

use super::place::Place;
use super::served::{Asked, Served, world};

#[test]
fn contoso_goes_round() {
    let azure = Served::start();
    let place = Place::against("contoso-cs", &azure.url);
    place.run("apply --yes").says(0, "Apply complete! Resources: 84 added, 0 changed, 0 destroyed.");
    place.run("apply --yes").says(0, "No changes.");
    place.run("plan --detailed-exitcode").says(0, "No changes.");
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");

    let line = place.line_of("labs.yaml", "capacity: 15");
    place.edit("labs.yaml", "capacity: 15", "capacity: 18");
    let plan = place.run("plan --detailed-exitcode --format json");
    assert_eq!(plan.code, 2, "{}", plan.stderr);
    only_the_capacity(&plan.json(), "labs.yaml", line);
    place.run("apply --yes").says(0, "Apply complete! Resources: 0 added, 1 changed, 0 destroyed.");
    place.run("drift").says(0, "No drift.");

    place.run("destroy --yes").says(0, "Destroy complete! Resources: 84 destroyed.");
    assert_eq!(world(&azure.data()).into_keys().collect::<Vec<_>>(), [""; 0]);
    assert_eq!(place.run("state list").stdout, "");
    let asked = azure.end();
    assert_eq!(labs_before_their_image(&asked), [""; 0]);
    assert_eq!(gone_too_early(&asked), [""; 0]);
}

#[test]
fn the_quickstart_goes_round_without_any_variable() {
    let place = Place::of("quickstart");
    place.run("plan --detailed-exitcode").speaks_of(2, "Plan: 10 to add");
    place.run("apply --yes").says(0, "Apply complete! Resources: 10 added, 0 changed, 0 destroyed.");
    place.run("apply --yes").says(0, "No changes.");
    place.run("plan --detailed-exitcode --refresh").says(0, "No changes.");
    let line = place.line_of("labwright.yaml", "capacity: 20");
    place.edit("labwright.yaml", "capacity: 20", "capacity: 21");
    let plan = place.run("plan --detailed-exitcode --format json");
    assert_eq!(plan.code, 2, "{}", plan.stderr);
    only_the_capacity(&plan.json(), "labwright.yaml", line);
    place.run("apply --yes").says(0, "Apply complete! Resources: 0 added, 1 changed, 0 destroyed.");
    place.run("drift").says(0, "No drift.");
    place.run("destroy --yes").says(0, "Destroy complete! Resources: 10 destroyed.");
    assert!(world(&place.project().join(".labwright/emulator.db")).is_empty());
}

#[test]
fn a_starter_project_in_a_folder_of_its_own_applies_as_it_is() {
    let place = Place::empty();
    assert_eq!(place.run("init demo").code, 0);
    place.run("-C demo apply --yes").says(0, "Apply complete! Resources: 10 added, 0 changed, 0 destroyed.");
    place.run("-C demo apply --yes").says(0, "No changes.");
}

/// One change of one attribute, with its place.
#[track_caller]
fn only_the_capacity(plan: &Value, file: &str, line: usize) {
    let changes = plan["changes"].as_array().expect("changes");
    let attributes = changes[0]["attributes"].as_array().expect("attributes");
    assert_eq!((changes.len(), attributes.len()), (1, 1), "{changes:#?}");
    assert_eq!((&changes[0]["verb"], &attributes[0]["path"]), (&"update".into(), &"capacity".into()));
    let source = &attributes[0]["source"];
    assert_eq!((&source["file"], &source["line"]), (&Value::from(file), &Value::from(line)));
}

/// Labs that were made from an image of a gallery which was not enabled yet.
fn labs_before_their_image(asked: &[Asked]) -> Vec<String> {
    let enabled = |image: &str, by: usize| {
        let is_it = |asked: &Asked| {
            asked.took("PUT", "/sharedimages/") && image.ends_with(asked.path.trim_start_matches('/'))
        };
        asked[..by].iter().any(is_it)
    };
    let made: Vec<_> =
        asked.iter().enumerate().filter_map(|(at, asked)| Some((at, asked.lab_made()?))).collect();
    assert_eq!(made.len(), 40);
    let shared: Vec<_> =
        made.into_iter().filter(|(_, (image, _))| image.contains("/sharedimages/")).collect();
    assert_eq!(shared.len(), 39, "all but the golden one");
    shared.into_iter().filter(|(at, (image, _))| !enabled(image, *at)).map(|(_, (_, lab))| lab).collect()
}

/// What was deleted while something that hung on it still stood: what lies in it, and what uses it.
fn gone_too_early(asked: &[Asked]) -> Vec<String> {
    let mut gone: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, asked) in asked.iter().enumerate().filter(|(_, asked)| asked.took("DELETE", "")) {
        assert!(gone.insert(&asked.path, at).is_none(), "{} was deleted twice", asked.path);
    }
    let switched_on: Vec<_> = asked
        .iter()
        .filter(|asked| asked.took("PUT", "/sharedimages/"))
        .filter(|asked| asked.body["properties"]["enableState"] == "Enabled")
        .map(|asked| asked.path.as_str())
        .collect();
    let made = asked.iter().filter_map(Asked::lab_made);
    let from_gallery: Vec<_> =
        made.filter(|(image, _)| image.contains("/sharedimages/")).map(|(_, lab)| lab).collect();
    let hangs = |on: &str, other: &str| {
        // A lab from an image of the gallery uses that of its account; an attachment the gallery, and the images that it
        // shows. One from the marketplace uses none.
        let lab = on.split_once("/sharedgalleries/");
        let lab = lab.is_some_and(|(account, _)| other.starts_with(&format!("{account}/labs/")));
        let lab = lab && from_gallery.iter().any(|from_gallery| from_gallery == other);
        let attachment = other.split_once("/sharedgalleries/").is_some_and(|(account, gallery)| {
            match on.split_once(&format!("/galleries/{gallery}")) {
                Some((_, "")) => true,
                Some((_, below)) => {
                    let image = below.split('/').nth(2).unwrap_or_default();
                    switched_on.contains(&format!("{account}/sharedimages/{image}").as_str())
                }
                None => false,
            }
        });
        other.starts_with(&format!("{on}/")) || lab || attachment
    };
    let mut early = Vec::new();
    for (on, at) in &gone {
        let later = gone.iter().filter(|(other, when)| hangs(on, other) && *when > at);
        early.extend(later.map(|(other, _)| format!("{on} before {other}")));
    }
    early
}
