//! Lab accounts.
//!
//! Sources: Lab Services REST 2018-10-15; Microsoft's classroom labs module for 2019-01-01-preview. PUT and PATCH answer at
//! once and are followed by reading `provisioningState`; DELETE is 202, which takes the account's labs along.

use crate::emulator::arm::errors::{Refusal, unknown_type};
use crate::emulator::arm::filter::Filter;
use crate::emulator::arm::operations::{Announce, Beginning, Effect, Family, Finish, take_over};
use crate::emulator::arm::resource::{AccountFacts, Facts, Latest, Resource};
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::types::{Kind, Target};
use crate::emulator::arm::{rendering, shape, tracked};
use crate::emulator::clock::Work;
use crate::emulator::lab_accounts::{creation, sizes};
use crate::emulator::message::{Request, Response};
use crate::emulator::world::World;
use serde_json::{Value, json};

/// Answers requests to lab accounts.
pub(crate) fn answer(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    match (&call.address.target, call.request.method.as_str()) {
        (Target::Collection, "GET") => list(world, call),
        (Target::Item, "GET") => world
            .item(&call.address)
            .map(|item| Response::json(200, rendering::of(world, item, call.request))),
        (Target::Item, "PUT" | "PATCH") => put(world, call),
        (Target::Item, "DELETE") => delete(world, call),
        (Target::Action(action), "POST") => match action.as_str() {
            "createlab" => creation::create_lab(world, call),
            "getregionalavailability" => sizes::availability(world, call),
            "getpricingandavailability" => sizes::pricing(world, call),
            "getrestrictionsandusage" => sizes::restrictions_and_usage(world, call),
            other => Err(unknown_type("Microsoft.LabServices", &format!("labAccounts/{other}"))),
        },
        _ => Err(call.no_such_verb()),
    }
}

/// Lists what is in a group, in a subscription or below a parent.
pub(crate) fn list(world: &World, call: &Call<'_>) -> Result<Response, Refusal> {
    let address = &call.address;
    let prefix = match (&address.group, address.kind) {
        (Some(_), _) => format!("{}/", world.holder(address)?.key()),
        (None, Kind::LabAccount) => format!("/subscriptions/{}/", address.subscription).to_lowercase(),
        (None, _) => return Err(call.no_such_verb()),
    };
    let items = world.all_of(address.kind, &prefix);
    listed(call, items.map(|item| rendering::of(world, item, call.request)).collect())
}

/// A list of Lab Services, filtered. In 2019-01-01-preview the last item comes twice, as items of the service's own lists do:
/// Microsoft's classroom labs module drops what repeats an id.
///
/// # Errors
/// 400 for a filter or a `$top` that is none.
pub(crate) fn listed(call: &Call<'_>, mut items: Vec<Value>) -> Result<Response, Refusal> {
    let filter = Filter::of(call.request)?;
    items.retain(|item| filter.holds_for(item));
    if call.api_version() == "2019-01-01-preview" {
        items.extend(items.last().cloned());
    }
    rendering::list(call.request, items)
}

/// Deletes an account, a lab, a setting or a user, with all inside.
pub(crate) fn delete(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    world.group(&call.address.subscription, call.address.group_name())?;
    Ok(world.delete(call.request, &call.key()?, Family::LabServices, Work::Delete, Announce::Both))
}

fn put(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    let wanted = tracked::wanted(world, call)?;
    tracked::check_name(call.address.name(), 100)?;
    let location = tracked::location(&wanted, call)?;
    let tags = shape::tags(&wanted.body)?;
    let asked = tracked::properties(&wanted.body)?;
    let choice = shape::boolean(&asked, "enabledRegionSelection")?;
    let status = wanted.status;
    let mut account = crate::emulator::compute::galleries::subject(world, call, wanted.existing)?;
    let choice =
        choice.unwrap_or_else(|| account.properties.get("enabledRegionSelection") == Some(&json!(true)));
    account.properties.insert("enabledRegionSelection".into(), json!(choice));
    (account.location, account.tags) = (Some(location), tags);
    if !matches!(account.facts, Facts::Account(_)) {
        account.facts = Facts::Account(AccountFacts::default());
    }
    Ok(settling(world, call, account, status, Work::Small))
}

/// Puts `resource` with an operation that settles it, and answers without a word of the operation: clients read the resource.
pub(crate) fn settling(
    world: &mut World,
    call: &Call<'_>,
    mut resource: Resource,
    status: u16,
    work: Work,
) -> Response {
    let key = resource.key();
    let location = resource.location.clone().unwrap_or_else(|| world.location_of(&key));
    let (targets, finish) = (vec![key.clone()], Finish::Resource(key));
    let operation = world.begin(Beginning {
        family: Family::LabServices,
        effect: Effect::Settle,
        work,
        targets,
        finish,
        location,
    });
    resource.latest = Some(latest(call.request, &operation));
    take_over(world, &mut resource, &operation, status);
    let answer = Response::json(status, rendering::of(world, &resource, call.request));
    world.put(resource);
    answer
}

/// The note that `operation` is the last thing asked of a resource.
pub(crate) fn latest(request: &Request, operation: &str) -> Latest {
    Latest {
        operation: operation.to_owned(),
        status: "InProgress".to_owned(),
        code: None,
        message: None,
        path: request.path.clone(),
        method: request.method.clone(),
    }
}

/// Adds the size configuration when it is asked for.
pub(crate) fn show(account: &Resource, request: &Request, body: &mut Value) {
    debug_assert_eq!(account.kind, Kind::LabAccount);
    if request.expands("sizeconfiguration") {
        body["properties"]["sizeConfiguration"] = sizes::configuration();
    }
}
