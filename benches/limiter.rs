//! Whether an apply keeps to ARM's limits, and uses them up.
//!
//! `cargo bench --bench limiter` applies 2,000 resources with 256 at once against an emulator that keeps the documented
//! limits, which takes about five minutes; `-- --short` applies 130. Both fail when 1 % of the requests or more were refused
//! with 429, or when less than 90 % of whichever bucket binds was used.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use serde_json::Value;

/// Requests at once and in each second after. Source: ARM, request limits and throttling.
const READS: (f64, f64) = (250.0, 25.0);
const WRITES: (f64, f64) = (200.0, 10.0);

fn project(url: &str, images: usize) -> String {
    let mut text = format!(
        "project: limiter\ncloud: {{ azure: {{ subscription: 11111111-1111-1111-1111-111111111111, endpoint: '{url}' }} }}\ndefaults: {{ all: {{ resourceGroup: rg }} }}\nresourceGroups: {{ rg: {{ location: westeurope }} }}\ngalleries:\n"
    );
    // A region holds 1,000 definitions of a subscription.
    for gallery in 0..20 {
        let region = if gallery % 2 == 0 { "westeurope" } else { "northeurope" };
        let _ = writeln!(text, "  g{gallery}: {{ location: {region} }}");
    }
    text.push_str("images:\n");
    for image in 0..images {
        let _ = writeln!(
            text,
            "  i{image}: {{ gallery: g{}, os: {{ type: Linux, state: Generalized, hyperV: V1 }}, identifier: {{ publisher: C, offer: T, sku: i{image} }} }}",
            image % 20
        );
    }
    text
}

fn main() -> ExitCode {
    let short = std::env::args().any(|argument| argument == "--short");
    let images = if short { 110 } else { 1980 };
    let folder = tempfile::tempdir().expect("a folder");
    let record = folder.path().join("record.jsonl");
    let mut emulator = Command::new(env!("CARGO_BIN_EXE_labwright"))
        .args(["emulator", "--throttle", "-q", "--record"])
        .arg(&record)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut first = String::new();
    BufReader::new(emulator.stdout.take().expect("piped")).read_line(&mut first).expect("a line");
    let url = first.trim().strip_prefix("listening on ").expect("its address");
    std::fs::write(folder.path().join("labwright.yaml"), project(url, images)).expect("written");
    let began = Instant::now();
    let applied = Command::new(env!("CARGO_BIN_EXE_labwright"))
        .args(["apply", "--yes", "--parallelism", "256", "-q", "-C"])
        .arg(folder.path())
        .env("XDG_STATE_HOME", folder.path().join("state"))
        .env("AZURE_TENANT_ID", "22222222-2222-2222-2222-222222222222")
        .env("AZURE_CLIENT_ID", "bench")
        .env("AZURE_CLIENT_SECRET", "bench")
        .output()
        .expect("it runs");
    let took = began.elapsed();
    emulator.kill().expect("it ends");
    emulator.wait().expect("it has ended");
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    let text = std::fs::read_to_string(&record).expect("a record");
    let asked: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let of_arm =
        |asked: &&Value| asked["path"].as_str().is_some_and(|path| path.starts_with("/subscriptions/"));
    let (mut reads, mut writes, mut refused) = (0.0, 0.0, 0.0);
    for asked in asked.iter().filter(of_arm) {
        match (asked["answer"]["status"].as_u64(), asked["method"].as_str()) {
            (Some(429), _) => refused += 1.0,
            (_, Some("GET")) => reads += 1.0,
            _ => writes += 1.0,
        }
    }
    let share = |served: f64, (burst, rate): (f64, f64)| served / (burst + rate * took.as_secs_f64());
    let used = share(reads, READS).max(share(writes, WRITES));
    let refusals = refused / (reads + writes + refused);
    println!("apply of {} resources in {took:.1?}: {reads} reads, {writes} writes", images + 21);
    println!("  refused with 429  {:>6.2} %", refusals * 100.0);
    println!("  of the limit used {:>6.1} %", used * 100.0);
    if refusals < 0.01 && used > 0.9 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
