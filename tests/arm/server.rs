//! A server on loopback that answers from a script.

use std::io::{BufRead, BufReader, Read as _, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use labwright::azure::{Client, Credential, Pace, Settings};
use labwright::model::Secret;
use serde_json::{Value, json};

/// One request as the server saw it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// `GET /path?query`.
    pub(crate) line: String,
    /// Name in lower case, value.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

/// What the server does next.
pub(crate) enum Said {
    Answer(u16, Vec<(&'static str, String)>, Value),
    /// Something that is no JSON.
    Text(u16, &'static str),
    /// Takes the request and closes the connection.
    Nothing,
    /// Begins an answer and never goes on.
    Half,
}

pub(crate) fn say(status: u16, body: Value) -> Said {
    Said::Answer(status, Vec::new(), body)
}

pub(crate) fn say_with(status: u16, name: &'static str, value: impl Into<String>, body: Value) -> Said {
    Said::Answer(status, vec![(name, value.into())], body)
}

/// A server that answers discovery and sign-in by itself, and everything else by its script.
pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// `script` gets the base url, which of the scripted requests this is (from 0), and the request.
    pub(crate) fn start(script: impl Fn(&str, usize, &Asked) -> Said + Send + Sync + 'static) -> Self {
        Self::start_with_login(None, script)
    }

    /// The same, where discovery names another host to sign in at.
    pub(crate) fn start_with_login(
        login: Option<String>,
        script: impl Fn(&str, usize, &Asked) -> Said + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("bound"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (base, seen) = (address.clone(), Arc::clone(&asked));
        std::thread::spawn(move || {
            let mut open = Vec::new();
            for stream in listener.incoming() {
                let Some(request) = stream.as_ref().ok().and_then(received) else { continue };
                let (number, tokens) = {
                    let mut seen = seen.lock().expect("no panic");
                    seen.push(request.clone());
                    let is_ours = |asked: &&Asked| is_scripted(asked);
                    let ours = seen.iter().filter(is_ours).count();
                    (ours, seen.iter().filter(|asked| asked.line.contains("/oauth2/")).count())
                };
                let said = if request.line.starts_with("GET /metadata/endpoints?") {
                    let login = login.as_ref().unwrap_or(&base);
                    say(200, json!({"authentication": {"loginEndpoint": login, "audiences": [base]}}))
                } else if request.line.contains("/oauth2/") && !request.body.contains("scripted") {
                    say(200, json!({"access_token": format!("token-{tokens}"), "expires_in": 3600}))
                } else {
                    script(&base, number.saturating_sub(1), &request)
                };
                let (status, headers, text) = match said {
                    Said::Nothing => continue,
                    Said::Half => {
                        let mut stream = stream.expect("it asked");
                        let half = b"HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\n{";
                        stream.write_all(half).expect("it waits");
                        open.push(stream);
                        continue;
                    }
                    Said::Text(status, text) => (status, Vec::new(), text.to_owned()),
                    Said::Answer(status, headers, Value::Null) => (status, headers, String::new()),
                    Said::Answer(status, headers, body) => (status, headers, body.to_string()),
                };
                if let Ok(mut stream) = stream {
                    let headers: String =
                        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
                    let length = text.len();
                    let head =
                        format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close");
                    // A client that has given up is no failure of the script.
                    let _ = stream.write_all(format!("{head}\r\n{headers}\r\n{text}").as_bytes());
                }
            }
        });
        Self { address, asked }
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            endpoint: self.address.clone(),
            authority: None,
            credentials: Credential::ClientSecret {
                tenant: "tenant".into(),
                client_id: "client".into(),
                secret: Secret::new("hush-hush&=".into()),
            }
            .into(),
            ca: None,
            correlation_id: uuid::Uuid::nil(),
            subscriptions: [("main".to_owned(), "1111".to_owned())].into(),
            hosts: Vec::new(),
            pace: Some(Pace {
                first: Duration::from_millis(1),
                longest: Duration::from_millis(4),
                attempts: 3,
                patience: Duration::from_millis(100),
                ..Pace::loopback()
            }),
            trace: None,
        }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.settings()).expect("loopback is trusted")
    }

    /// What was asked, beside discovery and sign-in.
    pub(crate) fn lines(&self) -> Vec<String> {
        let asked = self.asked.lock().expect("no panic");
        asked.iter().filter(|asked| is_scripted(asked)).map(|asked| asked.line.clone()).collect()
    }

    pub(crate) fn sign_ins(&self) -> Vec<Asked> {
        let asked = self.asked.lock().expect("no panic");
        asked.iter().filter(|asked| asked.line.contains("/oauth2/")).cloned().collect()
    }
}

fn is_scripted(asked: &Asked) -> bool {
    !asked.line.contains("/oauth2/") && !asked.line.contains("/metadata/endpoints")
}

fn received(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let line = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let asked = Asked { line, headers, body: String::new() };
    let mut body = vec![0; asked.header("content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { body: String::from_utf8(body).ok()?, ..asked })
}
