//! When a request is sent again, and when that is the executor's business: a pure function of facts.

use std::time::Duration;

use crate::model::Method;

use super::Pace;

/// What is known when a request did not succeed.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The request's method.
    pub method: Method,
    /// How many times it was sent, this time included.
    pub attempt: u32,
    /// How long all earlier attempts were waited for between them.
    pub waited: Duration,
    /// What happened.
    pub happened: Happened<'a>,
    /// How long ARM asks to wait.
    pub retry_after: Option<Duration>,
}

/// What happened to a request that did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened<'a> {
    /// No connection came about: nothing has left.
    NotSent,
    /// It may have left, and no whole answer came.
    Silent,
    /// It was answered with this status outside 2xx, and ARM's code and message where there are any.
    Answered(u16, &'a str, &'a str),
}

/// Whether to send a request again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// After this long.
    Retry(Duration),
    /// Not any more.
    GiveUp,
}

/// How long something may be retried.
enum Bound {
    /// A number of attempts: the service fails.
    Attempts,
    /// A time: the service works and says "not now".
    Patience,
    Never,
}

/// Codes of a 503 that say that nothing was begun. Source: ARM's throttling and error documentation.
const NOTHING_DONE: [&str; 5] = [
    "ServerBusy",
    "ServiceBusy",
    "ServiceUnavailable",
    "TooManyRequests",
    "RetryableErrorDueToAnotherOperation",
];

/// Decides whether a request that did not succeed is sent again.
///
/// GET, PUT, PATCH and DELETE are idempotent, so they are repeated after any passing failure; a POST
/// only where nothing was done for certain. `random` is from 0 to 1: full jitter, so that clients
/// which failed together do not come back together; what ARM asks for is waited in full.
#[must_use]
pub fn verdict(facts: &Facts<'_>, pace: &Pace, random: f64) -> Verdict {
    let go_on = match bound(facts) {
        Bound::Attempts => facts.attempt < pace.attempts,
        Bound::Patience => facts.waited < pace.patience,
        Bound::Never => false,
    };
    if !go_on {
        return Verdict::GiveUp;
    }
    let jitter = pace.wait(facts.attempt - 1).mul_f64(random.clamp(0.0, 1.0));
    // Never nothing: what is bounded by a time must make time pass.
    Verdict::Retry(facts.retry_after.unwrap_or(jitter).max(Duration::from_millis(1)))
}

/// Whether an answer leaves open that the request took effect: a gateway gave up, or the service did.
pub(super) fn leaves_open(status: u16, code: &str) -> bool {
    matches!(status, 408 | 502 | 504) || (status == 503 && !NOTHING_DONE.contains(&code))
}

fn bound(facts: &Facts<'_>) -> Bound {
    let is_post = facts.method == Method::Post;
    match facts.happened {
        Happened::NotSent => Bound::Attempts,
        Happened::Silent if is_post => Bound::Never,
        Happened::Silent => Bound::Attempts,
        Happened::Answered(429, ..) => Bound::Patience,
        Happened::Answered(409, code, message) if not_now(facts.method, code, message) => Bound::Patience,
        Happened::Answered(503, code, _) if is_post && NOTHING_DONE.contains(&code) => Bound::Attempts,
        Happened::Answered(408 | 500 | 502 | 503 | 504, ..) if !is_post => Bound::Attempts,
        Happened::Answered(..) => Bound::Never,
    }
}

/// Whether a 409 passes by itself: something else is under way at the resource, or inside it.
fn not_now(method: Method, code: &str, message: &str) -> bool {
    match code {
        "AnotherOperationInProgress" | "RetryableErrorDueToAnotherOperation" => true,
        // Children that are being deleted still count for some minutes.
        "CannotDeleteResource" => method == Method::Delete,
        "Conflict" => {
            let message = message.to_ascii_lowercase();
            ["retry", "try again", "another operation"].iter().any(|word| message.contains(word))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Method::{Delete, Get, Patch, Post, Put};

    fn decided(method: Method, attempt: u32, waited: u64, happened: Happened<'_>) -> Verdict {
        let waited = Duration::from_secs(waited);
        verdict(&Facts { method, attempt, waited, happened, retry_after: None }, &Pace::azure(), 1.0)
    }

    fn is_repeated(method: Method, happened: Happened<'_>) -> bool {
        decided(method, 1, 0, happened) != Verdict::GiveUp
    }

    #[test]
    fn what_is_idempotent_is_repeated_after_any_passing_failure() {
        for method in [Get, Put, Patch, Delete] {
            for status in [408, 429, 500, 502, 503, 504] {
                assert!(is_repeated(method, Happened::Answered(status, "", "")), "{method:?} {status}");
            }
            assert!(is_repeated(method, Happened::Silent));
            for status in [301, 400, 401, 403, 404, 412] {
                assert!(!is_repeated(method, Happened::Answered(status, "", "")), "{method:?} {status}");
            }
        }
    }

    #[test]
    fn a_post_is_repeated_only_where_nothing_was_done_for_certain() {
        assert!(is_repeated(Post, Happened::NotSent));
        assert!(is_repeated(Post, Happened::Answered(429, "", "")));
        assert!(is_repeated(Post, Happened::Answered(503, "ServerBusy", "")));
        assert!(!is_repeated(Post, Happened::Silent));
        for status in [408, 500, 502, 503, 504] {
            assert!(!is_repeated(Post, Happened::Answered(status, "", "")), "{status}");
        }
    }

    #[test]
    fn a_conflict_is_waited_for_where_it_passes_by_itself() {
        assert!(is_repeated(Post, Happened::Answered(409, "AnotherOperationInProgress", "")));
        assert!(is_repeated(Put, Happened::Answered(409, "Conflict", "Please retry later.")));
        assert!(is_repeated(Delete, Happened::Answered(409, "CannotDeleteResource", "")));
        assert!(!is_repeated(Put, Happened::Answered(409, "CannotDeleteResource", "")));
        assert!(!is_repeated(Put, Happened::Answered(409, "Conflict", "The name is taken.")));
        assert!(!is_repeated(Put, Happened::Answered(409, "PropertyChangeNotAllowed", "")));
    }

    #[test]
    fn failures_are_bounded_by_attempts_and_refusals_by_time() {
        let failing = Happened::Answered(500, "", "");
        assert_eq!(decided(Get, 5, 9999, failing), Verdict::Retry(Duration::from_secs(16)));
        assert_eq!(decided(Get, 6, 0, failing), Verdict::GiveUp);
        let busy = Happened::Answered(429, "", "");
        assert_eq!(decided(Get, 50, 599, busy), Verdict::Retry(Duration::from_secs(30)));
        assert_eq!(decided(Get, 50, 600, busy), Verdict::GiveUp);
    }

    #[test]
    fn what_arm_asks_for_is_waited_in_full_and_the_rest_with_jitter() {
        let mut facts = Facts {
            method: Get,
            attempt: 3,
            waited: Duration::ZERO,
            happened: Happened::NotSent,
            retry_after: Some(Duration::from_secs(17)),
        };
        assert_eq!(verdict(&facts, &Pace::azure(), 0.5), Verdict::Retry(Duration::from_secs(17)));
        facts.retry_after = None;
        assert_eq!(verdict(&facts, &Pace::azure(), 0.5), Verdict::Retry(Duration::from_secs(2)));
        assert_eq!(verdict(&facts, &Pace::azure(), 0.0), Verdict::Retry(Duration::from_millis(1)));
    }
}
