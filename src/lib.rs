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
//! | [`config`] | YAML to what is desired, every problem at once | pure but for `load` | `kinds`, `catalog`, `model` |
//! | [`plan`] | desired and recorded to a plan; a run as a fold | pure | `kinds`, `catalog`, `model` |
//! | [`state`] | where the record and the journal are kept | I/O | `model` |
//! | [`azure`] | ARM over HTTP, nothing about labs | I/O | `model` |
//! | [`emulator`] | an ARM of our own; a second witness, shares nothing | I/O | – |
//! | [`git`] | commits as trees of files, for reviews | I/O | `config` |
//! | [`apply`] | carries plans out, settles runs, reads what is there | I/O | `azure`, `state`, `plan`, `kinds`, `catalog`, `model` |
//! | [`render`] | plans, runs and drift as people and machines see them | pure | `plan`, `model` |
//! | [`cli`] | a file for each command | I/O | all |
pub mod apply;
pub mod azure;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod emulator;
pub mod git;
pub mod kinds;
pub mod model;
pub mod plan;
pub mod render;
pub mod state;
