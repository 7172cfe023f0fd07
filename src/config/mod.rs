//! The configuration: YAML files in, [`Desired`] out, every problem at once.
//!
//! Entry point is [`load`]. Files are found and read by `load`, parsed by `document` to values with
//! places, laid over each other by `expand`, read by the tables of [`kinds`](crate::kinds) in
//! `resource` and `value`, and checked against each other by `validate`. What a key means stands in
//! the kinds' tables; three words that no table can say are constants in `reference` (what
//! `enabledImages` lists), `world` (the section that `resourceGroup` may name) and `timetables` (the kind of events). It opens no secret
//! and no environment variable, and decides nothing about what exists.

mod cloud;
mod codes;
mod document;
mod error;
mod expand;
mod fields;
mod format;
mod ids;
mod load;
mod near;
mod node;
mod outline;
mod paths;
mod policy;
mod reference;
mod resource;
mod rows;
mod schema;
mod secrets;
mod sections;
mod settings;
mod table;
mod texts;
mod timetables;
mod validate;
mod value;
mod variables;
mod world;
mod write;

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::Value;

pub use cloud::{Auth, AzureSettings, CloudSettings, EMULATOR_SUBSCRIPTION, GuidOrEnv};
pub use codes::CODES;
pub use error::{ConfigError, Diagnostics, Label};
pub use format::{Reformatted, reformat};
pub use load::{Entry, Folder, PROJECT_FILE, Sort, Tree, TreeError};
pub use outline::{Outline, outline};
pub use schema::schema;
pub use settings::Settings;
pub use texts::{FileText, Texts};
pub use timetables::SHARED as SHARED_BY_EVENTS;
pub use write::{to_value, to_yaml};

use sections::Sections;
use settings::Parts;
use texts::Files;
use variables::Scope;
use world::World;

use crate::kinds::{KINDS, Kind};
use crate::model::{Address, Cloud, Desired, Finding, Identity, Severity};
use error::Problems;

/// What the command line says beside the files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// `--env`, else `LABWRIGHT_ENV`.
    pub environment: Option<String>,
    /// `--var name=value` over `LABWRIGHT_VAR_name`.
    pub variables: BTreeMap<String, String>,
}

/// A project, read and found in order.
#[derive(Debug)]
pub struct Project {
    /// What commands ask for.
    pub settings: Settings,
    /// What the files ask for; warnings are among its findings.
    pub desired: Desired,
    /// What stands under `credentials:`, by name, in normal form.
    pub accounts: BTreeMap<String, Value>,
    /// The names under `timetables:`.
    pub timetables: BTreeSet<String>,
    /// The files' texts for snippets, everything under credentials masked.
    pub texts: Texts,
}

/// Reads a project.
///
/// # Errors
/// Everything that is wrong with the files, never empty.
pub fn load(tree: &dyn Tree, options: &Options) -> Result<Project, Diagnostics> {
    let mut problems = Problems::default();
    let mut loader = load::Loader::new(tree);
    let Some((parts, mut sections)) = sections::read(&mut loader, options, &mut problems) else {
        return Err(problems.into_diagnostics(loader.files));
    };
    let blocks = std::mem::take(&mut sections.blocks);
    let expanded = expand::expand(blocks, &parts.defaults, &parts.variables, &mut loader, &mut problems);
    let files = loader.files;
    let (desired, accounts) = desired(&files, &parts, &sections, &expanded, &mut problems);
    if !problems.is_empty() {
        return Err(problems.into_diagnostics(files));
    }
    let timetables = sections.timetables.iter().map(|entry| entry.key.to_string()).collect();
    let texts = Texts::new(files.into_texts());
    Ok(Project { settings: parts.settings, desired, accounts, timetables, texts })
}

