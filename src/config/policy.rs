//! `policy`, `moved` and `forget`.

use std::collections::HashMap;

use super::codes::Code;
use super::error::{Mistake, Problems};
use super::fields::{self, later};
use super::near::{either, perhaps, quoted};
use super::node::Node;
use super::reference::unknown_kind;
use super::texts::Place;
use super::value::{Reader, one};
use super::variables::Scope;
use super::world::World;
use crate::kinds::{consented, kind};
use crate::model::is_day;
use crate::model::{Address, Allowance, Allowed, AllowedWhat, BlastRadius, Moved, Policy, Source};

/// Keys of `policy` that come with rules, prices and the like.
pub(super) const LATER: &[&str] = &["rules", "waive", "budget", "forbidSizes", "require"];

const ALLOW_EXAMPLE: &str = "{ delete: Lab, atMost: 38, because: end of term, until: 2027-02-15 }";

/// Reads `policy:`.
pub(super) fn policy(node: &Node, scope: Scope<'_>, world: &World<'_>, problems: &mut Problems) -> Policy {
    let node = scope.expand(node.clone(), problems);
    let mut policy = Policy::default();
    for entry in fields::map(&node, "{ allow: [] }", problems).unwrap_or_default() {
        match &*entry.key {
            "allow" => {
                let items =
                    fields::list(&entry.value, &format!("[{ALLOW_EXAMPLE}]"), problems).unwrap_or_default();
                policy.allow = items.iter().filter_map(|item| allowance(item, world, problems)).collect();
            }
            "blastRadius" => {
                policy.blast_radius =
                    blast_radius(&entry.value, world.files.source(entry.key_place), problems);
            }
            word if LATER.contains(&word) => {
                problems.add(later(&format!("policy.{word}")).at(entry.key_place, "not yet"))
            }
            _ => problems.add(fields::unknown_key(
                entry,
                "`policy`",
                ["allow", "blastRadius"].into_iter().chain(LATER.iter().copied()),
            )),
        }
    }
    policy
}

fn allowance(node: &Node, world: &World<'_>, problems: &mut Problems) -> Option<Allowance> {
    let words = AllowedWhat::ALL.map(AllowedWhat::as_str);
    let entries = fields::map(node, ALLOW_EXAMPLE, problems)?;
    let known: Vec<_> = words.into_iter().chain(["atMost", "because", "until"]).collect();
    fields::only(entries, "`allow`", &known, problems);
    let whats: Vec<_> =
        AllowedWhat::ALL.into_iter().filter(|what| node.get(what.as_str()).is_some()).collect();
    let [what] = whats.as_slice() else {
        problems.add(
            Mistake::new(
                Code::Policy,
                format!("a consent names exactly one thing, here are {}", whats.len()),
            )
            .at(node.place, "consents to what?")
            .advice(format!("write one of {}, for example `{ALLOW_EXAMPLE}`", either(words))),
        );
        return None;
    };
    let on = node.get(what.as_str()).and_then(|node| subject(*what, node, problems));
    let needed = |key: &str, example: &str, problems: &mut Problems| {
        let found = node.get(key).filter(|node| !node.is_null());
        if found.is_none() {
            problems.add(
                Mistake::new(Code::MissingAttribute, format!("`{key}` is missing in a consent"))
                    .at(node.place, format!("has no `{key}`"))
                    .advice(format!("add `{key}: {example}")),
            );
        }
        found
    };
    let because = needed("because", "…`, why it is meant", problems).and_then(|node| reason(node, problems));
    let until = needed("until", "YYYY-MM-DD`, the last day that it holds", problems)
        .and_then(|node| day(node, problems));
    let at_most = match node.get("atMost") {
        Some(node) => Some(count(node, 1, 1_000_000, problems)?),
        None => None,
    };
    Some(Allowance {
        allowed: Allowed { what: *what, on: Some(on?), at_most },
        because: because?.to_owned(),
        until: until?,
        source: world.files.source(node.place),
    })
}

