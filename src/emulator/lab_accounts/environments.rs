//! Environments, the students' machines of a published lab.
//!
//! A publish makes as many as the lab has places, and takes those of the publish before away; a scaling adds or removes the
//! last ones that nobody has claimed. Source: Lab Services REST 2018-10-15.

use crate::emulator::arm::directory::{CALLER, object_id};
use crate::emulator::arm::errors::{Refusal, conflict, unknown_type};
use crate::emulator::arm::operations::{Announce, Effect, Operation};
use crate::emulator::arm::path::{key, parent};
use crate::emulator::arm::rendering::{self, time};
use crate::emulator::arm::resource::{EnvironmentFacts, Facts, PublishingState, Resource};
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::shape::{self, Object};
use crate::emulator::arm::tracked::{self, check_idle};
use crate::emulator::arm::types::{Kind, Target};
use crate::emulator::clock::Work;
use crate::emulator::lab_accounts::accounts::{delete, latest, list};
use crate::emulator::lab_accounts::template::{authority, begin};
use crate::emulator::message::{Request, Response};
use crate::emulator::world::{World, not_deleting};
use serde_json::{Value, json};

/// Answers requests to environments.
pub(crate) fn answer(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    match (&call.address.target, call.request.method.as_str()) {
        (Target::Collection, "GET") => list(world, call),
        (Target::Item, "GET") => world
            .item(&call.address)
            .map(|item| Response::json(200, rendering::of(world, item, call.request))),
        (Target::Item, "PUT" | "PATCH") => put(world, call),
        (Target::Item, "DELETE") => delete(world, call),
        (Target::Action(action), "POST") => {
            let environment = world.item(&call.address)?.clone();
            world.open_holder(&call.address)?;
            match action.as_str() {
                "claim" => claim(world, &environment).map(|()| Response::empty(200)),
                "start" => act(world, call.request, &environment, Effect::Start),
                "stop" => act(world, call.request, &environment, Effect::Stop),
                "resetpassword" => {
                    let body = shape::object(call.request)?;
                    let asked = shape::required(&body, "environmentId", "environmentId")?;
                    if key(asked) != environment.key() {
                        return Err(conflict("The 'environmentId' is not that of the environment."));
                    }
                    reset_password(world, call.request, &environment, &body)
                }
                other => Err(unknown_type(
                    "Microsoft.LabServices",
                    &format!("labAccounts/labs/environmentSettings/environments/{other}"),
                )),
            }
        }
        _ => Err(call.no_such_verb()),
    }
}

/// Changes the tags of a machine, or makes one more in a published lab; all else is the service's.
fn put(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    let wanted = tracked::wanted(world, call)?;
    tracked::check_name(call.address.name(), 100)?;
    let tags = shape::tags(&wanted.body)?;
    let asked = tracked::properties(&wanted.body)?;
    shape::member(&asked, "resourceSets")?;
    let status = wanted.status;
    let setting = world.open_holder(&call.address)?.clone();
    let mut environment = match wanted.existing {
        Some(existing) => existing,
        None => {
            let facts = setting.setting().filter(|facts| facts.publishing == PublishingState::Published);
            if facts.is_none() {
                return Err(conflict("The template of the lab is not published."));
            }
            let number = world
                .children(&setting.key(), Kind::Environment)
                .filter_map(|machine| machine.environment().map(|facts| facts.number + 1))
                .max();
            new(world, &setting, call.address.name(), number.unwrap_or_default())
        }
    };
    environment.tags = tags;
    environment.changed = world.now();
    let answer = Response::json(status, rendering::of(world, &environment, call.request));
    world.put(environment);
    Ok(answer)
}

