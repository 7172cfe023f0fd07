//! How many PUTs the emulator answers, how much memory a resource takes, and how long a start.
//!
//! `cargo bench --bench emulator` measures; `-- --short` measures less and fails when a budget is broken: 2,000 PUTs for each
//! second of one core, through HTTP and this bench's own client; memory that grows no faster than the world; 50 ms
//! from the start of the process to its first line. The method is in benches/README.md.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use labwright::emulator::measure::Bare;
use labwright::emulator::{Emulator, Settings};

const PUTS_A_SECOND: f64 = 2000.0;
const START: Duration = Duration::from_millis(50);
/// How much more a resource may take in a large world than in a small one.
const GROWTH: f64 = 1.5;

/// Resources of a department: a group, a gallery, and definitions with a version each.
const DEPARTMENT: usize = 50;
/// Departments of a subscription, which has room for 1,000 definitions.
const SUBSCRIPTION: usize = 40;

/// Path, API version and body of the PUT that makes the resource of that number.
fn put(number: usize) -> (String, &'static str, String) {
    let (department, place) = (number / DEPARTMENT, number % DEPARTMENT);
    let subscription = department / SUBSCRIPTION;
    let group =
        format!("/subscriptions/11111111-1111-1111-1111-{subscription:012}/resourceGroups/d{department}");
    let gallery = format!("{group}/providers/Microsoft.Compute/galleries/sig{department}");
    let located = "{\"location\":\"westeurope\"}".to_owned();
    match place {
        0 => (group, "2024-07-01", located),
        1 => (gallery, "2024-03-03", located),
        _ if place % 2 == 0 => {
            let body = format!(
                "{{\"location\":\"westeurope\",\"properties\":{{\"osType\":\"Linux\",\"osState\":\"Generalized\",\"identifier\":{{\"publisher\":\"Contoso\",\"offer\":\"Teaching\",\"sku\":\"i{place}\"}}}}}}"
            );
            (format!("{gallery}/images/i{place}"), "2024-03-03", body)
        }
        _ => {
            let body = format!(
                "{{\"location\":\"westeurope\",\"properties\":{{\"storageProfile\":{{\"osDiskImage\":{{\"source\":{{\"id\":\"{group}/providers/Microsoft.Compute/disks/d\"}}}}}},\"publishingProfile\":{{\"targetRegions\":[{{\"name\":\"westeurope\"}},{{\"name\":\"northeurope\"}}]}}}}}}"
            );
            (format!("{gallery}/images/i{}/versions/1.0.0", place - 1), "2024-03-03", body)
        }
    }
}

/// Processor time of this process so far, all its threads; the wall's time where the system does not tell.
fn processor_time(began: Instant) -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().skip(11).take(2));
    let ticks: u64 = ticks.into_iter().flatten().filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    if ticks == 0 { began.elapsed() } else { Duration::from_millis(ticks * 10) }
}

/// Memory of this process now, in bytes; Linux only.
fn memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kb| kb * 1024.0)
}

/// Runs `work`, which answers `count` requests; gives requests for each second of processor time.
fn rate(what: &str, count: usize, work: impl FnOnce()) -> f64 {
    let began = Instant::now();
    let before = processor_time(began);
    work();
    let (wall, used) = (began.elapsed(), processor_time(began).saturating_sub(before));
    let rate = count as f64 / used.as_secs_f64();
    println!("  {what:<34} {rate:>8.0} PUTs a core's second   ({wall:.1?} on the wall)");
    rate
}

/// A client that keeps its connection.
struct Client {
    stream: BufReader<TcpStream>,
    bearer: String,
}

impl Client {
    fn of(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("connects");
        stream.set_nodelay(true).expect("a socket");
        let mut client = Self { stream: BufReader::new(stream), bearer: String::new() };
        let form = "grant_type=client_credentials&client_id=bench&client_secret=any";
        let (_, body) = client.send("POST", "/bench/oauth2/v2.0/token", form);
        let token = body.split("\"access_token\":\"").nth(1).and_then(|rest| rest.split('"').next());
        client.bearer = token.expect("a token").to_owned();
        client
    }

    fn send(&mut self, method: &str, target: &str, body: &str) -> (u16, String) {
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n{body}",
            self.bearer,
            body.len()
        );
        self.stream.get_mut().write_all(head.as_bytes()).expect("writes");
        let (mut status, mut length) = (0, 0);
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).expect("a line");
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(rest) = line.strip_prefix("http/1.1 ") {
                status = rest[..3].parse().expect("a status");
            } else if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("a body");
        (status, String::from_utf8(body).expect("text"))
    }
}

