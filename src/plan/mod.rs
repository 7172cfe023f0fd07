//! Desired and recorded to a plan: pure, total, the same bytes for the same input.
//!
//! [`plan`] is the entry point. A [`Plan`] is data: it is printed, stored, compared and carried out
//! exactly; nothing is decided while applying. No I/O, clock or randomness: `today` is an argument.

mod check;
mod diff;
mod drift;
mod existing;
mod explained;
mod graph;
mod guard;
mod make;
mod named;
mod needs;
mod records;
mod renames;
mod respelled;
mod review;
mod run;
mod schedule;
mod scope;
mod switches;
mod versions;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use check::check;
pub use diff::seen_differences;
pub use drift::{Drifted, as_seen, drift, refreshed};
pub use existing::rows as existing_rows;
pub use explained::{Explained, ExplainedAttribute, explained};
pub use guard::missing_consents;
pub use make::{Options, PlanError, plan};
pub use needs::{Needs, Rights};
pub use review::{Affected, Review, SettingChange, review, setting_changes};
pub use run::{ActionState, Event, Failure, Outcome, Run, StepUnderWay};
pub use schedule::Schedule;
pub use scope::nearest_address;

use crate::catalog::Work;
use crate::model::{
    Address, ArmId, Contents, Expectation, Finding, Identity, Read, Recorded, Row, Source, Step,
};

/// What a change does at one address.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// Nothing differs.
    Keep,
    /// It is made.
    Create,
    /// It is changed in place.
    Update,
    /// It is deleted and made anew.
    Replace,
    /// It is deleted.
    Delete,
    /// It exists and is taken into the record.
    Import,
    /// Its key changes; nothing in Azure does.
    Move,
    /// Its record is dropped; nothing in Azure changes.
    Forget,
    /// It is done rather than kept: publish, export.
    Invoke,
}

impl Verb {
    /// The word in JSON and in actions' ids.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Delete => "delete",
            Self::Import => "import",
            Self::Move => "move",
            Self::Forget => "forget",
            Self::Invoke => "invoke",
        }
    }
}

/// A plan: what differs, what will be done about it in which order, and what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[must_use]
pub struct Plan {
    /// Always 1 until the shape changes.
    pub format_version: u32,
    /// The labwright version that made it.
    pub made_by: String,
    /// What it belongs to.
    pub identity: Identity,
    /// The state's lineage; `None` where there was no state yet.
    pub lineage: Option<String>,
    /// The day it was made, `YYYY-MM-DD`; consents and countdowns are judged by it.
    pub today: String,
    /// Whether it destroys everything, which is its own consent.
    pub destroy: bool,
    /// What differs, sorted by address; keeps are only counted.
    pub changes: Vec<Change>,
    /// How many resources are as they should be.
    pub kept: usize,
    /// What is done, sorted by id; `needs` are the edges of the graph.
    pub actions: Vec<Action>,
    /// What rules and guards say, sorted.
    pub findings: Vec<Finding>,
    /// Consents the plan takes, sorted, with the ones that `policy.allow` gives marked.
    pub consents: Vec<Consent>,
    /// What must still be true of the state when the plan is applied.
    pub facts: Vec<Fact>,
    /// How long the whole takes with unlimited parallelism, in seconds.
    pub estimate_seconds: u64,
    /// The ids of the actions on the longest path, in order.
    pub critical_path: Vec<String>,
    /// What is written down before the first action without a change of anything, sorted by address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<Record>,
}

/// A row that differs from the state in nothing that is carried out: what a refresh read, what the files
/// say of order, which attributes they ignore.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Whose.
    pub address: Address,
    /// The row; `None` where it is gone from Azure.
    pub row: Option<Row>,
}

/// What differs at one address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Where.
    pub address: Address,
    /// What is done.
    pub verb: Verb,
    /// The resource's key in the files; `None` for what is not in them any more.
    pub source: Option<Source>,
    /// What differs, sorted by path.
    pub attributes: Vec<AttributeChange>,
    /// What is made or done in a few words, the most telling first; empty for any other verb.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub summary: Vec<String>,
    /// Short remarks for people: `why` of the change as a whole, one line each.
    pub notes: Vec<String>,
    /// The resource within whose creation this is counted: a first publish together with its lab.
    pub within: Option<Address>,
}

