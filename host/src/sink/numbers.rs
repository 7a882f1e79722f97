//! The numbers of root rows, which staged rows have beside their columns. Pure.

use std::sync::Arc;

use arrow_array::{RecordBatch, cast::AsArray, types::Int64Type};

use crate::normalize::{
    ROOT_NUMBER,
    schema::{Column, DataType, Table},
};

/// A table as it is staged: with a column for the numbers.
pub(super) fn numbered(table: &Table) -> Table {
    let mut table = table.clone();
    let column = Column::new(ROOT_NUMBER, Some(DataType::Bigint));
    table.columns.insert(ROOT_NUMBER.to_owned(), column);
    table
}

/// A batch without numbers, for rows that are not staged.
pub(super) fn without_numbers(batch: &RecordBatch) -> RecordBatch {
    let mut batch = batch.clone();
    if let Some((place, _)) = batch.schema().column_with_name(ROOT_NUMBER) {
        batch.remove_column(place);
    }
    batch
}

/// A batch whose numbers go on from those that rows were staged with before.
pub(super) fn numbered_from(batch: &RecordBatch, base: i64) -> RecordBatch {
    let (fields, mut columns, _) = batch.clone().into_parts();
    if let Some((place, _)) = fields.column_with_name(ROOT_NUMBER)
        && let Some(column) = columns.get_mut(place)
        && let Some(numbers) = column.as_primitive_opt::<Int64Type>()
    {
        *column = Arc::new(numbers.unary::<_, Int64Type>(|number| number.saturating_add(base)));
    }
    RecordBatch::try_new(fields, columns).unwrap_or_else(|_| batch.clone())
}
