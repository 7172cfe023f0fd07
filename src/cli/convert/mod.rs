//! `labwright convert csv`: the labs of a sheet of Microsoft's bulk tools as files; asks nothing of Azure.
//!
//! What cannot be converted is left out row by row and said with its line; the rest is written, read back and valid. What
//! the files have already stays as it is, so a mended sheet is converted again into the same folder.

mod cells;
mod labs;
mod schedules;
mod sheet;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, json};

use self::labs::{Converted, Image, Known, Times};
use self::sheet::{Generation, Sheet};
use super::arguments::Csv as Arguments;
use super::blocks::files::{self, Files};
use super::blocks::{defaults, key_of, password_variable, project_name};
use super::failure::CommandError;
use super::{Context, Exit, Failure};
use crate::config::{CloudSettings, EMULATOR_SUBSCRIPTION, GuidOrEnv, PROJECT_FILE, Project};
use crate::model::{Address, Attributes, Severity};
use crate::plan;
use crate::render::{clean, count};

/// Converts a sheet; exit 3 where rows are left out.
pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let bytes = std::fs::read(&arguments.file).map_err(|source| CommandError::File {
        doing: "read",
        path: arguments.file.clone(),
        source,
    })?;
    let sheet =
        sheet::read(&bytes).map_err(|why| CommandError::NoSheet { path: arguments.file.clone(), why })?;
    let root = context.root();
    let is_new = !root.join(PROJECT_FILE).exists();
    let starter = |defaults: &Map<_, _>| {
        let text = files::project_file(&project_name(root), &json!("emulator"), defaults);
        Files::from([(PROJECT_FILE.to_owned(), text)])
    };
    let before = match is_new {
        true => starter(&Map::new()),
        false => Files::new(),
    };
    let project = files::load(&before, is_new, context)?;
    let mut known = known(&project);
    known.timetables = times(&sheet, &arguments.file, &project);
    let done = valid(&sheet, &known, &before, is_new, context)?;
    let mut written = Files::new();
    if !done.labs.is_empty() {
        let mut blocks = done.blocks.clone();
        if is_new {
            written = starter(&defaults::factor_out(&mut blocks));
            written.extend(files::of(&blocks));
            files::refuse_others(root, &written)?;
        } else {
            written = files::beside_others(root, files::of(&blocks));
        }
        files::load(&written, is_new, context)?;
        std::fs::create_dir_all(root).map_err(|source| CommandError::File {
            doing: "write",
            path: root.to_owned(),
            source,
        })?;
        files::write(root, &written)?;
    }
    context.printer.result(&told(&arguments.file, &sheet, &done, &written, context));
    Ok(if done.rejected.is_empty() { Exit::Done } else { Exit::Configuration })
}

/// Reads the sheets of times beside the sheet that it names; what the files have under a name stays as it is.
fn times(sheet: &Sheet, file: &Path, project: &Project) -> BTreeMap<String, Times> {
    let names = sheet.rows.iter().filter_map(|row| row.text("schedules"));
    let mut bases: BTreeMap<String, String> = BTreeMap::new();
    let mut times = BTreeMap::new();
    for name in names.collect::<BTreeSet<_>>() {
        let base = name.strip_suffix(".csv").unwrap_or(name);
        let other = bases.entry(key_of(base)).or_insert_with(|| base.to_owned());
        let own = match other == base {
            true => times_of(base, file, project),
            false => Times::Wrong(vec![format!("it would be one timetable with `{other}`: rename its file")]),
        };
        times.insert(name.to_owned(), own);
    }
    times
}

fn times_of(base: &str, file: &Path, project: &Project) -> Times {
    let key = key_of(base);
    if project.timetables.contains(&key) {
        return Times::Known(key);
    }
    if base.contains(['/', '\\']) {
        return Times::Wrong(vec!["it is no name of a file beside the sheet".into()]);
    }
    let path = file.with_file_name(format!("{base}.csv"));
    let bytes = std::fs::read(&path).map_err(|error| vec![format!("{base}.csv cannot be read: {error}")]);
    match bytes.and_then(|bytes| schedules::timetable(&bytes)) {
        Ok(block) => Times::New(key, block),
        Err(why) => Times::Wrong(why),
    }
}