fn new(world: &mut World, setting: &Resource, name: &str, number: u64) -> Resource {
    let unique = world.draw();
    let id = format!("{}/environments/{name}", setting.id);
    let mut environment = Resource::new(Kind::Environment, id, name, world.now(), unique);
    let user_name = setting.setting().map_or("", |facts| facts.user_name.as_str()).to_owned();
    environment.location.clone_from(&setting.location);
    environment.facts =
        Facts::Environment(EnvironmentFacts { number, user_name, ..EnvironmentFacts::default() });
    environment
}

/// How many machines a setting has.
pub(crate) fn count(world: &World, setting: &str) -> u64 {
    world.children(setting, Kind::Environment).count() as u64
}

/// Gives the setting of that key `wanted` machines, all of them new after a publish.
pub(crate) fn make(world: &mut World, setting: &str, wanted: u64, are_new: bool) {
    let Some(setting) = world.resource(setting).cloned() else { return };
    let generation = setting.setting().map_or(0, |facts| facts.generation);
    let place = |machine: &Resource| {
        let facts = machine.environment().cloned().unwrap_or_default();
        // Whom a machine belongs to keeps it longest.
        (facts.claimed_by.is_none(), facts.number)
    };
    let mut there: Vec<Resource> = world.children(&setting.key(), Kind::Environment).cloned().collect();
    there.sort_by_key(place);
    let kept = if are_new { 0 } else { usize::try_from(wanted).unwrap_or(usize::MAX).min(there.len()) };
    for machine in there.drain(kept..) {
        world.remove_tree(&machine.key());
    }
    let first = there.iter().map(|machine| place(machine).1 + 1).max().unwrap_or_default();
    for number in (first..).take(usize::try_from(wanted).unwrap_or(usize::MAX).saturating_sub(kept)) {
        let name = world.uuid(&format!("{} {generation} {number}", setting.unique));
        let machine = new(world, &setting, &name, number);
        world.put(machine);
    }
}

/// Answers `claimAny` of a setting: any machine that nobody has, unless the caller has one already.
pub(crate) fn claim_any(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    world.open_holder(&call.address)?;
    let setting = world.item(&call.address)?;
    not_deleting(setting)?;
    let setting = setting.key();
    let claimed = |machine: &Resource| machine.environment().and_then(|facts| facts.claimed_by.clone());
    let machines = || world.children(&setting, Kind::Environment);
    if machines().any(|machine| claimed(machine).as_deref() == Some(CALLER)) {
        return Ok(Response::empty(200));
    }
    let free = machines()
        .filter(|machine| claimed(machine).is_none())
        .min_by_key(|machine| machine.environment().map(|facts| facts.number))
        .cloned();
    let free =
        free.ok_or_else(|| conflict("The lab has no virtual machine left that nobody has claimed."))?;
    claim(world, &free).map(|()| Response::empty(200))
}

/// Gives a machine to the caller.
fn claim(world: &mut World, environment: &Resource) -> Result<(), Refusal> {
    not_deleting(environment)?;
    let holder = environment.environment().and_then(|facts| facts.claimed_by.as_deref());
    if holder.is_some_and(|holder| holder != CALLER) {
        return Err(conflict(format!("The environment '{}' is already claimed.", environment.name)));
    }
    world.edit(&environment.key(), |environment| {
        if let Some(facts) = environment.environment_mut() {
            facts.claimed_by = Some(CALLER.to_owned());
        }
    });
    Ok(())
}

/// Begins to set another password, which nothing ever shows.
pub(crate) fn reset_password(
    world: &mut World,
    request: &Request,
    environment: &Resource,
    body: &Object,
) -> Result<Response, Refusal> {
    let user = shape::text(body, "username")?.map(str::to_owned);
    shape::text(body, "password")?;
    let answer = act(world, request, environment, Effect::ResetPassword)?;
    if let Some(user) = user.filter(|user| !user.is_empty()) {
        world.edit(&environment.key(), |environment| {
            if let Some(facts) = environment.environment_mut() {
                facts.user_name = user;
            }
        });
    }
    Ok(answer)
}

