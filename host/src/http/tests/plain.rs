//! What passes, and how.

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, LOCATION};

use super::{
    server::{Reply, Server, response},
    *,
};
use crate::http::proxy::Proxy;

#[test]
fn a_granted_origin_is_reached() {
    run(async {
        let server = Server::plain("hello").await;
        let call = Call::new(options(&server.origin()));
        let seen = call.get(&format!("{}/a?b=c", server.origin())).await.unwrap();
        assert_eq!((seen.status, seen.body.as_str()), (StatusCode::OK, "hello"));
        let request = server.requests().remove(0);
        assert!(request.starts_with("GET /a?b=c HTTP/1.1\r\n"), "{request}");
        assert!(request.contains(&format!("host: {}\r\n", server.address)), "{request}");
        assert!(request.contains("accept-encoding: gzip\r\n"), "{request}");
        let traffic = call.notes().traffic;
        assert_eq!((traffic.requests, traffic.bytes, traffic.denied), (1, 5, 0));
    });
}

#[test]
fn redirects_are_left_to_the_component() {
    run(async {
        let server = Server::start(|_| {
            Reply::Keep(
                b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n".to_vec(),
            )
        })
        .await;
        let call = Call::new(options(&server.origin()));
        let seen = call.get(&server.origin()).await.unwrap();
        assert_eq!(
            (seen.status, &seen.headers[LOCATION]),
            (StatusCode::FOUND, &"http://169.254.169.254/".parse().unwrap())
        );
        assert_eq!(server.requests().len(), 1);
    });
}

#[test]
fn connections_are_used_again_and_not_too_many() {
    run(async {
        let server = Server::plain("hello").await;
        let limits = HttpLimits { connections: 2, ..options(&server.origin()).limits };
        let call = Call::new(EgressOptions { limits, ..options(&server.origin()) });
        for _ in 0..5 {
            call.get(&server.origin()).await.unwrap();
        }
        assert_eq!(server.connections(), 1);
        let origin = server.origin();
        let all = futures_util::future::join_all((0..20).map(|_| call.get(&origin))).await;
        assert!(all.iter().all(Result::is_ok));
        // A connection that was begun is finished even when an older one was free first.
        assert!(server.connections() <= 4, "{}", server.connections());
    });
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, data).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn gzip_is_undone_and_other_encodings_are_refused() {
    run(async {
        let server = Server::start(|head| {
            let coding = head.split_whitespace().nth(1).unwrap().trim_start_matches('/').to_owned();
            let body = if coding.ends_with("gzip") { gzip(b"hello") } else { b"hello".to_vec() };
            Reply::Keep(response(&format!("content-encoding: {coding}\r\n"), &body))
        })
        .await;
        let call = Call::new(options(&server.origin()));
        for coding in ["gzip", "x-gzip", "identity"] {
            let seen = call.get(&format!("{}/{coding}", server.origin())).await.unwrap();
            assert_eq!(seen.body, "hello", "{coding}");
            if coding != "identity" {
                assert!(!seen.headers.contains_key(CONTENT_ENCODING) && !seen.headers.contains_key(CONTENT_LENGTH));
            }
        }
        let error = call.get(&format!("{}/br", server.origin())).await.unwrap_err();
        assert!(matches!(&error, Error::HttpResponseContentCoding(Some(coding)) if coding == "br"), "{error}");
        assert_eq!(call.notes().traffic.bytes, 15);
    });
}

#[test]
fn a_proxy_is_used_when_there_is_one() {
    run(async {
        let proxy = Server::plain("from the proxy").await;
        let mut opts = options("http://service.example");
        opts.proxy = Some(Proxy::parse(&format!("http://us:er@{}", proxy.address)).unwrap());
        let call = Call::new(opts);
        let seen = call.get("http://service.example/path").await.unwrap();
        assert_eq!(seen.body, "from the proxy");
        let sent = proxy.requests().remove(0);
        assert!(sent.starts_with("GET http://service.example/path HTTP/1.1\r\n"), "{sent}");
        assert!(sent.contains("proxy-authorization: Basic dXM6ZXI=\r\n"), "{sent}");
        assert!(matches!(call.get("http://other.example/").await, Err(Error::HttpRequestDenied)));
        for private in ["http://localhost:1", "http://a.localhost:1", "http://10.0.0.1:1"] {
            let mut opts = options(private);
            opts.allow_private.clear();
            opts.proxy = Some(Proxy::parse(&proxy.origin()).unwrap());
            assert!(matches!(Call::new(opts).get(private).await, Err(Error::HttpRequestDenied)), "{private}");
        }
    });
}

#[test]
fn a_proxy_may_refuse_a_tunnel() {
    run(async {
        let proxy = Server::start(|_| Reply::Close(b"HTTP/1.1 403 Forbidden\r\n\r\n".to_vec())).await;
        let mut opts = options("https://service.example");
        opts.proxy = Some(Proxy::parse(&proxy.origin()).unwrap());
        let call = Call::new(opts);
        assert!(matches!(call.get("https://service.example/").await, Err(Error::DestinationUnavailable)));
        let sent = proxy.requests().remove(0);
        assert!(sent.starts_with("CONNECT service.example:443 HTTP/1.1\r\n"), "{sent}");
    });
}
