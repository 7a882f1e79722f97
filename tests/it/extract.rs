//! What is loaded when all is well.

use acceptance::fake_jivo::messages::{Direction, attachment_count, has_previews, write_message};
use acceptance::fake_jivo::{Fault, Options, Paging};
use acceptance::project::Project;
use serde_json::Value;

use crate::{server, start};

#[test]
fn all_five_resources_are_loaded() {
    let server = server();
    let project = Project::new(&server);
    let (output, report) = project.run_with_report();
    output.code(0).stdout_has(&[
        "Pipeline jivochat_pipeline load step completed in ",
        " seconds\n1 load package(s) were loaded to destination duckdb and into dataset jivochat_data\n",
        "The duckdb destination used duckdb:",
        "jivochat.duckdb location to store data\nLoad package ",
        " is LOADED and contains no failed jobs",
    ]);
    report
        .loaded("status", 1)
        .loaded("channel_info", 1)
        .loaded("health", 1)
        .loaded("inbound_messages", 250)
        .loaded("outbound_messages", 180);
    assert_eq!(report.0["status"], "loaded");
    assert_eq!(report.resource("inbound_messages")["pages"], 3);
    assert_eq!(report.resource("inbound_messages")["requests"], 3);
    assert_eq!(report.0["loads"][0]["rows"]["inbound_messages"], 250);
    assert_eq!(
        project.tables(),
        [
            "channel_info",
            "channel_info__agents",
            "channel_info__agents__skills",
            "channel_info__settings__languages",
            "health",
            "health__checks",
            "inbound_messages",
            "inbound_messages__attachments",
            "inbound_messages__attachments__previews",
            "outbound_messages",
            "outbound_messages__attachments",
            "outbound_messages__attachments__previews",
            "status",
        ]
    );
}

#[test]
fn child_rows_hang_on_their_parents() {
    let server = server();
    let project = Project::new(&server).only(&["inbound_messages"]);
    project.run().run().code(0);
    let attachments: u64 = (0..250).map(attachment_count).sum();
    let previews: u64 = (0..250).filter(|index| has_previews(*index)).map(|index| 2 * attachment_count(index)).sum();
    let joined = project.value(
        "SELECT count(*) FROM jivochat_data.inbound_messages m \
         JOIN jivochat_data.inbound_messages__attachments a ON a._dlt_parent_id = m._dlt_id \
         WHERE a.file = 'https://files.example/m/' || m.sequence AND a._dlt_list_idx < 2",
    );
    assert_eq!(joined, attachments.to_string());
    let joined = project.value(
        "SELECT count(*) FROM jivochat_data.inbound_messages__attachments a \
         JOIN jivochat_data.inbound_messages__attachments__previews p ON p._dlt_parent_id = a._dlt_id",
    );
    assert_eq!(joined, previews.to_string());
    assert_eq!(project.count("inbound_messages__attachments"), attachments);
    assert_eq!(project.count("inbound_messages__attachments__previews"), previews);
}

#[test]
fn values_arrive_as_they_were_sent() {
    let server = server();
    let project = Project::new(&server).only(&["outbound_messages"]);
    project.run().run().code(0);
    let rows = project.query(
        "SELECT id, text, visitor__name, visitor__geoip__city, page__title, score, is_read, timestamp \
         FROM jivochat_data.outbound_messages ORDER BY sequence",
    );
    assert_eq!(rows.len(), 180);
    for (index, row) in (0..).zip(&rows) {
        let mut json = Vec::new();
        write_message(&mut json, Direction::Outbound, index, 200);
        let sent: Value = serde_json::from_slice(&json).unwrap();
        for (column, path) in [
            ("id", "/id"),
            ("text", "/text"),
            ("visitor__name", "/visitor/name"),
            ("visitor__geoip__city", "/visitor/geoip/city"),
            ("page__title", "/page/title"),
            ("score", "/score"),
            ("is_read", "/is_read"),
        ] {
            assert_eq!(Some(&row[column]), sent.pointer(path), "{column} of message {index}");
        }
    }
}

#[test]
fn a_second_run_appends() {
    let server = server();
    let project = Project::new(&server);
    project.run().run().code(0);
    project.run().run().code(0);
    for (table, rows) in [("status", 2), ("channel_info", 2), ("inbound_messages", 500), ("outbound_messages", 360)] {
        assert_eq!(project.count(table), rows, "{table}");
    }
    assert_eq!(project.value("SELECT count(*) FROM jivochat_data._dlt_loads WHERE status = 0"), "2");
    assert_eq!(project.value("SELECT count(DISTINCT _dlt_load_id) FROM jivochat_data.inbound_messages"), "2");
    assert_eq!(project.value("SELECT count(DISTINCT _dlt_id) FROM jivochat_data.inbound_messages"), "500");
}

#[test]
fn two_lines_make_it_a_merge() {
    let server = server();
    let project = Project::new(&server)
        .only(&["inbound_messages"])
        .set("resources.inbound_messages.write_disposition", "merge")
        .set("resources.inbound_messages.primary_key", vec!["id"]);
    project.run().run().code(0);
    let attachments = project.count("inbound_messages__attachments");
    project.run().run().code(0);
    assert_eq!(project.count("inbound_messages"), 250);
    assert_eq!(project.count("inbound_messages__attachments"), attachments);
}

