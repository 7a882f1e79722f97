//! Runs that stop in the middle, and how the next one goes on.

use acceptance::dlt;
use acceptance::fake_jivo::{FakeJivo, Fault, Options, Reply};
use acceptance::project::Project;
use rustix::process::Signal;

use crate::{server, start};

/// Enough pages to be stopped in several times, with a commit every second page.
fn long() -> (FakeJivo, Project) {
    let server = start(Options { inbound: 1000, page_size: 50, ..Options::default() });
    let project = Project::new(&server).only(&["status", "inbound_messages"]).set("load.commit_rows", 100);
    (server, project)
}

/// Runs until the service has been asked for `pages` more pages, the last of which it does not give, and sends a signal.
fn stop_after(server: &FakeJivo, project: &Project, pages: usize, signal: Signal) -> acceptance::cli::Output {
    let stop = server.requests_to("inbound_messages").len() + pages;
    server.fault("inbound_messages", stop..=stop, Fault::StallAfterHead);
    let mut run = project.run().spawn();
    run.until("the page that stalls", || server.requests_to("inbound_messages").len() >= stop);
    run.signal(signal);
    let output = run.wait();
    server.heal();
    output
}

fn check_whole(project: &Project) {
    assert_eq!(project.count("inbound_messages"), 1000);
    assert_eq!(project.value("SELECT count(DISTINCT id) FROM jivochat_data.inbound_messages"), "1000");
    assert_eq!(project.count("status"), 1);
    let orphans = project.value(
        "SELECT count(*) FROM jivochat_data.inbound_messages__attachments a \
         WHERE a._dlt_parent_id NOT IN (SELECT _dlt_id FROM jivochat_data.inbound_messages)",
    );
    assert_eq!(orphans, "0");
    assert_eq!(project.count("inbound_messages__attachments"), 999);
    let unknown_loads = project.value(
        "SELECT count(*) FROM jivochat_data.inbound_messages \
         WHERE _dlt_load_id NOT IN (SELECT load_id FROM jivochat_data._dlt_loads)",
    );
    assert_eq!(unknown_loads, "0");
}

/// How often the first page was asked for: the one request whose query names no page.
fn starts(server: &FakeJivo) -> usize {
    server.requests_to("inbound_messages").iter().filter(|request| !request.target.contains("page=")).count()
}

#[test]
fn a_killed_run_goes_on_where_it_was() {
    let (server, project) = long();
    for pages in [6, 3, 9] {
        stop_after(&server, &project, pages, Signal::KILL);
    }
    project.run().run().code(0);
    check_whole(&project);
    assert!(starts(&server) < 4, "each run began at the first page");
}

/// What dlt finds in the dataset: its loads, and the names of resources in its state.
const JUDGE: &str = "import dlt\n\
    pipeline = dlt.pipeline('jivochat_pipeline', destination=dlt.destinations.duckdb('jivochat.duckdb'), \
    dataset_name='jivochat_data')\n\
    pipeline.sync_destination()\n\
    dataset = pipeline.dataset()\n\
    print(len(dataset.load_ids()), sorted(pipeline.state['sources']['jivochat_source']['resources']))\n\
    print(dict(dataset.row_counts().fetchall())['inbound_messages'])";

#[test]
fn a_killed_replace_is_one_load_in_the_end() {
    let (server, project) = long();
    let project = project.only(&["inbound_messages"]).set("resources.inbound_messages.write_disposition", "replace");
    project.run().run().code(0);
    let first = project.value("SELECT min(_dlt_load_id) FROM jivochat_data.inbound_messages");
    for pages in [6, 3, 9] {
        stop_after(&server, &project, pages, Signal::KILL);
        let old = format!("SELECT count(*) FROM jivochat_data.inbound_messages WHERE _dlt_load_id = '{first}'");
        assert_eq!(project.value(&old), "1000");
        assert_eq!(project.count("_dlt_loads"), 1);
    }
    assert_ne!(project.value("SELECT count(*) FROM jivochat_data_staging.inbound_messages"), "0");
    // dlt's state says nothing of a replacement that is under way.
    dlt::run(project.dir(), JUDGE).stdout_has(&["1 []", "1000"]);
    project.run().run().code(0);
    assert_eq!(project.count("_dlt_loads"), 2);
    assert_eq!(project.count("inbound_messages"), 1000);
    assert_eq!(project.value("SELECT count(DISTINCT _dlt_load_id) FROM jivochat_data.inbound_messages"), "1");
    dlt::run(project.dir(), JUDGE).stdout_has(&["2 []", "1000"]);
    assert!(starts(&server) < 5, "a run began at the first page");
}

