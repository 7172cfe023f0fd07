//! The command line as clap reads it.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::import::Scope as Scoped;
use super::printer::Colour;
use crate::emulator::{Day, FAULT_SYNTAX};
use crate::model::{Address, Allowed, AllowedWhat};

/// Keeps Azure labs as YAML: plans what differs, carries it out, remembers what it did.
#[derive(Debug, Parser)]
#[command(
    name = "labwright",
    version,
    max_term_width = 100,
    args_override_self = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = super::help::EXIT_CODES
)]
pub(super) struct Arguments {
    /// What holds for every command.
    #[command(flatten)]
    pub(super) global: Global,
    /// What to do.
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What holds for every command; before or after its name.
#[derive(Debug, Clone, Args)]
pub(super) struct Global {
    /// The project's folder.
    #[arg(short = 'C', long = "directory", value_name = "DIR", default_value = ".", global = true)]
    pub(super) directory: PathBuf,
    /// The environment of the project; also as LABWRIGHT_ENV.
    #[arg(long, value_name = "NAME", global = true)]
    pub(super) env: Option<String>,
    /// A variable of the project; also as LABWRIGHT_VAR_name.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable, global = true)]
    pub(super) variables: Vec<(String, String)>,
    /// When to use colour.
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", global = true)]
    pub(super) color: Colour,
    /// Says only results and problems.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Says more; twice: each request to Azure.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub(super) verbose: u8,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Writes a starter project that works on the emulator as it is
    Init(Init),
    /// Checks files, references and rules; no state, no network
    Validate(AnyReport),
    /// Puts the files into one form and keeps their comments
    Fmt(Fmt),
    /// Looks whether everything is there that the next apply needs: sign-in, rights, providers, sizes, cores
    Doctor(Report),
    /// Shows what would change
    Plan(Plan),
    /// Plans, asks, and carries out; or carries out a saved plan exactly
    Apply(Apply),
    /// Destroys everything that is recorded
    Destroy(Destroy),
    /// Finishes a run that broke off, as it was planned then; nobody is asked again
    Resume(Resume),
    /// Compares what is recorded with what Azure has; changes nothing, exit 2 where they differ
    Drift(Drift),
    /// Says what a change of the files would do, from git alone; no credentials, no network, no code of the change is run
    Review(Review),
    /// Writes what exists in Azure as files and records it; changes nothing in Azure
    Import(Import),
    /// Writes the vendor's bulk sheets as files
    #[command(subcommand)]
    Convert(Convert),
    /// Lists the runs that changed something: who, when, from which commit, what each did
    History(History),
    /// Shows a saved plan, or the expanded configuration
    Show(Show),
    /// Looks at what is recorded
    #[command(subcommand)]
    State(State),
    /// Draws the graph of a plan's actions
    Graph(Graph),
    /// Explains a code, or a resource: each value, the layer it comes from, and what is recorded
    Explain(Explain),
    /// Prints a JSON schema: of the configuration, or of a command's JSON
    Schema(Schema),
    /// Prints the completions of a shell
    Completions(Completions),
    /// Serves the embedded Azure for any client; needs no project
    Emulator(Emulator),
}

/// A report's format.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    #[default]
    Text,
    /// For machines: one document on stdout, whatever happens.
    Json,
}

/// A format of the reports that people and pipelines read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum AnyFormat {
    /// For people.
    #[default]
    Text,
    /// For machines: one document on stdout, whatever happens.
    Json,
    /// For a comment of a pull request; it fits into one.
    Markdown,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit XML, for readers of test results.
    Junit,
    /// Workflow commands of GitHub Actions: annotations.
    Github,
    /// Logging commands of Azure Pipelines: annotations.
    AzureDevops,
}

/// How a report that has every format is written.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct AnyReport {
    /// The report's format; the exit code is the same in each.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: AnyFormat,
    /// Writes JSON to a file beside the chosen format.
    #[arg(long, value_name = "FILE")]
    pub(super) json_into: Option<PathBuf>,
}

/// How a report is written.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Report {
    /// The report's format.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
    /// Writes JSON to a file beside the chosen format.
    #[arg(long, value_name = "FILE")]
    pub(super) json_into: Option<PathBuf>,
}

/// What a plan is about.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Scope {
    /// Reads Azure first.
    #[arg(long)]
    pub(super) refresh: bool,
    /// Only this and what it needs; repeatable.
    #[arg(long, value_name = "ADDR")]
    pub(super) target: Vec<Address>,
    /// Not this and what needs it; repeatable.
    #[arg(long, value_name = "ADDR")]
    pub(super) exclude: Vec<Address>,
}

/// `init`.
#[derive(Debug, Args)]
pub(super) struct Init {
    /// Where; the project's folder if not given.
    pub(super) folder: Option<PathBuf>,
}

