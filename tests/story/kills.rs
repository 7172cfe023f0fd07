//! Killed at any moment, and run again: the same world as if nothing had happened, and nothing done twice.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::time::{SystemTime, UNIX_EPOCH};

use super::place::Place;
use super::served::{Asked, Heard, Served, world};

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

#[test]
fn killed_ten_times_contoso_ends_in_the_same_world() {
    let mut dice = Dice::thrown();
    let unhurt = Served::start();
    let place = Place::against("contoso-cs", &unhurt.url);
    assert_eq!(place.run("apply --yes").code, 0);
    let expected = world(&unhurt.data());

    let mut azure = Served::start();
    let place = Place::against("contoso-cs", &azure.url);
    let moments = moments(&mut dice);
    for &moment in &moments {
        kill_at(moment, &mut azure, &place);
    }
    let last = place.run("apply --yes");
    assert_eq!(last.code, 0, "{moments:?}\n{}\n{}", last.stdout, last.stderr);
    place.run("apply --yes").says(0, "No changes.");
    place.run("drift").says(0, "No drift.");
    let found = world(&azure.data());
    let ids = |world: &BTreeMap<String, _>| world.keys().cloned().collect::<Vec<_>>();
    assert_eq!(ids(&found), ids(&expected), "{moments:?}");
    for (id, resource) in &expected {
        assert_eq!(&found[id], resource, "{id}, {moments:?}");
    }
    assert_eq!(once_each(&unhurt.end()), once_each(&azure.end()), "{moments:?}");
}

fn kill_at(moment: Moment, azure: &mut Served, place: &Place) {
    let mut run = azure.begin(place, "apply --yes");
    let mut is_reached = moment.left.is_none();
    let mut requests = 0;
    while requests < moment.requests {
        match azure.next() {
            Heard::Asked(_) if is_reached => requests += 1,
            Heard::Asked(_) => {}
            Heard::Said(line) => {
                is_reached |= actions_left(&line).zip(moment.left).is_some_and(|(now, due)| now <= due);
            }
            Heard::Ended => panic!("it ended before {moment:?}"),
        }
    }
    run.kill().expect("it was running");
    assert_eq!(run.wait().expect("it is dead").signal(), Some(9), "{moment:?}");
    azure.rest();
}

/// How many actions a line says are left: `92 actions to carry out; …`, `✓ create Lab/a done  [3/92]`.
fn actions_left(line: &str) -> Option<usize> {
    if let Some((count, _)) = line.split_once(" actions to carry out") {
        return count.parse().ok();
    }
    let (done, all) = line.strip_suffix(']')?.rsplit_once('[')?.1.split_once('/')?;
    all.parse::<usize>().ok()?.checked_sub(done.parse().ok()?)
}

/// What may take effect but once: labs, exports, publishes and versions made; asserts that it did.
fn once_each(asked: &[Asked]) -> Vec<String> {
    let mut made: BTreeMap<String, usize> = BTreeMap::new();
    for asked in asked {
        let is_intent = asked.took("POST", "/saveimage")
            || asked.took("POST", "/publish")
            || (asked.took("PUT", "/versions/") && asked.path.contains("/galleries/"));
        let what = asked.lab_made().map(|(_, lab)| lab).or(is_intent.then(|| asked.path.clone()));
        what.into_iter().for_each(|what| *made.entry(what).or_default() += 1);
    }
    let twice: Vec<_> = made.iter().filter(|(_, count)| **count != 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    assert_eq!(made.len(), 40 + 1 + 1 + 14, "labs, a publish, an export, uploaded versions");
    made.into_keys().collect()
}
