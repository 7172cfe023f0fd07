//! Desired, recorded, observed: three types, so that none stands for another.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Address, ArmId, Attributes, Finding, Source, digest};

/// Which Azure a project speaks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cloud {
    /// The embedded emulator, in process.
    Emulator,
    /// An ARM endpoint: the public cloud, or an emulator of its own.
    Azure,
}

/// What a state belongs to; a state of another identity is refused.
///
/// A field that is `None` is not known yet (it names an environment variable that only commands
/// which call Azure open) and is not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// `project:` of labwright.yaml.
    pub project: String,
    /// The environment, where the project has any.
    pub environment: Option<String>,
    /// The cloud.
    pub cloud: Cloud,
    /// The tenant's GUID.
    pub tenant: Option<String>,
    /// The default subscription's GUID.
    pub subscription: Option<String>,
}

/// What the configuration asks for, fully expanded.
#[derive(Debug, Clone)]
pub struct Desired {
    /// What it belongs to.
    pub identity: Identity,
    /// The subscription of resources that name none: a GUID, or a name of `subscriptions:`.
    pub subscription: String,
    /// Whether the endpoint is Azure itself rather than an emulator on loopback.
    pub real_endpoint: bool,
    /// Every resource, children (versions, publishes, exports) included.
    pub resources: BTreeMap<Address, Resource>,
    /// Renamed keys.
    pub moved: Vec<Moved>,
    /// Records to drop while the thing stays.
    pub forget: Vec<(Address, Source)>,
    /// Standing consents and guards.
    pub policy: Policy,
    /// What loading has to say without being an error.
    pub findings: Vec<Finding>,
}

/// One resource as the configuration asks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// The managed attributes, in normal form.
    pub attributes: Attributes,
    /// What `dependsOn` adds to the references.
    pub depends_on: BTreeSet<Address>,
    /// `protect:` where it is written.
    pub protect: Option<bool>,
    /// `adopt:`: it exists, and is read and recorded instead of being made.
    pub adopt: bool,
    /// `ignoreChanges`: attribute paths that are sent at creation only.
    pub ignore_changes: Vec<String>,
    /// Where the resource's key stands.
    pub source: Source,
    /// Where each attribute's value is written, by dotted path (`os`, `os.state`).
    pub sources: BTreeMap<String, Source>,
    /// The paths in `sources` whose value comes from a layer of defaults, with which.
    pub defaulted: BTreeMap<String, DefaultsLayer>,
}

/// A layer of `defaults:`, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DefaultsLayer {
    /// Whether it is the environment's rather than the project's.
    pub of_environment: bool,
    /// Whether it is for one section rather than for `all`.
    pub of_section: bool,
}

impl Resource {
    /// Where the value at `path` is written: its own place, that of the nearest map around it, or the key.
    #[must_use]
    pub fn source_of(&self, path: &str) -> &Source {
        let mut path = path;
        loop {
            if let Some(source) = self.sources.get(path) {
                return source;
            }
            match path.rfind('.') {
                Some(dot) => path = &path[..dot],
                None => return &self.source,
            }
        }
    }
}

/// A key that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The old address.
    pub from: Address,
    /// The new one.
    pub to: Address,
    /// Where that is written.
    pub source: Source,
}

/// Standing consents and guards (`policy:`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// Consents reviewed with the files.
    pub allow: Vec<Allowance>,
    /// How much one plan may delete or replace.
    pub blast_radius: Option<BlastRadius>,
}

/// A consent written in the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    /// What is consented to.
    pub allowed: Allowed,
    /// Why.
    pub because: String,
    /// The last day it holds, `YYYY-MM-DD`.
    pub until: String,
    /// Where it is written.
    pub source: Source,
}

/// A consent: what, to which resource or kind, how many times at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowed {
    /// What is consented to.
    pub what: AllowedWhat,
    /// A kind's name or an address; `None` is every resource.
    pub on: Option<String>,
    /// At most this many; `None` is any number.
    pub at_most: Option<u32>,
}

