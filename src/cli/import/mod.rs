//! `labwright import --from SCOPE`: what exists in Azure, as files and as a record; changes nothing there.
//!
//! The files are made and read in memory first, and planned against the rows that they give: only where
//! that plan is empty is anything written. Files come before the record, so that an import that breaks off
//! leaves files which the next one finds as it would write them, and then records.

mod describe;
mod find;
mod one;
mod plans;
mod scope;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

pub(super) use one::not_as_written;
pub(super) use scope::Scope;

use self::describe::{Described, Known};
use self::find::Found;
use super::arguments::Import as Arguments;
use super::blocks::files::{self, Files};
use super::blocks::{defaults, project_name};
use super::cloud::{self, Connection};
use super::failure::CommandError;
use super::{Context, Exit, Failure, carry, day, project, record};
use crate::apply::{Seen, begin, observe};
use crate::config::{CloudSettings, PROJECT_FILE, Project};
use crate::kinds::kind_of;
use crate::model::{Address, ArmId, Observed, Recorded, RunOutcome};
use crate::plan::{self, Options, Plan, Record};
use crate::state::{Claim, Holder, SqliteStore, Store};

/// What Azure has, by address.
type Sights = BTreeMap<Address, Observed>;

/// How many resources are read at once.
const AT_ONCE: usize = 10;

/// Imports a scope, or one resource.
pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    match (&arguments.from, &arguments.address, &arguments.id) {
        (Some(scope), ..) => all(scope, arguments.endpoint.as_deref(), context),
        (None, Some(address), Some(id)) => one::run(address, id, context),
        _ => Err(CommandError::usage("nothing says what to import", "`--from SCOPE` writes what exists as files; `ADDR ID` records one resource that the files describe").into()),
    }
}

/// Reads a scope, writes it down as YAML, and records it.
fn all(scope: &Scope, endpoint: Option<&str>, context: &Context) -> Result<Exit, Failure> {
    let root = context.root();
    std::fs::create_dir_all(root).map_err(|source| CommandError::File {
        doing: "write",
        path: root.to_owned(),
        source,
    })?;
    let project = start(scope, endpoint, context)?;
    connected(&project, context, async |connection| import(scope, &project, connection, context).await)
}

/// Imports, and says what came of it.
fn connected(
    project: &Project,
    context: &Context,
    import: impl AsyncFnOnce(&Connection) -> Result<String, Failure>,
) -> Result<Exit, Failure> {
    let text = cloud::runtime()?.block_on(async {
        let connection = cloud::connect(project, context).await?;
        let text = import(&connection).await;
        connection.close().await;
        text
    })?;
    context.printer.result(&text);
    Ok(Exit::Done)
}

/// The project that stands in the folder, or one of the settings alone that this import would write.
fn start(scope: &Scope, endpoint: Option<&str>, context: &Context) -> Result<Project, Failure> {
    let root = context.root();
    if root.join(PROJECT_FILE).exists() {
        if endpoint.is_some() {
            let message = format!("`{}` says which cloud it is", root.join(PROJECT_FILE).display());
            return Err(CommandError::usage(
                message,
                "leave `--endpoint` out, or name another folder with `--out`",
            )
            .into());
        }
        return project::load(context);
    }
    let mut azure = json!({ "subscription": scope.subscription() });
    if let Some(endpoint) = endpoint {
        azure["endpoint"] = json!(endpoint);
    }
    let text = files::project_file(&project_name(root), &json!({ "azure": azure }), &serde_json::Map::new());
    let files = Files::from([(PROJECT_FILE.to_owned(), text)]);
    files::load(&files, true, context)
}

