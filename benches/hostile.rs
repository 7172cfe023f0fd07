//! How long giant inputs that nobody meant take to be refused, and how much memory.
//!
//! `cargo bench --bench hostile` prints each; `-- --short` fails when one takes more than 20 s, or all of them more than
//! 3 GB. Each is as large as a file may be. The method is in benches/README.md.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use labwright::config::{Entry, Options, Sort, Tree, TreeError, load};

const BUDGET: Duration = Duration::from_secs(20);
const BUDGET_MB: u64 = 3000;
/// One below the most that a file may have.
const MOST: usize = 63 * 1024 * 1024;

/// A project in memory, its files in as many folders.
#[derive(Default)]
struct Files(BTreeMap<String, BTreeMap<String, String>>);

impl Files {
    fn with(mut self, folder: &str, name: String, text: String) -> Self {
        self.0.entry(folder.to_owned()).or_default().insert(name, text);
        self
    }
}

impl Tree for Files {
    fn list(&self, folder: &str) -> Result<Vec<Entry>, TreeError> {
        let files = self.0.get(folder).into_iter().flatten();
        let files = files.map(|(name, _)| Entry { name: name.clone(), sort: Sort::File });
        let folders = self.0.keys().filter(|own| folder.is_empty() && !own.is_empty());
        Ok(files.chain(folders.map(|name| Entry { name: name.clone(), sort: Sort::Folder })).collect())
    }

    fn read(&self, path: &str, _limit: u64) -> Result<Vec<u8>, TreeError> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let text = self.0.get(folder).and_then(|files| files.get(name)).ok_or(TreeError::Missing)?;
        Ok(text.clone().into_bytes())
    }
}

/// A way to make one input; it is made only when it is its turn, so that they do not add up.
type Make = fn() -> String;

const CASES: &[(&str, Make)] = &[
    ("64 MB of zeros", || "\0".repeat(MOST)),
    ("64 MB of list", || format!("labs: [{}]", "1,".repeat(MOST / 2))),
    ("64 MB of one word", || "x".repeat(MOST)),
    ("64 MB of one quoted text", || format!("labs: \"{}\"", "x".repeat(MOST - 10))),
    ("64 MB of words", || "some words: and ".repeat(MOST / 16)),
    ("a million duplicate keys", || format!("labs:\n{}", "  x: {}\n".repeat(1_000_000))),
    ("a million unknown keys", || {
        let mut text = String::from("labs:\n  a:\n");
        for at in 0..1_000_000 {
            let _ = writeln!(text, "    k{at}: 1");
        }
        text
    }),
    ("10,000 levels", || format!("labs: {}", "{a: ".repeat(10_000))),
    ("10,000 blocks", || {
        let mut text = String::new();
        for at in 0..10_000 {
            let _ = writeln!(text, "{}a:", " ".repeat(at));
        }
        text
    }),
    ("aliases of aliases", || {
        let mut text = String::from("labs:\n  a: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n");
        for at in 1..30 {
            let list = vec![format!("*a{}", at - 1); 10].join(", ");
            let _ = writeln!(text, "  b{at}: &a{at} [{list}]");
        }
        text
    }),
];

fn main() -> ExitCode {
    let mut fits = true;
    for (name, make) in CASES {
        let tree = Files::default().with("", "labwright.yaml".into(), "project: p".into()).with(
            "",
            "a.yaml".into(),
            make(),
        );
        let began = Instant::now();
        let problems = load(&tree, &Options::default()).err().map_or(0, |all| all.len() + all.left_out());
        let took = began.elapsed();
        println!("{name}: {problems} problems in {:.2} s", took.as_secs_f64());
        fits &= problems > 0 && took < BUDGET;
    }
    let mut tree = Files::default().with("", "labwright.yaml".into(), "project: p".into());
    for at in 0..100_000 {
        tree = tree.with(&(at % 300).to_string(), format!("{at}.yaml"), format!("forget: [Lab/l{at}]"));
    }
    let began = Instant::now();
    let count = load(&tree, &Options::default()).map_or(0, |project| project.desired.forget.len());
    println!("100,000 files: {count} records in {:.2} s", began.elapsed().as_secs_f64());
    fits &= count == 100_000 && began.elapsed() < BUDGET;
    let peak = peak_mb();
    println!("at most {peak} MB held");
    fits &= peak < BUDGET_MB;
    let is_short = std::env::args().any(|argument| argument == "--short");
    if is_short && !fits { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The most memory that the process ever held; 0 where the system does not tell.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).map_or(0, |kb| kb / 1024)
}