/// What a consent can be given to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AllowedWhat {
    /// A delete that loses data or an irreplaceable thing.
    Delete,
    /// A replace of such a thing.
    Replace,
    /// A capacity that shrinks.
    Shrink,
    /// A publish that is not the first.
    Republish,
    /// An export that is not the first.
    Reexport,
}

impl AllowedWhat {
    /// Every one, in the order they are listed to people.
    pub const ALL: [Self; 5] = [Self::Delete, Self::Replace, Self::Shrink, Self::Republish, Self::Reexport];

    /// The word on the command line and in `policy.allow`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Replace => "replace",
            Self::Shrink => "shrink",
            Self::Republish => "republish",
            Self::Reexport => "reexport",
        }
    }
}

/// `policy.blastRadius`: a plan that deletes or replaces more is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlastRadius {
    /// Share of the recorded resources, in percent.
    pub percent: u32,
    /// Plans that touch fewer resources than this are never refused.
    pub at_least: u32,
    /// Where it is written.
    pub source: Source,
}

/// What was last written down.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recorded {
    /// A row for each resource.
    pub rows: BTreeMap<Address, Row>,
}

/// One recorded resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its id in Azure; in a plan, with a subscription's name where that is not a GUID yet.
    pub arm_id: ArmId,
    /// The managed attributes, as last carried out or read.
    pub attributes: Attributes,
    /// What Azure set: unique identifiers, versions, dates. Shape: name to scalar, list or map.
    pub outputs: serde_json::Map<String, Value>,
    /// Everything it refers to or depends on.
    pub depends_on: BTreeSet<Address>,
    /// Whether deleting it is refused, whatever the files say.
    pub protect: bool,
    /// Attribute paths that `ignoreChanges` named: sent when it was made, not compared with Azure since. What steps that
    /// are left have yet to send is not among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
    /// What a run began and did not finish.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<Unfinished>,
}

/// What was begun and not finished: the next plan goes on with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Unfinished {
    /// Azure took its creation, which failed later: what it left is deleted and made anew.
    Creation,
    /// It is there, and these steps are still to be done, by their names.
    Steps(Vec<Cow<'static, str>>),
}

impl Row {
    /// The digest of everything in the row: a fact that a saved plan rests on.
    #[must_use]
    pub fn digest(&self) -> String {
        digest(self)
    }

    /// Whether it is only what a failed creation left.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        self.unfinished == Some(Unfinished::Creation)
    }

    /// Whether `ignoreChanges` named the attribute at a dotted path, or the whole that it is part of.
    #[must_use]
    pub fn ignores(&self, path: &str) -> bool {
        is_ignored(&self.ignored, path)
    }

    /// What is ignored of the row where only `sent` has been sent so far: not what it has beyond that.
    #[must_use]
    pub fn ignored_so_far(&self, sent: &Attributes) -> Vec<String> {
        let comes = |path: &str| self.attributes.contains_key(top(path)) && !sent.contains_key(top(path));
        self.ignored.iter().filter(|path| !comes(path)).cloned().collect()
    }

    /// Whether steps that are left have yet to send the attribute at a dotted path, if it is not recorded.
    #[must_use]
    pub fn owes(&self, path: &str) -> bool {
        matches!(self.unfinished, Some(Unfinished::Steps(_))) && !self.ignores(path)
    }
}

/// The attribute of which a dotted path names a part.
#[must_use]
pub fn top(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}

/// Whether one of `ignored` names the attribute at a dotted path, or the top one that it is part of.
#[must_use]
pub fn is_ignored(ignored: &[String], path: &str) -> bool {
    let top = top(path);
    ignored.iter().any(|ignored| ignored == top || ignored == path)
}

