//! What differs between two sets of attributes, and the verb that follows.

use serde_json::{Map, Value};

use super::{AttributeChange, Verb};
use crate::kinds::{Attribute, Kind, KindInfo, OnChange, Shape};
use crate::model::{Attributes, Resource, Row, is_ignored, top};

/// What one differing leaf means.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Difference {
    /// How it is shown.
    pub(super) change: AttributeChange,
    /// What it asks for.
    pub(super) meaning: Meaning,
}

/// What a difference asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A request that changes it in place.
    Update,
    /// A new record only: it is not managed any more, or it is ours alone (`protect`).
    Record,
    /// Delete and create.
    Replace,
    /// Nothing can be done; this is the way out.
    Refused(&'static str),
    /// Nothing, because `ignoreChanges` names it.
    Ignored,
}

impl Meaning {
    /// The verb of a change that has this difference.
    pub(super) fn verb(self) -> Verb {
        match self {
            Self::Ignored => Verb::Keep,
            Self::Update | Self::Record | Self::Refused(_) => Verb::Update,
            Self::Replace => Verb::Replace,
        }
    }
}

/// Why an attribute differs that was not recorded: what Azure has is not known.
const FROM_NOW_ON: &str = "managed from now on";

/// The attributes that every kind may have and no table lists: the name, the place.
const DERIVED: &[(&str, OnChange)] = &[
    ("name", OnChange::Replace),
    ("subscription", OnChange::Replace),
    ("location", OnChange::Replace),
    ("exported", OnChange::Refused("an image is exported or made of versions, for good: use another key")),
];

/// Every leaf in which what is desired differs from what is recorded, sorted by path.
///
/// `recorded` holds the row's attributes in the words of the files. An attribute that is not desired is not managed: it
/// only leaves the record.
pub(super) fn differences(
    kind: &dyn Kind,
    desired: &Resource,
    row: &Row,
    recorded: &Attributes,
) -> Vec<Difference> {
    let info = kind.info();
    let mut found = Vec::new();
    let mut compare = |name: &str, shape: &Shape, on_change: OnChange| {
        let (before, after) = (recorded.get(name), desired.attributes.get(name));
        if before != after && !matches!(on_change, OnChange::CreateOnly | OnChange::Inherited) {
            leaves(name, shape, on_change, before, after, &mut |path, on_change, before, after| {
                let unknown = before.is_none() && !(recorded.contains_key(name) && shape.is_entry(&path));
                found.push(difference((desired, row), path, on_change, (before, unknown), after));
            });
        }
    };
    for attribute in info.attributes {
        let on_change = kind.on_change(attribute, recorded, &desired.attributes);
        compare(attribute.name, &attribute.shape, on_change);
    }
    for (name, on_change) in DERIVED.iter().filter(|(name, _)| info.attribute(name).is_none()) {
        compare(name, &Shape::Bool, *on_change);
    }
    found.sort_by(|a, b| a.change.path.cmp(&b.change.path));
    found
}

fn difference(
    (desired, row): (&Resource, &Row),
    path: String,
    on_change: OnChange,
    (before, unknown): (Option<&Value>, bool),
    after: Option<&Value>,
) -> Difference {
    let is_managed = desired.attributes.contains_key(top(&path));
    let owed = before.is_none() && row.owes(&path);
    let ignored = is_ignored(&desired.ignore_changes, &path) && !owed;
    let (meaning, why) = match on_change {
        _ if !is_managed => (Meaning::Record, Some("no longer managed")),
        _ if ignored => (Meaning::Ignored, Some("ignored")),
        // Managed for the first time: whether it differs in Azure is not known, so it is sent.
        OnChange::Replace if before.is_none() => (Meaning::Record, Some(FROM_NOW_ON)),
        OnChange::Replace => (Meaning::Replace, Some("immutable")),
        OnChange::Refused(help) => (Meaning::Refused(help), Some("immutable")),
        _ => (Meaning::Update, unknown.then_some(FROM_NOW_ON)),
    };
    let source = is_managed.then(|| desired.source_of(&path).clone());
    let change = AttributeChange {
        path,
        before: before.cloned(),
        after: after.cloned(),
        sensitive: false,
        why: why.map(str::to_owned),
        source,
    };
    Difference { change, meaning }
}

