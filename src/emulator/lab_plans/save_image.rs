//! `saveImage`: the template of a lab saved to the plan's gallery.
//!
//! Source: Lab Services REST 2023-06-07; documentation: the lab must have a template and be in the plan's region, the plan a
//! gallery; the result is specialized and, unlike with lab accounts, copied to no further region.

use crate::emulator::arm::errors::{Refusal, conflict, invalid_parameter, not_found};
use crate::emulator::arm::operations::{Announce, Family};
use crate::emulator::arm::path::key;
use crate::emulator::arm::resource::Resource;
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::shape;
use crate::emulator::arm::tracked::check_idle;
use crate::emulator::arm::types::Kind;
use crate::emulator::compute::galleries::check_definition_name;
use crate::emulator::lab_accounts::export::{Template, save};
use crate::emulator::lab_plans::changes::mark;
use crate::emulator::lab_plans::labs::{check_unbusy, lab_of};
use crate::emulator::lab_plans::profiles::{URL, bounded};
use crate::emulator::message::Response;
use crate::emulator::world::{World, not_deleting};

/// Answers `saveImage`.
pub(crate) fn save_image(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    const AT: &str = "labVirtualMachineId";
    world.open_holder(&call.address)?;
    let plan = world.item(&call.address)?;
    not_deleting(plan)?;
    let body = shape::object(call.request)?;
    let name = shape::required(&body, "name", "name")?;
    check_definition_name(name)?;
    shape::required(&body, AT, AT)?;
    let id = bounded(&body, AT, URL, AT)?.unwrap_or_default();
    let (machine, lab) = template(world, id)?;
    check_unbusy(world, lab)?;
    check_idle(world, lab.operation.as_ref(), "the lab")?;
    check_idle(world, machine.operation.as_ref(), "the template")?;
    let location = plan.location.clone().unwrap_or_default();
    if lab.location.as_deref() != Some(&location) {
        let message = format!(
            "The lab '{}' is in '{}' and the lab plan '{}' in '{location}': an image is saved only in one region.",
            lab.name,
            lab.location.as_deref().unwrap_or_default(),
            plan.name
        );
        return Err(conflict(message));
    }
    let attached = plan.plan().and_then(|facts| world.resource(&facts.gallery.as_ref()?.key));
    let gallery = attached.cloned().ok_or_else(|| {
        conflict(format!("The lab plan '{}' has no shared gallery attached to save the image to.", plan.name))
    })?;
    let image = lab.lab().map(|facts| facts.image.clone()).unwrap_or_default();
    let template = Template {
        key: machine.key(),
        machine: machine.id.clone(),
        os_type: image.os_type,
        generation: image.generation,
        publisher: plan.name.clone(),
        offer: lab.name.clone(),
        regions: vec![location.clone()],
        family: Family::LabPlans,
        location,
    };
    let machine = machine.key();
    let operation = save(world, &gallery, name, template)?;
    mark(world, call, &machine, &operation, |_, _| {});
    Ok(world.announced(Response::empty(202), call.request, &operation, Announce::Both))
}

/// The template's machine of that id and its lab.
fn template<'a>(world: &'a World, id: &str) -> Result<(&'a Resource, &'a Resource), Refusal> {
    let key = key(id);
    let missing = || {
        let name = key.split('/').skip(8).step_by(2).collect::<Vec<_>>().join("/");
        not_found(&Kind::Machine.arm_type(), &name, key.split('/').nth(4).unwrap_or_default())
    };
    let machine = world.resource(&key).filter(|found| found.kind == Kind::Machine).ok_or_else(missing)?;
    let lab = lab_of(world, &key).ok_or_else(missing)?;
    not_deleting(lab)?;
    if !machine.machine().is_some_and(|facts| facts.is_template) {
        let message = format!("The virtual machine '{}' is not the template of its lab.", machine.id);
        return Err(invalid_parameter("labVirtualMachineId", message));
    }
    Ok((machine, lab))
}
