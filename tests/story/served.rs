//! An emulator in a process of its own, what it was asked, and what its world holds.
//!
//! It records into a pipe that a thread empties: the next request is waited for, not looked for.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use tempfile::TempDir;

use super::place::Place;

/// Something that happened, in the order in which it is heard of.
#[derive(Debug)]
pub(crate) enum Heard {
    /// The emulator answered a request.
    Asked(Asked),
    /// A run said a line on stderr.
    Said(String),
    /// A run has ended, or nearly: it closed its stderr.
    Ended,
}

/// A request and its answer.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// In lower case.
    pub(crate) path: String,
    /// Also where the connection was cut before it was heard; 0 where there was none.
    pub(crate) status: u64,
    pub(crate) body: Value,
    /// As it was recorded.
    pub(crate) text: String,
}

/// An emulator in a process of its own.
pub(crate) struct Served {
    child: Child,
    pub(crate) url: String,
    folder: TempDir,
    heard: Receiver<Heard>,
    tell: Option<Sender<Heard>>,
    asked: Vec<Asked>,
}

impl Served {
    /// An emulator that makes the given faults.
    pub(crate) fn with(faults: &[&str]) -> Self {
        Self::started(&faults.iter().flat_map(|spec| ["--faults", spec]).collect::<Vec<_>>())
    }

    /// An emulator over TLS; its authority's certificate is at [`Served::ca`].
    pub(crate) fn over_tls() -> Self {
        Self::started(&["--tls"])
    }

    /// The certificate of its authority.
    pub(crate) fn ca(&self) -> PathBuf {
        self.folder.path().join("azure.db.ca.pem")
    }

    /// An emulator started with these options.
    pub(crate) fn started(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("record");
        assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
        let mut command = Command::new(env!("CARGO_BIN_EXE_labwright"));
        command.env_clear().env("HOME", folder.path()).arg("emulator");
        command.arg("--record").arg(&pipe).arg("--data").arg(folder.path().join("azure.db"));
        command.args(options);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let (tell, heard) = channel();
        let listener = tell.clone();
        let mut copy = copy(folder.path());
        std::thread::spawn(move || {
            let lines = BufReader::new(File::open(pipe).expect("a pipe")).lines();
            lines.map_while(Result::ok).try_for_each(|line| {
                if let Some(copy) = &mut copy {
                    writeln!(copy, "{line}").expect("a file");
                }
                listener.send(Heard::Asked(asked(line)))
            })
        });
        let mut first = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        stdout.read_line(&mut first).expect("a line");
        let url = first.trim().strip_prefix("listening on ").expect("its address").to_owned();
        Self { child, url, folder, heard, tell: Some(tell), asked: Vec::new() }
    }

    /// An emulator where nothing goes wrong.
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// A token as it gives it to a client.
    pub(crate) fn token(&self) -> String {
        let form = "grant_type=client_credentials&client_id=az&client_secret=any";
        let answer = self.answer("POST", "/t/oauth2/v2.0/token", "", form);
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        let body: Value = serde_json::from_str(body).expect("JSON");
        body["access_token"].as_str().expect("a token").to_owned()
    }

    /// Sends what somebody else does in the cloud; the status line of the answer.
    pub(crate) fn send(&self, method: &str, path: &str, body: &str) -> String {
        let headers = format!("authorization: Bearer {}\r\ncontent-type: application/json\r\n", self.token());
        self.answer(method, path, &headers, body).lines().next().expect("a status").to_owned()
    }

