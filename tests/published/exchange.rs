//! What an emulator was asked and answered, as it wrote it down.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

/// One request with its answer.
#[derive(Debug, Deserialize)]
pub(crate) struct Exchange {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Value,
    /// None where the connection was cut.
    pub(crate) answer: Option<Answer>,
    /// Whether it was made to go wrong.
    pub(crate) fault: bool,
}

/// An answer.
#[derive(Debug, Deserialize)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Value,
}

impl Exchange {
    /// The path's segments, decoded; repeated slashes are one.
    pub(crate) fn segments(&self) -> Vec<String> {
        self.path.split('/').filter(|part| !part.is_empty()).map(decoded).collect()
    }

    /// Whether labwright's own client asked.
    pub(crate) fn is_ours(&self) -> bool {
        self.headers.get("user-agent").is_some_and(|agent| agent.starts_with("labwright/"))
    }

    /// The value of a query key, whatever its case.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

fn decoded(segment: &str) -> String {
    // What means something in a form and nothing in a path.
    let plain = segment.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    url::form_urlencoded::parse(plain.as_bytes()).next().map_or_else(String::new, |(key, _)| key.into_owned())
}

/// Hands every exchange in the recordings of a folder on, with where it stands.
pub(crate) fn each(folder: &Path, mut take: impl FnMut(&str, &Exchange)) {
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("recordings").flatten().map(|entry| entry.path()).collect();
    files.sort();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a recording");
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for (number, line) in text.lines().enumerate() {
            let place = format!("{name}:{}", number + 1);
            match serde_json::from_str(line) {
                Ok(exchange) => take(&place, &exchange),
                Err(error) => panic!("{place} is no exchange: {error}"),
            }
        }
    }
}
