//! One suite for every store, and what only a file can promise: it outlives its process, and says
//! what is wrong with it.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use labwright::model::{Address, ArmId, Cloud, Entry, EntryKind, Identity, Row, RunHeader, RunOutcome};
use labwright::state::{Claim, Holder, MemoryStore, RowWrite, SqliteStore, StateError, Store, Watermark};
use serde_json::json;

fn identity(project: &str) -> Identity {
    Identity {
        project: project.to_owned(),
        environment: Some("dev".into()),
        cloud: Cloud::Azure,
        tenant: None,
        subscription: Some("11111111-1111-1111-1111-111111111111".into()),
    }
}

fn header(command: &str) -> RunHeader {
    RunHeader {
        id: 99,
        started_ms: 1_700_000_000_000,
        ended_ms: Some(1),
        host: "host".into(),
        pid: 7,
        by: Some("ana".into()),
        commit: (command != "import").then(|| "9f3c2ab".into()),
        command: command.to_owned(),
        outcome: Some(RunOutcome::Done),
    }
}

fn lab(key: usize) -> Address {
    Address::new("Lab", &format!("lab-{key}"))
}

fn row(capacity: usize) -> Row {
    Row {
        arm_id: ArmId::group("s", "rg").resource("Microsoft.LabServices", "labs", "x"),
        attributes: json!({ "capacity": capacity, "size": "Medium" })
            .as_object()
            .cloned()
            .unwrap_or_default()
            .into(),
        outputs: json!({ "version": "1.0.0" }).as_object().cloned().unwrap_or_default(),
        depends_on: BTreeSet::from([Address::new("LabAccount", "a")]),
        protect: capacity.is_multiple_of(2),
        ignored: Vec::new(),
        unfinished: None,
    }
}

fn done(step: usize) -> (u64, Entry) {
    let kind = EntryKind::Done { outputs: serde_json::Map::new() };
    (step as u64, Entry { action: format!("create Lab/lab-{step}"), step, kind })
}

fn put(key: usize, capacity: usize) -> RowWrite {
    RowWrite::Put(lab(key), row(capacity))
}

/// Runs `check` against a fresh store of each sort.
fn every_store(check: fn(&mut dyn Store)) {
    let folder = tempfile::tempdir().expect("a folder");
    check(&mut SqliteStore::open_or_create(&folder.path().join("deep/state.db")).expect("made"));
    check(&mut MemoryStore::new());
}

#[test]
fn a_fresh_state_holds_nothing() {
    every_store(|store| {
        let meta = store.meta().expect("whole");
        assert_eq!((meta.serial, meta.rows, meta.identity), (0, 0, None));
        assert_eq!(meta.lineage.len(), 36);
        assert!(store.recorded().expect("whole").rows.is_empty());
        assert_eq!(store.open_runs().expect("readable"), []);
        assert_eq!(store.leases().expect("readable"), []);
    });
}

#[test]
fn what_is_committed_is_read_back() {
    every_store(|store| {
        let run = store.begin(header("apply"), "{\"plan\":1}", &identity("cs")).expect("begun");
        store.commit(run, &[done(1), done(2)], &[put(1, 10), put(2, 20)]).expect("committed");
        store.commit(run, &[done(3)], &[RowWrite::Delete(lab(1)), put(2, 21)]).expect("committed");
        let recorded = store.recorded().expect("whole");
        assert_eq!(recorded.rows.into_iter().collect::<Vec<_>>(), [(lab(2), row(21))]);
        assert_eq!(store.journal(run).expect("readable"), [done(1), done(2), done(3)]);
        assert_eq!(store.plan_of(run).expect("kept"), "{\"plan\":1}");
        assert_eq!(store.meta().expect("whole").rows, 1);
    });
}