/// Calls `found` for each leaf below a value of this shape that differs.
fn leaves(
    path: &str,
    shape: &Shape,
    on_change: OnChange,
    before: Option<&Value>,
    after: Option<&Value>,
    found: &mut impl FnMut(String, OnChange, Option<&Value>, Option<&Value>),
) {
    if before == after {
        return;
    }
    let inner =
        |attribute: &Attribute| if on_change == OnChange::Update { attribute.on_change } else { on_change };
    let maps = (before.and_then(Value::as_object), after.and_then(Value::as_object));
    fn at<'a>(map: Option<&'a Map<String, Value>>, key: &str) -> Option<&'a Value> {
        map?.get(key)
    }
    match (shape, maps) {
        (_, (None, None)) => found(path.to_owned(), on_change, before, after),
        (Shape::Object(attributes), (was, is)) => {
            for attribute in *attributes {
                let (was, is) = (at(was, attribute.name), at(is, attribute.name));
                let path = format!("{path}.{}", attribute.name);
                leaves(&path, &attribute.shape, inner(attribute), was, is, found);
            }
        }
        (Shape::Credentials, (was, is)) => {
            // The password is used at creation only and never compared; the user name cannot change.
            let (was, is) = (at(was, "username"), at(is, "username"));
            if was != is {
                found(format!("{path}.username"), OnChange::Replace, was, is);
            }
        }
        (Shape::Map(item) | Shape::RegionMap(item), (was, is)) => {
            let keys = was.into_iter().chain(is).flat_map(|map| map.keys());
            let keys: std::collections::BTreeSet<&String> = keys.collect();
            for key in keys {
                let (was, is) = (at(was, key), at(is, key));
                leaves(&format!("{path}.{key}"), item, on_change, was, is, found);
            }
        }
        _ => found(path.to_owned(), on_change, before, after),
    }
}

/// Every leaf of a resource that is made, with nothing before it; what is secret is masked.
pub(super) fn all_of(info: &KindInfo, resource: &Resource) -> Vec<AttributeChange> {
    let mut found = Vec::new();
    let mut add = |path: String, after: Option<&Value>, sensitive: bool| {
        let source = Some(resource.source_of(&path).clone());
        let after = after.filter(|_| !sensitive).cloned();
        found.push(AttributeChange { path, before: None, after, sensitive, why: None, source });
    };
    for attribute in info.attributes {
        let value = resource.attributes.get(attribute.name);
        let on_change = attribute.on_change;
        leaves(attribute.name, &attribute.shape, on_change, None, value, &mut |path, _, _, after| {
            add(path, after, false)
        });
        if matches!(attribute.shape, Shape::Credentials) && value.is_some() {
            add(format!("{}.password", attribute.name), None, true);
        }
    }
    for (name, _) in DERIVED.iter().filter(|(name, _)| info.attribute(name).is_none()) {
        if let Some(value) = resource.attributes.get(*name) {
            add((*name).to_owned(), Some(value), false);
        }
    }
    // A plan keeps them for every resource that it makes.
    found.shrink_to_fit();
    found
}

/// What differs in meaning between two writings of a resource and is used at its creation only, sorted by path.
pub(super) fn not_carried_out(
    info: &KindInfo,
    before: &Attributes,
    after: &Resource,
) -> Vec<AttributeChange> {
    let mut found = Vec::new();
    for attribute in info.attributes {
        let name = attribute.name;
        let (was, is) = (before.get(name), after.attributes.get(name));
        let mut note = |path: String, was: Option<&Value>, is: Option<&Value>, sensitive: bool| {
            found.push(AttributeChange {
                before: was.filter(|_| !sensitive).cloned(),
                after: is.filter(|_| !sensitive).cloned(),
                sensitive,
                why: Some("used at creation only".into()),
                source: Some(after.source_of(&path).clone()),
                path,
            });
        };
        match attribute.shape {
            Shape::Credentials => {
                let password = |own: Option<&Value>| own.and_then(|own| own.get("password")).cloned();
                let (was, is) = (password(was), password(is));
                if was.is_some() && is.is_some() && was != is {
                    note(format!("{name}.password"), was.as_ref(), is.as_ref(), true);
                }
            }
            _ if attribute.on_change == OnChange::CreateOnly && was != is => {
                note(name.to_owned(), was, is, false);
            }
            _ => {}
        }
    }
    found
}

