//! The emulator over real HTTP, from the first token to the last delete.

use crate::emulator::tests::stage::{ACCOUNT, GALLERY, GROUP, SUBSCRIPTION, definition, order, version_body};
use crate::emulator::{Clock, Emulator, Fault, Settings, StartError, Tls};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// An HTTP client with a token.
struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Client {
    async fn of(base: String) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self::over(http, base).await
    }

    async fn over(http: reqwest::Client, base: String) -> Self {
        let form =
            "grant_type=client_credentials&client_id=c&client_secret=s&scope=https%3A%2F%2Fx%2F.default";
        let answer = http
            .post(format!("{base}/contoso/oauth2/v2.0/token"))
            .body(form)
            .send()
            .await
            .expect("an answer");
        let body: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
        let token = body["access_token"].as_str().expect("a token").to_owned();
        Self { http, base, token }
    }

    async fn try_send(
        &self,
        method: &str,
        path: &str,
        body: Value,
    ) -> reqwest::Result<(u16, reqwest::header::HeaderMap, Value)> {
        let version = if path.contains("LabServices") { "2019-01-01-preview" } else { "2024-03-03" };
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}?api-version={version}", self.base)
        };
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a verb");
        let mut request = self.http.request(method, url).bearer_auth(&self.token);
        if !body.is_null() {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await?;
        Ok((status, headers, serde_json::from_str(&text).unwrap_or_default()))
    }

    async fn send(&self, method: &str, path: &str, body: Value) -> (u16, reqwest::header::HeaderMap, Value) {
        self.try_send(method, path, body).await.expect("an answer")
    }

    async fn get(&self, path: &str) -> Value {
        let (status, _, body) = self.send("GET", path, Value::Null).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    async fn names(&self, path: &str) -> Vec<String> {
        let list = self.get(path).await;
        list["value"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|item| item["name"].as_str().map(str::to_owned))
            .collect()
    }
}

/// What a server is told unless a test says otherwise: its exchanges are checked like those of the whole suite.
fn recorded() -> Settings {
    let record = std::env::var_os("LABWRIGHT_EMULATOR_RECORD").map(PathBuf::from);
    Settings { record, ..Settings::default() }
}

fn stepped(data: Option<PathBuf>) -> Settings {
    Settings { clock: Clock::Stepped, data, ..recorded() }
}

/// Held by tests that start a process or a second emulator on one file: a process that is being started has, for a moment,
/// all that ours has open, locks too.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

async fn start(settings: Settings) -> Emulator {
    Emulator::start(settings).await.expect("starts")
}