#[test]
fn runs_are_counted_from_one_and_end_once_told() {
    every_store(|store| {
        let first = store.begin(header("apply"), "{}", &identity("cs")).expect("begun");
        store.end(first, 5, RunOutcome::Incomplete).expect("ended");
        let second = store.begin(header("destroy"), "{}", &identity("cs")).expect("begun");
        assert_eq!((first, second), (1, 2));
        let ends: Vec<_> =
            store.runs().expect("readable").into_iter().map(|run| (run.id, run.outcome)).collect();
        assert_eq!(ends, [(1, Some(RunOutcome::Incomplete)), (2, None)]);
        let open = store.open_runs().expect("readable");
        let [last] = &open[..] else { panic!("{open:?}") };
        assert_eq!(
            (last.header.id, last.header.ended_ms, last.header.command.as_str()),
            (2, None, "destroy")
        );
        assert!(store.journal(second).expect("readable").is_empty());
    });
}

#[test]
fn how_long_things_took_is_told_of_the_latest_runs_first() {
    every_store(|store| {
        assert!(store.durations().expect("readable").is_empty());
        for number in 1..=25 {
            let run = store.begin(header("apply"), "{}", &identity("cs")).expect("begun");
            store.took(run, &[("lab".to_owned(), number)].into()).expect("remembered");
            store
                .took(run, &[("lab".to_owned(), 99), ("export".to_owned(), 7)].into())
                .expect("what is known stays");
        }
        let durations = store.durations().expect("readable");
        assert_eq!(durations["lab"], (6..=25).rev().collect::<Vec<_>>());
        assert_eq!(durations["export"], [7; 20]);
        assert!(matches!(store.took(77, &[].into()), Err(StateError::NoSuchRun { run: 77 })));
    });
}

#[test]
fn the_serial_counts_commits_that_change_a_row() {
    every_store(|store| {
        let run = store.begin(header("apply"), "{}", &identity("cs")).expect("begun");
        let mut serials = Vec::new();
        for rows in [
            vec![],
            vec![put(1, 10), put(2, 20)],
            vec![put(1, 10)],
            vec![RowWrite::Delete(lab(9))],
            vec![put(1, 11), put(1, 12)],
            vec![RowWrite::Delete(lab(2))],
        ] {
            store.commit(run, &[done(0)], &rows).expect("committed");
            serials.push(store.meta().expect("whole").serial);
        }
        assert_eq!(serials, [0, 1, 1, 1, 2, 3]);
    });
}

#[test]
fn the_digest_sum_is_that_of_the_rows_however_they_came_about() {
    every_store(|store| {
        let run = store.begin(header("apply"), "{}", &identity("cs")).expect("begun");
        store.commit(run, &[], &[put(1, 10), put(2, 20)]).expect("committed");
        let sum = store.meta().expect("whole").digest_sum;
        store.commit(run, &[], &[put(2, 7), RowWrite::Delete(lab(1)), put(3, 3)]).expect("committed");
        assert_ne!(store.meta().expect("whole").digest_sum, sum);
        store.commit(run, &[], &[RowWrite::Delete(lab(3)), put(2, 20), put(1, 10)]).expect("committed");
        assert_eq!(store.meta().expect("whole").digest_sum, sum);
        store.recorded().expect("it adds up");
    });
}

#[test]
fn a_state_of_another_project_is_refused_and_left_as_it_was() {
    every_store(|store| {
        store.begin(header("apply"), "{}", &identity("cs")).expect("begun");
        let error = store.begin(header("apply"), "{}", &identity("math")).expect_err("another project");
        assert!(matches!(error, StateError::Mismatch { .. }), "{error}");
        assert_eq!(store.runs().expect("readable").len(), 1);
        let known = Identity { tenant: Some("t".into()), subscription: None, ..identity("cs") };
        store.begin(header("apply"), "{}", &known).expect("what is not known is not compared");
        let recorded = store.meta().expect("whole").identity.expect("known");
        assert_eq!(recorded, Identity { tenant: Some("t".into()), ..identity("cs") });
    });
}

#[test]
fn a_run_that_was_never_begun_takes_nothing() {
    every_store(|store| {
        for error in [
            store.commit(3, &[done(1)], &[put(1, 1)]).expect_err("no such run"),
            store.end(3, 1, RunOutcome::Done).expect_err("no such run"),
            store.plan_of(0).expect_err("no such run"),
        ] {
            assert!(matches!(error, StateError::NoSuchRun { .. }), "{error}");
        }
        assert!(store.recorded().expect("whole").rows.is_empty());
    });
}

