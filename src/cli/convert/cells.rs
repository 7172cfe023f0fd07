//! A row's cells as attributes of a lab, and what is wrong with them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::sheet::{Generation, Row};
use crate::catalog::{Sku, size, sizes, sku, skus};

/// A row's cells, and what is wrong with them.
pub(super) struct Cells<'a> {
    pub(super) row: &'a Row,
    generation: Generation,
    pub(super) wrong: Vec<String>,
}

/// Where the minutes of an idle column go, by the column and its title.
type Idle = (&'static str, &'static str, &'static str);

/// The same columns mean other things to the two generations. Source: the vendor's bulk tools of each (domain rules 6.1).
const IDLE_OF_ACCOUNTS: [Idle; 3] = [
    ("shutDownAfterDisconnect", "idlegraceperiod", "idleGracePeriod"),
    ("disconnectWhenIdle", "idleosgraceperiod", "idleOsGracePeriod"),
    ("shutDownIfNobodyConnects", "idlenoconnectgraceperiod", "idleNoConnectGracePeriod"),
];
const IDLE_OF_PLANS: [Idle; 3] = [
    ("shutDownWhenIdle", "idlegraceperiod", "idleGracePeriod"),
    ("shutDownAfterDisconnect", "idleosgraceperiod", "idleOsGracePeriod"),
    ("shutDownIfNobodyConnects", "idlenoconnectgraceperiod", "idleNoConnectGracePeriod"),
];

impl<'a> Cells<'a> {
    pub(super) fn of(row: &'a Row, generation: Generation) -> Self {
        Self { row, generation, wrong: Vec::new() }
    }

    pub(super) fn wrong<T>(&mut self, title: &str, text: &str, why: &str) -> Option<T> {
        self.wrong.push(format!("{title} `{text}` is {why}"));
        None
    }

    pub(super) fn needed(&mut self, column: &str, title: &str) -> Option<&'a str> {
        let text = self.row.text(column);
        if text.is_none() {
            self.wrong.push(format!("{title} is blank"));
        }
        text
    }

    /// The name of what holds the labs; a sheet for lab plans takes either column for it.
    pub(super) fn holder(&mut self) -> Option<&'a str> {
        match self.generation {
            Generation::Accounts => self.needed("labaccountname", "LabAccountName"),
            Generation::Plans => match (self.row.text("labplanname"), self.row.text("labaccountname")) {
                (Some(plan), Some(other)) if !plan.eq_ignore_ascii_case(other) => {
                    self.wrong.push(format!(
                        "LabPlanName is `{plan}` and LabAccountName `{other}`: one name is enough"
                    ));
                    None
                }
                (Some(name), _) | (None, Some(name)) => Some(name),
                (None, None) => {
                    self.wrong.push("LabPlanName is blank, and so is LabAccountName".into());
                    None
                }
            },
        }
    }

    /// What stands in the lab's own block.
    pub(super) fn lab(&mut self) -> Option<Map<String, Value>> {
        let before = self.wrong.len();
        let mut lab = Map::new();
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                lab.insert(name.to_owned(), value);
            }
        };
        set("size", self.size());
        set("capacity", self.number("maxusers", "MaxUsers").map(|number| json!(number)));
        set("quota", self.quota());
        set("access", self.access());
        for (name, column, title) in [
            ("sharedPassword", "sharedpassword", "SharedPassword"),
            ("template", "templatevmstate", "TemplateVmState"),
            ("gpuDrivers", "gpudriverenabled", "GpuDriverEnabled"),
        ] {
            set(name, self.switch(column, title));
        }
        if self.generation == Generation::Accounts {
            set("linuxRemoteDesktop", self.switch("linuxrdp", "LinuxRdp"));
        }
        set("title", self.row.text("title").map(|text| json!(text)));
        set("description", self.row.text("descr").map(|text| json!(text)));
        set("autoShutdown", self.idle());
        self.group();
        if self.generation == Generation::Plans {
            set("tags", self.tags());
            let without_name = self.row.text("nonadminusername").is_none();
            if without_name && self.row.text("nonadminpassword").is_some() {
                self.wrong.push("NonAdminPassword has no NonAdminUserName beside it".into());
            }
        }
        (self.wrong.len() == before).then_some(lab)
    }

    fn size(&mut self) -> Option<Value> {
        let Some(text) = self.row.text("size") else {
            self.wrong.push("Size is blank".into());
            return None;
        };
        let (word, known): (_, Vec<_>) = match self.generation {
            Generation::Accounts => {
                (size(text).map(|size| size.portal), sizes().iter().map(|size| size.api).collect())
            }
            Generation::Plans => {
                // Those that the portal offers; there are more, of older machines.
                let offered = skus().iter().filter(|sku| sku.word() != sku.name);
                (sku(text).map(Sku::word), offered.map(|sku| sku.name).collect())
            }
        };
        match word {
            Some(word) => Some(json!(word)),
            None => self.wrong("Size", text, &format!("none of {}", known.join(", "))),
        }
    }

    /// Hours; Azure makes no lab of a lab plan without them.
    fn quota(&mut self) -> Option<Value> {
        let hours = self.number("usagequota", "UsageQuota");
        if self.generation == Generation::Plans && self.row.text("usagequota").is_none() {
            self.wrong.push("UsageQuota is blank; a lab of a lab plan needs hours, 0 for none".into());
        }
        hours.map(|hours| json!(format!("{hours}h")))
    }

    fn number(&mut self, column: &str, title: &str) -> Option<u32> {
        let text = self.row.text(column)?;
        match text.parse() {
            Ok(number) => Some(number),
            Err(_) => self.wrong(title, text, "no whole number"),
        }
    }

    /// A sheet for lab plans opens a lab with any word but `Restricted`.
    fn access(&mut self) -> Option<Value> {
        let text = self.row.text("usagemode")?;
        match (text.to_lowercase().as_str(), self.generation) {
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

    /// How students reach their VMs, which a sheet for lab plans does not say: a remote desktop on Windows, SSH on Linux,
    /// with `LinuxRdp` a remote desktop too; both where the system is not known.
    pub(super) fn connection(&mut self, system: Option<&str>) -> Option<Value> {
        let desktop = self.switch("linuxrdp", "LinuxRdp") == Some(json!(true));
        if desktop && system == Some("Windows") {
            self.wrong.push("LinuxRdp is set, and the image is a Windows".into());
            return None;
        }
        Some(match system {
            Some("Windows") => json!({ "clientRdp": "Public" }),
            Some(_) if !desktop => json!({ "clientSsh": "Public" }),
            _ => json!({ "clientRdp": "Public", "clientSsh": "Public" }),
        })
    }

    /// Minutes; blank and 0 are off. What the columns mean for lab accounts is not what they mean for lab plans.
    fn idle(&mut self) -> Option<Value> {
        let columns = match self.generation {
            Generation::Accounts => IDLE_OF_ACCOUNTS,
            Generation::Plans => IDLE_OF_PLANS,
        };
        let mut idle = Map::new();
        for (name, column, title) in columns {
            if !self.row.has(column) {
                continue;
            }
            let before = self.wrong.len();
            match self.number(column, title) {
                Some(minutes) if minutes > 0 => drop(idle.insert(name.into(), json!(format!("{minutes}m")))),
                // Linux in a lab account has no such setting, not even off (SHU-02).
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

    /// Tags of lab plans: `k=v;k=v`. A name twice would be one of the two.
    fn tags(&mut self) -> Option<Value> {
        let text = self.row.text("tags")?;
        let mut tags: BTreeMap<&str, &str> = BTreeMap::new();
        for tag in text.split(';').map(str::trim).filter(|tag| !tag.is_empty()) {
            match tag.split_once('=').map(|(name, value)| (name.trim(), value.trim())) {
                None | Some(("", _)) => self.wrong.push(format!("Tags: `{tag}` is no name=value")),
                Some((name, value)) => {
                    if tags.insert(name, value).is_some_and(|other| other != value) {
                        self.wrong.push(format!("Tags: `{name}` stands there twice"));
                    }
                }
            }
        }
        (!tags.is_empty()).then(|| json!(tags))
    }
}

/// Tags in one order, to be compared.
pub(super) fn sorted_tags(text: &str) -> String {
    let mut tags: Vec<_> = text.split(';').map(str::trim).filter(|tag| !tag.is_empty()).collect();
    tags.sort_unstable();
    tags.join(";")
}
