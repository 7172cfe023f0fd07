//! JSON for machines: types of its own, so that inner types may change and the contract does not.
//!
//! Every command with `--format json` writes exactly one of these documents, whether it succeeds or
//! not. `format_version` grows when a field changes its meaning or goes; new fields may come.

mod review;

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::Value;

use super::{AttributeView, ChangeView, DriftChange, DriftView, PlanView, RunView};
use crate::model::{Address, Advice, ArmId, Check, Finding, RunOutcome, Severity, Source, Verdict};
use crate::plan::{Action, Outcome, Summary, Verb};
use crate::render::terminal::pasted;
use crate::render::{Counts, PastRun};

pub use review::{
    AffectedDocument, ConsentDocument, EnvironmentDocument, RecordedDocument, ReviewActionDocument,
    ReviewChangeDocument, ReviewDocument, ReviewFindingDocument, SettingDocument, Since,
};

/// The shape's version in every document.
pub const FORMAT_VERSION: u32 = 1;

/// What `plan` and a refused or failed command that plans say.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct PlanDocument {
    /// Version of this shape.
    pub format_version: u32,
    /// The command: `plan`, `apply`, `destroy`, `drift`, `show`.
    pub command: String,
    /// The process's exit code.
    pub exit_code: u8,
    /// How many resources get which verb.
    pub summary: Summary,
    /// What differs, sorted by address.
    pub changes: Vec<ChangeDocument>,
    /// What is done, sorted by id.
    pub actions: Vec<ActionDocument>,
    /// What rules, guards and the files' reader say.
    pub findings: Vec<FindingDocument>,
    /// Costs; null until they are computed.
    pub cost: Option<BTreeMap<String, Value>>,
    /// The usual duration of the whole on Azure with unlimited parallelism, in seconds.
    pub estimate_seconds: u64,
    /// The ids of the actions on the longest path, in order.
    pub critical_path: Vec<String>,
}

/// What `apply` and `destroy` say: the plan, and the run that carried it out.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct RunDocument {
    /// The plan.
    #[serde(flatten)]
    pub plan: PlanDocument,
    /// The run; null where none was begun.
    pub run: Option<RunPart>,
}

/// One carrying-out of a plan.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RunPart {
    /// The run's number, counted from 1 in each state; null where there was nothing to do.
    pub id: Option<u64>,
    /// How each action came out, sorted by id.
    pub actions: Vec<OutcomeDocument>,
}

/// What `history` says.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct HistoryDocument {
    /// Version of this shape.
    pub format_version: u32,
    /// Runs, the latest first; one where one is asked for.
    pub runs: Vec<PastRunDocument>,
}

/// A run that is over, or under way.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PastRunDocument {
    /// Its number, counted from 1 in each state.
    pub id: u64,
    /// The command: `apply`, `destroy`, `import`.
    pub command: String,
    /// When it began, RFC 3339 in UTC.
    pub started: String,
    /// How long it took in seconds, until it last wrote anything where it broke off; null where it wrote nothing.
    pub seconds: Option<u64>,
    /// Who started it, where the environment said so.
    pub by: Option<String>,
    /// The host's name.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// The commit of the files' repository, where there is one.
    pub commit: Option<String>,
    /// `done`, `incomplete`, or `settled` by a later run; null where it broke off or is still under way.
    pub outcome: Option<String>,
    /// Whether a process is alive that carries it out.
    pub under_way: bool,
    /// How many resources came out how.
    pub summary: Counts,
    /// How many resources were only recorded, before any action: by an import or a refresh.
    pub records: usize,
    /// How each action came out, sorted by id; null in a list.
    pub actions: Option<Vec<OutcomeDocument>>,
}

/// What `state lock list` says.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LocksDocument {
    /// Version of this shape.
    pub format_version: u32,
    /// What processes that are alive have to themselves, the oldest first.
    pub locks: Vec<LeaseDocument>,
}

/// What one process has to itself.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LeaseDocument {
    /// The id by which it is broken.
    pub id: String,
    /// The host's name.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// Since when, milliseconds since 1970.
    pub since_ms: u64,
    /// The command: `apply`, `destroy`.
    pub command: String,
    /// The run that it carries out; null before it has begun one.
    pub run: Option<u64>,
    /// The addresses that nobody else may change or rest on, sorted.
    pub changes: Vec<String>,
    /// The addresses that nobody else may change, sorted.
    pub reads: Vec<String>,
}

