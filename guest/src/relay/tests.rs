//! Messages on their way to JivoChat: what each is sent as, and what is kept of it.

use serde_json::{Value, json};

use super::*;
use crate::bindings::exports::sluicegate::source::relay::Status;

const CONFIG: &str = r#"{"base_url":"https://wh.example","random":"r 1","jivo_public_id":"tok-en-1234"}"#;

fn event(body: &Value) -> Event {
    Event {
        method: "POST".to_owned(),
        path_with_query: String::new(),
        headers: Vec::new(),
        body: body.to_string().into_bytes(),
        received_at_ms: 1_767_229_261_123,
    }
}

fn text(client: &Value, id: Option<&str>) -> Value {
    json!({"sender": {"id": client, "name": "Vera"}, "message": {"type": "text", "id": id, "text": "Hi"}})
}

#[track_caller]
fn passed_on(event: &Event) -> Plan {
    match plan(CONFIG, event).unwrap() {
        Verdict::PassOn(plan) => plan,
        Verdict::Refuse(refusal) => panic!("{}", String::from_utf8_lossy(&refusal.body)),
    }
}

#[track_caller]
fn refusal(body: &Value) -> String {
    match plan(CONFIG, &event(body)).unwrap() {
        Verdict::PassOn(_) => panic!("{body} was taken"),
        Verdict::Refuse(refusal) => {
            assert_eq!(refusal.status, 400);
            let text = String::from_utf8(refusal.body).unwrap();
            text.strip_suffix("; do not send it again\n").unwrap().to_owned()
        }
    }
}

#[test]
fn a_message_is_posted_to_the_channel_as_it_came() {
    let event = event(&text(&json!("c-1"), Some("m-1")));
    let plan = passed_on(&event);
    assert_eq!(
        (plan.request.method.as_str(), plan.request.url.as_str()),
        ("POST", "https://wh.example/r%201/tok-en-1234")
    );
    assert_eq!(plan.request.body, event.body);
    assert_eq!(plan.request.headers, [("content-type".to_owned(), b"application/json; charset=utf-8".to_vec())]);
    assert_eq!(plan.order_key.as_deref(), Some("c-1"));
    assert_eq!((plan.resends, plan.shortest_wait_ms, plan.longest_wait_ms), (3, 3000, 60_000));
}

#[test]
fn a_client_that_is_a_number_becomes_a_text() {
    let plan = passed_on(&event(&text(&json!(42), None)));
    let body: Value = serde_json::from_slice(&plan.request.body).unwrap();
    assert_eq!(body, text(&json!("42"), None));
    assert_eq!(plan.order_key.as_deref(), Some("42"));
}

#[test]
fn every_documented_type_is_taken_with_what_it_needs() {
    let cases = [
        (json!({"type": "text", "text": "Hi"}), "text"),
        (json!({"type": "photo", "file": "https://f/1.jpg"}), "file"),
        (json!({"type": "document", "file": "https://f/1.pdf"}), "file"),
        (json!({"type": "video", "file": "https://f/1.mp4"}), "file"),
        (json!({"type": "audio", "file": "https://f/1.mp3"}), "file"),
        (json!({"type": "sticker", "file": "https://f/1.webp"}), "file"),
        (json!({"type": "location", "latitude": 67.28, "longitude": 14.4}), "longitude"),
        (json!({"type": "seen", "id": "a-1"}), "id"),
        (json!({"type": "rate", "value": 0}), "value"),
        (json!({"type": "keyboard", "keyboard": [{"id": "1", "text": "Yes"}]}), "keyboard"),
        (json!({"type": "typein"}), ""),
        (json!({"type": "start"}), ""),
        (json!({"type": "stop"}), ""),
        (json!({"type": "hologram"}), ""),
    ];
    for (message, needed) in cases {
        let whole = json!({"sender": {"id": "c-1"}, "message": message});
        passed_on(&event(&whole));
        if !needed.is_empty() {
            let mut lacking = whole.clone();
            lacking["message"].as_object_mut().unwrap().remove(needed);
            let kind = message["type"].as_str().unwrap();
            assert_eq!(refusal(&lacking), format!("a message of the type `{kind}` needs `message.{needed}`"));
        }
    }
}

