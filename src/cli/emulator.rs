//! `labwright emulator`: the embedded Azure as a server for any client; needs no project.

use super::arguments::{Emulator as Arguments, Operations};
use super::failure::CommandError;
use super::signals::Signals;
use super::{Context, Exit, Failure, cloud};
use crate::emulator::{
    Clock, DEFAULT_SUBSCRIPTION, DEFAULT_TENANT, Emulator, Fault, OperationStyle, Settings, Tls,
};
use miette::NamedSource;

/// Serves until somebody asks it to end.
pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let mut faults = Vec::new();
    for spec in &arguments.faults {
        let parsed = Fault::parse_all(spec);
        faults.extend(parsed.map_err(|error| CommandError::Faults {
            at: (error.offset, error.at.len()).into(),
            problem: error.problem,
            spec: NamedSource::new("--faults", spec.clone()),
        })?);
    }
    let settings = Settings {
        listen: arguments.listen,
        tls: match (&arguments.tls_cert, &arguments.tls_key) {
            (Some(certificate), Some(key)) => {
                Some(Tls::Given { certificate: certificate.clone(), key: key.clone() })
            }
            _ => arguments.tls.then(|| Tls::Own(arguments.tls_ca_out.clone())),
        },
        data: arguments.data.clone(),
        clock: arguments.time_scale.map_or(Clock::Ticks, Clock::Scaled),
        seed: arguments.seed,
        client: arguments.client.clone(),
        today: arguments.today,
        operations: arguments.operations.map(|style| match style {
            Operations::AzureAsync => OperationStyle::AzureAsync,
            Operations::Location => OperationStyle::Location,
            Operations::Both => OperationStyle::Both,
            Operations::Body => OperationStyle::Body,
        }),
        page_size: arguments.page_size,
        throttle: arguments.throttle,
        faults,
        record: arguments.record.clone(),
    };
    cloud::runtime()?.block_on(async {
        let emulator = Emulator::start(settings).await.map_err(cloud::not_started)?;
        let mut signals = Signals::listen();
        let base = emulator.base_url();
        let ca = emulator.authority().map(|path| path.display().to_string());
        let ca_line = ca.as_ref().map(|ca| format!("ca: {ca}\n")).unwrap_or_default();
        context.printer.result(&format!("listening on {base}\n{ca_line}"));
        context.printer.note(&advice(&base, ca.as_deref(), arguments.client.as_ref()));
        signals.next().await;
        emulator.stop().await;
        Ok(Exit::Done)
    })
}

/// Lines to paste, so that official clients find the emulator and trust it.
fn advice(base: &str, ca: Option<&str>, client: Option<&(String, String)>) -> String {
    let (id, secret) = client.map_or(("any-id", "any-secret"), |(id, _)| (id.as_str(), "SECRET"));
    let token =
        format!("grant_type=client_credentials&client_id={id}&client_secret={secret}&scope={base}/.default");
    let trust = ca.map(quoted).map(|ca| {
        format!(
            "export REQUESTS_CA_BUNDLE={ca} SSL_CERT_FILE={ca} NODE_EXTRA_CA_CERTS={ca} CURL_CA_BUNDLE={ca}\n"
        )
    });
    let az = if base.starts_with("https") {
        format!(
            "export AZURE_CORE_INSTANCE_DISCOVERY=false AZURE_CONFIG_DIR=$(mktemp -d)
az cloud register -n labwright --endpoint-resource-manager {base} && az cloud set -n labwright
az login --service-principal -u {id} -p {secret} --tenant {DEFAULT_TENANT}
"
        )
    } else {
        "# az, and the SDKs of JavaScript and Rust, send no token over http: start it with --tls for them\n"
            .to_owned()
    };
    let enforced = if base.starts_with("https") { "" } else { "   # and enforce_https=False with each call" };
    format!(
        "# any client, for a shell
{}# az
{az}# Python: ClientSecretCredential({DEFAULT_TENANT:?}, {id:?}, {secret:?}, authority={base:?}, disable_instance_discovery=True),
#   then ComputeManagementClient(credential, {DEFAULT_SUBSCRIPTION:?}, base_url={base:?}, credential_scopes=[{:?}]){enforced}
# curl
curl {base}/{DEFAULT_TENANT}/oauth2/v2.0/token -d '{token}'
# labwright: `endpoint: {base}` beside `subscription:` in labwright.yaml, and
export AZURE_TENANT_ID={DEFAULT_TENANT} AZURE_CLIENT_ID={id} AZURE_CLIENT_SECRET={secret} AZURE_SUBSCRIPTION_ID={DEFAULT_SUBSCRIPTION}
",
        trust.unwrap_or_default(),
        format!("{base}/.default"),
    )
}

/// `text` as one word of a shell.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:".contains(c);
    if text.chars().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
