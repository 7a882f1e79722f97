//! Every event as it came, whether anybody knows it or not.

use crate::webhook::{
    received::Received,
    tables::{EVENTS, Tables},
    value::{Members, Value},
};

/// The event: what can be told of any, and its body as a text.
pub(super) fn event(event: &Received<'_>, tables: &mut Tables) {
    let members = &event.members;
    let user = |name: &str| members.object(name).and_then(|user| user.text("id"));
    let client = members
        .text("client_id")
        .or_else(|| user(if members.get("recipient").is_some() { "recipient" } else { "sender" }));
    let mut record = Members::default();
    record.set_text("id", Some(&event.id()));
    record.set_text("api", event.kind.api());
    record.set_text("event_name", event.name.as_deref());
    record.set_text("widget_id", members.text("widget_id"));
    record.set_text("chat_id", members.text("chat_id"));
    record.set_text("client_id", client);
    record.set_text("received_at", Some(&event.received_at));
    record.set_text("path", Some(event.path).filter(|path| !path.is_empty()));
    record.set("body", Value::Text(event.body.to_owned()));
    tables.add(EVENTS, &record);
}
