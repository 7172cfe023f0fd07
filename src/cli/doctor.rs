//! `labwright doctor`: whether everything is there that the next apply needs; changes nothing.

use super::arguments::Scope;
use super::cloud::{self, Connection};
use super::failure::CommandError;
use super::plan::{Comparison, Made, compare};
use super::record::{self, Record};
use super::{Context, Exit, Failure, day, project};
use crate::apply;
use crate::catalog::LAST_DAY;
use crate::config::{CloudSettings, Project};
use crate::kinds::kind_of;
use crate::model::{Address, Check, Finding, Recorded, Severity, Verdict, days_between};
use crate::plan::{Needs, Plan};
use crate::render::json::{self, FindingsDocument};
use crate::render::{PlanView, count, terminal};

/// From when on its end is a warning, in days: a term.
const SOON: i32 = 120;

/// Looks at everything and says what is in the way; exit 4 where anything is.
pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    let project = project::load(context)?;
    let record = record::read(&project, context)?;
    let mut checks = vec![files(&project), recorded(&record, context)];
    let comparison = Comparison {
        project: &project,
        record: &record,
        scope: &Scope::default(),
        destroy: false,
        refreshed: None,
    };
    let made = compare(&comparison, context)?;
    checks.push(planned(&PlanView::new(&made.plan, made.background.clone()), context));
    let failure = match &project.settings.cloud {
        CloudSettings::Emulator => {
            let detail = "the embedded emulator: no account, no rights, no cost";
            checks.push(Check::new("Cloud", Verdict::Good, detail));
            None
        }
        CloudSettings::Azure(_) => match cloud::runtime()?.block_on(asked(&project, &made, context)) {
            Ok(asked) => {
                checks.extend(asked);
                None
            }
            Err(failure) => Some(failure),
        },
    };
    let is_of_labs =
        |address: &Address| kind_of(address).info().arm_type.starts_with("Microsoft.LabServices");
    if project.desired.real_endpoint && project.desired.resources.keys().any(is_of_labs) {
        checks.extend(retirement(&day::today()?));
    }
    let bad = checks.iter().filter(|check| check.verdict == Verdict::Bad).count();
    let exit = match (&failure, bad) {
        (Some(failure), _) => failure.exit,
        (None, 0) => Exit::Done,
        (None, _) => Exit::Refused,
    };
    let look = context.printer.result_look();
    let text = format!(
        "{}\n{}{}",
        cloud::title(&project),
        terminal::checks(&checks, look),
        verdict(&checks, failure.is_none())
    );
    let findings = checks.iter().map(Into::into);
    let findings = findings.chain(failure.iter().flat_map(|failure| failure.findings.clone())).collect();
    context.report(&text, &json::text(&FindingsDocument::new("doctor", exit.code(), findings)))?;
    if let Some(failure) = failure {
        context.printer.problem(&failure.text(context.printer.other_look()));
    }
    Ok(exit)
}

/// Signs in, and says as whom and what Azure has of what is needed.
async fn asked(project: &Project, made: &Made, context: &Context) -> Result<Vec<Check>, Failure> {
    let connection = cloud::connect(project, context).await?;
    let who = connection.arm.principal().await;
    let looked = looked(&made.plan, &made.recorded, true, project, &connection).await;
    connection.close().await;
    let detail = match who? {
        Some(who) => {
            let kind = if who.is_application { "application " } else { "" };
            format!("as {kind}{} (object {}), tenant {}", who.name, who.object, who.tenant)
        }
        None => "the token does not say as whom".to_owned(),
    };
    let mut checks = vec![Check::new("Signed in", Verdict::Good, detail)];
    checks.extend(looked?);
    Ok(checks)
}

/// What Azure has of what a plan needs, and with `whole` of what there is to manage besides.
///
/// # Errors
/// Where no token is given.
pub(super) async fn looked(
    plan: &Plan,
    recorded: &Recorded,
    whole: bool,
    project: &Project,
    connection: &Connection,
) -> Result<Vec<Check>, Failure> {
    let who = connection.arm.principal().await?;
    let open = |name: &str| connection.subscriptions.get(name).cloned();
    let needs = Needs::of(plan, &project.desired, recorded, whole, &open);
    Ok(apply::preflight(&connection.arm, &needs, who.as_ref()).await)
}

