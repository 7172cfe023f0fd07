//! Faults: refusals, delays, cut connections, spoiled operations and crashes, by script and seed.
//!
//! How a specification is written is told by [`SYNTAX`].

use crate::emulator::arm::operations::Spoil;
use crate::emulator::message::{Request, Response};
use serde_json::{Value, json};
use thiserror::Error;

/// How faults are written, for people.
pub const SYNTAX: &str = "\
Faults to make, separated by blanks; may be given several times. A fault is KEY=VALUE pairs separated by `;`. All faults \
that take a request work together; of two that say the same thing the later one counts.

Which requests:
  on=VERB:GLOB           those; * is any verb; in the path * is any text within a segment, ** any segments.
                         Without it, all of them, requests for tokens too
Which of those, counted from the start; without it, each:
  nth=N                  the N-th alone
  first=N                the first N
  every=N                each N-th
  rate=P                 a share between 0 and 1, drawn from --seed
What happens:
  status=N               answered with that status, 200 to 599, and no effect
  code=TEXT              the error code of that answer
  retry-after=SECONDS    Retry-After of the answer
  header=NAME:VALUE      one more header of the answer; may be given several times
  delay=TICKS            the answer comes that many hundredths of a second after its effect
  cut=before|after       the connection is cut without an answer, before or after the effect
  operation=fail         operations that the request begins fail when they are due
  operation=hang         they never end
  operation=vanish       polls do not find them, but they end as they should
  list=repeat|hole       a list has its first item twice, or lacks it
  crash=before|after     the emulator's process dies, before or after the effect is in its file

Examples:
  on=PUT:**/galleries/*;nth=2;status=429;retry-after=1
  on=POST:**/publish;operation=fail on=GET:**;rate=0.05;cut=after
";

/// One fault of a specification.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    verb: Option<String>,
    glob: Vec<String>,
    when: When,
    effect: Verdict,
}

/// Which of the matching requests a fault takes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum When {
    Always,
    Nth(u64),
    First(u64),
    Every(u64),
    Rate(f64),
}

/// Before or after the effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    Before,
    After,
}

/// What happens to a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListFault {
    Repeat,
    Hole,
}

/// What all faults together do to one request.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) status: Option<u16>,
    pub(crate) code: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) delay: u64,
    pub(crate) cut: Option<Moment>,
    pub(crate) operation: Option<Spoil>,
    pub(crate) list: Option<ListFault>,
    pub(crate) crash: Option<Moment>,
}

/// What is wrong with a specification, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("fault `{fault}`: {problem} at `{at}`")]
pub struct FaultError {
    /// The fault as written.
    pub fault: String,
    /// The part of it that is wrong.
    pub at: String,
    /// Bytes from the beginning of the specification to that part.
    pub offset: usize,
    /// What is wrong.
    pub problem: FaultProblem,
}

/// The ways in which a specification can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FaultProblem {
    /// A part without `=`.
    #[error("not of the form key=value")]
    NotAPair,
    /// A key that there is not.
    #[error("unknown key")]
    UnknownKey,
    /// A value that its key does not take.
    #[error("a value that its key does not take")]
    BadValue,
    /// `on` without a colon or path.
    #[error("`on` wants VERB:GLOB")]
    BadMatch,
    /// A fault that does nothing.
    #[error("no effect is named")]
    NoEffect,
}

impl Fault {
    /// Reads a specification of any number of faults.
    ///
    /// # Errors
    /// The first thing that is wrong, and its place.
    pub fn parse_all(spec: &str) -> Result<Vec<Self>, FaultError> {
        spec.split_whitespace().map(|text| Self::parse(spec, text)).collect()
    }

