//! `$(name)`: variables, `with` and the row of `forEach`, nothing else.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::codes::Code;
use super::error::{Mistake, Problems};
use super::near::{perhaps, quoted};
use super::node::{Content, Entry, Node, Scalar, Style};
use super::texts::Place;
use crate::model::DefaultsLayer;

/// The values that `$(name)` can take, inner scopes first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) row: Option<&'a Row>,
    pub(super) with: Option<&'a BTreeMap<String, Node>>,
    pub(super) variables: &'a BTreeMap<String, Node>,
}

/// One row of `forEach`: its place and its values by name; null is a blank cell.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) place: Place,
    pub(super) values: BTreeMap<String, Node>,
}

impl<'a> Scope<'a> {
    pub(super) fn of(variables: &'a BTreeMap<String, Node>) -> Self {
        Self { row: None, with: None, variables }
    }

    fn get(&self, name: &str) -> Option<&'a Node> {
        let row = self.row.and_then(|row| row.values.get(name));
        row.or_else(|| self.with?.get(name)).or_else(|| self.variables.get(name))
    }

    fn names(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        let row = self.row.into_iter().flat_map(|row| row.values.keys());
        let with = self.with.into_iter().flat_map(BTreeMap::keys);
        row.chain(with).chain(self.variables.keys()).map(String::as_str)
    }

    /// The node with every `$(name)` replaced. A lone one that is blank becomes null.
    pub(super) fn expand(&self, mut node: Node, problems: &mut Problems) -> Node {
        node.content = match node.content {
            Content::Scalar(scalar) if scalar.text.contains("$(") => {
                let place = node.place;
                return self.expand_scalar(scalar, place, node.defaulted, problems);
            }
            Content::Scalar(scalar) => Content::Scalar(scalar),
            Content::List(items) => {
                let items = items.into_iter().map(|item| {
                    let was_null = item.is_null();
                    (was_null, self.expand(item, problems))
                });
                let kept = items.filter(|(was_null, item)| *was_null || !item.is_null());
                Content::List(kept.map(|(_, item)| item).collect())
            }
            Content::Map(entries) => Content::Map(self.expand_map(entries, problems)),
        };
        node
    }

    fn expand_map(&self, entries: Vec<Entry>, problems: &mut Problems) -> Vec<Entry> {
        let mut expanded = Vec::with_capacity(entries.len());
        for Entry { key, key_place, value } in entries {
            let was_null = value.is_null();
            let value = self.expand(value, problems);
            if was_null || !value.is_null() {
                let key = if key.contains("$(") {
                    match self.text(&key, key_place, problems) {
                        Some((text, _)) => text.into_owned().into(),
                        None => continue,
                    }
                } else {
                    key
                };
                expanded.push(Entry { key, key_place, value });
            }
        }
        expanded
    }

    fn expand_scalar(
        &self,
        scalar: Scalar,
        place: Place,
        defaulted: Option<DefaultsLayer>,
        problems: &mut Problems,
    ) -> Node {
        if let Some(name) = lone(&scalar.text) {
            let Some(found) = self.get(name) else {
                problems.add(self.unknown(name, place));
                return Node { defaulted, ..Node::broken(place) };
            };
            return Node { via: Some(Box::new(place)), defaulted, ..found.clone() };
        }
        match self.text(&scalar.text, place, problems) {
            Some((text, from)) => Node {
                via: from.map(|_| Box::new(place)),
                defaulted,
                ..Node::scalar(&text, Style::Quoted, from.unwrap_or(place))
            },
            None => Node { defaulted, ..Node::broken(place) },
        }
    }

    /// The text with every `$(name)` replaced by its source spelling, and the place of the first
    /// value that came from the row; `None` where something is wrong, which has been reported then.
    pub(super) fn text<'t>(
        &self,
        text: &'t str,
        place: Place,
        problems: &mut Problems,
    ) -> Option<(Cow<'t, str>, Option<Place>)> {
        if !text.contains("$(") {
            return Some((text.into(), None));
        }
        let (mut out, mut from) = (String::with_capacity(text.len() + 16), None);
        let mut rest = text;
        let mut fine = true;
        while let Some(at) = rest.find("$(") {
            let (before, after) = rest.split_at(at);
            if let Some(before) = before.strip_suffix('$') {
                out.push_str(before);
                out.push_str("$(");
                rest = &after[2..];
                continue;
            }
            out.push_str(before);
            let Some((name, tail)) = after[2..].split_once(')') else {
                problems.add(
                    Mistake::new(Code::BadExpression, "a `$(` is not closed")
                        .at(place, "begins a name that has no end")
                        .advice("write `$(name)`, or `$$(` for a literal `$(`"),
                );
                return None;
            };
            rest = tail;
            match self.get(name).map(|node| (node, node.as_scalar())) {
                None => problems.add(self.unknown(name, place)),
                Some((node, None)) => problems.add(not_inside_text(name, node, place)),
                Some((node, Some(scalar))) => {
                    out.push_str(if scalar.is_null() { "" } else { &scalar.text });
                    let in_row = self.row.is_some_and(|row| row.values.contains_key(name));
                    from = from.or(in_row.then_some(node.place));
                    continue;
                }
            }
            fine = false;
        }
        out.push_str(rest);
        fine.then_some((out.into(), from))
    }

    fn unknown(&self, name: &str, place: Place) -> Mistake {
        let help = perhaps(name, self.names())
            .unwrap_or_else(|| "declare it under `variables:` in labwright.yaml".into());
        Mistake::new(Code::UnknownVariable, format!("there is no variable {}", quoted(name)))
            .at(place, "no variable, no column, not under `with`")
            .advice(help)
    }

    /// The names of the row or of `with` that a text uses and that are blank in this row.
    pub(super) fn blanks<'t>(&self, text: &'t str) -> Vec<&'t str> {
        names_in(text).filter(|name| self.get(name).is_some_and(Node::is_null)).collect()
    }
}

