//! Bytes that nobody meant: no panic, no hang, and a refusal always says something.
//!
//! Each target takes seeds that are good, slips in them, and bytes at random, for two seconds; `LABWRIGHT_FUZZ_SECONDS`
//! says another time. `fuzz/run` does the same led by coverage.

mod targets;

use std::path::Path;
use std::time::{Duration, Instant};

use labwright::config::{Folder, Options, load};
use labwright::model::{Recorded, RunHeader};
use labwright::plan;
use labwright::state::{RowWrite, SqliteStore, Store as _};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

fn contoso() -> labwright::config::Project {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/contoso-cs");
    load(&Folder::new(folder), &Options::default()).expect("a good project")
}

/// A slip: some bytes of a seed are others, or there are more or fewer of them.
fn slipped(seeds: Vec<Vec<u8>>, pieces: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::sample::select(pieces).prop_map(|piece| piece.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..12),
    ];
    let slip = (any::<prop::sample::Index>(), 0usize..24, piece);
    (prop::sample::select(seeds), prop::collection::vec(slip, 0..5)).prop_map(|(mut bytes, slips)| {
        for (at, length, piece) in slips {
            let start = at.index(bytes.len() + 1);
            let end = (start + length).min(bytes.len());
            bytes.splice(start..end, piece);
        }
        bytes
    })
}

/// Runs a target until the time is over; the bytes that break it are in the failure.
fn run(strategy: impl Strategy<Value = Vec<u8>>, target: fn(&[u8])) {
    let seconds = std::env::var("LABWRIGHT_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    let end = Instant::now() + Duration::from_secs(seconds.unwrap_or(2));
    let mut runner = TestRunner::default();
    while Instant::now() < end {
        let bytes = strategy.new_tree(&mut runner).expect("bytes").current();
        let began = Instant::now();
        if let Err(panic) = std::panic::catch_unwind(|| target(&bytes)) {
            let path = std::env::temp_dir().join("labwright-hostile-bytes");
            std::fs::write(&path, &bytes).expect("written");
            panic!("{} holds the bytes: {panic:?}", path.display());
        }
        assert!(began.elapsed() < Duration::from_secs(5), "a small input takes long: {bytes:?}");
    }
}

const YAML: &[&str] = &[
    "\n",
    "  ",
    "\t",
    ": ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "&a ",
    "*a",
    "<<: *a",
    "$(x)",
    "$$(",
    "#",
    "'",
    "\"",
    "|\n",
    ">-\n",
    "---\n",
    "...\n",
    "!!str ",
    "? ",
    "%YAML 1.2\n",
    "\u{feff}",
    "\r\n",
    "null",
    "~",
    "é",
    "\0",
    "forEach: ",
];

fn project_seeds() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    [
        "contoso-cs/labs.yaml",
        "contoso-cs/labwright.yaml",
        "protected/labwright.yaml",
        "quickstart/labwright.yaml",
    ]
    .map(|file| std::fs::read(folder.join(file)).expect("an example"))
    .to_vec()
}

/// Good files with slips, text that looks like ours, and bytes at random.
fn yaml() -> impl Strategy<Value = Vec<u8>> {
    let like = "(labs|images|forget|credentials|defaults|policy|moved|cloud)?[-: {}\\[\\]a-z$()\"'\n&*<|>#,;.0-9é]{0,120}";
    prop_oneof![
        3 => slipped(project_seeds(), YAML),
        1 => like.prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..200),
    ]
}

#[test]
fn a_project_of_any_bytes_is_read_or_refused() {
    run(yaml(), targets::project);
}

#[test]
fn a_file_of_any_bytes_comes_into_form_or_stays() {
    run(yaml(), targets::form);
}

#[test]
fn a_sheet_of_any_bytes_is_read_or_refused() {
    let good = b"lab,size,seats,title\na,Small,30,\"A, B\"\nb,Medium,,\n".to_vec();
    let other = "\u{feff}lab;size;seats;title\r\na;Small;1;x\r\n".as_bytes().to_vec();
    run(
        slipped(vec![good, other], &["\"", ",", ";", "\t", "\n", "\r\n", "\"\"", "é", "\0", "$(x)"]),
        targets::csv,
    );
}

#[test]
fn a_saved_plan_of_any_bytes_is_read_or_refused() {
    let (project, nothing) = (contoso(), Recorded::default());
    let options = plan::Options { today: "2026-11-23".into(), ..plan::Options::default() };
    let plan = plan::plan(&project.desired, &nothing, &options).expect("a plan");
    let mut small = plan.clone();
    small.actions.truncate(3);
    small.changes.truncate(3);
    small.critical_path.truncate(3);
    let seeds = vec![serde_json::to_vec(&small).expect("JSON")];
    run(
        slipped(seeds, &["null", "0", "-1", "1e99", "{}", "[]", "\"\"", ",", "\\u0000", "true"]),
        targets::plan,
    );
}

#[test]
fn a_state_of_any_bytes_is_read_or_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.db");
    let desired = contoso().desired;
    {
        let mut store = SqliteStore::open_or_create(&path).expect("a store");
        let all = desired.resources.keys().cloned().collect();
        let rows: Vec<RowWrite> = plan::existing_rows(&desired, &all)
            .into_iter()
            .take(5)
            .filter_map(|record| Some(RowWrite::Put(record.address, record.row?)))
            .collect();
        let header = RunHeader {
            id: 0,
            started_ms: 0,
            ended_ms: None,
            host: "test".into(),
            pid: 1,
            by: None,
            commit: None,
            command: "apply".into(),
            outcome: None,
        };
        let run = store.begin(header, "{}", &desired.identity).expect("begun");
        store.commit(run, &[], &rows).expect("written");
    }
    let seeds = vec![std::fs::read(&path).expect("a file")];
    run(slipped(seeds, &["SQLite format 3\0", "\0\0\0\0", "\u{ff}\u{ff}"]), targets::state);
}
