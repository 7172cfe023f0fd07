//! Dated facts: geographies and regions, VM sizes, time zones, usual durations.
//!
//! Data, not judgement; each table says its source and its day.

mod durations;
mod regions;
mod sizes;
mod time_zones;

/// The last day of Azure Lab Services. Source: its retirement guide (domain rule RET-01).
pub const LAST_DAY: &str = "2027-06-28";

pub use durations::{Durations, Work, median};
pub use regions::{Geography, geographies, geography, geography_of, is_restricted, region, region_names};
pub use sizes::{Size, Sku, size, sizes, sku, skus};
pub use time_zones::{TimeZone, time_zone, time_zones};
