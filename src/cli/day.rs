//! Today, as planning takes it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::failure::{CommandError, Failure};

/// Today in UTC, `YYYY-MM-DD`: `LABWRIGHT_TODAY` where it is set, else the clock's.
///
/// # Errors
/// Exit 64 where the variable holds no day.
pub(super) fn today() -> Result<String, Failure> {
    match std::env::var("LABWRIGHT_TODAY") {
        Ok(text) if is_day(&text) => Ok(text),
        Ok(text) => Err(CommandError::BadDay { text }.into()),
        Err(_) => Ok(day_of(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())),
    }
}

fn is_day(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').map(|part| (part.len(), part.parse::<u32>())).collect();
    let [(4, Ok(year)), (2, Ok(month)), (2, Ok(day))] = parts[..] else { return false };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

/// The day of the Gregorian calendar. Source: H. Hinnant, "chrono-compatible low-level date algorithms".
fn day_of(since_1970: Duration) -> String {
    let days = since_1970.as_secs() / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        let day = |seconds| day_of(Duration::from_secs(seconds));
        assert_eq!(day(0), "1970-01-01");
        assert_eq!(day(951_782_400), "2000-02-29");
        assert_eq!(day(1_795_392_000), "2026-11-23");
        assert!(is_day("2028-02-29") && !is_day("2027-02-29") && !is_day("2027-2-1") && !is_day("x"));
    }
}
