//! `labwright drift`: recorded against observed; changes nothing.

use std::collections::BTreeSet;

use super::arguments::Drift as Arguments;
use super::context::remark;
use super::failure::CommandError;
use super::record::{self, Record};
use super::refresh::{self, Sight};
use super::{Context, Exit, Failure, cloud, project};
use crate::config::Project;
use crate::model::{Address, Finding, Severity};
use crate::plan::{self, ActionState, Run};
use crate::render::DriftView;
use crate::state::{OpenRun, SqliteStore, Store};

/// Says what is not as recorded; exit 2 where anything is not.
pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let project = project::load(context)?;
    let record = record::read(&project, context)?;
    let mut addresses = addresses(&arguments.target, &record)?;
    let left_out = left_out(&mut addresses, &record, &project, context)?;
    let (seen, unreadable) = match addresses.is_empty() {
        true => Sight::default(),
        false => cloud::runtime()?.block_on(look(&project, &record, &addresses, context))?,
    };
    let drifted = plan::drift(&record.recorded, &seen, &project.desired);
    let mut remarks = record.remarks(&project);
    remarks.extend(left_out);
    let is_partial = !unreadable.is_empty();
    let command = format!("{} --refresh", context.typed("apply"));
    let mut view = DriftView::new(&project.desired.identity, seen.len(), remarks, command);
    view.title = cloud::title(&project);
    // Here it is the answer itself that is missing.
    view.unread =
        unreadable.into_iter().map(|remark| Finding { severity: Severity::Error, ..remark }).collect();
    for drifted in &drifted {
        let resource = project.desired.resources.get(&drifted.address);
        let source = resource.map(|resource| resource.source.clone());
        let attributes = (!drifted.gone).then_some(&drifted.attributes[..]);
        view.add(drifted.address.as_str(), source, attributes);
    }
    let exit = match (drifted.is_empty(), is_partial) {
        (false, _) => Exit::Changes,
        (true, true) => Exit::Unforeseen,
        (true, false) => Exit::Done,
    };
    context.show(&view, exit, &context.folder())?;
    Ok(exit)
}

/// Leaves out what a run without an end has under way: nobody knows yet what it is to be like.
fn left_out(
    addresses: &mut BTreeSet<Address>,
    record: &Record,
    project: &Project,
    context: &Context,
) -> Result<Option<Finding>, Failure> {
    let Some(store) = SqliteStore::open_read_only(&record::place(project, context))? else { return Ok(None) };
    let mut left_out = Vec::new();
    for OpenRun { header, .. } in &record.open_runs {
        let plan = record::plan_of(&store, header.id, project, context)?;
        let journal: Vec<_> = store.journal(header.id)?.into_iter().map(|(_, entry)| entry).collect();
        let run = Run::after(&plan, &journal);
        let open = run
            .states()
            .filter(|(_, state)| matches!(state, ActionState::UnderWay(_) | ActionState::Between(_)));
        let open: BTreeSet<_> = open.map(|(action, _)| &action.address).collect();
        let taken = open.into_iter().filter(|address| addresses.remove(*address));
        left_out.extend(taken.map(|address| format!("{address} (run {} is at it)", header.id)));
    }
    if left_out.is_empty() {
        return Ok(None);
    }
    let message = format!("left out: {}", left_out.join(", "));
    Ok(Some(remark("left-out", Severity::Info, message, None)))
}

/// Everything that is recorded, or what is asked for of it.
fn addresses(target: &[Address], record: &Record) -> Result<BTreeSet<Address>, Failure> {
    let rows = &record.recorded.rows;
    if let Some(unknown) = target.iter().find(|address| !rows.contains_key(*address)) {
        let help = match plan::nearest_address(unknown, rows.keys()) {
            Some(near) => format!("perhaps `{near}`?"),
            None => "`labwright state list` shows what is recorded".to_owned(),
        };
        return Err(CommandError::NotFound { name: unknown.to_string(), help }.into());
    }
    Ok(if target.is_empty() { rows.keys().cloned().collect() } else { target.iter().cloned().collect() })
}

async fn look(
    project: &Project,
    record: &Record,
    addresses: &BTreeSet<Address>,
    context: &Context,
) -> Result<Sight, Failure> {
    let connection = cloud::connect(project, context).await?;
    let sight = refresh::look(&record.recorded, addresses, &connection, context).await;
    connection.close().await;
    Ok(sight)
}
