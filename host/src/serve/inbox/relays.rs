//! Messages that are passed on to the service, and how far each has come.
//!
//! A message and the event that tells of it become durable in one transaction, and so does whatever is learned of it. What a
//! process that is killed leaves of a message:
//!
//! * before the COMMIT that takes it: nothing, and whoever sent it has no answer;
//! * after it: the message waits, and is sent by the next start;
//! * after the COMMIT that says that it is about to be sent: the service may have it or not. The next start notes that nobody
//!   knows, and sends it again or leaves it, as the pipeline file says;
//! * after the COMMIT of an answer: the message is over, and is never sent again.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};
use serde::{Deserialize, Serialize};

use super::{
    Inbox, InboxError, NewEvent, Stored, exchange,
    insert::{insert_one, signed, unsigned},
};
use crate::model::{Event, RelayPlan, RelayProgress, RelayRequest, RelayStatus, ResendRule};

/// A message that is to be passed on.
#[derive(Clone, Debug)]
pub struct NewRelay {
    /// What is kept of the message; none when nothing may be.
    pub message: Option<Event>,
    /// When it came, in milliseconds since 1970.
    pub received_at_ms: u64,
    /// How it is passed on.
    pub plan: RelayPlan,
}

/// A message that was taken, now or before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenRelay {
    /// Its number.
    pub number: u64,
    /// The event that tells of it; none when the message is one with an earlier one.
    pub event: Option<u64>,
    /// Whether it was taken now.
    pub is_new: bool,
    /// How far it has come.
    pub progress: RelayProgress,
}

/// Something that was learned of a message.
#[derive(Clone, Debug)]
pub struct Learned {
    /// The number of the message.
    pub number: u64,
    /// What is known of it now, but for step and attempts, which are the inbox's to count.
    pub status: RelayStatus,
    /// The status of the answer, if there was one.
    pub http_status: Option<u16>,
    /// Why it failed.
    pub reason: Option<String>,
    /// When it is sent again, in milliseconds since 1970; none when it is over.
    pub again_at_ms: Option<u64>,
    /// Whether that counts as a failure.
    pub is_failure: bool,
}

/// A message that waits to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingRelay {
    /// What is sent.
    pub request: RelayRequest,
    /// When it is sent again.
    pub rule: ResendRule,
    /// How often it failed.
    pub failures: u32,
    /// It is not sent before that time, in milliseconds since 1970.
    pub not_before_ms: u64,
    /// How far it has come.
    pub progress: RelayProgress,
}

/// A request as the store keeps it.
#[derive(Serialize, Deserialize)]
struct Kept {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
    rule: ResendRule,
}

impl Inbox {
    /// Notes of each message that was being sent when the process ended that nobody knows what became of it. It is sent
    /// again, or over. Tells how many there were.
    ///
    /// # Errors
    /// What [`InboxError`] lists.
    pub fn recover_relays(&mut self, is_sent_again: bool) -> Result<u64, InboxError> {
        let mut within = || {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let numbers: Vec<i64> = transaction
                .prepare("SELECT number FROM relays WHERE state = 1 ORDER BY number")?
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            for number in &numbers {
                let again_at_ms = if is_sent_again { Some(not_before(&transaction, *number)?) } else { None };
                let learned = Learned {
                    number: unsigned(*number),
                    status: RelayStatus::Unknown,
                    http_status: None,
                    reason: Some("it was being sent when `serve` was stopped".to_owned()),
                    again_at_ms,
                    is_failure: false,
                };
                learned_of(&transaction, &learned, Duration::ZERO, true)?;
            }
            transaction.commit()?;
            Ok(numbers.len() as u64)
        };
        within().map_err(|error: rusqlite::Error| self.failed(&error))
    }

    /// The messages that wait, in their order: their numbers, and the key of those that are sent one after another.
    ///
    /// # Errors
    /// What [`InboxError`] lists.
    pub fn relays_waiting(&self) -> Result<Vec<(u64, Option<String>)>, InboxError> {
        let within = || {
            let sql = "SELECT number, order_key FROM relays WHERE state < 2 ORDER BY number";
            let mut statement = self.connection.prepare(sql)?;
            let waiting = statement.query_map([], |row| Ok((row.get(0).map(unsigned)?, row.get(1)?)))?;
            waiting.collect::<rusqlite::Result<_>>()
        };
        within().map_err(|error: rusqlite::Error| self.failed(&error))
    }

