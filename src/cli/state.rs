//! `labwright state list` and `state show`: looking at what is recorded.

use super::arguments::{Report, State, StateShow};
use super::failure::CommandError;
use super::{Context, Exit, Failure, lock, project, record};
use crate::render::json::{self, FORMAT_VERSION, RecordDocument, ResourceDocument, StateDocument};
use crate::render::terminal;

/// Looks at the state.
pub(super) fn run(arguments: &State, context: &Context) -> Result<Exit, Failure> {
    match arguments {
        State::List(Report { .. }) => list(context),
        State::Show(show_arguments) => show(show_arguments, context),
        State::Lock(arguments) => lock::run(arguments, context),
    }
}

fn list(context: &Context) -> Result<Exit, Failure> {
    let project = project::load(context)?;
    let record = record::read(&project, context)?;
    let resource =
        |(address, row): (&_, &crate::model::Row)| ResourceDocument::new(address, &row.arm_id, row.protect);
    let document = StateDocument {
        format_version: FORMAT_VERSION,
        lineage: record.meta.as_ref().map(|meta| meta.lineage.clone()),
        serial: record.meta.as_ref().map_or(0, |meta| meta.serial),
        resources: record.recorded.rows.iter().map(resource).collect(),
    };
    let text = terminal::records(&record.recorded, context.printer.result_look());
    context.report(&text, &json::text(&document))?;
    Ok(Exit::Done)
}

fn show(arguments: &StateShow, context: &Context) -> Result<Exit, Failure> {
    let project = project::load(context)?;
    let record = record::read(&project, context)?;
    let address = &arguments.address;
    let Some(row) = record.recorded.rows.get(address) else {
        let help = "`labwright state list` shows what is recorded".to_owned();
        return Err(CommandError::NotFound { name: address.to_string(), help }.into());
    };
    let map = |map: &serde_json::Map<_, _>| map.clone().into_iter().collect();
    let document = RecordDocument {
        format_version: FORMAT_VERSION,
        address: address.to_string(),
        kind: address.kind().to_owned(),
        arm_id: row.arm_id.to_string(),
        protect: row.protect,
        attributes: map(&row.attributes),
        outputs: map(&row.outputs),
        depends_on: row.depends_on.iter().map(ToString::to_string).collect(),
    };
    let text = terminal::record(address, row, context.printer.result_look());
    context.report(&text, &json::text(&document))?;
    Ok(Exit::Done)
}
