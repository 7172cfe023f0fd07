//! A tiny ARM in memory: as much of galleries, lab accounts and lab plans as these tests need, with scripted
//! faults, a log of every request, and points at which a run can be made to die.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::future::BoxFuture;
use labwright::azure::{Answer, Arm, ArmError, Call, OperationUrl, Pace, Style, Words};
use labwright::model::Method;
use serde_json::{Value, json};

/// What goes wrong with one request.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// It is lost on its way.
    LostBefore,
    /// It takes effect and its answer is lost.
    LostAfter,
    /// It is refused.
    Refused(u16, &'static str),
    /// It is taken, and its operation fails late.
    FailsLate,
}

/// Where a run dies: every request that changes something has two points, every commit too.
#[derive(Debug, Default)]
pub(crate) struct Death {
    passed: AtomicUsize,
    at: Option<usize>,
    dead: AtomicBool,
    pub(crate) knell: tokio::sync::Notify,
}

impl Death {
    pub(crate) fn at(point: Option<usize>) -> Arc<Self> {
        Arc::new(Self { at: point, ..Self::default() })
    }

    /// Passes a point; whether the run is dead from here on.
    pub(crate) fn passes(&self) -> bool {
        if self.dead.load(Ordering::SeqCst) {
            return true;
        }
        let dies = self.at == Some(self.passed.fetch_add(1, Ordering::SeqCst));
        if dies {
            self.dead.store(true, Ordering::SeqCst);
            self.knell.notify_one();
        }
        dies
    }

    pub(crate) fn points(&self) -> usize {
        self.passed.load(Ordering::SeqCst)
    }
}

#[derive(Default)]
pub(crate) struct Inner {
    /// By path in lower case.
    things: BTreeMap<String, Value>,
    /// How many more reads a thing answers `Creating`, or waits to go.
    pending: BTreeMap<String, u8>,
    faults: Vec<(String, Fault)>,
    /// Every request that changes something: method and last segments.
    log: Vec<String>,
    /// What took effect and cannot be repeated without harm.
    effects: Vec<String>,
    failing: BTreeMap<String, Value>,
}

/// Hears of a request, its method and last segments.
pub(crate) type Watch = Box<dyn Fn(&str) + Send + Sync>;

/// The ARM.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) inner: Mutex<Inner>,
    /// Runs before a changing request takes effect.
    pub(crate) watch: Option<Watch>,
    /// What is PUT at a path that ends so takes that many reads until it is there.
    pub(crate) slow: Option<(&'static str, u8)>,
    /// A request whose path ends so waits until as many requests are under way at once.
    pub(crate) together: Option<(&'static str, Arc<tokio::sync::Barrier>)>,
}

impl World {
    pub(crate) fn fault(&self, request: &str, fault: Fault) {
        self.lock().faults.push((request.to_owned(), fault));
    }

    pub(crate) fn put(&self, path: &str, body: Value) {
        let mut inner = self.lock();
        inner.create(path, body);
    }

    /// Puts something there as it is, with whatever state it names, and nothing under way.
    pub(crate) fn leave(&self, path: &str, body: Value) {
        let mut inner = self.lock();
        let path = path.to_ascii_lowercase();
        inner.pending.remove(&path);
        inner.things.insert(path, body);
    }

    /// Lets what is under way at a path end with this many more reads of it.
    pub(crate) fn delay(&self, path: &str, reads: u8) {
        self.lock().pending.insert(path.to_ascii_lowercase(), reads);
    }

    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        self.lock().things.get(&path.to_ascii_lowercase()).cloned()
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.lock().log.clone()
    }

    pub(crate) fn effects(&self) -> Vec<String> {
        let mut effects = self.lock().effects.clone();
        effects.sort();
        effects
    }

    /// Everything there is; a projection that is on is not told from one that was never switched, nor is one of a lab
    /// plan that is off.
    pub(crate) fn snapshot(&self) -> BTreeMap<String, Value> {
        let mut things = self.lock().things.clone();
        let is_on = |thing: &Value| thing["properties"]["enableState"] == "Enabled";
        let is_off = |thing: &Value| thing["properties"]["enabledState"] == "Disabled";
        things.retain(|path, thing| {
            !(path.contains("/sharedimages/") && is_on(thing) || is_plan_image(path) && is_off(thing))
        });
        things
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no test panics while it holds the world")
    }

    fn change(&self, call: &Call<'_>, fault: Option<Fault>) -> Result<Answer, ArmError> {
        let request = format!("{:?} {}", call.method, call.path).to_uppercase();
        let lost = || ArmError::Lost { request: request.clone(), why: "silence".into(), source: None };
        if let Some(Fault::Refused(status, code)) = fault {
            return Err(refused(&request, status, code));
        }
        if matches!(fault, Some(Fault::LostBefore)) {
            return Err(lost());
        }
        let mut answer = self.lock().apply(call)?;
        if let Some((path, reads)) = self.slow
            && call.method == Method::Put
            && call.path.as_str().to_ascii_lowercase().ends_with(path)
        {
            self.delay(call.path.as_str(), reads);
            self.lock().work_on(call.path.as_str());
        }
        match fault {
            Some(Fault::LostAfter) => Err(lost()),
            Some(Fault::FailsLate) => {
                self.lock().fail(call.path.as_str());
                let url = format!("https://arm/operations/{}", self.lock().failing.len());
                let error = json!({"code": "LateFailure", "message": "It broke."});
                let status = json!({"status": "Failed", "error": error});
                self.lock().failing.insert(url.clone(), status);
                answer.operation = Some(OperationUrl { url, style: Style::AsyncOperation, after: None });
                Ok(answer)
            }
            _ => Ok(answer),
        }
    }
}