#[tokio::test]
async fn a_lab_lives_from_token_to_delete() {
    let emulator = start(stepped(None)).await;
    let client = Client::of(emulator.base_url()).await;
    let put = async |path: &str, body: Value| {
        let (status, _, answer) = client.send("PUT", path, body).await;
        assert_eq!(status, 201, "{path}: {answer}");
        emulator.step(3);
    };
    put(GROUP, json!({ "location": "westeurope" })).await;
    put(GALLERY, json!({ "location": "westeurope" })).await;
    put(&format!("{GALLERY}/images/java"), definition("java", "Generalized")).await;
    put(&format!("{GALLERY}/images/java/versions/1.0.0"), version_body()).await;
    put(ACCOUNT, json!({ "location": "westeurope" })).await;
    put(&format!("{ACCOUNT}/sharedgalleries/sig"), json!({ "properties": { "galleryId": GALLERY } })).await;
    // Lists of lab accounts repeat their last item.
    assert_eq!(client.names(&format!("{ACCOUNT}/sharedimages")).await, ["java", "java"]);
    assert_eq!(client.send("POST", &format!("{ACCOUNT}/createLab"), order("lab", "java")).await.0, 200);
    emulator.step(3);
    let setting = format!("{ACCOUNT}/labs/lab/environmentsettings/default");
    assert_eq!(
        client.send("POST", &format!("{setting}/publish"), json!({ "useExistingImage": false })).await.0,
        200
    );
    emulator.step(30);
    assert_eq!(client.get(&setting).await["properties"]["publishingState"], "Published");
    let (status, headers, _) =
        client.send("POST", &format!("{setting}/saveImage"), json!({ "name": "gold" })).await;
    let link = headers["azure-asyncoperation"].to_str().expect("text").to_owned();
    assert!(status == 202 && link.starts_with(&emulator.base_url()), "{link}");
    assert_eq!(client.get(&link).await["status"], "InProgress");
    emulator.step(33);
    assert_eq!(client.get(&link).await["status"], "Succeeded");
    assert_eq!(client.names(&format!("{GALLERY}/images/gold/versions")).await, ["1.0.0"]);
    for path in [
        format!("{ACCOUNT}/labs/lab"),
        ACCOUNT.to_owned(),
        format!("{GALLERY}/images/gold/versions/1.0.0"),
        format!("{GALLERY}/images/java/versions/1.0.0"),
    ] {
        assert_eq!(client.send("DELETE", &path, Value::Null).await.0, 202, "{path}");
        emulator.step(6);
    }
    for path in [
        format!("{GALLERY}/images/gold"),
        format!("{GALLERY}/images/java"),
        GALLERY.to_owned(),
        GROUP.to_owned(),
    ] {
        assert_eq!(client.send("DELETE", &path, Value::Null).await.0, 202, "{path}");
        emulator.step(6);
    }
    assert_eq!(client.names(&format!("{SUBSCRIPTION}/resourcegroups")).await, [""; 0]);
    emulator.stop().await;
}

#[tokio::test]
async fn a_restart_goes_on_with_clock_operations_and_tokens() {
    let _alone = ALONE.lock().await;
    let folder = tempfile::tempdir().expect("a folder");
    let data = Some(folder.path().join("emulator.db"));
    let emulator = start(stepped(data.clone())).await;
    let mut client = Client::of(emulator.base_url()).await;
    client.send("PUT", GROUP, json!({ "location": "westeurope" })).await;
    let (_, headers, _) = client.send("PUT", GALLERY, json!({ "location": "westeurope" })).await;
    let link = headers["azure-asyncoperation"].to_str().expect("text").to_owned();
    emulator.step(2);
    assert!(matches!(
        Emulator::start(stepped(data.clone())).await,
        Err(StartError::Held { pid: Some(_), .. })
    ));
    let before = emulator.base_url();
    emulator.stop().await;
    let emulator = start(stepped(data)).await;
    client.base = emulator.base_url();
    let link = link.replace(&before, &client.base);
    assert_eq!(client.get(&link).await["status"], "InProgress");
    emulator.step(1);
    assert_eq!(client.get(&link).await["status"], "Succeeded");
    assert_eq!(client.get(GALLERY).await["properties"]["provisioningState"], "Succeeded");
    emulator.stop().await;
}

#[tokio::test]
async fn faults_refuse_cut_and_delay() {
    let spec = "on=PUT:**/galleries/*;nth=1;status=429;retry-after=1 on=PUT:**/galleries/*;nth=2;cut=after on=GET:**/galleries;list=repeat;delay=5";
    let folder = tempfile::tempdir().expect("a folder");
    let record = folder.path().join("record.jsonl");
    let faults = Fault::parse_all(spec).expect("a specification");
    let emulator = start(Settings { faults, record: Some(record.clone()), ..stepped(None) }).await;
    let client = Client::of(emulator.base_url()).await;
    client.send("PUT", GROUP, json!({ "location": "westeurope" })).await;
    let body = json!({ "location": "westeurope" });
    let (status, headers, _) = client.send("PUT", GALLERY, body.clone()).await;
    assert_eq!((status, headers["retry-after"].to_str().ok()), (429, Some("1")));
    assert!(client.try_send("PUT", GALLERY, body.clone()).await.is_err());
    assert_eq!(client.send("PUT", GALLERY, body).await.0, 200);
    let list = GALLERY.trim_end_matches("/sig").to_owned();
    let late = async {
        while std::fs::read_to_string(&record).unwrap_or_default().lines().count() < 6 {
            tokio::task::yield_now().await;
        }
        emulator.step(5);
    };
    let (names, ()) = tokio::join!(client.names(&list), late);
    assert_eq!(names, ["sig", "sig"]);
    emulator.stop().await;
    let log = std::fs::read_to_string(record).expect("a log");
    assert!(
        log.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()) && !log.contains(&client.token)
    );
}

