//! A file's values with their places: scalars as they are spelled, what they mean is asked later.

use std::collections::HashMap;

use super::texts::Place;
use crate::model::DefaultsLayer;

/// A value and where it is written.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) content: Content,
    /// Where the value itself stands: in YAML, or in the row that it comes from.
    pub(super) place: Place,
    /// Where the `$(…)` stands that brought it here.
    pub(super) via: Option<Box<Place>>,
    /// The layer of defaults that wrote it.
    pub(super) defaulted: Option<DefaultsLayer>,
}

#[derive(Debug, Clone)]
pub(super) enum Content {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: Box<str>,
    pub(super) key_place: Place,
    pub(super) value: Node,
}

/// A scalar in its source spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scalar {
    pub(super) text: Box<str>,
    pub(super) style: Style,
}

/// How a scalar is written, which decides what it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Without quotes: a number, a boolean, null or text.
    Plain,
    /// With quotes or as a block: text.
    Quoted,
    /// A cell of a CSV file or a value of the command line: whatever the attribute takes.
    Cell,
    /// What could not be expanded. That has been reported, so nothing more is said of it.
    Broken,
}

impl Scalar {
    pub(super) fn is_null(&self) -> bool {
        self.style == Style::Plain && matches!(&*self.text, "" | "~" | "null" | "Null" | "NULL")
    }

    /// `true` or `false`, and nothing else.
    pub(super) fn as_bool(&self) -> Option<bool> {
        match (self.style, &*self.text) {
            (Style::Quoted | Style::Broken, _) => None,
            (Style::Cell, text) if text.eq_ignore_ascii_case("true") => Some(true),
            (Style::Cell, text) if text.eq_ignore_ascii_case("false") => Some(false),
            (_, "true" | "True" | "TRUE") => Some(true),
            (_, "false" | "False" | "FALSE") => Some(false),
            _ => None,
        }
    }

    /// A whole number in decimal digits.
    pub(super) fn as_integer(&self) -> Option<i64> {
        let digits = self.text.strip_prefix(['-', '+']).unwrap_or(&self.text);
        let decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let padded = digits.len() > 1 && digits.starts_with('0');
        (matches!(self.style, Style::Plain | Style::Cell) && decimal && !padded)
            .then(|| self.text.parse().ok())
            .flatten()
    }

    /// Whether it is spelled as a number, whole or not.
    pub(super) fn is_number(&self) -> bool {
        let starts =
            self.text.trim_start_matches(['-', '+']).starts_with(|c: char| c.is_ascii_digit() || c == '.');
        self.style == Style::Plain && starts && self.text.parse::<f64>().is_ok()
    }
}

impl Node {
    pub(super) fn new(content: Content, place: Place) -> Self {
        Self { content, place, via: None, defaulted: None }
    }

    pub(super) fn scalar(text: &str, style: Style, place: Place) -> Self {
        Self::new(Content::Scalar(Scalar { text: text.into(), style }), place)
    }

    /// What stands for a value that could not be expanded.
    pub(super) fn broken(place: Place) -> Self {
        Self::scalar("", Style::Broken, place)
    }

    pub(super) fn is_broken(&self) -> bool {
        self.as_scalar().is_some_and(|scalar| scalar.style == Style::Broken)
    }

