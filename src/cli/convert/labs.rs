//! A sheet's rows as blocks: every row stands for itself, and what is wrong with one is said of it alone.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::sheet::{Generation, Row, Sheet};
use crate::catalog::{region, size, sizes};
use crate::cli::blocks::{Blocks, account_key, key_of};
use crate::model::ArmId;

/// What the files have already.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Keys of lab accounts by group and name, both in lower case.
    pub(super) accounts: BTreeMap<(String, String), String>,
    /// Keys of labs by the key of their account and their name in lower case.
    pub(super) labs: BTreeMap<(String, String), String>,
    /// Keys of galleries by id.
    pub(super) galleries: BTreeMap<ArmId, String>,
    /// Images by the key of their gallery: name and key.
    pub(super) images: BTreeMap<String, Vec<(String, String)>>,
    /// Keys of the galleries that are attached, by the keys of their accounts.
    pub(super) attached: BTreeMap<String, String>,
    /// Variables that hold passwords, or would for an account on VMs that the files have.
    pub(super) variables: BTreeSet<String>,
    /// Keys of the accounts on their VMs, by the keys of labs.
    pub(super) users: BTreeMap<String, String>,
    /// Names of groups in lower case.
    pub(super) groups: BTreeSet<String>,
    /// Keys that are taken, by section.
    pub(super) taken: BTreeMap<&'static str, BTreeSet<String>>,
    /// Whether what the sheet names exists in Azure already: nobody can make a lab account there any more.
    pub(super) exists: bool,
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

/// Converts a sheet's rows, but for those at the lines that are rejected already.
pub(super) fn convert(sheet: &Sheet, known: &Known, rejected: BTreeMap<u64, Vec<String>>) -> Converted {
    let mut making = Making {
        known,
        done: Converted { rejected, ..Converted::default() },
        firsts: BTreeMap::new(),
        accounts: BTreeMap::new(),
        groups: BTreeSet::new(),
        labs: BTreeSet::new(),
        attached: BTreeSet::new(),
        users: BTreeMap::new(),
    };
    sheet.rows.iter().for_each(|row| making.recognise(row));
    for row in &sheet.rows {
        if making.done.rejected.contains_key(&row.line) {
            continue;
        }
        if let Err(why) = making.row(row, sheet.generation) {
            making.done.rejected.insert(row.line, why);
        }
    }
    making.done
}

/// A line, and its cells of [`OF_THE_ACCOUNT`].
type First = (u64, Vec<Option<String>>);

struct Making<'a> {
    known: &'a Known,
    done: Converted,
    /// By account, the first row's cells that have to be the same in all.
    firsts: BTreeMap<(String, String), First>,
    /// Keys of the accounts that are written, by group and name in lower case.
    accounts: BTreeMap<(String, String), String>,
    /// Keys of the accounts whose attachment is written.
    attached: BTreeSet<String>,
    /// Labs that are written, by account and name in lower case.
    labs: BTreeSet<(String, String)>,
    /// Names of the groups that are written, in lower case.
    groups: BTreeSet<String>,
    /// Keys of users by name and password.
    users: BTreeMap<(String, Option<String>), String>,
}

/// Columns that say something of the account, the same in each of its rows.
const OF_THE_ACCOUNT: [(&str, &str); 3] = [
    ("location", "Location"),
    ("sharedgalleryid", "SharedGalleryId"),
    ("enablesharedgalleryimages", "EnableSharedGalleryImages"),
];

