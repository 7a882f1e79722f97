//! What is in the file: the tables of the dataset and of its staging dataset, with their columns.

use std::collections::{HashMap, HashSet};

use duckdb::Connection;

use super::ddl::TableName;

/// Which of the two datasets a table is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// The dataset that readers see.
    Main,
    /// `<dataset>_staging`, where rows wait for their merge or swap.
    Staging,
}

/// The tables that are there. Names are kept in small letters, since DuckDB takes `A` and `a` for the same.
#[derive(Debug, Default)]
pub(super) struct Tables {
    catalog: String,
    dataset: String,
    schemas: HashSet<String>,
    columns: HashMap<(Place, String), Vec<String>>,
}

impl Tables {
    /// Reads the catalog of the open file.
    pub(super) fn read(connection: &Connection, dataset: &str) -> duckdb::Result<Self> {
        let catalog: String = connection.query_row("SELECT current_database()", [], |row| row.get(0))?;
        let mut tables = Self { catalog, dataset: dataset.to_owned(), ..Self::default() };
        let mut statement =
            connection.prepare("SELECT lower(schema_name) FROM duckdb_schemas() WHERE database_name = ?")?;
        for schema in statement.query_map([&tables.catalog], |row| row.get::<_, String>(0))? {
            tables.schemas.insert(schema?);
        }
        let mut statement = connection.prepare(
            "SELECT lower(schema_name), lower(table_name), lower(column_name) FROM duckdb_columns() \
             WHERE database_name = ? ORDER BY schema_name, table_name, column_index",
        )?;
        let text = |row: &duckdb::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get(2)?));
        for row in statement.query_map([&tables.catalog], text)? {
            let (schema, table, column) = row?;
            for place in [Place::Main, Place::Staging] {
                if schema == tables.schema(place).to_lowercase() {
                    tables.columns.entry((place, table.clone())).or_default().push(column);
                    break;
                }
            }
        }
        Ok(tables)
    }

    /// DuckDB's name of the open file.
    pub(super) fn catalog(&self) -> &str {
        &self.catalog
    }

    /// Name of the dataset, or of its staging dataset.
    pub(super) fn schema(&self, place: Place) -> String {
        match place {
            Place::Main => self.dataset.clone(),
            Place::Staging => format!("{}_staging", self.dataset),
        }
    }

    /// Full name of a table.
    pub(super) fn name(&self, place: Place, table: &str) -> TableName {
        TableName { catalog: self.catalog.clone(), schema: self.schema(place), table: table.to_owned() }
    }

    /// Whether the dataset is there.
    pub(super) fn has_schema(&self, place: Place) -> bool {
        self.schemas.contains(&self.schema(place).to_lowercase())
    }

    /// The columns of a table, in order; none when there is no such table.
    pub(super) fn columns(&self, place: Place, table: &str) -> Option<&[String]> {
        self.columns.get(&(place, table.to_lowercase())).map(Vec::as_slice)
    }

    /// Whether a table is there.
    pub(super) fn has(&self, place: Place, table: &str) -> bool {
        self.columns(place, table).is_some()
    }

    /// Notes that a dataset was made.
    pub(super) fn note_schema(&mut self, place: Place) {
        self.schemas.insert(self.schema(place).to_lowercase());
    }

    /// Notes that a table has one more column, or that it was made with its first.
    pub(super) fn note_column(&mut self, place: Place, table: &str, column: &str) {
        self.columns.entry((place, table.to_lowercase())).or_default().push(column.to_lowercase());
    }

    /// Notes that a table was dropped.
    pub(super) fn note_dropped(&mut self, place: Place, table: &str) {
        self.columns.remove(&(place, table.to_lowercase()));
    }
}