/// PUTs over `connections` kept connections at once, each its own departments.
fn over_http(what: &str, count: usize, connections: usize, data: Option<PathBuf>) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let emulator =
        runtime.block_on(Emulator::start(Settings { data, ..Settings::default() })).expect("it starts");
    let address = emulator.base_url().trim_start_matches("http://").to_owned();
    let departments = count / DEPARTMENT;
    let rate = rate(what, departments * DEPARTMENT, || {
        let clients: Vec<_> = (0..connections)
            .map(|own| {
                let address = address.clone();
                std::thread::spawn(move || {
                    let mut client = Client::of(&address);
                    for department in (0..departments).filter(|department| department % connections == own) {
                        for number in department * DEPARTMENT..(department + 1) * DEPARTMENT {
                            let (path, version, body) = put(number);
                            let (status, answer) =
                                client.send("PUT", &format!("{path}?api-version={version}"), &body);
                            assert_eq!(status, 201, "{path}: {answer}");
                        }
                    }
                })
            })
            .collect();
        let done = async {
            while !clients.iter().all(std::thread::JoinHandle::is_finished) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        runtime.block_on(done);
        clients.into_iter().for_each(|client| client.join().expect("a client that saw nothing wrong"));
    });
    runtime.block_on(emulator.stop());
    rate
}

/// Bytes for each resource of a world of that many.
fn bytes_each(count: usize) -> Option<f64> {
    let before = memory()?;
    let mut world = Bare::default();
    for number in 0..count {
        let (path, version, body) = put(number);
        assert_eq!(world.put(&path, version, &body), 201, "{path}");
    }
    let bytes = (memory()? - before).max(0.0) / count as f64;
    drop(world);
    Some(bytes)
}

/// Measures [`bytes_each`] in a process of its own, which has no memory left over from before.
fn bytes_each_alone(count: usize) -> Option<f64> {
    let own = std::env::current_exe().ok()?;
    let output = Command::new(own).args(["--memory", &count.to_string()]).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// From the start of the process to its first line; the best of some.
fn start(arguments: &[&str]) -> Duration {
    let one = || {
        let began = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_labwright"))
            .arg("emulator")
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let mut first = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut first).expect("a line");
        let took = began.elapsed();
        assert!(first.starts_with("listening on "), "{first}");
        child.kill().expect("it ends");
        child.wait().expect("it has ended");
        took
    };
    (0..5).map(|_| one()).min().unwrap_or_default()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(count) = arguments.iter().skip_while(|argument| *argument != "--memory").nth(1) {
        let bytes = bytes_each(count.parse().unwrap_or(1000));
        println!("{}", bytes.unwrap_or_default());
        return ExitCode::SUCCESS;
    }
    let short = arguments.iter().any(|argument| argument == "--short");
    let count = if short { 5_000 } else { 50_000 };
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    let mut holds = true;
    let mut check = |held: bool, what: &str| {
        if !held {
            println!("  BROKEN: {what}");
        }
        holds &= held;
    };

    println!("requests, {count} resources");
    rate("world alone", count, || {
        let mut world = Bare::default();
        for number in 0..count {
            let (path, version, body) = put(number);
            assert_eq!(world.put(&path, version, &body), 201, "{path}");
        }
    });
    let in_memory = over_http("HTTP, in memory, 8 connections", count, 8, None);
    check(in_memory >= PUTS_A_SECOND, "2,000 PUTs a core's second in memory");
    over_http("HTTP, in memory, 1 connection", count.min(10_000), 1, None);
    over_http("HTTP, data file, 8 connections", count, 8, Some(file("eight.db")));
    over_http("HTTP, data file, 1 connection", count.min(10_000), 1, Some(file("one.db")));

    println!("memory, the world alone");
    let sizes: &[usize] = if short { &[1_000, 10_000] } else { &[1_000, 10_000, 50_000] };
    let each: Vec<f64> = sizes.iter().filter_map(|size| bytes_each_alone(*size)).collect();
    for (size, bytes) in sizes.iter().zip(&each) {
        println!("  {size:>6} resources {bytes:>8.0} bytes each");
    }
    let linear = each.first().zip(each.last()).is_none_or(|(small, large)| *large <= small * GROWTH);
    check(linear, "memory that grows no faster than the world");

    println!("start, from the process to its first line");
    for (what, arguments) in
        [("in memory", &[][..]), ("new data file", &["--data", &file("new.db").display().to_string()][..])]
    {
        let took = start(arguments);
        println!("  {what:<34} {took:>8.1?}");
        check(took <= START, "50 ms");
    }
    // Not held to the budget: most of it is the processor's own noise gathered for the first key.
    let took = start(&["--tls", "--tls-ca-out", &file("ca.pem").display().to_string()]);
    println!("  {:<34} {took:>8.1?}", "https");
    let took = start(&["--data", &file("eight.db").display().to_string()]);
    println!("  {:<34} {took:>8.1?}", format!("data file with {count} resources"));
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
