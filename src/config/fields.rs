//! Reading maps whose keys are fixed, with the problems that all of them share.

use super::codes::Code;
use super::error::{Mistake, Problems};
use super::near::{perhaps, quoted};
use super::node::{Content, Entry, Node};

impl Mistake {
    /// Adds the place of a value, and where `$(…)` brought it to.
    pub(super) fn on(self, node: &Node, text: impl Into<String>) -> Self {
        let mistake = self.at(node.place, text);
        match &node.via {
            Some(via) if **via != node.place => mistake.at(**via, "used here"),
            _ => mistake,
        }
    }
}

/// `wanted` says what the key takes: `a text`.
pub(super) fn wrong_type(node: &Node, wanted: &str) -> Mistake {
    Mistake::new(Code::WrongType, format!("{wanted} is wanted, this is {}", node.sort()))
        .on(node, format!("expected {wanted}"))
        .advice(format!("write {wanted} here"))
}

/// The text of a scalar, numbers in their spelling.
pub(super) fn text<'a>(node: &'a Node, problems: &mut Problems) -> Option<&'a str> {
    match node.as_scalar() {
        _ if node.is_broken() => None,
        Some(scalar) if !scalar.is_null() && (scalar.as_bool().is_none() || node.sort() == "text") => {
            Some(&scalar.text)
        }
        Some(scalar) if !scalar.is_null() => {
            let help = format!("put it in quotes if it is meant as text: \"{}\"", scalar.text);
            problems.add(wrong_type(node, "a text").advice(help));
            None
        }
        _ => {
            problems.add(wrong_type(node, "a text"));
            None
        }
    }
}

/// The entries of a map; nothing is an empty one.
pub(super) fn map<'a>(node: &'a Node, example: &str, problems: &mut Problems) -> Option<&'a [Entry]> {
    let entries = node.as_map();
    if entries.is_none() && !node.is_broken() {
        let help = (!example.is_empty()).then(|| format!("for example {}", quoted(example)));
        problems.add(wrong_type(node, "a map").help(help));
    }
    entries
}

/// The items of a list.
pub(super) fn list<'a>(node: &'a Node, example: &str, problems: &mut Problems) -> Option<&'a [Node]> {
    match &node.content {
        Content::List(items) => Some(items),
        _ if node.is_broken() => None,
        _ => {
            problems.add(wrong_type(node, "a list").advice(format!("for example {}", quoted(example))));
            None
        }
    }
}

/// Reports a key that is not part of the language here.
pub(super) fn unknown_key<'a>(
    entry: &Entry,
    of: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Mistake {
    let label = if of.is_empty() { "not known".to_owned() } else { format!("not a key of {of}") };
    // `capacity:25` is one word to YAML.
    let run_together =
        entry.key.split_once(':').filter(|(key, _)| known.clone().into_iter().any(|own| own == *key));
    let help = match run_together {
        Some((key, value)) => {
            Some(format!("a blank is missing after the `:`, write `{key}: {}`", value.trim()))
        }
        None => perhaps(&entry.key, known),
    };
    Mistake::new(Code::UnknownKey, format!("unknown key {}", quoted(&entry.key)))
        .at(entry.key_place, label)
        .help(help)
}

/// Reports every key of a map that is not one of `known`.
pub(super) fn only(entries: &[Entry], of: &str, known: &[&str], problems: &mut Problems) {
    for entry in entries.iter().filter(|entry| !known.contains(&&*entry.key)) {
        problems.add_with(|| unknown_key(entry, of, known.iter().copied()));
    }
}

/// Reports a word that the language knows and that is not built yet.
pub(super) fn later(word: &str) -> Mistake {
    Mistake::new(Code::Later, format!("{} comes with a later version of labwright", quoted(word)))
        .advice("take it away for now")
}

/// Whether a text may be a key: `[A-Za-z0-9][A-Za-z0-9._-]*`.
pub(super) fn is_key(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

/// A GUID in lower case; `None` for what is none.
pub(super) fn guid(text: &str) -> Option<String> {
    let is_hyphenated = text.len() == 36;
    is_hyphenated
        .then(|| uuid::Uuid::try_parse(text).ok().map(|guid| guid.hyphenated().to_string()))
        .flatten()
}
