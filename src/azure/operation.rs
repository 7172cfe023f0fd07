//! Long-running operations, followed to their end.
//!
//! Source: ARM's asynchronous operations documentation and resource provider contract.

use std::time::Duration;

use serde_json::Value;

use super::{Answer, Arm, ArmError, Words};

/// The url that tells how an operation fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationUrl {
    /// Verbatim, as ARM gave it.
    pub url: String,
    /// How it tells.
    pub style: Style,
    /// How long to wait before asking first, as ARM asked with the url.
    pub after: Option<Duration>,
}

impl OperationUrl {
    /// An operation that a journal kept; its style shows by what it answers.
    #[must_use]
    pub fn recorded(url: impl Into<String>) -> Self {
        Self { url: url.into(), style: Style::Unknown, after: None }
    }
}

/// How an operation's url tells how it fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `Azure-AsyncOperation`: always 200, a body with `status`.
    AsyncOperation,
    /// `Location`: 202 while it runs, then what a synchronous call would have answered.
    Location,
    /// Either.
    Unknown,
}

/// How an operation fares.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// ARM's word, `InProgress`.
    pub status: String,
    /// How much is done, in percent, where ARM says so.
    pub percent: Option<f64>,
}

/// What one look at an operation's url says.
#[derive(Debug, PartialEq)]
enum Seen {
    Running(Progress),
    Done,
    Failed(Words),
    /// Nothing about the operation: the url itself could not be read.
    Nothing(Words),
}

