//! Everything that JivoChat pushes, in every form that it is known to take, and what becomes of it in the tables.
//!
//! After a change of a table: `INSTA_UPDATE=always cargo test -p acceptance events::`, and read the difference.

pub(crate) mod corpus;
pub(crate) mod dump;

use std::collections::BTreeSet;

use acceptance::project::Project;
use acceptance::receiver::Receiver;
use dump::dump;

/// Events of the corpus that are one with an earlier one.
const REPEATED: u64 = 3;

/// Shown in place of times of receipt.
const TIME: Option<&str> = Some("[TIME]");

/// A project that loads each event by itself, as far as the tests let it.
pub(crate) fn project() -> Project {
    Project::receiving().set("serve.flush_events", 1).set("serve.flush_every", "1ms")
}

/// Posts the corpus, each event answered before the next. How many bodies it is.
#[track_caller]
pub(crate) fn post_all(receiver: &Receiver) -> u64 {
    let (events, refused) = (corpus::events(), corpus::refused());
    for event in &events {
        assert_eq!(receiver.post(event), (200, r#"{"result":"ok"}"#.to_owned()), "{event}");
    }
    for body in &refused {
        let (status, answer) = receiver.post(body);
        let expect = "the body is no JSON: ";
        assert!(status == 400 && answer.starts_with(expect), "{status} {answer}\n{body}");
    }
    (events.len() + refused.len()) as u64
}

/// A project into which the corpus was received.
#[track_caller]
fn received() -> Project {
    let project = project();
    let receiver = Receiver::start(&project);
    let posted = post_all(&receiver);
    receiver.loaded(posted - REPEATED);
    assert_eq!(receiver.metric("sluicegate_events_duplicate_total"), REPEATED);
    receiver.stop().code(0);
    project
}

/// Compares a table with `tests/snapshots/events/<name>.snap`.
#[track_caller]
fn check(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../snapshots/events");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn all_that_is_pushed_is_in_the_tables() {
    let project = received();
    let mut tables = dump(&project, TIME);
    let bodies = project.query("SELECT body FROM jivochat_data.events");
    let bodies: Vec<String> = bodies.iter().map(|row| row["body"].as_str().unwrap().to_owned()).collect();
    let posted: BTreeSet<String> = corpus::events().into_iter().collect();
    assert!(bodies.iter().all(|body| posted.contains(body)), "{bodies:#?}");
    assert_eq!(bodies.len() as u64 + REPEATED, posted.len() as u64);
    // They were compared whole just now.
    let events = tables.remove("events").unwrap();
    let shown: Vec<&str> = events.lines().filter(|line| !line.starts_with("  body = ")).collect();
    check("events", &shown.join("\n"));
    let names: Vec<&str> = tables.keys().map(String::as_str).collect();
    check("tables", &names.join("\n"));
    for (name, text) in &tables {
        check(name, text);
    }
}

#[test]
fn one_load_holds_what_many_hold() {
    let many = received();
    let one = Project::receiving().set("serve.flush_events", 100_000).set("serve.flush_every", "1h");
    let receiver = Receiver::start(&one);
    post_all(&receiver);
    receiver.stop().code(0);
    assert_eq!(one.value("SELECT count(*) FROM jivochat_data._dlt_loads"), "1");
    assert_ne!(many.value("SELECT count(*) FROM jivochat_data._dlt_loads"), "1");
    assert_eq!(dump(&one, TIME), dump(&many, TIME));
}

#[test]
fn events_that_come_again_change_nothing() {
    let project = received();
    let before = dump(&project, None);
    let receiver = Receiver::start(&project);
    let posted = post_all(&receiver);
    assert_eq!(receiver.metric("sluicegate_events_duplicate_total"), posted);
    receiver.stop().code(0);
    assert_eq!(dump(&project, None), before);
}

#[test]
fn a_replay_changes_nothing() {
    let project = received();
    let before = dump(&project, None);
    project.cli().arg("replay").run().code(0).stdout_has(&["0 events for the first time"]);
    assert_eq!(dump(&project, None), before);
}

#[test]
fn what_was_exported_fills_another_project() {
    let project = received();
    let export = project.cli().args(["inbox", "export"]).run();
    let other = self::project();
    std::fs::write(other.path("events.jsonl"), &export.code(0).stdout).unwrap();
    other.cli().args(["replay", "--from", "events.jsonl"]).run().code(0).stdout_has(&["0 events loaded again"]);
    assert_eq!(dump(&other, None), dump(&project, None));
    // Once more, all of them are known.
    other.cli().args(["replay", "--from", "events.jsonl"]).run().code(0).stdout_has(&["0 events for the first time"]);
    assert_eq!(dump(&other, None), dump(&project, None));
}

#[test]
fn events_need_no_channel() {
    let project = Project::receiving().unset("source.config.random");
    std::fs::remove_file(project.path(".dlt/secrets.toml")).unwrap();
    project.run().run().code(2).stderr_has(&["`jivo_public_id` is missing"]);
    let receiver = Receiver::start(&project);
    assert_eq!(receiver.post(r#"{"event_name": "chat_started"}"#).0, 200);
    receiver.loaded(1);
    receiver.stop().code(0);
    project.cli().arg("replay").run().code(0).stdout_has(&["1 event loaded again"]);
    assert_eq!(project.count("events"), 1);
}
