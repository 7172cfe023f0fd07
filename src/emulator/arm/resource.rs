//! What the world holds: resources, with what answers show and what only the service knows.

use crate::emulator::arm::types::Kind;
use crate::emulator::clock::Tick;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A resource's `provisioningState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Provisioning {
    Creating,
    Updating,
    Deleting,
    Succeeded,
    Failed,
}

impl Provisioning {
    /// As answers spell it.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Creating => "Creating",
            Self::Updating => "Updating",
            Self::Deleting => "Deleting",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
        }
    }
}

/// A resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Resource {
    /// In the casing of its first creation.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) location: Option<String>,
    pub(crate) tags: Option<Map<String, Value>>,
    /// Top-level values beside the usual ones, such as `identity`.
    pub(crate) extra: Map<String, Value>,
    /// What the caller owns of `properties`, with the defaults filled in.
    pub(crate) properties: Map<String, Value>,
    pub(crate) provisioning: Provisioning,
    /// The operation that decides when `provisioning` ends; an older one has no say any more.
    pub(crate) operation: Option<String>,
    /// The `latestOperationResult` of Lab Services.
    pub(crate) latest: Option<Latest>,
    pub(crate) created: Tick,
    pub(crate) changed: Tick,
    /// Until then its own delete is refused, although its last child has gone.
    pub(crate) refuses_delete_until: Option<Tick>,
    pub(crate) unique: String,
    pub(crate) facts: Facts,
}

/// The last thing done to a resource of Lab Services.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Latest {
    pub(crate) operation: String,
    pub(crate) status: String,
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) path: String,
    pub(crate) method: String,
}

/// What only the service knows, by kind.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) enum Facts {
    #[default]
    None,
    Version(VersionFacts),
    Account(AccountFacts),
    Attachment(AttachmentFacts),
    Setting(Box<SettingFacts>),
    Environment(EnvironmentFacts),
    Plan(PlanFacts),
    Lab(Box<LabFacts>),
    Machine(MachineFacts),
}

/// Of an image version.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct VersionFacts {
    /// When it first was `Succeeded`.
    pub(crate) succeeded: Option<Tick>,
    /// When each region's copy began and is to end.
    pub(crate) regions: BTreeMap<String, (Tick, Tick)>,
    /// Gigabytes of the operating system disk.
    pub(crate) size: u64,
}

/// Of a lab account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct AccountFacts {
    /// Marketplace images whose `isEnabled` somebody set, by lower-case name.
    pub(crate) marketplace: BTreeMap<String, bool>,
    /// The labs that each user marked, by the user's mail address.
    #[serde(default)]
    pub(crate) favorites: BTreeMap<String, BTreeSet<String>>,
}

/// Of an attached gallery.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct AttachmentFacts {
    /// The gallery's key.
    pub(crate) gallery: String,
    pub(crate) attached: Tick,
    /// Shared images whose state somebody set, by lower-case name: enabled or not, and the operation that does it.
    pub(crate) images: BTreeMap<String, (bool, String)>,
}

/// Of an environment setting, the template of a lab.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct SettingFacts {
    pub(crate) image: TemplateImage,
    pub(crate) size: String,
    pub(crate) user_name: String,
    pub(crate) has_template_vm: bool,
    pub(crate) publishing: PublishingState,
    /// The operation that ends `Publishing` or `Scaling`.
    pub(crate) publish_operation: Option<String>,
    /// The operation that saves the template to a gallery.
    pub(crate) export_operation: Option<String>,
    pub(crate) last_published: Option<Tick>,
    pub(crate) running: bool,
    /// Counts publishes, so that each makes other machines.
    pub(crate) generation: u64,
}

/// Of an environment, a student's machine.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct EnvironmentFacts {
    /// Its place among the machines of its lab.
    pub(crate) number: u64,
    pub(crate) user_name: String,
    /// The mail address of whom it belongs to.
    pub(crate) claimed_by: Option<String>,
    pub(crate) running: bool,
    /// The operation that starts or stops it, or sets its password.
    pub(crate) at_work: Option<String>,
    pub(crate) password_reset: Option<Tick>,
}

/// Of a lab plan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct PlanFacts {
    /// Marketplace images whose `enabledState` somebody set, by name.
    pub(crate) marketplace: BTreeMap<String, bool>,
    /// The attached gallery.
    pub(crate) gallery: Option<AttachedFacts>,
}

/// Of the gallery that a lab plan has attached.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct AttachedFacts {
    /// The gallery's key.
    pub(crate) key: String,
    pub(crate) since: Tick,
    /// Images whose `enabledState` somebody set, by lower-case name.
    pub(crate) images: BTreeMap<String, bool>,
}

/// Of a lab that stands beside its plan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct LabFacts {
    pub(crate) image: TemplateImage,
    pub(crate) state: LabState,
    /// The operation that ends `Publishing`, `Scaling` or `Syncing`.
    pub(crate) state_operation: Option<String>,
    /// True once machines for the users were made.
    pub(crate) published: bool,
}

/// The `state` of a lab that stands beside its plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum LabState {
    #[default]
    Draft,
    Publishing,
    Scaling,
    Syncing,
    Published,
}

impl LabState {
    /// As answers spell it.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Draft => "Draft",
            Self::Publishing => "Publishing",
            Self::Scaling => "Scaling",
            Self::Syncing => "Syncing",
            Self::Published => "Published",
        }
    }
}

/// Of a virtual machine of such a lab.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct MachineFacts {
    pub(crate) is_template: bool,
    pub(crate) state: MachineState,
    /// The state to fall back to when what is under way fails.
    pub(crate) before: MachineState,
}

