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

#[cfg(test)]
mod tests {
    use super::*;

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
