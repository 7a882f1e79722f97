//! What a component can reach, and where secrets go.

use acceptance::cli::Cli;
use acceptance::fake_jivo::{Fault, Reply};
use acceptance::places;
use acceptance::project::Project;

use crate::server;

const INBOUND: &str = "inbound_messages";

#[test]
fn the_component_imports_what_its_world_names() {
    let dir = tempfile::tempdir().unwrap();
    let output = Cli::sluicegate(dir.path()).arg("inspect").arg(places::component()).run();
    output.code(0).stdout_has(&[
        "wasi:http/outgoing-handler",
        "sluicegate:source/source@0.1.0",
        "sluicegate:source/webhook@0.1.0",
        "https://wh.jivosite.com",
    ]);
    let interfaces = output.stdout.split(|c: char| c.is_whitespace() || c == ',' || c == '`');
    let imported: Vec<&str> = interfaces.filter(|word| word.starts_with("wasi:")).collect();
    assert!(!imported.is_empty(), "{}", output.transcript());
    for interface in imported {
        let known = ["wasi:http/outgoing-handler", "wasi:http/types", "wasi:io/", "wasi:clocks/"];
        assert!(known.iter().any(|known| interface.starts_with(known)), "imports {interface}\n{}", output.transcript());
    }
}

#[test]
fn nothing_is_reached_without_a_grant() {
    let server = server();
    let project = Project::new(&server).unset("source.allow");
    let (output, report) = project.run_with_report();
    output.code(6).stderr_has(&["allow", &server.origin()]);
    report.failed("status", "denied", None);
    assert_ne!(report.resource("status")["denied"], 0);
    assert!(server.requests().is_empty());

    project.run().args(["--allow", &server.origin()]).run().code(0);
}

#[test]
fn a_private_address_takes_a_grant_of_its_own() {
    let server = server();
    let project = Project::new(&server).unset("source.allow_private");
    let (output, report) = project.run_with_report();
    output.code(6).stderr_has(&["allow_private", &server.host()]);
    report.failed("status", "denied", None);
    assert!(server.requests().is_empty());

    project.run().args(["--allow-private", &server.host()]).run().code(0);
}

#[test]
fn a_link_to_another_host_is_not_followed() {
    let (server, other) = (server(), server());
    server.fault(INBOUND, 1..=1, Fault::NextIs(format!("{}/steal?page=2", other.origin())));
    let project = Project::new(&server);
    let (output, report) = project.run_with_report();
    output.code(6).stderr_has(&[INBOUND, "allow", &other.origin()]);
    report.failed(INBOUND, "denied", None).loaded("outbound_messages", 180);
    assert!(other.requests().is_empty());
    assert_eq!(project.count(INBOUND), 100);
}

#[test]
fn a_redirect_to_another_host_is_not_followed() {
    let (server, other) = (server(), server());
    let away = Reply::text(302, "moved").header("location", format!("{}/status", other.channel_url()));
    server.fault("status", .., Fault::Answer(away));
    let project = Project::new(&server).only(&["status"]);
    let output = project.run().run();
    assert_ne!(output.status.code(), Some(0), "{}", output.transcript());
    assert!(other.requests().is_empty());
}

#[test]
fn the_credential_goes_to_no_other_granted_host() {
    let (server, other) = (server(), server());
    let elsewhere = server.channel_url().replace(&server.origin(), &other.origin());
    server.fault(INBOUND, 1..=1, Fault::NextIs(format!("{elsewhere}/inbound_messages?page=2")));
    let project = Project::new(&server)
        .only(&[INBOUND])
        .set("source.allow", vec![server.origin(), other.origin()])
        .set("source.allow_private", vec![server.host(), other.host()]);
    let output = project.run().run();
    assert_ne!(output.status.code(), Some(0), "{}", output.transcript());
    for request in other.requests() {
        assert!(!request.target.contains(&server.options().public_id), "the credential left for {}", request.target);
    }
}

#[test]
fn an_answer_beyond_the_limit_stops_the_resource() {
    let server = server();
    let project = Project::new(&server).only(&["status", INBOUND]).set("source.limits.response", "16KiB");
    let (output, report) = project.run_with_report();
    output.code(6).stderr_has(&[INBOUND, "response"]);
    report.failed(INBOUND, "limit", None).loaded("status", 1);
}

#[test]
fn the_secret_is_nowhere() {
    let server = server();
    let secret = server.options().public_id.clone();
    // The service says the secret itself: in an error, in a link, and in a record.
    server.fault("health", .., Fault::Answer(Reply::error(404, &format!("no health at {}", server.channel_url()))));
    server.fault("channel_info", .., Fault::Answer(Reply::json(200, format!(r#"{{"id":1,"hook":"{secret}"}}"#))));
    let project = Project::new(&server);
    let output = project.run().args(["-vv", "--report", "report.json"]).run();
    output.code(3).stderr_has(&["no health at", "/status: 200 OK"]).lacks(&secret);
    let report = std::fs::read_to_string(project.path("report.json")).unwrap();
    assert!(!report.contains(&secret), "{report}");
    let database = std::fs::read(project.path("jivochat.duckdb")).unwrap();
    let found = database.windows(secret.len()).any(|window| window == secret.as_bytes());
    assert!(!found, "the secret is in the database");
    assert!(server.requests().iter().any(|request| request.target.contains(&secret)), "it was not even sent");
}

#[test]
fn the_secret_can_come_from_the_environment() {
    let server = server();
    let project = Project::new(&server);
    project.write_secret("not-the-right-one");
    let id = server.options().public_id.clone();
    project.run().env("SOURCES__JIVOCHAT_SOURCE__JIVO_PUBLIC_ID", id.clone()).run().code(0);

    let project = project.set("source.secrets.jivo_public_id", "env:MY_CHANNEL");
    project.run().env("MY_CHANNEL", id.clone()).run().code(0);

    std::fs::write(project.path("id.txt"), format!("{id}\n")).unwrap();
    project.set("source.secrets.jivo_public_id", "file:id.txt").run().run().code(0);
}

#[test]
fn a_link_to_another_host_is_denied_with_the_secret_in_it_too() {
    let server = server();
    let id = server.options().public_id.clone();
    server.fault("inbound_messages", .., Fault::NextIs(format!("https://elsewhere.example/r/{id}/messages")));
    let (output, report) = Project::new(&server).only(&["inbound_messages"]).run_with_report();
    output.code(6).stderr_has(&["https://elsewhere.example", "hint:"]).lacks(&id);
    report.failed("inbound_messages", "denied", None);
    assert_eq!(report.resource("inbound_messages")["denied"], 1);
}

#[test]
fn the_environment_s_proxies_are_ignored() {
    let (server, proxy) = (server(), server());
    let project = Project::new(&server).only(&["status"]);
    let mut run = project.run();
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        run = run.env(name, proxy.origin()).env(name.to_lowercase(), proxy.origin());
    }
    run.run().code(0);
    assert!(proxy.requests().is_empty());
    assert_eq!(server.requests_to("status").len(), 1);
}

#[test]
fn a_configured_proxy_is_used() {
    let (server, proxy) = (server(), server());
    // It is asked for a whole URL, and knows the channel by chance.
    let project = Project::new(&server).only(&["status"]).set("source.proxy", proxy.origin());
    project.run().run().code(0);
    assert!(server.requests().is_empty());
    assert_eq!(proxy.requests_to("status").len(), 1);
}
