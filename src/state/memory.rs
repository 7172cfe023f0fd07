//! A state that lives as long as its value: for tests, and as the plainest reading of the contract.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::model::{Entry, Identity, Recorded, RunHeader, RunOutcome};

use super::format::{FORMAT, Tally};
use super::store::{REMEMBERED, completed};
use super::{Claim, Holder, Lease, Meta, OpenRun, RowWrite, StateError, Store, same_identity};

/// A state in memory.
#[derive(Debug)]
pub struct MemoryStore {
    lineage: String,
    serial: u64,
    identity: Option<Identity>,
    recorded: Recorded,
    tally: Tally,
    runs: Vec<Kept>,
    lease: Option<(Holder, Claim)>,
}

#[derive(Debug)]
struct Kept {
    header: RunHeader,
    plan: String,
    journal: Vec<(u64, Entry)>,
    took: BTreeMap<String, u64>,
}

impl MemoryStore {
    /// A state with nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self {
            lineage: uuid::Uuid::new_v4().to_string(),
            serial: 0,
            identity: None,
            recorded: Recorded { rows: BTreeMap::new() },
            tally: Tally::default(),
            runs: Vec::new(),
            lease: None,
        }
    }

    fn run(&self, run: u64) -> Option<&Kept> {
        self.runs.get(usize::try_from(run.checked_sub(1)?).ok()?)
    }

    fn run_mut(&mut self, run: u64) -> Result<&mut Kept, StateError> {
        let index = run.checked_sub(1).and_then(|index| usize::try_from(index).ok());
        index.and_then(|index| self.runs.get_mut(index)).ok_or(StateError::NoSuchRun { run })
    }

    fn write(&mut self, write: &RowWrite) -> bool {
        let (address, row) = match write {
            RowWrite::Put(address, row) => (address, Some(row)),
            RowWrite::Delete(address) => (address, None),
        };
        let before = self.recorded.rows.get(address);
        if before == row {
            return false;
        }
        if let Some(before) = before {
            self.tally.remove(address, &before.digest());
        }
        match row {
            Some(row) => {
                self.tally.add(address, &row.digest());
                self.recorded.rows.insert(address.clone(), row.clone());
            }
            None => {
                self.recorded.rows.remove(address);
            }
        }
        true
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Store for MemoryStore {
    fn meta(&self) -> Result<Meta, StateError> {
        Ok(Meta {
            lineage: self.lineage.clone(),
            serial: self.serial,
            format_version: FORMAT,
            identity: self.identity.clone(),
            rows: self.tally.rows,
            digest_sum: self.tally.sum_text(),
        })
    }

    fn recorded(&self) -> Result<Recorded, StateError> {
        let mut tally = Tally::default();
        for (address, row) in &self.recorded.rows {
            tally.add(address, &row.digest());
        }
        if tally == self.tally {
            return Ok(self.recorded.clone());
        }
        Err(StateError::Damaged {
            path: PathBuf::from(":memory:"),
            what: "its rows do not add up to its digest sum".into(),
        })
    }

    /// Nobody else ever has anything of it: it lives in one value.
    fn claim(&mut self, holder: &Holder, claim: &Claim) -> Result<(), StateError> {
        self.lease = Some((holder.clone(), claim.clone()));
        Ok(())
    }

    fn take_over(&mut self, run: u64, _: &Holder) -> Result<bool, StateError> {
        Ok(self.run_mut(run)?.header.outcome.is_none())
    }

    fn leases(&self) -> Result<Vec<Lease>, StateError> {
        let run = self.runs.iter().rfind(|kept| kept.header.outcome.is_none()).map(|kept| kept.header.id);
        let lease = |(holder, claim): &(Holder, Claim)| Lease {
            id: String::new(),
            holder: holder.clone(),
            claim: claim.clone(),
            run,
        };
        Ok(self.lease.iter().map(lease).collect())
    }

    fn break_lease(&mut self, _: &str) -> Result<bool, StateError> {
        Ok(self.lease.take().is_some())
    }

    fn begin(&mut self, header: RunHeader, plan: &str, identity: &Identity) -> Result<u64, StateError> {
        same_identity(self.identity.as_ref(), identity)?;
        self.identity = Some(completed(self.identity.take(), identity));
        let id = self.runs.len() as u64 + 1;
        let header = RunHeader { id, ended_ms: None, outcome: None, ..header };
        self.runs.push(Kept { header, plan: plan.to_owned(), journal: Vec::new(), took: BTreeMap::new() });
        Ok(id)
    }

    fn commit(&mut self, run: u64, entries: &[(u64, Entry)], rows: &[RowWrite]) -> Result<(), StateError> {
        self.run_mut(run)?.journal.extend_from_slice(entries);
        let mut changed = false;
        for write in rows {
            changed |= self.write(write);
        }
        self.serial += u64::from(changed);
        Ok(())
    }

    fn took(&mut self, run: u64, took: &BTreeMap<String, u64>) -> Result<(), StateError> {
        let known = &mut self.run_mut(run)?.took;
        for (work, ms) in took {
            known.entry(work.clone()).or_insert(*ms);
        }
        Ok(())
    }

    fn durations(&self) -> Result<BTreeMap<String, Vec<u64>>, StateError> {
        let mut durations: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        let latest = self.runs.iter().rev().take(usize::try_from(REMEMBERED).unwrap_or(usize::MAX));
        for (work, ms) in latest.flat_map(|kept| &kept.took) {
            durations.entry(work.clone()).or_default().push(*ms);
        }
        Ok(durations)
    }

    fn end(&mut self, run: u64, ended_ms: u64, outcome: RunOutcome) -> Result<(), StateError> {
        let header = &mut self.run_mut(run)?.header;
        (header.ended_ms, header.outcome) = (Some(ended_ms), Some(outcome));
        Ok(())
    }

    fn open_runs(&self) -> Result<Vec<OpenRun>, StateError> {
        let open = self.runs.iter().filter(|kept| kept.header.outcome.is_none());
        Ok(open.map(|kept| OpenRun { header: kept.header.clone(), holder: None }).collect())
    }

    fn runs(&self) -> Result<Vec<RunHeader>, StateError> {
        Ok(self.runs.iter().map(|kept| kept.header.clone()).collect())
    }

    fn plan_of(&self, run: u64) -> Result<String, StateError> {
        self.run(run).map(|kept| kept.plan.clone()).ok_or(StateError::NoSuchRun { run })
    }

    fn journal(&self, run: u64) -> Result<Vec<(u64, Entry)>, StateError> {
        Ok(self.run(run).map(|kept| kept.journal.clone()).unwrap_or_default())
    }
}
