//! Batches of rows into a table.

use std::cell::RefCell;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use arrow_array::{RecordBatch, new_null_array};
use arrow_schema::{ArrowError, FieldRef, Fields, Schema};
use duckdb::Connection;
use duckdb::core::DataChunkHandle;
use duckdb::vtab::arrow::{record_batch_to_duckdb_data_chunk, to_duckdb_logical_type_for_field};
use duckdb::vtab::{BindInfo, InitInfo, TableFunctionInfo, VTab};

use super::ddl::{TableName, quote};

/// Name of the function that gives the rows of the batches.
const BATCHES: &str = "_sluicegate_batches";

/// Where DuckDB keeps it. Without this a macro of the same name in the database would be found first.
const PLACE: &str = "system.main";

/// Has DuckDB plan INSERTs that threads may share, and do them on this thread alone: the second thread is one that a program would
/// lend it, and this one does not. The function that gives the rows is asked by one thread in any case.
const SHARED: &str = "SET threads = 2; SET external_threads = 2; SET preserve_insertion_order = false";

/// As it is otherwise.
const UNSHARED: &str = "SET external_threads = 1; SET threads = 1; SET preserve_insertion_order = true";

thread_local! {
    /// The batches that are appended now, for the function that gives their rows. DuckDB binds a statement on the thread that
    /// runs it.
    static HANDED: RefCell<Option<Batches>> = const { RefCell::new(None) };
}

/// Makes the function known to a connection, so that batches can be appended by it.
pub(super) fn prepare(connection: &Connection) -> duckdb::Result<()> {
    connection.register_table_function::<Rows>(BATCHES)
}

/// Appends batches to a table that has all of their columns, which are found by name; a batch need not have all columns of the
/// others. An error of any row comes out here.
///
/// By INSERT from a function, and not by DuckDB's appender, which copies all rows once more and then does the same.
pub(super) fn append(connection: &Connection, name: &TableName, batches: &[RecordBatch]) -> duckdb::Result<()> {
    let began = Instant::now();
    let batches = Batches::of(batches);
    let columns: Vec<_> = batches.fields.iter().map(|field| quote(field.name())).collect();
    let rows: usize = batches.batches.iter().map(RecordBatch::num_rows).sum();
    HANDED.set(Some(batches));
    let done = connection
        .execute_batch(&format!("INSERT INTO {name} ({}) SELECT * FROM {PLACE}.{BATCHES}()", columns.join(", ")));
    HANDED.take();
    done?;
    tracing::trace!("{:.1?}: {rows} rows appended to `{}`", began.elapsed(), name.table);
    Ok(())
}

/// The same for as many rows as a row group has, or more: DuckDB makes row groups of their own of them, and writes those into the
/// file at once. The last of them may be short.
pub(super) fn append_whole(connection: &Connection, name: &TableName, batches: &[RecordBatch]) -> duckdb::Result<()> {
    connection.execute_batch(SHARED)?;
    let done = append(connection, name, batches);
    // After an error DuckDB may refuse it until the rollback.
    done.and(connection.execute_batch(UNSHARED))
}

/// After a rollback: whatever failed, DuckDB plans INSERTs as ever.
pub(super) fn rolled_back(connection: &Connection) -> duckdb::Result<()> {
    connection.execute_batch(UNSHARED)
}

/// Batches that are rows of one table.
#[derive(Clone)]
struct Batches {
    /// The columns of all of them.
    fields: Fields,
    batches: Vec<RecordBatch>,
}

impl Batches {
    fn of(batches: &[RecordBatch]) -> Self {
        let mut fields: Vec<FieldRef> = Vec::new();
        for field in batches.iter().flat_map(|batch| batch.schema_ref().fields()) {
            if !fields.iter().any(|known| known.name() == field.name()) {
                fields.push(field.clone());
            }
        }
        Self { fields: fields.into(), batches: batches.to_vec() }
    }

    /// At most so many rows from one on, of one batch and with all columns. None when there are no more.
    fn rows(&self, from: usize, room: usize) -> Result<Option<RecordBatch>, ArrowError> {
        let mut left = from;
        let batch = self.batches.iter().find(|batch| {
            let found = left < batch.num_rows();
            left -= if found { 0 } else { batch.num_rows() };
            found
        });
        let Some(batch) = batch else { return Ok(None) };
        let rows = batch.slice(left, room.min(batch.num_rows() - left));
        if self.batches.len() == 1 {
            return Ok(Some(rows));
        }
        let column = |field: &FieldRef| {
            let there = rows.column_by_name(field.name()).cloned();
            there.unwrap_or_else(|| new_null_array(field.data_type(), rows.num_rows()))
        };
        let nullable = self.fields.iter().map(|field| Arc::new(field.as_ref().clone().with_nullable(true)));
        let schema = Arc::new(Schema::new(nullable.collect::<Fields>()));
        RecordBatch::try_new(schema, self.fields.iter().map(column).collect()).map(Some)
    }
}

/// The function that gives the rows of the batches that are appended.
struct Rows;

impl VTab for Rows {
    type InitData = AtomicUsize;
    type BindData = Batches;

    fn bind(bind: &BindInfo) -> Result<Batches, Box<dyn Error>> {
        let batches = HANDED.with_borrow(Clone::clone).ok_or("no batch is appended")?;
        for field in &batches.fields {
            bind.add_result_column(field.name(), to_duckdb_logical_type_for_field(field)?);
        }
        Ok(batches)
    }

    fn init(_: &InitInfo) -> Result<AtomicUsize, Box<dyn Error>> {
        Ok(AtomicUsize::new(0))
    }

    fn func(info: &TableFunctionInfo<Self>, chunk: &mut DataChunkHandle) -> Result<(), Box<dyn Error>> {
        let room = chunk.flat_vector(0).capacity();
        // One thread asks for rows, as no more were offered.
        let from = info.get_init_data();
        let Some(rows) = info.get_bind_data().rows(from.load(Ordering::Relaxed), room)? else {
            chunk.set_len(0);
            return Ok(());
        };
        from.fetch_add(rows.num_rows(), Ordering::Relaxed);
        record_batch_to_duckdb_data_chunk(&rows, chunk)
    }
}
