//! `conformance`: a component that keeps the rules passes them, and one that does not fails the rule that it breaks.

use acceptance::cli::Cli;
use acceptance::places;
use acceptance::project::Project;
use serde_json::Value;

use super::{Program, programs};

/// The verdict on each rule, and the exit status that goes with them.
#[track_caller]
fn verdicts(cli: Cli) -> Vec<(String, String)> {
    let output = cli.args(["--format", "json"]).run();
    let told: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{}", output.transcript()));
    output.code(if told["holds"] == true { 0 } else { 2 });
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    told["rules"].as_array().unwrap().iter().map(|rule| (text(&rule["rule"]), text(&rule["verdict"]))).collect()
}

fn with(verdicts: &[(String, String)], verdict: &str) -> Vec<String> {
    verdicts.iter().filter(|(_, found)| found == verdict).map(|(rule, _)| rule.clone()).collect()
}

/// Asserts that a program breaks one rule and no other.
#[track_caller]
fn breaks(program: &Program, rule: &str) {
    let dir = tempfile::tempdir().unwrap();
    let file = program.write(dir.path());
    let verdicts = verdicts(Cli::sluicegate(dir.path()).arg("conformance").arg(file));
    assert_eq!(with(&verdicts, "fail"), [rule], "{}: {verdicts:?}", program.name);
}

#[test]
fn the_component_keeps_the_rules_with_the_service_inside() {
    let dir = tempfile::tempdir().unwrap();
    let verdicts = verdicts(Cli::sluicegate(dir.path()).arg("conformance").arg(places::component()));
    assert_eq!(with(&verdicts, "fail"), [""; 0]);
    assert_eq!(with(&verdicts, "pass").len(), 14, "{verdicts:?}");
}

#[test]
fn the_component_keeps_the_rules_with_a_service() {
    let server = crate::server();
    let project = Project::new(&server);
    let cli = project.cli().arg("conformance").arg(places::component()).arg("sluicegate.toml");
    let verdicts = verdicts(cli.clone());
    assert_eq!(with(&verdicts, "fail"), [""; 0]);
    for rule in ["world", "listing", "origins", "pages", "records", "same-page", "cursors", "secrets"] {
        assert!(with(&verdicts, "pass").iter().any(|passed| passed == rule), "{rule}: {verdicts:?}");
    }
    cli.run().code(0).stdout_has(&["world", "pass", "asks that"]).lacks(&server.options().public_id);
    assert!(!project.path("jivochat.duckdb").exists());
}

#[test]
fn a_rule_that_is_broken_is_told() {
    breaks(&programs::WANTS_MORE, "world");
    breaks(&programs::OLDER_WIT, "world");
    breaks(&programs::WRONG_TYPES, "world");
    breaks(&programs::MANY_RESOURCES, "listing");
    breaks(&programs::TRAP_ON_PAGE_THREE, "pages");
    breaks(&programs::EXITS, "pages");
    breaks(&programs::INVALID_UTF8, "records");
    breaks(&programs::SAME_CURSOR, "cursors");
    breaks(&programs::NEW_CURSORS, "cursors");
    let dir = tempfile::tempdir().unwrap();
    let output = Cli::sluicegate(dir.path()).args(["conformance", "nowhere.wasm"]).run();
    output.code(2).stderr_has(&["cannot load the component `nowhere.wasm`"]);
    assert_eq!(output.stdout, "");
}