fn refused(request: &str, status: u16, code: &str) -> ArmError {
    let words = Words { code: code.into(), message: "No.".into(), detail: None, request_id: None };
    ArmError::Refused { request: request.to_owned(), status, words: Box::new(words), advice: None }
}

fn answer(status: u16, body: Value) -> Answer {
    Answer { status, body, operation: None, retry_after: None, request_id: None }
}

impl Arm for World {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Answer, ArmError>> {
        Box::pin(async move {
            let path = call.path.as_str().to_ascii_lowercase();
            if call.method == Method::Get {
                let found = self.lock().read(&path);
                return found.map(|body| answer(200, body)).ok_or_else(|| refused(&path, 404, "NotFound"));
            }
            let name = format!("{:?} {}", call.method, short(call.path.as_str())).to_lowercase();
            if let Some(watch) = &self.watch {
                watch(&name);
            }
            let fault = {
                let mut inner = self.lock();
                inner.log.push(name.clone());
                let at = inner.faults.iter().position(|(wanted, _)| name.ends_with(&wanted.to_lowercase()));
                at.map(|at| inner.faults.remove(at).1)
            };
            if let Some((wanted, barrier)) = &self.together
                && name.contains(wanted)
            {
                barrier.wait().await;
            }
            self.change(&call, fault)
        })
    }

    fn poll<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Answer, ArmError>> {
        let status = self.lock().failing.get(url).cloned();
        Box::pin(async move { Ok(answer(200, status.unwrap_or(json!({"status": "Succeeded"})))) })
    }

    fn pace(&self) -> Pace {
        Pace { first: Duration::from_micros(100), longest: Duration::from_millis(1), ..Pace::loopback() }
    }
}

/// An ARM whose client may die before and after a request takes effect.
pub(crate) struct Mortal<'w> {
    pub(crate) world: &'w World,
    pub(crate) death: Arc<Death>,
}

impl Arm for Mortal<'_> {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Answer, ArmError>> {
        Box::pin(async move {
            let changes = call.method != Method::Get;
            if changes && self.death.passes() {
                std::future::pending::<()>().await;
            }
            let answer = self.world.send(call).await;
            if changes && self.death.passes() {
                std::future::pending::<()>().await;
            }
            answer
        })
    }

    fn poll<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Answer, ArmError>> {
        self.world.poll(url)
    }

    fn pace(&self) -> Pace {
        self.world.pace()
    }
}

