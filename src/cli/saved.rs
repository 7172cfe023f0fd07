//! Saved plans: written as canonical JSON, read back, and compared with what is recorded now.

use std::path::Path;

use super::context::write_file;
use super::failure::CommandError;
use super::record::Record;
use super::{Failure, record};
use crate::config::Project;
use crate::model::{Allowed, Recorded, Row, canonical, digest};
use crate::plan::Plan;
use crate::state::StateError;

/// Where a saved plan keeps the digest of everything else in it.
const DIGEST: &str = "digest";

/// Writes a plan with its digest: the same plan is the same bytes.
///
/// # Errors
/// Exit 1 where the file cannot be written.
pub(super) fn write(plan: &Plan, path: &Path) -> Result<(), Failure> {
    write_file(path, &(canonical(&with_digest(plan)) + "\n"))
}

fn with_digest(plan: &impl serde::Serialize) -> serde_json::Value {
    let mut value = serde_json::json!(plan);
    value[DIGEST] = digest(plan).into();
    value
}

/// Reads a plan.
///
/// # Errors
/// Exit 4 where there is no file, it holds no plan, or another than was written into it.
pub(super) fn read(path: &Path) -> Result<Plan, Failure> {
    let no_plan = |why: String| CommandError::NoPlan { path: path.to_owned(), why };
    let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => CommandError::NoFile { path: path.to_owned() },
        _ => no_plan(error.to_string().to_lowercase()),
    })?;
    let mut value: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| no_plan(error.to_string()))?;
    match value.get("format_version").and_then(serde_json::Value::as_u64) {
        Some(1) => {}
        Some(version) => return Err(no_plan(format!("its format is {version}, this one knows 1")).into()),
        None => return Err(no_plan("it has no `format_version`".into()).into()),
    }
    let written = value.as_object_mut().and_then(|fields| fields.remove(DIGEST));
    if written != Some(digest(&value).into()) {
        return Err(CommandError::EditedPlan { path: path.to_owned() }.into());
    }
    Ok(serde_json::from_value(value).map_err(|error| no_plan(error.to_string()))?)
}

/// Compares what a plan rests on with what is recorded now.
///
/// # Errors
/// Exit 4 naming the facts that changed, or what else the plan was made for; exit 6 where the state belongs to something else.
pub(super) fn check(plan: &Plan, record: &Record, project: &Project) -> Result<(), Failure> {
    match crate::state::same_identity(Some(&plan.identity), &project.desired.identity) {
        Err(StateError::Mismatch { recorded, asked }) => {
            return Err(CommandError::OthersPlan { made_for: recorded, asked }.into());
        }
        other => other?,
    }
    if let Some(meta) = &record.meta {
        record::belongs(meta, &plan.identity)?;
    }
    let lineage = record.meta.as_ref().map(|meta| &meta.lineage);
    let mut changed = changed(plan, &record.recorded);
    if plan.lineage.is_some() && plan.lineage.as_ref() != lineage {
        changed.insert(0, "it was made with another state".into());
    }
    if changed.is_empty() { Ok(()) } else { Err(CommandError::StalePlan { what: changed.join(", ") }.into()) }
}

/// What a plan rests on and is recorded otherwise, in words.
pub(super) fn changed(plan: &Plan, recorded: &Recorded) -> Vec<String> {
    let mut changed = Vec::new();
    for fact in &plan.facts {
        let now = recorded.rows.get(&fact.address).map(Row::digest);
        changed.extend(match (&fact.digest, &now) {
            (before, now) if before == now => None,
            (Some(_), Some(_)) => Some(format!("{} is recorded with other values", fact.address)),
            (None, _) => Some(format!("{} is recorded by now", fact.address)),
            (_, None) => Some(format!("{} is no longer recorded", fact.address)),
        });
    }
    changed
}

/// A saved plan with its standing consents judged anew: those of the files that hold today.
pub(super) fn standing(mut plan: Plan, project: &Project, today: &str) -> (Plan, Vec<Allowed>) {
    let allow = &project.desired.policy.allow;
    let holds = allow.iter().filter(|allowance| allowance.until.as_str() >= today);
    let standing = holds.map(|allowance| allowance.allowed.clone()).collect();
    plan.consents.iter_mut().for_each(|consent| consent.given = None);
    (plan, standing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_plan_is_refused_with_the_reason() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("plan");
        for (text, why) in [
            ("{", "EOF while parsing"),
            ("{}", "no `format_version`"),
            (r#"{"format_version":2}"#, "its format is 2"),
            (r#"{"format_version":1}"#, "not as it was saved"),
            (&with_digest(&serde_json::json!({ "format_version": 1 })).to_string(), "missing field"),
        ] {
            std::fs::write(&path, text).expect("written");
            let failure = read(&path).expect_err("refused");
            assert!(failure.findings[0].message.contains(why), "{:?}", failure.findings);
        }
    }
}