fn not_inside_text(name: &str, node: &Node, place: Place) -> Mistake {
    Mistake::new(
        Code::BadExpression,
        format!("{} is {}, which cannot stand inside a text", quoted(name), node.sort()),
    )
    .at(place, "stands inside a text")
    .at(node.place, "its value")
    .advice(format!("let `$({name})` stand alone, without text around it"))
}

/// The name of a text that is one `$(name)` and nothing else.
pub(super) fn lone(text: &str) -> Option<&str> {
    let name = text.strip_prefix("$(")?.strip_suffix(')')?;
    (!name.contains([')', '('])).then_some(name)
}

/// The names that a text uses.
pub(super) fn names_in(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("$(")
        .filter(|(at, _)| !text[..*at].ends_with('$'))
        .filter_map(|(at, _)| text[at + 2..].split_once(')').map(|(name, _)| name))
}

/// Whether `text` could be what the template becomes, whatever its names hold.
pub(super) fn could_be(template: &str, text: &str) -> bool {
    let mut rest = text;
    let mut template = template;
    let mut first = true;
    while let Some(at) = template.find("$(") {
        let fixed = &template[..at];
        match rest.find(fixed) {
            Some(0) => rest = &rest[fixed.len()..],
            Some(found) if !first => rest = &rest[found + fixed.len()..],
            _ => return false,
        }
        first = false;
        template = template[at..].split_once(')').map_or("", |(_, tail)| tail);
    }
    if first { template == rest } else { rest.ends_with(template) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Place = Place { file: 0, line: 1, column: 1, start: 0, end: 1 };

    fn expanded(text: &str) -> Result<(String, Style), usize> {
        let variables: BTreeMap<String, Node> = [("term", "Spring2027"), ("seats", "30"), ("v", "1.0")]
            .map(|(name, text)| (name.to_owned(), Node::scalar(text, Style::Plain, HERE)))
            .into();
        let mut problems = Problems::default();
        let node = Scope::of(&variables).expand(Node::scalar(text, Style::Plain, HERE), &mut problems);
        let scalar = node.as_scalar().expect("a scalar").clone();
        if problems.is_empty() { Ok((scalar.text.into(), scalar.style)) } else { Err(problems.raised()) }
    }

    #[test]
    fn a_lone_name_keeps_its_type_and_text_around_it_the_spelling() {
        assert_eq!(expanded("$(seats)"), Ok(("30".into(), Style::Plain)));
        assert_eq!(expanded("v$(v)-$(term)"), Ok(("v1.0-Spring2027".into(), Style::Quoted)));
        assert_eq!(expanded("cost: $$(seats)"), Ok(("cost: $(seats)".into(), Style::Quoted)));
    }

    #[test]
    fn unknown_and_unclosed_names_are_problems() {
        assert_eq!(expanded("$(trem)"), Err(1));
        assert_eq!(expanded("a $(x) b $(y)"), Err(2));
        assert_eq!(expanded("a $(x"), Err(1));
    }

    #[test]
    fn a_template_tells_what_it_could_become() {
        assert!(could_be("$(lab)-$(term)", "cs101-A-spring27"));
        assert!(could_be("lab-$(n)", "lab-7"));
        assert!(!could_be("lab-$(n)", "room-7"));
        assert!(could_be("fixed", "fixed") && !could_be("fixed", "other"));
    }
}