/// Whether a path is that of an image as a lab plan shows it.
fn is_plan_image(path: &str) -> bool {
    path.split_once("/labplans/").is_some_and(|(_, rest)| rest.contains("/images/"))
}

/// Whether a path is that of a lab of a lab plan.
fn is_plan_lab(path: &str) -> bool {
    let rest = path.split_once("/providers/microsoft.labservices/labs/");
    rest.is_some_and(|(_, name)| !name.contains('/'))
}

/// The last two segments of a path.
fn short(path: &str) -> String {
    let mut last: Vec<_> = path.rsplit('/').take(2).collect();
    last.reverse();
    last.join("/")
}

impl Inner {
    fn create(&mut self, path: &str, mut body: Value) {
        body["id"] = json!(path);
        body["name"] = json!(path.rsplit('/').next());
        let state =
            if self.pending.contains_key(&path.to_ascii_lowercase()) { "Creating" } else { "Succeeded" };
        body["properties"]["provisioningState"] = json!(state);
        self.things.insert(path.to_ascii_lowercase(), body);
    }

    fn read(&mut self, path: &str) -> Option<Value> {
        if let Some(left) = self.pending.get_mut(path) {
            *left -= 1;
            if *left == 0 {
                self.pending.remove(path);
                self.settle(path);
            }
        }
        if let Some((account, "sharedimages")) = path.rsplit_once('/') {
            return Some(json!({"value": self.projections(account)}));
        }
        if let Some((account, name)) = path.split_once("/sharedimages/") {
            let wanted = |item: &Value| item["name"].as_str().is_some_and(|n| n.eq_ignore_ascii_case(name));
            return self.projections(account).into_iter().find(wanted);
        }
        if let Some((plan, "images")) = path.rsplit_once('/').filter(|(plan, _)| plan.contains("/labplans/"))
        {
            return Some(json!({"value": self.offered(plan)}));
        }
        if let Some((plan, name)) = path.split_once("/images/").filter(|_| is_plan_image(path)) {
            let wanted = |item: &Value| item["name"].as_str().is_some_and(|n| n.eq_ignore_ascii_case(name));
            return self.offered(plan).into_iter().find(wanted);
        }
        if let Some(body) = self.things.get(path) {
            return Some(body.clone());
        }
        let rest = path.split_once("/providers/").map(|(_, rest)| rest.split('/').count());
        let is_list = rest.is_some_and(|segments| segments % 2 == 0) || path.ends_with("/resources");
        is_list.then(|| json!({"value": self.children(path)}))
    }

    fn children(&self, path: &str) -> Vec<&Value> {
        let (above, depth) = match path.strip_suffix("/resources") {
            Some(group) => (format!("{group}/providers/"), 3),
            None => (format!("{path}/"), 1),
        };
        let below =
            |thing: &&String| thing.strip_prefix(&above).is_some_and(|rest| rest.split('/').count() == depth);
        self.things.iter().filter(|(path, _)| below(path)).map(|(_, body)| body).collect()
    }

    /// The images of a gallery that have a version.
    fn shown(&self, gallery: &str) -> impl Iterator<Item = &Value> {
        let images = self.children(&format!("{}/images", gallery.to_ascii_lowercase()));
        images.into_iter().filter(|image| {
            let id = image["id"].as_str().unwrap_or_default().to_ascii_lowercase();
            !self.children(&format!("{id}/versions")).is_empty()
        })
    }

    /// What a lab plan offers: an image of the marketplace, which is on, and those of its gallery, which are off at first.
    fn offered(&self, plan: &str) -> Vec<Value> {
        let mut offered = vec![json!({"id": format!("{plan}/images/c.u.22"), "name": "c.u.22", "properties":
            {"displayName": "Ubuntu", "publisher": "c", "offer": "u", "sku": "22", "enabledState": "Enabled"}})];
        let gallery = self.things.get(plan).and_then(|plan| plan["properties"]["sharedGalleryId"].as_str());
        offered.extend(gallery.into_iter().flat_map(|gallery| self.shown(gallery)).map(|image| {
            let name = image["name"].as_str().unwrap_or_default();
            let path = format!("{plan}/images/{name}").to_ascii_lowercase();
            let switched = self.things.get(&path).map(|item| item["properties"]["enabledState"].clone());
            let state = switched.unwrap_or(json!("Disabled"));
            json!({"id": path, "name": name, "properties": {"displayName": name, "enabledState": state,
                "sharedGalleryId": image["id"], "provisioningState": "Succeeded"}})
        }));
        offered
    }

