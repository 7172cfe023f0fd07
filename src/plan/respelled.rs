//! The record in the words of the files, where both mean one thing.

use serde_json::{Value, json};

use crate::kinds::{Shape, View, kind_of, reference_text};
use crate::model::{Address, Attributes, Resource, Row};

/// What a row says, with the words of the files where they say the same of it: an id in another letter case, the key of
/// what was named by its id before, a name that is spelt in another case, a subscription by its GUID.
pub(super) fn respelled(address: &Address, row: &Row, resource: &Resource, view: &View<'_>) -> Attributes {
    let mut own = row.attributes.clone();
    let desired = &resource.attributes;
    for attribute in kind_of(address).info().attributes {
        let Shape::Reference(_) = attribute.shape else { continue };
        let (Some(before), Some(after)) = (own.get(attribute.name), desired.get(attribute.name)) else {
            continue;
        };
        if before != after && view.is_same(before, after) {
            own.insert(attribute.name.into(), after.clone());
        }
    }
    for name in ["name", "resourceGroup"] {
        let said = own.get(name).and_then(Value::as_str);
        // A name that follows from something else is not recorded, and may be written later.
        let said = said.or_else(|| (name == "name").then(|| row.arm_id.name()));
        let Some(after) = desired.get(name).and_then(Value::as_str) else { continue };
        if said.is_some_and(|said| said.eq_ignore_ascii_case(after)) && own.get(name) != desired.get(name) {
            own.insert(name.into(), json!(after));
        }
    }
    subscription(&mut own, row, desired, view);
    own
}

/// The same to be recorded: what the files have and the record does not is named as before. Until it is recorded nothing
/// else knows it by its key.
pub(super) fn to_record(address: &Address, row: &Row, resource: &Resource, view: &View<'_>) -> Attributes {
    let mut own = respelled(address, row, resource, view);
    let unknown = |own: &Value| -> bool {
        let address = reference_text(own).and_then(|text| text.parse().ok());
        address.is_some_and(|address| view.row(&address).is_none())
    };
    for attribute in kind_of(address).info().attributes {
        let Shape::Reference(_) = attribute.shape else { continue };
        if let (Some(before), true) =
            (row.attributes.get(attribute.name), own.get(attribute.name).is_some_and(unknown))
        {
            own.insert(attribute.name.into(), before.clone());
        }
    }
    own
}

/// The subscription of what is recorded stands in its id, whatever its attributes say.
fn subscription(own: &mut Attributes, row: &Row, desired: &Attributes, view: &View<'_>) {
    let Some(guid) = row.arm_id.segment("subscriptions") else { return };
    let (before, after) = (own.get("subscription").cloned(), desired.get("subscription").cloned());
    if before == after {
        return;
    }
    let is = |text: &str| guid.eq_ignore_ascii_case(text);
    match after.as_ref().and_then(Value::as_str) {
        Some(after) if is(after) => drop(own.insert("subscription".into(), json!(after))),
        Some(after) if is_guid(after) && before.is_none() => {
            drop(own.insert("subscription".into(), json!(guid)));
        }
        None if is(view.subscription) => drop(own.remove("subscription")),
        _ => {}
    }
}

fn is_guid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}
