//! Hands out the rows of all tables as Arrow record batches.

use std::sync::Arc;

use arrow_array::{Int64Array, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, Schema as ArrowSchema};

use super::{columns::arrow_type, rows::Rows};

/// A column that batches of tables that merge have beside those of the schema: the number of the root row that a row
/// belongs to. Later records have greater numbers, as long as the normalizer lives. No normalized name looks like this.
pub const ROOT_NUMBER: &str = "#root";

/// Rows of one table.
#[derive(Clone, Debug)]
pub struct TableBatch {
    /// Normalized name of the table.
    pub table: String,
    /// The rows, with each column of the schema's table that has a type, in the schema's order, and [`ROOT_NUMBER`] where
    /// rows are merged.
    pub batch: RecordBatch,
}

/// Rows that make no record batch: a bug, for what goes into a column is checked when it goes in.
#[derive(Debug, thiserror::Error)]
#[error("the rows of table `{table}` make no record batch")]
pub struct BatchError {
    table: String,
    #[source]
    source: ArrowError,
}

impl Rows {
    /// Hands out all rows, by table in the schema's order, and marks their tables as filled.
    pub(crate) fn take_batches(&mut self) -> Result<Vec<TableBatch>, BatchError> {
        let mut batches = Vec::new();
        for table in 0..self.tables.len() {
            if self.tables[table].rows > 0 {
                let name = self.tables[table].name.clone();
                let batch = self.take_batch(table).map_err(|source| BatchError { table: name.clone(), source })?;
                batches.push(TableBatch { table: name, batch });
            }
        }
        Ok(batches)
    }

    fn take_batch(&mut self, table: usize) -> Result<RecordBatch, ArrowError> {
        let numbered = self.is_merged(table);
        let state = &mut self.tables[table];
        let rows = std::mem::take(&mut state.rows);
        let numbers = std::mem::take(&mut state.numbers);
        let mut fields = Vec::with_capacity(state.columns.len());
        let mut arrays = Vec::with_capacity(state.columns.len());
        if let Some((_, schema)) = self.schema.tables.get_index_mut(table) {
            schema.seen_data = true;
            for column in schema.columns.values() {
                let cells = state.by_name.get(&column.name).and_then(|place| state.columns.get_mut(*place));
                if let Some(cells) = cells.and_then(|column| column.cells.as_mut()) {
                    // What may be null is the destination's to check: a column may have become NOT NULL since.
                    fields.push(Field::new(&column.name, arrow_type(cells.data_type()), true));
                    arrays.push(cells.take(rows)?);
                }
            }
        }
        if numbered {
            fields.push(Field::new(ROOT_NUMBER, DataType::Int64, false));
            arrays.push(Arc::new(Int64Array::from(numbers)));
        }
        RecordBatch::try_new(Arc::new(ArrowSchema::new(fields)), arrays)
    }

    /// Whether the rows of a table are merged, or belong to rows that are.
    fn is_merged(&self, table: usize) -> bool {
        let Some((_, table)) = self.schema.tables.get_index(table) else { return false };
        let root = self.root_of(table).and_then(|root| self.schema.tables.get(root));
        root.is_some_and(|root| root.merges_by().is_some())
    }
}