    /// What an account shows of the images in the gallery that is attached to it.
    fn projections(&self, account: &str) -> Vec<Value> {
        let attached = self.children(&format!("{account}/sharedgalleries"));
        let Some(gallery) = attached.first().and_then(|body| body["properties"]["galleryId"].as_str()) else {
            return Vec::new();
        };
        self.shown(gallery)
            .map(|image| {
                let name = image["name"].as_str().unwrap_or_default();
                let path = format!("{account}/sharedimages/{name}").to_ascii_lowercase();
                let switched = self.things.get(&path).map(|item| item["properties"]["enableState"].clone());
                let state = switched.unwrap_or(json!("Enabled"));
                json!({"id": path, "name": name, "properties":
                    {"enableState": state, "definitionName": name, "provisioningState": "Succeeded"}})
            })
            .collect()
    }

    /// Time did its work on the thing.
    fn settle(&mut self, path: &str) {
        if let Some(body) = self.things.get_mut(path) {
            if body["properties"]["provisioningState"] == "Deleting" {
                let below = format!("{path}/");
                self.things.retain(|other, _| other != path && !other.starts_with(&below));
                return;
            }
            body["properties"]["provisioningState"] = json!("Succeeded");
            if body["properties"]["publishingState"] == "Publishing" {
                body["properties"]["publishingState"] = json!("Published");
            }
            if body["properties"]["state"] == "Publishing" {
                body["properties"]["state"] = json!("Published");
            }
        }
    }

    /// What is at a path is being made.
    fn work_on(&mut self, path: &str) {
        if let Some(thing) = self.things.get_mut(&path.to_ascii_lowercase()) {
            thing["properties"]["provisioningState"] = json!("Creating");
        }
    }

    /// What was begun at a path comes to nothing.
    fn fail(&mut self, path: &str) {
        let path = path.to_ascii_lowercase();
        self.pending.remove(&path);
        if let Some(thing) = self.things.get_mut(&path) {
            thing["properties"]["provisioningState"] = json!("Failed");
        }
    }

    fn apply(&mut self, call: &Call<'_>) -> Result<Answer, ArmError> {
        let path = call.path.as_str();
        let key = path.to_ascii_lowercase();
        let body = call.body.cloned().unwrap_or(json!({}));
        match call.method {
            Method::Post => return self.act(path, &body),
            Method::Put => {
                self.pending.insert(key.clone(), 2);
                self.create(path, body);
                if is_plan_lab(&key) {
                    self.make_lab(path);
                }
                let replicated = json!({"aggregatedState": "Completed", "summary": []});
                if key.contains("/versions/") {
                    self.things.get_mut(&key).expect("just made")["properties"]["replicationStatus"] =
                        replicated;
                }
            }
            Method::Patch if is_plan_image(&key) => {
                if self.read(&key).is_none() {
                    return Err(refused(path, 404, "NotFound"));
                }
                self.create(path, body);
            }
            Method::Patch => {
                let Some(thing) = self.things.get_mut(&key) else {
                    return Err(refused(path, 404, "NotFound"));
                };
                merge(thing, &body);
            }
            Method::Delete => {
                let Some(thing) = self.things.get_mut(&key) else { return Ok(answer(204, Value::Null)) };
                thing["properties"]["provisioningState"] = json!("Deleting");
                self.pending.insert(key, 2);
                return Ok(answer(202, Value::Null));
            }
            Method::Get => {}
        }
        Ok(answer(200, self.things.get(&path.to_ascii_lowercase()).cloned().unwrap_or(Value::Null)))
    }

