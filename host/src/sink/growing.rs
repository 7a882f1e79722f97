//! Rows of the open transaction whose table gets more columns meanwhile.
//!
//! DuckDB 1.5 writes row groups into the file ahead of the commit once they are full, and is confused when the table was altered
//! in between: the next row group that fills up is an error ("row group prev allocated size", duckdb/duckdb#25724), or is taken
//! for written while rows still come (duckdb/duckdb#22823). Two things it does well. Row groups that come as a whole, by an
//! INSERT that threads may share, it makes and writes by themselves, and adds them to the others. And once a row of the
//! transaction was deleted it writes nothing ahead any more: all that the transaction has of the table goes through memory and
//! log, which is several times the work.
//!
//! So rows of a table that gets more columns in this load, or got some in the last one, wait as the batches that they came in until
//! they fill row groups. One row group's worth stays back for the end of the load, where rows must not come one by one
//! either. Where that cannot be, as a table begins to grow just before the end, or its rows are large, one row is deleted,
//! and inserted again.

use std::collections::{HashMap, HashSet};

use arrow_array::RecordBatch;
use duckdb::Connection;

use super::append::{append, append_whole};
use super::connect::ROW_GROUP;
use super::ddl::{TEMPORARY, TableName};
use super::tables::{Place, Tables};

/// Rows of a load after which a table that gets a column is taken to get more of them. Columns that are there in one of a
/// thousand rows have come by then.
const SETTLED: u64 = ROW_GROUP / 2;

/// A table, as a load knows it.
type Key = (Place, String);

/// Bytes of all batches that may wait. Large rows do not wait until they fill a row group.
const WAITING_BYTES: usize = 32 << 20;

/// The tables of a load, and the rows that wait.
#[derive(Debug, Default)]
pub(super) struct Growing {
    /// Row groups have [`ROW_GROUP`] rows. Else none come as a whole, as nobody knows how many rows that takes.
    pub(super) is_grouped: bool,
    /// Bytes of the batches that may wait, of all tables together.
    pub(super) room: usize,
    /// Tables that got columns after many rows, in the last load or in this one. Chances are that they do so again.
    tables: HashSet<Key>,
    /// Those of this load.
    grew: HashSet<Key>,
    /// Tables that are known to have no row groups that are larger than [`ROW_GROUP`].
    sound: HashSet<Key>,
    /// What came in, by table.
    local: HashMap<Key, Local>,
}

/// What a load has of one table.
#[derive(Debug, Default)]
struct Local {
    /// What waits. A batch may lack columns that came after it.
    waiting: Vec<RecordBatch>,
    /// Rows of the last row group, unless that came as a whole; as many as it can have when it is closed and the table was altered.
    open: u64,
    /// The last row group came as a whole, and is written.
    closed: bool,
    ahead: Ahead,
}

/// What DuckDB has written ahead of row groups that filled up with rows that came one by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Ahead {
    #[default]
    Nothing,
    Something,
    /// Something, or row groups that came as a whole, and the table was altered then: no row group must fill up.
    Fragile,
    /// Nothing, and it never will in this load.
    Never,
}

impl Growing {
    /// Of a database, where nothing is known yet.
    pub(super) fn new(is_grouped: bool) -> Self {
        Self { is_grouped, room: WAITING_BYTES, ..Self::default() }
    }

    /// The same where nothing is known any more, after a rollback.
    pub(super) fn anew(&self) -> Self {
        Self { room: self.room, ..Self::new(self.is_grouped) }
    }

    /// For a load that begins, with what is known from the last one.
    pub(super) fn again(&self) -> Self {
        Self { tables: self.tables.clone(), sound: self.sound.clone(), ..self.anew() }
    }

    /// What is known to the load after this one.
    pub(super) fn next(&self) -> Self {
        Self { tables: self.grew.clone(), sound: self.sound.clone(), ..self.anew() }
    }

    /// Appends a batch, or has it wait.
    pub(super) fn append(
        &mut self,
        connection: &Connection,
        tables: &Tables,
        key: &Key,
        batch: &RecordBatch,
    ) -> duckdb::Result<()> {
        let local = self.local.entry(key.clone()).or_default();
        if !self.tables.contains(key) || local.ahead == Ahead::Never {
            return local.append(connection, tables, key, std::slice::from_ref(batch));
        }
        local.waiting.push(batch.clone());
        let all = self.local.values().flat_map(|local| &local.waiting);
        let bytes: usize = all.map(RecordBatch::get_array_memory_size).sum();
        let local = self.local.entry(key.clone()).or_default();
        let groups = rows(&local.waiting) / ROW_GROUP;
        if groups > 1 || (groups == 1 && bytes > self.room) {
            let rest = split(&mut local.waiting, (groups - 1).max(1) * ROW_GROUP);
            let ready = std::mem::replace(&mut local.waiting, rest);
            local.append_whole(connection, tables, key, &ready)
        } else if bytes > self.room {
            let ready = std::mem::take(&mut local.waiting);
            local.append(connection, tables, key, &ready)
        } else {
            Ok(())
        }
    }

