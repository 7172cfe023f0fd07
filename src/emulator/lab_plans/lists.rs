//! Lists and their `$filter`.
//!
//! Source: Lab Services REST 2023-06-07, parameter `filter`; the filters that Microsoft's scripts for lab plans send:
//! `Properties/VMType eq 'Template'`, `indexof(tolower(properties/displayName),'ubuntu') gt -1`. Names and values compare
//! without case.

use crate::emulator::arm::errors::Refusal;
use crate::emulator::arm::rendering;
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::types::Kind;
use crate::emulator::message::{Request, Response};
use crate::emulator::world::World;
use serde_json::Value;

/// Lists what is in a group, in a subscription or below a parent.
///
/// # Errors
/// 404 for a missing group or parent; 400 for a filter that is not understood.
pub(crate) fn list(world: &World, call: &Call<'_>) -> Result<Response, Refusal> {
    let address = &call.address;
    let prefix = match (&address.group, address.kind) {
        (Some(_), _) => format!("{}/", world.holder(address)?.key()),
        (None, Kind::LabPlan | Kind::PlanLab) => {
            format!("/subscriptions/{}/", address.subscription).to_lowercase()
        }
        (None, _) => return Err(call.no_such_verb()),
    };
    let found = world.all_of(address.kind, &prefix);
    filtered(call.request, found.map(|resource| rendering::of(world, resource, call.request)).collect())
}

/// A list answer of those `rows` that the request's `$filter` lets through.
///
/// # Errors
/// 400 for a filter that is not understood.
pub(crate) fn filtered(request: &Request, rows: Vec<Value>) -> Result<Response, Refusal> {
    let filter = Filter::parse(request.query("$filter").unwrap_or_default())?;
    rendering::list(request, rows.into_iter().filter(|row| filter.holds(row)).collect())
}

/// Terms that must all hold.
#[derive(Debug)]
struct Filter(Vec<Term>);

/// One comparison of a property, by its lower-case path, with a lower-case text.
#[derive(Debug)]
struct Term {
    path: Vec<String>,
    test: Test,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    Equal,
    Unequal,
    Contains,
    Begins,
}

impl Filter {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let bad = || {
            let message = format!("Invalid $filter '{text}' specified in the query string.");
            Refusal::new(400, "InvalidFilterInQueryString", message)
        };
        let terms = split(text).into_iter().map(|term| Term::parse(&term).ok_or_else(bad));
        terms.collect::<Result<_, _>>().map(Self)
    }

    fn holds(&self, row: &Value) -> bool {
        self.0.iter().all(|term| term.holds(row))
    }
}

impl Term {
    fn parse(text: &str) -> Option<Self> {
        let (head, text_and_rest) = text.split_once('\'')?;
        let (value, rest) = text_and_rest.split_once('\'')?;
        let head: String = head.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
        let rest: String = rest.to_lowercase().split_whitespace().collect();
        let (path, test) = if let Some(path) = head.strip_prefix("indexof(") {
            (path, Some(Test::Contains).filter(|_| matches!(rest.as_str(), ")gt-1" | ")ge0"))?)
        } else if let Some(path) = head.strip_prefix("contains(") {
            (path, Some(Test::Contains).filter(|_| rest == ")")?)
        } else if let Some(path) = head.strip_prefix("startswith(") {
            (path, Some(Test::Begins).filter(|_| rest == ")")?)
        } else if let Some(path) = head.strip_suffix(" eq") {
            (path, Some(Test::Equal).filter(|_| rest.is_empty())?)
        } else {
            (head.strip_suffix(" ne")?, Some(Test::Unequal).filter(|_| rest.is_empty())?)
        };
        let path = path.trim().trim_end_matches(',').trim();
        let path = path.strip_prefix("tolower(").map_or(Some(path), |path| path.strip_suffix(')'))?;
        let path: Vec<String> = path.split('/').map(str::to_owned).collect();
        let named = |part: &String| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        path.iter().all(named).then(|| Self { path, test, text: value.to_lowercase() })
    }

    fn holds(&self, row: &Value) -> bool {
        let found = self.path.iter().try_fold(row, |place, part| {
            let mut members = place.as_object()?.iter();
            members.find(|(name, _)| name.eq_ignore_ascii_case(part)).map(|(_, value)| value)
        });
        let found = found.and_then(Value::as_str).map(str::to_lowercase);
        let is = |test: fn(&str, &str) -> bool| found.as_deref().is_some_and(|found| test(found, &self.text));
        match self.test {
            Test::Equal => is(|found, text| found == text),
            Test::Unequal => !is(|found, text| found == text),
            Test::Contains => is(|found, text| found.contains(text)),
            Test::Begins => is(|found, text| found.starts_with(text)),
        }
    }
}

/// The terms of a filter: what stands between the `and`s outside of quotes.
fn split(text: &str) -> Vec<String> {
    let mut terms = vec![];
    let mut term = String::new();
    for (index, part) in text.split('\'').enumerate() {
        if index > 0 {
            term.push('\'');
        }
        let is_quoted = index % 2 == 1;
        let mut pieces = if is_quoted { vec![part.to_owned()] } else { at_and(part) };
        let last = pieces.pop().unwrap_or_default();
        for piece in pieces {
            term.push_str(&piece);
            terms.push(std::mem::take(&mut term));
        }
        term.push_str(&last);
    }
    terms.push(term);
    terms.retain(|term| !term.trim().is_empty());
    terms
}

fn at_and(text: &str) -> Vec<String> {
    let lower = text.to_ascii_lowercase();
    let mut pieces = Vec::new();
    let mut from = 0;
    for (at, and) in lower.match_indices(" and ") {
        pieces.push(text[from..at].to_owned());
        from = at + and.len();
    }
    pieces.push(text[from..].to_owned());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_filter_compares_without_case() {
        let row =
            json!({ "name": "u", "properties": { "displayName": "Ubuntu and more", "vmType": "Template" } });
        let holds = |text: &str| Filter::parse(text).map(|filter| filter.holds(&row)).ok();
        for good in [
            "",
            "Properties/VMType eq 'template'",
            "indexof(tolower(properties/displayName),'ubuntu') gt -1",
            "contains(properties/displayName, 'and more') and name ne 'x'",
            "startswith(tolower(properties/displayName), 'Ubuntu and') AND name eq 'u'",
        ] {
            assert_eq!(holds(good), Some(true), "{good}");
        }
        for other in ["name eq 'x'", "name eq 'u' and properties/vmType eq 'User'", "properties/none eq 'x'"]
        {
            assert_eq!(holds(other), Some(false), "{other}");
        }
        for bad in
            ["name", "name eq u", "name lt 'u'", "indexof(name,'u') gt 5", "name eq 'u' or name eq 'x'", "'"]
        {
            assert_eq!(holds(bad), None, "{bad}");
        }
    }
}
