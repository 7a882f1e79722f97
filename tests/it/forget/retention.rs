//! `retention` of `[privacy]`: rows that are old enough go, and a replay does not bring them back.

use acceptance::project::Project;
use acceptance::receiver::Receiver;

use super::{events, server};

/// Makes all loads so far 400 days older.
#[track_caller]
fn grow_old(project: &Project) {
    let code = "import duckdb\n\
                c = duckdb.connect('jivochat.duckdb')\n\
                c.execute('update jivochat_data._dlt_loads set inserted_at = inserted_at - interval 400 day')";
    acceptance::dlt::run(project.dir(), code);
}

#[test]
fn rows_of_old_loads_go_at_the_end_of_a_run() {
    let server = server();
    let mut project = Project::new(&server).only(&["inbound_messages", "outbound_messages"]);
    project.run().run().code(0);
    grow_old(&project);
    project.change("privacy.retention.inbound_messages", "365d");
    project.change("privacy.retention.outbound_messages", "500d");
    project.change("privacy.retention.inbound_mesages", "1d");
    project.run().run().code(0).stderr_has(&[
        "removed what is older than its retention: ",
        "36 rows of `inbound_messages`",
        "names `inbound_mesages`, and there is no such root table",
        "hint: did you mean `inbound_messages`?",
    ]);
    assert_eq!((project.count("inbound_messages"), project.count("outbound_messages")), (36, 72));
    let orphans = "SELECT count(*) FROM jivochat_data.inbound_messages__attachments WHERE _dlt_parent_id NOT IN \
                   (SELECT _dlt_id FROM jivochat_data.inbound_messages)";
    assert_eq!(project.value(orphans), "0");
    project.run().run().code(0).lacks("older than its retention");
    for age in ["soon", "0s", "365"] {
        project.change("privacy.retention.inbound_messages", age);
        project.run().run().code(2).stderr_has(&["`privacy.retention.inbound_messages`"]);
    }
}

#[test]
fn rows_of_old_events_go_while_events_are_received_and_stay_away() {
    let mut project = Project::receiving();
    let receiver = Receiver::start(&project);
    for event in events() {
        assert_eq!(receiver.post(&event).0, 200);
    }
    receiver.stop().code(0);
    assert_eq!((project.count("chats"), project.count("_rejected_records")), (2, 2));
    let export = project.cli().args(["inbox", "export"]).run().code(0).stdout.clone();
    grow_old(&project);
    project.change("privacy.retention.chats", "365d");
    project.change("privacy.retention._rejected_records", "365d");
    let receiver = Receiver::start(&project);
    receiver
        .until("the old rows", || !project.dir().join("jivochat.duckdb.wal").exists() && chats(&project) == Some(0));
    receiver.stop().code(0).stderr_has(&["removed rows that are older than their retention"]);
    assert_eq!((project.count("chats__agents"), project.count("_rejected_records")), (0, 0));
    assert_eq!(project.count("events"), 10);
    // Those events came long ago.
    let old: Vec<String> = export
        .lines()
        .map(|line| {
            let mut event: serde_json::Value = serde_json::from_str(line).unwrap();
            event["received_at"] = "2020-01-01T00:00:00.000Z".into();
            event.to_string()
        })
        .collect();
    std::fs::write(project.path("old.jsonl"), old.join("\n")).unwrap();
    project.cli().args(["replay", "--from", "old.jsonl"]).run().code(0).stdout_has(&["10 events for the first time"]);
    assert_eq!((project.count("chats"), project.count("_rejected_records"), project.count("events")), (0, 0, 20));
}

/// How many chats there are; none while another process has the database.
fn chats(project: &Project) -> Option<u64> {
    let query = ["query", "SELECT count(*) AS n FROM jivochat_data.chats", "--format", "csv"];
    let output = project.cli().args(query).run();
    output.stdout.lines().nth(1)?.parse().ok()
}
