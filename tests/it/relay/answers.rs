//! What a caller is answered, and what reaches the service and the table.

use acceptance::receiver::Receiver;
use serde_json::{Value, json};

use super::{message, passed_on, project, reached, reached_ids, recorded, service};

#[test]
fn a_message_reaches_the_channel_and_the_table() {
    let service = service();
    let project = project(&service);
    let url = project.cli().args(["hook", "url", "--relay"]).run().code(0).stdout.clone();
    let hook = project.cli().args(["hook", "url"]).run().code(0).stdout.clone();
    assert_eq!(url, hook.replacen("/hook/", "/relay/", 1));
    let receiver = Receiver::start(&project);
    let (status, body) = receiver.relay("").post(&message("c-1", "m-1"));
    let answer: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &answer["delivery_status"]), (202, &json!("pending")));
    passed_on(&receiver);
    receiver.stop().code(0);
    assert_eq!(reached(&service), [serde_json::from_str::<Value>(&message("c-1", "m-1")).unwrap()]);
    let request = &service.requests_to("")[0];
    assert_eq!(request.headers["content-type"], "application/json; charset=utf-8");
    let expect = json!({"id": "m-1", "client_id": "c-1", "status": "delivered", "attempts": 1, "http_status": 200,
                        "error": null});
    assert_eq!(recorded(&project), [expect]);
    // The credential is part of the channel's address, and of nothing that is kept.
    for file in ["jivochat.duckdb", ".sluicegate/inbox/events.sqlite", ".sluicegate/inbox/events.sqlite-wal"] {
        let bytes = std::fs::read(project.path(file)).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&bytes).contains("standin-public-id"), "{file}");
    }
}

#[test]
fn one_who_waits_gets_the_service_s_answer() {
    use acceptance::fake_jivo::{Fault, Reply};
    let service = service();
    let project = project(&service).set("relay.resends", 1);
    let receiver = Receiver::start(&project);
    service.fault("", 2..=2, Fault::Answer(Reply::text(404, "channel_not_found")));
    service.fault("", 3..=4, Fault::Answer(Reply::text(503, "later")));
    let cases = [
        (
            "m-1",
            200,
            json!({"delivery_status": "delivered", "attempts": 1, "http_status": 200, "error": null,
                             "answer": "{\"result\":\"ok\"}"}),
        ),
        (
            "m-2",
            404,
            json!({"delivery_status": "rejected", "attempts": 1, "http_status": 404,
                             "error": "channel_not_found", "answer": "channel_not_found"}),
        ),
        (
            "m-3",
            502,
            json!({"delivery_status": "undeliverable", "attempts": 2, "http_status": 503, "error": "later",
                             "answer": "later"}),
        ),
    ];
    for (id, status, expect) in cases {
        let (found, body) = receiver.relay("?wait=1").post(&message("c-1", id));
        let mut answer: Value = serde_json::from_str(&body).unwrap();
        answer.as_object_mut().unwrap().remove("relay").unwrap();
        assert_eq!((found, &answer), (status, &expect), "{id}");
    }
    // The same message again is one with the first, and is not sent again.
    let (status, body) = receiver.relay("?wait=1").post(&message("c-1", "m-2"));
    let answer: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &answer["delivery_status"]), (404, &json!("rejected")));
    assert_eq!(reached_ids(&service), ["m-1", "m-2", "m-3", "m-3"]);
    receiver.stop().code(0);
    let known: Vec<_> = recorded(&project).iter().map(|row| (row["id"].clone(), row["status"].clone())).collect();
    assert_eq!(json!(known), json!([["m-1", "delivered"], ["m-2", "rejected"], ["m-3", "undeliverable"]]));
}

#[test]
fn every_documented_type_is_passed_on_and_recorded() {
    let service = service();
    let project = project(&service);
    let receiver = Receiver::start(&project);
    let messages = [
        json!({"type": "text", "text": "Hi"}),
        json!({"type": "photo", "file": "https://f.example/1.jpg", "file_name": "1.jpg", "width": 10, "height": 20}),
        json!({"type": "document", "file": "https://f.example/1.pdf"}),
        json!({"type": "video", "file": "https://f.example/1.mp4"}),
        json!({"type": "audio", "file": "https://f.example/1.mp3"}),
        json!({"type": "sticker", "file": "https://f.example/1.webp"}),
        json!({"type": "location", "latitude": 67.2804, "longitude": 14.4049}),
        json!({"type": "typein"}),
        json!({"type": "seen", "id": "a-5531"}),
        json!({"type": "rate", "value": 1}),
        json!({"type": "keyboard", "keyboard": [{"id": "1", "text": "Yes"}]}),
        json!({"type": "start"}),
        json!({"type": "stop"}),
    ];
    let bodies: Vec<_> = messages.iter().map(|message| json!({"sender": {"id": "c-1"}, "message": message})).collect();
    for body in &bodies {
        assert_eq!(receiver.relay("").post(&body.to_string()).0, 202, "{body}");
    }
    passed_on(&receiver);
    receiver.stop().code(0);
    assert_eq!(reached(&service), bodies);
    let kinds = "SELECT string_agg(DISTINCT type, ' ' ORDER BY type) FROM jivochat_data.inbound_messages \
                 WHERE delivery_status = 'delivered'";
    assert_eq!(
        project.value(kinds),
        "audio document keyboard location photo rate seen start sticker stop text typein video"
    );
    assert_eq!(project.count("inbound_messages"), 13);
}

#[test]
fn what_is_no_message_is_refused_and_not_kept() {
    let service = service();
    let project = project(&service);
    let receiver = Receiver::start(&project);
    let cases = [
        ("{", "the body is no JSON"),
        ("[]", "the message has no `sender`"),
        (r#"{"sender":{"id":"c"},"message":{"type":"text"}}"#, "a message of the type `text` needs `message.text`"),
    ];
    for (body, words) in cases {
        let (status, answer) = receiver.relay("").post(body);
        assert!(status == 400 && answer.starts_with(words), "{status}: {answer}");
    }
    let url = format!("{}x", receiver.path().replacen("/hook/", "/relay/", 1));
    assert_eq!(receiver.client().at(&url).post(&message("c", "m")).0, 404);
    assert_eq!(receiver.metric("sluicegate_relays_refused_total"), 3);
    receiver.stop().code(0);
    assert!(reached(&service).is_empty());
    assert!(!project.path("jivochat.duckdb").exists());
}

#[test]
fn what_nothing_grants_is_not_taken() {
    let service = service();
    let project = project(&service).set("source.allow", vec!["https://wh.jivosite.com"]);
    let receiver = Receiver::start(&project);
    assert_eq!(receiver.relay("").post(&message("c-1", "m-1")).0, 503);
    let output = receiver.stop();
    output.code(0).stderr_has(&["a message was turned away", "the origin is not granted", "to `allow` in [source]"]);
    assert!(reached(&service).is_empty());
}
