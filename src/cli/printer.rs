//! The one place that writes to stdout and stderr.

use std::io::{ErrorKind, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};

use anstream::{AutoStream, ColorChoice};

use super::exit::Exit;
use crate::render::terminal::Look;

/// When to use colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Colour {
    /// On a terminal, unless the environment says otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Writes a command's result to stdout and everything else to stderr.
///
/// A pipe that the reader closed is no failure: what is written to it is dropped. Any other result
/// that is not taken is one, told by [`ended`](Self::ended).
#[derive(Debug)]
pub(super) struct Printer {
    result: Look,
    other: Look,
    quiet: bool,
    verbosity: u8,
    json_into: Option<PathBuf>,
    /// One message at a time, also from threads.
    lock: Mutex<()>,
    /// Why a result was not taken.
    lost: OnceLock<std::io::Error>,
}

/// How to print, as the command line and the environment say it.
#[derive(Debug, Clone, Default)]
pub(super) struct Printing {
    /// `--color`.
    pub(super) colour: Colour,
    /// `-q`.
    pub(super) quiet: bool,
    /// How many `-v`.
    pub(super) verbosity: u8,
    /// `--json-into`.
    pub(super) json_into: Option<PathBuf>,
}

impl Printer {
    /// A printer to this process's own streams.
    #[must_use]
    pub(super) fn new(printing: Printing) -> Self {
        let look = |is_terminal: bool| Look { width: columns(), colour: wants(printing.colour, is_terminal) };
        Self {
            result: look(std::io::stdout().is_terminal()),
            other: look(std::io::stderr().is_terminal()),
            quiet: printing.quiet,
            verbosity: printing.verbosity,
            json_into: printing.json_into,
            lock: Mutex::new(()),
            lost: OnceLock::new(),
        }
    }

    /// How the result is to look.
    #[must_use]
    pub(super) fn result_look(&self) -> Look {
        self.result
    }

    /// How everything else is to look.
    #[must_use]
    pub(super) fn other_look(&self) -> Look {
        self.other
    }

    /// Where JSON goes beside the chosen format.
    #[must_use]
    pub(super) fn json_into(&self) -> Option<&PathBuf> {
        self.json_into.as_ref()
    }

    /// Whether more is to be said: 1 for `-v`, 2 for `-vv`.
    #[must_use]
    pub(super) fn verbosity(&self) -> u8 {
        self.verbosity
    }

    /// Whether only results and problems are to be said.
    #[must_use]
    pub(super) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Writes a result to stdout.
    pub(super) fn result(&self, text: &str) {
        let _one = self.lock.lock();
        let mut stream = AutoStream::new(std::io::stdout(), choice(self.result));
        match stream.write_all(text.as_bytes()).and_then(|()| stream.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => drop(self.lost.set(error)),
            // A closed pipe has no reader who could be told.
            Ok(()) | Err(_) => {}
        }
    }

    /// How a command ends that would end with `exit`: unforeseen where stdout did not take its result.
    #[must_use]
    pub(super) fn ended(&self, exit: Exit) -> Exit {
        let Some(error) = self.lost.get() else { return exit };
        self.problem(&format!("The result could not be written to stdout: {error}\n"));
        Exit::Unforeseen
    }

    /// Writes what is no result to stderr, unless `-q`.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            self.problem(text);
        }
    }

    /// Writes a problem, or a question, to stderr.
    pub(super) fn problem(&self, text: &str) {
        let _one = self.lock.lock();
        let mut stream = AutoStream::new(std::io::stderr(), choice(self.other));
        // Whoever does not hear of a problem cannot be told of that either.
        let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
    }
}

fn choice(look: Look) -> ColorChoice {
    if look.colour { ColorChoice::Always } else { ColorChoice::Never }
}

/// Whether colour is wanted. Source: the conventions of no-color.org and bixense.com/clicolors.
fn wants(colour: Colour, is_terminal: bool) -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
    match colour {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) => false,
        Colour::Auto if set("CLICOLOR_FORCE") => true,
        Colour::Auto => is_terminal && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
    }
}

/// The columns that there are: `COLUMNS` where a shell exports it, else 80; at most 120, for the eye's sake.
fn columns() -> usize {
    let named = std::env::var("COLUMNS").ok().and_then(|text| text.parse::<usize>().ok());
    named.unwrap_or(80).clamp(60, 120)
}
