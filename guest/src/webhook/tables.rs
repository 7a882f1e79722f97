//! The resources that events fill, and the records for them as they come together.

use sluicegate_guest::bindings::types::{RejectedRecord, ResourceSpec, WriteDisposition};

use super::value::Members;
use crate::bindings::exports::sluicegate::source::webhook::Delivery;

/// A resource that events fill. All are merged: a record that comes again takes its own place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Its name, and that of its table.
    pub name: &'static str,
    /// The fields that identify a record.
    pub key: &'static [&'static str],
    /// The field that tells which of two records with one key is the later one.
    pub version: Option<&'static str>,
    /// One sentence for a person who chooses.
    pub description: &'static str,
}

/// The field that tells which of two records is the later one.
pub const VERSION: &str = "version";

/// Messages from clients to agents.
pub const INBOUND: Resource = entity("inbound_messages", &["id"], "Messages from clients to agents.");
/// Messages from agents to clients.
pub const OUTBOUND: Resource = entity("outbound_messages", &["id"], "Messages from agents to clients.");
/// Chats.
pub const CHATS: Resource = entity("chats", &["chat_id"], "Chats, as last told; what is told at their end is kept.");
/// Calls.
pub const CALLS: Resource = entity("calls", &["chat_id"], "Calls, with their last status.");
/// Messages to nobody.
pub const OFFLINE: Resource =
    entity("offline_messages", &["offline_message_id"], "What clients wrote while no agent was online.");
/// Clients.
pub const CLIENTS: Resource = entity("clients", &["client_id"], "Clients, as last told.");
/// Attributes of clients.
pub const ATTRIBUTES: Resource =
    entity("client_attributes", &["client_id", "name"], "Attributes of clients, with their last value.");
/// Agents.
pub const AGENTS: Resource = entity("agents", &["id"], "Agents, as last told.");
/// Events of the CRM.
pub const CRM: Resource = log("crm_events", "What changed in the CRM, event by event.");
/// All events.
pub const EVENTS: Resource = log("events", "Every event as it came.");

/// All of them, in the order in which a reader would want to see them.
pub const RESOURCES: [Resource; 10] =
    [INBOUND, OUTBOUND, CHATS, CALLS, OFFLINE, CLIENTS, ATTRIBUTES, AGENTS, CRM, EVENTS];

/// A resource of things that change: the latest version of each is kept.
const fn entity(name: &'static str, key: &'static [&'static str], description: &'static str) -> Resource {
    Resource { name, key, version: Some(VERSION), description }
}

/// A resource of events, which do not change.
const fn log(name: &'static str, description: &'static str) -> Resource {
    Resource { name, key: &["id"], version: None, description }
}

impl Resource {
    /// The facts that the host is told.
    pub fn spec(&self) -> ResourceSpec {
        ResourceSpec {
            name: self.name.to_owned(),
            description: self.description.to_owned(),
            primary_key: self.key.iter().map(|key| (*key).to_owned()).collect(),
            write_disposition: WriteDisposition::Merge,
            incremental: self.version.map(str::to_owned),
        }
    }
}

/// The records of one event.
#[derive(Debug, Default)]
pub struct Tables(Vec<Delivery>);

impl Tables {
    /// Adds a record that is the event itself. When a field of its key is missing, the event is kept aside as it came.
    pub fn add_whole(&mut self, resource: Resource, record: &Members, body: &str) {
        match missing(resource, record) {
            Some(key) => self.reject(resource, body.to_owned(), format!("it has no `{key}`")),
            None => self.push(resource, &line(record)),
        }
    }

    /// Adds a record that is a part of the event. When a field of its key is missing, the part is kept aside.
    pub fn add(&mut self, resource: Resource, record: &Members) {
        match missing(resource, record) {
            Some(key) => self.reject(resource, line(record), format!("it has no `{key}`")),
            None => self.push(resource, &line(record)),
        }
    }

    /// Keeps aside what can be made no record.
    pub fn reject(&mut self, resource: Resource, raw: String, reason: String) {
        self.delivery(resource).rejected.push(RejectedRecord { raw, reason });
    }

    /// The records and those kept aside, by resource.
    pub fn into_deliveries(self) -> Vec<Delivery> {
        self.0
    }

    fn push(&mut self, resource: Resource, line: &str) {
        let records = &mut self.delivery(resource).records;
        records.extend_from_slice(line.as_bytes());
        records.push(b'\n');
    }

    fn delivery(&mut self, resource: Resource) -> &mut Delivery {
        let at = self.0.iter().position(|delivery| delivery.resource_name == resource.name).unwrap_or_else(|| {
            self.0.push(Delivery {
                resource_name: resource.name.to_owned(),
                records: Vec::new(),
                rejected: Vec::new(),
            });
            self.0.len() - 1
        });
        &mut self.0[at]
    }
}

fn missing(resource: Resource, record: &Members) -> Option<&'static str> {
    resource.key.iter().find(|key| record.text(key).is_none()).copied()
}

fn line(record: &Members) -> String {
    let mut line = String::new();
    record.write(&mut line, false);
    line
}
