//! dlt as the judge of the tables, and the product brief's Python.

use acceptance::cli::Cli;
use acceptance::dlt;
use acceptance::project::Project;

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

/// Opens the dataset as dlt opens one of its own.
const OPEN: &str = "import dlt, json\n\
    pipeline = dlt.pipeline('jivochat_pipeline', destination=dlt.destinations.duckdb('jivochat.duckdb'), \
    dataset_name='jivochat_data')\n";

#[test]
fn dlt_reads_schema_and_state() {
    let server = server();
    let project = Project::new(&server);
    project.run().run().code(0);
    let code = format!(
        "{OPEN}\
         pipeline.sync_destination()\n\
         schema = pipeline.default_schema\n\
         print(schema.name)\n\
         print(sorted(schema.data_table_names()))\n\
         print(schema.get_table('inbound_messages__attachments')['parent'])\n\
         print(schema.get_table('inbound_messages')['columns']['created_at']['data_type'])\n\
         print(dict(pipeline.dataset().row_counts().fetchall()))\n"
    );
    dlt::run(project.dir(), &code).stdout_has(&[
        "jivochat_source",
        "'inbound_messages__attachments__previews'",
        "'outbound_messages'",
        "\ninbound_messages\n",
        "\ntimestamp\n",
        "'inbound_messages': 250",
        "'status': 1",
    ]);
}

#[test]
fn dlt_and_sluicegate_take_turns() {
    let server = server();
    let project = Project::new(&server).only(&["inbound_messages"]);
    project.run().run().code(0);
    let code = format!(
        "{OPEN}\
         pipeline.sync_destination()\n\
         rows = [{{'id': 'by-dlt', 'sequence': 1, 'text': 'hello', 'added_by_dlt': True}}]\n\
         print(pipeline.run(rows, table_name='inbound_messages', schema=pipeline.default_schema))"
    );
    dlt::run(project.dir(), &code).stdout_has(&["LOADED"]);
    assert_eq!(project.count("inbound_messages"), 251);
    project.run().run().code(0);
    assert_eq!(project.count("inbound_messages"), 501);
    assert_eq!(project.value("SELECT count(added_by_dlt) FROM jivochat_data.inbound_messages"), "1");
}

/// dlt's own load of the same service, and then a comparison: columns with their types, and every value in them.
const COMPARE: &str = r#"
import sys, dlt, duckdb
from dlt.sources.rest_api import rest_api_source

base = sys.argv[1] + "/"
names = ["inbound_messages", "outbound_messages"]
resources = [{"name": name, "endpoint": {"path": name}} for name in names]
for name, path in (("channel_info", sys.argv[1]), ("health", "health")):
    resources.append({"name": name, "endpoint": {"path": path, "data_selector": "$"}})
source = rest_api_source({"client": {"base_url": base}, "resources": resources}, name="jivochat_source")
pipeline = dlt.pipeline("judge", destination=dlt.destinations.duckdb("judge.duckdb"), dataset_name="jivochat_data")
pipeline.run(source)

db = duckdb.connect("judge.duckdb", read_only=True)
db.execute("ATTACH 'jivochat.duckdb' AS ours (READ_ONLY)")
describe = """SELECT table_name, column_name, data_type, is_nullable FROM duckdb_columns()
    WHERE database_name = ? AND schema_name = 'jivochat_data' AND NOT starts_with(table_name, '_dlt')"""
theirs, ours = (set(db.execute(describe, [name]).fetchall()) for name in ("judge", "ours"))
differences = [("only dlt", *row) for row in sorted(theirs - ours)] + [("only ours", *row) for row in sorted(ours - theirs)]
for table in sorted({row[0] for row in theirs & ours}):
    columns = sorted(row[1] for row in theirs & ours if row[0] == table and row[1] not in ("_dlt_id", "_dlt_load_id", "_dlt_parent_id"))
    columns = ", ".join(f'"{column}"' for column in columns)
    for a, b in (("judge", "ours"), ("ours", "judge")):
        select = "SELECT {} FROM {}.jivochat_data.{}"
        rows = db.execute(f"{select.format(columns, a, table)} EXCEPT ALL {select.format(columns, b, table)} LIMIT 3").fetchall()
        differences += [(f"row of {a} only", table, row) for row in rows]
for difference in differences:
    print(*difference)
print("differences:", len(differences))
"#;

#[test]
fn tables_are_as_dlt_makes_them() {
    let server = server();
    let project = Project::new(&server).only(&["channel_info", "health", "inbound_messages", "outbound_messages"]);
    project.run().run().code(0);
    let output = dlt::script(project.dir(), COMPARE).arg(server.channel_url()).run();
    output.code(0).stdout_has(&["differences: 0\n"]);
}
