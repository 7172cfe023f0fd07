//! How two values of one attribute differ, in the form that reads best.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use similar::{ChangeTag, TextDiff};

use super::words::{clean, say_value, width};

/// A difference between two values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// Neither value is shown.
    Masked,
    /// One value instead of another; `None` where there was or will be none.
    Value {
        /// The recorded value.
        before: Option<String>,
        /// The desired value.
        after: Option<String>,
    },
    /// Items of a set or entries of a map that come, go or change.
    Items {
        /// Those that differ.
        items: Vec<Item>,
        /// How many stay as they are.
        unchanged: usize,
    },
    /// Lines of a long text.
    Text(Vec<TextLine>),
}

/// Whether an item or a line comes, goes or changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// It comes.
    Added,
    /// It goes.
    Removed,
    /// It changes.
    Changed,
    /// It stays, and is shown for what stands beside it.
    Same,
}

impl Sign {
    /// The character before it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "+",
            Self::Removed => "-",
            Self::Changed => "~",
            Self::Same => " ",
        }
    }
}

/// One item that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// How.
    pub sign: Sign,
    /// The item in words.
    pub text: String,
}

/// One line of a text's difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextLine {
    /// How it differs.
    pub sign: Sign,
    /// The line, without its break.
    pub text: String,
}

/// A text longer than this is compared by lines.
const LONG: usize = 48;
/// How many equal lines stand around those that differ.
const AROUND: usize = 2;

impl Difference {
    /// How `before` and `after` differ.
    #[must_use]
    pub fn between(before: Option<&Value>, after: Option<&Value>) -> Self {
        match (before, after) {
            (Some(Value::String(before)), Some(Value::String(after)))
                if [before, after].into_iter().any(|text| is_long(text)) =>
            {
                Self::Text(lines(before, after))
            }
            (Some(Value::Array(before)), Some(Value::Array(after))) => items(before, after),
            (Some(Value::Object(before)), Some(Value::Object(after))) => entries(before, after),
            _ => Self::Value { before: before.map(say_value), after: after.map(say_value) },
        }
    }
}

/// Whether a text is better compared by lines.
pub(super) fn is_long(text: &str) -> bool {
    text.contains('\n') || width(text) > LONG
}

fn lines(before: &str, after: &str) -> Vec<TextLine> {
    let diff = TextDiff::from_lines(before, after);
    let mut lines = Vec::new();
    for group in diff.grouped_ops(AROUND) {
        if !lines.is_empty() {
            lines.push(TextLine { sign: Sign::Same, text: "…".into() });
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Delete => Sign::Removed,
                ChangeTag::Insert => Sign::Added,
                ChangeTag::Equal => Sign::Same,
            };
            let text: &str = change.value();
            lines.push(TextLine { sign, text: clean(text.trim_end_matches(['\r', '\n'])) });
        }
    }
    lines
}

/// Items of two lists; of lists in another order only, the whole lists.
fn items(before: &[Value], after: &[Value]) -> Difference {
    let texts = |values: &[Value]| values.iter().map(say_value).collect::<BTreeSet<_>>();
    let (old, new) = (texts(before), texts(after));
    let item = |sign| move |text: &String| Item { sign, text: text.clone() };
    let mut items: Vec<_> = new.difference(&old).map(item(Sign::Added)).collect();
    items.extend(old.difference(&new).map(item(Sign::Removed)));
    if items.is_empty() || old.is_empty() || new.is_empty() {
        let [before, after] = [before, after].map(|list| Some(say_value(&Value::Array(list.to_vec()))));
        return Difference::Value { before, after };
    }
    Difference::Items { items, unchanged: old.intersection(&new).count() }
}

fn entries(before: &Map<String, Value>, after: &Map<String, Value>) -> Difference {
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let mut items = Vec::new();
    let mut unchanged = 0;
    for key in keys {
        let name = clean(key);
        let (sign, text) = match (before.get(key), after.get(key)) {
            (Some(old), Some(new)) if old == new => {
                unchanged += 1;
                continue;
            }
            (Some(old), Some(new)) => {
                (Sign::Changed, format!("{name} {} → {}", say_value(old), say_value(new)))
            }
            (None, Some(new)) => (Sign::Added, format!("{name} {}", say_value(new))),
            (Some(old), None) => (Sign::Removed, format!("{name} {}", say_value(old))),
            (None, None) => continue,
        };
        items.push(Item { sign, text });
    }
    Difference::Items { items, unchanged }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn items_of(before: &Value, after: &Value) -> Vec<String> {
        match Difference::between(Some(before), Some(after)) {
            Difference::Items { items, .. } => {
                items.iter().map(|item| format!("{} {}", item.sign.as_str(), item.text)).collect()
            }
            other => panic!("{other:?} is not a list of items"),
        }
    }

    #[test]
    fn a_map_of_regions_differs_by_its_entries() {
        let before = json!({"westeurope": 2, "uksouth": 1});
        let after = json!({"westeurope": 3, "francecentral": 1});
        assert_eq!(items_of(&before, &after), ["+ francecentral 1", "- uksouth 1", "~ westeurope 2 → 3"]);
    }

    #[test]
    fn a_set_differs_by_its_items() {
        assert_eq!(items_of(&json!(["a", "b"]), &json!(["b", "c"])), ["+ c", "- a"]);
    }

    #[test]
    fn a_list_in_another_order_is_shown_whole() {
        let difference = Difference::between(Some(&json!(["a", "b"])), Some(&json!(["b", "a"])));
        let whole = |text: &str| Some(text.to_owned());
        assert_eq!(difference, Difference::Value { before: whole("a, b"), after: whole("b, a") });
    }

    #[test]
    fn texts_of_several_lines_differ_by_lines() {
        let Difference::Text(lines) =
            Difference::between(Some(&json!("a\nb\nc\n")), Some(&json!("a\nB\nc\n")))
        else {
            panic!("a long text is compared by lines")
        };
        let lines: Vec<_> = lines.iter().map(|line| format!("{}{}", line.sign.as_str(), line.text)).collect();
        assert_eq!(lines, [" a", "-b", "+B", " c"]);
    }
}
