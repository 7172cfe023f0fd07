//! Microsoft.Compute: galleries, image definitions, image versions.

pub(crate) mod galleries;
pub(crate) mod publishing_profile;
pub(crate) mod sharing;
pub(crate) mod versions;
