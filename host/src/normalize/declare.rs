//! Hints of resources, and what they make of the schema.

use super::{
    names::Naming,
    rows::Rows,
    schema::{Column, Table},
};
use crate::model::{ResourceName, WriteDisposition};

/// What is known about a resource before its first record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceHints {
    /// The resource.
    pub resource: ResourceName,
    /// What its rows do to those of earlier loads.
    pub write_disposition: WriteDisposition,
    /// Dotted paths of the fields that identify a record.
    pub primary_key: Vec<String>,
    /// Dotted paths of the fields by which a merge finds the rows to replace.
    pub merge_key: Vec<String>,
    /// How many levels of objects and lists are taken apart; deeper ones are kept as JSON. None for dlt's 1000.
    pub max_table_nesting: Option<u32>,
    /// The field that marks a record as deleted.
    pub hard_delete: Option<String>,
}

impl ResourceHints {
    /// Hints of a resource of which nothing is known: its rows are added.
    pub fn new(resource: ResourceName) -> Self {
        Self {
            resource,
            write_disposition: WriteDisposition::Append,
            primary_key: Vec::new(),
            merge_key: Vec::new(),
            max_table_nesting: None,
            hard_delete: None,
        }
    }
}

impl Rows {
    /// Makes the root table of a resource, or changes it to what the hints say now. The answer is its place.
    pub(crate) fn declare(&mut self, hints: &ResourceHints) -> usize {
        let name = self.naming.path(hints.resource.as_str());
        let table = self.find_table(&name).unwrap_or_else(|| self.add_table(name.clone(), name, None));
        let naming = self.naming;
        let columns = |paths: &[String]| paths.iter().map(|path| column_name(naming, path)).collect::<Vec<_>>();
        let (primary_key, merge_key) = (columns(&hints.primary_key), columns(&hints.merge_key));
        let hard_delete = hints.hard_delete.as_deref().map(|path| column_name(naming, path));
        for name in primary_key.iter().chain(&merge_key).chain(&hard_delete) {
            let column = self.column(table, name);
            if !self.tables[table].columns[column].listed {
                self.list_column(table, column);
            }
        }
        if let Some((_, schema)) = self.schema.tables.get_index_mut(table) {
            schema.resource = Some(hints.resource.as_str().to_owned());
            schema.write_disposition = Some(hints.write_disposition);
            let seen_data = schema.seen_data;
            for column in schema.columns.values_mut() {
                let key = primary_key.contains(&column.name);
                set_key(column, key, seen_data);
                column.merge_key = merge_key.contains(&column.name);
                column.hard_delete = hard_delete.as_ref() == Some(&column.name);
            }
        }
        self.forget_places();
        self.tables[table].max_nesting = hints.max_table_nesting;
        self.tables[table].propagates = self.needs_root_ids(table);
        if let Some((_, schema)) = self.schema.tables.get_index(table) {
            let schema: &Table = schema;
            self.tables[table].require(schema);
        }
        self.journal.clear();
        table
    }
}

/// Makes a column part of the primary key, or not. A column that may have nulls already stays as it is; what is missing
/// in new rows is told by the normalizer.
fn set_key(column: &mut Column, key: bool, seen_data: bool) {
    if key && !(seen_data && column.data_type.is_some()) {
        column.nullable = false;
    }
    if !key && column.primary_key && column.data_type.is_none() {
        column.nullable = true;
    }
    column.primary_key = key;
}

/// The column of a field that is told by a dotted path.
fn column_name(naming: Naming, path: &str) -> String {
    let joined = path.split('.').fold(String::new(), |parent, part| Naming::join(&parent, &naming.path(part)));
    naming.fit(&joined)
}
