//! What a schema contract lets a record change, and what becomes of the record otherwise. dlt's rules:
//!
//! * `tables` is about new tables: the root table, and tables of lists.
//! * `columns` is about new columns of tables that have some. A root table that is new may get columns until its resource
//!   was read to the end once, a child table until it has a row.
//! * `data_type` is about new variants, of old tables and of new ones.
//! * Columns whose names begin with `_dlt` are always allowed.
//! * A column that was null so far is no column yet, so a null breaks no contract.
//!
//! Beside dlt's, columns that the resource's hints name are always allowed: the user asked for them, not the record.

use std::fmt;

use super::{refusal::Refusal, rows::Rows, schema::DataType, write::Misfit};
use crate::model::{ContractEntity, ContractMode, ResourceName, SchemaContract};

/// What dlt's own columns begin with.
const INTERNAL: &str = "_dlt";

/// What contracts have dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Discarded {
    /// Records whose root row was dropped.
    pub records: u64,
    /// Rows that were dropped, those of these records and all rows below dropped rows included.
    pub rows: u64,
    /// Values that were dropped out of rows that were kept.
    pub values: u64,
}

impl std::ops::AddAssign for Discarded {
    fn add_assign(&mut self, other: Self) {
        self.records += other.records;
        self.rows += other.rows;
        self.values += other.values;
    }
}

/// Where a contract was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ContractOrigin {
    /// Nowhere in the pipeline file: it is stored with the dataset.
    #[default]
    Stored,
    /// In `[pipeline]`.
    Pipeline,
    /// In the resource's own hints.
    Resource,
}

/// The contract that holds for a table.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TableContract {
    pub(crate) terms: SchemaContract,
    pub(crate) origin: ContractOrigin,
    /// The table is a root table that is not there yet and may not come.
    pub(crate) barred: bool,
}

/// A change that a frozen contract does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    Table { table: String },
    Column { table: String, column: String },
    DataType { table: String, column: String, has: Option<DataType>, found: DataType },
}

impl Violation {
    fn entity(&self) -> ContractEntity {
        match self {
            Self::Table { .. } => ContractEntity::Tables,
            Self::Column { .. } => ContractEntity::Columns,
            Self::DataType { .. } => ContractEntity::DataType,
        }
    }
}

impl std::error::Error for Violation {}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table { table } => write!(f, "a record brings the new table `{table}`"),
            Self::Column { table, column } => write!(f, "a record brings the new column `{column}` of table `{table}`"),
            Self::DataType { table, column, has, found } => {
                let has = has.map_or_else(String::new, |has| format!(" ({})", has.as_str()));
                write!(f, "a record brings a {} for column `{column}`{has} of table `{table}`", found.as_str())
            }
        }
    }
}

/// A page that a frozen contract refuses. It has left no trace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{violation}, and {} freezes `{}`", place(*origin, resource), violation.entity())]
pub struct BrokenContract {
    resource: ResourceName,
    terms: SchemaContract,
    origin: ContractOrigin,
    violation: Violation,
}

impl BrokenContract {
    /// What to do about it.
    pub fn hint(&self) -> String {
        let taken = self.terms.with(self.violation.entity(), ContractMode::Evolve);
        format!(
            "to take it, write `schema_contract = {taken}` in `[resources.{}]`, or to leave it out `discard_value` or \
             `discard_row` in place of `evolve`; the next run goes on at the page that was refused",
            self.resource
        )
    }
}

fn place(origin: ContractOrigin, resource: &ResourceName) -> String {
    match origin {
        ContractOrigin::Stored => "the schema contract stored in the dataset".to_owned(),
        ContractOrigin::Pipeline => "`schema_contract` of `[pipeline]`".to_owned(),
        ContractOrigin::Resource => format!("`schema_contract` of `[resources.{resource}]`"),
    }
}

impl Rows {
    /// The contract that a table has by the schema: its own, that of the next table above it that has one, or that of
    /// the whole schema.
    pub(crate) fn stored_contract(&self, table: usize) -> SchemaContract {
        let mut place = self.schema.tables.get_index(table).map(|(_, table)| table);
        // A stored schema might have tables in a circle; it has no more levels than tables.
        for _ in 0..self.schema.tables.len() {
            let Some(table) = place else { break };
            if let Some(contract) = table.schema_contract {
                return contract;
            }
            place = table.parent.as_ref().and_then(|parent| self.schema.tables.get(parent));
        }
        self.schema.schema_contract.unwrap_or_default()
    }

