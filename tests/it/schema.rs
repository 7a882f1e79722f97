//! Types, columns and tables that appear as the data asks for them.

use std::collections::BTreeMap;

use acceptance::fake_jivo::{FakeJivo, Fault, Options};
use acceptance::project::Project;
use serde_json::json;

use crate::{server, start};

const INBOUND: &str = "inbound_messages";

/// Names and types of a table's columns.
fn columns(project: &Project, table: &str) -> BTreeMap<String, String> {
    let rows = project.query(&format!(
        "SELECT column_name, data_type FROM information_schema.columns \
         WHERE table_schema = 'jivochat_data' AND table_name = '{table}'"
    ));
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    rows.iter().map(|row| (text(&row["column_name"]), text(&row["data_type"]))).collect()
}

/// A stand-in whose pages of messages are these, one after another.
fn pages(pages: &[&str]) -> (FakeJivo, Project) {
    let messages = u64::try_from(pages.len()).unwrap();
    let server = start(Options { inbound: messages, page_size: 1, ..Options::default() });
    for (number, page) in (1..).zip(pages) {
        server.fault(INBOUND, number..=number, Fault::Records((*page).to_owned()));
    }
    let project = Project::new(&server).only(&[INBOUND]);
    (server, project)
}

#[test]
fn columns_have_the_types_of_their_values() {
    let server = server();
    let project = Project::new(&server);
    project.run().run().code(0);
    let columns = columns(&project, INBOUND);
    for (name, data_type) in [
        ("id", "VARCHAR"),
        ("sequence", "BIGINT"),
        ("created_at", "TIMESTAMP WITH TIME ZONE"),
        ("timestamp", "BIGINT"),
        ("score", "DOUBLE"),
        ("is_read", "BOOLEAN"),
        ("visitor__geoip__latitude", "DOUBLE"),
        ("agent__id", "BIGINT"),
        ("page__url", "VARCHAR"),
        ("_dlt_load_id", "VARCHAR"),
        ("_dlt_id", "VARCHAR"),
    ] {
        assert_eq!(columns.get(name).map(String::as_str), Some(data_type), "{name}");
    }
    assert!(!columns.contains_key("visitor__phone"), "a column was made for a key that is always null");
}

#[test]
fn a_late_field_becomes_a_column() {
    let server = server();
    let project = Project::new(&server).only(&[INBOUND]);
    project.run().run().code(0);
    assert_eq!(project.value("SELECT count(rating) FROM jivochat_data.inbound_messages"), "50");
    assert_eq!(project.value("SELECT count(page__referrer) FROM jivochat_data.inbound_messages"), "50");
    assert_eq!(
        project.value("SELECT min(sequence) FROM jivochat_data.inbound_messages WHERE rating IS NOT NULL"),
        "201"
    );
}

#[test]
fn a_value_of_another_type_gets_a_column_beside() {
    let (_server, project) = pages(&[r#"{"id":1,"n":5}"#, r#"{"id":2,"n":"five"}"#, r#"{"id":3,"n":"6"}"#]);
    project.run().run().code(0);
    let rows = project.query("SELECT n, n__v_text FROM jivochat_data.inbound_messages ORDER BY id");
    assert_eq!(
        rows,
        [
            json!({"n": 5, "n__v_text": null}),
            json!({"n": null, "n__v_text": "five"}),
            json!({"n": 6, "n__v_text": null})
        ]
    );
}

#[test]
fn two_keys_of_one_name_are_both_kept() {
    let (_server, project) = pages(&[r#"{"id":1,"userName":"first","user_name":"second"}"#]);
    let (output, report) = project.run_with_report();
    output.code(0);
    let collision = &report.resource(INBOUND)["collisions"][0];
    assert_eq!(collision["table"], INBOUND);
    assert_eq!(collision["keys"], json!(["userName", "user_name"]));
    let column = collision["column"].as_str().unwrap();
    assert!(column.starts_with("user_name") && column != "user_name", "{column}");
    let rows = project.query(&format!("SELECT user_name AS a, \"{column}\" AS b FROM jivochat_data.inbound_messages"));
    assert_eq!(rows, [json!({"a": "first", "b": "second"})]);
}

#[test]
fn integers_beyond_64_bits_are_kept() {
    let big = "123456789012345678901234567890";
    let huge = "9".repeat(45);
    let (_server, project) =
        pages(&[&format!(r#"{{"id":1,"fresh":{big},"n":1}}"#), &format!(r#"{{"id":2,"n":{huge}}}"#)]);
    project.run().run().code(0);
    assert_eq!(columns(&project, INBOUND)["fresh"], "DECIMAL(38,0)");
    assert_eq!(project.value("SELECT fresh::VARCHAR FROM jivochat_data.inbound_messages WHERE id = 1"), big);
    assert_eq!(project.value("SELECT n__v_text FROM jivochat_data.inbound_messages WHERE id = 2"), huge);
}

#[test]
fn odd_values_survive() {
    let (_server, project) = pages(&[
        r#"{"id":1,"text":"nul \u0000 and 😀 and \ud83d\ude00","empty":{},"none":[],"deep":{"a":{"b":{"c":[[1,2],[3]]}}}}"#,
    ]);
    project.run().run().code(0);
    assert_eq!(project.value("SELECT length(text) FROM jivochat_data.inbound_messages"), "17");
    let columns = columns(&project, INBOUND);
    assert!(!columns.contains_key("empty") && !columns.contains_key("none"));
    assert_eq!(
        project.value("SELECT sum(value)::BIGINT FROM jivochat_data.inbound_messages__deep__a__b__c__list"),
        "6"
    );
}

#[test]
fn the_tables_of_dlt_are_there() {
    let server = server();
    let project = Project::new(&server);
    project.run().run().code(0);
    assert_eq!(project.value("SELECT count(*) FROM jivochat_data._dlt_loads WHERE status = 0"), "1");
    assert_eq!(project.value("SELECT schema_name FROM jivochat_data._dlt_loads"), "jivochat_source");
    assert_ne!(project.count("_dlt_version"), 0);
    assert_eq!(
        project.value("SELECT DISTINCT pipeline_name FROM jivochat_data._dlt_pipeline_state"),
        "jivochat_pipeline"
    );
}
