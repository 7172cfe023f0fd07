//! One file for each kind of resource, and the registry from which everything else derives.
//!
//! A kind is a table of [`Attribute`]s (reading YAML, diffing, schemas and documentation derive from
//! it) and the pure functions that need more than a table: where it lives in Azure, which requests
//! make, change and remove it, and how an answer reads back. Nothing here performs anything.
//!
//! **A new kind** is a file with a `static` that implements [`Kind`] and a line in [`KINDS`].

mod arm;
mod export;
mod gallery;
mod gallery_attachment;
mod generation;
mod image;
mod image_version;
mod lab;
mod lab_account;
mod lab_plan;
pub mod listing;
mod profiles;
mod publish;
mod resource_group;
mod schedule;
mod shape;
mod view;
mod words;

use std::collections::BTreeSet;

use serde_json::Value;

pub use schedule::{WEEK, findings as schedule_findings};
pub use shape::{
    Attribute, MANAGED_BY_ALL, OnChange, Reference, Shape, TextRule, iso_duration, parse_duration,
    reference_id, reference_key, reference_text,
};
pub use view::{Links, Names, View};

use crate::catalog::Work;
use crate::model::{
    Address, AllowedWhat, ArmId, Attributes, Contents, Expectation, Finding, Observed, Read, Requirement,
    Resource, Row, Step,
};

/// Every kind, in the order in which one refers to the ones before it.
pub static KINDS: &[&dyn Kind] = &[
    &resource_group::ResourceGroup,
    &gallery::Gallery,
    &image::Image,
    &image_version::ImageVersion,
    &lab_account::LabAccount,
    &lab_plan::LabPlan,
    &gallery_attachment::GalleryAttachment,
    &lab::Lab,
    &schedule::Schedule,
    &publish::Publish,
    &export::Export,
];

/// Kinds and sections that the language names and that are not built yet: refused by name.
///
/// Shape: kind, section of the files (empty where it has none).
pub static LATER: &[(&str, &str)] =
    &[("Roster", ""), ("DevTestLab", "devTestLabs"), ("RoleAssignment", "roleAssignments")];

/// The kind with this name.
#[must_use]
pub fn kind(name: &str) -> Option<&'static dyn Kind> {
    KINDS.iter().copied().find(|kind| kind.info().name == name)
}

/// The names of the kinds whose changes take a consent of this sort.
#[must_use]
pub fn consented(what: AllowedWhat) -> Vec<&'static str> {
    match what {
        AllowedWhat::Delete | AllowedWhat::Replace => KINDS
            .iter()
            .map(|kind| kind.info())
            .filter(|info| info.holds_data)
            .map(|info| info.name)
            .collect(),
        AllowedWhat::Shrink => vec!["Lab"],
        AllowedWhat::Republish => vec!["Publish"],
        AllowedWhat::Reexport => vec!["Export"],
    }
}

/// The kind that an address names.
///
/// # Panics
/// On an address of a kind that does not exist: addresses are checked where they are read.
#[must_use]
pub fn kind_of(address: &Address) -> &'static dyn Kind {
    kind(address.kind()).unwrap_or_else(|| panic!("{address} is of a kind that exists"))
}

/// What is true of every resource of a kind.
#[derive(Debug)]
pub struct KindInfo {
    /// The word in addresses: `Lab`.
    pub name: &'static str,
    /// The section of the files its resources stand in; empty for a child, which stands in its parent's block.
    pub section: &'static str,
    /// The type in ARM.
    pub arm_type: &'static str,
    /// One sentence for schemas and completions.
    pub doc: &'static str,
    /// What a user writes, beside [`MANAGED_BY_ALL`].
    pub attributes: &'static [Attribute],
    /// The rule of the kind's names in Azure; `None` where the name is not the user's.
    pub name_rule: Option<TextRule>,
    /// Whether deleting or replacing one loses data or something that cannot be had again (design: consent).
    pub holds_data: bool,
    /// The rules that look at one, by id.
    pub rules: &'static [&'static str],
    /// Whether it is done rather than kept: its one managed attribute is `revision`, its verb invoke.
    pub invoked: bool,
}

impl KindInfo {
    /// The attribute with this name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }
}

/// One kind of resource.
///
/// Every function is pure and total over attributes in normal form. `address` is always of this kind.
pub trait Kind: Sync {
    /// What is true of every resource of the kind.
    fn info(&self) -> &'static KindInfo;

