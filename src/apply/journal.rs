//! The one writer of a run's journal: what becomes ready together shares one durable commit.
//!
//! Actions leave notes; whoever drives them [`flush`](Journal::flush)es when none of them can go on
//! by itself. Only then do the entries, and the rows that they change, become true: durable first,
//! folded into the [`Run`] next, told to reporters last.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value};
use tokio::sync::oneshot;

use super::error::End;
use super::recording;
use crate::catalog::{Work, median};
use crate::model::{Address, ArmId, Entry, EntryKind, Expectation, Recorded, Recording, RunOutcome};
use crate::plan::{Action, ActionState, Event, Plan, Run};
use crate::state::{RowWrite, StateError, Store};

/// The journal of one run, and what follows from it: where the run stands and what is recorded.
pub(super) struct Journal<'a, 'p> {
    inner: RefCell<Inner<'a, 'p>>,
}

struct Inner<'a, 'p> {
    store: &'a mut dyn Store,
    now: &'a dyn Fn() -> u64,
    run_id: u64,
    run: Run<'p>,
    recorded: Recorded,
    /// Ids of what this run deleted: lists may go on showing it for a while.
    deleted: BTreeSet<ArmId>,
    notes: Vec<Note>,
    /// Whether some note must not wait for the next one.
    urgent: bool,
    error: Option<StateError>,
    /// When the actions began whose first request left in this process, and how long those took that are done.
    began: HashMap<&'p str, u64>,
    took: BTreeMap<Work, Vec<u64>>,
    /// What happened after the store failed, or while it did.
    unwritten: (Vec<(u64, Entry)>, Vec<RowWrite>),
}

/// One entry on its way into the journal.
struct Note {
    ms: u64,
    entry: Entry,
    writes: Vec<Write>,
    event: Option<Event>,
    durable: Option<oneshot::Sender<()>>,
}

/// A row's change that becomes durable together with an entry.
#[derive(Debug, Clone)]
pub(super) struct Write {
    /// Whose row.
    pub(super) address: Address,
    /// What is written down.
    pub(super) recording: Recording,
    /// What was read into the outputs.
    pub(super) outputs: Map<String, Value>,
}

impl<'a, 'p> Journal<'a, 'p> {
    /// The journal of a run that stands where `run` says, over what is recorded.
    pub(super) fn new(
        store: &'a mut dyn Store,
        now: &'a dyn Fn() -> u64,
        run_id: u64,
        run: Run<'p>,
        recorded: Recorded,
    ) -> Self {
        Self {
            inner: RefCell::new(Inner {
                store,
                now,
                run_id,
                run,
                recorded,
                deleted: BTreeSet::new(),
                notes: Vec::new(),
                urgent: false,
                error: None,
                began: HashMap::new(),
                took: BTreeMap::new(),
                unwritten: (Vec::new(), Vec::new()),
            }),
        }
    }

    /// Writes that a request is about to leave; returns once that is durable.
    ///
    /// # Errors
    /// [`End::Halted`] when it cannot be made durable: then nothing may leave.
    pub(super) async fn started(&self, entry: Entry) -> Result<(), End> {
        let (durable, wait) = oneshot::channel();
        {
            let mut inner = self.inner.borrow_mut();
            if inner.error.is_some() {
                return Err(End::Halted);
            }
            inner.push(entry, Vec::new(), None, Some(durable));
            inner.urgent = true;
        }
        wait.await.map_err(|_| End::Halted)
    }

    /// Leaves an entry with what it writes and what reporters hear of it; the next flush makes it durable.
    pub(super) fn note(&self, entry: Entry, writes: Vec<Write>, event: Option<Event>) {
        let mut inner = self.inner.borrow_mut();
        inner.push(entry, writes, event, None);
        inner.urgent = true;
    }

    /// Leaves an entry that may wait for company: losing it costs a look at Azure, nothing else.
    pub(super) fn note_in_passing(&self, entry: Entry) {
        self.inner.borrow_mut().push(entry, Vec::new(), None, None);
    }

    /// Says that somebody will now wait for long: nothing stays unwritten meanwhile.
    pub(super) fn urge(&self) {
        let mut inner = self.inner.borrow_mut();
        inner.urgent = !inner.notes.is_empty();
    }

