//! What lies beside rows that wait in staging for their resource to be complete: where the resource stands.
//!
//! dlt's state speaks of rows that are in the dataset, and is read with the load that brought them. Rows that wait are of no
//! load yet. So what is known of them is in a table of the staging dataset, written in the transaction that stages them:
//!
//! * whoever drops the staging dataset drops both, and the resource begins anew;
//! * whoever empties a staging table, as dlt does when it stages rows itself, is found out by the number of rows.
//!
//! dlt knows nothing of the table, and leaves it alone.

use std::collections::BTreeMap;

use duckdb::{Connection, params};
use serde_json::{Map, Value, json};

use super::ddl::{create_table, quote};
use super::tables::{Place, Tables};
use super::{Entry, Sink, SinkError, SinkOptions, stored};
use crate::normalize::ROOT_NUMBER;
use crate::normalize::schema::{Column, DataType, Schema, Table};

const STAGED: &str = "_sluicegate_staged";

/// The columns: whose rows wait, what is known of them, and how many there are, by table.
const COLUMNS: [&str; 4] = ["pipeline_name", "schema_name", "state", "row_counts"];

impl Sink {
    /// What comes before the numbers of the rows that this process stages for a swap.
    pub(super) fn first_number(&mut self, root: &Table) -> duckdb::Result<i64> {
        if let Some(known) = self.first_numbers.get(&root.name) {
            return Ok(*known);
        }
        let staged = self.tables.columns(Place::Staging, &root.name).unwrap_or_default();
        let first = if staged.iter().any(|column| column == ROOT_NUMBER) {
            let (number, name) = (quote(ROOT_NUMBER), self.tables.name(Place::Staging, &root.name));
            self.connection
                .query_row(&format!("SELECT coalesce(max({number}), 0) FROM {name}"), [], |row| row.get(0))?
        } else {
            0
        };
        self.first_numbers.insert(root.name.clone(), first);
        Ok(first)
    }

    /// Makes the table, so that a later write needs no DDL.
    pub(super) fn ensure_staged(&mut self) -> Result<(), SinkError> {
        if self.tables.has(Place::Staging, STAGED) {
            return Ok(());
        }
        let text = |name: &str| (name.to_owned(), Column::new(name, Some(DataType::Text)));
        let table = Table { columns: COLUMNS.map(text).into_iter().collect(), ..Table::new(STAGED) };
        if !self.tables.has_schema(Place::Staging) {
            let sql = super::ddl::create_schema(self.tables.catalog(), &self.tables.schema(Place::Staging));
            self.execute(STAGED, &sql, [])?;
            self.tables.note_schema(Place::Staging);
        }
        if let Some(sql) = create_table(&self.tables.name(Place::Staging, STAGED), &table) {
            self.execute(STAGED, &sql, [])?;
        }
        for column in COLUMNS {
            self.tables.note_column(Place::Staging, STAGED, column);
        }
        Ok(())
    }

    /// Notes what is known of the rows that wait; none when no rows do.
    pub(super) fn write_staged(&self, schema: &Schema, staged: Option<&Value>) -> Result<(), SinkError> {
        if !self.tables.has(Place::Staging, STAGED) {
            return Ok(());
        }
        let name = self.tables.name(Place::Staging, STAGED);
        let (pipeline, source) = (&self.options.pipeline, &self.options.schema_name);
        let sql = format!("DELETE FROM {name} WHERE pipeline_name = ? AND schema_name = ?");
        self.execute(STAGED, &sql, params![pipeline, source])?;
        if let Some(staged) = staged {
            let waits = |table: &&Table| self.entry(schema.root_of(table)) == Entry::WhenComplete;
            let waiting = schema.tables.values().filter(waits).map(|table| table.name.clone());
            let counts = count(&self.connection, &self.tables, waiting);
            let counts = json!(counts.map_err(|error| self.failed("counting what is staged", &error))?);
            let sql = format!("INSERT INTO {name} ({}) VALUES (?, ?, ?, ?)", COLUMNS.join(", "));
            self.execute(STAGED, &sql, params![pipeline, source, staged.to_string(), counts.to_string()])?;
        }
        Ok(())
    }
}

/// What is known of the rows that wait, as long as they are there.
pub(super) fn read(
    connection: &Connection,
    options: &SinkOptions,
    tables: &Tables,
) -> Result<Option<Value>, SinkError> {
    if !tables.has(Place::Staging, STAGED) {
        return Ok(None);
    }
    let name = tables.name(Place::Staging, STAGED);
    let sql = format!("SELECT state, row_counts FROM {name} WHERE pipeline_name = ? AND schema_name = ?");
    let texts = |row: &duckdb::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
    let failed = |error| SinkError::classify(&options.path, "reading what is staged", &error);
    let (state, counts) = match connection.query_row(&sql, params![options.pipeline, options.schema_name], texts) {
        Ok(found) => found,
        Err(duckdb::Error::QueryReturnedNoRows) => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let parse = |text: &str| -> Result<Value, SinkError> {
        serde_json::from_str(text).map_err(|error| stored::bookkeeping(options, STAGED, error.to_string()))
    };
    let counts = parse(&counts)?;
    let counted = counts.as_object().into_iter().flat_map(Map::keys).cloned();
    if json!(count(connection, tables, counted).map_err(failed)?) != counts {
        tracing::warn!("rows that waited in staging were changed by another program; their resources begin anew");
        return Ok(None);
    }
    parse(&state).map(Some)
}

/// How many rows wait in some tables. A table that is not there has none.
fn count(
    connection: &Connection,
    tables: &Tables,
    names: impl Iterator<Item = String>,
) -> duckdb::Result<BTreeMap<String, u64>> {
    let count = |name: String| {
        if !tables.has(Place::Staging, &name) {
            return Ok((name, 0));
        }
        let sql = format!("SELECT count(*) FROM {}", tables.name(Place::Staging, &name));
        connection.query_row(&sql, [], |row| row.get(0)).map(|count| (name, count))
    };
    names.map(count).collect()
}
