//! labwright keeps Azure labs as YAML.
pub mod apply;
pub mod azure;
pub mod catalog;
pub mod kinds;
pub mod model;
pub mod plan;
pub mod state;
