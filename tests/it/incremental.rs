//! Reading on by a field: what is asked for, what is kept, and what is remembered. Which value comes before which is tested
//! beside the code.

mod state;

use acceptance::cli::Output;
use acceptance::fake_jivo::{FakeJivo, Fault, Options, Paging, Reply};
use acceptance::project::{Project, Report};

use crate::{server, start};

const INBOUND: &str = "inbound_messages";

/// A pipeline of the inbound messages alone, with a hint in TOML's inline form.
fn project(server: &FakeJivo, incremental: &str) -> Project {
    with_hint(Project::new(server).only(&[INBOUND]), incremental)
}

fn with_hint(project: Project, incremental: &str) -> Project {
    let hint: toml::Table = format!("incremental = {incremental}").parse().unwrap();
    project.set("resources.inbound_messages.incremental", hint["incremental"].clone())
}

/// Has the start sent as `since`.
fn filtering(project: Project) -> Project {
    project.set("source.config.resources.inbound_messages.params.since", "{incremental.start_value}")
}

fn merging(project: Project) -> Project {
    project
        .set("resources.inbound_messages.write_disposition", "merge")
        .set("resources.inbound_messages.primary_key", vec!["id"])
}

/// Runs, and returns what became of the messages.
#[track_caller]
fn run(project: &Project) -> (Output, Report) {
    let (output, report) = project.run_with_report();
    output.code(0);
    (output, report)
}

/// Records that became rows, and those that were left out, if any can be.
#[track_caller]
fn counts(report: &Report) -> (u64, u64) {
    let resource = report.resource(INBOUND);
    (resource["records"].as_u64().unwrap(), resource["filtered"].as_u64().unwrap_or(0))
}

/// The value of `since` in the requests from one on; `-` where it was not sent.
fn since(server: &FakeJivo, from: usize) -> Vec<String> {
    let requests = server.requests_to(INBOUND);
    let sent = |target: &str| {
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let found = query.split('&').find_map(|pair| pair.strip_prefix("since="));
        found.unwrap_or("-").to_owned()
    };
    requests[from..].iter().map(|request| sent(&request.target)).collect()
}

/// Asserts that each message is there, and once.
#[track_caller]
fn check_once(project: &Project, messages: u64) {
    assert_eq!(project.count(INBOUND), messages);
    let distinct = project.value("SELECT count(DISTINCT id) FROM jivochat_data.inbound_messages");
    assert_eq!(distinct, messages.to_string());
}

/// Has the service answer with these records and no further page.
fn answer(server: &FakeJivo, records: &str) {
    let body = format!("{{\"data\":[{records}]}}");
    server.fault(INBOUND, .., Fault::Answer(Reply::json(200, body)));
}

#[test]
fn a_second_run_loads_what_is_new() {
    let server = server();
    let project = project(&server, "'created_at'");
    assert_eq!(counts(&run(&project).1), (250, 0));
    let (output, report) = run(&project);
    assert_eq!(counts(&report), (0, 250));
    assert_eq!(report.resource(INBOUND)["status"], "unchanged");
    // All but the newest, which is known to be loaded.
    assert_eq!(report.resource(INBOUND)["late_rows"], 249);
    output.stdout_has(&["\n0 load package(s) were loaded"]);
    output.stderr_has(&[
        "warning: inbound_messages: 249 records left out as older than the last value of the run before",
    ]);
    server.grow(260);
    assert_eq!(counts(&run(&project).1), (10, 250));
    check_once(&project, 260);
}

#[test]
fn the_service_is_asked_for_what_is_new() {
    let server = start(Options { paging: Paging::Cursor, ..Options::default() });
    let project = filtering(project(&server, "{ cursor_path = 'created_at', row_order = 'asc' }"));
    assert_eq!(counts(&run(&project).1), (250, 0));
    assert_eq!(since(&server, 0), ["-"; 3]);
    server.grow(400);
    let (output, report) = run(&project);
    // The newest message of the run before comes again.
    assert_eq!(counts(&report), (150, 1));
    assert_eq!(since(&server, 3), ["2026-01-01T00%3A29%3A03.249Z"; 2]);
    output.lacks("left out");
    check_once(&project, 400);
}

