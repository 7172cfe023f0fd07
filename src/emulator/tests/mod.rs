//! The world and the server under test.

mod properties;
mod stage;
mod stories;
mod wire;
