//! The identity of a server that speaks TLS itself.

use std::{path::PathBuf, sync::Arc};

use rustls::{ServerConfig, crypto::ring};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject};
use tokio_rustls::TlsAcceptor;

use crate::config::TlsFiles;

/// Why certificate and key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsFileError {
    /// A file is unreadable, or holds nothing of the kind.
    #[error("cannot read the {what} of `{}`", path.display())]
    Read {
        /// What it should hold.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: pem::Error,
    },
    /// They do not belong together, or are of a kind that is not known.
    #[error("the certificate `{}` cannot be used with the key `{}`", cert.display(), key.display())]
    Unfit {
        /// The certificate.
        cert: PathBuf,
        /// The key.
        key: PathBuf,
        /// What is wrong with them.
        #[source]
        source: rustls::Error,
    },
}

/// Reads certificate and key, and makes what accepts connections with them: HTTP/2 and HTTP/1.1.
pub(super) fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, TlsFileError> {
    let TlsFiles { cert, key } = files;
    let of_cert = |source| TlsFileError::Read { what: "certificate", path: cert.clone(), source };
    let chain = CertificateDer::pem_file_iter(cert).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(of_cert)?;
    if chain.is_empty() {
        return Err(of_cert(pem::Error::NoItemsFound));
    }
    let own = PrivateKeyDer::from_pem_file(key).map_err(|source| TlsFileError::Read {
        what: "private key",
        path: key.clone(),
        source,
    })?;
    let unfit = |source| TlsFileError::Unfit { cert: cert.clone(), key: key.clone(), source };
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unfit)?;
    let mut config = config.with_no_client_auth().with_single_cert(chain, own).map_err(unfit)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use std::{error::Error, fs};

    use super::*;

    fn identity() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    fn check(cert: &str, key: &str, expect: Option<&str>) {
        let dir = tempfile::tempdir().unwrap();
        let files = TlsFiles { cert: dir.path().join("cert.pem"), key: dir.path().join("key.pem") };
        fs::write(&files.cert, cert).unwrap();
        fs::write(&files.key, key).unwrap();
        let error = acceptor(&files).err().map(|error| error.to_string());
        match (error, expect) {
            (None, None) => {}
            (Some(error), Some(expect)) => assert!(error.starts_with(expect), "{error}"),
            (error, expect) => panic!("{error:?}, not {expect:?}"),
        }
    }

    #[test]
    fn only_a_certificate_with_its_own_key_is_taken() {
        let ((cert, key), (_, other)) = (identity(), identity());
        check(&cert, &key, None);
        check(&cert, &other, Some("the certificate `"));
        check("", &key, Some("cannot read the certificate of `"));
        check(&cert, &cert, Some("cannot read the private key of `"));
        let missing = TlsFiles { cert: "/none/cert.pem".into(), key: "/none/key.pem".into() };
        assert!(acceptor(&missing).err().unwrap().source().is_some());
    }
}