async fn import(
    scope: &Scope,
    project: &Project,
    connection: &Connection,
    context: &Context,
) -> Result<String, Failure> {
    let record = record::read(project, context)?;
    after_others(&record, context)?;
    context.printer.note(&format!("Reading {} …\n", scope.id()));
    let known = known(project, &record, connection);
    let mut found = find::find(&connection.arm, scope).await?;
    let addresses = describe::addresses(&found.items, &known);
    let (mut described, seen) = read_all(&mut found, &addresses, &known, connection).await?;
    if described.addresses.is_empty() {
        return Err(CommandError::NotFound {
            name: scope.id().to_string(),
            help: "nothing that labwright has a kind for is there: check the scope, and the rights of whoever signs in".into(),
        }
        .into());
    }
    described.leave_to_the_files(&known, &addresses, &mut found);
    let files = laid_out(&described, project, context)?;
    files::refuse_others(context.root(), &files)?;
    let whole = files::load(&files, false, context)?;
    let New { plan, otherwise } = planned(&whole, &record, &described, &known, &seen, connection)?;
    as_found(&plan, &seen, &addresses, &whole)?;
    let store = to_itself(&plan, &record, &whole, context)?;
    files::write(context.root(), &files)?;
    write_record(store, &plan, &record, &whole, connection, context)?;
    Ok(told(&found, &described, &files, &plan) + &one::not_as_written(&otherwise, context))
}

/// What the files and the record say already: nothing of it is written again.
fn known<'a>(project: &'a Project, record: &record::Record, connection: &Connection) -> Known<'a> {
    let desired = &project.desired.resources;
    let is_kept = |address: &&Address| !kind_of(address).info().invoked;
    let addresses = desired.keys().filter(is_kept).cloned().collect();
    let by_id = rows(project, &addresses, connection)
        .into_iter()
        .filter_map(|own| Some((own.row?.arm_id, own.address)))
        .collect();
    let taken = desired.keys().chain(record.recorded.rows.keys()).cloned().collect();
    Known { by_id, taken, accounts: &project.accounts, timetables: &project.timetables }
}

/// Refuses to go on where a run of another command broke off: only `apply` and `resume` settle it.
fn after_others(record: &record::Record, context: &Context) -> Result<(), Failure> {
    match record.broken_off().find(|run| run.command != context.command) {
        Some(run) => Err(CommandError::ImportAfter { run: run.id, command: context.typed("apply") }.into()),
        None => Ok(()),
    }
}

/// Takes what is to be recorded for this import, and checks that nobody recorded it meanwhile.
///
/// # Errors
/// Exit 6 where another run has some of it, or had.
fn to_itself(
    plan: &Plan,
    record: &record::Record,
    project: &Project,
    context: &Context,
) -> Result<SqliteStore, Failure> {
    let mut store = SqliteStore::open_or_create(&record::place(project, context))?;
    let holder = Holder::this_process(context.command);
    for run in record.broken_off() {
        store.take_over(run.id, &holder)?;
    }
    let changes: BTreeSet<_> = plan.records.iter().map(|own| own.address.clone()).collect();
    store.claim(&holder, &Claim { changes: changes.clone(), reads: BTreeSet::new() })?;
    let now = store.recorded()?;
    let is_as_read = |address: &&Address| now.rows.get(*address) == record.recorded.rows.get(*address);
    match changes.iter().find(|address| !is_as_read(address)) {
        Some(address) => Err(CommandError::RecordedMeanwhile { address: address.to_string() }.into()),
        None => Ok(store),
    }
}

/// Writes what a plan only records, as a run of its own; an import that broke off before ends with it.
fn write_record(
    mut store: SqliteStore,
    plan: &Plan,
    record: &record::Record,
    project: &Project,
    connection: &Connection,
    context: &Context,
) -> Result<(), Failure> {
    for run in record.broken_off() {
        store.end(run.id, carry::now_ms(), RunOutcome::Settled)?;
    }
    if plan.records.is_empty() {
        return Ok(());
    }
    let run = begin(&mut store, carry::header(context), plan, &connection.identity)?;
    store.end(run, carry::now_ms(), RunOutcome::Done)?;
    record::watermark(project, context).raise(&store.meta()?)?;
    Ok(())
}

