//! Clients, their attributes, and agents.

use serde_json::{Value, json};

use super::{chats::accepted, *};

fn client_updated() -> Value {
    json!({
        "event_name": "client_updated", "widget_id": "90017", "user_token": null, "client_id": "312",
        "visitor": {"name": "Ib Ro", "email": "ib@example.org", "phone": "+15550111", "description": "", "number": 312,
            "chats_count": 1},
        "organization": {"id": "3", "name": "Ro AS"}, "status": {"id": "2", "title": "new"},
        "assigned_agent": {"id": 7, "email": "omar@shop.example", "name": "Omar"}, "tags": [{"id": "5", "title": "Wholesale"}]
    })
}

fn attribute(attributes: &Value) -> Value {
    json!({"event_name": "client_attribute_updated", "widget_id": "90017", "user_token": null, "client_id": 312,
        "attributes": attributes})
}

fn crm_client() -> Value {
    json!({
        "event_type": "crm_client", "event_name": "updated_client", "client_id": 312, "widget": {"widget_id": 90017},
        "name": "Ib Ro", "chats_count": "1", "has_deal": 0, "organization": {"organization_id": 3, "name": "Ro AS"},
        "status": {"title": "new", "color": "00ff00", "position": 1, "status_id": 2},
        "assigned_agent": {"assigned_agent_id": 7}, "tags": [{"tag_id": 5, "title": "Wholesale"}],
        "contacts": [{"contact_type": "phone", "contact": "+15550111", "channel_type": "widget"},
            {"contact_type": "email", "contact": "ib@example.org", "channel_type": "agent_app"}],
        "blacklist": null
    })
}

#[test]
fn updated_clients() {
    let expect = json!({
        "client_id": "312", "event_name": "client_updated", "received_at": RECEIVED_AT,
        "version": format!("2 {RECEIVED_AT}"), "widget_id": "90017", "name": "Ib Ro", "email": "ib@example.org",
        "phone": "+15550111", "description": "", "number": "312", "chats_count": 1,
        "organization": {"id": "3", "name": "Ro AS"}, "status": {"id": "2", "title": "new"},
        "assigned_agent": {"id": "7", "email": "omar@shop.example", "name": "Omar"},
        "tags": [{"id": "5", "title": "Wholesale"}]
    });
    assert_eq!(records(&client_updated(), "clients"), [expect]);
    assert_eq!(filled(&client_updated()), ["clients 1", "agents 1", "events 1"]);
}

#[test]
fn clients_of_the_crm_are_told_like_others() {
    let [client] = &records(&crm_client(), "clients")[..] else { panic!("not one client") };
    let like = &records(&client_updated(), "clients")[0];
    for key in ["client_id", "widget_id", "name", "email", "phone", "chats_count", "organization", "tags", "version"] {
        assert_eq!(client[key], like[key], "{key}");
    }
    assert_eq!(client["status"]["id"], "2");
    assert_eq!((&client["assigned_agent"], &client["has_deal"]), (&json!({"id": "7"}), &json!(false)));
    assert_eq!(filled(&crm_client()), ["crm_events 1", "clients 1", "events 1"]);
    // The same within an object of its own.
    let inner = json!({"event_name": "updated_client", "client": {"client_id": 312, "name": "Ib Ro"}});
    assert_eq!(records(&inner, "clients")[0]["name"], "Ib Ro");
}

#[test]
fn a_deleted_client_is_marked_for_good() {
    let [client] = &records(&json!({"event_name": "deleted_client", "client_id": 312}), "clients")[..] else {
        panic!()
    };
    assert_eq!(client["deleted"], true);
    assert!(client["version"].as_str() > records(&crm_client(), "clients")[0]["version"].as_str());
}

#[test]
fn attributes_are_told_one_by_one() {
    let check = |attributes: Value, expect: &[(&str, Option<&str>)]| {
        let found = records(&attribute(&attributes), "client_attributes");
        let found: Vec<_> = found
            .iter()
            .map(|record| {
                assert_eq!(record["client_id"], "312");
                (record["name"].as_str().unwrap(), record.get("value").map(|value| value.as_str().unwrap()))
            })
            .collect();
        assert_eq!(found, expect, "{attributes}");
    };
    check(json!({"color": "blue", "size": 42}), &[("color", Some("blue")), ("size", Some("42"))]);
    check(
        json!({"id": true, "x": {"a": [1]}, "gone": null}),
        &[("id", Some("true")), ("x", Some(r#"{"a":[1]}"#)), ("gone", None)],
    );
    check(json!([{"name": "color", "value": "blue"}, {"size": 42}]), &[("color", Some("blue")), ("size", Some("42"))]);
    check(json!([{"name": "color"}]), &[("color", None)]);
    check(json!([{"name": "Vera", "city": "Bodo"}]), &[("name", Some("Vera")), ("city", Some("Bodo"))]);
    check(json!([]), &[]);
    check(json!("blue"), &[]);
}

#[test]
fn an_attribute_does_not_take_the_place_of_all_that_is_known() {
    let body = attribute(&json!({"color": "blue"}));
    let expect = json!({"client_id": "312", "event_name": "client_attribute_updated", "received_at": RECEIVED_AT,
        "version": format!("1 {RECEIVED_AT}"), "widget_id": "90017"});
    assert_eq!(records(&body, "clients"), [expect]);
    assert_eq!(filled(&body), ["client_attributes 1", "clients 1", "events 1"]);
}

#[test]
fn agents_are_told_wherever_they_are_met() {
    let agents = records(&accepted(), "agents");
    assert_eq!(
        agents,
        [
            json!({"id": "7", "received_at": RECEIVED_AT, "version": format!("3 {RECEIVED_AT}"), "name": "Omar",
                "email": "omar@shop.example", "phone": "+15550199"}),
            json!({"id": "7", "received_at": RECEIVED_AT, "version": format!("2 {RECEIVED_AT}"), "email": "omar@shop.example",
                "name": "Omar"}),
        ]
    );
    // Less is told without an address, wherever it is.
    let named = json!({"event_name": "chat_accepted", "chat_id": 1, "agent": {"id": 7, "name": "Omar"}});
    assert_eq!(records(&named, "agents")[0]["version"], format!("1 {RECEIVED_AT}"));
    // An identity alone says nothing new.
    assert_eq!(records(&with(&accepted(), "assigned_agent", json!({"id": 7})), "agents").len(), 1);
}
