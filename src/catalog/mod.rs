//! Dated facts: geographies and regions, VM sizes, usual durations.
//!
//! Data, not judgement; each table says its source and its day.

mod durations;
mod regions;
mod sizes;

/// The last day of Azure Lab Services. Source: its retirement guide (domain rule RET-01).
pub const LAST_DAY: &str = "2027-06-28";

pub use durations::{Durations, Work, median};
pub use regions::{Geography, geographies, geography, geography_of, is_restricted, region, region_names};
pub use sizes::{Size, Sku, size, sizes, sku, skus};
