//! What a service, a stranger and an operator are answered.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use acceptance::receiver::Receiver;

use super::{loaded, message, post, project};

/// Sends bytes and reads until the other side closes.
fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    // A server that has heard enough may close before it has all.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// The answer to a request: the status line, and the text behind the head.
fn ask(address: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
    let head = format!("{method} {path} HTTP/1.1\r\nHost: hooks\r\nConnection: close\r\n{headers}");
    let answer = exchange(address, format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("{answer}")), format!("{head}\n\n{body}"))
}

#[test]
fn only_the_hook_s_own_address_is_there() {
    let project = project();
    let receiver = Receiver::start(&project);
    let path = receiver.path();
    let nothing = ask(receiver.address(), "GET", "/", "", "").1;
    assert!(nothing.starts_with("HTTP/1.1 404 Not Found") && nothing.ends_with("\n\nnot found\n"), "{nothing}");
    let undated = |text: &str| text.lines().filter(|line| !line.starts_with("date:")).collect::<Vec<_>>().join("\n");
    let (last, shorter) = (path[path.len() - 1..].to_owned(), &path[..path.len() - 1]);
    let other = format!("{shorter}{}", if last == "A" { "B" } else { "A" });
    for path in
        ["/hook", "/hook/", shorter, &format!("{path}x"), &other, "/relay/x", "/hook/../hook/x", &path.to_uppercase()]
    {
        for method in ["GET", "POST", "PUT"] {
            let (status, text) = ask(receiver.address(), method, path, "", "{}");
            assert_eq!(status, 404, "{method} {path}: {text}");
            assert_eq!(undated(&text), undated(&nothing), "{method} {path}");
        }
    }
    receiver.stop().code(0);
    assert!(!project.path("jivochat.duckdb").exists());
}

#[test]
fn what_is_no_event_is_refused() {
    let project = project().set("serve.body", "1KiB");
    let receiver = Receiver::start(&project);
    let (address, path) = (receiver.address(), receiver.path());
    let json = "Content-Type: application/json\r\n";
    let long = " ".repeat(1025);
    let cases = [
        ("GET", "", "", 405, "allow: POST"),
        ("PUT", json, "{}", 405, "only POST is taken here"),
        ("POST", "Content-Type: text/html\r\n", "{}", 415, "only JSON and plain text are taken"),
        ("POST", "Content-Type: application/json\r\nContent-Encoding: gzip\r\n", "{}", 415, "not encoded"),
        ("POST", json, &long, 413, "the body is too large"),
        ("POST", json, "{bad", 400, "do not send it again"),
        ("POST", json, "", 400, "do not send it again"),
        ("POST", "Content-Type: text/plain; charset=utf-8\r\n", "{}", 200, "ok"),
        ("POST", "", "[]", 200, "ok"),
    ];
    for (method, headers, body, expect, words) in cases {
        let (status, text) = ask(address, method, &path, headers, body);
        assert_eq!(status, expect, "{method} {headers}: {text}");
        assert!(text.contains(words), "{text}");
    }
    // What comes in chunks is as long as it is, whatever it says.
    let chunked = |body: &str| {
        let chunk = |chunk: &[u8]| format!("{:x}\r\n{}\r\n", chunk.len(), String::from_utf8_lossy(chunk));
        let chunks: Vec<String> = body.as_bytes().chunks(100).map(chunk).collect();
        let chunks = chunks.concat();
        let head = "HTTP/1.1\r\nHost: hooks\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
        exchange(address, format!("POST {path} {head}{chunks}0\r\n\r\n").as_bytes())
    };
    assert!(chunked(&long).starts_with("HTTP/1.1 413"));
    assert!(chunked(&message("chunked")).starts_with("HTTP/1.1 200"));
    assert!(
        exchange(address, format!("POST {path} HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(70_000)).as_bytes())
            .starts_with("HTTP/1.1 431")
    );
    receiver.stop().code(0);
    assert_eq!(loaded(&project), ["chunked"]);
    // What was refused as no JSON is kept with its text; what was refused for its form is no event.
    let rows = project.query("SELECT resource, raw FROM jivochat_data._rejected_records ORDER BY raw");
    let raw: Vec<_> = rows.iter().map(|row| row["raw"].as_str().unwrap()).collect();
    assert_eq!(raw, ["", "{bad"]);
}

#[test]
fn health_readiness_and_metrics_are_on_one_listener_or_on_two() {
    let metric = "sluicegate_events_acknowledged_total 1\n";
    let together = project();
    let receiver = Receiver::start(&together);
    post(&receiver, ["a"]);
    receiver.loaded(1);
    for (path, words) in [("/healthz", "ok\n"), ("/readyz", "ready\n"), ("/metrics", metric)] {
        let (status, text) = ask(receiver.address(), "GET", path, "", "");
        assert!(status == 200 && text.contains(words), "{path}: {text}");
        assert_eq!(ask(receiver.address(), "POST", path, "", "").0, 405, "{path}");
    }
    receiver.stop().code(0);

    let apart = project().set("serve.admin", "127.0.0.1:0");
    let receiver = Receiver::start(&apart);
    post(&receiver, ["a"]);
    let admin = receiver.admin();
    for (path, public, inside) in [("/healthz", 200, 404), ("/readyz", 404, 200), ("/metrics", 404, 200)] {
        assert_eq!(ask(receiver.address(), "GET", path, "", "").0, public, "{path}");
        assert_eq!(ask(admin, "GET", path, "", "").0, inside, "{path}");
    }
    assert_eq!(ask(admin, "POST", &receiver.path(), "", &message("b")).0, 404);
    receiver.stop().code(0);
}

#[test]
fn a_new_key_ends_the_old_one_at_once() {
    let project = project();
    let receiver = Receiver::start(&project);
    let old = receiver.path();
    let output = project.cli().args(["hook", "rotate"]).run();
    output.code(0);
    let new = output.stdout.trim().split_once("127.0.0.1:8787").unwrap().1.to_owned();
    assert_ne!(new, old);
    let status = |path: &str, id: &str| ask(receiver.address(), "POST", path, "", &message(id)).0;
    receiver.until("the new key", || status(&new, "new") == 200);
    assert_eq!(status(&old, "old"), 404);
    receiver.stop().code(0).stderr_has(&["the hook has a new key"]);
    assert_eq!(loaded(&project), ["new"]);
}

#[test]
fn a_client_that_says_nothing_is_not_waited_for() {
    let project = project();
    let receiver = Receiver::start(&project);
    let (address, path) = (receiver.address(), receiver.path());
    let quiet = std::thread::spawn(move || exchange(address, b""));
    let half = std::thread::spawn(move || exchange(address, b"POST /hook"));
    let bodiless = format!("POST {path} HTTP/1.1\r\nHost: hooks\r\nConnection: close\r\nContent-Length: 5\r\n\r\n{{");
    let body = std::thread::spawn(move || exchange(address, bodiless.as_bytes()));
    // Others are served meanwhile.
    post(&receiver, ["a"]);
    assert_eq!(quiet.join().unwrap(), "");
    let half = half.join().unwrap();
    assert!(half.is_empty() || half.starts_with("HTTP/1.1 408"), "{half}");
    assert!(body.join().unwrap().starts_with("HTTP/1.1 408"));
    receiver.stop().code(0);
    assert_eq!(loaded(&project), ["a"]);
}