#[test]
fn what_is_no_message_is_refused() {
    let cases = [
        (json!([]), "the message has no `sender`"),
        (json!({"message": {"type": "text", "text": "Hi"}}), "the message has no `sender`"),
        (json!({"sender": {"name": "Vera"}, "message": {"type": "typein"}}), "the message has no `sender.id`"),
        (json!({"sender": {"id": ""}, "message": {"type": "typein"}}), "the message has no `sender.id`"),
        (json!({"sender": {"id": "c"}}), "the message has no `message`"),
        (json!({"sender": {"id": "c"}, "message": {"text": "Hi"}}), "the message has no `message.type`"),
    ];
    for (body, expect) in cases {
        assert_eq!(refusal(&body), expect, "{body}");
    }
    let long = json!({"sender": {"id": "é".repeat(256)}, "message": {"type": "typein"}});
    assert_eq!(refusal(&long), "`sender.id` has 256 characters, more than 255");
    passed_on(&event(&json!({"sender": {"id": "é".repeat(255)}, "message": {"type": "typein"}})));
    let keys = json!({"sender": {"id": "c"}, "message": {"type": "keyboard", "keyboard": vec![json!({"id": "1"}); 8]}});
    assert_eq!(refusal(&keys), "`message.keyboard` has 8 keys, more than 7");
    let Ok(Verdict::Refuse(refusal)) = plan(CONFIG, &Event { body: b"{".to_vec(), ..event(&json!({})) }) else {
        panic!()
    };
    assert!(refusal.body.starts_with(b"the body is no JSON: "));
    assert!(plan(r#"{"random":"r"}"#, &event(&json!({}))).is_err());
}

#[test]
fn two_messages_are_one_by_identity_or_by_the_caller_s_word() {
    let key = |body: &Value| passed_on(&event(body)).dedupe_key;
    let one = text(&json!("c-1"), Some("m-1"));
    assert_eq!(key(&one), key(&serde_json::from_str(&one.to_string()).unwrap()));
    assert_ne!(key(&one), key(&text(&json!("c-2"), Some("m-1"))));
    assert_ne!(key(&one), key(&text(&json!("c-1"), Some("m-2"))));
    assert_eq!(key(&text(&json!("c-1"), None)), None);
    let said = |client: &str, word: &[u8]| {
        let mut event = event(&text(&json!(client), None));
        event.headers.push((IDEMPOTENCY_KEY.to_owned(), word.to_vec()));
        passed_on(&event).dedupe_key.unwrap()
    };
    assert_eq!(said("c-1", b"a"), said("c-1", b"a"));
    assert!(said("c-1", b"a") != said("c-1", b"b") && said("c-1", b"a") != said("c-2", b"a"));
}

#[test]
fn the_record_says_how_far_it_came() {
    let event = event(&text(&json!("c-1"), Some("m-1")));
    let record = |step, status, http_status| {
        let progress = Progress { id: "box-7".to_owned(), step, status, attempts: step, http_status, reason: None };
        let deliveries = records(&event, &progress);
        assert_eq!(deliveries.len(), 1);
        assert_eq!(deliveries[0].resource_name, "inbound_messages");
        serde_json::from_slice::<Value>(&deliveries[0].records).unwrap()
    };
    let pending = record(0, Status::Pending, None);
    let delivered = record(1, Status::Delivered, Some(200));
    let expect = json!({
        "id": "m-1", "client_id": "c-1", "author": "visitor", "type": "text", "text": "Hi", "visitor": {"name": "Vera"},
        "received_at": "2026-01-01T01:01:01.123Z", "version": "3 2026-01-01T01:01:01.123Z 00001", "relay_id": "box-7",
        "delivery_status": "delivered", "attempts": 1, "http_status": 200, "delivery_error": null,
    });
    assert_eq!(delivered, expect);
    assert_eq!((&pending["delivery_status"], &pending["http_status"]), (&json!("pending"), &Value::Null));
    assert!(pending["version"].as_str() < delivered["version"].as_str());
}
