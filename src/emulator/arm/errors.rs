//! ARM's error bodies.
//!
//! Every refusal is `{"error":{"code","message","target","details"}}`; without code and message the official clients
//! show an unreadable exception. Codes and texts: Compute Gallery troubleshooting pages, ARM common deployment errors.

use crate::emulator::message::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Why a request is refused, as the client is told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) problem: Problem,
    pub(crate) target: Option<String>,
    pub(crate) headers: Vec<(&'static str, String)>,
}

/// Code and message, also of an operation that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Problem {
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Problem {
    /// A problem of that code.
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }
}

impl Refusal {
    /// A refusal of that status and code.
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, problem: Problem::new(code, message), target: None, headers: Vec::new() }
    }

    /// The same refusal with a header.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same refusal, naming what it is about.
    pub(crate) fn about(mut self, target: &str) -> Self {
        self.target = Some(target.to_owned());
        self
    }

    /// The answer that tells the client.
    pub(crate) fn into_response(self) -> Response {
        let Problem { code, message } = self.problem;
        let mut error = json!({ "code": code, "message": message });
        if let Some(target) = self.target {
            error["target"] = Value::String(target);
        }
        let answer = Response::json(self.status, json!({ "error": error }));
        self.headers.into_iter().fold(answer, |answer, (name, value)| answer.with(name, value))
    }
}

/// 400: a value that the body may not have there.
pub(crate) fn invalid_parameter(target: &str, message: impl Into<String>) -> Refusal {
    Refusal::new(400, "InvalidParameter", message).about(target)
}

/// 400: a body that is not what the operation takes.
pub(crate) fn invalid_content(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "InvalidRequestContent", message)
}

/// 404: the resource of that id, which the message names as `type/name`.
pub(crate) fn not_found(kind: &str, name: &str, group: &str) -> Refusal {
    let message = format!(
        "The Resource '{kind}/{name}' under resource group '{group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    );
    Refusal::new(404, "ResourceNotFound", message)
}

/// 404: the resource group.
pub(crate) fn group_not_found(group: &str) -> Refusal {
    Refusal::new(404, "ResourceGroupNotFound", format!("Resource group '{group}' could not be found."))
}

/// 404: the parent of what should be made, listed or changed.
pub(crate) fn parent_not_found(parent: &str) -> Refusal {
    let message = format!(
        "Can not perform requested operation on nested resource. Parent resource '{parent}' not found."
    );
    Refusal::new(404, "ParentResourceNotFound", message)
}

/// 409: a property that is fixed at creation.
pub(crate) fn change_not_allowed(path: &str) -> Refusal {
    Refusal::new(409, "PropertyChangeNotAllowed", format!("Changing property '{path}' is not allowed."))
        .about(path)
}

/// 409: something else is under way on the same resource.
pub(crate) fn conflict(message: impl Into<String>) -> Refusal {
    Refusal::new(409, "Conflict", message)
}

/// 404: a type the emulator does not serve.
pub(crate) fn unknown_type(namespace: &str, kind: &str) -> Refusal {
    let message = format!("The resource type '{kind}' could not be found in the namespace '{namespace}'.");
    Refusal::new(404, "InvalidResourceType", message)
}

/// 405: a verb that the resource does not take.
pub(crate) fn no_such_verb(method: &str) -> Refusal {
    Refusal::new(
        405,
        "HttpMethodNotAllowed",
        format!("The http method '{method}' is not supported for this resource."),
    )
}
