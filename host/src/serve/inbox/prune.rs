//! Events go, once they are loaded and old enough.

use std::time::Duration;

use rusqlite::params;

use super::{
    Inbox, InboxError,
    insert::{signed, unsigned},
    store::BUSY,
};

/// Most events that go in one transaction: others wait for it meanwhile.
const AT_ONCE: usize = 5000;

/// How long others who read or write are waited for when the log is emptied.
const LOG_WAIT: Duration = Duration::from_millis(100);

/// What went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Events.
    pub events: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
}

impl Inbox {
    /// Removes events that came before a time and are loaded, as far as the inbox was told; others stay whatever their age.
    ///
    /// # Errors
    /// What [`InboxError`] lists.
    pub fn prune(&self, before_ms: u64) -> Result<Pruned, InboxError> {
        let through = self.loaded_through()?;
        let mut pruned = Pruned::default();
        loop {
            let step = self.prune_some(before_ms, through).map_err(|error| self.failed(&error))?;
            pruned.events += step.events;
            pruned.bytes += step.bytes;
            if step.events < AT_ONCE as u64 {
                break;
            }
        }
        self.connection
            .execute("DELETE FROM relays WHERE state = 2 AND received_at_ms < ?", [signed(before_ms)])
            .map_err(|error| self.failed(&error))?;
        if pruned.events > 0 {
            let shrink = "PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)";
            self.connection.execute_batch(shrink).map_err(|error| self.failed(&error))?;
        }
        Ok(pruned)
    }

    /// Empties the log, which holds what was overwritten since it was last empty. One that is in use just now stays.
    ///
    /// # Errors
    /// What [`InboxError`] lists.
    pub fn wipe_log(&self) -> Result<(), InboxError> {
        let wipe = || {
            self.connection.busy_timeout(LOG_WAIT)?;
            let done = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            self.connection.busy_timeout(BUSY)?;
            done
        };
        wipe().map_err(|error| self.failed(&error))
    }

    fn prune_some(&self, before_ms: u64, through: u64) -> rusqlite::Result<Pruned> {
        let mut statement = self.connection.prepare_cached(
            "DELETE FROM events WHERE number IN (SELECT number FROM events WHERE state = 0 AND number <= ? \
             AND received_at_ms < ? ORDER BY number LIMIT ?) RETURNING length(body)",
        )?;
        let limit = i64::try_from(AT_ONCE).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![signed(through), signed(before_ms), limit])?;
        let mut pruned = Pruned::default();
        while let Some(row) = rows.next()? {
            pruned.events += 1;
            pruned.bytes += unsigned(row.get(0)?);
        }
        Ok(pruned)
    }
}