    /// Makes everything left so far durable and true; gives the events to tell, `None` where there was nothing to do.
    pub(super) fn flush(&self) -> Option<Vec<Event>> {
        let mut inner = self.inner.borrow_mut();
        if !inner.urgent {
            return None;
        }
        inner.urgent = false;
        Some(inner.flush())
    }

    /// The next action that waits for nothing.
    pub(super) fn next_ready(&self) -> Option<&'p Action> {
        self.inner.borrow_mut().run.next_ready()
    }

    /// Whether the store failed, so that nothing may start.
    pub(super) fn is_broken(&self) -> bool {
        self.inner.borrow().error.is_some()
    }

    /// Looks at what is recorded.
    pub(super) fn recorded<T>(&self, look: impl FnOnce(&Recorded) -> T) -> T {
        look(&self.inner.borrow().recorded)
    }

    /// Looks at what is recorded and at the ids of what this run deleted.
    pub(super) fn known<T>(&self, look: impl FnOnce(&Recorded, &BTreeSet<ArmId>) -> T) -> T {
        let inner = self.inner.borrow();
        look(&inner.recorded, &inner.deleted)
    }

    /// Whether what is at `id` comes from a create of ours that never was done: the last request there that
    /// Azure took, in whichever run. What cannot be read is no proof.
    pub(super) fn was_begun_here(&self, id: &ArmId) -> bool {
        begun_here(&*self.inner.borrow().store, id).unwrap_or(false)
    }

    /// Whether Azure took the request of the step that an action has under way.
    pub(super) fn was_taken(&self, action: &str) -> bool {
        let inner = self.inner.borrow();
        let is_accepted = |note: &Note| {
            note.entry.action == action && matches!(note.entry.kind, EntryKind::Accepted { .. })
        };
        let is_folded = |state: &ActionState| matches!(state, ActionState::UnderWay(step) if step.accepted);
        inner.notes.iter().any(is_accepted) || inner.run.state(action).is_some_and(is_folded)
    }

    /// Ends the writing, and the run with the outcome that `decide` finds in how it stands.
    ///
    /// # Errors
    /// The store's first error. What was left unwritten is tried once more before: the cause may have passed.
    pub(super) fn close(
        self,
        decide: impl FnOnce(&Run<'p>) -> Option<RunOutcome>,
    ) -> Result<Closed<'p>, StateError> {
        let mut inner = self.inner.into_inner();
        inner.flush();
        if let Some(error) = inner.error {
            let (entries, rows) = inner.unwritten;
            // The first error is the one to tell; what this saves, the next run need not look up.
            drop(inner.store.commit(inner.run_id, &entries, &rows));
            return Err(error);
        }
        let took = inner.took.iter().filter_map(|(work, ms)| Some((work.as_str().to_owned(), median(ms)?)));
        let took: BTreeMap<_, _> = took.collect();
        if !took.is_empty() {
            inner.store.took(inner.run_id, &took)?;
        }
        let outcome = decide(&inner.run);
        if let Some(outcome) = outcome {
            inner.store.end(inner.run_id, (inner.now)(), outcome)?;
        }
        Ok(Closed { run: inner.run, recorded: inner.recorded, outcome })
    }
}

impl Inner<'_, '_> {
    fn push(
        &mut self,
        entry: Entry,
        writes: Vec<Write>,
        event: Option<Event>,
        durable: Option<oneshot::Sender<()>>,
    ) {
        let ms = (self.now)();
        self.notes.push(Note { ms, entry, writes, event, durable });
    }

    fn flush(&mut self) -> Vec<Event> {
        let notes = std::mem::take(&mut self.notes);
        if notes.is_empty() {
            return Vec::new();
        }
        let mut rows = Vec::new();
        for write in notes.iter().flat_map(|note| &note.writes) {
            rows.extend(self.write(write));
        }
        let entries: Vec<_> = notes.iter().map(|note| (note.ms, note.entry.clone())).collect();
        if self.error.is_none() {
            match self.store.commit(self.run_id, &entries, &rows) {
                Ok(()) => return notes.into_iter().filter_map(|note| self.is_true(note)).collect(),
                Err(error) => self.error = Some(error),
            }
        }
        // Whoever waits to send a request hears that it must not leave; what happened is kept.
        let happened = notes.into_iter().filter(|note| note.durable.is_none());
        self.unwritten.0.extend(happened.map(|note| (note.ms, note.entry)));
        self.unwritten.1.extend(rows);
        Vec::new()
    }

