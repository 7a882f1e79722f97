//! `jivochat.wasm` in Python, through the package `wasmtime`.

use acceptance::cli::Cli;
use acceptance::{dlt, places};
use tempfile::TempDir;

use crate::hosts::{are_all_messages, config, write_programs};
use crate::server;

fn host(dir: &TempDir) -> Cli {
    let python = dlt::python_with("wasmtime", &["wasmtime==50.0.1"]);
    write_programs("embedding.md", dir.path());
    Cli::new(python, dir.path()).arg("host.py").arg(places::component())
}

#[test]
fn python_lists_resources_and_reads_pages_to_their_end() {
    let (server, dir) = (server(), tempfile::tempdir().unwrap());
    let config = config(&server, &server.options().public_id);
    let output = host(&dir).args(["inbound_messages", &config]).run();
    output.code(0).stderr_has(&["resources: status, channel_info, inbound_messages, outbound_messages, health\n"]);
    are_all_messages(&output.stdout, 250);
}

#[test]
fn python_gets_errors_as_cases() {
    let (server, dir) = (server(), tempfile::tempdir().unwrap());
    let wrong = host(&dir).args(["status", &config(&server, "another-channel")]).run();
    wrong.code(3).stderr_has(&["not-found (404): ", "Channel not found"]);
    let unknown = host(&dir).args(["nothing", &config(&server, "some-channel")]).run();
    unknown.code(3).stderr_has(&["invalid-config (no status): unknown resource `nothing`"]);
}
