//! Long-running operations: how they begin, what a poll answers, what their end does.
//!
//! An operation moves with the clock, not with polls. Sources: ARM, asynchronous operations (`Azure-AsyncOperation` is a
//! status, `Location` the result: 202 while it runs); recorded traffic of Compute Gallery and Lab Services.

use crate::emulator::arm::errors::{Problem, Refusal};
use crate::emulator::arm::rendering;
use crate::emulator::arm::resource::{Provisioning, Resource};
use crate::emulator::clock::{Tick, Work, timestamp};
use crate::emulator::lab_accounts::{environments, export, template};
use crate::emulator::lab_plans::{machines, publishing, users};
use crate::emulator::message::{Request, Response};
use crate::emulator::world::World;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Something that ends later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Operation {
    pub(crate) id: String,
    /// Where its status is found.
    pub(crate) family: Family,
    pub(crate) subscription: String,
    pub(crate) location: String,
    pub(crate) effect: Effect,
    /// Keys of the resources it is about; the first is the one that was asked for.
    pub(crate) targets: Vec<String>,
    pub(crate) finish: Finish,
    pub(crate) started: Tick,
    /// When it ends; never, if it hangs.
    pub(crate) due: Option<Tick>,
    pub(crate) ended: Option<Tick>,
    /// Known from the start when it is to fail; it shows only once it has ended.
    pub(crate) failure: Option<Problem>,
    /// True when polls are to find nothing, although it goes on.
    pub(crate) vanished: bool,
}

/// Whose operation it is, which decides the path of its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Family {
    Resources,
    Compute,
    LabServices,
    LabPlans,
}

/// What the end of an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Effect {
    /// The targets' provisioning ends.
    Settle,
    /// The target goes, and all inside with it.
    Remove,
    /// The target setting is published.
    Publish,
    /// The target setting has its new number of machines.
    Scale,
    /// The target's machine, a template's or a student's, runs.
    Start,
    /// The target's machine is off.
    Stop,
    /// The target environment has another password.
    ResetPassword,
    /// The first target, a setting, was saved; the others are the definition and the version that it made.
    Export,
    /// A shared image of the target changes its state.
    Enable,
    /// The first target, a lab of a plan, is as was asked; with it what was made along.
    Lab,
    /// The target, a virtual machine of such a lab, is in the state it was on the way to.
    Machine,
    /// The target, a user of such a lab, is invited.
    Invite,
}

/// What the `Location` of an operation answers once it has succeeded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Finish {
    /// 204.
    Nothing,
    /// 200 with the operation's status.
    Status,
    /// 200 with the resource of that key.
    Resource(String),
}

/// Which headers tell the client of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Announce {
    /// `Azure-AsyncOperation` alone.
    Status,
    /// `Azure-AsyncOperation` and `Location`.
    Both,
    /// `Location` alone.
    Location,
}

/// How operations are told of, whatever their provider documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationStyle {
    /// `Azure-AsyncOperation` alone.
    AzureAsync,
    /// `Location` alone.
    Location,
    /// `Azure-AsyncOperation` and `Location`.
    Both,
    /// A PUT or PATCH has no header: the resource's `provisioningState` tells. Other requests as documented.
    Body,
}

/// How a fault spoils an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoil {
    /// It fails when it is due.
    Fail,
    /// It never ends.
    Hang,
    /// Polls find nothing; the effect comes all the same.
    Vanish,
}

impl Operation {
    /// `InProgress`, `Succeeded` or `Failed`.
    pub(crate) fn status(&self) -> &'static str {
        match (self.ended, &self.failure) {
            (None, _) => "InProgress",
            (Some(_), None) => "Succeeded",
            (Some(_), Some(_)) => "Failed",
        }
    }

    /// The path of its status.
    pub(crate) fn path(&self) -> String {
        let Self { subscription, location, id, .. } = self;
        match self.family {
            Family::Resources => format!("/subscriptions/{subscription}/operationresults/{id}"),
            Family::Compute => {
                format!(
                    "/subscriptions/{subscription}/providers/Microsoft.Compute/locations/{location}/capsOperations/{id}"
                )
            }
            Family::LabServices => {
                format!(
                    "/subscriptions/{subscription}/providers/Microsoft.LabServices/locations/{location}/operations/{id}"
                )
            }
            Family::LabPlans => {
                format!("/subscriptions/{subscription}/providers/Microsoft.LabServices/operationResults/{id}")
            }
        }
    }

    /// The absolute URL that the client polls, signed as the service signs its own, so that clients keep it verbatim.
    fn url(&self, request: &Request, monitor: bool) -> String {
        let version = request.query("api-version").unwrap_or("2024-07-01");
        let version: String = url::form_urlencoded::byte_serialize(version.as_bytes()).collect();
        let signature = blake3::hash(self.id.as_bytes()).to_hex();
        let path = self.path();
        let base = request.base();
        // A `Location` of the Resources provider is as bare as the service's own.
        let monitor = match (monitor, self.family) {
            (true, Family::Resources) => "",
            (true, _) => "&monitor=true",
            (false, Family::Resources) => "&monitor=false",
            (false, _) => "",
        };
        format!(
            "{base}{path}?api-version={version}&t={}&s={}%2B%3D&h={}{monitor}",
            self.started.0,
            &signature[..32],
            &signature[32..48]
        )
    }
}

