//! Messages out of transcripts and out of the Chat API.

use serde_json::{Value, json};

use super::{chats::finished, *};

fn agent_message(message: &Value) -> Value {
    json!({"sender": {"id": "agent-7", "name": "Omar"}, "recipient": {"id": "cust-0042"}, "message": message})
}

#[test]
fn transcripts() {
    let common = json!({"chat_id": "55120", "widget_id": "90017", "received_at": RECEIVED_AT,
        "version": format!("1 {RECEIVED_AT}"), "visitor": {"number": "311"}});
    let mut inbound = json!({"id": "55120:0:2026-01-01T00:00:00.000Z", "position": 0, "author": "visitor",
        "text": "Is the blue one in stock?", "created_at": "2026-01-01T00:00:00.000Z"});
    let mut outbound = json!({"id": "55120:1:2026-01-01T00:00:55.000Z", "position": 1, "author": "agent",
        "text": "Yes, two left.", "created_at": "2026-01-01T00:00:55.000Z", "agent": {"id": "7", "name": "Omar"}});
    for message in [&mut inbound, &mut outbound] {
        message.as_object_mut().unwrap().extend(common.as_object().unwrap().clone());
    }
    assert_eq!(records(&finished(), "inbound_messages"), [inbound]);
    assert_eq!(records(&finished(), "outbound_messages"), [outbound]);
}

#[test]
fn the_same_line_twice_is_two_messages() {
    let line = json!({"message": "ok", "timestamp": 1_767_225_600, "type": "visitor"});
    let body = with(&finished(), "chat.messages", json!([line, line]));
    let ids: Vec<_> = records(&body, "inbound_messages").iter().map(|message| message["id"].clone()).collect();
    assert_eq!(ids, ["55120:0:2026-01-01T00:00:00.000Z", "55120:1:2026-01-01T00:00:00.000Z"]);
}

#[test]
fn transcripts_in_every_spelling() {
    let check = |messages: Value, inbound: &[&str], outbound: &[&str]| {
        let body = with(&finished(), "chat.messages", messages);
        for (resource, expect) in [("inbound_messages", inbound), ("outbound_messages", outbound)] {
            let found = records(&body, resource);
            let texts: Vec<_> = found.iter().map(|record| record["text"].as_str().unwrap_or("-")).collect();
            assert_eq!(texts, expect, "{body}");
        }
    };
    let (one, two) = (json!({"message": "a", "type": "visitor"}), json!({"message": "b", "type": "agent"}));
    check(json!([one, two]), &["a"], &["b"]);
    check(json!({"0": one, "1": two}), &["a"], &["b"]);
    check(json!(one), &["a"], &[]);
    check(json!([]), &[], &[]);
    check(json!({}), &[], &[]);
    check(json!(null), &[], &[]);
    // Neither visitor nor agent: told to the visitor all the same.
    check(json!([{"message": "joined", "type": "system"}]), &[], &["joined"]);
    check(json!([{"message": "a"}, {"message": "b", "agent_id": 7}]), &["a"], &["b"]);
    check(json!([{"message": 5}, "x", {"message": {"a": 1}}, null, {"message": ""}]), &["5", "x", "-", ""], &[]);
}

#[test]
fn a_message_of_a_transcript_with_an_identity_keeps_it() {
    let line = json!({"id": 77, "message": "ok", "timestamp": "1767225600", "type": "agent", "agent_id": "9"});
    let body = with(&finished(), "chat.messages", json!([line]));
    let message = &records(&body, "outbound_messages")[0];
    assert_eq!((&message["id"], &message["agent"]), (&json!("77"), &json!({"id": "9"})));
    let direct = agent_message(&json!({"type": "text", "id": "77", "text": "ok"}));
    let direct = &records(&direct, "outbound_messages")[0];
    assert_eq!(direct["id"], message["id"]);
    assert!(direct["version"].as_str() > message["version"].as_str());
}

#[test]
fn messages_of_the_chat_api() {
    let body = agent_message(&json!({"type": "text", "id": "a-5531", "date": 1_767_225_655, "text": "Yes, two left."}));
    assert_eq!(
        records(&body, "outbound_messages"),
        [json!({"id": "a-5531", "client_id": "cust-0042", "author": "agent", "type": "text",
            "created_at": "2026-01-01T00:00:55.000Z", "received_at": RECEIVED_AT, "version": format!("2 {RECEIVED_AT}"),
            "text": "Yes, two left.", "agent": {"id": "agent-7", "name": "Omar"}})]
    );
    assert_eq!(filled(&body), ["outbound_messages 1", "agents 1", "events 1"]);
}

#[test]
fn every_type_of_message() {
    for message in [
        json!({"type": "text", "text": "x"}),
        json!({"type": "photo", "file": "https://files.example/1", "file_name": "1.jpg", "width": 10, "height": 20}),
        json!({"type": "document", "file": "https://files.example/2", "file_size": 5, "mime_type": "application/pdf"}),
        json!({"type": "video", "file": "https://files.example/3", "thumb": "https://files.example/3t"}),
        json!({"type": "audio", "file": "https://files.example/4"}),
        json!({"type": "sticker", "file": "https://files.example/5"}),
        json!({"type": "location", "latitude": 67.2804, "longitude": -14.4}),
        json!({"type": "typein"}),
        json!({"type": "rate", "value": -1}),
        json!({"type": "keyboard", "title": "Which?", "keyboard": [{"id": "k1", "text": "Blue"}], "multiple": true}),
        json!({"type": "start"}),
        json!({"type": "stop"}),
        json!({"type": "what-comes-next", "new": {"a": 1}}),
    ] {
        let found = records(&agent_message(&message), "outbound_messages");
        assert_eq!(found.len(), 1);
        for (key, value) in message.as_object().unwrap() {
            assert_eq!(found[0][key], *value, "{message}");
        }
    }
}

#[test]
fn a_message_that_was_read_is_not_overwritten() {
    let found = records(&agent_message(&json!({"type": "seen", "id": "m-000917"})), "outbound_messages");
    assert_eq!((&found[0]["id"], &found[0]["message_id"]), (&json!("seen:m-000917"), &json!("m-000917")));
}

#[test]
fn a_message_without_an_identity_is_called_as_its_event() {
    let body = agent_message(&json!({"type": "typein"}));
    let event = records(&body, "events")[0]["id"].clone();
    assert_eq!(records(&body, "outbound_messages")[0]["id"], event);
}

#[test]
fn a_message_without_recipient_comes_from_a_client() {
    let body = json!({"sender": {"id": 42, "name": "Vera Lind", "email": "vera@example.org"},
        "message": {"type": "text", "id": "m-1", "text": "Hello"}});
    let [message] = &records(&body, "inbound_messages")[..] else { panic!("not one message") };
    assert_eq!((&message["client_id"], &message["author"]), (&json!("42"), &json!("visitor")));
    assert_eq!(message["visitor"], json!({"name": "Vera Lind", "email": "vera@example.org"}));
    assert_eq!(filled(&body), ["inbound_messages 1", "events 1"]);
}
