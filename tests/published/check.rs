//! Whether an exchange fits the description of its operation.

use std::collections::BTreeMap;
use std::path::Path;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::description::{Descriptions, Operation};
use crate::exchange::{Answer, Exchange};
use crate::schema::{Side, schema};

/// A version of which no description was ever published.
const NEVER_PUBLISHED: &str = "2019-01-01-preview";

/// All that was found out.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// How often an operation was checked, by its id and the version that was checked.
    pub(crate) checked: BTreeMap<String, usize>,
    /// How often labwright asked what, by the operation and its version.
    pub(crate) asked: BTreeMap<String, usize>,
    /// How many exchanges were not checked, by the reason.
    pub(crate) unchecked: BTreeMap<String, usize>,
    /// How often something did not fit, with the first place and what it says; by a line that deviations are matched with.
    pub(crate) problems: BTreeMap<String, (usize, String)>,
}

/// Checks exchanges, one after the other.
pub(crate) struct Checker<'a> {
    all: &'a Descriptions,
    /// Whether what Microsoft published is among the descriptions.
    pub(crate) is_published: bool,
    /// By operation (its place among all), side, and status.
    validators: BTreeMap<(usize, Side, String), Validator>,
    pub(crate) findings: Findings,
}

/// Where a problem is reported.
struct Report<'a> {
    operation: &'a str,
    status: u16,
    place: &'a str,
    findings: &'a mut Findings,
}

impl Report<'_> {
    fn add(&mut self, what: &str, detail: impl Into<String>) {
        let key = format!("{} {} {what}", self.operation, self.status);
        let first = || (0, format!("{}: {}", self.place, detail.into()));
        self.findings.problems.entry(key).or_insert_with(first).0 += 1;
    }
}

impl<'a> Checker<'a> {
    pub(crate) fn new(all: &'a Descriptions) -> Self {
        Self {
            all,
            is_published: all.are_published(),
            validators: BTreeMap::new(),
            findings: Findings::default(),
        }
    }

    /// Checks what stands at `place`.
    pub(crate) fn check(&mut self, place: &str, exchange: &Exchange) {
        let segments = exchange.segments();
        let version = exchange.query("api-version").unwrap_or_default();
        if is_identity(&segments) {
            return self.leave("discovery and tokens: not of ARM");
        }
        if exchange.is_ours() {
            self.ours(place, exchange, &segments, version);
        }
        let Some(answer) = exchange.answer.as_ref().filter(|_| !exchange.fault) else {
            return self.leave("made to go wrong");
        };
        let is_labs = segments.iter().any(|segment| segment.eq_ignore_ascii_case("Microsoft.LabServices"));
        if is_labs && version == NEVER_PUBLISHED {
            return self.leave("Lab Services 2019-01-01-preview: never published");
        }
        if !self.is_published {
            return self.leave("no published descriptions at hand");
        }
        let described = self.all.matching(&exchange.method, &segments);
        let Some(operation) = nearest(&described, version) else {
            return self.undescribed(place, exchange, answer, &segments);
        };
        let name = format!("{} {}", operation.id, operation.version);
        let seen =
            if operation.version == version { name.clone() } else { format!("{name} (for {version})") };
        *self.findings.checked.entry(seen).or_default() += 1;
        let mut findings = std::mem::take(&mut self.findings);
        let mut report = Report { operation: &name, status: answer.status, place, findings: &mut findings };
        self.answered(operation, exchange, answer, &mut report);
        if answer.status < 400 {
            self.asked(operation, exchange, &segments, &mut report);
        }
        self.findings = findings;
    }

    /// What labwright asks fits whatever is answered, faults too, and stands in a description of just that version.
    fn ours(&mut self, place: &str, exchange: &Exchange, segments: &[String], version: &str) {
        let described = self.all.matching(&exchange.method, segments);
        let mut findings = std::mem::take(&mut self.findings);
        let shape = format!("{} {}", exchange.method, shape(segments));
        let operation = described.iter().find(|operation| operation.version == version);
        let name = operation.map_or_else(|| shape.clone(), |operation| format!("{} {version}", operation.id));
        let operation_name = format!("labwright: {name}");
        let mut report = Report { operation: &operation_name, status: 0, place, findings: &mut findings };
        headers(exchange, &mut report);
        match operation {
            // Where an operation is followed is the service's own business, the query too.
            _ if is_followed(segments) => {}
            Some(operation) => self.asked(operation, exchange, segments, &mut report),
            None if !self.is_published && version != NEVER_PUBLISHED => {}
            None => report.add("in no description of that version", exchange.path.clone()),
        }
        *findings.asked.entry(name).or_default() += 1;
        self.findings = findings;
    }