/// What `drift` says: as a plan, with changes of the verb `drift`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DriftDocument {
    /// Version of this shape.
    pub format_version: u32,
    /// `drift`.
    pub command: String,
    /// The process's exit code: 2 where anything drifted.
    pub exit_code: u8,
    /// How many resources are gone and how many changed.
    pub summary: DriftSummary,
    /// What differs, sorted by address.
    pub changes: Vec<DriftChangeDocument>,
    /// Always empty: drift changes nothing.
    pub actions: Vec<ActionDocument>,
    /// What there is to say besides.
    pub findings: Vec<FindingDocument>,
    /// Always null.
    pub cost: Option<BTreeMap<String, Value>>,
    /// Always 0.
    pub estimate_seconds: u64,
    /// Always empty.
    pub critical_path: Vec<String>,
}

/// How much drifted.
#[derive(Debug, Clone, Copy, Default, Serialize, JsonSchema)]
pub struct DriftSummary {
    /// Recorded and not in Azure any more.
    pub gone: usize,
    /// In Azure with other values.
    pub changed: usize,
    /// The verbs of a plan; all 0 but `keep`, what was read and is as recorded.
    #[serde(flatten)]
    pub verbs: Summary,
}

/// What `validate` and `doctor` say, and every command that fails before it has something else to say.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct FindingsDocument {
    /// Version of this shape.
    pub format_version: u32,
    /// The command.
    pub command: String,
    /// The process's exit code.
    pub exit_code: u8,
    /// Every problem and remark.
    pub findings: Vec<FindingDocument>,
}

/// What `state list` says.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StateDocument {
    /// Version of this shape.
    pub format_version: u32,
    /// A UUID given to the state when it was made; null where there is no state yet.
    pub lineage: Option<String>,
    /// Grows by one with each commit that changes a record.
    pub serial: u64,
    /// What is recorded, sorted by address.
    pub resources: Vec<ResourceDocument>,
}

/// One recorded resource.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ResourceDocument {
    /// Its address.
    pub address: String,
    /// Its kind.
    pub kind: String,
    /// Its id in Azure.
    pub arm_id: String,
    /// Whether deleting it is refused.
    pub protect: bool,
}

/// What `state show` says.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RecordDocument {
    /// Version of this shape.
    pub format_version: u32,
    /// Its address.
    pub address: String,
    /// Its kind.
    pub kind: String,
    /// Its id in Azure.
    pub arm_id: String,
    /// Whether deleting it is refused.
    pub protect: bool,
    /// The managed attributes; secrets are references.
    pub attributes: BTreeMap<String, Value>,
    /// What Azure set.
    pub outputs: BTreeMap<String, Value>,
    /// The addresses that it refers to or depends on, sorted.
    pub depends_on: Vec<String>,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SourceDocument {
    /// Relative to the project's root, with `/`.
    pub file: String,
    /// Counted from 1.
    pub line: u32,
    /// In characters, counted from 1.
    pub column: u32,
}

/// One change.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ChangeDocument {
    /// Where.
    pub address: String,
    /// What is done.
    pub verb: Verb,
    /// The resource's key; null for what is not in the files any more.
    pub source: Option<SourceDocument>,
    /// What differs, sorted by path.
    pub attributes: Vec<AttributeDocument>,
}

/// One resource that is not as recorded.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DriftChangeDocument {
    /// Where.
    pub address: String,
    /// Always `drift`.
    pub verb: DriftVerb,
    /// Whether it is gone from Azure.
    pub gone: bool,
    /// The resource's key; null for what is not in the files.
    pub source: Option<SourceDocument>,
    /// What differs, `before` as recorded and `after` as in Azure; empty where it is gone.
    pub attributes: Vec<AttributeDocument>,
}

/// The one verb of drift.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DriftVerb {
    /// Recorded and observed differ.
    Drift,
}

/// One attribute that differs.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AttributeDocument {
    /// Dotted.
    pub path: String,
    /// The recorded value; null where there is none or it is sensitive.
    pub before: Option<Value>,
    /// The desired value; null where there is none or it is sensitive.
    pub after: Option<Value>,
    /// Whether the values are masked.
    pub sensitive: bool,
    /// Why it matters: `immutable`, `no longer managed`; null for a plain change.
    pub why: Option<String>,
    /// Where the value is written.
    pub source: Option<SourceDocument>,
}

/// One action.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ActionDocument {
    /// `ADDRESS#part`.
    pub id: String,
    /// Whose action it is.
    pub address: String,
    /// What it does.
    pub verb: Verb,
    /// The ids of what must be done before, sorted.
    pub needs: Vec<String>,
    /// The usual duration on Azure, in seconds.
    pub estimate_seconds: u64,
}

