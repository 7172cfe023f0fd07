//! The gallery that a lab account has attached.
//!
//! One account has one gallery at a time; several accounts may share one. The API is not published: requests are those of
//! Microsoft's classroom labs module (2019-01-01-preview), answers follow the sister service DevTest Labs 2018-10-15-preview.

use crate::emulator::arm::errors::{Refusal, conflict, invalid_parameter, not_found};
use crate::emulator::arm::resource::{AttachmentFacts, Facts, Provisioning, Resource};
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::types::{Kind, Target};
use crate::emulator::arm::{path, rendering, shape, tracked};
use crate::emulator::lab_accounts::accounts::{delete, list};
use crate::emulator::message::Response;
use crate::emulator::world::{World, not_deleting};
use serde_json::{Value, json};

/// Answers requests to attached galleries.
pub(crate) fn answer(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    match (&call.address.target, call.request.method.as_str()) {
        (Target::Collection, "GET") => list(world, call),
        (Target::Item, "GET") => world
            .item(&call.address)
            .map(|item| Response::json(200, rendering::of(world, item, call.request))),
        (Target::Item, "PUT") => attach(world, call),
        (Target::Item, "DELETE") => delete(world, call),
        _ => Err(call.no_such_verb()),
    }
}

fn attach(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    let account = world.open_holder(&call.address)?.clone();
    tracked::check_name(call.address.name(), 100)?;
    let asked = tracked::properties(&shape::object(call.request)?)?;
    let id = shape::required(&asked, "galleryId", "properties.galleryId")?;
    let gallery = gallery(world, id, "properties.galleryId")?;
    let key = call.key()?;
    if let Some(attached) = world.children(&account.key(), Kind::SharedGallery).next() {
        let facts = attached.attachment().cloned().unwrap_or_default();
        not_deleting(attached)?;
        if attached.key() != key || facts.gallery != gallery.key() {
            let message = format!(
                "The lab account '{}' already has the shared gallery '{}' attached ('{}'). Detach it before attaching another.",
                account.name,
                attached.name,
                attached.text("galleryId")
            );
            return Err(conflict(message));
        }
        return Ok(Response::json(200, rendering::of(world, attached, call.request)));
    }
    let (gallery_id, gallery_key) = (gallery.id.clone(), gallery.key());
    let unique = world.draw();
    let mut attached =
        Resource::new(Kind::SharedGallery, call.new_id(&account), call.address.name(), world.now(), unique);
    attached.properties.insert("galleryId".into(), json!(gallery_id));
    attached.facts = Facts::Attachment(AttachmentFacts {
        gallery: gallery_key,
        attached: world.now(),
        images: Default::default(),
    });
    let answer = Response::json(201, rendering::of(world, &attached, call.request));
    world.put(attached);
    Ok(answer)
}

/// The gallery of that id, which the body names at `at`.
///
/// # Errors
/// 400 `InvalidParameter` for the id of something else, 404 `ResourceNotFound`, 409 while it is being deleted.
pub(crate) fn gallery<'a>(world: &'a World, id: &str, at: &str) -> Result<&'a Resource, Refusal> {
    let key = path::key(id);
    let parts: Vec<&str> = key.split('/').collect();
    let [
        "",
        "subscriptions",
        _,
        "resourcegroups",
        group,
        "providers",
        "microsoft.compute",
        "galleries",
        name,
    ] = parts[..]
    else {
        return Err(invalid_parameter(at, format!("The value '{id}' of '{at}' is not the id of a gallery.")));
    };
    let gallery = world.resource(&key).ok_or_else(|| not_found(&Kind::Gallery.arm_type(), name, group))?;
    not_deleting(gallery)?;
    Ok(gallery)
}

/// The attachment of an account, unless it is on its way out.
pub(crate) fn attached<'a>(world: &'a World, account: &str) -> Option<&'a Resource> {
    world
        .children(account, Kind::SharedGallery)
        .find(|attached| attached.provisioning != Provisioning::Deleting)
}

/// A proxy resource has neither location nor tags.
pub(crate) fn show(attached: &Resource, body: &mut Value) {
    debug_assert_eq!(attached.kind, Kind::SharedGallery);
    if let Value::Object(body) = body {
        body.remove("location");
        body.remove("tags");
    }
}