#[test]
fn a_path_can_ask_for_a_part() {
    let server = server();
    let project = Project::new(&server).only(&["recent"]).set(
        "source.config.resources.recent.path",
        "inbound_messages?since={incremental.start_value}&until={incremental.end_value}",
    );
    let hint = |project: Project, hint: &str| {
        let hint: toml::Table = format!("incremental = {hint}").parse().unwrap();
        project.set("resources.recent.incremental", hint["incremental"].clone())
    };
    let project = hint(project, "'created_at'");
    project
        .run()
        .run()
        .code(3)
        .stderr_has(&["`resources.recent.path` needs a value to begin or end at", "`initial_value`"]);
    let project = hint(
        project,
        "{ cursor_path = 'created_at', initial_value = 2026-01-01T00:01:00Z, end_value = 2026-01-01T03:02:00+02:00 }",
    );
    project.run().run().code(0);
    let asked = &server.requests_to(INBOUND)[0].target;
    assert!(asked.ends_with("?since=2026-01-01T00%3A01%3A00Z&until=2026-01-01T03%3A02%3A00%2B02%3A00"), "{asked}");
    // Messages are made every 7 seconds and some milliseconds; 250 of them end before the hour.
    assert_eq!(project.count("recent"), 241);
}

#[test]
fn the_component_s_own_field_is_read_by_and_can_be_removed() {
    let server = server();
    let own: toml::Table = "x = { cursor_path = 'created_at', start_param = 'since' }".parse().unwrap();
    let project = Project::new(&server)
        .only(&[INBOUND])
        .set("source.config.resources.inbound_messages.incremental", own["x"].clone());
    run(&project);
    let (_, report) = run(&project);
    assert_eq!(counts(&report), (0, 1));
    let project = with_hint(project, "{ initial_value = 2026-01-01T00:00:00Z, lag = 7 }");
    assert_eq!(counts(&run(&project).1), (1, 0));
    let project = with_hint(project, "false");
    assert_eq!(counts(&run(&project).1), (250, 0));
    assert_eq!(since(&server, 3), ["2026-01-01T00%3A29%3A03.249Z", "2026-01-01T00%3A28%3A56.249Z", "-", "-", "-"]);
}

#[test]
fn records_at_the_boundary_are_loaded_once_whatever_their_times_look_like() {
    let server = server();
    let project = project(&server, "'at'");
    answer(
        &server,
        r#"{"id":1,"at":"2026-01-01T11:00:00Z"},{"id":2,"at":"2026-01-01T13:00:00+02:00"},{"id":3,"at":"2026-01-01 10:59:59.5"}"#,
    );
    assert_eq!(counts(&run(&project).1), (3, 0));
    // As texts the last value would be another one, and 4 would be old.
    answer(
        &server,
        r#"{"id":2,"at":"2026-01-01T13:00:00+02:00"},{"id":4,"at":"2026-01-01T11:00:00.000Z"},{"id":5,"at":"2026-01-01T12:30:00+02:00"},{"id":6,"at":"2026-01-01T11:00:00.001Z"}"#,
    );
    let (output, report) = run(&project);
    assert_eq!(counts(&report), (2, 2));
    assert_eq!(report.resource(INBOUND)["late_rows"], 1);
    output.stderr_has(&["1 record left out as older than the last value"]);
    let ids = project.value("SELECT string_agg(id, ',' ORDER BY id) FROM jivochat_data.inbound_messages");
    assert_eq!(ids, "1,2,3,4,6");
}