/// `fmt`.
#[derive(Debug, Args)]
pub(super) struct Fmt {
    /// Writes nothing; exit 2 where a file is not in the one form.
    #[arg(long)]
    pub(super) check: bool,
}

/// `plan`.
#[derive(Debug, Args)]
pub(super) struct Plan {
    /// What about.
    #[command(flatten)]
    pub(super) scope: Scope,
    /// Saves the plan, for `labwright apply FILE`.
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Exits 2 where there is something to do.
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
    /// How it is written.
    #[command(flatten)]
    pub(super) report: AnyReport,
}

/// How a plan is carried out.
#[derive(Debug, Clone, Args)]
pub(super) struct Carry {
    /// Does not ask.
    #[arg(long, short = 'y')]
    pub(super) yes: bool,
    /// How many actions go on at once.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=512))]
    pub(super) parallelism: u16,
    /// How long to wait for another run that holds some of it: 30s, 10m.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = wait)]
    pub(super) lock_timeout: Duration,
    /// How it is written.
    #[command(flatten)]
    pub(super) report: Report,
}

/// `apply`.
#[derive(Debug, Args)]
pub(super) struct Apply {
    /// A plan saved by `plan --out`.
    #[arg(conflicts_with_all = ["target", "exclude", "refresh"])]
    pub(super) plan: Option<PathBuf>,
    /// Consents to what cannot be undone: delete, replace, shrink, republish, reexport; =N or :ADDR.
    #[arg(long, value_name = "WHAT", value_parser = allowed)]
    pub(super) allow: Vec<Allowed>,
    /// What about.
    #[command(flatten)]
    pub(super) scope: Scope,
    /// How it is carried out.
    #[command(flatten)]
    pub(super) carry: Carry,
}

/// `destroy`.
#[derive(Debug, Args)]
pub(super) struct Destroy {
    /// What about.
    #[command(flatten)]
    pub(super) scope: Scope,
    /// How it is carried out.
    #[command(flatten)]
    pub(super) carry: Carry,
}

/// `resume`.
#[derive(Debug, Args)]
pub(super) struct Resume {
    /// Which run, where several broke off.
    #[arg(value_name = "RUN")]
    pub(super) run: Option<u64>,
    /// How it is carried out.
    #[command(flatten)]
    pub(super) carry: Carry,
}

/// `drift`.
#[derive(Debug, Args)]
pub(super) struct Drift {
    /// Only this; repeatable.
    #[arg(long, value_name = "ADDR")]
    pub(super) target: Vec<Address>,
    /// How it is written.
    #[command(flatten)]
    pub(super) report: AnyReport,
}

/// `review`.
#[derive(Debug, Args)]
pub(super) struct Review {
    /// What the change is made to: a branch, a tag or a commit. Where head left it is what is compared.
    #[arg(long, value_name = "REF")]
    pub(super) base: String,
    /// The change: a branch, a tag or a commit. What is not committed is not looked at.
    #[arg(long, value_name = "REF", default_value = "HEAD")]
    pub(super) head: String,
    /// A record, for what the plan would be; without it the project's own where that is a file of this machine alone.
    #[arg(long, value_name = "FILE")]
    pub(super) state: Option<PathBuf>,
    /// Shows the canonical YAML before and after as a unified diff; a comment has it anyway.
    #[arg(long)]
    pub(super) diff: bool,
    /// Exits 2 where anything differs in meaning.
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
    /// How it is written.
    #[command(flatten)]
    pub(super) report: AnyReport,
}

/// `import`.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// A resource of the files, to be recorded as what exists under ID
    #[arg(value_name = "ADDR", requires = "id")]
    pub(super) address: Option<Address>,
    /// Its id in Azure.
    pub(super) id: Option<String>,
    /// What to write files of: a subscription, a resource group, or the id of a gallery, an image, a lab account,
    /// a lab plan or a lab.
    #[arg(long, value_name = "SCOPE", conflicts_with = "address")]
    pub(super) from: Option<Scoped>,
    /// The project's folder, where the files go; with -C, relative to that.
    #[arg(long, value_name = "DIR", conflicts_with = "address")]
    pub(super) out: Option<PathBuf>,
    /// Another Azure Resource Manager than the public one, where the folder has no labwright.yaml yet.
    #[arg(long, value_name = "URL", conflicts_with = "address")]
    pub(super) endpoint: Option<String>,
}

/// `history`.
#[derive(Debug, Args)]
pub(super) struct History {
    /// One run, to be told action by action.
    #[arg(value_name = "RUN")]
    pub(super) run: Option<u64>,
    /// How many runs are listed, the latest first.
    #[arg(long, value_name = "N", default_value_t = 20, conflicts_with = "run")]
    pub(super) limit: usize,
    /// How it is written.
    #[command(flatten)]
    pub(super) report: Report,
}

