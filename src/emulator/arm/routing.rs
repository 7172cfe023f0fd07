//! Which part of the world a path means.

use crate::emulator::arm::errors::{Refusal, no_such_verb, unknown_type};
use crate::emulator::arm::operations::poll;
use crate::emulator::arm::path::Path;
use crate::emulator::arm::resource::Resource;
use crate::emulator::arm::types::{Address, Kind, Target, address, check_version, dated_version};
use crate::emulator::arm::{authorization, groups, retirement, subscriptions};
use crate::emulator::compute::{galleries, versions};
use crate::emulator::lab_accounts::{
    accounts, environments, global_users, labs, marketplace, schedules, shared_galleries, shared_images,
    template, users,
};
use crate::emulator::lab_plans::{self, images, machines, plans, skus, usages};
use crate::emulator::message::{Request, Response};
use crate::emulator::vaults;
use crate::emulator::world::World;

/// A request to a resource type, its address read and its API version checked.
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    pub(crate) address: Address,
}

impl Call<'_> {
    /// The request's API version.
    pub(crate) fn api_version(&self) -> &str {
        self.request.query("api-version").unwrap_or_default()
    }

    /// Refuses the request's verb.
    pub(crate) fn no_such_verb(&self) -> Refusal {
        no_such_verb(&self.request.method)
    }

    /// The key of the addressed item.
    ///
    /// # Errors
    /// 405 for an address that no item can have, at subscription scope.
    pub(crate) fn key(&self) -> Result<String, Refusal> {
        self.address.key().ok_or_else(|| self.no_such_verb())
    }

    /// The id of the addressed item below `holder`, in the casing of the holder's creation and of this request.
    pub(crate) fn new_id(&self, holder: &Resource) -> String {
        let (kind, name) = (self.address.kind, self.address.name());
        let segment = kind.segment();
        match kind {
            Kind::Gallery => format!("{}/providers/Microsoft.Compute/{segment}/{name}", holder.id),
            Kind::LabPlan | Kind::PlanLab => {
                format!("{}/providers/Microsoft.LabServices/{segment}/{name}", holder.id)
            }
            Kind::LabAccount => {
                // Lab Services spells all but the names in lower case.
                let group = holder.id.replacen("/resourceGroups/", "/resourcegroups/", 1);
                format!("{group}/providers/microsoft.labservices/{segment}/{name}")
            }
            _ => format!("{}/{segment}/{name}", holder.id),
        }
    }
}

/// Answers a request that carries a good token.
///
/// # Errors
/// Whatever ARM would refuse, in its words.
pub(crate) fn route(world: &mut World, request: &Request, path: &Path) -> Result<Response, Refusal> {
    let lower = path.lower();
    if let ["subscriptions", subscription, ..] = lower[..] {
        check_subscription(subscription)?;
    }
    retirement::check_path(world, &lower)?;
    let version = || dated_version(request.query("api-version")).map(|_| ());
    match (request.method.as_str(), &lower[..]) {
        (_, ["vaults", vault, "secrets", rest @ ..]) => vaults::answer(world, request, vault, rest),
        (_, ["tenants"] | ["subscriptions"] | ["subscriptions", _] | ["subscriptions", _, "locations"]) => {
            version()?;
            subscriptions::answer(world, request, path)
        }
        (_, ["providers"] | ["providers", _] | ["providers", _, "operations"]) => {
            version()?;
            subscriptions::providers(world, request, path)
        }
        (_, ["providers", "microsoft.labservices", "users", _, action]) => {
            let (action, user) = (action.to_string(), path.segments[3].clone());
            global_users::answer(world, request, &user, &action)
        }
        (
            _,
            ["subscriptions", _, "providers"]
            | ["subscriptions", _, "providers", _]
            | ["subscriptions", _, "providers", _, "register" | "unregister"],
        ) => {
            version()?;
            subscriptions::providers(world, request, path)
        }
        (_, [scope @ .., "providers", "microsoft.authorization", what]) if scope.len() > 1 => {
            version()?;
            authorization::answer(world, request, &path.segments[..scope.len()], what)
        }
        (_, ["subscriptions", _, "resources"] | ["subscriptions", _, "resourcegroups", _, "resources"]) => {
            version()?;
            groups::resources(world, request, path)
        }
        (_, ["subscriptions", _, "resourcegroups"] | ["subscriptions", _, "resourcegroups", _]) => {
            version()?;
            groups::answer(world, request, path)
        }
        ("GET", ["subscriptions", _, "operationresults", id]) => poll(world, request, id),
        (
            "GET",
            ["subscriptions", _, "providers", "microsoft.compute" | "microsoft.labservices", rest @ ..],
        ) if operation(rest).is_some() => poll(world, request, operation(rest).unwrap_or_default()),
        ("GET", ["subscriptions", subscription, "providers", "microsoft.labservices", rest @ ..])
            if matches!(rest, ["skus"] | ["locations", _, "usages"]) =>
        {
            check_version(Kind::PlanLab, request.query("api-version"))?;
            match rest {
                ["locations", location, _] => usages::list(world, request, subscription, location),
                _ => skus::list(request),
            }
        }
        (_, ["subscriptions", _, "providers", namespace, _, ..]) if known(namespace) => {
            resource(world, request, address(path, None, 4)?)
        }
        (_, ["subscriptions", _, "resourcegroups", _, "providers", namespace, _, ..]) if known(namespace) => {
            resource(world, request, address(path, Some(path.segments[3].clone()), 6)?)
        }
        (_, ["subscriptions", _, "resourcegroups", _, "providers", ..]) => {
            let namespace = path.segments.get(5).map_or("", String::as_str);
            let kind = path.segments.get(6).map_or("", String::as_str);
            Err(unknown_type(namespace, kind))
        }
        (_, ["subscriptions", _, "providers", ..]) => {
            Err(unknown_type(&path.segments[3], path.segments.get(4).map_or("", String::as_str)))
        }
        _ => Err(Refusal::new(
            404,
            "InvalidResourceType",
            format!("No resource is served at '{}'.", request.path),
        )),
    }
}

