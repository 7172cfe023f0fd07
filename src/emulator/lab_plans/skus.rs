//! The sizes of machines that labs of lab plans have.
//!
//! Source: Lab Services, administrator guide, VM sizing; names as recorded traffic spells them: tier, then size. The answer
//! names the tier as the published description allows.

use crate::emulator::arm::errors::Refusal;
use crate::emulator::arm::regions;
use crate::emulator::lab_plans::lists::filtered;
use crate::emulator::message::{Request, Response};
use serde_json::{Value, json};

/// A size.
#[derive(Debug)]
pub(crate) struct Sku {
    size: &'static str,
    pub(crate) family: &'static str,
    pub(crate) cores: u64,
    memory: u64,
    /// Lab units an hour.
    units: u64,
    is_gpu: bool,
}

const fn plain(size: &'static str, family: &'static str, cores: u64, memory: u64, units: u64) -> Sku {
    Sku { size, family, cores, memory, units, is_gpu: false }
}

const fn gpu(size: &'static str, family: &'static str, cores: u64, memory: u64, units: u64) -> Sku {
    Sku { size, family, cores, memory, units, is_gpu: true }
}

static SKUS: &[Sku] = &[
    plain("Fsv2_2_4GB_128_S_SSD", "Fsv2", 2, 4, 20),
    plain("Fsv2_4_8GB_128_S_SSD", "Fsv2", 4, 8, 42),
    plain("Fsv2_8_16GB_128_S_SSD", "Fsv2", 8, 16, 70),
    plain("Dsv4_4_16GB_128_P_SSD", "Dsv4", 4, 16, 55),
    plain("Dsv4_8_32GB_128_P_SSD", "Dsv4", 8, 32, 84),
    gpu("Ncv3t4_8_56GB_128_S_SSD", "Ncv3t4", 8, 56, 139),
    gpu("NVv4_8_28GB_128_S_SSD", "NVv4", 8, 28, 160),
    gpu("NVv3_12_112GB_128_S_SSD", "NVv3", 12, 112, 408),
];

impl Sku {
    fn name(&self) -> String {
        format!("Classic_{}", self.size)
    }
}

/// The size of that name, whose case counts.
pub(crate) fn sku(name: &str) -> Option<&'static Sku> {
    SKUS.iter().find(|sku| sku.name() == name)
}

/// The name of every size.
pub(crate) fn names() -> impl Iterator<Item = String> {
    SKUS.iter().map(Sku::name)
}

/// Every family with the names of its sizes.
pub(crate) fn families() -> Vec<(&'static str, Vec<String>)> {
    let mut families: Vec<(&str, Vec<String>)> = Vec::new();
    for sku in SKUS {
        match families.iter_mut().find(|(family, _)| *family == sku.family) {
            Some((_, names)) => names.push(sku.name()),
            None => families.push((sku.family, vec![sku.name()])),
        }
    }
    families
}

/// Answers the list of sizes.
pub(crate) fn list(request: &Request) -> Result<Response, Refusal> {
    filtered(request, SKUS.iter().map(shown).collect())
}

fn shown(sku: &Sku) -> Value {
    let storage = if sku.size.ends_with("P_SSD") { "PremiumSSD" } else { "StandardSSD" };
    let capability = |name: &str, value: String| json!({ "name": name, "value": value });
    let cost = |unit: &str| json!({ "meterId": "", "quantity": sku.units, "extendedUnit": unit });
    json!({
        "resourceType": "labs",
        "name": sku.name(),
        "tier": "Standard",
        "size": sku.size,
        "family": sku.family,
        "locations": regions::names(),
        "capacity": { "default": 1, "minimum": 0, "maximum": 400, "scaleType": "Automatic" },
        "capabilities": [
            capability("vCPUs", sku.cores.to_string()),
            capability("MemoryGB", sku.memory.to_string()),
            capability("StorageGB", "128".to_owned()),
            capability("StorageType", storage.to_owned()),
            capability("HyperVGenerations", "V1,V2".to_owned()),
            capability("IsGpu", if sku.is_gpu { "True" } else { "False" }.to_owned()),
        ],
        "costs": [cost("WindowsHourly"), cost("LinuxHourly")],
        "restrictions": [],
    })
}
