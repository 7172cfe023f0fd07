//! Dated facts: geographies and regions, VM sizes, usual durations.
//!
//! Data, not judgement; each table says its source and its day.

mod durations;
mod regions;
mod sizes;

pub use durations::{Work, seconds};
pub use regions::{Geography, geographies, geography, geography_of, is_restricted, region, region_names};
pub use sizes::{Size, size, sizes};
