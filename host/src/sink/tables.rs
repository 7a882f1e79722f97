//! What is in the file: the tables of the dataset and of its staging dataset, with their columns.

use std::collections::{HashMap, HashSet};

use duckdb::Connection;

use super::ddl::{TEMPORARY, TableName, literal};

/// How many tables are looked at in one query.
const TABLES_AT_ONCE: usize = 100;

/// Where a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// The dataset that readers see.
    Main,
    /// `<dataset>_staging`, where rows wait for their swap, over as many commits as it takes.
    Staging,
    /// Temporary tables, where rows wait for the merge at the end of their load. They are in memory, and not compressed.
    Merging,
}

/// The tables that are there. Names are kept in small letters, since DuckDB takes `A` and `a` for the same.
#[derive(Debug, Default)]
pub(super) struct Tables {
    catalog: String,
    dataset: String,
    schemas: HashSet<String>,
    are_none: bool,
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
        let mut statement =
            connection.prepare("SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ?")?;
        let pair = |row: &duckdb::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
        let all = statement.query_map([&tables.catalog], pair)?.collect::<duckdb::Result<Vec<_>>>()?;
        tables.are_none = all.is_empty();
        let mut found = Vec::new();
        for (schema, table) in all {
            let places = [Place::Main, Place::Staging];
            if let Some(place) = places.into_iter().find(|place| schema.eq_ignore_ascii_case(&tables.schema(*place))) {
                found.push((place, TableName { catalog: tables.catalog.clone(), schema, table }));
            }
        }
        for some in found.chunks(TABLES_AT_ONCE) {
            tables.read_columns(connection, some)?;
        }
        Ok(tables)
    }

    /// Reads the columns of some tables. Not from `duckdb_columns()`, which makes all of DuckDB's own views first: that takes
    /// longer than a small load.
    fn read_columns(&mut self, connection: &Connection, found: &[(Place, TableName)]) -> duckdb::Result<()> {
        let columns = (0..).zip(found).map(|(number, (_, name))| {
            let name = literal(&name.to_string());
            format!("SELECT {number} AS number, cid, lower(name) FROM pragma_table_info({name})")
        });
        let sql = format!("{} ORDER BY number, cid", columns.collect::<Vec<_>>().join(" UNION ALL "));
        let mut statement = connection.prepare(&sql)?;
        for row in statement.query_map([], |row| Ok((row.get::<_, usize>(0)?, row.get::<_, String>(2)?)))? {
            let (number, column) = row?;
            if let Some((place, name)) = found.get(number) {
                self.note_column(*place, &name.table, &column);
            }
        }
        Ok(())
    }

    /// Whether the file holds no table at all, of this dataset or of any other.
    pub(super) fn are_none(&self) -> bool {
        self.are_none
    }

    /// DuckDB's name of the open file.
    pub(super) fn catalog(&self) -> &str {
        &self.catalog
    }

    /// Name of the dataset, of its staging dataset, or of that of temporary tables.
    pub(super) fn schema(&self, place: Place) -> String {
        match place {
            Place::Main => self.dataset.clone(),
            Place::Staging => format!("{}_staging", self.dataset),
            Place::Merging => TEMPORARY.1.to_owned(),
        }
    }

    /// Full name of a table.
    pub(super) fn name(&self, place: Place, table: &str) -> TableName {
        // No name of a data table has such a character.
        let (catalog, table) = match place {
            Place::Merging => (TEMPORARY.0.to_owned(), format!("#{table}")),
            Place::Main | Place::Staging => (self.catalog.clone(), table.to_owned()),
        };
        TableName { catalog, schema: self.schema(place), table }
    }

    /// Whether the dataset is there.
    pub(super) fn has_schema(&self, place: Place) -> bool {
        place == Place::Merging || self.schemas.contains(&self.schema(place).to_lowercase())
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
