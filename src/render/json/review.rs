//! What `review` says as JSON.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{ActionDocument, ChangeDocument, FORMAT_VERSION, FindingDocument, SourceDocument};
use crate::plan::Summary;
use crate::render::{ChangeView, EnvironmentReview, Heading, ReviewView};

/// What `review` says: the shape of a plan over every environment, and each environment by itself.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct ReviewDocument {
    /// Version of this shape.
    pub format_version: u32,
    /// `review`.
    pub command: String,
    /// The process's exit code.
    pub exit_code: u8,
    /// The full id of the commit that is compared with; null where there was no comparison.
    pub base: Option<String>,
    /// The full id of the commit that is looked at; null where there was no comparison.
    pub head: Option<String>,
    /// What a reader should know first, in a sentence or two.
    pub headline: String,
    /// How many resources get which verb, over all environments.
    pub summary: Summary,
    /// Settings of the project that differ, the gravest first.
    pub settings: Vec<SettingDocument>,
    /// What differs, by environment, then by address.
    pub changes: Vec<ReviewChangeDocument>,
    /// What would be done, by environment, then by id.
    pub actions: Vec<ReviewActionDocument>,
    /// What is said of the comparison, of head's files, and by rules and guards.
    pub findings: Vec<ReviewFindingDocument>,
    /// Costs; null until they are computed.
    pub cost: Option<BTreeMap<String, Value>>,
    /// Where the labs would run; null until it is computed.
    pub placement: Option<BTreeMap<String, Value>>,
    /// The usual duration of the longest environment on Azure, in seconds.
    pub estimate_seconds: u64,
    /// The ids of the actions on that environment's longest path, in order.
    pub critical_path: Vec<String>,
    /// Each environment by itself; alike ones as one.
    pub environments: Vec<EnvironmentDocument>,
}

/// One setting that differs.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SettingDocument {
    /// Dotted.
    pub path: String,
    /// What it was; null where it was not written.
    pub before: Option<Value>,
    /// What it will be; null where it is not written.
    pub after: Option<Value>,
    /// What follows.
    pub why: String,
    /// Where it is written; where it was, when it goes.
    pub source: SourceDocument,
}

/// One change of an environment.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ReviewChangeDocument {
    /// The environments that it is a change of; empty in a project without any.
    pub environments: Vec<String>,
    /// The change as in a plan; of the verb `keep` where it is not carried out by itself.
    #[serde(flatten)]
    pub change: ChangeDocument,
    /// What it means, one remark each: what is lost, what stays.
    pub notes: Vec<String>,
    /// Whether data or something irreplaceable is lost.
    pub cannot_be_undone: bool,
    /// The labs that rest on it.
    pub affected: AffectedDocument,
    /// The usual duration of its own actions, in seconds.
    pub estimate_seconds: u64,
}

/// Labs, and the VMs that they have at most.
#[derive(Debug, Clone, Copy, Default, Serialize, JsonSchema)]
pub struct AffectedDocument {
    /// How many labs.
    pub labs: usize,
    /// How many VMs of students, the higher number of before and after.
    pub seats: u64,
    /// How many of them the base has published: they hold what students left there.
    pub published: u64,
}

/// One action of an environment.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ReviewActionDocument {
    /// The environments that it is an action of.
    pub environments: Vec<String>,
    /// The action as in a plan.
    #[serde(flatten)]
    pub action: ActionDocument,
}

/// One finding, and whether it is of this change.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ReviewFindingDocument {
    /// The environments that it is a finding of; empty where it is of the comparison itself.
    pub environments: Vec<String>,
    /// The finding as in a plan.
    #[serde(flatten)]
    pub finding: FindingDocument,
    /// What it has to do with this change.
    pub since: Since,
}

/// What a finding has to do with a change of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Since {
    /// It comes with the change.
    New,
    /// It was there before.
    Standing,
    /// It goes with the change.
    Mended,
}

/// One environment by itself.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct EnvironmentDocument {
    /// Their names; empty in a project without environments.
    pub environments: Vec<String>,
    /// How many resources get which verb.
    pub summary: Summary,
    /// The usual duration of the whole on Azure with unlimited parallelism, in seconds.
    pub estimate_seconds: u64,
    /// The ids of the actions on the longest path, in order.
    pub critical_path: Vec<String>,
    /// The consents that neither the files nor anybody gave.
    pub missing_consents: Vec<ConsentDocument>,
    /// What the plan would be over what is recorded; null without a record.
    pub recorded: Option<RecordedDocument>,
    /// The canonical YAML of what differs as a unified diff; null where it is not asked for, or too long to be read.
    pub diff: Option<String>,
}

/// Consents of one sort.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ConsentDocument {
    /// To what: `delete`, `replace`, `shrink`, `republish`, `reexport`.
    pub what: String,
    /// For which resources.
    pub addresses: Vec<String>,
}

