//! A project in memory, and its problems as text.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::collections::{BTreeMap, BTreeSet};

use labwright::config::{Diagnostics, Entry, Options, Project, Sort, Tree, TreeError, load};

/// A project with a bit of everything.
pub(crate) const SAMPLE: &str = "
project: contoso-cs
variables: { term: Spring2027, small: 30 }
defaults:
  all: { resourceGroup: cslabs-rg, location: West Europe, tags: { department: cs } }
  labs: { autoShutdown: { shutDownAfterDisconnect: 15m } }
resourceGroups:
  cslabs-rg: { name: CSLabs }
galleries:
  sig_cs_prod: { description: CS teaching images, protect: true, tags: { owner: ana } }
labAccounts:
  cs-core-la: { marketplaceImages: [Ubuntu Server 22.04 LTS] }
galleryAttachments:
  core: { to: LabAccount/cs-core-la, gallery: sig_cs_prod, enabledImages: [java-dev, db-sql] }
credentials:
  student: { username: student, password: { env: LAB_PASSWORD } }
images:
  java-dev:
    gallery: sig_cs_prod
    os: { type: linux, state: Generalized, hyperV: V1 }
    identifier: { publisher: ContosoCS, offer: Teaching, sku: java-dev }
    replicate: { geography: Europe, replicas: 2 }
    versions:
      1.4.0: { source: { managedDisk: /subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/disks/d } }
  db-sql:
    gallery: sig_cs_prod
    exportedFrom: { lab: cs340-golden, revision: 1, fresh: true }
labs:
  cs340-golden:
    in: cs-core-la
    image: Marketplace/Ubuntu Server 22.04 LTS
    size: medium
    capacity: 1
    template: true
    credentials: student
  $(lab)-$(term):
    forEach: { csv: terms/spring27.csv }
    in: LabAccount/$(account)
    image: $(image)
    size: $(size)
    capacity: $(seats)
    quota: 20h
    credentials: student
    publish: { revision: 1 }
";

/// Its rows.
pub(crate) const CSV: &str =
    "lab;account;image;size;seats\ncs101-A;cs-core-la;java-dev;Small;40\ncs101-B;cs-core-la;db-sql;Small;\n";

/// Files by path.
pub(crate) struct Memory(pub(crate) BTreeMap<String, Vec<u8>>);

impl Memory {
    pub(crate) fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(files.into_iter().map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).collect())
    }
}

impl Tree for Memory {
    fn list(&self, folder: &str) -> Result<Vec<Entry>, TreeError> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let below = self.0.keys().filter_map(|path| path.strip_prefix(&prefix));
        let entries: BTreeSet<_> =
            below.map(|rest| rest.split_once('/').map_or((rest, false), |(name, _)| (name, true))).collect();
        let entry = |(name, is_folder): (&str, bool)| Entry {
            name: name.to_owned(),
            sort: if is_folder { Sort::Folder } else { Sort::File },
        };
        Ok(entries.into_iter().map(entry).collect())
    }

    fn read(&self, path: &str, _limit: u64) -> Result<Vec<u8>, TreeError> {
        self.0.get(path).cloned().ok_or(TreeError::Missing)
    }
}

pub(crate) fn project(files: &[(&str, &str)]) -> Result<Project, Diagnostics> {
    load(&Memory::of(files.iter().copied()), &Options::default())
}

/// The last parts of the codes of every problem.
pub(crate) fn codes(files: &[(&str, &str)]) -> Vec<String> {
    codes_of(&Memory::of(files.iter().copied()))
}

pub(crate) fn codes_of(tree: &dyn Tree) -> Vec<String> {
    let last = |code: &str| code.rsplit("::").next().unwrap_or(code).to_owned();
    match load(tree, &Options::default()) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(|problem| last(problem.code())).collect(),
    }
}

/// Every problem as people see it: 80 columns, no colour.
pub(crate) fn rendered(tree: &dyn Tree, options: &Options) -> String {
    let handler =
        miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode_nocolor()).with_width(80);
    let mut text = String::new();
    if let Err(problems) = load(tree, options) {
        for problem in &problems {
            handler.render_report(&mut text, problem).expect("a text takes everything");
            text.push('\n');
        }
    }
    text
}