    /// Is told that a table is about to get columns. `rows` is how many of it the load has so far.
    pub(super) fn grow(&mut self, key: &Key, rows: u64) {
        // Of temporary tables nothing is written ahead.
        if key.0 == Place::Merging {
            return;
        }
        let local = self.local.entry(key.clone()).or_default();
        if self.is_grouped && (rows >= SETTLED || local.ahead != Ahead::Nothing) {
            self.tables.insert(key.clone());
            self.grew.insert(key.clone());
        }
        if local.closed {
            // It is taken for one that more rows may be added to.
            local.open = ROW_GROUP;
        }
        if local.ahead == Ahead::Something || (local.ahead == Ahead::Nothing && local.closed) {
            local.ahead = Ahead::Fragile;
        }
    }

    /// Whether a table may be altered, as far as the size of its row groups goes. Temporary ones are in memory alone.
    pub(super) fn is_sound(&self, key: &Key) -> bool {
        !self.is_grouped || key.0 == Place::Merging || self.sound.contains(key)
    }

    /// Is told of a table that was made or looked at.
    pub(super) fn note_sound(&mut self, key: Key) {
        self.sound.insert(key);
    }

    /// Is told of a table that was written anew in this load, with so many rows.
    pub(super) fn renewed(&mut self, key: &Key, rows: u64) {
        let local = self.local.entry(key.clone()).or_default();
        local.closed = false;
        local.open = rows.saturating_sub(1) % ROW_GROUP + 1;
        local.ahead = if rows > ROW_GROUP { Ahead::Something } else { Ahead::Nothing };
    }

    /// Tables that are taken to get more columns.
    #[cfg(test)]
    pub(super) fn growing(&self) -> usize {
        self.tables.len()
    }

    /// Forgets the rows of a table, which goes.
    pub(super) fn drop(&mut self, key: &Key) {
        self.local.remove(key);
    }

    /// Appends all that waits. The tables get no more columns in this load. An error comes with the table's name.
    pub(super) fn come_in(&mut self, connection: &Connection, tables: &Tables) -> Result<(), (String, duckdb::Error)> {
        for (key, local) in &mut self.local {
            let ready = std::mem::take(&mut local.waiting);
            let came = match rows(&ready) {
                0 => Ok(()),
                few if few < ROW_GROUP => local.append(connection, tables, key, &ready),
                _ => local.append_whole(connection, tables, key, &ready),
            };
            came.map_err(|error| (key.1.clone(), error))?;
        }
        Ok(())
    }
}

impl Local {
    /// Appends batches row by row, behind those that are there.
    fn append(
        &mut self,
        connection: &Connection,
        tables: &Tables,
        key: &Key,
        batches: &[RecordBatch],
    ) -> duckdb::Result<()> {
        // DuckDB sees that a row group is full when one more row comes.
        self.open += rows(batches);
        if self.open > ROW_GROUP {
            match self.ahead {
                Ahead::Nothing => self.ahead = Ahead::Something,
                Ahead::Fragile => self.hold_back(connection, tables, key)?,
                Ahead::Something | Ahead::Never => {}
            }
            self.open = (self.open - 1) % ROW_GROUP + 1;
        }
        self.closed = false;
        append(connection, &tables.name(key.0, &key.1), batches)
    }

    /// Appends batches as row groups of their own. There are rows enough for one.
    fn append_whole(
        &mut self,
        connection: &Connection,
        tables: &Tables,
        key: &Key,
        batches: &[RecordBatch],
    ) -> duckdb::Result<()> {
        (self.open, self.closed) = (0, true);
        append_whole(connection, &tables.name(key.0, &key.1), batches)
    }

    /// Has DuckDB write nothing of the table ahead any more.
    fn hold_back(&mut self, connection: &Connection, tables: &Tables, key: &Key) -> duckdb::Result<()> {
        if tables.columns(key.0, &key.1).unwrap_or_default().iter().any(|column| column == "rowid") {
            let advice =
                "a column is called `rowid`, so its rows cannot be told apart: lower `commit_rows` of `[load]`";
            return Err(duckdb::Error::ToSqlConversionFailure(advice.into()));
        }
        let [catalog, schema] = [TEMPORARY.0, TEMPORARY.1].map(str::to_owned);
        let one = TableName { catalog, schema, table: "_sluicegate_one_row".to_owned() };
        let main = tables.name(key.0, &key.1);
        // Rows of the open transaction have the highest ids. The id is written out, as DuckDB would join whole rows else.
        let sql = format!("SELECT max(rowid) FROM {main}");
        let row_id: i64 = connection.query_row(&sql, [], |row| row.get(0))?;
        let last = format!("{main} WHERE rowid = {row_id}");
        connection.execute_batch(&format!(
            "CREATE TEMPORARY TABLE {one} AS SELECT * FROM {last}; DELETE FROM {last}; \
             INSERT INTO {main} SELECT * FROM {one}; DROP TABLE {one}"
        ))?;
        self.ahead = Ahead::Never;
        Ok(())
    }
}

fn rows(batches: &[RecordBatch]) -> u64 {
    batches.iter().map(|batch| batch.num_rows() as u64).sum()
}

/// Leaves so many rows, and returns those behind them. There are as many at least.
fn split(batches: &mut Vec<RecordBatch>, rows: u64) -> Vec<RecordBatch> {
    let mut left = usize::try_from(rows).unwrap_or(usize::MAX);
    let whole = batches.iter().take_while(|batch| {
        let fits = batch.num_rows() <= left;
        left -= if fits { batch.num_rows() } else { 0 };
        fits
    });
    let mut rest = batches.split_off(whole.count());
    if let Some(first) = rest.first_mut().filter(|_| left > 0) {
        batches.push(first.slice(0, left));
        *first = first.slice(left, first.num_rows() - left);
    }
    rest
}
