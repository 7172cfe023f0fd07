//! `labwright resume`: finishes a run that broke off, as it was planned then.

use super::arguments::{Resume, Scope};
use super::carry::{Asked, Doing, finished};
use super::desk::Desk;
use super::failure::CommandError;
use super::settle::{self, LookedUp};
use super::signals;
use super::{Context, Exit, Failure, cloud, project, record};
use crate::model::RunHeader;
use crate::render::json::{self, PlanDocument, RunDocument};
use crate::render::{Background, Next, PlanView, terminal};
use crate::state::StateError;

/// Finishes a run that broke off. It was agreed to when it began, so nobody is asked.
pub(super) fn run(arguments: &Resume, context: &Context) -> Result<Exit, Failure> {
    let project = project::load(context)?;
    let scope = Scope::default();
    let asked = Asked { destroy: false, saved: None, scope: &scope, allow: &[], carry: &arguments.carry };
    let doing = Doing { project: &project, asked: &asked };
    cloud::runtime()?.block_on(async {
        let mut desk = Desk::new(&project, arguments.carry.lock_timeout, context);
        let is_begun = desk.is_begun();
        let work = resume(arguments.run, &doing, &mut desk);
        let result = signals::unless_asked(&is_begun, work).await;
        desk.close().await;
        result.unwrap_or_else(|| Err(CommandError::left(context)))
    })
}

async fn resume(named: Option<u64>, doing: &Doing<'_>, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    let context = desk.context;
    loop {
        let record = record::read(doing.project, context)?;
        let Some(run) = which(named, &record)? else { return nothing_to_resume(&record, context) };
        // Where somebody else has ended it meanwhile, it is looked for again.
        if let Some(looked_up) = settle::look_up(&run, desk, doing).await? {
            return finish(&run, looked_up, doing, desk).await;
        }
    }
}

/// The run to finish; `None` where none broke off.
fn which(named: Option<u64>, record: &record::Record) -> Result<Option<RunHeader>, Failure> {
    let broken_off: Vec<_> = record.broken_off().collect();
    let ids = || broken_off.iter().map(|run| run.id.to_string()).collect::<Vec<_>>().join(", ");
    match (named, &broken_off[..]) {
        (Some(id), runs) => match runs.iter().find(|run| run.id == id) {
            Some(run) => Ok(Some((*run).clone())),
            None => {
                let help = match runs {
                    [] => "no run broke off; `labwright history` lists what there was".to_owned(),
                    _ => format!("these broke off: {}", ids()),
                };
                Err(CommandError::NotFound { name: format!("run {id} that broke off"), help }.into())
            }
        },
        (None, []) => Ok(None),
        (None, [run]) => Ok(Some((*run).clone())),
        (None, _) => {
            let message = format!("several runs broke off: {}", ids());
            Err(CommandError::usage(message, "name the one to finish: `labwright resume RUN`").into())
        }
    }
}

fn nothing_to_resume(record: &record::Record, context: &Context) -> Result<Exit, Failure> {
    let under_way = record.open_runs.iter().find_map(|run| Some((run.header.id, run.holder.as_ref()?)));
    let text = match under_way {
        Some((id, holder)) => format!("Nothing to resume: run {id} is under way, {holder}.\n"),
        None => "Nothing to resume: no run broke off.\n".to_owned(),
    };
    let document = PlanDocument::without_plan(context.command, Exit::Done.code(), Vec::new());
    context.report(&text, &json::text(&RunDocument::not_run(document)))?;
    Ok(Exit::Done)
}

async fn finish(
    run: &RunHeader,
    looked_up: LookedUp,
    doing: &Doing<'_>,
    desk: &mut Desk<'_>,
) -> Result<Exit, Failure> {
    let context = desk.context;
    let LookedUp { plan, view, recorded, claim } = looked_up;
    context.printer.note(&terminal::settled(&view, &Next::AsPlanned, context.printer.other_look()));
    if let Some(run) = desk.claim(&claim).await? {
        return Err(StateError::BrokenOff { run }.into());
    }
    doing.opens_secrets(&plan, desk).await?;
    let signals = desk.begins();
    let carried = doing.carry_on(run.id, &plan, recorded, signals, desk).await?;
    let background = Background { title: Some(cloud::title(doing.project)), ..Background::default() };
    let view = PlanView::new(&plan, background);
    finished(&view, &carried.run, &context.typed("apply"), context)
}
