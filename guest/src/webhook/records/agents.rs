//! Agents, wherever an event tells more of one than the identity.

use crate::webhook::{
    received::Received,
    records::stamp,
    tables::{AGENTS, Tables},
    tidy::many,
    value::{Members, Value},
};

/// Where agents are met, and how much is told of them there at most: an assigned agent comes without a telephone number.
const PLACES: [(&str, u8); 3] = [("agents", 3), ("agent", 3), ("assigned_agent", 2)];

/// Without an address it is less: a sender of the Chat API, say, has a name and perhaps a picture.
const NAMED: u8 = 1;

/// The agents of an event of the Webhooks API.
pub(super) fn agents(event: &Received<'_>, tables: &mut Tables) {
    for (place, rank) in PLACES {
        for agent in event.members.get(place).cloned().map(many).unwrap_or_default() {
            add(event, tables, agent, rank);
        }
    }
}

/// The agent who sent a message of the Chat API.
pub(super) fn sender(event: &Received<'_>, tables: &mut Tables) {
    if event.members.get("recipient").is_some()
        && let Some(sender) = event.members.get("sender")
    {
        add(event, tables, sender.clone(), NAMED);
    }
}

fn add(event: &Received<'_>, tables: &mut Tables, agent: Value, rank: u8) {
    let Value::Object(agent) = agent else { return };
    let mut record = Members::default();
    record.copy(&agent, "id");
    stamp(&mut record, event, if agent.text("email").is_some() { rank } else { NAMED });
    if agent.text("id").is_some() && agent.0.len() > 1 {
        record.fill(agent);
        tables.add(AGENTS, &record);
    }
}
