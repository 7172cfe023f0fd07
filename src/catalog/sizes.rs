//! VM sizes of labs in lab accounts.
//!
//! Source: the administrator guide for lab accounts (2020-10-20) and Microsoft's module for classroom
//! labs, which sends the API names as `vmSize` (2019-01-01-preview).

/// A VM size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// The name in the portal: the one to write.
    pub portal: &'static str,
    /// Another spelling that the portal has used.
    other: &'static str,
    /// The name in the API of lab accounts.
    pub api: &'static str,
    /// Virtual processors of one VM.
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

/// Every size.
#[must_use]
pub fn sizes() -> &'static [Size] {
    SIZES
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_found_by_portal_and_by_api_name() {
        assert_eq!(size("medium").map(|size| size.api), Some("Standard"));
        assert_eq!(size("Virtualization").map(|size| size.portal), Some("Medium (nested virtualization)"));
        assert_eq!(size("Huge"), None);
    }
}
