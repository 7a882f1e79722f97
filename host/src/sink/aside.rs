//! Rows of the open transaction whose table gets more columns. They wait in a temporary table until the load ends.
//!
//! DuckDB 1.5 writes row groups ahead of the commit once they are full, and breaks over the next one when the table was altered
//! in between ("row group prev allocated size"). A temporary table is in memory, of which nothing is written ahead.

use std::collections::{HashMap, HashSet};

use duckdb::Connection;

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

/// The tables whose rows wait.
#[derive(Debug, Default)]
pub(super) struct Aside {
    waiting: HashMap<Key, TableName>,
    /// How many temporary tables there were in this load.
    made: usize,
    /// Tables that got columns after their rows, in this load or in an earlier one. Chances are that they do so again.
    growing: HashSet<Key>,
}

impl Aside {
    /// For the load after this one.
    pub(super) fn next(&self) -> Self {
        Self { growing: self.growing.clone(), ..Self::default() }
    }

    /// Where rows of a table are appended to, if not to the table itself. `local` is how many this transaction has appended.
    pub(super) fn place(
        &mut self,
        connection: &Connection,
        tables: &Tables,
        key: &Key,
        local: u64,
    ) -> duckdb::Result<Option<TableName>> {
        if local == 0 && self.growing.contains(key) && !self.waiting.contains_key(key) {
            let name = self.begin(key);
            let main = tables.name(key.0, &key.1);
            connection.execute_batch(&format!("CREATE TEMPORARY TABLE {name} AS SELECT * FROM {main} LIMIT 0"))?;
        }
        Ok(self.waiting.get(key).cloned())
    }

    /// Takes the rows of this transaction out of a table that is about to get columns, if there are too many of them.
    pub(super) fn make_way(
        &mut self,
        connection: &Connection,
        tables: &Tables,
        key: &Key,
        local: u64,
    ) -> duckdb::Result<()> {
        if key.0 == Place::Merging || local <= ROWS_BEFORE_ALTER || self.waiting.contains_key(key) {
            return Ok(());
        }
        if tables.columns(key.0, &key.1).unwrap_or_default().iter().any(|column| column == "rowid") {
            let advice =
                "a column is called `rowid`, so its rows cannot be told apart: lower `commit_rows` of `[load]`";
            return Err(duckdb::Error::ToSqlConversionFailure(advice.into()));
        }
        self.growing.insert(key.clone());
        let (name, main) = (self.begin(key), tables.name(key.0, &key.1));
        connection.execute_batch(&format!(
            "CREATE TEMPORARY TABLE {name} AS SELECT * FROM {main} WHERE rowid >= {FIRST_LOCAL_ROW}; \
             DELETE FROM {main} WHERE rowid >= {FIRST_LOCAL_ROW}"
        ))
    }

    /// The table that must get the columns of another, too.
    pub(super) fn of(&self, key: &Key) -> Option<&TableName> {
        self.waiting.get(key)
    }

    /// Forgets the rows of a table, which goes.
    pub(super) fn drop(&mut self, connection: &Connection, key: &Key) -> duckdb::Result<()> {
        self.waiting.remove(key).map_or(Ok(()), |name| connection.execute_batch(&format!("DROP TABLE {name}")))
    }

    /// Puts all rows into their tables, which get no more columns in this load. An error comes with the table's name.
    pub(super) fn come_back(
        &mut self,
        connection: &Connection,
        tables: &Tables,
    ) -> Result<(), (String, duckdb::Error)> {
        for ((place, table), name) in self.waiting.drain() {
            let columns = tables.columns(place, &table).unwrap_or_default();
            let columns = columns.iter().map(|column| ddl::quote(column)).collect::<Vec<_>>().join(", ");
            let main = tables.name(place, &table);
            let sql = format!("INSERT INTO {main} ({columns}) SELECT {columns} FROM {name}; DROP TABLE {name}");
            connection.execute_batch(&sql).map_err(|error| (table, error))?;
        }
        Ok(())
    }

    fn begin(&mut self, key: &Key) -> TableName {
        self.made += 1;
        let table = format!("_sluicegate_aside_{}", self.made);
        let name = TableName { catalog: TEMPORARY.0.to_owned(), schema: TEMPORARY.1.to_owned(), table };
        self.waiting.insert(key.clone(), name.clone());
        name
    }
}
