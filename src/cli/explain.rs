//! `labwright explain`: what a diagnostic or a rule means and what to do, or all that is known of a resource.

use super::arguments::{Explain, Scope};
use super::explanations::EXPLANATIONS;
use super::failure::CommandError;
use super::plan::{Comparison, compare};
use super::{Context, Exit, Failure, project, record};
use crate::model::Address;
use crate::plan::{PlanError, explained, nearest_address};
use crate::render::terminal;
use crate::{azure, config};

/// What a code of labwright's own means.
pub(super) fn meaning(code: &str) -> Option<&'static str> {
    let known = config::CODES.iter().chain(EXPLANATIONS);
    known.into_iter().find(|(full, _)| *full == code).map(|(_, explanation)| *explanation)
}

/// Explains a code, or a resource.
pub(super) fn run(arguments: &Explain, context: &Context) -> Result<Exit, Failure> {
    match arguments.what.parse() {
        Ok(address) if !arguments.what.contains("::") => resource(&address, context),
        _ => code(&arguments.what, context),
    }
}

/// Explains a resource of the files or of the record.
fn resource(address: &Address, context: &Context) -> Result<Exit, Failure> {
    let project = project::load(context)?;
    let record = record::read(&project, context)?;
    let everything = Scope::default();
    let comparison = Comparison {
        project: &project,
        record: &record,
        scope: &everything,
        destroy: false,
        refreshed: None,
    };
    let made = compare(&comparison, context)?;
    let (desired, recorded) = (&project.desired, &record.recorded);
    let Some(explained) = explained(address, desired, recorded, &made.plan) else {
        let near = nearest_address(address, desired.resources.keys().chain(recorded.rows.keys()));
        return Err(PlanError::UnknownAddress { given: address.clone(), near }.into());
    };
    let environment = desired.identity.environment.as_deref();
    let text = terminal::explained(&explained, environment, context.printer.result_look());
    context.printer.result(&text);
    Ok(Exit::Done)
}

fn code(code: &str, context: &Context) -> Result<Exit, Failure> {
    let known = || config::CODES.iter().chain(EXPLANATIONS);
    let last = |full: &str| full.rsplit("::").next().unwrap_or(full).to_owned();
    let fits = |full: &str| full.eq_ignore_ascii_case(code) || last(full).eq_ignore_ascii_case(code);
    if let Some((full, explanation)) = known().find(|(full, _)| fits(full)) {
        context.printer.result(&format!("{full}\n{explanation}\n"));
        return Ok(Exit::Done);
    }
    if let Some(advice) = azure::advice(code) {
        context.printer.result(&format!("{code}\nA code of Azure's own. What helps: {advice}.\n"));
        return Ok(Exit::Done);
    }
    let near = known()
        .map(|(full, _)| {
            (strsim::jaro_winkler(&last(full).to_lowercase(), &last(code).to_lowercase()), *full)
        })
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let help = match near {
        Some((likeness, full)) if likeness > 0.75 => format!("perhaps `{full}`?"),
        _ => {
            "codes stand beside each problem, such as `labwright::config::unknown_key` or `GEO-11`".to_owned()
        }
    };
    Err(CommandError::NotFound { name: code.to_owned(), help }.into())
}
