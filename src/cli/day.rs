//! Today, as planning takes it.

use super::failure::{CommandError, Failure};
use jiff::{Timestamp, tz::TimeZone};

/// Today in UTC, `YYYY-MM-DD`: `LABWRIGHT_TODAY` where it is set, else the clock's.
///
/// # Errors
/// Exit 64 where the variable holds no day.
pub(super) fn today() -> Result<String, Failure> {
    match std::env::var("LABWRIGHT_TODAY") {
        Ok(text) if crate::model::is_day(&text) => Ok(text),
        Ok(text) => Err(CommandError::BadDay { text }.into()),
        Err(_) => Ok(TimeZone::UTC.to_datetime(Timestamp::now()).date().to_string()),
    }
}
