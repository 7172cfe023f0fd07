//! The sizes of machines that lab accounts have: where, for how much, and how many of them are in use.

use crate::emulator::arm::errors::Refusal;
use crate::emulator::arm::path::parent;
use crate::emulator::arm::regions::geography_of;
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::shape;
use crate::emulator::arm::types::Kind;
use crate::emulator::message::Response;
use crate::emulator::world::World;
use serde_json::{Value, json};

/// A size of virtual machine: its name in the API, cores, memory in GB, lab units an hour.
pub(crate) struct Size {
    pub(crate) name: &'static str,
    display: &'static str,
    pub(crate) cores: u64,
    memory: f64,
    units: u64,
}

/// The sizes of lab accounts. Source: Lab Services, administrator guide, VM sizing.
pub(crate) static SIZES: &[Size] = &[
    Size { name: "Basic", display: "Small", cores: 2, memory: 3.5, units: 20 },
    Size { name: "Standard", display: "Medium", cores: 4, memory: 7.0, units: 42 },
    Size {
        name: "Virtualization",
        display: "Medium (Nested virtualization)",
        cores: 4,
        memory: 16.0,
        units: 55,
    },
    Size { name: "Large", display: "Large", cores: 8, memory: 16.0, units: 70 },
    Size { name: "Performance", display: "Large (Nested virtualization)", cores: 8, memory: 32.0, units: 84 },
    Size { name: "SmallGPUCompute", display: "Small GPU (Compute)", cores: 6, memory: 56.0, units: 139 },
    Size {
        name: "SmallGPUVisualization",
        display: "Small GPU (Visualization)",
        cores: 6,
        memory: 56.0,
        units: 160,
    },
    Size {
        name: "MediumGPUVisualization",
        display: "Medium GPU (Visualization)",
        cores: 12,
        memory: 112.0,
        units: 408,
    },
];

/// The sizes that 2018-10-15 knows.
const FIRST_SIZES: [&str; 3] = ["Basic", "Standard", "Performance"];

/// The canonical spelling of a size.
///
/// # Errors
/// 400 `InvalidParameter`.
pub(crate) fn size(text: &str, version: &str, path: &str) -> Result<&'static str, Refusal> {
    let known = SIZES
        .iter()
        .map(|size| size.name)
        .filter(|name| version != "2018-10-15" || FIRST_SIZES.contains(name));
    shape::one_of(text, &known.collect::<Vec<_>>(), path)
}

/// What an account shows of its sizes when it is asked to expand them.
pub(crate) fn configuration() -> Value {
    let sizes = SIZES.iter().filter(|size| FIRST_SIZES.contains(&size.name)).map(|size| {
        json!({
            "name": size.name,
            "vmSizes": [{ "computeSize": size.name, "price": price(size), "numberOfCores": size.cores, "memory": size.memory }],
            "maxPrice": price(size),
            "minNumberOfCores": size.cores,
            "minMemory": size.memory,
        })
    });
    json!({ "environmentSizes": sizes.collect::<Vec<_>>() })
}

/// US dollars an hour: a cent for each lab unit.
fn price(size: &Size) -> f64 {
    size.units as f64 / 100.0
}

/// In which regions which sizes can be had: all in all of the account's geography.
///
/// # Errors
/// 404.
pub(crate) fn availability(world: &World, call: &Call<'_>) -> Result<Response, Refusal> {
    let account = world.item(&call.address)?;
    let sizes: Vec<Value> =
        FIRST_SIZES.iter().map(|name| json!({ "sizeCategory": name, "isAvailable": true })).collect();
    let regions = geography_of(account.location.as_deref().unwrap_or_default());
    let rows: Vec<Value> =
        regions.iter().map(|region| json!({ "region": region, "sizeAvailabilities": sizes })).collect();
    Ok(Response::json(200, json!({ "regionalAvailability": rows })))
}

/// What each size costs.
///
/// # Errors
/// 404.
pub(crate) fn pricing(world: &World, call: &Call<'_>) -> Result<Response, Refusal> {
    world.item(&call.address)?;
    let mut sizes = serde_json::Map::new();
    for size in SIZES {
        let row = json!({
            "sizeName": size.name,
            "localizedDisplayName": size.display,
            "memoryInGb": size.memory,
            "coresCount": size.cores,
            "price": price(size),
            "availability": "Available",
        });
        sizes.insert(size.name.to_owned(), row);
    }
    Ok(Response::json(
        200,
        json!({ "operatingSystems": { "Windows": { "sizes": sizes }, "Linux": { "sizes": sizes } } }),
    ))
}

/// Cores of one size that the labs of a subscription may take.
const LIMIT: u64 = 10_000;

/// Sizes that cannot be had, and the cores that the labs of the account's subscription take of each size.
///
/// The request is in Microsoft's list of permissions, its answer documented nowhere: this one is a guess after the `usages`
/// and `restrictions` of the service's next generation. A lab counts with its places, published or not.
///
/// # Errors
/// 404.
pub(crate) fn restrictions_and_usage(world: &World, call: &Call<'_>) -> Result<Response, Refusal> {
    world.item(&call.address)?;
    let all = format!("/subscriptions/{}/", call.address.subscription).to_lowercase();
    let used = |size: &Size| -> u64 {
        let settings = world.all_of(Kind::Setting, &all);
        let of_size = settings.filter(|own| own.setting().is_some_and(|facts| facts.size == size.name));
        let labs = of_size.filter_map(|own| world.resource(parent(&own.key())?));
        let places = labs.filter_map(|lab| lab.properties.get("maxUsersInLab")?.as_u64());
        places.map(|places| places * size.cores).sum()
    };
    let usages = SIZES.iter().map(|size| {
        json!({
            "name": { "value": size.name, "localizedValue": size.display },
            "unit": "Count",
            "currentValue": used(size),
            "limit": LIMIT,
        })
    });
    Ok(Response::json(200, json!({ "restrictions": [], "usages": usages.collect::<Vec<_>>() })))
}
