//! How a command fails: an exit code, and problems with code, place and help.

use std::path::PathBuf;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, NamedSource, Report, SourceSpan, ThemeCharacters,
    ThemeStyles,
};
use thiserror::Error;

use super::exit::Exit;
use crate::azure::ArmError;
use crate::emulator::FaultProblem;
use crate::model::Severity;
use crate::plan::PlanError;
use crate::render::json::FindingDocument;
use crate::render::terminal::Look;
use crate::state::StateError;

/// Why a command ends without its result.
#[derive(Debug)]
pub(super) struct Failure {
    /// The exit code.
    pub(super) exit: Exit,
    /// What is said to people on stderr.
    pub(super) reports: Vec<Report>,
    /// The same for machines.
    pub(super) findings: Vec<FindingDocument>,
}

/// What can be wrong with a command itself.
#[derive(Debug, Error, Diagnostic)]
pub(super) enum CommandError {
    /// A folder holds no project.
    #[error("`{}` has no labwright.yaml", folder.display())]
    #[diagnostic(
        code(labwright::cli::no_project),
        help("start a project there with `labwright init {}`, or name its folder with -C", folder.display())
    )]
    NoProject {
        /// The folder.
        folder: PathBuf,
    },
    /// `LABWRIGHT_TODAY` holds no day.
    #[error("`LABWRIGHT_TODAY` is `{text}`, which is no day")]
    #[diagnostic(code(labwright::cli::bad_day), help("write it as YYYY-MM-DD"))]
    BadDay {
        /// What it holds.
        text: String,
    },
    /// The command line is wrong.
    #[error("{message}")]
    #[diagnostic(code(labwright::cli::usage), help("{help}"))]
    Usage {
        /// How.
        message: String,
        /// What to do.
        help: String,
    },
    /// A fault for the emulator is written wrongly.
    #[error("a fault that cannot be read")]
    #[diagnostic(
        code(labwright::cli::faults),
        help("`labwright emulator --help` tells how faults are written")
    )]
    Faults {
        /// All that was given.
        #[source_code]
        spec: NamedSource<String>,
        /// The part that is wrong.
        #[label("{problem}")]
        at: SourceSpan,
        /// What is wrong with it.
        problem: FaultProblem,
    },
    /// There are more problems than are shown.
    #[error("{count} more problems are not shown")]
    #[diagnostic(code(labwright::cli::more_problems), help("mend these first"))]
    MoreProblems {
        /// How many.
        count: usize,
    },
    /// Something would be overwritten.
    #[error("`{}` is already there", path.display())]
    #[diagnostic(
        code(labwright::cli::exists),
        help("init overwrites nothing: name another folder, or take the file away")
    )]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// An import would overwrite files.
    #[error("already there: {files}")]
    #[diagnostic(
        code(labwright::cli::not_over),
        help(
            "import overwrites nothing: name another folder with `--out`, or take the files away; nothing was written"
        )
    )]
    NotOver {
        /// The files.
        files: String,
    },
    /// A file is no sheet of the bulk tools.
    #[error("`{path}` cannot be converted: {why}")]
    #[diagnostic(code(labwright::cli::no_sheet), help("nothing was written"))]
    NoSheet {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Something that is to be imported is recorded already.
    #[error("{address} is recorded already")]
    #[diagnostic(
        code(labwright::cli::recorded),
        help(
            "it is managed here already, under that address; to give it another write `moved:` into the files; nothing was written"
        )
    )]
    Recorded {
        /// Where.
        address: String,
    },
    /// Another run recorded something while it was read.
    #[error("{address} was recorded by another run meanwhile")]
    #[diagnostic(
        code(labwright::cli::recorded_meanwhile),
        help("nothing was written; run the command again")
    )]
    RecordedMeanwhile {
        /// Where.
        address: String,
    },
    /// Something that is to be imported cannot be read.
    #[error("`{id}` cannot be read: {message}")]
    #[diagnostic(
        code(labwright::cli::unreadable),
        help("nothing was written; ask for the right to read it, or name a narrower scope")
    )]
    Unreadable {
        /// Its id.
        id: String,
        /// What Azure said.
        message: String,
    },
    /// The files would not say what was found.
    #[error("the files would change what was found: {addresses}")]
    #[diagnostic(
        code(labwright::cli::not_as_found),
        help(
            "`defaults` of the labwright.yaml there reach what is imported; import into a folder of its own with `--out`; nothing was written"
        )
    )]
    NotAsFound {
        /// Which resources.
        addresses: String,
    },
    /// An earlier run broke off, and import does not settle it.
    #[error("run {run} broke off")]
    #[diagnostic(code(labwright::cli::import_after), help("finish it first: {command}; nothing was written"))]
    ImportAfter {
        /// The run.
        run: u64,
        /// The command that finishes it.
        command: String,
    },
    /// A file cannot be read or written.
    #[error("cannot {doing} `{}`", path.display())]
    #[diagnostic(code(labwright::cli::file))]
    File {
        /// `read` or `write`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The system refuses something.
    #[error("cannot {doing}")]
    #[diagnostic(code(labwright::cli::system))]
    System {
        /// What.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The emulator does not start.
    #[error("the emulator does not start")]
    #[diagnostic(code(labwright::cli::emulator), help("{help}"))]
    Emulator {
        /// Why.
        source: crate::emulator::StartError,
        /// What to do.
        help: &'static str,
    },
    /// A file that should be a saved plan is none.
    #[error("`{}` is no plan that this labwright can carry out: {why}", path.display())]
    #[diagnostic(code(labwright::cli::no_plan), help("write a new one with `labwright plan --out FILE`"))]
    NoPlan {
        /// The file.
        path: PathBuf,
        /// What is the matter.
        why: String,
    },
    /// A file that is named is not there.
    #[error("there is no file `{}`", path.display())]
    #[diagnostic(code(labwright::cli::no_file), help("save a plan with `labwright plan --out FILE`"))]
    NoFile {
        /// The file.
        path: PathBuf,
    },
    /// A saved plan is not what was written.
    #[error("the plan in `{}` is not as it was saved", path.display())]
    #[diagnostic(
        code(labwright::cli::edited_plan),
        help("change the configuration and write a new one with `labwright plan --out FILE`")
    )]
    EditedPlan {
        /// The file.
        path: PathBuf,
    },
    /// A saved plan does not fit the state any more.
    #[error("the saved plan is stale: {what}")]
    #[diagnostic(code(labwright::cli::stale_plan), help("plan again, look, and apply that plan"))]
    StalePlan {
        /// Which facts changed.
        what: String,
    },
    /// A saved plan was made for something else.
    #[error("the saved plan was made for {made_for}, and this is {asked}")]
    #[diagnostic(
        code(labwright::cli::others_plan),
        help("apply it with the --env and the --var with which it was made, or plan again for this one")
    )]
    OthersPlan {
        /// What it was made for, where that differs.
        made_for: String,
        /// What is asked for.
        asked: String,
    },
    /// The record that a review is to take is part of what is reviewed.
    #[error("`{}` is in commit {holder}, so whoever wrote the change could have written it", path.display())]
    #[diagnostic(
        code(labwright::cli::committed_state),
        help("name a record that is not in git, or leave --state out: a review needs none")
    )]
    CommittedState {
        /// The file.
        path: PathBuf,
        /// The commit.
        holder: String,
    },
    /// Rules or guards refuse the plan.
    #[error("refused: {count} of the findings above {} this plan", if *count == 1 { "stops" } else { "stop" })]
    #[diagnostic(code(labwright::cli::refused), help("`labwright explain CODE` says more about each"))]
    Refused {
        /// How many.
        count: usize,
    },
    /// Azure is sure to refuse what is asked for.
    #[error("{count} {} in the way, and nothing was changed", if *count == 1 { "thing is" } else { "things are" })]
    #[diagnostic(
        code(labwright::cli::preflight),
        help("mend what stands above, then look again:\n  {command}")
    )]
    InTheWay {
        /// How many.
        count: usize,
        /// The command that looks.
        command: String,
    },
    /// Nobody can be asked.
    #[error("nobody is there to answer, and --yes is not given")]
    #[diagnostic(code(labwright::cli::not_confirmed), help("{help}"))]
    NobodyToAsk {
        /// What to do instead.
        help: &'static str,
    },
    /// The answer was not `yes`.
    #[error("not carried out: the answer was not `yes`")]
    #[diagnostic(code(labwright::cli::not_confirmed))]
    NotConfirmed,
    /// Consents are missing.
    #[error("the plan takes a consent of its own: {what}")]
    #[diagnostic(code(labwright::cli::missing_consent), help("if that is meant: {command}"))]
    MissingConsent {
        /// Which, for what.
        what: String,
        /// The command that gives them.
        command: String,
    },
    /// An earlier run broke off and could not be settled.
    #[error("run {run} broke off, and what became of {open} cannot be told yet")]
    #[diagnostic(code(labwright::cli::not_settled), help("wait a little and run the command again"))]
    NotSettled {
        /// The run.
        run: u64,
        /// Which actions are open.
        open: String,
    },
    /// Somebody asked the command to end before its run began.
    #[error("ended before anything was begun")]
    #[diagnostic(
        code(labwright::cli::left),
        help(
            "nothing was changed in Azure; what an earlier run left under way goes on in Azure, and the next command looks it up"
        )
    )]
    Left,
    /// Something named does not exist.
    #[error("there is no `{name}`")]
    #[diagnostic(code(labwright::cli::not_found), help("{help}"))]
    NotFound {
        /// What was named.
        name: String,
        /// Where to look.
        help: String,
    },
    /// Environment variables that name the Azure account are not set.
    #[error("{names} must be set to call Azure")]
    #[diagnostic(
        code(labwright::cli::credentials),
        help(
            "labwright signs in as a service principal with a secret: AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET"
        )
    )]
    Credentials {
        /// Their names.
        names: String,
    },
    /// A plan does not hold together.
    #[error("the plan does not hold together: {what}")]
    #[diagnostic(
        code(labwright::cli::broken_plan),
        help("this is a bug of labwright; nothing was changed. Please report it with the configuration")
    )]
    BrokenPlan {
        /// What does not hold.
        what: String,
    },
}

