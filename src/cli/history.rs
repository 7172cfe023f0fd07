//! `labwright history`: the runs that changed something, and what each did.

use jiff::{Timestamp, tz::TimeZone};

use super::arguments::History as Arguments;
use super::failure::CommandError;
use super::{Context, Exit, Failure, cloud, project, record};
use crate::model::{RunHeader, RunOutcome};
use crate::plan::{Plan, Run};
use crate::render::json::{self, FORMAT_VERSION, HistoryDocument};
use crate::render::{PastRun, RunView, terminal};
use crate::state::{SqliteStore, Store};

/// Lists the latest runs, or tells of one action by action.
pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let project = project::load(context)?;
    // Checks that the state belongs here, as every command that reads it does.
    record::read(&project, context)?;
    let Some(store) = SqliteStore::open_read_only(&record::place(&project, context))? else {
        return told(&[], 0, &cloud::title(&project), arguments, context);
    };
    let mut headers = store.runs()?;
    headers.reverse();
    let all = headers.len();
    match arguments.run {
        Some(id) => {
            headers.retain(|header| header.id == id);
            if headers.is_empty() {
                let help = "`labwright history` lists the runs".to_owned();
                return Err(CommandError::NotFound { name: format!("run {id}"), help }.into());
            }
        }
        None => headers.truncate(arguments.limit),
    }
    let plans = headers.iter().map(|header| record::plan_of(&store, header.id, &project, context));
    let plans = plans.collect::<Result<Vec<_>, _>>()?;
    let open = store.open_runs()?;
    let mut past = Vec::new();
    for (header, plan) in headers.into_iter().zip(&plans) {
        let is_under_way = open.iter().any(|run| run.header.id == header.id && run.holder.is_some());
        past.push(past_run(header, is_under_way, plan, &store)?);
    }
    told(&past, all, &cloud::title(&project), arguments, context)
}

fn past_run<'p>(
    header: RunHeader,
    is_under_way: bool,
    plan: &'p Plan,
    store: &dyn Store,
) -> Result<PastRun<'p>, Failure> {
    let journal = store.journal(header.id)?;
    // A run that broke off lasted at least until it last wrote something.
    let ended_ms = header.ended_ms.or(journal.last().map(|(at, _)| *at));
    let seconds = ended_ms.map(|end| end.saturating_sub(header.started_ms) / 1000);
    let entries: Vec<_> = journal.into_iter().map(|(_, entry)| entry).collect();
    let broke_off = !is_under_way && matches!(header.outcome, None | Some(RunOutcome::Settled));
    let view = RunView::new(&Run::after(plan, &entries), Some(header.id), broke_off);
    Ok(PastRun { started: moment(header.started_ms), seconds, is_under_way, view, header })
}

/// A moment in UTC, as RFC 3339 without fractions.
fn moment(ms: u64) -> String {
    let moment = i64::try_from(ms / 1000).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    let moment = moment.unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{}Z", TimeZone::UTC.to_datetime(moment))
}

fn told(
    past: &[PastRun<'_>],
    all: usize,
    title: &str,
    arguments: &Arguments,
    context: &Context,
) -> Result<Exit, Failure> {
    let look = context.printer.result_look();
    let text = match (arguments.run, past) {
        (Some(_), [own]) => terminal::past_run(own, title, look),
        _ => terminal::history(past, all, title, look),
    };
    let with_actions = arguments.run.is_some();
    let runs = past.iter().map(|own| json::past_run(own, with_actions)).collect();
    context.report(&text, &json::text(&HistoryDocument { format_version: FORMAT_VERSION, runs }))?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_in_utc() {
        assert_eq!(moment(0), "1970-01-01T00:00:00Z");
        assert_eq!(moment(1_700_000_000_999), "2023-11-14T22:13:20Z");
        assert_eq!(moment(u64::MAX), "1970-01-01T00:00:00Z");
    }
}