    /// A message that waits; none when it is over.
    ///
    /// # Errors
    /// What [`InboxError`] lists.
    pub fn relay_waiting(&self, number: u64) -> Result<Option<WaitingRelay>, InboxError> {
        let within = || {
            let sql = "SELECT request, failures, not_before_ms, progress FROM relays WHERE number = ? AND state < 2";
            let mut statement = self.connection.prepare_cached(sql)?;
            let found = statement.query_row([signed(number)], |row| {
                let kept: Kept = from_json(&row.get::<_, String>(0)?)?;
                let rule = kept.rule;
                Ok(WaitingRelay {
                    request: kept.request(),
                    rule,
                    failures: row.get(1)?,
                    not_before_ms: row.get(2).map(unsigned)?,
                    progress: parse(&row.get::<_, String>(3)?)?,
                })
            });
            found.optional()
        };
        within().map_err(|error: rusqlite::Error| self.failed(&error))
    }

    /// How far a message has come, and whether it is over; none when it is not known any more.
    ///
    /// # Errors
    /// What [`InboxError`] lists.
    pub fn relay_progress(&self, number: u64) -> Result<Option<(RelayProgress, bool)>, InboxError> {
        let within = || {
            let sql = "SELECT progress, state FROM relays WHERE number = ?";
            let progress =
                |row: &rusqlite::Row<'_>| Ok((parse(&row.get::<_, String>(0)?)?, row.get::<_, i64>(1)? == 2));
            self.connection.prepare_cached(sql)?.query_row([signed(number)], progress).optional()
        };
        within().map_err(|error: rusqlite::Error| self.failed(&error))
    }
}

impl Kept {
    fn of(plan: &RelayPlan) -> Self {
        let RelayRequest { method, url, headers, body } = &plan.request;
        Self {
            method: method.clone(),
            url: url.clone(),
            headers: headers.iter().map(|(name, value)| (name.clone(), STANDARD.encode(value))).collect(),
            body: STANDARD.encode(body),
            rule: plan.rule,
        }
    }

    fn request(self) -> RelayRequest {
        let bytes = |text: &str| Bytes::from(STANDARD.decode(text).unwrap_or_default());
        RelayRequest {
            body: bytes(&self.body),
            headers: self.headers.into_iter().map(|(name, value)| (name, bytes(&value))).collect(),
            method: self.method,
            url: self.url,
        }
    }
}

/// Takes a message, unless it is one with an earlier one: one that waits, or one that came within the window.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    inbox: &str,
    new: &NewRelay,
    window: Duration,
) -> rusqlite::Result<TakenRelay> {
    let at = signed(new.received_at_ms);
    if let Some(key) = &new.plan.dedupe_key {
        let since = at.saturating_sub(i64::try_from(window.as_millis()).unwrap_or(i64::MAX));
        let sql = "SELECT number, progress FROM relays WHERE dedupe_key = ? AND (state < 2 OR received_at_ms >= ?) \
                   ORDER BY number DESC LIMIT 1";
        let mut same = transaction.prepare_cached(sql)?;
        let found = same
            .query_row(params![key, since], |row| Ok((row.get(0).map(unsigned)?, parse(&row.get::<_, String>(1)?)?)));
        if let Some((number, progress)) = found.optional()? {
            return Ok(TakenRelay { number, event: None, is_new: false, progress });
        }
    }
    let mut insert = transaction.prepare_cached(
        "INSERT INTO relays (received_at_ms, dedupe_key, order_key, state, progress, failures, not_before_ms, message, \
         request) VALUES (?, ?, ?, 0, '', 0, 0, ?, ?)",
    )?;
    let message = new.message.as_ref().map(|message| exchange::line(message, None));
    let request = to_json(&Kept::of(&new.plan));
    insert.execute(params![at, new.plan.dedupe_key, new.plan.order_key, message, request])?;
    let number = transaction.last_insert_rowid();
    let progress = RelayProgress::new(format!("{inbox}-{number}"));
    let mut update = transaction.prepare_cached("UPDATE relays SET progress = ? WHERE number = ?")?;
    update.execute(params![json(&progress), number])?;
    let event = match &new.message {
        Some(message) => tell(transaction, message, &progress, window)?.map(|(event, _)| event),
        None => None,
    };
    Ok(TakenRelay { number: unsigned(number), event, is_new: true, progress })
}

