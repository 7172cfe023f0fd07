//! A log of every request and answer, for checks against the published descriptions.
//!
//! One JSON object a line. Nothing that opens anything is written: no `Authorization`, no password, secret, assertion or token.

use crate::emulator::engine::Reply;
use crate::emulator::message::Request;
use serde_json::{Map, Value, json};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

/// Keys whose values are masked at any depth, in lower case.
const SECRET: &[&str] = &["password", "client_secret", "client_assertion", "access_token", "refresh_token"];

/// An open log.
#[derive(Debug)]
pub(crate) struct Recorder {
    file: File,
}

impl Recorder {
    /// Appends to the file at `path`, making it if need be; in a folder, to a file named after this process.
    pub(crate) fn open(path: &Path) -> std::io::Result<Self> {
        let options = OpenOptions::new().create(true).append(true).clone();
        let file = if path.is_dir() {
            options.open(path.join(format!("{}.jsonl", std::process::id())))
        } else {
            options.open(path)
        };
        Ok(Self { file: file? })
    }

    /// Appends one exchange; no answer stands for a connection that was cut, `unheard` for the status that was cut off.
    pub(crate) fn note(&mut self, request: &Request, reply: &Reply, faulty: bool) -> std::io::Result<()> {
        let mut line = entry(request, reply, faulty).to_string();
        line.push('\n');
        self.file.write_all(line.as_bytes())
    }
}

fn entry(request: &Request, reply: &Reply, faulty: bool) -> Value {
    let headers = |pairs: Vec<(&str, &str)>| {
        let shown = pairs.into_iter().filter(|(name, _)| {
            !name.eq_ignore_ascii_case("authorization") && !name.eq_ignore_ascii_case("x-identity-header")
        });
        Value::Object(shown.map(|(name, value)| (name.to_owned(), json!(value))).collect())
    };
    let query: Map<String, Value> =
        request.query.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let body = if request.body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&request.body).unwrap_or_else(|_| {
            let form = url::form_urlencoded::parse(&request.body).into_owned();
            Value::Object(form.map(|(name, value)| (name, json!(value))).collect())
        })
    };
    let (response, unheard) = match reply {
        Reply::Answer(response, _) => (Some(&**response), None),
        Reply::Cut(status) => (None, *status),
    };
    let answer = response.map(|response| {
        json!({
            "status": response.status,
            "headers": headers(response.headers.iter().map(|(name, value)| (name.as_ref(), value.as_str())).collect()),
            "body": shown(&request.path, response.body.clone().unwrap_or(Value::Null)),
        })
    });
    json!({
        "method": request.method,
        "path": request.path,
        "query": query,
        "headers": headers(request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()),
        "body": shown(&request.path, body),
        "answer": answer,
        "unheard": unheard,
        "fault": faulty,
    })
}

/// The body of an exchange as it is shown; what a key vault gives and takes is a secret under a name of its own.
fn shown(path: &str, body: Value) -> Value {
    let mut body = masked(body);
    if path.starts_with("/vaults/")
        && let Some(value) = body.get_mut("value")
    {
        *value = json!("***");
    }
    body
}

fn masked(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let mask = |(name, value): (String, Value)| {
                let secret = SECRET.contains(&name.to_lowercase().as_str()) && !value.is_null();
                let value = if secret { json!("***") } else { masked(value) };
                (name, value)
            };
            Value::Object(object.into_iter().map(mask).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(masked).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::clock::Tick;
    use crate::emulator::message::Response;

    fn heard(body: Value) -> Reply {
        Reply::Answer(Box::new(Response::json(200, body)), Tick::default())
    }

    #[test]
    fn nothing_secret_is_recorded() {
        let mut request = Request::new("POST", "/x/createLab?api-version=2019-01-01-preview");
        request.headers.push(("authorization".into(), "Bearer s3cret".into()));
        request.body = br#"{"labParameters":{"username":"u","Password":"s3cret"}}"#.to_vec();
        let line = entry(&request, &heard(json!({ "access_token": "s3cret" })), false).to_string();
        assert!(!line.contains("s3cret"), "{line}");
        let secret = Request::new("GET", "/vaults/v/secrets/s?api-version=7.4");
        let line = entry(&secret, &heard(json!({ "value": "s3cret", "id": "x" })), false).to_string();
        assert!(!line.contains("s3cret"), "{line}");
        let mut form = Request::new("POST", "/t/oauth2/v2.0/token");
        form.body = b"client_id=a&client_secret=s3cret".to_vec();
        assert!(!entry(&form, &Reply::Cut(Some(200)), false).to_string().contains("s3cret"));
    }
}
