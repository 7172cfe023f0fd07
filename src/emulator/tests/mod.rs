//! The world and the server under test.

mod environments;
mod exports;
mod galleries;
mod generic;
mod identity;
mod lab_accounts;
mod labs;
mod operations;
mod properties;
mod retirement;
mod rosters;
mod schedules;
mod stage;
mod wire;
