//! The DuckDB destination: rows, load row, schema version and state of a load in one transaction, laid out as dlt
//! 1.31 lays them out.
//!
//! A load begins with the first [`Sink::append`] after [`Sink::open`] or the last load, and ends with [`Sink::commit`].
//! What a process that is killed leaves behind depends on where it was:
//!
//! * before the `COMMIT`: the loads before, whole; of this one nothing, neither rows nor new columns nor state;
//! * within the `COMMIT`: either all of the load or nothing, as DuckDB's log tells at the next open, or the head of the
//!   file, where the commit went past the log;
//! * after it: the load, whole. Its checkpoint covers its rows, so a run that resumes there loses and doubles nothing.
//!
//! Rows of `append` tables go to their table at once. Rows of `replace` tables, and of those that keep versions (`scd2`),
//! wait in `<dataset>_staging`, over as many commits as it takes, until the resource is complete; then one load puts them in,
//! and readers see the old rows until it commits. A commit that only stages rows ([`Sink::save`]) is no load: it has no row in
//! `_dlt_loads`, and what it knows of the resource is noted beside the rows. Rows of other `merge` tables with a key wait in
//! temporary tables until the end of their own load.
//!
//! Each batch is a statement of its own, so that an error comes out of the `append` that brought the row, but for rows that
//! wait, as their table gets more columns, whose error comes later, at the commit at the latest. After any error the
//! transaction is gone and the sink is ready for another.

mod append;
mod close;
mod connect;
mod ddl;
mod dml;
mod error;
mod finish;
mod foreign;
mod growing;
mod inbox;
mod load;
mod log_file;
mod memory;
mod numbers;
mod packed;
mod people;
mod query;
mod retain;
mod rewrite;
mod schema_json;
mod staged;
mod state_json;
mod stored;
mod tables;
mod warm;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use arrow_array::RecordBatch;
use duckdb::Connection;
use serde_json::Value;

pub use error::SinkError;
pub use finish::{CommitLoad, Committed};
pub use inbox::InboxMark;
pub use people::{Hits, Removed, Search};
pub use query::{Answer, Reader};
pub use retain::Retention;
pub use rewrite::{Alone, Rewritten};
pub use stored::Stored;
pub use warm::Warm;

use crate::model::WriteDisposition;
use crate::normalize::schema::{Schema, Table};
use growing::Growing;
use load::Load;
use memory::Memory;
use stored::Found;
use tables::{Place, Tables};

/// Where a sink writes to, and in whose name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkOptions {
    /// The database file, or `:memory:`.
    pub path: PathBuf,
    /// The dataset: the schema inside the database that holds the tables.
    pub dataset: String,
    /// Name of the pipeline, which the state is kept under.
    pub pipeline: String,
    /// Name of dlt's schema: the source's.
    pub schema_name: String,
    /// How long to wait for a file that another process holds.
    pub lock_wait: Duration,
    /// How many bytes DuckDB may hold in memory; what is more waits in files beside the database. Wide tables and large rows,
    /// which cannot wait there, are granted more.
    pub memory: u64,
}

/// How the rows of a root table, and of those below it, get into the dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    /// They are appended.
    AtOnce,
    /// They are staged, and merged at the end of their load.
    WithTheLoad,
    /// They are staged over as many commits as it takes, and put in once the resource is complete.
    WhenComplete,
}

/// An open destination.
#[derive(Debug)]
pub struct Sink {
    connection: Connection,
    memory: Memory,
    options: SinkOptions,
    tables: Tables,
    /// The stored schema and state, as dlt's documents, so that hints of dlt survive.
    schema_document: Option<Value>,
    state_document: Option<Value>,
    /// What was noted beside rows that wait in staging.
    staged: Option<Value>,
    load: Option<Load>,
    /// What the last load knew of tables that get more columns.
    growing: Growing,
    /// Root tables that are replaced once, whatever their disposition, with the tables that are dropped then.
    replaced_once: HashMap<String, Vec<String>>,
    /// The column that tells which of two rows with one key is the later one, by root table.
    versions: HashMap<String, String>,
    /// Tables that the next load drops.
    doomed: Vec<String>,
    /// What is added to the numbers of rows that wait for a swap, by root table: rows of an earlier process have some.
    first_numbers: HashMap<String, i64>,
    /// The file was made by this sink and holds nothing yet.
    new_file: bool,
}

