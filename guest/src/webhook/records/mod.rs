//! Which records an event is, for which resources: one file per idea.

mod agents;
mod calls;
mod chats;
mod clients;
mod crm;
mod events;
mod messages;
mod offline;

pub use messages::relayed;

use super::{
    kind::Kind,
    received::Received,
    tables::{Tables, VERSION},
    value::Members,
};

/// Makes the records of one resource, or of a few that belong together.
type Fill = fn(&Received<'_>, &mut Tables);

/// All records of an event.
pub fn records(event: &Received<'_>) -> Tables {
    let mut tables = Tables::default();
    for fill in fills(event.kind) {
        fill(event, &mut tables);
    }
    events::event(event, &mut tables);
    tables
}

fn fills(kind: Kind) -> &'static [Fill] {
    match kind {
        Kind::Chat => &[chats::chat, agents::agents],
        Kind::ChatFinished => &[chats::chat, messages::transcript, agents::agents],
        Kind::Call => &[calls::call, agents::agents],
        Kind::OfflineMessage => &[offline::message, agents::agents],
        Kind::Client => &[clients::client, agents::agents],
        Kind::ClientAttribute => &[clients::attributes],
        Kind::Crm(_) => &[crm::event],
        Kind::CrmClient => &[crm::event, clients::crm_client],
        Kind::Message => &[messages::message, agents::sender],
        Kind::Unknown => &[],
    }
}

/// Adds when the record was told, and its version; see [`Received::version`].
fn stamp(record: &mut Members, event: &Received<'_>, rank: u8) {
    record.set_text("received_at", Some(&event.received_at));
    record.set_text(VERSION, Some(&event.version(rank)));
}
