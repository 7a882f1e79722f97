//! Rows of one person: found in all tables of a dataset and of its staging dataset, and removed in one transaction.
//!
//! A row that is found may say more of who the person is, and that leads to other rows; so the tables are looked through
//! until nothing more is learned. The rows that count are read one after the other, so that memory does not grow with them.

mod remove;
mod sources;

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::RecordBatch;
use duckdb::arrow::array::{Array as _, AsArray as _};

use super::ddl::TableName;
use super::tables::Place;
use super::{Sink, SinkError};
use crate::incremental::walk_each;
use crate::normalize::parse::parse;
use crate::normalize::schema::Schema;
use crate::normalize::tape::{Document, Tape};
use crate::privacy::people::{Forgotten, Found, Link, Marks, Person, Reading, Sign, Sought, scalar};
pub(super) use remove::GONE;
pub use remove::Removed;
use sources::{Catalog, Columns, Field, Root};

/// The tables of a dataset and of its staging dataset, and where their rows say whose they are.
#[derive(Debug)]
pub struct Search {
    pub(super) roots: Vec<Root>,
    marks: Marks,
    tables: Vec<Tables>,
}

/// Tables by their names in small letters.
type Tables = BTreeMap<String, (TableName, Columns)>;

/// Rows that were found: by root table, their keys.
pub type Hits = BTreeMap<(usize, String), Link>;

impl Sink {
    /// Prepares a search. The transaction in which rows are found and removed begins with it.
    ///
    /// # Errors
    /// What [`SinkError`] lists.
    pub fn search(&mut self, marks: &Marks, schema: Option<&Schema>) -> Result<Search, SinkError> {
        self.begin()?;
        let found = self.catalog();
        let tables = self.or_rollback(found)?;
        let named = schema.into_iter().flat_map(|schema| schema.tables.values());
        let resources = named.filter_map(|table| Some((table.name.to_lowercase(), table.resource.clone()?))).collect();
        let roots = tables.iter().flat_map(|tables| Catalog { tables, marks, resources: &resources }.roots()).collect();
        Ok(Search { roots, marks: marks.clone(), tables })
    }

    /// The signs in all rows that a person was called by.
    ///
    /// # Errors
    /// What [`SinkError`] lists.
    pub fn signs(&self, search: &Search, sought: &Sought<'_>, signs: &mut BTreeSet<Sign>) -> Result<(), SinkError> {
        self.each_row(search, &mut |_, found| {
            signs.extend(found.identities.into_iter().filter(|sign| sought.is(sign)));
        })
    }

    /// Finds rows of a person and learns from them, once through all tables. Tells whether that leads to more. Rows of those
    /// who were forgotten before are found as well, and teach nothing.
    ///
    /// # Errors
    /// What [`SinkError`] lists.
    pub fn look(
        &self,
        search: &Search,
        person: &mut Person,
        forgotten: &Forgotten,
        hits: &mut Hits,
    ) -> Result<bool, SinkError> {
        let mut grew = false;
        self.each_row(search, &mut |row, found| {
            // What a child row says may lead to its root row, and that to its other child rows.
            let known = hits.get(&row).copied();
            let theirs = person.link(&found).max(known);
            if let Some(link) = theirs {
                grew |= person.learn(&found, link) || known != Some(link);
                hits.insert(row, link);
            } else if forgotten.link(&found).is_some() {
                hits.insert(row, Link::Belongs);
            }
        })?;
        Ok(grew)
    }

    fn each_row(&self, search: &Search, take: &mut dyn FnMut((usize, String), Found)) -> Result<(), SinkError> {
        for (number, root) in search.roots.iter().enumerate() {
            for source in &root.sources {
                let failed = |error: duckdb::Error| self.failed(&format!("looking through {}", root.name), &error);
                let mut statement = self.connection.prepare(&source.sql).map_err(failed)?;
                for batch in statement.stream_arrow([]).map_err(failed)? {
                    rows(&batch, &search.marks, &source.fields, &mut |key, found| take((number, key), found));
                }
            }
        }
        Ok(())
    }

    /// The tables of both datasets with their columns.
    fn catalog(&self) -> Result<Vec<Tables>, SinkError> {
        let failed = |error: duckdb::Error| self.failed("reading the catalog", &error);
        let mut both = Vec::new();
        for place in [Place::Main, Place::Staging] {
            let (catalog, schema) = (self.tables.catalog(), self.tables.schema(place));
            let sql = "SELECT c.table_name, c.column_name, c.data_type, c.schema_name FROM duckdb_columns() AS c \
                       JOIN duckdb_tables() AS t ON t.table_oid = c.table_oid AND t.database_name = c.database_name \
                       WHERE c.database_name = ? AND lower(c.schema_name) = lower(?)";
            let mut statement = self.connection.prepare(sql).map_err(failed)?;
            let mut rows = statement.query([catalog, &schema]).map_err(failed)?;
            let mut tables = Tables::new();
            while let Some(row) = rows.next().map_err(failed)? {
                let text = |at| row.get::<_, String>(at).map_err(failed);
                let name = TableName { catalog: catalog.to_owned(), schema: text(3)?, table: text(0)? };
                let entry = tables.entry(text(0)?.to_lowercase()).or_insert_with(|| (name, Columns::new()));
                entry.1.insert(text(1)?.to_lowercase(), text(2)?);
            }
            both.push(tables);
        }
        Ok(both)
    }
}

/// Reads what the rows of a batch say: the first column is the key, the others are texts.
fn rows(batch: &RecordBatch, marks: &Marks, fields: &[Field], take: &mut dyn FnMut(String, Found)) {
    let texts: Vec<_> = batch.columns().iter().map(|column| column.as_string_opt::<i32>()).collect();
    for row in 0..batch.num_rows() {
        let text =
            |at: usize| texts.get(at).copied().flatten().filter(|texts| texts.is_valid(row)).map(|t| t.value(row));
        let Some(key) = text(0) else { continue };
        let mut reading = Reading::new(marks);
        let mut at = 0;
        while let Some(first) = fields.get(at) {
            // The columns of one mark stand together.
            let of_mark = fields[at..].iter().take_while(|field| field.mark == first.mark).count();
            let mut values = vec![Vec::new(); first.mark.paths.len()];
            for (place, field) in fields[at..at + of_mark].iter().enumerate() {
                if let Some(text) = text(1 + at + place) {
                    values[field.path].extend(field.values(text));
                }
            }
            reading.take(&first.mark, values);
            at += of_mark;
        }
        let mut found = Found::default();
        reading.end(&mut found);
        if found != Found::default() {
            take(key.to_owned(), found);
        }
    }
}

impl Field {
    /// The values that the text of a column holds.
    fn values(&self, text: &str) -> Vec<String> {
        if self.steps.is_empty() && self.kind != "JSON" {
            let text = text.trim();
            let is_exact = self.kind == "DOUBLE" || self.kind.starts_with("DECIMAL") || self.kind == "FLOAT";
            let whole = text.split_once('.').filter(|(_, zeros)| is_exact && zeros.bytes().all(|byte| byte == b'0'));
            let text = whole.map_or(text, |(whole, _)| whole);
            return Vec::from_iter((!text.is_empty()).then(|| text.to_owned()));
        }
        let mut tape = Tape::default();
        let mut values = Vec::new();
        if parse(text, &mut tape).is_ok() {
            let document = Document { text, tape: &tape };
            walk_each(document, 0, &self.steps, &mut |document, at| values.extend(scalar(document, at)));
        }
        values
    }
}
