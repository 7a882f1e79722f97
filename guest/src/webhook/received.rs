//! An event that was read: what it is, what is in it, and when it came.

use sluicegate_guest::json::Json;

use super::{
    digest::digest,
    kind::{Kind, recognize},
    tidy, time,
    value::{Members, Value},
};
use crate::bindings::exports::sluicegate::source::webhook::Event;

/// How much of a digest an event is called by: 128 bits.
const NAME_DIGITS: usize = 32;

/// An event whose body is JSON.
#[derive(Debug)]
pub struct Received<'e> {
    /// What it is.
    pub kind: Kind,
    /// How JivoChat calls it.
    pub name: Option<String>,
    /// What is in it, tidied; nothing if it is no object.
    pub members: Members,
    /// The body as it came.
    pub body: &'e str,
    /// What stands behind the address that it was sent to.
    pub path: &'e str,
    /// When it came, as RFC 3339.
    pub received_at: String,
    /// The same in milliseconds since 1970.
    time_ms: u64,
    /// Digest of its content, however it is written.
    digest: String,
}

impl<'e> Received<'e> {
    /// Reads an event; the error says why its body is no JSON.
    pub fn read(event: &'e Event) -> Result<Self, String> {
        let bytes = event.body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&event.body);
        let body = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
        if body.trim_ascii().is_empty() {
            return Err("it is empty".to_owned());
        }
        let json = Json::parse(body).map_err(|error| error.to_string())?;
        let (members, other) = match Value::read(json) {
            Value::Object(members) => (tidy::members(members), None),
            other => (Members::default(), Some(other)),
        };
        let (kind, name) = recognize(&members);
        let mut content = String::new();
        match &other {
            Some(other) => other.write(&mut content, true),
            None => members.write(&mut content, true),
        }
        let received_at = time::rfc3339(event.received_at_ms).unwrap_or_default();
        let (path, time_ms) = (event.path_with_query.as_str(), event.received_at_ms);
        Ok(Self { kind, name, members, body, path, received_at, time_ms, digest: digest(content.as_bytes()) })
    }

    /// What it is called in tables: its time of receipt and its content. The same event has the same name each time it is
    /// handed in, and another event with the same content has another.
    pub fn id(&self) -> String {
        format!("{}-{}", self.time_ms, &self.digest[..NAME_DIGITS])
    }

    /// What is equal when JivoChat delivers it again: kind, identities and content.
    pub fn dedupe_key(&self) -> String {
        let kind = self.kind.api().zip(self.name.as_deref()).map_or("event", |(_, name)| name);
        format!("{}:{}", kind.chars().take(64).collect::<String>(), self.digest)
    }

    /// The version of a record that says as much as `rank` tells: sorted as texts, a later version says more, or as much
    /// and came later.
    pub fn version(&self, rank: u8) -> String {
        format!("{rank} {}", self.received_at)
    }
}
