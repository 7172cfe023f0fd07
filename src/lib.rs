//! labwright keeps Azure labs as YAML.
pub mod azure;
pub mod catalog;
pub mod model;
pub mod state;
