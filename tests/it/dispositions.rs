//! Write dispositions and merge strategies, as a pipeline file asks for them.

use acceptance::fake_jivo::{FakeJivo, Fault, Options, Reply};
use acceptance::project::Project;
use serde_json::{Value, json};

use crate::start;

const INBOUND: &str = "inbound_messages";

/// A stand-in whose messages are what [`serve`] says, and a pipeline with some hints, a TOML table.
fn setup(hints: &str) -> (FakeJivo, Project) {
    let server = start(Options::default());
    let project = Project::new(&server).only(&[INBOUND]);
    let project = project.set("resources.inbound_messages", hints.parse::<toml::Table>().unwrap());
    (server, project)
}

/// From now on the service has one page of messages, these.
fn serve(server: &FakeJivo, records: &Value) {
    let page = json!({ "data": records }).to_string();
    server.fault(INBOUND, .., Fault::Answer(Reply::json(200, page)));
}

/// One run that finds these messages.
#[track_caller]
fn load(server: &FakeJivo, project: &Project, records: &Value) {
    serve(server, records);
    project.run().run().code(0);
}

#[track_caller]
fn rows(project: &Project, sql: &str) -> Value {
    project.query(&sql.replace("FROM ", "FROM jivochat_data.").replace("JOIN ", "JOIN jivochat_data.")).into()
}

/// Loads twice: messages that stay, change, come and go, with children on two levels.
fn changing(hints: &str) -> Project {
    let (server, project) = setup(hints);
    load(
        &server,
        &project,
        &json!([
            {"id": 1, "text": "a", "l": [{"n": 1, "m": ["x"]}, {"n": 2}]},
            {"id": 2, "text": "b", "l": [{"n": 3}]},
            {"id": 3, "text": "c", "l": [{"n": 4}]},
        ]),
    );
    load(
        &server,
        &project,
        &json!([
            {"id": 1, "text": "first", "l": [{"n": 5, "m": ["no"]}, {"n": 5}]},
            {"id": 4, "text": "d"},
            {"id": 1, "text": "last", "l": [{"n": 6, "m": ["y", "z"]}]},
            {"id": 3, "text": "gone", "deleted": true, "l": [{"n": 7}]},
            {"id": 9, "text": "never there", "deleted": true},
        ]),
    );
    project
}

const TEXTS: &str = "SELECT id, text FROM inbound_messages ORDER BY id";
const CHILDREN: &str = "SELECT p.id, l.n, string_agg(m.value, '' ORDER BY m._dlt_list_idx) AS m FROM inbound_messages AS p \
    JOIN inbound_messages__l AS l ON l._dlt_parent_id = p._dlt_id AND l._dlt_root_id = p._dlt_id \
    LEFT JOIN inbound_messages__l__m AS m ON m._dlt_parent_id = l._dlt_id AND m._dlt_root_id = p._dlt_id \
    GROUP BY ALL ORDER BY ALL";

#[test]
fn delete_insert_and_upsert_put_messages_in_place_of_those_with_their_id() {
    for strategy in ["delete-insert", "upsert"] {
        let project = changing(&format!(
            "write_disposition = {{ disposition = 'merge', strategy = '{strategy}' }}\nprimary_key = 'id'\n\
             columns.deleted = {{ hard_delete = true }}"
        ));
        let expect = json!([{"id": 1, "text": "last"}, {"id": 2, "text": "b"}, {"id": 4, "text": "d"}]);
        assert_eq!(rows(&project, TEXTS), expect, "{strategy}");
        let expect = json!([{"id": 1, "n": 6, "m": "yz"}, {"id": 2, "n": 3, "m": null}]);
        assert_eq!(rows(&project, CHILDREN), expect, "{strategy}");
        assert_eq!([project.count("inbound_messages__l"), project.count("inbound_messages__l__m")], [2, 2]);
        // The id that dlt makes of `{"id":2}`.
        let ids = project.value("SELECT count(*) FROM jivochat_data.inbound_messages WHERE _dlt_id = 'M6/KlLzJ2FeV/w'");
        assert_eq!(ids, if strategy == "upsert" { "1" } else { "0" });
    }
}

#[test]
fn insert_only_leaves_known_messages_alone() {
    let project = changing(
        "write_disposition = { disposition = 'merge', strategy = 'insert-only' }\n\
         columns.id = { primary_key = true }\ncolumns.deleted = { hard_delete = true }",
    );
    let expect =
        json!([{"id": 1, "text": "a"}, {"id": 2, "text": "b"}, {"id": 3, "text": "c"}, {"id": 4, "text": "d"}]);
    assert_eq!(rows(&project, TEXTS), expect);
    assert_eq!([project.count("inbound_messages__l"), project.count("inbound_messages__l__m")], [4, 1]);
}

