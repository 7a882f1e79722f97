//! The faults, as a client without any HTTP library sees them.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use super::*;

/// What came for a request for the channel's health, and how the connection ended.
fn get(server: &FakeJivo) -> (String, Result<(), ErrorKind>) {
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let path = server.channel_url().replace(&server.origin(), "");
    write!(stream, "GET {path}/health HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", server.host()).unwrap();
    let (mut got, mut buffer) = (Vec::new(), [0; 4096]);
    let end = loop {
        match stream.read(&mut buffer) {
            Ok(0) => break Ok(()),
            Ok(length) => got.extend_from_slice(&buffer[..length]),
            Err(error) => break Err(error.kind()),
        }
    };
    (String::from_utf8_lossy(&got).into_owned(), end)
}

/// Lets one request meet the fault: bytes of the body that were announced and that came, and how it ended.
fn meet(fault: Fault) -> (String, usize, usize, Result<(), ErrorKind>) {
    let server = FakeJivo::start(Options::default()).unwrap();
    server.fault("health", 1..=1, fault);
    let (answer, end) = get(&server);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
    assert!(get(&server).0.starts_with("HTTP/1.1 200"), "the next request is well again");
    assert_eq!(server.requests_to("health").len(), 2);
    (head.to_owned(), length.parse().unwrap(), body.len(), end)
}

#[test]
fn faults_do_what_they_say() {
    let (_, whole, came, end) = meet(Fault::Drip { bytes: 50, every: Duration::from_millis(1) });
    assert_eq!((whole, end), (came, Ok(())));
    assert!(whole > 100);

    let (head, ..) = meet(Fault::CloseBeforeAnswer);
    assert_eq!(head, "");
    let (head, _, _, end) = meet(Fault::StallBeforeHead);
    assert_eq!((head.as_str(), end), ("", Err(ErrorKind::WouldBlock)));
    let (head, length, came, end) = meet(Fault::StallAfterHead);
    assert!(head.starts_with("HTTP/1.1 200"));
    assert_eq!((length, came, end), (whole, 0, Err(ErrorKind::WouldBlock)));
    let (_, length, came, end) = meet(Fault::StallMidBody);
    assert_eq!((length, came, end), (whole, whole / 2, Err(ErrorKind::WouldBlock)));
    let (_, length, came, end) = meet(Fault::ResetMidBody);
    assert_eq!((length, came, end), (whole, whole / 2, Err(ErrorKind::ConnectionReset)));
    let (_, length, came, end) = meet(Fault::TruncatedBody);
    assert_eq!((length, came, end), (whole / 2, whole / 2, Ok(())));
    let (head, ..) = meet(Fault::Gzip);
    assert!(head.contains("content-encoding: gzip"));
    let (head, ..) = meet(Fault::BusyFor(Duration::from_secs(3)));
    assert!(head.starts_with("HTTP/1.1 429") && head.contains("retry-after: ") && head.contains("GMT"));
    let (head, ..) = meet(Fault::Answer(Reply::text(503, "later").header("x-note", "1")));
    assert!(head.starts_with("HTTP/1.1 503") && head.contains("x-note: 1"));
}
