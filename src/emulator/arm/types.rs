//! The resource types that are served, their API versions, and addresses in their terms.
//!
//! Versions: the published descriptions of Compute Gallery and Lab Services, and 2019-01-01-preview as Microsoft's
//! classroom labs module speaks it. A type exists only in its own versions.

use crate::emulator::arm::errors::{Refusal, unknown_type};
use crate::emulator::arm::path::Path;
use serde::{Deserialize, Serialize};

/// What a resource is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Kind {
    Group,
    Gallery,
    Definition,
    Version,
    LabAccount,
    MarketplaceImage,
    SharedGallery,
    SharedImage,
    Lab,
    User,
    Setting,
    Environment,
    TemplateSchedule,
    LabPlan,
    PlanImage,
    PlanLab,
    Schedule,
    PlanUser,
    Machine,
}

/// One row of the table of types.
#[derive(Debug)]
pub(crate) struct TypeInfo {
    pub(crate) kind: Kind,
    pub(crate) namespace: &'static str,
    /// The type's segments as answers spell them.
    pub(crate) path: &'static [&'static str],
    /// Newest first: the official CLI takes the first that is no preview.
    pub(crate) versions: &'static [&'static str],
}

/// API versions of Compute galleries.
const GALLERY_VERSIONS: &[&str] = &[
    "2026-03-03",
    "2025-03-03",
    "2024-03-03",
    "2023-07-03",
    "2022-08-03",
    "2022-03-03",
    "2022-01-03",
    "2021-10-01",
    "2021-07-01",
    "2020-09-30",
    "2019-12-01",
    "2019-07-01",
    "2019-03-01",
    "2018-06-01",
];
/// API versions of lab accounts.
const ACCOUNT_VERSIONS: &[&str] = &["2019-01-01-preview", "2018-10-15"];
/// API versions of what only the preview has.
const PREVIEW: &[&str] = &["2019-01-01-preview"];

/// API versions of lab plans and of what is made from them.
const PLAN_VERSIONS: &[&str] = &["2023-06-07", "2022-08-01", "2021-11-15-preview"];

const COMPUTE: &str = "Microsoft.Compute";
pub(crate) const LABS: &str = "Microsoft.LabServices";

/// Every type that is served, but resource groups, which have paths of their own.
pub(crate) static TYPES: &[TypeInfo] = &[
    TypeInfo { kind: Kind::Gallery, namespace: COMPUTE, path: &["galleries"], versions: GALLERY_VERSIONS },
    TypeInfo {
        kind: Kind::Definition,
        namespace: COMPUTE,
        path: &["galleries", "images"],
        versions: GALLERY_VERSIONS,
    },
    TypeInfo {
        kind: Kind::Version,
        namespace: COMPUTE,
        path: &["galleries", "images", "versions"],
        versions: GALLERY_VERSIONS,
    },
    TypeInfo { kind: Kind::LabAccount, namespace: LABS, path: &["labAccounts"], versions: ACCOUNT_VERSIONS },
    TypeInfo {
        kind: Kind::MarketplaceImage,
        namespace: LABS,
        path: &["labAccounts", "galleryImages"],
        versions: ACCOUNT_VERSIONS,
    },
    TypeInfo {
        kind: Kind::SharedGallery,
        namespace: LABS,
        path: &["labAccounts", "sharedGalleries"],
        versions: PREVIEW,
    },
    TypeInfo {
        kind: Kind::SharedImage,
        namespace: LABS,
        path: &["labAccounts", "sharedImages"],
        versions: PREVIEW,
    },
    TypeInfo { kind: Kind::Lab, namespace: LABS, path: &["labAccounts", "labs"], versions: ACCOUNT_VERSIONS },
    TypeInfo {
        kind: Kind::User,
        namespace: LABS,
        path: &["labAccounts", "labs", "users"],
        versions: ACCOUNT_VERSIONS,
    },
    TypeInfo {
        kind: Kind::Setting,
        namespace: LABS,
        path: &["labAccounts", "labs", "environmentSettings"],
        versions: ACCOUNT_VERSIONS,
    },
    TypeInfo {
        kind: Kind::Environment,
        namespace: LABS,
        path: &["labAccounts", "labs", "environmentSettings", "environments"],
        versions: ACCOUNT_VERSIONS,
    },
    TypeInfo {
        kind: Kind::TemplateSchedule,
        namespace: LABS,
        path: &["labAccounts", "labs", "environmentSettings", "schedules"],
        versions: PREVIEW,
    },
    TypeInfo { kind: Kind::LabPlan, namespace: LABS, path: &["labPlans"], versions: PLAN_VERSIONS },
    TypeInfo {
        kind: Kind::PlanImage,
        namespace: LABS,
        path: &["labPlans", "images"],
        versions: PLAN_VERSIONS,
    },
    TypeInfo { kind: Kind::PlanLab, namespace: LABS, path: &["labs"], versions: PLAN_VERSIONS },
    TypeInfo { kind: Kind::Schedule, namespace: LABS, path: &["labs", "schedules"], versions: PLAN_VERSIONS },
    TypeInfo { kind: Kind::PlanUser, namespace: LABS, path: &["labs", "users"], versions: PLAN_VERSIONS },
    TypeInfo {
        kind: Kind::Machine,
        namespace: LABS,
        path: &["labs", "virtualMachines"],
        versions: PLAN_VERSIONS,
    },
];

