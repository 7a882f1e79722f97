//! Messages: those of a transcript, and those of the Chat API one by one. Both fill the same two resources, and a message
//! that comes both ways with the same identity is one record.

use crate::bindings::exports::sluicegate::source::relay::{Progress, Status};
use crate::webhook::{
    received::Received,
    records::stamp,
    tables::{INBOUND, OUTBOUND, Tables, VERSION},
    tidy::many,
    value::{Members, Value},
};

/// A transcript may hold a placeholder instead of the text, and knows nothing of files: the Chat API tells more.
const OF_TRANSCRIPT: u8 = 1;
const OF_CHAT_API: u8 = 2;
/// A message that was passed on is known with its fate.
const OF_RELAY: u8 = 3;

/// The messages of a chat that is over.
pub(super) fn transcript(event: &Received<'_>, tables: &mut Tables) {
    let messages = event.members.object("chat").and_then(|chat| chat.get("messages")).cloned();
    for (position, message) in messages.map(many).unwrap_or_default().into_iter().enumerate() {
        let message = match message {
            Value::Object(members) => members,
            other => Members(vec![("message".to_owned(), other)]),
        };
        let resource = match message.text("type") {
            Some("visitor" | "client") => INBOUND,
            None if message.get("agent_id").is_none() => INBOUND,
            _ => OUTBOUND,
        };
        tables.add(resource, &of_transcript(event, position, message));
    }
}

fn of_transcript(event: &Received<'_>, position: usize, mut message: Members) -> Members {
    let mut record = Members::default();
    record
        .set_text("id", message.text("id").map(str::to_owned).or_else(|| place(event, position, &message)).as_deref());
    record.copy(&event.members, "chat_id");
    record.copy(&event.members, "client_id");
    record.copy(&event.members, "widget_id");
    record.set("position", Value::Number(position.to_string()));
    record.copy_as(&message, "type", "author");
    record.copy_as(&message, "timestamp", "created_at");
    stamp(&mut record, event, OF_TRANSCRIPT);
    if let Some(text) = message.get("message").and_then(Value::text) {
        record.set_text("text", Some(text));
        message.take("message");
    }
    if let Some(id) = message.text("agent_id") {
        record.set("agent", Value::Object(agent(event, id)));
    }
    if let Some(number) = event.members.object("visitor").and_then(|visitor| visitor.get("number")) {
        record.set("visitor", Value::Object(Members(vec![("number".to_owned(), number.clone())])));
    }
    for taken in ["type", "timestamp", "agent_id"] {
        message.take(taken);
    }
    record.fill(message);
    record
}

/// A message of a transcript has no identity: it is known by its chat and its place there. Its time is part of it, in case
/// that a chat that went on is told from its second beginning only.
fn place(event: &Received<'_>, position: usize, message: &Members) -> Option<String> {
    let chat = event.members.text("chat_id")?;
    let time = message.text("timestamp").map(|time| format!(":{time}"));
    Some(format!("{chat}:{position}{}", time.unwrap_or_default()))
}

/// The agent with an identity; the list of agents knows the name.
fn agent(event: &Received<'_>, id: &str) -> Members {
    let mut agent = Members::default();
    agent.set_text("id", Some(id));
    let agents = event.members.get("agents").cloned().map(many).unwrap_or_default();
    let known = agents.iter().filter_map(Value::object).find(|agent| agent.text("id") == Some(id));
    if let Some(known) = known {
        agent.copy(known, "name");
    }
    agent
}

/// A message of the Chat API. With a recipient it goes to a client, without one it comes from a client.
pub(super) fn message(event: &Received<'_>, tables: &mut Tables) {
    let outbound = event.members.get("recipient").is_some();
    if let Some(mut record) = of_chat_api(event, outbound) {
        stamp(&mut record, event, OF_CHAT_API);
        tables.add(if outbound { OUTBOUND } else { INBOUND }, &record);
    }
}

/// A message that is passed on to JivoChat, with what is known of it. Nothing else tells as much of a message, and a later
/// step tells more than an earlier one.
pub fn relayed(event: &Received<'_>, progress: &Progress) -> Tables {
    let mut tables = Tables::default();
    if let Some(mut record) = of_chat_api(event, false) {
        record.set("received_at", Value::Text(event.received_at.clone()));
        record.set(VERSION, Value::Text(format!("{} {:05}", event.version(OF_RELAY), progress.step)));
        record.set("relay_id", Value::Text(progress.id.clone()));
        record.set("delivery_status", Value::Text(word(progress.status).to_owned()));
        record.set("attempts", Value::Number(progress.attempts.to_string()));
        record.set("http_status", progress.http_status.map_or(Value::Null, |status| Value::Number(status.to_string())));
        record.set("delivery_error", progress.reason.clone().map_or(Value::Null, Value::Text));
        tables.add(INBOUND, &record);
    }
    tables
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Pending => "pending",
        Status::Delivered => "delivered",
        Status::Rejected => "rejected",
        Status::Undeliverable => "undeliverable",
        Status::Unknown => "unknown",
    }
}

/// What a message of the Chat API says.
fn of_chat_api(event: &Received<'_>, outbound: bool) -> Option<Members> {
    let mut rest = event.members.clone();
    let Some(Value::Object(mut message)) = rest.take("message") else { return None };
    let (client, agent) = if outbound { ("recipient", rest.take("sender")) } else { ("sender", None) };
    let client = rest.take(client);
    let client = client.as_ref().and_then(Value::object);
    let mut record = Members::default();
    record.set_text("id", Some(&identity(event, &message)));
    if message.text("type") == Some(SEEN) {
        record.copy_as(&message, "id", "message_id");
    }
    record.set_text("client_id", client.and_then(|client| client.text("id")));
    record.set_text("author", Some(if outbound { "agent" } else { "visitor" }));
    record.copy(&message, "type");
    record.copy_as(&message, "date", "created_at");
    message.take("id");
    message.take("date");
    record.fill(message);
    if let Some(agent) = agent {
        record.set("agent", agent);
    }
    let mut person = client.cloned().unwrap_or_default();
    person.take("id");
    if !person.0.is_empty() {
        record.set("visitor", Value::Object(person));
    }
    record.fill(rest);
    Some(record)
}

/// The type of the message that says that another one was read.
const SEEN: &str = "seen";

/// The message's own identity, or that of the event. `seen` holds the identity of the message that was read.
fn identity(event: &Received<'_>, message: &Members) -> String {
    match message.text("id") {
        Some(id) if message.text("type") == Some(SEEN) => format!("{SEEN}:{id}"),
        Some(id) => id.to_owned(),
        None => event.id(),
    }
}