/// Refuses to record again, under another key, what is recorded already.
fn refuse_recorded(rows: &[Record], record: &record::Record) -> Result<(), Failure> {
    // What was done to a lab goes by the lab's id.
    let recorded = record.recorded.rows.iter().filter(|(address, _)| !kind_of(address).info().invoked);
    let by_id: BTreeMap<_, _> = recorded.map(|(address, row)| (&row.arm_id, address)).collect();
    for Record { address, row } in rows {
        let other = row.as_ref().and_then(|row| by_id.get(&row.arm_id));
        let other = other.filter(|other| other.kind() == address.kind() && **other != address);
        if let Some(other) = other {
            return Err(CommandError::Recorded { address: other.to_string() }.into());
        }
    }
    Ok(())
}

/// The rows of the files' resources at `addresses`, with the GUIDs of their subscriptions.
fn rows(project: &Project, addresses: &BTreeSet<Address>, connection: &Connection) -> Vec<Record> {
    let mut rows = plan::existing_rows(&project.desired, addresses);
    for row in rows.iter_mut().filter_map(|record| record.row.as_mut()) {
        row.arm_id = row.arm_id.in_subscription(|name| connection.subscriptions.get(name).cloned());
    }
    rows
}

/// Reads everything that was found, and describes it.
async fn read_all(
    found: &mut Found,
    addresses: &BTreeMap<ArmId, Address>,
    known: &Known<'_>,
    connection: &Connection,
) -> Result<(Described, Sights), Failure> {
    let rows = describe::to_read(&found.items, addresses);
    let all = rows.rows.keys().cloned().collect();
    let mut seen = BTreeMap::new();
    for (address, sight) in observe(&rows, &all, &connection.arm, AT_ONCE).await {
        let id = &rows.rows[&address].arm_id;
        match sight {
            Seen::There(observed) if observed.failed => {
                found.leave_out(id.as_str(), "its creation failed in Azure");
            }
            Seen::There(observed) => drop(seen.insert(address, observed)),
            Seen::Gone => found.leave_out(id.as_str(), "it was deleted while it was read"),
            Seen::Unreadable(failure) => {
                let message = format!("{}: {}", failure.code, failure.message);
                return Err(CommandError::Unreadable { id: id.to_string(), message }.into());
            }
        }
    }
    let own = connection.identity.subscription.clone().unwrap_or_default();
    let mut described = describe::describe(found, addresses, &seen, known.accounts, &own);
    defaults::share_in_images(&mut described.blocks);
    Ok((described, seen))
}

/// The files: with a `labwright.yaml` and defaults factored out, or beside one that is there, under names that are free.
fn laid_out(described: &Described, project: &Project, context: &Context) -> Result<Files, Failure> {
    let root = context.root();
    let azure = match &project.settings.cloud {
        CloudSettings::Azure(azure) if !root.join(PROJECT_FILE).exists() => azure,
        _ => return Ok(files::beside_others(root, files::of(&described.blocks))),
    };
    let mut blocks = described.blocks.clone();
    let defaults = defaults::factor_out(&mut blocks);
    let mut cloud = json!({ "subscription": azure.subscription });
    if !azure.is_public() {
        cloud["endpoint"] = json!(azure.endpoint);
    }
    let mut files = files::of(&blocks);
    files.insert(
        PROJECT_FILE.to_owned(),
        files::project_file(&project.settings.project, &json!({ "azure": cloud }), &defaults),
    );
    Ok(files)
}

/// What is to be recorded.
struct New {
    /// A plan that only records.
    plan: Plan,
    /// What had a block already, and differs from it.
    otherwise: Vec<Address>,
}