impl TypeInfo {
    /// The segments without the namespace, such as `galleries/images`.
    pub(crate) fn short(&self) -> String {
        self.path.join("/")
    }
}

impl Kind {
    /// The type's row; resource groups have none.
    pub(crate) fn info(self) -> Option<&'static TypeInfo> {
        TYPES.iter().find(|info| info.kind == self)
    }

    /// The type as answers name it, such as `Microsoft.Compute/galleries/images`.
    pub(crate) fn arm_type(self) -> String {
        self.info().map_or_else(
            || "Microsoft.Resources/resourceGroups".to_owned(),
            |info| format!("{}/{}", info.namespace, info.short()),
        )
    }

    /// The segment that stands before a resource's own name, as ids spell it: those of lab accounts are in lower case.
    pub(crate) fn segment(self) -> String {
        let last = self.info().and_then(|info| info.path.last()).copied().unwrap_or("resourceGroups");
        if self.is_of_lab_accounts() { last.to_lowercase() } else { last.to_owned() }
    }

    /// True for the kinds of Lab Services.
    pub(crate) fn is_lab_services(self) -> bool {
        self.info().is_some_and(|info| info.namespace == LABS)
    }

    /// True for lab accounts and all below them, the first generation of Lab Services.
    pub(crate) fn is_of_lab_accounts(self) -> bool {
        self.is_lab_services() && self.info().is_some_and(|info| info.path[0] == "labAccounts")
    }

    /// True for lab plans, labs of their own and all below them, the second generation of Lab Services.
    pub(crate) fn is_of_lab_plans(self) -> bool {
        self.is_lab_services() && !self.is_of_lab_accounts()
    }
}

/// What of a type a request means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// All below a parent.
    Collection,
    /// One, by its name.
    Item,
    /// Something done to one; in lower case.
    Action(String),
}

/// A request's resource, below a subscription or a group.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub(crate) subscription: String,
    pub(crate) group: Option<String>,
    pub(crate) kind: Kind,
    /// Names along the type's segments, as the client wrote them; a collection has one fewer.
    pub(crate) names: Vec<String>,
    pub(crate) target: Target,
}

impl Address {
    /// The key of the resource that is addressed, or of the one that holds the collection; `None` at subscription scope.
    pub(crate) fn key(&self) -> Option<String> {
        self.key_of(self.names.len())
    }

    /// The key of what holds the addressed item or collection.
    pub(crate) fn parent_key(&self) -> Option<String> {
        let depth = self.kind.info()?.path.len();
        self.key_of(depth - 1)
    }

    fn key_of(&self, depth: usize) -> Option<String> {
        let info = self.kind.info()?;
        let group = self.group.as_ref()?;
        let mut key = format!("/subscriptions/{}/resourcegroups/{group}", self.subscription);
        if depth > 0 {
            key.push_str("/providers/");
            key.push_str(info.namespace);
        }
        for (kind, name) in info.path.iter().zip(&self.names).take(depth) {
            key.push('/');
            key.push_str(kind);
            key.push('/');
            key.push_str(name);
        }
        Some(key.to_lowercase())
    }

    /// The group's name, empty at subscription scope.
    pub(crate) fn group_name(&self) -> &str {
        self.group.as_deref().unwrap_or_default()
    }

    /// The item's own name.
    pub(crate) fn name(&self) -> &str {
        self.names.last().map_or("", String::as_str)
    }
}

