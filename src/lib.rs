//! labwright keeps Azure labs as YAML: the library behind the command line.
//!
//! One room for each idea; what a room may import is a table in `tests/layers.rs`, which fails on
//! anything else. Pure rooms do no I/O and ask no clock.
//!
//! | room | what it is | | imports |
//! | --- | --- | --- | --- |
//! | [`model`] | the nouns everything else speaks | pure | – |
//! | [`catalog`] | dated facts: regions, sizes, durations | pure | `model` |
//! | [`kinds`] | one file for each kind of resource | pure | `catalog`, `model` |
//! | [`plan`] | desired and recorded to a plan; a run as a fold | pure | `kinds`, `catalog`, `model` |
//! | [`state`] | where the record and the journal are kept | I/O | `model` |
//! | [`azure`] | ARM over HTTP, nothing about labs | I/O | `model` |
//! | [`apply`] | carries plans out, settles broken runs, reads what is there | I/O | `azure`, `state`, `plan`, `kinds`, `catalog`, `model` |
//! | [`emulator`] | an ARM of our own; a second witness, shares nothing | I/O | – |
pub mod apply;
pub mod azure;
pub mod catalog;
pub mod emulator;
pub mod kinds;
pub mod model;
pub mod plan;
pub mod state;
