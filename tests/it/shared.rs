//! Several pipelines, sources and datasets in one file, and several processes at one file.

use std::fs;

use acceptance::cli::Cli;
use acceptance::fake_jivo::Options;
use acceptance::places;
use acceptance::project::Project;
use serde_json::json;

use crate::{server, start};

/// A second pipeline file in the folder of a project, with other names.
fn second(project: &Project, changes: &[(&str, &str)]) {
    let text = fs::read_to_string(project.path("sluicegate.toml")).unwrap();
    let text = changes.iter().fold(text, |text, (old, new)| text.replace(old, new));
    fs::write(project.path("second.toml"), text).unwrap();
    let secrets = fs::read_to_string(project.path(".dlt/secrets.toml")).unwrap();
    let other = secrets.replace("jivochat_source", "second_source");
    fs::write(project.path(".dlt/secrets.toml"), format!("{secrets}{other}")).unwrap();
}

const OTHER_SOURCE: [(&str, &str); 2] =
    [("\"jivochat_pipeline\"", "\"second_pipeline\""), ("\"jivochat_source\"", "\"second_source\"")];

fn run_both(project: &Project, times: usize) {
    for _ in 0..times {
        project.run().run().code(0);
        project.run().arg("second.toml").run().code(0);
    }
}

#[test]
fn two_datasets_in_one_file() {
    let server = server();
    let project = Project::new(&server).only(&["inbound_messages"]);
    second(&project, &[("\"jivochat_data\"", "\"second_data\""), OTHER_SOURCE[0]]);
    run_both(&project, 2);
    for dataset in ["jivochat_data", "second_data"] {
        assert_eq!(project.value(&format!("SELECT count(*) FROM {dataset}.inbound_messages")), "500");
        assert_eq!(project.value(&format!("SELECT count(*) FROM {dataset}._dlt_loads")), "2");
        assert_eq!(project.value(&format!("SELECT count(*) FROM {dataset}._dlt_version")), "1");
    }
}

#[test]
fn two_pipelines_and_sources_in_one_dataset() {
    let server = server();
    let project = Project::new(&server).only(&["inbound_messages"]);
    second(&project, &OTHER_SOURCE);
    let text = fs::read_to_string(project.path("second.toml")).unwrap();
    fs::write(project.path("second.toml"), text.replace("inbound_messages", "outbound_messages")).unwrap();
    run_both(&project, 2);
    assert_eq!((project.count("inbound_messages"), project.count("outbound_messages")), (500, 360));
    let schemas =
        project.query("SELECT schema_name, count(*) AS n FROM jivochat_data._dlt_version GROUP BY 1 ORDER BY 1");
    assert_eq!(
        schemas,
        [json!({"schema_name": "jivochat_source", "n": 1}), json!({"schema_name": "second_source", "n": 1})]
    );
    let loads = project.query("SELECT schema_name, count(*) AS n FROM jivochat_data._dlt_loads GROUP BY 1 ORDER BY 1");
    assert_eq!(
        loads,
        [json!({"schema_name": "jivochat_source", "n": 2}), json!({"schema_name": "second_source", "n": 2})]
    );
    let code = "import dlt\n\
        for name in ('jivochat', 'second'):\n\
        \x20   pipeline = dlt.pipeline(f'{name}_pipeline', destination=dlt.destinations.duckdb('jivochat.duckdb'), \
        dataset_name='jivochat_data')\n\
        \x20   pipeline.sync_destination()\n\
        \x20   print(pipeline.default_schema_name, sorted(pipeline.default_schema.data_table_names())[0])";
    acceptance::dlt::run(project.dir(), code)
        .stdout_has(&["jivochat_source inbound_messages\n", "second_source outbound_messages\n"]);
    // What one forgets, the other keeps.
    project.cli().args(["state", "reset"]).run().code(0);
    project.run().args(["--refresh", "drop-sources"]).run().code(0);
    assert_eq!((project.count("inbound_messages"), project.count("outbound_messages")), (250, 360));
}

/// Both sources have a table of the same name, and do not know of each other's columns.
#[test]
fn two_sources_own_one_table() {
    let server = start(Options { status: r#"{"state":"open","since":1}"#.to_owned(), ..Options::default() });
    let other = start(Options { status: r#"{"state":2,"queue":[7,8]}"#.to_owned(), ..Options::default() });
    let project = Project::new(&server).only(&["status"]);
    second(&project, &[OTHER_SOURCE[0], OTHER_SOURCE[1], (&server.host(), &other.host())]);
    run_both(&project, 2);
    assert_eq!(project.count("status"), 4);
    assert_eq!(project.value("SELECT count(*) FROM jivochat_data.status WHERE state = '2'"), "2");
    assert_eq!(project.value("SELECT sum(since)::BIGINT FROM jivochat_data.status"), "2");
    assert_eq!(project.count("status__queue"), 4);
    // One source drops the table with the rows of both; the other makes its columns anew.
    project.run().args(["--refresh", "drop-resources"]).run().code(0);
    assert_eq!(project.count("status"), 1);
    project.run().arg("second.toml").run().code(0);
    assert_eq!(project.count("status"), 2);
    assert_eq!(project.count("status__queue"), 6);
}

#[test]
fn runs_at_one_file_wait_for_each_other() {
    let server = server();
    let project = Project::new(&server).only(&["inbound_messages"]);
    let runs: Vec<_> = (0..4).map(|_| project.run().spawn()).collect();
    for run in runs {
        let output = run.wait();
        output.code(0);
        let told = output.stderr.matches("waiting for `").count();
        assert!(told <= 1, "the wait was told {told} times\n{}", output.transcript());
    }
    assert_eq!(project.count("inbound_messages"), 1000);
    assert_eq!(project.count("_dlt_loads"), 4);
}

#[test]
fn a_query_waits_for_a_run() {
    let server = server();
    let project = Project::new(&server).only(&["inbound_messages"]).set("destination.lock_wait", "100ms");
    project.run().run().code(0);
    let code = "import duckdb, time\n\
                connection = duckdb.connect('jivochat.duckdb')\n\
                open('held', 'w').close()\n\
                time.sleep(600)";
    let mut holder = acceptance::dlt::script(project.dir(), code).spawn();
    holder.until("the lock", || project.path("held").exists());
    let id = format!("process {}", holder.id());
    let output = project.cli().args(["query", "SELECT 42"]).run();
    output.code(5).stderr_has(&["waiting for `", &id, "is locked by", "hint: close the program"]);

    let project = project.set("destination.lock_wait", "1m");
    let script = "exec \"$0\" query 'SELECT 42' 2>said";
    let mut query = Cli::new("sh", project.dir()).args(["-c", script]).arg(places::sluicegate()).spawn();
    let said = || fs::read_to_string(project.path("said")).unwrap_or_default();
    query.until("word of the wait", || said().contains(&id));
    drop(holder);
    query.wait().code(0).stdout_has(&["42"]);
    assert_eq!(said().matches("waiting for `").count(), 1);
}
