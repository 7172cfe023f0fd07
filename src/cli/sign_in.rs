//! Which ways to sign in the settings and the environment offer.

use crate::azure::{Credential, Credentials};
use crate::config::{Auth, AzureSettings};
use crate::model::Secret;

/// The ways to try, or the names of the variables that have to be set first.
///
/// A principal of the environment is the only way where there is one. An emulator knows no machine and no CLI but by
/// name: their tokens are for Azure. Source of the order: Azure Identity, the default chain of credentials.
pub(super) fn credentials(
    azure: &AzureSettings,
    tenant: Option<&str>,
    open: impl Fn(&str) -> Option<String>,
) -> Result<Credentials, Vec<String>> {
    let environment = Environment { tenant, open };
    let managed = || Credential::Managed { client_id: (environment.open)("AZURE_CLIENT_ID") };
    let cli = || Credential::Cli { tenant: environment.tenant() };
    match azure.auth {
        Auth::ClientSecret => environment.client_secret().map(Into::into),
        Auth::Workload => environment.workload().map(Into::into),
        Auth::Managed => Ok(managed().into()),
        Auth::Cli => Ok(cli().into()),
        Auth::Default => match (environment.client_secret(), environment.workload()) {
            (Ok(way), _) | (Err(_), Ok(way)) => Ok(way.into()),
            (Err(missing), Err(_)) if !azure.is_real() => Err(missing),
            (Err(secret), Err(workload)) => Ok(Credentials {
                ways: vec![managed(), cli()],
                left_out: vec![
                    ("client secret", not_set(&secret)),
                    ("workload identity", not_set(&workload)),
                ],
            }),
        },
    }
}

fn not_set(names: &[String]) -> String {
    format!("{} {} not set", names.join(", "), if names.len() == 1 { "is" } else { "are" })
}

/// What the environment says of a service principal.
struct Environment<'a, F> {
    /// As the settings say.
    tenant: Option<&'a str>,
    open: F,
}

impl<F: Fn(&str) -> Option<String>> Environment<'_, F> {
    fn tenant(&self) -> Option<String> {
        self.tenant.map(str::to_owned).or_else(|| (self.open)("AZURE_TENANT_ID"))
    }

    fn client_secret(&self) -> Result<Credential, Vec<String>> {
        let (tenant, client_id, secret) = self.principal("AZURE_CLIENT_SECRET")?;
        Ok(Credential::ClientSecret { tenant, client_id, secret: Secret::new(secret) })
    }

    fn workload(&self) -> Result<Credential, Vec<String>> {
        let (tenant, client_id, file) = self.principal("AZURE_FEDERATED_TOKEN_FILE")?;
        Ok(Credential::Workload { tenant, client_id, token_file: file.into() })
    }

    /// Tenant, application and what it proves itself with.
    fn principal(&self, proof: &str) -> Result<(String, String, String), Vec<String>> {
        let named = ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", proof];
        match (self.tenant(), (self.open)(named[1]), (self.open)(proof)) {
            (Some(tenant), Some(client_id), Some(proof)) => Ok((tenant, client_id, proof)),
            (tenant, client_id, proof) => {
                let found = [tenant, client_id, proof];
                let missing = named.iter().zip(found).filter(|(_, found)| found.is_none());
                Err(missing.map(|(name, _)| (*name).to_owned()).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(endpoint: &str, auth: Auth, set: &[&str]) -> Result<Vec<&'static str>, Vec<String>> {
        let azure = AzureSettings {
            subscription: "s".into(),
            tenant: None,
            endpoint: endpoint.into(),
            authority: None,
            auth,
            ca: None,
        };
        let open = |name: &str| set.contains(&name).then(|| "x".to_owned());
        let found = credentials(&azure, None, open)?;
        Ok(found.ways.iter().map(Credential::name).collect())
    }

    const AZURE: &str = "https://management.azure.com";
    const PRINCIPAL: [&str; 2] = ["AZURE_TENANT_ID", "AZURE_CLIENT_ID"];

    #[test]
    fn a_principal_of_the_environment_is_the_only_way() {
        let [tenant, client] = PRINCIPAL;
        let secret = [tenant, client, "AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE"];
        assert_eq!(names(AZURE, Auth::Default, &secret), Ok(vec!["client secret"]));
        let token = [tenant, client, "AZURE_FEDERATED_TOKEN_FILE"];
        assert_eq!(names(AZURE, Auth::Default, &token), Ok(vec!["workload identity"]));
        assert_eq!(names(AZURE, Auth::Workload, &secret), Ok(vec!["workload identity"]));
        assert_eq!(names(AZURE, Auth::Cli, &secret), Ok(vec!["Azure CLI"]));
    }

    #[test]
    fn without_one_the_machine_and_its_cli_are_asked_but_not_for_an_emulator() {
        assert_eq!(names(AZURE, Auth::Default, &PRINCIPAL), Ok(vec!["managed identity", "Azure CLI"]));
        let missing = Err(vec!["AZURE_CLIENT_SECRET".to_owned()]);
        assert_eq!(names("http://127.0.0.1:1", Auth::Default, &PRINCIPAL), missing);
        assert_eq!(names(AZURE, Auth::ClientSecret, &PRINCIPAL), missing);
    }
}
