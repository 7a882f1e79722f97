//! Servers that send too much, too slowly, or not to the end.

use std::time::Duration;

use super::{
    server::{Reply, Server, response},
    *,
};

/// A call with limits on sizes and counts that a test reaches at once.
fn tight(origin: &str) -> Call {
    let mut opts = options(origin);
    opts.limits.response = 1000;
    opts.limits.response_head = 10_000;
    opts.limits.requests_per_page = 2;
    Call::new(opts)
}

/// A call that waits for a silent server only a moment.
fn impatient(origin: &str) -> Call {
    let mut opts = options(origin);
    opts.limits.idle = Duration::from_millis(50);
    Call::new(opts)
}

async fn check_limit(reply: Vec<u8>, key: &str) -> Error {
    let server = Server::start(move |_| Reply::Hold(reply.clone())).await;
    let call = tight(&server.origin());
    let error = call.get(&server.origin()).await.unwrap_err();
    assert_eq!(call.notes().limit.expect("no limit was noted").key, Some(key));
    error
}

#[test]
fn a_body_is_limited_as_soon_as_it_is_too_large() {
    run(async {
        let error = check_limit(response("", &[b'x'; 1001]), "response").await;
        assert!(matches!(error, Error::HttpResponseBodySize(Some(1000))), "{error}");
        let server = Server::start(|_| Reply::Keep(response("", &[b'x'; 1000]))).await;
        assert_eq!(tight(&server.origin()).get(&server.origin()).await.unwrap().body.len(), 1000);
    });
}

#[test]
fn a_gzip_bomb_is_limited_by_what_comes_out() {
    run(async {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut encoder, &vec![0; 50 << 20]).unwrap();
        let bomb = encoder.finish().unwrap();
        let server = Server::start(move |_| Reply::Keep(response("content-encoding: gzip\r\n", &bomb))).await;
        let call = tight(&server.origin());
        assert!(matches!(call.get(&server.origin()).await, Err(Error::HttpResponseBodySize(_))));
        assert!(call.notes().traffic.bytes <= 64 << 10);
    });
}

#[test]
fn a_head_is_limited() {
    run(async {
        let header = format!("x-long: {}\r\n", "x".repeat(10_001));
        let error = check_limit(response(&header, b""), "response_head").await;
        assert!(matches!(error, Error::HttpResponseHeaderSectionSize(_)), "{error}");
    });
}

#[test]
fn a_head_without_end_is_limited() {
    run(async {
        let mut endless = b"HTTP/1.1 200 OK\r\n".to_vec();
        endless.extend(b"x-more: and more\r\n".repeat(40_000));
        check_limit(endless, "response_head").await;
    });
}

#[test]
fn requests_are_limited() {
    run(async {
        let server = Server::plain("hello").await;
        let call = tight(&server.origin());
        assert!(call.get(&server.origin()).await.is_ok());
        assert!(call.get(&server.origin()).await.is_ok());
        assert!(call.get(&server.origin()).await.is_err());
        let hit = call.notes().limit.unwrap();
        assert_eq!(hit.to_string(), "the number of requests reached 3, more than the limit of 2");
        assert_eq!(server.requests().len(), 2);
    });
}

#[test]
fn silence_before_the_head_is_a_timeout() {
    run(async {
        let server = Server::start(|_| Reply::Hold(Vec::new())).await;
        let call = impatient(&server.origin());
        assert!(matches!(call.get(&server.origin()).await, Err(Error::HttpResponseTimeout)));
        assert_eq!(call.notes().stalled.unwrap(), format!("`{}` was silent for 50ms", server.origin()));
        assert_eq!(call.notes().limit, None);
    });
}

#[test]
fn a_head_that_drips_is_no_silence() {
    run(async {
        let server = Server::start(|_| {
            Reply::Drip(response(&format!("x-slow: {}\r\n", "x".repeat(100)), b"ok"), Duration::from_millis(5))
        })
        .await;
        let mut opts = options(&server.origin());
        opts.limits.idle = Duration::from_millis(500);
        let call = Call::new(opts);
        // The whole takes longer than the longest silence, and no pause in it does.
        assert_eq!(call.get(&server.origin()).await.unwrap().body, "ok");
        assert_eq!(call.notes().stalled, None);
    });
}

#[test]
fn silence_in_the_body_is_a_timeout() {
    run(async {
        let server =
            Server::start(|_| Reply::Hold(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf".to_vec())).await;
        let call = impatient(&server.origin());
        assert!(matches!(call.get(&server.origin()).await, Err(Error::ConnectionReadTimeout)));
        assert!(call.notes().stalled.is_some());
    });
}

#[test]
fn broken_answers_have_their_codes() {
    run(async {
        fn check(seen: Result<Seen, Error>, expect: fn(&Error) -> bool) {
            let error = seen.map(|seen| seen.body).unwrap_err();
            assert!(expect(&error), "{error:?}");
        }
        async fn get(reply: &'static [u8]) -> Result<Seen, Error> {
            let server = Server::start(|_| Reply::Close(reply.to_vec())).await;
            tight(&server.origin()).get(&server.origin()).await
        }
        check(get(b"").await, |error| matches!(error, Error::HttpResponseIncomplete));
        check(get(b"HTTP/1.1 200 OK\r\n").await, |error| matches!(error, Error::HttpResponseIncomplete));
        check(get(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await, |error| {
            matches!(error, Error::HttpResponseIncomplete)
        });
        check(get(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhal").await, |error| {
            matches!(error, Error::HttpResponseIncomplete)
        });
        check(get(b"SSH-2.0-OpenSSH\r\n").await, |error| matches!(error, Error::HttpProtocolError));
    });
}

#[test]
fn a_refused_connection_has_its_code() {
    run(async {
        let address = {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            listener.local_addr().unwrap()
        };
        let origin = format!("http://{address}");
        assert!(matches!(tight(&origin).get(&origin).await, Err(Error::ConnectionRefused)));
    });
}
