//! What exists in a scope, as Azure lists it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::plans;
use super::scope::Scope;
use crate::azure::{Arm, ArmError, read};
use crate::kinds::listing;
use crate::model::{ArmId, Read};

/// Something of a kind that labwright has.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// Its kind's name.
    pub(super) kind: &'static str,
    /// Its id.
    pub(super) id: ArmId,
    /// The id of what it is listed under: for a gallery, an account or a plan its group, for a lab of a plan the plan, for a
    /// schedule the lab.
    pub(super) parent: ArmId,
    /// What the list says of it.
    pub(super) body: Value,
    /// What else is read of it: a lab's template, the marketplace images of an account or a plan.
    pub(super) beside: Value,
}

/// Something that is not taken into the files, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LeftOut {
    /// Its id.
    pub(super) id: String,
    /// Why.
    pub(super) why: String,
}

/// What exists in a scope.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// What labwright has a kind for, what is referred to first.
    pub(super) items: Vec<Item>,
    /// Everything else.
    pub(super) left_out: Vec<LeftOut>,
}

/// Types whose resources are read through lists of their own.
const OWN_TYPES: [&str; 6] = [
    "microsoft.compute/galleries",
    "microsoft.compute/galleries/images",
    "microsoft.compute/galleries/images/versions",
    "microsoft.labservices/labaccounts",
    "microsoft.labservices/labplans",
    "microsoft.labservices/labs",
];

/// Lists everything in `scope`; changes nothing.
///
/// # Errors
/// What ARM answers: a list that cannot be read ends the whole, so that nothing seems absent.
pub(super) async fn find(arm: &dyn Arm, scope: &Scope) -> Result<Found, ArmError> {
    let mut found = Found::default();
    let mut accounts = found_tops(arm, scope, "LabAccount").await?;
    let mut attachments = Vec::new();
    let (mut labs, mut schedules) = (Vec::new(), Vec::new());
    for account in &mut accounts {
        account.beside = list_value(arm, &listing::marketplace(&account.id)).await?;
        for body in list(arm, &listing::attachments(&account.id)).await? {
            attachments.extend(item("GalleryAttachment", &account.id, body));
        }
        for body in list(arm, &listing::labs(&account.id)).await? {
            let Some(mut lab) = item("Lab", &account.id, body).filter(|lab| scope.holds(&lab.id)) else {
                continue;
            };
            lab.beside = read(arm, &listing::template(&lab.id)).await?.unwrap_or_default();
            leave_out_students(arm, &listing::users(&lab.id), &mut found).await?;
            schedules.extend(schedules_of(arm, &lab.id, &listing::schedules(&lab.id)).await?);
            labs.push(lab);
        }
    }
    let of_plans = plans::find(arm, scope, &mut found).await?;
    attachments.extend(of_plans.attachments);
    let mut galleries = found_tops(arm, scope, "Gallery").await?;
    for attachment in &attachments {
        let id = attachment.gallery();
        if galleries.iter().any(|gallery| gallery.id == id) || id.name().is_empty() {
            continue;
        }
        // What an account or a plan uses is taken along, wherever it lies.
        let body = read(arm, &listing::gallery(&id)).await?;
        galleries.extend(body.and_then(|body| item("Gallery", &group_of(&id), body)));
    }
    let tops = galleries.iter().chain(&accounts).chain(&of_plans.plans).chain(&of_plans.labs);
    let used = tops.map(|item| group_of(&item.id)).collect();
    let groups = found_groups(arm, scope, &used, &mut found).await?;
    labs.extend(of_plans.labs);
    schedules.extend(of_plans.schedules);
    let (mut images, mut versions) = (Vec::new(), Vec::new());
    for gallery in &galleries {
        for body in list(arm, &listing::images(&gallery.id)).await? {
            images.extend(item("Image", &gallery.id, body).filter(|image| scope.holds(&image.id)));
        }
    }
    for image in &images {
        for body in list(arm, &listing::versions(&image.id)).await? {
            versions.extend(item("ImageVersion", &image.id, body).filter(|own| scope.holds(&own.id)));
        }
    }
    for mut items in
        [groups, galleries, images, versions, accounts, of_plans.plans, attachments, labs, schedules]
    {
        items.sort_by_key(|item| item.id.as_str().to_lowercase());
        found.items.extend(items);
    }
    Ok(found)
}

impl Found {
    /// Notes something that is not taken into the files.
    pub(super) fn leave_out(&mut self, id: &str, why: impl Into<String>) {
        self.left_out.push(LeftOut { id: id.to_owned(), why: why.into() });
    }
}

