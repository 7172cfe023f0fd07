//! The sheets of times that the vendor's bulk sheets name, as timetables.
//!
//! Source: the column tables of Microsoft's bulk tools (domain rules 6.1). Dates are American.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::sheet::{Lines, NoSheet, cell, delimiter_of, text_of};
use crate::catalog::time_zone;
use crate::cli::blocks::{event, timetables};
use crate::kinds::{WEEK, schedule_findings};
use crate::model::{Attributes, Severity, is_day, weekday};

const COLUMNS: [&str; 9] = [
    "frequency",
    "fromdate",
    "todate",
    "starttime",
    "endtime",
    "weekdays",
    "timezoneid",
    "notes",
    "eventtype",
];

/// The timetable of a sheet of times.
///
/// # Errors
/// What is wrong with it, each with its line.
pub(super) fn timetable(bytes: &[u8]) -> Result<Value, Vec<String>> {
    let rows = rows(bytes).map_err(|why| vec![why])?;
    let (mut events, mut wrong) = (Map::new(), Vec::new());
    for (line, row) in &rows {
        let mut times = Times { row, wrong: Vec::new() };
        match times.event() {
            Some((name, event)) => {
                let numbered = (2..).map(|number| format!("{name}-{number}"));
                let mut names = std::iter::once(name.clone()).chain(numbered);
                let name = names.find(|name| !events.contains_key(name)).unwrap_or_default();
                events.insert(name, Value::Object(event));
            }
            None => wrong.extend(times.wrong.iter().map(|why| format!("line {line}: {why}"))),
        }
    }
    match (rows.is_empty(), wrong.is_empty()) {
        (true, _) => Err(vec!["it has no rows".into()]),
        (false, false) => Err(wrong),
        (false, true) => Ok(timetables::timetable(events)),
    }
}

/// Cells by the column's name in lower case, but for blank ones.
type Row = BTreeMap<&'static str, String>;

/// The rows, each with its line.
fn rows(bytes: &[u8]) -> Result<Vec<(u64, Row)>, NoSheet> {
    let text = text_of(bytes)?;
    let delimiter = delimiter_of(text, |name| COLUMNS.contains(&name));
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut records = reader.records();
    let header = records.next().ok_or("it is empty")?.map_err(|error| error.to_string())?;
    let known = |name: &str| COLUMNS.iter().copied().find(|own| cell(name).eq_ignore_ascii_case(own));
    let header: Vec<_> = header.iter().map(known).collect();
    if !header.contains(&Some("fromdate")) {
        return Err("its first line names no column `FromDate`".into());
    }
    let mut lines = Lines::of(text);
    let mut rows = Vec::new();
    for record in records {
        let record = record.map_err(|error| error.to_string())?;
        let begins = record.position().map_or(0, |place| usize::try_from(place.byte()).unwrap_or_default());
        let line = lines.at(begins);
        let cells = header.iter().zip(record.iter().map(cell));
        let row: Row = cells
            .filter(|(_, text)| !text.is_empty())
            .filter_map(|(name, text)| Some(((*name)?, text)))
            .collect();
        if !row.is_empty() {
            rows.push((line, row));
        }
    }
    Ok(rows)
}

/// A row, and what is wrong with it.
struct Times<'a> {
    row: &'a Row,
    wrong: Vec<String>,
}