    /// Whether the table of a list may be made. Otherwise its rows are dropped.
    pub(crate) fn admits_table(&mut self, parent: usize, name: &str) -> Result<bool, Refusal> {
        match self.tables[parent].contract.terms.mode(ContractEntity::Tables) {
            ContractMode::Evolve => Ok(true),
            ContractMode::Freeze => Err(frozen(Violation::Table { table: name.to_owned() })),
            ContractMode::DiscardRow | ContractMode::DiscardValue => Ok(false),
        }
    }

    /// Whether a root table may have rows.
    pub(crate) fn check_root(&self, table: usize) -> Result<(), Refusal> {
        let state = &self.tables[table];
        if !state.contract.barred {
            return Ok(());
        }
        match state.contract.terms.mode(ContractEntity::Tables) {
            ContractMode::Freeze => Err(frozen(Violation::Table { table: state.name.clone() })),
            _ => Err(Refusal::Discarded),
        }
    }

    /// Whether a column without a type may get one. Otherwise its value is dropped, and counted.
    pub(crate) fn admits_column(&mut self, table: usize, name: &str) -> Result<bool, Refusal> {
        let state = &self.tables[table];
        let mode = state.contract.terms.mode(ContractEntity::Columns);
        let free = mode == ContractMode::Evolve
            || name.starts_with(INTERNAL)
            || state.declared.contains(name)
            || self.schema.tables.get_index(table).is_none_or(|(_, schema)| schema.evolves_once || schema.is_new());
        if free {
            return Ok(true);
        }
        let violation = || Violation::Column { table: state.name.clone(), column: name.to_owned() };
        let judged = judge(mode, violation);
        self.journal.discarded.values += u64::from(judged == Ok(false));
        judged
    }

    /// Whether a column may be made for a value that goes by another name than its key's: a variant of the column that it
    /// does not fit, or a column beside one that another key has taken. One that has a type is there already.
    pub(crate) fn admits_named(&mut self, table: usize, name: &str, misfit: Option<Misfit>) -> Result<bool, Refusal> {
        let state = &self.tables[table];
        let typed = |place: &usize| state.columns.get(*place).is_some_and(|column| column.cells.is_some());
        if state.contract.terms.is_evolve() || state.by_name.get(name).is_some_and(typed) {
            return Ok(true);
        }
        match misfit {
            Some(misfit) => self.admits_variant(table, name, misfit),
            None => self.admits_column(table, name),
        }
    }

    /// Whether a column without a type may get one to take values that do not fit another. Otherwise the value is dropped,
    /// and counted.
    fn admits_variant(&mut self, table: usize, name: &str, misfit: Misfit) -> Result<bool, Refusal> {
        let state = &self.tables[table];
        let mode = state.contract.terms.mode(ContractEntity::DataType);
        if mode == ContractMode::Evolve || name.starts_with(INTERNAL) || state.declared.contains(name) {
            return Ok(true);
        }
        let column = &state.columns[misfit.column];
        let judged = judge(mode, || Violation::DataType {
            table: state.name.clone(),
            column: column.name.clone(),
            has: column.cells.as_ref().map(super::columns::Cells::data_type),
            found: misfit.found,
        });
        self.journal.discarded.values += u64::from(judged == Ok(false));
        judged
    }

    /// The contract that holds for a resource, in the words of the pipeline file and with its place.
    pub(crate) fn contract_of(&self, resource: &ResourceName) -> Option<String> {
        let table = self.find_table(&self.naming.path(resource.as_str()))?;
        let TableContract { terms, origin, .. } = self.tables[table].contract;
        Some(match origin {
            ContractOrigin::Stored => format!("`schema_contract = {terms}`, stored in the dataset"),
            ContractOrigin::Pipeline => format!("`schema_contract = {terms}` of `[pipeline]`"),
            ContractOrigin::Resource => format!("`schema_contract = {terms}` of `[resources.{resource}]`"),
        })
    }

    /// Who is to blame for a violation.
    pub(crate) fn broken(&self, resource: &ResourceName, root: usize, violation: Violation) -> BrokenContract {
        let TableContract { terms, origin, .. } = self.tables[root].contract;
        BrokenContract { resource: resource.clone(), terms, origin, violation }
    }
}

fn judge(mode: ContractMode, violation: impl FnOnce() -> Violation) -> Result<bool, Refusal> {
    match mode {
        ContractMode::Evolve => Ok(true),
        ContractMode::Freeze => Err(frozen(violation())),
        ContractMode::DiscardRow => Err(Refusal::Discarded),
        ContractMode::DiscardValue => Ok(false),
    }
}

fn frozen(violation: Violation) -> Refusal {
    Refusal::Frozen(Box::new(violation))
}