/// Begins to start, to stop or to set the password of a machine.
pub(crate) fn act(
    world: &mut World,
    request: &Request,
    environment: &Resource,
    effect: Effect,
) -> Result<Response, Refusal> {
    not_deleting(environment)?;
    let setting = parent(&environment.key()).and_then(|setting| world.resource(setting)).cloned();
    let busy = setting.as_ref().and_then(|setting| setting.setting()?.publish_operation.clone());
    check_idle(world, busy.as_ref(), "the template")?;
    let at_work = environment.environment().and_then(|facts| facts.at_work.as_ref());
    check_idle(world, at_work, &format!("'{}'", environment.name))?;
    let operation = begin(world, environment, effect, Work::Power);
    let latest = latest(request, &operation);
    world.edit(&environment.key(), |environment| {
        environment.latest = Some(latest);
        if let Some(facts) = environment.environment_mut() {
            facts.at_work = Some(operation.clone());
        }
    });
    Ok(world.announced(Response::empty(202), request, &operation, Announce::Both))
}

/// What the end of a password's reset does.
pub(crate) fn password_set(world: &mut World, operation: &Operation) {
    let now = world.now();
    if let (Some(environment), None) = (operation.targets.first(), &operation.failure) {
        world.edit(environment, |environment| {
            if let Some(facts) = environment.environment_mut() {
                facts.password_reset = Some(now);
            }
        });
    }
}

/// Adds what the service knows of a machine; its network only when it is asked for.
pub(crate) fn show(world: &World, environment: &Resource, request: &Request, body: &mut Value) {
    let Some(facts) = environment.environment() else { return };
    let setting = parent(&environment.key()).and_then(|setting| world.resource(setting));
    let setting_unique = setting.map_or("", |setting| setting.unique.as_str());
    let owner = facts.claimed_by.as_deref().map(|email| object_id(world, email));
    let properties = [
        ("isClaimed", json!(owner.is_some())),
        ("claimedByUserObjectId", json!(owner)),
        ("claimedByUserPrincipalId", json!(owner)),
        ("claimedByUserName", json!(facts.claimed_by)),
        ("lastKnownPowerState", json!(power(facts))),
        ("totalUsage", json!("PT0S")),
        ("passwordLastReset", time(world, facts.password_reset)),
        (
            "resourceSets",
            json!({
                "vmResourceId": machine_id(environment),
                "resourceSettingId": world.uuid(&format!("{setting_unique} resources")),
            }),
        ),
    ];
    for (name, value) in properties {
        body["properties"][name] = value;
    }
    if request.expands("networkinterface") {
        let (rdp, ssh) = setting.map(|setting| ports(setting, facts)).unwrap_or_default();
        body["properties"]["networkInterface"] = json!({
            "privateIpAddress": address(facts),
            "rdpAuthority": rdp,
            "sshAuthority": ssh,
            "username": facts.user_name,
        });
    }
}

/// `Running` or `Stopped`.
pub(crate) fn power(facts: &EnvironmentFacts) -> &'static str {
    if facts.running { "Running" } else { "Stopped" }
}

/// The private address of a machine.
pub(crate) fn address(facts: &EnvironmentFacts) -> String {
    format!("10.0.{}.{}", facts.number / 250 % 250, facts.number % 250 + 4)
}

/// Where a machine is reached by remote desktop and by SSH.
pub(crate) fn ports(setting: &Resource, facts: &EnvironmentFacts) -> (String, String) {
    let (host, port) = (authority(setting), 5000 + 2 * facts.number);
    (format!("{host}:{port}"), format!("{host}:{}", port + 1))
}

/// The id of the virtual machine, in a subscription of the service.
fn machine_id(environment: &Resource) -> String {
    let short = environment.unique.get(..8).unwrap_or_default();
    format!(
        "/subscriptions/{}/resourceGroups/lab-{short}/providers/Microsoft.Compute/virtualMachines/vm-{short}",
        environment.unique
    )
}
