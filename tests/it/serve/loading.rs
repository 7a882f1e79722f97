//! What was acknowledged is loaded, once, whatever the destination does meanwhile.

use acceptance::cli::Running;
use acceptance::fake_jivo::{FakeJivo, Options};
use acceptance::project::Project;
use acceptance::receiver::Receiver;
use serde_json::json;

use super::{loaded, message, post, project};

/// A reader that keeps the database open until it is dropped.
fn reader(project: &Project) -> Running {
    let code = "import duckdb, time\n\
                connection = duckdb.connect('jivochat.duckdb', read_only=True)\n\
                open('held', 'w').close()\n\
                time.sleep(600)";
    let mut holder = acceptance::dlt::script(project.dir(), code).spawn();
    holder.until("the lock", || project.path("held").exists());
    holder
}

#[test]
fn a_reader_delays_events_and_loses_none() {
    let project = project().set("serve.flush_every", "50ms");
    let receiver = Receiver::start(&project);
    post(&receiver, ["a"]);
    receiver.loaded(1);
    let holder = reader(&project);
    post(&receiver, ["b", "c"]);
    receiver.until("a load that fails", || receiver.metric("sluicegate_load_failures_total") > 0);
    assert_eq!(receiver.metric("sluicegate_inbox_events"), 2);
    drop(holder);
    receiver.loaded(3);
    receiver.stop().code(0);
    assert_eq!(loaded(&project), ["a", "b", "c"]);
}

#[test]
fn events_that_wait_when_it_stops_are_loaded_by_the_next_start() {
    let project = project();
    let receiver = Receiver::start(&project);
    post(&receiver, ["a"]);
    receiver.loaded(1);
    let holder = reader(&project);
    post(&receiver, ["b"]);
    receiver.stop().code(0).stderr_has(&["stopped: 1 event in the inbox, loaded by the next start"]);
    drop(holder);
    let status = project.cli().args(["inbox", "status"]).run();
    status.code(0).stdout_has(&["waiting    1 event, ", "loaded     1 event, kept for 30days"]);
    let receiver = Receiver::start(&project);
    receiver.loaded(1);
    receiver.stop().code(0);
    assert_eq!(loaded(&project), ["a", "b"]);
}

#[test]
fn a_full_inbox_turns_events_away_until_there_is_room() {
    let project = project().set("serve.inbox_size", "250").set("serve.flush_every", "50ms");
    let receiver = Receiver::start(&project);
    post(&receiver, ["a"]);
    receiver.loaded(1);
    let holder = reader(&project);
    post(&receiver, ["b", "c"]);
    let (status, head) = receiver.post_raw(&message("d"));
    assert_eq!(status, 503);
    assert!(head.contains("retry-after: 10\r\n") && head.contains("the inbox is full"), "{head}");
    assert_eq!(receiver.get("/readyz").0, 503);
    drop(holder);
    receiver.until("room", || receiver.post(&message("d")).0 == 200);
    receiver.stop().code(0);
    assert_eq!(loaded(&project), ["a", "b", "c", "d"]);
}

/// What cannot be made durable is not acknowledged, and what was is there when there is room again.
#[test]
fn a_full_disk_turns_events_away_and_loses_none() {
    let project = project();
    let receiver = Receiver::start(&project);
    post(&receiver, ["a"]);
    receiver.stop().code(0);
    let receiver = Receiver::start_limited(&project, 200);
    let long = |id: &str| message(id).replace("about", &"long ".repeat(4000));
    let mut taken = vec!["a".to_owned()];
    for number in 0..40 {
        let id = format!("b{number:02}");
        match receiver.post_raw(&long(&id)) {
            (200, _) => taken.push(id),
            (503, head) => {
                assert!(head.contains("retry-after: 10\r\n"), "{head}");
                break;
            }
            (status, head) => panic!("{status}: {head}"),
        }
    }
    assert!((2..40).contains(&taken.len()), "{taken:?}");
    receiver
        .stop()
        .code(0)
        .stderr_has(&["an event was turned away: no space is left for the inbox `", "free some space"]);
    let receiver = Receiver::start(&project);
    post(&receiver, ["c"]);
    receiver.stop().code(0);
    taken.push("c".to_owned());
    assert_eq!(loaded(&project), taken);
}

#[test]
fn equal_events_within_the_window_are_one() {
    let project = project();
    let receiver = Receiver::start(&project);
    post(&receiver, ["a", "a", "b", "a"]);
    assert_eq!(receiver.metric("sluicegate_events_duplicate_total"), 2);
    receiver.stop().code(0);
    assert_eq!(loaded(&project), ["a", "b"]);
    assert_eq!(project.count("events"), 2);
}

/// Whoever puts an older database back, or starts with a new one, gets the events that it lacks.
#[test]
fn a_database_gets_the_events_that_it_lacks() {
    let project = project();
    let receiver = Receiver::start(&project);
    post(&receiver, ["a"]);
    receiver.stop().code(0);
    let copy = std::fs::read(project.path("jivochat.duckdb")).unwrap();
    let receiver = Receiver::start(&project);
    post(&receiver, ["b"]);
    receiver.stop().code(0);
    assert_eq!(loaded(&project), ["a", "b"]);
    std::fs::write(project.path("jivochat.duckdb"), copy).unwrap();
    let receiver = Receiver::start(&project);
    receiver.loaded(1);
    receiver.stop().code(0);
    assert_eq!(loaded(&project), ["a", "b"]);
    std::fs::remove_file(project.path("jivochat.duckdb")).unwrap();
    let receiver = Receiver::start(&project);
    receiver.loaded(2);
    receiver.stop().code(0);
    assert_eq!(loaded(&project), ["a", "b"]);
}