    fn leave(&mut self, reason: &str) {
        *self.findings.unchecked.entry(reason.to_owned()).or_default() += 1;
    }

    /// What is in no description is at least refused as ARM refuses, or known to be served.
    fn undescribed(&mut self, place: &str, exchange: &Exchange, answer: &Answer, segments: &[String]) {
        let shape = format!("{} {}", exchange.method, shape(segments));
        if answer.status >= 400 {
            let operation = format!("undescribed {}", exchange.method);
            let mut report =
                Report { operation: &operation, status: answer.status, place, findings: &mut self.findings };
            refusal(exchange, answer, &mut report);
            return self.leave("refused, and in no description");
        }
        self.leave(&format!("in no description: {shape}"));
    }

    fn answered(
        &mut self,
        operation: &Operation,
        exchange: &Exchange,
        answer: &Answer,
        report: &mut Report<'_>,
    ) {
        let listed = operation.responses.get(answer.status.to_string());
        let listed = listed.or_else(|| operation.responses.get("default").filter(|_| answer.status >= 400));
        if answer.status >= 400 {
            refusal(exchange, answer, report);
        }
        let Some(listed) = listed else {
            // Every operation can be refused, whether the description says so or not.
            if answer.status < 400 {
                report.add("status not described", format!("{} {}", exchange.method, exchange.path));
            }
            return;
        };
        if exchange.method != "HEAD" {
            match listed.get("schema") {
                Some(described) => {
                    let status = answer.status.to_string();
                    self.body(
                        operation,
                        Side::Answer,
                        &status,
                        described,
                        &operation.file,
                        &answer.body,
                        report,
                    );
                }
                None if answer.body.is_null() => {}
                None => report.add("answer has a body", answer.body.to_string()),
            }
        }
        let monitor =
            ["location", "azure-asyncoperation"].iter().any(|name| answer.headers.contains_key(*name));
        let goes_on = matches!(
            answer.body["properties"]["provisioningState"].as_str(),
            Some("Creating" | "Updating" | "Deleting")
        );
        if operation.is_long_running && answer.status == 202 && !monitor && !goes_on {
            report.add("nothing to poll", exchange.path.clone());
        }
    }

    fn asked(
        &mut self,
        operation: &Operation,
        exchange: &Exchange,
        segments: &[String],
        report: &mut Report<'_>,
    ) {
        let mut known = vec!["api-version".to_owned()];
        for (file, parameter) in &operation.parameters {
            let name = parameter["name"].as_str().unwrap_or_default();
            let value = match parameter["in"].as_str() {
                Some("query") => {
                    known.push(name.to_lowercase());
                    exchange.query(name).map(str::to_owned)
                }
                Some("path") => {
                    let placeholder = format!("{{{name}}}");
                    let at = operation.segments.iter().position(|segment| *segment == placeholder);
                    at.map(|at| segments[at].clone())
                }
                Some("body") => {
                    if !exchange.body.is_null() {
                        let described = &parameter["schema"];
                        let side = if exchange.method == "PATCH" { Side::Patch } else { Side::Request };
                        self.body(operation, side, "", described, file, &exchange.body, report);
                    } else if parameter["required"] == true {
                        report.add("request has no body", exchange.path.clone());
                    }
                    continue;
                }
                _ => continue,
            };
            match value {
                None if parameter["required"] == true => {
                    report.add(&format!("request lacks {name}"), exchange.path.clone());
                }
                None => {}
                Some(value) => fits(name, parameter, &value, report),
            }
        }
        for name in exchange.query.keys().filter(|name| !known.contains(&name.to_lowercase())) {
            report.add(&format!("request has {name}"), exchange.path.clone());
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a body is known by all of them")]
    fn body(
        &mut self,
        operation: &Operation,
        side: Side,
        status: &str,
        described: &Value,
        file: &Path,
        body: &Value,
        report: &mut Report<'_>,
    ) {
        let number = self.all.operations.iter().position(|other| std::ptr::eq(other, operation));
        let key = (number.expect("one of all"), side, status.to_owned());
        let all = self.all;
        let validator = self.validators.entry(key).or_insert_with(|| {
            let schema = schema(all, file, described, side);
            jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema")
        });
        let body = if side == Side::Patch { &merged(body) } else { body };
        let side = if side == Side::Answer { "answer" } else { "request" };
        for error in validator.iter_errors(body) {
            let at = pattern_of(error.instance_path().as_str());
            // The words of these say which property it is.
            let keyword = error.kind().keyword();
            let which = match keyword {
                "required" | "additionalProperties" => format!(" {error}"),
                _ => String::new(),
            };
            report.add(&format!("{side} {at} {keyword}{which}"), error.to_string());
        }
    }
}

/// The described operation of that version, or else of the newest one before it, or of the oldest.
fn nearest<'a>(described: &[&'a Operation], version: &str) -> Option<&'a Operation> {
    let before = described.iter().filter(|operation| operation.version.as_str() <= version);
    let before = before.max_by(|a, b| a.version.cmp(&b.version));
    before.or_else(|| described.iter().min_by(|a, b| a.version.cmp(&b.version))).copied()
}

