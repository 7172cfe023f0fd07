//! Looks, before anything is changed, whether what a plan needs is there; changes nothing.
//!
//! What cannot be found out is said and stops nobody: only what Azure is sure to refuse is [`Verdict::Bad`].

mod answers;
mod skus;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{BoxFuture, join_all};
use serde_json::Value;

use self::answers::{is_allowed, is_application_with, left, not_there, offer};
use crate::azure::{Arm, ArmError, Call, read};
use crate::kinds::listing;
use crate::model::{ArmId, Check, Method, Principal, Read, Required, Requirement, Verdict};
use crate::plan::{Needs, Rights};

/// Version of subscriptions. Source: Subscriptions REST.
const SUBSCRIPTIONS: &str = "2022-12-01";
/// Version of groups and providers, as the kinds speak it.
const RESOURCES: &str = "2024-07-01";
/// Version of rights and roles. Source: Authorization REST, Permissions and Role Assignments.
const AUTHORIZATION: &str = "2022-04-01";
/// Version of lab accounts.
const LABS: &str = "2019-01-01-preview";

/// Looks at everything that is needed, in the order in which it is told.
///
/// What lies in a subscription that cannot be used is not asked after.
pub async fn preflight(arm: &dyn Arm, needs: &Needs, who: Option<&Principal>) -> Vec<Check> {
    let room = Room { arm, who };
    let subscriptions = needs.subscriptions();
    let looked = join_all(subscriptions.iter().map(|id| room.subscription(id))).await;
    let unusable: BTreeSet<_> = subscriptions
        .iter()
        .zip(&looked)
        .filter(|(_, check)| check.verdict == Verdict::Bad)
        .map(|(id, _)| id.clone())
        .collect();
    let is_usable = |id: &ArmId| id.subscription().is_some_and(|own| !unusable.contains(&own));
    let mut questions: Vec<BoxFuture<'_, Vec<Check>>> = Vec::new();
    for (subscription, namespace) in needs.providers.iter().filter(|(id, _)| is_usable(id)) {
        let regions =
            needs.regions.iter().filter(move |(own, of, _, _)| own == subscription && of == namespace);
        questions.push(Box::pin(room.provider(subscription, namespace, regions.collect())));
    }
    for group in needs.groups.iter().filter(|id| is_usable(id)) {
        questions.push(Box::pin(room.group(group)));
    }
    for (scope, rights) in needs.rights.iter().filter(|(id, _)| is_usable(id)) {
        questions.push(Box::pin(room.rights(scope, rights)));
    }
    questions.extend(asked(&room, needs.requirements.iter().filter(|own| is_usable(&own.on))));
    let answers = join_all(questions).await;
    looked.into_iter().chain(answers.into_iter().flatten()).collect()
}

/// What is asked because the kinds ask for it, once for all that ask the same.
fn asked<'r>(
    room: &'r Room<'_>,
    requirements: impl Iterator<Item = &'r Requirement>,
) -> Vec<BoxFuture<'r, Vec<Check>>> {
    let mut questions: Vec<BoxFuture<'r, Vec<Check>>> = Vec::new();
    let mut sizes: BTreeMap<&ArmId, BTreeSet<Size<'_>>> = BTreeMap::new();
    // Cores are the subscription's, whichever account takes them: any of its accounts tells how many are left.
    let mut cores: BTreeMap<&str, (&ArmId, BTreeMap<Size<'_>, u64>)> = BTreeMap::new();
    let mut named: BTreeSet<&ArmId> = BTreeSet::new();
    let mut shown: BTreeMap<&ArmId, Vec<&str>> = BTreeMap::new();
    let mut offered: BTreeMap<&ArmId, BTreeSet<skus::Wanted<'_>>> = BTreeMap::new();
    let mut plan_cores: BTreeMap<(&ArmId, &str), BTreeMap<Size<'_>, u64>> = BTreeMap::new();
    for Requirement { on, what } in requirements {
        match what {
            Required::Role { application, called, role } => {
                questions.push(Box::pin(room.role(on, application, called, role)));
            }
            Required::There => drop(named.insert(on)),
            Required::Image(name) => shown.entry(on).or_default().push(name),
            Required::Sku { name, word, region, cores: added } => {
                offered.entry(on).or_default().insert((name, word, region));
                let wanted = plan_cores.entry((on, region)).or_default();
                *wanted.entry((name, word)).or_default() += added;
            }
            Required::Machines { size, portal, cores: added } => {
                sizes.entry(on).or_default().insert((size, portal));
                let subscription = on.segment("subscriptions").unwrap_or_default();
                let (_, wanted) = cores.entry(subscription).or_insert_with(|| (on, BTreeMap::new()));
                *wanted.entry((size, portal)).or_default() += added;
            }
        }
    }
    for id in named {
        questions.push(Box::pin(room.named(id)));
    }
    for (account, names) in shown {
        questions.push(Box::pin(room.marketplace(account, names)));
    }
    for (account, sizes) in sizes {
        questions.push(Box::pin(room.sizes(account, sizes)));
    }
    for (account, wanted) in cores.into_values() {
        questions.push(Box::pin(room.cores(account, wanted)));
    }
    for (subscription, wanted) in offered {
        questions.push(Box::pin(room.skus(subscription, wanted.into_iter().collect())));
    }
    for ((subscription, region), wanted) in plan_cores {
        questions.push(Box::pin(room.plan_cores(subscription, region, wanted)));
    }
    questions
}

