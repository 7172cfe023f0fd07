//! What a request needs to find before it does anything, and how it is refused when it is not there or is going.

use crate::emulator::arm::errors::{Refusal, conflict, group_not_found, not_found, parent_not_found};
use crate::emulator::arm::path::parent;
use crate::emulator::arm::resource::{Provisioning, Resource};
use crate::emulator::arm::types::{Address, Kind};
use crate::emulator::world::World;

impl World {
    /// The resource group of an address.
    ///
    /// # Errors
    /// 404 `ResourceGroupNotFound`.
    pub(crate) fn group(&self, subscription: &str, name: &str) -> Result<&Resource, Refusal> {
        let key = format!("/subscriptions/{subscription}/resourcegroups/{name}").to_lowercase();
        self.resource(&key).ok_or_else(|| group_not_found(name))
    }

    /// The addressed item.
    ///
    /// # Errors
    /// 404 `ResourceGroupNotFound`, `ParentResourceNotFound`, `ResourceNotFound`.
    pub(crate) fn item(&self, address: &Address) -> Result<&Resource, Refusal> {
        self.holder(address)?;
        let missing = || not_found(&address.kind.arm_type(), &address.names.join("/"), address.group_name());
        address.key().and_then(|key| self.resource(&key)).ok_or_else(missing)
    }

    /// What holds the addressed item or collection: a group or a parent resource.
    ///
    /// # Errors
    /// 404 `ResourceGroupNotFound`, `ParentResourceNotFound`.
    pub(crate) fn holder(&self, address: &Address) -> Result<&Resource, Refusal> {
        let group = self.group(&address.subscription, address.group_name())?;
        let Some(key) = address.parent_key().filter(|key| *key != group.key()) else { return Ok(group) };
        let depth = address.kind.info().map_or(0, |info| info.path.len() - 1);
        self.resource(&key)
            .ok_or_else(|| parent_not_found(&address.names[..depth.min(address.names.len())].join("/")))
    }

    /// The holder, which must take new children.
    ///
    /// # Errors
    /// As [`World::holder`]; 409 while it or its group is being deleted.
    pub(crate) fn open_holder(&self, address: &Address) -> Result<&Resource, Refusal> {
        let group = self.group(&address.subscription, address.group_name())?;
        if group.provisioning == Provisioning::Deleting {
            let message = format!(
                "The resource group '{}' is in deprovisioning state and cannot perform this operation.",
                group.name
            );
            return Err(Refusal::new(409, "ResourceGroupBeingDeleted", message));
        }
        let mut holder = self.holder(address)?;
        let nearest = holder;
        while holder.kind != Kind::Group {
            if holder.provisioning == Provisioning::Deleting {
                return Err(conflict(format!("The resource '{}' is being deleted.", holder.name)));
            }
            let Some(above) = parent(&holder.key()).and_then(|key| self.resource(key)) else { break };
            holder = above;
        }
        Ok(nearest)
    }
}

/// Refuses a change of what is being deleted.
///
/// # Errors
/// 409 `Conflict`.
pub(crate) fn not_deleting(resource: &Resource) -> Result<(), Refusal> {
    if resource.provisioning == Provisioning::Deleting {
        return Err(conflict(format!("The resource '{}' is being deleted.", resource.name)));
    }
    Ok(())
}