/// Every leaf of the managed attributes in which ARM's answer differs from what is recorded.
///
/// `observed` holds what the kind can read back, a null for what is not there; what is not recorded,
/// what is used at creation only, what `ignoreChanges` named and what it lacks is not compared. Tags that nobody recorded are
/// other people's; regions that nobody recorded are a difference.
#[must_use]
pub fn seen_differences(info: &KindInfo, recorded: &Row, observed: &Attributes) -> Vec<AttributeChange> {
    let mut found = Vec::new();
    let mut compare = |name: &str, shape: &Shape| {
        let (Some(before), Some(after)) = (recorded.attributes.get(name), observed.get(name)) else { return };
        let after = shared(shape, before, after);
        leaves(name, shape, OnChange::Update, Some(before), Some(&after), &mut |path, _, before, after| {
            let null = |value: &&Value| !value.is_null();
            found.push(AttributeChange {
                path,
                before: before.cloned(),
                after: after.filter(null).cloned(),
                sensitive: false,
                why: None,
                source: None,
            });
        });
    };
    for attribute in info.attributes {
        if !matches!(attribute.on_change, OnChange::Inherited | OnChange::CreateOnly) {
            compare(attribute.name, &attribute.shape);
        }
    }
    for (name, _) in DERIVED.iter().filter(|(name, _)| info.attribute(name).is_none()) {
        compare(name, &Shape::Bool);
    }
    found.retain(|change| change.before != change.after && !recorded.ignores(&change.path));
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The part of `observed` that is comparable with what is recorded.
fn shared(shape: &Shape, recorded: &Value, observed: &Value) -> Value {
    let (Some(was), Some(is)) = (recorded.as_object(), observed.as_object()) else { return observed.clone() };
    match shape {
        Shape::Object(attributes) => {
            let mut kept = Map::new();
            for (key, was) in was {
                let attribute = attributes.iter().find(|attribute| attribute.name == key);
                if let (Some(attribute), Some(is)) = (attribute, is.get(key)) {
                    kept.insert(key.clone(), shared(&attribute.shape, was, is));
                }
            }
            Value::Object(kept)
        }
        Shape::Map(_) | Shape::Credentials => {
            let kept = is.iter().filter(|(key, _)| was.contains_key(*key));
            Value::Object(kept.map(|(key, value)| (key.clone(), value.clone())).collect())
        }
        _ => observed.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::json;

    use super::*;
    use crate::kinds::kind;
    use crate::model::{ArmId, Source};

    fn map(value: &Value) -> Attributes {
        value.as_object().expect("a map").clone().into()
    }

    fn resource(attributes: &Value) -> Resource {
        Resource {
            attributes: map(attributes),
            depends_on: BTreeSet::new(),
            protect: None,
            adopt: false,
            ignore_changes: Vec::new(),
            source: Source { file: "labwright.yaml".into(), line: 1, column: 1 },
            sources: BTreeMap::new(),
            defaulted: BTreeMap::new(),
        }
    }

    fn row(attributes: &Value) -> Row {
        Row {
            arm_id: ArmId::new("/x"),
            attributes: map(attributes),
            outputs: Map::new(),
            depends_on: BTreeSet::new(),
            protect: false,
            ignored: Vec::new(),
            unfinished: None,
        }
    }

    fn text(kind_name: &str, recorded: &Value, desired: &Value) -> Vec<String> {
        let kind = kind(kind_name).expect("a kind");
        let found = differences(kind, &resource(desired), &row(&json!({})), &map(recorded));
        found.iter().map(|found| format!("{} {:?}", found.change.path, found.meaning)).collect()
    }

    #[test]
    fn a_changed_os_state_replaces_its_image() {
        let recorded = json!({ "os": { "type": "Linux", "state": "Generalized" } });
        let desired = json!({ "os": { "type": "Linux", "state": "Specialized" } });
        assert_eq!(text("Image", &recorded, &desired), ["os.state Replace"]);
    }

    #[test]
    fn a_password_that_moved_is_no_difference_and_another_user_name_replaces() {
        let credentials = |user: &str, env: &str| json!({ "credentials": { "username": user, "password": { "env": env } } });
        assert!(text("Lab", &credentials("student", "A"), &credentials("student", "B")).is_empty());
        let found = text("Lab", &credentials("student", "A"), &credentials("pupil", "A"));
        assert_eq!(found, ["credentials.username Replace"]);
    }

    #[test]
    fn a_line_that_was_taken_away_only_leaves_the_record() {
        assert_eq!(text("Lab", &json!({ "quota": "PT20H" }), &json!({})), ["quota Record"]);
    }

    #[test]
    fn one_more_region_is_one_leaf() {
        let recorded = json!({ "replicate": { "regions": { "westeurope": 1 } } });
        let desired = json!({ "replicate": { "regions": { "francecentral": 1, "westeurope": 2 } } });
        let found = text("ImageVersion", &recorded, &desired);
        assert_eq!(found, ["replicate.regions.francecentral Update", "replicate.regions.westeurope Update"]);
    }

    #[test]
    fn tags_of_others_are_not_seen_as_a_difference_and_ours_are() {
        let info = kind("Gallery").expect("a kind").info();
        let recorded = row(&json!({ "tags": { "department": "cs" }, "description": "x" }));
        let same = json!({ "tags": { "department": "cs", "policy": "audited" }, "description": "x" });
        let seen = |observed: &Value| {
            let found = seen_differences(info, &recorded, &map(observed));
            found.into_iter().map(|change| change.path).collect::<Vec<_>>()
        };
        assert!(seen(&same).is_empty());
        assert_eq!(
            seen(&json!({ "tags": { "department": "math" }, "description": null })),
            ["description", "tags.department"]
        );
    }
}
