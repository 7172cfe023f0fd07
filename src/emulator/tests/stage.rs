//! A world for tests, with a token, a clock that the test moves, and a few things to begin with.

use crate::emulator::clock::{Pace, STEPPED_EPOCH_MILLIS, Tick};
use crate::emulator::engine::Reply;
use crate::emulator::message::{Request, Response};
use crate::emulator::record::Recorder;
use crate::emulator::world::{Core, World};
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(crate) const SUBSCRIPTION: &str = "/subscriptions/11111111-1111-1111-1111-111111111111";
pub(crate) const GROUP: &str = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg";
pub(crate) const GALLERY: &str = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Compute/galleries/sig";
pub(crate) const ACCOUNT: &str = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.LabServices/labaccounts/la";

pub(crate) const PLAN: &str = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.LabServices/labPlans/lp";
pub(crate) const LAB: &str = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.LabServices/labs/lab";

/// A world and its clock.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) tick: u64,
    token: String,
    /// Where what it is asked goes, for the check against the published descriptions.
    pub(crate) recorder: Option<Recorder>,
}

impl Stage {
    /// An empty world and a token for it.
    pub(crate) fn new() -> Self {
        let core = Core {
            tick: Tick(0),
            epoch_millis: STEPPED_EPOCH_MILLIS,
            seed: 7,
            drawn: 0,
            key: [1; 32],
            unregistered: BTreeSet::new(),
            vaults: std::collections::BTreeMap::new(),
        };
        let mut stage = Self {
            world: World::new(core, Pace::Even, None),
            tick: 0,
            token: String::new(),
            recorder: recorder(),
        };
        let mut request = Request::new("POST", "/contoso/oauth2/v2.0/token");
        request.body = b"grant_type=client_credentials&client_id=c&client_secret=s&scope=x/.default".to_vec();
        let answer = stage.world.handle(&request, Tick(0));
        let token = answer.body.and_then(|body| body["access_token"].as_str().map(str::to_owned));
        stage.token = token.expect("a token");
        stage
    }

    /// Sends a request; paths of a known type without a query get an API version.
    pub(crate) fn send(&mut self, method: &str, path: &str, body: Option<Value>) -> Response {
        let path = if path.contains('?') {
            path.to_owned()
        } else {
            format!("{path}?api-version={}", version(path))
        };
        let mut request = Request::new(method, &path);
        request.headers.push(("authorization".into(), format!("Bearer {}", self.token)));
        request.body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let response = self.world.handle(&request, Tick(self.tick));
        if let Some(recorder) = &mut self.recorder {
            recorder
                .note(&request, &Reply::Answer(Box::new(response.clone()), Tick(self.tick)), false)
                .expect("written");
        }
        response
    }

    /// Status and body of the answer.
    pub(crate) fn ask(&mut self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let answer = self.send(method, path, Some(body).filter(|body| !body.is_null()));
        (answer.status, answer.body.unwrap_or_default())
    }

