//! Pieces of requests and answers that several kinds share.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Need, ShapeError, Subject, View, references};
use crate::kinds::Kind;
use crate::model::{
    Address, ArmId, Attributes, Evidence, Fill, Look, Method, Read, Recording, Request, Row, Step, Take,
    Until,
};

/// Version of every lab-account path: the one Microsoft's module for classroom labs speaks.
pub(super) const LABS: &str = "2019-01-01-preview";
/// Version of lab plans, their labs and everything below. Source: Lab Services REST, the newest that was published.
pub(super) const PLANS: &str = "2023-06-07";
/// Version of galleries, definitions and versions.
pub(super) const GALLERIES: &str = "2024-03-03";
/// Version of resource groups and generic resource lists.
pub(super) const GROUPS: &str = "2024-07-01";

/// A GET of one resource.
pub(super) fn get(path: &ArmId, api_version: &'static str) -> Read {
    Read { path: path.clone(), api_version: api_version.into(), query: None, list: false }
}

/// A GET of a list below a resource.
pub(super) fn list(path: &ArmId, collection: &str, api_version: &'static str) -> Read {
    let path = ArmId::new(format!("{}/{collection}", path.as_str()));
    Read { path, api_version: api_version.into(), query: None, list: true }
}

/// A step that sends `body` with a PUT and is done when the resource is provisioned.
pub(super) fn put(
    name: &'static str,
    path: &ArmId,
    api_version: &'static str,
    body: Value,
    record: Recording,
) -> Step {
    step(name, Method::Put, path, api_version, Some(body), record)
}

/// A step with this request that is done when the resource at its path is provisioned.
///
/// For a POST the caller replaces evidence and end: what to look at is not the request's own path.
pub(super) fn step(
    name: impl Into<Cow<'static, str>>,
    method: Method,
    path: &ArmId,
    api_version: &'static str,
    body: Option<Value>,
    record: Recording,
) -> Step {
    let read = get(path, api_version);
    let request = Request {
        method,
        path: path.clone(),
        api_version: api_version.into(),
        body,
        onto: false,
        fills: Vec::new(),
    };
    Step {
        request: Some(request),
        evidence: Some(Evidence { read: read.clone(), look: Look::Exists }),
        until: vec![Until::Provisioned { read }],
        ..Step::recording(name, record)
    }
}

/// A step that merges `body` onto what is there and PUTs the whole, as the vendor's own clients do.
pub(super) fn merge(
    name: &'static str,
    path: &ArmId,
    api_version: &'static str,
    body: Value,
    record: Recording,
) -> Step {
    let mut step = put(name, path, api_version, body, record);
    if let Some(request) = &mut step.request {
        request.onto = true;
    }
    step
}

/// The step with the region of what lies around its resource, which is read as it leaves, where `location` says none.
pub(super) fn placed(mut step: Step, location: Option<&Value>, around: &ArmId) -> Step {
    if let Some(request) = step.request.as_mut() {
        let pointer = "/location".to_owned();
        match (location, &mut request.body) {
            (Some(location), Some(body)) => set(body, "location", Some(location)),
            _ => request.fills.push(Fill {
                read: get(around, GALLERIES),
                take: Take::Pointer(pointer.clone()),
                pointer,
            }),
        }
    }
    step
}

/// A step that deletes and is done when a GET answers 404.
pub(super) fn delete(
    name: impl Into<Cow<'static, str>>,
    path: &ArmId,
    api_version: &'static str,
    record: Recording,
) -> Step {
    let mut step = step(name, Method::Delete, path, api_version, None, record);
    step.until = vec![Until::Gone { read: get(path, api_version) }];
    step
}

/// Recording of the whole row.
pub(super) fn record(row: &Row) -> Recording {
    Recording::Put(Box::new(row.clone()))
}

/// The row with only those attributes that `keep` names.
pub(super) fn partial(row: &Row, keep: impl Fn(&str) -> bool) -> Row {
    let kept = row.attributes.iter().filter(|(name, _)| keep(name));
    let attributes = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
    Row { attributes, ..row.clone() }
}

/// The managed group in which a resource with these attributes lies.
pub(super) fn group_address(attributes: &Attributes, view: &View<'_>) -> Option<Address> {
    let group = attributes.get("resourceGroup")?.as_str()?;
    let subscription = view.subscription_of(attributes);
    let ours = |address: &&Address| {
        view.attributes(address).is_some_and(|own| view.subscription_of(own) == subscription)
    };
    view.groups_named(group).find(ours).cloned()
}

/// Everything that the subject refers to, ready, and its group.
pub(super) fn needs(kind: &dyn Kind, subject: &Subject<'_>) -> Vec<Need> {
    let attributes = &subject.desired.attributes;
    let mut found: BTreeSet<Address> = references(kind.info(), attributes);
    found.extend(group_address(attributes, subject.view));
    found.into_iter().map(Need::Ready).collect()
}

/// What stands in a request's body for a secret reference in normal form.
pub(super) fn secret(reference: &Value) -> Value {
    json!({ "$secret": reference })
}

/// Adds `value` at `name` where there is one.
pub(super) fn set(body: &mut Value, name: &str, value: Option<&Value>) {
    if let (Some(body), Some(value)) = (body.as_object_mut(), value) {
        body.insert(name.to_owned(), value.clone());
    }
}

/// The value at a pointer, or null: a part that ARM leaves out when it is not set.
pub(super) fn optional(body: &Value, pointer: &str) -> Value {
    body.pointer(pointer).cloned().unwrap_or(Value::Null)
}

/// The text at a pointer.
pub(super) fn text<'a>(body: &'a Value, pointer: &str) -> Result<&'a str, ShapeError> {
    body.pointer(pointer).and_then(Value::as_str).ok_or_else(|| ShapeError { pointer: pointer.to_owned() })
}

/// The text attribute `name`, which normal form promises.
pub(super) fn own<'a>(attributes: &'a Attributes, name: &str) -> &'a str {
    attributes.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A region as ARM answers it, in normal form.
pub(super) fn region(body: &Value) -> Result<Value, ShapeError> {
    let text = text(body, "/location")?;
    Ok(crate::catalog::region(text).map_or_else(|| json!(text), |name| json!(name)))
}

/// The address that the reference attribute `name` holds.
pub(super) fn referred(attributes: &Attributes, name: &str) -> Option<Address> {
    super::reference_text(attributes.get(name)?)?.parse().ok()
}

/// What every top-level resource answers: name, group, location, tags.
///
/// Name and group keep the recorded letter case where they are the same: ARM answers in changed case.
pub(super) fn observed_top(body: &Value, row: &Row) -> Result<Attributes, ShapeError> {
    let id = ArmId::new(text(body, "/id")?);
    let same = |name: &str, answered: &str| match row.attributes.get(name).and_then(Value::as_str) {
        Some(recorded) if recorded.eq_ignore_ascii_case(answered) => json!(recorded),
        _ => json!(answered),
    };
    let mut attributes = Attributes::new();
    attributes.insert("name".into(), same("name", text(body, "/name")?));
    attributes.insert(
        "resourceGroup".into(),
        same("resourceGroup", id.segment("resourceGroups").unwrap_or_default()),
    );
    attributes.insert("location".into(), region(body)?);
    attributes.insert("tags".into(), optional(body, "/tags"));
    Ok(attributes)
}
