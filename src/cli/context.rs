//! What every command works with: where the project is, how to print, what the environment says.

use std::path::{Path, PathBuf};

use super::arguments::{Command, Format, Global, Lock, Report, State};
use super::exit::Exit;
use super::failure::{CommandError, Failure};
use super::printer::{Printer, Printing};
use crate::model::{Finding, Severity};
use crate::render::json::{
    self, DriftDocument, FindingDocument, FindingsDocument, PlanDocument, RunDocument,
};
use crate::render::quoted;

/// What every command works with.
#[derive(Debug)]
pub(super) struct Context {
    /// What holds for every command.
    pub(super) global: Global,
    /// The one that writes.
    pub(super) printer: Printer,
    /// The command's name, as JSON says it.
    pub(super) command: &'static str,
    /// Whether stdout takes JSON.
    json: bool,
}

impl Context {
    /// The context of a command.
    #[must_use]
    pub(super) fn new(global: Global, command: &Command) -> Self {
        let (name, report) = named(command);
        let Report { format, json_into } = report.cloned().unwrap_or_default();
        let Global { color: colour, quiet, verbose: verbosity, .. } = global;
        let printer = Printer::new(Printing { colour, quiet, verbosity, json_into });
        Self { global, printer, command: name, json: format == Format::Json }
    }

    /// The project's folder.
    #[must_use]
    pub(super) fn root(&self) -> &Path {
        &self.global.directory
    }

    /// Whether stdout takes JSON.
    #[must_use]
    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    /// Writes a report in the chosen format, and as JSON beside it where that is asked for.
    ///
    /// # Errors
    /// Exit 1 where the file beside it cannot be written.
    pub(super) fn report(&self, text: &str, json: &str) -> Result<(), Failure> {
        self.printer.result(if self.json { json } else { text });
        match self.printer.json_into() {
            Some(file) => write_file(file, json),
            None => Ok(()),
        }
    }

    /// Writes only the JSON of a report: its text was shown already.
    ///
    /// # Errors
    /// As [`report`](Self::report).
    pub(super) fn report_json(&self, json: &str) -> Result<(), Failure> {
        self.report("", json)
    }

    /// Tells why the command failed, on stderr and in JSON where that is asked for.
    #[must_use]
    pub(super) fn fail(&self, failure: Failure) -> Exit {
        self.printer.problem(&failure.text(self.printer.other_look()));
        let document = failed_document(self.command, failure.exit, failure.findings);
        if let Err(again) = self.report_json(&document) {
            self.printer.problem(&again.text(self.printer.other_look()));
        }
        failure.exit
    }

    /// A command as it would be typed here: `labwright apply` with the options that name project and environment.
    #[must_use]
    pub(super) fn typed(&self, command: &str) -> String {
        let mut typed = format!("labwright {command}");
        if self.global.directory != Path::new(".") {
            typed = format!("{typed} -C {}", quoted(self.global.directory.as_os_str()));
        }
        if let Some(environment) = &self.global.env {
            typed = format!("{typed} --env {}", quoted(environment.as_ref()));
        }
        for (name, value) in &self.global.variables {
            typed = format!("{typed} --var {}", quoted(format!("{name}={value}").as_ref()));
        }
        typed
    }

    /// Where what is remembered apart from the project is kept: `$XDG_STATE_HOME/labwright`.
    #[must_use]
    pub(super) fn state_home(&self) -> PathBuf {
        let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let base = named("XDG_STATE_HOME").or_else(|| Some(named("HOME")?.join(".local/state")));
        base.map_or_else(|| self.root().join(".labwright/home"), |base| base.join("labwright"))
    }

    /// Whether nobody watches who could answer: no terminal, or a CI that says so.
    #[must_use]
    pub(super) fn is_unattended(&self) -> bool {
        use std::io::IsTerminal;
        let ci =
            std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false" && value != "0");
        ci || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal()
    }
}

/// The command's name in JSON, and how its report is written where it has one.
fn named(command: &Command) -> (&'static str, Option<&Report>) {
    match command {
        Command::Init(_) => ("init", None),
        Command::Validate(report) => ("validate", Some(report)),
        Command::Fmt(_) => ("fmt", None),
        Command::Doctor(report) => ("doctor", Some(report)),
        Command::Plan(plan) => ("plan", Some(&plan.report)),
        Command::Apply(apply) => ("apply", Some(&apply.carry.report)),
        Command::Destroy(destroy) => ("destroy", Some(&destroy.carry.report)),
        Command::Resume(resume) => ("resume", Some(&resume.carry.report)),
        Command::Drift(drift) => ("drift", Some(&drift.report)),
        Command::Import(_) => ("import", None),
        Command::Convert(_) => ("convert csv", None),
        Command::History(history) => ("history", Some(&history.report)),
        Command::Show(show) => ("show", Some(&show.report)),
        Command::State(State::List(report)) => ("state list", Some(report)),
        Command::State(State::Show(show)) => ("state show", Some(&show.report)),
        Command::State(State::Lock(Lock::List(report))) => ("state lock list", Some(report)),
        Command::State(State::Lock(Lock::Break(_))) => ("state lock break", None),
        Command::Graph(_) => ("graph", None),
        Command::Explain(_) => ("explain", None),
        Command::Schema(_) => ("schema", None),
        Command::Completions(_) => ("completions", None),
        Command::Emulator(_) => ("emulator", None),
    }
}

/// The JSON of a command that came to nothing: the shape it has when it succeeds, where it plans.
pub(super) fn failed_document(command: &str, exit: Exit, findings: Vec<FindingDocument>) -> String {
    let code = exit.code();
    match command {
        "plan" | "show" => json::text(&PlanDocument::without_plan(command, code, findings)),
        "apply" | "destroy" | "resume" => {
            json::text(&RunDocument::not_run(PlanDocument::without_plan(command, code, findings)))
        }
        "drift" => json::text(&DriftDocument::failed(code, findings)),
        _ => json::text(&FindingsDocument::new(command, code, findings)),
    }
}

/// Writes a file in one piece.
///
/// # Errors
/// Exit 1 where the system refuses.
pub(super) fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |source| CommandError::File { doing: "write", path: path.to_owned(), source };
    Ok(replace(path, text).map_err(failed)?)
}

/// What stands there stays until the new text is on the disk; what is no file, such as a pipe, is written to.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if path.exists() && !path.is_file() {
        return std::fs::write(path, text);
    }
    beside(&path, text)?.persist(&path)?;
    Ok(())
}

/// A temporary file beside `path` with `text` on the disk and the rights of any new file; gone if it is dropped.
pub(super) fn beside(path: &Path, text: &str) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = builder.tempfile_in(folder.unwrap_or(Path::new(".")))?;
    std::io::Write::write_all(&mut file, text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// A remark of the command line's own.
pub(super) fn remark(rule: &str, severity: Severity, message: String, help: Option<String>) -> Finding {
    Finding { rule: rule.into(), severity, message, address: None, source: None, help }
}
