//! How long a plan of 10,000 resources takes from nothing, and how much memory.
//!
//! `cargo bench --bench plan` measures; `cargo bench --bench plan -- --short` runs once and fails when
//! the budget (one second, 300 MB) is broken. The method is in benches/README.md.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use labwright::config::{Entry, Options as LoadOptions, Sort, Tree, TreeError, load};
use labwright::model::{Recorded, Recording};
use labwright::plan::{Options, Plan, plan};

const BUDGET: Duration = Duration::from_secs(1);
const BUDGET_MB: u64 = 300;

/// A project in memory.
struct Files(BTreeMap<String, String>);

impl Tree for Files {
    fn list(&self, folder: &str) -> Result<Vec<Entry>, TreeError> {
        let own = self.0.keys().filter(|_| folder.is_empty());
        Ok(own.map(|name| Entry { name: name.clone(), sort: Sort::File }).collect())
    }

    fn read(&self, path: &str, _limit: u64) -> Result<Vec<u8>, TreeError> {
        self.0.get(path).map(|text| text.clone().into_bytes()).ok_or(TreeError::Missing)
    }
}

/// Departments in the shape of examples/contoso-cs, each of 75 resources: 3 accounts, 2 galleries,
/// 12 images with 14 versions, 3 attachments, 40 labs, 1 publish.
fn project(resources: usize) -> Files {
    let mut files = BTreeMap::new();
    let settings = "project: bench\ncloud: emulator\ndefaults:\n  all: { resourceGroup: rg, location: westeurope, tags: { department: cs } }\n  labs:\n    access: Restricted\n    quota: 10h\n    autoShutdown: { shutDownAfterDisconnect: 15m, shutDownIfNobodyConnects: 15m }\nresourceGroups:\n  rg: {}\ncredentials:\n  student: { username: student, password: { env: LAB_PASSWORD } }\n";
    files.insert("labwright.yaml".to_owned(), settings.to_owned());
    for department in 0..resources.div_ceil(75) {
        files.insert(format!("d{department}.yaml"), self::department(department));
    }
    Files(files)
}

fn department(d: usize) -> String {
    let mut text = String::from("labAccounts:\n");
    for account in 0..3 {
        let _ = writeln!(text, "  la{d}-{account}: {{ marketplaceImages: [Ubuntu Server 22.04 LTS] }}");
    }
    let _ = writeln!(text, "galleries:\n  sig{d}_0: {{}}\n  sig{d}_1: {{}}\ngalleryAttachments:");
    for account in 0..3 {
        let images: Vec<_> =
            (0..12).filter(|image| image % 2 == account % 2).map(|image| format!("i{d}-{image}")).collect();
        let (gallery, images) = (account % 2, images.join(", "));
        let _ = writeln!(
            text,
            "  at{d}-{account}: {{ to: LabAccount/la{d}-{account}, gallery: sig{d}_{gallery}, enabledImages: [{images}] }}"
        );
    }
    text.push_str("images:\n");
    for image in 0..12 {
        let _ = writeln!(
            text,
            "  i{d}-{image}:\n    gallery: sig{d}_{}\n    os: {{ type: Linux, state: Generalized, hyperV: V1 }}\n    identifier: {{ publisher: Contoso, offer: Teaching, sku: i{d}-{image} }}\n    replicate: {{ geography: Europe, replicas: 2 }}\n    versions:",
            image % 2
        );
        for version in 0..=usize::from(image < 2) {
            let _ = writeln!(
                text,
                "      1.0.{version}: {{ source: {{ managedDisk: /subscriptions/s/resourceGroups/b/providers/Microsoft.Compute/disks/i{image} }} }}"
            );
        }
    }
    text.push_str("labs:\n");
    for lab in 0..40 {
        let account = lab % 3;
        let image = (lab % 6) * 2 + account % 2;
        let _ = writeln!(
            text,
            "  lab{d}-{lab}:\n    in: LabAccount/la{d}-{account}\n    image: i{d}-{image}\n    size: Medium\n    capacity: 30\n    title: Course {lab}\n    credentials: student"
        );
        if lab == 0 {
            text.push_str("    publish: { revision: 1 }\n");
        }
    }
    text
}

fn planned(files: &Files, recorded: &Recorded) -> (Plan, Duration, Duration) {
    let began = Instant::now();
    let project = load(files, &LoadOptions::default()).unwrap_or_else(|error| panic!("{error}"));
    let loaded = began.elapsed();
    let options = Options { today: "2026-11-23".into(), ..Options::default() };
    let plan = plan(&project.desired, recorded, &options).unwrap_or_else(|error| panic!("{error}"));
    (plan, loaded, began.elapsed())
}

/// The record once the plan is carried out.
fn carried_out(plan: &Plan) -> Recorded {
    let mut recorded = Recorded::default();
    for action in &plan.actions {
        for step in &action.steps {
            if let Recording::Put(row) = &step.record {
                let whole = recorded
                    .rows
                    .get(&action.address)
                    .is_none_or(|had| had.attributes.len() <= row.attributes.len());
                if whole {
                    recorded.rows.insert(action.address.clone(), row.as_ref().clone());
                }
            }
        }
    }
    // An attachment's last action records the whole list.
    for action in plan.actions.iter().filter(|action| action.id.ends_with("#disable-others")) {
        if let Some(Recording::Put(row)) = action.steps.last().map(|step| &step.record) {
            recorded.rows.insert(action.address.clone(), row.as_ref().clone());
        }
    }
    recorded
}

/// The most memory that this process has held, in MB; Linux only.
fn peak_mb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kb| kb / 1024)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// The number after `--resources`, 10,000 without it.
fn asked_for() -> usize {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--resources").skip(1);
    arguments.next().and_then(|number| number.parse().ok()).unwrap_or(10_000)
}

fn main() -> ExitCode {
    let short = std::env::args().any(|argument| argument == "--short");
    let files = project(asked_for());
    let runs = if short { 1 } else { 7 };
    let (mut loads, mut wholes) = (Vec::new(), Vec::new());
    let mut made = None;
    for counted in 0..=runs {
        drop(made.take());
        let (plan, loaded, whole) = planned(&files, &Recorded::default());
        if counted > 0 {
            loads.push(loaded);
            wholes.push(whole);
        }
        made = Some(plan);
    }
    let plan = made.expect("at least one run");
    let (whole, peak) = (median(wholes), peak_mb());
    println!("plan from nothing: {} resources, {} actions", plan.changes.len(), plan.actions.len());
    println!("  read and expand   {:>8.1?}", median(loads));
    println!("  read and plan     {whole:>8.1?}   (median of {runs})");
    println!("  peak memory       {:>5} MB", peak.map_or_else(|| "?".into(), |mb| mb.to_string()));

    let recorded = carried_out(&plan);
    drop(plan);
    let (kept, _, noop) = planned(&files, &recorded);
    println!("plan of what is recorded already: {} changes, {noop:.1?}", kept.changes.len());
    let within = whole <= BUDGET && peak.is_none_or(|mb| mb <= BUDGET_MB) && kept.is_empty();
    if within { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