/// A state file with two rows, changed behind the store's back by `sql`, and what opening or reading it says.
fn refusal_after(sql: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.db");
    let mut store = SqliteStore::open_or_create(&path).expect("made");
    let run = store.begin(header("apply"), "{}", &identity("cs")).expect("begun");
    store.commit(run, &[done(1)], &[put(1, 10), put(2, 20)]).expect("committed");
    drop(store);
    rusqlite::Connection::open(&path).and_then(|file| file.execute_batch(sql)).expect("changed");
    let read = SqliteStore::open_existing(&path)
        .and_then(|store| store.expect("it is there").recorded().map(|_| ()));
    read.expect_err("refused").to_string().replace(&path.display().to_string(), "PATH")
}

#[test]
fn what_was_changed_behind_its_back_is_noticed() {
    for (sql, said) in [
        (
            "UPDATE rows SET row = replace(row, '\"capacity\":10', '\"capacity\":11')",
            "the state `PATH` is damaged: its rows do not add up to its digest sum",
        ),
        (
            "DELETE FROM rows WHERE address = 'Lab/lab-1'",
            "the state `PATH` is damaged: it holds 1 rows, and should hold 2",
        ),
        ("PRAGMA user_version = 7", "the state `PATH` has format 7, this labwright knows 3"),
        ("PRAGMA application_id = 7", "`PATH` is not a state of labwright"),
    ] {
        assert_eq!(refusal_after(sql), said, "{sql}");
    }
}

#[test]
fn a_file_that_is_no_database_is_damaged() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.db");
    std::fs::write(&path, "lineage: by hand\n".repeat(500)).expect("written");
    for error in [
        SqliteStore::open_or_create(&path).expect_err("no database"),
        SqliteStore::open_read_only(&path).expect_err("no database"),
    ] {
        assert!(matches!(error, StateError::Damaged { .. }), "{error}");
    }
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn reading_makes_no_file_and_changes_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.db");
    assert!(SqliteStore::open_read_only(&path).expect("no error").is_none());
    assert!(SqliteStore::open_existing(&path).expect("no error").is_none());
    assert!(files(folder.path()).is_empty());

    let mut store = SqliteStore::open_or_create(&path).expect("made");
    let run = store.begin(header("apply"), "{}", &identity("cs")).expect("begun");
    store.commit(run, &[], &[put(1, 10)]).expect("committed");
    let mut reader = SqliteStore::open_read_only(&path).expect("readable").expect("it is there");
    store.commit(run, &[], &[put(2, 20)]).expect("a reader is no obstacle");
    assert_eq!(reader.recorded().expect("whole").rows.len(), 2);
    reader.begin(header("apply"), "{}", &identity("cs")).expect_err("it only reads");
    drop(store);
    drop(reader);
    assert_eq!(files(folder.path()), ["state.db"]);
}

/// Runs the test `name` of this file in a process of its own, for [`child_of`].
fn child(name: &str, path: &Path) -> Child {
    Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", name, "--ignored", "--nocapture"])
        .env("LABWRIGHT_TEST_STATE", path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a process")
}

/// The state that a parent gave to this process, when it is a child.
fn child_of() -> Option<std::path::PathBuf> {
    std::env::var_os("LABWRIGHT_TEST_STATE").map(Into::into)
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).expect("a parent that listens");
}

#[test]
#[ignore = "runs as the child of the next test"]
fn child_that_commits_until_it_is_killed() {
    let Some(path) = child_of() else { return };
    let mut store = SqliteStore::open_or_create(&path).expect("made");
    let run = store.begin(header("apply"), "{}", &identity("cs")).expect("begun");
    for number in 0.. {
        store.commit(run, &[done(number)], &[put(number, number), put(0, number)]).expect("committed");
        say(&format!("committed {number}"));
    }
}

