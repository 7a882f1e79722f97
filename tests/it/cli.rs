//! Commands, options and what they print.

use acceptance::cli::Cli;
use acceptance::places;
use acceptance::project::Project;
use serde_json::Value;

use crate::server;

#[test]
fn help_names_each_command() {
    let dir = tempfile::tempdir().unwrap();
    let commands = ["init", "run", "check", "resources", "inspect", "query"];
    Cli::sluicegate(dir.path()).arg("--help").run().code(0).stdout_has(&commands);
    for command in commands {
        let output = Cli::sluicegate(dir.path()).args([command, "--help"]).run();
        output.code(0).stdout_has(&["Usage: sluicegate", command]);
        // `inspect` has no option of its own.
        assert!(command == "inspect" || output.stdout.contains("[env: "), "{}", output.transcript());
    }
    Cli::sluicegate(dir.path()).arg("--version").run().code(0).stdout_has(&["sluicegate 0.1.0"]);
}

#[test]
fn nonsense_on_the_command_line_is_2() {
    let dir = tempfile::tempdir().unwrap();
    for args in [&["dance"] as &[&str], &["run", "--fast"], &["run", "--set", "novalue"], &[]] {
        Cli::sluicegate(dir.path()).args(args).run().code(2);
    }
    Cli::sluicegate(dir.path()).arg("run").run().code(2).stderr_has(&["sluicegate.toml"]);
}

#[test]
fn check_makes_one_request_and_writes_nothing() {
    let server = server();
    let project = Project::new(&server);
    project.cli().arg("check").run().code(0).lacks(&server.options().public_id);
    assert_eq!(server.requests().len(), 1);
    assert!(!project.path("jivochat.duckdb").exists());
}

#[test]
fn check_fails_as_a_run_would() {
    let server = server();
    let project = Project::new(&server);
    project.write_secret("someone-elses-id");
    project.cli().arg("check").run().code(3).stderr_has(&["Channel not found"]).lacks("someone-elses-id");
    let project = project.unset("source.allow");
    project.cli().arg("check").run().code(6).stderr_has(&["allow", &server.origin()]);
    assert!(!project.path("jivochat.duckdb").exists());
}

#[test]
fn resources_are_listed_with_and_without_a_pipeline() {
    let names = ["status", "channel_info", "inbound_messages", "outbound_messages", "health"];
    let server = server();
    let project = Project::new(&server).set("source.config.resources.checks.path", "health");
    project.cli().arg("resources").run().code(0).stdout_has(&names).stdout_has(&["checks"]);
    project.cli().arg("resources").arg(places::component()).run().code(0).stdout_has(&names);
    assert!(server.requests().is_empty());
}

#[test]
fn the_report_has_the_promised_fields() {
    let server = server();
    let (output, report) = Project::new(&server).run_with_report();
    output.code(0);
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        keys(&report.0),
        [
            "run_id",
            "pipeline",
            "dataset",
            "destination",
            "status",
            "started_at",
            "finished_at",
            "elapsed_ms",
            "loads",
            "resources"
        ]
    );
    assert_eq!(
        keys(report.resource("status")),
        [
            "name",
            "status",
            "pages",
            "records",
            "rejected",
            "bytes",
            "requests",
            "retries",
            "denied",
            "collisions",
            "truncated_timestamps",
            "discarded_rows",
            "discarded_values",
            "error"
        ]
    );
    assert_eq!(report.resource("status")["bytes"], 1);
    let load_id = report.0["loads"][0]["load_id"].as_str().unwrap();
    assert!(output.stdout.contains(load_id));
    let rows = report.0["loads"][0]["rows"].as_object().unwrap();
    assert!(rows.keys().all(|table| !table.starts_with("_dlt_")), "{rows:?}");
    assert!(rows.contains_key("inbound_messages__attachments__previews"));
}

#[test]
fn a_setting_can_be_changed_for_a_run() {
    let server = server();
    let project = Project::new(&server).only(&["outbound_messages"]);
    project.run().args(["--set", "page_size=60", "--dataset", "elsewhere"]).run().code(0);
    assert_eq!(server.requests_to("outbound_messages").len(), 3);
    assert_eq!(project.value("SELECT count(*) FROM elsewhere.outbound_messages"), "180");
}

#[test]
fn data_goes_to_stdout_and_all_else_to_stderr() {
    let server = server();
    let project = Project::new(&server);
    let output = project.run().args(["--progress", "none", "-q"]).run();
    output.code(0);
    assert_eq!(output.stdout.lines().count(), 4, "{}", output.transcript());
    assert_eq!(output.stderr, "", "{}", output.transcript());
    let output = project.run().args(["--progress", "log"]).run();
    output.code(0).stderr_has(&["inbound_messages", "rows/s"]).lacks("\u{1b}[");
}

#[test]
fn the_pipeline_can_be_elsewhere() {
    let server = server();
    let project = Project::new(&server);
    let elsewhere = tempfile::tempdir().unwrap();
    let file = project.path("sluicegate.toml");
    Cli::sluicegate(elsewhere.path()).arg("run").arg(&file).run().code(0);
    assert!(project.path("jivochat.duckdb").exists(), "paths are relative to the pipeline file");
}

#[test]
fn the_documented_exit_statuses_are_those_of_the_program() {
    let read = |path: &str| std::fs::read_to_string(places::workspace().join(path)).unwrap();
    let constants = read("host/src/cli/exit_code.rs");
    let mut in_code: Vec<&str> = constants
        .lines()
        .filter_map(|line| line.strip_prefix("pub(crate) const "))
        .filter_map(|line| line.split(" = ").nth(1))
        .map(|value| value.trim_end_matches(';'))
        .collect();
    let document = read("docs/cli.md");
    let (_, table) = document.split_once("## Exit statuses").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let mut in_document: Vec<&str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" |"))
        .map(|(status, _)| status)
        .filter(|status| status.chars().all(|c| c.is_ascii_digit()))
        .collect();
    in_code.sort_unstable();
    in_document.sort_unstable();
    assert_eq!(in_code, in_document);
    assert_eq!(in_code.len(), 9);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let project = Project::new(&server());
    for arguments in [vec!["--help"], vec!["resources"], vec!["inspect", places::component().to_str().unwrap()]] {
        let script = "\"$0\" \"$@\" | true; exit ${PIPESTATUS[0]}";
        let output = Cli::new("bash", project.dir())
            .args(["-c", script, places::sluicegate().to_str().unwrap()])
            .args(arguments)
            .run();
        output.code(0);
        assert_eq!(output.stderr, "", "{}", output.transcript());
    }
}
