//! What clients wrote while no agent was online.

use crate::webhook::{
    received::Received,
    records::stamp,
    tables::{OFFLINE, Tables},
    value::{Members, Value},
};

/// The message, and the event around it.
pub(super) fn message(event: &Received<'_>, tables: &mut Tables) {
    let mut rest = event.members.clone();
    let mut record = Members::default();
    record.copy(&event.members, "offline_message_id");
    if let Some(text) = event.members.get("message").and_then(Value::text) {
        record.set_text("text", Some(text));
        rest.take("message");
    }
    stamp(&mut record, event, 1);
    record.fill(rest);
    tables.add_whole(OFFLINE, &record, event.body);
}
