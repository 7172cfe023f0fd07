//! References: a bare key where it can mean but one resource, `Kind/key` where several kinds have it. Those by an id are
//! read in `ids`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::codes::Code;
use super::error::Mistake;
use super::fields::{self, later};
use super::near::{either, nearest, perhaps, quoted};
use super::node::Node;
use super::value::{Reader, one, repeated, split_cell};
use crate::kinds::{KINDS, LATER, Reference, kind};
use crate::model::Address;

const MARKETPLACE: &str = "Marketplace/";

/// The kind that `enabledImages` lists.
const IMAGE: &Reference = &Reference { kinds: &["Image"], marketplace: false, unmanaged: &[] };

impl Reader<'_, '_> {
    pub(super) fn reference(&mut self, reference: &Reference, node: &Node) -> Option<Value> {
        if let Some(entries) = node.as_map().filter(|_| !node.is_null()) {
            return self.by_id(reference, node, entries);
        }
        let Some(text) = node.as_text() else {
            return self.refuse(fields::wrong_type(node, "a reference such as `Kind/key`"));
        };
        if text.contains("/subscriptions/") {
            let mistake =
                Mistake::new(Code::BadId, format!("{} is an id, and here belongs a key", quoted(text)));
            return self.refuse(
                mistake
                    .on(node, "not a key")
                    .advice("write `{ id: … }` around it; what is in the files is named by its key"),
            );
        }
        if reference.marketplace
            && let Some(name) = text.strip_prefix(MARKETPLACE)
        {
            if name.trim().is_empty() {
                let mistake = Mistake::new(Code::UnknownReference, "the marketplace image has no name");
                return self.refuse(
                    mistake
                        .on(node, "names nothing")
                        .advice("for example `Marketplace/Ubuntu Server 22.04 LTS`"),
                );
            }
            return Some(json!(text));
        }
        let built: Vec<&'static str> =
            reference.kinds.iter().filter_map(|name| kind(name)).map(|kind| kind.info().name).collect();
        let (of, key) = match text.split_once('/') {
            Some((of, key)) => (self.admitted(of, reference, &built, node)?, key),
            None => (self.only_kind(text, &built, node)?, text),
        };
        if self.world.has(of, key) {
            return Some(json!(format!("{of}/{key}")));
        }
        if !self.world.may_have(of, key) {
            let mistake = self.unknown(of, key, reference, node);
            self.problems.add(mistake);
        }
        None
    }

    /// The kind that is written before the slash, if the field admits it.
    fn admitted(
        &mut self,
        written: &str,
        reference: &Reference,
        built: &[&'static str],
        node: &Node,
    ) -> Option<&'static str> {
        if let Some(of) = built.iter().find(|name| **name == written) {
            return Some(of);
        }
        let wanted = either(built.iter().copied());
        let mistake = if LATER.iter().any(|(name, _)| *name == written) {
            later(written).on(node, "not yet").advice(format!("refer to {wanted}"))
        } else if kind(written).is_some() {
            let message =
                format!("{} is no {}", quoted(node.as_text().unwrap_or_default()), built.join(" or "));
            let sections = built.iter().filter_map(|of| Some(format!("{}:", kind(of)?.info().section)));
            let sections: Vec<_> = sections.collect();
            let expected: Vec<_> = built.iter().map(|of| one(of)).collect();
            Mistake::new(Code::WrongKind, message)
                .on(node, format!("expected {}", expected.join(" or ")))
                .advice(format!("name a key of {}", either(sections.iter().map(String::as_str))))
        } else {
            let marketplace = reference.marketplace.then_some("Marketplace");
            let near = nearest(written, built.iter().copied().chain(marketplace));
            let help = if near.is_empty() {
                format!("write {wanted}, a slash and the key")
            } else {
                format!("perhaps {}?", either(near))
            };
            Mistake::new(Code::UnknownReference, format!("there is no kind {}", quoted(written)))
                .on(node, "not a kind")
                .advice(help)
        };
        self.problems.add(mistake);
        None
    }

