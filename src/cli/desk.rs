//! What a command that writes works at: the way to Azure and the state, each opened when it is first needed.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use super::cloud::{self, Connection};
use super::signals::Signals;
use super::{Context, Failure, record};
use crate::config::Project;
use crate::model::{Address, Recorded, Recording};
use crate::plan::Plan;
use crate::state::{Claim, Holder, SqliteStore, StateError};

/// How long to wait before asking for a lease again: people do not notice it, a disk neither.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// The desk of one command; what it holds of the state ends with it.
pub(super) struct Desk<'a> {
    /// The files.
    pub(super) project: &'a Project,
    /// How to print, and where the project is.
    pub(super) context: &'a Context,
    connection: Option<Connection>,
    store: Option<SqliteStore>,
    holder: Holder,
    patience: Duration,
    is_begun: Rc<Cell<bool>>,
}

impl<'a> Desk<'a> {
    /// A desk on which nothing lies yet; `patience` is how long to wait for what another run holds.
    pub(super) fn new(project: &'a Project, patience: Duration, context: &'a Context) -> Self {
        let holder = Holder::this_process(context.command);
        Self { project, context, connection: None, store: None, holder, patience, is_begun: Rc::default() }
    }

    /// Whether a run goes on: until then the command may be left at any time.
    pub(super) fn is_begun(&self) -> Rc<Cell<bool>> {
        Rc::clone(&self.is_begun)
    }

    /// From here on, before the first journal entry, nobody's Ctrl-C is to end the process where it stands.
    pub(super) fn begins(&self) -> Signals {
        self.is_begun.set(true);
        Signals::listen()
    }

    /// Azure: a plan with nothing to do starts no emulator.
    ///
    /// # Errors
    /// As [`cloud::connect`].
    pub(super) async fn connection(&mut self) -> Result<&Connection, Failure> {
        if self.connection.is_none() {
            self.connection = Some(cloud::connect(self.project, self.context).await?);
        }
        Ok(self.connection.as_ref().expect("it was just made"))
    }

    /// The state, made where there is none.
    ///
    /// # Errors
    /// Exit 6 where it cannot be opened.
    pub(super) fn store(&mut self) -> Result<&mut SqliteStore, Failure> {
        if self.store.is_none() {
            self.store = Some(SqliteStore::open_or_create(&record::place(self.project, self.context))?);
        }
        Ok(self.store.as_mut().expect("it was just opened"))
    }

    /// Both at once.
    ///
    /// # Errors
    /// As [`connection`](Self::connection) and [`store`](Self::store).
    pub(super) async fn both(&mut self) -> Result<(&Connection, &mut SqliteStore), Failure> {
        self.connection().await?;
        self.store()?;
        Ok((
            self.connection.as_ref().expect("it was just made"),
            self.store.as_mut().expect("it was just opened"),
        ))
    }

    /// Takes `claim` for itself, in place of what it had; waits for others as long as it was told to.
    ///
    /// Gives the run that broke off and is in the way, which is to be settled first.
    ///
    /// # Errors
    /// Exit 6 where another run does not end in time.
    pub(super) async fn claim(&mut self, claim: &Claim) -> Result<Option<u64>, Failure> {
        let claimed = self.waiting(|store, holder| match store.claim(holder, claim) {
            Err(StateError::BrokenOff { run }) => Ok(Some(run)),
            other => other.map(|()| None),
        });
        claimed.await
    }

    /// Takes over a run that broke off; `false` where somebody else has ended it meanwhile.
    ///
    /// # Errors
    /// Exit 6 where somebody else is at it and does not end in time.
    pub(super) async fn take_over(&mut self, run: u64) -> Result<bool, Failure> {
        self.waiting(|store, holder| store.take_over(run, holder)).await
    }

    async fn waiting<T>(
        &mut self,
        mut attempt: impl FnMut(&mut dyn crate::state::Store, &Holder) -> Result<T, StateError>,
    ) -> Result<T, Failure> {
        let give_up = Instant::now().checked_add(self.patience);
        let mut told = None;
        loop {
            let holder = self.holder.clone();
            let locked = match attempt(self.store()?, &holder) {
                Err(locked @ StateError::Locked { .. }) => locked,
                other => return Ok(other?),
            };
            if give_up.is_some_and(|end| Instant::now() >= end) {
                return Err(locked.into());
            }
            if let StateError::Locked { holder, .. } = &locked
                && told.as_ref() != Some(holder)
            {
                self.context.printer.note(&format!("{locked}; waiting …\n"));
                told = Some(holder.clone());
            }
            let rest = give_up.map_or(ASK_AGAIN, |end| end.saturating_duration_since(Instant::now()));
            tokio::time::sleep(ASK_AGAIN.min(rest)).await;
        }
    }

    /// Lets the emulator end, where there is one.
    pub(super) async fn close(self) {
        if let Some(connection) = self.connection {
            connection.close().await;
        }
    }
}

/// What a run of `plan` is about: what it changes, and what it rests on.
pub(super) fn claim_of(plan: &Plan, recorded: &Recorded) -> Claim {
    let mut claim = Claim::default();
    claim.changes.extend(plan.changes.iter().map(|change| change.address.clone()));
    claim.changes.extend(plan.actions.iter().map(|action| action.address.clone()));
    claim.changes.extend(plan.records.iter().map(|record| record.address.clone()));
    let steps = plan.actions.iter().flat_map(|action| &action.steps);
    for from in steps.filter_map(|step| match &step.record {
        Recording::Move { from } => Some(from),
        _ => None,
    }) {
        claim.changes.extend(renamed_with(from, recorded));
    }
    claim.reads.extend(plan.facts.iter().map(|fact| fact.address.clone()));
    claim
}

/// What is written when the row at `from` gets another key: itself, its children, and what refers to it.
fn renamed_with(from: &Address, recorded: &Recorded) -> Vec<Address> {
    let mut after = recorded.clone();
    let written = after.rename(from, &Address::new(from.kind(), "renamed"));
    let gone = recorded.rows.keys().filter(|address| !after.rows.contains_key(*address));
    gone.cloned().chain(written).collect()
}
