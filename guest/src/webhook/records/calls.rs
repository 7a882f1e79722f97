//! Calls: one record per event, of which the one with the last status counts.

use crate::webhook::{
    received::Received,
    records::stamp,
    tables::{CALLS, Tables},
    value::Members,
};

/// The call as the event tells it. A status that comes late does not take the place of the one that ended the call.
pub(super) fn call(event: &Received<'_>, tables: &mut Tables) {
    let status = event.members.object("call").and_then(|call| call.text("status"));
    let rank = match status {
        Some("end" | "error") => 3,
        Some("agent_connected" | "client_connected") => 2,
        _ => 1,
    };
    let mut record = Members::default();
    record.copy(&event.members, "chat_id");
    stamp(&mut record, event, rank);
    record.fill(event.members.clone());
    tables.add_whole(CALLS, &record, event.body);
}
