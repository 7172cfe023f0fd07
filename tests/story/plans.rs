//! Plans as data: the same bytes, and applied exactly or refused.

use std::ffi::OsString;

use super::place::{Place, example};

#[test]
fn plans_are_the_same_bytes_whatever_the_order_of_the_files() {
    let plan = |place: &Place| {
        assert_eq!(place.run("plan --out ../plan").code, 0);
        std::fs::read(place.home().join("plan")).expect("a plan")
    };
    let place = Place::of("contoso-cs");
    let first = plan(&place);
    for _ in 0..9 {
        assert!(plan(&place) == first);
    }
    let mut names: Vec<OsString> = std::fs::read_dir(example("contoso-cs"))
        .expect("it")
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    names.retain(|name| name.to_str().is_some_and(|name| name.ends_with(".yaml")));
    names.sort();
    for turn in 0..names.len() {
        // Written in another order, so that a folder lists them in another one.
        names.rotate_left(1);
        if turn % 2 == 1 {
            names.reverse();
        }
        let place = Place::empty();
        let terms = place.project().join("terms");
        super::place::copy(&example("contoso-cs").join("terms"), &terms);
        for name in &names {
            std::fs::copy(example("contoso-cs").join(name), place.project().join(name)).expect("a copy");
        }
        assert!(plan(&place) == first, "{names:?}");
    }
}

#[test]
fn the_names_of_files_change_nothing_but_where_things_are_written() {
    let place = Place::of("contoso-cs");
    let actions = |place: &Place| {
        let mut plan = place.run("plan --format json").json();
        plan["actions"].take()
    };
    let before = actions(&place);
    for (from, to) in [("labs.yaml", "a.yaml"), ("accounts.yaml", "z.yaml"), ("images.yaml", "terms/m.yml")] {
        std::fs::rename(place.project().join(from), place.project().join(to)).expect("moved");
    }
    // A path is relative to the file that names it; `labs.yaml` did not leave its folder.
    assert_eq!(actions(&place), before);
}

#[test]
fn a_saved_plan_is_applied_after_an_unrelated_change_and_refused_after_a_related_one() {
    let place = Place::of("quickstart");
    assert_eq!(place.run("apply --yes").code, 0);
    place.edit("labwright.yaml", "capacity: 20", "capacity: 25");
    assert_eq!(place.run("plan --out ../programming").code, 0);
    assert_eq!(place.run("plan --out ../late").code, 0);
    // Unrelated: another lab grows.
    place.edit("labwright.yaml", "capacity: 25", "capacity: 20");
    place.edit("labwright.yaml", "capacity: 12", "capacity: 14");
    place.run("apply --yes").says(0, "Apply complete! Resources: 0 added, 1 changed, 0 destroyed.");
    // The files say something else by now; the plan does not care.
    place.edit("labwright.yaml", "capacity: 14", "capacity: 99");
    place
        .run("apply ../programming --yes")
        .says(0, "Apply complete! Resources: 0 added, 1 changed, 0 destroyed.");
    place.run("state show Lab/programming --format json").speaks_of(0, "25");
    place.run("state show Lab/mechanics --format json").speaks_of(0, "14");
    let late = place.run("apply ../late --yes");
    late.speaks_of(4, "Lab/programming is recorded with other values");
}
