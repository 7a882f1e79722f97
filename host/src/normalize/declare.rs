//! Hints of resources, and what they make of the schema.

use std::collections::HashMap;

use super::{
    names::Naming,
    root_id::RootId,
    rows::Rows,
    schema::{Column, DataType, Table, VersionPart},
    table::System,
};
use crate::model::{MergeHints, MergeStrategy, ResourceName, WriteDisposition};

/// What is known about a resource before its first record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceHints {
    /// The resource.
    pub resource: ResourceName,
    /// What its rows do to those of earlier loads.
    pub write_disposition: WriteDisposition,
    /// How they are merged.
    pub merge: MergeHints,
    /// Dotted paths of the fields that identify a record. None for those of before, an empty list for none.
    pub primary_key: Option<Vec<String>>,
    /// Dotted paths of the fields by which a merge finds the rows to replace. None for those of before.
    pub merge_key: Option<Vec<String>>,
    /// How many levels of objects and lists are taken apart; deeper ones are kept as JSON. None for as many as before.
    pub max_table_nesting: Option<u32>,
    /// The field that marks a record as deleted. None for that of before.
    pub hard_delete: Option<String>,
}

impl ResourceHints {
    /// Hints of a resource of which nothing is known: its rows are added.
    pub fn new(resource: ResourceName) -> Self {
        Self {
            resource,
            write_disposition: WriteDisposition::Append,
            merge: MergeHints::default(),
            primary_key: None,
            merge_key: None,
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
        let columns = |paths: &Vec<String>| paths.iter().map(|path| column_name(naming, path)).collect::<Vec<_>>();
        let primary_key = hints.primary_key.as_ref().map(columns);
        let merge_key = hints.merge_key.as_ref().map(columns);
        let hard_delete = hints.hard_delete.as_deref().map(|path| column_name(naming, path));
        let dedup_sort = hints.merge.dedup_sort.as_ref().map(|(path, order)| (column_name(naming, path), *order));
        let sorted_by = dedup_sort.as_ref().map(|(name, _)| name);
        if hints.write_disposition == WriteDisposition::Merge {
            self.declare_versions(table, &hints.merge);
        }
        let keys = primary_key.iter().flatten().chain(merge_key.iter().flatten());
        for name in keys.chain(&hard_delete).chain(sorted_by) {
            let column = self.column(table, name);
            if !self.tables[table].columns[column].listed {
                self.list_column(table, column);
            }
        }
        if let Some((_, schema)) = self.schema.tables.get_index_mut(table) {
            schema.resource = Some(hints.resource.as_str().to_owned());
            schema.write_disposition = Some(hints.write_disposition);
            // As in dlt, what nobody says now stays as it was.
            schema.max_nesting = hints.max_table_nesting.or(schema.max_nesting);
            schema.merge_strategy = hints.merge.strategy.or(schema.merge_strategy);
            schema.deduplicated = hints.merge.deduplicated.unwrap_or(schema.deduplicated);
            schema.boundary_timestamp.clone_from(&hints.merge.versions.boundary_timestamp);
            for column in schema.columns.values_mut() {
                set_keys(column, primary_key.as_deref(), merge_key.as_deref());
                column.hard_delete |= hard_delete.as_ref() == Some(&column.name);
                if let Some((name, order)) = &dedup_sort {
                    column.dedup_sort = (column.name == *name).then_some(*order);
                }
            }
        }
        self.forget_places();
        self.tables[table].propagates = self.needs_root_ids(table);
        if let Some((_, schema)) = self.schema.tables.get_index(table) {
            self.tables[table].max_nesting = schema.max_nesting;
            self.tables[table].root_id = root_id(schema, &self.tables[table].by_name);
            self.tables[table].require(schema);
        }
        self.journal.clear();
        table
    }

    /// Gives the columns their part in telling versions, or takes it from them. As in dlt, the columns for times come
    /// before those of the records, and the row's id is none of its own where it tells versions apart.
    fn declare_versions(&mut self, table: usize, merge: &MergeHints) {
        let Some(strategy) = merge.strategy else { return };
        let mut parts = HashMap::new();
        if strategy == MergeStrategy::Scd2 {
            let versions = &merge.versions;
            let [from, to] = versions.validity_columns.each_ref().map(|name| self.naming.path(name));
            let active = versions.active_record_timestamp.clone();
            let version = versions.row_version.as_deref().map(|path| column_name(self.naming, path));
            for name in [&from, &to] {
                let column = self.column(table, name);
                if self.tables[table].columns[column].cells.is_none() {
                    self.type_column(table, column, DataType::Timestamp, |_| ());
                }
            }
            let version = version.unwrap_or_else(|| System::Id.name().to_owned());
            let column = self.column(table, &version);
            if !self.tables[table].columns[column].listed {
                self.list_column(table, column);
            }
            parts.insert(from, VersionPart::ValidFrom);
            parts.insert(to, VersionPart::ValidTo { active });
            parts.insert(version, VersionPart::RowVersion);
        }
        let Some((_, schema)) = self.schema.tables.get_index_mut(table) else { return };
        for column in schema.columns.values_mut() {
            let before = std::mem::replace(&mut column.version, parts.remove(&column.name));
            if column.version == Some(VersionPart::RowVersion) {
                column.nullable = false;
                (column.row_key, column.unique) = (false, false);
            } else if before == Some(VersionPart::RowVersion) && column.name == System::Id.name() {
                (column.row_key, column.unique) = (true, true);
            }
        }
    }
}

/// What the ids of a root table's rows are made of. `places` are those of its columns.
fn root_id(table: &Table, places: &HashMap<String, usize>) -> RootId {
    let is_version = |column: &Column| column.version == Some(VersionPart::RowVersion);
    match table.merges_by() {
        Some(strategy) if strategy.needs_primary_key() => {}
        Some(MergeStrategy::Scd2) if table.columns.get(System::Id.name()).is_some_and(is_version) => {
            return RootId::Record;
        }
        _ => return RootId::Random,
    }
    let mut key: Vec<_> =
        table.columns.values().filter(|column| column.primary_key).map(|column| &column.name).collect();
    key.sort_unstable();
    RootId::Key(key.into_iter().filter_map(|name| places.get(name).copied()).collect())
}

/// Makes a column part of the primary key and of the merge key, or not; a key that is not told stays. As in dlt, the
/// schema says of a key that it is never null even where the table has nulls already.
fn set_keys(column: &mut Column, primary: Option<&[String]>, merge: Option<&[String]>) {
    let was_key = column.primary_key || column.merge_key;
    column.primary_key = primary.map_or(column.primary_key, |names| names.contains(&column.name));
    column.merge_key = merge.map_or(column.merge_key, |names| names.contains(&column.name));
    let is_key = column.primary_key || column.merge_key;
    if is_key {
        column.nullable = false;
    } else if was_key && column.data_type.is_none() {
        column.nullable = true;
    }
}

/// The column of a field that is told by a dotted path.
fn column_name(naming: Naming, path: &str) -> String {
    let joined = path.split('.').fold(String::new(), |parent, part| Naming::join(&parent, &naming.path(part)));
    naming.fit(&joined)
}