/// How one attribute differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttributeChange {
    /// Dotted path.
    pub path: String,
    /// The recorded value; `None` where there is none or it is sensitive.
    pub before: Option<Value>,
    /// The desired value; `None` where there is none or it is sensitive.
    pub after: Option<Value>,
    /// Whether the values are masked.
    pub sensitive: bool,
    /// Why it matters: `immutable`, `no longer managed`, `ignored`; `None` for a plain update.
    pub why: Option<String>,
    /// Where the value is written.
    pub source: Option<Source>,
}

/// One effect, and what it waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// `ADDRESS#part`, for example `GalleryAttachment/core#enable/java-dev`.
    pub id: String,
    /// Whose action it is.
    pub address: Address,
    /// What it does to it; a replace is a delete and a create.
    pub verb: Verb,
    /// The ids of the actions that must be done first, sorted.
    pub needs: Vec<String>,
    /// Its id in Azure.
    pub arm_id: ArmId,
    /// What must be true of the live resource before the first request.
    pub expects: Expectation,
    /// Lists that must hold nothing unknown before the first request.
    pub contents: Vec<Contents>,
    /// Reads of what labwright does not manage, and which must be there before the first request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub there: Vec<Read>,
    /// What sort of work it is, by which its duration is remembered.
    #[serde(default)]
    pub work: Work,
    /// How long it takes, in seconds: as in this project's earlier runs, else as usual on the real service.
    pub estimate_seconds: u64,
    /// Its requests, in order.
    pub steps: Vec<Step>,
    /// What was recorded when the plan was made; `AsRecorded` compares the live resource with it.
    pub recorded: Option<Row>,
}

/// A consent that a plan takes beside `--yes`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Consent {
    /// To what: `delete`, `replace`, `shrink`, `republish`, `reexport`.
    pub what: crate::model::AllowedWhat,
    /// For which resource.
    pub address: Address,
    /// Where `policy.allow` gives it; `None` where it is missing.
    pub given: Option<Source>,
}

/// Something that must still be so when a saved plan is applied.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fact {
    /// A resource that the plan changes or reads.
    pub address: Address,
    /// The digest of its row; `None` where nothing was recorded.
    pub digest: Option<String>,
}

/// How many resources get which verb.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Summary {
    /// Made.
    pub create: usize,
    /// Changed in place.
    pub update: usize,
    /// Deleted and made anew.
    pub replace: usize,
    /// Deleted.
    pub delete: usize,
    /// Done rather than kept; a first publish within its lab's creation is not counted.
    pub invoke: usize,
    /// Taken into the record.
    pub import: usize,
    /// Renamed.
    #[serde(rename = "move")]
    pub moved: usize,
    /// Dropped from the record.
    pub forget: usize,
    /// As they should be.
    pub keep: usize,
}

impl Plan {
    /// How many resources get which verb.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut summary = Summary { keep: self.kept, ..Summary::default() };
        for change in self.changes.iter().filter(|change| change.within.is_none()) {
            match change.verb {
                Verb::Keep => {}
                Verb::Create => summary.create += 1,
                Verb::Update => summary.update += 1,
                Verb::Replace => summary.replace += 1,
                Verb::Delete => summary.delete += 1,
                Verb::Import => summary.import += 1,
                Verb::Move => summary.moved += 1,
                Verb::Forget => summary.forget += 1,
                Verb::Invoke => summary.invoke += 1,
            }
        }
        summary
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The action with this id.
    #[must_use]
    pub fn action(&self, id: &str) -> Option<&Action> {
        self.actions.binary_search_by(|action| action.id.as_str().cmp(id)).ok().map(|at| &self.actions[at])
    }

    /// What is recorded once its [`records`](Self::records) are written.
    pub fn record_in(&self, recorded: &mut Recorded) {
        for Record { address, row } in &self.records {
            match row {
                Some(row) => drop(recorded.rows.insert(address.clone(), row.clone())),
                None => drop(recorded.rows.remove(address)),
            }
        }
    }

    /// The addresses that the plan changes.
    #[must_use]
    pub fn changed(&self) -> BTreeSet<&Address> {
        self.changes.iter().map(|change| &change.address).collect()
    }
}
