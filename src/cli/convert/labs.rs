//! A sheet's rows as blocks: every row stands for itself, and what is wrong with one is said of it alone.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::cells::{Cells, sorted_tags};
use super::sheet::{Generation, Row, Sheet};
use crate::catalog::region;
use crate::cli::blocks::{Blocks, account_key, key_of};
use crate::model::ArmId;

/// What the files have already.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Keys of lab accounts or lab plans by generation, group and name, both in lower case.
    pub(super) holders: BTreeMap<(Generation, String, String), String>,
    /// The regions that lab plans allow by name, by the keys of the plans.
    pub(super) regions: BTreeMap<String, Vec<String>>,
    /// Keys of labs by the address of their account or plan and their name in lower case.
    pub(super) labs: BTreeMap<(String, String), String>,
    /// Keys of galleries by id.
    pub(super) galleries: BTreeMap<ArmId, String>,
    /// Images by the key of their gallery.
    pub(super) images: BTreeMap<String, Vec<Image>>,
    /// Keys of the galleries that are attached, by the addresses of their accounts or plans.
    pub(super) attached: BTreeMap<String, String>,
    /// Variables that hold passwords, or would for an account on VMs that the files have.
    pub(super) variables: BTreeSet<String>,
    /// Keys of the accounts on their VMs, by the keys of labs.
    pub(super) users: BTreeMap<String, String>,
    /// Names of groups in lower case.
    pub(super) groups: BTreeSet<String>,
    /// Keys that are taken, by section.
    pub(super) taken: BTreeMap<&'static str, BTreeSet<String>>,
    /// What the sheet's `Schedules` name, by the text of the cell.
    pub(super) timetables: BTreeMap<String, Times>,
    /// Whether what the sheet names exists in Azure already: nobody can make a lab account there any more.
    pub(super) exists: bool,
}

/// What became of the times that a sheet names.
#[derive(Debug)]
pub(super) enum Times {
    /// The files have a timetable of this name.
    Known(String),
    /// They are a timetable, to be written under this name.
    New(String, Value),
    /// They are none; why.
    Wrong(Vec<String>),
}

/// An image of a gallery that the files describe.
#[derive(Debug)]
pub(super) struct Image {
    /// Its name in Azure.
    pub(super) name: String,
    /// Its key.
    pub(super) key: String,
    /// Its operating system, where the files say it.
    pub(super) system: Option<String>,
}

/// What became of a sheet.
#[derive(Debug, Default)]
pub(super) struct Converted {
    /// The blocks.
    pub(super) blocks: Blocks,
    /// The keys of labs, each with its row's line.
    pub(super) labs: BTreeMap<String, u64>,
    /// Lines that are left out, each with why.
    pub(super) rejected: BTreeMap<u64, Vec<String>>,
    /// Lines of labs that have a block already.
    pub(super) present: Vec<(u64, String)>,
    /// Variables that hold passwords, each with its user's name and the first line that has it.
    pub(super) secrets: BTreeMap<String, (String, u64)>,
}

/// A block without what is null.
fn without_nulls(mut block: Value) -> Value {
    if let Some(map) = block.as_object_mut() {
        map.retain(|_, value| !value.is_null());
    }
    block
}

/// Converts a sheet's rows, but for those at the lines that are rejected already.
pub(super) fn convert(sheet: &Sheet, known: &Known, rejected: BTreeMap<u64, Vec<String>>) -> Converted {
    let mut making = Making {
        known,
        generation: sheet.generation,
        done: Converted { rejected, ..Converted::default() },
        firsts: BTreeMap::new(),
        holders: BTreeMap::new(),
        groups: BTreeSet::new(),
        labs: BTreeSet::new(),
        attached: BTreeMap::new(),
        users: BTreeMap::new(),
    };
    sheet.rows.iter().for_each(|row| making.recognise(row));
    for row in &sheet.rows {
        if making.done.rejected.contains_key(&row.line) {
            continue;
        }
        if let Err(why) = making.row(row) {
            making.done.rejected.insert(row.line, why);
        }
    }
    making.done
}

/// A line, and its cells of what has to be the same in each row of an account or a plan.
type First = (u64, Vec<Option<String>>);

/// Group and name of an account or a plan, in lower case.
type Place = (String, String);

