//! Which certificates are trusted: those that the system trusts, or Mozilla's where it names none, and an extra file.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_pki_types::{CertificateDer, ServerName, pem, pem::PemObject};
use tokio_rustls::TlsConnector;
use url::Host;

/// What the user says about TLS.
#[derive(Clone, Debug, Default)]
pub struct TlsOptions {
    /// A PEM file with further roots.
    pub ca_file: Option<PathBuf>,
}

/// Why the extra roots cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The file is unreadable or no PEM.
    #[error("cannot read the certificates of `{path}`")]
    Read {
        /// The `ca_file`.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: pem::Error,
    },
    /// The file is readable, but holds none.
    #[error("`{path}` holds no certificate")]
    Empty {
        /// The `ca_file`.
        path: PathBuf,
    },
}

/// The TLS settings of one source. Sources share neither sessions nor roots.
pub(crate) struct Tls {
    extra: Vec<CertificateDer<'static>>,
    // Reading the system's roots takes longer than a whole run over plain HTTP, so it waits for the first handshake.
    config: OnceLock<Result<Arc<ClientConfig>, String>>,
}

impl Tls {
    pub(crate) fn new(options: &TlsOptions) -> Result<Self, TlsError> {
        let extra = options.ca_file.as_deref().map_or(Ok(Vec::new()), read_roots)?;
        Ok(Self { extra, config: OnceLock::new() })
    }

    /// What begins a handshake.
    pub(crate) fn connector(&self) -> io::Result<TlsConnector> {
        match self.config.get_or_init(|| self.configure()) {
            Ok(config) => Ok(TlsConnector::from(Arc::clone(config))),
            Err(error) => Err(io::Error::other(error.clone())),
        }
    }

    fn configure(&self) -> Result<Arc<ClientConfig>, String> {
        let roots = roots(rustls_native_certs::load_native_certs().certs, &self.extra);
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

/// The roots that are trusted. A machine without any, a small container, gets Mozilla's.
fn roots(native: Vec<CertificateDer<'static>>, extra: &[CertificateDer<'static>]) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(native);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots.add_parsable_certificates(extra.iter().cloned());
    roots
}

/// The name that the certificate must be for.
pub(crate) fn server_name(host: &Host<String>) -> io::Result<ServerName<'static>> {
    match host {
        Host::Domain(name) => ServerName::try_from(name.clone()).map_err(io::Error::other),
        Host::Ipv4(address) => Ok(ServerName::IpAddress((*address).into())),
        Host::Ipv6(address) => Ok(ServerName::IpAddress((*address).into())),
    }
}

fn read_roots(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = |source| TlsError::Read { path: path.to_owned(), source };
    let roots = CertificateDer::pem_file_iter(path).map_err(read)?.collect::<Result<Vec<_>, _>>().map_err(read)?;
    if roots.is_empty() { Err(TlsError::Empty { path: path.to_owned() }) } else { Ok(roots) }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    fn root(name: &str) -> CertificateDer<'static> {
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
    }

    #[test]
    fn roots_are_the_system_s_or_mozilla_s_and_the_extra_ones() {
        let mozilla = webpki_roots::TLS_SERVER_ROOTS.len();
        assert_eq!(roots(Vec::new(), &[]).len(), mozilla);
        assert_eq!(roots(Vec::new(), &[root("extra")]).len(), mozilla + 1);
        assert_eq!(roots(vec![root("a"), root("b")], &[root("extra")]).len(), 3);
    }
}
