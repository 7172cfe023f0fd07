//! How values, durations and counts are said to people.

use std::ffi::OsStr;

use serde_json::{Map, Value};

use crate::model::plain_duration;

/// `text` without anything that moves a cursor, rings or reorders what is read.
///
/// Line breaks and tabs become blanks; other control characters and the marks that change the
/// direction of writing (U+202A to U+202E, U+2066 to U+2069) are dropped.
#[must_use]
pub fn clean(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' | '\t' => Some(' '),
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' => None,
        c if c.is_control() => None,
        c => Some(c),
    };
    text.chars().filter_map(shown).collect()
}

/// `text` without anything that a pipeline would take for a command: GitHub reads lines that begin with `::`, it and Azure
/// Pipelines `##[` and `##vso[` anywhere.
#[must_use]
pub fn harmless(text: &str) -> String {
    if !text.contains("::") && !text.contains("##") {
        return text.to_owned();
    }
    let harmless = |line: &str| {
        let line = line.replace("##[", "# #[").replace("##vso[", "# #vso[");
        match line.trim_start().strip_prefix("::") {
            Some(rest) => format!("{}: :{rest}", &line[..line.len() - line.trim_start().len()]),
            None => line,
        }
    };
    text.split_inclusive('\n').map(harmless).collect()
}

/// A word as it can be pasted into a shell.
#[must_use]
pub fn quoted(word: &OsStr) -> String {
    let text = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+%".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.into_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// A value in one line, as people write it: `20h` for `PT20H`, `a, b` for a list.
#[must_use]
pub fn say_value(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::String(text) if text.is_empty() => "\"\"".into(),
        Value::String(text) => plain_duration(text).unwrap_or_else(|| clean(text)),
        Value::Array(items) if items.is_empty() => "[]".into(),
        Value::Array(items) => items.iter().map(say_value).collect::<Vec<_>>().join(", "),
        Value::Object(map) => say_map(map),
    }
}

fn say_map(map: &Map<String, Value>) -> String {
    if let (1, Some(Value::String(id))) = (map.len(), map.get("id")) {
        return clean(id);
    }
    let entry = |(key, value): (&String, &Value)| match value {
        Value::Object(_) => format!("{} {{ {} }}", clean(key), say_value(value)),
        _ => format!("{} {}", clean(key), say_value(value)),
    };
    match map.is_empty() {
        true => "{}".into(),
        false => map.iter().map(entry).collect::<Vec<_>>().join(", "),
    }
}

/// A span of time in words: `40 s`, `25 min`, `1 h 05 min`, `2 h`.
#[must_use]
pub fn say_seconds(seconds: u64) -> String {
    let minutes = (seconds + 30) / 60;
    match (minutes / 60, minutes % 60) {
        _ if seconds < 60 => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes:02} min"),
    }
}

/// `1 resource`, `2 resources`.
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// Of many words, so many are named.
const NAMED: usize = 8;

/// A list, the first few of many.
pub(super) fn few(words: &[String]) -> String {
    let shown = words.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match words.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// At most so many characters of a text; what is missing shows as `…`.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}

/// As much of a commit's id as people read.
pub(super) fn short(id: &str) -> &str {
    id.get(..10).unwrap_or(id)
}

/// How many columns a text takes, one for each character.
pub(super) fn width(text: &str) -> usize {
    text.chars().count()
}

/// `text` in lines of at most `room` columns, broken at blanks; a longer word stands alone.
///
/// A number is not torn from its unit of time.
pub(super) fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let is_unit = ["h", "min", "s"].contains(&word.trim_end_matches([',', ';', '.', ':']));
        let number = |word: &&mut String| word.ends_with(|c: char| c.is_ascii_digit());
        match words.last_mut().filter(number).filter(|_| is_unit) {
            Some(number) => *number = format!("{number} {word}"),
            None => words.push(word.to_owned()),
        }
    }
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in &words {
        if !line.is_empty() && width(&line) + 1 + width(word) > room {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_only_where_a_shell_would_misread_it() {
        assert_eq!(quoted(OsStr::new("Lab/a")), "Lab/a");
        assert_eq!(quoted(OsStr::new("it's $x")), r"'it'\''s $x'");
    }
    use serde_json::json;

    #[test]
    fn values_are_said_as_people_write_them() {
        for (value, said) in [
            (json!("PT20H"), "20h"),
            (json!("PT1H30M"), "1h30m"),
            (json!("PT"), "PT"),
            (json!("PTSD"), "PTSD"),
            (json!("none"), "none"),
            (json!(""), "\"\""),
            (json!(["b", "a"]), "b, a"),
            (json!({"westeurope": 2}), "westeurope 2"),
            (json!({"id": "/subscriptions/s"}), "/subscriptions/s"),
            (
                json!({"geography": "Europe", "regions": {"uksouth": 1}}),
                "geography Europe, regions { uksouth 1 }",
            ),
        ] {
            assert_eq!(say_value(&value), said);
        }
    }

    #[test]
    fn spans_are_said_in_two_units_at_most() {
        let said: Vec<_> = [40, 60, 1500, 3900, 7200, 12_600].map(say_seconds).into();
        assert_eq!(said, ["40 s", "1 min", "25 min", "1 h 05 min", "2 h", "3 h 30 min"]);
    }

    #[test]
    fn nothing_that_moves_a_cursor_gets_through() {
        assert_eq!(clean("a\u{1b}[2Jb\rc\u{202e}d\ne"), "a[2Jbcd e");
    }

    #[test]
    fn nothing_in_a_log_is_a_command() {
        let text = "a ::x\n  ::error::b\n##[error]c ##vso[task.d]e\n## f\n";
        assert_eq!(harmless(text), "a ::x\n  : :error::b\n# #[error]c # #vso[task.d]e\n## f\n");
    }

    #[test]
    fn text_breaks_at_blanks() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("internationalization a", 5), ["internationalization", "a"]);
        assert_eq!(wrap("about 12 min", 8), ["about", "12 min"]);
    }
}
