//! `labwright state lock list` and `break`: what runs have to themselves.

use std::collections::BTreeSet;

use super::arguments::{Break, Lock};
use super::failure::CommandError;
use super::{Context, Exit, Failure, consent, project, record};
use crate::model::Address;
use crate::render::json::{self, FORMAT_VERSION, LeaseDocument, LocksDocument};
use crate::render::{LeaseView, terminal};
use crate::state::{Lease, SqliteStore, Store};

/// Lists what runs have to themselves, or takes it from one.
pub(super) fn run(arguments: &Lock, context: &Context) -> Result<Exit, Failure> {
    let project = project::load(context)?;
    // Checks that the state belongs here, as every command that reads it does.
    record::read(&project, context)?;
    let place = record::place(&project, context);
    match arguments {
        Lock::List(_) => {
            let store = SqliteStore::open_read_only(&place)?;
            let leases = store.map_or_else(|| Ok(Vec::new()), |store| store.leases())?;
            let leases: Vec<_> = leases.into_iter().map(view).collect();
            let in_full = context.printer.verbosity() > 0;
            let text = terminal::leases(&leases, in_full, context.printer.result_look());
            let locks = leases.into_iter().map(|view| view.lease).collect();
            context.report(&text, &json::text(&LocksDocument { format_version: FORMAT_VERSION, locks }))?;
        }
        Lock::Break(arguments) => {
            let store = SqliteStore::open_existing(&place)?;
            let leases = store.as_ref().map_or_else(|| Ok(Vec::new()), Store::leases)?;
            let lease = leases.iter().find(|lease| lease.id == arguments.id);
            let Some((mut store, lease)) = store.zip(lease) else { return Err(unknown(&arguments.id)) };
            agreed(lease, arguments, context)?;
            if !store.break_lease(&lease.id)? {
                return Err(unknown(&arguments.id));
            }
            context.printer.result(&broken(lease, context));
        }
    }
    Ok(Exit::Done)
}

fn view(lease: Lease) -> LeaseView {
    let Lease { id, holder, claim, run } = lease;
    let texts = |addresses: &BTreeSet<Address>| addresses.iter().map(ToString::to_string).collect();
    let text = holder.to_string();
    let lease = LeaseDocument {
        id,
        host: holder.host,
        pid: holder.pid,
        since_ms: holder.since_ms,
        command: holder.command,
        run,
        changes: texts(&claim.changes),
        reads: texts(&claim.reads),
    };
    LeaseView { holder: text, lease }
}

fn unknown(id: &str) -> Failure {
    let help = "`labwright state lock list` shows what is held; what a process held ended with it".to_owned();
    CommandError::NotFound { name: format!("lock {id}"), help }.into()
}

fn agreed(lease: &Lease, arguments: &Break, context: &Context) -> Result<(), Failure> {
    if arguments.yes {
        return Ok(());
    }
    consent::somebody_there("end that process, and what it holds ends with it; or add --yes", context)?;
    let holder = &lease.holder;
    let shown = terminal::leases(&[view(lease.clone())], true, context.printer.other_look());
    let question = format!(
        "{shown}It is {holder} and alive: better end that process, and what it holds ends with it.\n\
         Once this is broken it can record nothing more; a request that it sends all the same is looked up by the next run.\n\
         Break it?"
    );
    consent::yes(&question, context)
}

fn broken(lease: &Lease, context: &Context) -> String {
    let next = match lease.run {
        Some(run) => format!(
            "Run {run} counts as broken off. To finish it as it was planned:\n  {}\nTo plan afresh:\n  {}\n",
            context.typed("resume"),
            context.typed("apply")
        ),
        None => "It had begun no run.\n".to_owned(),
    };
    format!(
        "Broken: pid {} on {} holds nothing any more.\n{next}",
        lease.holder.pid,
        crate::render::clean(&lease.holder.host)
    )
}
