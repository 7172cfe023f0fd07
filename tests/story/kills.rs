//! Killed at any moment, and run again: the same world as if nothing had happened, and nothing done twice.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt;
use std::time::{SystemTime, UNIX_EPOCH};

use super::place::Place;
use super::served::{Asked, Heard, Served, world};

type World = BTreeMap<String, serde_json::Value>;

/// Numbers that look random; the same seed gives the same ones.
struct Dice(u64);

impl Dice {
    /// The seed that `LABWRIGHT_SEED` names, else a new one.
    fn thrown() -> Self {
        let named = std::env::var("LABWRIGHT_SEED").ok().and_then(|seed| seed.parse().ok());
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").subsec_nanos();
        let seed = named.unwrap_or_else(|| u64::from(now()));
        #[expect(clippy::print_stderr, reason = "a failure is run again with its seed")]
        {
            eprintln!("LABWRIGHT_SEED={seed}");
        }
        Self(seed.wrapping_mul(2).wrapping_add(1))
    }

    /// A number from 1 to `most`.
    fn up_to(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        1 + (self.0 >> 33) % most
    }
}

/// When a run is killed.
#[derive(Debug, Clone, Copy)]
struct Moment {
    /// Not before so few actions are left; at once, also while it settles the last run, if there is no number.
    left: Option<usize>,
    /// And then that many requests later.
    requests: u64,
}

/// Ten moments: seven at numbers of actions that go down, three soon after a run begins.
fn moments(dice: &mut Dice) -> Vec<Moment> {
    let mut left: Vec<_> = (0..7).map(|_| usize::try_from(8 + dice.up_to(80)).expect("small")).collect();
    left.sort_by(|a, b| b.cmp(a));
    let mut moments: Vec<_> =
        left.into_iter().map(|left| Moment { left: Some(left), requests: dice.up_to(6) }).collect();
    for _ in 0..3 {
        let at = usize::try_from(dice.up_to(7)).expect("small");
        moments.insert(at, Moment { left: None, requests: 2 + dice.up_to(14) });
    }
    moments
}

/// What becomes of runs that are killed. Effects are counted by the emulator's record, not by our state.
#[derive(Debug, Default, PartialEq)]
struct Tally {
    kills: usize,
    /// What is in one world, the unhurt one or that of killed runs, and not in the other, or is different there.
    lost: Vec<String>,
    /// What took effect more than once.
    doubled: Vec<String>,
    /// What a state said that could not be read.
    unreadable: Vec<String>,
}

/// Delays, answers that are lost after their effect, and a service that is busy now and then.
const FAULTS: &str = "on=*:**;rate=0.05;delay=4 on=GET:**;rate=0.01;status=503 on=PUT:**;rate=0.02;status=429 \
    on=PUT:**;rate=0.03;cut=after on=POST:**/createLab;rate=0.1;cut=after on=POST:**/publish;rate=0.3;cut=after \
    on=POST:**/saveImage;rate=0.3;cut=after";

