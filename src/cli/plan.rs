//! `labwright plan`: desired against recorded.

use super::arguments::{Plan as Arguments, Scope};
use super::record::{self, Record};
use super::refresh::{self, Refreshed};
use super::{Context, Exit, Failure, cloud, day, project, saved};
use crate::config::Project;
use crate::model::{Finding, Recorded};
use crate::plan::{self, Options, Plan};
use crate::render::{Background, PlanView};

/// A plan, and what it was made from.
#[derive(Debug)]
pub(super) struct Made {
    /// The plan.
    pub(super) plan: Plan,
    /// The record as it is once the plan's own records are written.
    pub(super) recorded: Recorded,
    /// How it is shown.
    pub(super) background: Background,
}

/// Shows what would change.
pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let mut made = make(&arguments.scope, false, context)?;
    // A plan that is saved is carried out by its file.
    made.background.offers_apply = arguments.out.is_none();
    if let Some(path) = &arguments.out {
        saved::write(&made.plan, path)?;
    }
    let view = PlanView::new(&made.plan, made.background);
    let exit = match (view.is_refused(), arguments.detailed_exitcode && !made.plan.is_empty()) {
        (true, _) => Exit::Refused,
        (false, true) => Exit::Changes,
        (false, false) => Exit::Done,
    };
    context.show(&view, exit, &context.folder())?;
    if let (Some(path), false) = (&arguments.out, view.plan.is_empty() || view.is_refused()) {
        let command = format!("{} {}", context.typed("apply"), crate::render::quoted(path.as_os_str()));
        context.printer.note(&format!("Saved. To carry out exactly this:\n  {command}\n"));
    }
    Ok(exit)
}

/// Makes a plan from the files and the record; Azure is read only where `scope` asks for it.
pub(super) fn make(scope: &Scope, destroy: bool, context: &Context) -> Result<Made, Failure> {
    let project = project::load(context)?;
    let record = record::read(&project, context)?;
    let refreshed = match scope.refresh {
        true => Some(cloud::runtime()?.block_on(read_azure(&project, &record, context))?),
        false => None,
    };
    compare(&Comparison { project: &project, record: &record, scope, destroy, refreshed }, context)
}

async fn read_azure(project: &Project, record: &Record, context: &Context) -> Result<Refreshed, Failure> {
    let connection = cloud::connect(project, context).await?;
    let refreshed = refresh::read(&record.recorded, &connection, context).await;
    connection.close().await;
    Ok(refreshed)
}

/// What is compared with what.
#[derive(Debug)]
pub(super) struct Comparison<'a> {
    /// The files.
    pub(super) project: &'a Project,
    /// The record.
    pub(super) record: &'a Record,
    /// What about.
    pub(super) scope: &'a Scope,
    /// Whether everything is to go.
    pub(super) destroy: bool,
    /// The record as Azure has it, where it was read.
    pub(super) refreshed: Option<Refreshed>,
}

/// Compares, and says what with what.
pub(super) fn compare(comparison: &Comparison<'_>, context: &Context) -> Result<Made, Failure> {
    let Comparison { project, record, scope, destroy, refreshed } = comparison;
    let before = &record.recorded;
    let recorded = refreshed.as_ref().map_or(before, |refreshed| &refreshed.recorded).clone();
    let options = Options {
        today: day::today()?,
        destroy: *destroy,
        target: scope.target.clone(),
        exclude: scope.exclude.clone(),
        lineage: record.meta.as_ref().map(|meta| meta.lineage.clone()),
        before_refresh: refreshed.as_ref().map(|_| before.clone()),
        durations: record.durations.clone(),
    };
    let plan = plan::plan(&project.desired, &recorded, &options)?;
    let mut recorded = before.clone();
    plan.record_in(&mut recorded);
    let mut remarks: Vec<Finding> = record.remarks(project);
    remarks.extend(refreshed.iter().flat_map(|refreshed| refreshed.remarks.clone()));
    let compared = match (refreshed, record.meta.is_some()) {
        (Some(_), _) => "Compared with what Azure has now.",
        (None, true) => "Compared with the record. Azure was not read; --refresh reads it first.",
        (None, false) => "Nothing is recorded yet.",
    };
    let command = context.typed(if *destroy { "destroy" } else { "apply" });
    let background = Background {
        title: Some(cloud::title(project)),
        in_full: context.printer.verbosity() > 0,
        offers_apply: false,
        remarks,
        compared: vec![compared.to_owned()],
        apply_command: with_scope(command, scope),
        allowed: Vec::new(),
        counted: Vec::new(),
    };
    Ok(Made { plan, recorded, background })
}

fn with_scope(mut command: String, scope: &Scope) -> String {
    if scope.refresh {
        command += " --refresh";
    }
    for (option, addresses) in [("--target", &scope.target), ("--exclude", &scope.exclude)] {
        for address in addresses {
            command = format!("{command} {option} {}", crate::render::quoted(address.as_str().as_ref()));
        }
    }
    command
}
