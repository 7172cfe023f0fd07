//! A run under way in plain lines: what begins and ends, and a heartbeat between.

use std::collections::{BTreeMap, BTreeSet};

use super::view::say_action;
use super::words::{clean, say_seconds};
use crate::plan::{Event, Failure, Plan, Schedule};

/// What is known of a run while it goes on: a fold over its events. Time is an argument.
#[derive(Debug)]
pub struct Progress<'p> {
    plan: &'p Plan,
    schedule: Schedule,
    pace: Pace,
    under_way: BTreeMap<String, UnderWay>,
    /// What has ended, well or not, before the run went on or since.
    ended: BTreeSet<String>,
    done: usize,
    failed: usize,
    unclear: usize,
    stopping: bool,
}

/// How fast a run goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// As on Azure: the plan's estimates hold, with this many actions at once.
    Azure {
        /// How many.
        workers: usize,
    },
    /// An emulator's own, of which the plan's estimates say nothing.
    Emulated,
}

/// An action under way.
#[derive(Debug, Default)]
struct UnderWay {
    since_seconds: u64,
    step: String,
    percent: Option<u8>,
    regions: Vec<(String, u8)>,
}

impl UnderWay {
    /// How long it takes yet, `now` seconds after the run's beginning: as far as Azure says how far it is, by that, else
    /// what is left of `estimate`.
    fn seconds_left(&self, estimate: u64, now: u64) -> u64 {
        let so_far = now.saturating_sub(self.since_seconds);
        match self.percent {
            Some(percent @ TELLING..=100) => so_far * u64::from(100 - percent) / u64::from(percent),
            _ => estimate.saturating_sub(so_far),
        }
    }
}

/// From how many percent on they tell how long the rest takes.
const TELLING: u8 = 10;

/// The heartbeat names at most this many actions.
const NAMED: usize = 4;

impl<'p> Progress<'p> {
    /// The progress of `plan` before its first event; `done` of its actions were done before.
    #[must_use]
    pub fn new(plan: &'p Plan, done: BTreeSet<String>, pace: Pace) -> Self {
        Self {
            plan,
            schedule: Schedule::of(plan),
            pace,
            under_way: BTreeMap::new(),
            done: done.len(),
            ended: done,
            failed: 0,
            unclear: 0,
            stopping: false,
        }
    }

    /// The first line: how much there is to do.
    #[must_use]
    pub fn beginning(&self) -> String {
        let actions = super::words::count(self.plan.actions.len() - self.done, "action");
        match (self.pace, self.seconds_left(0)) {
            (_, None) => format!("{actions} to carry out"),
            (Pace::Azure { .. }, Some(seconds)) => {
                format!("{actions} to carry out; this takes about {}", say_seconds(seconds))
            }
            (Pace::Emulated, Some(seconds)) => {
                format!("{actions} to carry out; on Azure this takes about {}", say_seconds(seconds))
            }
        }
    }

    /// How long the rest takes, `seconds` after the beginning, were nothing to fail; `None` where it is no time worth
    /// telling.
    fn seconds_left(&self, seconds: u64) -> Option<u64> {
        let workers = match self.pace {
            Pace::Azure { workers } => workers,
            Pace::Emulated => usize::MAX,
        };
        let left = self.schedule.at_least(workers, |at| {
            let action = &self.plan.actions[at];
            match self.under_way.get(&action.id) {
                _ if self.ended.contains(&action.id) => 0,
                Some(under_way) => under_way.seconds_left(action.estimate_seconds, seconds),
                None => action.estimate_seconds,
            }
        });
        Some(left).filter(|left| *left > 0)
    }

    /// `about 50 min left`, `seconds` after the beginning; `None` where nobody can tell.
    #[must_use]
    pub fn left(&self, seconds: u64) -> Option<String> {
        let left = self.seconds_left(seconds).filter(|_| self.pace != Pace::Emulated)?;
        Some(format!("about {} left", say_seconds(left)))
    }

