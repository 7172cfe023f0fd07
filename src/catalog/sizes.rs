//! VM sizes of labs, in lab accounts and of lab plans.
//!
//! Source: the administrator guides for lab accounts (2020-10-20) and for lab plans (2024-03-14); Microsoft's module for
//! classroom labs, which sends the API names as `vmSize` (2019-01-01-preview); its bulk tools for lab plans, which spell
//! out the SKUs (2024-01).

/// A VM size by which the portal of either generation names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// The name in the portal: the one to write.
    pub portal: &'static str,
    /// Another spelling that the portal has used.
    other: &'static str,
    /// The name in the API of lab accounts.
    pub api: &'static str,
    /// Virtual processors of one VM of a lab account.
    pub cores: u32,
}

static SIZES: &[Size] = &[
    Size { portal: "Small", other: "", api: "Basic", cores: 2 },
    Size { portal: "Medium", other: "", api: "Standard", cores: 4 },
    Size {
        portal: "Medium (nested virtualization)",
        other: "Medium (nested)",
        api: "Virtualization",
        cores: 4,
    },
    Size { portal: "Large", other: "", api: "Large", cores: 8 },
    Size { portal: "Large (nested virtualization)", other: "Large (nested)", api: "Performance", cores: 8 },
    Size { portal: "Small GPU (Compute)", other: "", api: "SmallGPUCompute", cores: 6 },
    Size {
        portal: "Small GPU (Visualization)",
        other: "Small GPU (visualisation)",
        api: "SmallGPUVisualization",
        cores: 6,
    },
    Size {
        portal: "Medium GPU (Visualization)",
        other: "Medium GPU (visualisation)",
        api: "MediumGPUVisualization",
        cores: 12,
    },
];

/// A VM size of lab plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sku {
    /// Its name in the API: tier, then size; letter case counts there.
    pub name: &'static str,
    /// Its name in the portal; empty where the portal has another one of that name.
    portal: &'static str,
    /// Virtual processors of one VM.
    pub cores: u32,
}

const fn sku_of(name: &'static str, portal: &'static str, cores: u32) -> Sku {
    Sku { name, portal, cores }
}

/// Those that the portal offers by a name come first.
static SKUS: &[Sku] = &[
    sku_of("Classic_Fsv2_2_4GB_128_S_SSD", "Small", 2),
    sku_of("Classic_Fsv2_4_8GB_128_S_SSD", "Medium", 4),
    sku_of("Classic_Dsv4_4_16GB_128_P_SSD", "Medium (nested virtualization)", 4),
    sku_of("Classic_Fsv2_8_16GB_128_S_SSD", "Large", 8),
    sku_of("Classic_Dsv4_8_32GB_128_P_SSD", "Large (nested virtualization)", 8),
    sku_of("Classic_Ncv3t4_8_56GB_128_S_SSD", "Small GPU (Compute)", 8),
    sku_of("Classic_NVv4_8_28GB_128_S_SSD", "Small GPU (Visualization)", 8),
    sku_of("Classic_NVv3_12_112GB_128_S_SSD", "Medium GPU (Visualization)", 12),
    sku_of("Classic_NCsv3_6_112GB_128_S_SSD", "", 6),
    sku_of("Classic_NVadsA10v5_6_55GB_128_S_SSD", "", 6),
    sku_of("Classic_NVadsA10v5_12_110GB_128_S_SSD", "", 12),
    sku_of("Classic_Av2_2_4GB_128_S_SSD", "", 2),
    sku_of("Classic_Av2_4_8GB_128_S_SSD", "", 4),
    sku_of("Classic_Av2_8_16GB_128_S_SSD", "", 8),
    sku_of("Classic_Dsv3_4_16GB_128_P_SSD", "", 4),
    sku_of("Classic_Dsv3_8_32GB_128_P_SSD", "", 8),
    sku_of("Classic_NC_6_56GB_128_S_SSD", "", 6),
    sku_of("Classic_NV_6_56GB_128_S_SSD", "", 6),
];

impl Sku {
    /// Its one word in the files: the portal's name, else its own.
    #[must_use]
    pub fn word(&self) -> &'static str {
        if self.portal.is_empty() { self.name } else { self.portal }
    }
}

/// Every size.
#[must_use]
pub fn sizes() -> &'static [Size] {
    SIZES
}

/// Every size of lab plans.
#[must_use]
pub fn skus() -> &'static [Sku] {
    SKUS
}

/// The size with this portal or API name, in any letter case.
#[must_use]
pub fn size(text: &str) -> Option<&'static Size> {
    let is = |name: &str| !name.is_empty() && name.eq_ignore_ascii_case(text);
    SIZES
        .iter()
        .find(|size| is(size.portal) || is(size.other))
        .or_else(|| SIZES.iter().find(|size| is(size.api)))
}

/// The size of lab plans with this name, with or without its tier, or with this name in the portal; in any letter case.
#[must_use]
pub fn sku(text: &str) -> Option<&'static Sku> {
    let bare = |name: &'static str| name.split_once('_').map_or(name, |(_, size)| size);
    let portal = SIZES.iter().find(|size| {
        size.portal.eq_ignore_ascii_case(text) || !text.is_empty() && size.other.eq_ignore_ascii_case(text)
    });
    SKUS.iter().find(|sku| {
        sku.name.eq_ignore_ascii_case(text)
            || bare(sku.name).eq_ignore_ascii_case(text)
            || portal.is_some_and(|size| size.portal == sku.portal)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_found_by_portal_and_by_api_name() {
        assert_eq!(size("medium").map(|size| size.api), Some("Standard"));
        assert_eq!(size("Virtualization").map(|size| size.portal), Some("Medium (nested virtualization)"));
        assert_eq!(size("Huge"), None);
    }

    #[test]
    fn a_size_of_lab_plans_is_found_with_and_without_its_tier_and_by_the_portals_name() {
        for (text, word) in [
            ("Classic_Fsv2_2_4GB_128_S_SSD", "Small"),
            ("fsv2_2_4gb_128_s_ssd", "Small"),
            ("medium (nested)", "Medium (nested virtualization)"),
            ("Av2_2_4GB_128_S_SSD", "Classic_Av2_2_4GB_128_S_SSD"),
        ] {
            assert_eq!(sku(text).map(Sku::word), Some(word), "{text}");
        }
        assert_eq!((sku("Basic"), sku("")), (None, None));
    }

    #[test]
    fn every_name_of_the_portal_is_a_size_of_both_generations() {
        for size in SIZES {
            assert_eq!(sku(size.portal).map(Sku::word), Some(size.portal));
        }
    }
}