/// The `state` of a virtual machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum MachineState {
    #[default]
    Stopped,
    Starting,
    Running,
    Stopping,
    ResettingPassword,
    Reimaging,
    Redeploying,
}

impl MachineState {
    /// As answers spell it.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Stopped => "Stopped",
            Self::Starting => "Starting",
            Self::Running => "Running",
            Self::Stopping => "Stopping",
            Self::ResettingPassword => "ResettingPassword",
            Self::Reimaging => "Reimaging",
            Self::Redeploying => "Redeploying",
        }
    }

    /// The state that this one leads to.
    pub(crate) fn goal(self) -> Self {
        match self {
            Self::Stopped | Self::Stopping | Self::Reimaging => Self::Stopped,
            Self::Starting | Self::Running | Self::ResettingPassword | Self::Redeploying => Self::Running,
        }
    }
}

/// What a template was made from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct TemplateImage {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) shared: bool,
    pub(crate) version: String,
    pub(crate) os_type: String,
    pub(crate) generation: String,
}

/// An environment setting's `publishingState`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PublishingState {
    #[default]
    Draft,
    Publishing,
    Published,
    PublishFailed,
    Scaling,
}

impl PublishingState {
    /// As answers spell it.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Draft => "Draft",
            Self::Publishing => "Publishing",
            Self::Published => "Published",
            Self::PublishFailed => "PublishFailed",
            Self::Scaling => "Scaling",
        }
    }
}

impl Resource {
    /// A resource of that kind and id, not yet in the world.
    pub(crate) fn new(kind: Kind, id: String, name: &str, now: Tick, unique: String) -> Self {
        Self {
            id,
            name: name.to_owned(),
            kind,
            location: None,
            tags: None,
            extra: Map::new(),
            properties: Map::new(),
            provisioning: Provisioning::Succeeded,
            operation: None,
            latest: None,
            created: now,
            changed: now,
            refuses_delete_until: None,
            unique,
            facts: Facts::None,
        }
    }

    /// Its key in the world.
    pub(crate) fn key(&self) -> String {
        crate::emulator::arm::path::key(&self.id)
    }

    /// `id`, `name`, `type`, `location`, `tags` and `properties` as the caller set them, with the provisioning state.
    pub(crate) fn envelope(&self) -> Value {
        let mut body = Map::new();
        body.insert("id".into(), json!(self.id));
        body.insert("name".into(), json!(self.name));
        body.insert("type".into(), json!(self.kind.arm_type()));
        if let Some(location) = &self.location {
            body.insert("location".into(), json!(location));
        }
        if let Some(tags) = &self.tags {
            body.insert("tags".into(), json!(tags));
        }
        body.extend(self.extra.clone());
        let mut properties = self.properties.clone();
        properties.insert("provisioningState".into(), json!(self.provisioning.text()));
        body.insert("properties".into(), Value::Object(properties));
        Value::Object(body)
    }

    /// Text of one property, empty when there is none.
    pub(crate) fn text(&self, property: &str) -> &str {
        self.properties.get(property).and_then(Value::as_str).unwrap_or_default()
    }

    /// The facts of a version.
    pub(crate) fn version_facts(&self) -> Option<&VersionFacts> {
        if let Facts::Version(facts) = &self.facts { Some(facts) } else { None }
    }

    /// The facts of an attached gallery.
    pub(crate) fn attachment(&self) -> Option<&AttachmentFacts> {
        if let Facts::Attachment(facts) = &self.facts { Some(facts) } else { None }
    }

    /// The facts of an environment setting.
    pub(crate) fn setting(&self) -> Option<&SettingFacts> {
        if let Facts::Setting(facts) = &self.facts { Some(facts) } else { None }
    }

    /// The facts of an environment.
    pub(crate) fn environment(&self) -> Option<&EnvironmentFacts> {
        if let Facts::Environment(facts) = &self.facts { Some(facts) } else { None }
    }

    /// The facts of an environment, to change.
    pub(crate) fn environment_mut(&mut self) -> Option<&mut EnvironmentFacts> {
        if let Facts::Environment(facts) = &mut self.facts { Some(facts) } else { None }
    }

    /// The facts of a lab plan.
    pub(crate) fn plan(&self) -> Option<&PlanFacts> {
        if let Facts::Plan(facts) = &self.facts { Some(facts) } else { None }
    }

    /// The facts of a lab that stands beside its plan.
    pub(crate) fn lab(&self) -> Option<&LabFacts> {
        if let Facts::Lab(facts) = &self.facts { Some(facts) } else { None }
    }

    /// The facts of such a lab, to change.
    pub(crate) fn lab_mut(&mut self) -> Option<&mut LabFacts> {
        if let Facts::Lab(facts) = &mut self.facts { Some(facts) } else { None }
    }

    /// The facts of a virtual machine.
    pub(crate) fn machine(&self) -> Option<&MachineFacts> {
        if let Facts::Machine(facts) = &self.facts { Some(facts) } else { None }
    }

    /// The facts of a virtual machine, to change.
    pub(crate) fn machine_mut(&mut self) -> Option<&mut MachineFacts> {
        if let Facts::Machine(facts) = &mut self.facts { Some(facts) } else { None }
    }

    /// The facts of an environment setting, to change.
    pub(crate) fn setting_mut(&mut self) -> Option<&mut SettingFacts> {
        if let Facts::Setting(facts) = &mut self.facts { Some(facts) } else { None }
    }
}
