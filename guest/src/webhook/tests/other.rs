//! Calls, offline messages, events nobody knows, and what is no event.

use serde_json::{Value, json};

use super::*;

fn call(status: &str) -> Value {
    json!({
        "event_name": "call_event", "widget_id": "90017", "chat_id": 55130, "visitor": {"number": "311", "social": {}},
        "analytics": {}, "agent": {"id": "7", "name": "Omar"},
        "call": {"type": "incoming", "phone": "+15550100", "status": status, "record_url": "https://files.example/1.mp4"}
    })
}

fn offline() -> Value {
    json!({"event_name": "offline_message", "widget_id": "90017", "user_token": null, "chat_id": 55121,
        "visitor": {"name": "Ib Ro", "phone": null, "number": "312"}, "organization": null, "tags": [], "analytics": {},
        "message": "Please call back", "offline_message_id": 1_767_229_200_123_u64})
}

#[test]
fn calls() {
    let expect = json!({"chat_id": "55130", "received_at": RECEIVED_AT, "version": format!("3 {RECEIVED_AT}"),
        "event_name": "call_event", "widget_id": "90017", "visitor": {"number": "311"}, "agent": {"id": "7", "name": "Omar"},
        "call": {"type": "incoming", "phone": "+15550100", "status": "end", "record_url": "https://files.example/1.mp4"}});
    assert_eq!(records(&call("end"), "calls"), [expect]);
    assert_eq!(filled(&call("end")), ["calls 1", "agents 1", "events 1"]);
    let versions: Vec<_> = ["start", "agent_connected", "error"]
        .map(|status| records(&call(status), "calls")[0]["version"].as_str().unwrap().to_owned())
        .to_vec();
    assert!(versions.is_sorted() && versions[0] < versions[1] && versions[1] < versions[2]);
}

#[test]
fn offline_messages() {
    let expect = json!({"offline_message_id": "1767229200123", "text": "Please call back", "received_at": RECEIVED_AT,
        "version": format!("1 {RECEIVED_AT}"), "event_name": "offline_message", "widget_id": "90017", "chat_id": "55121",
        "visitor": {"name": "Ib Ro", "number": "312"}});
    assert_eq!(records(&offline(), "offline_messages"), [expect]);
    assert_eq!(filled(&offline()), ["offline_messages 1", "events 1"]);
    let object = with(&offline(), "message", json!({"text": "x"}));
    assert_eq!(records(&object, "offline_messages")[0]["message"]["text"], "x");
    assert_eq!(
        filled(&json!({"event_name": "offline_message", "message": "x"})),
        ["offline_messages 0 rejected: it has no `offline_message_id`", "events 1"]
    );
}

#[test]
fn every_event_is_kept_as_it_came() {
    let body = " {\"event_name\": \"offline_message\",\r\n\"widget_id\":90017, \"client_id\":7,\"x\":\"\\ud83d\"} ";
    let outcome = handle(&Event { path_with_query: "?site=a".into(), ..event(body.as_bytes()) });
    let kept = outcome.deliveries.iter().find(|delivery| delivery.resource_name == "events").unwrap();
    let kept: Value = serde_json::from_slice(&kept.records).unwrap();
    let id = kept["id"].as_str().unwrap();
    assert!(id.starts_with("1767229261123-") && id.len() == 14 + 32, "{id}");
    let expect = json!({"id": id, "api": "webhooks", "event_name": "offline_message", "widget_id": "90017",
        "client_id": "7", "received_at": RECEIVED_AT, "path": "?site=a", "body": body});
    assert_eq!(kept, expect);
}

#[test]
fn events_that_nobody_knows_are_taken() {
    for (body, name) in [
        (json!({"event_name": "chat_started", "chat_id": 1}), Some("chat_started")),
        (json!({"event": "CLIENT_MESSAGE", "id": "0f0e", "message": {"type": "TEXT"}}), Some("CLIENT_MESSAGE")),
        (json!({"new": true}), None),
        (json!({}), None),
        (json!([]), None),
        (json!([{"event_name": "chat_accepted"}]), None),
        (json!(5), None),
        (json!("x"), None),
        (json!(null), None),
    ] {
        assert_eq!(filled(&body), ["events 1"], "{body}");
        let kept = &records(&body, "events")[0];
        assert_eq!((kept["event_name"].as_str(), kept["body"].as_str()), (name, Some(body.to_string().as_str())));
        assert_eq!(kept.get("api"), None);
    }
}

#[test]
fn what_is_no_json_is_refused_and_kept_aside() {
    let check = |body: &[u8], reason: &str| {
        let outcome = handle(&event(body));
        assert_eq!(outcome.status, 400);
        assert_eq!(outcome.content_type.as_deref(), Some("text/plain; charset=utf-8"));
        let told = String::from_utf8(outcome.body).unwrap();
        assert_eq!(told, format!("the body is no JSON: {reason}; do not send it again\n"));
        let [delivery] = &outcome.deliveries[..] else { panic!("not one delivery") };
        assert_eq!((delivery.resource_name.as_str(), delivery.records.len()), ("events", 0));
        assert_eq!(delivery.rejected[0].reason, format!("the body is no JSON: {reason}"));
        assert_eq!(delivery.rejected[0].raw, String::from_utf8_lossy(body));
        assert!(outcome.dedupe_key.unwrap().starts_with("refused:"));
    };
    check(b"", "it is empty");
    check(b" \n", "it is empty");
    check(b"event_name=chat_accepted", "expected value at line 1 column 1");
    check(b"{\"a\":1", "EOF while parsing an object at line 1 column 6");
    check(b"{\"a\":1}{}", "trailing characters at line 1 column 8");
    check(b"{\"a\":\"\xFF\"}", "invalid utf-8 sequence of 1 bytes from index 6");
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_event() {
    let outcome = handle(&event(b"\xEF\xBB\xBF{\"event_name\":\"x\"}"));
    assert_eq!((outcome.status, outcome.dedupe_key), (200, taken(&json!({"event_name": "x"})).dedupe_key));
}
