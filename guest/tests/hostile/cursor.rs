//! Cursors that somebody else made: a dataset may come from anywhere.

use sluicegate_guest::cursor::Cursor;

use super::service::Answers;

/// An input is a cursor without its version, on one line, and answers to go on with.
pub(crate) fn check(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (cursor, answers) = data.split_at(end);
    let Ok(cursor) = str::from_utf8(cursor) else { return };
    let from: Option<serde_json::Value> = serde_json::from_str(cursor).ok();
    let from = from.and_then(|cursor| cursor.get("from")?.as_u64()).unwrap_or(0);
    let Ok(mut cursor) = Cursor::decode(&format!("v1.{cursor}"), from) else { return };
    if let Ok(text) = cursor.encode() {
        assert_eq!(Cursor::decode(&text, from).as_ref(), Ok(&cursor), "{text}");
    }
    // Whoever makes a cursor can give it the digest that it must have.
    if let Some(service) = Answers::new("", answers.get(1..).unwrap_or_default()) {
        cursor.from = service.digest();
        if let Ok(text) = cursor.encode() {
            service.read(Some(text));
        }
    }
}