#[test]
fn a_killed_scd2_neither_retires_nor_doubles() {
    let (server, project) = long();
    let strategy: toml::Table = "disposition = 'merge'\nstrategy = 'scd2'".parse().unwrap();
    let project = project.set("resources.inbound_messages.write_disposition", strategy);
    project.run().run().code(0);
    for pages in [6, 3, 9] {
        stop_after(&server, &project, pages, Signal::KILL);
        assert_eq!(project.value(HOLDING), "1000,1000");
    }
    project.run().run().code(0);
    assert_eq!(project.value(HOLDING), "1000,1000");
    assert_eq!(project.count("inbound_messages__attachments"), 999);
    assert_eq!(project.value("SELECT count(DISTINCT _dlt_load_id) FROM jivochat_data.inbound_messages"), "1");
}

/// Versions that hold, and all versions.
const HOLDING: &str =
    "SELECT count(*) FILTER (_dlt_valid_to IS NULL) || ',' || count(*) FROM jivochat_data.inbound_messages";

#[test]
fn ctrl_c_ends_with_130_and_keeps_what_was_committed() {
    let (server, project) = long();
    stop_after(&server, &project, 10, Signal::INT).code(130);
    let kept = project.count("inbound_messages");
    assert!(kept >= 100 && kept.is_multiple_of(50), "{kept} rows were kept");
    project.run().run().code(0);
    check_whole(&project);
    assert_eq!(starts(&server), 1);
}

#[test]
fn sigterm_ends_with_143() {
    let (server, project) = long();
    stop_after(&server, &project, 10, Signal::TERM).code(143);
    project.run().run().code(0);
    check_whole(&project);
}

#[test]
fn a_failed_page_is_where_the_next_run_begins() {
    let server = server();
    server.fault("inbound_messages", 3..=3, Fault::Answer(Reply::error(503, "Try later")));
    let project = Project::new(&server).without_retries();
    let (output, report) = project.run_with_report();
    output.code(4).stderr_has(&["inbound_messages", "Try later"]);
    report.failed("inbound_messages", "transient", Some(503)).loaded("outbound_messages", 180);
    assert_eq!(report.0["status"], "partial");
    assert_eq!(project.count("inbound_messages"), 200);

    project.run().run().code(0);
    assert_eq!(project.count("inbound_messages"), 250);
    assert_eq!(project.value("SELECT count(DISTINCT id) FROM jivochat_data.inbound_messages"), "250");
    assert_eq!(starts(&server), 1);
    // The run before ended by itself, so what it completed is fetched again.
    assert_eq!(project.count("outbound_messages"), 360);
}

#[test]
fn full_refresh_replaces_the_tables_once() {
    let server = server();
    let project = Project::new(&server);
    project.run().run().code(0);
    project.run().run().code(0);
    project.run().args(["--full-refresh", "--resource", "inbound_messages"]).run().code(0);
    assert_eq!(project.count("inbound_messages"), 250);
    assert_eq!(project.count("outbound_messages"), 360);
    project.run().args(["--resource", "inbound_messages"]).run().code(0);
    assert_eq!(project.count("inbound_messages"), 500);
}

#[test]
fn full_refresh_gives_up_a_cursor() {
    let server = server();
    server.fault("inbound_messages", 2.., Fault::Answer(Reply::error(400, "Page is gone")));
    let project = Project::new(&server).only(&["inbound_messages"]);
    project.run().run().code(3);
    project.run().run().code(3).stderr_has(&["Page is gone"]);
    server.heal();
    project.run().arg("--full-refresh").run().code(0);
    assert_eq!(project.count("inbound_messages"), 250);
}
