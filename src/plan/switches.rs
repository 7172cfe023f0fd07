//! Attachments that are to set the switch of an image because it comes into their gallery.

use std::collections::{BTreeMap, BTreeSet};

use super::Verb;
use super::make::{Decision, Decisions, revision};
use crate::kinds::{View, kind_of, reference_key};
use crate::model::{Address, Attributes};

/// Makes attachments set the switch of the images that this plan makes or gives their first version.
pub(super) fn set(decisions: &mut Decisions<'_>, view: &View<'_>) {
    let mut by_gallery: BTreeMap<String, Vec<(Address, bool)>> = BTreeMap::new();
    for (image, shows) in images_anew(decisions) {
        if let Some(gallery) = gallery(view.attributes(&image)) {
            by_gallery.entry(gallery).or_default().push((image, shows));
        }
    }
    for attachment in view.of_kind("GalleryAttachment") {
        let Some(decision) = decisions.get_mut(attachment) else { continue };
        let Some(resource) = decision.desired else { continue };
        let Some(images) = gallery(Some(&resource.attributes)).and_then(|own| by_gallery.get(&own)) else {
            continue;
        };
        let kind = kind_of(attachment);
        let listed = kind.enables(&resource.attributes, view);
        let (mut on, mut off) = (BTreeSet::new(), BTreeSet::new());
        for (image, shows) in images {
            if listed.contains(image) {
                on.insert(image.clone());
            } else if *shows && kind.keeps_off(&resource.attributes, image, view) {
                off.insert(image.clone());
            }
        }
        if matches!(decision.verb, Verb::Keep | Verb::Move) {
            for (images, word) in [(&on, "on"), (&off, "off")] {
                if !images.is_empty() {
                    decision.verb = Verb::Update;
                    let keys: Vec<_> = images.iter().map(Address::key).collect();
                    let note = format!("switches {word} {}, which this plan makes", keys.join(", "));
                    decision.notes.push(note);
                }
            }
        }
        decision.anew = on.into_iter().chain(off).collect();
    }
}

/// The gallery of an image or an attachment, as references are compared.
fn gallery(attributes: Option<&Attributes>) -> Option<String> {
    reference_key(attributes?.get("gallery")?)
}

/// The images that are made or get their first version, and whether they have one then.
fn images_anew(decisions: &Decisions<'_>) -> BTreeMap<Address, bool> {
    let is_made = |decision: &Decision<'_>| matches!(decision.verb, Verb::Create | Verb::Replace);
    let (mut made, mut shown, mut seen) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
    for (address, decision) in decisions.iter().filter(|(_, own)| own.desired.is_some()) {
        let image = || decision.desired.and_then(|own| own.attributes.get("image")?.as_str()?.parse().ok());
        match address.kind() {
            "Image" if is_made(decision) => drop(made.insert(address.clone(), false)),
            "ImageVersion" if is_made(decision) => shown.extend(image()),
            "ImageVersion" => seen.extend(image()),
            "Export" if decision.recorded.is_some_and(|row| revision(&row.attributes) > 0) => {
                seen.extend(image())
            }
            "Export" if decision.verb == Verb::Invoke => shown.extend(image()),
            _ => {}
        }
    }
    let first = shown.into_iter().filter(|image| made.contains_key(image) || !seen.contains(image));
    let first: Vec<_> = first.map(|image| (image, true)).collect();
    made.extend(first);
    made
}
