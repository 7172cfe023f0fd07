//! What every action of a run shares, and the loop that drives them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use serde_json::{Map, Value};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::journal::{Journal, Write};
use super::opened::{self, Open};
use super::{OpenSecrets, Options};
use crate::azure::Arm;
use crate::model::{Address, ArmId, Entry, EntryKind, Expectation, Recording, Row, Step, Unfinished};
use crate::plan::{Action, Event, Failure};

/// What every action of a run shares.
pub(super) struct Room<'a, 'p> {
    pub(super) arm: &'a dyn Arm,
    pub(super) secrets: &'a dyn OpenSecrets,
    pub(super) open: Open<'a>,
    pub(super) options: Options,
    pub(super) journal: Journal<'a, 'p>,
    pub(super) turns: Turns,
    pub(super) events: RefCell<&'a mut dyn FnMut(Event)>,
}

impl Room<'_, '_> {
    /// Tells reporters.
    pub(super) fn tell(&self, event: Event) {
        (self.events.borrow_mut())(event);
    }

    /// Waits before the next look at something, the longer the more looks there were.
    pub(super) async fn pause(&self, looks: u32) {
        self.journal.urge();
        tokio::time::sleep(self.arm.pace().wait(looks)).await;
    }

    /// Waits at most `left` before the next look.
    pub(super) async fn pause_within(&self, looks: u32, left: Duration) {
        self.journal.urge();
        tokio::time::sleep(self.arm.pace().wait(looks).min(left)).await;
    }

    /// Writes that a step is done, and the row that it changes.
    pub(super) fn done(&self, action: &Action, at: usize, record: Recording, outputs: Map<String, Value>) {
        let is_last = at + 1 >= action.steps.len();
        let event = is_last.then(|| Event::Done { action: action.id.clone(), already: false });
        let write = write_of(&action.address, record, outputs.clone());
        self.journal.note(entry(action, at, EntryKind::Done { outputs }), vec![write], event);
    }

    /// Writes that a step failed.
    pub(super) fn failed(&self, action: &Action, at: usize, failure: Failure) {
        let kind = EntryKind::Failed { code: failure.code.clone(), message: failure.message.clone() };
        let event = Event::Failed { action: action.id.clone(), failure };
        let writes = self.ruin(action, at).into_iter().collect();
        self.journal.note(entry(action, at, kind), writes, Some(event));
    }

    /// The row of what a creation that Azure took left behind when it failed: the next plan clears it away.
    ///
    /// Where it left nothing, deleting it does nothing.
    fn ruin(&self, action: &Action, at: usize) -> Option<Write> {
        let row = |step: &Step| match &step.record {
            Recording::Put(row) => Some(Row::clone(row)),
            _ => None,
        };
        let is_create = matches!(action.expects, Expectation::Absent { .. } | Expectation::Unset { .. });
        let (before, from) = action.steps.split_at_checked(at)?;
        if !is_create || before.iter().any(|step| row(step).is_some()) || !self.journal.was_taken(&action.id)
        {
            return None;
        }
        let row = from.iter().find_map(row)?;
        let row =
            Row { protect: false, unfinished: Some(Unfinished::Creation), ..opened::row(&row, self.open) };
        Some(write_of(&action.address, Recording::Put(Box::new(row)), Map::new()))
    }

    fn flush(&self) -> bool {
        let events = self.journal.flush();
        let flushed = events.is_some();
        events.into_iter().flatten().for_each(|event| self.tell(event));
        flushed
    }

    /// Carries out what `next` gives until it gives nothing and nothing is under way, at most `at_once` together.
    ///
    /// Once `stop` resolves, or the store fails, no more is taken; what is under way goes on. Returns
    /// whether it was stopped.
    pub(super) async fn drive<'f>(
        &self,
        at_once: usize,
        mut stop: Pin<&mut dyn Future<Output = ()>>,
        mut next: impl FnMut() -> Option<LocalBoxFuture<'f, ()>>,
    ) -> bool {
        let mut running = FuturesUnordered::new();
        let mut stopped = false;
        loop {
            while !stopped && !self.journal.is_broken() && running.len() < at_once.max(1) {
                match next() {
                    Some(action) => running.push(action),
                    None => break,
                }
            }
            match poll_fn(|context| self.turn(context, &mut running, &mut stop, stopped)).await {
                Turn::Ended => {}
                Turn::Stop => {
                    stopped = true;
                    self.tell(Event::Stopping);
                }
                Turn::Idle if self.flush() => {}
                Turn::Idle => return stopped,
            }
        }
    }

    /// Lets everything under way go as far as it can, then writes down what came of it.
    fn turn(
        &self,
        context: &mut Context<'_>,
        running: &mut FuturesUnordered<LocalBoxFuture<'_, ()>>,
        stop: &mut Pin<&mut dyn Future<Output = ()>>,
        stopped: bool,
    ) -> Poll<Turn> {
        loop {
            if !stopped && stop.as_mut().poll(context).is_ready() {
                return Poll::Ready(Turn::Stop);
            }
            match running.poll_next_unpin(context) {
                Poll::Ready(Some(())) => return Poll::Ready(Turn::Ended),
                Poll::Ready(None) => return Poll::Ready(Turn::Idle),
                Poll::Pending if self.flush() => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

/// What ended a wait.
enum Turn {
    /// An action ended.
    Ended,
    /// No more is to start.
    Stop,
    /// Nothing is under way.
    Idle,
}

/// An entry about a step of an action.
pub(super) fn entry(action: &Action, at: usize, kind: EntryKind) -> Entry {
    Entry { action: action.id.clone(), step: at, kind }
}

/// The write of a row.
pub(super) fn write_of(address: &Address, recording: Recording, outputs: Map<String, Value>) -> Write {
    Write { address: address.clone(), recording, outputs }
}

/// Requests that change the same parent take turns, in the order in which they ask.
///
/// Azure refuses, or loses, one of two writes that meet on one lab account or gallery.
#[derive(Default)]
pub(super) struct Turns(RefCell<HashMap<String, Arc<Mutex<()>>>>);

impl Turns {
    /// The turn of a request to `path`; it lasts until the guard goes.
    pub(super) async fn take(&self, path: &ArmId) -> OwnedMutexGuard<()> {
        let turns = Arc::clone(self.0.borrow_mut().entry(parent(path)).or_default());
        turns.lock_owned().await
    }
}

/// What a request to `path` changes as far as others are concerned: the top-level resource it lies in.
fn parent(path: &ArmId) -> String {
    let text = path.as_str().to_ascii_lowercase();
    let Some((group, rest)) = text.split_once("/providers/") else { return text };
    let top: Vec<_> = rest.split('/').take(3).collect();
    format!("{group}/providers/{}", top.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_below_one_account_or_gallery_takes_turns() {
        let account = "/subscriptions/s/resourceGroups/g/providers/Microsoft.LabServices/labaccounts/a";
        for path in ["", "/createLab", "/labs/x/environmentsettings/default/publish", "/sharedimages/y"] {
            assert_eq!(parent(&ArmId::new(format!("{account}{path}"))), account.to_ascii_lowercase());
        }
        let other = parent(&ArmId::new("/subscriptions/s/resourceGroups/G"));
        assert_eq!(other, "/subscriptions/s/resourcegroups/g");
    }
}
