//! Components that want out, to where nobody let them.

use acceptance::fake_jivo::{Fault, Reply};

use super::{Attack, programs};
use crate::server;

#[test]
fn another_origin() {
    let server = server();
    let attacked = Attack::new(&programs::ANOTHER_ORIGIN).grant(&server).run();
    attacked.stopped(
        "denied",
        &[
            "error: attack: denied: a request to `https://evil.example` was denied: the origin is not granted",
            "hint: add \"https://evil.example\" to `allow` in [source]",
        ],
    );
    assert_eq!(attacked.report().resource("attack")["denied"], 1);
    assert_eq!(attacked.report().resource("attack")["requests"], 0);
    assert!(server.requests().is_empty());
}

#[test]
fn a_redirect() {
    let (server, other) = (server(), server());
    let away = Reply::text(302, "moved").header("location", format!("{}/stolen", other.origin()));
    server.fault("away", .., Fault::Answer(away));
    let path = format!("/{}/{}/away", server.options().random, server.options().public_id);
    let attacked = Attack::new(&programs::REDIRECT).grant(&server).set("source.config.path", path).run();
    attacked.stopped(
        "denied",
        &[
            &format!("a request to `{}` was denied", other.origin()),
            &format!("add \"{}\" to `allow` in [source]", other.origin()),
        ],
    );
    assert!(other.requests().is_empty());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_name_that_is_private() {
    let server = server();
    let port = server.host().replace("127.0.0.1:", "");
    // The origin is granted, and so is a private address of another spelling; neither is the grant that it takes.
    let attack = Attack::new(&programs::PRIVATE_NAME)
        .grant(&server)
        .set("source.allow", vec![format!("http://localhost:{port}")]);
    let attacked = attack.run();
    attacked.stopped(
        "denied",
        &[
            &format!("a request to `http://localhost:{port}` was denied: its address is not a public one ("),
            "127.0.0.1 is loopback",
            &format!("hint: add \"localhost:{port}\" to `allow_private` in [source]"),
        ],
    );
    assert!(server.requests().is_empty());
}

/// The component asks in other ways than the granted one, finds each of them denied, and copes.
#[track_caller]
fn check_coped(attack: Attack, denied: u64, words: &[&str]) {
    let server = server();
    let attack = attack.grant(&server);
    attack.run().coped(denied, words);
    assert!(server.requests().is_empty(), "{:?}", server.requests());
}

#[test]
fn spellings_of_an_address() {
    check_coped(
        Attack::new(&programs::ADDRESS_SPELLINGS),
        10,
        &[
            "warning: a request to `http://localhost:",
            "warning: a request to `http://127.0.0.2:",
            "warning: a request to `http://127.1.0.1:",
            "warning: a request to `http://0.0.0.0:",
            "; add \"http://127.0.0.2:",
        ],
    );
}

#[test]
fn spellings_of_ipv6() {
    let words =
        ["`http://[::1]:", "`http://[::ffff:7f00:1]:", "`http://[64:ff9b::7f00:1]:", "`http://[2002:7f00:1::1]:"];
    check_coped(Attack::new(&programs::IPV6_SPELLINGS), 8, &words);
}

#[test]
fn spellings_of_ipv6_that_are_granted_need_a_private_grant() {
    let server = server();
    let port = server.host().replace("127.0.0.1:", "");
    let hosts = ["[::1]", "[::]", "[::ffff:7f00:1]", "[::7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::1]"];
    let granted: Vec<String> = hosts.iter().map(|host| format!("http://{host}:{port}")).collect();
    let attack = Attack::new(&programs::IPV6_SPELLINGS).grant(&server).set("source.allow", granted);
    attack.run().coped(8, &["::1 is loopback", ":: is unspecified", "2002:7f00:1::1 is loopback", "`allow_private`"]);
    assert!(server.requests().is_empty());
}

#[test]
fn a_name_of_a_user() {
    check_coped(Attack::new(&programs::USERINFO), 3, &["@evil.example` was denied: it is no host that can be granted"]);
}

#[test]
fn another_port() {
    let words =
        ["`http://127.0.0.1:1` was denied", "`http://127.0.0.1` was denied", "`http://127.0.0.1:65535` was denied"];
    check_coped(Attack::new(&programs::ANOTHER_PORT), 3, &words);
}

#[test]
fn another_scheme() {
    let attack = Attack::new(&programs::ANOTHER_SCHEME).set("source.allow", vec!["https://wh.example"]);
    attack.run().coped(
        3,
        &[
            "`http://wh.example` was denied",
            "`http://wh.example:443` was denied",
            "a request by the scheme `ftp` was denied",
        ],
    );
}

#[test]
fn a_request_smuggled_in_a_header() {
    check_coped(
        Attack::new(&programs::HEADER_SMUGGLING),
        2,
        &[
            "the header field `transfer-encoding` of a request was denied",
            "the header field `connection` of a request was denied",
        ],
    );
}

#[test]
fn another_host_in_a_header() {
    let server = server();
    let path = format!("/{}/{}/status", server.options().random, server.options().public_id);
    let attacked = Attack::new(&programs::HOST_HEADER).grant(&server).set("source.config.path", path).run();
    attacked.coped(2, &["field `host` of a request was denied", "field `proxy-authorization` of a request was denied"]);
    let request = server.requests().remove(0);
    assert_eq!(request.headers["host"], server.host());
    assert_eq!(request.headers["x-fine"], "1");
    assert!(!request.headers.contains_key("proxy-authorization"));
}

#[test]
fn denials_without_end() {
    let attacked = Attack::new(&programs::MANY_DENIALS).run();
    attacked.coped(50, &["more was denied than these 20: the rest is counted, and not told one by one"]);
    assert_eq!(attacked.output.stderr.matches("was denied: the origin is not granted").count(), 20);
}