impl Making<'_> {
    fn row(&mut self, row: &Row, generation: Generation) -> Result<(), Vec<String>> {
        let mut cells = Cells { row, wrong: Vec::new() };
        let lab = cells.lab(generation);
        if generation == Generation::Plans {
            cells
                .wrong
                .push("lab plans come with a later version; only labs of lab accounts are converted".into());
        }
        let account = cells.needed("labaccountname", "LabAccountName", generation);
        let group = cells.needed("resourcegroupname", "ResourceGroupName", generation);
        let name = cells.needed("labname", "LabName", generation);
        let (Some(account), Some(group), Some(name)) = (account, group, name) else {
            return Err(cells.wrong);
        };
        let place = (group.to_lowercase(), account.to_lowercase());
        self.same_as_first(&place, &mut cells);
        let account_key = self.known.accounts.get(&place).cloned();
        let written = account_key.clone().or_else(|| self.accounts.get(&place).cloned());
        let own = written.unwrap_or_else(|| self.key("labAccounts", account, group));
        if let Some(present) = self.known.labs.get(&(own.clone(), name.to_lowercase())) {
            self.done.present.push((row.line, present.clone()));
            return if cells.wrong.is_empty() { Ok(()) } else { Err(cells.wrong) };
        }
        // A sheet need not name the gallery that an account has already.
        let gallery = self.gallery(&mut cells).or_else(|| self.known.attached.get(&own).cloned());
        let enabled = self.enabled(gallery.as_deref(), &mut cells);
        let image = self.image(gallery.as_deref(), enabled.as_deref(), &mut cells);
        let location = match (&account_key, row.text("location")) {
            (Some(_), _) => None,
            (None, Some(text)) => match region(text) {
                Some(region) => Some(region),
                None => cells.wrong("Location", text, "no region of Azure"),
            },
            (None, None) => {
                cells.wrong.push("Location is blank, and the files have no such lab account".into());
                None
            }
        };
        let lab_key = self.key("labs", name, &own);
        if self.labs.contains(&(own.clone(), name.to_lowercase())) {
            cells.wrong.push(format!("lab `{name}` of `{account}` stands in the sheet twice"));
        }
        let (Some(mut lab), true) = (lab, cells.wrong.is_empty()) else { return Err(cells.wrong) };
        if account_key.is_none() {
            self.account(&own, account, group, location);
            self.accounts.insert(place, own.clone());
        }
        if let Some(gallery) = gallery
            && !self.known.attached.contains_key(&own)
            && self.attached.insert(own.clone())
        {
            let mut attachment = json!({ "to": format!("LabAccount/{own}"), "gallery": gallery });
            if let Some(enabled) = enabled {
                attachment["enabledImages"] = json!(enabled);
            }
            let key = self.key("galleryAttachments", &own, "gallery");
            self.block("galleryAttachments").insert(key, attachment);
        }
        if let Some(user) = row.text("username") {
            lab.insert("credentials".into(), json!(self.user(user, row.text("password"), row.line)));
        }
        lab.insert("in".into(), json!(format!("LabAccount/{own}")));
        lab.insert("image".into(), json!(image));
        if lab_key != name {
            lab.insert("name".into(), json!(name));
        }
        self.block("labs").insert(lab_key.clone(), Value::Object(lab));
        self.labs.insert((own, name.to_lowercase()));
        self.done.labs.insert(lab_key, row.line);
        Ok(())
    }

    /// Which account of the files a user and password of the sheet are, where the files have the row's lab.
    fn recognise(&mut self, row: &Row) {
        let text = |column| row.text(column).unwrap_or_default().to_lowercase();
        let account = self.known.accounts.get(&(text("resourcegroupname"), text("labaccountname")));
        let lab = account.and_then(|account| self.known.labs.get(&(account.clone(), text("labname"))));
        let key = lab.and_then(|lab| self.known.users.get(lab));
        if let (Some(user), Some(key)) = (row.text("username"), key) {
            let own = (user.to_owned(), row.text("password").map(str::to_owned));
            self.users.entry(own).or_insert_with(|| key.clone());
        }
    }

    /// The sheet says of each row's account what it says of the first's.
    fn same_as_first(&mut self, place: &(String, String), cells: &mut Cells<'_>) {
        // Regions are compared in normal form, the rest in any letter case.
        let normal = |text: &str| region(text).map_or_else(|| text.to_lowercase(), str::to_owned);
        let own: Vec<_> =
            OF_THE_ACCOUNT.iter().map(|(column, _)| cells.row.text(column).map(normal)).collect();
        let (line, first) = self.firsts.entry(place.clone()).or_insert((cells.row.line, own.clone()));
        for ((_, title), (own, first)) in OF_THE_ACCOUNT.iter().zip(own.iter().zip(first)) {
            if own != first {
                cells
                    .wrong
                    .push(format!("{title} is not that of line {line}, which is of the same lab account"));
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
            match images.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)) {
                Some((_, key)) => keys.push(key.clone()),
                None => cells.wrong.push(format!(
                    "EnableSharedGalleryImages: the files have no image `{name}` in gallery {gallery}"
                )),
            }
        }
        keys.sort();
        keys.dedup();
        Some(keys)
    }

    /// The one image that the pattern names: the gallery's first, else one of the marketplace by its whole name.
    fn image(
        &self,
        gallery: Option<&str>,
        enabled: Option<&[String]>,
        cells: &mut Cells<'_>,
    ) -> Option<String> {
        let Some(pattern) = cells.row.text("imagename") else {
            cells.wrong.push("ImageName is blank".into());
            return None;
        };
        let images =
            gallery.and_then(|gallery| self.known.images.get(gallery)).map_or(&[][..], Vec::as_slice);
        let is_on = |key: &String| enabled.is_none_or(|enabled| enabled.contains(key));
        let fitting: Vec<_> =
            images.iter().filter(|(name, key)| is_on(key) && is_like(name, pattern)).collect();
        match fitting[..] {
            [(_, key)] => Some(key.clone()),
            [] if !pattern.contains(['*', '?']) => Some(format!("Marketplace/{pattern}")),
            [] => {
                cells.wrong.push(format!(
                    "ImageName `{pattern}` fits no gallery image that the files describe; write a marketplace image's whole name"
                ));
                None
            }
            _ => {
                let names: Vec<_> = fitting.iter().map(|(name, _)| name.as_str()).collect();
                cells.wrong.push(format!("ImageName `{pattern}` fits several images: {}", names.join(", ")));
                None
            }
        }
    }

    fn account(&mut self, key: &str, name: &str, group: &str, location: Option<&str>) {
        let mut block = json!({ "resourceGroup": group, "location": location });
        if key != name {
            block["name"] = json!(name);
        }
        if self.known.exists {
            block["adopt"] = json!(true);
        } else if !self.known.groups.contains(&group.to_lowercase())
            && self.groups.insert(group.to_lowercase())
        {
            let mut own = json!({ "location": location });
            let group_key = self.key("resourceGroups", group, "group");
            if group_key != group {
                own["name"] = json!(group);
            }
            self.block("resourceGroups").insert(group_key, own);
        }
        self.block("labAccounts").entry(key).or_insert(block);
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

/// A row's cells as attributes, and what is wrong with them.
struct Cells<'a> {
    row: &'a Row,
    wrong: Vec<String>,
}