#[tokio::test]
async fn https_is_served_to_whoever_trusts_the_authority() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    let emulator = start(Settings { tls: Some(Tls::Own(Some(file.clone()))), ..stepped(None) }).await;
    let base = emulator.base_url();
    assert!(base.starts_with("https://localhost:") && emulator.authority() == Some(file.as_path()), "{base}");
    let authority =
        reqwest::Certificate::from_pem(&std::fs::read(&file).expect("reads")).expect("a certificate");
    let trusting = || reqwest::Client::builder().no_proxy().tls_certs_only([authority.clone()]);
    let client = Client::over(trusting().build().expect("a client"), base.clone()).await;
    client.send("PUT", GROUP, json!({ "location": "westeurope" })).await;
    let (_, headers, _) = client.send("PUT", GALLERY, json!({ "location": "westeurope" })).await;
    let link = headers["azure-asyncoperation"].to_str().expect("text").to_owned();
    assert!(link.starts_with(&base), "{link}");
    assert_eq!(client.get(&link).await["status"], "InProgress");
    let by_number = base.replace("localhost", "127.0.0.1");
    let client = Client { base: by_number, ..client };
    assert_eq!(client.names(&format!("{SUBSCRIPTION}/resourcegroups")).await, ["rg"]);
    let stranger = reqwest::Client::builder().no_proxy().build().expect("a client");
    assert!(stranger.get(&base).send().await.is_err_and(|error| error.is_connect()));
    // Who speaks no TLS, or says nothing at all, keeps nobody waiting.
    let silent = tokio::net::TcpStream::connect(base.trim_start_matches("https://")).await.expect("connects");
    let plain = stranger.get(base.replace("https", "http")).send().await;
    assert!(plain.is_err());
    assert_eq!(client.names(&format!("{SUBSCRIPTION}/resourcegroups")).await, ["rg"]);
    drop(silent);
    emulator.stop().await;
}

#[tokio::test]
async fn limits_are_kept_where_that_is_asked_for() {
    let emulator = start(Settings { throttle: true, ..stepped(None) }).await;
    let client = Client::of(emulator.base_url()).await;
    let put = async || client.send("PUT", GROUP, json!({ "location": "westeurope" })).await;
    for left in (0..200).rev() {
        let (status, headers, _) = put().await;
        assert!(status < 300);
        assert_eq!(headers["x-ms-ratelimit-remaining-subscription-writes"], left.to_string().as_str());
    }
    let (status, headers, body) = put().await;
    assert_eq!((status, headers["retry-after"].to_str().ok()), (429, Some("1")));
    assert_eq!(body["error"]["code"], "SubscriptionRequestsThrottled");
    // Reads have a limit of their own.
    assert_eq!(client.names(&format!("{SUBSCRIPTION}/resourcegroups")).await, ["rg"]);
    emulator.step(100);
    assert_eq!(put().await.0, 200);
    emulator.stop().await;
}

