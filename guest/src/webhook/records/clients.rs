//! Clients and their attributes. Chats tell of visitors without the identity of a client, so they tell nothing here.

use crate::webhook::{
    received::Received,
    records::stamp,
    tables::{ATTRIBUTES, CLIENTS, Tables},
    value::{Members, Value},
};

/// The event that says that a client is no more.
const DELETED: &str = "deleted_client";

/// Members of a client that tell who it is: without any of them an event says only that the client is there.
const TELLING: [&str; 4] = ["name", "email", "phone", "contacts"];

/// The CRM calls identities inside of an object by the object's name, other events call them `id`.
const RENAMED: [(&str, &str); 4] = [
    ("organization", "organization_id"),
    ("status", "status_id"),
    ("assigned_agent", "assigned_agent_id"),
    ("tags", "tag_id"),
];

/// The client of an event of the Webhooks API: what is told of the visitor is told of the client.
pub(super) fn client(event: &Received<'_>, tables: &mut Tables) {
    let mut client = event.members.clone();
    if let Some(Value::Object(visitor)) = client.take("visitor") {
        client.fill(visitor);
    }
    add(event, tables, client);
}

/// The client of an event of the CRM.
pub(super) fn crm_client(event: &Received<'_>, tables: &mut Tables) {
    let mut client = event.members.clone();
    client.take("event_type");
    if client.get("client_id").is_none()
        && let Some(Value::Object(inner)) = client.take("client")
    {
        client.fill(inner);
    }
    if let Some(Value::Object(widget)) = client.take("widget") {
        client.fill(widget);
    }
    for (name, identity) in RENAMED {
        if let Some(value) = client.take(name) {
            client.set(name, renamed(value, identity));
        }
    }
    for kind in ["email", "phone"] {
        if let Some(contact) = contact(&client, kind) {
            client.fill(Members(vec![(kind.to_owned(), contact)]));
        }
    }
    add(event, tables, client);
}

/// The attributes that changed, one record each, and the client that they are of.
pub(super) fn attributes(event: &Received<'_>, tables: &mut Tables) {
    let mut client = event.members.clone();
    for (name, value) in client.take("attributes").map(pairs).unwrap_or_default() {
        let mut record = Members::default();
        record.copy(&event.members, "client_id");
        record.set_text("name", Some(&name));
        record.set_text("value", spelled(&value).as_deref());
        record.copy(&event.members, "widget_id");
        stamp(&mut record, event, 1);
        tables.add(ATTRIBUTES, &record);
    }
    add(event, tables, client);
}

fn add(event: &Received<'_>, tables: &mut Tables, client: Members) {
    let deleted = event.name.as_deref() == Some(DELETED);
    let rank = match deleted {
        true => 3,
        false if TELLING.iter().any(|key| client.get(key).is_some()) => 2,
        false => 1,
    };
    let mut record = Members::default();
    record.copy(&client, "client_id");
    record.set_text("event_name", event.name.as_deref());
    if deleted {
        record.set("deleted", Value::Boolean(true));
    }
    stamp(&mut record, event, rank);
    record.fill(client);
    tables.add_whole(CLIENTS, &record, event.body);
}

/// Calls the identity in an object, or in those of a list, `id`.
fn renamed(value: Value, identity: &str) -> Value {
    match value {
        Value::List(items) => Value::List(items.into_iter().map(|item| renamed(item, identity)).collect()),
        Value::Object(mut object) => {
            if let Some(id) = object.take(identity) {
                object.fill(Members(vec![("id".to_owned(), id)]));
            }
            Value::Object(object)
        }
        other => other,
    }
}

/// The first contact of a kind.
fn contact(client: &Members, kind: &str) -> Option<Value> {
    let Some(Value::List(contacts)) = client.get("contacts") else { return None };
    let mut contacts = contacts.iter().filter_map(Value::object);
    contacts.find(|contact| contact.text("contact_type") == Some(kind))?.get("contact").cloned()
}

/// Names and values: of an object, or of a list of objects, which may spell `name` and `value` out.
fn pairs(attributes: Value) -> Vec<(String, Value)> {
    match attributes {
        Value::Object(members) => members.0,
        Value::List(items) => items.into_iter().flat_map(pair).collect(),
        _ => Vec::new(),
    }
}

fn pair(item: Value) -> Vec<(String, Value)> {
    let Value::Object(mut members) = item else { return Vec::new() };
    match members.text("name").map(str::to_owned) {
        Some(name) if members.0.iter().all(|(key, _)| matches!(key.as_str(), "name" | "value")) => {
            vec![(name, members.take("value").unwrap_or(Value::Null))]
        }
        _ => members.0,
    }
}

/// A value as text: attributes of one name may hold a number here and a text there.
fn spelled(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Text(text) => Some(text.clone()),
        other => {
            let mut text = String::new();
            other.write(&mut text, false);
            Some(text)
        }
    }
}
