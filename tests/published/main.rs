//! What the emulator answers, and what it accepts, fits the published descriptions of Azure.
//!
//! `tests/all` lets every emulator of the suite write down its requests and answers, in the folder that
//! `LABWRIGHT_EMULATOR_RECORD` names, and then runs this over all of them. `LABWRIGHT_SPECS` names the folder with the
//! published files; they are no part of this project.

mod check;
mod description;
mod deviations;
mod exchange;
mod schema;

use std::collections::BTreeMap;
use std::path::PathBuf;

use check::{Checker, Findings};
use description::Descriptions;
use deviations::{DEVIATIONS, UNDESCRIBED, matches};

#[test]
#[ignore = "needs the recordings of the whole suite: `tests/all` runs it"]
fn all_that_was_recorded_fits_the_published_descriptions() {
    let Some(published) = std::env::var_os("LABWRIGHT_SPECS").map(PathBuf::from) else {
        println!("not run: LABWRIGHT_SPECS names no folder with the published descriptions");
        return;
    };
    let recordings = std::env::var_os("LABWRIGHT_EMULATOR_RECORD").map(PathBuf::from);
    let recordings = recordings.expect("LABWRIGHT_EMULATOR_RECORD names the folder with the recordings");
    let descriptions = Descriptions::read(&published);
    assert!(!descriptions.operations.is_empty(), "nothing is described in {}", published.display());
    let mut checker = Checker::new(&descriptions);
    exchange::each(&recordings, |place, exchange| checker.check(place, exchange));
    let report = report(&checker.findings);
    println!("{}", report.0);
    assert!(report.1.is_empty(), "{}", report.1.join("\n"));
}

/// What was checked, and what is wrong.
fn report(findings: &Findings) -> (String, Vec<String>) {
    let mut wrong = Vec::new();
    let mut used = vec![0; DEVIATIONS.len()];
    for (problem, (count, first)) in &findings.problems {
        match DEVIATIONS.iter().position(|(pattern, _)| matches(pattern, problem)) {
            Some(row) => used[row] += count,
            None => wrong.push(format!("{count:5} × {problem}\n        {first}")),
        }
    }
    let unused = DEVIATIONS.iter().zip(&used).filter(|(_, used)| **used == 0);
    wrong.extend(unused.map(|((pattern, _), _)| format!("no longer a deviation: {pattern}")));
    let served = |reason: &str| reason.strip_prefix("in no description: ").map(str::to_owned);
    let mut served_not_described: Vec<_> =
        findings.unchecked.keys().filter_map(|reason| served(reason)).collect();
    served_not_described.retain(|path| !UNDESCRIBED.iter().any(|(pattern, _)| matches(pattern, path)));
    wrong.extend(served_not_described.iter().map(|path| format!("answered, and in no description: {path}")));
    let mut text = String::new();
    let sum = |counts: &BTreeMap<String, usize>| counts.values().sum::<usize>();
    text += &format!("{} exchanges checked, {} not\n", sum(&findings.checked), sum(&findings.unchecked));
    for (what, count) in findings.checked.iter().chain(&findings.unchecked) {
        text += &format!("{count:7}  {what}\n");
    }
    for ((pattern, reason), count) in DEVIATIONS.iter().zip(used) {
        text += &format!("{count:7}  deviates: {pattern}: {reason}\n");
    }
    (text, wrong)
}
