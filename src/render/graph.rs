//! The graph of a plan's actions for Graphviz and for Mermaid.

use std::collections::HashMap;
use std::fmt::Write;

use super::words::clean;
use crate::plan::{Action, Plan, Verb};

/// The actions as a directed graph in DOT; an edge leads from what is done first to what waits for it.
#[must_use]
pub fn dot(plan: &Plan) -> String {
    let mut text =
        String::from("digraph plan {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n");
    for (index, action) in plan.actions.iter().enumerate() {
        let label = dot_text(&label(action));
        writeln!(text, "  n{index} [label=\"{label}\", color=\"{}\"];", colour(action.verb))
            .expect("a string");
    }
    for (before, after) in edges(plan) {
        writeln!(text, "  n{before} -> n{after};").expect("a string");
    }
    text.push_str("}\n");
    text
}

/// The actions as a flowchart of Mermaid.
#[must_use]
pub fn mermaid(plan: &Plan) -> String {
    let mut text = String::from("flowchart LR\n");
    for (index, action) in plan.actions.iter().enumerate() {
        writeln!(text, "  n{index}[\"{}\"]", mermaid_text(&label(action))).expect("a string");
    }
    for (before, after) in edges(plan) {
        writeln!(text, "  n{before} --> n{after}").expect("a string");
    }
    text
}

fn label(action: &Action) -> String {
    clean(&action.id)
}

/// Pairs of indices, first what is done first.
fn edges(plan: &Plan) -> Vec<(usize, usize)> {
    let index: HashMap<&str, usize> =
        plan.actions.iter().enumerate().map(|(index, action)| (action.id.as_str(), index)).collect();
    let needs = |(after, action): (usize, &Action)| {
        action.needs.iter().filter_map(|need| Some((*index.get(need.as_str())?, after))).collect::<Vec<_>>()
    };
    plan.actions.iter().enumerate().flat_map(needs).collect()
}

fn colour(verb: Verb) -> &'static str {
    match verb {
        Verb::Create | Verb::Import => "darkgreen",
        Verb::Update | Verb::Move => "goldenrod",
        Verb::Delete | Verb::Replace => "firebrick",
        Verb::Invoke => "purple",
        Verb::Keep | Verb::Forget => "gray",
    }
}

/// Escapes text for a quoted string of DOT (Graphviz, "The DOT Language", quoted ids).
fn dot_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// Escapes text for a quoted label of Mermaid, which takes entity codes as `#35;`.
fn mermaid_text(text: &str) -> String {
    let escape = |c: char| match c {
        'A'..='Z' | 'a'..='z' | '0'..='9' | ' ' | '/' | '.' | '-' | '_' => c.to_string(),
        c => format!("#{};", u32::from(c)),
    };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_label() {
        assert_eq!(dot_text(r#"a"];x\"#), r#"a\"];x\\"#);
        assert_eq!(mermaid_text(r#"Lab/a"]<b>#create"#), "Lab/a#34;#93;#60;b#62;#35;create");
    }
}
