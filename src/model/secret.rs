//! Secrets: references everywhere, values only on their way to Azure.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a secret can be found. This, never the secret, is what files, plans and state hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SecretReference {
    /// An environment variable's name.
    Env(String),
    /// A file's path, relative to the project's root or absolute; one trailing line break is not part of the secret.
    File(String),
}

impl fmt::Display for SecretReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "{{env: {name}}}"),
            Self::File(path) => write!(f, "{{file: {path}}}"),
        }
    }
}

/// An opened secret; every way of printing it is masked.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes the opened value.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(value)
    }

    /// The value itself, for the request that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
