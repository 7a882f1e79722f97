//! What is pushed: all events that JivoChat documents, bodies that are none, receivers that are killed.

use acceptance::fake_jivo::Options;
use acceptance::project::Project;
use acceptance::receiver::Receiver;
use serde_json::json;

use super::{assert_nowhere, documented, found};
use crate::events::corpus;
use crate::start;

/// What the clients of the corpus are called, where they can be reached, and what they and agents write to each other.
const OF_CLIENTS: [&str; 31] = [
    "Vera Lind",
    "vera@example.org",
    "5550100",
    "asks for blue",
    "192.0.2.14",
    "Is the blue one in stock",
    "bient\u{f4}t",
    "Message content",
    "Ib Ro",
    "Иб Ро",
    "ib@example.org",
    "5550111",
    "Anybody?",
    "Nobody.",
    "Nobody was there",
    "5550121",
    "5550122",
    "5550123",
    "calls/55130",
    "Please call back",
    "192.0.2.16",
    "Eve Dal",
    "eve@example.org",
    "5550150",
    "5550152",
    "Yes, two left",
    "files.example/p/1",
    "preisliste",
    "14.4049",
    "Hello, in full",
    "Ten of them",
];

/// Bodies that are no JSON, with something of a client in them.
const BROKEN: [&str; 4] = [
    "visitor[name]=Vera Lind&visitor[phone]=15550100",
    r#"{"event_name": "chat_accepted", "visitor": {"name": "Vera Lind""#,
    r#"{"visitor": {"email": 'vera@example.org'}}"#,
    "Vera Lind",
];

fn project() -> Project {
    Project::receiving().set("serve.flush_every", "20ms")
}

/// Posts all events and all bodies that are none. How many they are.
#[track_caller]
fn post_all(receiver: &Receiver) -> u64 {
    let (events, refused) = (corpus::events(), corpus::refused());
    for event in &events {
        assert_eq!(receiver.post(event).0, 200, "{event}");
    }
    for body in refused.iter().map(String::as_str).chain(BROKEN) {
        let (status, answer) = receiver.post(body);
        assert!(status == 400 && !answer.contains("Vera"), "{status} {answer}");
    }
    (events.len() + refused.len() + BROKEN.len()) as u64
}

#[test]
fn nothing_of_a_client_is_found_after_all_events() {
    let plain = project();
    let receiver = Receiver::start(&plain);
    post_all(&receiver);
    receiver.stop().code(0);
    let seen = found(plain.dir(), &OF_CLIENTS);
    // Without the settings all of it is: the search would see it.
    for text in OF_CLIENTS {
        assert!(seen.iter().any(|(_, found)| found == text), "{text}");
    }

    let project = documented(project());
    let receiver = Receiver::start_with(&project, &["-vv"]);
    post_all(&receiver);
    let served = receiver.stop();
    served.code(0);
    let replayed = project.cli().args(["replay", "-vv"]).run();
    replayed.code(0);
    let export = project.cli().args(["inbox", "export"]).run();
    export.code(0);
    assert_nowhere(&project, &[&served, &replayed, &export], &OF_CLIENTS);
    // What is not named is there, as it is without.
    for sql in [
        "SELECT count(*) FROM jivochat_data.chats",
        "SELECT count(*) FROM jivochat_data.crm_events",
        "SELECT count(*) FROM jivochat_data.clients",
        "SELECT count(DISTINCT visitor__email) FROM jivochat_data.chats",
        "SELECT string_agg(topic__title, ',' ORDER BY chat_id) FROM jivochat_data.chats",
    ] {
        assert_eq!(project.value(sql), plain.value(sql), "{sql}");
    }
}

#[test]
fn nothing_of_a_client_is_found_whatever_kills_the_receiver() {
    for point in ["before-stored", "after-stored", "rows-staged", "before-commit", "after-commit", "after-loaded"] {
        // Everything that was held up to then is in the files: nothing is written back.
        let project = documented(project());
        let receiver = Receiver::start_to_fail(&project, &format!("{point}:2")).unwrap();
        for event in corpus::events().iter().map(String::as_str).chain(BROKEN) {
            if receiver.try_post(event).is_err() {
                break;
            }
        }
        assert!(receiver.kill_unless_over(), "{point} was not reached");
        let left = found(project.dir(), &OF_CLIENTS);
        assert!(left.is_empty(), "{point}: {left:?}");
        let receiver = Receiver::start(&project);
        let output = receiver.stop();
        output.code(0);
        assert_nowhere(&project, &[&output], &OF_CLIENTS);
    }
}

#[test]
fn what_is_pulled_joins_with_what_is_pushed() {
    let server = start(Options { inbound: 12, page_size: 5, ..Options::default() });
    let paths = vec!["visitor.email", "visitor.number", "sender.email", "sender.id"];
    let project = Project::new(&server).only(&["inbound_messages"]).set("privacy.hash", paths);
    let project = project.set("privacy.drop", vec!["attachments"]);
    project.run().run().code(0);
    let receiver = Receiver::start(&project);
    let chat =
        json!({"event_name": "chat_accepted", "chat_id": 1, "visitor": {"email": "vera@example.org", "number": "300"}});
    let message = json!({"sender": {"id": 300, "email": "vera@example.org"}, "message": {"type": "text", "id": "p1", "text": "x"}});
    for event in [chat, message] {
        assert_eq!(receiver.post(&event.to_string()).0, 200);
    }
    receiver.stop().code(0).lacks("the events wait");
    for _ in 0..2 {
        let joined = "SELECT count(*) FROM jivochat_data.chats JOIN jivochat_data.inbound_messages AS pulled ON \
                      pulled.visitor__email = chats.visitor__email AND pulled.visitor__number = chats.visitor__number \
                      WHERE pulled.id LIKE 'in-%'";
        assert_eq!(project.value(joined), "6");
        let by_sender = "SELECT count(*) FROM jivochat_data.inbound_messages AS pushed JOIN jivochat_data.chats \
                         ON pushed.client_id = chats.visitor__number WHERE pushed.id = 'p1'";
        assert_eq!(project.value(by_sender), "1");
        // A second time nothing is hashed again.
        project.cli().arg("replay").run().code(0);
    }
}

#[test]
fn events_from_before_are_cleaned_when_they_come_by_again() {
    let before = project();
    let receiver = Receiver::start(&before);
    let event = json!({"event_name": "chat_accepted", "chat_id": 1, "visitor": {"name": "Vera Lind", "number": "311"}});
    assert_eq!(receiver.post(&event.to_string()).0, 200);
    assert_eq!(receiver.post("name=Vera Lind").0, 400);
    receiver.stop().code(0);
    let export = before.cli().args(["inbox", "export"]).run();
    export.code(0).stdout_has(&["Vera Lind"]);

    // Elsewhere: the inbox gets what is clean.
    let project = project().set("privacy.hash", vec!["visitor.name"]);
    std::fs::write(project.path("events.given"), &export.stdout).unwrap();
    let replayed = project.cli().args(["replay", "--from", "events.given"]).run();
    replayed.code(0);
    assert_nowhere(&project, &[&replayed], &["Vera Lind"]);

    // At the same place: rows take the place of their older selves, and what leaves is clean.
    let before = before.set("privacy.hash", vec!["visitor.name"]);
    before.cli().arg("replay").run().code(0);
    let names = "SELECT visitor__name LIKE 'hash_%' FROM jivochat_data.chats";
    assert_eq!(before.value(names), "true");
    before.cli().args(["inbox", "export"]).run().code(0).lacks("Vera Lind");
    before.cli().args(["inbox", "prune", "--older-than", "0s"]).run().code(0);
}