#[test]
fn dedup_sort_decides_between_messages_of_one_load() {
    let records = json!([
        {"id": 1, "text": "old", "at": "2026-01-02T00:00:00Z"},
        {"id": 1, "text": "new", "at": "2026-01-02T02:00:00+01:00"},
        {"id": 1, "text": "without"},
        {"id": 1, "text": "older", "at": "2026-01-01T00:00:00Z"},
    ]);
    for (order, text) in [("desc", "new"), ("asc", "older")] {
        for strategy in ["delete-insert", "upsert"] {
            let (server, project) = setup(&format!(
                "write_disposition = {{ disposition = 'merge', strategy = '{strategy}' }}\n\
                 columns.id = {{ primary_key = true }}\ncolumns.at = {{ dedup_sort = '{order}' }}"
            ));
            load(&server, &project, &records);
            assert_eq!(rows(&project, TEXTS), json!([{"id": 1, "text": text}]), "{strategy} {order}");
        }
    }
}

#[test]
fn a_merge_key_replaces_what_belongs_together() {
    let (server, project) = setup("write_disposition = 'merge'\nprimary_key = ['chat.id', 'n']\nmerge_key = 'day'");
    load(
        &server,
        &project,
        &json!([
            {"chat": {"id": 1}, "n": 1, "day": "mon"},
            {"chat": {"id": 1}, "n": 2, "day": "mon"},
            {"chat": {"id": 2}, "n": 1, "day": "tue"},
            {"chat": {"id": 3}, "n": 1, "day": "wed"},
        ]),
    );
    load(
        &server,
        &project,
        &json!([
            {"chat": {"id": 1}, "n": 3, "day": "mon"},
            {"chat": {"id": 2}, "n": 1, "day": "thu"},
            {"chat": {"id": 5}, "n": 1},
        ]),
    );
    let sql = "SELECT chat__id AS chat, n, day FROM inbound_messages ORDER BY ALL";
    let expect = json!([
        {"chat": 1, "n": 3, "day": "mon"},
        {"chat": 2, "n": 1, "day": "thu"},
        {"chat": 3, "n": 1, "day": "wed"},
    ]);
    assert_eq!(rows(&project, sql), expect);
    let reason = project.value("SELECT reason FROM jivochat_data._rejected_records");
    assert_eq!(reason, "column `day` of table `inbound_messages` must have a value");
}

#[test]
fn an_appended_table_may_be_merged_from_then_on() {
    for strategy in ["delete-insert", "upsert", "insert-only"] {
        let (server, project) = setup("write_disposition = 'append'");
        let records = json!([{"id": 1, "text": "a", "l": [{"n": 1, "m": ["x"]}]}, {"id": 2, "text": "b"}]);
        load(&server, &project, &records);
        load(&server, &project, &records);
        let hints =
            format!("write_disposition = {{ disposition = 'merge', strategy = '{strategy}' }}\nprimary_key = 'id'");
        let project = project.set("resources.inbound_messages", hints.parse::<toml::Table>().unwrap());
        load(
            &server,
            &project,
            &json!([{"id": 1, "text": "new", "l": [{"n": 9, "m": ["y"]}]}, {"id": 3, "text": "c"}]),
        );
        let texts: Vec<_> = rows(&project, TEXTS).as_array().unwrap().iter().map(|row| row["text"].clone()).collect();
        let children = rows(&project, CHILDREN);
        if strategy == "insert-only" {
            assert_eq!(texts, ["a", "a", "b", "b", "c"]);
        } else {
            assert_eq!(texts, ["new", "b", "b", "c"], "{strategy}");
            assert_eq!(children, json!([{"id": 1, "n": 9, "m": "y"}]), "{strategy}");
        }
    }
}

const VERSIONS: &str = "SELECT text, _dlt_valid_from IS NOT NULL AS began, _dlt_valid_to IS NULL AS holds \
    FROM inbound_messages ORDER BY ALL";

#[test]
fn scd2_keeps_versions() {
    let (server, project) = setup("write_disposition = { disposition = 'merge', strategy = 'scd2' }");
    load(&server, &project, &json!([{"id": 1, "text": "a", "l": [{"n": 1}]}, {"id": 2, "text": "b"}]));
    load(
        &server,
        &project,
        &json!([{"text": "a", "l": [{"n": 1}], "id": 1}, {"id": 2, "text": "b2"}, {"id": 3, "text": "c"}]),
    );
    let version = |text: &str, holds: bool| json!({"text": text, "began": true, "holds": holds});
    let expect = json!([version("a", true), version("b", false), version("b2", true), version("c", true)]);
    assert_eq!(rows(&project, VERSIONS), expect);
    assert_eq!(project.count("inbound_messages__l"), 1);
    let columns = project.value(
        "SELECT string_agg(column_name, ',' ORDER BY column_index) FROM duckdb_columns() \
         WHERE schema_name = 'jivochat_data' AND table_name = 'inbound_messages'",
    );
    assert_eq!(columns, "_dlt_valid_from,_dlt_valid_to,id,text,_dlt_load_id,_dlt_id");
    // What ends and what begins with a load does so at one time, which is the load's.
    let times = project.value(
        "SELECT count(*) FROM jivochat_data.inbound_messages AS o JOIN jivochat_data.inbound_messages AS n \
         ON o._dlt_valid_to = n._dlt_valid_from WHERE epoch_us(n._dlt_valid_from) = n._dlt_load_id::DECIMAL(20, 6) * 1000000",
    );
    assert_eq!(times, "2");

    // A run that finds nothing says nothing of the messages.
    let (output, report) = {
        serve(&server, &json!([]));
        project.run_with_report()
    };
    output.code(0).stdout_has(&["0 load package(s)"]);
    assert_eq!(report.resource(INBOUND)["status"], "unchanged");
    assert_eq!(rows(&project, VERSIONS), expect);
}