#[test]
fn late_records_are_merged_by_a_key() {
    let server = server();
    let project = merging(project(&server, "'at'"));
    answer(&server, r#"{"id":1,"at":10,"text":"a"},{"id":2,"at":20,"text":"b"}"#);
    run(&project);
    answer(&server, r#"{"id":1,"at":10,"text":"late"},{"id":3,"at":15,"text":"late"},{"id":2,"at":20,"text":"b"}"#);
    let (output, report) = run(&project);
    assert_eq!(counts(&report), (2, 1));
    assert_eq!(report.resource(INBOUND)["late_rows"], 2);
    output.lacks("left out");
    // A change that does not move the field is merged as well.
    answer(&server, r#"{"id":2,"at":20,"text":"changed"}"#);
    assert_eq!(counts(&run(&project).1), (1, 0));
    assert_eq!(counts(&run(&project).1), (0, 1));
    let texts = project.value("SELECT string_agg(id || text, ',' ORDER BY id) FROM jivochat_data.inbound_messages");
    assert_eq!(texts, "1late,2changed,3late");
}

#[test]
fn a_value_of_another_kind_costs_its_record() {
    let server = server();
    let project = project(&server, "{ cursor_path = 'meta.at', initial_value = 2026-01-01 }");
    answer(
        &server,
        r#"{"id":1,"meta":{"at":"2026-01-02T00:00:00Z"}},{"id":2,"meta":{"at":1767312000}},{"id":3,"meta":{"at":"later"}},{"id":4,"meta":{}},{"id":5,"meta":{"at":"2026-01-03"}},{"id":6,"meta":{"at":"2025-12-31"}}"#,
    );
    let (output, report) = run(&project);
    assert_eq!(counts(&report), (2, 1));
    assert_eq!(report.resource(INBOUND)["late_rows"], 0);
    output.stderr_has(&["3 records kept aside in `_rejected_records`"]);
    let reasons = project.value("SELECT string_agg(reason, '; ' ORDER BY raw) FROM jivochat_data._rejected_records");
    assert_eq!(
        reasons,
        "the value at `meta.at` is a number, and the resource is read on by a time; \
         the value at `meta.at` is a text, and the resource is read on by a time; \
         no value at `meta.at`, by which the resource is read on (`on_cursor_value_missing` says what to do with it)"
    );
    answer(&server, r#"{"id":7,"meta":{"at":"2026-01-02T23:59:59Z"}},{"id":8,"meta":{"at":"2026-01-03T00:00:00Z"}}"#);
    assert_eq!(counts(&run(&project).1), (1, 1));
}

#[test]
fn integers_beyond_a_double_are_told_apart() {
    let server = server();
    let project = filtering(project(&server, "'at'"));
    answer(&server, r#"{"id":1,"at":9007199254740992},{"id":2,"at":9007199254740993}"#);
    run(&project);
    answer(&server, r#"{"id":2,"at":9007199254740993},{"id":3,"at":9007199254740994},{"id":1,"at":9007199254740992}"#);
    assert_eq!(counts(&run(&project).1), (1, 2));
    assert_eq!(since(&server, 1), ["9007199254740993"]);
}

#[test]
fn a_known_order_ends_the_read_early() {
    let server = start(Options { page_size: 50, ..Options::default() });
    let order =
        |project: Project, order: &str| project.set("source.config.resources.inbound_messages.params.order", order);
    let newest_first = order(project(&server, "{ cursor_path = 'created_at', row_order = 'desc' }"), "desc");
    assert_eq!(counts(&run(&newest_first).1), (250, 0));
    server.grow(280);
    let (output, report) = run(&newest_first);
    assert_eq!(counts(&report), (30, 20));
    assert_eq!(report.resource(INBOUND)["pages"], 1);
    output.lacks("set its `paginator`");
    check_once(&newest_first, 280);
    // The next run begins anew, and not where this one ended.
    assert_eq!(run(&newest_first).1.resource(INBOUND)["pages"], 1);

    let oldest_first = project(
        &server,
        "{ cursor_path = 'created_at', row_order = 'asc', initial_value = '2026-01-01', end_value = '2026-01-01T00:10:00Z' }",
    );
    let (_, report) = run(&oldest_first);
    assert_eq!(report.resource(INBOUND)["pages"], 2);
    assert_eq!(counts(&report), (86, 14));
}

#[test]
fn a_lag_reads_what_is_within_it_again() {
    let server = server();
    let project = merging(filtering(project(&server, "{ cursor_path = 'timestamp', lag = 70 }")));
    run(&project);
    server.grow(255);
    assert_eq!(counts(&run(&project).1), (16, 0));
    assert_eq!(since(&server, 3), ["1767227273"]);
    check_once(&project, 255);
    let appending = project.set("resources.inbound_messages.write_disposition", "append");
    run(&appending).0.stderr_has(&["warning: inbound_messages: `lag` reads records again", "`merge`"]);
}

#[test]
fn a_table_that_loses_what_does_not_come_is_read_as_a_whole_each_time() {
    let scd2: toml::Table = "x = { disposition = 'merge', strategy = 'scd2' }".parse().unwrap();
    for disposition in ["replace".into(), scd2["x"].clone()] {
        let server = server();
        let project =
            filtering(project(&server, "{ cursor_path = 'created_at', initial_value = 2026-01-01T00:00:30Z }"))
                .set("resources.inbound_messages.write_disposition", disposition);
        for _ in 0..2 {
            run(&project);
            check_once(&project, 245);
        }
        assert!(since(&server, 0).iter().all(|since| since == "2026-01-01T00%3A00%3A30Z"));
    }
}

#[test]
fn what_cannot_be_obeyed_is_exit_status_2_and_writes_nothing() {
    let server = server();
    let check = |project: &Project, texts: &[&str]| {
        project.run().run().code(2).stderr_has(texts);
        assert!(server.requests().is_empty());
        assert!(!project.path("jivochat.duckdb").exists());
    };
    check(
        &project(&server, "{ cursor_pth = 'created_at' }"),
        &[
            "unknown key `resources.inbound_messages.incremental.cursor_pth`",
            "did you mean `resources.inbound_messages.incremental.cursor_path`?",
        ],
    );
    check(
        &project(&server, "{ cursor_path = 'created_at', end_value = 5 }"),
        &["`resources.inbound_messages.incremental.end_value`", "needs an `initial_value`"],
    );
    check(
        &project(&server, "{ cursor_path = 'created_at', lag = '1h' }"),
        &["`resources.inbound_messages.incremental.lag`", "must be a number: of seconds for times"],
    );
    check(
        &project(&server, "{ initial_value = 5 }"),
        &["`resources.inbound_messages.incremental`", "names no field", "hint: write `cursor_path = \"…\"`"],
    );
}

#[test]
fn settings_that_contradict_the_state_are_exit_status_2() {
    let server = server();
    let project = project(&server, "'created_at'");
    run(&project);
    let asked = server.requests().len();
    let project = with_hint(project, "{ cursor_path = 'created_at', initial_value = 5 }");
    project.run().run().code(2).stderr_has(&[
        "inbound_messages: `initial_value` is a number, `5`, but the reads so far ended at a time, `2026-01-01T00:29:03.249Z`",
        "hint: correct `initial_value`, or begin again with `--full-refresh --resource inbound_messages`",
    ]);
    assert_eq!(server.requests().len(), asked);
}

#[test]
fn many_records_at_one_value_are_told() {
    let server = server();
    let project = project(&server, "'channel_id'");
    run(&project)
        .0
        .stderr_has(&["warning: inbound_messages: 250 records share the newest value of the incremental field"]);
    let (output, report) = run(&project);
    assert_eq!(counts(&report), (0, 250));
    output.lacks("share the newest value");
}
