//! How many requests may leave, so that ARM has to refuse next to none.
//!
//! Source: ARM, request limits and throttling (the model of 2024): for each caller and subscription a bucket of reads,
//! one of writes and one of deletes; each answer says how much is left in its bucket. A provider has limits of its own
//! on top, of which only a 429 tells. The limits are where the bucket begins; what the answers say is what counts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as Line;
use tokio::time::Instant;

use crate::model::Method;

/// What a request counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Sort {
    Reads,
    Writes,
    Deletes,
}

impl Sort {
    pub(super) fn of(method: Method) -> Self {
        match method {
            Method::Get => Self::Reads,
            Method::Delete => Self::Deletes,
            Method::Put | Method::Patch | Method::Post => Self::Writes,
        }
    }

    /// Requests at once, and in each second after.
    fn limit(self) -> (f64, f64) {
        match self {
            Self::Reads => (250.0, 25.0),
            Self::Writes | Self::Deletes => (200.0, 10.0),
        }
    }
}

/// Requests that leave before the first answer has said how much there is: somebody may have used up the rest.
const FIRST: f64 = 20.0;
/// How long a provider is left alone that refuses without a word on when to come again.
const PAUSE: Duration = Duration::from_secs(1);

/// One bucket; pure: times are those since the limiter was made.
#[derive(Debug)]
struct Bucket {
    sort: Sort,
    tokens: f64,
    at: Duration,
    /// Requests that have left.
    sent: u32,
    /// Those of them that are not answered.
    in_flight: u32,
    /// Until when a provider is left alone.
    paused: HashMap<String, Duration>,
}

/// When a request left: what its answer cannot have counted follows from that.
#[derive(Debug, Clone, Copy)]
struct Departure {
    /// Its number.
    number: u32,
    /// Requests that were under way then.
    ahead: u32,
}

/// What an answer says.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Said {
    /// What is left in the bucket.
    pub(super) remaining: Option<u32>,
    /// Whether the request was refused with 429.
    pub(super) is_throttled: bool,
    /// When to come again.
    pub(super) retry_after: Option<Duration>,
}

impl Bucket {
    fn new(sort: Sort) -> Self {
        Self { sort, tokens: FIRST, at: Duration::ZERO, sent: 0, in_flight: 0, paused: HashMap::new() }
    }

    fn fill(&mut self, now: Duration) {
        let (burst, rate) = self.sort.limit();
        let gained = now.saturating_sub(self.at).as_secs_f64() * rate;
        self.tokens = (self.tokens + gained).min(burst.max(self.tokens));
        self.at = self.at.max(now);
    }

    /// Lets one request leave, or says how long to wait before asking again.
    fn take(&mut self, provider: &str, now: Duration) -> Result<Departure, Duration> {
        self.fill(now);
        if let Some(until) = self.paused.get(provider).filter(|until| **until > now) {
            return Err(*until - now);
        }
        if self.tokens < 1.0 {
            let (_, rate) = self.sort.limit();
            return Err(Duration::from_secs_f64((1.0 - self.tokens) / rate));
        }
        self.tokens -= 1.0;
        self.sent = self.sent.wrapping_add(1);
        self.in_flight += 1;
        Ok(Departure { number: self.sent, ahead: self.in_flight - 1 })
    }

    /// Takes in what the answer to a request says; nothing where none came.
    ///
    /// Answers overtake each other, so what one says is old: it has counted neither all that was under way when its
    /// request left nor what left since, or it has. Between those two the own count stands.
    fn heard(&mut self, provider: &str, request: Departure, said: Said, now: Duration) {
        self.fill(now);
        self.in_flight = self.in_flight.saturating_sub(1);
        if said.is_throttled {
            self.tokens = 0.0;
            self.paused.insert(provider.to_owned(), now + said.retry_after.unwrap_or(PAUSE));
        } else if let Some(remaining) = said.remaining {
            let since = self.sent.wrapping_sub(request.number);
            let least = f64::from(remaining) - f64::from(request.ahead) - f64::from(since);
            // Whole ones are told.
            let most = f64::from(remaining) + 1.0;
            self.tokens = self.tokens.max(least).min(most);
        }
    }
}

/// The buckets of one identity.
#[derive(Debug)]
pub(super) struct Limiter {
    began: Instant,
    gates: Mutex<HashMap<(String, Sort), Arc<Gate>>>,
}

/// A bucket, and the line of those who wait for it.
#[derive(Debug)]
struct Gate {
    line: Line<()>,
    bucket: Mutex<Bucket>,
}

/// A request that may leave.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    limiter: &'a Limiter,
    gate: Arc<Gate>,
    provider: String,
    departure: Departure,
    said: Said,
}

impl Limiter {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), gates: Mutex::default() }
    }

    /// Waits until a request to that path may leave; who came first goes first.
    pub(super) async fn turn(&self, method: Method, path: &str) -> Turn<'_> {
        let after = |name: &str| {
            let mut segments = path.split('/').skip_while(|segment| !segment.eq_ignore_ascii_case(name));
            segments.nth(1).unwrap_or_default().to_lowercase()
        };
        let (subscription, provider) = (after("subscriptions"), after("providers"));
        let gate = self.gate(subscription, Sort::of(method));
        let departure = {
            let _first_in_line = gate.line.lock().await;
            loop {
                let taken = gate.bucket().take(&provider, self.began.elapsed());
                match taken {
                    Ok(departure) => break departure,
                    Err(wait) => tokio::time::sleep(wait).await,
                }
            }
        };
        Turn { limiter: self, gate, provider, departure, said: Said::default() }
    }

    fn gate(&self, subscription: String, sort: Sort) -> Arc<Gate> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        let gate = gates
            .entry((subscription, sort))
            .or_insert_with(|| Arc::new(Gate { line: Line::new(()), bucket: Mutex::new(Bucket::new(sort)) }));
        Arc::clone(gate)
    }
}

