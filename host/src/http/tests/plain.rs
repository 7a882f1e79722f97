//! What passes and what is denied.

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, LOCATION};

use super::{
    server::{Reply, Server, response},
    *,
};
use crate::http::{proxy::Proxy, record::Denial};

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
fn everything_else_is_denied_without_a_connection() {
    run(async {
        let server = Server::plain("hello").await;
        let port = server.address.port();
        for url in [
            format!("http://localhost:{port}/"),
            format!("https://127.0.0.1:{port}/"),
            format!("http://127.0.0.2:{port}/"),
            "http://127.0.0.1/".to_owned(),
            "https://example.com/".to_owned(),
            format!("http://user@127.0.0.1:{port}/"),
            format!("http://user:pass@127.0.0.1:{port}/"),
        ] {
            let call = Call::new(options(&server.origin()));
            let error = call.get(&url).await.unwrap_err();
            assert!(matches!(error, Error::HttpRequestDenied), "{url}: {error}");
            let notes = call.notes();
            assert_eq!((notes.traffic.requests, notes.traffic.denied), (0, 1), "{url}");
        }
        assert_eq!(server.connections(), 0);
    });
}

#[test]
fn a_denial_names_the_line_to_add() {
    run(async {
        let call = Call::new(options("https://other.example:1"));
        assert!(call.get("https://EXAMPLE.com.:443/x").await.is_err());
        assert!(call.get("https://second.example/").await.is_err());
        let denial = call.notes().denial.unwrap();
        assert_eq!(denial.to_string(), "a request to `https://example.com` was denied: the origin is not granted");
        assert_eq!(denial.hint().unwrap(), "add \"https://example.com\" to `allow` in [source]");
    });
}

#[test]
fn another_spelling_of_the_same_address_is_the_same_origin() {
    run(async {
        let server = Server::plain("hello").await;
        let call = Call::new(options(&server.origin()));
        for host in ["0x7f.1", "2130706433", "0177.0.0.1"] {
            assert!(call.get(&format!("http://{host}:{}/", server.address.port())).await.is_ok(), "{host}");
        }
        assert!(server.requests().iter().all(|head| head.contains(&format!("host: {}\r\n", server.address))));
    });
}

#[test]
fn private_addresses_need_a_grant_of_their_own() {
    run(async {
        let server = Server::plain("hello").await;
        let port = server.address.port();
        for (host, shown) in
            [("127.0.0.1", "127.0.0.1"), ("localhost", "localhost"), ("[::ffff:7f00:1]", "[::ffff:7f00:1]")]
        {
            let origin = format!("http://{host}:{port}");
            let call = Call::new(EgressOptions { allow_private: Vec::new(), ..options(&origin) });
            assert!(matches!(call.get(&origin).await, Err(Error::HttpRequestDenied)), "{host}");
            let denial = call.notes().denial.unwrap();
            assert!(matches!(denial, Denial::Address { .. }), "{denial}");
            assert!(denial.to_string().contains(" is loopback"), "{denial}");
            assert_eq!(denial.hint().unwrap(), format!("add \"{shown}:{port}\" to `allow_private` in [source]"));
        }
        assert_eq!(server.connections(), 0);
        let origin = format!("http://localhost:{port}");
        assert!(Call::new(options(&origin)).get(&origin).await.is_ok());
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
fn secrets_go_out_to_their_origins_and_do_not_come_back() {
    run(async {
        let echo = |head: &str| {
            let path = head.split_whitespace().nth(1).unwrap();
            let headers = format!("location: {path}\r\n");
            Reply::Keep(response(&headers, head.as_bytes()))
        };
        let (bound, other) = (Server::start(echo).await, Server::start(echo).await);
        let mut opts = options(&bound.origin());
        opts.grants = AllowList::parse([bound.origin(), other.origin()]).unwrap();
        opts.allow_private.push(HostPort::parse(&other.address.to_string()).unwrap());
        opts.secrets = vec![secret("the-token-1", "top secret/1", &bound.origin())];
        let call = Call::new(opts);
        let request = |origin: &str| {
            let body = Empty::<Bytes>::new().map_err(|never| match never {}).boxed_unsync();
            Request::get(format!("{origin}/x/the-token-1/?k=the-token-1"))
                .header("x-key", "Key the-token-1")
                .body(body)
                .unwrap()
        };
        let seen = call.send(request(&bound.origin())).await.unwrap();
        let sent = bound.requests().remove(0);
        assert!(sent.starts_with("GET /x/top%20secret%2F1/?k=top%20secret%2F1 HTTP/1.1\r\n"), "{sent}");
        assert!(sent.contains("x-key: Key top secret/1\r\n"), "{sent}");
        assert!(
            seen.body.contains("/x/the-token-1/?k=the-token-1") && seen.body.contains("x-key: Key the-token-1"),
            "{}",
            seen.body
        );
        assert!(!seen.body.contains("secret"), "{}", seen.body);
        assert_eq!(seen.headers[LOCATION], "/x/the-token-1/?k=the-token-1");
        call.send(request(&other.origin())).await.unwrap();
        let sent = other.requests().remove(0);
        assert!(
            sent.contains("/x/the-token-1/?k=the-token-1")
                && sent.contains("Key the-token-1")
                && !sent.contains("secret"),
            "{sent}"
        );
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

#[test]
fn a_request_that_is_denied_may_still_be_written() {
    run(async {
        let call = Call::new(options("http://a.example"));
        let (mut writer, reader) = tokio::io::duplex(64);
        let body = http_body_util::StreamBody::new(futures_util::stream::unfold(reader, |mut reader| async move {
            let byte = tokio::io::AsyncReadExt::read_u8(&mut reader).await.ok()?;
            Some((Ok(http_body::Frame::data(Bytes::copy_from_slice(&[byte]))), reader))
        }));
        let request = Request::post("http://b.example/").body(body.boxed_unsync()).unwrap();
        assert!(matches!(call.send(request).await, Err(Error::HttpRequestDenied)));
        assert!(tokio::io::AsyncWriteExt::write_all(&mut writer, &[0; 1000]).await.is_ok());
    });
}

#[test]
fn a_tunnel_is_no_request() {
    run(async {
        let call = Call::new(options("http://a.example"));
        let body = Empty::<Bytes>::new().map_err(|never| match never {}).boxed_unsync();
        let request = Request::connect("http://a.example/").body(body).unwrap();
        assert!(matches!(call.send(request).await, Err(Error::HttpRequestMethodInvalid)));
    });
}