/// The plan that only records: what the new files describe, and as it was seen what had a block already.
///
/// # Errors
/// Where the record has one of the resources under another address, or the new files would ask for a change.
fn planned(
    project: &Project,
    record: &record::Record,
    described: &Described,
    known: &Known<'_>,
    seen: &Sights,
    connection: &Connection,
) -> Result<New, Failure> {
    let is_open = |address: &&Address| !record.recorded.rows.contains_key(*address);
    let addresses = described.addresses.iter().filter(is_open).cloned().collect();
    let mut rows = rows(project, &addresses, connection);
    for Record { address, row } in rows.iter_mut().filter(|own| known.taken.contains(&own.address)) {
        if let (Some(row), Some(seen)) = (row, seen.get(address)) {
            plan::as_seen(address, row, seen);
        }
    }
    refuse_recorded(&rows, record)?;
    let next = compared(project, &one::with(&record.recorded, &rows), record)?;
    let changed = next.changed();
    let missing = addresses
        .iter()
        .filter(|own| !project.desired.resources.contains_key(*own) && own.kind() != "Publish");
    let changed = addresses.iter().filter(|own| changed.contains(own)).chain(missing).cloned();
    let (otherwise, ours): (Vec<_>, Vec<_>) = changed.partition(|own| known.taken.contains(own));
    if !ours.is_empty() {
        let addresses: Vec<_> = ours.iter().map(ToString::to_string).collect();
        return Err(CommandError::NotAsFound { addresses: addresses.join(", ") }.into());
    }
    Ok(New { plan: one::recording(&next, rows), otherwise })
}

/// Refuses to record what was not found: attributes that come from settings which stand there already.
///
/// `found` holds the ids that were found: nothing else is recorded.
fn as_found(
    plan: &Plan,
    seen: &Sights,
    found: &BTreeMap<ArmId, Address>,
    project: &Project,
) -> Result<(), Failure> {
    let mut recorded = Recorded::default();
    plan.record_in(&mut recorded);
    let seen = seen.iter().filter(|(address, _)| recorded.rows.contains_key(*address));
    let seen = seen.map(|(address, observed)| (address.clone(), Some(observed.clone()))).collect();
    let differing = plan::drift(&recorded, &seen, &project.desired);
    let differing = differing.iter().map(|drifted| &drifted.address);
    let elsewhere = recorded
        .rows
        .iter()
        .filter(|(address, row)| address.kind() != "Publish" && !found.contains_key(&row.arm_id));
    let addresses: BTreeSet<_> =
        differing.chain(elsewhere.map(|(address, _)| address)).map(ToString::to_string).collect();
    if addresses.is_empty() {
        return Ok(());
    }
    let addresses: Vec<_> = addresses.into_iter().collect();
    Err(CommandError::NotAsFound { addresses: addresses.join(", ") }.into())
}

fn compared(project: &Project, recorded: &Recorded, record: &record::Record) -> Result<Plan, Failure> {
    let options = Options {
        today: day::today()?,
        destroy: false,
        target: Vec::new(),
        exclude: Vec::new(),
        lineage: record.meta.as_ref().map(|meta| meta.lineage.clone()),
        before_refresh: None,
        durations: record.durations.clone(),
    };
    Ok(plan::plan(&project.desired, recorded, &options)?)
}

/// What was done, for people.
fn told(found: &Found, described: &Described, files: &Files, plan: &Plan) -> String {
    let mut text = String::new();
    if !found.left_out.is_empty() {
        text += &format!("Not in the files ({}):\n", found.left_out.len());
        let mut left_out = found.left_out.clone();
        left_out.sort();
        for left_out in left_out {
            let id = crate::render::clean(&left_out.id);
            text += &format!("  {id}\n    {}\n", crate::render::clean(&left_out.why));
        }
        text += "\n";
    }
    if !described.secrets.is_empty() {
        text += "Azure tells no password. These variables stand for them, wanted only where a lab is made anew:\n";
        for (variable, user) in &described.secrets {
            text += &format!("  {variable}  of the account {}\n", crate::render::clean(user));
        }
        text += "\n";
    }
    if !files.is_empty() {
        text += &format!("Written: {}.\n", files.keys().cloned().collect::<Vec<_>>().join(", "));
    }
    let count = plan.records.iter().filter(|own| own.address.kind() != "Publish").count();
    text + &format!("Import complete! Resources: {count} imported.\n")
}
