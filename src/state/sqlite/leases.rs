//! Leases in a SQLite file: who owns them, who of those is alive, and who may therefore write.
//!
//! An owner is a row and a locked file; without either it is dead. What it had ends with it, but for what an open run of
//! it is about: that stays leased until somebody takes the run over.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, TransactionBehavior};

use super::{SqliteStore, signed, unsigned};
use crate::model::canonical;
use crate::state::lease::named;
use crate::state::lock::{self, OwnerLock};
use crate::state::{Claim, Holder, Lease, StateError};

/// As whom a store holds leases.
#[derive(Debug)]
pub(super) struct Owner {
    id: String,
    /// Held as long as this lives.
    _lock: OwnerLock,
}

impl SqliteStore {
    /// Gives `claim` to this store, in place of what it had.
    pub(super) fn give(&mut self, holder: &Holder, claim: &Claim) -> Result<(), StateError> {
        let id = self.become_owner(holder)?;
        let transaction = self.transaction(TransactionBehavior::Immediate)?;
        self.is_still_owner()?;
        self.is_free(claim)?;
        self.sql("write", |connection| {
            connection.execute("DELETE FROM leases WHERE owner = ?1", [&id])?;
            let insert = "INSERT INTO leases (address, owner, changes) VALUES (?1, ?2, ?3)";
            let mut insert = connection.prepare_cached(insert)?;
            let reads = claim.reads.difference(&claim.changes).map(|address| (address, false));
            for (address, changes) in claim.changes.iter().map(|address| (address, true)).chain(reads) {
                insert.execute((address.as_str(), &id, changes))?;
            }
            drop(insert);
            transaction.commit()
        })
    }

