//! A batch of rows into a table.

use std::cell::RefCell;
use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use arrow_array::RecordBatch;
use duckdb::Connection;
use duckdb::core::DataChunkHandle;
use duckdb::vtab::arrow::{record_batch_to_duckdb_data_chunk, to_duckdb_logical_type_for_field};
use duckdb::vtab::{BindInfo, InitInfo, TableFunctionInfo, VTab};

use super::ddl::{TableName, quote};

/// Name of the function that gives the rows of the batch.
const BATCH: &str = "_sluicegate_batch";

/// Where DuckDB keeps it. Without this a macro of the same name in the database would be found first.
const PLACE: &str = "system.main";

thread_local! {
    /// The batch that is appended now, for the function that gives its rows. DuckDB binds a statement on the thread that runs it.
    static HANDED: RefCell<Option<RecordBatch>> = const { RefCell::new(None) };
}

/// Makes the function known to a connection, so that batches can be appended by it.
pub(super) fn prepare(connection: &Connection) -> duckdb::Result<()> {
    connection.register_table_function::<Rows>(BATCH)
}

/// Appends a batch to a table that has all of its columns, which are found by name. An error of any row comes out here.
///
/// By INSERT from a function, and not by DuckDB's appender, which copies all rows once more and then does the same.
pub(super) fn append(connection: &Connection, name: &TableName, batch: &RecordBatch) -> duckdb::Result<()> {
    let began = Instant::now();
    let fields = batch.schema();
    let columns: Vec<_> = fields.fields().iter().map(|field| quote(field.name())).collect();
    HANDED.set(Some(batch.clone()));
    let done = connection
        .execute_batch(&format!("INSERT INTO {name} ({}) SELECT * FROM {PLACE}.{BATCH}()", columns.join(", ")));
    HANDED.take();
    done?;
    tracing::trace!("{:.1?}: {} rows appended to `{}`", began.elapsed(), batch.num_rows(), name.table);
    Ok(())
}

/// The function that gives the rows of the batch that is appended.
struct Rows;

impl VTab for Rows {
    type InitData = AtomicUsize;
    type BindData = RecordBatch;

    fn bind(bind: &BindInfo) -> Result<RecordBatch, Box<dyn Error>> {
        let batch = HANDED.with_borrow(Clone::clone).ok_or("no batch is appended")?;
        for field in batch.schema().fields() {
            bind.add_result_column(field.name(), to_duckdb_logical_type_for_field(field)?);
        }
        Ok(batch)
    }

    fn init(_: &InitInfo) -> Result<AtomicUsize, Box<dyn Error>> {
        Ok(AtomicUsize::new(0))
    }

    fn func(info: &TableFunctionInfo<Self>, chunk: &mut DataChunkHandle) -> Result<(), Box<dyn Error>> {
        let batch = info.get_bind_data();
        let room = chunk.flat_vector(0).capacity();
        let from = info.get_init_data().fetch_add(room, Ordering::Relaxed).min(batch.num_rows());
        let rows = batch.slice(from, room.min(batch.num_rows() - from));
        if rows.num_rows() == 0 {
            chunk.set_len(0);
            return Ok(());
        }
        record_batch_to_duckdb_data_chunk(&rows, chunk)
    }
}
