//! Hints of resources, and what they make of the schema.

use std::{
    collections::{HashMap, HashSet},
    fmt,
};

use super::{
    contract::ContractOrigin,
    root_id::RootId,
    rows::Rows,
    schema::{Column, DataType, Table, VersionPart},
    table::System,
};
use crate::model::{
    ColumnHint, ContractEntity, ContractMode, MergeHints, MergeStrategy, ResourceName, SchemaContract, WriteDisposition,
};

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
    /// How far records may change the tables of the resource. None: as the pipeline says, or else as it was stored.
    pub schema_contract: Option<SchemaContract>,
    /// What is known of single columns of the root table, in the order that new ones get.
    pub columns: Vec<ColumnHint>,
}

/// A hint that has no effect, since the column is there and has another type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdleHint {
    /// The root table.
    pub table: String,
    /// The column.
    pub column: String,
    /// The type it has.
    pub has: DataType,
    /// The type of the hint.
    pub hinted: DataType,
}

impl fmt::Display for IdleHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, column, has, hinted } = self;
        let (has, hinted) = (has.as_str(), hinted.as_str());
        write!(
            f,
            "column `{column}` of `{table}` is {has} already and stays so: `data_type = \"{hinted}\"` has no effect"
        )
    }
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
            schema_contract: None,
            columns: Vec::new(),
        }
    }
}

impl Rows {
    /// Makes the root table of a resource, or changes it to what the hints say now. The answer is its place, and the hints
    /// that have no effect.
    pub(crate) fn declare(&mut self, hints: &ResourceHints) -> (usize, Vec<IdleHint>) {
        let name = self.naming.path(hints.resource.as_str());
        let table = self.find_table(&name).unwrap_or_else(|| self.add_table(name.clone(), name, None));
        self.agree(table, hints.schema_contract);
        let naming = self.naming;
        let columns = |paths: &Vec<String>| paths.iter().map(|path| naming.column(path)).collect::<Vec<_>>();
        let primary_key = hints.primary_key.as_ref().map(columns);
        let merge_key = hints.merge_key.as_ref().map(columns);
        let hard_delete = hints.hard_delete.as_deref().map(|path| naming.column(path));
        let dedup_sort = hints.merge.dedup_sort.as_ref().map(|(path, order)| (naming.column(path), *order));
        let sorted_by = dedup_sort.as_ref().map(|(name, _)| name);
        if hints.write_disposition == WriteDisposition::Merge {
            self.declare_versions(table, &hints.merge);
        }
        let hinted: Vec<String> = hints.columns.iter().map(|hint| naming.column(&hint.path)).collect();
        let idle = hinted.iter().zip(&hints.columns).filter_map(|(name, hint)| self.hint(table, name, hint)).collect();
        let keys = primary_key.iter().flatten().chain(merge_key.iter().flatten());
        for name in keys.chain(&hard_delete).chain(sorted_by) {
            self.listed_column(table, name);
        }
        let demanded = hinted.iter().zip(&hints.columns).filter(|(_, hint)| !hint.nullable);
        self.tables[table].demanded = demanded.map(|(name, _)| name.clone()).collect();
        let mut declared = HashSet::from_iter(hinted);
        if let Some((_, schema)) = self.schema.tables.get_index_mut(table) {
            schema.resource = Some(hints.resource.as_str().to_owned());
            schema.write_disposition = Some(hints.write_disposition);
            // As in dlt, what nobody says now stays as it was.
            schema.max_nesting = hints.max_table_nesting.or(schema.max_nesting);
            schema.merge_strategy = hints.merge.strategy.or(schema.merge_strategy);
            schema.deduplicated = hints.merge.deduplicated.unwrap_or(schema.deduplicated);
            // A merge needs the ids below its rows to find what it replaces.
            schema.hands_down_ids |= schema.merges_by().is_some() && !schema.keeps_versions();
            schema.boundary_timestamp.clone_from(&hints.merge.versions.boundary_timestamp);
            for column in schema.columns.values_mut() {
                set_keys(column, primary_key.as_deref(), merge_key.as_deref());
                column.hard_delete |= hard_delete.as_ref() == Some(&column.name);
                if let Some((name, order)) = &dedup_sort {
                    column.dedup_sort = (column.name == *name).then_some(*order);
                }
                let sorts_or_dates = column.dedup_sort.is_some() || column.version.is_some();
                if column.primary_key || column.merge_key || column.hard_delete || sorts_or_dates {
                    declared.insert(column.name.clone());
                }
            }
        }
        self.tables[table].declared = declared;
        self.forget_places();
        self.tables[table].propagates = self.needs_root_ids(table);
        if let Some((_, schema)) = self.schema.tables.get_index(table) {
            self.tables[table].max_nesting = schema.max_nesting;
            self.tables[table].root_id = root_id(schema, &self.tables[table].by_name);
            self.tables[table].require(schema);
        }
        self.journal.begin_page();
        (table, idle)
    }

