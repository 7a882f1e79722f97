//! Events come in: many in one transaction, each told from those that came before.

use std::time::Duration;

use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

use super::{
    Inbox, InboxError,
    relays::{self, Learned, NewRelay, TakenRelay},
};
use crate::model::Event;

/// An event that is to be kept.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// The event.
    pub event: Event,
    /// Events with equal keys within the window are one; none: it is one of its own.
    pub dedupe_key: Option<String>,
    /// Why the component could not handle it; none when it could.
    pub unhandled: Option<String>,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// It is kept, with this number.
    New(u64),
    /// It is one with an event that is there.
    Duplicate,
}

/// Something that is to be written.
#[derive(Clone, Debug)]
pub enum Write {
    /// An event.
    Event(NewEvent),
    /// A message that is to be passed on.
    Relay(Box<NewRelay>),
    /// A message is about to be sent, and will not be sent again before that time.
    Sending {
        /// The number of the message.
        number: u64,
        /// In milliseconds since 1970.
        not_before_ms: u64,
    },
    /// Something was learned of a message.
    Learned(Learned),
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// Of an event.
    Event(Stored),
    /// Of a message.
    Relay(TakenRelay),
    /// Whether the message is there to be sent.
    Sending(bool),
    /// The event that tells of it, and the bytes of its body; none when there is no such event.
    Learned(Option<(u64, u64)>),
}

impl Inbox {
    /// Keeps events. When it comes back, they are durable; after an error none of them is there.
    ///
    /// # Errors
    /// [`InboxError::Full`] and what [`InboxError`] lists beside.
    pub fn insert(&mut self, events: &[NewEvent], window: Duration) -> Result<Vec<Stored>, InboxError> {
        let done = self.insert_within(events, window);
        done.map_err(|error| self.failed(&error))
    }

    fn insert_within(&mut self, events: &[NewEvent], window: Duration) -> rusqlite::Result<Vec<Stored>> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let stored = events.iter().map(|new| insert_one(&transaction, new, window)).collect::<Result<_, _>>()?;
        transaction.commit()?;
        Ok(stored)
    }

    /// Writes what came up meanwhile. When it comes back, all of it is durable; after an error none of it is there.
    ///
    /// # Errors
    /// [`InboxError::Full`] and what [`InboxError`] lists beside.
    pub fn write(&mut self, writes: &[Write], window: Duration) -> Result<Vec<Written>, InboxError> {
        let id = self.id().to_owned();
        let mut within = || {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let write = |write: &Write| match write {
                Write::Event(new) => insert_one(&transaction, new, window).map(Written::Event),
                Write::Relay(new) => relays::insert(&transaction, &id, new, window).map(Written::Relay),
                Write::Sending { number, not_before_ms } => {
                    relays::sending(&transaction, *number, *not_before_ms).map(Written::Sending)
                }
                Write::Learned(learned) => relays::learned(&transaction, learned, window).map(Written::Learned),
            };
            let written = writes.iter().map(write).collect::<rusqlite::Result<_>>()?;
            transaction.commit()?;
            Ok(written)
        };
        let done = within();
        done.map_err(|error: rusqlite::Error| self.failed(&error))
    }

    /// An event that could not be handled was: it gets a number as if it had come now, or goes when it came once more
    /// meanwhile.
    ///
    /// # Errors
    /// What [`InboxError`] lists.
    pub fn handled(&mut self, number: u64, handled: &NewEvent, window: Duration) -> Result<Stored, InboxError> {
        let mut within = || {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute("DELETE FROM events WHERE number = ? AND state = 1", [signed(number)])?;
            let stored = insert_one(&transaction, handled, window)?;
            transaction.commit()?;
            Ok(stored)
        };
        let done = within();
        done.map_err(|error: rusqlite::Error| self.failed(&error))
    }

    /// An event that could be handled when it came cannot be any more: it waits until it can.
    ///
    /// # Errors
    /// What [`InboxError`] lists.
    pub fn set_aside(&self, number: u64, reason: &str) -> Result<(), InboxError> {
        let sql = "UPDATE events SET state = 1, reason = ? WHERE number = ?";
        self.connection.execute(sql, params![reason, signed(number)]).map(drop).map_err(|error| self.failed(&error))
    }

    /// Has the numbers of events that come from now on be above `number`. A destination may know of events that the inbox
    /// does not, when the inbox was put back from a copy: new ones must not look like those.
    ///
    /// # Errors
    /// What [`InboxError`] lists.
    pub fn number_above(&self, number: u64) -> Result<(), InboxError> {
        let number = signed(number);
        let sql = "UPDATE sqlite_sequence SET seq = ? WHERE name = 'events' AND seq < ?";
        let first = "INSERT INTO sqlite_sequence (name, seq) SELECT 'events', ? \
                     WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'events')";
        let done =
            self.connection.execute(sql, [number, number]).and_then(|_| self.connection.execute(first, [number]));
        done.map(drop).map_err(|error| self.failed(&error))
    }
}

pub(super) fn insert_one(transaction: &Transaction<'_>, new: &NewEvent, window: Duration) -> rusqlite::Result<Stored> {
    let event = &new.event;
    let at = signed(event.received_at_ms);
    if let Some(key) = &new.dedupe_key {
        let window = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
        let mut same = transaction
            .prepare_cached("SELECT 1 FROM events WHERE dedupe_key = ? AND received_at_ms BETWEEN ? AND ? LIMIT 1")?;
        let (from, to) = (at.saturating_sub(window), at.saturating_add(window));
        if same.query_row(params![key, from, to], |_| Ok(())).optional()?.is_some() {
            return Ok(Stored::Duplicate);
        }
    }
    let mut insert = transaction.prepare_cached(
        "INSERT INTO events (received_at_ms, method, path, headers, body, dedupe_key, state, reason, relay) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    insert.execute(params![
        at,
        event.method,
        event.path_with_query,
        super::exchange::headers_text(event),
        &event.body[..],
        new.dedupe_key,
        i64::from(new.unhandled.is_some()),
        new.unhandled,
        event.relay.as_ref().map(relays::json)
    ])?;
    Ok(Stored::New(unsigned(transaction.last_insert_rowid())))
}

/// SQLite's integers have a sign.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Numbers and times of events are never negative.
pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
