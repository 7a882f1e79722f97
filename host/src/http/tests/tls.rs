//! Certificates, and the protocol that is agreed on in the handshake.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{ServerConfig, crypto::ring};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{
    server::{read_head, response},
    *,
};

/// A server for `localhost` whose root nobody knows but the test.
struct Secure {
    origin: String,
    ca_file: PathBuf,
    /// For each handshake, whether it took up an earlier session.
    resumed: Arc<Mutex<Vec<bool>>>,
    _dir: tempfile::TempDir,
}

async fn secure(alpn: &'static [u8]) -> Secure {
    let mut root = CertificateParams::new(Vec::new()).unwrap();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(root, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &root).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let ca_file = dir.path().join("ca.pem");
    std::fs::write(&ca_file, root.pem()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![alpn.to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let resumed = Arc::new(Mutex::new(Vec::new()));
    let handshakes = Arc::clone(&resumed);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let kind = stream.get_ref().1.handshake_kind();
            handshakes.lock().unwrap().push(kind == Some(rustls::HandshakeKind::Resumed));
            if alpn == b"h2" {
                let answer = service_fn(|request: http::Request<hyper::body::Incoming>| async move {
                    let head: usize = request.uri().path().trim_start_matches('/').parse().unwrap_or(0);
                    let answer = http::Response::builder().header("x-long", "x".repeat(head));
                    answer.body(format!("{:?}", request.version()))
                });
                let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                tokio::spawn(server.serve_connection(TokioIo::new(stream), answer));
            } else if read_head(&mut stream).await.is_some() {
                let answer = response("connection: close\r\n", b"HTTP/1.1");
                let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, &answer).await;
                let _ = tokio::io::AsyncWriteExt::shutdown(&mut stream).await;
            }
        }
    });
    Secure { origin: format!("https://localhost:{port}"), ca_file, resumed, _dir: dir }
}

#[test]
fn an_unknown_root_is_refused() {
    run(async {
        let server = secure(b"http/1.1").await;
        let call = Call::new(options(&server.origin));
        let error = call.get(&server.origin).await.unwrap_err();
        assert!(matches!(error, Error::TlsCertificateError), "{error:?}");
        let certificate = call.notes().certificate.unwrap();
        assert!(certificate.starts_with(&format!("the certificate of `{}` is not trusted", server.origin)));
    });
}

#[test]
fn an_extra_root_is_trusted_for_its_names_alone() {
    run(async {
        let server = secure(b"http/1.1").await;
        let tls = TlsOptions { ca_file: Some(server.ca_file.clone()) };
        let call = Call::new(EgressOptions { tls: tls.clone(), ..options(&server.origin) });
        assert_eq!(call.get(&server.origin).await.unwrap().body, "HTTP/1.1");
        let other = server.origin.replace("localhost", "127.0.0.1");
        let call = Call::new(EgressOptions { tls, ..options(&other) });
        assert!(matches!(call.get(&other).await, Err(Error::TlsCertificateError)));
    });
}

#[test]
fn sources_share_neither_connections_nor_sessions() {
    run(async {
        let server = secure(b"http/1.1").await;
        let tls = TlsOptions { ca_file: Some(server.ca_file.clone()) };
        let options = EgressOptions { tls, ..options(&server.origin) };
        let sources = [Call::new(options.clone()), Call::new(options)];
        // The server closes after each answer, so that each request is a handshake.
        for source in [0, 0, 1, 1] {
            sources[source].get(&server.origin).await.unwrap();
        }
        let resumed = server.resumed.lock().unwrap().clone();
        assert_eq!(resumed, [false, true, false, true], "a session was shared, or none was used again");
    });
}

#[test]
fn http_2_is_spoken_where_it_is_offered() {
    run(async {
        let server = secure(b"h2").await;
        let tls = TlsOptions { ca_file: Some(server.ca_file.clone()) };
        let call = Call::new(EgressOptions { tls, ..options(&server.origin) });
        for _ in 0..3 {
            assert_eq!(call.get(&server.origin).await.unwrap().body, "HTTP/2.0");
        }
    });
}

#[test]
fn a_head_of_http_2_is_limited() {
    run(async {
        let server = secure(b"h2").await;
        let tls = TlsOptions { ca_file: Some(server.ca_file.clone()) };
        let call = Call::new(EgressOptions { tls, ..options(&server.origin) });
        assert!(call.get(&format!("{}/10000", server.origin)).await.is_ok());
        let error = call.get(&format!("{}/70000", server.origin)).await.unwrap_err();
        assert!(matches!(error, Error::HttpResponseHeaderSectionSize(_)), "{error}");
        assert_eq!(call.notes().limit.unwrap().key, Some("response_head"));
    });
}

#[test]
fn a_server_that_does_not_answer_the_handshake_is_a_timeout() {
    run(async {
        let server = super::server::Server::start(|_| super::server::Reply::Close(Vec::new())).await;
        let origin = server.origin().replace("http:", "https:");
        let call = Call::new(EgressOptions {
            limits: HttpLimits { idle: Duration::from_millis(50), ..options(&origin).limits },
            ..options(&origin)
        });
        assert!(matches!(call.get(&origin).await, Err(Error::ConnectionTimeout)));
    });
}

#[test]
fn a_root_file_must_hold_roots() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ca.pem");
    let check = |expect: &str| {
        let tls = TlsOptions { ca_file: Some(path.clone()) };
        let error = Egress::new(EgressOptions { tls, ..options("https://a.example") }).map(|_| ()).unwrap_err();
        assert!(error.to_string().ends_with(expect), "{error}");
    };
    check("ca.pem`");
    std::fs::write(&path, "no certificate").unwrap();
    check("ca.pem` holds no certificate");
}