/// A size's names, in the API and in the portal.
type Size<'a> = (&'a str, &'a str);

/// Who asks whom.
#[derive(Clone, Copy)]
struct Room<'a> {
    arm: &'a dyn Arm,
    who: Option<&'a Principal>,
}

impl Room<'_> {
    async fn get(&self, path: ArmId, api_version: &'static str) -> Result<Option<Value>, ArmError> {
        read(self.arm, &Read { path, api_version: api_version.into(), query: None, list: false }).await
    }

    async fn subscription(&self, id: &ArmId) -> Check {
        let subject = "Subscription".to_owned();
        let body = match self.get(id.clone(), SUBSCRIPTIONS).await {
            Ok(Some(body)) => body,
            Ok(None) => {
                return self.unreadable(subject, Verdict::Bad, "is not there for who is signed in", id);
            }
            Err(error) if error.status() == Some(404) => {
                return self.unreadable(subject, Verdict::Bad, &told(&error), id);
            }
            Err(error) if error.status() == Some(403) => {
                return self.unreadable(subject, Verdict::Doubtful, &told(&error), id);
            }
            Err(error) => return Check::new(subject, Verdict::Unknown, told(&error)),
        };
        let (name, state) = (body["displayName"].as_str().unwrap_or_default(), body["state"].as_str());
        match state {
            // Warned: nothing is paid any more, and changes still go through. Source: Subscriptions REST, states.
            Some("Enabled" | "Warned" | "PastDue") | None => {
                Check::new(subject, Verdict::Good, format!("{name}, {}", id.name()))
            }
            Some(state) => Check::new(
                subject,
                Verdict::Bad,
                format!("{name}, {}, is {state}: nothing can be changed in it", id.name()),
            )
            .advised("its billing owner enables it again, in the portal under Subscriptions", Vec::new()),
        }
    }

    async fn provider(
        &self,
        subscription: &ArmId,
        namespace: &str,
        regions: Vec<&(ArmId, String, String, String)>,
    ) -> Vec<Check> {
        let subject = "Provider".to_owned();
        let path = ArmId::new(format!("{subscription}/providers/{namespace}"));
        let body = match self.get(path, RESOURCES).await {
            Ok(Some(body)) => body,
            Ok(None) => {
                return vec![Check::new(
                    subject,
                    Verdict::Unknown,
                    format!("the subscription does not know {namespace}"),
                )];
            }
            Err(error) => return vec![Check::new(subject, Verdict::Unknown, told(&error))],
        };
        let state = body["registrationState"].as_str().unwrap_or("in no known state");
        let mut checks = vec![match state {
            "Registered" => Check::new(subject, Verdict::Good, format!("{namespace} is registered")),
            "Registering" => Check::new(
                subject,
                Verdict::Doubtful,
                format!("{namespace} is still being registered; this takes some minutes"),
            ),
            _ => {
                let detail = format!("{namespace} is not registered in subscription {}", subscription.name());
                let command = command(
                    "az provider register --wait --namespace",
                    [namespace, "--subscription", subscription.name()],
                );
                Check::new(subject, Verdict::Bad, detail)
                    .advised("a Contributor or Owner of the subscription runs", vec![command])
            }
        }];
        for (_, _, kind, wanted) in regions {
            checks.extend(not_there(&body, namespace, kind, wanted));
        }
        checks
    }

    async fn group(&self, id: &ArmId) -> Vec<Check> {
        let subject = "Group".to_owned();
        let check = match self.get(id.clone(), RESOURCES).await {
            Ok(Some(_)) => Check::new(subject, Verdict::Good, id.name()),
            Ok(None) => {
                let subscription = id.segment("subscriptions").unwrap_or_default();
                let command = command(
                    "az group create --location REGION --subscription",
                    [subscription, "--name", id.name()],
                );
                Check::new(subject, Verdict::Bad, format!("{} is not there", id.name())).advised(
                    "write it under `resourceGroups:`, or a Contributor of the subscription runs",
                    vec![command],
                )
            }
            Err(error) if error.status() == Some(403) => {
                // Whoever has rights on what lies in it alone may well do without.
                self.unreadable(subject, Verdict::Doubtful, &told(&error), id)
            }
            Err(error) => Check::new(subject, Verdict::Unknown, told(&error)),
        };
        vec![check]
    }

    /// Looks whether something is there that the files name by its id.
    async fn named(&self, id: &ArmId) -> Vec<Check> {
        let subject = "By its id".to_owned();
        vec![match read(self.arm, &listing::unmanaged(id)).await {
            Ok(Some(_)) => Check::new(subject, Verdict::Good, format!("{} is there", place(id))),
            Ok(None) => Check::new(subject, Verdict::Bad, format!("{} is not there: {id}", place(id)))
                .advised("write another id, or have it made", Vec::new()),
            Err(error) if error.status() == Some(403) => {
                self.unreadable(subject, Verdict::Doubtful, &told(&error), id)
            }
            Err(error) => Check::new(subject, Verdict::Unknown, format!("{}: {}", place(id), told(&error))),
        }]
    }

    /// Looks whether everything is allowed: at the scope, and what is not allowed there at each resource that it is for.
    async fn rights(&self, scope: &ArmId, rights: &Rights) -> Vec<Check> {
        let (subject, name) = ("Rights", place(scope));
        let entries = match self.permissions(scope).await {
            Ok(entries) => entries,
            Err(why) => return vec![Check::new(subject, Verdict::Unknown, format!("{name}: {why}"))],
        };
        let open: BTreeMap<_, _> = rights.iter().filter(|(right, _)| !is_allowed(&entries, right)).collect();
        let within: BTreeSet<_> = open.values().copied().flatten().collect();
        let mut own = BTreeMap::new();
        for id in within {
            match self.permissions(id).await {
                Ok(entries) => drop(own.insert(id, entries)),
                Err(why) => {
                    return vec![Check::new(subject, Verdict::Unknown, format!("{}: {why}", place(id)))];
                }
            }
        }
        let is_given = |right: &str, ids: &BTreeSet<ArmId>| {
            !ids.is_empty()
                && ids.iter().all(|id| own.get(id).is_some_and(|entries| is_allowed(entries, right)))
        };
        let missing: Vec<_> =
            open.iter().filter(|(right, ids)| !is_given(right, ids)).map(|(right, _)| right).collect();
        let Some((first, others)) = missing.split_first() else {
            let detail = format!("{name}: all {} that are needed", rights.len());
            return vec![Check::new(subject, Verdict::Good, detail)];
        };
        let more = if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
        let check = Check::new(subject, Verdict::Bad, format!("{name}: {first} is not allowed{more}"));
        vec![check.advised(format!("an Owner of {name} runs"), vec![self.grant("Contributor", scope)])]
    }

    /// What the caller may do at a scope, or why that is not known.
    async fn permissions(&self, scope: &ArmId) -> Result<Vec<Value>, String> {
        let path = ArmId::new(format!("{scope}/providers/Microsoft.Authorization/permissions"));
        let list = Read { path, api_version: AUTHORIZATION.into(), query: None, list: true };
        match read(self.arm, &list).await {
            Ok(Some(Value::Array(entries))) => Ok(entries),
            Ok(_) => Err("they cannot be read".to_owned()),
            Err(error) => Err(told(&error)),
        }
    }

    /// Looks whether an application may have a role: which of the principals it is only the directory knows.
    async fn role(&self, scope: &ArmId, application: &str, called: &str, role: &str) -> Vec<Check> {
        let subject = called.to_owned();
        let place = place(scope);
        let path = ArmId::new(format!("{scope}/providers/Microsoft.Authorization/roleAssignments"));
        let query = Some("$filter=atScope()".to_owned());
        let list = Read { path, api_version: AUTHORIZATION.into(), query, list: true };
        let assigned = match read(self.arm, &list).await {
            Ok(Some(Value::Array(assigned))) => assigned,
            Ok(_) => {
                return vec![Check::new(
                    subject,
                    Verdict::Unknown,
                    format!("{place}: its roles cannot be read"),
                )];
            }
            Err(error) => return vec![Check::new(subject, Verdict::Unknown, told(&error))],
        };
        let is_me =
            |own: &Value| self.who.is_some_and(|who| own["properties"]["principalId"] == who.object.as_str());
        let others = assigned.iter().filter(|own| is_application_with(own, role) && !is_me(own));
        let applications = others.count();
        if applications > 0 {
            let detail = format!(
                "{place}: {role} or more is given to {applications} of the tenant's other applications"
            );
            return vec![Check::new(subject, Verdict::Good, detail)];
        }
        let words = [application, "--role", role, "--scope", scope.as_str()];
        let command = command("az role assignment create --assignee", words);
        let detail = format!("{place}: no application has {role}, so the service cannot read the images");
        vec![
            Check::new(subject, Verdict::Doubtful, detail)
                .advised(format!("an Owner of {place} runs"), vec![command]),
        ]
    }

    async fn sizes(&self, account: &ArmId, sizes: BTreeSet<Size<'_>>) -> Vec<Check> {
        let prices = self.post(account, "getPricingAndAvailability").await;
        let check = |(size, portal): Size<'_>| {
            let place = format!("{portal} in {}", account.name());
            match &prices {
                Err(error) => Check::new("Size", Verdict::Unknown, format!("{place}: {}", told(error))),
                Ok(answer) => offer(answer, size, &place),
            }
        };
        sizes.into_iter().map(check).collect()
    }

    async fn cores(&self, account: &ArmId, wanted: BTreeMap<Size<'_>, u64>) -> Vec<Check> {
        let usage = self.post(account, "getRestrictionsAndUsage").await;
        let check = |((size, portal), cores): (Size<'_>, u64)| {
            let subject = "Cores";
            match usage.as_ref().ok().and_then(|answer| left(answer, size)) {
                Some(left) if left < cores => {
                    Check::new(subject, Verdict::Bad, format!("{portal}: {cores} are needed and {left} are left")).advised(
                        "who may open support requests asks for more, days ahead: portal, the lab account, Usage + quotas, Request core limit increase",
                        Vec::new(),
                    )
                }
                Some(left) => {
                    Check::new(subject, Verdict::Good, format!("{portal}: {cores} of the {left} that are left"))
                }
                None => Check::new(
                    subject,
                    Verdict::Unknown,
                    format!("{portal}: {cores} are needed; how many are left the portal shows, under Usage + quotas"),
                ),
            }
        };
        wanted.into_iter().filter(|(_, cores)| *cores > 0).map(check).collect()
    }

    /// Looks whether the account or the plan shows these images of the marketplace.
    async fn marketplace(&self, account: &ArmId, names: Vec<&str>) -> Vec<Check> {
        let subject = "Marketplace";
        let is_plan = account.segment("labplans").is_some();
        let (name, version, pointer) = match is_plan {
            true => ("images", skus::PLANS, "/properties/displayName"),
            false => ("galleryimages", LABS, "/name"),
        };
        let path = ArmId::new(format!("{account}/{name}"));
        let list = Read { path, api_version: version.into(), query: None, list: true };
        let offered = match read(self.arm, &list).await {
            Ok(Some(Value::Array(offered))) if !offered.is_empty() => offered,
            Ok(_) => {
                return vec![Check::new(
                    subject,
                    Verdict::Unknown,
                    format!("{} lists no images", account.name()),
                )];
            }
            Err(error) => return vec![Check::new(subject, Verdict::Unknown, told(&error))],
        };
        let own_names = || offered.iter().filter_map(|own| own["name"].as_str());
        let offered: Vec<_> = offered.iter().filter_map(|own| own.pointer(pointer)?.as_str()).collect();
        // A plan's images go by the name that people see, and by their own.
        let is_there = |name: &str| {
            let mut all = offered.iter().copied().chain(own_names());
            all.any(|own| own.eq_ignore_ascii_case(name))
        };
        let missing: Vec<_> = names.iter().filter(|name| !is_there(name)).collect();
        if missing.is_empty() {
            let detail = format!("{} shows the images that are needed", account.name());
            return vec![Check::new(subject, Verdict::Good, detail)];
        }
        let check = |name: &&&str| {
            let likeness = |own: &str| strsim::jaro_winkler(&own.to_lowercase(), &name.to_lowercase());
            let near = offered.iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
            let near = near.map(|near| format!("; the nearest is `{near}`")).unwrap_or_default();
            Check::new(subject, Verdict::Bad, format!("{} has no image `{name}`{near}", account.name()))
                .advised("write another `image:`", Vec::new())
        };
        missing.iter().map(check).collect()
    }

    async fn post(&self, account: &ArmId, action: &str) -> Result<Value, ArmError> {
        let path = ArmId::new(format!("{account}/{action}"));
        let call = Call { method: Method::Post, path: &path, api_version: LABS, query: None, body: None };
        Ok(self.arm.send(call).await?.body)
    }

    fn unreadable(&self, subject: String, verdict: Verdict, detail: &str, scope: &ArmId) -> Check {
        let (who, detail) =
            (format!("an Owner of {} runs", place(scope)), format!("{}: {detail}", scope.name()));
        Check::new(subject, verdict, detail).advised(who, vec![self.grant("Reader", scope)])
    }

    /// The command that gives who is signed in a role.
    fn grant(&self, role: &str, scope: &ArmId) -> Vec<String> {
        let words = ["--role", role, "--scope", scope.as_str()];
        match self.who {
            Some(Principal { object, is_application, .. }) => {
                let kind = if *is_application { "ServicePrincipal" } else { "User" };
                let whom = [object, "--assignee-principal-type", kind];
                command("az role assignment create --assignee-object-id", whom.into_iter().chain(words))
            }
            None => command("az role assignment create --assignee WHO", words),
        }
    }
}