/// What the plan over what is recorded comes to.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RecordedDocument {
    /// The plan's last line.
    pub summary: String,
    /// How many of its findings stop it.
    pub errors: usize,
    /// What it changes beside what the review shows, sorted.
    pub besides: Vec<String>,
    /// What the review shows and it does not do, sorted.
    pub without: Vec<String>,
}

impl ReviewDocument {
    /// The document of a review that failed before it could compare.
    #[must_use]
    pub fn failed(exit_code: u8, findings: Vec<FindingDocument>) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            command: "review".into(),
            exit_code,
            findings: findings.into_iter().map(of_nobody).collect(),
            ..Self::default()
        }
    }

    /// The document of a review.
    #[must_use]
    pub fn new(exit_code: u8, view: &ReviewView<'_>) -> Self {
        let mut document = Self {
            base: Some(view.range.base.clone()),
            head: Some(view.range.head.clone()),
            headline: view.headline(),
            settings: view.settings.iter().map(SettingDocument::from).collect(),
            ..Self::failed(exit_code, view.problems.clone())
        };
        document.findings.extend(view.remarks.iter().map(|remark| of_nobody(remark.into())));
        for own in &view.environments {
            document.add(own);
        }
        document
    }

    fn add(&mut self, own: &EnvironmentReview<'_>) {
        let plan = own.plan.plan;
        self.summary = sum(self.summary, own.plan.summary);
        let mut changes: Vec<_> =
            own.noted.iter().map(|change| change_document(change, own, false)).collect();
        for section in &own.plan.sections {
            let is_grave = section.heading == Heading::CannotBeUndone;
            changes.extend(section.changes.iter().map(|change| change_document(change, own, is_grave)));
        }
        changes.sort_by(|a, b| a.change.address.cmp(&b.change.address));
        self.changes.extend(changes);
        self.actions.extend(
            plan.actions.iter().map(|action| ReviewActionDocument {
                environments: own.names.clone(),
                action: action.into(),
            }),
        );
        let found = |since: Since| {
            move |finding: &crate::model::Finding| ReviewFindingDocument {
                environments: own.names.clone(),
                finding: finding.into(),
                since,
            }
        };
        self.findings.extend(own.broken.iter().copied().map(found(Since::New)));
        self.findings.extend(own.standing.iter().copied().map(found(Since::Standing)));
        self.findings.extend(own.review.mended.iter().map(found(Since::Mended)));
        if plan.estimate_seconds > self.estimate_seconds {
            self.estimate_seconds = plan.estimate_seconds;
            self.critical_path = plan.critical_path.clone();
        }
        self.environments.push(EnvironmentDocument::from(own));
    }
}

fn of_nobody(finding: FindingDocument) -> ReviewFindingDocument {
    ReviewFindingDocument { environments: Vec::new(), finding, since: Since::New }
}

fn change_document(
    change: &ChangeView<'_>,
    own: &EnvironmentReview<'_>,
    cannot_be_undone: bool,
) -> ReviewChangeDocument {
    let affected = own.affected(&change.address).unwrap_or_default();
    ReviewChangeDocument {
        environments: own.names.clone(),
        change: change.into(),
        notes: change.notes.clone(),
        cannot_be_undone,
        affected: AffectedDocument {
            labs: affected.labs,
            seats: affected.seats,
            published: affected.published,
        },
        estimate_seconds: change.seconds,
    }
}

/// Adds two summaries; a field that comes must be added here, so none is left out.
fn sum(one: Summary, other: Summary) -> Summary {
    let Summary { create, update, replace, delete, invoke, import, moved, forget, keep } = other;
    Summary {
        create: one.create + create,
        update: one.update + update,
        replace: one.replace + replace,
        delete: one.delete + delete,
        invoke: one.invoke + invoke,
        import: one.import + import,
        moved: one.moved + moved,
        forget: one.forget + forget,
        keep: one.keep + keep,
    }
}

impl From<&crate::render::SettingView<'_>> for SettingDocument {
    fn from(setting: &crate::render::SettingView<'_>) -> Self {
        let crate::render::SettingView { path, before, after, why, source } = setting;
        Self {
            path: path.clone(),
            before: before.cloned(),
            after: after.cloned(),
            why: (*why).to_owned(),
            source: (*source).into(),
        }
    }
}

impl From<&EnvironmentReview<'_>> for EnvironmentDocument {
    fn from(own: &EnvironmentReview<'_>) -> Self {
        let consent = |missing: &crate::render::MissingConsent| ConsentDocument {
            what: missing.what.as_str().to_owned(),
            addresses: missing.addresses.clone(),
        };
        let recorded = own.recorded.as_ref().map(|recorded| RecordedDocument {
            summary: recorded.summary.clone(),
            errors: recorded.errors,
            besides: recorded.besides.clone(),
            without: recorded.without.clone(),
        });
        Self {
            environments: own.names.clone(),
            summary: own.plan.summary,
            estimate_seconds: own.plan.plan.estimate_seconds,
            critical_path: own.plan.plan.critical_path.clone(),
            missing_consents: own.plan.missing.iter().map(consent).collect(),
            recorded,
            diff: own.unified(),
        }
    }
}
