//! `jivochat.wasm` in Node, through jco and its shim of `wasi:http`.

use acceptance::cli::Cli;
use acceptance::fake_jivo::FakeJivo;
use acceptance::{node, places};
use tempfile::TempDir;

use crate::hosts::{are_all_messages, config, write_programs};
use crate::server;

/// A folder with the programs of the page and the component made a module.
fn folder() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    write_programs("embedding.md", dir.path());
    node::link_modules(dir.path());
    let component = places::component();
    let jco = Cli::new(dir.path().join("node_modules/.bin/jco"), dir.path()).arg("transpile").arg(component);
    let map = "wasi:http/outgoing-handler=../granted.mjs#outgoingHandler";
    jco.args(["-o", "jivochat", "--name", "jivochat", "--quiet", "--map", map]).run().code(0);
    dir
}

fn host(dir: &TempDir, granted: &FakeJivo) -> Cli {
    Cli::new("node", dir.path()).arg("host.mjs").env("GRANTED", granted.origin())
}

#[test]
fn node_lists_resources_and_reads_pages_to_their_end() {
    let (server, dir) = (server(), folder());
    let config = config(&server, &server.options().public_id);
    let output = host(&dir, &server).args(["inbound_messages", &config]).run();
    output.code(0).stderr_has(&["resources: status, channel_info, inbound_messages, outbound_messages, health\n"]);
    are_all_messages(&output.stdout, 250);
}

#[test]
fn node_gets_errors_as_cases() {
    let (server, dir) = (server(), folder());
    let wrong = host(&dir, &server).args(["status", &config(&server, "another-channel")]).run();
    wrong.code(3).stderr_has(&["not-found (404): ", "Channel not found"]);
    let unknown = host(&dir, &server).args(["nothing", &config(&server, "some-channel")]).run();
    unknown.code(3).stderr_has(&["invalid-config (no status): unknown resource `nothing`"]);
    let denied = host(&dir, &server).env("GRANTED", "http://127.0.0.1:1");
    let denied = denied.args(["status", &config(&server, "some-channel")]).run();
    denied.code(3).stderr_has(&["permanent (no status): ", "is not granted"]);
}