#[test]
fn one_row_of_status_per_run_is_stamped() {
    let server = server();
    let project = Project::new(&server).only(&["status"]);
    project.run().run().code(0);
    let rows = project.query("SELECT available, value, checked_at IS NOT NULL AS stamped FROM jivochat_data.status");
    assert_eq!(rows, [serde_json::json!({"available": true, "value": 1, "stamped": true})]);
}

/// Loads the messages with a paginator, or with whatever is found out, and compares.
fn check_paging(paging: Paging, first_page: u64, paginator: impl Into<Option<toml::Table>>) {
    let server = start(Options { paging, first_page, ..Options::default() });
    let mut project = Project::new(&server).only(&["inbound_messages"]);
    if let Some(paginator) = paginator.into() {
        project = project.set("source.config.resources.inbound_messages.paginator", paginator);
    }
    let (output, report) = project.run_with_report();
    output.code(0);
    report.loaded("inbound_messages", 250);
    assert_eq!(project.value("SELECT count(DISTINCT id) FROM jivochat_data.inbound_messages"), "250", "{paging:?}");
}

fn paginator(text: &str) -> toml::Table {
    text.parse().unwrap()
}

#[test]
fn paging_is_found_out() {
    for paging in [Paging::JsonLink, Paging::HeaderLink, Paging::Cursor, Paging::PageNumber, Paging::Offset] {
        check_paging(paging, 0, None);
    }
    check_paging(Paging::PageNumber, 1, None);
}

#[test]
fn paging_is_as_configured() {
    check_paging(Paging::JsonLink, 0, paginator("type = 'json_link'\nnext_url_path = 'pagination.next'"));
    check_paging(Paging::HeaderLink, 0, paginator("type = 'header_link'"));
    check_paging(Paging::Cursor, 0, paginator("type = 'cursor'"));
    check_paging(Paging::HeaderCursor, 0, paginator("type = 'header_cursor'"));
    check_paging(Paging::PageNumber, 1, paginator("type = 'page_number'\nbase_page = 1\ntotal_path = 'total_pages'"));
    check_paging(Paging::Offset, 0, paginator("type = 'offset'\nlimit = 100"));
}

#[test]
fn a_single_page_is_one_page() {
    let server = server();
    let project = Project::new(&server)
        .only(&["inbound_messages"])
        .set("source.config.resources.inbound_messages.paginator", paginator("type = 'single_page'"));
    project.run().run().code(0);
    assert_eq!(project.count("inbound_messages"), 100);
}

#[test]
fn page_size_is_sent_as_limit_when_it_is_set() {
    let server = server();
    let project = Project::new(&server).only(&["outbound_messages"]);
    project.run().run().code(0);
    assert!(!server.requests_to("outbound_messages")[0].target.contains("limit"));

    let seen = server.requests_to("outbound_messages").len();
    project.set("source.config.page_size", 90).run().run().code(0);
    let requests = server.requests_to("outbound_messages");
    assert_eq!(requests.len() - seen, 2);
    assert!(requests[seen].target.contains("limit=90"), "{}", requests[seen].target);
}

#[test]
fn a_resource_can_be_added_by_configuration_alone() {
    let server = server();
    let project = Project::new(&server)
        .set("source.config.resources.checks.path", "health")
        .set("source.config.resources.checks.data_selector", "checks")
        .only(&["checks"]);
    project.run().run().code(0);
    assert_eq!(project.count("checks"), 2);
    assert_eq!(project.value("SELECT string_agg(name, ',' ORDER BY name) FROM jivochat_data.checks"), "queue,storage");
}

#[test]
fn gzip_is_decoded() {
    let server = server();
    server.fault("inbound_messages", .., Fault::Gzip);
    let project = Project::new(&server).only(&["inbound_messages"]);
    project.run().run().code(0);
    assert_eq!(project.count("inbound_messages"), 250);
    let accepted = server.requests_to("inbound_messages")[0].headers["accept-encoding"].clone();
    assert!(accepted.to_str().unwrap().contains("gzip"));
}

#[test]
fn a_chosen_resource_is_loaded_alone() {
    let server = server();
    let project = Project::new(&server);
    project.run().args(["--resource", "status", "--resource", "health"]).run().code(0);
    assert_eq!(project.tables(), ["health", "health__checks", "status"]);
    assert!(server.requests_to("inbound_messages").is_empty());
}

#[test]
fn a_channel_without_messages_is_no_failure() {
    let server = start(Options { inbound: 0, outbound: 0, ..Options::default() });
    let project = Project::new(&server);
    let (output, report) = project.run_with_report();
    output.code(0);
    report.loaded("status", 1);
    assert_eq!(report.resource("inbound_messages")["status"], "unchanged");
    assert_eq!(report.0["status"], "loaded");
}

#[test]
fn a_run_that_finds_nothing_is_no_load() {
    let server = start(Options { inbound: 0, ..Options::default() });
    let project = Project::new(&server).only(&["inbound_messages"]);
    for _ in 0..2 {
        let (output, report) = project.run_with_report();
        output.code(0).stdout_has(&["0 load package(s)"]);
        assert_eq!(report.0["loads"].as_array().map(Vec::len), Some(0));
        assert_eq!(report.resource("inbound_messages")["status"], "unchanged");
    }
}