/// Reads `/subscriptions/{s}[/resourceGroups/{g}]/providers/{namespace}/…`, whose segments after the namespace begin at `from`.
///
/// # Errors
/// 404 `InvalidResourceType` for a namespace, type or action place that is not served.
pub(crate) fn address(path: &Path, group: Option<String>, from: usize) -> Result<Address, Refusal> {
    let namespace = &path.segments[from - 1];
    let (rest, lower) = (&path.segments[from..], &path.lower[from..]);
    let types: Vec<&str> = lower.iter().step_by(2).map(String::as_str).collect();
    let names: Vec<String> = rest.iter().skip(1).step_by(2).cloned().collect();
    let unknown = || unknown_type(namespace, &rest.iter().step_by(2).cloned().collect::<Vec<_>>().join("/"));
    let in_namespace = || TYPES.iter().filter(|info| info.namespace.eq_ignore_ascii_case(namespace));
    let find = |types: &[&str]| {
        in_namespace().find(|info| {
            info.path.len() == types.len()
                && info.path.iter().zip(types).all(|(path, asked)| path.eq_ignore_ascii_case(asked))
        })
    };
    let subscription = path.segments[1].clone();
    let make = |info: &TypeInfo, target| Address {
        subscription: subscription.clone(),
        group: group.clone(),
        kind: info.kind,
        names: names.clone(),
        target,
    };
    if let Some(info) = find(&types) {
        let target = if names.len() == types.len() { Target::Item } else { Target::Collection };
        return Ok(make(info, target));
    }
    match types.split_last() {
        Some((action, holders)) if names.len() == holders.len() => {
            find(holders).map(|info| make(info, Target::Action((*action).to_owned()))).ok_or_else(unknown)
        }
        _ => Err(unknown()),
    }
}

/// Checks the `api-version` of a request to a type.
///
/// # Errors
/// 400 `MissingApiVersionParameter`, `InvalidApiVersionParameter`, `NoRegisteredProviderFound`.
pub(crate) fn check_version(kind: Kind, version: Option<&str>) -> Result<(), Refusal> {
    let version = dated_version(version)?;
    let Some(info) = kind.info() else { return Ok(()) };
    if info.versions.iter().any(|served| served.eq_ignore_ascii_case(version)) {
        return Ok(());
    }
    let message = format!(
        "No registered resource provider found for location '' and API version '{version}' for type '{}'. The supported api-versions are '{}'.",
        info.short(),
        info.versions.join(", ")
    );
    Err(Refusal::new(400, "NoRegisteredProviderFound", message))
}

/// The `api-version`, which must be there and be a date, perhaps with `-preview` behind it.
///
/// # Errors
/// 400 `MissingApiVersionParameter`, `InvalidApiVersionParameter`.
pub(crate) fn dated_version(version: Option<&str>) -> Result<&str, Refusal> {
    let Some(version) = version.filter(|version| !version.is_empty()) else {
        let message = "The api-version query parameter (?api-version=) is required for all requests.";
        return Err(Refusal::new(400, "MissingApiVersionParameter", message));
    };
    let date = version.get(..10).unwrap_or_default();
    let suffix = version.get(10..).unwrap_or("?");
    if crate::emulator::clock::is_date(date) && (suffix.is_empty() || suffix.starts_with('-')) {
        return Ok(version);
    }
    let message =
        format!("The api-version '{version}' is invalid. The format is YYYY-MM-DD or YYYY-MM-DD-preview.");
    Err(Refusal::new(400, "InvalidApiVersionParameter", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str) -> Result<Address, Refusal> {
        let path = Path::parse(path).expect("a path");
        address(&path, Some(path.segments[3].clone()), 6)
    }

    #[test]
    fn a_path_is_a_collection_an_item_or_an_action() {
        let base = "/subscriptions/s/resourcegroups/RG/providers/microsoft.labservices/LabAccounts";
        let target = |path: String| of(&path).map(|address| (address.kind, address.target)).ok();
        assert_eq!(target(base.to_owned()), Some((Kind::LabAccount, Target::Collection)));
        assert_eq!(target(format!("{base}/a")), Some((Kind::LabAccount, Target::Item)));
        assert_eq!(
            target(format!("{base}/a/createLab")),
            Some((Kind::LabAccount, Target::Action("createlab".into())))
        );
        assert_eq!(
            target(format!("{base}/a/labs/l/EnvironmentSettings/Default/publish")),
            Some((Kind::Setting, Target::Action("publish".into())))
        );
        assert_eq!(target(format!("{base}/a/what/b")), None);
    }

    #[test]
    fn keys_are_lower_case_and_know_their_parent() {
        let address =
            of("/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute/galleries/G/images/I")
                .expect("served");
        assert_eq!(
            address.key().as_deref(),
            Some("/subscriptions/s/resourcegroups/rg/providers/microsoft.compute/galleries/g/images/i")
        );
        assert_eq!(
            address.parent_key().as_deref(),
            Some("/subscriptions/s/resourcegroups/rg/providers/microsoft.compute/galleries/g")
        );
    }

    #[test]
    fn a_type_exists_only_in_its_own_versions() {
        assert!(check_version(Kind::SharedGallery, Some("2019-01-01-preview")).is_ok());
        let code =
            |version| check_version(Kind::SharedGallery, version).map_err(|refusal| refusal.problem.code);
        assert_eq!(code(Some("2018-10-15")), Err("NoRegisteredProviderFound".to_owned()));
        assert_eq!(code(Some("latest")), Err("InvalidApiVersionParameter".to_owned()));
        assert_eq!(code(None), Err("MissingApiVersionParameter".to_owned()));
    }
}
