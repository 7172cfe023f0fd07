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

#[test]
#[ignore = "a measurement: cargo test --release --test config_properties -- --ignored --nocapture"]
#[expect(clippy::print_stderr, reason = "the measurement is what it is for")]
fn large_nonsense_ends_in_bounded_time() {
    let most = 63 * 1024 * 1024;
    let cases: Vec<(&str, String)> = vec![
        ("64 MB of list", format!("labs: [{}]", "1,".repeat(most / 2))),
        ("64 MB of one word", "x".repeat(most)),
        ("64 MB of one quoted text", format!("labs: \"{}\"", "x".repeat(most - 10))),
        ("64 MB of words", "some words: and ".repeat(most / 16)),
        ("a million duplicate keys", format!("labs:\n{}", "  x: {}\n".repeat(1_000_000))),
        (
            "a million unknown keys",
            format!(
                "labs:\n  a:\n{}",
                (0..1_000_000).map(|at| format!("    k{at}: 1\n")).collect::<String>()
            ),
        ),
        ("10,000 levels", format!("labs: {}", "{a: ".repeat(10_000))),
        ("10,000 blocks", (0..10_000).map(|at| format!("{}a:\n", " ".repeat(at))).collect()),
    ];
    for (name, text) in cases {
        let tree = Memory::of([("labwright.yaml", "project: p"), ("a.yaml", &text)]);
        let start = std::time::Instant::now();
        let problems =
            load(&tree, &Options::default()).err().map_or(0, |problems| problems.len() + problems.left_out());
        let shown = config_tree::rendered(&tree, &Options::default()).len();
        eprintln!("{name}: {problems} problems in {:?}, {shown} bytes shown", start.elapsed());
    }
    let files: Vec<_> =
        (0..100_000).map(|at| (format!("{}/{at}.yaml", at % 300), format!("forget: [Lab/l{at}]"))).collect();
    let mut tree = Memory::of(files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    tree.0.insert("labwright.yaml".into(), b"project: p".to_vec());
    let start = std::time::Instant::now();
    let count = load(&tree, &Options::default()).map_or(0, |project| project.desired.forget.len());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default().to_owned();
    eprintln!("100,000 files: {count} records in {:?}; {peak}", start.elapsed());
}