/// `convert`.
#[derive(Debug, Subcommand)]
pub(super) enum Convert {
    /// Writes the labs of a sheet of Microsoft's bulk tools as files
    Csv(Csv),
}

/// `convert csv`.
#[derive(Debug, Args)]
pub(super) struct Csv {
    /// The sheet.
    pub(super) file: PathBuf,
    /// The project's folder, where the files go; with -C, relative to that.
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
}

/// `show`.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// A plan saved by `plan --out`.
    #[arg(required_unless_present = "config", conflicts_with = "config")]
    pub(super) plan: Option<PathBuf>,
    /// The expanded configuration, as YAML.
    #[arg(long)]
    pub(super) config: bool,
    /// How it is written.
    #[command(flatten)]
    pub(super) report: Report,
}

/// `state`.
#[derive(Debug, Subcommand)]
pub(super) enum State {
    /// Lists what is recorded
    List(Report),
    /// Shows one record
    Show(StateShow),
    /// Looks at what runs have to themselves, and takes it from one that does not let go
    #[command(subcommand)]
    Lock(Lock),
}

/// `state lock`.
#[derive(Debug, Subcommand)]
pub(super) enum Lock {
    /// Lists who has which addresses to itself
    List(Report),
    /// Takes from a process what it holds; one that has ended holds nothing
    Break(Break),
}

/// `state lock break`.
#[derive(Debug, Args)]
pub(super) struct Break {
    /// The lease's id, as `state lock list` shows it.
    pub(super) id: String,
    /// Does not ask.
    #[arg(long, short = 'y')]
    pub(super) yes: bool,
}

/// `state show`.
#[derive(Debug, Args)]
pub(super) struct StateShow {
    /// Which.
    pub(super) address: Address,
    /// How it is written.
    #[command(flatten)]
    pub(super) report: Report,
}

/// `graph`.
#[derive(Debug, Args)]
pub(super) struct Graph {
    /// The picture's language.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: GraphFormat,
    /// What about.
    #[command(flatten)]
    pub(super) scope: Scope,
}

/// A picture's language.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum GraphFormat {
    /// Graphviz.
    #[default]
    Dot,
    /// Mermaid, which Markdown on many sites shows.
    Mermaid,
}

/// `explain`.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// A diagnostic's code, a rule's id such as GEO-11, or an address such as Lab/optics.
    #[arg(value_name = "CODE|ADDR")]
    pub(super) what: String,
}

/// `schema`.
#[derive(Debug, Args)]
pub(super) struct Schema {
    /// Whose: labwright (the configuration), apply, drift, findings, history, plan, review, state-list, state-lock-list, state-show.
    #[arg(default_value = "labwright")]
    pub(super) name: String,
}

/// `completions`.
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell.
    pub(super) shell: clap_complete::Shell,
}

/// The variable that lets every emulator write down what it is asked and answers: a file, or a folder.
pub(super) const RECORD: &str = "LABWRIGHT_EMULATOR_RECORD";

/// `emulator`.
#[derive(Debug, Args)]
#[command(after_long_help = super::help::marketplace_images())]
pub(super) struct Emulator {
    /// A loopback address; port 0 is any free one.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    pub(super) listen: SocketAddr,
    /// Serves HTTPS with a certificate made at each start, which its own authority signs.
    #[arg(long, conflicts_with_all = ["tls_cert", "tls_key"])]
    pub(super) tls: bool,
    /// Where the authority's certificate goes; without it, beside the data file or to a temporary file.
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub(super) tls_ca_out: Option<PathBuf>,
    /// Serves HTTPS with this certificate and its chain, PEM.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(super) tls_cert: Option<PathBuf>,
    /// The private key of that certificate, PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(super) tls_key: Option<PathBuf>,
    /// Keeps the world in this file; without it, in memory.
    #[arg(long, value_name = "FILE")]
    pub(super) data: Option<PathBuf>,
    /// The only client that gets tokens, ID:SECRET; without it, any.
    #[arg(long, value_name = "ID:SECRET", value_parser = client)]
    pub(super) client: Option<(String, String)>,
    /// The day it takes for today: on 2024-07-15 new lab accounts end, on 2027-06-28 all of Lab Services. Without it, neither
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(super) today: Option<Day>,
    /// How it tells of long-running operations; without it, as each provider documents it.
    #[arg(long, value_name = "STYLE")]
    pub(super) operations: Option<Operations>,
    /// Items on a page of a list, where the client names no number; without it 100.
    #[arg(long, value_name = "N")]
    pub(super) page_size: Option<NonZeroUsize>,
    /// Keeps ARM's limits on requests: for each caller and subscription 250 reads at once and 25 a second, 200 writes and as
    /// many deletes at once and 10 a second; beyond them it answers 429. Without it, none
    #[arg(long)]
    pub(super) throttle: bool,
    /// How fast its time goes; 1 is real time. Without it operations last some hundredths of a second.
    #[arg(long, value_name = "X")]
    pub(super) time_scale: Option<f64>,
    /// What everything random in it comes from.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) seed: u64,
    /// Faults to make, separated by blanks; repeatable. `--help` tells how they are written
    #[arg(long, value_name = "SPEC", long_help = FAULT_SYNTAX)]
    pub(super) faults: Vec<String>,
    /// Writes each request and answer to this file, or to one of its own in this folder; passwords masked.
    #[arg(long, value_name = "PATH", hide = true, env = RECORD, hide_env = true)]
    pub(super) record: Option<PathBuf>,
}