/// What a new operation is about.
pub(crate) struct Beginning {
    pub(crate) family: Family,
    pub(crate) effect: Effect,
    pub(crate) work: Work,
    pub(crate) targets: Vec<String>,
    pub(crate) finish: Finish,
    /// Region whose path segment the status has.
    pub(crate) location: String,
}

/// Marks `resource` as changed by `operation`, which takes over from one that still runs but ends no sooner than it.
pub(crate) fn take_over(world: &mut World, resource: &mut Resource, operation: &str, status: u16) {
    let before = resource.operation.as_ref().and_then(|id| world.operation(id));
    let running = before.filter(|before| before.ended.is_none()).and_then(|before| before.due);
    let is_creating = running.is_some() && resource.provisioning == Provisioning::Creating;
    if let Some(due) = running {
        world.postpone(operation, due);
    }
    resource.provisioning =
        if status == 201 || is_creating { Provisioning::Creating } else { Provisioning::Updating };
    resource.operation = Some(operation.to_owned());
    resource.changed = world.now();
}

impl World {
    /// Begins an operation on the first target's subscription and gives its id.
    pub(crate) fn begin(&mut self, beginning: Beginning) -> String {
        let Beginning { family, effect, work, targets, finish, location } = beginning;
        let subscription =
            targets.first().and_then(|key| key.split('/').nth(2)).unwrap_or_default().to_owned();
        let id = self.draw();
        let started = self.now();
        let due = Some(started.after(self.pace.ticks(work)));
        let operation = Operation {
            id: id.clone(),
            family,
            subscription,
            location,
            effect,
            targets,
            finish,
            started,
            due,
            ended: None,
            failure: None,
            vanished: false,
        };
        self.add_operation(operation);
        id
    }

    /// `response` with the headers that announce the operation and pace its polls.
    pub(crate) fn announced(
        &self,
        response: Response,
        request: &Request,
        operation: &str,
        how: Announce,
    ) -> Response {
        let Some(operation) = self.operation(operation) else { return response };
        let mut response = response;
        let how = match self.style {
            None => how,
            Some(OperationStyle::AzureAsync) => Announce::Status,
            Some(OperationStyle::Location) => Announce::Location,
            Some(OperationStyle::Both) => Announce::Both,
            Some(OperationStyle::Body) if matches!(request.method.as_str(), "PUT" | "PATCH") => {
                return response;
            }
            Some(OperationStyle::Body) => how,
        };
        if how != Announce::Location {
            response = response.with("azure-asyncoperation", operation.url(request, false));
            if operation.family == Family::Compute {
                response = response.with("azure-asyncnotification", "Enabled");
            }
        }
        if how != Announce::Status {
            response = response.with("location", operation.url(request, true));
        }
        let (name, value) = self.pace.retry_header();
        response.with(name, value)
    }

    /// Begins the delete of `key`, or tells of the one under way; 204 when nothing is there.
    pub(crate) fn delete(
        &mut self,
        request: &Request,
        key: &str,
        family: Family,
        work: Work,
        how: Announce,
    ) -> Response {
        let Some(resource) = self.resource(key) else { return Response::empty(204) };
        let location = resource.location.clone().unwrap_or_else(|| self.location_of(key));
        let running = resource.operation.clone().filter(|_| resource.provisioning == Provisioning::Deleting);
        let operation = running.unwrap_or_else(|| {
            let targets = vec![key.to_owned()];
            let id = self.begin(Beginning {
                family,
                effect: Effect::Remove,
                work,
                targets,
                finish: Finish::Nothing,
                location,
            });
            self.edit(key, |resource| {
                resource.provisioning = Provisioning::Deleting;
                resource.operation = Some(id.clone());
            });
            id
        });
        self.announced(Response::empty(202), request, &operation, how)
    }