/// As many kills as `LABWRIGHT_KILLS` says, 25 without it; some ten of them to a world, then that is finished.
#[test]
fn killed_at_any_moment_nothing_is_lost_and_nothing_is_done_twice() {
    let wanted = std::env::var("LABWRIGHT_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(25);
    let mut dice = Dice::thrown();
    let unhurt = Served::start();
    let place = Place::against("contoso-cs", &unhurt.url);
    assert_eq!(place.run("apply --yes").code, 0);
    let expected = world(&unhurt.data());
    let mut tally = Tally::default();
    made_twice(&unhurt.end(), &mut tally);
    while tally.kills < wanted {
        killed_and_finished(&expected, &mut dice, wanted, &mut tally);
    }
    let Tally { kills, lost, doubled, unreadable } = &tally;
    // Past what captures the output of tests that pass.
    let mut out = std::io::stderr().lock();
    let (effects_lost, effects_doubled, unread) = (lost.len(), doubled.len(), unreadable.len());
    writeln!(
        out,
        "{kills} kills: effects lost {effects_lost}, doubled {effects_doubled}, unreadable states {unread}"
    )
    .expect("somebody listens");
    assert_eq!(tally, Tally { kills: *kills, ..Tally::default() });
}

fn killed_and_finished(expected: &World, dice: &mut Dice, wanted: usize, tally: &mut Tally) {
    let seed = dice.up_to(1_000_000).to_string();
    let mut azure = Served::started(&["--seed", &seed, "--faults", FAULTS]);
    let place = Place::against("contoso-cs", &azure.url);
    let moments = moments(dice);
    let mut is_open = false;
    for &moment in moments.iter().take(wanted - tally.kills) {
        // Whoever goes on does it either way.
        let line = if is_open && dice.up_to(2) == 1 { "resume" } else { "apply --yes" };
        if !kill_at(moment, line, &mut azure, &place) {
            break;
        }
        is_open = true;
        tally.kills += 1;
        let state = place.run("state list");
        if state.code != 0 {
            tally.unreadable.push(state.stderr);
        }
    }
    // A fault may fail an action for good; the next run takes it up.
    let last = (0..4).map(|_| place.run("apply --yes")).find(|last| last.code != 5).expect("it ends");
    assert_eq!(last.code, 0, "seed {seed}, {moments:?}\n{}\n{}", last.stdout, last.stderr);
    let found = world(&azure.data());
    let ids: BTreeSet<_> = found.keys().chain(expected.keys()).collect();
    tally.lost.extend(ids.into_iter().filter(|id| found.get(*id) != expected.get(*id)).cloned());
    let drift = place.run("drift");
    if drift.code != 0 {
        tally.lost.push(drift.stdout);
    }
    place.run("apply --yes").says(0, "No changes.");
    made_twice(&azure.end(), tally);
}

/// Kills a run at a moment; `false` where it ended before that came.
fn kill_at(moment: Moment, line: &str, azure: &mut Served, place: &Place) -> bool {
    let mut run = azure.begin(place, line);
    let mut is_reached = moment.left.is_none();
    let mut requests = 0;
    while requests < moment.requests {
        match azure.next() {
            Heard::Asked(_) if is_reached => requests += 1,
            Heard::Asked(_) => {}
            Heard::Said(line) => {
                is_reached |= actions_left(&line).zip(moment.left).is_some_and(|(now, due)| now <= due);
            }
            Heard::Ended => {
                run.wait().expect("it ended");
                return false;
            }
        }
    }
    run.kill().expect("it was running");
    let ended = run.wait().expect("it is dead");
    azure.rest();
    ended.signal() == Some(9)
}

/// How many actions a line says are left: `92 actions to carry out; …`, `✓ create Lab/a done  [3/92]`.
fn actions_left(line: &str) -> Option<usize> {
    if let Some((count, _)) = line.split_once(" actions to carry out") {
        return count.parse().ok();
    }
    let (done, all) = line.strip_suffix(']')?.rsplit_once('[')?.1.split_once('/')?;
    all.parse::<usize>().ok()?.checked_sub(done.parse().ok()?)
}

/// Counts what may take effect but once: labs, exports, publishes and versions made.
fn made_twice(asked: &[Asked], tally: &mut Tally) {
    let mut made: BTreeMap<String, usize> = BTreeMap::new();
    for asked in asked {
        // A version that is there already may be sent again: then it is not made.
        let version = asked.method == "PUT" && asked.status == 201 && asked.path.contains("/versions/");
        let is_intent = asked.took("POST", "/saveimage") || asked.took("POST", "/publish") || version;
        let what = asked.lab_made().map(|(_, lab)| lab).or(is_intent.then(|| asked.path.clone()));
        what.into_iter().for_each(|what| *made.entry(what).or_default() += 1);
    }
    tally.doubled.extend(made.iter().filter(|(_, count)| **count != 1).map(|(what, _)| what.clone()));
    let missing = (40 + 1 + 1 + 14_usize).saturating_sub(made.len());
    tally.lost.extend((0..missing).map(|_| "a lab, a publish, an export or an uploaded version".to_owned()));
}
