//! HTTP/1.1 and HTTP/2, plain and by TLS.

use std::net::SocketAddr;
use std::sync::Arc;

use acceptance::project::Project;
use acceptance::receiver::Receiver;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::{loaded, message, project};

/// A project with an identity of its own, and what a client trusts.
fn with_tls() -> (Project, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let tls: toml::Table = "cert = 'cert.pem'\nkey = 'key.pem'".parse().unwrap();
    let project = project().set("serve.tls", tls);
    std::fs::write(project.path("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(project.path("key.pem"), made.signing_key.serialize_pem()).unwrap();
    (project, made.cert.der().clone())
}

/// Connects by TLS and offers protocols; tells which one the server took.
async fn connect(
    address: SocketAddr,
    trusted: CertificateDer<'static>,
    offered: &[&[u8]],
) -> (tokio_rustls::client::TlsStream<TcpStream>, Option<Vec<u8>>) {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(trusted).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = offered.iter().map(|protocol| protocol.to_vec()).collect();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let stream = TcpStream::connect(address).await.unwrap();
    let stream = connector.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap();
    let taken = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
    (stream, taken)
}

fn request(receiver: &Receiver, scheme: &str, id: &str) -> Request<Full<Bytes>> {
    let uri = format!("{scheme}://localhost{}", receiver.path());
    let request = Request::post(uri).header("content-type", "application/json").header("host", "localhost");
    request.body(Full::from(message(id))).unwrap()
}

async fn by_http2(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    requests: impl IntoIterator<Item = Request<Full<Bytes>>>,
) {
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    for mut request in requests {
        request.headers_mut().remove("host");
        check(sender.send_request(request).await.unwrap(), Version::HTTP_2).await;
    }
}

async fn check(response: Response<Incoming>, version: Version) {
    assert_eq!((response.status().as_u16(), response.version()), (200, version));
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, r#"{"result":"ok"}"#);
}

#[tokio::test]
async fn http_2_without_tls() {
    let project = project();
    let receiver = Receiver::start(&project);
    let stream = TcpStream::connect(receiver.address()).await.unwrap();
    by_http2(stream, ["a", "b"].map(|id| request(&receiver, "http", id))).await;
    receiver.stop().code(0);
    assert_eq!(loaded(&project), ["a", "b"]);
}

#[tokio::test]
async fn both_versions_with_tls() {
    let (project, trusted) = with_tls();
    let receiver = Receiver::start(&project);
    let (stream, taken) = connect(receiver.address(), trusted.clone(), &[b"h2", b"http/1.1"]).await;
    assert_eq!(taken.as_deref(), Some(&b"h2"[..]));
    by_http2(stream, [request(&receiver, "https", "h2")]).await;
    let (stream, taken) = connect(receiver.address(), trusted.clone(), &[b"http/1.1"]).await;
    assert_eq!(taken.as_deref(), Some(&b"http/1.1"[..]));
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    check(sender.send_request(request(&receiver, "https", "h1")).await.unwrap(), Version::HTTP_11).await;
    // Whoever does not speak TLS is not answered.
    assert!(receiver.try_post(&message("plain")).is_err());
    let url = project.cli().args(["hook", "url"]).run();
    assert!(url.stdout.starts_with("https://127.0.0.1:8787/hook/"), "{}", url.stdout);
    receiver.stop().code(0);
    assert_eq!(loaded(&project), ["h1", "h2"]);
}
