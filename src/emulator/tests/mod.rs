//! The world and the server under test.

mod environments;
mod exports;
mod galleries;
mod generic;
mod identity;
mod lab_accounts;
mod lab_plan_labs;
mod lab_plan_machines;
mod lab_plan_schedules;
mod lab_plan_users;
mod lab_plans;
mod labs;
mod operations;
mod properties;
mod retirement;
mod rosters;
mod schedules;
mod stage;
mod wire;