impl Item {
    /// The gallery that an attachment attaches.
    pub(super) fn gallery(&self) -> ArmId {
        let properties = &self.body["properties"];
        ArmId::new(
            properties["galleryId"].as_str().or(properties["sharedGalleryId"].as_str()).unwrap_or_default(),
        )
    }

    /// Whether it is a lab of a lab plan.
    pub(super) fn is_of_plan(&self) -> bool {
        self.kind == "Lab" && self.id.segment("labaccounts").is_none()
    }
}

/// Leaves out a lab's students.
pub(super) async fn leave_out_students(
    arm: &dyn Arm,
    users: &Read,
    found: &mut Found,
) -> Result<(), ArmError> {
    for body in list(arm, users).await? {
        let id = body["id"].as_str().unwrap_or_default();
        found.leave_out(id, "a student; rosters come with a later version");
    }
    Ok(())
}

/// A lab's schedules, whoever made them.
pub(super) async fn schedules_of(
    arm: &dyn Arm,
    lab: &ArmId,
    schedules: &Read,
) -> Result<Vec<Item>, ArmError> {
    let bodies = list(arm, schedules).await?;
    Ok(bodies.into_iter().filter_map(|body| item("Schedule", lab, body)).collect())
}

/// The galleries or the lab accounts of a scope.
async fn found_tops(arm: &dyn Arm, scope: &Scope, kind: &'static str) -> Result<Vec<Item>, ArmError> {
    let is_gallery = kind == "Gallery";
    let bodies = match scope.top() {
        Some(id)
            if id.as_str().to_lowercase().contains(if is_gallery {
                "/galleries/"
            } else {
                "/labaccounts/"
            }) =>
        {
            let wanted = if is_gallery { listing::gallery(&id) } else { listing::account(&id) };
            read(arm, &wanted).await?.into_iter().collect()
        }
        Some(_) => Vec::new(),
        None if is_gallery => list(arm, &listing::galleries(scope.id())).await?,
        None => list(arm, &listing::accounts(scope.id())).await?,
    };
    let items = bodies.into_iter().filter_map(|body| {
        let id = ArmId::new(body["id"].as_str()?);
        item(kind, &group_of(&id), body)
    });
    Ok(items.collect())
}

/// The groups that hold something of ours; the others, and what else those hold, are left out by name.
async fn found_groups(
    arm: &dyn Arm,
    scope: &Scope,
    used: &BTreeSet<ArmId>,
    found: &mut Found,
) -> Result<Vec<Item>, ArmError> {
    if scope.top().is_some() {
        return Ok(Vec::new());
    }
    let bodies = match scope.id().segment("resourceGroups") {
        Some(_) => read(arm, &listing::group(scope.id())).await?.into_iter().collect(),
        None => list(arm, &listing::groups(scope.id())).await?,
    };
    let mut groups = Vec::new();
    for group in bodies.into_iter().filter_map(|body| item("ResourceGroup", scope.id(), body)) {
        if used.contains(&group.id) || group.id == *scope.id() {
            groups.push(group);
        } else {
            found.leave_out(group.id.as_str(), "a group that holds no gallery and nothing of Lab Services");
        }
    }
    for body in list(arm, &listing::everything(scope.id())).await? {
        let sort = body["type"].as_str().unwrap_or_default().to_owned();
        let id = ArmId::new(body["id"].as_str().unwrap_or_default());
        let is_near = groups.iter().any(|group| group.id == group_of(&id));
        let is_labs = sort.to_lowercase().starts_with("microsoft.labservices/");
        if !OWN_TYPES.contains(&sort.to_lowercase().as_str()) && (is_near || is_labs) {
            found.leave_out(id.as_str(), format!("`{sort}`, for which labwright has no kind"));
        }
    }
    Ok(groups)
}

pub(super) fn item(kind: &'static str, parent: &ArmId, body: Value) -> Option<Item> {
    let id = ArmId::new(body["id"].as_str()?);
    Some(Item { kind, id, parent: parent.clone(), body, beside: Value::Null })
}

/// The id of the group that a resource lies in.
pub(super) fn group_of(id: &ArmId) -> ArmId {
    id.resource_group().unwrap_or_else(|| id.clone())
}

pub(super) async fn list(arm: &dyn Arm, wanted: &Read) -> Result<Vec<Value>, ArmError> {
    match list_value(arm, wanted).await? {
        Value::Array(items) => Ok(items),
        _ => Ok(Vec::new()),
    }
}

async fn list_value(arm: &dyn Arm, wanted: &Read) -> Result<Value, ArmError> {
    Ok(read(arm, wanted).await?.unwrap_or_default())
}
