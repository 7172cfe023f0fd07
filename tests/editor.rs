//! What an editor makes of the published schema: completion, documentation and complaints, by the language server that
//! editors use. It is installed by `tests/editor/install`, which `tests/all` runs.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The server, and a document that is open in it.
struct Editor {
    server: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    next: u64,
    uri: String,
}

impl Editor {
    /// Opens a text as a file beside the quickstart's, whose first line names the schema.
    fn on(text: &str) -> Self {
        let program: PathBuf =
            root().join("target/editor/node_modules/yaml-language-server/bin/yaml-language-server");
        assert!(program.is_file(), "run tests/editor/install first: {} is missing", program.display());
        let mut server = Command::new("node")
            .arg(program)
            .arg("--stdio")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node runs");
        let input = server.stdin.take().expect("piped");
        let output = BufReader::new(server.stdout.take().expect("piped"));
        let uri = format!("file://{}/examples/quickstart/labwright.yaml", root().display());
        let mut editor = Self { server, input, output, next: 0, uri };
        let settings = json!({ "yaml": { "completion": true, "hover": true, "validate": true,
            "schemaStore": { "enable": false } } });
        editor.ask(
            "initialize",
            &json!({ "processId": null, "rootUri": null, "capabilities": {
            "textDocument": { "completion": { "completionItem": { "documentationFormat": ["markdown"] } },
                "publishDiagnostics": {} },
            "workspace": { "configuration": true, "didChangeConfiguration": {} } } }),
        );
        editor.tell("initialized", &json!({}));
        editor.tell("workspace/didChangeConfiguration", &json!({ "settings": settings }));
        let text = format!("# yaml-language-server: $schema=../../schemas/labwright.schema.json\n{text}");
        let document = json!({ "uri": editor.uri, "languageId": "yaml", "version": 1, "text": text });
        editor.tell("textDocument/didOpen", &json!({ "textDocument": document }));
        editor
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{body}", body.len()).expect("the server listens");
        self.input.flush().expect("the server listens");
    }

    fn tell(&mut self, method: &str, params: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Asks, and gives the answer.
    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.next += 1;
        let id = self.next;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        self.until(|message| message["id"] == id && message.get("method").is_none())["result"].clone()
    }

    /// Reads messages until one fits; what the server asks meanwhile is answered with nothing.
    fn until(&mut self, mut fits: impl FnMut(&Value) -> bool) -> Value {
        loop {
            let message = self.message();
            if fits(&message) {
                return message;
            }
            if let (Some(id), Some(_)) = (message.get("id"), message.get("method")) {
                let items = message["params"]["items"].as_array().map(Vec::len);
                let result = items.map_or(Value::Null, |count| json!(vec![Value::Null; count]));
                self.send(&json!({ "jsonrpc": "2.0", "id": id, "result": result }));
            }
        }
    }

    fn message(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).expect("text") > 0, "the server ended");
            match line.trim_end() {
                "" => break,
                header => {
                    let found = header.strip_prefix("Content-Length: ").and_then(|text| text.parse().ok());
                    length = found.unwrap_or(length);
                }
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body).expect("a whole message");
        serde_json::from_slice(&body).expect("JSON")
    }

    fn at(&self, line: u32, character: u32) -> Value {
        // The first line is the one that names the schema.
        json!({ "textDocument": { "uri": self.uri }, "position": { "line": line, "character": character } })
    }

    /// What may stand at a place, each with its documentation.
    fn completions(&mut self, line: u32, character: u32) -> Vec<(String, String)> {
        let place = self.at(line, character);
        let answer = self.ask("textDocument/completion", &place);
        let items = answer["items"].as_array().or(answer.as_array()).cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().or(value["value"].as_str()).unwrap_or_default().to_owned();
        items.iter().map(|item| (text(&item["label"]), text(&item["documentation"]))).collect()
    }

    /// What is said of what stands at a place.
    fn hover(&mut self, line: u32, character: u32) -> String {
        let place = self.at(line, character);
        let answer = self.ask("textDocument/hover", &place);
        answer["contents"]["value"].as_str().or(answer["contents"].as_str()).unwrap_or_default().to_owned()
    }

    /// What is wrong with the document: line and message.
    fn complaints(&mut self) -> Vec<(u64, String)> {
        let uri = self.uri.clone();
        let message = self.until(|message| {
            message["method"] == "textDocument/publishDiagnostics" && message["params"]["uri"] == uri.as_str()
        });
        let found = message["params"]["diagnostics"].as_array().cloned().unwrap_or_default();
        let said = |one: &Value| {
            let line = one["range"]["start"]["line"].as_u64().unwrap_or_default();
            (line, one["message"].as_str().unwrap_or_default().to_owned())
        };
        found.iter().map(said).collect()
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        // It ends with its input in any case; a failing test need not wait for that.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[test]
#[ignore = "needs node and what tests/editor/install installs; tests/all runs it"]
fn keys_are_completed_with_their_documentation() {
    let mut editor = Editor::on("labs:\n  optics:\n    cap\n");
    let found = editor.completions(3, 7);
    let capacity = found.iter().find(|(label, _)| label == "capacity");
    let (_, documentation) = capacity.unwrap_or_else(|| panic!("capacity is not among {found:?}"));
    assert!(documentation.contains("How many VMs"), "{documentation}");
}

#[test]
#[ignore = "needs node and what tests/editor/install installs; tests/all runs it"]
fn words_of_a_choice_are_completed() {
    let mut editor = Editor::on("labs:\n  optics:\n    access: \n");
    let found = editor.completions(3, 12);
    for word in ["Restricted", "Open"] {
        assert!(found.iter().any(|(label, _)| label == word), "{word} is not among {found:?}");
    }
}

#[test]
#[ignore = "needs node and what tests/editor/install installs; tests/all runs it"]
fn a_key_is_explained_with_an_example_under_the_mouse() {
    let mut editor = Editor::on("labs:\n  optics:\n    quota: 20h\n");
    let said = editor.hover(3, 6);
    assert!(said.contains("Hours each student may use the VM"), "{said}");
    assert!(said.contains("20h"), "an example is shown: {said}");
}

#[test]
#[ignore = "needs node and what tests/editor/install installs; tests/all runs it"]
fn a_wrong_key_and_a_wrong_word_are_marked_where_they_stand() {
    let mut editor = Editor::on("labs:\n  optics:\n    access: everybody\n    capcity: 30\n");
    let found = editor.complaints();
    let lines: Vec<_> = found.iter().map(|(line, _)| *line).collect();
    assert!(lines.contains(&3) && lines.contains(&4), "{found:?}");
    assert!(found.iter().any(|(_, message)| message.contains("capcity")), "{found:?}");
}

#[test]
#[ignore = "needs node and what tests/editor/install installs; tests/all runs it"]
fn an_editor_has_nothing_against_the_examples() {
    for example in ["quickstart", "contoso-cs", "protected"] {
        let folder = root().join("examples").join(example);
        let files = std::fs::read_dir(&folder).expect("an example").flatten().map(|entry| entry.path());
        for file in files.filter(|file| file.extension().is_some_and(|end| end == "yaml")) {
            let text = std::fs::read_to_string(&file).expect("a file");
            let mut editor = Editor::on(text.split_once('\n').expect("a line").1);
            assert_eq!(editor.complaints(), [], "{}", file.display());
        }
    }
}
