//! The virtual machines of a lab: its template's, named `0`, and one for each user.
//!
//! Sources: Lab Services REST 2023-06-07; recorded traffic for the template's name; documentation: a reset password needs a
//! machine that runs, and only users' machines are reimaged.

use crate::emulator::arm::errors::{Refusal, conflict, invalid_parameter, unknown_type};
use crate::emulator::arm::operations::{Effect, Operation};
use crate::emulator::arm::rendering;
use crate::emulator::arm::resource::{Facts, MachineFacts, MachineState, Resource};
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::shape;
use crate::emulator::arm::tracked::check_idle;
use crate::emulator::arm::types::{Kind, Target};
use crate::emulator::clock::Work;
use crate::emulator::lab_plans::changes::acted;
use crate::emulator::lab_plans::labs::{check_unbusy, lab_of};
use crate::emulator::lab_plans::lists;
use crate::emulator::message::Response;
use crate::emulator::world::{World, not_deleting};
use serde_json::{Value, json};

/// Answers requests to virtual machines.
pub(crate) fn answer(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    match (&call.address.target, call.request.method.as_str()) {
        (Target::Collection, "GET") => lists::list(world, call),
        (Target::Item, "GET") => world
            .item(&call.address)
            .map(|machine| Response::json(200, rendering::of(world, machine, call.request))),
        (Target::Action(action), "POST") => {
            let state = match action.as_str() {
                "start" => MachineState::Starting,
                "stop" => MachineState::Stopping,
                "reimage" => MachineState::Reimaging,
                "redeploy" => MachineState::Redeploying,
                "resetpassword" => MachineState::ResettingPassword,
                other => {
                    let path = format!("labs/virtualMachines/{other}");
                    return Err(unknown_type("Microsoft.LabServices", &path));
                }
            };
            act(world, call, state)
        }
        _ => Err(call.no_such_verb()),
    }
}

/// Sends a machine on the way through `state`.
fn act(world: &mut World, call: &Call<'_>, state: MachineState) -> Result<Response, Refusal> {
    let lab = world.open_holder(&call.address)?;
    let machine = world.item(&call.address)?;
    not_deleting(machine)?;
    let facts = machine.machine().cloned().unwrap_or_default();
    match state {
        MachineState::Reimaging if facts.is_template => {
            return Err(conflict("The template virtual machine of a lab cannot be reimaged."));
        }
        MachineState::ResettingPassword => {
            check_credentials(call, lab)?;
            if facts.state != MachineState::Running {
                let message = format!(
                    "The virtual machine '{}' is in state '{}': it must be 'Running' for its password to be reset.",
                    machine.name,
                    facts.state.text()
                );
                return Err(conflict(message));
            }
        }
        _ => {}
    }
    check_unbusy(world, lab)?;
    check_idle(world, machine.operation.as_ref(), "the virtual machine")?;
    let key = machine.key();
    Ok(acted(world, call, &key, (Effect::Machine, Work::Power), |machine, _| {
        if let Some(facts) = machine.machine_mut() {
            (facts.before, facts.state) = (facts.state, state);
        }
    }))
}

/// The user whose password is reset must be one of the machine's.
fn check_credentials(call: &Call<'_>, lab: &Resource) -> Result<(), Refusal> {
    let body = shape::object(call.request)?;
    let user = shape::required(&body, "username", "username")?;
    shape::required(&body, "password", "password")?;
    let profile = lab.properties.get("virtualMachineProfile");
    let is_known = ["adminUser", "nonAdminUser"]
        .iter()
        .any(|name| profile.is_some_and(|profile| profile[name]["username"] == user));
    if is_known {
        return Ok(());
    }
    Err(invalid_parameter("username", format!("The user '{user}' is not one of the virtual machine.")))
}

/// What the end of a machine's operation does.
pub(crate) fn ended(world: &mut World, operation: &Operation) {
    let failed = operation.failure.is_some();
    for key in &operation.targets {
        world.edit(key, |machine| {
            let is_ours = machine.operation.as_deref() == Some(&operation.id);
            if let Some(facts) = machine.machine_mut().filter(|_| is_ours) {
                facts.state = if failed { facts.before } else { facts.state.goal() };
            }
        });
    }
    world.settle(operation, &operation.targets);
}

/// A machine of `lab`, not yet in the world; number 0 is the template's.
pub(crate) fn new(world: &mut World, lab: &Resource, number: u64) -> Resource {
    let unique = world.draw();
    let name = number.to_string();
    let id = format!("{}/virtualMachines/{name}", lab.id);
    let mut machine = Resource::new(Kind::Machine, id, &name, world.now(), unique);
    machine.facts = Facts::Machine(MachineFacts { is_template: number == 0, ..MachineFacts::default() });
    machine
}

/// Adds what only the service knows of a machine: all of it.
pub(crate) fn show(world: &World, machine: &Resource, body: &mut Value) {
    let Some(facts) = machine.machine() else { return };
    let properties = &mut body["properties"];
    properties["state"] = json!(facts.state.text());
    properties["vmType"] = json!(if facts.is_template { "Template" } else { "User" });
    let Some(lab) = lab_of(world, &machine.key()) else { return };
    let number = machine.name.parse::<u64>().unwrap_or_default();
    let short = lab.unique.get(..8).unwrap_or_default();
    let host = format!("lab-{short}.{}.cloudapp.azure.com", lab.location.as_deref().unwrap_or_default());
    let mut connection = json!({ "privateIpAddress": format!("10.0.{}.{}", number / 200, 4 + number % 200) });
    let profile = lab.properties.get("connectionProfile");
    for (access, name, value) in [
        ("clientSshAccess", "sshAuthority", format!("{host}:{}", 5000 + number)),
        ("clientRdpAccess", "rdpAuthority", format!("{host}:{}", 6000 + number)),
        ("webSshAccess", "sshInBrowserUrl", format!("https://{host}/ssh/{number}")),
        ("webRdpAccess", "rdpInBrowserUrl", format!("https://{host}/rdp/{number}")),
    ] {
        if profile.is_some_and(|profile| profile[access] != "None") {
            connection[name] = json!(value);
        }
    }
    let machines = lab.properties.get("virtualMachineProfile");
    for (user, name) in [("adminUser", "adminUsername"), ("nonAdminUser", "nonAdminUsername")] {
        connection[name] = machines.map_or(Value::Null, |profile| profile[user]["username"].clone());
    }
    properties["connectionProfile"] = connection;
}
