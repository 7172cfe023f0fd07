//! What every provider shares: paths and types, errors, resources and how they are shown, operations, groups and tokens.

pub(crate) mod authorization;
pub(crate) mod directory;
pub(crate) mod errors;
pub(crate) mod filter;
pub(crate) mod groups;
pub(crate) mod identity;
pub(crate) mod operations;
pub(crate) mod path;
pub(crate) mod regions;
pub(crate) mod rendering;
pub(crate) mod resource;
pub(crate) mod retirement;
pub(crate) mod routing;
pub(crate) mod shape;
pub(crate) mod subscriptions;
pub(crate) mod throttle;
pub(crate) mod tracked;
pub(crate) mod types;
