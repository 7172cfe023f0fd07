//! Where in the user's files something is written.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A place in a file of the project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Source {
    /// Path relative to the project's root, with `/` on every system.
    pub file: Arc<str>,
    /// Line, counted from 1.
    pub line: u32,
    /// Column in characters, counted from 1.
    pub column: u32,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A setting of a project as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The value: a scalar, or a list as a whole.
    pub value: serde_json::Value,
    /// Where it stands.
    pub source: Source,
}