/// An error says its code and a message, whatever else the description allows.
fn refusal(exchange: &Exchange, answer: &Answer, report: &mut Report<'_>) {
    let error = &answer.body["error"];
    let said = |name: &str| error[name].as_str().is_some_and(|text| !text.is_empty());
    if exchange.method != "HEAD" && !(said("code") && said("message")) {
        report.add("error without code and message", answer.body.to_string());
    }
}

fn fits(name: &str, parameter: &Value, value: &str, report: &mut Report<'_>) {
    let mut schema = json!({});
    for keyword in ["pattern", "minLength", "maxLength", "enum", "minimum", "maximum"] {
        if let Some(limit) = parameter.get(keyword) {
            schema[keyword] = limit.clone();
        }
    }
    let is_number = parameter["type"] == "integer";
    let value = if is_number {
        value.parse::<i64>().map_or(json!(value), |number| json!(number))
    } else {
        json!(value)
    };
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for error in validator.iter_errors(&value) {
        report.add(&format!("request {name} {}", error.kind().keyword()), error.to_string());
    }
}

/// Every request says what it carries and whose it is, in a form that Azure's support can follow.
fn headers(exchange: &Exchange, report: &mut Report<'_>) {
    for name in ["x-ms-correlation-request-id", "x-ms-client-request-id"] {
        let value = exchange.headers.get(name).map(String::as_str).unwrap_or_default();
        if uuid::Uuid::parse_str(value).is_err() {
            report.add(&format!("{name} is no id"), value);
        }
    }
    let kind = exchange.headers.get("content-type").map(String::as_str).unwrap_or_default();
    if !exchange.body.is_null() && !kind.starts_with("application/json") {
        report.add("a body that is not said to be JSON", kind);
    }
}

/// Where an operation is asked how far it is.
fn is_followed(segments: &[String]) -> bool {
    let kinds = ["operations", "operationresults", "capsoperations"];
    let kind = segments.len().checked_sub(2).and_then(|at| segments.get(at));
    kind.is_some_and(|kind| kinds.iter().any(|known| kind.eq_ignore_ascii_case(known)))
}

/// Discovery, tokens, managed identities.
fn is_identity(segments: &[String]) -> bool {
    let starts = segments.first().is_some_and(|first| first == "metadata" || first == "msi");
    starts || segments.iter().skip(1).any(|segment| segment == "oauth2" || segment == ".well-known")
}

/// What a merge writes: null takes away.
fn merged(body: &Value) -> Value {
    match body {
        Value::Object(all) => {
            let kept = all.iter().filter(|(_, value)| !value.is_null());
            kept.map(|(name, value)| (name.clone(), merged(value))).collect()
        }
        other => other.clone(),
    }
}

/// A pointer with `*` for each place in a list.
fn pattern_of(pointer: &str) -> String {
    let parts = pointer.split('/').map(|part| if part.parse::<usize>().is_ok() { "*" } else { part });
    let pattern = parts.collect::<Vec<_>>().join("/");
    if pattern.is_empty() { "/".to_owned() } else { pattern }
}

/// A path with `*` for each name.
fn shape(segments: &[String]) -> String {
    let mut shape = String::new();
    let mut types = false;
    for (number, segment) in segments.iter().enumerate() {
        let after_types =
            types || segments.first().is_some_and(|first| first.eq_ignore_ascii_case("subscriptions"));
        let from = segments.iter().position(|segment| segment.eq_ignore_ascii_case("providers"));
        let literal = match from {
            // The provider's name stands behind `providers`; then types and names take turns.
            Some(from) if number > from => number == from + 1 || (number - from) % 2 == 0,
            _ => !after_types || number % 2 == 0,
        };
        types |= segment.eq_ignore_ascii_case("providers");
        shape.push('/');
        shape.push_str(if literal { segment } else { "*" });
    }
    shape.to_lowercase()
}