/// Converts, and leaves out each row whose lab labwright would refuse.
fn valid(
    sheet: &Sheet,
    known: &Known,
    before: &Files,
    is_new: bool,
    context: &Context,
) -> Result<Converted, Failure> {
    let mut rejected = BTreeMap::new();
    loop {
        let done = labs::convert(sheet, known, rejected);
        let mut all = files::beside_others(context.root(), files::of(&done.blocks));
        all.extend(before.clone());
        let mut wrong: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        match files::load(&all, is_new, context) {
            Ok(project) => {
                for finding in project.desired.findings.iter().filter(|own| own.severity == Severity::Error) {
                    let key = finding.address.as_ref().filter(|own| own.kind() == "Lab").map(Address::key);
                    if let Some(line) = key.and_then(|key| done.labs.get(key)) {
                        wrong
                            .entry(*line)
                            .or_default()
                            .push(format!("{}: {}", finding.rule, finding.message));
                    }
                }
            }
            Err(failure) => {
                for finding in &failure.findings {
                    let source = finding.source.as_ref();
                    let key =
                        source.and_then(|own| lab_at(all.get(&own.file)?, usize::try_from(own.line).ok()?));
                    match key.and_then(|key| done.labs.get(&key)) {
                        Some(line) => wrong.entry(*line).or_default().push(finding.message.clone()),
                        None => return Err(failure),
                    }
                }
            }
        }
        if wrong.is_empty() {
            return Ok(done);
        }
        rejected = done.rejected;
        rejected.extend(wrong);
    }
}

/// The key of the lab whose block holds the line, counted from 1, of a file of ours.
fn lab_at(text: &str, line: usize) -> Option<String> {
    let (mut section, mut key) = ("", None);
    for line in text.lines().take(line) {
        match line.strip_prefix("  ") {
            None => (section, key) = (line.trim_end_matches(':'), None),
            Some(own) if !own.starts_with(' ') => {
                key = own.strip_suffix(':').map(|own| own.trim_matches(['\'', '"']).to_owned());
            }
            Some(_) => {}
        }
    }
    key.filter(|_| section == "labs")
}

/// What the files have of what a sheet names.
fn known(project: &Project) -> Known {
    let mut known = Known { exists: project.desired.real_endpoint, ..Known::default() };
    let addresses = project.desired.resources.keys().cloned().collect();
    let guid = |name: &str| match project.settings.subscriptions.get(name) {
        Some(GuidOrEnv::Guid(guid)) => Some(guid.clone()),
        Some(GuidOrEnv::Env(_)) if project.settings.cloud == CloudSettings::Emulator => {
            Some(EMULATOR_SUBSCRIPTION.to_owned())
        }
        _ => None,
    };
    for record in plan::existing_rows(&project.desired, &addresses) {
        let (address, Some(row)) = (record.address, record.row) else { continue };
        let text = |name: &str| text_of(&row.attributes, name);
        let (key, name) = (address.key().to_owned(), text("name").unwrap_or(address.key()).to_lowercase());
        let section = match address.kind() {
            "ResourceGroup" => {
                known.groups.insert(name);
                "resourceGroups"
            }
            "LabAccount" | "LabPlan" => {
                let group = text("resourceGroup").unwrap_or_default().to_lowercase();
                let (generation, section) = match address.kind() {
                    "LabPlan" => (Generation::Plans, "labPlans"),
                    _ => (Generation::Accounts, "labAccounts"),
                };
                known.holders.insert((generation, group, name), key.clone());
                let regions = row.attributes.get("allowedRegions").and_then(|own| own.as_array());
                let regions = regions.map(|all| all.iter().filter_map(|own| own.as_str()).map(str::to_owned));
                known.regions.extend(regions.map(|regions| (key.clone(), regions.collect())));
                section
            }
            "Gallery" => {
                known.galleries.insert(row.arm_id.in_subscription(guid), key.clone());
                "galleries"
            }
            "Image" => {
                let gallery = referred(&row.attributes, "gallery");
                let system = row.attributes.get("os").and_then(|os| os["type"].as_str()).map(str::to_owned);
                let image = Image { name: row.arm_id.name().to_owned(), key: key.clone(), system };
                known.images.entry(gallery).or_default().push(image);
                "images"
            }
            "GalleryAttachment" => {
                let gallery = referred(&row.attributes, "gallery");
                known.attached.insert(text("to").unwrap_or_default().to_owned(), gallery);
                "galleryAttachments"
            }
            "Lab" => {
                let user = row.attributes.get("credentials");
                let user = project.accounts.iter().find(|(_, own)| Some(*own) == user);
                known.users.extend(user.map(|(user, _)| (key.clone(), user.clone())));
                known.labs.insert((text("in").unwrap_or_default().to_owned(), name), key.clone());
                "labs"
            }
            _ => continue,
        };
        known.taken.entry(section).or_default().insert(key);
    }
    for (key, account) in &project.accounts {
        known.variables.insert(password_variable(key));
        known.variables.extend(account["password"]["env"].as_str().map(str::to_owned));
    }
    known
}

