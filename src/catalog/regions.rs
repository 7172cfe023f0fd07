//! Azure's geographies and their regions.
//!
//! Source: Azure regions list of the reliability documentation, page of 2025-09-23, last change of a
//! region 2026-07-28. Lab Services is not in all of them.

/// A data-residency group of regions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geography {
    /// Its name, such as `Europe`.
    pub name: &'static str,
    /// Its regions; those marked `*` need an access request.
    marked: &'static [&'static str],
}

impl Geography {
    /// The regions that every subscription may use, as normalised names.
    pub fn open_regions(&self) -> impl Iterator<Item = &'static str> {
        self.marked.iter().copied().filter(|region| !region.ends_with('*'))
    }
}

static GEOGRAPHIES: &[Geography] = &[
    Geography { name: "Asia Pacific", marked: &["eastasia", "southeastasia"] },
    Geography {
        name: "Australia",
        marked: &["australiacentral", "australiacentral2*", "australiaeast", "australiasoutheast"],
    },
    Geography { name: "Austria", marked: &["austriaeast"] },
    Geography { name: "Belgium", marked: &["belgiumcentral"] },
    Geography { name: "Brazil", marked: &["brazilsouth", "brazilsoutheast*"] },
    Geography { name: "Canada", marked: &["canadacentral", "canadaeast"] },
    Geography { name: "Chile", marked: &["chilecentral"] },
    Geography { name: "Denmark", marked: &["denmarkeast"] },
    Geography { name: "Europe", marked: &["northeurope", "westeurope"] },
    Geography { name: "France", marked: &["francecentral", "francesouth*"] },
    Geography { name: "Germany", marked: &["germanynorth*", "germanywestcentral"] },
    Geography { name: "India", marked: &["centralindia", "indiasouthcentral", "southindia", "westindia"] },
    Geography { name: "Indonesia", marked: &["indonesiacentral"] },
    Geography { name: "Israel", marked: &["israelcentral"] },
    Geography { name: "Italy", marked: &["italynorth"] },
    Geography { name: "Japan", marked: &["japaneast", "japanwest"] },
    Geography { name: "Korea", marked: &["koreacentral", "koreasouth"] },
    Geography { name: "Malaysia", marked: &["malaysiawest"] },
    Geography { name: "Mexico", marked: &["mexicocentral"] },
    Geography { name: "New Zealand", marked: &["newzealandnorth"] },
    Geography { name: "Norway", marked: &["norwayeast", "norwaywest*"] },
    Geography { name: "Poland", marked: &["polandcentral"] },
    Geography { name: "Qatar", marked: &["qatarcentral"] },
    Geography { name: "South Africa", marked: &["southafricanorth", "southafricawest*"] },
    Geography { name: "Spain", marked: &["spaincentral"] },
    Geography { name: "Sweden", marked: &["swedencentral", "swedensouth*"] },
    Geography { name: "Switzerland", marked: &["switzerlandnorth", "switzerlandwest*"] },
    Geography { name: "UAE", marked: &["uaecentral*", "uaenorth"] },
    Geography { name: "United Kingdom", marked: &["uksouth", "ukwest"] },
    Geography {
        name: "United States",
        marked: &[
            "centralus",
            "eastus",
            "eastus2",
            "northcentralus",
            "southcentralus",
            "westcentralus",
            "westus",
            "westus2",
            "westus3",
        ],
    },
];

/// Every geography, by name.
#[must_use]
pub fn geographies() -> &'static [Geography] {
    GEOGRAPHIES
}

/// The geography with this name, in any letter case.
#[must_use]
pub fn geography(name: &str) -> Option<&'static Geography> {
    GEOGRAPHIES.iter().find(|geography| geography.name.eq_ignore_ascii_case(name))
}

/// The geography in which the region (normalised) lies.
#[must_use]
pub fn geography_of(region: &str) -> Option<&'static Geography> {
    GEOGRAPHIES.iter().find(|geography| geography.marked.iter().any(|name| plain(name) == region))
}

/// The normalised name of a region written in any spelling (`West Europe`); `None` for what is none.
#[must_use]
pub fn region(text: &str) -> Option<&'static str> {
    let normal: String = text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    region_names().find(|name| *name == normal)
}

/// Every region's normalised name, by geography.
pub fn region_names() -> impl Iterator<Item = &'static str> {
    GEOGRAPHIES.iter().flat_map(|geography| geography.marked.iter().map(|name| plain(name)))
}

/// Whether the region (normalised) needs an access request.
#[must_use]
pub fn is_restricted(region: &str) -> bool {
    GEOGRAPHIES
        .iter()
        .flat_map(|geography| geography.marked)
        .any(|name| name.ends_with('*') && plain(name) == region)
}

fn plain(marked: &'static str) -> &'static str {
    marked.trim_end_matches('*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_found_in_any_spelling() {
        assert_eq!(region("West Europe"), Some("westeurope"));
        assert_eq!(region("WESTUS2"), Some("westus2"));
        assert_eq!(region("westeuropa"), None);
    }

    #[test]
    fn europe_is_two_regions_and_a_restricted_region_is_not_open() {
        let europe = geography("europe").expect("a geography");
        assert_eq!(europe.open_regions().collect::<Vec<_>>(), ["northeurope", "westeurope"]);
        assert_eq!(geography_of("francesouth").map(|geography| geography.open_regions().count()), Some(1));
        assert!(is_restricted("francesouth") && !is_restricted("francecentral"));
    }
}
