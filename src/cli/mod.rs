//! The command line: a file for each command, `context.rs` wires, `exit.rs` lists the exit codes.
//!
//! [`main`] is the entry point. A command gives an [`Exit`] or a failure with one; only the printer
//! writes, results to stdout and everything else to stderr. A runtime is built only by commands
//! that call Azure.

mod apply;
mod arguments;
mod blocks;
mod carry;
mod cloud;
mod completions;
mod consent;
mod context;
mod convert;
mod day;
mod desk;
mod destroy;
mod doctor;
mod drift;
mod emulator;
mod exit;
mod explain;
mod explanations;
mod failure;
mod fmt;
mod graph;
mod help;
mod history;
mod import;
mod init;
mod later;
mod lock;
mod plan;
mod printer;
mod progress;
mod project;
mod provenance;
mod record;
mod refresh;
mod resume;
mod review;
mod saved;
mod schema;
mod settle;
mod show;
mod sign_in;
mod signals;
mod state;
mod validate;
mod words;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use arguments::{Arguments, Command};
use context::Context;
pub use exit::Exit;
use failure::Failure;
use failure::{CommandError, finding};
use printer::{Printer, Printing};

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    std::panic::set_hook(Box::new(tell_bug));
    let given: Vec<OsString> = std::env::args_os().collect();
    let command = words::command(&given);
    let words = match words::with_environment(given.clone(), |name| std::env::var(name).ok()) {
        Ok(words) => words,
        Err(name) => {
            return usage(&given, command.as_deref(), &format!("`{name}` holds a quote without an end"))
                .into();
        }
    };
    match Arguments::try_parse_from(&words) {
        Ok(mut arguments) => {
            // Set to nothing, as CI does with what a job lacks, it names none.
            arguments.global.env = arguments.global.env.or_else(|| cloud::variable("LABWRIGHT_ENV"));
            run(arguments).into()
        }
        Err(error) => unparsed(&error, &words, command.as_deref()).into(),
    }
}

/// Says that a panic is our mistake, and what would help to mend it.
fn tell_bug(panic: &std::panic::PanicHookInfo<'_>) {
    let printer = Printer::new(Printing::default());
    let place =
        panic.location().map(|place| format!(" at {}:{}", place.file(), place.line())).unwrap_or_default();
    let what = panic.payload_as_str().unwrap_or("no message");
    printer.problem(&format!(
        "\nThis is a bug of labwright {}: {what}{place}\n\
         What was recorded until now is kept; the next apply looks up what was under way.\n\
         Please report it with the command that you gave.\n",
        env!("CARGO_PKG_VERSION")
    ));
    // A panic of any thread is one of the whole: nothing is left waiting for an answer that never comes.
    std::process::exit(i32::from(Exit::Unforeseen.code()));
}

/// Answers what clap did not take: help, version, a word that a later version brings, a mistake.
fn unparsed(error: &clap::Error, words: &[OsString], command: Option<&str>) -> Exit {
    let printer = Printer::new(Printing::default());
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            printer.result(&styled(error, printer.result_look().colour));
            return printer.ended(Exit::Done);
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            printer.problem(&styled(error, printer.other_look().colour));
            return Exit::Usage;
        }
        _ => {}
    }
    let top = command.and_then(|command| command.split(' ').next());
    let unknown = [ContextKind::InvalidSubcommand, ContextKind::InvalidArg, ContextKind::InvalidValue];
    let unknown = unknown.into_iter().filter_map(|kind| match error.get(kind) {
        Some(ContextValue::String(word)) => Some(word.clone()),
        _ => None,
    });
    let later = unknown.into_iter().find_map(|word| later::answer(top, &word));
    if let Some(answer) = later {
        return usage(words, command, &answer);
    }
    printer.problem(&styled(error, printer.other_look().colour));
    if words::asks_for_json(words) {
        let text = error.render().to_string();
        let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let problem = CommandError::usage(message, "see `labwright help`");
        let document =
            context::failed_document(command.unwrap_or_default(), Exit::Usage, vec![finding(&problem)]);
        printer.result(&document);
    }
    printer.ended(Exit::Usage)
}

fn styled(error: &clap::Error, colour: bool) -> String {
    let text = error.render();
    if colour { text.ansi().to_string() } else { text.to_string() }
}

/// Tells what is wrong with the command line, also as JSON where that was asked for.
fn usage(words: &[OsString], command: Option<&str>, message: &str) -> Exit {
    let printer = Printer::new(Printing::default());
    let problem = CommandError::usage(message, "`labwright help` lists what there is");
    if words::asks_for_json(words) {
        let findings = vec![finding(&problem)];
        printer.result(&context::failed_document(command.unwrap_or_default(), Exit::Usage, findings));
    }
    printer.problem(&Failure::from(problem).text(printer.other_look()));
    printer.ended(Exit::Usage)
}

fn run(arguments: Arguments) -> Exit {
    let Arguments { mut global, command } = arguments;
    let out = match &command {
        Command::Import(import) => import.out.as_ref(),
        Command::Convert(arguments::Convert::Csv(csv)) => csv.out.as_ref(),
        _ => None,
    };
    global.directory.extend(out);
    let context = Context::new(global, &command);
    let result = match &command {
        Command::Init(init) => init::run(init, &context),
        Command::Validate(_) => validate::run(&context),
        Command::Fmt(fmt) => fmt::run(fmt, &context),
        Command::Doctor(_) => doctor::run(&context),
        Command::Plan(plan) => plan::run(plan, &context),
        Command::Apply(apply) => apply::run(apply, &context),
        Command::Destroy(destroy) => destroy::run(destroy, &context),
        Command::Resume(resume) => resume::run(resume, &context),
        Command::Drift(drift) => drift::run(drift, &context),
        Command::Review(review) => review::run(review, &context),
        Command::Import(import) => import::run(import, &context),
        Command::Convert(arguments::Convert::Csv(csv)) => convert::run(csv, &context),
        Command::History(history) => history::run(history, &context),
        Command::Show(show) => show::run(show, &context),
        Command::State(state) => state::run(state, &context),
        Command::Graph(graph) => graph::run(graph, &context),
        Command::Explain(explain) => explain::run(explain, &context),
        Command::Schema(schema) => schema::run(schema, &context),
        Command::Completions(completions) => completions::run(completions, &context),
        Command::Emulator(emulator) => emulator::run(emulator, &context),
    };
    let exit = result.unwrap_or_else(|failure| context.fail(failure));
    context.printer.ended(exit)
}
