//! `labwright completions SHELL`.

use clap::CommandFactory;

use super::arguments::{Arguments, Completions};
use super::{Context, Exit, Failure};

/// Prints a shell's completions.
pub(super) fn run(arguments: &Completions, context: &Context) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "labwright", &mut script);
    context.printer.result(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}
