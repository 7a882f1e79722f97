//! Events that tell how a chat stands.

use serde_json::{Value, json};

use super::*;

/// With the mixed types of the documentation's samples.
pub(super) fn accepted() -> Value {
    json!({
        "event_name": "chat_accepted", "widget_id": "90017", "chat_id": 55120, "user_token": null,
        "visitor": {"name": "Vera Lind", "email": "vera@example.org", "phone": "+15550100", "description": "",
            "number": "311", "social": {}, "chats_count": 2},
        "organization": {"id": "3", "name": "Lind AS"}, "status": {"id": "2", "title": "new"},
        "assigned_agent": {"id": 7, "email": "omar@shop.example", "name": "Omar"},
        "tags": [{"id": "5", "title": "Wholesale"}],
        "topic": {"topic_id": 12, "title": "Stock", "parent_id": 4}, "department": {"id": 9, "name": "Sales"},
        "session": {
            "geoip": {"region_code": "18", "country": "Norway", "country_code": "NO", "region": "Nordland", "city": "Bodo",
                "latitude": "67.2804", "longitude": "14.4049", "organization": "Example Net"},
            "utm": "source=news|medium=email", "utm_json": {"source": "news", "medium": "email"},
            "ip_addr": "192.0.2.14", "user_agent": "ExampleBrowser/1.0"
        },
        "page": {"url": "https://shop.example/cart", "title": "Cart"}, "analytics": {},
        "agent": {"id": "7", "name": "Omar", "email": "omar@shop.example", "phone": "+15550199"}
    })
}

pub(super) fn finished() -> Value {
    json!({
        "event_name": "chat_finished", "widget_id": "90017", "chat_id": 55120,
        "visitor": {"name": "Vera Lind", "email": "vera@example.org", "phone": null, "description": "", "number": "311",
            "chats_count": 2},
        "organization": null, "status": null, "assigned_agent": null, "tags": [], "analytics": null,
        "agents": [{"id": "7", "name": "Omar", "email": "omar@shop.example", "phone": "+15550199"},
            {"id": "8", "name": "Lidia", "email": "lidia@shop.example"}],
        "chat": {"messages": [
                {"message": "Is the blue one in stock?", "timestamp": 1_767_225_600, "type": "visitor"},
                {"message": "Yes, two left.", "timestamp": 1_767_225_655, "type": "agent", "agent_id": 7}],
            "blacklisted": false, "rate": "positive"},
        "plain_messages": "Vera: Is the blue one", "html_messages": ""
    })
}

#[test]
fn accepted_chats() {
    let [chat] = &records(&accepted(), "chats")[..] else { panic!("not one chat") };
    assert_eq!(
        *chat,
        json!({
            "chat_id": "55120", "state": "active", "event_name": "chat_accepted", "received_at": RECEIVED_AT,
            "version": format!("1 {RECEIVED_AT}"), "widget_id": "90017",
            "visitor": {"name": "Vera Lind", "email": "vera@example.org", "phone": "+15550100", "description": "",
                "number": "311", "chats_count": 2},
            "organization": {"id": "3", "name": "Lind AS"}, "status": {"id": "2", "title": "new"},
            "assigned_agent": {"id": "7", "email": "omar@shop.example", "name": "Omar"},
            "tags": [{"id": "5", "title": "Wholesale"}],
            "topic": {"topic_id": "12", "title": "Stock", "parent_id": "4"}, "department": {"id": "9", "name": "Sales"},
            "session": {
                "geoip": {"region_code": "18", "country": "Norway", "country_code": "NO", "region": "Nordland",
                    "city": "Bodo", "latitude": 67.2804, "longitude": 14.4049, "organization": "Example Net"},
                "utm": "source=news|medium=email", "utm_json": {"source": "news", "medium": "email"},
                "ip_addr": "192.0.2.14", "user_agent": "ExampleBrowser/1.0"
            },
            "page": {"url": "https://shop.example/cart", "title": "Cart"},
            "agents": [{"id": "7", "name": "Omar", "email": "omar@shop.example", "phone": "+15550199"}]
        })
    );
    assert_eq!(filled(&accepted()), ["chats 1", "agents 2", "events 1"]);
}