    fn parse(spec: &str, text: &str) -> Result<Self, FaultError> {
        let place = |part: &str| (part.as_ptr() as usize).saturating_sub(spec.as_ptr() as usize);
        let wrong = |part: &str, problem| FaultError {
            fault: text.to_owned(),
            at: part.to_owned(),
            offset: place(part),
            problem,
        };
        let mut fault =
            Self { verb: None, glob: vec!["**".to_owned()], when: When::Always, effect: Verdict::default() };
        for part in text.split(';').filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').ok_or_else(|| wrong(part, FaultProblem::NotAPair))?;
            fault.set(key, value).map_err(|problem| wrong(part, problem))?;
        }
        let is_code_alone = fault.effect.status.is_none()
            && Verdict { code: None, ..fault.effect.clone() } == Verdict::default();
        if is_code_alone {
            return Err(wrong(text, FaultProblem::NoEffect));
        }
        Ok(fault)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), FaultProblem> {
        const BAD: FaultProblem = FaultProblem::BadValue;
        let count = || value.parse::<u64>().ok().filter(|count| *count > 0).ok_or(BAD);
        let effect = &mut self.effect;
        match key {
            "on" => {
                let (verb, glob) = value
                    .split_once(':')
                    .filter(|(verb, glob)| !verb.is_empty() && !glob.is_empty())
                    .ok_or(FaultProblem::BadMatch)?;
                self.verb = Some(verb.to_uppercase()).filter(|verb| verb != "*");
                self.glob = glob.split('/').filter(|part| !part.is_empty()).map(str::to_lowercase).collect();
            }
            "nth" => self.when = When::Nth(count()?),
            "first" => self.when = When::First(count()?),
            "every" => self.when = When::Every(count()?),
            "rate" => {
                self.when =
                    When::Rate(value.parse().ok().filter(|rate| (0.0..=1.0).contains(rate)).ok_or(BAD)?)
            }
            "status" => {
                effect.status =
                    Some(value.parse().ok().filter(|status| (200..=599).contains(status)).ok_or(BAD)?)
            }
            "code" => effect.code = Some(value.to_owned()),
            "retry-after" => effect
                .headers
                .push(("retry-after".into(), value.parse::<u64>().map_err(|_| BAD)?.to_string())),
            "header" => {
                let (name, value) = value.split_once(':').ok_or(BAD)?;
                let name_holds =
                    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
                if !name_holds || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
                    return Err(BAD);
                }
                effect.headers.push((name.to_lowercase(), value.to_owned()));
            }
            "delay" => effect.delay = count()?,
            "cut" => effect.cut = Some(moment(value)?),
            "crash" => effect.crash = Some(moment(value)?),
            "operation" => {
                effect.operation = Some(match value {
                    "fail" => Spoil::Fail,
                    "hang" => Spoil::Hang,
                    "vanish" => Spoil::Vanish,
                    _ => return Err(BAD),
                });
            }
            "list" => {
                effect.list = Some(match value {
                    "repeat" => ListFault::Repeat,
                    "hole" => ListFault::Hole,
                    _ => return Err(BAD),
                });
            }
            _ => return Err(FaultProblem::UnknownKey),
        }
        Ok(())
    }

    fn concerns(&self, request: &Request, segments: &[&str]) -> bool {
        self.verb.as_ref().is_none_or(|verb| *verb == request.method) && matches(&self.glob, segments)
    }
}

fn moment(value: &str) -> Result<Moment, FaultProblem> {
    match value {
        "before" => Ok(Moment::Before),
        "after" => Ok(Moment::After),
        _ => Err(FaultProblem::BadValue),
    }
}

/// True when the glob's segments fit the path's.
fn matches(glob: &[String], segments: &[&str]) -> bool {
    match (glob.split_first(), segments.split_first()) {
        (None, None) => true,
        (Some((first, rest)), _) if first == "**" => {
            (0..=segments.len()).any(|skipped| matches(rest, &segments[skipped..]))
        }
        (Some((first, rest)), Some((segment, others))) => fits(first, segment) && matches(rest, others),
        _ => false,
    }
}

/// True when `segment` fits `pattern`, in which `*` is any text.
fn fits(pattern: &str, segment: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = segment.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

/// The faults of an emulator, with the count of what each has met.
#[derive(Debug)]
pub(crate) struct Faults {
    faults: Vec<(Fault, u64)>,
    seed: u64,
}

impl Faults {
    /// Faults that have met nothing yet.
    pub(crate) fn new(faults: Vec<Fault>, seed: u64) -> Self {
        Self { faults: faults.into_iter().map(|fault| (fault, 0)).collect(), seed }
    }

    /// What happens to `request`; each call counts as one request.
    pub(crate) fn verdict(&mut self, request: &Request) -> Verdict {
        let mut verdict = Verdict::default();
        if self.faults.is_empty() {
            return verdict;
        }
        let lower = request.path.to_lowercase();
        let segments: Vec<&str> = lower.split('/').filter(|part| !part.is_empty()).collect();
        for (index, (fault, met)) in self.faults.iter_mut().enumerate() {
            if !fault.concerns(request, &segments) {
                continue;
            }
            *met += 1;
            let takes = match fault.when {
                When::Always => true,
                When::Nth(nth) => *met == nth,
                When::First(first) => *met <= first,
                When::Every(every) => *met % every == 0,
                When::Rate(rate) => share(self.seed, index, *met) < rate,
            };
            if takes {
                verdict.join(&fault.effect);
            }
        }
        verdict
    }
}

/// A number from 0 to 1 that seed, fault and count alone decide.
fn share(seed: u64, index: usize, met: u64) -> f64 {
    let hash = blake3::hash(format!("{seed} {index} {met}").as_bytes());
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&hash.as_bytes()[..8]);
    u64::from_le_bytes(bytes) as f64 / u64::MAX as f64
}

impl Verdict {
    fn join(&mut self, other: &Self) {
        self.status = other.status.or(self.status);
        self.code = other.code.clone().or(self.code.take());
        self.headers.extend(other.headers.iter().cloned());
        self.delay = self.delay.saturating_add(other.delay);
        self.cut = other.cut.or(self.cut);
        self.operation = other.operation.or(self.operation);
        self.list = other.list.or(self.list);
        self.crash = other.crash.or(self.crash);
    }

