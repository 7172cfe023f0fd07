//! labwright keeps Azure labs as YAML.
pub mod catalog;
pub mod model;
pub mod state;
