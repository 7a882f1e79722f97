//! What holds for any batches that the normalizer hands out together.

use std::collections::HashSet;

use arrow_array::{
    Array, RecordBatch,
    cast::AsArray,
    types::{Decimal128Type, Int64Type, TimestampMicrosecondType},
};
use arrow_schema::DataType as ArrowType;

use crate::normalize::{
    ROOT_NUMBER, TableBatch,
    schema::{DataType, Schema, Table},
};

/// The last microsecond of year 9999 and the first of year 1: what Python can hold, and far from DuckDB's infinities.
const INSTANTS: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;

/// Panics when a batch is none that the sink can take, or a row has lost the row above it.
pub(crate) fn check(batches: &[TableBatch], schema: &Schema) {
    let mut seen = HashSet::new();
    for TableBatch { table: name, batch } in batches {
        assert!(seen.insert(name), "two batches of {name}");
        let Some(table) = schema.tables.get(name) else { panic!("the schema lacks {name}") };
        assert!(batch.num_rows() > 0 && table.seen_data, "{name}");
        check_columns(batch, table);
        check_numbers(batches, batch, table);
        if table.parent.is_some() {
            check_links(batches, batch);
            assert!(numbers(batch, "_dlt_list_idx").iter().all(|index| *index >= 0), "{name}");
        }
    }
}

/// A batch has each typed column of its table, in the schema's order, with values of its type and where they must be.
fn check_columns(batch: &RecordBatch, table: &Table) {
    let typed = table.columns.values().filter(|column| column.data_type.is_some());
    let fields = batch.schema();
    let names = fields.fields().iter().map(|field| field.name()).filter(|name| *name != ROOT_NUMBER);
    let names: Vec<&String> = names.collect();
    assert_eq!(names, typed.clone().map(|column| &column.name).collect::<Vec<_>>(), "columns of {}", table.name);
    for (column, values) in typed.zip(batch.columns()) {
        let place = format!("{}.{}", table.name, column.name);
        assert_eq!(values.len(), batch.num_rows(), "{place}");
        assert!(column.nullable || values.null_count() == 0, "{place} has nulls");
        match (column.data_type, values.data_type()) {
            (Some(DataType::Text | DataType::Json), ArrowType::Utf8)
            | (Some(DataType::Bigint), ArrowType::Int64)
            | (Some(DataType::Double), ArrowType::Float64)
            | (Some(DataType::Bool), ArrowType::Boolean)
            | (Some(DataType::Date), ArrowType::Date32)
            | (Some(DataType::Time), ArrowType::Time64(_))
            | (Some(DataType::Binary), ArrowType::Binary) => {}
            (Some(DataType::Timestamp), ArrowType::Timestamp(_, Some(_))) => {
                let instants = values.as_primitive::<TimestampMicrosecondType>();
                assert!(instants.iter().flatten().all(|micros| INSTANTS.contains(&micros)), "{place}");
            }
            (Some(DataType::Decimal | DataType::Wei), ArrowType::Decimal128(precision, _)) => {
                assert!(
                    values.as_primitive::<Decimal128Type>().validate_decimal_precision(*precision).is_ok(),
                    "{place}"
                );
            }
            (data_type, arrow) => panic!("{place} is {data_type:?} in the schema and {arrow} in the batch"),
        }
    }
}

/// Each row of a child table knows a row above it. That may be in another table than the schema says: a key that leads to
/// objects in one record and to lists of objects in another has one child table for the lists in both, as in dlt.
fn check_links(batches: &[TableBatch], batch: &RecordBatch) {
    let ids: HashSet<String> = batches.iter().flat_map(|batch| texts(&batch.batch, "_dlt_id")).collect();
    for id in texts(batch, "_dlt_parent_id").into_iter().chain(texts(batch, "_dlt_root_id")) {
        assert!(ids.contains(&id), "no row has the id {id}");
    }
}

/// The numbers of root rows grow, and those of other rows are among them.
fn check_numbers(batches: &[TableBatch], batch: &RecordBatch, table: &Table) {
    let found = numbers(batch, ROOT_NUMBER);
    if table.parent.is_none() {
        assert!(found.is_sorted_by(|a, b| a < b), "{}: {found:?}", table.name);
    }
    let roots: HashSet<i64> = batches.iter().flat_map(|batch| numbers(&batch.batch, ROOT_NUMBER)).collect();
    assert!(found.is_empty() || found.len() == batch.num_rows(), "{}", table.name);
    assert!(found.iter().all(|number| roots.contains(number)), "{}", table.name);
}

fn texts(batch: &RecordBatch, column: &str) -> Vec<String> {
    let values = batch.column_by_name(column).and_then(|column| column.as_string_opt::<i32>());
    values.into_iter().flatten().map(|text| text.unwrap_or_default().to_owned()).collect()
}

fn numbers(batch: &RecordBatch, column: &str) -> Vec<i64> {
    let values = batch.column_by_name(column).and_then(|column| column.as_primitive_opt::<Int64Type>());
    values.into_iter().flatten().map(Option::unwrap_or_default).collect()
}
