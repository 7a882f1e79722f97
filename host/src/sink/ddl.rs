//! Tables and columns as DDL text. Pure: what is there and what should be there in, statements out.

use std::collections::HashSet;
use std::fmt;

use crate::normalize::schema::{Column, DataType, Table};

/// Columns of random ids. DuckDB would look for a compression at each checkpoint, which takes a tenth of a large load and saves
/// a quarter of their bytes.
const RANDOM: [&str; 2] = ["_dlt_id", "_dlt_parent_id"];

/// Catalog and schema of temporary tables.
pub(super) const TEMPORARY: (&str, &str) = ("temp", "main");

/// The type that dlt gives a column in DuckDB.
pub(super) fn column_type(data_type: DataType) -> &'static str {
    match data_type {
        DataType::Text => "VARCHAR",
        DataType::Bigint => "BIGINT",
        DataType::Double => "DOUBLE",
        DataType::Bool => "BOOLEAN",
        DataType::Timestamp => "TIMESTAMP WITH TIME ZONE",
        DataType::Date => "DATE",
        DataType::Time => "TIME",
        DataType::Binary => "BLOB",
        DataType::Json => "JSON",
        DataType::Decimal => "DECIMAL(38,9)",
        DataType::Wei => "DECIMAL(38,0)",
    }
}

/// An identifier in double quotes. Always quoted: names come from the source.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text literal.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The full name of a table. The catalog is part of it because a dataset may be called as the file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TableName {
    /// DuckDB's name of the open file.
    pub(super) catalog: String,
    /// The dataset, or its staging dataset.
    pub(super) schema: String,
    /// The table.
    pub(super) table: String,
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", quote(&self.catalog), quote(&self.schema), quote(&self.table))
    }
}

/// Makes a dataset.
pub(super) fn create_schema(catalog: &str, schema: &str) -> String {
    format!("CREATE SCHEMA IF NOT EXISTS {}.{}", quote(catalog), quote(schema))
}

/// Makes a table with all typed columns. None when it has none: such a table cannot be.
pub(super) fn create_table(name: &TableName, table: &Table) -> Option<String> {
    let columns: Vec<_> = table.columns.values().filter_map(definition).collect();
    let kind = if name.catalog == TEMPORARY.0 { "TEMPORARY TABLE" } else { "TABLE" };
    (!columns.is_empty()).then(|| format!("CREATE {kind} {name} ({})", columns.join(", ")))
}

/// Adds one column. Never NOT NULL, which DuckDB refuses here; and the rows that are there have no value for it.
pub(super) fn add_column(name: &TableName, column: &Column) -> Option<String> {
    let data_type = column_type(column.data_type?);
    Some(format!("ALTER TABLE {name} ADD COLUMN {} {data_type}", quote(&column.name)))
}

/// The columns of `table` that are typed and not among `present`, whose names are in small letters.
pub(super) fn missing<'a>(table: &'a Table, present: &HashSet<String>) -> Vec<&'a Column> {
    let absent = |column: &&Column| column.data_type.is_some() && !present.contains(&column.name.to_lowercase());
    table.columns.values().filter(absent).collect()
}

fn definition(column: &Column) -> Option<String> {
    let data_type = column_type(column.data_type?);
    let not_null = if column.nullable { "" } else { " NOT NULL" };
    let plain = if RANDOM.contains(&column.name.as_str()) { " USING COMPRESSION uncompressed" } else { "" };
    Some(format!("{} {data_type}{plain}{not_null}", quote(&column.name)))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::sink) fn table(name: &str, columns: &[(&str, Option<DataType>)]) -> Table {
        Table {
            resource: Some(name.to_owned()),
            write_disposition: Some(crate::model::WriteDisposition::Append),
            columns: columns.iter().map(|(n, t)| ((*n).to_owned(), Column::new(*n, *t))).collect(),
            seen_data: true,
            ..Table::new(name)
        }
    }

    fn name() -> TableName {
        TableName { catalog: "f".into(), schema: "d".into(), table: "t".into() }
    }

    #[test]
    fn creates_a_table() {
        let mut wanted = table("t", &[("id", Some(DataType::Bigint)), ("a\"b", Some(DataType::Wei)), ("never", None)]);
        wanted.columns["id"].nullable = false;
        assert_eq!(
            create_table(&name(), &wanted).unwrap(),
            "CREATE TABLE \"f\".\"d\".\"t\" (\"id\" BIGINT NOT NULL, \"a\"\"b\" DECIMAL(38,0))"
        );
        assert_eq!(create_table(&name(), &table("t", &[("never", None)])), None);
        assert_eq!(
            create_table(&name(), &table("t", &[("_dlt_id", Some(DataType::Text))])).unwrap(),
            "CREATE TABLE \"f\".\"d\".\"t\" (\"_dlt_id\" VARCHAR USING COMPRESSION uncompressed)"
        );
    }

    #[test]
    fn adds_what_is_missing() {
        let mut wanted = table("t", &[("id", Some(DataType::Bigint)), ("at", Some(DataType::Timestamp))]);
        wanted.columns["at"].nullable = false;
        let present = HashSet::from(["id".to_owned()]);
        let ddl: Vec<_> = missing(&wanted, &present).into_iter().filter_map(|c| add_column(&name(), c)).collect();
        assert_eq!(ddl, ["ALTER TABLE \"f\".\"d\".\"t\" ADD COLUMN \"at\" TIMESTAMP WITH TIME ZONE"]);
    }
}
