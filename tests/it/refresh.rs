//! `--refresh`: what is dropped and forgotten, and what stays until the new rows are there.

use acceptance::dlt;
use acceptance::fake_jivo::{FakeJivo, Fault, Options, Reply};
use acceptance::project::Project;

use crate::start;

const INBOUND: &str = "inbound_messages";
const OUTBOUND: &str = "outbound_messages";

/// A service with two pages of inbound messages and one outbound one, all loaded; the pages that come next are others.
fn loaded() -> (FakeJivo, Project) {
    let server = start(Options { inbound: 2, outbound: 1, page_size: 1, ..Options::default() });
    server.fault(INBOUND, 1..=1, Fault::Records(r#"{"id":1,"n":5,"old":[1,2]}"#.to_owned()));
    server.fault(INBOUND, 2..=2, Fault::Records(r#"{"id":2,"n":6},null"#.to_owned()));
    let project = Project::new(&server).only(&[INBOUND, OUTBOUND]).without_retries().set("load.commit_rows", 1);
    project.run().run().code(0);
    server.fault(INBOUND, 3.., Fault::Records(r#"{"id":3,"n":"six"}"#.to_owned()));
    (server, project)
}

fn column_type(project: &Project, column: &str) -> Option<String> {
    let rows = project.query(&format!(
        "SELECT data_type FROM duckdb_columns() WHERE schema_name = 'jivochat_data' \
         AND table_name = 'inbound_messages' AND column_name = '{column}'"
    ));
    rows.first().map(|row| row["data_type"].as_str().unwrap().to_owned())
}

#[test]
fn drop_resources_makes_the_chosen_tables_anew() {
    let (_server, project) = loaded();
    project.run().args(["--refresh", "drop-resources", "--resource", INBOUND]).run().code(0);
    assert_eq!(column_type(&project, "n").as_deref(), Some("VARCHAR"));
    assert_eq!(column_type(&project, "n__v_text"), None);
    assert_eq!(project.tables(), ["_rejected_records", INBOUND, OUTBOUND]);
    assert_eq!(project.count(INBOUND), 2);
    assert_eq!(project.count(OUTBOUND), 1);
}

#[test]
fn drop_data_keeps_the_columns() {
    let (_server, project) = loaded();
    project.run().args(["--resource", INBOUND]).env("SLUICEGATE_REFRESH", "drop-data").run().code(0);
    assert_eq!(column_type(&project, "n").as_deref(), Some("BIGINT"));
    assert_eq!(column_type(&project, "n__v_text").as_deref(), Some("VARCHAR"));
    assert_eq!((project.count(INBOUND), project.count("inbound_messages__old")), (2, 0));
    assert_eq!(project.count(OUTBOUND), 1);
}

#[test]
fn drop_sources_drops_the_tables_of_other_resources_too() {
    let (_server, project) = loaded();
    project.run().args(["--refresh", "drop-sources", "--resource", INBOUND]).run().code(0);
    assert_eq!(project.tables(), [INBOUND]);
    assert_eq!(column_type(&project, "n").as_deref(), Some("VARCHAR"));
    // dlt agrees, and the token that stands for the secret is the one it was.
    let code = "import dlt\n\
        pipeline = dlt.pipeline('jivochat_pipeline', destination=dlt.destinations.duckdb('jivochat.duckdb'), \
        dataset_name='jivochat_data')\n\
        pipeline.sync_destination()\n\
        print(pipeline.default_schema.data_table_names())\n\
        print(pipeline.state['sources']['jivochat_source']['sluicegate']['tokens'])";
    let told = dlt::run(project.dir(), code);
    told.stdout_has(&["['inbound_messages']"]);
    project.run().args(["--refresh", "drop-sources"]).run().code(0);
    assert_eq!(dlt::run(project.dir(), code).stdout.lines().last(), told.stdout.lines().last());
    assert_eq!(project.tables(), [INBOUND, OUTBOUND]);
}

#[test]
fn until_the_new_rows_are_complete_the_old_ones_stay() {
    let (server, project) = loaded();
    // No page comes: all is as it was, and the next run adds to it.
    server.fault(INBOUND, 3..=3, Fault::Answer(Reply::error(500, "Not now")));
    project.run().args(["--refresh", "drop-resources", "--resource", INBOUND]).run().code(4);
    assert_eq!(project.value("SELECT string_agg(n, ' ' ORDER BY id) FROM jivochat_data.inbound_messages"), "5 6");

    // One of two pages comes: the old rows and their columns stay, and the next run goes on with the refresh.
    server.fault(INBOUND, 5..=5, Fault::Answer(Reply::error(500, "Not now")));
    project.run().args(["--refresh", "drop-resources"]).run().code(4);
    assert_eq!(project.value("SELECT string_agg(n, ' ' ORDER BY id) FROM jivochat_data.inbound_messages"), "5 6");
    assert_eq!(column_type(&project, "n").as_deref(), Some("BIGINT"));
    project.run().args(["--resource", INBOUND]).run().code(0);
    assert_eq!(project.value("SELECT string_agg(n, ' ' ORDER BY id) FROM jivochat_data.inbound_messages"), "six six");
    assert_eq!(server.requests_to(INBOUND).len(), 6);
    assert!(!project.tables().contains(&"inbound_messages__old".to_owned()));
}

#[test]
fn a_page_that_a_contract_refuses_keeps_the_old_rows_until_it_is_allowed() {
    let server = start(Options { inbound: 3, page_size: 1, ..Options::default() });
    let project = Project::new(&server).only(&[INBOUND]).set("load.commit_rows", 1);
    let ids =
        |project: &Project| project.value("SELECT string_agg(id, '' ORDER BY id) FROM jivochat_data.inbound_messages");
    let serve = |from: usize, pages: &[&str]| {
        for (number, page) in (from..).zip(pages) {
            server.fault(INBOUND, number..=number, Fault::Records((*page).to_owned()));
        }
    };
    serve(1, &[r#"{"id":1}"#, r#"{"id":2}"#, r#"{"id":3}"#]);
    project.run().run().code(0);

    let frozen = project.set("resources.inbound_messages.schema_contract", "freeze");
    serve(4, &[r#"{"id":4}"#, r#"{"id":5}"#, r#"{"id":6},{"id":7,"new":7}"#]);
    frozen.run().arg("--full-refresh").run().code(5).stderr_has(&["new column `new`"]);
    assert_eq!(ids(&frozen), "123");
    // A plain run goes on with the refresh, and stops at the same page.
    serve(7, &[r#"{"id":6},{"id":7,"new":7}"#]);
    frozen.run().run().code(5);
    assert_eq!((ids(&frozen).as_str(), server.requests_to(INBOUND).len()), ("123", 7));

    let project = frozen.set("resources.inbound_messages.schema_contract", "evolve");
    serve(8, &[r#"{"id":6},{"id":7,"new":7}"#]);
    let (output, report) = project.run_with_report();
    output.code(0);
    report.loaded(INBOUND, 2);
    assert_eq!(report.0["loads"][0]["rows"], serde_json::json!({"inbound_messages": 4}));
    assert_eq!((ids(&project).as_str(), server.requests_to(INBOUND).len()), ("4567", 8));
}

#[test]
fn two_ways_to_start_anew_are_one_too_many() {
    let (server, project) = loaded();
    let asked = server.requests().len();
    project.run().args(["--full-refresh", "--refresh", "drop-data"]).run().code(2).stderr_has(&["--refresh"]);
    project.run().args(["--refresh", "drop_everything"]).run().code(2).stderr_has(&["drop-sources"]);
    assert_eq!(server.requests().len(), asked);
}