    /// The body of a GET that must find something.
    pub(crate) fn get(&mut self, path: &str) -> Value {
        let (status, body) = self.ask("GET", path, Value::Null);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Status and error code of the answer.
    pub(crate) fn refused(&mut self, method: &str, path: &str, body: Value) -> (u16, String) {
        let (status, body) = self.ask(method, path, body);
        (status, body["error"]["code"].as_str().unwrap_or_default().to_owned())
    }

    /// Sends what must be accepted.
    pub(crate) fn done(&mut self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask(method, path, body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    /// Moves the clock on.
    pub(crate) fn step(&mut self, ticks: u64) {
        self.tick += ticks;
    }

    /// Names of the items of a list, without what comes twice.
    pub(crate) fn names(&mut self, path: &str) -> Vec<String> {
        let list = self.get(path);
        let mut items: Vec<&Value> = list["value"].as_array().expect("a list").iter().collect();
        items.dedup();
        items.iter().map(|item| item["name"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// A group, a gallery, a definition `java` with the version 1.0.0, and an account; all settled.
    pub(crate) fn with_image(state: &str) -> Self {
        let mut stage = Self::new();
        stage.done("PUT", GROUP, json!({ "location": "West Europe" }));
        stage.done("PUT", GALLERY, json!({ "location": "westeurope" }));
        stage.done("PUT", ACCOUNT, json!({ "location": "westeurope" }));
        stage.done("PUT", &format!("{GALLERY}/images/java"), definition("java", state));
        stage.done("PUT", &format!("{GALLERY}/images/java/versions/1.0.0"), version_body());
        stage.step(30);
        stage
    }

    /// The same with the gallery attached, the image visible and a lab `lab` of three made from it.
    pub(crate) fn with_lab() -> Self {
        let mut stage = Self::with_image("Generalized");
        stage.done(
            "PUT",
            &format!("{ACCOUNT}/sharedgalleries/sig"),
            json!({ "properties": { "galleryId": GALLERY } }),
        );
        stage.step(3);
        stage.done("POST", &format!("{ACCOUNT}/createLab"), order("lab", "java"));
        stage.step(3);
        stage
    }
}

/// What a stage is asked is checked against the published descriptions like what a server is asked.
fn recorder() -> Option<Recorder> {
    let path = std::env::var_os("LABWRIGHT_EMULATOR_RECORD")?;
    Some(Recorder::open(path.as_ref()).expect("a folder"))
}

/// The API version that labwright's own client sends to a path.
fn version(path: &str) -> &'static str {
    let path = path.to_lowercase();
    let rest = path.split_once("/microsoft.labservices/").map_or("", |(_, rest)| rest);
    if ["labplans", "labs", "skus", "locations"].contains(&rest.split('/').next().unwrap_or_default()) {
        "2023-06-07"
    } else if path.contains("/microsoft.labservices") {
        "2019-01-01-preview"
    } else if path.contains("/microsoft.compute") {
        "2024-03-03"
    } else {
        "2024-07-01"
    }
}

/// The provisioning state that a body tells.
pub(crate) fn state(body: &Value) -> &str {
    body["properties"]["provisioningState"].as_str().unwrap_or_default()
}

impl Stage {
    /// As [`Stage::with_image`], with a plan that has the gallery attached, the image enabled and shown.
    pub(crate) fn with_plan() -> Self {
        let mut stage = Self::with_image("Generalized");
        let plan = json!({ "location": "westeurope", "properties": { "sharedGalleryId": GALLERY } });
        stage.done("PUT", PLAN, plan);
        stage.step(3);
        let enabled = json!({ "properties": { "enabledState": "Enabled" } });
        stage.done("PUT", &format!("{PLAN}/images/java"), enabled);
        stage
    }

    /// The same with a lab of three beside the plan, made from the image, with a template.
    pub(crate) fn with_plan_lab() -> Self {
        let mut stage = Self::with_plan();
        stage.done("PUT", LAB, lab_body());
        stage.step(3);
        stage
    }

    /// What the address in a header of an answer answers.
    pub(crate) fn follow(&mut self, answer: &Response, header: &str) -> Response {
        let link = answer.header(header).expect("a link").trim_start_matches("http://127.0.0.1").to_owned();
        self.send("GET", &link, None)
    }
}

/// The body of a lab beside its plan.
pub(crate) fn lab_body() -> Value {
    json!({
        "location": "westeurope",
        "properties": {
            "autoShutdownProfile": {}, "connectionProfile": { "clientSshAccess": "Public" }, "securityProfile": {},
            "virtualMachineProfile": {
                "createOption": "TemplateVM",
                "imageReference": { "id": format!("{GALLERY}/images/java") },
                "sku": { "name": "Classic_Fsv2_2_4GB_128_S_SSD", "capacity": 3 },
                "usageQuota": "PT20H",
                "adminUser": { "username": "student", "password": "Passw0rd!" },
            },
            "labPlanId": PLAN,
            "title": "Physics",
        },
    })
}

/// A definition's body.
pub(crate) fn definition(sku: &str, state: &str) -> Value {
    json!({
        "location": "westeurope",
        "properties": { "osType": "Linux", "osState": state, "identifier": { "publisher": "Contoso", "offer": "Teaching", "sku": sku } },
    })
}

/// A version's body, from a disk, in two regions.
pub(crate) fn version_body() -> Value {
    json!({
        "location": "westeurope",
        "properties": {
            "storageProfile": { "osDiskImage": { "source": { "id": format!("{GROUP}/providers/Microsoft.Compute/disks/d") } } },
            "publishingProfile": { "targetRegions": [{ "name": "West Europe" }, { "name": "northeurope", "regionalReplicaCount": 2 }] },
        },
    })
}

/// The body of createLab for a shared image.
pub(crate) fn order(name: &str, image: &str) -> Value {
    json!({
        "name": name,
        "labParameters": {
            "sharedImageResourceId": format!("{ACCOUNT}/sharedimages/{image}"),
            "vmSize": "Standard", "username": "student", "password": "Passw0rd!", "userQuota": "PT20H",
            "maxUsersInLab": 3, "idleShutdownMode": "OnDisconnect", "idleGracePeriod": "PT15M",
        },
    })
}