/// Why a consent stands: whoever reviews it is told something.
fn reason<'n>(node: &'n Node, problems: &mut Problems) -> Option<&'n str> {
    let text = fields::text(node, problems)?;
    if text.trim().is_empty() {
        problems.add(
            Mistake::new(Code::Policy, "a consent's `because` is empty")
                .at(node.place, "no reason")
                .advice("say why, for example `because: end of term`"),
        );
        return None;
    }
    Some(text)
}

/// A kind's name or an address.
fn subject(what: AllowedWhat, node: &Node, problems: &mut Problems) -> Option<String> {
    let text = fields::text(node, problems)?;
    let (of, key) = text.split_once('/').map_or((text, None), |(of, key)| (of, Some(key)));
    if kind(of).is_none() {
        problems.add(unknown_kind(of, node));
        return None;
    }
    let taking = consented(what);
    if !taking.contains(&of) {
        let what = what.as_str();
        let instead: Vec<_> =
            taking.iter().map(|kind| key.map_or((*kind).to_owned(), |key| format!("{kind}/{key}"))).collect();
        problems.add(
            Mistake::new(Code::Policy, format!("no consent is needed to {what} {}", one(of)))
                .on(node, "consents to nothing")
                .advice(format!(
                    "write {}, or take the line away",
                    either(instead.iter().map(String::as_str))
                )),
        );
        return None;
    }
    if key == Some("") {
        problems.add(
            Mistake::new(Code::Policy, format!("{} names no resource", quoted(text)))
                .at(node.place, "no key"),
        );
        return None;
    }
    Some(text.to_owned())
}

fn day(node: &Node, problems: &mut Problems) -> Option<String> {
    let text = fields::text(node, problems)?;
    if is_day(text) {
        return Some(text.to_owned());
    }
    problems.add(
        Mistake::new(Code::BadDate, format!("{} is no day", quoted(text)))
            .at(node.place, "not a day")
            .advice("write a day of the calendar as `YYYY-MM-DD`, for example `2027-06-28`"),
    );
    None
}

fn count(node: &Node, min: i64, max: i64, problems: &mut Problems) -> Option<u32> {
    let number = node.as_scalar().and_then(super::node::Scalar::as_integer);
    let found =
        number.filter(|number| (min..=max).contains(number)).and_then(|number| u32::try_from(number).ok());
    if found.is_none() {
        problems.add(
            Mistake::new(Code::BadNumber, "this is not a whole number within the bounds")
                .at(node.place, format!("expected a whole number from {min} to {max}")),
        );
    }
    found
}

fn blast_radius(node: &Node, source: Source, problems: &mut Problems) -> Option<BlastRadius> {
    const EXAMPLE: &str = "{ share: 30%, atLeast: 10 }";
    let entries = fields::map(node, EXAMPLE, problems)?;
    fields::only(entries, "`blastRadius`", &["share", "atLeast"], problems);
    let (Some(share), Some(at_least)) = (node.get("share"), node.get("atLeast")) else {
        problems.add(
            Mistake::new(Code::MissingAttribute, "`blastRadius` has both `share` and `atLeast`")
                .at(node.place, "one of them is missing")
                .advice(format!("for example `blastRadius: {EXAMPLE}`")),
        );
        return None;
    };
    let text = share.as_text().unwrap_or_default();
    let percent = text.strip_suffix('%').and_then(|number| number.trim().parse::<u32>().ok());
    let percent = percent.filter(|percent| (1..=100).contains(percent));
    if percent.is_none() {
        problems.add(
            Mistake::new(Code::BadNumber, format!("{} is no share", quoted(text)))
                .at(share.place, "expected 1% to 100%")
                .advice("write `30%`"),
        );
    }
    Some(BlastRadius { percent: percent?, at_least: count(at_least, 0, 1_000_000, problems)?, source })
}

