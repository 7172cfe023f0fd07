//! What carrying out a plan needs of the cloud: groups, providers, regions, rights.
//!
//! It follows from the plan's own requests, so that a kind that is added later is asked after too. Source of the names of
//! rights: ARM's resource provider contract, actions of resource providers.

use std::collections::{BTreeMap, BTreeSet};

use super::{Plan, Verb};
use crate::kinds::{Links, View, kind_of, unmanaged};
use crate::model::{Address, ArmId, Desired, Method, Recorded, Request, Required, Requirement};

/// Where groups belong; nobody registers for it.
const RESOURCES: &str = "Microsoft.Resources";

/// Rights, each with the resources that it is for.
pub type Rights = BTreeMap<String, BTreeSet<ArmId>>;

/// What is needed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Groups that are to be there already.
    pub groups: BTreeSet<ArmId>,
    /// Namespaces that a subscription is to be registered for, by the subscription's id.
    pub providers: BTreeSet<(ArmId, String)>,
    /// Regions in which something is made: subscription, namespace, type, region.
    pub regions: BTreeSet<(ArmId, String, String, String)>,
    /// What has to be allowed, by where it is asked after: the nearest thing that exists, at most a top-level resource. Each
    /// right with the resources within that it is for and that exist: somebody may have it on those alone.
    pub rights: BTreeMap<ArmId, Rights>,
    /// What the kinds ask for, sorted; two labs may ask for the same.
    pub requirements: Vec<Requirement>,
}

impl Needs {
    /// What the plan needs, and with `whole` also what there is to manage and the plan leaves as it is.
    ///
    /// `open` gives the GUID of a subscription that the plan has by its name.
    #[must_use]
    pub fn of(
        plan: &Plan,
        desired: &Desired,
        recorded: &Recorded,
        whole: bool,
        open: &dyn Fn(&str) -> Option<String>,
    ) -> Self {
        let links = Links::of(&desired.resources, recorded);
        let view = View::of(desired, recorded, &links);
        let made = Made::of(plan, open);
        let mut needs = Self::default();
        let changed = plan.changes.iter().map(|change| &change.address);
        let there = desired.resources.keys().chain(recorded.rows.keys());
        let concerned: BTreeSet<&Address> =
            if whole { changed.chain(there).collect() } else { changed.collect() };
        for address in concerned {
            let row = recorded.rows.get(address);
            let id = view.arm_id(address).or_else(|| row.map(|row| row.arm_id.clone()));
            if let Some(id) = id {
                needs.concern(&id.in_subscription(open), &made);
            }
            if let Some(own) = desired.resources.get(address) {
                let asked = kind_of(address).requires(&own.attributes, row, &view).into_iter();
                let asked = asked.map(|own| Requirement { on: own.on.in_subscription(open), what: own.what });
                needs.requirements.extend(asked.filter(|own| !made.all.contains(&own.on)));
                for (_, id) in unmanaged(kind_of(address).info(), &own.attributes) {
                    needs.right(&id, "read", &made);
                    needs.requirements.push(Requirement { on: id, what: Required::There });
                }
            }
        }
        needs.requirements.sort();
        for step in plan.actions.iter().flat_map(|action| &action.steps) {
            if let Some(request) = &step.request {
                let path = request.path.in_subscription(open);
                needs.allow(request.method, &path, &made);
                needs.settle_in(request, &path);
            }
            if let Some(sweep) = &step.sweep {
                needs.right(&sweep.read.path.in_subscription(open), "write", &made);
            }
        }
        needs
    }

    /// Every subscription of it.
    #[must_use]
    pub fn subscriptions(&self) -> BTreeSet<ArmId> {
        let ids =
            self.groups.iter().chain(self.rights.keys()).chain(self.providers.iter().map(|(own, _)| own));
        ids.filter_map(ArmId::subscription).collect()
    }

    fn concern(&mut self, id: &ArmId, made: &Made) {
        let Some(subscription) = id.subscription() else { return };
        if let Some(namespace) = id.segment("providers") {
            self.providers.insert((subscription, namespace.to_owned()));
        }
        self.groups.extend(id.resource_group().filter(|group| !made.all.contains(group)));
    }

    fn allow(&mut self, method: Method, path: &ArmId, made: &Made) {
        match method {
            Method::Get => self.right(path, "read", made),
            Method::Put | Method::Patch => self.right(path, "write", made),
            Method::Delete => self.right(path, "delete", made),
            Method::Post => {
                if let Some((path, action)) = path.as_str().rsplit_once('/') {
                    self.right(&ArmId::new(path), &format!("{action}/action"), made);
                }
            }
        }
    }

    fn right(&mut self, id: &ArmId, verb: &str, made: &Made) {
        // Who has a lab made becomes its owner.
        if made.owned.iter().any(|own| id.lies_in(own)) {
            return;
        }
        if let (Some(scope), Some(kind)) = (nearest(id, made), type_of(id)) {
            let ids = self.rights.entry(scope).or_default().entry(format!("{kind}/{verb}")).or_default();
            ids.extend(id.top_level_child().filter(|own| !made.all.contains(own)));
        }
    }

