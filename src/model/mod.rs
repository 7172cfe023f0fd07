//! The nouns that everything else speaks.
//!
//! Pure data without a single fact about Azure: addresses, attributes, the three snapshots
//! ([`Desired`], [`Recorded`], [`Observed`]), the [`Plan`](crate::plan::Plan)'s [`Step`]s and the
//! journal's [`Entry`]. What a kind of resource is stands in [`kinds`](crate::kinds).

mod address;
mod arm_id;
mod attributes;
mod check;
mod day;
mod finding;
mod journal;
mod secret;
mod snapshot;
mod source;
mod step;

pub use address::{Address, AddressError};
pub use arm_id::ArmId;
pub use attributes::{Attributes, at_path, canonical, digest, plain_duration};
pub use check::{Advice, Check, Principal, Required, Requirement, Verdict};
pub use day::{days_between, first_on, is_day, weekday};
pub use finding::{Finding, Severity};
pub use journal::{Entry, EntryKind, RunHeader, RunOutcome};
pub use secret::{Secret, SecretReference, VaultSecret};
pub use snapshot::{
    Allowance, Allowed, AllowedWhat, BlastRadius, Cloud, DefaultsLayer, Desired, Identity, Moved, Observed,
    Policy, Recorded, Resource, Row, Unfinished, is_ignored, top,
};
pub use source::{Setting, Source};
pub use step::{
    Contents, Done, Evidence, Expectation, Fill, Look, Method, Output, Read, Recording, Request, Step, Sweep,
    SweepWanted, Take, Until, Within,
};
