//! What is denied, and how that is told.

use std::sync::Mutex;

use super::{
    server::{Server, response},
    *,
};
use crate::http::{
    hooks::CallHooks,
    record::Denial,
    resolve::{LookUp, Resolver},
};

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
            format!("http://[::1]:{port}/"),
            format!("http://[::ffff:127.0.0.1]:{port}/"),
            format!("http://127.0.0.1.example.com:{port}/"),
            format!("ftp://127.0.0.1:{port}/"),
            format!("ws://127.0.0.1:{port}/"),
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
        for host in ["0x7f.1", "2130706433", "0177.0.0.1", "127.1", "127.0.0.1.", "0x7f000001"] {
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
fn a_tunnel_is_denied() {
    run(async {
        let server = Server::plain("hello").await;
        let call = Call::new(options(&server.origin()));
        let request = Request::connect(server.origin()).body(empty()).unwrap();
        assert!(matches!(call.send(request).await, Err(Error::HttpRequestDenied)));
        assert!(matches!(call.notes().denial.unwrap(), Denial::Tunnel(_)));
        assert_eq!(server.connections(), 0);
    });
}

#[test]
fn a_scheme_that_is_none_is_told_as_such() {
    run(async {
        let call = Call::new(options("http://a.example"));
        assert!(matches!(call.get("gopher://a.example/").await, Err(Error::HttpRequestDenied)));
        let denial = call.notes().denial.unwrap();
        assert_eq!(
            denial.to_string(),
            "a request by the scheme `gopher` was denied: only `http` and `https` can be granted"
        );
        assert_eq!(denial.hint(), None);
    });
}

/// A resolver whose answer to a name is another one each time.
fn changing(answers: &[&[&str]]) -> (LookUp, Arc<Mutex<usize>>) {
    let answers: Vec<Vec<std::net::IpAddr>> =
        answers.iter().map(|answer| answer.iter().map(|address| address.parse().unwrap()).collect()).collect();
    let asked = Arc::new(Mutex::new(0));
    let count = Arc::clone(&asked);
    let look_up: LookUp = Box::new(move |_, port| {
        let mut asked = count.lock().unwrap();
        let answer = answers[(*asked).min(answers.len() - 1)].clone();
        *asked += 1;
        Box::pin(async move { Ok(answer.into_iter().map(|address| (address, port).into()).collect()) })
    });
    (look_up, asked)
}

#[test]
fn a_name_that_turns_private_is_judged_by_what_it_is_connected_to() {
    run(async {
        // The server stands for something private: nothing that the name comes to may lead there.
        let server = Server::plain("private").await;
        let origin = format!("http://rebinding.example:{}", server.address.port());
        for answers in [
            [["192.0.2.1"].as_slice(), &["127.0.0.1"]],
            [&["::ffff:127.0.0.1"], &["127.0.0.1"]],
            [&["127.0.0.1", "10.0.0.1", "::1", "64:ff9b::127.0.0.1"], &["127.0.0.1"]],
        ] {
            let (look_up, asked) = changing(&answers);
            let call = Call::with(
                EgressOptions { allow_private: Vec::new(), ..options(&origin) },
                Resolver::with(Vec::new(), look_up),
            );
            for times in 1..=2 {
                assert!(matches!(call.get(&origin).await, Err(Error::HttpRequestDenied)));
                // One look-up for each connection: what was judged is what is connected to.
                assert_eq!(*asked.lock().unwrap(), times);
            }
            assert_eq!(call.notes().traffic.denied, 2);
        }
        assert_eq!(server.connections(), 0);
    });
}

#[test]
fn a_connection_goes_to_the_address_that_was_judged() {
    run(async {
        let server = Server::plain("hello").await;
        let origin = format!("http://name.example:{}", server.address.port());
        let (look_up, asked) = changing(&[&["127.0.0.1"], &["192.0.2.1"]]);
        let resolver = Resolver::with(options(&origin).allow_private, look_up);
        let call = Call::with(options(&origin), resolver);
        for _ in 0..2 {
            // The second request takes the connection of the first, which needs no look-up.
            assert_eq!(call.get(&origin).await.unwrap().body, "hello");
        }
        assert_eq!(*asked.lock().unwrap(), 1);
        assert!(server.requests()[0].contains(&format!("host: name.example:{}\r\n", server.address.port())));
    });
}

#[test]
fn fields_of_the_host_are_denied_and_counted() {
    use wasmtime_wasi_http::WasiHttpHooks;

    let call = Call::new(options("http://a.example"));
    let mut hooks = CallHooks::new(&call.egress, &call.record);
    for name in ["host", "proxy-authorization", "connection", "te", "transfer-encoding"] {
        assert!(hooks.is_forbidden_header(&name.parse().unwrap()), "{name}");
    }
    assert!(!hooks.is_forbidden_header(&http::header::AUTHORIZATION));
    let notes = call.notes();
    assert_eq!(notes.traffic.denied, 5);
    assert_eq!(
        notes.denial.unwrap().to_string(),
        "the header field `host` of a request was denied: it is the host's alone"
    );
}

#[test]
fn fields_of_the_host_do_not_leave_whoever_put_them_there() {
    run(async {
        let server = Server::plain("hello").await;
        let call = Call::new(options(&server.origin()));
        let request = Request::get(server.origin())
            .header("host", "evil.example")
            .header("proxy-authorization", "Basic eA==")
            .header("te", "trailers")
            .header("x-fine", "1")
            .body(empty());
        call.send(request.unwrap()).await.unwrap();
        let sent = server.requests().remove(0);
        assert!(sent.contains("x-fine: 1\r\n") && sent.contains(&format!("host: {}\r\n", server.address)), "{sent}");
        assert!(!sent.contains("evil") && !sent.contains("proxy-") && !sent.contains("te: "), "{sent}");
    });
}

#[test]
fn fields_of_a_connection_do_not_come_back() {
    run(async {
        let headers = "connection: x-hop\r\nproxy-authenticate: Basic\r\nx-fine: 1\r\n";
        let server = Server::start(|_| super::server::Reply::Keep(response(headers, b"hello"))).await;
        let seen = Call::new(options(&server.origin())).get(&server.origin()).await.unwrap();
        assert!(seen.headers.contains_key("x-fine"));
        assert!(!seen.headers.contains_key("connection") && !seen.headers.contains_key("proxy-authenticate"));
    });
}

#[test]
fn denied_requests_are_limited_as_others_are() {
    run(async {
        let mut opts = options("http://a.example");
        opts.limits.requests_per_page = 2;
        let call = Call::new(opts);
        for _ in 0..2 {
            assert!(matches!(call.get("http://b.example/").await, Err(Error::HttpRequestDenied)));
        }
        assert!(matches!(call.get("http://b.example/").await, Err(Error::InternalError(_))));
        assert_eq!(call.notes().limit.unwrap().key, Some("requests_per_page"));
        assert_eq!(call.notes().traffic.denied, 2);
    });
}