    /// What the service adds to a lab of a lab plan.
    fn make_lab(&mut self, path: &str) {
        let lab = self.things.get_mut(&path.to_ascii_lowercase()).expect("just made");
        lab["properties"]["state"] = json!("Draft");
        let users = ["adminUser", "nonAdminUser"];
        let profile = &mut lab["properties"]["virtualMachineProfile"];
        for user in users {
            if let Some(user) = profile[user].as_object_mut() {
                user.remove("password");
            }
        }
        if profile["createOption"] == "TemplateVM" {
            let machine = json!({"properties": {"vmType": "Template"}});
            self.create(&format!("{path}/virtualMachines/0"), machine);
        }
    }

    fn act(&mut self, path: &str, body: &Value) -> Result<Answer, ArmError> {
        let (target, action) = path.rsplit_once('/').expect("an action of something");
        let key = target.to_ascii_lowercase();
        self.effects.push(short(path));
        match action {
            "createLab" => {
                let name = body["name"].as_str().unwrap_or_default();
                let lab = format!("{target}/labs/{name}");
                self.pending.insert(lab.to_ascii_lowercase(), 2);
                let quota = body["labParameters"]["userQuota"].clone();
                self.create(&lab, json!({"properties": {"usageQuota": quota, "uniqueIdentifier": name}}));
                let template = json!({"properties": {"publishingState": "Draft", "lastPublished": null,
                    "resourceSettings": {"vmSize": body["labParameters"]["vmSize"],
                        "referenceVm": {"userName": body["labParameters"]["username"]}}}});
                self.create(&format!("{lab}/environmentsettings/default"), template);
            }
            "publish" if is_plan_lab(&key) => {
                let times = self.effects.iter().filter(|effect| effect.ends_with("publish")).count();
                let Some(lab) = self.things.get_mut(&key) else {
                    return Err(refused(path, 404, "NotFound"));
                };
                lab["properties"]["state"] = json!("Publishing");
                lab["systemData"]["lastModifiedAt"] = json!(format!("the time {times}"));
                self.pending.insert(key, 2);
            }
            "publish" => {
                let times = self.effects.iter().filter(|effect| effect.ends_with("publish")).count();
                let Some(template) = self.things.get_mut(&key) else {
                    return Err(refused(path, 404, "NotFound"));
                };
                template["properties"]["publishingState"] = json!("Publishing");
                template["properties"]["lastPublished"] = json!(format!("the time {times}"));
                self.pending.insert(key, 2);
            }
            "saveImage" => {
                let gallery = match key.split_once("/labs/") {
                    Some((account, _)) => {
                        let attached = self.children(&format!("{account}/sharedgalleries"));
                        attached[0]["properties"]["galleryId"].clone()
                    }
                    None => {
                        let machine = body["labVirtualMachineId"].as_str().unwrap_or_default();
                        let machine = &self.things[&machine.to_ascii_lowercase()];
                        assert_eq!(machine["properties"]["vmType"], "Template");
                        self.things[&key]["properties"]["sharedGalleryId"].clone()
                    }
                };
                let gallery = gallery.as_str().unwrap_or_default().to_owned();
                let image = format!("{gallery}/images/{}", body["name"].as_str().unwrap_or_default());
                let older = self.children(&format!("{}/versions", image.to_ascii_lowercase())).len();
                self.create(&image, json!({"location": "westeurope", "properties": {"osType": "Linux", "osState": "Specialized", "hyperVGeneration": "V1"}}));
                let version = format!("{image}/versions/1.0.{older}");
                self.pending.insert(version.to_ascii_lowercase(), 2);
                let targets = json!([{"name": "West Europe", "regionalReplicaCount": 1}]);
                self.create(
                    &version,
                    json!({"location": "westeurope", "properties": {
                    "publishingProfile": {"targetRegions": targets},
                    "replicationStatus": {"aggregatedState": "Completed", "summary": []}}}),
                );
            }
            other => panic!("no such action: {other}"),
        }
        Ok(answer(200, Value::Null))
    }
}

fn merge(thing: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *thing = patch.clone();
        return;
    };
    if !thing.is_object() {
        *thing = json!({});
    }
    for (name, patch) in patch {
        merge(&mut thing[name.as_str()], patch);
    }
}
