//! What holds for every event.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{
    chats::{accepted, finished},
    *,
};

/// Names that mean something somewhere, and some that do not.
const NAMES: &[&str] = &[
    "event_name",
    "event_type",
    "chat_id",
    "client_id",
    "visitor",
    "agent",
    "agents",
    "assigned_agent",
    "chat",
    "messages",
    "message",
    "type",
    "id",
    "timestamp",
    "date",
    "sender",
    "recipient",
    "tags",
    "attributes",
    "name",
    "value",
    "call",
    "status",
    "contacts",
    "client",
    "widget",
    "offline_message_id",
    "latitude",
    "has_deal",
    "x",
    "received_at",
    "version",
];

const WORDS: &[&str] = &[
    "call_event",
    "chat_accepted",
    "chat_finished",
    "client_updated",
    "client_attribute_updated",
    "offline_message",
    "created_client",
    "deleted_client",
    "updated_deal",
    "crm_client",
    "visitor",
    "agent",
    "text",
    "seen",
    "1767225600",
    "7",
    "",
];

fn json_values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|number| json!(number)),
        any::<f64>().prop_map(|number| json!(number)),
        prop::sample::select(WORDS).prop_map(|word| json!(word)),
        ".{0,6}".prop_map(|text| json!(text)),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((prop::sample::select(NAMES), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}

fn events() -> impl Strategy<Value = Value> {
    let members = prop::collection::vec((prop::sample::select(NAMES), json_values()), 0..10);
    (prop::sample::select(WORDS), members).prop_map(|(name, members)| {
        let mut event: Map<String, Value> = members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        event.insert("event_name".to_owned(), json!(name));
        Value::Object(event)
    })
}

/// The same value with its members in reverse order.
fn reversed(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.iter().rev().map(|(key, value)| (key.clone(), reversed(value))).collect(),
        Value::Array(items) => items.iter().map(reversed).collect(),
        other => other.clone(),
    }
}

/// The same value with identities as texts, or as numbers where they can be. What users named themselves is none.
fn spelled(value: &Value, as_text: bool) -> Value {
    match value {
        Value::Object(members) => {
            let spell = |(key, value): (&String, &Value)| {
                let identity = key == "id" || key == "number" || key.ends_with("_id");
                let value = match value {
                    Value::Number(number) if identity && as_text && !number.is_f64() => json!(number.to_string()),
                    Value::String(text) if identity && !as_text => {
                        text.parse::<u64>().map_or_else(|_| value.clone(), |number| json!(number))
                    }
                    other if key == "attributes" => other.clone(),
                    other => spelled(other, as_text),
                };
                (key.clone(), value)
            };
            members.iter().map(spell).collect()
        }
        Value::Array(items) => items.iter().map(|item| spelled(item, as_text)).collect(),
        other => other.clone(),
    }
}

/// That an outcome keeps the contract: the answer, known resources, one JSON object per line, with its key.
fn keeps_the_contract(outcome: &Outcome) {
    assert!(matches!(outcome.status, 200 | 400));
    assert!(outcome.dedupe_key.as_ref().is_some_and(|key| key.len() <= 1024));
    let mut seen = BTreeSet::new();
    for delivery in &outcome.deliveries {
        let resource = RESOURCES.iter().find(|resource| resource.name == delivery.resource_name).unwrap();
        assert!(seen.insert(resource.name), "`{}` twice", resource.name);
        for line in std::str::from_utf8(&delivery.records).unwrap().lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            for key in resource.key {
                assert!(record[key].is_string(), "`{}` without `{key}`: {record}", resource.name);
            }
        }
    }
}

#[test]
fn resources_keep_the_contract() {
    for resource in RESOURCES {
        assert!(resource.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
        assert!(!resource.key.is_empty());
    }
    let names: BTreeSet<_> = resources().into_iter().map(|spec| spec.name).collect();
    assert_eq!(names.len(), RESOURCES.len());
}

#[test]
fn the_key_tells_content_apart() {
    let keys: BTreeSet<_> = [
        accepted(),
        finished(),
        with(&finished(), "chat.rate", json!("negative")),
        with(&finished(), "chat_id", json!(1)),
        with(&accepted(), "event_name", json!("chat_updated")),
        json!({"recipient": {"id": "c"}, "message": {"type": "text", "id": "1", "text": "x"}}),
        json!({"recipient": {"id": "c"}, "message": {"type": "text", "id": "2", "text": "x"}}),
        json!({"recipient": {"id": "c"}, "message": {"type": "photo", "id": "1", "text": "x"}}),
        json!(1),
        json!("1"),
    ]
    .iter()
    .map(key)
    .collect();
    assert_eq!(keys.len(), 10);
    assert!(key(&finished()).starts_with("chat_finished:"));
}

#[test]
fn the_time_of_receipt_is_no_part_of_the_key_but_of_the_name() {
    let body = finished().to_string();
    let (one, two) = (event(body.as_bytes()), Event { received_at_ms: 0, ..event(body.as_bytes()) });
    assert_eq!(handle(&one).dedupe_key, handle(&two).dedupe_key);
    let id = |event: &Event| Received::read(event).unwrap().id();
    assert_ne!(id(&one), id(&two));
}

#[test]
fn an_object_with_very_many_members_is_no_trouble() {
    let members: Map<String, Value> = (0..50_000).map(|n| (format!("k{n}"), json!(n))).collect();
    let mut body = Value::Object(members);
    body["event_name"] = json!("chat_finished");
    body["chat_id"] = json!(1);
    assert_eq!(records(&body, "chats")[0]["k49999"], 49999);
}

proptest! {
    #[test]
    fn any_bytes_have_an_outcome(bytes in prop::collection::vec(any::<u8>(), 0..200), received_at_ms in any::<u64>()) {
        let event = Event { received_at_ms, ..event(&bytes) };
        let outcome = handle(&event);
        keeps_the_contract(&outcome);
        prop_assert_eq!(format!("{outcome:?}"), format!("{:?}", handle(&event)));
    }

    #[test]
    fn any_event_has_the_same_outcome_each_time(body in events()) {
        let event = event(body.to_string().as_bytes());
        let outcome = handle(&event);
        prop_assert_eq!(outcome.status, 200);
        keeps_the_contract(&outcome);
        prop_assert_eq!(format!("{outcome:?}"), format!("{:?}", handle(&event)));
    }

    #[test]
    fn the_key_does_not_depend_on_how_the_event_is_written(body in events()) {
        let plain = key(&body);
        prop_assert_eq!(&plain, &key(&reversed(&body)));
        prop_assert_eq!(key(&spelled(&body, true)), key(&spelled(&body, false)));
        let pretty = serde_json::to_vec_pretty(&body).unwrap();
        prop_assert_eq!(Some(plain), handle(&event(&pretty)).dedupe_key);
    }
}
