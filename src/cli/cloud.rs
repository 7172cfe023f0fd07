//! The way to Azure, or to the emulator in this process.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::runtime::Runtime;

use super::arguments::RECORD;
use super::failure::CommandError;
use super::{Context, Exit, Failure, record, sign_in};
use crate::azure::{Client, Credential, Credentials, Settings, TraceLine};
use crate::config::{AzureSettings, CloudSettings, EMULATOR_SUBSCRIPTION, GuidOrEnv, Project};
use crate::emulator::{self, DEFAULT_TENANT, Emulator, StartError};
use crate::model::{Identity, Secret};

/// Azure, ready to be called.
#[derive(Debug)]
pub(super) struct Connection {
    /// The client.
    pub(super) arm: Client,
    /// The identity with everything opened that the files only name.
    pub(super) identity: Identity,
    /// GUIDs by the names of `subscriptions:`.
    pub(super) subscriptions: BTreeMap<String, String>,
    emulator: Option<Emulator>,
}

impl Connection {
    /// Lets the emulator end, where there is one.
    pub(super) async fn close(self) {
        if let Some(emulator) = self.emulator {
            emulator.stop().await;
        }
    }
}

/// A runtime for the commands that call Azure.
///
/// # Errors
/// Exit 1 where the system gives no threads.
pub(super) fn runtime() -> Result<Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    Ok(runtime.map_err(|source| CommandError::System { doing: "start threads", source })?)
}

/// Opens names of variables and signs in, or starts the emulator.
///
/// # Errors
/// Exit 3 where variables are not set; exit 1 where no token is given; exit 6 where another process has the emulator's
/// file.
pub(super) async fn connect(project: &Project, context: &Context) -> Result<Connection, Failure> {
    match &project.settings.cloud {
        CloudSettings::Emulator => to_emulator(project, context).await,
        CloudSettings::Azure(azure) => to_azure(azure, project, context).await,
    }
}

async fn to_emulator(project: &Project, context: &Context) -> Result<Connection, Failure> {
    let data = record::emulator_data(project, context);
    if let Some(folder) = data.parent() {
        std::fs::create_dir_all(folder).map_err(|source| CommandError::File {
            doing: "write",
            path: folder.to_owned(),
            source,
        })?;
    }
    // Nobody else on this machine is to call it.
    let client = (uuid::Uuid::new_v4().to_string(), uuid::Uuid::new_v4().to_string());
    let served = emulator::Settings {
        data: Some(data),
        client: Some(client.clone()),
        record: std::env::var_os(RECORD).map(PathBuf::from),
        ..emulator::Settings::default()
    };
    let emulator = Emulator::start(served).await.map_err(not_started)?;
    let credentials = Credential::ClientSecret {
        tenant: DEFAULT_TENANT.to_owned(),
        client_id: client.0,
        secret: Secret::new(client.1),
    };
    let mut open = Opening::default();
    let subscriptions = open.subscriptions(project);
    // The emulator takes any GUID: a variable that is not set stands for the default one.
    let subscriptions = subscriptions
        .into_iter()
        .map(|(name, guid)| (name, guid.unwrap_or_else(|| EMULATOR_SUBSCRIPTION.to_owned())))
        .collect::<BTreeMap<_, _>>();
    let arm = Client::new(Settings {
        endpoint: emulator.base_url(),
        authority: Some(emulator.base_url()),
        ..settings(credentials.into(), &subscriptions, context)
    })?;
    let identity = project.desired.identity.clone();
    Ok(Connection { arm, identity, subscriptions, emulator: Some(emulator) })
}

/// `contoso-cs, prod: Azure, subscription main`: which project, environment and cloud a plan is for.
pub(super) fn title(project: &Project) -> String {
    let cloud = match &project.settings.cloud {
        CloudSettings::Emulator => "embedded emulator".to_owned(),
        CloudSettings::Azure(azure) if !azure.is_real() => format!("emulator at {}", azure.endpoint),
        CloudSettings::Azure(azure) => {
            let host = azure.endpoint.trim_start_matches("https://");
            let at = if azure.is_public() { String::new() } else { format!(" at {host}") };
            format!("Azure{at}, subscription {}", azure.subscription)
        }
    };
    crate::render::title(&project.desired.identity, Some(&cloud))
}

/// Says why the emulator does not start.
pub(super) fn not_started(error: StartError) -> Failure {
    let exit = match error {
        StartError::Held { .. } | StartError::Data { .. } | StartError::Newer { .. } => Exit::State,
        StartError::NotLoopback(_) | StartError::Scale(_) | StartError::Certificate { .. } => Exit::Usage,
        StartError::Listen { .. }
        | StartError::Unwritable { .. }
        | StartError::Authority { .. }
        | StartError::Record { .. }
        | StartError::Thread(_) => Exit::Unforeseen,
    };
    let help = match error {
        StartError::Held { .. } => {
            "wait until that process ends, or end it, then run the command again; to share one emulator, start `labwright emulator --data .labwright/emulator.db` first and point `cloud: { azure: { endpoint: … } }` at it"
        }
        StartError::Unwritable { .. } => {
            "make room on its disk and see that you may write there, then run the command again; what the file holds stays"
        }
        StartError::Data { .. } => {
            "put back a copy of the file, or take it away together with the state beside it"
        }
        StartError::Newer { .. } => "use the labwright that wrote it, or a newer one",
        StartError::NotLoopback(_) => "name a loopback address: 127.0.0.1:0",
        StartError::Scale(_) => "1 is real time, 1000 a thousand times faster",
        StartError::Listen { .. } => "name another port, or 0 for any free one",
        StartError::Certificate { .. } => {
            "give the certificate with its chain, and the key that belongs to it, each as a PEM file; or use `--tls`"
        }
        StartError::Authority { .. } => "name another file with `--tls-ca-out`",
        StartError::Record { .. } => "name a file that can be written",
        StartError::Thread(_) => "the system is out of threads or memory",
    };
    Failure::of(exit, CommandError::Emulator { source: error, help })
}