/// Everything that the files ask for, and the named accounts; not to be used once there are problems.
fn desired(
    files: &Files,
    parts: &Parts,
    sections: &Sections,
    expanded: &expand::Expanded,
    problems: &mut Problems,
) -> (Desired, BTreeMap<String, Value>) {
    let scope = Scope::of(&parts.variables);
    let mut world = World::new(files, &parts.settings.subscriptions, expanded, &sections.broken);
    secrets::section(&sections.credentials, scope, &mut world, problems);
    let of_timetables = timetables::section(&sections.timetables, scope, &mut world, problems);
    sections::check_defaults(&parts.defaults, &world, problems);
    let policy = parts.policy.as_ref().map(|node| policy::policy(node, scope, &world, problems));
    let policy = policy.unwrap_or_default();
    let built = resource::read_all(&expanded.instances, &mut world, problems);
    let (identity, subscription, real_endpoint) = identity(&parts.settings);
    let (moved, forget) = {
        let addresses = LazyCell::new(|| built.iter().map(|built| &built.address).collect::<HashSet<_>>());
        let exists = |address: &Address| addresses.contains(address);
        let moved = sections.moved.iter();
        let moved = moved.flat_map(|node| policy::moved(node, scope, &world, &exists, problems)).collect();
        let forget = sections.forget.iter();
        let forget = forget.flat_map(|node| policy::forget(node, scope, &world, &exists, problems));
        (moved, forget.collect())
    };
    let measure = validate::Measure { subscription: &subscription, real_endpoint, files };
    let (resources, mut findings) = validate::resources(built, &measure, &world, problems);
    findings.extend(parts.undeclared.iter().map(|name| undeclared(name)));
    findings.extend(sections.links.iter().map(|path| link(path)));
    findings.extend(of_timetables);
    findings.sort();
    findings.dedup();
    let accounts = std::mem::take(&mut world.credentials);
    let accounts = accounts.into_iter().filter_map(|(name, own)| Some((name, own?))).collect();
    let desired =
        Desired { identity, subscription, real_endpoint, resources, moved, forget, policy, findings };
    (desired, accounts)
}

fn identity(settings: &Settings) -> (Identity, String, bool) {
    let (cloud, tenant, known, subscription, real) = match &settings.cloud {
        CloudSettings::Emulator => (
            Cloud::Emulator,
            None,
            Some(EMULATOR_SUBSCRIPTION.to_owned()),
            EMULATOR_SUBSCRIPTION.to_owned(),
            false,
        ),
        CloudSettings::Azure(azure) => {
            let tenant = azure.tenant.as_ref().and_then(GuidOrEnv::known).map(str::to_owned);
            let known = match settings.subscriptions.get(&azure.subscription) {
                Some(named) => named.known().map(str::to_owned),
                None => Some(azure.subscription.clone()),
            };
            (Cloud::Azure, tenant, known, azure.subscription.clone(), azure.is_real())
        }
    };
    let identity = Identity {
        project: settings.project.clone(),
        environment: settings.environment.clone(),
        cloud,
        tenant,
        subscription: known,
    };
    (identity, subscription, real)
}

fn undeclared(name: &str) -> Finding {
    Finding {
        rule: "variables".into(),
        severity: Severity::Warning,
        message: format!(
            "the variable {} is given, and labwright.yaml does not declare it",
            near::quoted(name)
        ),
        address: None,
        source: None,
        help: Some(format!(
            "declare it under `variables:`, or check the spelling of `--var` or `LABWRIGHT_VAR_{name}`"
        )),
    }
}

fn link(path: &str) -> Finding {
    Finding {
        rule: "link".into(),
        severity: Severity::Info,
        message: format!("{} is a link, and links are not followed", near::quoted(path)),
        address: None,
        source: None,
        help: Some("put the file itself there, or leave the link out with `exclude:`".into()),
    }
}

/// The sections that hold resources, with the kind of each.
pub(crate) fn sections() -> impl Iterator<Item = (&'static str, &'static dyn Kind)> + Clone {
    KINDS.iter().map(|kind| (kind.info().section, *kind)).filter(|(section, _)| !section.is_empty())
}
