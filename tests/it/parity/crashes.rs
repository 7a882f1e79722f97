//! Runs that end in the middle: what dlt loses or leaves behind, and what this program does.

use acceptance::dlt;
use acceptance::fake_jivo::{Fault, Reply};
use acceptance::judge;
use acceptance::project::Project;
use serde_json::json;

/// dlt reads the messages of the stand-in, page by page, and tells how many rows there are then.
const READ_PAGES: &str = r#"
from dlt.sources.rest_api import rest_api_source
source = rest_api_source({"client": {"base_url": base, "paginator": "json_link"}, "resources": [
    {"name": "inbound_messages", "endpoint": {"path": "inbound_messages", "paginator": {
        "type": "json_link", "next_url_path": "pagination.next"}}}]}, name="jivochat_source")
pipeline = dlt.pipeline("jivochat_pipeline", destination=dlt.destinations.duckdb("judge.duckdb"),
    dataset_name="jivochat_data", pipelines_dir="work")
try:
    pipeline.run(source)
except Exception as error:
    print("failed at", error.step)
with duckdb.connect("judge.duckdb") as db:
    tables = db.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'inbound_messages'").fetchone()[0]
    print("rows", db.execute("SELECT count(*) FROM jivochat_data.inbound_messages").fetchone()[0] if tables else 0)
"#;

#[test]
fn pages_before_a_failure_are_kept() {
    let server = crate::server();
    let third_page =
        |request| server.fault("inbound_messages", request..=request, Fault::Answer(Reply::error(400, "no")));
    let asked = || server.requests_to("inbound_messages").len();

    third_page(3);
    let dir = tempfile::tempdir().unwrap();
    let names = json!({"base": server.channel_url() + "/"});
    assert_eq!(judge::run(dir.path(), READ_PAGES, &names), "failed at extract\nrows 0\n");
    assert_eq!(judge::run(dir.path(), READ_PAGES, &names), "rows 250\n");
    assert_eq!(asked(), 3 + 3, "dlt begins again at the first page");

    third_page(asked() + 3);
    let project = Project::new(&server).only(&["inbound_messages"]);
    project.run().run().code(3);
    assert_eq!(project.count("inbound_messages"), 200);
    project.run().run().code(0);
    assert_eq!(project.count("inbound_messages"), 250);
    assert_eq!(asked(), 6 + 3 + 1, "only the page that failed is asked for again");
}

/// dlt loads two tables and is killed when one of them is done. Then its working files are lost, as they are with
/// a container, and it runs once more.
const LOAD_TWO_TABLES: &str = r#"
import os, shutil, signal, sys, dlt
from dlt.common.storages.load_package import PackageStorage

complete_job = PackageStorage.complete_job

def kill(storage, load_id, file_name):
    if file_name.startswith(("first.", "second.")):
        os.kill(os.getpid(), signal.SIGKILL)
    return complete_job(storage, load_id, file_name)

if sys.argv[1] == "killed":
    PackageStorage.complete_job = kill
else:
    shutil.rmtree("work")
tables = [dlt.resource([{"n": 1}, {"n": 2}], name=name) for name in ("first", "second")]
pipeline = dlt.pipeline("jivochat_pipeline", destination=dlt.destinations.duckdb("judge.duckdb"),
    dataset_name="jivochat_data", pipelines_dir="work")
pipeline.run(tables)
"#;

/// Rows of the two tables, and of `_dlt_loads`.
const COUNT: &str = "SELECT (SELECT count(*) FROM jivochat_data.first), (SELECT count(*) FROM jivochat_data.second), \
    (SELECT count(*) FROM jivochat_data._dlt_loads)";

#[test]
fn dlt_shows_one_table_before_the_other_and_leaves_orphans() {
    let dir = tempfile::tempdir().unwrap();
    let run = |how| dlt::script(dir.path(), LOAD_TWO_TABLES).arg(how).env("LOAD__WORKERS", "1").run();
    let count = || -> Vec<u64> {
        let rows = judge::query(&dir.path().join("judge.duckdb"), COUNT);
        rows[0].iter().map(|count| count.as_deref().unwrap().parse().unwrap()).collect()
    };
    assert!(run("killed").was_killed());
    let [first, second, loads] = count()[..] else { panic!("{:?}", count()) };
    assert_eq!((first + second, loads), (2, 0), "one table is visible, the other is not, and there is no load");
    run("again").code(0);
    let doubled = [first, second].map(|rows| rows + 2);
    assert_eq!(count(), [doubled[0], doubled[1], 1], "the rows of the load that was killed stay, as no load's");
}

#[test]
fn a_load_is_visible_whole_or_not_at_all() {
    let server = crate::server();
    let resources = ["status", "inbound_messages", "outbound_messages"];
    let rows = |project: &Project| {
        let tables = project.tables();
        let counts = tables.iter().map(|table| project.count(table));
        let loads = if tables.is_empty() { 0 } else { project.count("_dlt_loads") };
        (counts.sum::<u64>(), loads)
    };
    let whole = Project::new(&server).only(&resources);
    whole.run().run().code(0);
    for (point, expected) in [("rows-appended:3", (0, 0)), ("before-commit", (0, 0)), ("after-commit", rows(&whole))] {
        let project = Project::new(&server).only(&resources);
        let killed = project.run().env("SLUICEGATE_FAULT", point).run();
        assert!(killed.was_killed(), "{point}\n{}", killed.transcript());
        assert_eq!(rows(&project), expected, "{point}");
        if expected.1 == 0 {
            project.run().run().code(0);
            assert_eq!(rows(&project), rows(&whole), "after {point} and a second run");
        }
    }
}