fn text_of<'a>(attributes: &'a Attributes, name: &str) -> Option<&'a str> {
    attributes.get(name)?.as_str()
}

/// The key of what a reference names.
fn referred(attributes: &Attributes, name: &str) -> String {
    let address = attributes
        .get(name)
        .and_then(crate::kinds::reference_text)
        .and_then(|text| text.parse::<Address>().ok());
    address.map(|own| own.key().to_owned()).unwrap_or_default()
}

/// What became of it, for people.
fn told(file: &Path, sheet: &Sheet, done: &Converted, written: &Files, context: &Context) -> String {
    let mut text = String::new();
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if !done.rejected.is_empty() {
        text += &format!("Left out ({}):\n", count(done.rejected.len(), "row"));
        for (line, why) in &done.rejected {
            text += &format!("  {name}:{line}\n");
            why.iter().for_each(|why| text += &format!("    {}\n", clean(why)));
        }
        text += "\n";
    }
    if !sheet.homeless.is_empty() {
        text += "Columns without a place:\n";
        for (column, why, rows) in &sheet.homeless {
            text += &format!("  {} ({})\n    {why}\n", clean(column), count(*rows, "row"));
        }
        text += "\n";
    }
    if !done.present.is_empty() {
        let keys: Vec<_> =
            done.present.iter().map(|(line, key)| format!("Lab/{key} (line {line})")).collect();
        text += &format!("In the files already, and left as they are: {}.\n\n", keys.join(", "));
    }
    if !done.secrets.is_empty() {
        text += "The sheet holds passwords in plain text: delete it once you are done. These variables stand for them, to be set before an apply:\n";
        for (variable, (user, line)) in &done.secrets {
            text += &format!("  {variable}  for {}, line {line}\n", clean(user));
        }
        text += "\n";
    }
    if sheet.generation == Generation::Plans && !done.labs.is_empty() {
        text += "The sheet does not say how students reach their VMs. `connection` opens a remote desktop on Windows and SSH on Linux, both where the files do not know the system.\n\n";
    }
    if !written.is_empty() {
        text += &format!("Written: {}.\n", written.keys().cloned().collect::<Vec<_>>().join(", "));
    }
    text += &format!("Converted: {} of {}.\n", count(done.labs.len(), "lab"), count(sheet.rows.len(), "row"));
    if !done.labs.is_empty() {
        text += &format!(
            "Nobody can use a lab before it is published: give each `publish: {{ revision: 1 }}`. Then look at it:\n  {}\n",
            context.typed("plan")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_our_file_belongs_to_a_lab_or_to_none() {
        let text = "credentials:\n  ada:\n    username: ada\nlabs:\n  optics:\n    size: Medium\n  '101':\n    size: Small\n";
        let at = |line| lab_at(text, line);
        assert_eq!((at(3), at(4)), (None, None));
        assert_eq!(
            (at(5).as_deref(), at(6).as_deref(), at(8).as_deref()),
            (Some("optics"), Some("optics"), Some("101"))
        );
    }
}