struct Making<'a> {
    known: &'a Known,
    generation: Generation,
    done: Converted,
    /// By account or plan, the first row's cells that have to be the same in all.
    firsts: BTreeMap<Place, First>,
    /// Keys of the accounts or plans that are written.
    holders: BTreeMap<Place, String>,
    /// Keys of the attachments that are written, by the addresses of their accounts or plans.
    attached: BTreeMap<String, String>,
    /// Labs that are written, by the address of their account or plan and their name in lower case.
    labs: BTreeSet<(String, String)>,
    /// Names of the groups that are written, in lower case.
    groups: BTreeSet<String>,
    /// Keys of users by name and password.
    users: BTreeMap<(String, Option<String>), String>,
}

/// Columns that say something of the account or the plan, the same in each of its rows.
const OF_THE_ACCOUNT: [(&str, &str); 3] = [
    ("location", "Location"),
    ("sharedgalleryid", "SharedGalleryId"),
    ("enablesharedgalleryimages", "EnableSharedGalleryImages"),
];
/// The labs of a plan have regions of their own, and its tags are theirs too.
const OF_THE_PLAN: [(&str, &str); 3] = [
    ("tags", "Tags"),
    ("sharedgalleryid", "SharedGalleryId"),
    ("enablesharedgalleryimages", "EnableSharedGalleryImages"),
];

/// The kind and the section of what holds a sheet's labs.
fn kind_of(generation: Generation) -> (&'static str, &'static str) {
    match generation {
        Generation::Accounts => ("LabAccount", "labAccounts"),
        Generation::Plans => ("LabPlan", "labPlans"),
    }
}