/// An event that the component cannot handle is kept, and loaded once it can be.
#[test]
fn an_event_that_cannot_be_handled_waits_until_it_can() {
    let mut project = project().set("source.limits.page_records", 2);
    let receiver = Receiver::start(&project);
    let (status, head) = receiver.post_raw(&message("a"));
    assert_eq!(status, 503);
    assert!(head.contains("retry-after: 10\r\n"), "{head}");
    // The service comes again, as it was told.
    assert_eq!(receiver.post(&message("a")).0, 503);
    assert_eq!(receiver.post("{\"event_name\":\"news\"}").0, 200);
    receiver.loaded(1);
    receiver.stop().code(0).stderr_has(&["could not handle an event, which is kept", "raise `page_records`"]);
    project.cli().args(["inbox", "status"]).run().code(0).stdout_has(&["unhandled  1 event\n"]);
    project.change("source.limits.page_records", 1000);
    let receiver = Receiver::start(&project);
    receiver.loaded(1);
    receiver.stop().code(0);
    assert_eq!(loaded(&project), ["a"]);
    assert_eq!(project.count("events"), 2);
}

#[test]
fn rows_of_events_are_laid_out_for_dlt() {
    let project = project();
    let receiver = Receiver::start(&project);
    post(&receiver, ["a", "b"]);
    receiver.stop().code(0);
    let code = "import dlt\n\
                pipeline = dlt.pipeline('jivochat_pipeline', destination=dlt.destinations.duckdb('jivochat.duckdb'), \
                dataset_name='jivochat_data')\n\
                pipeline.sync_destination()\n\
                print(pipeline.dataset().outbound_messages.df()['id'].tolist())";
    acceptance::dlt::run(project.dir(), code).stdout_has(&["['a', 'b']"]);
}

#[test]
fn contracts_and_hints_of_the_pipeline_file_hold_for_events() {
    let project = project()
        .set("resources.outbound_messages.schema_contract.columns", "freeze")
        .set("resources.agents.write_disposition", "skip");
    let receiver = Receiver::start(&project);
    post(&receiver, ["a"]);
    receiver.loaded(1);
    let odd = message("odd").replace("\"type\":\"text\"", "\"type\":\"text\",\"never_seen\":1");
    assert_eq!(receiver.post(&odd).0, 200);
    post(&receiver, ["b"]);
    receiver.stop().code(0);
    assert_eq!(loaded(&project), ["a", "b"]);
    assert!(!project.tables().contains(&"agents".to_owned()));
    let rejected =
        project.query("SELECT resource, contains(raw, 'never_seen') AS odd FROM jivochat_data._rejected_records");
    assert_eq!(rejected, [json!({"resource": "outbound_messages", "odd": true})]);
    for (key, value, words) in [
        ("resources.chats.write_disposition", "replace", "`replace` needs a resource that comes to an end"),
        ("resources.nothing.write_disposition", "append", "the component lists no resource `nothing`"),
    ] {
        let project = super::project().set(key, value);
        project.cli().arg("serve").run().code(2).stderr_has(&[words]);
    }
}

#[test]
fn what_was_pulled_gives_way_to_what_is_pushed() {
    let service = FakeJivo::start(Options::default()).unwrap();
    let project = Project::new(&service).only(&["outbound_messages"]).set("serve.flush_every", "20ms");
    project.run().run().code(0);
    let below = "SELECT count(*) FROM jivochat_data.outbound_messages__attachments__previews";
    let previews: u64 = project.value(below).parse().unwrap();
    // The last of the messages with two levels of lists below them.
    let last = "SELECT max(m.id) FROM jivochat_data.outbound_messages m JOIN jivochat_data.outbound_messages__attachments a \
                ON a._dlt_parent_id = m._dlt_id JOIN jivochat_data.outbound_messages__attachments__previews p \
                ON p._dlt_parent_id = a._dlt_id";
    let last = project.value(last);
    let (rows, own) =
        (project.count("outbound_messages"), "SELECT count(*) FROM jivochat_data.outbound_messages WHERE id = ");
    let receiver = Receiver::start(&project);
    post(&receiver, [last.as_str(), "new"]);
    receiver.loaded(2);
    receiver.stop().code(0);
    assert_eq!(project.count("outbound_messages"), rows + 1);
    assert_eq!(project.value(&format!("{own}'{last}' AND text = 'about {last}'")), "1");
    let left: u64 = project.value(below).parse().unwrap();
    assert!(left > 0 && left < previews, "{left} of {previews}");
    let orphans = "SELECT count(*) FROM jivochat_data.outbound_messages__attachments WHERE _dlt_parent_id NOT IN \
                   (SELECT _dlt_id FROM jivochat_data.outbound_messages)";
    assert_eq!(project.value(orphans), "0");
    let orphans = "SELECT count(*) FROM jivochat_data.outbound_messages__attachments__previews WHERE _dlt_parent_id NOT IN \
                   (SELECT _dlt_id FROM jivochat_data.outbound_messages__attachments)";
    assert_eq!(project.value(orphans), "0");
}