    /// The one kind that a bare key can mean.
    fn only_kind(&mut self, key: &str, built: &[&'static str], node: &Node) -> Option<&'static str> {
        if let [only] = built {
            return Some(only);
        }
        let having: Vec<_> = built.iter().copied().filter(|of| self.world.has(of, key)).collect();
        match having[..] {
            [only] => return Some(only),
            [] if built.iter().any(|of| self.world.may_have(of, key)) => {}
            [] => {
                let mistake = self.of_no_kind(key, built, node);
                self.problems.add(mistake);
            }
            _ => self.problems.add(ambiguous(key, having.into_iter(), node)),
        }
        None
    }

    /// A bare key that none of several kinds has.
    fn of_no_kind(&self, key: &str, built: &[&'static str], node: &Node) -> Mistake {
        let keys: Vec<&str> = built.iter().flat_map(|of| self.world.keys(of)).collect();
        let sections = built.iter().filter_map(|of| kind(of)).map(|kind| format!("{}:", kind.info().section));
        let sections: Vec<_> = sections.collect();
        let sections = either(sections.iter().map(String::as_str));
        let help = perhaps(key, keys.iter().copied());
        Mistake::new(
            Code::UnknownReference,
            format!("there is no {} {}", built.join(" and no "), quoted(key)),
        )
        .on(node, "not in the files")
        .advice(help.unwrap_or_else(|| format!("declare it under {sections}")))
    }

    fn unknown(&self, of: &str, key: &str, reference: &Reference, node: &Node) -> Mistake {
        let help = perhaps(key, self.world.keys(of));
        let section = kind(of).map_or("", |kind| kind.info().section);
        let marketplace = if reference.marketplace {
            format!("; a marketplace image is `{MARKETPLACE}{key}`")
        } else {
            String::new()
        };
        let help = help.unwrap_or_else(|| format!("declare it under `{section}:`"));
        Mistake::new(Code::UnknownReference, format!("there is no {of} {}", quoted(key)))
            .on(node, format!("not under `{section}:`"))
            .advice(format!("{help}{marketplace}"))
    }

    pub(super) fn enabled_images(&mut self, node: &Node) -> Option<Value> {
        if node.as_text() == Some("all") {
            return Some(json!("all"));
        }
        if let Some([entry]) = node.as_map().filter(|_| !node.is_null()) {
            if &*entry.key != "including" {
                return self.refuse(fields::unknown_key(entry, "`enabledImages`", ["including"]));
            }
            let images = self.images(&entry.value)?;
            return Some(json!({ "including": images }));
        }
        self.images(node)
    }

    fn images(&mut self, node: &Node) -> Option<Value> {
        let split = split_cell(node);
        let items = match &split {
            Some(items) => items.as_slice(),
            None => match &node.content {
                super::node::Content::List(items) => items.as_slice(),
                _ => {
                    let wanted = "a list of images, `{ including: […] }` or `all`";
                    return self.refuse(fields::wrong_type(node, wanted));
                }
            },
        };
        let mut found: BTreeMap<String, &Node> = BTreeMap::new();
        let mut fine = true;
        for item in items {
            let Some(text) = self.reference(IMAGE, item).and_then(|value| value.as_str().map(str::to_owned))
            else {
                fine = false;
                continue;
            };
            if let Some(first) = found.insert(text, item) {
                self.problems.add(repeated(item, first));
                fine = false;
            }
        }
        fine.then(|| json!(found.keys().collect::<Vec<_>>()))
    }

    /// An address, `Kind/key`, of a kind that exists; whether it is in the files is asked later.
    pub(super) fn address(&mut self, node: &Node) -> Option<Address> {
        if node.is_broken() {
            return None;
        }
        let text = fields::text(node, self.problems)?;
        let Some((of, key)) = text.split_once('/').filter(|(_, key)| !key.is_empty()) else {
            let kinds = self.world.kinds_of(text);
            self.problems.add(ambiguous(text, kinds.into_iter(), node));
            return None;
        };
        match kind(of) {
            Some(_) => Some(Address::new(of, key)),
            None => {
                let mistake = unknown_kind(of, node);
                self.problems.add(mistake);
                None
            }
        }
    }
}

/// Reports a word before a slash that is no kind.
pub(super) fn unknown_kind(of: &str, node: &Node) -> Mistake {
    if LATER.iter().any(|(name, _)| *name == of) {
        return later(of).on(node, "not yet");
    }
    let known: Vec<_> = KINDS.iter().map(|kind| kind.info().name).collect();
    Mistake::new(Code::UnknownReference, format!("there is no kind {}", quoted(of)))
        .on(node, "not a kind")
        .help(perhaps(of, known.iter().copied()))
}

fn ambiguous(key: &str, kinds: impl Iterator<Item = &'static str>, node: &Node) -> Mistake {
    let addresses: Vec<String> = kinds.map(|of| format!("{of}/{key}")).collect();
    let help = if addresses.is_empty() {
        "write `Kind/key`, for example `Lab/optics`".into()
    } else {
        format!("write {}", either(addresses.iter().map(String::as_str)))
    };
    let message = match addresses.len() {
        0 | 1 => format!("{} does not say of which kind it is", quoted(key)),
        count => format!("{} could be any of {count} resources", quoted(key)),
    };
    Mistake::new(Code::AmbiguousReference, message).on(node, "names no kind").advice(help)
}
