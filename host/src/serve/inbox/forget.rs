//! Events and messages of a person go, whether they are loaded and passed on or not.

use rusqlite::TransactionBehavior;

use super::{
    Inbox, InboxError, Pruned, exchange,
    insert::{signed, unsigned},
};
use crate::model::Event;

/// A message that is or was passed on, as far as it is kept.
#[derive(Clone, Debug)]
pub struct KeptRelay {
    /// Its number.
    pub number: u64,
    /// Mostly the identity of who wrote it.
    pub order_key: Option<String>,
    /// What is kept of it, until it is over.
    pub message: Option<Event>,
}

impl Inbox {
    /// All messages that are or were passed on.
    ///
    /// # Errors
    /// What [`InboxError`] lists.
    pub fn relays(&self) -> Result<Vec<KeptRelay>, InboxError> {
        let within = || {
            let mut statement = self.connection.prepare("SELECT number, order_key, message FROM relays")?;
            let relays = statement.query_map([], |row| {
                let message: Option<String> = row.get(2)?;
                let message = message.and_then(|line| exchange::import_line(&line).ok());
                Ok(KeptRelay { number: row.get(0).map(unsigned)?, order_key: row.get(1)?, message })
            })?;
            relays.collect::<rusqlite::Result<_>>()
        };
        within().map_err(|error: rusqlite::Error| self.failed(&error))
    }

    /// Removes events and messages that are passed on by their numbers, all in one transaction.
    ///
    /// # Errors
    /// What [`InboxError`] lists. Nothing is removed then.
    pub fn remove(&mut self, numbers: &[u64], relays: &[u64]) -> Result<Pruned, InboxError> {
        let mut within = || {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut removed = Pruned::default();
            {
                let mut statement = transaction.prepare("DELETE FROM relays WHERE number = ?")?;
                for number in relays {
                    statement.execute([signed(*number)])?;
                }
                let mut statement =
                    transaction.prepare("DELETE FROM events WHERE number = ? RETURNING length(body)")?;
                for number in numbers {
                    let mut rows = statement.query([signed(*number)])?;
                    while let Some(row) = rows.next()? {
                        removed.events += 1;
                        removed.bytes += unsigned(row.get(0)?);
                    }
                }
            }
            transaction.commit()?;
            Ok(removed)
        };
        let removed = within();
        removed.map_err(|error: rusqlite::Error| self.failed(&error))
    }

    /// Writes the file anew, and empties its log. Removed events are overwritten at once, but the log has them until then, and
    /// what was in a page before it came to another use may be there still.
    ///
    /// # Errors
    /// What [`InboxError`] lists. A reader that is at it keeps the log from being emptied.
    pub fn compact(&self) -> Result<(), InboxError> {
        let failed = |error: rusqlite::Error| self.failed(&error);
        self.connection.execute_batch("VACUUM").map_err(failed)?;
        let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
        let busy: i64 = self.connection.query_row(sql, [], |row| row.get(0)).map_err(failed)?;
        if busy == 0 { Ok(()) } else { Err(InboxError::Busy { path: self.dir.clone() }) }
    }
}
