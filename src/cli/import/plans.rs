//! The lab plans of a scope, and what goes with them. Their labs stand beside them and name them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::find::{Found, Item, group_of, item, leave_out_students, list, schedules_of};
use super::scope::Scope;
use crate::azure::{Arm, ArmError, read};
use crate::kinds::listing;
use crate::model::ArmId;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct OfPlans {
    pub(super) plans: Vec<Item>,
    /// A plan's gallery is a property of the plan, whose body this has.
    pub(super) attachments: Vec<Item>,
    /// Each has the name that people see of its marketplace image beside it.
    pub(super) labs: Vec<Item>,
    pub(super) schedules: Vec<Item>,
}

/// Lists the lab plans of a scope with their labs and galleries.
///
/// # Errors
/// What ARM answers.
pub(super) async fn find(arm: &dyn Arm, scope: &Scope, found: &mut Found) -> Result<OfPlans, ArmError> {
    let bodies = labs(arm, scope).await?;
    let mut plans: BTreeMap<ArmId, Item> = BTreeMap::new();
    for body in tops(arm, scope).await? {
        plans.extend(plan(body).map(|plan| (plan.id.clone(), plan)));
    }
    let (mut labs, mut schedules) = (Vec::new(), Vec::new());
    for body in bodies {
        let named = plan_of(&body);
        let Some(mut lab) = item("Lab", named.as_ref().unwrap_or(scope.id()), body) else { continue };
        let Some(named) = named else {
            found.leave_out(lab.id.as_str(), "it belongs to no lab plan");
            continue;
        };
        if !plans.contains_key(&named) {
            // What a lab belongs to is taken along, wherever it lies.
            let body = read(arm, &listing::plan(&named)).await?;
            plans.extend(body.and_then(plan).map(|plan| (plan.id.clone(), plan)));
        }
        lab.parent = named;
        leave_out_students(arm, &listing::plan_users(&lab.id), found).await?;
        schedules.extend(schedules_of(arm, &lab.id, &listing::plan_schedules(&lab.id)).await?);
        labs.push(lab);
    }
    for plan in plans.values_mut() {
        plan.beside = json!(list(arm, &listing::plan_images(&plan.id)).await?);
    }
    for lab in &mut labs {
        lab.beside = plans.get(&lab.parent).map_or(Value::Null, |plan| marketplace(&lab.body, &plan.beside));
    }
    let attachments = plans.values().filter_map(attachment).collect();
    Ok(OfPlans { plans: plans.into_values().collect(), attachments, labs, schedules })
}

/// The plans that a scope names by itself.
async fn tops(arm: &dyn Arm, scope: &Scope) -> Result<Vec<Value>, ArmError> {
    match scope.top() {
        None => list(arm, &listing::plans(scope.id())).await,
        Some(id) if id.segment("labplans").is_some() => {
            Ok(read(arm, &listing::plan(&id)).await?.into_iter().collect())
        }
        Some(_) => Ok(Vec::new()),
    }
}

/// The labs of a scope; of a plan those that name it, wherever in the subscription they lie.
async fn labs(arm: &dyn Arm, scope: &Scope) -> Result<Vec<Value>, ArmError> {
    match scope.top() {
        None => list(arm, &listing::plan_labs(scope.id())).await,
        Some(plan) if plan.segment("labplans").is_some() => {
            let subscription = plan.subscription().unwrap_or_else(|| plan.clone());
            let mut labs = list(arm, &listing::plan_labs(&subscription)).await?;
            labs.retain(|lab| plan_of(lab).as_ref() == Some(&plan));
            Ok(labs)
        }
        Some(id) if id.segment("labaccounts").is_none() && id.segment("labs").is_some() => {
            Ok(read(arm, &listing::plan_lab(&id)).await?.into_iter().collect())
        }
        Some(_) => Ok(Vec::new()),
    }
}

fn plan(body: Value) -> Option<Item> {
    let id = ArmId::new(body["id"].as_str()?);
    item("LabPlan", &group_of(&id), body)
}

/// The plan that a lab names; some clients leave the id's first slash out.
fn plan_of(lab: &Value) -> Option<ArmId> {
    let id = lab["properties"]["labPlanId"].as_str().filter(|id| !id.is_empty())?;
    Some(ArmId::new(format!("/{}", id.trim_start_matches('/'))))
}

fn attachment(plan: &Item) -> Option<Item> {
    plan.body["properties"]["sharedGalleryId"].as_str()?;
    Some(Item {
        kind: "GalleryAttachment",
        id: listing::attachment_of_plan(&plan.id),
        parent: plan.id.clone(),
        body: plan.body.clone(),
        beside: Value::Null,
    })
}

/// The name that people see of the marketplace image that a lab was made from, or its own name where the plan has it no
/// more; null for an image of a gallery.
fn marketplace(lab: &Value, images: &Value) -> Value {
    let reference = &lab["properties"]["virtualMachineProfile"]["imageReference"];
    let parts = ["publisher", "offer", "sku"].map(|part| reference[part].as_str());
    let [Some(publisher), Some(offer), Some(sku)] = parts else { return Value::Null };
    let is_it = |image: &&Value| {
        ["publisher", "offer", "sku"].iter().all(|part| {
            let both = (image["properties"][part].as_str(), reference[part].as_str());
            matches!(both, (Some(one), Some(other)) if one.eq_ignore_ascii_case(other))
        })
    };
    let known = images.as_array().into_iter().flatten().find(is_it);
    let name = known.and_then(|image| image["properties"]["displayName"].as_str());
    name.map_or_else(|| json!(format!("{publisher}.{offer}.{sku}").to_lowercase()), |name| json!(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marketplace_image_goes_by_the_name_that_people_see() {
        let lab = |reference: Value| json!({ "properties": { "virtualMachineProfile": { "imageReference": reference } } });
        let reference =
            json!({ "publisher": "Canonical", "offer": "jammy", "sku": "22_04", "version": "latest" });
        let images = json!([{ "properties": { "publisher": "canonical", "offer": "jammy", "sku": "22_04", "displayName": "Ubuntu" } }]);
        assert_eq!(marketplace(&lab(reference.clone()), &images), "Ubuntu");
        assert_eq!(marketplace(&lab(reference), &json!([])), "canonical.jammy.22_04");
        assert_eq!(marketplace(&lab(json!({ "id": "/x" })), &images), Value::Null);
    }
}
