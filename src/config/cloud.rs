//! `cloud:` and `subscriptions:`: which Azure, and how its subscriptions are called.

use std::collections::BTreeMap;

use url::{Host, Url};

use super::codes::Code;
use super::error::{Mistake, Problems};
use super::fields::{self, guid};
use super::load::PROJECT_FILE;
use super::near::{perhaps, quoted};
use super::node::Node;
use super::paths::relative_to;
use super::settings::outside;

/// The subscription of the embedded emulator.
pub const EMULATOR_SUBSCRIPTION: &str = "11111111-1111-1111-1111-111111111111";

const PUBLIC_ENDPOINT: &str = "https://management.azure.com";

/// Which Azure a project speaks to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloudSettings {
    /// The embedded emulator.
    Emulator,
    /// An endpoint of Azure Resource Manager.
    Azure(AzureSettings),
}

/// How to reach an endpoint of Azure Resource Manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AzureSettings {
    /// The subscription of resources that name none: a GUID, or a name of `subscriptions:`.
    pub subscription: String,
    /// The tenant; where it is not written, the environment says.
    pub tenant: Option<GuidOrEnv>,
    /// The address, without a slash at its end.
    pub endpoint: String,
    /// Where tokens come from; where it is not written, the environment or the endpoint says.
    pub authority: Option<String>,
    /// How to sign in.
    pub auth: Auth,
    /// A file with another trusted CA, relative to the project's root.
    pub ca: Option<String>,
}

impl AzureSettings {
    /// Whether the endpoint is that of Azure's public cloud.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.endpoint == PUBLIC_ENDPOINT
    }

    /// Whether the endpoint is Azure itself rather than an emulator on loopback.
    #[must_use]
    pub fn is_real(&self) -> bool {
        !Url::parse(&self.endpoint).is_ok_and(|url| is_loopback(&url))
    }
}

/// How to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Auth {
    /// Whatever the environment offers, in the order of the other ways.
    #[default]
    Default,
    /// A service principal: `AZURE_CLIENT_ID` and `AZURE_CLIENT_SECRET`.
    ClientSecret,
    /// A service principal that shows a token of another issuer: `AZURE_CLIENT_ID` and `AZURE_FEDERATED_TOKEN_FILE`.
    Workload,
    /// The identity of the machine.
    Managed,
    /// Whoever is signed in to the Azure CLI.
    Cli,
}

/// The words for the ways to sign in.
const WAYS: [(&str, Auth); 5] = [
    ("default", Auth::Default),
    ("client-secret", Auth::ClientSecret),
    ("workload", Auth::Workload),
    ("managed", Auth::Managed),
    ("cli", Auth::Cli),
];

/// A GUID, or the environment variable that holds it, which only commands that call Azure open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GuidOrEnv {
    /// The GUID itself, in lower case.
    Guid(String),
    /// The variable's name.
    Env(String),
}

impl GuidOrEnv {
    /// The GUID where it is known without opening anything.
    #[must_use]
    pub fn known(&self) -> Option<&str> {
        match self {
            Self::Guid(guid) => Some(guid),
            Self::Env(_) => None,
        }
    }
}

/// Reads `subscriptions:`.
pub(super) fn subscriptions(node: &Node, problems: &mut Problems) -> BTreeMap<String, GuidOrEnv> {
    let mut found = BTreeMap::new();
    for entry in fields::map(node, "{ main: { env: AZURE_SUBSCRIPTION_ID } }", problems).unwrap_or_default() {
        if !fields::is_key(&entry.key) {
            problems.add(super::settings::bad_key(&entry.key, entry.key_place, "a subscription's name"));
        }
        let read = guid_or_env(&entry.value, "a subscription", problems);
        // A name that could not be read is kept, so that what refers to it is not blamed as well.
        found.insert(entry.key.to_string(), read.unwrap_or(GuidOrEnv::Env(String::new())));
    }
    found
}

fn guid_or_env(node: &Node, what: &str, problems: &mut Problems) -> Option<GuidOrEnv> {
    if let Some(text) = node.as_text() {
        let found = guid(text).map(GuidOrEnv::Guid);
        if found.is_none() {
            problems.add(
                Mistake::new(Code::BadSubscription, format!("{what} is a GUID, this is {}", quoted(text)))
                    .on(node, "not a GUID")
                    .advice("write the GUID, or `{ env: NAME }` for a variable that holds it"),
            );
        }
        return found;
    }
    let Some([entry]) = node.as_map().filter(|_| !node.is_null()) else {
        problems.add(fields::wrong_type(node, "a GUID or `{ env: NAME }`"));
        return None;
    };
    if &*entry.key != "env" {
        problems.add(fields::unknown_key(entry, "this", ["env"]));
        return None;
    }
    fields::text(&entry.value, problems).map(|name| GuidOrEnv::Env(name.to_owned()))
}