impl Recorded {
    /// Renames `from` to `to`, its children along, and every reference to them; returns the addresses
    /// of all rows that are new or changed (the old addresses are gone).
    pub fn rename(&mut self, from: &Address, to: &Address) -> BTreeSet<Address> {
        let mut renamed = BTreeMap::new();
        for old in self.rows.keys() {
            if let Some(new) = renamed_address(old, from, to) {
                renamed.insert(old.clone(), new);
            }
        }
        let mut changed = BTreeSet::new();
        for (old, new) in &renamed {
            if let Some(row) = self.rows.remove(old) {
                self.rows.insert(new.clone(), row);
                changed.insert(new.clone());
            }
        }
        for (address, row) in &mut self.rows {
            let mut touched = false;
            for value in row.attributes.values_mut() {
                touched |= rename_in(value, &renamed);
            }
            for (old, new) in &renamed {
                if row.depends_on.remove(old) {
                    row.depends_on.insert(new.clone());
                    touched = true;
                }
            }
            if touched {
                changed.insert(address.clone());
            }
        }
        changed
    }
}

/// The new address of `address` when `from` becomes `to`, children of the same key included
/// (`Publish/a` moves with `Lab/a`, `ImageVersion/a/1.0.0` with `Image/a`).
fn renamed_address(address: &Address, from: &Address, to: &Address) -> Option<Address> {
    if address == from {
        return Some(to.clone());
    }
    let children: &[&str] = match from.kind() {
        "Lab" => &["Publish"],
        "Image" => &["ImageVersion", "Export"],
        _ => &[],
    };
    if !children.contains(&address.kind()) {
        return None;
    }
    let rest = address.key().strip_prefix(from.key())?;
    (rest.is_empty() || rest.starts_with('/'))
        .then(|| Address::new(address.kind(), &format!("{}{rest}", to.key())))
}

fn rename_in(value: &mut Value, renamed: &BTreeMap<Address, Address>) -> bool {
    match value {
        Value::String(text) => match renamed.get(text.as_str()) {
            Some(new) => {
                *text = new.to_string();
                true
            }
            None => false,
        },
        Value::Array(items) => {
            let touched = rename_each(items.iter_mut(), renamed);
            if touched && items.iter().all(Value::is_string) {
                items.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
            }
            touched
        }
        Value::Object(map) => rename_each(map.values_mut(), renamed),
        _ => false,
    }
}

fn rename_each<'a>(
    values: impl Iterator<Item = &'a mut Value>,
    renamed: &BTreeMap<Address, Address>,
) -> bool {
    values.filter_map(|value| rename_in(value, renamed).then_some(())).count() > 0
}

/// What ARM answered about one resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// What a user could have written, in normal form; only what the kind can read back.
    pub attributes: Attributes,
    /// Whether its provisioning failed.
    pub failed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(attributes: Value, depends_on: &[&str]) -> Row {
        Row {
            arm_id: ArmId::new("/subscriptions/s"),
            attributes: attributes.as_object().expect("a map").clone().into(),
            outputs: serde_json::Map::new(),
            depends_on: depends_on.iter().map(|text| text.parse().expect("an address")).collect(),
            protect: false,
            ignored: Vec::new(),
            unfinished: None,
        }
    }

    #[test]
    fn a_rename_takes_children_and_references_along() {
        let mut recorded = Recorded::default();
        for (address, row) in [
            ("Lab/a", row(json!({"in": "LabAccount/x"}), &["LabAccount/x"])),
            ("Publish/a", row(json!({"lab": "Lab/a"}), &["Lab/a"])),
            ("Publish/ab", row(json!({"lab": "Lab/ab"}), &["Lab/ab"])),
        ] {
            recorded.rows.insert(address.parse().expect("an address"), row);
        }
        let changed = recorded.rename(&Address::new("Lab", "a"), &Address::new("Lab", "b"));
        let changed: Vec<_> = changed.iter().map(Address::as_str).collect();
        assert_eq!(changed, ["Lab/b", "Publish/b"]);
        let publish = &recorded.rows["Publish/b"];
        assert_eq!(publish.attributes["lab"], "Lab/b");
        assert!(publish.depends_on.contains("Lab/b"));
        assert!(recorded.rows.contains_key("Publish/ab"));
    }
}
