//! `forEach`: the rows of a list, a matrix or a CSV file.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::codes::Code;
use super::error::{Mistake, Problems};
use super::fields;
use super::load::Loader;
use super::near::quoted;
use super::node::{Content, Entry, Node};
use super::paths::relative_to;
use super::settings::outside;
use super::table;
use super::texts::Place;
use super::variables::{Row, Scope};

/// More rows than this are rather an accident.
const MOST: usize = 200_000;

/// The rows of one block, and what all of them share.
#[derive(Debug)]
pub(super) struct ForEach {
    pub(super) rows: Rc<Vec<Row>>,
    pub(super) with: BTreeMap<String, Node>,
}

/// CSV files that were read already.
pub(super) type Tables = HashMap<String, Option<Rc<Vec<Row>>>>;

/// Reads `forEach`; `None` where it is wrong, which has been reported then.
pub(super) fn read(
    entry: &Entry,
    variables: &BTreeMap<String, Node>,
    loader: &mut Loader<'_>,
    tables: &mut Tables,
    problems: &mut Problems,
) -> Option<ForEach> {
    const KEYS: &[&str] = &["rows", "matrix", "csv", "with", "allowEmpty"];
    let node = &entry.value;
    let entries = fields::map(node, "{ csv: terms/spring27.csv }", problems)?;
    fields::only(entries, "`forEach`", KEYS, problems);
    let with = with(node, variables, problems);
    let sources: Vec<&Entry> = entries.iter().filter(|entry| KEYS[..3].contains(&&*entry.key)).collect();
    let [source] = sources.as_slice() else {
        problems.add(
            Mistake::new(Code::ForEach, format!("`forEach` takes exactly one of `rows`, `matrix` and `csv`, here are {}", sources.len()))
                .at(entry.key_place, "makes one resource for each row")
                .advice("write `forEach: { rows: [{ name: a }] }`, `{ matrix: { section: [A, B] } }` or `{ csv: FILE }`"),
        );
        return None;
    };
    let scope = Scope { row: None, with: Some(&with), variables };
    let rows = match &*source.key {
        "rows" => Rc::new(listed(&scope.expand(source.value.clone(), problems), problems)?),
        "matrix" => Rc::new(product(&scope.expand(source.value.clone(), problems), problems)?),
        _ => from_file(
            &scope.expand(source.value.clone(), problems),
            source.value.place,
            loader,
            tables,
            problems,
        )?,
    };
    let allow_empty = match node.get("allowEmpty").and_then(Node::as_scalar) {
        None => false,
        Some(scalar) => scalar.as_bool().unwrap_or_else(|| {
            let node = node.get("allowEmpty").unwrap_or(node);
            problems.add(fields::wrong_type(node, "`true` or `false`"));
            true
        }),
    };
    if rows.is_empty() && !allow_empty {
        problems.add(
            Mistake::new(Code::NoRows, "there is no row, so no resource is made")
                .at(source.value.place, "no row")
                .advice("add rows, or write `allowEmpty: true` beside it if that is meant"),
        );
    }
    Some(ForEach { rows, with })
}

fn with(node: &Node, variables: &BTreeMap<String, Node>, problems: &mut Problems) -> BTreeMap<String, Node> {
    let Some(node) = node.get("with") else { return BTreeMap::new() };
    let entries = fields::map(node, "{ term: spring27 }", problems).unwrap_or_default();
    let scope = Scope::of(variables);
    entries.iter().map(|entry| (entry.key.to_string(), scope.expand(entry.value.clone(), problems))).collect()
}

fn listed(node: &Node, problems: &mut Problems) -> Option<Vec<Row>> {
    let mut rows = Vec::new();
    for item in fields::list(node, "[{ lab: cs101-A, seats: 40 }]", problems)? {
        let entries = fields::map(item, "{ lab: cs101-A, seats: 40 }", problems)?;
        let values = entries.iter().map(|entry| (entry.key.to_string(), entry.value.clone())).collect();
        rows.push(Row { place: item.place, values });
    }
    // A name that one row leaves out is blank there.
    let names: Vec<String> = rows.iter().flat_map(|row: &Row| row.values.keys().cloned()).collect();
    let names: std::collections::BTreeSet<String> = names.into_iter().collect();
    for row in &mut rows {
        for name in &names {
            let place = row.place;
            row.values
                .entry(name.clone())
                .or_insert_with(|| Node::scalar("", super::node::Style::Plain, place));
        }
    }
    Some(rows)
}

fn product(node: &Node, problems: &mut Problems) -> Option<Vec<Row>> {
    const EXAMPLE: &str = "{ section: [A, B], room: [1, 2] }";
    let entries = fields::map(node, EXAMPLE, problems)?;
    let mut rows = vec![Row { place: node.place, values: BTreeMap::new() }];
    for entry in entries {
        let items = fields::list(&entry.value, "[A, B]", problems)?;
        if rows.len().saturating_mul(items.len()) > MOST {
            problems.add(
                Mistake::new(Code::TooLarge, format!("the matrix makes more than {MOST} rows"))
                    .at(entry.key_place, "one dimension too many"),
            );
            return None;
        }
        let with_item = |row: &Row, item: &Node| {
            let mut values = row.values.clone();
            values.insert(entry.key.to_string(), item.clone());
            Row { place: item.place, values }
        };
        rows = rows.iter().flat_map(|row| items.iter().map(move |item| with_item(row, item))).collect();
    }
    if entries.is_empty() {
        rows.clear();
    }
    Some(rows)
}

fn from_file(
    node: &Node,
    place: Place,
    loader: &mut Loader<'_>,
    tables: &mut Tables,
    problems: &mut Problems,
) -> Option<Rc<Vec<Row>>> {
    let path = fields::text(node, problems)?;
    let Some(full) = relative_to(loader.files.name(place.file), path) else {
        problems.add(outside(path, node));
        return None;
    };
    if let Some(known) = tables.get(&full) {
        return known.clone();
    }
    let rows = match loader.read(&full, Some(place)) {
        Ok(file) => table::rows(file, &mut loader.files, problems).map(Rc::new),
        Err(mistake) => {
            problems.add(*mistake);
            None
        }
    };
    tables.insert(full, rows.clone());
    rows
}

/// Reports a key that does not tell the rows apart.
pub(super) fn same_for_all(entry: &Entry, rows: &[Row]) -> Mistake {
    let columns = table::columns(rows);
    let example = columns.iter().next().map_or_else(|| "name".to_owned(), |name| (*name).to_owned());
    let between = if entry.key.contains('_') { '_' } else { '-' };
    Mistake::new(Code::ForEach, format!("the key {} is the same for every row", quoted(&entry.key)))
        .at(entry.key_place, "makes one resource for each row")
        .advice(format!(
            "put what tells the rows apart into it, for example `{}{between}$({example})`",
            entry.key
        ))
}

/// Whether a node holds `$(…)` anywhere.
pub(super) fn has_expressions(node: &Node) -> bool {
    match &node.content {
        Content::Scalar(scalar) => scalar.text.contains("$("),
        Content::List(items) => items.iter().any(has_expressions),
        Content::Map(entries) => {
            entries.iter().any(|entry| entry.key.contains("$(") || has_expressions(&entry.value))
        }
    }
}
