//! Where [`Recorded`](crate::model::Recorded) and the journal are kept.
//!
//! Entry points: [`SqliteStore`], the store of one machine, behind the trait [`Store`];
//! [`Claim`], by which a run has to itself what it is about; [`Watermark`], which notices a state that went back in
//! time. What the entries mean, and what a crash left under way, is the executor's business.

mod error;
mod format;
mod lease;
mod lock;
mod memory;
mod sqlite;
mod store;
mod watermark;

pub use error::StateError;
pub use format::FORMAT;
pub use lease::{Claim, Lease, OpenRun};
pub use lock::{Holder, host_name};
pub use memory::MemoryStore;
pub use sqlite::SqliteStore;
pub use store::{Meta, REMEMBERED, RowWrite, Store, same_identity};
pub use watermark::{Seen, Watermark};