impl CommandError {
    fn exit(&self) -> Exit {
        match self {
            Self::BadDay { .. }
            | Self::Usage { .. }
            | Self::Faults { .. }
            | Self::Exists { .. }
            | Self::NotOver { .. }
            | Self::Recorded { .. }
            | Self::NotFound { .. } => Exit::Usage,
            Self::NoSheet { .. }
            | Self::NoProject { .. }
            | Self::Credentials { .. }
            | Self::MoreProblems { .. } => Exit::Configuration,
            Self::NoPlan { .. }
            | Self::NoFile { .. }
            | Self::EditedPlan { .. }
            | Self::StalePlan { .. }
            | Self::OthersPlan { .. }
            | Self::CommittedState { .. }
            | Self::Refused { .. }
            | Self::InTheWay { .. }
            | Self::NobodyToAsk { .. }
            | Self::NotConfirmed
            | Self::MissingConsent { .. } => Exit::Refused,
            Self::NotSettled { .. } | Self::ImportAfter { .. } | Self::Left => Exit::Interrupted,
            Self::RecordedMeanwhile { .. } => Exit::State,
            Self::NotAsFound { .. } => Exit::Refused,
            Self::Unreadable { .. }
            | Self::File { .. }
            | Self::System { .. }
            | Self::Emulator { .. }
            | Self::BrokenPlan { .. } => Exit::Unforeseen,
        }
    }