impl Gate {
    fn bucket(&self) -> std::sync::MutexGuard<'_, Bucket> {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// Remembers what the answer says.
    pub(super) fn heard(mut self, said: Said) {
        self.said = said;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let now = self.limiter.began.elapsed();
        self.gate.bucket().heard(&self.provider, self.departure, self.said, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LABS: &str = "microsoft.labservices";
    const COMPUTE: &str = "microsoft.compute";

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn left(remaining: u32) -> Said {
        Said { remaining: Some(remaining), ..Said::default() }
    }

    /// ARM's side of a bucket.
    struct Arm {
        left: f64,
        at: u64,
        refused: u32,
    }

    impl Arm {
        fn answer(&mut self, now: u64, (burst, rate): (f64, f64)) -> Said {
            self.left = (self.left + (now - self.at) as f64 / 1000.0 * rate).min(burst);
            self.at = now;
            if self.left < 1.0 {
                self.refused += 1;
                return Said { remaining: Some(0), is_throttled: true, retry_after: Some(at(1000)) };
            }
            self.left -= 1.0;
            left(self.left as u32)
        }
    }

    /// Sends as many requests as may leave for `millis`, each answered `latency` later; gives how many were served,
    /// how many refused.
    fn run(millis: u64, latency: u64, begins_with: f64, limit: (f64, f64)) -> (u32, u32) {
        let mut bucket = Bucket::new(Sort::Writes);
        let mut arm = Arm { left: begins_with, at: 0, refused: 0 };
        let mut under_way: Vec<(u64, Departure, Said)> = Vec::new();
        let mut served = 0;
        for now in 0..millis {
            under_way.retain(|(due, departure, said)| {
                if *due <= now {
                    bucket.heard(LABS, *departure, *said, at(now));
                }
                *due > now
            });
            while let (true, Ok(departure)) = (under_way.len() < 256, bucket.take(LABS, at(now))) {
                let said = arm.answer(now, limit);
                served += u32::from(!said.is_throttled);
                // Answers overtake each other: some take twice as long.
                let late = latency * u64::from(departure.number % 2);
                under_way.push((now + latency + late, departure, said));
            }
        }
        (served, arm.refused)
    }

    #[test]
    fn at_the_documented_limit_nothing_is_refused_and_all_is_used() {
        for latency in [2, 20, 120] {
            let (served, refused) = run(180_000, latency, 200.0, (200.0, 10.0));
            let most = 200 + 1800;
            assert!(refused * 100 < served, "{refused} of {served} refused at {latency} ms");
            assert!(f64::from(served) > 0.9 * f64::from(most), "{served} of {most} at {latency} ms");
        }
    }

    #[test]
    fn a_bucket_that_others_have_emptied_is_noticed() {
        let (served, refused) = run(60_000, 20, 0.0, (200.0, 10.0));
        assert!(refused <= FIRST as u32, "{refused}");
        assert!(served > 500, "{served}");
    }

    #[test]
    fn a_provider_that_refuses_is_left_alone_and_others_are_not() {
        let mut bucket = Bucket::new(Sort::Writes);
        let departure = bucket.take(COMPUTE, at(0)).expect("there is room");
        let said = Said { is_throttled: true, retry_after: Some(at(5000)), remaining: None };
        bucket.heard(COMPUTE, departure, said, at(0));
        assert_eq!(bucket.take(COMPUTE, at(1000)).expect_err("it is left alone"), at(4000));
        bucket.take(LABS, at(1000)).expect("others are not");
        bucket.take(COMPUTE, at(5000)).expect("the wait is over");
    }

    #[tokio::test]
    async fn a_turn_that_is_given_up_is_given_back_and_each_sort_has_its_own() {
        let limiter = Limiter::new();
        let path = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/x";
        for _ in 0..FIRST as usize {
            drop(limiter.turn(Method::Put, path).await);
        }
        let began = Instant::now();
        limiter.turn(Method::Put, path).await.heard(left(3));
        assert!(began.elapsed() >= at(50), "it waited for room: {:?}", began.elapsed());
        let (writes, reads) = (limiter.gate("s".into(), Sort::Writes), limiter.gate("s".into(), Sort::Reads));
        assert_eq!(writes.bucket().in_flight, 0);
        assert!(writes.bucket().tokens >= 3.0 && (reads.bucket().tokens - FIRST).abs() < 1e-9);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_never_waits_for_ever_and_counts_what_is_under_way(
            steps in proptest::collection::vec((0_u64..400, 0_u32..300, any::<bool>(), any::<bool>()), 1..200),
        ) {
            let mut bucket = Bucket::new(Sort::Reads);
            let (mut now, mut under_way) = (0, Vec::new());
            for (after, remaining, is_throttled, answers) in steps {
                now += after;
                if let Some(departure) = answers.then(|| under_way.pop()).flatten() {
                    let said = Said { remaining: Some(remaining), is_throttled, retry_after: None };
                    bucket.heard(LABS, departure, said, at(now));
                } else {
                    match bucket.take(LABS, at(now)) {
                        Ok(departure) => under_way.push(departure),
                        Err(wait) => prop_assert!(wait <= PAUSE, "{wait:?}"),
                    }
                }
                prop_assert_eq!(bucket.in_flight as usize, under_way.len());
                prop_assert!(bucket.tokens >= 0.0);
            }
        }
    }
}