    /// Takes over a run that broke off, with everything it was about; `false` where it has ended.
    pub(super) fn inherit(&mut self, run: u64, holder: &Holder) -> Result<bool, StateError> {
        let id = self.become_owner(holder)?;
        let transaction = self.transaction(TransactionBehavior::Immediate)?;
        self.is_still_owner()?;
        let found: Option<(Option<String>, bool)> = self.sql("read", |connection| {
            let mut query =
                connection.prepare_cached("SELECT owner, outcome IS NULL FROM runs WHERE id = ?1")?;
            query.query_row([signed(run)], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })?;
        let (owner, is_open) = found.ok_or(StateError::NoSuchRun { run })?;
        if !is_open {
            return Ok(false);
        }
        let owner = owner.filter(|owner| *owner != id);
        if let Some(holder) = owner.as_ref().map(|owner| self.alive(owner)).transpose()?.flatten() {
            return Err(StateError::Locked { what: format!("run {run}"), several: false, holder });
        }
        self.sql("write", |connection| {
            let inherit = "INSERT INTO leases (address, owner, changes)
                SELECT address, ?1, changes FROM leases WHERE owner = ?2
                ON CONFLICT DO UPDATE SET changes = max(changes, excluded.changes)";
            connection.execute(inherit, (&id, &owner))?;
            connection.execute("UPDATE runs SET owner = ?1 WHERE id = ?2", (&id, signed(run))).map(|_| ())
        })?;
        if let Some(owner) = &owner {
            self.forget(owner)?;
        }
        self.sql("write", |_| transaction.commit())?;
        Ok(true)
    }

    /// What everybody has who is alive, sorted by age.
    pub(super) fn held(&self) -> Result<Vec<Lease>, StateError> {
        let _one_instant = self.transaction(TransactionBehavior::Deferred)?;
        let mut leases = Vec::new();
        for id in self.owners()? {
            let Some(holder) = self.alive(&id)? else { continue };
            let mut claim = Claim::default();
            for (address, changes) in self.leased_by(&id)? {
                let address = address.parse().map_err(|_| self.damaged("a lease has no address"))?;
                if changes {
                    claim.changes.insert(address)
                } else {
                    claim.reads.insert(address)
                };
            }
            let run = self.open_runs_of(&id)?.pop();
            leases.push(Lease { id, holder, claim, run });
        }
        leases.sort_by_key(|lease| lease.holder.since_ms);
        Ok(leases)
    }

    /// Ends what the owner `id` has; tells whether there was such an owner.
    pub(super) fn take_away(&mut self, id: &str) -> Result<bool, StateError> {
        let transaction = self.transaction(TransactionBehavior::Immediate)?;
        let there = self.owners()?.contains(id);
        self.end_owner(id)?;
        self.sql("write", |_| transaction.commit())?;
        Ok(there)
    }

    /// Who carries a run out; `None` where nobody does who is alive.
    pub(super) fn holder_of(&self, run: u64) -> Result<Option<Holder>, StateError> {
        let owner: Option<Option<String>> = self.sql("read", |connection| {
            let mut query = connection.prepare_cached("SELECT owner FROM runs WHERE id = ?1")?;
            query.query_row([signed(run)], |row| row.get(0)).optional()
        })?;
        owner.flatten().map_or(Ok(None), |owner| self.alive(&owner))
    }

    /// Whether a run is this store's to write to: nobody took it over, nobody broke its lease.
    pub(super) fn is_ours(&self, run: u64) -> Result<(), StateError> {
        let query = "SELECT runs.owner, owners.id FROM runs LEFT JOIN owners ON owners.id = runs.owner WHERE runs.id = ?1";
        let owner: Option<(Option<String>, Option<String>)> = self.sql("read", |connection| {
            let mut query = connection.prepare_cached(query)?;
            query.query_row([signed(run)], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })?;
        match owner {
            None => Err(StateError::NoSuchRun { run }),
            Some((None, _)) => Ok(()),
            Some((Some(owner), Some(_))) if self.id() == Some(&owner) => Ok(()),
            Some(_) => Err(StateError::LeaseLost),
        }
    }

    /// Whether what this store claimed was broken since.
    pub(super) fn is_still_owner(&self) -> Result<(), StateError> {
        match self.id() {
            Some(id) if !self.owners()?.contains(id) => Err(StateError::LeaseLost),
            _ => Ok(()),
        }
    }

    /// The id under which this store holds leases, once it claimed some.
    pub(super) fn id(&self) -> Option<&String> {
        self.owner.as_ref().map(|owner| &owner.id)
    }

    /// Gives up what this store has, but for what an open run is about.
    pub(super) fn release(&self) -> Result<(), StateError> {
        let Some(id) = self.id() else { return Ok(()) };
        let transaction = self.transaction(TransactionBehavior::Immediate)?;
        self.end_owner(id)?;
        self.sql("write", |_| transaction.commit())
    }

    /// Becomes an owner of leases, if it is none yet.
    fn become_owner(&mut self, holder: &Holder) -> Result<String, StateError> {
        if let Some(id) = self.id() {
            return Ok(id.clone());
        }
        let id = uuid::Uuid::new_v4().simple().to_string()[..12].to_owned();
        // Locked before anybody can read of it: nobody takes it for dead.
        let lock = OwnerLock::take(&self.path, &id)?;
        self.sql("write", |connection| {
            connection.execute("INSERT INTO owners (id, holder) VALUES (?1, ?2)", (&id, canonical(holder)))
        })?;
        self.owner = Some(Owner { id: id.clone(), _lock: lock });
        Ok(id)
    }

    /// Refuses what others have of `claim`; forgets those who died and left nothing to settle.
    fn is_free(&self, claim: &Claim) -> Result<(), StateError> {
        let mut broken_off = None;
        let leasing = self.texts("SELECT DISTINCT owner FROM leases")?;
        for id in leasing.into_iter().chain(self.owners()?).collect::<BTreeSet<_>>() {
            if self.id() == Some(&id) {
                continue;
            }
            let (alive, run) = (self.alive(&id)?, self.open_runs_of(&id)?.pop());
            if alive.is_none() && run.is_none() {
                self.forget(&id)?;
                continue;
            }
            let leased = self.leased_by(&id)?;
            let taken = leased.into_iter().filter(|(address, changes)| claim.excludes(address, *changes));
            let taken: Vec<_> = taken.map(|(address, _)| address).collect();
            match alive {
                _ if taken.is_empty() => {}
                Some(holder) => {
                    return Err(StateError::Locked { what: named(&taken), several: taken.len() > 1, holder });
                }
                None => broken_off = broken_off.or(run),
            }
        }
        broken_off.map_or(Ok(()), |run| Err(StateError::BrokenOff { run }))
    }

    /// Who an owner is; `None` where it is dead.
    fn alive(&self, id: &str) -> Result<Option<Holder>, StateError> {
        let holder: Option<String> = self.sql("read", |connection| {
            let mut query = connection.prepare_cached("SELECT holder FROM owners WHERE id = ?1")?;
            query.query_row([id], |row| row.get(0)).optional()
        })?;
        let is_locked = || self.id().is_some_and(|own| own == id) || lock::is_alive(&self.path, id);
        let Some(holder) = holder.filter(|_| is_locked()) else { return Ok(None) };
        let holder = serde_json::from_str(&holder);
        holder.map(Some).map_err(|error| self.damaged(format!("who holds a lease: {error}")))
    }

    /// The ids of all owners, also of those who died.
    fn owners(&self) -> Result<BTreeSet<String>, StateError> {
        Ok(self.texts("SELECT id FROM owners")?.into_iter().collect())
    }

    fn texts(&self, query: &str) -> Result<Vec<String>, StateError> {
        self.sql("read", |connection| {
            connection.prepare_cached(query)?.query_map([], |row| row.get(0))?.collect()
        })
    }

    /// What an owner has: addresses, and whether they are to be changed.
    fn leased_by(&self, id: &str) -> Result<Vec<(String, bool)>, StateError> {
        self.sql("read", |connection| {
            let query = "SELECT address, changes FROM leases WHERE owner = ?1 ORDER BY address";
            let mut query = connection.prepare_cached(query)?;
            query.query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })
    }

    /// The runs without an end that an owner carried out, oldest first; also one whose lease was broken has them.
    fn open_runs_of(&self, owner: &str) -> Result<Vec<u64>, StateError> {
        self.sql("read", |connection| {
            let query = "SELECT id FROM runs WHERE owner = ?1 AND outcome IS NULL ORDER BY id";
            connection.prepare_cached(query)?.query_map([owner], |row| unsigned(row, 0))?.collect()
        })
    }

    fn has_open_run(&self, owner: &str) -> Result<bool, StateError> {
        Ok(!self.open_runs_of(owner)?.is_empty())
    }

    /// Lets an owner be one no more; what an open run of it is about stays leased.
    fn end_owner(&self, id: &str) -> Result<(), StateError> {
        let keeps = self.has_open_run(id)?;
        self.sql("write", |connection| {
            if !keeps {
                connection.execute("DELETE FROM leases WHERE owner = ?1", [id])?;
            }
            connection.execute("DELETE FROM owners WHERE id = ?1", [id]).map(|_| ())
        })
    }

    /// Forgets a dead owner and what it had.
    fn forget(&self, id: &str) -> Result<(), StateError> {
        self.end_owner(id)?;
        lock::tidy_up(&self.path, id);
        Ok(())
    }
}
