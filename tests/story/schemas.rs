//! Every JSON document and every example is what the schemas say.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::place::{Place, example};

fn schema(name: &str) -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schemas/{name}.schema.json"));
    let text = std::fs::read_to_string(path).expect("a schema");
    jsonschema::validator_for(&serde_json::from_str(&text).expect("JSON")).expect("a schema")
}

/// Asserts that a command's document fits the schema of that name and ends with that code.
#[track_caller]
fn fits(place: &Place, line: &str, name: &str, code: i32) {
    let run = place.run(line);
    assert_eq!(run.code, code, "{line}: {}\n{}", run.stdout, run.stderr);
    let document = run.json();
    let wrong: Vec<_> = schema(name).iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{line}: {wrong:?}\n{document:#}");
    if document["exit_code"] != Value::Null {
        assert_eq!(document["exit_code"], code, "{line}");
    }
}

#[test]
fn outputs_fit_their_schemas() {
    let place = Place::of("quickstart");
    fits(&place, "validate --format json", "findings", 0);
    fits(&place, "state list --format json", "state-list", 0);
    fits(&place, "plan --format json --detailed-exitcode --out ../plan", "plan", 2);
    fits(&place, "show ../plan --format json", "plan", 0);
    fits(&place, "apply --format json", "apply", 4);
    fits(&place, "apply --yes --format json", "apply", 0);
    fits(&place, "apply --yes --format json", "apply", 0);
    fits(&place, "apply ../plan --yes --format json", "apply", 4);
    fits(&place, "drift --format json", "drift", 0);
    fits(&place, "state list --format json", "state-list", 0);
    fits(&place, "state show Lab/programming --format json", "state-show", 0);
    place.edit("labwright.yaml", "capacity: 20", "capacity: 10");
    fits(&place, "plan --format json", "plan", 0);
    fits(&place, "apply --yes --format json", "apply", 4);
    fits(&place, "destroy --yes --format json", "apply", 0);
    fits(&place, "destroy --yes --format json", "apply", 0);
    fits(&place, "history --format json", "history", 0);
    fits(&place, "history 1 --format json", "history", 0);
    place.edit("labwright.yaml", "size: Small", "size: Smal");
    for (line, name) in [
        ("validate", "findings"),
        ("plan", "plan"),
        ("apply --yes", "apply"),
        ("destroy --yes", "apply"),
        ("drift", "drift"),
        ("state list", "findings"),
    ] {
        fits(&place, &format!("{line} --format json"), name, 3);
    }
}

#[test]
fn the_examples_fit_the_schema_of_the_language() {
    let schema = schema("labwright");
    for name in ["quickstart", "contoso-cs", "lab-plans", "protected"] {
        let files = std::fs::read_dir(example(name)).expect("an example").flatten();
        let yaml = |path: &PathBuf| path.extension().is_some_and(|end| end == "yaml");
        for file in files.map(|entry| entry.path()).filter(yaml) {
            let text = std::fs::read_to_string(&file).expect("a file");
            let value: Value = serde_yaml::from_str(&text).expect("YAML");
            let wrong: Vec<_> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
            assert!(wrong.is_empty(), "{}: {wrong:?}", file.display());
        }
    }
}
