//! Days of the calendar, as the language and the command line write them.

use jiff::civil::Date;

/// Whether `text` is a day of the Gregorian calendar in its one spelling, `YYYY-MM-DD`.
#[must_use]
pub fn is_day(text: &str) -> bool {
    text.parse::<Date>().is_ok_and(|day| day.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

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
