//! Requests and answers as they stand on the wire; pure.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;
use url::Url;
use url::form_urlencoded::byte_serialize;

use super::{Answer, OperationUrl, Style};

/// The url of a request: path and query percent-encoded, below the endpoint's own path.
pub(super) fn request_url(endpoint: &Url, path: &str, api_version: &str, query: Option<&str>) -> Url {
    let mut url = endpoint.clone();
    url.path_segments_mut()
        .expect("an endpoint is http or https, which have paths")
        .pop_if_empty()
        .extend(path.split('/').filter(|segment| !segment.is_empty()));
    let mut text = format!("api-version={}", encoded(api_version));
    for pair in query.into_iter().flat_map(|query| query.split('&')) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        text.push_str(&format!("&{}={}", encoded(key), encoded(value)));
    }
    url.set_query(Some(&text));
    url
}

/// Percent-encoded, a blank as `%20`: not every service reads `+` as one.
fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// An answer as its reader needs it.
pub(super) fn answer(
    request: &Url,
    status: u16,
    headers: &HeaderMap,
    body: Value,
    now: SystemTime,
) -> Answer {
    let retry_after = retry_after(headers, now);
    Answer {
        status,
        body,
        operation: operation(request, status, headers, retry_after),
        retry_after,
        request_id: text(headers, "x-ms-request-id").map(str::to_owned),
    }
}

/// Requests left to the caller in this subscription, of the sort that was asked; the fewest where several are told.
pub(super) fn remaining(headers: &HeaderMap) -> Option<u32> {
    let told = ["reads", "writes", "deletes"].iter().filter_map(|sort| {
        text(headers, &format!("x-ms-ratelimit-remaining-subscription-{sort}"))?.parse().ok()
    });
    told.min()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim).filter(|text| !text.is_empty())
}

/// The operation that an answer announces. A `Location` of the request's own path means that the
/// resource itself is to be read. Source: ARM's asynchronous operations documentation.
fn operation(
    request: &Url,
    status: u16,
    headers: &HeaderMap,
    after: Option<Duration>,
) -> Option<OperationUrl> {
    if !(200..300).contains(&status) {
        return None;
    }
    if let Some(url) = text(headers, "azure-asyncoperation") {
        return Some(OperationUrl { url: url.to_owned(), style: Style::AsyncOperation, after });
    }
    let url = text(headers, "location")?;
    let target = request.join(url).ok()?;
    let is_itself = target.path().eq_ignore_ascii_case(request.path());
    (!is_itself).then(|| OperationUrl { url: url.to_owned(), style: Style::Location, after })
}

/// How long the service asks to wait; zero counts as not said.
///
/// `x-ms-retry-after-ms` and `retry-after-ms` are milliseconds, `Retry-After` seconds or a date
/// (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let milliseconds = ["retry-after-ms", "x-ms-retry-after-ms"]
        .iter()
        .find_map(|name| text(headers, name)?.parse().ok())
        .map(Duration::from_millis);
    let wait = milliseconds.or_else(|| {
        let value = text(headers, RETRY_AFTER.as_str())?;
        match value.parse() {
            Ok(seconds) => Some(Duration::from_secs(seconds)),
            Err(_) => date(value)?.duration_since(now).ok(),
        }
    });
    wait.filter(|wait| !wait.is_zero())
}

/// An HTTP date in the form that is sent, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
fn date(text: &str) -> Option<SystemTime> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = text.split_once(", ")?.1.strip_suffix(" GMT")?.split([' ', ':']);
    let day: u64 = words.next()?.parse().ok()?;
    let month = words.next()?;
    let month = MONTHS.iter().position(|name| *name == month)? as u64 + 1;
    let year: u64 = words.next()?.parse().ok().filter(|year| (1970..10_000).contains(year))?;
    let mut clock = [0; 3];
    for part in &mut clock {
        *part = words.next()?.parse::<u64>().ok().filter(|number| *number <= 60)?;
    }
    // Days since 1970 of the proleptic Gregorian calendar, years counted from March.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day.checked_sub(1)? - 719_468;
    let seconds = days * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2];
    Some(UNIX_EPOCH + Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderName, HeaderValue};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn paths_and_queries_are_percent_encoded() {
        let endpoint = Url::parse("https://host/base/").expect("a url");
        let path = "/subscriptions/s/galleryimages/Ubuntu Server 100%?";
        let url =
            request_url(&endpoint, path, "2019-01-01-preview", Some("$expand=properties($expand=a b)&x=1+1"));
        assert_eq!(
            url.as_str(),
            "https://host/base/subscriptions/s/galleryimages/Ubuntu%20Server%20100%25%3F?api-version=2019-01-01-preview\
             &%24expand=properties%28%24expand%3Da%20b%29&x=1%2B1"
        );
    }

    #[test]
    fn a_wait_is_read_in_each_of_its_forms() {
        let now = date("Sun, 06 Nov 1994 08:49:37 GMT").expect("a date");
        let wait = |pairs: &[(&'static str, &'static str)]| {
            retry_after(&headers(pairs), now).map(|wait| wait.as_millis())
        };
        assert_eq!(now.duration_since(UNIX_EPOCH).expect("later").as_secs(), 784_111_777);
        assert_eq!(wait(&[("retry-after", "17")]), Some(17_000));
        assert_eq!(wait(&[("retry-after", "0")]), None);
        assert_eq!(wait(&[("retry-after", "17"), ("x-ms-retry-after-ms", "20")]), Some(20));
        assert_eq!(wait(&[("retry-after-ms", "30")]), Some(30));
        assert_eq!(wait(&[("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT")]), Some(60_000));
        assert_eq!(wait(&[("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT")]), None);
        assert_eq!(wait(&[("retry-after", "soon")]), None);
    }

    #[test]
    fn a_date_knows_leap_years() {
        let days = |text: &str| {
            date(text).and_then(|at| at.duration_since(UNIX_EPOCH).ok()).map(|d| d.as_secs() / 86_400)
        };
        assert_eq!(days("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(days("Thu, 29 Feb 2024 00:00:00 GMT"), Some(19_782));
        assert_eq!(days("Fri, 01 Mar 2024 00:00:00 GMT"), Some(19_783));
        assert_eq!(days("Thu, 00 Jan 1970 00:00:00 GMT"), None);
    }

    #[test]
    fn an_operation_is_announced_by_either_header() {
        let request = Url::parse("https://host/subscriptions/s/a").expect("a url");
        let announced = |status, pairs: &[(&'static str, &'static str)]| {
            operation(&request, status, &headers(pairs), None).map(|found| (found.style, found.url))
        };
        let both = [("location", "https://host/l"), ("azure-asyncoperation", "https://host/o?t=1")];
        assert_eq!(announced(201, &both), Some((Style::AsyncOperation, "https://host/o?t=1".into())));
        assert_eq!(announced(202, &both[..1]), Some((Style::Location, "https://host/l".into())));
        assert_eq!(announced(409, &both), None);
        let itself = [("location", "https://host/Subscriptions/S/a?api-version=1")];
        assert_eq!(announced(201, &itself), None);
    }
}
