//! The end of a sink: what is in DuckDB's log goes into the file, and a file that nothing was committed to goes.

use std::time::Instant;

use super::{Sink, SinkError, log_file};
use crate::fault::{self, Point};

/// Rows of a load from which on it is worth to write them into the file at once.
const MANY_ROWS: u64 = 20_000;

impl Sink {
    /// Has the next commit write many rows into the file at once, as DuckDB does with more of them by itself, and not into its log
    /// first, from where closing the sink would write them back a moment later. That commit is as durable as any other, and
    /// so are those that may follow. Few rows are not worth it: their log is as good as written.
    ///
    /// # Errors
    /// What [`SinkError`] lists.
    pub fn expect_last_commit(&mut self) -> Result<(), SinkError> {
        if self.load.as_ref().is_none_or(|load| load.appended() < MANY_ROWS) {
            return Ok(());
        }
        let sql = "SET auto_checkpoint_skip_wal_threshold = 0; SET checkpoint_threshold = '1KB'";
        self.connection.execute_batch(sql).map_err(|error| self.failed("setting up the last commit", &error))
    }

    /// Gives up the open load, if any, and writes all that is in DuckDB's log into the file.
    ///
    /// # Errors
    /// [`SinkError::Full`] and what [`SinkError`] lists beside. What was committed is safe in the log all the same.
    pub fn close(mut self) -> Result<(), SinkError> {
        self.rollback()?;
        if self.new_file {
            return Ok(());
        }
        // What is committed survives a kill on either side of it, and within: DuckDB keeps its log until the file holds
        // all of it.
        fault::point(Point::BeforeCheckpoint);
        let began = Instant::now();
        self.connection.execute_batch("CHECKPOINT").map_err(|error| self.failed("writing the log back", &error))?;
        tracing::debug!("{:.1?}: the checkpoint", began.elapsed());
        fault::point(Point::AfterCheckpoint);
        Ok(())
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // The file goes while the connection still holds its lock, so that it is nobody else's yet.
        if self.new_file {
            // The log first: without its database it would be taken for one that was lost.
            for path in [log_file::of(&self.options.path), self.options.path.clone()] {
                if let Err(error) = std::fs::remove_file(&path) {
                    tracing::debug!(%error, ?path, "removing an empty database");
                }
            }
        }
    }
}
