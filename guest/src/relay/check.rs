//! What a message must have for JivoChat to take it.

use crate::webhook::{
    received::Received,
    value::{Members, Value},
};

/// Most characters of a client's identity.
const MAX_ID: usize = 255;

/// Most keys of a keyboard.
const MAX_KEYS: usize = 7;

/// What each type of message must have beside its type; types that nobody knows yet are JivoChat's to judge.
const REQUIRED: [(&str, &[&str]); 13] = [
    ("text", &["text"]),
    ("photo", &["file"]),
    ("document", &["file"]),
    ("video", &["file"]),
    ("audio", &["file"]),
    ("sticker", &["file"]),
    ("location", &["latitude", "longitude"]),
    ("typein", &[]),
    ("seen", &["id"]),
    ("rate", &["value"]),
    ("keyboard", &["keyboard"]),
    ("start", &[]),
    ("stop", &[]),
];

/// The identity of the client whose message it is; the error says what the message lacks.
pub(super) fn client<'r>(received: &'r Received<'_>) -> Result<&'r str, String> {
    let members = &received.members;
    let lacks = |name: &str| format!("the message has no `{name}`");
    let sender = members.object("sender").ok_or_else(|| lacks("sender"))?;
    let client = sender.text("id").ok_or_else(|| lacks("sender.id"))?;
    let length = client.chars().count();
    if length > MAX_ID {
        return Err(format!("`sender.id` has {length} characters, more than {MAX_ID}"));
    }
    let message = members.object("message").ok_or_else(|| lacks("message"))?;
    let kind = message.text("type").ok_or_else(|| lacks("message.type"))?;
    let required = REQUIRED.iter().find(|(known, _)| *known == kind).map_or(&[][..], |(_, required)| required);
    if let Some(missing) = required.iter().find(|name| !has(message, name)) {
        return Err(format!("a message of the type `{kind}` needs `message.{missing}`"));
    }
    if let Some(Value::List(keys)) = message.get("keyboard")
        && keys.len() > MAX_KEYS
    {
        return Err(format!("`message.keyboard` has {} keys, more than {MAX_KEYS}", keys.len()));
    }
    Ok(client)
}

/// Whether a member is there and says something.
fn has(message: &Members, name: &str) -> bool {
    match message.get(name) {
        None | Some(Value::Null) => false,
        Some(Value::Text(text)) => !text.is_empty(),
        Some(Value::List(items)) => !items.is_empty(),
        Some(_) => true,
    }
}
