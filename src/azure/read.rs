//! Reading what is: one resource, or every page of a list.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::model::{Method, Read};

use super::{Answer, Arm, ArmError, Call, Facts, Happened, Verdict, Words, verdict};

/// Codes of a 404 that do not say that the thing is gone: the question itself went astray.
const ASTRAY: [&str; 5] = [
    "SubscriptionNotFound",
    "InvalidSubscriptionId",
    "InvalidResourceType",
    "InvalidResourceNamespace",
    "NoRegisteredProviderFound",
];

/// What a GET answers; `None` where nothing is there, or its parent is not.
///
/// Of a list, all pages as one array: each `nextLink` verbatim, items whose id was there already (in
/// any letter case) left out, since lists that change while they are paged repeat some.
///
/// # Errors
/// Those of [`Arm::send`] and [`Arm::poll`]; a page that fails fails the whole list, so that no item
/// seems gone. A 404 about the subscription or the type is an error too.
pub async fn read(arm: &dyn Arm, read: &Read) -> Result<Option<Value>, ArmError> {
    let Read { path, api_version, query, list } = read;
    let call = Call { method: Method::Get, path, api_version, query: query.as_deref(), body: None };
    let body = match arm.send(call).await {
        Ok(answer) => answer.body,
        Err(ArmError::Refused { status: 404, words, .. }) if !ASTRAY.contains(&words.code.as_str()) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    if !list {
        return Ok(Some(body));
    }
    let mut items = Items::default();
    let mut next = items.take(body);
    let mut links = BTreeSet::new();
    while let Some(link) = next.filter(|link| links.insert(link.clone())) {
        next = items.take(page(arm, &link).await?);
    }
    Ok(Some(Value::Array(items.list)))
}

/// The items of a list so far.
#[derive(Default)]
struct Items {
    list: Vec<Value>,
    ids: BTreeSet<String>,
}

impl Items {
    /// Takes a page's items and gives the link of the next page; a page may be empty and still have one.
    fn take(&mut self, mut page: Value) -> Option<String> {
        let next = page.get("nextLink").and_then(Value::as_str).filter(|link| !link.is_empty());
        let next = next.map(str::to_owned);
        let items = match page.get_mut("value").map(Value::take) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        };
        for item in items {
            let id = item.get("id").and_then(Value::as_str).map(str::to_ascii_lowercase);
            if id.is_none_or(|id| self.ids.insert(id)) {
                self.list.push(item);
            }
        }
        next
    }
}

/// One later page of a list, asked for until it comes, as a first page is.
async fn page(arm: &dyn Arm, link: &str) -> Result<Value, ArmError> {
    let pace = arm.pace();
    let (mut attempt, mut waited) = (1, Duration::ZERO);
    loop {
        let looked = arm.poll(link).await;
        let (happened, retry_after) = match &looked {
            Ok(Answer { status: 200..300, .. }) => return looked.map(|answer| answer.body),
            Ok(answer) => (Happened::Answered(answer.status, "", ""), answer.retry_after),
            Err(ArmError::Unreachable { .. }) => (Happened::Silent, None),
            Err(_) => return looked.map(|answer| answer.body),
        };
        let facts = Facts { method: Method::Get, attempt, waited, happened, retry_after };
        match verdict(&facts, &pace, super::client::random()) {
            Verdict::Retry(wait) => {
                tokio::time::sleep(wait).await;
                (attempt, waited) = (attempt + 1, waited + wait);
            }
            Verdict::GiveUp => return Err(refused(looked?)),
        }
    }
}

fn refused(answer: Answer) -> ArmError {
    let Answer { status, body, request_id, .. } = answer;
    ArmError::refused(
        "GET the next page".into(),
        status,
        Words::of(&body, &format!("HTTP {status}"), request_id),
    )
}
