//! `labwright import ADDR ID`: one resource of the files is recorded as what exists.

use std::collections::BTreeSet;

use super::{AT_ONCE, after_others, compared, connected, refuse_recorded, rows, to_itself, write_record};
use crate::apply::{Seen, observe};
use crate::cli::cloud::Connection;
use crate::cli::failure::CommandError;
use crate::cli::{Context, Exit, Failure, project, record};
use crate::config::Project;
use crate::kinds::kind_of;
use crate::model::{Address, ArmId, Recorded};
use crate::plan::{self, Plan, Record};

/// Reads one resource and records it; what it is like is what Azure says, whatever the files say.
pub(super) fn run(address: &Address, id: &str, context: &Context) -> Result<Exit, Failure> {
    let project = project::load(context)?;
    if kind_of(address).info().invoked || !project.desired.resources.contains_key(address) {
        return Err(no_block(address, id, &project));
    }
    connected(&project, context, async |connection| import(address, id, &project, connection, context).await)
}

/// What to do about an address that has nothing to record.
fn no_block(address: &Address, id: &str, project: &Project) -> Failure {
    if kind_of(address).info().invoked {
        return CommandError::usage(
            format!("{address} is something that is done, not something that exists"),
            "import its lab; what was done to that already is recorded with the next apply",
        )
        .into();
    }
    let near = plan::nearest_address(address, project.desired.resources.keys());
    let near = near.map(|near| format!("perhaps `{near}`? Else ")).unwrap_or_default();
    let help = format!(
        "{near}write its block first, or have it written in a folder of its own: labwright import --from {} --out DIR",
        crate::render::quoted(id.as_ref()),
    );
    CommandError::NotFound { name: address.to_string(), help }.into()
}

async fn import(
    address: &Address,
    id: &str,
    project: &Project,
    connection: &Connection,
    context: &Context,
) -> Result<String, Failure> {
    let record = record::read(project, context)?;
    after_others(&record, context)?;
    if record.recorded.rows.contains_key(address) {
        return Err(CommandError::Recorded { address: address.to_string() }.into());
    }
    let mut rows = rows(project, &BTreeSet::from([address.clone()]), connection);
    let [Record { row: Some(row), .. }] = &mut rows[..] else {
        return Err(no_block(address, id, project));
    };
    let given = ArmId::new(id.trim_end_matches('/'));
    let given = given.in_subscription(|name| connection.subscriptions.get(name).cloned());
    if row.arm_id != given {
        let message = format!("by the files {address} is `{}`", row.arm_id);
        let help = format!("give that id; or say in its block which one you mean: `id: {given}`");
        return Err(CommandError::usage(message, help).into());
    }
    // What its answers refer to is named by what is recorded.
    let mut known = record.recorded.clone();
    known.rows.insert(address.clone(), row.clone());
    match observe(&known, &BTreeSet::from([address.clone()]), &connection.arm, AT_ONCE).await.remove(address)
    {
        Some(Seen::There(seen)) if !seen.failed => plan::as_seen(address, row, &seen),
        Some(Seen::Unreadable(failure)) => {
            let message = format!("{}: {}", failure.code, failure.message);
            return Err(CommandError::Unreadable { id: given.to_string(), message }.into());
        }
        Some(Seen::There(_)) => {
            let message = "its creation failed in Azure".to_owned();
            return Err(CommandError::Unreadable { id: given.to_string(), message }.into());
        }
        Some(Seen::Gone) | None => {
            let help = "check the id; take the block away if it is not to be made".to_owned();
            return Err(CommandError::NotFound { name: given.to_string(), help }.into());
        }
    }
    refuse_recorded(&rows, &record)?;
    let recorded = with(&record.recorded, &rows);
    let next = compared(project, &recorded, &record)?;
    let plan = recording(&next, rows);
    let store = to_itself(&plan, &record, project, context)?;
    write_record(store, &plan, &record, project, connection, context)?;
    let text = "Import complete! Resources: 1 imported.\n".to_owned();
    let differs = next.changed().contains(address);
    Ok(text + &not_as_written(&differs.then(|| address.clone()).into_iter().collect::<Vec<_>>(), context))
}

/// Tells of what was recorded and differs from its block.
pub(in crate::cli) fn not_as_written(differing: &[Address], context: &Context) -> String {
    if differing.is_empty() {
        return String::new();
    }
    let names: Vec<_> = differing.iter().map(ToString::to_string).collect();
    format!("Not as the files say: {}; see how:\n  {}\n", names.join(", "), context.typed("plan"))
}

/// The record with these rows in it.
pub(super) fn with(recorded: &Recorded, rows: &[Record]) -> Recorded {
    let mut recorded = recorded.clone();
    let put = rows.iter().filter_map(|record| Some((record.address.clone(), record.row.clone()?)));
    recorded.rows.extend(put);
    recorded
}

/// A plan that records these rows and does nothing else.
pub(super) fn recording(like: &Plan, records: Vec<Record>) -> Plan {
    let mut plan = like.clone();
    plan.changes.clear();
    plan.actions.clear();
    plan.records = records;
    plan
}
