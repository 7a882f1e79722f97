//! Components that come by an address.

use acceptance::places;
use acceptance::project::Project;

use super::server::{Answer, Server};
use super::{component, in_place, project};

fn whole() -> Answer {
    ("200 OK", String::new(), std::fs::read(places::component()).unwrap())
}

fn to(location: &str) -> Answer {
    ("302 Found", format!("location: {location}\r\n"), Vec::new())
}

fn add(project: &Project, server: &Server, path: &str) -> acceptance::cli::Cli {
    component(project, "add").args(["--yes", "--allow-private", &server.host(), &server.url(path)])
}

#[test]
fn a_component_is_fetched() {
    let (service, server) = (crate::server(), Server::start());
    let project = project(&service);
    server.at("/jivochat.wasm?token=s3cret-token", whole());
    server.at("/latest", to("/jivochat.wasm?token=s3cret-token"));
    let output = add(&project, &server, "/jivochat.wasm?token=s3cret-token").run();
    output.code(0).lacks("s3cret-token");
    let lock = std::fs::read_to_string(project.path("sluicegate.lock")).unwrap();
    assert!(lock.contains(&format!("url = \"{}\"", server.url("/jivochat.wasm"))), "{lock}");
    project.run().run().code(0);
    component(&project, "remove").arg("jivochat").run().code(0);
    add(&project, &server, "/latest").run().code(0);
    assert!(in_place(&project).exists());
}

#[test]
fn what_is_not_protected_or_private_is_not_asked() {
    let (project, server) = (project(&crate::server()), Server::start());
    server.at("/jivochat.wasm", whole());
    let url = server.url("/jivochat.wasm");
    let plain = || component(&project, "add").arg("--yes");
    let words = ["`http` does not protect what is on its way", "`--allow-private HOST:PORT`"];
    plain().arg(&url).run().code(2).stderr_has(&words);
    let secure = url.replace("http:", "https:");
    let output = plain().arg(secure).run();
    output.code(6).stderr_has(&["its address is not a public one", "let it with `--allow-private 127.0.0.1:"]);
    plain().arg("ftp://a.example/a.wasm").run().code(2).stderr_has(&["its scheme is not `https`"]);
    plain().arg("https://user:pass@a.example/a").run().code(2).stderr_has(&["it holds a user name"]).lacks("pass@");
    plain().arg("https://").run().code(2).stderr_has(&["this is no URL"]);
    let asked = component(&project, "add").args(["--allow-private", &server.host(), &url]);
    asked.run().code(2).stderr_has(&["there is no terminal to ask on"]);
    assert!(server.asked().is_empty(), "{:?}", server.asked());
}

#[test]
fn answers_that_are_no_component_are_refused() {
    let (project, server) = (project(&crate::server()), Server::start());
    let other = Server::start();
    other.at("/a", whole());
    server.at("/page", ("200 OK", String::new(), b"<!doctype html>".to_vec()));
    server.at("/away", to(&other.url("/a")));
    server.at("/ftp", to("ftp://a.example/"));
    server.at("/circle", to("/circle"));
    server.at("/nowhere", ("302 Found", String::new(), Vec::new()));
    server.at("/busy", ("503 Service Unavailable", String::new(), Vec::new()));
    server.at("/large", ("200 OK", String::new(), vec![0; 33 << 20]));
    server.at("/cut", ("200 OK", "content-length: 99\r\n".into(), b"\0asm".to_vec()));
    for (path, code, words) in [
        ("/missing", 3, "/missing` answers with status 404"),
        ("/page", 2, "it is a web page, not a WebAssembly component"),
        ("/away", 3, "`http` does not protect"),
        ("/ftp", 3, "its scheme is not `https`"),
        ("/circle", 3, "/circle` leads on and on"),
        ("/nowhere", 3, "/nowhere` answers with status 302"),
        ("/busy", 4, "/busy` answers with status 503"),
        ("/large", 6, "reached"),
        ("/cut", 4, "/cut` cannot be fetched"),
    ] {
        add(&project, &server, path).run().code(code).stderr_has(&[words]);
    }
    assert!(other.asked().is_empty() && !project.path("components").exists());
}