#[test]
fn finished_chats() {
    let [chat] = &records(&finished(), "chats")[..] else { panic!("not one chat") };
    assert_eq!(
        *chat,
        json!({
            "chat_id": "55120", "state": "finished", "event_name": "chat_finished", "received_at": RECEIVED_AT,
            "version": format!("2 {RECEIVED_AT}"), "widget_id": "90017",
            "visitor": {"name": "Vera Lind", "email": "vera@example.org", "description": "", "number": "311",
                "chats_count": 2},
            "agents": [{"id": "7", "name": "Omar", "email": "omar@shop.example", "phone": "+15550199"},
                {"id": "8", "name": "Lidia", "email": "lidia@shop.example"}],
            "message_count": 2, "chat": {"blacklisted": false, "rate": "positive"}
        })
    );
    let expect = ["chats 1", "inbound_messages 1", "outbound_messages 1", "agents 2", "events 1"];
    assert_eq!(filled(&finished()), expect);
}

#[test]
fn a_chat_without_messages_keeps_what_was_written_as_one_text() {
    let body = with(&finished(), "chat.messages", json!([]));
    let chat = &records(&body, "chats")[0];
    assert_eq!(chat["plain_messages"], "Vera: Is the blue one");
    assert_eq!((chat.get("message_count"), &chat["chat"]["rate"]), (None, &json!("positive")));
}

#[test]
fn other_events_of_a_chat() {
    for (name, state) in [("chat_updated", "active"), ("chat_assigned", "active")] {
        let body = with(&with(&accepted(), "event_name", json!(name)), "assign_to", json!("https://crm.example/1"));
        let chat = &records(&body, "chats")[0];
        assert_eq!((&chat["event_name"], &chat["state"]), (&json!(name), &json!(state)));
        assert_eq!(chat["assign_to"], "https://crm.example/1");
    }
}

#[test]
fn the_end_of_a_chat_is_a_later_version_than_all_before() {
    let version = |body: &Value| records(body, "chats")[0]["version"].as_str().unwrap().to_owned();
    assert!(version(&accepted()) < version(&finished()));
}

#[test]
fn every_spelling_of_nothing_is_nothing() {
    let plain = records(&accepted(), "chats");
    for path in ["analytics", "user_token", "visitor.social"] {
        for nothing in [json!(null), json!({}), json!([])] {
            assert_eq!(records(&with(&accepted(), path, nothing.clone()), "chats"), plain, "{path} {nothing}");
        }
    }
}

#[test]
fn every_spelling_of_an_identity_is_a_text() {
    let plain = records(&accepted(), "chats");
    for (path, number) in [
        ("chat_id", json!("55120")),
        ("widget_id", json!(90017)),
        ("visitor.number", json!(311)),
        ("organization.id", json!(3)),
        ("status.id", json!(2)),
        ("assigned_agent.id", json!("7")),
        ("agent.id", json!(7)),
        ("tags.0.id", json!(5)),
        ("topic.topic_id", json!("12")),
        ("department.id", json!("9")),
        ("session.geoip.latitude", json!(67.2804)),
    ] {
        assert_eq!(records(&with(&accepted(), path, number), "chats"), plain, "{path}");
    }
}

#[test]
fn one_or_many() {
    let one = json!({"id": "5", "title": "Wholesale"});
    for tags in [json!([one]), json!(one), json!({"0": one})] {
        assert_eq!(records(&with(&accepted(), "tags", tags), "chats")[0]["tags"], json!([one]));
    }
    let agent = json!({"id": 7, "name": "Omar"});
    let told = json!([{"id": "7", "name": "Omar"}]);
    for (key, value) in [("agents", json!([agent])), ("agents", json!(agent)), ("agent", json!(agent))] {
        let body = with(&json!({"event_name": "chat_accepted", "chat_id": 1}), key, value);
        assert_eq!(records(&body, "chats")[0]["agents"], told, "{key}");
    }
    // The accepting agent comes first, and once.
    let body = json!({"event_name": "chat_accepted", "chat_id": 1, "agents": [{"id": 8}, {"id": "7"}], "agent": agent});
    assert_eq!(records(&body, "chats")[0]["agents"], json!([{"id": "8"}, {"id": "7"}]));
    let body = with(&body, "agent.id", json!(9));
    assert_eq!(records(&body, "chats")[0]["agents"][0]["id"], "9");
}

#[test]
fn a_chat_without_an_identity_is_kept_aside() {
    let body = json!({"event_name": "chat_accepted", "widget_id": 1});
    assert_eq!(filled(&body), ["chats 0 rejected: it has no `chat_id`", "events 1"]);
    assert_eq!(taken(&body).deliveries[0].rejected[0].raw, body.to_string());
}
