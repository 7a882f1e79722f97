//! Whole events: what each becomes, in every spelling that the documentation and its samples show.

mod chats;
mod clients;
mod crm;
mod messages;
mod other;
mod properties;

use serde_json::Value;

use super::*;

/// 2026-01-01T01:01:01.123Z.
const RECEIVED_AT_MS: u64 = 1_767_229_261_123;
const RECEIVED_AT: &str = "2026-01-01T01:01:01.123Z";

fn event(body: &[u8]) -> Event {
    Event {
        method: "POST".to_owned(),
        path_with_query: String::new(),
        headers: vec![("content-type".to_owned(), b"application/json; charset=utf-8".to_vec())],
        body: body.to_vec(),
        received_at_ms: RECEIVED_AT_MS,
    }
}

/// Hands an event in, which must be taken with the plain answer.
fn taken(body: &Value) -> Outcome {
    let outcome = handle(&event(body.to_string().as_bytes()));
    assert_eq!((outcome.status, &outcome.body[..]), (200, &br#"{"result":"ok"}"#[..]), "{body}");
    assert_eq!(outcome.content_type.as_deref(), Some("application/json; charset=utf-8"));
    outcome
}

/// The records for one resource.
fn records(body: &Value, resource: &str) -> Vec<Value> {
    let deliveries = taken(body).deliveries;
    let delivery = deliveries.iter().find(|delivery| delivery.resource_name == resource);
    let lines = delivery.map_or("", |delivery| std::str::from_utf8(&delivery.records).unwrap());
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// How many records there are, by resource, and why others were rejected.
fn filled(body: &Value) -> Vec<String> {
    let deliveries = taken(body).deliveries;
    let told = deliveries.iter().map(|delivery| {
        let reasons: Vec<_> = delivery.rejected.iter().map(|record| format!(" rejected: {}", record.reason)).collect();
        format!(
            "{} {}{}",
            delivery.resource_name,
            delivery.records.split(|b| *b == b'\n').count() - 1,
            reasons.concat()
        )
    });
    told.collect()
}

fn key(body: &Value) -> String {
    taken(body).dedupe_key.unwrap()
}

/// Sets a member below others, named by a path with dots.
fn with(body: &Value, path: &str, value: Value) -> Value {
    let mut body = body.clone();
    let place = format!("/{}", path.replace('.', "/"));
    let (parent, name) = place.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap();
    match parent {
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        other => other[name] = value,
    }
    body
}