    /// Finds out which contract holds for a root table and all below it. What the pipeline file says, for the resource or
    /// for all, takes the place of what was stored.
    fn agree(&mut self, root: usize, own: Option<SchemaContract>) {
        let origin = match (own, self.pipeline_contract) {
            (Some(_), _) => ContractOrigin::Resource,
            (None, Some(_)) => ContractOrigin::Pipeline,
            (None, None) => ContractOrigin::Stored,
        };
        let mut chain = HashSet::from([root]);
        // Parents come before their children in every schema but a damaged one.
        for (place, table) in self.schema.tables.values().enumerate() {
            let parent = table.parent.as_ref().and_then(|parent| self.schema.tables.get_index_of(parent));
            if parent.is_some_and(|parent| chain.contains(&parent)) {
                chain.insert(place);
            }
        }
        if origin != ContractOrigin::Stored {
            for place in &chain {
                if let Some((_, table)) = self.schema.tables.get_index_mut(*place) {
                    table.schema_contract = own.filter(|_| *place == root);
                }
            }
        }
        for place in chain {
            self.tables[place].contract.terms = self.stored_contract(place);
            self.tables[place].contract.origin = origin;
        }
        let contract = &mut self.tables[root].contract;
        if let Some((_, table)) = self.schema.tables.get_index_mut(root) {
            let frozen = |entity| contract.terms.mode(entity) != ContractMode::Evolve;
            contract.barred = table.is_new() && frozen(ContractEntity::Tables);
            table.evolves_once |= table.is_new() && frozen(ContractEntity::Columns);
        }
    }

    /// Does what a hint says of a column. The answer is the hint when its type cannot be had any more.
    fn hint(&mut self, table: usize, name: &str, hint: &ColumnHint) -> Option<IdleHint> {
        if System::of_name(name).is_some() {
            return None;
        }
        let column = self.listed_column(table, name);
        let has = self.tables[table].columns[column].cells.as_ref().map(super::columns::Cells::data_type);
        match (has, hint.data_type) {
            // A table that may not come has no columns either.
            (None, Some(data_type)) if !self.tables[table].contract.barred => {
                self.type_column(table, column, data_type, |column| {
                    column.typed_by_hint = true;
                    column.nullable = hint.nullable;
                });
                None
            }
            (None, _) => {
                if let Some(column) = self.schema.tables[table].columns.get_mut(name) {
                    column.nullable = hint.nullable;
                }
                None
            }
            (Some(has), Some(hinted)) if has != hinted => {
                Some(IdleHint { table: self.tables[table].name.clone(), column: name.to_owned(), has, hinted })
            }
            (Some(_), _) => None,
        }
    }

    /// The place of a column, which is in the schema from now on.
    fn listed_column(&mut self, table: usize, name: &str) -> usize {
        let column = self.column(table, name);
        if !self.tables[table].columns[column].listed {
            self.list_column(table, column);
        }
        column
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
            let version = versions.row_version.as_deref().map(|path| self.naming.column(path));
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
