//! One load: a transaction that rows are appended to, and that ends with load row, schema version and state.
//!
//! DuckDB 1.5 sets the order of things. UPDATE and DELETE on rows of earlier transactions make a later ALTER of that
//! table fail at the commit, so all DDL comes first and all DML last. After an error COMMIT answers OK and rolls back,
//! so any error here ends in ROLLBACK. And a table that the same transaction has appended to may be altered, but then no row
//! group of it may fill up row by row.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use arrow_array::RecordBatch;
use duckdb::Connection;
use indexmap::{IndexMap, IndexSet};

use super::foreign::Copy;
use super::growing::Growing;
use super::tables::{Place, Tables};
use super::{ddl, numbers};
use crate::fault::{self, Point};
use crate::normalize::schema::Table;

/// What the open transaction did so far.
#[derive(Debug, Default)]
pub(super) struct Load {
    /// Rows appended by this transaction, per table.
    local: HashMap<(Place, String), u64>,
    /// Tables that get more columns, and rows of them that wait.
    pub(super) growing: Growing,
    /// Rows that became part of the dataset, per data table.
    pub(super) rows: IndexMap<String, u64>,
    /// Root tables with staged rows to merge.
    pub(super) merging: IndexSet<String>,
    /// Tables that rows were appended to, staged or not.
    pub(super) touched: IndexSet<String>,
    /// Tables that were dropped, or will be at the end of their refresh: the stored schema keeps nothing of them.
    pub(super) forgotten: Vec<String>,
    /// Children that got their column for the root's key after their rows, parents first.
    pub(super) without_root_key: IndexSet<String>,
}

impl Load {
    /// One that knows what the last one knew of tables that get more columns.
    pub(super) fn after(growing: &Growing) -> Self {
        Self { growing: growing.again(), ..Self::default() }
    }

    /// How many rows it has so far, in all tables.
    pub(super) fn appended(&self) -> u64 {
        self.local.values().sum()
    }

    /// Makes sure that `table` is there with all of its typed columns, and for staged rows with one for their numbers.
    pub(super) fn ensure(
        &mut self,
        connection: &Connection,
        tables: &mut Tables,
        place: Place,
        table: &Table,
    ) -> duckdb::Result<()> {
        if !tables.has_schema(place) {
            define(connection, &ddl::create_schema(tables.catalog(), &tables.schema(place)))?;
            tables.note_schema(place);
        }
        let name = tables.name(place, &table.name);
        let table = match place {
            Place::Main => Cow::Borrowed(table),
            Place::Staging | Place::Merging => Cow::Owned(numbers::numbered(table)),
        };
        let table = table.as_ref();
        let Some(columns) = tables.columns(place, &table.name) else {
            if let Some(sql) = ddl::create_table(&name, table) {
                define(connection, &sql)?;
                self.growing.note_sound((place, table.name.clone()));
                for column in table.columns.values().filter(|column| column.data_type.is_some()) {
                    tables.note_column(place, &table.name, &column.name);
                }
            }
            return Ok(());
        };
        let present: HashSet<_> = columns.iter().cloned().collect();
        let missing = ddl::missing(table, &present);
        if missing.is_empty() {
            return Ok(());
        }
        let key = (place, table.name.clone());
        self.growing.grow(&key, self.local.get(&key).copied().unwrap_or(0));
        let copy = if self.growing.is_sound(&key) { None } else { Copy::of(connection, &name)? };
        for column in missing {
            if let Some(sql) = ddl::add_column(copy.as_ref().map_or(&name, |copy| &copy.name), column) {
                define(connection, &sql)?;
                tables.note_column(place, &table.name, &column.name);
            }
            if place == Place::Main && column.root_key {
                self.without_root_key.insert(table.name.clone());
            }
        }
        if let Some(copy) = copy {
            self.growing.renewed(&key, copy.replace(connection, &name)?);
        }
        self.growing.note_sound(key);
        Ok(())
    }

    /// Drops and remakes a staging table, so that it holds nothing of earlier loads. Deleting its rows instead would
    /// forbid to add columns for the rest of the transaction.
    pub(super) fn empty_staging(
        &mut self,
        connection: &Connection,
        tables: &mut Tables,
        table: &Table,
    ) -> duckdb::Result<()> {
        if tables.has(Place::Staging, &table.name) {
            self.drop_table(connection, tables, Place::Staging, &table.name)?;
            self.ensure(connection, tables, Place::Staging, table)?;
        }
        Ok(())
    }

    /// Drops a table, if it is there.
    pub(super) fn drop_table(
        &mut self,
        connection: &Connection,
        tables: &mut Tables,
        place: Place,
        table: &str,
    ) -> duckdb::Result<()> {
        if tables.has(place, table) {
            define(connection, &format!("DROP TABLE {}", tables.name(place, table)))?;
            tables.note_dropped(place, table);
            let key = (place, table.to_owned());
            self.growing.drop(&key);
            self.local.remove(&key);
        }
        Ok(())
    }

    /// Appends a batch to a table that has all of its columns.
    pub(super) fn append(
        &mut self,
        connection: &Connection,
        tables: &Tables,
        place: Place,
        table: &str,
        batch: &RecordBatch,
    ) -> duckdb::Result<()> {
        let key = (place, table.to_owned());
        self.growing.append(connection, tables, &key, batch)?;
        fault::point(match place {
            Place::Main => Point::RowsAppended,
            Place::Staging | Place::Merging => Point::RowsStaged,
        });
        let rows = batch.num_rows() as u64;
        *self.local.entry(key).or_default() += rows;
        if place == Place::Main {
            *self.rows.entry(table.to_owned()).or_default() += rows;
        }
        Ok(())
    }
}

/// Makes or changes a schema or a table, within the open transaction: a kill leaves it as it was.
fn define(connection: &Connection, sql: &str) -> duckdb::Result<()> {
    fault::point(Point::BeforeDdl);
    connection.execute_batch(sql)?;
    fault::point(Point::AfterDdl);
    Ok(())
}
