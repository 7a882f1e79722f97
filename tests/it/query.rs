//! `query` and its formats.

use acceptance::project::Project;
use serde_json::json;

use crate::server;

#[test]
fn the_briefs_sql_runs_in_each_format() {
    let server = server();
    let project = Project::new(&server).only(&["status"]);
    project.run().run().code(0);
    let sql = "SELECT * FROM jivochat_data.status LIMIT 10";
    for format in ["table", "csv", "json"] {
        let output = project.cli().args(["query", sql, "--format", format]).run();
        output.code(0).stdout_has(&["available", "checked_at", "true"]);
    }
    project.cli().args(["query", sql]).run().code(0).stdout_has(&["available"]);
    project.cli().args(["query", "sluicegate.toml", sql]).run().code(0).stdout_has(&["available"]);
}

#[test]
fn values_keep_their_kind() {
    let server = server();
    let project = Project::new(&server).only(&["status"]);
    project.run().run().code(0);
    let sql = "SELECT 1 AS n, 'a \"quoted\", text' AS t, NULL AS nothing, 1.5::DOUBLE AS f, true AS b";
    let output = project.cli().args(["query", sql, "--format", "json"]).run();
    let rows: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(rows, serde_json::json!([{"n": 1, "t": "a \"quoted\", text", "nothing": null, "f": 1.5, "b": true}]));
    let output = project.cli().args(["query", sql, "--format", "csv"]).run();
    assert_eq!(output.stdout, "n,t,nothing,f,b\n1,\"a \"\"quoted\"\", text\",,1.5,true\n");
}

#[test]
fn a_query_changes_nothing() {
    let server = server();
    let project = Project::new(&server).only(&["status"]);
    project.run().run().code(0);
    let output = project.cli().args(["query", "DELETE FROM jivochat_data.status"]).run();
    assert_ne!(output.status.code(), Some(0), "{}", output.transcript());
    assert_eq!(project.count("status"), 1);
}

#[test]
fn a_query_that_fails_says_why() {
    let server = server();
    let project = Project::new(&server).only(&["status"]);
    let output = project.cli().args(["query", "SELECT 1"]).run();
    output.code(5).stderr_has(&["jivochat.duckdb"]);
    assert!(!project.path("jivochat.duckdb").exists(), "a query made a database");
    project.run().run().code(0);
    let output = project.cli().args(["query", "SELECT nothing FROM nowhere"]).run();
    output.stderr_has(&["nowhere"]);
    assert_ne!(output.status.code(), Some(0));
}

#[test]
fn values_and_names_are_whole() {
    let server = server();
    let project = Project::new(&server).only(&["status"]);
    project.run().run().code(0);
    let rows = project.query(
        "SELECT 1 AS a, 2 AS a, 170141183460469231731687303715884105727::HUGEINT AS big, 'infinity'::DOUBLE AS endless",
    );
    assert_eq!(rows, [json!({"a": 1, "a_1": 2, "big": "170141183460469231731687303715884105727", "endless": "inf"})]);
}
