//! Notices as JUnit XML: a test for each thing that is said, an error is a failure.
//!
//! Source: the schema of the Jenkins xUnit plugin, which readers agree on.

use std::fmt::Write;

use super::words::clean;
use super::{Notice, Notices};
use crate::model::Severity;

/// The report: one suite; where nothing is said, one test that passed.
#[must_use]
pub(super) fn junit(notices: &Notices) -> String {
    let suite = xml(&format!("labwright {}", notices.command));
    let all = &notices.notices;
    let failures = all.iter().filter(|notice| notice.severity == Severity::Error).count();
    let tests = all.len().max(1);
    let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"0\"");
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let mut line = |line: String| writeln!(text, "{line}").expect("a string");
    line(format!("<testsuites name=\"{suite}\" {counts}>"));
    line(format!("  <testsuite name=\"{suite}\" {counts} skipped=\"0\" time=\"0\">"));
    if all.is_empty() {
        let name = xml(&format!("{} {}", notices.title, notices.summary));
        line(format!("    <testcase classname=\"{suite}\" name=\"{name}\" time=\"0\"/>"));
    }
    for (number, notice) in (1..).zip(all) {
        line(case(notice, number));
    }
    line(format!("    <system-out>{}</system-out>", xml(&notices.summary)));
    line("  </testsuite>".into());
    line("</testsuites>".into());
    text
}

/// One test. Its number keeps two that say the same of the same apart.
fn case(notice: &Notice, number: usize) -> String {
    let Notice { rule, severity, message, address, place, help, is_important: _ } = notice;
    let subject = address.as_deref().or(place.as_ref().map(|(file, ..)| file.as_str())).unwrap_or("project");
    let name = xml(&format!("{number} {subject}"));
    let at = place.as_ref().map(|(file, line, _)| format!(" file=\"{}\" line=\"{line}\"", xml(file)));
    let head = format!(
        "    <testcase classname=\"{}\" name=\"{name}\"{} time=\"0\">",
        xml(rule),
        at.unwrap_or_default()
    );
    let place = place.as_ref().map(|(file, line, column)| format!("{file}:{line}:{column}: "));
    let help = help.as_ref().map(|help| format!("\nhelp: {help}"));
    let whole = format!("{}{message}{}", place.unwrap_or_default(), help.unwrap_or_default());
    let (message, whole) = (xml(message), xml_lines(&whole));
    let inner = match severity {
        Severity::Error => format!("<failure message=\"{message}\" type=\"{}\">{whole}</failure>", xml(rule)),
        Severity::Warning | Severity::Info => format!("<system-out>{whole}</system-out>"),
    };
    format!("{head}{inner}</testcase>")
}

/// Escapes text for content and for quoted attributes; characters that XML 1.0 does not have are dropped.
fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// The same for text of several lines.
fn xml_lines(text: &str) -> String {
    text.lines().map(xml).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_element_or_attribute() {
        assert_eq!(xml("\"><failure/>\u{0}&]]>\u{ffff}"), "&quot;&gt;&lt;failure/&gt;&amp;]]&gt;");
    }
}