    /// Takes an event, `seconds` after the beginning; returns the line it is worth, if any.
    pub fn take(&mut self, event: &Event, seconds: u64) -> Option<String> {
        match event {
            Event::Started { action } => {
                let begun = UnderWay { since_seconds: seconds, ..UnderWay::default() };
                self.under_way.insert(action.clone(), begun);
                Some(format!("  {} …", self.words(action)))
            }
            Event::Step { action, step } => {
                let under_way = self.under_way.entry(action.clone()).or_default();
                *under_way = UnderWay { since_seconds: under_way.since_seconds, ..UnderWay::default() };
                under_way.step = clean(step);
                None
            }
            Event::Progress { action, percent, regions } => {
                let under_way = self.under_way.entry(action.clone()).or_default();
                under_way.percent = *percent;
                under_way.regions = regions.clone();
                None
            }
            Event::Retrying { action, because } => {
                Some(format!("  {}: again in a while, {}", self.words(action), clean(because)))
            }
            Event::Done { action, already } => {
                let since =
                    self.under_way.remove(action).map_or(seconds, |under_way| under_way.since_seconds);
                self.done += 1;
                self.ended.insert(action.clone());
                let how = match already {
                    true => "was done already, recorded".to_owned(),
                    false if seconds == since => "done".to_owned(),
                    false => format!("done in {}", say_seconds(seconds.saturating_sub(since))),
                };
                Some(format!("✓ {} {how}  [{}/{}]", self.words(action), self.done, self.plan.actions.len()))
            }
            Event::Failed { action, failure: Failure { code, message } } => {
                self.under_way.remove(action);
                self.ended.insert(action.clone());
                self.failed += 1;
                Some(format!("✗ {} failed: {}: {}", self.words(action), clean(code), clean(message)))
            }
            Event::Unclear { action, failure: Failure { code, message } } => {
                self.under_way.remove(action);
                self.ended.insert(action.clone());
                self.unclear += 1;
                let (code, message) = (clean(code), clean(message));
                Some(format!("? {}: how it came out is not known yet: {code}: {message}", self.words(action)))
            }
            Event::Stopping if self.stopping => None,
            Event::Stopping => {
                self.stopping = true;
                Some(match self.under_way.len() {
                    0 => "Stopping: nothing more starts.".into(),
                    count => format!(
                        "Stopping: nothing more starts; waiting for {count} under way. Ctrl-C again leaves them."
                    ),
                })
            }
        }
    }

    /// The line that says the run is alive, `seconds` after its beginning.
    #[must_use]
    pub fn heartbeat(&self, seconds: u64) -> String {
        let mut parts = vec![format!("{} of {} done", self.done, self.plan.actions.len())];
        if self.failed > 0 {
            parts.push(format!("{} failed", self.failed));
        }
        if self.unclear > 0 {
            parts.push(format!("{} not known", self.unclear));
        }
        if !self.under_way.is_empty() {
            let mut named: Vec<_> = self.under_way.keys().take(NAMED).map(|id| self.phrase(id)).collect();
            if self.under_way.len() > NAMED {
                named.push(format!("{} more", self.under_way.len() - NAMED));
            }
            parts.push(format!("under way: {}", named.join(", ")));
        }
        let left = self.left(seconds).map(|left| format!(", {left}")).unwrap_or_default();
        format!("… {} after {}{left}", parts.join("; "), say_seconds(seconds))
    }

    /// What an action under way is doing: `export db-sql 40 %, westeurope 80 %`.
    #[must_use]
    pub fn phrase(&self, id: &str) -> String {
        let mut phrase = self.words(id);
        let Some(under_way) = self.under_way.get(id) else { return phrase };
        if !under_way.step.is_empty() && !phrase.starts_with(&under_way.step) {
            phrase = format!("{phrase} ({})", under_way.step);
        }
        if let Some(percent) = under_way.percent {
            phrase = format!("{phrase} {percent} %");
        }
        for (region, percent) in &under_way.regions {
            phrase = format!("{phrase}, {} {percent} %", clean(region));
        }
        phrase
    }

    /// The ids of what is under way.
    pub fn under_way(&self) -> impl Iterator<Item = &str> {
        self.under_way.keys().map(String::as_str)
    }

    /// How many actions ended well, and how many did not.
    #[must_use]
    pub fn ended(&self) -> (usize, usize) {
        (self.done, self.failed)
    }

    fn words(&self, id: &str) -> String {
        say_action(self.plan, id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_goes_by_how_far_azure_says_it_is() {
        let export = |percent| UnderWay { since_seconds: 100, percent, ..UnderWay::default() };
        assert_eq!(export(None).seconds_left(600, 160), 540);
        assert_eq!(export(Some(2)).seconds_left(600, 160), 540, "too early to tell");
        assert_eq!(export(Some(25)).seconds_left(600, 160), 180);
        assert_eq!(export(Some(100)).seconds_left(600, 160), 0);
        assert_eq!(export(None).seconds_left(600, 9999), 0, "later than it should be");
    }
}
