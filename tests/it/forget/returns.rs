//! What comes of somebody who was forgotten: pulled, pushed, replayed.

use acceptance::project::Project;
use acceptance::receiver::Receiver;

use super::{OTHERS, Rows, WORDS, events, loaded, nowhere, others, refused, same, server};

const EXPORT: &str = "before.jsonl";

/// Asserts that nothing of the person is there, and all of the others as before.
#[track_caller]
fn check(project: &Project, before: &Rows) {
    nowhere(project, &WORDS, &[EXPORT]);
    same(&others(project), before);
}

#[test]
fn a_person_goes_and_stays_away() {
    let server = server();
    let project = loaded(&server);
    let export = project.cli().args(["inbox", "export"]).run().code(0).stdout.clone();
    assert!(WORDS.iter().chain(&OTHERS).all(|word| export.contains(word)), "{export}");
    std::fs::write(project.path(EXPORT), export).unwrap();
    let before = others(&project);
    let forget = || project.cli().args(["forget", "--client", "7301"]).run();
    forget().code(0).stdout_has(&[
        "forgot `7301`, known as client:7301, visitor:90017/301\n",
        "  _rejected_records: 2 rows\n",
        "  inbound_messages: 7 rows\n",
        "events of ",
    ]);
    check(&project, &before);
    project.cli().arg("replay").run().code(0);
    let from = project.cli().args(["replay", "--from", EXPORT]).run();
    from.code(0).stderr_has(&["8 events left out, of people who were forgotten"]);
    check(&project, &before);
    let (output, report) = project.run_with_report();
    output.code(0).stderr_has(&["inbound_messages: 6 records left out, of people who were forgotten"]);
    assert_eq!(report.resource("inbound_messages")["forgotten"], 6);
    std::fs::remove_file(project.path("report.json")).unwrap();
    check(&project, &before);
    let receiver = Receiver::start(&project);
    for event in events() {
        assert_eq!(receiver.post(&event), (200, r#"{"result":"ok"}"#.to_owned()), "{event}");
    }
    for body in refused() {
        assert_eq!(receiver.post(&body).0, 400, "{body}");
    }
    assert_eq!(receiver.metric("sluicegate_events_forgotten_total"), 8);
    receiver.stop().code(0).lacks(WORDS[0]).lacks(WORDS[1]);
    check(&project, &before);
    // Once more there is nothing to do.
    forget().code(0).stdout_has(&["nothing was found of `7301`", "removed 0 rows, and 0 events"]);
    check(&project, &before);

    let lift = || project.cli().args(["forget", "--client", "client:7301", "--lift"]).run();
    lift().code(0).stdout_has(&["`client:7301` is no longer left out\n"]);
    lift().code(0).stdout_has(&["`client:7301` was not forgotten\n"]);
    project.cli().args(["replay", "--from", EXPORT]).run().code(0);
    assert_eq!(project.value("SELECT name FROM jivochat_data.clients WHERE client_id = '7301'"), WORDS[0]);
    same(&others(&project), &before);
}

/// Their identities were hashed, from the start or from some time on.
#[test]
fn who_was_hashed_is_forgotten_by_what_they_are_called() {
    let hashed = ["client_id", "client.client_id", "visitor.number", "visitor.email", "visitor.name"];
    let server = server();
    let mut project = loaded(&server);
    let before = others(&project);
    project.change("privacy.hash", hashed.to_vec());
    let receiver = Receiver::start(&project);
    let later =
        r#"{"event_name":"client_attribute_updated","client_id":"7301","attributes":{"later":"Call me at the dacha"}}"#;
    assert_eq!(receiver.post(later).0, 200);
    receiver.stop().code(0);
    project.cli().args(["forget", "--client", "7301"]).run().code(0).stdout_has(&["client_attributes: 2 rows"]);
    check(&project, &before);
    let receiver = Receiver::start(&project);
    assert_eq!(receiver.post(later).0, 200);
    assert_eq!(receiver.post(&events()[2]).0, 200);
    assert_eq!(receiver.metric("sluicegate_events_forgotten_total"), 2);
    receiver.stop().code(0);
    check(&project, &before);
}

#[test]
fn two_who_are_called_the_same_are_not_confused() {
    let project = Project::receiving();
    let receiver = Receiver::start(&project);
    let chat = |widget: &str, chat: u32, mail: &str| {
        format!(
            r#"{{"event_name":"chat_accepted","widget_id":"{widget}","chat_id":{chat},
              "visitor":{{"number":"500","email":"{mail}"}}}}"#
        )
    };
    receiver.post(&chat("1", 10, "one@example.org"));
    receiver.post(&chat("2", 20, "two@example.org"));
    receiver.post(&chat("3", 30, "ONE@example.org"));
    receiver.stop().code(0);
    let forget = |id: &str| project.cli().args(["forget", "--client", id]).run();
    let chats = || project.value("SELECT string_agg(chat_id, ' ' ORDER BY chat_id) FROM jivochat_data.chats");
    forget("500").code(2).stderr_has(&[
        "`500` may be several people: `visitor:1/500`, `visitor:2/500`",
        "hint: nothing links them, and nothing was removed: say who is meant, as `--client visitor:1/500`",
    ]);
    assert_eq!(chats(), "10 20 30");
    forget("visitor:2/500").code(0).stdout_has(&["known as visitor:2/500\n", "  chats: 1 row\n"]);
    assert_eq!(chats(), "10 30");
    // The two that are left have the same mail address.
    forget("500").code(0).stdout_has(&["known as visitor:1/500, visitor:3/500\n"]);
    assert_eq!(project.count("chats"), 0);
    // What is called so later may be somebody else.
    let receiver = Receiver::start(&project);
    receiver.post(&chat("4", 40, "four@example.org"));
    receiver.stop().code(0);
    forget("500").code(0).stderr_has(&["`visitor:4/500` is not linked to that: nothing of it was removed"]);
    assert_eq!(chats(), "40");
}

#[test]
fn somebody_of_whom_nothing_is_there_is_left_out_from_then_on() {
    let project = Project::receiving();
    let forget = project.cli().args(["forget", "--client", "600"]).run();
    forget.code(0).stdout_has(&["nothing was found of `600`; what comes of them is left out from now on\n"]);
    let receiver = Receiver::start(&project);
    project.cli().args(["forget", "--client", "600"]).run().code(2).stderr_has(&["another process receives events"]);
    receiver.post(r#"{"event_name":"client_attribute_updated","client_id":600,"attributes":{"a":"b"}}"#);
    receiver.post(r#"{"event_name":"client_attribute_updated","client_id":601,"attributes":{"a":"b"}}"#);
    receiver.stop().code(0);
    assert_eq!(project.value("SELECT string_agg(client_id, ' ') FROM jivochat_data.client_attributes"), "601");
    // Without its key nobody could be told, and they would all come back.
    std::fs::remove_file(project.path(".sluicegate/forget.key")).unwrap();
    project.cli().arg("replay").run().code(2).stderr_has(&["was written with another key", "hint: put the key back"]);
}