async fn to_azure(
    azure: &AzureSettings,
    project: &Project,
    context: &Context,
) -> Result<Connection, Failure> {
    let mut open = Opening::default();
    let tenant = azure.tenant.as_ref().and_then(|tenant| open.guid(tenant));
    let credentials = sign_in::credentials(azure, tenant.as_deref(), variable);
    if let Err(missing) = &credentials {
        // A tenant that the files name is asked for by its own variable.
        let asked = missing.iter().filter(|name| azure.tenant.is_none() || *name != "AZURE_TENANT_ID");
        asked.for_each(|name| open.lacks(name));
    }
    let subscriptions = open.subscriptions(project);
    let (Ok(credentials), []) = (credentials, &open.missing[..]) else {
        return Err(CommandError::Credentials { names: open.missing.join(", ") }.into());
    };
    let tenant = tenant.or_else(|| variable("AZURE_TENANT_ID"));
    let subscriptions: BTreeMap<_, _> =
        subscriptions.into_iter().filter_map(|(name, guid)| Some((name, guid?))).collect();
    let default = subscriptions.get(&azure.subscription).unwrap_or(&azure.subscription).clone();
    let mut identity = project.desired.identity.clone();
    identity.tenant = identity.tenant.or(tenant);
    identity.subscription.get_or_insert(default);
    let arm = Client::new(Settings {
        endpoint: azure.endpoint.clone(),
        authority: azure.authority.clone().or_else(|| std::env::var("AZURE_AUTHORITY_HOST").ok()),
        ca: azure.ca.as_ref().map(|file| context.root().join(file)),
        ..settings(credentials, &subscriptions, context)
    })?;
    arm.sign_in().await?;
    Ok(Connection { arm, identity, subscriptions, emulator: None })
}

/// The settings that are alike for both.
fn settings(
    credentials: Credentials,
    subscriptions: &BTreeMap<String, String>,
    context: &Context,
) -> Settings {
    let hosts = std::env::var("LABWRIGHT_ENDPOINT_HOSTS").unwrap_or_default();
    Settings {
        endpoint: String::new(),
        authority: None,
        credentials,
        ca: None,
        correlation_id: uuid::Uuid::new_v4(),
        subscriptions: subscriptions.clone(),
        hosts: hosts.split(',').map(str::trim).filter(|host| !host.is_empty()).map(str::to_owned).collect(),
        pace: None,
        trace: (context.printer.verbosity() > 1).then(|| {
            let printer = super::printer::Printer::new(super::printer::Printing::default());
            let trace: crate::azure::Trace = Arc::new(move |line| printer.note(&trace_line(line)));
            trace
        }),
    }
}

fn trace_line(line: &TraceLine<'_>) -> String {
    let TraceLine { method, path, attempt, status, took, request_id, again_in } = line;
    let status = status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let again = again_in.map(|wait| format!(", again in {} ms", wait.as_millis())).unwrap_or_default();
    let id = request_id.map(|id| format!(" [{id}]")).unwrap_or_default();
    let path = crate::render::clean(path);
    format!(
        "  {} {path} → {status} in {} ms, attempt {attempt}{again}{id}\n",
        method.as_str(),
        took.as_millis()
    )
}

/// A variable that is set to something.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Opens names of environment variables, and remembers which are not set.
#[derive(Debug, Default)]
struct Opening {
    missing: Vec<String>,
}

impl Opening {
    fn variable(&mut self, name: &str) -> Option<String> {
        let value = variable(name);
        if value.is_none() {
            self.lacks(name);
        }
        value
    }

    fn lacks(&mut self, name: &str) {
        if !self.missing.iter().any(|known| known == name) {
            self.missing.push(name.to_owned());
        }
    }

    fn guid(&mut self, guid: &GuidOrEnv) -> Option<String> {
        match guid {
            GuidOrEnv::Guid(guid) => Some(guid.clone()),
            GuidOrEnv::Env(name) => self.variable(name),
        }
    }

    /// The subscriptions by their names; what only another environment uses may lack its variable.
    fn subscriptions(&mut self, project: &Project) -> BTreeMap<String, Option<String>> {
        let of_cloud = match &project.settings.cloud {
            CloudSettings::Azure(azure) => Some(&*azure.subscription),
            CloudSettings::Emulator => None,
        };
        let resources = project.desired.resources.values();
        let own = resources.filter_map(|own| own.attributes.get("subscription")?.as_str());
        let used: BTreeSet<_> = own.chain(of_cloud).collect();
        let opened = project.settings.subscriptions.iter().map(|(name, guid)| {
            let guid = match guid {
                GuidOrEnv::Env(unused) if !used.contains(name.as_str()) => variable(unused),
                guid => self.guid(guid),
            };
            (name.clone(), guid)
        });
        opened.collect()
    }
}
