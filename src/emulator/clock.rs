//! Ticks, how long work lasts in them, and the timestamps they stand for.
//!
//! Nothing here asks what time it is: a tick comes in from outside, and a time of day is the epoch plus the ticks since.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// Milliseconds of real time that a tick stands for.
pub(crate) const TICK_MILLIS: u64 = 10;

/// 2026-11-23T00:00:00Z, where the time of a stepped clock begins, so that tests read the same times on every day.
pub(crate) const STEPPED_EPOCH_MILLIS: u64 = 1_795_392_000_000;

/// A moment of the emulated world, counted from its beginning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Tick(pub(crate) u64);

impl Tick {
    /// The moment `ticks` later.
    #[must_use]
    pub(crate) fn after(self, ticks: u64) -> Self {
        Self(self.0.saturating_add(ticks))
    }
}

/// What takes time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// A gallery, a definition, an account, a change of one of them.
    Small,
    /// The first region of an image version.
    Version,
    /// Each further region of an image version.
    Replica,
    /// A lab with its template.
    Lab,
    /// A delete of anything but a resource group.
    Delete,
    /// A delete of a resource group with all that is inside.
    GroupDelete,
    /// Copies of the template for every student.
    Publish,
    /// More or fewer copies on a lab already published.
    Scale,
    /// A template VM that starts or stops.
    Power,
    /// A template VM saved to a gallery.
    Export,
    /// An image of an attached gallery that shows in the account.
    Projection,
    /// A parent that goes on refusing its delete after its last child has gone.
    ParentRefusal,
}

impl Work {
    /// Seconds on real Azure: recorded traffic where there is some, else the durations of Microsoft's documentation.
    fn seconds(self) -> f64 {
        match self {
            Self::Small => 6.0,
            Self::Version | Self::Replica => 600.0,
            Self::Lab => 1200.0,
            Self::Delete => 60.0,
            Self::GroupDelete => 300.0,
            Self::Publish => 3600.0,
            Self::Scale => 900.0,
            Self::Power => 120.0,
            Self::Export => 7200.0,
            Self::Projection => 120.0,
            Self::ParentRefusal => 15.0,
        }
    }
}

/// How fast the world's work goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pace {
    /// Three ticks for everything, thirty for an export or a publish.
    Even,
    /// As on real Azure, divided by this.
    Scaled(f64),
}

impl Pace {
    /// Ticks that `work` lasts, one at least.
    pub(crate) fn ticks(self, work: Work) -> u64 {
        match (self, work) {
            (Self::Even, Work::Publish | Work::Export) => 30,
            (Self::Even, _) => 3,
            (Self::Scaled(speed), _) => {
                let ticks = work.seconds() * 1000.0 / TICK_MILLIS as f64 / speed;
                (ticks.ceil() as u64).max(1)
            }
        }
    }

    /// The header that tells a poller when to come again.
    ///
    /// Microsoft's Python pollers read `Retry-After: 0` as absent and wait thirty seconds, but honour `x-ms-retry-after-ms`.
    pub(crate) fn retry_header(self) -> (&'static str, String) {
        match self {
            Self::Scaled(speed) if speed <= 10.0 => ("retry-after", (10.0 / speed).ceil().to_string()),
            Self::Even | Self::Scaled(_) => ("x-ms-retry-after-ms", "20".to_owned()),
        }
    }
}

/// `millis` since 1970 as RFC 3339 in UTC, such as `2026-11-23T09:30:00.030Z`.
pub(crate) fn timestamp(millis: u64) -> String {
    let known = i64::try_from(millis).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
    format!("{:.3}", known.unwrap_or(Timestamp::MAX))
}

/// A day of the calendar, written `2026-11-23`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(Date);

impl Day {
    /// That day, which the calendar must have.
    pub(crate) const fn new(year: i16, month: i8, day: i8) -> Self {
        Self(jiff::civil::date(year, month, day))
    }
}

impl FromStr for Day {
    type Err = NoDay;

    fn from_str(text: &str) -> Result<Self, NoDay> {
        let day = if text.len() == 10 && text.contains('-') { text.parse().ok() } else { None };
        day.map(Self).ok_or_else(|| NoDay(text.to_owned()))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A text that is no day.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is no day: it is written YYYY-MM-DD, such as 2026-11-23")]
pub struct NoDay(String);

/// True when `text` is a calendar date or begins with one, `2026-11-23` or `2026-11-23T…`.
pub(crate) fn is_date(text: &str) -> bool {
    let (date, rest) = text.split_at_checked(10).unwrap_or((text, ""));
    date.contains('-')
        && date.parse::<Date>().is_ok()
        && (rest.is_empty() || rest.starts_with(['T', 't', ' ']))
}

/// True for an ISO 8601 duration of weeks, days, hours, minutes and seconds, such as `PT40H` or `P1DT16H`.
pub(crate) fn is_duration(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('P') else { return false };
    let (date, time) = rest.split_once('T').map_or((rest, None), |(date, time)| (date, Some(time)));
    let parts = |text: &str, units: &str| {
        let mut number = String::new();
        let mut units = units.chars();
        for c in text.chars() {
            if c.is_ascii_digit() || c == '.' {
                number.push(c);
            } else if number.parse::<f64>().is_err() || !units.any(|unit| unit == c) {
                return false;
            } else {
                number.clear();
            }
        }
        number.is_empty()
    };
    let time_holds = time.is_none_or(|time| !time.is_empty() && parts(time, "HMS"));
    (!date.is_empty() || time.is_some()) && parts(date, "YMWD") && time_holds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_names_its_day() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(timestamp(STEPPED_EPOCH_MILLIS + 30), "2026-11-23T00:00:00.030Z");
        assert_eq!(timestamp(951_782_400_000), "2000-02-29T00:00:00.000Z");
    }

    #[test]
    fn a_duration_has_a_unit_for_each_number() {
        for good in ["PT40H", "P1DT16H", "PT15M", "PT0S", "P1D", "PT1H30M"] {
            assert!(is_duration(good), "{good}");
        }
        for bad in ["", "P", "PT", "40H", "PT40", "PTH", "PT1M2H", "40:00:00"] {
            assert!(!is_duration(bad), "{bad}");
        }
    }

    #[test]
    fn scaled_work_is_divided_and_never_instant() {
        assert_eq!(Pace::Scaled(1.0).ticks(Work::Small), 600);
        assert_eq!(Pace::Scaled(1e9).ticks(Work::Export), 1);
        assert_eq!(Pace::Even.ticks(Work::Export), 30);
    }

    #[test]
    fn a_day_is_one_of_the_calendar() {
        let day = |text: &str| text.parse::<Day>();
        assert_eq!(day("2028-02-29"), Ok(Day::new(2028, 2, 29)));
        assert!(day("2027-06-28").ok() > day("2024-07-15").ok());
        assert_eq!(Day::new(2027, 6, 28).to_string(), "2027-06-28");
        for bad in ["2027-02-29", "2027-2-01", "2027-06-31", "20270628", "2027-06-28T00:00", "", "tomorrow"] {
            assert!(day(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_date_is_told_from_other_text() {
        assert!(is_date("2027-01-31T10:00:00Z") && is_date("2027-01-31"));
        assert!(!is_date("soon") && !is_date("2027-13-01") && !is_date("20270131"));
    }
}
