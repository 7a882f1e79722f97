//! Tables and rows as lines of text.

use arrow_array::{
    Array, RecordBatch,
    cast::AsArray,
    types::{Date32Type, Decimal128Type, Float64Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType},
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

/// A row: its table, and its cells that are not null, by name.
pub(super) type Row = (String, Vec<(String, String)>);

/// The rows of batches, without the columns that `hidden` names.
pub(super) fn rows(batches: &[TableBatch], hidden: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let line = |(table, cells): Row| {
        let shown = cells.iter().filter(|(name, value)| !hidden(name, value));
        let mut shown: Vec<String> = shown.map(|(name, value)| format!("{name}={value}")).collect();
        shown.sort();
        format!("{table} | {}", shown.join(" ")).trim_end().to_owned()
    };
    cells(batches).into_iter().map(line).collect()
}

/// The rows of batches, cell by cell.
pub(super) fn cells(batches: &[TableBatch]) -> Vec<Row> {
    let row = |batch: &RecordBatch, row| {
        let fields = batch.schema();
        let names = fields.fields().iter().map(|field| field.name());
        names.filter_map(|name| Some((name.clone(), cell(batch, name, row)?))).collect()
    };
    let rows = |TableBatch { table, batch }: &TableBatch| -> Vec<Row> {
        (0..batch.num_rows()).map(|at| (table.clone(), row(batch, at))).collect()
    };
    batches.iter().flat_map(rows).collect()
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
            // The last day of year 9999 is beyond what jiff shows.
            jiff::Timestamp::from_microsecond(micros).map_or_else(|_| micros.to_string(), |instant| instant.to_string())
        }
        DataType::Date32 => array.as_primitive::<Date32Type>().value(row).to_string(),
        DataType::Time64(_) => array.as_primitive::<Time64MicrosecondType>().value(row).to_string(),
        DataType::Binary => format!("{:?}", array.as_binary::<i32>().value(row)),
        other => panic!("no text for {other}"),
    })
}

/// A text in quotes; a JSON object or list as it is.
fn text(value: &str) -> String {
    let json = value.starts_with(['{', '[']) && serde_json::from_str::<serde_json::Value>(value).is_ok();
    if json { value.to_owned() } else { serde_json::to_string(value).unwrap() }
}
