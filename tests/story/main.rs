//! The whole story as a user meets it: the program itself against an emulator beside it or inside it.
//!
//! Nothing of the caller's environment gets in; waiting is for a line or a request, never for a time.
#![cfg(unix)]

mod adopt;
mod broken_off;
mod convert;
mod doctor;
mod examples;
mod failures;
mod formats;
mod history;
mod import;
mod inside;
mod kills;
mod lab_plans;
mod language;
mod outputs;
mod place;
mod plans;
mod repository;
mod resume;
mod review;
mod round;
mod same;
mod schemas;
mod secrets;
mod seen;
mod served;
mod sign_in;
mod threats;
mod timetables;
mod together;
mod unfinished;
mod unmanaged;
mod words;