/// How one action came out.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct OutcomeDocument {
    /// `ADDRESS#part`.
    pub id: String,
    /// Whose action it was.
    pub address: String,
    /// What it did.
    pub verb: Verb,
    /// How it came out.
    pub outcome: Outcome,
    /// Why it failed, Azure's code first; null where it did not.
    pub error: Option<String>,
}

/// One thing that is said of the files or the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FindingDocument {
    /// A rule's id, a guard's name or a diagnostic's code.
    pub rule: String,
    /// Its weight.
    pub severity: Severity,
    /// What is the matter.
    pub message: String,
    /// The resource it speaks of.
    pub address: Option<String>,
    /// Where that is written.
    pub source: Option<SourceDocument>,
    /// What to do next.
    pub help: Option<String>,
}

impl PlanDocument {
    /// The document of a command that came to no plan.
    #[must_use]
    pub fn without_plan(command: &str, exit_code: u8, findings: Vec<FindingDocument>) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            command: command.to_owned(),
            exit_code,
            findings,
            ..Self::default()
        }
    }

    /// The document of a plan.
    #[must_use]
    pub fn new(command: &str, exit_code: u8, view: &PlanView<'_>) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            command: command.to_owned(),
            exit_code,
            summary: view.summary,
            changes: view.changes().into_iter().map(ChangeDocument::from).collect(),
            actions: view.plan.actions.iter().map(ActionDocument::from).collect(),
            findings: view.remarks.iter().chain(view.findings.iter().copied()).map(Into::into).collect(),
            cost: None,
            estimate_seconds: view.plan.estimate_seconds,
            critical_path: view.plan.critical_path.clone(),
        }
    }
}

impl RunDocument {
    /// A document without a run: nothing to do, refused, or failed before.
    #[must_use]
    pub fn not_run(plan: PlanDocument) -> Self {
        Self { plan, run: None }
    }

    /// The document of a plan and its run.
    #[must_use]
    pub fn new(plan: PlanDocument, run: &RunView<'_>) -> Self {
        Self { plan, run: Some(RunPart { id: run.id, actions: outcomes(run) }) }
    }
}

fn outcomes(run: &RunView<'_>) -> Vec<OutcomeDocument> {
    let outcome = |fate: &super::Fate<'_>| OutcomeDocument {
        id: fate.action.id.clone(),
        address: fate.action.address.to_string(),
        verb: fate.action.verb,
        outcome: fate.outcome,
        error: fate.failure.as_ref().map(|failure| format!("{}: {}", failure.code, failure.message)),
    };
    run.fates.iter().map(outcome).collect()
}

/// A run that is over, with or without its actions.
#[must_use]
pub fn past_run(run: &PastRun<'_>, with_actions: bool) -> PastRunDocument {
    let PastRun { header, started, seconds, is_under_way, view } = run;
    let outcome = header.outcome.map(|outcome| match outcome {
        RunOutcome::Done => "done",
        RunOutcome::Incomplete => "incomplete",
        RunOutcome::Settled => "settled",
    });
    PastRunDocument {
        id: header.id,
        command: header.command.clone(),
        started: started.clone(),
        seconds: *seconds,
        by: header.by.clone(),
        host: header.host.clone(),
        pid: header.pid,
        commit: header.commit.clone(),
        under_way: *is_under_way,
        outcome: outcome.map(str::to_owned),
        summary: view.counts,
        records: run.records(),
        actions: with_actions.then(|| outcomes(view)),
    }
}

impl DriftDocument {
    /// The document of drift.
    #[must_use]
    pub fn new(exit_code: u8, view: &DriftView<'_>) -> Self {
        let (gone, changed) = view.counts();
        let verbs = Summary { keep: view.read.saturating_sub(gone + changed), ..Summary::default() };
        Self {
            summary: DriftSummary { gone, changed, verbs },
            changes: view.changes.iter().map(DriftChangeDocument::from).collect(),
            ..Self::failed(exit_code, view.remarks.iter().chain(&view.unread).map(Into::into).collect())
        }
    }

    /// The document of a command that failed before it knew of drift.
    #[must_use]
    pub fn failed(exit_code: u8, findings: Vec<FindingDocument>) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            command: "drift".into(),
            exit_code,
            summary: DriftSummary::default(),
            changes: Vec::new(),
            actions: Vec::new(),
            findings,
            cost: None,
            estimate_seconds: 0,
            critical_path: Vec::new(),
        }
    }
}

