//! What every command works with: where the project is, how to print, what the environment says.

use std::path::{Path, PathBuf};

use super::arguments::{AnyFormat, AnyReport, Command, Format as Narrow, Global, Lock, Report, State};
use super::exit::Exit;
use super::failure::{CommandError, Failure};
use super::printer::{Printer, Printing};
use crate::model::{Finding, Severity};
use crate::render::json::{
    self, DriftDocument, FindingDocument, FindingsDocument, PlanDocument, ReviewDocument, RunDocument,
};
use crate::render::{self, FindingsReport, Format, Writing, count, quoted};

/// What every command works with.
#[derive(Debug)]
pub(super) struct Context {
    /// What holds for every command.
    pub(super) global: Global,
    /// The one that writes.
    pub(super) printer: Printer,
    /// The command's name, as JSON says it.
    pub(super) command: &'static str,
    /// What stdout takes.
    format: Format,
}

impl Context {
    /// The context of a command.
    #[must_use]
    pub(super) fn new(global: Global, command: &Command) -> Self {
        let (name, (format, json_into)) = named(command);
        let Global { color: colour, quiet, verbose: verbosity, .. } = global;
        let printer = Printer::new(Printing { colour, quiet, verbosity, json_into });
        Self { global, printer, command: name, format }
    }

    /// The project's folder.
    #[must_use]
    pub(super) fn root(&self) -> &Path {
        &self.global.directory
    }

    /// Whether stdout takes JSON.
    #[must_use]
    pub(super) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Writes a report in the chosen format, and as JSON beside it where that is asked for.
    ///
    /// # Errors
    /// Exit 1 where the file beside it cannot be written.
    pub(super) fn report(&self, text: &str, json: &str) -> Result<(), Failure> {
        self.printer.result(if self.is_json() { json } else { text });
        match self.printer.json_into() {
            Some(file) => write_file(file, json),
            None => Ok(()),
        }
    }

    /// What stdout takes.
    #[must_use]
    pub(super) fn format(&self) -> Format {
        self.format
    }

    /// Writes a report in the chosen format, whichever that is, and as JSON beside it where that is asked for.
    ///
    /// `folder` is the project's path in its repository, ended by `/`, or empty.
    ///
    /// # Errors
    /// Exit 1 where the file beside it cannot be written.
    pub(super) fn show(&self, report: &dyn render::Report, exit: Exit, folder: &str) -> Result<(), Failure> {
        let explain = |code: &str| super::explain::meaning(code).map(str::to_owned);
        let look = self.printer.result_look();
        let writing = Writing { look, exit_code: exit.code(), folder, explain: &explain };
        self.printer.result(&render::written(report, self.format, &writing));
        match self.printer.json_into() {
            Some(file) => write_file(file, &report.json(exit.code())),
            None => Ok(()),
        }
    }

    /// The project's folder as a pipeline knows it: relative to where the command is run, ended by `/`, or empty.
    #[must_use]
    pub(super) fn folder(&self) -> String {
        let own = self.root().canonicalize().ok();
        let here = std::env::current_dir().ok().and_then(|here| here.canonicalize().ok());
        let inside = own.zip(here).and_then(|(own, here)| own.strip_prefix(here).map(Path::to_owned).ok());
        match inside.as_deref().and_then(Path::to_str).filter(|path| !path.is_empty()) {
            Some(path) => format!("{}/", path.replace('\\', "/")),
            None => String::new(),
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
        let json = failed_document(self.command, failure.exit, failure.findings.clone());
        // People were told already.
        let report = FindingsReport {
            command: self.command.to_owned(),
            subject: String::new(),
            verdict: format!("Failed: {}.", count(failure.findings.len(), "problem")),
            findings: failure.findings,
            text: String::new(),
            json,
        };
        if let Err(again) = self.show(&report, failure.exit, &self.folder()) {
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

/// How a report is written, and where its JSON goes beside that.
type Form = (Format, Option<PathBuf>);

/// The command's name in JSON, and how its report is written; as text where it has none.
fn named(command: &Command) -> (&'static str, Form) {
    let none = Form::default();
    match command {
        Command::Init(_) => ("init", none),
        Command::Validate(report) => ("validate", report.into()),
        Command::Fmt(_) => ("fmt", none),
        Command::Doctor(report) => ("doctor", report.into()),
        Command::Plan(plan) => ("plan", (&plan.report).into()),
        Command::Apply(apply) => ("apply", (&apply.carry.report).into()),
        Command::Destroy(destroy) => ("destroy", (&destroy.carry.report).into()),
        Command::Resume(resume) => ("resume", (&resume.carry.report).into()),
        Command::Drift(drift) => ("drift", (&drift.report).into()),
        Command::Review(review) => ("review", (&review.report).into()),
        Command::Import(_) => ("import", none),
        Command::Convert(_) => ("convert csv", none),
        Command::History(history) => ("history", (&history.report).into()),
        Command::Show(show) => ("show", (&show.report).into()),
        Command::State(State::List(report)) => ("state list", report.into()),
        Command::State(State::Show(show)) => ("state show", (&show.report).into()),
        Command::State(State::Lock(Lock::List(report))) => ("state lock list", report.into()),
        Command::State(State::Lock(Lock::Break(_))) => ("state lock break", none),
        Command::Graph(_) => ("graph", none),
        Command::Explain(_) => ("explain", none),
        Command::Schema(_) => ("schema", none),
        Command::Completions(_) => ("completions", none),
        Command::Emulator(_) => ("emulator", none),
    }
}

impl From<&Report> for Form {
    fn from(report: &Report) -> Self {
        let format = match report.format {
            Narrow::Text => Format::Text,
            Narrow::Json => Format::Json,
        };
        (format, report.json_into.clone())
    }
}

impl From<&AnyReport> for Form {
    fn from(report: &AnyReport) -> Self {
        let format = match report.format {
            AnyFormat::Text => Format::Text,
            AnyFormat::Json => Format::Json,
            AnyFormat::Markdown => Format::Markdown,
            AnyFormat::Sarif => Format::Sarif,
            AnyFormat::Junit => Format::Junit,
            AnyFormat::Github => Format::Github,
            AnyFormat::AzureDevops => Format::AzureDevops,
        };
        (format, report.json_into.clone())
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
        "review" => json::text(&ReviewDocument::failed(code, findings)),
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
