//! Sizes and cores of lab plans' labs, which the subscription tells by region.
//!
//! Source: Lab Services REST 2023-06-07, skus and usages: limits are per subscription, region and family of sizes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Room, told};
use crate::azure::read;
use crate::model::{ArmId, Check, Read, Verdict};

/// Version of lab plans and their labs.
pub(super) const PLANS: &str = "2023-06-07";

/// A size, its word in the files, and its region.
pub(super) type Wanted<'a> = (&'a str, &'a str, &'a str);

/// A family of sizes and how many of its cores are left.
type Family = (String, u64);

/// The words of sizes, and the cores that they take together.
type Taken<'a> = (Vec<&'a str>, u64);

impl Room<'_> {
    /// Looks whether the sizes are on offer where they are wanted.
    pub(super) async fn skus(&self, subscription: &ArmId, wanted: Vec<Wanted<'_>>) -> Vec<Check> {
        let list = self.labs_list(subscription, "skus").await;
        let check = |(name, word, region): Wanted<'_>| {
            let place = format!("{word} in {region}");
            match &list {
                Err(why) => Check::new("Size", Verdict::Unknown, format!("{place}: {why}")),
                Ok(skus) => offered(skus, name, region, &place),
            }
        };
        wanted.into_iter().map(check).collect()
    }

    /// Looks whether enough cores are left in a region: sizes of one family share them.
    pub(super) async fn plan_cores(
        &self,
        subscription: &ArmId,
        region: &str,
        wanted: BTreeMap<(&str, &str), u64>,
    ) -> Vec<Check> {
        let usages = self.labs_list(subscription, &format!("locations/{region}/usages")).await;
        let mut families: BTreeMap<Option<Family>, Taken<'_>> = BTreeMap::new();
        for ((name, word), cores) in wanted.into_iter().filter(|(_, cores)| *cores > 0) {
            let (words, sum) =
                families.entry(usages.as_ref().ok().and_then(|all| left(all, name))).or_default();
            words.push(word);
            *sum += cores;
        }
        let check = |(family, (words, cores)): (Option<Family>, Taken<'_>)| {
            let place = format!("{} in {region}", words.join(", "));
            match family {
                Some((_, left)) if left < cores => {
                    let detail = format!("{place}: {cores} are needed and {left} are left");
                    Check::new("Cores", Verdict::Bad, detail).advised(
                        "who may open support requests asks for more, days ahead: portal, Help + support, service and subscription limits, Azure Lab Services",
                        Vec::new(),
                    )
                }
                Some((_, left)) => Check::new(
                    "Cores",
                    Verdict::Good,
                    format!("{place}: {cores} of the {left} that are left"),
                ),
                None => {
                    let detail = format!("{place}: {cores} are needed; how many are left is not known");
                    Check::new("Cores", Verdict::Unknown, detail)
                }
            }
        };
        families.into_iter().map(check).collect()
    }

    async fn labs_list(&self, subscription: &ArmId, name: &str) -> Result<Vec<Value>, String> {
        let path = ArmId::new(format!("{subscription}/providers/Microsoft.LabServices/{name}"));
        let list = Read { path, api_version: PLANS.into(), query: None, list: true };
        match read(self.arm, &list).await {
            Ok(Some(Value::Array(items))) => Ok(items),
            Ok(_) => Err("the service does not say".to_owned()),
            Err(error) => Err(told(&error)),
        }
    }
}

/// Whether a size is on offer in a region.
fn offered(skus: &[Value], name: &str, region: &str, place: &str) -> Check {
    let here = |text: &Value| {
        text.as_str().is_some_and(|text| crate::catalog::region(text).unwrap_or(text) == region)
    };
    let lists = |value: &Value| value.as_array().is_some_and(|all| all.iter().any(here));
    let own: Vec<_> = skus.iter().filter(|sku| sku["name"] == name && lists(&sku["locations"])).collect();
    let is_restricted = |sku: &&&Value| {
        sku["restrictions"].as_array().is_some_and(|all| all.iter().any(|own| lists(&own["values"])))
    };
    if own.is_empty() {
        return Check::new("Size", Verdict::Bad, format!("{place} is not on offer"))
            .advised("write another `size:`, or make the lab in another region", Vec::new());
    }
    if own.iter().any(|sku| is_restricted(&sku)) {
        return Check::new("Size", Verdict::Doubtful, format!("{place} is not for every subscription"));
    }
    Check::new("Size", Verdict::Good, format!("{place} is on offer"))
}

/// The family of a size and how many of its cores are left.
fn left(usages: &[Value], name: &str) -> Option<Family> {
    let has = |usage: &&Value| {
        usage["name"]["skuInstances"].as_array().is_some_and(|all| all.iter().any(|own| own == name))
    };
    let own = usages.iter().find(has)?;
    let left = own["limit"].as_u64()?.saturating_sub(own["currentValue"].as_u64()?);
    Some((own["name"]["value"].as_str()?.to_owned(), left))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_size_is_on_offer_where_the_list_says_so() {
        let skus = [
            json!({ "name": "Classic_A", "locations": ["West Europe", "northeurope"], "restrictions": [] }),
            json!({ "name": "Classic_B", "locations": ["westeurope"], "restrictions": [{ "type": "Location", "values": ["westeurope"] }] }),
        ];
        let verdict = |name, region| offered(&skus, name, region, "x").verdict;
        assert_eq!(verdict("Classic_A", "westeurope"), Verdict::Good);
        assert_eq!(verdict("Classic_A", "eastus"), Verdict::Bad);
        assert_eq!(verdict("Classic_B", "westeurope"), Verdict::Doubtful);
        assert_eq!(verdict("classic_a", "westeurope"), Verdict::Bad);
    }

    #[test]
    fn cores_are_those_of_the_sizes_family() {
        let usage = json!({ "limit": 20, "currentValue": 8, "name": { "value": "Fsv2", "skuInstances": ["Classic_A"] } });
        assert_eq!(left(std::slice::from_ref(&usage), "Classic_A"), Some(("Fsv2".to_owned(), 12)));
        assert_eq!(left(&[usage], "Classic_B"), None);
    }
}
