//! What kind of event it is: told by `event_name`, by `event_type`, or by the shape of a message.

use super::{
    tidy::latin,
    value::{Members, Value},
};

/// The kinds that tables are filled from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A chat goes on: it was accepted, its visitor changed, or it was linked to a record of the CRM.
    Chat,
    /// A chat is over; the only event with the transcript.
    ChatFinished,
    /// A call began or its status changed.
    Call,
    /// The form for times when nobody is there was sent.
    OfflineMessage,
    /// A client changed outside of a chat.
    Client,
    /// An attribute of a client changed.
    ClientAttribute,
    /// An entity of the CRM changed; the category.
    Crm(&'static str),
    /// A client changed, in the words of the CRM.
    CrmClient,
    /// A message of the Chat API.
    Message,
    /// What nobody knows yet.
    Unknown,
}

/// The category of the CRM events that are about clients.
const CRM_CLIENT: &str = "crm_client";

/// The events of the Webhooks API, by `event_name`.
const WEBHOOKS: [(&str, Kind); 8] = [
    ("call_event", Kind::Call),
    ("chat_accepted", Kind::Chat),
    ("chat_updated", Kind::Chat),
    ("chat_assigned", Kind::Chat),
    ("chat_finished", Kind::ChatFinished),
    ("client_updated", Kind::Client),
    ("client_attribute_updated", Kind::ClientAttribute),
    ("offline_message", Kind::OfflineMessage),
];

/// The events of the CRM: the category, and `event_name` by itself, since no sample shows the category.
const CRM: [(&str, &[&str]); 7] = [
    ("crm_pipeline", &["created_pipeline", "updated_pipeline", "deleted_pipeline"]),
    (
        "crm_status",
        &[
            "created_status",
            "updated_status",
            "deleted_status",
            "reordered_status",
            "assigned_status",
            "changed_require_update_of_status",
        ],
    ),
    (
        "crm_client_tag",
        &[
            "created_client_tag",
            "updated_client_tag",
            "deleted_client_tag",
            "merged_client_tag",
            "merged_tag",
            "changed_administrator_only_client_tag",
        ],
    ),
    ("crm_deal", &["created_deal", "updated_deal", "deleted_deal"]),
    ("crm_task", &["created_task", "deleted_task", "updated_task", "completed_task", "fired_task"]),
    ("crm_organization", &["created_organization"]),
    (
        CRM_CLIENT,
        &[
            "assigned_agent_to_client",
            "created_client",
            "deleted_client",
            "updated_client",
            "changed_client_company",
            "changed_client_blacklist",
            "updated_client_contacts",
        ],
    ),
];

/// Tells the kind of an event and its name.
pub fn recognize(event: &Members) -> (Kind, Option<String>) {
    let word = |key: &str| event.text(key).map(|text| latin(text).trim().to_ascii_lowercase().replace(' ', "_"));
    if let Some(name) = word("event_name") {
        let webhook = WEBHOOKS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
        let category = word("event_type");
        let by_category = CRM.iter().find(|(known, _)| category.as_deref() == Some(known));
        let crm = by_category.or_else(|| CRM.iter().find(|(_, names)| names.contains(&name.as_str())));
        let crm = crm.map(|(category, _)| if *category == CRM_CLIENT { Kind::CrmClient } else { Kind::Crm(category) });
        return (webhook.or(crm).unwrap_or(Kind::Unknown), Some(name));
    }
    let kind = event.object("message").and_then(|message| message.text("type"));
    let has_user = |key: &str| matches!(event.get(key), Some(Value::Object(_)));
    match kind {
        Some(kind) if has_user("sender") || has_user("recipient") => (Kind::Message, Some(kind.to_owned())),
        // The Bot API, among others, calls its events so.
        _ => (Kind::Unknown, event.text("event").map(str::to_owned)),
    }
}

impl Kind {
    /// The category of an event of the CRM.
    pub fn category(self) -> Option<&'static str> {
        match self {
            Self::Crm(category) => Some(category),
            Self::CrmClient => Some(CRM_CLIENT),
            _ => None,
        }
    }

    /// Which of JivoChat's APIs it belongs to; none for what nobody knows.
    pub fn api(self) -> Option<&'static str> {
        match self {
            Self::Unknown => None,
            Self::Message => Some("chat"),
            Self::Crm(_) | Self::CrmClient => Some("crm"),
            _ => Some("webhooks"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sluicegate_guest::json::Json;

    fn check(input: &str, kind: Kind, name: Option<&str>) {
        let Value::Object(object) = Value::read(Json::parse(input).unwrap()) else { panic!("{input} is no object") };
        assert_eq!(recognize(&object), (kind, name.map(str::to_owned)), "{input}");
    }

    #[test]
    fn recognized() {
        for (name, kind) in WEBHOOKS {
            check(&format!("{{\"event_name\":\"{name}\"}}"), kind, Some(name));
        }
        for (category, names) in CRM {
            let kind = if category == CRM_CLIENT { Kind::CrmClient } else { Kind::Crm(category) };
            for name in names {
                check(&format!("{{\"event_name\":\"{name}\"}}"), kind, Some(name));
                check(&format!("{{\"event_name\":\"{name}\",\"event_type\":\"{category}\"}}"), kind, Some(name));
            }
            check(&format!("{{\"event_name\":\"new\",\"event_type\":\"{category}\"}}"), kind, Some("new"));
        }
        // As samples of the documentation write it.
        check(r#"{"event_name":"completed task"}"#, Kind::Crm("crm_task"), Some("completed_task"));
        check(
            "{\"event_name\":\"\u{441}reated_\u{441}lient_tag\"}",
            Kind::Crm("crm_client_tag"),
            Some("created_client_tag"),
        );
        check("{\"event_name\":\"x\",\"event_type\":\"\u{441}rm_deal\"}", Kind::Crm("crm_deal"), Some("x"));
    }

    #[test]
    fn messages_are_told_by_their_shape() {
        check(r#"{"sender":{},"recipient":{"id":"c"},"message":{"type":"text"}}"#, Kind::Message, Some("text"));
        check(r#"{"recipient":{"id":"c"},"message":{"type":"new"}}"#, Kind::Message, Some("new"));
        check(r#"{"message":{"type":"text"}}"#, Kind::Unknown, None);
        check(r#"{"sender":{},"message":"text"}"#, Kind::Unknown, None);
        // An offline message has a text in that place, and another name.
        check(r#"{"event_name":"offline_message","message":"x"}"#, Kind::OfflineMessage, Some("offline_message"));
    }

    #[test]
    fn the_rest_is_unknown() {
        check(r#"{"event_name":"chat_started"}"#, Kind::Unknown, Some("chat_started"));
        check(r#"{"event_name":"x","event_type":"billing"}"#, Kind::Unknown, Some("x"));
        check(r#"{"event_name":"created_deal","event_type":"deals"}"#, Kind::Crm("crm_deal"), Some("created_deal"));
        check(r#"{"event":"CLIENT_MESSAGE","id":"u"}"#, Kind::Unknown, Some("CLIENT_MESSAGE"));
        check(r#"{"event_name":7}"#, Kind::Unknown, Some("7"));
        check("{}", Kind::Unknown, None);
    }
}
