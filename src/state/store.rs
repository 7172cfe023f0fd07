//! The contract of every store.

use std::collections::BTreeMap;

use crate::model::{Address, Entry, Identity, Recorded, Row, RunHeader, RunOutcome};

use super::{Claim, Holder, Lease, OpenRun, StateError};

/// How many runs back durations are asked for.
pub const REMEMBERED: u64 = 20;

/// A state: rows keyed by address, and a journal of the runs that changed them.
///
/// Every mutating call is one transaction: when it returns `Ok`, its effect is durable and survives
/// the death of the process at any later instant; when it returns an error or never returns, nothing
/// of it is there. Any number may read. Runs that are about different addresses go on side by side: each claims
/// what it is about, and from then on only who still has it can write.
pub trait Store: Send {
    /// What is known of the state as a whole.
    ///
    /// # Errors
    /// [`StateError::Damaged`] where it cannot be read as such.
    fn meta(&self) -> Result<Meta, StateError>;

    /// All rows, read at one instant and checked against the count and the digest sum.
    ///
    /// # Errors
    /// [`StateError::Damaged`] when a row, the count or the sum does not fit.
    fn recorded(&self) -> Result<Recorded, StateError>;

    /// Gives `claim` to `holder`, in place of what this store had before; all of it or nothing.
    ///
    /// What a process has ends with it, but for what a run of it was about that broke off: that stays until somebody
    /// takes the run over.
    ///
    /// # Errors
    /// [`StateError::Locked`] where another run has some of it; [`StateError::BrokenOff`] where a run that nobody
    /// settled yet was about some of it.
    fn claim(&mut self, holder: &Holder, claim: &Claim) -> Result<(), StateError>;

    /// Takes over a run that broke off with everything it was about; `false` where it has ended meanwhile.
    ///
    /// # Errors
    /// [`StateError::Locked`] where its process is alive, or another took it over; [`StateError::NoSuchRun`].
    fn take_over(&mut self, run: u64, holder: &Holder) -> Result<bool, StateError>;

    /// What everybody has who is alive, sorted by age.
    ///
    /// # Errors
    /// When it cannot be read.
    fn leases(&self) -> Result<Vec<Lease>, StateError>;

    /// Ends what the owner `id` has although it is alive: it can write no more, and a run of it counts as broken off.
    /// Tells whether there was such an owner.
    ///
    /// # Errors
    /// When it cannot be written.
    fn break_lease(&mut self, id: &str) -> Result<bool, StateError>;

    /// Begins a run and gives its number, counted from 1; `header.id`, `ended_ms` and `outcome` are ignored.
    ///
    /// `plan` is the plan's canonical JSON. What `identity` knows and the state does not is recorded.
    ///
    /// # Errors
    /// [`StateError::Mismatch`] when the state belongs to something else, [`StateError::LeaseLost`] when what was
    /// claimed is lost; then nothing is written.
    fn begin(&mut self, header: RunHeader, plan: &str, identity: &Identity) -> Result<u64, StateError>;

    /// Appends `entries` (milliseconds since 1970, entry) to a run's journal and writes `rows`, together.
    ///
    /// The serial grows by one when any row changes; a row that is put as it was changes nothing.
    ///
    /// # Errors
    /// [`StateError::NoSuchRun`]; [`StateError::DiskFull`]; [`StateError::LeaseLost`]; nothing is written then.
    fn commit(&mut self, run: u64, entries: &[(u64, Entry)], rows: &[RowWrite]) -> Result<(), StateError>;

    /// Writes down how long work took in a run: by the work's word, in milliseconds. What is known of it stays.
    ///
    /// # Errors
    /// [`StateError::NoSuchRun`]; [`StateError::LeaseLost`].
    fn took(&mut self, run: u64, took: &BTreeMap<String, u64>) -> Result<(), StateError>;

    /// How long work took in the latest [`REMEMBERED`] runs: by the work's word, milliseconds, the latest run first.
    ///
    /// # Errors
    /// When it cannot be read.
    fn durations(&self) -> Result<BTreeMap<String, Vec<u64>>, StateError>;

    /// Writes down how a run ended.
    ///
    /// # Errors
    /// [`StateError::NoSuchRun`]; [`StateError::LeaseLost`].
    fn end(&mut self, run: u64, ended_ms: u64, outcome: RunOutcome) -> Result<(), StateError>;

    /// The runs whose end is not written, oldest first.
    ///
    /// # Errors
    /// When they cannot be read.
    fn open_runs(&self) -> Result<Vec<OpenRun>, StateError>;

