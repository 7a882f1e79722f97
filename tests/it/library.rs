//! The host as a library: the examples of `host/examples`, against the stand-in.

use std::collections::BTreeSet;
use std::path::PathBuf;

use acceptance::cli::{Cli, Output};
use acceptance::fake_jivo::{FakeJivo, Fault, Options, Reply};
use acceptance::places;
use acceptance::project::Project;
use serde_json::Value;

use crate::start;

/// An example, built beside the program by `cargo test` of the whole workspace.
fn example(name: &str) -> PathBuf {
    let path = places::sluicegate().with_file_name("examples").join(name);
    assert!(path.is_file(), "there is no `{}`\nhint: cargo build -p sluicegate --examples", path.display());
    path
}

fn service() -> FakeJivo {
    start(Options { random: "rnd".into(), inbound: 25, page_size: 10, ..Options::default() })
}

/// Runs an example that takes its secret from stdin.
fn run(project: &Project, name: &str, server: &FakeJivo, secret: &str, rest: &[&str]) -> Output {
    let cli = Cli::new("sh", project.dir()).args(["-c", "printf %s \"$SECRET\" | \"$@\"", "sh"]).env("SECRET", secret);
    cli.arg(example(name)).arg(places::component()).arg(server.origin()).args(rest).run()
}

#[test]
fn records_are_read_without_a_database() {
    let (server, project) = (service(), Project::empty());
    let secret = server.options().public_id.clone();
    server.fault("inbound_messages", 2..=2, Fault::Answer(Reply::text(503, "later")));
    let output = run(&project, "records", &server, &secret, &["inbound_messages"]);
    output.code(0).lacks(&secret);
    let ids: BTreeSet<String> =
        output.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].to_string()).collect();
    assert_eq!(ids.len(), 25, "{}", output.transcript());
    assert_eq!(server.requests_to("inbound_messages").len(), 4, "one page was tried again");
}

#[test]
fn failures_are_told_by_their_kind() {
    let (server, project) = (service(), Project::empty());
    let output = run(&project, "records", &server, "someone-elses-id", &["status"]);
    output.code(1).stderr_has(&["NotFound", "Channel not found"]).lacks("someone-elses-id");
    let output = run(&project, "records", &server, "someone-elses-id", &["nothing"]);
    output.code(1).stderr_has(&["the component lists no resource `nothing`"]);
}

#[test]
fn records_are_loaded_into_duckdb() {
    let (server, project) = (service(), Project::new(&service()));
    let secret = server.options().public_id.clone();
    let load = || run(&project, "load", &server, &secret, &["jivochat.duckdb", "status", "inbound_messages"]);
    load().code(0).stdout_has(&["status: 1 records", "inbound_messages: 25 records"]).lacks(&secret);
    load().code(0);
    assert_eq!((project.count("inbound_messages"), project.count("status")), (50, 2));
    server.fault("status", 3..=3, Fault::Answer(Reply::error(401, "Key is gone")));
    load().code(0).stdout_has(&["status: 0 records: ", "Key is gone"]);
    assert_eq!((project.count("inbound_messages"), project.count("status")), (75, 2));
}

#[test]
fn the_first_example_is_short() {
    let text = std::fs::read_to_string(places::workspace().join("host/examples/records.rs")).unwrap();
    assert!(text.lines().count() < 60);
}
