//! Ids of Azure in the files: of what a reference names and labwright does not manage, and of a resource itself.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Value, json};

use super::codes::Code;
use super::error::{Mistake, Problems};
use super::expand::has_subscription;
use super::fields;
use super::near::{either, quoted};
use super::node::{Entry, Node};
use super::texts::{Files, Place};
use super::value::{Reader, one};
use crate::kinds::{KINDS, Kind, KindInfo, Reference, Shape, View, kind, kind_of, unmanaged};
use crate::model::{Address, ArmId, Finding, Resource, Severity};

/// What an id stands for, as keys of a block.
const PARTS: [&str; 3] = ["name", "resourceGroup", "subscription"];

/// The `id:` of a resource.
pub(super) struct OwnId {
    pub(super) id: ArmId,
    pub(super) place: Place,
}

impl Reader<'_, '_> {
    /// `{ id: /subscriptions/… }` in place of a key.
    pub(super) fn by_id(&mut self, reference: &Reference, node: &Node, entries: &[Entry]) -> Option<Value> {
        if let Some(other) = entries.iter().find(|entry| &*entry.key != "id") {
            return self.refuse(fields::unknown_key(other, "a reference by id", ["id"]));
        }
        let Some(written) = node.get("id") else {
            return self.refuse(fields::wrong_type(node, "a reference such as `Kind/key`"));
        };
        if reference.unmanaged.is_empty() {
            let mistake =
                Mistake::new(Code::BadId, "an id is not enough here: labwright has to know more of it");
            return self.refuse(mistake.on(written, "by its key only").advice(declare(reference.kinds)));
        }
        let id = self.id(written)?;
        let sort = id.resource_type();
        if sort.as_deref().is_some_and(|sort| is_one(sort, reference.unmanaged)) {
            return Some(json!({ "id": id.as_str() }));
        }
        let fits = |name: &&&str| {
            let kind = kind(name);
            sort.as_deref().zip(kind).is_some_and(|(sort, kind)| is_one(sort, &kind.arm_types()))
        };
        let mistake = match reference.kinds.iter().find(fits) {
            Some(of) => {
                let message = format!("the id of this {of} does not say all that is needed of it");
                Mistake::new(Code::BadId, message)
                    .on(written, said(sort.as_deref()))
                    .advice(declare(reference.kinds))
            }
            None => wrong_sort(sort.as_deref(), reference.unmanaged, written),
        };
        self.refuse(mistake)
    }

    /// The `id:` of a resource of this kind.
    pub(super) fn own_id(&mut self, kind: &dyn Kind, entry: &Entry) -> Option<OwnId> {
        self.note("id", entry);
        if entry.value.is_broken() {
            return None;
        }
        let id = self.id(&entry.value)?;
        let (sort, types) = (id.resource_type(), kind.arm_types());
        // The type of a group is not part of its id.
        let is_group = kind.info().arm_type == "Microsoft.Resources/resourceGroups";
        let fits = sort.as_deref().map_or(is_group, |sort| is_one(sort, &types));
        if !fits {
            self.problems.add(wrong_sort(sort.as_deref(), &types, &entry.value));
            return None;
        }
        Some(OwnId { id, place: entry.value.place })
    }

    fn id(&mut self, node: &Node) -> Option<ArmId> {
        let text = fields::text(node, self.problems)?;
        match ArmId::written(text) {
            Ok(id) => Some(id),
            Err(why) => {
                let mistake = Mistake::new(Code::BadId, format!("{} {why}", quoted(text)));
                self.problems.add(mistake.on(node, "no id").advice(
                    "copy it in the portal, from the resource's properties or its JSON view; it starts with `/subscriptions/`",
                ));
                None
            }
        }
    }

    /// Sets what the id stands for, and says which keys of the block contradict it.
    pub(super) fn stands_for(
        &mut self,
        own: &OwnId,
        info: &KindInfo,
        entries: &[Entry],
        resource: &mut Resource,
    ) {
        for (part, text) in parts(&own.id, info) {
            let written = entries.iter().find(|entry| &*entry.key == part);
            // What stands in the block itself stands beside the id; defaults lie below it.
            let Some(entry) = written.filter(|entry| entry.value.defaulted.is_none()) else {
                let source = self.world.files.source(own.place);
                resource.attributes.insert(part.into(), json!(text));
                self.sources.insert(part.into(), source);
                self.defaulted.remove(part);
                continue;
            };
            let Some(said) = entry.value.as_text() else { continue };
            let meant = match part {
                "resourceGroup" => self.world.group(said),
                "subscription" => match self.world.subscriptions.get(said).map(|own| own.known()) {
                    Some(Some(guid)) => guid,
                    _ => said,
                },
                _ => said,
            };
            if !meant.eq_ignore_ascii_case(&text) {
                self.problems.add(
                    Mistake::new(
                        Code::IdContradicts,
                        format!("the id says {}, and `{part}` says {}", quoted(&text), quoted(said)),
                    )
                    .at(entry.place(), "this does not fit the id")
                    .at(own.place, "the id")
                    .advice(format!("take `{part}` away: the id says it already")),
                );
            }
        }
    }
}