impl Sink {
    /// Opens the database, and makes the file when there is none; a file that nothing was committed to is removed again.
    /// Waits up to `lock_wait` for a file that another process holds; `on_wait` is told once who that is.
    ///
    /// # Errors
    /// [`SinkError::Locked`], [`SinkError::NotFound`], [`SinkError::Unwritable`], [`SinkError::Full`],
    /// [`SinkError::Unreadable`], [`SinkError::DamagedLog`], [`SinkError::NewerFormat`]: nothing was changed.
    pub fn open(options: SinkOptions, on_wait: &mut dyn FnMut(&str)) -> Result<Self, SinkError> {
        Self::open_warm(options, on_wait, Warm::default())
    }

    /// The same with a DuckDB that was started before.
    ///
    /// # Errors
    /// As [`Sink::open`].
    pub fn open_warm(options: SinkOptions, on_wait: &mut dyn FnMut(&str), mut warm: Warm) -> Result<Self, SinkError> {
        let access = connect::Access::Write { memory: options.memory };
        let opened = connect::open(&options.path, access, options.lock_wait, on_wait, &mut warm)?;
        let mut sink = Self {
            connection: opened.connection,
            memory: Memory::new(options.memory),
            options,
            tables: Tables::default(),
            schema_document: None,
            state_document: None,
            staged: None,
            load: None,
            growing: Growing::new(opened.is_grouped),
            replaced_once: HashMap::new(),
            versions: HashMap::new(),
            doomed: Vec::new(),
            first_numbers: HashMap::new(),
            new_file: false,
        };
        append::prepare(&sink.connection).map_err(|error| sink.failed("preparing to append", &error))?;
        sink.read_back()?;
        sink.new_file = opened.is_new && sink.tables.are_none();
        Ok(sink)
    }

    /// What earlier loads left.
    ///
    /// # Errors
    /// [`SinkError::Bookkeeping`] when a stored document is none.
    pub fn stored(&self) -> Result<Stored, SinkError> {
        stored::documents(
            &self.options,
            self.schema_document.as_ref(),
            self.state_document.as_ref(),
            self.staged.clone(),
        )
    }

