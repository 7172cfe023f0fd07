//! The marketplace images of a lab account, which the API calls gallery images.
//!
//! The list is fixed, the same for every account, and enabled until somebody disables an image; `labwright emulator --help`
//! prints its names, which are those that the portal shows. Source of the shape: Lab Services REST 2018-10-15.

use crate::emulator::arm::errors::{Refusal, not_found};
use crate::emulator::arm::resource::{Facts, Resource};
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::types::{Kind, Target};
use crate::emulator::arm::{shape, tracked};
use crate::emulator::lab_accounts::accounts::listed;
use crate::emulator::message::Response;
use crate::emulator::world::{World, not_deleting};
use serde_json::{Value, json};

/// One image of the marketplace.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) name: &'static str,
    pub(crate) publisher: &'static str,
    pub(crate) offer: &'static str,
    pub(crate) sku: &'static str,
    pub(crate) os_type: &'static str,
}

const fn linux(name: &'static str, publisher: &'static str, offer: &'static str, sku: &'static str) -> Image {
    Image { name, publisher, offer, sku, os_type: "Linux" }
}

const fn windows(
    name: &'static str,
    publisher: &'static str,
    offer: &'static str,
    sku: &'static str,
) -> Image {
    Image { name, publisher, offer, sku, os_type: "Windows" }
}

/// Every image that there is, sorted by name.
pub(crate) static IMAGES: &[Image] = &[
    linux("CentOS-Based 7.9", "openlogic", "centos", "7_9"),
    linux("Data Science Virtual Machine - Ubuntu 20.04", "microsoft-dsvm", "ubuntu-2004", "2004"),
    windows("Data Science Virtual Machine - Windows 2019", "microsoft-dsvm", "dsvm-win-2019", "server-2019"),
    linux("Debian 11 \"Bullseye\"", "debian", "debian-11", "11"),
    linux("Debian 12 \"Bookworm\"", "debian", "debian-12", "12"),
    windows(
        "Microsoft Office 365 on Windows 10 Enterprise",
        "microsoftwindowsdesktop",
        "office-365",
        "win10-22h2-avd-m365",
    ),
    linux("Ubuntu Server 18.04 LTS", "canonical", "ubuntuserver", "18.04-lts"),
    linux("Ubuntu Server 20.04 LTS", "canonical", "0001-com-ubuntu-server-focal", "20_04-lts"),
    linux("Ubuntu Server 22.04 LTS", "canonical", "0001-com-ubuntu-server-jammy", "22_04-lts"),
    linux("Ubuntu Server 24.04 LTS", "canonical", "ubuntu-24_04-lts", "server"),
    windows(
        "Visual Studio 2019 Community on Windows 10 Enterprise N",
        "microsoftvisualstudio",
        "visualstudio2019latest",
        "vs-2019-comm-latest-win10-n",
    ),
    windows(
        "Visual Studio 2022 Community on Windows 11",
        "microsoftvisualstudio",
        "visualstudio2022",
        "vs-2022-comm-latest-win11-n",
    ),
    windows("Windows 10 Enterprise", "microsoftwindowsdesktop", "windows-10", "win10-22h2-ent"),
    windows("Windows 10 Pro", "microsoftwindowsdesktop", "windows-10", "win10-22h2-pro"),
    windows("Windows 11 Enterprise", "microsoftwindowsdesktop", "windows-11", "win11-23h2-ent"),
    windows("Windows 11 Pro", "microsoftwindowsdesktop", "windows-11", "win11-23h2-pro"),
    windows("Windows Server 2016 Datacenter", "microsoftwindowsserver", "windowsserver", "2016-datacenter"),
    windows("Windows Server 2019 Datacenter", "microsoftwindowsserver", "windowsserver", "2019-datacenter"),
    windows("Windows Server 2022 Datacenter", "microsoftwindowsserver", "windowsserver", "2022-datacenter"),
];

/// The names of all images, in order.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    IMAGES.iter().map(|image| image.name)
}

/// The image of that name, in any case.
pub(crate) fn image(name: &str) -> Option<&'static Image> {
    IMAGES.iter().find(|image| image.name.to_lowercase() == name.to_lowercase())
}

/// What somebody set for the image; none when nobody did.
fn setting(account: &Resource, image: &Image) -> Option<bool> {
    let Facts::Account(facts) = &account.facts else { return None };
    facts.marketplace.get(&image.name.to_lowercase()).copied()
}

/// True while labs can be made from the image.
pub(crate) fn is_enabled(account: &Resource, image: &Image) -> bool {
    setting(account, image).unwrap_or(true)
}

/// Answers requests to marketplace images.
pub(crate) fn answer(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    let account = world.holder(&call.address)?;
    let found = || {
        let name = call.address.name();
        image(name)
            .ok_or_else(|| not_found(&Kind::MarketplaceImage.arm_type(), name, call.address.group_name()))
    };
    match (&call.address.target, call.request.method.as_str()) {
        (Target::Collection, "GET") => {
            listed(call, IMAGES.iter().map(|image| shown(world, account, image)).collect())
        }
        (Target::Item, "GET") => Ok(Response::json(200, shown(world, account, found()?))),
        (Target::Item, "PUT" | "PATCH") => {
            not_deleting(account)?;
            let (image, key) = (found()?, account.key());
            let asked = tracked::properties(&shape::object(call.request)?)?;
            let enabled = shape::boolean(&asked, "isEnabled")?.unwrap_or_else(|| is_enabled(account, image));
            override_setting(world, &key, image, Some(enabled));
            let account = world.holder(&call.address)?;
            Ok(Response::json(200, shown(world, account, image)))
        }
        (Target::Item, "DELETE") => {
            let Some(image) = image(call.address.name()) else { return Ok(Response::empty(204)) };
            let (status, key) = (if setting(account, image).is_some() { 200 } else { 204 }, account.key());
            override_setting(world, &key, image, None);
            Ok(Response::empty(status))
        }
        _ => Err(call.no_such_verb()),
    }
}

fn override_setting(world: &mut World, account: &str, image: &Image, enabled: Option<bool>) {
    world.edit(account, |account| {
        if let Facts::Account(facts) = &mut account.facts {
            match enabled {
                Some(enabled) => facts.marketplace.insert(image.name.to_lowercase(), enabled),
                None => facts.marketplace.remove(&image.name.to_lowercase()),
            };
        }
    });
}

fn shown(world: &World, account: &Resource, image: &Image) -> Value {
    let id = format!("{}/galleryimages/{}", account.id, image.name);
    json!({
        "id": id,
        "name": image.name,
        "type": Kind::MarketplaceImage.arm_type(),
        "location": account.location,
        "properties": {
            "author": image.publisher,
            "createdDate": world.time(account.created),
            "description": format!("{} of {}", image.name, image.publisher),
            "icon": format!("{}.png", image.offer),
            "imageReference": { "publisher": image.publisher, "offer": image.offer, "sku": image.sku, "osType": image.os_type, "version": "latest" },
            "isEnabled": is_enabled(account, image),
            "isOverride": setting(account, image).is_some(),
            "isPlanAuthorized": true,
            "provisioningState": "Succeeded",
            "uniqueIdentifier": world.uuid(&id.to_lowercase()),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_image_has_its_own_name() {
        assert!(IMAGES.is_sorted_by_key(|image| image.name));
        assert_eq!(image("ubuntu server 22.04 lts").map(|image| image.os_type), Some("Linux"));
    }
}
