//! Destinations that cannot be written: exit status 5, and a later run loads all the same.

use std::time::Duration;

use acceptance::project::Project;

use crate::server;

#[test]
fn a_locked_file_says_who_holds_it() {
    let server = server();
    let project = Project::new(&server).set("destination.lock_wait", "1s");
    let code = "import duckdb, time\n\
                connection = duckdb.connect('jivochat.duckdb')\n\
                open('held', 'w').close()\n\
                time.sleep(600)";
    let mut holder = acceptance::dlt::script(project.dir(), code).spawn();
    holder.until("the lock", || project.path("held").exists());
    let output = project.run().run();
    output.code(5).stderr_has(&["jivochat.duckdb", &holder.id().to_string()]);
    assert!(output.elapsed >= Duration::from_millis(900), "it did not wait");
    drop(holder);
    project.run().run().code(0);
    assert_eq!(project.count("inbound_messages"), 250);
}

/// The destination's folder is of no use, for root as for anybody.
#[track_caller]
fn check_place(url: &str, place: &str) {
    let server = server();
    let project = Project::new(&server).set("destination.url", url);
    std::fs::write(project.path("file"), "in the way").unwrap();
    let (output, report) = project.run_with_report();
    output.code(5).stderr_has(&[place]);
    report.failed("status", "destination", None).failed("inbound_messages", "destination", None);
    assert_eq!(report.0["status"], "failed");
    assert!(server.requests().is_empty(), "the service was contacted");
}

#[test]
fn a_folder_that_is_missing_or_none() {
    check_place("duckdb:missing/data.duckdb", "missing");
    check_place("duckdb:file/data.duckdb", "file/data.duckdb");
    check_place("duckdb:.dlt", ".dlt");
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let server = server();
    let project = Project::new(&server).set("destination.url", "duckdb:notes.txt");
    let notes = "not a database at all, but somebody's notes\n".repeat(200);
    std::fs::write(project.path("notes.txt"), &notes).unwrap();
    project.run().run().code(5).stderr_has(&["notes.txt"]);
    assert_eq!(std::fs::read_to_string(project.path("notes.txt")).unwrap(), notes);
}

#[test]
fn another_destination_can_be_named_for_a_run() {
    let server = server();
    let project = Project::new(&server);
    project.run().args(["--destination", "duckdb:other.duckdb"]).run().code(0).stdout_has(&["other.duckdb"]);
    assert!(project.path("other.duckdb").exists() && !project.path("jivochat.duckdb").exists());
}

#[test]
fn a_report_that_cannot_be_written_stops_the_run_before_it_begins() {
    let server = server();
    let project = Project::new(&server);
    project.run().args(["--report", "missing/report.json"]).run().code(2).stderr_has(&["missing/report.json"]);
    assert!(server.requests().is_empty() && !project.path("jivochat.duckdb").exists());
}