impl Times<'_> {
    fn text(&self, column: &str) -> Option<&str> {
        self.row.get(column).map(String::as_str)
    }

    /// The event with a name that tells when it is.
    fn event(&mut self) -> Option<(String, Map<String, Value>)> {
        let from = self.read("fromdate", "FromDate", "a date such as 2/1/2027", date);
        let stop = self.read("endtime", "EndTime", "a time such as 12:00", time);
        let only_stops = match self.text("eventtype").map(str::to_lowercase).as_deref() {
            None | Some("standard") => false,
            Some("stop" | "stop only" | "stoponly") => true,
            Some(other) => {
                self.wrong.push(format!("EventType `{other}` is neither Standard nor Stop"));
                false
            }
        };
        let start =
            if only_stops { None } else { self.read("starttime", "StartTime", "a time such as 9:45", time) };
        let zone = self.read("timezoneid", "TimeZoneId", "a time zone that labwright knows", |text| {
            time_zone(text).map(|zone| zone.windows.to_owned())
        });
        let is_once = self.text("frequency").is_some_and(|text| text.eq_ignore_ascii_case("once"));
        let until = match is_once {
            true => from.clone(),
            false => self.read("todate", "ToDate", "a date such as 6/11/2027", date),
        };
        let days = self.days(from.as_deref());
        if self.text("notes").is_some_and(|text| text.chars().count() > 1000) {
            self.wrong.push("Notes is longer than 1000 characters".into());
        }
        if !self.wrong.is_empty() {
            return None;
        }
        let (days, stop) = (days?, stop?);
        let mut own = Map::new();
        let pairs = [
            ("timeZone", zone),
            ("from", from),
            ("until", until),
            ("start", start.clone()),
            ("stop", Some(stop.clone())),
            ("notes", self.text("notes").map(str::to_owned)),
        ];
        own.extend(pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))));
        own.insert("days".into(), json!(days));
        let when = start.unwrap_or_else(|| format!("stop-{stop}")).replace(':', "");
        let name = format!("{}-{when}", days.join("-"));
        let found = schedule_findings(&name, &event(&Attributes::from(own.clone())));
        let refused = found.into_iter().filter(|own| own.severity == Severity::Error);
        self.wrong.extend(refused.map(|own| format!("{}: {}", own.rule, own.message)));
        self.wrong.is_empty().then_some((name, own))
    }

    /// A cell that must be there, read.
    fn read(
        &mut self,
        column: &str,
        title: &str,
        wanted: &str,
        read: impl Fn(&str) -> Option<String>,
    ) -> Option<String> {
        let Some(text) = self.row.get(column) else {
            self.wrong.push(format!("{title} is blank"));
            return None;
        };
        let found = read(text);
        if found.is_none() {
            self.wrong.push(format!("{title} `{text}` is not {wanted}"));
        }
        found
    }

    /// The days: each in the sheets for lab accounts after a comma, in those for lab plans after a semicolon.
    fn days(&mut self, from: Option<&str>) -> Option<Vec<&'static str>> {
        match self.text("frequency").map(str::to_lowercase).as_deref() {
            Some("daily") => Some(vec!["Daily"]),
            Some("once") => Some(vec![WEEK[weekday(from?)?].0]),
            None | Some("weekly") => {
                let text = self.text("weekdays").unwrap_or_default().to_owned();
                let names = text
                    .split([',', ';'])
                    .map(|name| name.trim_matches(['"', ' ']))
                    .filter(|name| !name.is_empty());
                let mut found = Vec::new();
                for name in names {
                    let is_it = |(short, full): &&(&str, &str)| {
                        [short, full].iter().any(|own| name.eq_ignore_ascii_case(own))
                    };
                    match WEEK.iter().position(|day| is_it(&day)) {
                        Some(day) => found.push(day),
                        None => self.wrong.push(format!("WeekDays: `{name}` is no day of the week")),
                    }
                }
                if text.is_empty() {
                    self.wrong.push("WeekDays is blank".into());
                }
                found.sort_unstable();
                found.dedup();
                Some(found.into_iter().map(|day| WEEK[day].0).collect())
            }
            Some(other) => {
                self.wrong.push(format!("Frequency `{other}` is none of Weekly, Daily and Once"));
                None
            }
        }
    }
}

/// `2027-02-01` of `2/1/2027`, month first, or of itself.
fn date(text: &str) -> Option<String> {
    if is_day(text) {
        return Some(text.to_owned());
    }
    let parts: Vec<u16> = text.split('/').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [month, day, year] = parts[..] else { return None };
    let date = format!("{year:04}-{month:02}-{day:02}");
    is_day(&date).then_some(date)
}