    /// Somebody asked the command to end, maybe in the line of a question.
    pub(super) fn left(context: &super::Context) -> Failure {
        context.printer.problem("\n");
        Self::Left.into()
    }

    /// A wrong command line.
    pub(super) fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: help.into() }
    }
}

impl Failure {
    /// A failure with one problem.
    #[must_use]
    pub(super) fn of(exit: Exit, problem: impl Diagnostic + Send + Sync + 'static) -> Self {
        Self { exit, findings: vec![finding(&problem)], reports: vec![Report::new(problem)] }
    }

    /// All that is said to people.
    #[must_use]
    pub(super) fn text(&self, look: Look) -> String {
        self.reports.iter().map(|report| diagnostic_text(report.as_ref(), look)).collect()
    }
}

/// A problem as people see it: snippet, code, help.
#[must_use]
pub(super) fn diagnostic_text(problem: &dyn Diagnostic, look: Look) -> String {
    let styles = if look.colour { ThemeStyles::ansi() } else { ThemeStyles::none() };
    let theme = GraphicalTheme { characters: ThemeCharacters::unicode(), styles };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(look.width).with_links(false);
    let mut text = String::new();
    match handler.render_report(&mut text, problem) {
        Ok(()) => crate::render::harmless(&text),
        Err(_) => crate::render::harmless(&format!("{problem}\n")),
    }
}

/// A problem as a finding; its sources follow its own words.
pub(super) fn finding(problem: &dyn Diagnostic) -> FindingDocument {
    let mut message = problem.to_string();
    let mut source = problem.source();
    while let Some(error) = source {
        message = format!("{message}: {error}");
        source = error.source();
    }
    FindingDocument {
        rule: problem.code().map_or_else(|| "labwright".to_owned(), |code| code.to_string()),
        severity: Severity::Error,
        message,
        address: None,
        source: None,
        help: problem.help().map(|help| help.to_string()),
    }
}

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Self {
        Self::of(error.exit(), error)
    }
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        Self::of(Exit::State, error)
    }
}

impl From<ArmError> for Failure {
    fn from(error: ArmError) -> Self {
        Self::of(Exit::Unforeseen, error)
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        let exit = match error {
            PlanError::Cycle { .. } => Exit::Configuration,
            PlanError::UnknownAddress { .. } => Exit::Usage,
        };
        Self::of(exit, error)
    }
}