    fn write(&mut self, write: &Write) -> Vec<RowWrite> {
        let done: &[Address] = match &write.recording {
            Recording::DeleteWithDone { done } => done,
            _ => &[],
        };
        let deletes = matches!(write.recording, Recording::Delete | Recording::DeleteWithDone { .. });
        for address in done.iter().chain(deletes.then_some(&write.address)) {
            self.deleted.extend(self.recorded.rows.get(address).map(|row| row.arm_id.clone()));
        }
        recording::write(&mut self.recorded, &write.address, &write.recording, &write.outputs)
    }

    fn is_true(&mut self, note: Note) -> Option<Event> {
        self.run.fold(&note.entry);
        self.time(&note);
        if let Some(durable) = note.durable {
            // Who waits for it may be gone; the entry is true all the same.
            let _ = durable.send(());
        }
        note.event
    }
}

impl Inner<'_, '_> {
    /// Learns how long an action takes, from its first request to its end.
    fn time(&mut self, note: &Note) {
        let Some(action) = self.run.plan().action(&note.entry.action) else { return };
        match &note.entry.kind {
            EntryKind::Started { .. } if note.entry.step == 0 => {
                self.began.entry(&action.id).or_insert(note.ms);
            }
            EntryKind::Done { .. } if note.entry.step + 1 >= action.steps.len() => {
                if let Some(began) = self.began.remove(action.id.as_str()) {
                    self.took.entry(action.work).or_default().push(note.ms.saturating_sub(began));
                }
            }
            _ => {}
        }
    }
}

fn begun_here(store: &dyn Store, id: &ArmId) -> Result<bool, StateError> {
    for run in store.runs()?.iter().rev() {
        let journal = store.journal(run.id)?;
        let Some(last) = last_taken(&journal, id) else { continue };
        return Ok(!last.is_done && is_create(&store.plan_of(run.id)?, last.action));
    }
    Ok(false)
}

/// The last request to one resource that Azure took.
struct LastTaken<'j> {
    /// The action that sent it.
    action: &'j str,
    /// Whether its step is done.
    is_done: bool,
}

fn last_taken<'j>(journal: &'j [(u64, Entry)], id: &ArmId) -> Option<LastTaken<'j>> {
    let went_there = |entry: &Entry| matches!(&entry.kind, EntryKind::Started { arm_id, .. } if arm_id == id);
    let starts = journal.iter().enumerate().rev().filter(|(_, (_, entry))| went_there(entry));
    let mut taken = starts.filter_map(|(at, (_, started))| {
        let same = |entry: &&Entry| (&entry.action, entry.step) == (&started.action, started.step);
        let mut after = journal.iter().skip(at).map(|(_, entry)| entry).filter(same);
        after.find(|entry| matches!(entry.kind, EntryKind::Accepted { .. }))?;
        let is_done = after.any(|entry| matches!(entry.kind, EntryKind::Done { .. }));
        Some(LastTaken { action: &started.action, is_done })
    });
    taken.next()
}

/// Whether an action of a plan makes what was not there before.
fn is_create(plan: &str, action: &str) -> bool {
    let plan: Option<Plan> = serde_json::from_str(plan).ok();
    let action = plan.as_ref().and_then(|plan| plan.actions.iter().find(|known| known.id == action));
    action.is_some_and(|action| matches!(action.expects, Expectation::Absent { .. }))
}

/// A journal that is not written to any more.
pub(super) struct Closed<'p> {
    /// Where the run stands.
    pub(super) run: Run<'p>,
    /// What is recorded.
    pub(super) recorded: Recorded,
    /// How the run ended; `None` where it is to be gone on with.
    pub(super) outcome: Option<RunOutcome>,
}
