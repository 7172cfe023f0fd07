//! A project's documents to its sections, merged over files.

use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::codes::Code;
use super::document::{self, Budget};
use super::error::{Mistake, Problems};
use super::expand::{Block, applies, without_nulls_in};
use super::fields::{self, later};
use super::load::{Loader, PROJECT_FILE, TreeError, place_at, yaml_files};
use super::near::{perhaps, quoted};
use super::node::{Entry, Node, Style};
use super::rows::has_expressions;
use super::secrets;
use super::settings::{self, Defaults, Parts, SETTINGS};
use super::texts::{Files, Place};
use super::value::Reader;
use super::world::World;
use super::{Options, sections};
use crate::kinds::{KINDS, Kind, KindInfo, LATER};

/// Sections beside those of the kinds and the settings.
pub(super) const OTHERS: &[(&str, &str)] = &[
    (
        "credentials",
        "Accounts on VMs by name; the password is a reference, `{ env: NAME }`, `{ file: PATH }` or `{ keyVault: URL }`.",
    ),
    (
        "timetables",
        "When VMs start and stop, by name: a time zone, the first and the last day, and events; named by labs.",
    ),
    ("moved", "Keys that were renamed: the thing stays, its record moves."),
    ("forget", "Addresses whose record is dropped while the thing stays."),
];

/// What all files hold together.
#[derive(Default)]
pub(super) struct Sections {
    pub(super) blocks: Vec<Block>,
    pub(super) credentials: Vec<Entry>,
    pub(super) timetables: Vec<Entry>,
    pub(super) moved: Vec<Node>,
    pub(super) forget: Vec<Node>,
    /// Files that could not be read.
    pub(super) broken: Vec<u32>,
    /// Links among the files, which are not followed.
    pub(super) links: BTreeSet<String>,
}

/// Variables that the caller gave, each with its place in what was given: a mistake in a value is
/// shown there, not where the files declare the variable.
fn given(files: &mut Files, variables: &BTreeMap<String, String>) -> BTreeMap<String, Node> {
    let lines: Vec<_> = variables.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
    let text = lines.concat();
    let file = files.add(GIVEN, text.clone());
    let mut start = 0;
    let nodes = variables.iter().zip(&lines).map(|((name, value), line)| {
        let value_at = start + name.len() + 1;
        let place = place_at(file, &text, value_at, value_at + value.len());
        start += line.len();
        (name.clone(), Node::scalar(value, Style::Cell, place))
    });
    nodes.collect()
}

/// What stands for a file's name where a value comes from `--var` or `LABWRIGHT_VAR_name`.
const GIVEN: &str = "given variables";

/// Reads every file of the project; `None` where there is no project.
pub(super) fn read(
    loader: &mut Loader<'_>,
    options: &Options,
    problems: &mut Problems,
) -> Option<(Parts, Sections)> {
    let mut reading = Reading { sections: Sections::default(), names: HashMap::new() };
    let file = match loader.read(PROJECT_FILE, None) {
        Ok(file) => file,
        Err(mistake) => {
            problems.add(no_project(loader, *mistake));
            return None;
        }
    };
    let mut budget = Budget::default();
    let root = document::parse(file, &loader.files.text(file), &mut budget, problems);
    let root = document(file, root, loader)?;
    let text = loader.files.text(file);
    let start = place_at(file, &text, 0, text.find('\n').unwrap_or(text.len()).min(60));
    if root.as_map().is_none() {
        problems.add(fields::wrong_type(&root, "a map of settings and sections"));
        return None;
    }
    let given = given(&mut loader.files, &options.variables);
    let parts = settings::read(&root, start, options, given, problems);
    reading.sort(root, true, problems);
    let files = yaml_files(loader.tree, &parts.patterns, problems);
    for (pattern, place) in parts.patterns.without_file(&files.read) {
        problems.add(
            Mistake::new(Code::Path, format!("{} means no file of the project", quoted(pattern)))
                .at(*place, "nothing is included")
                .advice("paths are relative to labwright.yaml; `exclude:` and hidden folders win"),
        );
    }
    reading.sections.links = files.links;
    let mut texts = Vec::new();
    for path in &files.read {
        match loader.read(path, None) {
            Ok(file) => texts.push((file, loader.files.text(file))),
            Err(mistake) => problems.add(*mistake),
        }
    }
    let roots = document::parse_all(&texts, &mut budget, problems);
    for ((file, _), root) in texts.into_iter().zip(roots) {
        reading.file(file, root, loader, problems);
    }
    Some((parts, reading.sections))
}

