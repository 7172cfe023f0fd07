//! The world and the server under test.

mod lab_plan_labs;
mod lab_plan_machines;
mod lab_plan_schedules;
mod lab_plan_users;
mod lab_plans;
mod properties;
mod stage;
mod stories;
mod wire;
