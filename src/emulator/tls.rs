//! Certificates: the user's own, or a pair made at each start.
//!
//! Official clients send no token over plain HTTP. What is made is an authority and one certificate that it signed for this
//! machine's loopback names; the authority's key is thrown away, so nobody can sign another with it, and the file that
//! clients are to trust is worth nothing once the emulator has ended.

use super::StartError;
use jiff::{Timestamp, ToSpan as _, tz::Offset};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// How HTTPS is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// With a certificate of its own; the authority that signed it is written to this file, or else beside the data file, or
    /// else to a temporary one.
    Own(Option<PathBuf>),
    /// With the user's.
    Given {
        /// The certificate, then those between it and its authority, as PEM.
        certificate: PathBuf,
        /// Its private key, as PEM.
        key: PathBuf,
    },
}

/// What it takes to serve HTTPS.
pub(crate) struct Ready {
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) authority: Option<Authority>,
}

/// The file of an authority that was made.
#[derive(Debug)]
pub(crate) struct Authority {
    pub(crate) path: PathBuf,
    is_temporary: bool,
}

impl Drop for Authority {
    fn drop(&mut self) {
        if self.is_temporary {
            // Left behind, it harms nobody: its key is gone.
            std::fs::remove_file(&self.path).ok();
        }
    }
}

/// Reads or makes certificates.
///
/// # Errors
/// [`StartError::Certificate`] for what cannot be read, is no PEM, or does not fit together;
/// [`StartError::Authority`] when the authority's file cannot be written.
pub(crate) fn prepare(tls: &Tls, data: Option<&Path>) -> Result<Ready, StartError> {
    match tls {
        Tls::Given { certificate, key } => {
            let chain = chain(certificate)?;
            let private =
                PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(key, "a private key", &error))?;
            let acceptor = acceptor(chain, private)
                .map_err(|reason| StartError::Certificate { path: certificate.clone(), reason })?;
            Ok(Ready { acceptor, authority: None })
        }
        Tls::Own(out) => {
            let (path, is_temporary) = match (out, data) {
                (Some(path), _) => (path.clone(), false),
                (None, Some(data)) => (beside(data), false),
                (None, None) => {
                    (std::env::temp_dir().join(format!("labwright-ca-{}.pem", uuid::Uuid::new_v4())), true)
                }
            };
            // Clients are started elsewhere.
            let authority = Authority { path: std::path::absolute(&path).unwrap_or(path), is_temporary };
            let wrong = |reason: String| StartError::Certificate { path: authority.path.clone(), reason };
            let (text, certificate, key) = made().map_err(|error| wrong(error.to_string()))?;
            let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
            let acceptor = acceptor(vec![certificate], private).map_err(wrong)?;
            write(&authority.path, &text)
                .map_err(|source| StartError::Authority { path: authority.path.clone(), source })?;
            Ok(Ready { acceptor, authority: Some(authority) })
        }
    }
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, StartError> {
    let read = || CertificateDer::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>();
    let chain = read().map_err(|error| unusable(path, "a certificate", &error))?;
    if chain.is_empty() {
        return Err(unusable(path, "a certificate", &pem::Error::NoItemsFound));
    }
    Ok(chain)
}

fn unusable(path: &Path, what: &str, error: &pem::Error) -> StartError {
    let reason = match error {
        pem::Error::Io(error) => error.to_string(),
        pem::Error::NoItemsFound => format!("it holds no PEM block of {what}"),
        other => format!("it is not PEM: {other}"),
    };
    StartError::Certificate { path: path.to_owned(), reason }
}

fn acceptor(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<TlsAcceptor, String> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key));
    let mut config = config.map_err(|error| error.to_string())?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The authority as PEM, the certificate that it signed, and that one's key.
fn made() -> Result<(String, CertificateDer<'static>, KeyPair), rcgen::Error> {
    let today = Offset::UTC.to_datetime(Timestamp::now()).date();
    let day = |days: i32| {
        let day = today.saturating_add(days.days());
        date_time_ymd(day.year().into(), day.month().unsigned_abs(), day.day().unsigned_abs())
    };
    let named = |mut params: CertificateParams, name: &str| {
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        // A clock that is a little behind is no obstacle; some clients want at most 398 days.
        (params.not_before, params.not_after) = (day(-1), day(396));
        params
    };
    let mut authority = named(CertificateParams::default(), "labwright emulator, this start only");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut server = named(CertificateParams::new(names)?, "localhost");
    server.is_ca = IsCa::ExplicitNoCa;
    server.use_authority_key_identifier_extension = true;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let (authority_key, key) = (KeyPair::generate()?, KeyPair::generate()?);
    let text = authority.self_signed(&authority_key)?.pem();
    let certificate = server.signed_by(&key, &Issuer::new(authority, authority_key))?;
    Ok((text, certificate.der().clone(), key))
}

/// Where the authority of an emulator with that data file is.
fn beside(data: &Path) -> PathBuf {
    let mut name = data.as_os_str().to_owned();
    name.push(".ca.pem");
    PathBuf::from(name)
}

/// Writes the authority over an earlier one, never over anything else.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    match std::fs::read(path) {
        Ok(old) if old.is_empty() || CertificateDer::from_pem_slice(&old).is_ok() => {
            std::fs::write(path, text)
        }
        Ok(_) => Err(std::io::Error::other("there is a file that is no certificate; it is left as it is")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            std::fs::File::create_new(path)?.write_all(text.as_bytes())
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(tls: &Tls) -> String {
        prepare(tls, None).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn certificates_that_do_not_serve_are_refused_by_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let (text, _, key) = made().expect("a pair");
        std::fs::write(path("cert.pem"), text).expect("writes");
        std::fs::write(path("key.pem"), key.serialize_pem()).expect("writes");
        std::fs::write(path("text.pem"), "no PEM").expect("writes");
        let given = |certificate, key| Tls::Given { certificate: path(certificate), key: path(key) };
        let missing = reason(&given("none.pem", "key.pem"));
        assert!(missing.contains("none.pem") && missing.contains("No such file"), "{missing}");
        let text = reason(&given("text.pem", "key.pem"));
        assert!(text.contains("text.pem") && text.contains("holds no PEM block of a certificate"), "{text}");
        let text = reason(&given("cert.pem", "text.pem"));
        assert!(text.contains("text.pem") && text.contains("holds no PEM block of a private key"), "{text}");
        // The authority's certificate, and the other one's key.
        let unlike = reason(&given("cert.pem", "key.pem"));
        assert!(unlike.contains("cert.pem") && unlike.contains("KeyMismatch"), "{unlike}");
    }

    #[test]
    fn an_authority_goes_where_it_is_wanted_and_over_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("emulator.db");
        for _ in 0..2 {
            let ready = prepare(&Tls::Own(None), Some(&data)).expect("a certificate");
            let authority = ready.authority.expect("an authority");
            assert_eq!(authority.path, folder.path().join("emulator.db.ca.pem"));
            assert_eq!(CertificateDer::pem_file_iter(&authority.path).expect("reads").count(), 1);
        }
        let precious = folder.path().join("notes");
        std::fs::write(&precious, "notes").expect("writes");
        assert!(matches!(
            prepare(&Tls::Own(Some(precious.clone())), None),
            Err(StartError::Authority { .. })
        ));
        assert_eq!(std::fs::read_to_string(precious).expect("reads"), "notes");
        let temporary =
            prepare(&Tls::Own(None), None).expect("a certificate").authority.map(|kept| kept.path.clone());
        assert!(temporary.is_some_and(|path| !path.exists()));
    }
}