    /// Remembers the region that a top-level resource is made in.
    fn settle_in(&mut self, request: &Request, path: &ArmId) {
        let region = request.body.as_ref().and_then(|body| body["location"].as_str());
        let (Some(region), Some(kind)) = (region, type_of(path)) else { return };
        if let (Some(subscription), Some((namespace, kind))) = (path.subscription(), kind.split_once('/'))
            && namespace != RESOURCES
            && !kind.contains('/')
        {
            self.regions.insert((subscription, namespace.to_owned(), kind.to_owned(), region.to_owned()));
        }
    }
}

/// What a plan makes.
#[derive(Debug, Default)]
struct Made {
    all: BTreeSet<ArmId>,
    /// What a POST to something else makes. Source: Lab Services, roles: a Lab Creator owns the labs that they create.
    owned: BTreeSet<ArmId>,
}

impl Made {
    fn of(plan: &Plan, open: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut made = Self::default();
        for action in plan.actions.iter().filter(|action| action.verb == Verb::Create) {
            let id = action.arm_id.in_subscription(open);
            let requests = action.steps.iter().filter_map(|step| step.request.as_ref());
            let is_posted =
                |request: &Request| request.method == Method::Post && !request.path.lies_in(&action.arm_id);
            if { requests }.any(is_posted) {
                made.owned.insert(id.clone());
            }
            made.all.insert(id);
        }
        made
    }
}

/// The nearest of resource, group and subscription that exists before the plan.
fn nearest(id: &ArmId, made: &Made) -> Option<ArmId> {
    let scopes = [id.top_level(), id.resource_group(), id.subscription()];
    scopes.into_iter().flatten().find(|scope| !made.all.contains(scope))
}

/// The type of what an id means, `Microsoft.Compute/galleries/images`, also of a list of them.
fn type_of(id: &ArmId) -> Option<String> {
    let of_group =
        || id.segment("resourceGroups").map(|_| format!("{RESOURCES}/subscriptions/resourceGroups"));
    id.resource_type().or_else(of_group)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const GROUP: &str = "/subscriptions/main/resourceGroups/rg";

    fn request(method: Method, path: &str) -> Request {
        let path = ArmId::new(format!("{GROUP}{path}"));
        let body = Some(json!({ "location": "westeurope" }));
        Request { method, path, api_version: "1".into(), body, onto: false, fills: Vec::new() }
    }

    #[test]
    fn rights_follow_from_requests_and_are_asked_after_at_what_exists() {
        let account = "/providers/Microsoft.LabServices/labaccounts/a";
        let gallery = "/providers/Microsoft.Compute/galleries/g";
        let made = Made { all: BTreeSet::from([ArmId::new(format!("{GROUP}{gallery}"))]), ..Made::default() };
        let mut needs = Needs::default();
        for (method, path) in [
            (Method::Post, format!("{account}/createLab")),
            (Method::Put, format!("{account}/labs/l/environmentsettings/default")),
            (Method::Put, gallery.to_owned()),
            (Method::Delete, String::new()),
        ] {
            let request = request(method, &path);
            needs.allow(method, &request.path, &made);
            needs.settle_in(&request, &request.path);
        }
        let names = |rights: &Rights| rights.keys().cloned().collect::<BTreeSet<_>>();
        let said: Vec<_> =
            needs.rights.iter().map(|(scope, rights)| (scope.to_string(), names(rights))).collect();
        let set = |rights: &[&str]| rights.iter().map(|&right| right.to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(
            said,
            [
                (
                    GROUP.to_owned(),
                    set(&[
                        "Microsoft.Compute/galleries/write",
                        "Microsoft.Resources/subscriptions/resourceGroups/delete"
                    ])
                ),
                (
                    format!("{GROUP}{account}"),
                    set(&[
                        "Microsoft.LabServices/labaccounts/createLab/action",
                        "Microsoft.LabServices/labaccounts/labs/environmentsettings/write"
                    ])
                ),
            ]
        );
        let regions: Vec<_> = needs.regions.into_iter().map(|(_, _, kind, region)| (kind, region)).collect();
        assert_eq!(regions, [("galleries".to_owned(), "westeurope".to_owned())]);
    }

    #[test]
    fn what_is_made_by_somebody_is_theirs() {
        let lab = format!("{GROUP}/providers/Microsoft.LabServices/labaccounts/a/labs/L");
        let made = Made { owned: BTreeSet::from([ArmId::new(lab)]), ..Made::default() };
        let mut needs = Needs::default();
        for end in ["labs/l", "labs/l/environmentsettings/default", "labs/l2"] {
            let path = format!("/providers/Microsoft.LabServices/labaccounts/a/{end}");
            needs.allow(Method::Put, &request(Method::Put, &path).path, &made);
        }
        let ids: Vec<_> = needs.rights.values().flat_map(Rights::values).flatten().map(ArmId::name).collect();
        assert_eq!(ids, ["l2"]);
    }

    #[test]
    fn a_group_that_is_made_is_asked_after_at_its_subscription() {
        let made = Made { all: BTreeSet::from([ArmId::new(GROUP)]), ..Made::default() };
        let mut needs = Needs::default();
        needs.allow(Method::Put, &ArmId::new(GROUP), &made);
        let scopes: Vec<_> = needs.rights.keys().map(ArmId::to_string).collect();
        assert_eq!(scopes, ["/subscriptions/main"]);
        assert_eq!(needs.subscriptions(), BTreeSet::from([ArmId::new("/subscriptions/main")]));
    }
}
