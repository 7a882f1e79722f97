//! Answers that are whole but wrong, and configuration and components that cannot be used.

use acceptance::fake_jivo::{Fault, Options, Reply};
use acceptance::project::Project;
use serde_json::json;

use crate::{server, start};

const INBOUND: &str = "inbound_messages";

/// What `status` answers, and the row it becomes.
#[track_caller]
fn check_status(answer: &str, row: &serde_json::Value) {
    let server = start(Options { status: answer.to_owned(), ..Options::default() });
    let project = Project::new(&server).only(&["status"]);
    project.run().run().code(0);
    let columns = row.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(", ");
    let rows = project.query(&format!("SELECT {columns} FROM jivochat_data.status"));
    assert_eq!(rows, std::slice::from_ref(row), "{answer:?}");
}

#[test]
fn status_in_its_forms() {
    check_status("1", &json!({"available": true, "value": 1}));
    check_status("0\n", &json!({"available": false, "value": 0}));
    check_status(r#"{"status":"online"}"#, &json!({"status": "online"}));
}

#[test]
fn status_that_says_maybe_is_not_understood() {
    let server = start(Options { status: "maybe".to_owned(), ..Options::default() });
    let project = Project::new(&server);
    let (output, report) = project.run_with_report();
    output.code(3).stderr_has(&["status", "maybe"]);
    report.failed("status", "invalid-response", None).loaded(INBOUND, 250);
}

/// Page 2 answers something else: for good, so it is asked for once, and page 1 and the other resources stay.
#[track_caller]
fn check_not_understood(fault: Fault, words: &[&str]) {
    let server = server();
    server.fault(INBOUND, 2.., fault);
    let project = Project::new(&server);
    let (output, report) = project.run_with_report();
    output.code(3).stderr_has(&[INBOUND]).stderr_has(words);
    report.failed(INBOUND, "invalid-response", None).loaded("outbound_messages", 180);
    assert_eq!(server.requests_to(INBOUND).len(), 2);
    assert_eq!(project.count(INBOUND), 100);
}

#[test]
fn truncated_json_is_not_understood() {
    check_not_understood(Fault::TruncatedBody, &[]);
}

#[test]
fn html_is_not_understood() {
    let page = "<!doctype html><title>Sign in to the hotel network</title>";
    check_not_understood(Fault::Answer(Reply::new(200, "text/html", page)), &["Sign in"]);
}

#[test]
fn an_empty_body_is_not_understood() {
    check_not_understood(Fault::Answer(Reply::json(200, "")), &[]);
}

#[test]
fn an_empty_page_in_the_middle_is_no_end() {
    let server = server();
    server.fault(INBOUND, 2..=2, Fault::Records(String::new()));
    let project = Project::new(&server).only(&[INBOUND]);
    let (output, report) = project.run_with_report();
    output.code(0);
    assert_eq!(report.resource(INBOUND)["pages"], 3);
    // The second page's messages were withheld by the service.
    assert_eq!(project.count(INBOUND), 150);
}

#[test]
fn no_records_and_a_cursor_is_no_end() {
    let server = start(Options { paging: acceptance::fake_jivo::Paging::Cursor, ..Options::default() });
    server.fault(INBOUND, 1..=2, Fault::Records(String::new()));
    let project = Project::new(&server).only(&[INBOUND]);
    project.run().run().code(0);
    assert_eq!(project.count(INBOUND), 50);
    assert_eq!(server.requests_to(INBOUND).len(), 3);
}

#[test]
fn a_link_that_repeats_is_no_endless_loop() {
    let server = server();
    server.fault(INBOUND, 2.., Fault::RepeatCursor);
    let project = Project::new(&server);
    let (output, report) = project.run_with_report();
    output.code(3).stderr_has(&[INBOUND]);
    let resource = report.resource(INBOUND);
    assert_eq!((&resource["status"], &resource["error"]["kind"]), (&json!("failed"), &json!("invalid-response")));
    assert!(server.requests_to(INBOUND).len() <= 3);
    assert_eq!(
        project.value("SELECT count(*) - count(DISTINCT id) FROM jivochat_data.inbound_messages"),
        "0",
        "a page was loaded twice"
    );
}

#[test]
fn records_that_are_no_objects_are_wrapped_and_null_is_kept_aside() {
    let server = start(Options { inbound: 3, ..Options::default() });
    server.fault(INBOUND, .., Fault::Records(r#"1,null,[10,20],{"id":"whole"},true"#.to_owned()));
    let project = Project::new(&server).only(&[INBOUND]);
    let (output, report) = project.run_with_report();
    output.code(0).stderr_has(&["_rejected_records"]);
    assert_eq!(report.resource(INBOUND)["rejected"], 1);
    assert_eq!(report.resource(INBOUND)["records"], 4);
    assert_eq!(project.count(INBOUND), 4);
    assert_eq!(project.value("SELECT count(*) FROM jivochat_data.inbound_messages WHERE value = 1"), "1");
    assert_eq!(project.value("SELECT sum(value)::BIGINT FROM jivochat_data.inbound_messages__value"), "30");
    let rejected = project.query(
        "SELECT resource, raw, length(reason) > 0 AS told, rejected_at IS NOT NULL AS timed, \
         _dlt_load_id IN (SELECT load_id FROM jivochat_data._dlt_loads) AS loaded FROM jivochat_data._rejected_records",
    );
    let expect = json!({"resource": INBOUND, "raw": "null", "told": true, "timed": true, "loaded": true});
    assert_eq!(rejected, [expect]);
}

/// The pipeline cannot be used: exit status 2, nothing contacted, nothing written.
#[track_caller]
fn check_config(change: impl FnOnce(Project) -> Project, words: &[&str]) {
    let server = server();
    let project = change(Project::new(&server));
    project.run().run().code(2).stderr_has(words).lacks(&server.options().public_id);
    assert!(server.requests().is_empty(), "the service was contacted");
    assert!(!project.path("jivochat.duckdb").exists(), "a destination was made");
}

#[test]
fn an_unknown_key_is_named_with_the_nearest_one() {
    check_config(
        |project| project.set("source.alow", vec!["https://x.example"]),
        &["alow", "allow", "sluicegate.toml"],
    );
    check_config(|project| project.set("lod.commit_rows", 1), &["lod", "load", "sluicegate.toml"]);
    check_config(
        |project| project.set("resources.inbound_messages.primry_key", vec!["id"]),
        &["primry_key", "primary_key", "sluicegate.toml"],
    );
}

#[test]
fn a_value_of_the_wrong_kind_names_its_key() {
    check_config(|project| project.set("source.limits.memory", "much"), &["memory", "sluicegate.toml"]);
    check_config(|project| project.set("source.retry.max_wait", "soon"), &["max_wait", "sluicegate.toml"]);
    check_config(|project| project.set("source.allow", vec!["no origin at all"]), &["allow", "no origin at all"]);
}

#[test]
fn a_resource_that_is_none_is_named_with_the_nearest_one() {
    check_config(|project| project.only(&["inbound_mesages"]), &["inbound_mesages", "inbound_messages"]);
}

#[test]
fn a_file_that_is_no_toml_says_where() {
    let break_file = |project: Project| {
        std::fs::write(project.path("sluicegate.toml"), "[pipeline\nname = ").unwrap();
        project
    };
    check_config(break_file, &["sluicegate.toml"]);
    let remove_file = |project: Project| {
        std::fs::remove_file(project.path("sluicegate.toml")).unwrap();
        project
    };
    check_config(remove_file, &["sluicegate.toml"]);
}

#[test]
fn a_missing_secret_lists_the_places_tried() {
    let forget = |project: Project| {
        std::fs::remove_file(project.path(".dlt/secrets.toml")).unwrap();
        project
    };
    let places = ["jivo_public_id", "SOURCES__JIVOCHAT_SOURCE__JIVO_PUBLIC_ID", "secrets.toml", "[source.secrets]"];
    check_config(forget, &places);
    check_config(
        |project| forget(project).set("source.secrets.jivo_public_id", "env:JIVO_PUBLIC_ID"),
        &["jivo_public_id", "env:JIVO_PUBLIC_ID"],
    );
}

#[test]
fn a_short_secret_is_refused() {
    let shorten = |project: Project| {
        project.write_secret("abc");
        project
    };
    check_config(shorten, &["jivo_public_id", "8 bytes"]);
}

/// The file is no component that can be run.
#[track_caller]
fn check_component(content: Option<&[u8]>, words: &[&str]) {
    let place = |project: Project| {
        if let Some(content) = content {
            std::fs::write(project.path("other.wasm"), content).unwrap();
        }
        project.set("source.component", "other.wasm")
    };
    check_config(place, &["other.wasm"]);
    check_config(place, words);
}

#[test]
fn a_component_that_is_none() {
    check_component(None, &["other.wasm"]);
    check_component(Some(b"just some text"), &["component"]);
    check_component(Some(b""), &["component"]);
    check_component(Some(&wat::parse_str("(module)").unwrap()), &["component"]);
}

#[test]
fn a_component_of_another_version_of_the_contract() {
    let text = r#"(component (instance $i) (export "sluicegate:source/source@0.2.0" (instance $i)))"#;
    check_component(Some(&wat::parse_str(text).unwrap()), &["0.2.0", "0.1"]);
}

#[test]
fn a_component_without_the_exports() {
    check_component(Some(&wat::parse_str("(component)").unwrap()), &["sluicegate:source/source"]);
    let text = r#"(component (instance $i) (export "sluicegate:source/source@0.1.0" (instance $i)))"#;
    check_component(Some(&wat::parse_str(text).unwrap()), &["list-resources"]);
}

#[test]
fn a_component_of_another_digest() {
    check_config(|project| project.set("source.sha256", "0".repeat(64)), &["sha256", &"0".repeat(64)]);
}