    /// Appends a batch to a table, within the open load. The table is made, or gets the columns it lacks; the columns of
    /// the batch are found by name. A batch without rows does nothing.
    ///
    /// # Errors
    /// [`SinkError::Contract`] when the rows do not fit, and what [`SinkError`] lists beside. The load is rolled back.
    pub fn append(&mut self, schema: &Schema, table: &str, batch: &RecordBatch) -> Result<(), SinkError> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let Some(table) = schema.tables.get(table) else {
            self.rollback()?;
            let reason = "the schema does not have it".to_owned();
            return Err(SinkError::Contract { table: table.to_owned(), reason });
        };
        self.begin()?;
        let done = self.append_within(schema, table, batch);
        let done = done.map_err(|error| self.misfit(&table.name, &error));
        self.or_rollback(done)
    }

    /// Forgets the rows that wait in staging for the swap of `root`, within the open load: for a `replace` resource that
    /// starts at its first page. Of tables that the swap will drop, the schema keeps nothing from here on.
    ///
    /// # Errors
    /// What [`SinkError`] lists. The load is rolled back.
    pub fn restart(&mut self, schema: &Schema, root: &str) -> Result<(), SinkError> {
        let Some(table) = schema.tables.get(root) else { return Ok(()) };
        let dropped = self.replaced_once.get(root).cloned().unwrap_or_default();
        let staged = |table: &&Table| self.tables.has(Place::Staging, &table.name);
        let chain: Vec<_> = schema.below(root).into_iter().chain([table]).filter(staged).collect();
        if chain.is_empty() && dropped.is_empty() {
            return Ok(());
        }
        self.begin()?;
        let mut emptied = Ok(());
        if let Some(load) = &mut self.load {
            emptied = dropped
                .iter()
                .try_for_each(|table| load.drop_table(&self.connection, &mut self.tables, Place::Staging, table))
                .and_then(|()| {
                    chain.iter().try_for_each(|table| load.empty_staging(&self.connection, &mut self.tables, table))
                });
            load.forgotten.extend(dropped);
        }
        let emptied = emptied.map_err(|error| self.misfit(root, &error));
        self.or_rollback(emptied)
    }

    /// From now on the rows of `root` and of the tables below are staged and replace all earlier ones when a commit names
    /// it as finished, whatever its write disposition; that commit first drops the tables `drops`, so that they are made
    /// anew. Ends with that commit; a sink that is opened anew must be told again.
    pub fn replace_once(&mut self, root: &str, drops: &[String]) {
        self.replaced_once.insert(root.to_owned(), drops.to_vec());
    }

    /// From now on a merge into `root` leaves a row as it is that is later than the staged one with the same primary key, by
    /// a column: rows come in any order.
    pub fn keep_later(&mut self, root: &str, column: String) {
        self.versions.insert(root.to_owned(), column);
    }

    /// Has the next load drop tables, and forget all that the schema says of them. Rows that the load itself appends to one
    /// of them make it anew.
    pub fn drop_tables(&mut self, tables: Vec<String>) {
        self.doomed.extend(tables);
    }

    /// Whether the open load has changed the dataset so far, or has staged rows that it merges at its end.
    pub fn changes_dataset(&self) -> bool {
        let changed = |load: &Load| !load.rows.is_empty() || !load.merging.is_empty();
        !self.doomed.is_empty() || self.load.as_ref().is_some_and(changed)
    }

    /// Gives up the open load. Without one it does nothing.
    ///
    /// # Errors
    /// What [`SinkError`] lists, when the tables cannot be read back.
    pub fn rollback(&mut self) -> Result<(), SinkError> {
        if self.load.take().is_none() {
            return Ok(());
        }
        // Some errors end the transaction by themselves; then there is nothing left to roll back.
        if let Err(error) = self.connection.execute_batch("ROLLBACK") {
            tracing::debug!(%error, "rollback");
        }
        self.growing = self.growing.anew();
        append::rolled_back(&self.connection).map_err(|error| self.failed("after a rollback", &error))?;
        self.read_back()
    }

    /// Runs a query, for the summary of a run. It sees the rows of the open load, but for those that wait.
    ///
    /// # Errors
    /// [`SinkError::Query`].
    pub fn query(&self, sql: &str) -> Result<Answer, SinkError> {
        query::run(&self.connection, &self.options.path, sql)
    }

    fn begin(&mut self) -> Result<(), SinkError> {
        if self.load.is_none() {
            let begun = self.connection.execute_batch("BEGIN TRANSACTION");
            begun.map_err(|error| self.failed("beginning a load", &error))?;
            let mut load = Load::after(&self.growing);
            load.forgotten.clone_from(&self.doomed);
            let dropped = self.doomed.iter().try_for_each(|table| {
                load.drop_table(&self.connection, &mut self.tables, Place::Main, table)?;
                load.drop_table(&self.connection, &mut self.tables, Place::Staging, table)
            });
            self.load = Some(load);
            let dropped = dropped.map_err(|error| self.failed("dropping tables", &error));
            self.or_rollback(dropped)?;
        }
        Ok(())
    }

    fn append_within(&mut self, schema: &Schema, table: &Table, batch: &RecordBatch) -> duckdb::Result<()> {
        let root = schema.root_of(table);
        let entry = self.entry(root);
        let batch = match entry {
            Entry::WhenComplete => numbers::numbered_from(batch, self.first_number(root)?),
            Entry::WithTheLoad => batch.clone(),
            Entry::AtOnce => numbers::without_numbers(batch),
        };
        let Some(load) = &mut self.load else { return Ok(()) };
        let place = match entry {
            Entry::WhenComplete => Place::Staging,
            Entry::WithTheLoad => {
                load.merging.insert(root.name.clone());
                self.memory.for_merges(&self.connection)?;
                Place::Merging
            }
            Entry::AtOnce => Place::Main,
        };
        self.memory.for_rows(&self.connection, table, &batch)?;
        load.touched.insert(table.name.clone());
        load.ensure(&self.connection, &mut self.tables, place, table)?;
        load.append(&self.connection, &self.tables, place, &table.name, &batch)
    }

    /// Whether the rows of a root table take the place of all earlier ones.
    fn replaces(&self, root: &Table) -> bool {
        self.replaced_once.contains_key(&root.name) || root.write_disposition == Some(WriteDisposition::Replace)
    }

    fn entry(&self, root: &Table) -> Entry {
        if self.replaces(root) || root.keeps_versions() {
            Entry::WhenComplete
        } else if root.merges_by().is_some() && dml::merges(root) {
            Entry::WithTheLoad
        } else {
            Entry::AtOnce
        }
    }

    fn or_rollback<T>(&mut self, done: Result<T, SinkError>) -> Result<T, SinkError> {
        if done.is_err()
            && let Err(error) = self.rollback()
        {
            tracing::warn!(%error, "after a failed load");
        }
        done
    }

    fn failed(&self, doing: &str, error: &duckdb::Error) -> SinkError {
        SinkError::classify(&self.options.path, doing, error)
    }

    /// As [`Sink::failed`], for an error met while rows were written.
    fn misfit(&self, table: &str, error: &duckdb::Error) -> SinkError {
        SinkError::classify_rows(&self.options.path, table, error)
    }

    /// Learns anew what is in the file: after opening it, and after a rollback.
    fn read_back(&mut self) -> Result<(), SinkError> {
        let found = Found::read(&self.connection, &self.options)?;
        (self.tables, self.schema_document, self.state_document) = (found.tables, found.schema, found.state);
        self.staged = found.staged;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