/// Polls an operation until it ends, and gives what its url said last: a status body or a result, or null.
///
/// An operation may last for hours and there is no deadline here; `progress` hears of every look at a
/// running one. The resource itself is to be read afterwards: a status body need not hold it.
///
/// # Errors
/// [`ArmError::OperationFailed`] in Azure's words; [`ArmError::OperationUnknown`] where the url could
/// not be read for as long as [`Pace::patience`](super::Pace): the operation itself may go on.
pub async fn follow(
    arm: &dyn Arm,
    operation: &OperationUrl,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Value, ArmError> {
    let pace = arm.pace();
    let OperationUrl { mut url, style, after } = operation.clone();
    let mut wait = after.unwrap_or(pace.first);
    let (mut looks, mut in_the_dark) = (0, Duration::ZERO);
    loop {
        tokio::time::sleep(wait).await;
        looks += 1;
        let is_last = in_the_dark >= pace.patience;
        wait = pace.wait(looks);
        let answer = match arm.poll(&url).await {
            Ok(answer) => answer,
            Err(error @ ArmError::Unreachable { .. }) if is_last => {
                return Err(ArmError::OperationUnknown { last: error.told().1 });
            }
            Err(ArmError::Unreachable { .. }) => {
                in_the_dark += wait;
                continue;
            }
            Err(error) => return Err(error),
        };
        wait = answer.retry_after.unwrap_or(wait);
        match seen(style, &answer) {
            Seen::Running(now) => {
                progress(now);
                in_the_dark = Duration::ZERO;
                // A running operation may say where it is to be looked for next.
                if let Some(next) = answer.operation.filter(|next| next.style == style) {
                    url = next.url;
                }
            }
            Seen::Done => return Ok(answer.body),
            Seen::Failed(words) => return Err(ArmError::operation_failed(words)),
            Seen::Nothing(_) if !is_last => in_the_dark += wait,
            // A Location answers for the operation itself, so what it keeps saying is its end.
            Seen::Nothing(words) if style == Style::Location && Words::are_in(&answer.body) => {
                return Err(ArmError::operation_failed(words));
            }
            Seen::Nothing(words) => return Err(ArmError::OperationUnknown { last: words.to_string() }),
        }
    }
}

fn seen(style: Style, answer: &Answer) -> Seen {
    let Answer { status, body, request_id, .. } = answer;
    let words = || Words::of(body, &format!("HTTP {status}"), request_id.clone());
    match *status {
        204 => Seen::Done,
        202 if status_text(style, body).is_none() => {
            Seen::Running(Progress { status: "InProgress".into(), percent: None })
        }
        200..300 => match status_text(style, body) {
            None => Seen::Done,
            Some(text) => ended(text, body, request_id.as_deref()),
        },
        // Not found, not allowed yet, busy: it says nothing about the operation.
        401 | 403 | 404 | 408 | 429 => Seen::Nothing(words()),
        400..500 if style == Style::Location && Words::are_in(body) => Seen::Failed(words()),
        _ => Seen::Nothing(words()),
    }
}

/// The operation's status in a body, where the body is about the operation and not its result.
///
/// A result is a resource, which has a `type`; some `Location`s answer a status body with 200.
fn status_text(style: Style, body: &Value) -> Option<&str> {
    let status = body.get("status").and_then(Value::as_str);
    match style {
        Style::AsyncOperation => status.or_else(|| body.pointer("/properties/provisioningState")?.as_str()),
        Style::Location | Style::Unknown => status.filter(|_| body.get("type").is_none()),
    }
}

/// What a status text says: three words are ends, any other means running.
fn ended(text: &str, body: &Value, request_id: Option<&str>) -> Seen {
    match text.to_ascii_lowercase().as_str() {
        "succeeded" => Seen::Done,
        "failed" | "canceled" | "cancelled" => {
            let error =
                body.get("error").or_else(|| body.pointer("/properties/error")).unwrap_or(&Value::Null);
            Seen::Failed(Words::of(error, text, request_id.map(str::to_owned)))
        }
        _ => {
            let percent = body.get("percentComplete").and_then(Value::as_f64);
            Seen::Running(Progress { status: text.to_owned(), percent })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn look(style: Style, status: u16, body: Value) -> String {
        match seen(style, &Answer { status, body, operation: None, retry_after: None, request_id: None }) {
            Seen::Running(Progress { status, percent }) => format!("running {status} {percent:?}"),
            Seen::Done => "done".into(),
            Seen::Failed(words) => format!("failed {words}"),
            Seen::Nothing(words) => format!("nothing {words}"),
        }
    }

    #[test]
    fn a_status_body_tells_by_its_word() {
        let style = Style::AsyncOperation;
        assert_eq!(
            look(style, 200, json!({"status": "InProgress", "percentComplete": 40})),
            "running InProgress Some(40.0)"
        );
        assert_eq!(look(style, 200, json!({"status": "Replicating"})), "running Replicating None");
        assert_eq!(look(style, 202, json!({"status": "Succeeded"})), "done");
        assert_eq!(look(style, 200, json!({"status": "Cancelled"})), "failed Cancelled: no reason was given");
        let failed =
            json!({"status": "Failed", "error": {"code": "DiskGone", "message": "The disk is gone."}});
        assert_eq!(look(style, 200, failed), "failed DiskGone: The disk is gone.");
        assert_eq!(look(style, 400, json!({"error": {"code": "Bad"}})), "nothing Bad: no reason was given");
    }

    #[test]
    fn a_location_tells_by_its_status() {
        let style = Style::Location;
        assert_eq!(look(style, 202, Value::Null), "running InProgress None");
        assert_eq!(look(style, 204, Value::Null), "done");
        assert_eq!(look(style, 200, json!({"type": "a/b", "status": "Failed"})), "done");
        assert_eq!(look(style, 200, json!({"status": "Failed"})), "failed Failed: no reason was given");
        assert_eq!(look(style, 409, json!({"error": {"code": "Bad"}})), "failed Bad: no reason was given");
        assert_eq!(look(style, 404, Value::Null), "nothing HTTP 404: no reason was given");
        assert_eq!(look(style, 500, Value::Null), "nothing HTTP 500: no reason was given");
    }

    #[test]
    fn a_recorded_url_tells_by_either() {
        let style = Style::Unknown;
        assert_eq!(look(style, 202, Value::Null), "running InProgress None");
        assert_eq!(look(style, 200, json!({"status": "Accepted"})), "running Accepted None");
        assert_eq!(look(style, 200, json!({"type": "a/b", "properties": {}})), "done");
        assert_eq!(look(style, 404, Value::Null), "nothing HTTP 404: no reason was given");
    }
}