    pub(super) fn as_scalar(&self) -> Option<&Scalar> {
        match &self.content {
            Content::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The text of a scalar that is not null.
    pub(super) fn as_text(&self) -> Option<&str> {
        self.as_scalar().filter(|scalar| !scalar.is_null()).map(|scalar| &*scalar.text)
    }

    pub(super) fn is_null(&self) -> bool {
        self.as_scalar().is_some_and(Scalar::is_null)
    }

    /// The entries of a map; null is an empty one.
    pub(super) fn as_map(&self) -> Option<&[Entry]> {
        match &self.content {
            Content::Map(entries) => Some(entries),
            Content::Scalar(scalar) if scalar.is_null() => Some(&[]),
            _ => None,
        }
    }

    /// The same, taken out of it; nothing where it is no map.
    pub(super) fn into_map(self) -> Vec<Entry> {
        match self.content {
            Content::Map(entries) => entries,
            _ => Vec::new(),
        }
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.iter().find(|entry| &*entry.key == key).map(|entry| &entry.value)
    }

    /// What it is, for `… is wanted, this is …`.
    pub(super) fn sort(&self) -> &'static str {
        match &self.content {
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
            Content::Scalar(scalar) if scalar.is_null() => "nothing",
            Content::Scalar(scalar) if scalar.as_bool().is_some() && scalar.style == Style::Plain => {
                "a boolean"
            }
            Content::Scalar(scalar) if scalar.is_number() => "a number",
            Content::Scalar(_) => "text",
        }
    }

    /// Marks it and everything inside as written by a layer of defaults.
    pub(super) fn mark_defaulted(&mut self, layer: DefaultsLayer) {
        self.defaulted = Some(layer);
        match &mut self.content {
            Content::Scalar(_) => {}
            Content::List(items) => items.iter_mut().for_each(|item| item.mark_defaulted(layer)),
            Content::Map(entries) => entries.iter_mut().for_each(|entry| entry.value.mark_defaulted(layer)),
        }
    }
}

impl Entry {
    /// Where its value is: the value's own place, or the key's where the value begins on another line.
    pub(super) fn place(&self) -> Place {
        let (key, value) = (self.key_place, self.value.place);
        let below = value.file == key.file && value.line != key.line && self.value.via.is_none();
        if below && !matches!(self.value.content, Content::Scalar(_)) { key } else { value }
    }
}

/// Lays `top` over `base`: maps merge, lists and scalars replace, null drops.
///
/// Nulls of `top` stay where `base` has nothing, so that a later layer below may still be dropped;
/// [`without_nulls`] takes them away in the end.
pub(super) fn overlay(base: &mut Vec<Entry>, top: Vec<Entry>) {
    if base.is_empty() {
        *base = top;
        return;
    }
    // The keys of one map are unique, so what `top` adds need not be found again.
    let is_small = base.len().saturating_mul(top.len()) < 4096;
    let places: HashMap<Box<str>, usize> = if is_small {
        HashMap::new()
    } else {
        base.iter().enumerate().map(|(at, under)| (under.key.clone(), at)).collect()
    };
    for entry in top {
        let found = if is_small {
            base.iter().position(|under| under.key == entry.key)
        } else {
            places.get(&entry.key).copied()
        };
        let Some(under) = found.and_then(|at| base.get_mut(at)) else {
            base.push(entry);
            continue;
        };
        under.key_place = entry.key_place;
        let Entry { value, .. } = entry;
        match (&mut under.value.content, value.content) {
            (Content::Map(under_entries), Content::Map(entries))
                if !(is_secret(under_entries) && is_secret(&entries)) =>
            {
                overlay(under_entries, entries);
                under.value.place = value.place;
                // A map that the block itself has a part in is its own.
                under.value.defaulted = under.value.defaulted.and(value.defaulted);
            }
            (_, content) => under.value = Node { content, ..value },
        }
    }
}

/// Whether a map says where a secret is: that is one thing, and another one takes its place.
fn is_secret(entries: &[Entry]) -> bool {
    matches!(entries, [entry] if matches!(&*entry.key, "env" | "file" | "keyVault"))
}

/// Takes away every key whose value is null.
pub(super) fn without_nulls(entries: &mut Vec<Entry>) {
    entries.retain(|entry| !entry.value.is_null());
    for entry in entries {
        if let Content::Map(inner) = &mut entry.value.content {
            without_nulls(inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Scalar {
        Scalar { text: text.into(), style: Style::Plain }
    }

    #[test]
    fn only_true_and_false_are_booleans() {
        assert_eq!(plain("true").as_bool(), Some(true));
        for text in ["yes", "on", "off", "y", "1"] {
            assert_eq!(plain(text).as_bool(), None, "{text}");
        }
        assert_eq!(Scalar { text: "true".into(), style: Style::Quoted }.as_bool(), None);
    }

    #[test]
    fn whole_numbers_are_decimal_and_without_leading_zeros() {
        assert_eq!(plain("-30").as_integer(), Some(-30));
        for text in ["1.0", "007", "0x10", "1_000", "1e3", "", "99999999999999999999"] {
            assert_eq!(plain(text).as_integer(), None, "{text}");
        }
    }
}
