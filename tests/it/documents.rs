//! What the pages list is what the program has: commands, keys, metrics.

use std::collections::BTreeSet;

use acceptance::cli::Cli;
use acceptance::places::workspace;
use regex::Regex;

fn read(path: &str) -> String {
    std::fs::read_to_string(workspace().join(path)).unwrap()
}

/// What the first group of a pattern finds in a text.
fn found(text: &str, pattern: &str) -> BTreeSet<String> {
    let pattern = Regex::new(pattern).unwrap();
    pattern.captures_iter(text).map(|captures| captures[1].to_owned()).collect()
}

/// The part of a text from one mark to the next blank line.
#[track_caller]
fn part<'a>(text: &'a str, mark: &str) -> &'a str {
    let (_, after) = text.split_once(mark).unwrap();
    after.split("\n\n").next().unwrap()
}

#[test]
fn the_documented_metrics_are_those_of_the_program() {
    let code = read("host/src/serve/metrics.rs") + &read("host/src/serve/relay/metrics.rs");
    let counters = found(&code, r#"counter\(\s*"(\w+)""#).into_iter().map(|name| format!("sluicegate_{name}_total"));
    let others = found(&code, r#"registry\.register\(\s*"(\w+)""#).into_iter().map(|name| format!("sluicegate_{name}"));
    let in_code: BTreeSet<String> = counters.chain(others).collect();
    let pages = read("docs/webhooks.md") + &read("docs/relay.md");
    assert_eq!(found(&pages, r"(?m)^\| `(sluicegate_\w+)` \|"), in_code);
    assert!(in_code.len() > 10, "{in_code:?}");
}

#[test]
fn the_documented_keys_of_serve_are_those_of_the_program() {
    let code = read("host/src/config/file.rs");
    let table = code.split_once("struct ServeTable {").unwrap().1.split('}').next().unwrap();
    let in_code = found(table, r"pub (\w+):");
    assert_eq!(found(part(&read("docs/webhooks.md"), "| key of `[serve]` |"), r"(?m)^\| `(\w+)` \|"), in_code);
    assert_eq!(found(part(&read("docs/cli.md"), "\n[serve] "), r"(?m)^(\w+) = "), in_code);
    assert!(in_code.len() > 10, "{in_code:?}");
}

#[test]
fn the_documented_keys_of_relay_are_those_of_the_program() {
    let code = read("host/src/config/file.rs");
    let table = code.split_once("struct RelayTable {").unwrap().1.split('}').next().unwrap();
    let in_code = found(table, r"pub (\w+):");
    assert_eq!(found(part(&read("docs/relay.md"), "| key of `[relay]` |"), r"(?m)^\| `(\w+)` \|"), in_code);
    assert_eq!(found(part(&read("docs/cli.md"), "\n[relay] "), r"(?m)^(\w+) = "), in_code);
}

#[test]
fn the_documented_keys_of_privacy_are_those_of_the_program() {
    let code = read("host/src/config/file.rs");
    let table = code.split_once("struct PrivacyTable {").unwrap().1.split('}').next().unwrap();
    let in_code = found(table, r"pub (\w+):");
    assert_eq!(found(part(&read("docs/cli.md"), "\n[privacy] "), r"(?m)^(\w+) = "), in_code);
    assert!(in_code.contains("drop") && in_code.contains("hash"), "{in_code:?}");
}

#[test]
fn each_command_is_documented() {
    let dir = tempfile::tempdir().unwrap();
    let help = Cli::sluicegate(dir.path()).arg("--help").run();
    let commands = found(part(&help.code(0).stdout, "Commands:\n"), r"(?m)^  (\w+) ");
    let mut in_document = found(&read("docs/cli.md"), r"(?m)^\| `sluicegate (\w+)");
    in_document.insert("help".to_owned());
    assert_eq!(in_document, commands);
}