    /// Every run, oldest first.
    ///
    /// # Errors
    /// When they cannot be read.
    fn runs(&self) -> Result<Vec<RunHeader>, StateError>;

    /// The plan that a run was begun with, byte for byte.
    ///
    /// # Errors
    /// [`StateError::NoSuchRun`].
    fn plan_of(&self, run: u64) -> Result<String, StateError>;

    /// A run's journal in the order of its commits: milliseconds since 1970, entry.
    ///
    /// # Errors
    /// [`StateError::Damaged`] when an entry cannot be read. A run that does not exist has none.
    fn journal(&self, run: u64) -> Result<Vec<(u64, Entry)>, StateError>;
}

/// What is known of a state as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// A UUID given at creation: two copies of one state share it.
    pub lineage: String,
    /// Grows by one with each commit that changes a row.
    pub serial: u64,
    /// The format it is stored in.
    pub format_version: u32,
    /// What it belongs to; `None` until the first run.
    pub identity: Option<Identity>,
    /// How many rows there are.
    pub rows: u64,
    /// Sum over the digests of all rows: 32 hexadecimal digits, whatever their order.
    pub digest_sum: String,
}

/// A write of one row.
#[derive(Debug, Clone, PartialEq)]
pub enum RowWrite {
    /// The row at this address is this from now on.
    Put(Address, Row),
    /// There is no row at this address from now on.
    Delete(Address),
}

/// Compares what a state belongs to with what is asked for; what either does not know is not compared.
///
/// # Errors
/// [`StateError::Mismatch`] with everything that differs.
pub fn same_identity(recorded: Option<&Identity>, asked: &Identity) -> Result<(), StateError> {
    let Some(recorded) = recorded else { return Ok(()) };
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for ((word, recorded), (_, asked)) in parts(recorded).into_iter().zip(parts(asked)) {
        let (Some(recorded), Some(asked)) = (recorded, asked) else { continue };
        if !recorded.eq_ignore_ascii_case(asked) || (word == "project" && recorded != asked) {
            left.push(format!("{word} `{recorded}`"));
            right.push(format!("{word} `{asked}`"));
        }
    }
    if left.is_empty() {
        return Ok(());
    }
    Err(StateError::Mismatch { recorded: left.join(", "), asked: right.join(", ") })
}

/// The identity that is recorded once a run of `asked` has begun: what was known, completed.
pub(super) fn completed(recorded: Option<Identity>, asked: &Identity) -> Identity {
    let Some(known) = recorded else { return asked.clone() };
    let Identity { project, environment, cloud, tenant, subscription } = known;
    Identity {
        project,
        environment: environment.or_else(|| asked.environment.clone()),
        cloud,
        tenant: tenant.or_else(|| asked.tenant.clone()),
        subscription: subscription.or_else(|| asked.subscription.clone()),
    }
}

fn parts(identity: &Identity) -> [(&'static str, Option<&str>); 5] {
    let Identity { project, environment, cloud, tenant, subscription } = identity;
    let cloud = match cloud {
        crate::model::Cloud::Emulator => "emulator",
        crate::model::Cloud::Azure => "azure",
    };
    [
        ("project", Some(project)),
        ("environment", environment.as_deref()),
        ("cloud", Some(cloud)),
        ("tenant", tenant.as_deref()),
        ("subscription", subscription.as_deref()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Cloud;

    fn identity(project: &str, tenant: Option<&str>) -> Identity {
        Identity {
            project: project.to_owned(),
            environment: None,
            cloud: Cloud::Azure,
            tenant: tenant.map(str::to_owned),
            subscription: None,
        }
    }

    #[test]
    fn what_is_not_known_yet_is_not_compared() {
        let recorded = identity("cs", Some("T"));
        same_identity(Some(&recorded), &identity("cs", None)).expect("no tenant is asked for");
        same_identity(Some(&recorded), &identity("cs", Some("t"))).expect("GUIDs have no case");
        same_identity(None, &recorded).expect("a fresh state belongs to nobody");
    }

    #[test]
    fn everything_that_differs_is_named_at_once() {
        let error = same_identity(Some(&identity("cs", Some("t1"))), &identity("math", Some("t2")))
            .expect_err("another project");
        assert_eq!(
            error.to_string(),
            "the state belongs to project `cs`, tenant `t1`, not to project `math`, tenant `t2`"
        );
    }
}
