//! `labwright explain CODE`: what a diagnostic or a rule means, and what to do.

use super::arguments::Explain;
use super::explanations::EXPLANATIONS;
use super::failure::CommandError;
use super::{Context, Exit, Failure};
use crate::{azure, config};

/// What a code of labwright's own means.
pub(super) fn meaning(code: &str) -> Option<&'static str> {
    let known = config::CODES.iter().chain(EXPLANATIONS);
    known.into_iter().find(|(full, _)| *full == code).map(|(_, explanation)| *explanation)
}

/// Explains a code.
pub(super) fn run(arguments: &Explain, context: &Context) -> Result<Exit, Failure> {
    let code = arguments.code.as_str();
    if code.contains('/') && !code.contains("::") {
        return Err(CommandError::usage(
            "`labwright explain ADDR` comes with a later version",
            "codes are explained: `labwright explain GEO-11`",
        )
        .into());
    }
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
