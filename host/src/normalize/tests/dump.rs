//! Tables and rows as lines of text.

use arrow_array::{
    Array, RecordBatch,
    cast::AsArray,
    types::{Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType},
};
use arrow_schema::DataType;

use crate::normalize::{TableBatch, schema::Schema};

/// The tables of a schema: name, table above, columns that have a type.
pub(super) fn tables(schema: &Schema) -> Vec<String> {
    let column = |column: &crate::normalize::schema::Column| {
        let data_type = column.data_type?.as_str();
        let not_null = if column.nullable { "" } else { " not null" };
        let variant = if column.variant { " variant" } else { "" };
        Some(format!("{} {data_type}{not_null}{variant}", column.name))
    };
    let table = |table: &crate::normalize::schema::Table| {
        let parent = table.parent.as_ref().map_or_else(String::new, |parent| format!(" < {parent}"));
        let columns: Vec<String> = table.columns.values().filter_map(column).collect();
        format!("{}{parent}: {}", table.name, columns.join(", "))
    };
    schema.tables.values().map(table).collect()
}

/// The rows of batches, without the columns that `hidden` names.
pub(super) fn rows(batches: &[TableBatch], hidden: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let mut lines = Vec::new();
    for TableBatch { table, batch } in batches {
        for row in 0..batch.num_rows() {
            let mut cells: Vec<String> = batch
                .schema()
                .fields()
                .iter()
                .filter_map(|field| Some((field.name().clone(), cell(batch, field.name(), row)?)))
                .filter(|(name, value)| !hidden(name, value))
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            cells.sort();
            lines.push(format!("{table} | {}", cells.join(" ")).trim_end().to_owned());
        }
    }
    lines
}

/// One cell; none for null and for a column that is not there.
pub(super) fn cell(batch: &RecordBatch, column: &str, row: usize) -> Option<String> {
    let array = batch.column_by_name(column)?;
    (!array.is_null(row)).then(|| match array.data_type() {
        DataType::Utf8 => text(array.as_string::<i32>().value(row)),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => format!("{:?}", array.as_primitive::<Float64Type>().value(row)),
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::Decimal128(..) => array.as_primitive::<Decimal128Type>().value(row).to_string(),
        DataType::Timestamp(..) => {
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
            jiff::Timestamp::from_microsecond(micros).unwrap().to_string()
        }
        other => panic!("no text for {other}"),
    })
}

/// A text in quotes; a JSON object or list as it is.
fn text(value: &str) -> String {
    let json = value.starts_with(['{', '[']) && serde_json::from_str::<serde_json::Value>(value).is_ok();
    if json { value.to_owned() } else { serde_json::to_string(value).unwrap() }
}
