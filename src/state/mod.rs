//! Where [`Recorded`](crate::model::Recorded) and the journal are kept.
//!
//! Entry points: [`SqliteStore`], the store of one machine, behind the trait [`Store`];
//! [`RunLock`], which keeps a second run out; [`Watermark`], which notices a state that went back in
//! time. What the entries mean, and what a crash left under way, is the executor's business.

mod error;
mod format;
mod lock;
mod memory;
mod sqlite;
mod store;
mod watermark;

pub use error::StateError;
pub use format::FORMAT;
pub use lock::{Holder, RunLock, host_name};
pub use memory::MemoryStore;
pub use sqlite::SqliteStore;
pub use store::{Meta, RowWrite, Store, same_identity};
pub use watermark::{Seen, Watermark};
