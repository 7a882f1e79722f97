//! What is in an inbox.

use bytes::Bytes;
use rusqlite::{Row, params};

use super::{
    Inbox, InboxError, exchange,
    insert::{signed, unsigned},
    relays,
};
use crate::model::Event;

/// The fact that says how far events are loaded, as far as the inbox was told.
const LOADED_THROUGH: &str = "loaded_through";

/// An event that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its number.
    pub number: u64,
    /// The event.
    pub event: Event,
    /// What tells it from others.
    pub dedupe_key: Option<String>,
    /// Why the component could not handle it; none when it could.
    pub unhandled: Option<String>,
}

/// What is in an inbox, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Events that wait to be loaded.
    pub waiting: u64,
    /// Bytes of their bodies.
    pub waiting_bytes: u64,
    /// When the first of them came, in milliseconds since 1970.
    pub waiting_since_ms: Option<u64>,
    /// Events that the component could not handle so far.
    pub unhandled: u64,
    /// Events that are loaded, and kept for a while.
    pub loaded: u64,
    /// Bytes of the bodies of all events.
    pub bytes: u64,
    /// When the first of all events came, in milliseconds since 1970.
    pub since_ms: Option<u64>,
    /// Messages that are still to be passed on.
    pub relays: u64,
}

impl Inbox {
    /// The events that wait to be loaded after the one with the number `after`, in their order: as many as `events` and
    /// `bytes` allow, and at least one.
    ///
    /// # Errors
    /// What [`InboxError`] lists.
    pub fn waiting(&self, after: u64, events: usize, bytes: usize) -> Result<Vec<Kept>, InboxError> {
        let sql = "SELECT * FROM events WHERE state = 0 AND number > ? ORDER BY number LIMIT ?";
        let mut left = Some(bytes);
        let mut found = Vec::new();
        self.each(sql, &[signed(after), i64::try_from(events).unwrap_or(i64::MAX)], |kept| {
            let Some(room) = left else { return false };
            left = room.checked_sub(kept.event.body.len()).filter(|room| *room > 0);
            found.push(kept);
            left.is_some()
        })?;
        Ok(found)
    }

    /// The first events that the component could not handle.
    ///
    /// # Errors
    /// What [`InboxError`] lists.
    pub fn unhandled(&self, after: u64, events: usize) -> Result<Vec<Kept>, InboxError> {
        let mut found = Vec::new();
        let sql = "SELECT * FROM events WHERE state = 1 AND number > ? ORDER BY number LIMIT ?";
        self.each(sql, &[signed(after), i64::try_from(events).unwrap_or(i64::MAX)], |kept| {
            found.push(kept);
            true
        })?;
        Ok(found)
    }

    /// Handed events came in since a time, after the one with the number `after`, to `take` in their order, until it says
    /// that it wants no more.
    ///
    /// # Errors
    /// What [`InboxError`] lists.
    pub fn since(&self, since_ms: u64, after: u64, take: impl FnMut(Kept) -> bool) -> Result<(), InboxError> {
        let sql = "SELECT * FROM events WHERE received_at_ms >= ? AND number > ? ORDER BY number";
        self.each(sql, &[signed(since_ms), signed(after)], take)
    }

    /// One event; none when it is not there any more.
    ///
    /// # Errors
    /// What [`InboxError`] lists.
    pub fn one(&self, number: u64) -> Result<Option<Kept>, InboxError> {
        let mut found = None;
        self.each("SELECT * FROM events WHERE number = ?", &[signed(number)], |kept| {
            found = Some(kept);
            false
        })?;
        Ok(found)
    }

    fn each(&self, sql: &str, values: &[i64], mut take: impl FnMut(Kept) -> bool) -> Result<(), InboxError> {
        let mut within = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let mut rows = statement.query(rusqlite::params_from_iter(values))?;
            while let Some(row) = rows.next()? {
                if !take(kept(row)?) {
                    break;
                }
            }
            Ok(())
        };
        within().map_err(|error: rusqlite::Error| self.failed(&error))
    }

    /// What is in it, when the events up to `loaded_through` are loaded.
    ///
    /// # Errors
    /// What [`InboxError`] lists.
    pub fn status(&self, loaded_through: u64) -> Result<Status, InboxError> {
        let sql = "SELECT count(*) FILTER (WHERE w), coalesce(sum(size) FILTER (WHERE w), 0), min(at) FILTER (WHERE w), \
                   count(*) FILTER (WHERE state = 1), count(*) FILTER (WHERE state = 0 AND NOT w), \
                   coalesce(sum(size), 0), min(at) FROM (SELECT state = 0 AND number > ? AS w, length(body) AS size, \
                   received_at_ms AS at, state FROM events)";
        let relays = "SELECT count(*) FROM relays WHERE state < 2";
        let relays = self.connection.query_row(relays, [], |row| row.get(0).map(unsigned));
        let relays = relays.map_err(|error| self.failed(&error))?;
        let status = |row: &Row<'_>| {
            let number = |at| row.get(at).map(unsigned);
            let time = |at| row.get::<_, Option<i64>>(at).map(|time| time.map(unsigned));
            Ok(Status {
                waiting: number(0)?,
                waiting_bytes: number(1)?,
                waiting_since_ms: time(2)?,
                unhandled: number(3)?,
                loaded: number(4)?,
                bytes: number(5)?,
                since_ms: time(6)?,
                relays,
            })
        };
        self.connection.query_row(sql, params![signed(loaded_through)], status).map_err(|error| self.failed(&error))
    }

    /// How far events are loaded, as far as the inbox was told: the destination may have more.
    ///
    /// # Errors
    /// What [`InboxError`] lists.
    pub fn loaded_through(&self) -> Result<u64, InboxError> {
        Ok(self.fact(LOADED_THROUGH)?.and_then(|text| text.parse().ok()).unwrap_or_default())
    }

    /// Notes how far events are loaded.
    ///
    /// # Errors
    /// What [`InboxError`] lists.
    pub fn note_loaded(&self, through: u64) -> Result<(), InboxError> {
        self.set_fact(LOADED_THROUGH, &through.to_string())
    }
}

fn kept(row: &Row<'_>) -> rusqlite::Result<Kept> {
    let headers: String = row.get("headers")?;
    let reason: Option<String> = row.get("reason")?;
    Ok(Kept {
        number: unsigned(row.get("number")?),
        event: Event {
            method: row.get("method")?,
            path_with_query: row.get("path")?,
            headers: exchange::headers(&headers),
            body: Bytes::from(row.get::<_, Vec<u8>>("body")?),
            received_at_ms: unsigned(row.get("received_at_ms")?),
            relay: row.get::<_, Option<String>>("relay")?.map(|text| relays::parse(&text)).transpose()?,
        },
        dedupe_key: row.get("dedupe_key")?,
        unhandled: if row.get::<_, i64>("state")? == 0 { None } else { Some(reason.unwrap_or_default()) },
    })
}