/// `13:05` of `13:05`, `1:05 PM` or `13:05:00`.
fn time(text: &str) -> Option<String> {
    let upper = text.trim().to_ascii_uppercase();
    let (clock, half) = match (upper.strip_suffix("AM"), upper.strip_suffix("PM")) {
        (Some(clock), _) => (clock, Some(0)),
        (None, Some(clock)) => (clock, Some(12)),
        (None, None) => (upper.as_str(), None),
    };
    let parts: Vec<u8> = clock.trim().split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let (hour, minute) = match parts[..] {
        [hour, minute] | [hour, minute, 0] => (hour, minute),
        _ => return None,
    };
    let hour = match half {
        None => hour,
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
    };
    (hour < 24 && minute < 60).then(|| format!("{hour:02}:{minute:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "Frequency,FromDate,ToDate,StartTime,EndTime,WeekDays,TimeZoneId,Notes,EventType\n";

    fn read(rows: &str) -> Result<Value, Vec<String>> {
        timetable(format!("\u{feff}{HEADER}{rows}").as_bytes())
    }

    #[test]
    fn a_sheet_of_times_becomes_a_timetable_whatever_a_spreadsheet_did_to_it() {
        let rows = "Weekly,2/1/2027,6/11/2027,\" \"\"9:45\"\"\",12:00 PM,\"Wednesday, \"\"Monday\"\"\",W. Europe Standard Time,Lecture,\n\
                    Daily,2/1/2027,6/11/2027,,23:00,,Europe/Berlin,,Stop\n\
                    Once,6/7/2027,,9:00 AM,1:30 PM,,W. Europe Standard Time,Exam,Standard\n";
        assert_eq!(
            read(rows).expect("a timetable"),
            json!({ "timeZone": "W. Europe Standard Time", "events": {
                "Mon-Wed-0945": { "from": "2027-02-01", "until": "2027-06-11", "days": ["Mon", "Wed"], "start": "09:45", "stop": "12:00", "notes": "Lecture" },
                "Daily-stop-2300": { "from": "2027-02-01", "until": "2027-06-11", "days": ["Daily"], "stop": "23:00" },
                "Mon-0900": { "from": "2027-06-07", "until": "2027-06-07", "days": ["Mon"], "start": "09:00", "stop": "13:30", "notes": "Exam" },
            } })
        );
    }

    #[test]
    fn a_row_that_cannot_be_an_event_says_its_line_and_all_that_is_wrong() {
        let rows = "Weekly,2/1/2027,6/11/2027,9:45,12:00,Mon;Fryday,UTC,,\n\n\
                    Monthly,13/1/2027,,25:00,,Mon,Europe/Atlantis,,Start\n\
                    Weekly,2/1/2027,6/11/2027,22:00,02:00,Mon,UTC,,\n";
        let wrong = read(rows).expect_err("nothing of it");
        for part in [
            "line 2: WeekDays: `Fryday` is no day of the week",
            "line 4: FromDate `13/1/2027` is not a date such as 2/1/2027",
            "line 4: EndTime is blank",
            "line 4: EventType `start` is neither Standard nor Stop",
            "line 4: StartTime `25:00` is not a time such as 9:45",
            "line 4: TimeZoneId `Europe/Atlantis` is not a time zone that labwright knows",
            "line 4: ToDate is blank",
            "line 4: Frequency `monthly` is none of Weekly, Daily and Once",
            "line 5: SCH-02: the event `Mon-2200` stops at 02:00, which is not after its start at 22:00",
        ] {
            assert!(wrong.iter().any(|own| own == part), "{part}: {wrong:?}");
        }
        assert_eq!(wrong.len(), 9);
        assert_eq!(read("").expect_err("no rows"), ["it has no rows"]);
        assert_eq!(timetable(b"A,B\n").expect_err("no sheet"), ["its first line names no column `FromDate`"]);
    }
}