    /// Carries out what the end of an operation does.
    pub(crate) fn complete(&mut self, operation: &Operation) {
        let failed = operation.failure.as_ref();
        match operation.effect {
            Effect::Settle => self.settle(operation, &operation.targets),
            Effect::Remove => self.removed(operation),
            Effect::Publish | Effect::Scale => template::published(self, operation),
            Effect::Start | Effect::Stop => template::powered(self, operation),
            Effect::ResetPassword => environments::password_set(self, operation),
            Effect::Export => export::exported(self, operation),
            Effect::Enable => {}
            Effect::Lab => publishing::ended(self, operation),
            Effect::Machine => machines::ended(self, operation),
            Effect::Invite => users::invited(self, operation),
        }
        for key in &operation.targets {
            self.edit(key, |resource| {
                if let Some(latest) =
                    resource.latest.as_mut().filter(|latest| latest.operation == operation.id)
                {
                    operation.status().clone_into(&mut latest.status);
                    latest.code = failed.map(|problem| problem.code.clone());
                    latest.message = failed.map(|problem| problem.message.clone());
                }
            });
        }
    }

    /// Ends the provisioning of `keys`, as far as no later operation has taken over.
    pub(crate) fn settle(&mut self, operation: &Operation, keys: &[String]) {
        let (now, failed) = (self.now(), operation.failure.is_some());
        for key in keys {
            self.edit(key, |resource| {
                if resource.operation.as_deref() != Some(&operation.id) {
                    return;
                }
                resource.operation = None;
                resource.provisioning = if failed { Provisioning::Failed } else { Provisioning::Succeeded };
                if let (crate::emulator::arm::resource::Facts::Version(facts), false) =
                    (&mut resource.facts, failed)
                {
                    facts.succeeded.get_or_insert(now);
                }
            });
        }
    }

    fn removed(&mut self, operation: &Operation) {
        if operation.failure.is_some() {
            return self.settle(operation, &operation.targets);
        }
        let until = self.now().after(self.pace.ticks(Work::ParentRefusal));
        for key in &operation.targets {
            let ours = self
                .resource(key)
                .is_some_and(|resource| resource.operation.as_deref() == Some(&operation.id));
            if !ours {
                continue;
            }
            self.remove_tree(key);
            if operation.family == Family::Compute
                && let Some(parent) = crate::emulator::arm::path::parent(key)
            {
                self.edit(parent, |resource| resource.refuses_delete_until = Some(until));
            }
        }
    }
}

/// Answers a poll of the operation `id`.
///
/// # Errors
/// 404 for an unknown one; 409 with the operation's own problem when `Location` is asked after a failure.
pub(crate) fn poll(world: &World, request: &Request, id: &str) -> Result<Response, Refusal> {
    let unknown = || Refusal::new(404, "NotFound", format!("The operation '{id}' could not be found."));
    let operation =
        world.operation(&id.to_lowercase()).filter(|operation| !operation.vanished).ok_or_else(unknown)?;
    let monitor = match request.query("monitor") {
        Some(value) => value.eq_ignore_ascii_case("true"),
        None => operation.family == Family::Resources,
    };
    let (name, value) = world.pace.retry_header();
    let status = status_body(world, operation);
    Ok(match (monitor, operation.ended, &operation.failure) {
        (false, None, _) => Response::json(200, status).with(name, value),
        (false, Some(_), _) => Response::json(200, status),
        (true, None, _) => {
            let own = operation.url(request, true);
            Response::empty(202).with("location", own).with(name, value)
        }
        (true, Some(_), Some(problem)) => {
            return Err(Refusal::new(409, &problem.code, problem.message.clone()));
        }
        (true, Some(_), None) => match &operation.finish {
            Finish::Nothing if operation.family == Family::Resources => Response::empty(200),
            Finish::Nothing => Response::empty(204),
            Finish::Status => Response::json(200, status),
            Finish::Resource(key) => world.resource(key).map_or_else(
                || Response::empty(204),
                |resource| Response::json(200, rendering::of(world, resource, request)),
            ),
        },
    })
}

/// The body of a status poll.
fn status_body(world: &World, operation: &Operation) -> Value {
    let time = |tick: Tick| timestamp(world.millis(tick));
    let mut body = json!({
        "id": operation.path(),
        "name": operation.id,
        "status": operation.status(),
        "startTime": time(operation.started),
    });
    if let Some(ended) = operation.ended {
        body["endTime"] = json!(time(ended));
        body["percentComplete"] = json!(100);
        if let Some(problem) = &operation.failure {
            body["error"] = json!({ "code": problem.code, "message": problem.message });
        }
    } else if let Some(due) = operation.due {
        let (gone, whole) = (world.now().0 - operation.started.0, due.0 - operation.started.0);
        body["percentComplete"] = json!((gone * 100 / whole.max(1)).min(99));
    }
    body
}
