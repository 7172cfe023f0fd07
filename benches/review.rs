//! How long a review of 1,000 labs takes, as its user waits for it: the program itself, git included.
//!
//! `cargo bench --bench review` measures; both it and `-- --short` fail when the budget is broken. The method is in
//! benches/README.md.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

const BUDGET: Duration = Duration::from_millis(100);
/// What is more than the budget on a slow machine is at most so many times what `validate` of one side takes there.
const TIMES_VALIDATE: f64 = 6.0;
const LABS: usize = 1000;

/// A project of 1,000 labs in ten files, in the shape of examples/contoso-cs.
fn project(folder: &Path) {
    let settings = "project: bench\ncloud: emulator\ndefaults:\n  all: { resourceGroup: rg, location: westeurope, tags: { department: cs } }\n  labs:\n    access: Restricted\n    quota: 10h\n    autoShutdown: { shutDownAfterDisconnect: 15m, shutDownIfNobodyConnects: 15m }\nresourceGroups:\n  rg: {}\ncredentials:\n  student: { username: student, password: { env: LAB_PASSWORD } }\nlabAccounts:\n  la: { marketplaceImages: [Ubuntu Server 22.04 LTS] }\n";
    std::fs::write(folder.join("labwright.yaml"), settings).expect("written");
    for file in 0..10 {
        let mut text = String::from("labs:\n");
        for lab in 0..LABS / 10 {
            let _ = writeln!(
                text,
                "  lab{file}-{lab}:\n    in: LabAccount/la\n    image: Marketplace/Ubuntu Server 22.04 LTS\n    size: Medium\n    capacity: 30\n    title: Course {lab}\n    credentials: student"
            );
        }
        std::fs::write(folder.join(format!("labs{file}.yaml")), text).expect("written");
    }
}

fn git(folder: &Path, arguments: &[&str]) {
    let who = ["-c", "user.name=Bench", "-c", "user.email=bench@example.com", "-c", "commit.gpgsign=false"];
    let ended =
        Command::new("git").args(who).args(arguments).current_dir(folder).status().expect("git is installed");
    assert!(ended.success(), "{arguments:?}");
}

/// Changes a file and commits it on a branch of its own.
fn branch(folder: &Path, name: &str, file: &str, from: &str, to: &str) {
    git(folder, &["checkout", "--quiet", "-b", name, "main"]);
    let path = folder.join(file);
    let text = std::fs::read_to_string(&path).expect("a file");
    std::fs::write(&path, text.replacen(from, to, 1)).expect("written");
    git(folder, &["commit", "--quiet", "--all", "--message", name]);
}

/// The best of `runs`: what the program takes where nothing else is in its way.
fn best(folder: &Path, arguments: &[&str], exit: i32, runs: usize) -> Duration {
    let times = (0..runs).map(|_| {
        let began = Instant::now();
        let ended = Command::new(env!("CARGO_BIN_EXE_labwright"))
            .args(arguments)
            .current_dir(folder)
            .output()
            .expect("it runs");
        assert_eq!(ended.status.code(), Some(exit), "{}", String::from_utf8_lossy(&ended.stderr));
        began.elapsed()
    });
    times.min().expect("at least one run")
}

fn main() -> ExitCode {
    let short = std::env::args().any(|argument| argument == "--short");
    let runs = if short { 5 } else { 21 };
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    project(folder);
    git(folder, &["init", "--quiet", "--initial-branch", "main"]);
    git(folder, &["add", "."]);
    git(folder, &["commit", "--quiet", "--message", "base"]);
    branch(folder, "one", "labs3.yaml", "capacity: 30", "capacity: 34");
    branch(folder, "all", "labwright.yaml", "quota: 10h", "quota: 12h");
    let review = |head: &str| {
        best(folder, &["review", "--base", "main", "--head", head, "--detailed-exitcode"], 2, runs)
    };
    let (one, all, validate) = (review("one"), review("all"), best(folder, &["validate"], 0, runs));
    let times = |review: Duration| review.as_secs_f64() / validate.as_secs_f64();
    println!("review of {LABS} labs (best of {runs})");
    println!("  validate of one side     {validate:>8.1?}");
    println!("  one lab differs          {one:>8.1?}  {:.2} times that", times(one));
    println!("  a default reaches all    {all:>8.1?}  {:.2} times that", times(all));
    let keeps = |review: Duration| review <= BUDGET || times(review) <= TIMES_VALIDATE;
    if keeps(one) && keeps(all) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
