//! What is said on the command line, and of what is not read.

use super::place::Place;

#[test]
fn environments_on_the_emulator_have_a_world_each() {
    let place = Place::of("quickstart");
    place.edit(
        "labwright.yaml",
        "\ncloud: emulator",
        "\ncloud: emulator\nenvironments: { dev: {}, test: {} }",
    );
    for environment in ["dev", "test"] {
        let ended = place.run(&format!("apply --yes --env {environment}"));
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert!(place.project().join(".labwright").join(environment).join("emulator.db").is_file());
    }
    assert!(!place.project().join(".labwright/emulator.db").exists());
}

#[test]
fn a_consent_to_nothing_is_a_mistake() {
    let place = Place::of("quickstart");
    place.run("apply --yes --allow delete:Lab/programing").speaks_of(64, "perhaps `Lab/programming`?");
    place.run("apply --yes --allow delete:Lap").speaks_of(64, "no kind of resource");
    assert!(!place.project().join(".labwright/state.db").exists(), "nothing was begun");
}

#[test]
fn a_link_among_the_files_is_named_and_not_followed() {
    let place = Place::of("quickstart");
    std::os::unix::fs::symlink("labwright.yaml", place.project().join("more.yaml")).expect("a link");
    place.run("validate").speaks_of(0, "`more.yaml` is a link");
}

#[test]
fn the_expanded_configuration_is_json_where_that_is_asked_for() {
    let place = Place::of("quickstart");
    let shown = place.run("show --config --format json").json();
    assert_eq!(shown["labs"]["programming"]["capacity"], 20);
}

#[test]
fn drift_of_something_unknown_names_what_is_near() {
    let place = Place::of("quickstart");
    place.run("apply --yes");
    place.run("drift --target Lab/programing").speaks_of(64, "perhaps `Lab/programming`?");
    place.run("drift --target Lap/x").speaks_of(64, "labwright state list");
}
