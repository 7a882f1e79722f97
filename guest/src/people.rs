//! Where records say which client they are of. Pure.
//!
//! JivoChat knows people in three ways that meet in few events: by `client_id` in its CRM, by the number of a visitor, which
//! begins anew in each channel, in chats and calls, and in the Chat API by the identity that the customer's own system gave.

use sluicegate_guest::Result;

use crate::{
    bindings::exports::sluicegate::source::people::{Mark, Meaning},
    config,
    webhook::tables,
};

/// What a field says, in a table without names of resources.
struct Field {
    meaning: Meaning,
    kind: &'static str,
    paths: &'static [&'static str],
}

const fn identity(kind: &'static str, paths: &'static [&'static str]) -> Field {
    Field { meaning: Meaning::Identity, kind, paths }
}

const fn belonging(kind: &'static str, path: &'static [&'static str]) -> Field {
    Field { meaning: Meaning::Belonging, kind, paths: path }
}

const fn contact(path: &'static [&'static str]) -> Field {
    Field { meaning: Meaning::Contact, kind: "contact", paths: path }
}

/// What most records say: those of chats, calls, messages, and of whatever resource the configuration adds.
const COMMON: &[Field] = &[
    identity("client", &["client_id"]),
    identity("visitor", &["widget_id", "visitor.number"]),
    identity("visitor", &["channel_id", "visitor.number"]),
    belonging("chat", &["chat_id"]),
    contact(&["visitor.email"]),
    contact(&["visitor.phone"]),
];

const CALLS: &[Field] = &[contact(&["call.phone"])];

/// Messages that are asked for may be as the Chat API writes them: a sender, and to clients a recipient. The other one is an
/// agent, whose identity may be the same as a client's.
const INBOUND: &[Field] = &[
    identity("client", &["sender.id"]),
    identity("client", &["visitor.id"]),
    contact(&["sender.email"]),
    contact(&["sender.phone"]),
];
const OUTBOUND: &[Field] = &[
    identity("client", &["recipient.id"]),
    identity("client", &["visitor.id"]),
    contact(&["recipient.email"]),
    contact(&["recipient.phone"]),
];

/// What is told of a client's visitor is told of the client.
const CLIENTS: &[Field] = &[
    identity("client", &["client_id"]),
    identity("visitor", &["widget_id", "number"]),
    contact(&["email"]),
    contact(&["phone"]),
    contact(&["contacts[*].contact"]),
];

const ATTRIBUTES: &[Field] = &[identity("client", &["client_id"])];

/// Deals and tasks are of one client, and when they are deleted nothing else is told of them.
const CRM: &[Field] = &[
    identity("client", &["client_id"]),
    identity("client", &["client.client_id"]),
    belonging("event", &["id"]),
    belonging("deal", &["deal_id"]),
    belonging("deal", &["deal.deal_id"]),
    belonging("task", &["task_id"]),
    contact(&["contacts[*].contact"]),
    contact(&["client.contacts[*].contact"]),
];

/// The body is the event as it came. In a message of the Chat API `client_id` tells sender from recipient.
const EVENTS: &[Field] = &[
    identity("client", &["client_id"]),
    identity("client", &["body.client_id"]),
    identity("client", &["body.client.client_id"]),
    identity("visitor", &["widget_id", "body.visitor.number"]),
    belonging("event", &["id"]),
    belonging("chat", &["chat_id"]),
    belonging("deal", &["body.deal_id"]),
    belonging("deal", &["body.deal.deal_id"]),
    belonging("task", &["body.task_id"]),
    contact(&["body.visitor.email"]),
    contact(&["body.visitor.phone"]),
    contact(&["body.call.phone"]),
    contact(&["body.contacts[*].contact"]),
    contact(&["body.client.contacts[*].contact"]),
];

/// The marks of all resources that a configuration has, pulled and pushed.
pub fn list_marks(config: &str) -> Result<Vec<Mark>> {
    let pulled = config::resources_for_events(config)?;
    let pushed = tables::RESOURCES.iter().map(|resource| resource.name.to_owned());
    let mut names: Vec<String> = pushed.collect();
    for name in pulled {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut marks: Vec<Mark> = names.iter().flat_map(|name| of(name)).collect();
    marks.sort_by_key(|mark| (mark.meaning != Meaning::Identity, mark.kind != "client"));
    Ok(marks)
}

/// The marks of a resource.
fn of(resource: &str) -> Vec<Mark> {
    let fields: &[&[Field]] = match resource {
        "inbound_messages" => &[COMMON, INBOUND],
        "outbound_messages" => &[COMMON, OUTBOUND],
        "calls" => &[COMMON, CALLS],
        "clients" => &[CLIENTS],
        "client_attributes" => &[ATTRIBUTES],
        "crm_events" => &[CRM],
        "events" => &[EVENTS],
        // They tell of agents and of the channel.
        "agents" | "status" | "channel_info" | "health" => &[],
        _ => &[COMMON],
    };
    let mark = |field: &Field| Mark {
        resource_name: resource.to_owned(),
        meaning: field.meaning,
        kind: field.kind.to_owned(),
        paths: field.paths.iter().map(|path| (*path).to_owned()).collect(),
    };
    fields.iter().flat_map(|fields| fields.iter()).map(mark).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(config: &str) -> Vec<String> {
        let marks = list_marks(config).unwrap();
        marks.iter().map(|mark| format!("{} {} {}", mark.resource_name, mark.kind, mark.paths.join("+"))).collect()
    }

    #[test]
    fn each_resource_that_tells_of_clients_is_marked() {
        let marks = marks("{}");
        for resource in tables::RESOURCES.iter().filter(|resource| resource.name != "agents") {
            assert!(marks.contains(&format!("{} client client_id", resource.name)), "{}", resource.name);
        }
        let of_nobody =
            |mark: &String| ["agents ", "status ", "health ", "channel_info "].iter().any(|n| mark.starts_with(n));
        assert!(!marks.iter().any(of_nobody));
        assert!(marks.iter().any(|mark| mark == "inbound_messages client sender.id"));
        assert!(!marks.iter().any(|mark| mark == "outbound_messages client sender.id"));
        assert!(marks[0].contains(" client "), "{}", marks[0]);
    }

    #[test]
    fn what_the_configuration_adds_is_marked_too() {
        let config = r#"{"random": "r", "resources": {"notes": {"path": "notes"}}}"#;
        assert!(marks(config).contains(&"notes chat chat_id".to_owned()));
        assert!(list_marks(r#"{"reources": {}}"#).is_err());
    }
}
