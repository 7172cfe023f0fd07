//! What is recorded: the state, read and checked.

use std::path::PathBuf;

use super::{Context, Failure};
use crate::catalog::Durations;
use crate::config::Project;
use crate::model::{Cloud, Finding, Identity, Recorded, RunHeader, Severity};
use crate::plan::Plan;
use crate::state::{Meta, OpenRun, SqliteStore, StateError, Store, Watermark, same_identity};

/// What is recorded, at one instant.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    /// The rows.
    pub(super) recorded: Recorded,
    /// What is known of the state; `None` where there is none yet.
    pub(super) meta: Option<Meta>,
    /// The runs without an end: those that broke off, and those that go on now.
    pub(super) open_runs: Vec<OpenRun>,
    /// How long things took in earlier runs.
    pub(super) durations: Durations,
}

/// The state's file.
pub(super) fn place(project: &Project, context: &Context) -> PathBuf {
    context.root().join(&project.settings.state)
}

/// The emulator's file: each environment has a world of its own.
pub(super) fn emulator_data(project: &Project, context: &Context) -> PathBuf {
    let mut folder = context.root().join(".labwright");
    folder.extend(&project.settings.environment);
    folder.join("emulator.db")
}

/// Where the highest serial seen is kept.
pub(super) fn watermark(project: &Project, context: &Context) -> Watermark {
    Watermark::new(&context.state_home(), &place(project, context))
}

/// Reads the state and checks that it belongs here and did not go back in time.
///
/// # Errors
/// Exit 6 where it cannot be read, belongs to something else, or is older than known.
pub(super) fn read(project: &Project, context: &Context) -> Result<Record, Failure> {
    let store = SqliteStore::open_read_only(&place(project, context))?;
    let meta = || store.as_ref().map(Store::meta).transpose();
    let mut now = meta()?;
    let watermark = watermark(project, context);
    match watermark.check(now.as_ref()) {
        // State and world of an emulator gone together are a fresh start.
        Err(StateError::Vanished { .. }) if is_fresh(project, context) => watermark.forget()?,
        // Another run may have gone on between the two looks.
        Err(StateError::Older { .. }) => {
            now = meta()?;
            watermark.check(now.as_ref())?;
        }
        other => other?,
    }
    // A state in which no run was begun yet is none yet.
    let now = now.filter(|meta| meta.identity.is_some());
    let Some((store, meta)) = store.zip(now) else {
        return Ok(Record::default());
    };
    belongs(&meta, &project.desired.identity)?;
    watermark.raise(&meta)?;
    Ok(Record {
        recorded: store.recorded()?,
        open_runs: store.open_runs()?,
        durations: match project.desired.identity.cloud {
            // How fast the emulator in this process is says nothing of anything.
            Cloud::Emulator => Durations::default(),
            Cloud::Azure => Durations::learned(&store.durations()?),
        },
        meta: Some(meta),
    })
}

/// The plan that a run was begun with.
///
/// # Errors
/// Exit 6 where it cannot be read.
pub(super) fn plan_of(
    store: &dyn Store,
    run: u64,
    project: &Project,
    context: &Context,
) -> Result<Plan, Failure> {
    let damaged = |error| {
        let what = format!("the plan of run {run}: {error}");
        StateError::Damaged { path: place(project, context), what }
    };
    Ok(serde_json::from_str(&store.plan_of(run)?).map_err(|error: serde_json::Error| damaged(error))?)
}

/// Checks that a state belongs to `identity`.
///
/// # Errors
/// Exit 6 with everything that differs.
pub(super) fn belongs(meta: &Meta, identity: &Identity) -> Result<(), Failure> {
    Ok(same_identity(meta.identity.as_ref(), identity)?)
}

fn is_fresh(project: &Project, context: &Context) -> bool {
    project.desired.identity.cloud == Cloud::Emulator && !emulator_data(project, context).exists()
}

impl Record {
    /// What is to be said of the record itself before a plan.
    pub(super) fn remarks(&self, project: &Project) -> Vec<Finding> {
        let mut remarks = Vec::new();
        if self.recorded.rows.is_empty() && project.desired.real_endpoint {
            remarks.push(super::context::remark(
                "state-empty",
                Severity::Info,
                "nothing is recorded here; what exists in Azure already is not known".into(),
                Some("creating something that exists is refused, nothing is taken over unasked".into()),
            ));
        }
        remarks.extend(self.open_runs.iter().map(|OpenRun { header, holder }| match holder {
            Some(holder) => super::context::remark(
                "open-run",
                Severity::Info,
                format!("run {} is under way: {holder}", header.id),
                Some("what it is about changes while it goes on; `labwright state lock list` shows what that is".into()),
            ),
            None => super::context::remark(
                "open-run",
                Severity::Warning,
                format!("run {} ({}) was interrupted", header.id, crate::render::came_from(header)),
                Some("`labwright apply` looks up what was under way first, then plans afresh; `labwright resume` finishes it as it was planned".into()),
            ),
        }));
        remarks
    }

    /// The runs that broke off, oldest first.
    pub(super) fn broken_off(&self) -> impl Iterator<Item = &RunHeader> {
        self.open_runs.iter().filter(|run| run.holder.is_none()).map(|run| &run.header)
    }
}
