//! Which hosts may be sent a token or a secret.

use url::{Host, Url};

use super::ArmError;

/// Hosts of ARM. Source: the `resourceManager` entries of the clouds that the Azure CLI knows.
///
/// `*.azure.com` as a whole would not do: customers name hosts below `cloudapp.azure.com`.
const MANAGEMENT: [&str; 5] = [
    "management.azure.com",
    "management.azure.cn",
    "management.azure.us",
    "management.chinacloudapi.cn",
    "management.usgovcloudapi.net",
];

/// Hosts that give tokens. Source: the `activeDirectory` entries of the same clouds.
const LOGIN: [&str; 5] = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "login.chinacloudapi.cn",
    "login.windows.net",
];

/// Reads ARM's address.
///
/// # Errors
/// [`ArmError::Address`] where it is none, or plain http beyond loopback; [`ArmError::UntrustedHost`].
pub(super) fn endpoint(text: &str, named: &[String]) -> Result<Url, ArmError> {
    let url = address(text)?;
    let known = |host: &str| {
        MANAGEMENT
            .iter()
            .any(|ours| host == *ours || host.strip_suffix(ours).is_some_and(|region| region.ends_with('.')))
    };
    trusted(url, named, known)
}

/// Reads the address of the host that gives tokens.
///
/// # Errors
/// As [`endpoint`].
pub(super) fn authority(text: &str, named: &[String]) -> Result<Url, ArmError> {
    let with_scheme = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    trusted(address(&with_scheme)?, named, |host| LOGIN.contains(&host))
}

/// The public host that gives tokens for this endpoint's cloud.
pub(super) fn public_authority(endpoint: &Url) -> Url {
    let host = endpoint.host_str().unwrap_or_default();
    let login = if host.ends_with(".azure.us") || host.ends_with(".usgovcloudapi.net") {
        "https://login.microsoftonline.us"
    } else if host.ends_with(".cn") {
        "https://login.chinacloudapi.cn"
    } else {
        "https://login.microsoftonline.com"
    };
    Url::parse(login).expect("our own urls are urls")
}

/// What a token for key vaults is for in this endpoint's cloud. Source: the `keyvaultDns` entries of the same clouds.
pub(super) fn vault_audience(endpoint: &Url) -> String {
    let host = endpoint.host_str().unwrap_or_default();
    let audience = if host.ends_with(".azure.us") || host.ends_with(".usgovcloudapi.net") {
        "https://vault.usgovcloudapi.net"
    } else if host.ends_with(".cn") {
        "https://vault.azure.cn"
    } else {
        "https://vault.azure.net"
    };
    audience.to_owned()
}

/// Whether it leads back to this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Reads a link that ARM gave: an operation's url, or the next page of a list.
///
/// # Errors
/// [`ArmError::ForeignHost`] where a token sent there would leave the endpoint. `localhost` and
/// `127.0.0.1` count as one host, a port as another.
pub(super) fn link(text: &str, endpoint: &Url) -> Result<Url, ArmError> {
    let foreign = |host: &str| ArmError::ForeignHost {
        host: host.to_owned(),
        endpoint: endpoint.host_str().unwrap_or_default().to_owned(),
    };
    let url = endpoint.join(text).map_err(|_| foreign(text))?;
    let same_host = url.host() == endpoint.host() || (is_loopback(&url) && is_loopback(endpoint));
    let same_port = url.port_or_known_default() == endpoint.port_or_known_default();
    if same_host && same_port && url.scheme() == endpoint.scheme() {
        return Ok(url);
    }
    Err(foreign(url.host_str().unwrap_or(text)))
}

fn address(text: &str) -> Result<Url, ArmError> {
    let wrong = |why| ArmError::Address { address: text.to_owned(), why };
    let url = Url::parse(text).map_err(|_| wrong("is no url"))?;
    match url.scheme() {
        "https" | "http" if !url.username().is_empty() || url.password().is_some() => {
            // Not repeated in the message: it would print the password.
            Err(ArmError::Address { address: "…".to_owned(), why: "must not hold a user name" })
        }
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err(wrong("is plain http, which is for loopback only")),
        _ => Err(wrong("is neither https nor http")),
    }
}

fn trusted(url: Url, named: &[String], known: impl Fn(&str) -> bool) -> Result<Url, ArmError> {
    let host = url.host_str().unwrap_or_default().to_owned();
    let with_port = format!("{host}:{}", url.port_or_known_default().unwrap_or_default());
    let is_named = |name: &String| name.eq_ignore_ascii_case(&host) || name.eq_ignore_ascii_case(&with_port);
    if is_loopback(&url) || known(&host) || named.iter().any(is_named) {
        return Ok(url);
    }
    Err(ArmError::UntrustedHost { host })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_go_to_azure_to_loopback_and_to_hosts_that_are_named() {
        let named = ["stack.contoso.edu".to_owned(), "other.edu:8443".to_owned()];
        for good in [
            "https://management.azure.com",
            "https://westeurope.management.azure.com/",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
            "https://localhost:8443",
            "https://stack.contoso.edu:444/arm",
            "https://other.edu:8443",
        ] {
            endpoint(good, &named).expect(good);
        }
        for bad in [
            "http://management.azure.com",
            "https://evil.cloudapp.azure.com",
            "https://evilmanagement.azure.com",
            "https://management.azure.com.evil.com",
            "https://management.azure.com@evil.com",
            "https://other.edu",
            "http://localhost.evil.com",
            "management.azure.com",
            "ftp://127.0.0.1",
        ] {
            endpoint(bad, &named).expect_err(bad);
        }
        authority("login.microsoftonline.com", &[]).expect("the public host");
        authority("https://login.evil.com", &[]).expect_err("a secret goes there too");
    }

    #[test]
    fn a_link_stays_with_the_endpoint() {
        let base = Url::parse("http://localhost:8080").expect("a url");
        for good in ["http://127.0.0.1:8080/a?b=%24c", "/operations/1", "http://localhost:8080/x"] {
            link(good, &base).expect(good);
        }
        for bad in
            ["http://localhost:8081/x", "https://localhost:8080/x", "http://evil.com:8080/x", "//evil.com/x"]
        {
            link(bad, &base).expect_err(bad);
        }
    }
}