/// A message is about to be sent. Tells whether it is there still.
pub(super) fn sending(transaction: &Transaction<'_>, number: u64, not_before_ms: u64) -> rusqlite::Result<bool> {
    let sql = "UPDATE relays SET state = 1, not_before_ms = ?, \
               progress = json_set(progress, '$.attempts', json_extract(progress, '$.attempts') + 1) \
               WHERE number = ? AND state = 0";
    let changed = transaction.prepare_cached(sql)?.execute(params![signed(not_before_ms), signed(number)])?;
    Ok(changed > 0)
}

/// Something was learned of a message that was sent.
pub(super) fn learned(
    transaction: &Transaction<'_>,
    learned: &Learned,
    window: Duration,
) -> rusqlite::Result<Option<(u64, u64)>> {
    learned_of(transaction, learned, window, learned.again_at_ms.is_none())
}

fn learned_of(
    transaction: &Transaction<'_>,
    learned: &Learned,
    window: Duration,
    is_told: bool,
) -> rusqlite::Result<Option<(u64, u64)>> {
    let number = signed(learned.number);
    let sql = "SELECT progress, message FROM relays WHERE number = ? AND state < 2";
    let mut statement = transaction.prepare_cached(sql)?;
    let found = statement.query_row([number], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?)));
    // It may have been taken out meanwhile.
    let Some((progress, message)) = found.optional()? else { return Ok(None) };
    let mut progress = parse(&progress)?;
    progress.status = learned.status;
    progress.http_status = learned.http_status;
    progress.reason.clone_from(&learned.reason);
    progress.step += u32::from(is_told);
    if let Some(at) = learned.again_at_ms {
        let sql = "UPDATE relays SET state = 0, progress = ?, failures = failures + ?, not_before_ms = ? \
                       WHERE number = ?";
        let values = params![json(&progress), u32::from(learned.is_failure), signed(at), number];
        transaction.prepare_cached(sql)?.execute(values)?;
    } else {
        let sql = "UPDATE relays SET state = 2, progress = ?, message = NULL, request = NULL WHERE number = ?";
        transaction.prepare_cached(sql)?.execute(params![json(&progress), number])?;
    }
    let message = message.filter(|_| is_told).and_then(|line| exchange::import_line(&line).ok());
    message.map_or(Ok(None), |message| tell(transaction, &message, &progress, window))
}

/// Keeps an event that tells of a message. Its number, and the bytes of its body.
fn tell(
    transaction: &Transaction<'_>,
    message: &Event,
    progress: &RelayProgress,
    window: Duration,
) -> rusqlite::Result<Option<(u64, u64)>> {
    let event = Event { relay: Some(progress.clone()), ..message.clone() };
    let bytes = event.body.len() as u64;
    let dedupe_key = Some(progress.key());
    let stored = insert_one(transaction, &NewEvent { event, dedupe_key, unhandled: None }, window)?;
    Ok(match stored {
        Stored::New(number) => Some((number, bytes)),
        Stored::Duplicate => None,
    })
}

fn not_before(transaction: &Transaction<'_>, number: i64) -> rusqlite::Result<u64> {
    let sql = "SELECT not_before_ms FROM relays WHERE number = ?";
    transaction.query_row(sql, [number], |row| row.get(0)).map(unsigned)
}

/// What is known of a message, as a text.
pub(super) fn json(progress: &RelayProgress) -> String {
    to_json(progress)
}

/// What is known of a message, out of a text.
pub(super) fn parse(text: &str) -> rusqlite::Result<RelayProgress> {
    from_json(text)
}

fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn from_json<T: for<'de> Deserialize<'de>>(text: &str) -> rusqlite::Result<T> {
    let wrong = |error| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error));
    serde_json::from_str(text).map_err(wrong)
}