    /// The types in ARM that one of its resources may have.
    fn arm_types(&self) -> Vec<&'static str> {
        vec![self.info().arm_type]
    }

    /// Why a resource cannot have this attribute beside others that it has; `None` where it can.
    ///
    /// A value of `defaults` is left out then, before it is read: what is not meant for a resource need not be whole.
    fn cannot_have(&self, _name: &str, _has: &dyn Fn(&str) -> bool) -> Option<Misfit> {
        None
    }

    /// Leaves out what the resource as a whole cannot have, and says what of it does not fit together, whatever else
    /// there is. Called once for each desired resource, as it is read.
    fn settle(&self, _own: &mut Resource) -> Vec<Problem> {
        Vec::new()
    }

    /// Fills in what follows from other resources and says what does not fit together.
    ///
    /// Called once for each desired resource, in the order of [`KINDS`], so that what `view` shows of
    /// the kinds before this one is complete. Attributes marked [`OnChange::Inherited`] are dropped
    /// afterwards by the caller, when all kinds are complete.
    fn complete(&self, _address: &Address, _own: &mut Resource, _view: &View<'_>) -> Vec<Problem> {
        Vec::new()
    }

    /// What a change of an attribute means to this resource, where that is not for all of its kind the same.
    fn on_change(&self, attribute: &Attribute, _recorded: &Attributes, _desired: &Attributes) -> OnChange {
        attribute.on_change
    }

    /// The id in Azure of the resource with these attributes.
    fn arm_id(&self, address: &Address, attributes: &Attributes, view: &View<'_>) -> ArmId;

    /// What it refers to, beside what the table's references say.
    fn also_depends_on(
        &self,
        _address: &Address,
        _attributes: &Attributes,
        _view: &View<'_>,
    ) -> BTreeSet<Address> {
        BTreeSet::new()
    }

    /// What it makes: it refers to that without waiting for it.
    fn makes(&self, _attributes: &Attributes) -> Option<Address> {
        None
    }

    /// The addresses whose actions make this one ready to be used by others, beside its own.
    fn parts(&self, _address: &Address, _view: &View<'_>) -> Vec<Address> {
        Vec::new()
    }

    /// Whether it cannot be made yet, because what makes it has not been asked for.
    fn is_pending(&self, _address: &Address, _view: &View<'_>) -> bool {
        false
    }

    /// The images that it switches on.
    fn enables(&self, _attributes: &Attributes, _view: &View<'_>) -> BTreeSet<Address> {
        BTreeSet::new()
    }

    /// Whether it says that an image which it does not list is off.
    fn keeps_off(&self, _attributes: &Attributes, _image: &Address, _view: &View<'_>) -> bool {
        false
    }

    /// What this resource lies inside of: it is deleted and replaced together with them.
    fn containers(&self, attributes: &Attributes, view: &View<'_>) -> Vec<Address>;

    /// What is made or done, in a few words for people, the most telling first: `20 × Small from java-dev`,
    /// `quota 20h`.
    fn summary(&self, attributes: &Attributes, view: &View<'_>) -> Vec<String>;

    /// What hangs on it when it is deleted or replaced: whole fragments.
    fn losses(&self, _address: &Address, _row: &Row, _view: &View<'_>) -> Vec<String> {
        Vec::new()
    }

    /// What a reader of the plan should know of the change beside the attributes: whole fragments.
    fn remarks(&self, _desired: &Attributes, _recorded: Option<&Row>) -> Vec<String> {
        Vec::new()
    }

    /// What it takes beside rights to bring it from `recorded` to these attributes.
    fn requires(&self, _desired: &Attributes, _recorded: Option<&Row>, _view: &View<'_>) -> Vec<Requirement> {
        Vec::new()
    }

    /// Why this verb is refused, whatever is consented to.
    fn refusals(&self, _subject: &Subject<'_>, _today: &str) -> Vec<Finding> {
        Vec::new()
    }

    /// The actions that create it.
    fn create(&self, change: &Subject<'_>) -> Vec<Draft>;

    /// The actions that bring the attributes at `paths` from what is recorded to what is desired.
    fn update(&self, change: &Subject<'_>, paths: &[String]) -> Vec<Draft>;

    /// The action that deletes it; what is done rather than kept has none.
    fn delete(&self, _address: &Address, _row: &Row, _view: &View<'_>) -> Vec<Draft> {
        Vec::new()
    }

    /// The reads that show it, in the order in which [`observe`](Self::observe) takes their answers.
    fn reads(&self, _address: &Address, _row: &Row) -> Vec<Read> {
        Vec::new()
    }

    /// What the answers say in normal form; `None` when it is gone. `answers` holds `None` for a 404.
    ///
    /// `row` is what is recorded: it tells in which words a reference was written. Only attributes
    /// that can be read back are in the result. What is done rather than kept is as it was recorded.
    ///
    /// # Errors
    /// When an answer does not have the documented shape.
    fn observe(
        &self,
        _answers: &[Option<Value>],
        row: &Row,
        _names: &Names<'_>,
    ) -> Result<Option<Observed>, ShapeError> {
        Ok(Some(Observed { attributes: row.attributes.clone(), failed: false }))
    }
}

/// One resource whose change is turned into actions.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Its address.
    pub address: &'a Address,
    /// What is desired.
    pub desired: &'a Resource,
    /// What is recorded, where anything is.
    pub recorded: Option<&'a Row>,
    /// The row to record once everything is done: outputs as recorded so far.
    pub row: &'a Row,
    /// Everything else.
    pub view: &'a View<'a>,
    /// Images that the plan makes or gives their first version, and whose switch is therefore to be set.
    pub anew: &'a BTreeSet<Address>,
}

/// An action as a kind drafts it; the planner adds its id and resolves its needs.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What tells it from the address's other actions: `create`, `enable/java-dev`.
    pub part: String,
    /// What must be done first.
    pub needs: Vec<Need>,
    /// What must be true before the first request.
    pub expects: Expectation,
    /// Lists that must hold nothing unknown.
    pub contents: Vec<Contents>,
    /// Reads of what labwright does not manage, and which must be there.
    pub there: Vec<Read>,
    /// What sort of work it is, by which its duration is guessed.
    pub work: Work,
    /// Its requests.
    pub steps: Vec<Step>,
}

impl Draft {
    /// A draft without contents to list and without anything to look for.
    #[must_use]
    pub fn new(
        part: impl Into<String>,
        needs: Vec<Need>,
        expects: Expectation,
        work: Work,
        steps: Vec<Step>,
    ) -> Self {
        Self { part: part.into(), needs, expects, contents: Vec::new(), there: Vec::new(), work, steps }
    }
}

/// What an action waits for, where the plan holds it; what the plan does not touch is there already.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Everything that makes a resource ready: its actions and those of its parts.
    Ready(Address),
    /// One action of a resource.
    Part(Address, String),
}

/// Why a resource cannot have an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// A stable code's last part: `not_for_exported`.
    pub code: &'static str,
    /// A lower-case fragment without a period.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// Something that does not fit together.
#[derive(Debug, Clone, PartialEq)]
pub enum Problem {
    /// The configuration is wrong (exit 3).
    Wrong {
        /// The attribute's dotted path; empty for the resource as a whole.
        path: String,
        /// A stable code's last part: `missing_attribute`.
        code: &'static str,
        /// A lower-case fragment without a period.
        message: String,
        /// What to do.
        help: String,
    },
    /// A rule speaks (severity error: exit 4).
    Rule(Finding),
}

/// An answer of ARM that is not shaped as documented.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("ARM's answer has no usable `{pointer}`")]
pub struct ShapeError {
    /// RFC 6901 pointer of what is missing or of another type.
    pub pointer: String,
}

/// Everything that a resource waits for: its references, its group, and what its kind adds.
#[must_use]
pub fn dependencies(address: &Address, attributes: &Attributes, view: &View<'_>) -> BTreeSet<Address> {
    let kind = kind_of(address);
    let mut found = references(kind.info(), attributes);
    found.extend(arm::group_address(attributes, view));
    found.extend(kind.also_depends_on(address, attributes, view));
    if let Some(made) = kind.makes(attributes) {
        found.remove(&made);
    }
    found
}

/// Everything that the table's references of `attributes` name.
#[must_use]
pub fn references(info: &KindInfo, attributes: &Attributes) -> BTreeSet<Address> {
    let mut found = BTreeSet::new();
    each_reference(info, attributes, &mut |text| found.extend(text.parse()));
    found
}

/// Calls `found` with the address of each managed resource that the table's references of `attributes` name.
pub fn each_reference(info: &KindInfo, attributes: &Attributes, found: &mut dyn FnMut(&str)) {
    for attribute in info.attributes.iter().filter(|attribute| attribute.shape.may_refer()) {
        if let Some(value) = attributes.get(attribute.name) {
            attribute.shape.each_reference(value, found);
        }
    }
}

/// Everything that the table's references of `attributes` name by its id: attribute and id.
#[must_use]
pub fn unmanaged(info: &KindInfo, attributes: &Attributes) -> Vec<(&'static str, ArmId)> {
    let references = info.attributes.iter().filter(|own| matches!(own.shape, Shape::Reference(_)));
    references.filter_map(|own| Some((own.name, reference_id(attributes.get(own.name)?)?))).collect()
}
