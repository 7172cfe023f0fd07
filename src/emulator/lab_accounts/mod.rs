//! Microsoft.LabServices, first generation: lab accounts and all below them.

pub(crate) mod accounts;
pub(crate) mod creation;
pub(crate) mod environments;
pub(crate) mod export;
pub(crate) mod global_users;
pub(crate) mod labs;
pub(crate) mod marketplace;
pub(crate) mod schedules;
pub(crate) mod shared_galleries;
pub(crate) mod shared_images;
pub(crate) mod template;
pub(crate) mod users;
