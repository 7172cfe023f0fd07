//! Whatever the bytes are: no panic, no hang, and an error always says something.

#[path = "config_tree/mod.rs"]
mod config_tree;

use config_tree::{CSV, Memory, SAMPLE};
use labwright::config::{Options, load};
use proptest::prelude::*;

fn survives(yaml: &[u8], csv: &[u8]) {
    let mut tree = Memory::of([("labwright.yaml", ""), ("other.yaml", "")]);
    tree.0.insert("terms/spring27.csv".into(), csv.to_vec());
    for file in ["labwright.yaml", "other.yaml"] {
        tree.0.insert("labwright.yaml".into(), SAMPLE.into());
        tree.0.insert("other.yaml".into(), b"labs: {}".to_vec());
        tree.0.insert(file.into(), yaml.to_vec());
        if let Err(problems) = load(&tree, &Options::default()) {
            assert!(!problems.is_empty());
            assert!(problems.iter().all(|problem| !problem.to_string().is_empty()));
        }
        config_tree::rendered(&tree, &Options::default());
    }
}

/// A stretch of `base` replaced by other bytes.
fn edited(base: &str, at: prop::sample::Index, length: usize, with: &[u8]) -> Vec<u8> {
    let mut bytes = base.as_bytes().to_vec();
    let start = at.index(bytes.len());
    let end = (start + length).min(bytes.len());
    bytes.splice(start..end, with.iter().copied());
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn arbitrary_bytes_never_panic(yaml in prop::collection::vec(any::<u8>(), 0..200), csv in prop::collection::vec(any::<u8>(), 0..80)) {
        survives(&yaml, &csv);
    }

    #[test]
    fn yaml_like_text_never_panics(yaml in "(labs|images|forget|credentials|defaults|policy|moved|cloud)?[-: {}\\[\\]a-z$()\"'\n&*<|>#,;.0-9é]{0,120}", csv in "[a-z,;\"\n\r\t é]{0,60}") {
        survives(yaml.as_bytes(), csv.as_bytes());
    }

    #[test]
    fn a_good_project_with_a_slip_never_panics(at in any::<prop::sample::Index>(), length in 0usize..12, with in "[-: {}\\[\\]a-z$()\"'\n&*,;é]{0,6}") {
        survives(&edited(SAMPLE, at, length, with.as_bytes()), CSV.as_bytes());
        survives(SAMPLE.as_bytes(), &edited(CSV, at, length, with.as_bytes()));
    }
}
