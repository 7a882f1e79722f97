//! Rows of the open transaction whose table gets more columns. They wait until the load ends.
//!
//! DuckDB 1.5 writes row groups ahead of the commit once they are full, and breaks over the next one when the table was altered
//! in between ("row group prev allocated size"). So the rows wait as the batches that they came in, up to a limit, which costs
//! nothing; and more of them in a temporary table, of which nothing is written ahead.

use std::collections::{HashMap, HashSet};

use arrow_array::RecordBatch;
use duckdb::Connection;

use super::append::append;
use super::connect::ROW_GROUP;
use super::ddl::{self, TEMPORARY, TableName};
use super::tables::{Place, Tables};

/// Rows that a transaction may have appended to a table that is altered then: as long as no row group is full, nothing of it
/// was written ahead yet.
const ROWS_BEFORE_ALTER: u64 = ROW_GROUP - 1;

/// Row ids from here on belong to rows of the open transaction.
const FIRST_LOCAL_ROW: u64 = 1 << 54;

/// A table, as a load knows it.
type Key = (Place, String);

/// Bytes of the batches that wait in memory, of all tables together.
const HELD_BYTES: usize = 32 << 20;

/// Where a batch went.
#[derive(Debug)]
pub(super) enum Taken {
    /// It waits in memory.
    InMemory,
    /// It is to be appended to this temporary table.
    Into(TableName),
    /// Nowhere: its table gets no more columns, as far as is known.
    Not,
}

/// The rows of one table that wait.
#[derive(Debug, Default)]
struct Waiting {
    /// The temporary table, if there is one, with all columns of the table itself.
    table: Option<TableName>,
    /// What came later than its rows. A batch may lack columns that came after it.
    held: Vec<RecordBatch>,
}

/// The tables whose rows wait.
#[derive(Debug, Default)]
pub(super) struct Aside {
    waiting: HashMap<Key, Waiting>,
    /// Bytes of the batches in memory.
    held_bytes: usize,
    /// How many temporary tables there were in this load.
    made: usize,
    /// Tables that got columns after many rows in the last load. Chances are that they do so again.
    growing: HashSet<Key>,
    /// Tables that got columns after many rows in this load.
    grew: HashSet<Key>,
}

impl Aside {
    /// For a load that begins, with what is known from the last one.
    pub(super) fn again(&self) -> Self {
        Self { growing: self.growing.clone(), ..Self::default() }
    }

    /// What is known to the load after this one.
    pub(super) fn next(&self) -> Self {
        Self { growing: self.grew.clone(), ..Self::default() }
    }

    /// Takes a batch that must wait. `local` is how many rows of its table this transaction has so far.
    pub(super) fn take(
        &mut self,
        connection: &Connection,
        tables: &Tables,
        key: &Key,
        local: u64,
        batch: &RecordBatch,
    ) -> duckdb::Result<Taken> {
        if local == 0 && self.growing.contains(key) {
            self.waiting.entry(key.clone()).or_default();
        }
        if !self.waiting.contains_key(key) {
            return Ok(Taken::Not);
        }
        let bytes = batch.get_array_memory_size();
        if self.held_bytes + bytes > HELD_BYTES {
            return self.spill(connection, tables, key).map(Taken::Into);
        }
        self.held_bytes += bytes;
        self.waiting.entry(key.clone()).or_default().held.push(batch.clone());
        Ok(Taken::InMemory)
    }

    /// Puts what waits in memory of a table into its temporary one, which is made if there is none.
    fn spill(&mut self, connection: &Connection, tables: &Tables, key: &Key) -> duckdb::Result<TableName> {
        let made = self.waiting.get(key).and_then(|waiting| waiting.table.clone());
        let name = if let Some(name) = made {
            name
        } else {
            let (name, main) = (self.name(), tables.name(key.0, &key.1));
            connection.execute_batch(&format!("CREATE TEMPORARY TABLE {name} AS SELECT * FROM {main} LIMIT 0"))?;
            name
        };
        let waiting = self.waiting.entry(key.clone()).or_default();
        waiting.table = Some(name.clone());
        for batch in waiting.held.drain(..) {
            self.held_bytes -= batch.get_array_memory_size();
            append(connection, &name, &batch)?;
        }
        Ok(name)
    }

    /// Takes the rows of this transaction out of a table that is about to get columns, if there are too many of them.
    pub(super) fn make_way(
        &mut self,
        connection: &Connection,
        tables: &Tables,
        key: &Key,
        local: u64,
    ) -> duckdb::Result<()> {
        if key.0 == Place::Merging || local <= ROWS_BEFORE_ALTER {
            return Ok(());
        }
        self.grew.insert(key.clone());
        if self.waiting.contains_key(key) {
            return Ok(());
        }
        if tables.columns(key.0, &key.1).unwrap_or_default().iter().any(|column| column == "rowid") {
            let advice =
                "a column is called `rowid`, so its rows cannot be told apart: lower `commit_rows` of `[load]`";
            return Err(duckdb::Error::ToSqlConversionFailure(advice.into()));
        }
        let (name, main) = (self.name(), tables.name(key.0, &key.1));
        self.waiting.insert(key.clone(), Waiting { table: Some(name.clone()), held: Vec::new() });
        connection.execute_batch(&format!(
            "CREATE TEMPORARY TABLE {name} AS SELECT * FROM {main} WHERE rowid >= {FIRST_LOCAL_ROW}; \
             DELETE FROM {main} WHERE rowid >= {FIRST_LOCAL_ROW}"
        ))
    }

    /// How many tables wait from their first row on.
    #[cfg(test)]
    pub(super) fn growing(&self) -> usize {
        self.growing.len()
    }

    /// The table that must get the columns of another, too.
    pub(super) fn of(&self, key: &Key) -> Option<&TableName> {
        self.waiting.get(key)?.table.as_ref()
    }

    /// Forgets the rows of a table, which goes.
    pub(super) fn drop(&mut self, connection: &Connection, key: &Key) -> duckdb::Result<()> {
        let Some(waiting) = self.waiting.remove(key) else { return Ok(()) };
        self.held_bytes -= waiting.held.iter().map(RecordBatch::get_array_memory_size).sum::<usize>();
        waiting.table.map_or(Ok(()), |name| connection.execute_batch(&format!("DROP TABLE {name}")))
    }

    /// Puts all rows into their tables, which get no more columns in this load. An error comes with the table's name.
    pub(super) fn come_back(
        &mut self,
        connection: &Connection,
        tables: &Tables,
    ) -> Result<(), (String, duckdb::Error)> {
        self.held_bytes = 0;
        for ((place, table), waiting) in self.waiting.drain() {
            let main = tables.name(place, &table);
            let mut back = Ok(());
            if let Some(name) = waiting.table {
                let columns = tables.columns(place, &table).unwrap_or_default();
                let columns = columns.iter().map(|column| ddl::quote(column)).collect::<Vec<_>>().join(", ");
                let sql = format!("INSERT INTO {main} ({columns}) SELECT {columns} FROM {name}; DROP TABLE {name}");
                back = connection.execute_batch(&sql);
            }
            back.and_then(|()| waiting.held.iter().try_for_each(|batch| append(connection, &main, batch)))
                .map_err(|error| (table, error))?;
        }
        Ok(())
    }

    /// A name for one more temporary table.
    fn name(&mut self) -> TableName {
        self.made += 1;
        let table = format!("_sluicegate_aside_{}", self.made);
        TableName { catalog: TEMPORARY.0.to_owned(), schema: TEMPORARY.1.to_owned(), table }
    }
}
