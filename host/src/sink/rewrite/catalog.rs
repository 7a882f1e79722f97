//! All that a database holds, as far as DuckDB tells, so that a copy can be compared with it.

use std::collections::{BTreeMap, BTreeSet};

use duckdb::Connection;

use super::super::ddl::quote;

/// What is listed: the kind of thing, and a query for names and definitions. Names of catalogs are in none of them.
const LISTS: [(&str, &str); 8] = [
    (
        "schema",
        "SELECT schema_name, coalesce(comment, '') FROM duckdb_schemas() WHERE database_name = ? AND NOT internal",
    ),
    (
        "table",
        "SELECT schema_name || '.' || table_name, sql || coalesce(comment, '') FROM duckdb_tables() \
         WHERE database_name = ? AND NOT internal",
    ),
    (
        "column",
        "SELECT schema_name || '.' || table_name || '.' || column_name, column_index || ' ' || data_type || ' ' || \
         is_nullable || ' ' || coalesce(column_default, '') || coalesce(comment, '') FROM duckdb_columns() \
         WHERE database_name = ? AND NOT internal",
    ),
    (
        "view",
        "SELECT schema_name || '.' || view_name, sql || coalesce(comment, '') FROM duckdb_views() \
         WHERE database_name = ? AND NOT internal",
    ),
    ("index", "SELECT schema_name || '.' || index_name, sql FROM duckdb_indexes() WHERE database_name = ?"),
    (
        "sequence",
        "SELECT schema_name || '.' || sequence_name, sql || coalesce(comment, '') FROM duckdb_sequences() \
         WHERE database_name = ?",
    ),
    (
        "function",
        "SELECT schema_name || '.' || function_name || parameters::VARCHAR, coalesce(macro_definition, '') \
         FROM duckdb_functions() WHERE database_name = ? AND NOT internal",
    ),
    (
        "type",
        "SELECT schema_name || '.' || type_name, logical_type || coalesce(labels::VARCHAR, '') FROM duckdb_types() \
         WHERE database_name = ? AND NOT internal",
    ),
];

/// Names and definitions, by kind.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Catalog(BTreeMap<(&'static str, String), String>);

impl Catalog {
    /// Reads what a database holds; with `rows`, how many each table has.
    pub(super) fn read(connection: &Connection, catalog: &str, rows: bool) -> duckdb::Result<Self> {
        let mut found = BTreeMap::new();
        for (kind, sql) in LISTS {
            let mut statement = connection.prepare(sql)?;
            for pair in statement.query_map([catalog], |row| Ok((row.get(0)?, row.get::<_, Option<String>>(1)?)))? {
                let (name, definition) = pair?;
                found.insert((kind, name), definition.unwrap_or_default());
            }
        }
        if rows {
            for (schema, table) in tables(connection, catalog)? {
                let name = format!("{}.{}.{}", quote(catalog), quote(&schema), quote(&table));
                let count: i64 = connection.query_row(&format!("SELECT count(*) FROM {name}"), [], |row| row.get(0))?;
                found.insert(("rows of", format!("{schema}.{table}")), count.to_string());
            }
        }
        Ok(Self(found))
    }

    /// The first thing that one has and the other has not, or has otherwise.
    pub(super) fn first_difference(&self, other: &Self) -> Option<String> {
        let differs = |name: &&(&'static str, String)| self.0.get(*name) != other.0.get(*name);
        let (kind, name) = self.0.keys().chain(other.0.keys()).find(differs)?;
        Some(format!("{kind} `{name}`"))
    }
}

fn tables(connection: &Connection, catalog: &str) -> duckdb::Result<Vec<(String, String)>> {
    let sql =
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ? AND NOT internal ORDER BY ALL";
    let mut statement = connection.prepare(sql)?;
    statement.query_map([catalog], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// In which order tables are copied.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// DuckDB's own: no table refers to another.
    Any,
    /// Tables that refer to others after these.
    Referring(Vec<(String, String)>),
    /// There is none: why.
    Never(String),
}

/// Finds the order of a database's tables.
pub(super) fn order(connection: &Connection, catalog: &str) -> duckdb::Result<Order> {
    let sql = "SELECT schema_name, table_name, referenced_table FROM duckdb_constraints() \
               WHERE database_name = ? AND constraint_type = 'FOREIGN KEY'";
    let mut statement = connection.prepare(sql)?;
    let references = statement.query_map([catalog], |row| {
        let (schema, table, other): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(((schema.clone(), table), (schema, other)))
    })?;
    let references = references.collect::<duckdb::Result<BTreeSet<_>>>()?;
    if references.is_empty() {
        return Ok(Order::Any);
    }
    let sql = "SELECT schema_name || '.' || table_name FROM duckdb_tables() \
               WHERE database_name = ? AND contains(sql, 'GENERATED ALWAYS AS')";
    if let Some(table) = connection.prepare(sql)?.query_map([catalog], |row| row.get::<_, String>(0))?.next() {
        let table = table?;
        return Ok(Order::Never(format!("it has foreign keys, and `{table}` has a generated column")));
    }
    let mut left = tables(connection, catalog)?;
    let mut order: Vec<(String, String)> = Vec::new();
    while !left.is_empty() {
        let waits = |table: &(String, String)| references.iter().any(|(from, to)| from == table && !order.contains(to));
        let (blocked, free): (Vec<_>, Vec<_>) = left.iter().cloned().partition(waits);
        if free.is_empty() {
            let names: Vec<String> = blocked.iter().map(|(schema, table)| format!("`{schema}.{table}`")).collect();
            return Ok(Order::Never(format!("the foreign keys of {} lead back to themselves", names.join(", "))));
        }
        order.extend(free);
        left = blocked;
    }
    Ok(Order::Referring(order))
}
