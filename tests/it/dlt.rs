//! dlt on this program's datasets: it reads them and goes on with them, and the product brief's Python runs.

use std::path::Path;

use acceptance::cli::Cli;
use acceptance::dlt;
use acceptance::fake_jivo::{Fault, Reply};
use acceptance::judge::{self, Dataset};
use acceptance::project::Project;
use serde_json::json;

use crate::parity::text::assert_same;
use crate::server;

#[test]
fn the_briefs_python_runs_in_the_folder_of_init() {
    let server = server();
    let dir = tempfile::tempdir().unwrap();
    Cli::sluicegate(dir.path()).args(["init", &server.channel_url()]).run().code(0);
    Cli::sluicegate(dir.path()).arg("run").run().code(0);
    let code = "import dlt\n\
                data = dlt.pipeline(\"jivochat_pipeline\").dataset()\n\
                sessions_df = data.status.df()\n\
                print(sessions_df.head())\n\
                print(len(sessions_df), bool(sessions_df.available[0]))\n\
                print(len(data.inbound_messages.df()))";
    dlt::run(dir.path(), code).stdout_has(&["available", "1 True", "250"]);
}

/// Runs Python in a folder, after the dataset was opened as dlt opens one of its own.
#[track_caller]
fn python(dir: &Path, code: &str) -> String {
    let open = "pipeline = dlt.pipeline('jivochat_pipeline', destination=dlt.destinations.duckdb('jivochat.duckdb'), \
        dataset_name='jivochat_data', pipelines_dir='work')\n";
    judge::run(dir, &format!("{open}{code}"), &json!({}))
}

#[test]
fn dlt_reads_schema_state_and_loads() {
    let server = server();
    let project = Project::new(&server);
    project.run().run().code(0);
    project.run().run().code(0);
    let code = r"
pipeline.sync_destination()
schema, data = pipeline.default_schema, pipeline.dataset()
print(schema.name, schema.get_table('inbound_messages__attachments')['parent'])
print(schema.get_table('inbound_messages')['columns']['created_at']['data_type'])
print('sluicegate' in pipeline.state['sources']['jivochat_source'])
print(sorted(data.tables) == sorted(name for name in schema.tables))
print(sorted(data.row_counts().fetchall())[-2:])
print(len(data.load_ids()), data.latest_load_id() == max(data.load_ids()))
print(data.inbound_messages.select('id', 'sequence').order_by('sequence').limit(1).fetchall())
print(len(data.outbound_messages.df()))
";
    let expected = "jivochat_source inbound_messages\n\
        timestamp\n\
        True\n\
        True\n\
        [('outbound_messages__attachments__previews', 180), ('status', 2)]\n\
        2 True\n\
        [('in-0000001', 1)]\n\
        360\n";
    assert_eq!(python(project.dir(), code), expected);
}

/// A turn of dlt: a message of its own, with the columns that are there or with one more.
fn append(dir: &Path, message: &str) {
    let code = format!(
        "pipeline.sync_destination()\n\
         pipeline.run([{message}], table_name='inbound_messages', schema=pipeline.default_schema)"
    );
    python(dir, &code);
}

#[test]
fn dlt_and_sluicegate_take_turns() {
    let server = server();
    let project = Project::new(&server).only(&["inbound_messages"]);
    let versions = || project.count("_dlt_version");
    project.run().run().code(0);
    assert_eq!(versions(), 1);
    append(project.dir(), "{'id': 'by-dlt', 'sequence': 1, 'text': 'hello'}");
    assert_eq!((project.count("inbound_messages"), versions()), (251, 1));
    append(project.dir(), "{'id': 'by-dlt', 'sequence': 2, 'added_by_dlt': True}");
    assert_eq!((project.count("inbound_messages"), versions()), (252, 2));
    project.run().run().code(0);
    assert_eq!((project.count("inbound_messages"), versions()), (502, 2));
    assert_eq!(project.value("SELECT count(added_by_dlt) FROM jivochat_data.inbound_messages"), "1");
}

#[test]
fn a_cursor_survives_a_turn_of_dlt() {
    let server = server();
    let project = Project::new(&server).only(&["inbound_messages"]);
    server.fault("inbound_messages", 3..=3, Fault::Answer(Reply::error(400, "no")));
    project.run().run().code(3);
    append(project.dir(), "{'id': 'by-dlt', 'sequence': 1}");
    project.run().run().code(0);
    assert_eq!(project.count("inbound_messages"), 251);
    assert_eq!(server.requests_to("inbound_messages").len(), 4, "pages 1 and 2 are not fetched again");
}

#[test]
fn dlt_reads_what_was_put_aside() {
    let server = server();
    server.fault("inbound_messages", 1..=1, Fault::Records(r#"{"id":"a"},null"#.to_owned()));
    let project = Project::new(&server).only(&["inbound_messages"]);
    project.run().run().code(0);
    append(project.dir(), "{'id': 'by-dlt'}");
    let code = "print(pipeline.dataset()['_rejected_records'].select('resource', 'reason', 'raw').fetchall())";
    assert_eq!(python(project.dir(), code), "[('inbound_messages', 'the record is null', 'null')]\n");
}

/// dlt's own load of the same service.
const LOAD: &str = r#"
from dlt.sources.rest_api import rest_api_source
names = ["inbound_messages", "outbound_messages"]
resources = [{"name": name, "endpoint": {"path": name}} for name in names]
for name, path in (("channel_info", base), ("health", "health")):
    resources.append({"name": name, "endpoint": {"path": path, "data_selector": "$"}})
source = rest_api_source({"client": {"base_url": base + "/"}, "resources": resources}, name="jivochat_source")
dlt.pipeline("jivochat_pipeline", destination=dlt.destinations.duckdb("judge.duckdb"), dataset_name="jivochat_data",
    pipelines_dir="judge").run(source)
"#;

#[test]
fn the_service_is_loaded_as_dlts_rest_api_loads_it() {
    let server = server();
    let resources = ["channel_info", "health", "inbound_messages", "outbound_messages"];
    let project = Project::new(&server).only(&resources);
    project.run().run().code(0);
    judge::run(project.dir(), LOAD, &json!({"base": server.channel_url()}));
    let dump = |file| Dataset { file: &project.path(file), work_dir: project.dir() }.dump(&resources);
    assert_same(&dump("judge.duckdb"), &dump("jivochat.duckdb"));
}