/// A missing project file is a folder that is no project; anything else is a file that cannot be read.
fn no_project(loader: &Loader<'_>, mistake: Mistake) -> Mistake {
    let is_missing = loader.tree.read(PROJECT_FILE, 0) == Err(TreeError::Missing);
    if !is_missing {
        return mistake;
    }
    Mistake::new(Code::NoProject, "there is no labwright.yaml in this folder")
        .advice("`labwright init` starts a project here; `-C DIR` takes one that is elsewhere")
}

/// What was read of a file, its secrets masked: nothing is an empty value, what could not be read is none.
fn document(file: u32, root: Option<Node>, loader: &mut Loader<'_>) -> Option<Node> {
    match &root {
        Some(root) => secrets::mask(root, &mut loader.files),
        None => loader.files.mask_by_guess(file),
    }
    let text = loader.files.text(file);
    let is_blank = || {
        text.trim_start_matches('\u{feff}').lines().all(|line| {
            let line = line.trim();
            line.is_empty() || line.starts_with('#') || matches!(line, "---" | "...")
        })
    };
    if root.is_none() && is_blank() {
        return Some(Node::scalar("", Style::Plain, place_at(file, &text, 0, 0)));
    }
    root
}

struct Reading {
    sections: Sections,
    /// Where each name of each section stands.
    names: HashMap<(&'static str, Box<str>), Place>,
}

impl Reading {
    fn file(&mut self, file: u32, root: Option<Node>, loader: &mut Loader<'_>, problems: &mut Problems) {
        let Some(root) = document(file, root, loader) else {
            self.sections.broken.push(file);
            return;
        };
        let known = |entry: &&Entry| section(&entry.key).is_some();
        match root.as_map() {
            Some(entries) if entries.iter().any(|entry| known(&entry)) => self.sort(root, false, problems),
            _ => {
                let place = Place { end: root.place.start + 1, ..root.place };
                problems.add(no_section(loader.files.name(file), place));
            }
        }
    }

    /// Puts what a file holds to its section.
    fn sort(&mut self, root: Node, is_project: bool, problems: &mut Problems) {
        for entry in root.into_map() {
            match section(&entry.key) {
                Some(Section::Setting) if is_project => {}
                Some(Section::Setting) => problems.add(
                    Mistake::new(
                        Code::SettingElsewhere,
                        format!("{} may stand in labwright.yaml only", quoted(&entry.key)),
                    )
                    .at(entry.key_place, "a setting of the project")
                    .advice("move it there, so that a change of settings can be given reviewers of its own"),
                ),
                Some(Section::Later) => problems.add(later(&entry.key).at(entry.key_place, "not yet")),
                Some(Section::Of(name, kind)) => self.blocks(name, kind, entry, problems),
                Some(Section::Credentials) => {
                    let own = self.named("credentials", entry, problems);
                    self.sections.credentials.extend(own);
                }
                Some(Section::Timetables) => {
                    let own = self.named("timetables", entry, problems);
                    self.sections.timetables.extend(own);
                }
                Some(Section::Moved) => self.sections.moved.push(entry.value),
                Some(Section::Forget) => self.sections.forget.push(entry.value),
                None => problems.add(
                    Mistake::new(Code::UnknownKey, format!("unknown section {}", quoted(&entry.key)))
                        .at(entry.key_place, "no section of this name")
                        .help(perhaps(&entry.key, every_section())),
                ),
            }
        }
    }

    fn blocks(&mut self, name: &'static str, kind: &'static dyn Kind, entry: Entry, problems: &mut Problems) {
        for own in self.named(name, entry, problems) {
            self.sections.blocks.push(Block { kind, entry: own });
        }
    }