    /// The answer that stands in for the world's, if there is one.
    pub(crate) fn refusal(&self) -> Option<Response> {
        let status = self.status?;
        let code = self.code.as_deref().unwrap_or(match status {
            401 => "InvalidAuthenticationToken",
            403 => "AuthorizationFailed",
            404 => "ResourceNotFound",
            409 => "Conflict",
            429 => "TooManyRequests",
            503 => "ServiceUnavailable",
            504 => "GatewayTimeout",
            _ => "InternalServerError",
        });
        let message =
            format!("The request was refused with status {status}, as a fault of the emulator asks.");
        Some(Response::json(status, json!({ "error": { "code": code, "message": message } })))
    }

    /// `response` as the faults change it.
    pub(crate) fn changed(&self, mut response: Response) -> Response {
        let list =
            response.body.as_mut().and_then(|body| body.get_mut("value")).and_then(Value::as_array_mut);
        if let (Some(list), Some(fault)) = (list, self.list)
            && let Some(first) = list.first().cloned()
        {
            match fault {
                ListFault::Repeat => list.push(first),
                ListFault::Hole => drop(list.remove(0)),
            }
        }
        for (name, value) in &self.headers {
            response = response.with(name.clone(), value.clone());
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statuses(spec: &str, requests: &[(&str, &str)]) -> Vec<Option<u16>> {
        let mut faults = Faults::new(Fault::parse_all(spec).expect("a specification"), 1);
        requests.iter().map(|(verb, path)| faults.verdict(&Request::new(verb, path)).status).collect()
    }

    #[test]
    fn a_fault_takes_the_nth_of_what_it_concerns() {
        let gallery = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/Galleries/x";
        let spec = "on=PUT:**/galleries/*;nth=2;status=429;retry-after=1";
        let requests = [
            ("PUT", gallery),
            ("GET", gallery),
            ("PUT", "/galleries/x/images/y"),
            ("PUT", gallery),
            ("PUT", gallery),
        ];
        assert_eq!(statuses(spec, &requests), [None, None, None, Some(429), None]);
    }

    #[test]
    fn faults_compose() {
        let spec = "on=*:/a/**;first=1;status=500  every=2;delay=3;header=x-a:b";
        let mut faults = Faults::new(Fault::parse_all(spec).expect("a specification"), 1);
        let first = faults.verdict(&Request::new("GET", "/a/b"));
        let second = faults.verdict(&Request::new("GET", "/a"));
        assert_eq!((first.status, first.delay), (Some(500), 0));
        assert_eq!((second.status, second.delay, second.headers.len()), (None, 3, 1));
    }

    #[test]
    fn a_rate_is_the_same_for_the_same_seed() {
        let requests = vec![("GET", "/x"); 200];
        let hits = statuses("rate=0.3;status=500", &requests);
        assert_eq!(hits, statuses("rate=0.3;status=500", &requests));
        let share = hits.iter().flatten().count();
        assert!((30..90).contains(&share), "{share}");
    }

    #[test]
    fn a_wrong_specification_names_its_place() {
        let spec = "status=500 on=PUT:**;nth=0;status=1";
        let error = Fault::parse_all(spec).expect_err("wrong");
        assert_eq!((error.at.as_str(), error.offset, error.problem), ("nth=0", 21, FaultProblem::BadValue));
        for (spec, problem) in [
            ("nonsense", FaultProblem::NotAPair),
            ("nonsense=1", FaultProblem::UnknownKey),
            ("on=PUT", FaultProblem::BadMatch),
            ("on=PUT:/x", FaultProblem::NoEffect),
            ("code=Conflict", FaultProblem::NoEffect),
            ("cut=never", FaultProblem::BadValue),
        ] {
            assert_eq!(Fault::parse_all(spec).map_err(|error| error.problem), Err(problem), "{spec}");
        }
    }

    #[test]
    fn every_way_of_writing_a_fault_that_is_told_is_understood() {
        let (keys, examples) = SYNTAX.split_once("Examples:").expect("examples");
        assert_eq!(Fault::parse_all(examples).map(|faults| faults.len()), Ok(3));
        let told = keys.lines().filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next());
        let mut count = 0;
        for told in told.filter(|told| told.contains('=') && !told.starts_with("on=")) {
            let (key, values) = told.split_once('=').expect("a pair");
            for value in values.split('|') {
                let value = match value {
                    "N" => "200",
                    "P" => "0.5",
                    "TEXT" => "Conflict",
                    "SECONDS" | "TICKS" => "3",
                    "NAME:VALUE" => "x-a:b",
                    other => other,
                };
                let spec = format!("on=PUT:/x;status=500;{key}={value}");
                assert!(Fault::parse_all(&spec).is_ok(), "{spec}");
                count += 1;
            }
        }
        assert_eq!(count, 18);
    }

    #[test]
    fn a_star_stands_for_any_text_of_a_segment() {
        assert!(fits("*", "x") && fits("cs*-a", "cs101-a") && fits("a", "a") && fits("*b*", "abc"));
        assert!(!fits("a", "ab") && !fits("cs*-a", "cs101-b") && !fits("a*", "ba"));
    }
}