impl Making<'_> {
    fn row(&mut self, row: &Row) -> Result<(), Vec<String>> {
        let mut cells = Cells::of(row, self.generation);
        let lab = cells.lab();
        let holder = cells.holder();
        let group = cells.needed("resourcegroupname", "ResourceGroupName");
        let name = cells.needed("labname", "LabName");
        let (Some(holder), Some(group), Some(name)) = (holder, group, name) else {
            return Err(cells.wrong);
        };
        let group = self.group_named(group);
        let (kind, section) = kind_of(self.generation);
        let place = (group.to_lowercase(), holder.to_lowercase());
        self.same_as_first(&place, &mut cells);
        let known_key = self.known.holders.get(&self.holder_of(&place)).cloned();
        let written = known_key.clone().or_else(|| self.holders.get(&place).cloned());
        let own = written.unwrap_or_else(|| self.key(section, holder, &group));
        let address = format!("{kind}/{own}");
        let lab_name = (address.clone(), name.to_lowercase());
        if let Some(present) = self.known.labs.get(&lab_name) {
            self.done.present.push((row.line, present.clone()));
            return if cells.wrong.is_empty() { Ok(()) } else { Err(cells.wrong) };
        }
        // A sheet need not name the gallery that an account or a plan has already.
        let gallery = self.gallery(&mut cells).or_else(|| self.known.attached.get(&address).cloned());
        let enabled = self.enabled(gallery.as_deref(), &mut cells);
        let image = self.image(gallery.as_deref(), enabled.as_deref(), &mut cells);
        let connection = match (self.generation, &image) {
            (Generation::Plans, Some((_, system))) => cells.connection(system.as_deref()),
            _ => None,
        };
        let location = self.location(known_key.as_deref(), &mut cells);
        let timetable = self.timetable(&mut cells);
        let lab_key = self.key("labs", name, &own);
        if self.labs.contains(&lab_name) {
            cells.wrong.push(format!("lab `{name}` of `{holder}` stands in the sheet twice"));
        }
        let (Some(mut lab), Some((image, _)), true) = (lab, image, cells.wrong.is_empty()) else {
            return Err(cells.wrong);
        };
        if known_key.is_none() {
            self.holder(&own, holder, &group, location, lab.get("tags"));
            self.allow(&own, location);
            self.holders.insert(place, own);
        }
        if let Some(gallery) = gallery {
            self.attachment(&address, gallery, enabled, &image);
        }
        self.accounts(row, &mut lab);
        if self.generation == Generation::Plans {
            lab.insert("resourceGroup".into(), json!(group));
            lab.extend(location.map(|region| ("location".to_owned(), json!(region))));
            lab.extend(connection.map(|connection| ("connection".to_owned(), connection)));
        }
        if let Some((key, written)) = timetable {
            lab.insert("schedules".into(), json!(key));
            if let Some(written) = written {
                self.block("timetables").insert(key, written);
            }
        }
        lab.insert("in".into(), json!(address));
        lab.insert("image".into(), json!(image));
        if lab_key != name {
            lab.insert("name".into(), json!(name));
        }
        self.block("labs").insert(lab_key.clone(), Value::Object(lab));
        self.labs.insert(lab_name);
        self.done.labs.insert(lab_key, row.line);
        Ok(())
    }

    /// A group's name. The vendor's tool for lab plans writes it in lower case: the portal shows others twice.
    fn group_named(&self, name: &str) -> String {
        match self.generation {
            Generation::Accounts => name.to_owned(),
            Generation::Plans => name.to_lowercase(),
        }
    }

    /// The accounts on a lab's VMs.
    fn accounts(&mut self, row: &Row, lab: &mut Map<String, Value>) {
        let accounts =
            [("credentials", "username", "password"), ("nonAdmin", "nonadminusername", "nonadminpassword")];
        let count = if self.generation == Generation::Plans { 2 } else { 1 };
        for (name, user, password) in accounts.into_iter().take(count) {
            if let Some(user) = row.text(user) {
                let key = self.user(user, row.text(password), row.line);
                lab.insert(name.to_owned(), json!(key));
            }
        }
    }

    fn holder_of(&self, place: &Place) -> (Generation, String, String) {
        (self.generation, place.0.clone(), place.1.clone())
    }

    /// The region that the row names: of a new account the account's, of a lab plan's lab the lab's own.
    fn location(&self, known: Option<&str>, cells: &mut Cells<'_>) -> Option<&'static str> {
        let allowed = known.filter(|_| self.generation == Generation::Plans);
        let allowed = allowed.and_then(|plan| self.known.regions.get(plan));
        match (cells.row.text("location"), self.generation) {
            (_, Generation::Accounts) if known.is_some() => None,
            (Some(text), _) => match (region(text), allowed) {
                (Some(region), Some(allowed)) if !allowed.iter().any(|own| own == region) => {
                    let why = format!("none of the regions that the lab plan allows: {}", allowed.join(", "));
                    cells.wrong("Location", text, &why)
                }
                (Some(region), _) => Some(region),
                (None, _) => cells.wrong("Location", text, "no region of Azure"),
            },
            (None, Generation::Plans) if known.is_some() => None,
            (None, _) => {
                let noun = if self.generation == Generation::Plans { "lab plan" } else { "lab account" };
                cells.wrong.push(format!("Location is blank, and the files have no such {noun}"));
                None
            }
        }
    }

    /// The name of the row's timetable, with its block where the files have none.
    fn timetable(&self, cells: &mut Cells<'_>) -> Option<(String, Option<Value>)> {
        let text = cells.row.text("schedules")?;
        match self.known.timetables.get(text)? {
            Times::Known(key) => Some((key.clone(), None)),
            Times::New(key, block) => Some((key.clone(), Some(block.clone()))),
            Times::Wrong(why) => {
                cells.wrong.extend(why.iter().map(|why| format!("Schedules `{text}`: {why}")));
                None
            }
        }
    }

    /// The gallery on an account or a plan; on a plan the row's image is on too, where the sheet lists none.
    fn attachment(&mut self, address: &str, gallery: String, enabled: Option<Vec<String>>, image: &str) {
        if self.known.attached.contains_key(address) {
            return;
        }
        let own = address.split_once('/').map_or(address, |(_, key)| key);
        let key = match self.attached.get(address) {
            Some(key) => key.clone(),
            None => {
                let key = self.key("galleryAttachments", own, "gallery");
                let mut attachment = json!({ "to": address, "gallery": gallery });
                match enabled {
                    Some(enabled) => attachment["enabledImages"] = json!(enabled),
                    // A lab plan has them all off until somebody says otherwise.
                    None if self.generation == Generation::Plans => {
                        attachment["enabledImages"] = json!({ "including": [] });
                    }
                    None => {}
                }
                self.block("galleryAttachments").insert(key.clone(), attachment);
                self.attached.insert(address.to_owned(), key.clone());
                key
            }
        };
        let block = self.block("galleryAttachments").get_mut(&key);
        let including = block.and_then(|own| own.pointer_mut("/enabledImages/including")?.as_array_mut());
        if let Some(images) = including
            && !image.starts_with("Marketplace/")
            && !images.contains(&json!(image))
        {
            images.push(json!(image));
            images.sort_by_key(ToString::to_string);
        }
    }

    /// Which account of the files a user and password of the sheet are, where the files have the row's lab.
    fn recognise(&mut self, row: &Row) {
        let text = |column| row.text(column).unwrap_or_default().to_lowercase();
        let holder = Cells::of(row, self.generation).holder().unwrap_or_default().to_lowercase();
        let holder = self.known.holders.get(&self.holder_of(&(text("resourcegroupname"), holder)));
        let address = holder.map(|key| format!("{}/{key}", kind_of(self.generation).0));
        let lab = address.and_then(|address| self.known.labs.get(&(address, text("labname"))));
        let key = lab.and_then(|lab| self.known.users.get(lab));
        if let (Some(user), Some(key)) = (row.text("username"), key) {
            let own = (user.to_owned(), row.text("password").map(str::to_owned));
            self.users.entry(own).or_insert_with(|| key.clone());
        }
    }

    /// The sheet says of each row's account or plan what it says of the first's.
    fn same_as_first(&mut self, place: &Place, cells: &mut Cells<'_>) {
        let (columns, noun) = match self.generation {
            Generation::Accounts => (OF_THE_ACCOUNT, "lab account"),
            Generation::Plans => (OF_THE_PLAN, "lab plan"),
        };
        // Regions are compared in normal form, tags in any order, the rest in any letter case.
        let normal = |column: &str, text: &str| match column {
            "tags" => sorted_tags(text),
            _ => region(text).map_or_else(|| text.to_lowercase(), str::to_owned),
        };
        let cell =
            |(column, _): &(&'static str, &str)| cells.row.text(column).map(|text| normal(column, text));
        let own: Vec<_> = columns.iter().map(cell).collect();
        let (line, first) = self.firsts.entry(place.clone()).or_insert((cells.row.line, own.clone()));
        for ((_, title), (own, first)) in columns.iter().zip(own.iter().zip(first)) {
            if own != first {
                cells.wrong.push(format!("{title} is not that of line {line}, which is of the same {noun}"));
            }
        }
    }

    fn gallery(&self, cells: &mut Cells<'_>) -> Option<String> {
        let id = cells.row.text("sharedgalleryid")?;
        let known = self.known.galleries.get(&ArmId::new(id));
        if known.is_none() {
            cells.wrong.push(format!(
                "the files have no gallery {id}: `labwright import --from {id}` takes it in, with its images; then convert again"
            ));
        }
        known.cloned()
    }

    /// The keys of the images to switch on, where the sheet lists any.
    fn enabled(&self, gallery: Option<&str>, cells: &mut Cells<'_>) -> Option<Vec<String>> {
        let text = cells.row.text("enablesharedgalleryimages")?;
        let Some(gallery) = gallery else {
            if !cells.row.has("sharedgalleryid") || cells.row.text("sharedgalleryid").is_none() {
                cells
                    .wrong
                    .push("EnableSharedGalleryImages lists images, and SharedGalleryId is blank".into());
            }
            return None;
        };
        let images = self.known.images.get(gallery).map_or(&[][..], Vec::as_slice);
        let mut keys = Vec::new();
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match images.iter().find(|own| own.name.eq_ignore_ascii_case(name)) {
                Some(own) => keys.push(own.key.clone()),
                None => cells.wrong.push(format!(
                    "EnableSharedGalleryImages: the files have no image `{name}` in gallery {gallery}"
                )),
            }
        }
        keys.sort();
        keys.dedup();
        Some(keys)
    }

    /// The one image that the row names, and its system where that is known: the gallery's first, else one of the
    /// marketplace by its whole name. Sheets for lab accounts hold a pattern, those for lab plans a part of a name.
    fn image(
        &self,
        gallery: Option<&str>,
        enabled: Option<&[String]>,
        cells: &mut Cells<'_>,
    ) -> Option<(String, Option<String>)> {
        let Some(wanted) = cells.row.text("imagename") else {
            cells.wrong.push("ImageName is blank".into());
            return None;
        };
        let images =
            gallery.and_then(|gallery| self.known.images.get(gallery)).map_or(&[][..], Vec::as_slice);
        let is_on = |own: &&Image| enabled.is_none_or(|enabled| enabled.contains(&own.key));
        let fits = |own: &&Image| match self.generation {
            Generation::Accounts => is_like(&own.name, wanted),
            Generation::Plans => own.name.to_lowercase().contains(&wanted.to_lowercase()),
        };
        let fitting: Vec<_> = images.iter().filter(|own| is_on(own) && fits(own)).collect();
        let is_whole = |own: &&&Image| own.name.eq_ignore_ascii_case(wanted);
        // A part of several names that is the whole of one means that one.
        let whole = fitting.iter().find(is_whole).filter(|_| self.generation == Generation::Plans);
        match (&fitting[..], whole) {
            (_, Some(own)) => Some((own.key.clone(), own.system.clone())),
            ([own], None) => Some((own.key.clone(), own.system.clone())),
            ([], None) if self.generation == Generation::Plans || !wanted.contains(['*', '?']) => {
                Some((format!("Marketplace/{wanted}"), None))
            }
            ([], None) => {
                cells.wrong.push(format!(
                    "ImageName `{wanted}` fits no gallery image that the files describe; write a marketplace image's whole name"
                ));
                None
            }
            (several, None) => {
                let names: Vec<_> = several.iter().map(|own| own.name.as_str()).collect();
                cells.wrong.push(format!("ImageName `{wanted}` fits several images: {}", names.join(", ")));
                None
            }
        }
    }

    /// Lets a lab plan that is written have labs in a region.
    fn allow(&mut self, plan: &str, region: Option<&str>) {
        let plan = self.block("labPlans").get_mut(plan);
        let regions = plan.and_then(|plan| plan.get_mut("allowedRegions")?.as_array_mut());
        if let (Some(regions), Some(region)) = (regions, region)
            && !regions.contains(&json!(region))
        {
            regions.push(json!(region));
            regions.sort_by_key(ToString::to_string);
        }
    }

    /// The block of the account or the plan, and of its group.
    fn holder(&mut self, key: &str, name: &str, group: &str, location: Option<&str>, tags: Option<&Value>) {
        let is_of_plans = self.generation == Generation::Plans;
        let mut block = json!({ "resourceGroup": group, "location": location });
        if is_of_plans {
            block["allowedRegions"] = json!([]);
            block["tags"] = tags.cloned().unwrap_or_default();
        } else if self.known.exists {
            // Nobody can make a lab account any more: it is there.
            block["adopt"] = json!(true);
        }
        if key != name {
            block["name"] = json!(name);
        }
        if !self.known.exists
            && !self.known.groups.contains(&group.to_lowercase())
            && self.groups.insert(group.to_lowercase())
        {
            let mut own = json!({ "location": location, "tags": tags });
            let group_key = self.key("resourceGroups", group, "group");
            if group_key != group {
                own["name"] = json!(group);
            }
            self.block("resourceGroups").insert(group_key, without_nulls(own));
        }
        self.block(kind_of(self.generation).1).entry(key).or_insert(without_nulls(block));
    }

    /// The key of an account on VMs: the same for the same name and password.
    fn user(&mut self, user: &str, password: Option<&str>, line: u64) -> String {
        let own = (user.to_owned(), password.map(str::to_owned));
        if let Some(key) = self.users.get(&own) {
            return key.clone();
        }
        let (key, variable) = account_key(user, |variable| {
            self.known.variables.contains(variable) || self.done.secrets.contains_key(variable)
        });
        let block = json!({ "username": user, "password": { "env": variable } });
        self.block("credentials").insert(key.clone(), block);
        self.done.secrets.insert(variable, (user.to_owned(), line));
        self.users.insert(own, key.clone());
        key
    }

    /// A name as a key that nothing has; where another has it, with what it lies in before it, then with a number.
    fn key(&self, section: &'static str, name: &str, inside: &str) -> String {
        let key = key_of(name);
        let within = format!("{}-{key}", key_of(inside));
        let numbered = (2..).map(|number| format!("{within}-{number}"));
        let is_free = |key: &String| {
            let taken = self.known.taken.get(section).is_some_and(|taken| taken.contains(key));
            !taken && !self.done.blocks.get(section).is_some_and(|own| own.contains_key(key))
        };
        [key, within.clone()].into_iter().chain(numbered).find(is_free).unwrap_or_default()
    }

    fn block(&mut self, section: &'static str) -> &mut Map<String, Value> {
        self.done.blocks.entry(section).or_default()
    }
}

/// Whether a name fits a pattern whose `*` stands for any text and `?` for one character, in any letter case.
fn is_like(name: &str, pattern: &str) -> bool {
    fn fits(name: &[char], pattern: &[char]) -> bool {
        match (pattern.split_first(), name.split_first()) {
            (None, _) => name.is_empty(),
            (Some(('*', rest)), _) => (0..=name.len()).any(|at| fits(&name[at..], rest)),
            (Some((wanted, rest)), Some((own, others))) => {
                (*wanted == '?' || wanted == own) && fits(others, rest)
            }
            (Some(_), None) => false,
        }
    }
    let lower = |text: &str| text.to_lowercase().chars().collect::<Vec<_>>();
    fits(&lower(name), &lower(pattern))
}
