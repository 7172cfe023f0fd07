//! `labwright emulator` as people start it: its first lines, its advice, and what it refuses.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

fn emulator(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_labwright"));
    command.env_clear().env("HOME", folder).env("TMPDIR", folder).current_dir(folder);
    command.arg("emulator").args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// An emulator that serves, and its first lines.
fn served(folder: &Path, arguments: &[&str], lines: usize) -> (Child, Vec<String>) {
    let mut child = emulator(folder, arguments).spawn().expect("it starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    let first = (0..lines).map(|_| {
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    });
    let first = first.collect();
    (child, first)
}

/// All that it said on stderr, once it is killed.
fn said(mut child: Child) -> String {
    let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
    let mut text = String::new();
    // The advice comes after the first lines, in one piece that ends with the way for labwright itself.
    while !text.contains("AZURE_SUBSCRIPTION_ID=") {
        assert_ne!(stderr.read_line(&mut text).expect("a line"), 0, "{text}");
    }
    child.kill().expect("it ends");
    stderr.read_to_string(&mut text).expect("the rest");
    child.wait().expect("it has ended");
    text
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn over_https_the_authority_is_named_and_told_to_each_client() {
    let folder = folder();
    let (child, lines) = served(folder.path(), &["--tls", "--data", "azure.db"], 2);
    let base = lines[0].strip_prefix("listening on ").expect("an address").to_owned();
    assert!(base.starts_with("https://localhost:"), "{base}");
    let ca = folder.path().join("azure.db.ca.pem").display().to_string();
    assert_eq!(lines[1], format!("ca: {ca}"));
    assert!(Path::new(&ca).exists());
    let advice = said(child);
    for part in [
        &format!("REQUESTS_CA_BUNDLE={ca}"),
        &format!("SSL_CERT_FILE={ca}"),
        &format!("NODE_EXTRA_CA_CERTS={ca}"),
        "AZURE_CORE_INSTANCE_DISCOVERY=false",
        &format!("az cloud register -n labwright --endpoint-resource-manager {base}"),
        &format!("curl {base}/"),
        &format!("`endpoint: {base}`"),
    ] {
        assert!(advice.contains(part), "{part}: {advice}");
    }
}

#[test]
fn over_http_it_says_who_cannot_come() {
    let folder = folder();
    let (child, lines) = served(folder.path(), &["--client", "me:s3cret"], 1);
    assert!(lines[0].starts_with("listening on http://127.0.0.1:"), "{lines:?}");
    let advice = said(child);
    assert!(advice.contains("--tls") && advice.contains("enforce_https=False"), "{advice}");
    assert!(advice.contains("AZURE_CLIENT_ID=me") && !advice.contains("s3cret"), "{advice}");
}

#[test]
fn a_data_file_in_use_names_its_holder_and_the_way_out() {
    let folder = folder();
    let (mut child, _) = served(folder.path(), &["--data", "azure.db"], 1);
    let second = emulator(folder.path(), &["--data", "azure.db"]).output().expect("it runs");
    let text = String::from_utf8_lossy(&second.stderr).into_owned();
    child.kill().expect("it ends");
    child.wait().expect("it has ended");
    assert_eq!(second.status.code(), Some(6), "{text}");
    assert!(text.contains(&format!("by process {}", child.id())), "{text}");
    assert!(text.contains("`labwright emulator --data"), "{text}");
}

#[test]
fn options_that_cannot_be_are_refused_with_their_place() {
    let folder = folder();
    std::fs::write(folder.path().join("text.pem"), "no PEM").expect("writes");
    for (arguments, part) in [
        (&["--tls", "--tls-cert", "a.pem", "--tls-key", "b.pem"][..], "cannot be used with"),
        (&["--tls-key", "b.pem"], "--tls-cert <FILE>"),
        (&["--tls-cert", "a.pem"], "--tls-key <FILE>"),
        (&["--tls-ca-out", "a.pem"], "--tls"),
        (&["--tls-cert", "none.pem", "--tls-key", "text.pem"], "none.pem"),
        (&["--tls-cert", "text.pem", "--tls-key", "text.pem"], "holds no PEM block of a"),
        (&["--listen", "0.0.0.0:0"], "not a loopback address"),
        (&["--time-scale", "0"], "above zero"),
        (&["--today", "2026-02-30"], "2026-02-30"),
        (&["--page-size", "0"], "--page-size"),
        (&["--client", "me"], "ID:SECRET"),
        (&["--operations", "none"], "azure-async"),
        (&["--faults", "on=PUT:**;status=500 nth=x;cut=after"], "a value that its key does not take"),
    ] {
        let output = emulator(folder.path(), arguments).output().expect("it runs");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {text}");
        assert!(text.contains(part), "{arguments:?}: {text}");
    }
}

#[test]
fn help_tells_how_faults_are_written() {
    let output = emulator(folder().path(), &["--help"]).output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for part in
        ["operation=vanish", "crash=before|after", "on=PUT:**/galleries/*;nth=2;status=429;retry-after=1"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
}
