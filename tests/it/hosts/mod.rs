//! Components travel: other hosts run `jivochat.wasm` unchanged, with the very programs of `docs/embedding.md`, and this
//! host runs components in other languages.

use std::path::Path;

use acceptance::fake_jivo::FakeJivo;
use acceptance::places::workspace;
use serde_json::{Value, json};

mod copies;
mod issues;
mod node;
mod python;
mod service;
mod tickets;

/// Writes the programs that a page of `docs/` shows, each under the name behind `file=`.
#[track_caller]
fn write_programs(page: &str, dir: &Path) {
    let text = std::fs::read_to_string(workspace().join("docs").join(page)).unwrap();
    let mut blocks = 0;
    for block in text.split("\n```").filter(|block| block.lines().next().unwrap().contains(" file=")) {
        let (head, program) = block.split_once('\n').unwrap();
        let name = head.split_once(" file=").unwrap().1;
        std::fs::write(dir.join(name), format!("{program}\n")).unwrap();
        blocks += 1;
    }
    assert!(blocks > 0, "`docs/{page}` shows no program");
}

/// The configuration of the component as another host hands it over: with the secret in clear.
fn config(server: &FakeJivo, public_id: &str) -> String {
    let options = server.options();
    json!({ "base_url": server.origin(), "random": options.random, "jivo_public_id": public_id }).to_string()
}

/// Asserts that lines are all messages of the stand-in, each once.
#[track_caller]
fn are_all_messages(lines: &str, expect: usize) {
    let mut ids = Vec::new();
    for line in lines.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        ids.push(record["id"].to_string());
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((lines.lines().count(), ids.len()), (expect, expect));
}
