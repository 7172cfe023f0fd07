//! The regions of the public cloud and the geographies they belong to.
//!
//! Source: Microsoft's list of Azure regions as of 2026-07-28. A lab account's exports are copied to the regions of its
//! geography that anybody may use.

use crate::emulator::arm::errors::Refusal;
use serde_json::{Value, json};

/// One region.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Region {
    pub(crate) name: &'static str,
    pub(crate) display: &'static str,
    pub(crate) geography: &'static str,
    /// False where Microsoft lets in only customers that asked.
    open: bool,
}

const fn open(name: &'static str, display: &'static str, geography: &'static str) -> Region {
    Region { name, display, geography, open: true }
}

const fn restricted(name: &'static str, display: &'static str, geography: &'static str) -> Region {
    Region { name, display, geography, open: false }
}

/// All regions, sorted by name.
static REGIONS: &[Region] = &[
    open("australiacentral", "Australia Central", "Australia"),
    restricted("australiacentral2", "Australia Central 2", "Australia"),
    open("australiaeast", "Australia East", "Australia"),
    open("australiasoutheast", "Australia Southeast", "Australia"),
    open("austriaeast", "Austria East", "Austria"),
    open("belgiumcentral", "Belgium Central", "Belgium"),
    open("brazilsouth", "Brazil South", "Brazil"),
    restricted("brazilsoutheast", "Brazil Southeast", "Brazil"),
    open("canadacentral", "Canada Central", "Canada"),
    open("canadaeast", "Canada East", "Canada"),
    open("centralindia", "Central India", "India"),
    open("centralus", "Central US", "United States"),
    open("chilecentral", "Chile Central", "Chile"),
    open("denmarkeast", "Denmark East", "Denmark"),
    open("eastasia", "East Asia", "Asia Pacific"),
    open("eastus", "East US", "United States"),
    open("eastus2", "East US 2", "United States"),
    open("francecentral", "France Central", "France"),
    restricted("francesouth", "France South", "France"),
    restricted("germanynorth", "Germany North", "Germany"),
    open("germanywestcentral", "Germany West Central", "Germany"),
    open("indiasouthcentral", "India South Central", "India"),
    open("indonesiacentral", "Indonesia Central", "Indonesia"),
    open("israelcentral", "Israel Central", "Israel"),
    open("italynorth", "Italy North", "Italy"),
    open("japaneast", "Japan East", "Japan"),
    open("japanwest", "Japan West", "Japan"),
    open("koreacentral", "Korea Central", "Korea"),
    open("koreasouth", "Korea South", "Korea"),
    open("malaysiawest", "Malaysia West", "Malaysia"),
    open("mexicocentral", "Mexico Central", "Mexico"),
    open("newzealandnorth", "New Zealand North", "New Zealand"),
    open("northcentralus", "North Central US", "United States"),
    open("northeurope", "North Europe", "Europe"),
    open("norwayeast", "Norway East", "Norway"),
    restricted("norwaywest", "Norway West", "Norway"),
    open("polandcentral", "Poland Central", "Poland"),
    open("qatarcentral", "Qatar Central", "Qatar"),
    open("southafricanorth", "South Africa North", "South Africa"),
    restricted("southafricawest", "South Africa West", "South Africa"),
    open("southcentralus", "South Central US", "United States"),
    open("southeastasia", "Southeast Asia", "Asia Pacific"),
    open("southindia", "South India", "India"),
    open("spaincentral", "Spain Central", "Spain"),
    open("swedencentral", "Sweden Central", "Sweden"),
    open("switzerlandnorth", "Switzerland North", "Switzerland"),
    restricted("switzerlandwest", "Switzerland West", "Switzerland"),
    restricted("uaecentral", "UAE Central", "UAE"),
    open("uaenorth", "UAE North", "UAE"),
    open("uksouth", "UK South", "United Kingdom"),
    open("ukwest", "UK West", "United Kingdom"),
    open("westcentralus", "West Central US", "United States"),
    open("westeurope", "West Europe", "Europe"),
    open("westindia", "West India", "India"),
    open("westus", "West US", "United States"),
    open("westus2", "West US 2", "United States"),
    open("westus3", "West US 3", "United States"),
];

/// The region that `text` names in any spelling: `West Europe`, `westeurope`.
pub(crate) fn region(text: &str) -> Option<&'static Region> {
    let name: String = text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    REGIONS.binary_search_by(|region| region.name.cmp(&name)).ok().map(|index| &REGIONS[index])
}

/// The normal form of a region that a resource of `kind` is to live in.
///
/// # Errors
/// 400 `LocationNotAvailableForResourceType`.
pub(crate) fn normalised(text: &str, kind: &str) -> Result<String, Refusal> {
    region(text).map(|region| region.name.to_owned()).ok_or_else(|| {
        let available: Vec<_> = REGIONS.iter().map(|region| region.name).collect();
        let message = format!(
            "The provided location '{text}' is not available for resource type '{kind}'. List of available regions for the resource type is '{}'.",
            available.join(",")
        );
        Refusal::new(400, "LocationNotAvailableForResourceType", message)
    })
}

/// The open regions of the geography that `name` is in, `name` itself first.
pub(crate) fn geography_of(name: &str) -> Vec<&'static str> {
    let Some(home) = region(name) else { return Vec::new() };
    let others = REGIONS
        .iter()
        .filter(|other| other.open && other.geography == home.geography && other.name != home.name);
    std::iter::once(home.name).chain(others.map(|other| other.name)).collect()
}

/// Display names of all regions, as the providers list them.
pub(crate) fn display_names() -> Vec<&'static str> {
    REGIONS.iter().map(|region| region.display).collect()
}

/// Names of all regions.
pub(crate) fn names() -> Vec<&'static str> {
    REGIONS.iter().map(|region| region.name).collect()
}

/// The regions as `GET …/locations` lists them.
pub(crate) fn listed(subscription: &str) -> Vec<Value> {
    REGIONS
        .iter()
        .map(|region| {
            json!({
                "id": format!("/subscriptions/{subscription}/locations/{}", region.name),
                "name": region.name,
                "type": "Region",
                "displayName": region.display,
                "regionalDisplayName": format!("({}) {}", region.geography, region.display),
                "metadata": {
                    "regionType": "Physical",
                    "regionCategory": if region.open { "Recommended" } else { "Other" },
                    "geography": region.geography,
                    "geographyGroup": region.geography,
                },
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_found_in_any_spelling() {
        assert_eq!(region("West Europe").map(|region| region.name), Some("westeurope"));
        assert!(region("Atlantis").is_none());
        assert!(REGIONS.is_sorted_by_key(|region| region.name));
    }

    #[test]
    fn a_geography_leaves_out_what_is_restricted() {
        assert_eq!(geography_of("westeurope"), ["westeurope", "northeurope"]);
        assert_eq!(geography_of("francecentral"), ["francecentral"]);
    }
}