/// What an id says of a resource of this kind, by the keys of a block. What lies in something else has its place from that.
fn parts(id: &ArmId, info: &KindInfo) -> Vec<(&'static str, String)> {
    let is_top = id.resource_type().is_none_or(|sort| sort.matches('/').count() == 1);
    let has = |part: &str| match part {
        "name" => info.name_rule.is_some() || info.attribute("name").is_some(),
        "resourceGroup" => is_top && info.attribute("resourceGroup").is_some(),
        _ => is_top && has_subscription(info),
    };
    let text = |part: &str| match part {
        "name" => Some(id.name().to_owned()),
        "resourceGroup" => id.segment("resourceGroups").map(str::to_owned),
        _ => id.segment("subscriptions").map(str::to_lowercase),
    };
    PARTS.into_iter().filter(|part| has(part)).filter_map(|part| Some((part, text(part)?))).collect()
}

fn is_one(sort: &str, types: &[&str]) -> bool {
    types.iter().any(|own| own.eq_ignore_ascii_case(sort))
}

fn said(sort: Option<&str>) -> String {
    sort.map_or_else(|| "the id of a resource group".to_owned(), |sort| format!("the id of a `{sort}`"))
}

fn wrong_sort(sort: Option<&str>, types: &[&str], node: &Node) -> Mistake {
    Mistake::new(Code::BadId, format!("this is {}, which does not fit here", said(sort)))
        .on(node, "of another type")
        .advice(format!("write the id of a {}", either(types.iter().copied())))
}

/// What to do where only a key will do.
fn declare(kinds: &[&str]) -> String {
    let sections = kinds.iter().filter_map(|of| kind(of)).map(|kind| format!("{}:", kind.info().section));
    let sections: Vec<_> = sections.collect();
    let sections = either(sections.iter().map(String::as_str));
    format!("write its block under {sections}, with `adopt: true` where it exists, and name its key")
}

/// Says of each `id:` where the block names another thing around it than the id does.
pub(super) fn check_own(
    ids: &BTreeMap<Address, OwnId>,
    sound: &HashSet<Address>,
    view: &View<'_>,
    files: &Files,
    problems: &mut Problems,
) {
    for (address, own) in ids.iter().filter(|(address, _)| sound.contains(*address)) {
        let Some(resource) = view.desired.get(address) else { continue };
        let kind = kind_of(address);
        let Some(is) = view.arm_id(address) else { continue };
        if is.may_be(&own.id) {
            continue;
        }
        let references = kind.info().attributes.iter().filter(|own| matches!(own.shape, Shape::Reference(_)));
        let around = { references }.map(|own| own.name).find(|name| resource.attributes.contains_key(*name));
        let place = files.place_of(resource.source_of(around.unwrap_or_default()));
        problems.add(
            Mistake::new(Code::IdContradicts, format!("by its block {} is `{is}`", address))
                .at(own.place, "the id says another")
                .at(place, "by this")
                .advice("name what the id lies in, or take the id away"),
        );
    }
}

/// Says of each id by which a reference names something that the files have: that has a key.
///
/// Where only its subscription is not known before Azure is called, it is a warning.
pub(super) fn of_ours(
    sound: &HashSet<Address>,
    view: &View<'_>,
    files: &Files,
    problems: &mut Problems,
) -> Vec<Finding> {
    let named =
        view.desired.iter().filter(|(address, _)| sound.contains(*address)).flat_map(|(address, own)| {
            let ids = unmanaged(kind_of(address).info(), &own.attributes);
            ids.into_iter().map(move |(name, id)| (address, own, name, id))
        });
    let named: Vec<_> = named.collect();
    if named.is_empty() {
        return Vec::new();
    }
    let anywhere = |id: &ArmId| id.in_subscription(|_| Some("-".to_owned()));
    let mut ours: HashMap<ArmId, Vec<(ArmId, &Address)>> = HashMap::new();
    for kind in KINDS.iter().filter(|kind| !kind.info().section.is_empty()) {
        for address in view.of_kind(kind.info().name).filter(|address| sound.contains(*address)) {
            let Some(id) = view.arm_id(address) else { continue };
            ours.entry(anywhere(&id)).or_default().push((id, address));
        }
    }
    let mut findings = Vec::new();
    for (address, own, name, id) in named {
        let same = ours.get(&anywhere(&id)).into_iter().flatten().find(|(ours, _)| ours.may_be(&id));
        let Some((ours, known)) = same else { continue };
        let attribute = kind_of(address).info().attribute(name);
        let is_bare =
            matches!(attribute.map(|own| own.shape), Some(Shape::Reference(own)) if own.kinds.len() == 1);
        let key = if is_bare { known.key() } else { known.as_str() };
        let help = format!("write `{name}: {key}`");
        if *ours == id {
            problems.add(
                Mistake::new(Code::IdOfOurs, format!("this is the id of {known}, which is in the files"))
                    .at(files.place_of(own.source_of(name)), "write its key instead")
                    .advice(help),
            );
        } else {
            findings.push(Finding {
                rule: "id".into(),
                severity: Severity::Warning,
                message: format!(
                    "`{name}` may be the id of {known}, which is in the files; whose subscription that is is known only while applying"
                ),
                address: Some(address.clone()),
                source: Some(own.source_of(name).clone()),
                help: Some(format!("if it is, {help}")),
            });
        }
    }
    findings
}

/// Says that a block may not have an id.
pub(super) fn none_here(info: &KindInfo, place: Place) -> Mistake {
    Mistake::new(Code::UnknownKey, format!("{} has no id of its own", one(info.name)))
        .at(place, "it is done, not kept")
        .advice("take it away")
}
