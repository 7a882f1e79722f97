//! The schema of a dataset: tables, columns and their types, as dlt keeps them.

use std::collections::HashSet;

use indexmap::IndexMap;

pub use crate::model::DataType;
use crate::model::{Instant, MergeStrategy, SchemaContract, SortOrder, WriteDisposition};

/// One column. Flags are dlt's hints of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are dlt's column hints, each of its own")]
pub struct Column {
    /// Normalized name.
    pub name: String,
    /// None while only nulls were seen: such a column is in the schema, not in the table.
    pub data_type: Option<DataType>,
    /// Whether its type was told by a hint, before its first value.
    pub typed_by_hint: bool,
    /// Whether the column takes NULL.
    pub nullable: bool,
    /// Part of the primary key.
    pub primary_key: bool,
    /// Part of the merge key.
    pub merge_key: bool,
    /// `_dlt_id`.
    pub row_key: bool,
    /// `_dlt_parent_id`.
    pub parent_key: bool,
    /// `_dlt_root_id`.
    pub root_key: bool,
    /// Values are unique (dlt says so of `_dlt_id`; no constraint is made).
    pub unique: bool,
    /// A column for values that do not fit the column it is named after.
    pub variant: bool,
    /// Rows with a true value here are deleted by a merge.
    pub hard_delete: bool,
    /// Of rows with the same primary key a merge takes the one that comes first by this column.
    pub dedup_sort: Option<SortOrder>,
    /// What it says of the version that a row is, where rows are versions.
    pub version: Option<VersionPart>,
}

/// What a column of a table that keeps versions of its rows is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionPart {
    /// From when on the version holds.
    ValidFrom,
    /// When it was retired.
    ValidTo {
        /// What is there as long as it holds; none for NULL.
        active: Option<Instant>,
    },
    /// What tells it from other versions.
    RowVersion,
}

impl Column {
    /// A nullable column with no hints.
    pub fn new(name: impl Into<String>, data_type: Option<DataType>) -> Self {
        Self {
            name: name.into(),
            data_type,
            typed_by_hint: false,
            nullable: true,
            primary_key: false,
            merge_key: false,
            row_key: false,
            parent_key: false,
            root_key: false,
            unique: false,
            variant: false,
            hard_delete: false,
            dedup_sort: None,
            version: None,
        }
    }
}

/// One table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are notes that dlt keeps, each of its own")]
pub struct Table {
    /// Normalized name.
    pub name: String,
    /// The table above it; none for a root table.
    pub parent: Option<String>,
    /// The resource that fills it; root tables only.
    pub resource: Option<String>,
    /// Root tables only: children follow their root.
    pub write_disposition: Option<WriteDisposition>,
    /// How a merge goes about it; root tables only. None for dlt's own choice, `delete-insert`.
    pub merge_strategy: Option<MergeStrategy>,
    /// Whether the rows of a load are known to have different primary keys (dlt's `x-stage-data-deduplicated`).
    pub deduplicated: bool,
    /// When versions of all loads begin and end (dlt's `x-boundary-timestamp`). None for the time of the load.
    pub boundary_timestamp: Option<Instant>,
    /// Root tables: whether the rows below carry the ids of its rows. Once they do, they do so for good, as in dlt.
    pub hands_down_ids: bool,
    /// In the order of creation; the key is the column's name.
    pub columns: IndexMap<String, Column>,
    /// Root tables: how many levels of objects and lists are taken apart (dlt's `x-normalizer.max_nesting`). None for
    /// dlt's 1000.
    pub max_nesting: Option<u32>,
    /// Whether rows were ever written to it (dlt's `x-normalizer.seen-data`).
    pub seen_data: bool,
    /// How far records may change it and the tables below it; none: as for the table above, or for the whole schema.
    pub schema_contract: Option<SchemaContract>,
    /// Root tables that are new: records may add columns, whatever the contract says, until the resource was read to its
    /// end once (dlt's `x-normalizer.evolve-columns-once`).
    pub evolves_once: bool,
}

impl Table {
    /// A table without columns and rows, whose root or resource is not known yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            parent: None,
            resource: None,
            write_disposition: None,
            merge_strategy: None,
            deduplicated: false,
            boundary_timestamp: None,
            hands_down_ids: false,
            columns: IndexMap::new(),
            max_nesting: None,
            seen_data: false,
            schema_contract: None,
            evolves_once: false,
        }
    }

    /// Whether its rows are versions of records.
    pub fn keeps_versions(&self) -> bool {
        self.merges_by() == Some(MergeStrategy::Scd2)
    }

    /// Whether no column has a type yet, which is what dlt calls a new table.
    pub fn is_new(&self) -> bool {
        self.columns.values().all(|column| column.data_type.is_none())
    }

    /// How a merge puts rows into this table; none when its rows are not merged.
    pub fn merges_by(&self) -> Option<MergeStrategy> {
        let merges = self.write_disposition == Some(WriteDisposition::Merge);
        merges.then(|| self.merge_strategy.unwrap_or_default())
    }

    /// Whether the table belongs to the bookkeeping (`_dlt_*`).
    pub fn is_internal(&self) -> bool {
        self.name.starts_with("_dlt_")
    }
}

/// All tables of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// Name of the schema: the source's name, as in dlt.
    pub name: String,
    /// In the order of creation; the key is the table's name.
    pub tables: IndexMap<String, Table>,
    /// How far records may change it, where a table says nothing else.
    pub schema_contract: Option<SchemaContract>,
}

impl Schema {
    /// A schema without tables.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), tables: IndexMap::new(), schema_contract: None }
    }

    /// The root of the chain that a table is in. A parent that the schema lacks ends the walk.
    pub fn root_of<'a>(&'a self, table: &'a Table) -> &'a Table {
        let mut root = table;
        // No chain is longer than there are tables; a schema that says otherwise goes in a circle.
        for _ in 0..self.tables.len() {
            match root.parent.as_ref().and_then(|parent| self.tables.get(parent)) {
                Some(parent) => root = parent,
                None => break,
            }
        }
        root
    }

    /// The tables below `root`, parents before children.
    pub fn below(&self, root: &str) -> Vec<&Table> {
        let mut found: Vec<&Table> = Vec::new();
        let mut level = HashSet::from([root]);
        while !level.is_empty() {
            let is_below = |table: &&Table| table.parent.as_deref().is_some_and(|parent| level.contains(parent));
            let is_new = |table: &&Table| table.name != root && !found.iter().any(|known| known.name == table.name);
            let next: Vec<_> = self.tables.values().filter(is_below).filter(is_new).collect();
            level = next.iter().map(|table| table.name.as_str()).collect();
            found.extend(next);
        }
        found
    }
}
