//! Many reads of one collection as one list: reads are the bucket of ARM that binds.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::azure::{Answer, Arm, ArmError, Call, Pace, read};
use crate::model::{ArmId, Method, Read};

/// From so many reads of one collection on, its list is read instead. A list has pages, and may hold more than is
/// asked for: for a few it could cost more than it saves.
const WORTH_A_LIST: usize = 10;

/// ARM, where a GET of a resource is answered from the list of its collection once that was read.
///
/// What a list does not show is read by itself: only that says that something is gone. A list that cannot be read
/// is as if it were not there.
pub(super) struct Listed<'a> {
    arm: &'a dyn Arm,
    collections: BTreeMap<Collection, OnceCell<BTreeMap<ArmId, Value>>>,
}

/// The path of a collection, and the api-version it is read with.
type Collection = (ArmId, String);

impl<'a> Listed<'a> {
    /// ARM with the lists of those collections of which `reads` want many.
    pub(super) fn over<'r>(arm: &'a dyn Arm, reads: impl Iterator<Item = &'r Read>) -> Self {
        let mut counts: BTreeMap<Collection, usize> = BTreeMap::new();
        for read in reads.filter(|read| !read.list && read.query.is_none()) {
            if let Some(collection) = collection_of(&read.path, &read.api_version) {
                *counts.entry(collection).or_default() += 1;
            }
        }
        counts.retain(|_, count| *count >= WORTH_A_LIST);
        Self { arm, collections: counts.into_keys().map(|key| (key, OnceCell::new())).collect() }
    }

    /// What the list of its collection shows of what a call reads.
    async fn listed(&self, call: &Call<'_>) -> Option<Value> {
        if call.method != Method::Get || call.query.is_some() || self.collections.is_empty() {
            return None;
        }
        let collection = collection_of(call.path, call.api_version)?;
        let items = self.collections.get(&collection)?.get_or_init(|| self.items(&collection)).await;
        items.get(call.path).cloned()
    }

    async fn items(&self, (path, api_version): &Collection) -> BTreeMap<ArmId, Value> {
        let wanted =
            Read { path: path.clone(), api_version: api_version.clone().into(), query: None, list: true };
        let list = read(self.arm, &wanted).await.ok().flatten();
        let items = list.and_then(|mut list| list.as_array_mut().map(std::mem::take)).unwrap_or_default();
        items.into_iter().filter_map(|item| Some((ArmId::new(item["id"].as_str()?), item))).collect()
    }
}

fn collection_of(path: &ArmId, api_version: &str) -> Option<Collection> {
    let (collection, _) = path.as_str().rsplit_once('/')?;
    Some((ArmId::new(collection), api_version.to_owned()))
}

impl Arm for Listed<'_> {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Answer, ArmError>> {
        Box::pin(async move {
            match self.listed(&call).await {
                Some(body) => {
                    Ok(Answer { status: 200, body, operation: None, retry_after: None, request_id: None })
                }
                None => self.arm.send(call).await,
            }
        })
    }

    fn poll<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Answer, ArmError>> {
        self.arm.poll(url)
    }

    fn pace(&self) -> Pace {
        self.arm.pace()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::json;

    use super::*;
    use crate::azure::Words;

    /// Forty labs and their list, which lacks one and still shows one that is gone; what was asked.
    #[derive(Default)]
    struct Labs {
        asked: Mutex<Vec<String>>,
        is_refused: bool,
    }

    const ACCOUNT: &str = "/subscriptions/s/resourceGroups/g/providers/p/accounts/a";

    fn lab(number: usize) -> ArmId {
        ArmId::new(format!("{ACCOUNT}/labs/lab-{number}"))
    }

    impl Arm for Labs {
        fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Answer, ArmError>> {
            let path = call.path.as_str().to_owned();
            self.asked.lock().expect("asked").push(path.clone());
            let item = |number: usize| json!({ "id": lab(number).as_str().to_uppercase(), "number": number });
            let body = match path.strip_prefix(ACCOUNT) {
                Some("/labs") if self.is_refused => None,
                Some("/labs") => Some(json!({ "value": (1..40).map(item).collect::<Vec<_>>() })),
                _ => path.rsplit_once("lab-").map(|(_, number)| json!({ "id": path, "alone": number })),
            };
            let words =
                Words { code: "NotFound".into(), message: "No.".into(), detail: None, request_id: None };
            let refusal = ArmError::Refused {
                request: path.clone(),
                status: 404,
                words: Box::new(words),
                advice: None,
            };
            let answer = body.ok_or(refusal);
            let answer = answer.map(|body| Answer {
                status: 200,
                body,
                operation: None,
                retry_after: None,
                request_id: None,
            });
            Box::pin(async { answer })
        }

        fn poll<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Answer, ArmError>> {
            panic!("{url} was not named")
        }
    }

    fn wanted(numbers: std::ops::Range<usize>) -> Vec<Read> {
        let read = |number| Read { path: lab(number), api_version: "1".into(), query: None, list: false };
        numbers.map(read).collect()
    }

    async fn all(labs: &Labs, reads: &[Read]) -> Vec<Value> {
        let listed = Listed::over(labs, reads.iter());
        let all = reads.iter().map(|wanted| read(&listed, wanted));
        let all = futures_util::future::join_all(all).await;
        all.into_iter().map(|body| body.expect("an answer").expect("it is there")).collect()
    }

    #[tokio::test]
    async fn many_are_read_as_one_list_and_what_it_lacks_alone() {
        let labs = Labs::default();
        let bodies = all(&labs, &wanted(0..40)).await;
        assert_eq!(bodies[0], json!({ "id": lab(0).as_str(), "alone": "0" }));
        assert_eq!(bodies[39]["number"], 39);
        assert_eq!(labs.asked.lock().expect("asked").len(), 2);
    }

    #[tokio::test]
    async fn a_few_are_read_by_themselves_and_so_is_everything_where_the_list_is_refused() {
        let labs = Labs::default();
        all(&labs, &wanted(0..9)).await;
        assert_eq!(labs.asked.lock().expect("asked").len(), 9);
        let labs = Labs { is_refused: true, ..Labs::default() };
        let bodies = all(&labs, &wanted(1..20)).await;
        assert_eq!(bodies[18]["alone"], "19");
        assert_eq!(labs.asked.lock().expect("asked").len(), 20, "the list is asked for once");
    }
}