/// The operation's id in what follows a namespace, in any of the spellings that the providers use.
fn operation<'a>(rest: &[&'a str]) -> Option<&'a str> {
    match rest {
        ["operationresults", id]
        | ["locations", _, "operations" | "operationresults" | "capsoperations", id] => Some(id),
        _ => None,
    }
}

fn known(namespace: &str) -> bool {
    matches!(namespace, "microsoft.compute" | "microsoft.labservices")
}

/// Refuses what is no subscription id; any GUID is one.
fn check_subscription(subscription: &str) -> Result<(), Refusal> {
    if uuid::Uuid::try_parse(subscription).is_ok() {
        return Ok(());
    }
    let message = format!("The provided subscription identifier '{subscription}' is malformed or invalid.");
    Err(Refusal::new(400, "InvalidSubscriptionId", message))
}

fn resource(world: &mut World, request: &Request, address: Address) -> Result<Response, Refusal> {
    retirement::check_new(world, request, &address)?;
    check_version(address.kind, request.query("api-version"))?;
    // Of what stands in a group, a subscription has lists alone.
    if let (None, Some(info)) = (&address.group, address.kind.info())
        && address.target != Target::Collection
    {
        return Err(unknown_type(info.namespace, &info.short()));
    }
    subscriptions::check_registered(world, request, &address)?;
    let kind = address.kind;
    // Generic clients ask in this way whether a resource is there.
    if request.method == "HEAD" && address.target == Target::Item {
        let asked = Request { method: "GET".to_owned(), ..request.clone() };
        let answer = resource(world, &asked, address).unwrap_or_else(Refusal::into_response);
        return Ok(Response::empty(if answer.status == 200 { 204 } else { answer.status }));
    }
    let call = Call { request, address };
    match kind {
        Kind::Group => Err(call.no_such_verb()),
        Kind::Gallery | Kind::Definition => galleries::answer(world, &call),
        Kind::Version => versions::answer(world, &call),
        Kind::LabAccount => accounts::answer(world, &call),
        Kind::MarketplaceImage => marketplace::answer(world, &call),
        Kind::SharedGallery => shared_galleries::answer(world, &call),
        Kind::SharedImage => shared_images::answer(world, &call),
        Kind::Lab => labs::answer(world, &call),
        Kind::User => users::answer(world, &call),
        Kind::Setting => template::answer(world, &call),
        Kind::Environment => environments::answer(world, &call),
        Kind::TemplateSchedule => schedules::answer(world, &call),
        Kind::LabPlan => plans::answer(world, &call),
        Kind::PlanImage => images::answer(world, &call),
        Kind::PlanLab => lab_plans::labs::answer(world, &call),
        Kind::Schedule => lab_plans::schedules::answer(world, &call),
        Kind::PlanUser => lab_plans::users::answer(world, &call),
        Kind::Machine => machines::answer(world, &call),
    }
}