#[tokio::test]
async fn pages_are_as_long_as_is_asked_for_and_links_lead_back_the_same_way() {
    let emulator = start(Settings { page_size: std::num::NonZeroUsize::new(2), ..stepped(None) }).await;
    let client = Client::of(emulator.base_url()).await;
    for number in 0..5 {
        let path = format!("{SUBSCRIPTION}/resourcegroups/g{number}");
        client.send("PUT", &path, json!({ "location": "westeurope" })).await;
    }
    let url = format!("{}{SUBSCRIPTION}/resourcegroups?api-version=2024-07-01", client.base);
    let first = client.http.get(&url).bearer_auth(&client.token).header("x-forwarded-proto", "https");
    let text = first.send().await.expect("an answer").text().await.expect("a body");
    let page: Value = serde_json::from_str(&text).expect("JSON");
    let link = page["nextLink"].as_str().expect("a link");
    assert!(link.starts_with(&client.base.replace("http://", "https://")), "{link}");
    let (mut seen, mut next) = (0, url);
    loop {
        let page = client.get(&next).await;
        let count = page["value"].as_array().map_or(0, Vec::len);
        assert!((1..=2).contains(&count), "{page}");
        seen += count;
        match page["nextLink"].as_str() {
            Some(link) => next = link.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, 5);
    emulator.stop().await;
}

#[tokio::test]
async fn only_loopback_is_listened_on() {
    let settings = Settings { listen: "0.0.0.0:0".parse().expect("an address"), ..Settings::default() };
    assert!(matches!(Emulator::start(settings).await, Err(StartError::NotLoopback(_))));
    let settings = Settings { clock: Clock::Scaled(0.0), ..Settings::default() };
    assert!(matches!(Emulator::start(settings).await, Err(StartError::Scale(_))));
}

#[tokio::test]
async fn real_time_moves_by_itself() {
    let emulator = start(recorded()).await;
    let client = Client::of(emulator.base_url()).await;
    client.send("PUT", GROUP, json!({ "location": "westeurope" })).await;
    client.send("PUT", GALLERY, json!({ "location": "westeurope" })).await;
    while client.get(GALLERY).await["properties"]["provisioningState"] != "Succeeded" {}
    emulator.stop().await;
}

/// Names the folder that a child process works in.
const CHILD: &str = "LABWRIGHT_EMULATOR_CHILD";

/// Serves in a process of its own until it is killed; the parent finds the address in the folder.
#[tokio::test]
#[ignore = "started by a_killed_emulator_keeps_what_it_answered"]
async fn child() {
    let Some(folder) = std::env::var_os(CHILD).map(PathBuf::from) else { return };
    let emulator = start(stepped(Some(folder.join("emulator.db")))).await;
    std::fs::write(folder.join("address.new"), emulator.base_url()).expect("writes");
    std::fs::rename(folder.join("address.new"), folder.join("address")).expect("renames");
    std::future::pending::<()>().await;
}

async fn killed_after(folder: &Path, answers: usize) -> usize {
    std::fs::remove_file(folder.join("address")).ok();
    let mut child = std::process::Command::new(std::env::current_exe().expect("a path"))
        .args(["emulator::tests::wire::child", "--exact", "--ignored"])
        .env(CHILD, folder)
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("a process");
    let base = loop {
        match std::fs::read_to_string(folder.join("address")) {
            Ok(base) => break base,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    let client = Client::of(base).await;
    let first = client.names(&format!("{SUBSCRIPTION}/resourcegroups")).await.len();
    for number in first..first + answers {
        let (status, ..) = client
            .send(
                "PUT",
                &format!("{SUBSCRIPTION}/resourcegroups/g{number}"),
                json!({ "location": "westeurope" }),
            )
            .await;
        assert_eq!(status, 201);
    }
    child.kill().expect("kills");
    child.wait().expect("waits");
    first + answers
}

#[tokio::test]
async fn a_killed_emulator_keeps_what_it_answered() {
    let _alone = ALONE.lock().await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut expected = 0;
    for answers in [1, 7, 20] {
        expected = killed_after(folder.path(), answers).await;
    }
    assert_eq!(expected, 28);
    let emulator = start(stepped(Some(folder.path().join("emulator.db")))).await;
    let client = Client::of(emulator.base_url()).await;
    assert_eq!(client.names(&format!("{SUBSCRIPTION}/resourcegroups")).await.len(), 28);
    emulator.stop().await;
}