/// Why what is in the way stops an apply.
pub(super) fn refusal(in_the_way: &[Check], context: &Context) -> Failure {
    let mut failure =
        Failure::from(CommandError::InTheWay { count: in_the_way.len(), command: context.typed("doctor") });
    failure.findings.extend(in_the_way.iter().map(Into::into));
    failure
}

fn files(project: &Project) -> Check {
    let resources = count(project.desired.resources.len(), "resource");
    let is_wrong = |finding: &&Finding| finding.severity == Severity::Error;
    match project.desired.findings.iter().filter(is_wrong).count() {
        0 => Check::new("Files", Verdict::Good, resources),
        wrong => {
            Check::new("Files", Verdict::Bad, format!("{resources}, {} of a rule", count(wrong, "error")))
                .advised("see `labwright validate`", Vec::new())
        }
    }
}

fn recorded(record: &Record, context: &Context) -> Check {
    let rows = record.recorded.rows.len();
    let serial = record.meta.as_ref().map_or(0, |meta| meta.serial);
    match (record.broken_off().next(), rows) {
        (Some(run), _) => {
            let detail = format!("run {} broke off", run.id);
            Check::new("Record", Verdict::Doubtful, detail)
                .advised(format!("`{}` finds out what became of it", context.typed("apply")), Vec::new())
        }
        (None, 0) => Check::new("Record", Verdict::Good, "nothing is recorded yet"),
        (None, rows) => {
            Check::new("Record", Verdict::Good, format!("{}, serial {serial}", count(rows, "resource")))
        }
    }
}

fn planned(view: &PlanView<'_>, context: &Context) -> Check {
    if view.is_refused() {
        let errors = view.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
        return Check::new("Plan", Verdict::Bad, format!("refused by {}", count(errors, "error")))
            .advised(format!("see `{}`", context.typed("plan")), Vec::new());
    }
    let line = terminal::summary_line(view);
    let line = line.trim_end().trim_end_matches('.');
    Check::new("Plan", Verdict::Good, line.strip_prefix("Plan: ").unwrap_or(line))
}

/// How long there is a service.
fn retirement(today: &str) -> Option<Check> {
    let left = days_between(today, LAST_DAY)?;
    let subject = "Azure Lab Services";
    Some(match left {
        ..0 => Check::new(subject, Verdict::Bad, format!("ended on {LAST_DAY}; galleries and images stay"))
            .advised("take the labs out with `forget:`", Vec::new()),
        0..SOON => Check::new(subject, Verdict::Doubtful, format!("ends on {LAST_DAY}, in {left} days")),
        SOON.. => Check::new(subject, Verdict::Good, format!("{left} days to its end on {LAST_DAY}")),
    })
}

/// The last line.
fn verdict(checks: &[Check], is_complete: bool) -> String {
    let number = |wanted| checks.iter().filter(|check| check.verdict == wanted).count();
    let (bad, doubtful, unknown) =
        (number(Verdict::Bad), number(Verdict::Doubtful), number(Verdict::Unknown));
    let mut parts = Vec::new();
    if bad > 0 {
        parts.push(format!("{} in the way", count(bad, "thing")));
    }
    if doubtful > 0 {
        parts.push(format!("{} to look at", count(doubtful, "thing")));
    }
    if unknown > 0 {
        parts.push(format!("{unknown} not known"));
    }
    match (parts.is_empty(), is_complete) {
        (true, true) => "Nothing is in the way.\n".to_owned(),
        (true, false) => String::new(),
        (false, _) => format!("{}.\n", parts.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_service_is_far_near_or_over() {
        let verdict = |today| retirement(today).map(|check| check.verdict);
        assert_eq!(verdict("2026-11-24"), Some(Verdict::Good));
        assert_eq!(verdict("2027-06-28"), Some(Verdict::Doubtful));
        assert_eq!(verdict("2027-06-29"), Some(Verdict::Bad));
    }
}
