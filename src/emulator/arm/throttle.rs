//! ARM's limits on requests: buckets that empty with each request and fill with time.
//!
//! Source: ARM, request limits and throttling (the model of 2024). A caller has a bucket for reads, writes and deletes in each
//! subscription, and the subscription one fifteen times that for all its callers. Of regions there is one. Buckets fill with
//! the world's time, and a restart fills them.

use crate::emulator::arm::errors::Refusal;
use crate::emulator::arm::path::Path;
use crate::emulator::clock::{Pace, TICK_MILLIS, Tick};
use crate::emulator::message::Request;
use std::collections::BTreeMap;

/// How much more than one caller all of a subscription have together.
const ALL: f64 = 15.0;

/// What a request counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    Reads,
    Writes,
    Deletes,
}

impl Sort {
    fn of(method: &str) -> Self {
        match method {
            "GET" | "HEAD" => Self::Reads,
            "DELETE" => Self::Deletes,
            _ => Self::Writes,
        }
    }

    /// As headers name it.
    fn text(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::Writes => "writes",
            Self::Deletes => "deletes",
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

/// What is left of a limit, as of a tick.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at: Tick,
}

/// All buckets that are not full.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    /// By subscription, caller (none for all of them) and sort.
    buckets: BTreeMap<(String, Option<String>, Sort), Bucket>,
    /// Whole requests left to the last caller, and to all of the subscription.
    left: Option<(u64, u64)>,
}

impl Throttle {
    /// Counts a request.
    ///
    /// # Errors
    /// 429 `SubscriptionRequestsThrottled` with the seconds until there is room again; it then counts for nothing.
    pub(crate) fn take(
        &mut self,
        request: &Request,
        path: &Path,
        principal: &str,
        now: Tick,
        pace: Pace,
    ) -> Result<(), Refusal> {
        let sort = Sort::of(&request.method);
        let (burst, rate) = sort.limit();
        let subscription = match &path.lower[..] {
            [first, subscription, ..] if first == "subscriptions" => subscription.clone(),
            _ => String::new(),
        };
        let mut filled = |caller: Option<&str>, times: f64| {
            let bucket = self
                .buckets
                .entry((subscription.clone(), caller.map(str::to_owned), sort))
                .or_insert(Bucket { left: burst * times, at: now });
            let millis = now.0.saturating_sub(bucket.at.0) * TICK_MILLIS;
            let gained = millis as f64 / 1000.0 * rate * times * pace.speed();
            *bucket = Bucket { left: (bucket.left + gained).min(burst * times), at: now };
            bucket.left
        };
        let (own, all) = (filled(Some(principal), 1.0), filled(None, ALL));
        let wait = ((1.0 - own) / rate).max((1.0 - all) / (rate * ALL)) / pace.speed();
        let taken = if wait > 0.0 { 0.0 } else { 1.0 };
        for caller in [Some(principal.to_owned()), None] {
            self.buckets
                .entry((subscription.clone(), caller, sort))
                .and_modify(|bucket| bucket.left -= taken);
        }
        self.left = Some(((own - taken) as u64, (all - taken) as u64));
        if taken > 0.0 {
            return Ok(());
        }
        let seconds = (wait.ceil() as u64).max(1);
        let what = sort.text().trim_end_matches('s');
        let message = format!(
            "Number of '{what}' requests for subscription '{subscription}' actor '{principal}' exceeded. Please try again after '{seconds}' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for additional information."
        );
        Err(Refusal::new(429, "SubscriptionRequestsThrottled", message)
            .with("retry-after", seconds.to_string()))
    }
}

/// The headers that tell what is left; those of a full bucket when no limits are kept.
pub(crate) fn headers(throttle: Option<&Throttle>, method: &str) -> [(String, String); 2] {
    let sort = Sort::of(method);
    let burst = sort.limit().0;
    let full = (burst as u64 - 1, (burst * ALL) as u64 - 1);
    let (own, all) = throttle.and_then(|throttle| throttle.left).unwrap_or(full);
    let sort = sort.text();
    [
        (format!("x-ms-ratelimit-remaining-subscription-{sort}"), own.to_string()),
        (format!("x-ms-ratelimit-remaining-subscription-global-{sort}"), all.to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/subscriptions/S/resourcegroups";

    fn take(
        throttle: &mut Throttle,
        method: &str,
        who: &str,
        tick: u64,
        pace: Pace,
    ) -> Result<(), (u16, String)> {
        let path = Path::parse(PATH).expect("a path");
        let taken = throttle.take(&Request::new(method, PATH), &path, who, Tick(tick), pace);
        taken.map_err(|refusal| (refusal.status, refusal.headers[0].1.clone()))
    }

    #[test]
    fn a_bucket_empties_at_its_burst_and_fills_with_time() {
        let mut throttle = Throttle::default();
        for (method, burst, per_second) in [("GET", 250, 25), ("PUT", 200, 10), ("DELETE", 200, 10)] {
            for _ in 0..burst {
                assert_eq!(take(&mut throttle, method, "a", 0, Pace::Even), Ok(()), "{method}");
            }
            assert_eq!(headers(Some(&throttle), method)[0].1, "0");
            assert_eq!(take(&mut throttle, method, "a", 0, Pace::Even), Err((429, "1".to_owned())));
            assert_eq!(take(&mut throttle, method, "b", 0, Pace::Even), Ok(()), "another caller");
            let next =
                (0..).take_while(|_| take(&mut throttle, method, "a", 100, Pace::Even).is_ok()).count();
            assert_eq!(next, per_second, "{method} after a second");
        }
    }

    #[test]
    fn all_callers_share_the_subscriptions_limit() {
        let mut throttle = Throttle::default();
        let mut taken = 0;
        for caller in 0..20 {
            taken += (0..200)
                .filter(|_| take(&mut throttle, "PUT", &format!("c{caller}"), 0, Pace::Even).is_ok())
                .count();
        }
        assert_eq!(taken, 3000);
    }

    #[test]
    fn a_slow_world_waits_longer() {
        let mut throttle = Throttle::default();
        let slow = Pace::Scaled(0.01);
        (0..200).for_each(|_| assert_eq!(take(&mut throttle, "PUT", "a", 0, slow), Ok(())));
        assert_eq!(take(&mut throttle, "PUT", "a", 0, slow), Err((429, "10".to_owned())));
        assert_eq!(take(&mut throttle, "PUT", "a", 999, slow), Err((429, "1".to_owned())));
        assert_eq!(take(&mut throttle, "PUT", "a", 1001, slow), Ok(()));
    }
}
