//! Days of the calendar, as the language and the command line write them.

use jiff::civil::Date;

/// Whether `text` is a day of the Gregorian calendar in its one spelling, `YYYY-MM-DD`.
#[must_use]
pub fn is_day(text: &str) -> bool {
    text.parse::<Date>().is_ok_and(|day| day.to_string() == text)
}

/// How many days `to` comes after `from`, negative where it comes before; `None` where one is no day.
#[must_use]
pub fn days_between(from: &str, to: &str) -> Option<i32> {
    let (from, to): (Date, Date) = (from.parse().ok()?, to.parse().ok()?);
    Some(from.until(to).ok()?.get_days())
}

/// The day of the week, 0 for a Monday; `None` where `day` is none.
#[must_use]
pub fn weekday(day: &str) -> Option<usize> {
    let day: Date = day.parse().ok()?;
    usize::try_from(day.weekday().to_monday_zero_offset()).ok()
}

/// The first day on or after `from` that is one of these days of the week, 0 for a Monday.
#[must_use]
pub fn first_on(from: &str, weekdays: &[usize]) -> Option<String> {
    let from: Date = from.parse().ok()?;
    let is_one = |day: &Date| {
        usize::try_from(day.weekday().to_monday_zero_offset()).is_ok_and(|own| weekdays.contains(&own))
    };
    from.series(jiff::Span::new().days(1)).take(7).find(is_one).map(|day| day.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_is_gone_through_from_any_of_its_days() {
        // 2027-02-01 is a Monday.
        assert_eq!(weekday("2027-02-01"), Some(0));
        assert_eq!(first_on("2027-02-01", &[0]).as_deref(), Some("2027-02-01"));
        assert_eq!(first_on("2027-02-02", &[0, 3]).as_deref(), Some("2027-02-04"));
        assert_eq!(first_on("2027-02-26", &[0]).as_deref(), Some("2027-03-01"));
        assert_eq!((first_on("2027-02-01", &[]), first_on("soon", &[0])), (None, None));
    }

    #[test]
    fn days_are_counted_over_months_and_backwards() {
        assert_eq!(days_between("2026-11-24", "2027-06-28"), Some(216));
        assert_eq!(days_between("2027-06-29", "2027-06-28"), Some(-1));
        assert_eq!(days_between("soon", "2027-06-28"), None);
    }

    #[test]
    fn a_day_exists_in_the_calendar_and_has_one_spelling() {
        for (text, expected) in [
            ("2027-02-28", true),
            ("2028-02-29", true),
            ("2027-02-29", false),
            ("2027-13-01", false),
            ("2027-6-01", false),
            ("27-06-01", false),
            ("2027-06-00", false),
            ("20270601", false),
            ("2027-06-01T10:00", false),
            ("soon", false),
        ] {
            assert_eq!(is_day(text), expected, "{text}");
        }
    }
}
