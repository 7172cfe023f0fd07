//! A request and an answer as the world sees them: no sockets, no async.

use serde_json::Value;
use std::borrow::Cow;

/// One request, its body read to the end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    /// The verb in capitals.
    pub(crate) method: String,
    /// `http` or `https`: what the links in the answer begin with.
    pub(crate) scheme: String,
    /// Host and port as the client named them.
    pub(crate) host: String,
    /// The path as sent, percent-encoded.
    pub(crate) path: String,
    /// The query's pairs, decoded, in order.
    pub(crate) query: Vec<(String, String)>,
    /// Header names in lower case, with their values.
    pub(crate) headers: Vec<(String, String)>,
    /// The body as sent.
    pub(crate) body: Vec<u8>,
    /// Items on a page of a list where the client names no number, if it is not the service's.
    pub(crate) page_size: Option<usize>,
    /// Seconds since 1970 when the request came: only the life of tokens is measured in real time.
    pub(crate) received: u64,
}

impl Request {
    /// A request for `path_and_query`, without headers or body.
    #[cfg(test)]
    pub(crate) fn new(method: &str, path_and_query: &str) -> Self {
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        Self {
            method: method.to_owned(),
            scheme: "http".to_owned(),
            host: "127.0.0.1".to_owned(),
            path: path.to_owned(),
            query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            ..Self::default()
        }
    }

    /// The first header of that lower-case name.
    #[must_use]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first value of a query key, compared without case.
    #[must_use]
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// True when `$expand` names `part` anywhere, in any case.
    pub(crate) fn expands(&self, part: &str) -> bool {
        self.query("$expand").is_some_and(|expand| expand.to_ascii_lowercase().contains(part))
    }

    /// What absolute links begin with, such as `http://127.0.0.1:8080`.
    pub(crate) fn base(&self) -> String {
        format!("{}://{}", self.scheme, self.host)
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Response {
    /// The status code.
    pub(crate) status: u16,
    /// Header names in lower case, with their values; those of the content are the server's.
    pub(crate) headers: Vec<(Cow<'static, str>, String)>,
    /// The JSON body, if there is one.
    pub(crate) body: Option<Value>,
}

impl Response {
    /// An answer with a body.
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Some(body) }
    }

    /// An answer without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: None }
    }

    /// The same answer with one more header.
    pub(crate) fn with(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The first header of that lower-case name.
    #[cfg(test)]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}