    fn answer(&self, method: &str, path: &str, headers: &str, body: &str) -> String {
        let host = self.url.trim_start_matches("http://");
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\n{headers}connection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        let mut stream = TcpStream::connect(host).expect("it listens");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    /// Starts a run whose lines are heard.
    pub(crate) fn begin(&self, place: &Place, line: &str) -> Child {
        let mut child =
            place.command(line).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        let tell = self.tell.clone().expect("it is running");
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                tell.send(Heard::Said(line)).ok();
            }
            tell.send(Heard::Ended).ok();
        });
        child
    }

    /// What is heard next; requests are kept as well.
    pub(crate) fn next(&mut self) -> Heard {
        let heard = self.heard.recv().expect("somebody is there");
        if let Heard::Asked(asked) = &heard {
            self.asked.push(asked.clone());
        }
        heard
    }

    /// The lines of a run until `wanted` is one of them.
    #[track_caller]
    pub(crate) fn until(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        let mut said = Vec::new();
        loop {
            match self.next() {
                Heard::Said(line) if wanted(&line) => return line,
                Heard::Said(line) => said.push(line),
                Heard::Asked(_) => {}
                Heard::Ended => panic!("it ended without that line:\n{}", said.join("\n")),
            }
        }
    }

    /// Waits until it was asked that, answered or not.
    #[track_caller]
    pub(crate) fn until_asked(&mut self, method: &str, part: &str) {
        loop {
            match self.next() {
                Heard::Asked(asked) if asked.method == method && asked.path.contains(part) => return,
                Heard::Asked(_) | Heard::Said(_) => {}
                Heard::Ended => panic!("it ended and never asked to {method} {part}"),
            }
        }
    }

    /// The lines of a run to its end.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        let mut said = Vec::new();
        loop {
            match self.next() {
                Heard::Said(line) => said.push(line),
                Heard::Asked(_) => {}
                Heard::Ended => return said,
            }
        }
    }

    /// The file with its world.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("azure.db")
    }

    /// The bytes of its files.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for name in ["azure.db", "azure.db-wal"] {
            if let Ok(mut file) = File::open(self.folder.path().join(name)) {
                file.read_to_end(&mut bytes).expect("readable");
            }
        }
        bytes
    }

    /// Ends it; everything that it was asked.
    pub(crate) fn end(mut self) -> Vec<Asked> {
        self.child.kill().ok();
        self.child.wait().expect("it ends");
        self.tell = None;
        while let Ok(heard) = self.heard.recv() {
            if let Heard::Asked(asked) = heard {
                self.asked.push(asked);
            }
        }
        std::mem::take(&mut self.asked)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Asked {
    /// Whether it was a request of this kind that took effect.
    pub(crate) fn took(&self, method: &str, part: &str) -> bool {
        self.method == method && self.path.contains(part) && (200..300).contains(&self.status)
    }

    /// What a lab is made from and called: the image's id and the lab's.
    pub(crate) fn lab_made(&self) -> Option<(String, String)> {
        if !self.took("POST", "/createlab") {
            return None;
        }
        let parameters = &self.body["labParameters"];
        let image = parameters["sharedImageResourceId"].as_str();
        let image = image.or(parameters["galleryImageResourceId"].as_str())?.to_lowercase();
        let lab = self.body["name"].as_str()?.to_lowercase();
        Some((image, format!("{}/labs/{lab}", self.path.trim_end_matches("/createlab"))))
    }
}

/// A file among the recordings of the whole suite, where they are kept.
fn copy(folder: &Path) -> Option<File> {
    let recordings = PathBuf::from(std::env::var_os("LABWRIGHT_EMULATOR_RECORD")?);
    let own = folder.file_name().expect("a folder has a name").to_string_lossy().into_owned();
    Some(File::create(recordings.join(format!("served{own}.jsonl"))).expect("a folder"))
}

fn asked(text: String) -> Asked {
    let value: Value = serde_json::from_str(&text).expect("a line is a JSON object");
    Asked {
        method: value["method"].as_str().unwrap_or_default().to_owned(),
        path: value["path"].as_str().unwrap_or_default().to_lowercase(),
        status: value["answer"]["status"].as_u64().or(value["unheard"].as_u64()).unwrap_or_default(),
        body: value["body"].clone(),
        text,
    }
}

/// What differs between two worlds that are the same: times, unique ids, operations.
const OWN: &[&str] = &[
    "attached",
    "since",
    "created",
    "changed",
    "unique",
    "operation",
    "latest",
    "publishedDate",
    "succeeded",
    "last_published",
    "refuses_delete_until",
    "virtualMachineId",
    "publish_operation",
    "export_operation",
];

/// The resources in an emulator's file by their ids, without what is each world's own.
pub(crate) fn world(data: &Path) -> BTreeMap<String, Value> {
    let file = Connection::open_with_flags(data, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("a file");
    let mut statement = file.prepare("SELECT id, body FROM resources").expect("its table");
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
    let rows = statement.query_map([], row).expect("rows");
    rows.map(|row| {
        let (id, body) = row.expect("a row");
        let mut body: Value = serde_json::from_str(&body).expect("JSON");
        // The service names students' machines at random: here each goes by its place in the lab.
        let place = body.pointer("/facts/Environment/number").cloned().unwrap_or_default();
        let id = match id.rsplit_once("/environments/") {
            Some((lab, name)) => {
                for field in ["id", "name"] {
                    body[field] = body[field].as_str().map(|text| text.replace(name, "")).into();
                }
                format!("{lab}/environments/{place}")
            }
            None => id,
        };
        (id, common(body))
    })
    .collect()
}

fn common(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let is_of_plan = map.contains_key("since");
            let kept = map.into_iter().filter(|(key, _)| !OWN.contains(&key.as_str()));
            kept.map(|(key, value)| match (key.as_str(), value) {
                // When each region began and ended.
                ("regions", Value::Object(regions)) => (key, regions.keys().cloned().collect()),
                // An image that nobody switched is on, as one that was switched on; of a lab plan it is off.
                ("images", Value::Object(images)) => {
                    let switched = images
                        .into_iter()
                        .map(|(name, image)| (name, image.get(0).cloned().unwrap_or(image)))
                        .filter(|(_, is_on)| *is_on == Value::Bool(is_of_plan));
                    (key, switched.collect())
                }
                (_, value) => (key, common(value)),
            })
            .collect()
        }
        Value::Array(items) => items.into_iter().map(common).collect(),
        other => other,
    }
}

/// Sends a signal to a process.
pub(crate) fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(sent.expect("kill").success());
}
