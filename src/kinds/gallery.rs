//! Galleries: shared stores of images, attached to lab accounts and lab plans.
//!
//! ARM type `Microsoft.Compute/galleries`. Images are a kind of their own.
//! Source: Compute Gallery REST 2024-03-03; the troubleshooting guide for shared images (names).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::arm::{self, GALLERIES};
use super::resource_group::{TAGS, name_rule as group_name};
use super::shape::named;
use super::{Attribute, Draft, Kind, KindInfo, Names, OnChange, Shape, ShapeError, Subject, View, words};
use crate::catalog::Work;
use crate::model::{
    Address, ArmId, Attributes, Contents, Expectation, Method, Observed, Read, Recording, Row,
};

/// A shared store of images.
pub(super) struct Gallery;

static INFO: KindInfo = KindInfo {
    name: "Gallery",
    section: "galleries",
    arm_type: "Microsoft.Compute/galleries",
    doc: "A shared image gallery (Azure Compute Gallery).",
    attributes: &[
        RESOURCE_GROUP,
        Attribute::new(
            "location",
            Shape::Region,
            "Region of the gallery itself; its images are replicated each on their own.",
            "westeurope",
        )
        .on_change(OnChange::Replace)
        .required(),
        Attribute::new(
            "description",
            Shape::Text(super::shape::any),
            "Text that the portal shows beside the name.",
            "CS teaching images",
        ),
        TAGS,
    ],
    name_rule: Some(name_rule),
    rules: &[],
    holds_data: true,
    invoked: false,
};

/// A reference to a gallery.
pub(super) const GALLERY: Shape = named(&["Gallery"], &["Microsoft.Compute/galleries"]);

/// The resource group of a top-level resource.
pub(super) const RESOURCE_GROUP: Attribute = Attribute::new(
    "resourceGroup",
    Shape::Text(group_name),
    "Name of the resource group it lies in: one of `resourceGroups:`, or one that exists.",
    "cslabs-rg",
)
.on_change(OnChange::Replace)
.required();

/// Letters, digits, `_` and `.`; letter or digit at both ends; 1 to 80 characters; no dash.
fn name_rule(name: &str) -> Result<(), String> {
    if name.contains('-') {
        let without = name.replace('-', "_");
        return Err(format!("holds a dash, which Azure refuses in a gallery's name; `{without}` would do"));
    }
    super::shape::identifier(name, "_.", 80)
}

impl Kind for Gallery {
    fn info(&self) -> &'static KindInfo {
        &INFO
    }

    fn arm_id(&self, _address: &Address, attributes: &Attributes, view: &View<'_>) -> ArmId {
        view.group(attributes).resource("Microsoft.Compute", "galleries", arm::own(attributes, "name"))
    }

    fn containers(&self, attributes: &Attributes, view: &View<'_>) -> Vec<Address> {
        arm::group_address(attributes, view).into_iter().collect()
    }

    fn summary(&self, attributes: &Attributes, _view: &View<'_>) -> Vec<String> {
        vec![words::place(attributes)]
    }

    fn losses(&self, address: &Address, _row: &Row, view: &View<'_>) -> Vec<String> {
        let ours = |reference: &str, own: &Address| {
            let attributes = view.row(own).map(|row| &row.attributes);
            attributes.and_then(|own| arm::referred(own, reference))
        };
        let images: Vec<_> = view.recorded_of("Image");
        let images: BTreeSet<_> =
            images.into_iter().filter(|image| ours("gallery", image).as_ref() == Some(address)).collect();
        let is_inside = |own: &&Address| ours("image", own).is_some_and(|image| images.contains(&image));
        let versions = view.recorded_of("ImageVersion").into_iter().filter(is_inside).count();
        let exported = images.iter().map(|image| super::image::exported_versions(image, view)).sum::<usize>();
        let labs = view.recorded_of("Lab").into_iter().filter(|lab| view.desired.contains_key(*lab));
        super::image::losses(images.len(), versions + exported, labs.filter(is_inside).count())
    }

    fn create(&self, subject: &Subject<'_>) -> Vec<Draft> {
        let attributes = &subject.desired.attributes;
        let mut body = json!({ "location": attributes["location"], "properties": {} });
        arm::set(&mut body, "tags", attributes.get("tags"));
        arm::set(&mut body["properties"], "description", attributes.get("description"));
        let id = &subject.row.arm_id;
        let step = arm::put("create gallery", id, GALLERIES, body, arm::record(subject.row));
        let expects = Expectation::Absent { read: arm::get(id, GALLERIES) };
        vec![Draft::new("create", arm::needs(self, subject), expects, Work::Small, vec![step])]
    }

    fn update(&self, subject: &Subject<'_>, paths: &[String]) -> Vec<Draft> {
        let attributes = &subject.desired.attributes;
        let mut body = json!({});
        if paths.iter().any(|path| path == "description") {
            body["properties"]["description"] = attributes.get("description").cloned().unwrap_or_default();
        }
        arm::set(&mut body, "tags", attributes.get("tags"));
        let (id, row) = (&subject.row.arm_id, arm::record(subject.row));
        let step = arm::step("change gallery", Method::Patch, id, GALLERIES, Some(body), row);
        vec![Draft::new("update", Vec::new(), Expectation::AsRecorded, Work::Small, vec![step])]
    }

    fn delete(&self, _address: &Address, row: &Row, _view: &View<'_>) -> Vec<Draft> {
        let step = arm::delete("delete gallery", &row.arm_id, GALLERIES, Recording::Delete);
        let mut draft = Draft::new("delete", Vec::new(), Expectation::AsRecorded, Work::Small, vec![step]);
        draft.contents =
            vec![Contents { read: arm::list(&row.arm_id, "images", GALLERIES), noun: "images".into() }];
        vec![draft]
    }

    fn reads(&self, _address: &Address, row: &Row) -> Vec<Read> {
        vec![arm::get(&row.arm_id, GALLERIES)]
    }

    fn observe(
        &self,
        answers: &[Option<Value>],
        row: &Row,
        _names: &Names<'_>,
    ) -> Result<Option<Observed>, ShapeError> {
        let [Some(body)] = answers else { return Ok(None) };
        let mut attributes = arm::observed_top(body, row)?;
        attributes.insert("description".into(), arm::optional(body, "/properties/description"));
        Ok(Some(Observed { attributes, failed: false }))
    }
}