/// Reads `cloud:`.
pub(super) fn read(
    node: &Node,
    subscriptions: &BTreeMap<String, GuidOrEnv>,
    problems: &mut Problems,
) -> CloudSettings {
    const HELP: &str = "write `cloud: emulator`, or `cloud: { azure: { subscription: GUID } }`";
    if let Some(text) = node.as_text() {
        if text != "emulator" {
            problems.add(
                Mistake::new(Code::BadChoice, format!("{} is no cloud", quoted(text)))
                    .on(node, "not known")
                    .advice(HELP),
            );
        }
        return CloudSettings::Emulator;
    }
    let Some(entries) = node.as_map().filter(|_| !node.is_null()) else {
        problems.add(fields::wrong_type(node, "`emulator` or a map").advice(HELP));
        return CloudSettings::Emulator;
    };
    fields::only(entries, "`cloud`", &["azure"], problems);
    match node.get("azure") {
        Some(azure) => azure_settings(azure, subscriptions, problems)
            .map_or(CloudSettings::Emulator, CloudSettings::Azure),
        None => CloudSettings::Emulator,
    }
}

fn azure_settings(
    node: &Node,
    subscriptions: &BTreeMap<String, GuidOrEnv>,
    problems: &mut Problems,
) -> Option<AzureSettings> {
    const KEYS: &[&str] = &["subscription", "tenant", "endpoint", "authority", "auth", "ca"];
    let entries = fields::map(node, "{ subscription: main }", problems)?;
    fields::only(entries, "`azure`", KEYS, problems);
    let value = |key: &str| node.get(key).filter(|node| !node.is_null());
    let subscription = match value("subscription") {
        Some(node) => subscription(node, subscriptions, problems).unwrap_or_default(),
        None => {
            problems.add(
                Mistake::new(Code::MissingAttribute, "`subscription` is missing")
                    .at(node.place, "needs a subscription")
                    .advice("add `subscription: GUID`, or a name of `subscriptions:`"),
            );
            String::new()
        }
    };
    let endpoint = value("endpoint").and_then(|node| address(node, "an endpoint", problems));
    Some(AzureSettings {
        subscription,
        tenant: value("tenant").and_then(|node| guid_or_env(node, "a tenant", problems)),
        endpoint: endpoint.unwrap_or_else(|| PUBLIC_ENDPOINT.into()),
        authority: value("authority").and_then(|node| address(node, "an authority", problems)),
        auth: value("auth").map(|node| auth(node, problems)).unwrap_or_default(),
        ca: value("ca").and_then(|node| {
            let text = fields::text(node, problems)?;
            let path = relative_to(PROJECT_FILE, text);
            if path.is_none() {
                problems.add(outside(text, node));
            }
            path
        }),
    })
}

/// A subscription by GUID or by name of `subscriptions:`, as it is written.
pub(super) fn subscription(
    node: &Node,
    subscriptions: &BTreeMap<String, GuidOrEnv>,
    problems: &mut Problems,
) -> Option<String> {
    let text = fields::text(node, problems)?;
    if let Some(guid) = guid(text) {
        return Some(guid);
    }
    if subscriptions.contains_key(text) {
        return Some(text.to_owned());
    }
    let known = subscriptions.keys().map(String::as_str);
    let help = perhaps(text, known).unwrap_or_else(|| {
        format!("write its GUID, or add `subscriptions: {{ {text}: GUID }}` to labwright.yaml")
    });
    problems.add(
        Mistake::new(Code::BadSubscription, format!("there is no subscription {}", quoted(text)))
            .on(node, "neither a GUID nor a name of `subscriptions:`")
            .advice(help),
    );
    None
}

fn auth(node: &Node, problems: &mut Problems) -> Auth {
    let Some(word) = fields::text(node, problems) else { return Auth::Default };
    if let Some((_, way)) = WAYS.iter().find(|(known, _)| *known == word) {
        return *way;
    }
    problems.add(
        Mistake::new(Code::BadChoice, format!("{} is no way to sign in", quoted(word)))
            .on(node, "not known")
            .help(perhaps(word, WAYS.map(|(known, _)| known))),
    );
    Auth::Default
}

fn address(node: &Node, what: &str, problems: &mut Problems) -> Option<String> {
    let text = fields::text(node, problems)?;
    let mistake = |why: &str| {
        Mistake::new(Code::Endpoint, format!("{} is not {what}: {why}", quoted(text)))
            .on(node, why)
            .advice("for example `https://management.azure.com`, or `http://127.0.0.1:8080` for an emulator")
    };
    let refused = match Url::parse(text) {
        Err(error) => mistake(&error.to_string()),
        Ok(url) if !url.username().is_empty() || url.password().is_some() => mistake("it holds a user name"),
        Ok(url) if url.query().is_some() || url.fragment().is_some() => mistake("it holds more than a host"),
        Ok(url) if url.scheme() == "http" && !is_loopback(&url) => mistake("http goes to loopback only"),
        Ok(url) if url.scheme() != "http" && url.scheme() != "https" => mistake("it is not https"),
        Ok(url) if what == "an endpoint" && url.path() != "/" => mistake("it has a path"),
        Ok(url) => return Some(url.as_str().trim_end_matches('/').to_owned()),
    };
    problems.add(refused);
    None
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
