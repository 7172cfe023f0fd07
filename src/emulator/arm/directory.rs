//! The people of the tenant: whoever asks, and the members of groups.
//!
//! There is no directory to write to: every group id names a group, whose members follow from the id and the seed, and
//! whoever bears a token is one and the same person.

use crate::emulator::world::World;

/// The mail address of whoever asks.
pub(crate) const CALLER: &str = "labwright@contoso.onmicrosoft.com";

/// The object id of the person with that mail address.
pub(crate) fn object_id(world: &World, email: &str) -> String {
    world.uuid(&format!("person {}", email.to_lowercase()))
}

/// The mail addresses of a group's members: 5 to 20 of them, always the same.
pub(crate) fn members(world: &World, group: &str) -> Vec<String> {
    let seed = world.uuid(&format!("group {}", group.to_lowercase()));
    let number = u64::from_str_radix(seed.get(..4).unwrap_or_default(), 16).unwrap_or_default();
    let short = seed.get(4..8).unwrap_or_default();
    (1..=5 + number % 16)
        .map(|member| format!("student{member:02}-{short}@contoso.onmicrosoft.com"))
        .collect()
}
