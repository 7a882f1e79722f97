//! A batch of rows into a table.

use std::time::Instant;

use arrow_array::RecordBatch;
use duckdb::Connection;

use super::ddl::TableName;

/// Appends a batch to a table that has all of its columns, which are found by name. An error of any row comes out here.
pub(super) fn append(connection: &Connection, name: &TableName, batch: &RecordBatch) -> duckdb::Result<()> {
    let began = Instant::now();
    let fields = batch.schema();
    let columns: Vec<_> = fields.fields().iter().map(|field| field.name().as_str()).collect();
    let mut appender =
        connection.appender_with_columns_to_catalog_and_db(&name.table, &name.catalog, &name.schema, &columns)?;
    appender.append_record_batch(batch.clone())?;
    // Dropping the appender would flush, too, but tell nobody of an error.
    appender.flush()?;
    tracing::trace!("{:.1?}: {} rows appended to `{}`", began.elapsed(), batch.num_rows(), name.table);
    Ok(())
}
