//! Text for people: 80 columns unless told otherwise, in colour or without.
//!
//! Entry points: [`plan`], [`review`], [`run`], [`settled`], [`drift`], [`findings`], [`checks`], [`records`],
//! [`explained`], [`history`], [`leases`].

mod checks;
mod drift;
mod explained;
mod findings;
mod history;
mod leases;
mod made;
mod page;
mod plan;
mod record;
mod review;
mod run;

pub use checks::checks;
pub(super) use checks::pasted;
pub use drift::{drift, drift_line};
pub use explained::explained;
pub use findings::findings;
pub use history::{history, past_run};
pub use leases::leases;
pub use page::Look;
pub use plan::{plan, summary_line};
pub use record::{record, records};
pub use review::review;
pub use run::{result_line, run, settled};