#[test]
fn a_killed_process_loses_nothing_that_it_was_told_is_durable() {
    for kill_after in [0, 1, 17, 60] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state.db");
        let mut child = child("child_that_commits_until_it_is_killed", &path);
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let last = format!("committed {kill_after}");
        assert!(lines.map_while(Result::ok).any(|line| line.ends_with(&last)));
        child.kill().and_then(|()| child.wait()).expect("killed");

        let store = SqliteStore::open_existing(&path).expect("readable").expect("it is there");
        let (recorded, journal) = (store.recorded().expect("whole"), store.journal(1).expect("whole"));
        assert!(journal.len() > kill_after, "{} of {kill_after}", journal.len());
        assert_eq!(recorded.rows.len(), journal.len(), "an entry and its row are there together");
        let open = store.open_runs().expect("readable");
        assert_eq!(open.iter().map(|run| (run.header.id, &run.holder)).collect::<Vec<_>>(), [(1, &None)]);
    }
}

fn holder(command: &str) -> Holder {
    Holder::this_process(command)
}

/// A claim to change some labs and to rest on others.
fn claim(changes: &[usize], reads: &[usize]) -> Claim {
    let labs = |keys: &[usize]| keys.iter().map(|key| lab(*key)).collect();
    Claim { changes: labs(changes), reads: labs(reads) }
}

/// Two connections to one new state, as two processes have them.
fn two() -> (tempfile::TempDir, SqliteStore, SqliteStore) {
    let folder = tempfile::tempdir().expect("a folder");
    let open = || SqliteStore::open_or_create(&folder.path().join("state.db")).expect("made");
    let (one, other) = (open(), open());
    (folder, one, other)
}

#[test]
fn what_two_runs_are_about_excludes_each_other_only_where_one_changes_it() {
    let (_folder, mut one, mut other) = two();
    one.claim(&holder("apply"), &claim(&[1, 2, 3], &[9])).expect("free");
    other.claim(&holder("destroy"), &claim(&[4], &[9])).expect("both may rest on 9");
    for (wanted, what) in [
        (claim(&[1], &[]), "Lab/lab-1 is held by pid "),
        (claim(&[4], &[1]), "Lab/lab-1 is held by pid "),
        (claim(&[9], &[]), "Lab/lab-9 is held by pid "),
        (claim(&[2, 1], &[]), "Lab/lab-1 and Lab/lab-2 are held by pid "),
        (claim(&[2, 1], &[3]), "Lab/lab-1 and 2 others are held by pid "),
    ] {
        let error = other.claim(&holder("destroy"), &wanted).expect_err("held");
        assert!(error.to_string().starts_with(what), "{error}");
        assert!(error.to_string().ends_with(" s (apply)"), "{error}");
    }
    let leases = other.leases().expect("readable");
    let held: Vec<_> = leases.iter().map(|lease| (lease.claim.clone(), lease.run)).collect();
    assert_eq!(
        held,
        [(claim(&[1, 2, 3], &[9]), None), (claim(&[4], &[9]), None)],
        "a refusal takes nothing away"
    );
    drop(one);
    other.claim(&holder("destroy"), &claim(&[1, 2], &[3])).expect("it ended with its store");
}

#[test]
fn a_run_whose_lease_is_broken_can_write_no_more_and_another_takes_it_over() {
    let (_folder, mut one, mut other) = two();
    one.claim(&holder("apply"), &claim(&[1], &[])).expect("free");
    let run = one.begin(header("apply"), "{}", &identity("cs")).expect("begun");
    one.commit(run, &[done(1)], &[put(1, 10)]).expect("committed");
    let error = other.take_over(run, &holder("resume")).expect_err("it is alive");
    assert!(error.to_string().starts_with("run 1 is held by pid "), "{error}");

    let id = other.leases().expect("readable")[0].id.clone();
    assert!(other.break_lease(&id).expect("broken"));
    assert!(!other.break_lease(&id).expect("nothing there"), "once is enough");
    for lost in [
        one.commit(run, &[done(2)], &[put(1, 11)]),
        one.end(run, 7, RunOutcome::Done),
        one.claim(&holder("apply"), &claim(&[2], &[])),
        one.begin(header("apply"), "{}", &identity("cs")).map(|_| ()),
    ] {
        assert!(matches!(lost, Err(StateError::LeaseLost)), "{lost:?}");
    }
    let error = other.claim(&holder("apply"), &claim(&[1], &[])).expect_err("not settled yet");
    assert!(matches!(error, StateError::BrokenOff { run: 1 }), "{error}");
    other.claim(&holder("apply"), &claim(&[2], &[])).expect("it was about something else");
    assert!(other.take_over(run, &holder("resume")).expect("free by now"));
    other.commit(run, &[done(2)], &[put(1, 12)]).expect("it is its own by now");
    assert!(matches!(one.commit(run, &[done(3)], &[]), Err(StateError::LeaseLost)));
    other.end(run, 8, RunOutcome::Settled).expect("ended");
    assert!(!one.take_over(run, &holder("resume")).is_ok_and(|taken| taken), "it has ended");
    assert_eq!(other.recorded().expect("whole").rows[&lab(1)], row(12));
}