/// How the emulator tells of long-running operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Operations {
    /// By Azure-AsyncOperation, a status.
    AzureAsync,
    /// By Location, the result.
    Location,
    /// By both.
    Both,
    /// By the resource's provisioningState alone, after a PUT or PATCH.
    Body,
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("variables are given as NAME=VALUE".into()),
    }
}

fn client(text: &str) -> Result<(String, String), String> {
    match text.split_once(':') {
        Some((id, secret)) if !id.is_empty() && !secret.is_empty() => Ok((id.to_owned(), secret.to_owned())),
        _ => Err("a client is given as ID:SECRET".into()),
    }
}

/// `delete`, `delete=3`, `shrink:Lab/a`, `delete:Lab=3`.
fn allowed(text: &str) -> Result<Allowed, String> {
    let (rest, at_most) = match text.rsplit_once('=') {
        Some((rest, number)) => {
            (rest, Some(number.parse().map_err(|_| format!("`{number}` is no number of resources"))?))
        }
        None => (text, None),
    };
    let (word, on) = rest.split_once(':').map_or((rest, None), |(word, on)| (word, Some(on.to_owned())));
    let what = AllowedWhat::ALL.into_iter().find(|what| what.as_str() == word);
    let words = AllowedWhat::ALL.map(AllowedWhat::as_str).join(", ");
    let what = what.ok_or_else(|| format!("`{word}` is none of {words}"))?;
    if on.as_ref().is_some_and(String::is_empty) {
        return Err(format!("write an address after the colon, such as `{word}:Lab/optics`"));
    }
    if let Some(on) = &on {
        let kind = on.split('/').next().unwrap_or_default();
        if crate::kinds::kind(kind).is_none() {
            return Err(format!(
                "`{kind}` is no kind of resource: write `Lab` or an address such as `Lab/optics`"
            ));
        }
        let taking = crate::kinds::consented(what);
        if !taking.contains(&kind) {
            return Err(format!(
                "no consent is needed to {word} a `{kind}`: write one of {}",
                taking.join(", ")
            ));
        }
        if on.contains('/') {
            on.parse::<Address>().map_err(|error| error.to_string())?;
        }
    }
    Ok(Allowed { what, on, at_most })
}

fn wait(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "s" | "" => Some(1),
        "m" => Some(60),
        "h" => Some(3600),
        _ => None,
    };
    let seconds = factor.and_then(|factor| digits.parse::<u64>().ok()?.checked_mul(factor));
    seconds.map(Duration::from_secs).ok_or_else(|| "write it as 30s, 10m or 1h".into())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn consents_are_given_for_a_number_or_an_address() {
        let lab = Allowed { what: AllowedWhat::Shrink, on: Some("Lab/a".into()), at_most: None };
        assert_eq!(allowed("shrink:Lab/a"), Ok(lab));
        let deletes = Allowed { what: AllowedWhat::Delete, on: None, at_most: Some(3) };
        assert_eq!(allowed("delete=3"), Ok(deletes));
        assert!(
            allowed("everything").is_err() && allowed("delete=x").is_err() && allowed("delete:").is_err()
        );
        assert!(allowed("delete:Lba").is_err() && allowed("delete:Lba/a").is_err());
        assert!(allowed("delete:Lab").is_ok());
    }

    #[test]
    fn global_options_stand_before_or_after_the_command() {
        for line in ["labwright -C x plan --env prod", "labwright plan -C x --env prod"] {
            let arguments = Arguments::try_parse_from(line.split(' ')).expect("parses");
            assert_eq!(
                (arguments.global.directory.as_os_str(), arguments.global.env.as_deref()),
                ("x".as_ref(), Some("prod"))
            );
        }
    }

    #[test]
    fn a_wait_is_in_seconds_minutes_or_hours() {
        assert_eq!(wait("10m"), Ok(Duration::from_mins(10)));
        assert!(wait("soon").is_err());
    }
}
