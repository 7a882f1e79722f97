//! Events as texts: a JSON object a line, to leave an inbox and to come into one again. Pure.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::Kept;
use crate::model::{Event, RelayProgress};

/// One line of an export.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    /// RFC 3339, UTC, with milliseconds.
    received_at: String,
    method: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    path: String,
    #[serde(default)]
    headers: Vec<(String, Text)>,
    body: Text,
    /// How far it was passed on, if it is a message to the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    relay: Option<RelayProgress>,
    /// Why the component could not handle it. For people; it is not read back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unhandled: Option<String>,
}

/// Bytes: as they are when they are UTF-8, else as base64.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Text {
    Utf8(String),
    Other { base64: String },
}

impl Text {
    fn of(bytes: &[u8]) -> Self {
        match str::from_utf8(bytes) {
            Ok(text) => Self::Utf8(text.to_owned()),
            Err(_) => Self::Other { base64: STANDARD.encode(bytes) },
        }
    }

    fn bytes(self) -> Result<Bytes, String> {
        match self {
            Self::Utf8(text) => Ok(Bytes::from(text)),
            Self::Other { base64 } => {
                STANDARD.decode(base64).map(Bytes::from).map_err(|error| format!("it holds no base64: {error}"))
            }
        }
    }
}

/// An event as a line of JSON, without a line feed.
pub fn export_line(kept: &Kept) -> String {
    line(&kept.event, kept.unhandled.as_deref())
}

/// The same of an event that is not kept as such.
pub(super) fn line(event: &Event, unhandled: Option<&str>) -> String {
    let Event { method, path_with_query, headers, body, received_at_ms, relay } = event;
    let at = i64::try_from(*received_at_ms).ok().and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    let line = Line {
        received_at: format!("{:.3}", at.unwrap_or(jiff::Timestamp::MAX)),
        method: method.clone(),
        path: path_with_query.clone(),
        headers: headers.iter().map(|(name, value)| (name.clone(), Text::of(value))).collect(),
        body: Text::of(body),
        relay: relay.clone(),
        unhandled: unhandled.map(str::to_owned),
    };
    serde_json::to_string(&line).unwrap_or_default()
}

/// The event of a line that [`export_line`] made.
///
/// # Errors
/// What is wrong with the line.
pub fn import_line(line: &str) -> Result<Event, String> {
    let line: Line = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let at: jiff::Timestamp =
        line.received_at.parse().map_err(|_| format!("`received_at` is no time: `{}`", line.received_at))?;
    let headers = line.headers.into_iter().map(|(name, value)| value.bytes().map(|value| (name, value)));
    Ok(Event {
        method: line.method,
        path_with_query: line.path,
        headers: headers.collect::<Result<_, _>>()?,
        body: line.body.bytes()?,
        received_at_ms: u64::try_from(at.as_millisecond()).map_err(|_| "`received_at` is before 1970".to_owned())?,
        relay: line.relay,
    })
}

/// Headers as the store keeps them.
pub(super) fn headers_text(event: &Event) -> String {
    let headers: Vec<_> = event.headers.iter().map(|(name, value)| (name, Text::of(value))).collect();
    serde_json::to_string(&headers).unwrap_or_default()
}

/// Headers out of the store. What is no list of them is none.
pub(super) fn headers(text: &str) -> Vec<(String, Bytes)> {
    let headers: Vec<(String, Text)> = serde_json::from_str(text).unwrap_or_default();
    headers.into_iter().filter_map(|(name, value)| value.bytes().ok().map(|value| (name, value))).collect()
}