impl FindingsDocument {
    /// The document of a command that has nothing but findings to say.
    #[must_use]
    pub fn new(command: &str, exit_code: u8, findings: Vec<FindingDocument>) -> Self {
        Self { format_version: FORMAT_VERSION, command: command.to_owned(), exit_code, findings }
    }
}

impl From<&Source> for SourceDocument {
    fn from(source: &Source) -> Self {
        let Source { file, line, column } = source;
        Self { file: file.to_string(), line: *line, column: *column }
    }
}

impl From<&ChangeView<'_>> for ChangeDocument {
    fn from(change: &ChangeView<'_>) -> Self {
        let ChangeView {
            address,
            verb,
            source,
            attributes,
            summary: _,
            waits_for: _,
            seconds: _,
            notes: _,
            within: _,
        } = change;
        Self {
            address: address.clone(),
            verb: *verb,
            source: source.map(Into::into),
            attributes: attributes.iter().map(Into::into).collect(),
        }
    }
}

impl From<&DriftChange<'_>> for DriftChangeDocument {
    fn from(change: &DriftChange<'_>) -> Self {
        let DriftChange { address, gone, source, attributes } = change;
        Self {
            address: address.clone(),
            verb: DriftVerb::Drift,
            gone: *gone,
            source: source.as_ref().map(Into::into),
            attributes: attributes.iter().map(Into::into).collect(),
        }
    }
}

impl From<&AttributeView<'_>> for AttributeDocument {
    fn from(attribute: &AttributeView<'_>) -> Self {
        let AttributeView { path, before, after, sensitive, why, source } = attribute;
        Self {
            path: path.clone(),
            before: before.cloned(),
            after: after.cloned(),
            sensitive: *sensitive,
            why: why.map(str::to_owned),
            source: source.map(Into::into),
        }
    }
}

impl From<&Action> for ActionDocument {
    fn from(action: &Action) -> Self {
        Self {
            id: action.id.clone(),
            address: action.address.to_string(),
            verb: action.verb,
            needs: action.needs.clone(),
            estimate_seconds: action.estimate_seconds,
        }
    }
}

impl From<&Finding> for FindingDocument {
    fn from(finding: &Finding) -> Self {
        let Finding { rule, severity, message, address, source, help } = finding;
        Self {
            rule: rule.clone(),
            severity: *severity,
            message: message.clone(),
            address: address.as_ref().map(Address::to_string),
            source: source.as_ref().map(Into::into),
            help: help.clone(),
        }
    }
}

impl From<&Check> for FindingDocument {
    fn from(check: &Check) -> Self {
        let Check { subject, verdict, detail, advice } = check;
        let help = advice.as_ref().map(|Advice { who, commands }| {
            let commands: Vec<_> = commands.iter().map(|command| pasted(command)).collect();
            if commands.is_empty() { who.clone() } else { format!("{who}: {}", commands.join("; ")) }
        });
        let severity = match verdict {
            Verdict::Good => Severity::Info,
            Verdict::Unknown | Verdict::Doubtful => Severity::Warning,
            Verdict::Bad => Severity::Error,
        };
        let message = format!("{subject}: {detail}");
        Self { rule: "preflight".into(), severity, message, address: None, source: None, help }
    }
}

impl ResourceDocument {
    /// One line of `state list`.
    #[must_use]
    pub fn new(address: &Address, arm_id: &ArmId, protect: bool) -> Self {
        Self {
            address: address.to_string(),
            kind: address.kind().to_owned(),
            arm_id: arm_id.to_string(),
            protect,
        }
    }
}

/// The text of a document: indented, ended by a line break.
///
/// # Panics
/// Never: the documents hold nothing that JSON cannot.
#[must_use]
pub fn text(document: &impl Serialize) -> String {
    serde_json::to_string_pretty(document).expect("our own types serialise") + "\n"
}

/// Every schema of an output: its name and the schema itself, sorted by name.
#[must_use]
pub fn schemas() -> Vec<(&'static str, Schema)> {
    let schema = |name, schema: Schema| (name, schema);
    vec![
        schema("apply", schemars::schema_for!(RunDocument)),
        schema("drift", schemars::schema_for!(DriftDocument)),
        schema("findings", schemars::schema_for!(FindingsDocument)),
        schema("history", schemars::schema_for!(HistoryDocument)),
        schema("plan", schemars::schema_for!(PlanDocument)),
        schema("review", schemars::schema_for!(ReviewDocument)),
        schema("state-list", schemars::schema_for!(StateDocument)),
        schema("state-lock-list", schemars::schema_for!(LocksDocument)),
        schema("state-show", schemars::schema_for!(RecordDocument)),
    ]
}