    /// The entries of a section whose names are not taken yet.
    fn named(&mut self, name: &'static str, entry: Entry, problems: &mut Problems) -> Vec<Entry> {
        let mut found = Vec::new();
        if fields::map(&entry.value, "{ NAME: { … } }", problems).is_none() {
            return found;
        }
        for mut own in entry.value.into_map() {
            match self.names.entry((name, own.key.clone())) {
                Vacant(free) => {
                    free.insert(own.key_place);
                    secrets::refuse_expressions(std::slice::from_mut(&mut own), problems);
                    found.push(own);
                }
                Occupied(taken) => problems.add(
                    Mistake::new(Code::NameTwice, format!("{} stands twice in `{name}`", quoted(&own.key)))
                        .at(own.key_place, "again here")
                        .at(*taken.get(), "first here")
                        .advice("rename one of them, or take one away: sections are merged over files"),
                ),
            }
        }
        found
    }
}

/// What a key at the top of a file is.
enum Section {
    Setting,
    Later,
    Of(&'static str, &'static dyn Kind),
    Credentials,
    Timetables,
    Moved,
    Forget,
}

fn section(key: &str) -> Option<Section> {
    if let Some((name, kind)) = sections().find(|(section, _)| *section == key) {
        return Some(Section::Of(name, kind));
    }
    let is_setting = SETTINGS.iter().any(|(name, _)| *name == key);
    let is_later = !key.is_empty() && LATER.iter().any(|(_, section)| *section == key);
    match key {
        "credentials" => Some(Section::Credentials),
        "timetables" => Some(Section::Timetables),
        "moved" => Some(Section::Moved),
        "forget" => Some(Section::Forget),
        _ if is_setting => Some(Section::Setting),
        _ if is_later => Some(Section::Later),
        _ => None,
    }
}

fn every_section() -> impl Iterator<Item = &'static str> + Clone {
    let fixed = SETTINGS.iter().chain(OTHERS).map(|(name, _)| *name);
    sections().map(|(name, _)| name).chain(fixed)
}

fn no_section(path: &str, place: Place) -> Mistake {
    Mistake::new(Code::NoSection, format!("{} holds no section of labwright's", quoted(path)))
        .at(place, "no section in this file")
        .advice(format!("leave it out with `exclude: [{path}]` in labwright.yaml, or move it elsewhere"))
}

/// Says what is wrong with defaults, whether or not a resource takes them.
pub(super) fn check_defaults(layers: &[Defaults], world: &World<'_>, problems: &mut Problems) {
    let every: Vec<&'static KindInfo> = KINDS.iter().map(|kind| kind.info()).collect();
    for layer in layers {
        for entry in &layer.all {
            check_default(entry, &every, "`defaults.all`: no kind has it", world, problems);
        }
        for (section, entries) in &layer.sections {
            let own: Vec<_> = every.iter().copied().filter(|info| info.section == &**section).collect();
            for entry in entries {
                let of = own.first().map_or(String::new(), |info| super::value::one(info.name));
                check_default(entry, &own, &of, world, problems);
            }
        }
    }
}

fn check_default(
    entry: &Entry,
    kinds: &[&'static KindInfo],
    of: &str,
    world: &World<'_>,
    problems: &mut Problems,
) {
    let general = matches!(&*entry.key, "name" | "id" | "forEach");
    if general || !kinds.iter().any(|info| applies(info, &entry.key)) {
        let own = kinds.iter().flat_map(|info| info.attributes).map(|attribute| attribute.name);
        let known: BTreeSet<&str> =
            own.chain(["protect", "ignoreChanges", "dependsOn", "subscription"]).collect();
        let mistake = Mistake::new(Code::UnknownKey, format!("unknown key {}", quoted(&entry.key)))
            .at(
                entry.key_place,
                if of.starts_with('`') {
                    "no kind has it".to_owned()
                } else {
                    format!("not a default for {of}")
                },
            )
            .help(perhaps(&entry.key, known.iter().copied()));
        problems.add(match general {
            true => mistake.advice("each resource has its own: write it in the resource's block"),
            false => mistake,
        });
        return;
    }
    let attribute = kinds.iter().find_map(|info| info.attribute(&entry.key));
    if let Some(attribute) = attribute.filter(|_| !has_expressions(&entry.value) && !entry.value.is_null()) {
        let mut value = entry.value.clone();
        without_nulls_in(&attribute.shape, &mut value);
        let mut reader = Reader::new(world, problems);
        reader.partial = true;
        reader.value(&attribute.shape, &value, attribute.name);
    }
}