/// Reads `moved:`; whether the addresses fit the files is asked of `exists`.
pub(super) fn moved(
    node: &Node,
    scope: Scope<'_>,
    world: &World<'_>,
    exists: &dyn Fn(&Address) -> bool,
    problems: &mut Problems,
) -> Vec<Moved> {
    const EXAMPLE: &str = "[{ from: Lab/old-name, to: Lab/new-name }]";
    let node = scope.expand(node.clone(), problems);
    let mut found: Vec<Moved> = Vec::new();
    let mut seen: HashMap<Address, Place> = HashMap::new();
    for item in fields::list(&node, EXAMPLE, problems).unwrap_or_default() {
        let Some(entries) = fields::map(item, "{ from: Lab/old-name, to: Lab/new-name }", problems) else {
            continue;
        };
        fields::only(entries, "`moved`", &["from", "to"], problems);
        let (Some(from_node), Some(to_node)) = (item.get("from"), item.get("to")) else {
            problems.add(
                Mistake::new(Code::MissingAttribute, "`moved` has both `from` and `to`")
                    .at(item.place, "one of them is missing")
                    .advice(format!("for example `moved: {EXAMPLE}`")),
            );
            continue;
        };
        let mut reader = Reader::new(world, problems);
        let (from, to) = (reader.address(from_node), reader.address(to_node));
        let (Some(from), Some(to)) = (from, to) else { continue };
        let before = problems.raised();
        check_move(&from, from_node, &to, to_node, world, exists, problems);
        for (address, node) in [(&from, from_node), (&to, to_node)] {
            if let Some(first) = seen.insert(address.clone(), node.place) {
                problems.add(
                    Mistake::new(Code::Moved, format!("{address} moves twice"))
                        .on(node, "again")
                        .at(first, "first here")
                        .advice("one line for each resource: `from` is the key that is recorded, `to` the one it has now"),
                );
            }
        }
        if problems.raised() == before {
            found.push(Moved { from, to, source: world.files.source(item.place) });
        }
    }
    found
}

fn check_move(
    from: &Address,
    from_node: &Node,
    to: &Address,
    to_node: &Node,
    world: &World<'_>,
    exists: &dyn Fn(&Address) -> bool,
    problems: &mut Problems,
) {
    if from.kind() != to.kind() {
        problems.add(
            Mistake::new(Code::Moved, format!("{from} and {to} are of different kinds"))
                .on(to_node, "another kind")
                .on(from_node, "from here")
                .advice("`moved` changes the key and nothing else"),
        );
        return;
    }
    if kind(from.kind()).is_some_and(|kind| kind.info().section.is_empty()) {
        problems.add(
            Mistake::new(Code::Moved, format!("{from} moves along with what it belongs to"))
                .on(from_node, "not on its own")
                .advice("move what it belongs to"),
        );
        return;
    }
    if exists(from) {
        problems.add(
            Mistake::new(Code::Moved, format!("{from} is still in the files"))
                .on(from_node, "not moved away")
                .advice("rename its key, or take this line away"),
        );
    }
    if !exists(to) && !world.may_have(to.kind(), to.key()) {
        problems.add(
            Mistake::new(Code::Moved, format!("{to} is not in the files"))
                .on(to_node, "moves to nothing")
                .help(perhaps(to.key(), world.keys(to.kind()))),
        );
    }
}

/// Reads `forget:`.
pub(super) fn forget(
    node: &Node,
    scope: Scope<'_>,
    world: &World<'_>,
    exists: &dyn Fn(&Address) -> bool,
    problems: &mut Problems,
) -> Vec<(Address, Source)> {
    let node = scope.expand(node.clone(), problems);
    let mut found: Vec<(Address, Source)> = Vec::new();
    let mut seen: HashMap<Address, &Node> = HashMap::new();
    for item in fields::list(&node, "[Lab/cs101-fall2026-A]", problems).unwrap_or_default() {
        let Some(address) = Reader::new(world, problems).address(item) else { continue };
        if exists(&address) {
            problems.add(
                Mistake::new(Code::Forget, format!("{address} is still in the files"))
                    .on(item, "cannot be forgotten")
                    .advice("take its block away as well, or this line"),
            );
        } else if let Some(first) = seen.insert(address.clone(), item) {
            problems.add(super::value::repeated(item, first));
        } else {
            found.push((address, world.files.source(item.place)));
        }
    }
    found
}
