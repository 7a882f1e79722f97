//! Where secrets go, and that they do not come back.

use http::header::{CONTENT_ENCODING, LOCATION, RANGE};

use super::{
    server::{Reply, Server, response},
    *,
};

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

/// A call with a secret that is bound to a server, which answers with what is given.
async fn answered(reply: Vec<u8>) -> (Call, Result<Seen, Error>) {
    let server = Server::start(move |_| Reply::Close(reply.clone())).await;
    let mut opts = options(&server.origin());
    opts.secrets = vec![secret("the-token-1", "Top-Secret-1", &server.origin())];
    let call = Call::new(opts);
    let seen = call.get(&server.origin()).await;
    (call, seen)
}

#[test]
fn an_encoding_that_is_refused_is_told_without_the_secret() {
    run(async {
        let (_, seen) = answered(response("content-encoding: Top-Secret-1\r\n", b"x")).await;
        let error = seen.map(|_| ()).unwrap_err();
        assert!(matches!(&error, Error::HttpResponseContentCoding(Some(coding)) if coding == "the-token-1"), "{error}");
    });
}

#[test]
fn a_field_that_is_named_by_the_secret_is_left_out() {
    run(async {
        let (_, seen) = answered(response("x-top-secret-1: 1\r\nx-fine: 1\r\n", b"x")).await;
        let headers = seen.unwrap().headers;
        assert!(headers.contains_key("x-fine") && !headers.keys().any(|name| name.as_str().contains("secret")));
    });
}

#[test]
fn trailers_are_searched() {
    run(async {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-echo\r\n\r\n";
        let body = "7\r\n\"Top-Se\r\n8\r\ncret-1\"x\r\n0\r\nx-echo: Top-Secret-1\r\n\r\n";
        let server = Server::start(move |_| Reply::Keep(format!("{head}{body}").into_bytes())).await;
        let mut opts = options(&server.origin());
        opts.secrets = vec![secret("the-token-1", "Top-Secret-1", &server.origin())];
        let call = Call::new(opts);
        let request = Request::get(server.origin()).body(empty()).unwrap();
        let response = call.egress.send(Arc::clone(&call.record), request, RequestOptions::default()).await.unwrap();
        let body = response.into_body().collect().await.unwrap();
        assert_eq!(body.trailers().unwrap()["x-echo"], "the-token-1");
        assert_eq!(body.to_bytes(), "\"the-token-1\"x");
    });
}

#[test]
fn gzip_hides_nothing() {
    run(async {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut encoder, b"{\"a\":\"\\u0054op-Secret-1\"}").unwrap();
        let (_, seen) = answered(response("content-encoding: gzip\r\n", &encoder.finish().unwrap())).await;
        let seen = seen.unwrap();
        assert_eq!(seen.body, "{\"a\":\"the-token-1\"}");
        assert!(!seen.headers.contains_key(CONTENT_ENCODING));
    });
}

#[test]
fn a_secret_is_not_asked_for_in_halves() {
    run(async {
        let (bound, other) = (Server::plain("hello").await, Server::plain("hello").await);
        let mut opts = options(&bound.origin());
        opts.grants = AllowList::parse([bound.origin(), other.origin()]).unwrap();
        opts.allow_private.push(HostPort::parse(&other.address.to_string()).unwrap());
        opts.secrets = vec![secret("the-token-1", "Top-Secret-1", &bound.origin())];
        let call = Call::new(opts);
        for (server, range, sent) in [
            (&bound, "bytes=0-5", false),
            (&bound, " Bytes=-5", false),
            (&bound, "items=0-5", true),
            (&other, "bytes=0-5", true),
        ] {
            call.send(Request::get(server.origin()).header(RANGE, range).body(empty()).unwrap()).await.unwrap();
            let head = server.requests().pop().unwrap();
            assert_eq!(head.contains("range: "), sent, "{head}");
        }
    });
}