#[test]
fn scd2_takes_dlts_options() {
    let (server, project) = setup(
        "write_disposition = { disposition = 'merge', strategy = 'scd2', validity_column_names = ['from', 'to'], \
         active_record_timestamp = 9999-12-31, boundary_timestamp = '2026-01-02', row_version_column_name = 'rev' }\n\
         merge_key = 'day'",
    );
    load(&server, &project, &json!([{"day": 1, "rev": 1}, {"day": 1, "rev": 2}, {"day": 2, "rev": 3}]));
    load(&server, &project, &json!([{"day": 1, "rev": 2, "text": "not a new version"}, {"day": 3, "rev": 4}]));
    let sql = "SELECT rev, year(\"to\") = 9999 AS holds, (\"from\" AT TIME ZONE 'UTC')::VARCHAR AS began FROM inbound_messages ORDER BY rev";
    let version = |rev: u8, holds: bool| json!({"rev": rev, "holds": holds, "began": "2026-01-02 00:00:00"});
    assert_eq!(rows(&project, sql), json!([version(1, false), version(2, true), version(3, true), version(4, true)]));
}

#[test]
fn a_skipped_resource_is_neither_fetched_nor_touched() {
    let (server, project) = setup("write_disposition = 'append'");
    load(&server, &project, &json!([{"id": 1, "text": "a"}]));
    let asked = server.requests_to(INBOUND).len();
    let project = project.set("resources.inbound_messages.write_disposition", "skip");
    let (output, report) = project.run_with_report();
    output.code(0).stdout_has(&["0 load package(s)"]);
    assert_eq!(report.resource(INBOUND)["status"], "skipped");
    assert_eq!(server.requests_to(INBOUND).len(), asked);
    assert_eq!(project.count(INBOUND), 1);
}

#[test]
fn what_cannot_be_merged_is_told_before_anything_is_contacted() {
    for (hints, words) in [
        (
            "write_disposition = { disposition = 'merge', strategy = 'cdc' }",
            [
                "`resources.inbound_messages.write_disposition.strategy`",
                "`cdc` is no merge strategy; there are `delete-insert`",
            ],
        ),
        (
            "write_disposition = { disposition = 'merge', strategy = 'scd2', boundary_timestamp = 'now' }",
            ["`resources.inbound_messages.write_disposition.boundary_timestamp`", "`now` is no point in time"],
        ),
        (
            "write_disposition = { disposition = 'merge', strategy = 'upsert' }",
            ["resource `inbound_messages` has no primary key", "hint: name the fields that identify a record"],
        ),
        (
            "write_disposition = { disposition = 'merge', strategy = 'upsert', skip_unchanged_rows = true }",
            ["unknown key `resources.inbound_messages.write_disposition.skip_unchanged_rows`", "sluicegate.toml"],
        ),
        ("columns.at = { dedup_sort = true }", ["cannot understand", "expected a string"]),
    ] {
        let (server, project) = setup(hints);
        project.run().run().code(2).stderr_has(&words);
        assert!(server.requests_to(INBOUND).is_empty());
        assert!(!project.path("jivochat.duckdb").exists());
    }
}

#[test]
fn a_merge_without_a_key_says_that_it_adds() {
    let words = "warning: inbound_messages: there is no key to merge by, so the rows are added to those of earlier runs\n\
                 hint: name the fields that identify a record: `primary_key = [\"id\"]` in `[resources.inbound_messages]`";
    let (server, project) = setup("write_disposition = 'merge'");
    serve(&server, &json!([{"id": 1, "gone": false}]));
    project.run().run().code(0).stderr_has(&[words]);
    assert_eq!(project.count(INBOUND), 1);
    project.run().run().code(0).stderr_has(&[words]);
    assert_eq!(project.count(INBOUND), 2);
    // A key that is stored counts as well, and so does a mark alone.
    let project = project.set("resources.inbound_messages.primary_key", vec!["id"]);
    project.run().run().code(0).lacks("there is no key");
    let project = project.unset("resources.inbound_messages.primary_key");
    project.run().run().code(0).lacks("there is no key");
    assert_eq!(project.count(INBOUND), 1);
    let project = project.set("resources.inbound_messages.primary_key", Vec::<String>::new());
    let project = project.set("resources.inbound_messages.columns.gone.hard_delete", true);
    project.run().run().code(0).lacks("there is no key");
}
