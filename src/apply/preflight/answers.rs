//! What Azure's answers say of rights, regions, sizes and cores. Pure.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::catalog::region;
use crate::model::{Check, Verdict};

/// Whether somebody with these entries may do something: some entry's `actions` name it, and its `notActions` do not.
///
/// Source: Azure role-based access control, control and data actions: rights of several roles add up, and `*` stands for
/// any text. Denials and conditions are not in the entries.
pub(super) fn is_allowed(entries: &[Value], right: &str) -> bool {
    let names = |entry: &Value, list: &str| {
        entry[list]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .any(|pattern| matches(pattern, right))
    };
    entries.iter().any(|entry| names(entry, "actions") && !names(entry, "notActions"))
}

fn matches(pattern: &str, right: &str) -> bool {
    let (pattern, right) = (pattern.to_ascii_lowercase(), right.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = right.strip_prefix(first) else { return false };
    let mut parts: Vec<_> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Whether an assignment gives an application a role, Contributor or Owner, or more. Source: Azure built-in roles, which
/// have the same ids everywhere.
pub(super) fn is_application_with(assignment: &Value, role: &str) -> bool {
    const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
    const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
    let roles: &[&str] = if role == "Owner" { &[OWNER] } else { &[CONTRIBUTOR, OWNER] };
    let properties = &assignment["properties"];
    let given =
        properties["roleDefinitionId"].as_str().and_then(|id| id.rsplit('/').next()).unwrap_or_default();
    properties["principalType"] == "ServicePrincipal"
        && roles.iter().any(|own| own.eq_ignore_ascii_case(given))
}

/// What is wrong with making something of a type in a region; a provider lists the regions of each type.
pub(super) fn not_there(provider: &Value, namespace: &str, kind: &str, wanted: &str) -> Option<Check> {
    let subject = "Region";
    let types = provider["resourceTypes"].as_array()?;
    let own = types
        .iter()
        .find(|own| own["resourceType"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(kind)))?;
    let offered: BTreeSet<_> =
        own["locations"].as_array()?.iter().filter_map(Value::as_str).filter_map(region).collect();
    // A list that names nothing we know says nothing.
    if offered.is_empty() || region(wanted).is_none_or(|wanted| offered.contains(wanted)) {
        return None;
    }
    let offered = offered.into_iter().collect::<Vec<_>>().join(", ");
    let detail = format!("{namespace}/{kind} cannot be made in {wanted}; it can in {offered}");
    Some(Check::new(subject, Verdict::Bad, detail).advised("write another `location:`", Vec::new()))
}

/// Whether a size is on offer.
///
/// Source of the shape: Microsoft's module for classroom labs. Which words `availability` holds is a guess: one that is not
/// `Available` is passed on and stops nobody.
pub(super) fn offer(answer: &Value, size: &str, place: &str) -> Check {
    let systems = answer["operatingSystems"].as_object().into_iter().flat_map(serde_json::Map::values);
    let sizes: Vec<_> =
        systems.filter_map(|system| system["sizes"].as_object()).flat_map(serde_json::Map::values).collect();
    let own: Vec<_> = sizes.iter().filter(|own| own["sizeName"] == size).collect();
    let said: BTreeSet<_> = own.iter().filter_map(|own| own["availability"].as_str()).collect();
    if sizes.is_empty() {
        return Check::new(
            "Size",
            Verdict::Unknown,
            format!("{place}: the service does not say which sizes it offers"),
        );
    }
    if own.is_empty() {
        return Check::new("Size", Verdict::Bad, format!("{place} is not on offer"))
            .advised("write another `size:`, or put the lab into an account of another region", Vec::new());
    }
    if said.iter().any(|word| word.eq_ignore_ascii_case("available")) || said.is_empty() {
        return Check::new("Size", Verdict::Good, format!("{place} is on offer"));
    }
    let said = said.into_iter().collect::<Vec<_>>().join(", ");
    Check::new("Size", Verdict::Doubtful, format!("{place}: the service says {said}"))
}

/// Cores that are left of a size.
///
/// The answer is documented nowhere: this reads the shape that the service's next generation has, by guess, and says
/// nothing where it finds another.
pub(super) fn left(answer: &Value, size: &str) -> Option<u64> {
    let usages = answer["usages"].as_array()?;
    let own = usages.iter().find(|own| own["name"]["value"] == size)?;
    Some(own["limit"].as_u64()?.saturating_sub(own["currentValue"].as_u64()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_one_role_takes_away_another_may_give() {
        let reader = json!({ "actions": ["*/read"], "notActions": [] });
        let contributor = json!({ "actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write", "Microsoft.LabServices/labs/write"] });
        let labs = json!({ "actions": ["microsoft.labservices/labs/*"], "notActions": [] });
        let may = |entries: &[&Value], right| {
            is_allowed(&entries.iter().map(|&own| own.clone()).collect::<Vec<_>>(), right)
        };
        assert!(may(&[&reader], "Microsoft.Compute/galleries/read"));
        assert!(!may(&[&reader], "Microsoft.Compute/galleries/write"));
        assert!(!may(&[&reader, &contributor], "Microsoft.LabServices/labs/write"));
        assert!(may(&[&reader, &contributor, &labs], "Microsoft.LabServices/labs/write"));
        assert!(!may(&[&contributor], "microsoft.authorization/roleAssignments/write"));
        assert!(!may(&[], "Microsoft.Compute/galleries/read"));
    }

    #[test]
    fn an_owner_may_what_a_contributor_may_and_not_the_other_way() {
        let given = |role: &str, to: &str| {
            let id = format!("/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/{role}");
            json!({ "properties": { "roleDefinitionId": id, "principalType": to } })
        };
        let owner = given("8E3AF657-a8ff-443c-a75c-2fe8c4bcb635", "ServicePrincipal");
        let contributor = given("b24988ac-6180-42a0-ab88-20f7382dd24c", "ServicePrincipal");
        let has = |own: &Value| ["Contributor", "Owner"].map(|role| is_application_with(own, role));
        assert_eq!((has(&owner), has(&contributor)), ([true, true], [true, false]));
        assert!(!is_application_with(&given("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "User"), "Owner"));
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, right, expected) in [
            ("*", "a/b/write", true),
            ("a/*/write", "a/b/c/write", true),
            ("a/*/write", "a/write", false),
            ("a/b", "a/b/write", false),
            ("*/action", "a/b/action", true),
            ("a*b*", "axxbyy", true),
            ("a*b*c", "axxc", false),
        ] {
            assert_eq!(matches(pattern, right), expected, "{pattern} {right}");
        }
    }

    #[test]
    fn a_size_is_on_offer_is_not_or_the_service_says_something_else() {
        let answer = |availability: Value| json!({ "operatingSystems": { "Linux": { "sizes": { "Basic": { "sizeName": "Basic", "availability": availability } } } } });
        let verdict = |answer: &Value, size| offer(answer, size, "s").verdict;
        assert_eq!(verdict(&answer(json!("Available")), "Basic"), Verdict::Good);
        assert_eq!(verdict(&answer(Value::Null), "Basic"), Verdict::Good);
        assert_eq!(verdict(&answer(json!("Limited")), "Basic"), Verdict::Doubtful);
        assert_eq!(verdict(&answer(json!("Available")), "Large"), Verdict::Bad);
        assert_eq!(verdict(&Value::Null, "Basic"), Verdict::Unknown);
    }

    #[test]
    fn a_region_is_refused_only_where_the_list_is_understood() {
        let provider = |locations: Value| json!({ "resourceTypes": [{ "resourceType": "Galleries", "locations": locations }] });
        let verdict = |locations, wanted| {
            not_there(&provider(locations), "Microsoft.Compute", "galleries", wanted)
                .map(|check| check.verdict)
        };
        assert_eq!(verdict(json!(["West Europe"]), "westeurope"), None);
        assert_eq!(verdict(json!(["North Europe"]), "westeurope"), Some(Verdict::Bad));
        assert_eq!(verdict(json!([]), "westeurope"), None);
    }

    #[test]
    fn what_is_left_is_read_from_one_shape_and_else_unknown() {
        let answer =
            json!({ "usages": [{ "name": { "value": "Basic" }, "limit": 100, "currentValue": 90 }] });
        assert_eq!(
            (left(&answer, "Basic"), left(&answer, "Large"), left(&Value::Null, "Basic")),
            (Some(10), None, None)
        );
    }
}