/// A command: fixed words, then others that may hold anything.
fn command<'a>(fixed: &'a str, words: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    fixed.split(' ').chain(words).map(str::to_owned).collect()
}

/// `group cs-rg`, `gallery sig`: what a scope is, for people.
fn place(scope: &ArmId) -> String {
    let kind = scope.as_str().rsplit('/').nth(1).unwrap_or_default().to_lowercase();
    let noun = match kind.as_str() {
        "subscriptions" => "subscription",
        "resourcegroups" => "group",
        "galleries" => "gallery",
        "labaccounts" => "lab account",
        "labplans" => "lab plan",
        "labs" => "lab",
        "images" => "image",
        other => other,
    };
    format!("{noun} {}", scope.name())
}

fn told(error: &ArmError) -> String {
    super::error::told(error).message
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::azure::Answer;

    /// Rights by the end of the scope that they are asked for at; none elsewhere.
    struct Rightful(&'static [(&'static str, &'static str)]);

    impl Arm for Rightful {
        fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Answer, ArmError>> {
            let path = call.path.as_str();
            let scope =
                path.strip_suffix("/providers/Microsoft.Authorization/permissions").expect("permissions");
            let own = self.0.iter().filter(|(end, _)| scope.ends_with(end));
            let entries: Vec<_> =
                own.map(|(_, right)| json!({ "actions": [right], "notActions": [] })).collect();
            let body = json!({ "value": entries });
            Box::pin(async {
                Ok(Answer { status: 200, body, operation: None, retry_after: None, request_id: None })
            })
        }

        fn poll<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Answer, ArmError>> {
            panic!("{url} was not named")
        }
    }

    #[tokio::test]
    async fn rights_on_a_lab_alone_are_rights_and_what_is_missing_is_told_with_whom_to_ask() {
        let account = ArmId::group("s", "rg").resource("Microsoft.LabServices", "labaccounts", "a");
        let write = "Microsoft.LabServices/labaccounts/labs/write".to_owned();
        let rights = |labs: &[&str]| {
            Rights::from([(write.clone(), labs.iter().map(|lab| account.child("labs", lab)).collect())])
        };
        let arm = Rightful(&[("/labs/mine", "*"), ("/labaccounts/a", "*/read")]);
        let who =
            Principal { name: "ana".into(), object: "7".into(), tenant: "t".into(), is_application: false };
        let room = Room { arm: &arm, who: Some(&who) };
        assert_eq!(room.rights(&account, &rights(&["mine"])).await[0].verdict, Verdict::Good);
        for labs in [&["mine", "others"][..], &[]] {
            let check = &room.rights(&account, &rights(labs)).await[0];
            assert_eq!(check.verdict, Verdict::Bad, "{labs:?}");
            assert_eq!(check.detail, format!("lab account a: {write} is not allowed"));
            let commands = &check.advice.as_ref().expect("advice").commands;
            let command = "az role assignment create --assignee-object-id 7 --assignee-principal-type User --role Contributor --scope";
            assert_eq!(commands[0].join(" "), format!("{command} {account}"));
        }
    }
}
