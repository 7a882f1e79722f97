//! Chats: one record per event that tells how a chat stands.

use crate::webhook::{
    kind::Kind,
    received::Received,
    records::stamp,
    tables::{CHATS, Tables},
    tidy::many,
    value::{Members, Value},
};

/// Events come late and in any order, and those before the end know less than the one at the end: they never take its
/// place. Of two with the same rank the one that came later counts.
const ACTIVE: u8 = 1;
const FINISHED: u8 = 2;

/// The chat as the event tells it, whole but for the messages, which are resources of their own.
pub(super) fn chat(event: &Received<'_>, tables: &mut Tables) {
    let finished = event.kind == Kind::ChatFinished;
    let mut rest = event.members.clone();
    let mut record = Members::default();
    record.copy(&event.members, "chat_id");
    record.set_text("state", Some(if finished { "finished" } else { "active" }));
    record.set_text("event_name", event.name.as_deref());
    stamp(&mut record, event, if finished { FINISHED } else { ACTIVE });
    let agents = agents(&mut rest);
    if !agents.is_empty() {
        record.set("agents", Value::List(agents));
    }
    if let Some(Value::Object(mut chat)) = rest.take("chat") {
        let messages = chat.take("messages").map(many).unwrap_or_default();
        if !messages.is_empty() {
            record.set("message_count", Value::Number(messages.len().to_string()));
            // These only show the same messages as one text.
            rest.take("plain_messages");
            rest.take("html_messages");
        }
        record.set("chat", Value::Object(chat));
    }
    record.fill(rest);
    tables.add_whole(CHATS, &record, event.body);
}

/// One list, whether the event has one agent or many.
fn agents(rest: &mut Members) -> Vec<Value> {
    let mut agents = rest.take("agents").map(many).unwrap_or_default();
    if let Some(agent) = rest.take("agent") {
        let id = |agent: &Value| agent.object().and_then(|agent| agent.text("id")).map(str::to_owned);
        if id(&agent).is_none() || agents.iter().all(|other| id(other) != id(&agent)) {
            agents.insert(0, agent);
        }
    }
    agents
}
