//! The JSON Schema is what the tables say, and knows good files from bad ones.

#[path = "config_tree/mod.rs"]
mod config_tree;

use std::path::{Path, PathBuf};

use labwright::config::schema;
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_schema_in_the_repository_is_current() {
    let path = root().join("schemas/labwright.schema.json");
    let text = format!("{:#}\n", schema());
    if std::env::var_os("LABWRIGHT_UPDATE").is_some() {
        std::fs::create_dir_all(root().join("schemas")).expect("a folder");
        std::fs::write(&path, &text).expect("a file");
    }
    let stored = std::fs::read_to_string(&path).expect("the schema");
    assert!(stored == text, "schemas/ is not current: run the tests with LABWRIGHT_UPDATE=1");
}

fn yaml(path: PathBuf) -> Value {
    let text = std::fs::read_to_string(path).expect("a file");
    serde_yaml::from_str(&text).expect("YAML")
}

#[test]
fn the_schema_finds_what_it_can_find() {
    let validator = jsonschema::validator_for(&schema()).expect("a schema");
    let detectable = [
        "unknown-key",
        "unknown-section",
        "wrong-type",
        "bad-duration",
        "bad-number",
        "bad-choice",
        "repeated-name",
        "plain-password",
        "later-feature",
        "consent",
        "bad-id",
    ];
    for name in detectable {
        let file = root().join("examples/broken").join(name).join("labwright.yaml");
        assert!(validator.validate(&yaml(file)).is_err(), "{name}");
    }
    for name in [
        "missing-attribute",
        "unknown-reference",
        "cycle",
        "same-name-in-azure",
        "csv-row",
        "exported-image",
        "id-contradicts",
        "id-of-ours",
    ] {
        let file = root().join("examples/broken").join(name).join("labwright.yaml");
        if let Err(error) = validator.validate(&yaml(file)) {
            panic!("{name}: {error}");
        }
    }
}
