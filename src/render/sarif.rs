//! Notices as SARIF 2.1.0, for code scanning. Source: OASIS, "Static Analysis Results Interchange Format".

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Notice, Notices};
use crate::model::Severity;

/// The file that a notice without a place is put to: code scanning shows nothing without one.
const ANYWHERE: &str = "labwright.yaml";

/// The log; `explain` tells what a rule means.
#[must_use]
pub(super) fn sarif(notices: &Notices, folder: &str, explain: &dyn Fn(&str) -> Option<String>) -> String {
    let mut first: BTreeMap<&str, &Notice> = BTreeMap::new();
    for notice in &notices.notices {
        first.entry(&notice.rule).or_insert(notice);
    }
    let rules: Vec<Value> = first.values().map(|notice| rule(notice, explain)).collect();
    let index = |rule: &str| first.keys().position(|known| *known == rule);
    let results = notices.notices.iter().map(|notice| {
        let anywhere = (format!("{folder}{ANYWHERE}"), 1, 1);
        let (file, line, column) = notice.place.as_ref().unwrap_or(&anywhere);
        let text = match &notice.help {
            Some(help) => format!("{} Next: {}", sentence(&notice.message), sentence(help)),
            None => sentence(&notice.message),
        };
        json!({
            "ruleId": notice.rule,
            "ruleIndex": index(&notice.rule),
            "level": level(notice.severity),
            "message": { "text": text },
            "locations": [{ "physicalLocation": {
                "artifactLocation": { "uri": uri(file), "uriBaseId": "SRCROOT" },
                "region": { "startLine": line, "startColumn": column },
            } }],
        })
    });
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "labwright",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "automationDetails": { "id": format!("labwright/{}/", uri(&notices.command)) },
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { "SRCROOT": {
                "description": { "text": "The root of the repository that holds the project." },
            } },
            "results": results.collect::<Vec<_>>(),
        }],
    });
    serde_json::to_string_pretty(&log).expect("JSON values serialise") + "\n"
}

fn rule(notice: &Notice, explain: &dyn Fn(&str) -> Option<String>) -> Value {
    let meaning =
        explain(&notice.rule).unwrap_or_else(|| format!("What labwright says under `{}`.", notice.rule));
    let first = meaning.split_inclusive(". ").next().unwrap_or(&meaning).trim_end();
    json!({
        "id": notice.rule,
        "shortDescription": { "text": sentence(first) },
        "fullDescription": { "text": sentence(&meaning) },
        "help": { "text": sentence(&meaning) },
        "defaultConfiguration": { "level": level(notice.severity) },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// A message as SARIF wants it: a capital first, a period last, and no `[text](link)` of somebody else's.
fn sentence(text: &str) -> String {
    let escaped: String = text
        .chars()
        .flat_map(|c| matches!(c, '[' | ']' | '\\').then_some('\\').into_iter().chain([c]))
        .collect();
    let mut chars = escaped.chars();
    let mut sentence: String =
        chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default();
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

/// A path as a relative reference. Source: RFC 3986, 2.3 and 3.3.
fn uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_relative_reference_and_a_message_holds_no_link() {
        assert_eq!(uri("a b/ü:x.yaml"), "a%20b/%C3%BC%3Ax.yaml");
        assert_eq!(sentence("see [here](http://x)"), r"See \[here\](http://x).");
    }
}