impl<'a> Cells<'a> {
    fn wrong<T>(&mut self, title: &str, text: &str, why: &str) -> Option<T> {
        self.wrong.push(format!("{title} `{text}` is {why}"));
        None
    }

    fn needed(&mut self, column: &str, title: &str, generation: Generation) -> Option<&'a str> {
        // A sheet for lab plans takes either name for what holds the labs.
        let other = (generation == Generation::Plans && column == "labaccountname")
            .then(|| self.row.text("labplanname"));
        let text = other.flatten().or_else(|| self.row.text(column));
        if text.is_none() {
            self.wrong.push(format!("{title} is blank"));
        }
        text
    }

    /// What stands in the lab's own block.
    fn lab(&mut self, generation: Generation) -> Option<Map<String, Value>> {
        let before = self.wrong.len();
        let mut lab = Map::new();
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                lab.insert(name.to_owned(), value);
            }
        };
        set("size", self.size(generation));
        set("capacity", self.number("maxusers", "MaxUsers").map(|number| json!(number)));
        set("quota", self.number("usagequota", "UsageQuota").map(|hours| json!(format!("{hours}h"))));
        set("access", self.access(generation));
        for (name, column, title) in [
            ("sharedPassword", "sharedpassword", "SharedPassword"),
            ("template", "templatevmstate", "TemplateVmState"),
            ("linuxRemoteDesktop", "linuxrdp", "LinuxRdp"),
            ("gpuDrivers", "gpudriverenabled", "GpuDriverEnabled"),
        ] {
            set(name, self.switch(column, title));
        }
        set("title", self.row.text("title").map(|text| json!(text)));
        set("description", self.row.text("descr").map(|text| json!(text)));
        set("autoShutdown", self.idle());
        self.group();
        if generation == Generation::Plans {
            self.pairs();
        }
        (self.wrong.len() == before).then_some(lab)
    }

    fn size(&mut self, generation: Generation) -> Option<Value> {
        let Some(text) = self.row.text("size") else {
            self.wrong.push("Size is blank".into());
            return None;
        };
        match (generation, size(text)) {
            // Names of the second generation have no table here; they are not judged.
            (Generation::Plans, _) => None,
            (Generation::Accounts, Some(size)) => Some(json!(size.portal)),
            (Generation::Accounts, None) => {
                let known: Vec<_> = sizes().iter().map(|size| size.api).collect();
                self.wrong("Size", text, &format!("none of {}", known.join(", ")))
            }
        }
    }

    fn number(&mut self, column: &str, title: &str) -> Option<u32> {
        let text = self.row.text(column)?;
        match text.parse() {
            Ok(number) => Some(number),
            Err(_) => self.wrong(title, text, "no whole number"),
        }
    }

    /// A sheet for lab plans opens a lab with any word but `Restricted`.
    fn access(&mut self, generation: Generation) -> Option<Value> {
        let text = self.row.text("usagemode")?;
        match (text.to_lowercase().as_str(), generation) {
            ("restricted", _) => Some(json!("Restricted")),
            ("open", _) | (_, Generation::Plans) => Some(json!("Open")),
            _ => self.wrong("UsageMode", text, "neither Restricted nor Open"),
        }
    }

    /// Both vocabularies that the sheets use, in any letter case.
    fn switch(&mut self, column: &str, title: &str) -> Option<Value> {
        let text = self.row.text(column)?;
        match text.to_lowercase().as_str() {
            "true" | "enabled" => Some(json!(true)),
            "false" | "disabled" => Some(json!(false)),
            _ => self.wrong(title, text, "neither true (Enabled) nor false (Disabled)"),
        }
    }

    /// Minutes; blank and 0 are off. What the columns mean for lab accounts is not what they mean for lab plans.
    fn idle(&mut self) -> Option<Value> {
        let mut idle = Map::new();
        for (name, column, title) in [
            ("shutDownAfterDisconnect", "idlegraceperiod", "idleGracePeriod"),
            ("disconnectWhenIdle", "idleosgraceperiod", "idleOsGracePeriod"),
            ("shutDownIfNobodyConnects", "idlenoconnectgraceperiod", "idleNoConnectGracePeriod"),
        ] {
            if !self.row.has(column) {
                continue;
            }
            let before = self.wrong.len();
            match self.number(column, title) {
                Some(minutes) if minutes > 0 => drop(idle.insert(name.into(), json!(format!("{minutes}m")))),
                // Linux has no such setting, not even off (SHU-02).
                _ if name == "disconnectWhenIdle" || self.wrong.len() > before => {}
                _ => drop(idle.insert(name.into(), json!("none"))),
            }
        }
        (!idle.is_empty()).then_some(Value::Object(idle))
    }

    /// A directory group: it excludes a number of users, and has no place yet.
    fn group(&mut self) {
        let Some(group) = self.row.text("aadgroupid") else { return };
        let is_null = group.chars().all(|c| c == '0' || c == '-');
        match (is_null, self.row.text("maxusers").is_some()) {
            (true, _) => self.wrong.push("AadGroupId is the null id, which is no group".into()),
            (false, true) => self.wrong.push("AadGroupId and MaxUsers exclude each other".into()),
            (false, false) => {
                self.wrong.push("AadGroupId: labs of a directory group come with a later version".into());
            }
        }
    }

    /// Tags of lab plans: `k=v;k=v`.
    fn pairs(&mut self) {
        let Some(tags) = self.row.text("tags") else { return };
        let is_pair = |tag: &str| tag.split_once('=').is_some_and(|(name, _)| !name.trim().is_empty());
        for tag in tags.split(';').filter(|tag| !tag.trim().is_empty() && !is_pair(tag)) {
            self.wrong.push(format!("Tags: `{tag}` is no name=value"));
        }
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
