//! What a step's end writes down: from a [`Recording`] to the rows that change. Pure.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::model::{Address, Recorded, Recording, Row};
use crate::state::RowWrite;

/// Changes `recorded` as a step of the action on `address` says, and gives the writes that store it.
///
/// `outputs` is what the step read; what was recorded of outputs and is not read anew stays.
pub(super) fn write(
    recorded: &mut Recorded,
    address: &Address,
    recording: &Recording,
    outputs: &Map<String, Value>,
) -> Vec<RowWrite> {
    match recording {
        Recording::Nothing => with_row(recorded, address, |row| row.outputs.extend(outputs.clone())),
        // What Azure shows of an adopted row stands in it by now.
        Recording::Put(row) | Recording::Adopt(row) => {
            let mut row = Row::clone(row);
            if let Some(before) = recorded.rows.get(address) {
                row.outputs.extend(before.outputs.clone());
            }
            row.outputs.extend(outputs.clone());
            recorded.rows.insert(address.clone(), row.clone());
            vec![RowWrite::Put(address.clone(), row)]
        }
        Recording::Include { path, item, depends_on } => with_row(recorded, address, |row| {
            include(&mut row.attributes, path, item);
            row.depends_on.extend(depends_on.iter().cloned());
            row.outputs.extend(outputs.clone());
        }),
        Recording::Delete => deleted(recorded, [address]),
        Recording::DeleteWithDone { done } => deleted(recorded, done.iter().chain([address])),
        Recording::Move { from } => renamed(recorded, from, address),
    }
}

fn with_row(recorded: &mut Recorded, address: &Address, change: impl FnOnce(&mut Row)) -> Vec<RowWrite> {
    let Some(row) = recorded.rows.get_mut(address) else { return Vec::new() };
    let before = row.clone();
    change(row);
    if *row == before { Vec::new() } else { vec![RowWrite::Put(address.clone(), row.clone())] }
}

fn deleted<'a>(recorded: &mut Recorded, addresses: impl IntoIterator<Item = &'a Address>) -> Vec<RowWrite> {
    let delete = |address: &Address| {
        recorded.rows.remove(address);
        RowWrite::Delete(address.clone())
    };
    addresses.into_iter().map(delete).collect()
}

/// Adds `item` to the list at a dotted path, once, and keeps it sorted.
fn include(attributes: &mut Map<String, Value>, path: &str, item: &Value) {
    let (top, rest) = path.split_once('.').map_or((path, None), |(top, rest)| (top, Some(rest)));
    if let Some(rest) = rest {
        let inner = attributes.entry(top).or_insert_with(|| Value::Object(Map::new()));
        if let Some(inner) = inner.as_object_mut() {
            include(inner, rest, item);
        }
        return;
    }
    let list = attributes.entry(top).or_insert_with(|| Value::Array(Vec::new()));
    if let Some(list) = list.as_array_mut()
        && !list.contains(item)
    {
        list.push(item.clone());
        list.sort_by_cached_key(Value::to_string);
    }
}

fn renamed(recorded: &mut Recorded, from: &Address, to: &Address) -> Vec<RowWrite> {
    let before: BTreeSet<Address> = recorded.rows.keys().cloned().collect();
    let changed = recorded.rename(from, to);
    let gone = before.into_iter().filter(|address| !recorded.rows.contains_key(address));
    let mut writes: Vec<_> = gone.map(RowWrite::Delete).collect();
    let rows = changed.into_iter().filter_map(|address| {
        let row = recorded.rows.get(&address)?.clone();
        Some(RowWrite::Put(address, row))
    });
    writes.extend(rows);
    writes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ArmId;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().expect("a map").clone()
    }

    fn row(attributes: Value, outputs: Value) -> Row {
        Row {
            arm_id: ArmId::new("/subscriptions/s"),
            attributes: map(attributes).into(),
            outputs: map(outputs),
            depends_on: BTreeSet::new(),
            protect: false,
            ignored: Vec::new(),
            unfinished: None,
        }
    }

    #[test]
    fn outputs_that_are_not_read_anew_stay() {
        let address = Address::new("Lab", "a");
        let mut recorded = Recorded::default();
        recorded.rows.insert(address.clone(), row(json!({}), json!({"id": 1, "version": "1.0.0"})));
        let put = Recording::Put(Box::new(row(json!({"capacity": 3}), json!({}))));
        write(&mut recorded, &address, &put, &map(json!({"version": "1.1.0"})));
        assert_eq!(recorded.rows[&address].outputs, map(json!({"id": 1, "version": "1.1.0"})));
    }

    #[test]
    fn an_item_is_included_once_and_in_order() {
        let address = Address::new("GalleryAttachment", "core");
        let mut recorded = Recorded::default();
        recorded
            .rows
            .insert(address.clone(), row(json!({"enabledImages": {"including": ["Image/b"]}}), json!({})));
        let item = Recording::Include {
            path: "enabledImages.including".into(),
            item: json!("Image/a"),
            depends_on: vec![Address::new("Image", "a")],
        };
        assert_eq!(write(&mut recorded, &address, &item, &Map::new()).len(), 1);
        assert!(write(&mut recorded, &address, &item, &Map::new()).is_empty());
        let row = &recorded.rows[&address];
        assert_eq!(row.attributes["enabledImages"]["including"], json!(["Image/a", "Image/b"]));
        assert!(row.depends_on.contains("Image/a"));
    }

    #[test]
    fn a_rename_deletes_the_old_rows_and_writes_every_touched_one() {
        let mut recorded = Recorded::default();
        recorded.rows.insert(Address::new("Lab", "a"), row(json!({}), json!({})));
        recorded.rows.insert(Address::new("Publish", "a"), row(json!({"lab": "Lab/a"}), json!({})));
        let recording = Recording::Move { from: Address::new("Lab", "a") };
        let writes = write(&mut recorded, &Address::new("Lab", "b"), &recording, &Map::new());
        let texts: Vec<_> = writes
            .iter()
            .map(|write| match write {
                RowWrite::Put(address, _) => format!("+{address}"),
                RowWrite::Delete(address) => format!("-{address}"),
            })
            .collect();
        assert_eq!(texts, ["-Lab/a", "-Publish/a", "+Lab/b", "+Publish/b"]);
    }
}
