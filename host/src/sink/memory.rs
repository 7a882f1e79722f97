//! How much DuckDB may hold in memory. Left to itself it takes four fifths of the machine, and a load of any size fills that
//! with blocks it has read and written.
//!
//! What does not fit into the limit waits in files beside the database, but not all can: the rows at the end of a table,
//! which are appended to, take a block of each column, and a row is in memory as a whole. So wide tables and large rows raise
//! the limit. They are what configuration allows (`page_bytes`), and no matter of how many rows there are. A merge, whose rows
//! wait in memory, has twice the limit: what is more goes to files, too, but takes an eighth longer.

use arrow_array::{Array as _, RecordBatch};
use duckdb::Connection;

use crate::normalize::schema::Table;

/// What a column may need beside the limit: blocks for values, texts and nulls, in a table and in its staging table.
const COLUMN_BYTES: u64 = 2 << 20;

/// Columns that the limit itself has room for.
const FREE_COLUMNS: u64 = 32;

/// Bytes of one append that the limit itself has room for; as many as are usually appended at once.
const FREE_BATCH_BYTES: u64 = 16 << 20;

/// How often the bytes of an append are in memory: as they came, in the table, in the log, and on their way.
const COPIES: u64 = 4;

/// The limit that is in force.
#[derive(Debug)]
pub(super) struct Memory {
    configured: u64,
    columns: u64,
    batch: u64,
    merges: bool,
}

impl Memory {
    /// For a database that was opened with a limit.
    pub(super) fn new(configured: u64) -> Self {
        Self { configured, columns: 0, batch: 0, merges: false }
    }

    /// Raises the limit, if rows that are appended to a table take it.
    pub(super) fn for_rows(
        &mut self,
        connection: &Connection,
        table: &Table,
        batch: &RecordBatch,
    ) -> duckdb::Result<()> {
        let columns = batch.columns().iter();
        let bytes = columns.map(|column| column.get_array_memory_size() as u64).sum();
        self.make_room(connection, table.columns.len(), bytes)
    }

    /// Doubles the limit, as rows wait in memory for their merge, where nothing is compressed.
    pub(super) fn for_merges(&mut self, connection: &Connection) -> duckdb::Result<()> {
        let before = self.needed();
        self.merges = true;
        self.raise(connection, before)
    }

    /// Raises the limit, if one of some tables takes it.
    pub(super) fn for_tables<'a>(
        &mut self,
        connection: &Connection,
        tables: impl Iterator<Item = &'a Table>,
    ) -> duckdb::Result<()> {
        let widest = tables.map(|table| table.columns.len()).max().unwrap_or_default();
        self.make_room(connection, widest, 0)
    }

    fn make_room(&mut self, connection: &Connection, columns: usize, batch: u64) -> duckdb::Result<()> {
        let before = self.needed();
        self.columns = self.columns.max(columns as u64);
        self.batch = self.batch.max(batch);
        self.raise(connection, before)
    }

    fn raise(&self, connection: &Connection, before: u64) -> duckdb::Result<()> {
        let needed = self.needed();
        if needed > before {
            connection.execute_batch(&format!("SET memory_limit = '{}'", setting(needed)))?;
        }
        Ok(())
    }

    fn needed(&self) -> u64 {
        let columns = self.columns.saturating_sub(FREE_COLUMNS).saturating_mul(COLUMN_BYTES);
        let batch = self.batch.saturating_sub(FREE_BATCH_BYTES).saturating_mul(COPIES);
        let merges = if self.merges { self.configured } else { 0 };
        self.configured.saturating_add(merges).saturating_add(columns).saturating_add(batch)
    }
}

/// A number of bytes as DuckDB takes it.
pub(super) fn setting(bytes: u64) -> String {
    format!("{}KiB", bytes.div_ceil(1024))
}