#[test]
#[ignore = "runs as the child of the next test"]
fn child_that_holds_leases_until_it_is_killed() {
    let Some(path) = child_of() else { return };
    let mut store = SqliteStore::open_or_create(&path).expect("made");
    store.claim(&holder("apply"), &claim(&[1], &[])).expect("free");
    if std::env::var_os("LABWRIGHT_TEST_BEGINS").is_some() {
        store.begin(header("apply"), "{}", &identity("cs")).expect("begun");
    }
    say("claimed");
    let mut never = String::new();
    std::io::stdin().read_line(&mut never).expect("a parent that keeps silent");
}

#[test]
fn what_a_process_holds_ends_with_it_but_for_what_it_left_unsettled() {
    for begins in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state.db");
        let mut holding = Command::new(std::env::current_exe().expect("this test"));
        holding.args(["--exact", "child_that_holds_leases_until_it_is_killed", "--ignored", "--nocapture"]);
        holding.env("LABWRIGHT_TEST_STATE", &path).stdin(Stdio::piped()).stdout(Stdio::piped());
        if begins {
            holding.env("LABWRIGHT_TEST_BEGINS", "1");
        }
        let mut holding = holding.spawn().expect("a process");
        let lines = BufReader::new(holding.stdout.take().expect("a pipe")).lines();
        assert!(lines.map_while(Result::ok).any(|line| line.ends_with("claimed")));

        let mut store = SqliteStore::open_existing(&path).expect("readable").expect("it is there");
        let refused = store.claim(&holder("destroy"), &claim(&[1], &[])).expect_err("held").to_string();
        assert!(refused.contains(&format!("is held by pid {} on ", holding.id())), "{refused}");

        holding.kill().and_then(|()| holding.wait()).expect("killed");
        assert_eq!(store.leases().expect("readable").len(), 1, "only its own, which is empty");
        if begins {
            let refused = store.claim(&holder("destroy"), &claim(&[1], &[])).expect_err("unsettled");
            assert!(matches!(refused, StateError::BrokenOff { run: 1 }), "{refused}");
            assert!(store.take_over(1, &holder("destroy")).expect("free"));
            store.end(1, 9, RunOutcome::Settled).expect("ended");
        }
        store.claim(&holder("destroy"), &claim(&[1], &[])).expect("freed by the system");
        drop(store);
        assert_eq!(files(folder.path()), ["state.db"], "nothing is left of those who died");
    }
}

#[test]
fn an_old_copy_of_a_state_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, copy) = (folder.path().join("state.db"), folder.path().join("copy.db"));
    let watermark = Watermark::new(&folder.path().join("seen"), &path);
    let commit = |key| {
        let mut store = SqliteStore::open_or_create(&path).expect("made");
        let run = store.begin(header("apply"), "{}", &identity("cs")).expect("begun");
        store.commit(run, &[], &[put(key, key)]).expect("committed");
        watermark.raise(&store.meta().expect("whole")).expect("remembered");
    };
    commit(1);
    std::fs::copy(&path, &copy).expect("copied");
    commit(2);
    std::fs::rename(&copy, &path).expect("put back");
    let store = SqliteStore::open_existing(&path).expect("readable").expect("it is there");
    let error = watermark.check(Some(&store.meta().expect("whole"))).expect_err("older");
    assert!(matches!(error, StateError::Older { found: 1, seen: 2, .. }), "{error}");
}
