//! The rows of one table that were not handed out yet.

use std::collections::{HashMap, HashSet};

use super::{
    columns::Cells,
    contract::TableContract,
    root_id::RootId,
    schema::{Column, DataType, Table},
    shape::NONE,
};

/// A column that the normalizer fills itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    /// The load that brought a root row.
    LoadId,
    /// The root row above a child row.
    RootId,
    /// The row above a child row.
    ParentId,
    /// The place of a child row in its list.
    ListIndex,
    /// The row itself.
    Id,
}

impl System {
    pub(crate) const ALL: [Self; 5] = [Self::LoadId, Self::RootId, Self::ParentId, Self::ListIndex, Self::Id];

    /// The column of a name.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|system| system.name() == name)
    }

    /// The name of the column.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::LoadId => "_dlt_load_id",
            Self::RootId => "_dlt_root_id",
            Self::ParentId => "_dlt_parent_id",
            Self::ListIndex => "_dlt_list_idx",
            Self::Id => "_dlt_id",
        }
    }

    pub(crate) fn data_type(self) -> DataType {
        if self == Self::ListIndex { DataType::Bigint } else { DataType::Text }
    }

    /// Gives a column the hints that dlt gives to all columns of this name.
    pub(crate) fn mark(self, column: &mut Column) {
        column.nullable = false;
        // An id that tells versions apart comes again with the version.
        let is_key = self == Self::Id && column.version.is_none();
        (column.row_key, column.unique) = (is_key, is_key);
        column.parent_key = self == Self::ParentId;
        column.root_key = self == Self::RootId;
    }
}

/// One column of a table, with the cells of its rows.
#[derive(Debug)]
pub(crate) struct ColumnState {
    pub(crate) name: String,
    /// None while the column has no type.
    pub(crate) cells: Option<Cells>,
    /// Whether the column is in the schema. One that was only just met is not yet.
    pub(crate) listed: bool,
    /// The row whose cell was taken last.
    pub(crate) claimed: u64,
    /// Columns for values that do not fit this one.
    pub(crate) variants: Vec<(DataType, usize)>,
}

/// One table. It stands at the same place as in the schema.
#[derive(Debug)]
pub(crate) struct TableState {
    pub(crate) name: String,
    /// The name before it was shortened, which names of child tables are made of.
    pub(crate) path: String,
    /// Whether its rows are records, not items of lists.
    pub(crate) is_root: bool,
    /// Root tables: whether rows below carry the id of the root row.
    pub(crate) propagates: bool,
    /// Root tables: how many levels are taken apart; dlt's default is 1000.
    pub(crate) max_nesting: Option<u32>,
    /// Columns are never moved, so that their places can be kept.
    pub(crate) columns: Vec<ColumnState>,
    pub(crate) by_name: HashMap<String, usize>,
    /// Columns that need a value in each row, besides those the normalizer fills itself.
    pub(crate) required: Vec<usize>,
    /// How far records may change the table.
    pub(crate) contract: TableContract,
    /// Root tables: columns that hints name, which no contract keeps out.
    pub(crate) declared: HashSet<String>,
    /// Root tables: those of them that hints want a value for, whether or not the table takes nulls.
    pub(crate) demanded: HashSet<String>,
    /// Places of the columns that the normalizer fills itself, in the order of [`System::ALL`].
    pub(crate) system: [usize; System::ALL.len()],
    /// Finished rows.
    pub(crate) rows: usize,
    /// For each of them, the number of the root row that it belongs to.
    pub(crate) numbers: Vec<i64>,
    /// Root tables: what the ids of their rows are made of.
    pub(crate) root_id: RootId,
    /// The shape of its rows.
    pub(crate) top: usize,
    /// The record that last touched the table.
    pub(crate) touched: u64,
    /// The page that last touched the table.
    pub(crate) touched_by_page: u64,
    /// The row whose list last went here, and the shape and slot of its key.
    pub(crate) claimed: u64,
    pub(crate) claimed_by: (usize, usize),
}

impl TableState {
    /// A table of the schema, without rows.
    pub(crate) fn new(table: &Table) -> Self {
        let mut state = Self {
            name: table.name.clone(),
            path: table.name.clone(),
            is_root: table.parent.is_none(),
            propagates: false,
            max_nesting: table.max_nesting,
            columns: Vec::with_capacity(table.columns.len()),
            by_name: HashMap::with_capacity(table.columns.len()),
            required: Vec::new(),
            contract: TableContract::default(),
            declared: HashSet::new(),
            demanded: HashSet::new(),
            system: [NONE; System::ALL.len()],
            rows: 0,
            numbers: Vec::new(),
            root_id: RootId::default(),
            top: NONE,
            touched: 0,
            touched_by_page: 0,
            claimed: 0,
            claimed_by: (NONE, NONE),
        };
        for column in table.columns.values() {
            let place = state.add_column(&column.name);
            if let Some(state) = state.columns.get_mut(place) {
                state.listed = true;
                state.cells = column.data_type.map(Cells::new);
            }
        }
        state.require(table);
        state
    }

    /// Adds a column that has no type yet.
    pub(crate) fn add_column(&mut self, name: &str) -> usize {
        let place = self.columns.len();
        self.by_name.insert(name.to_owned(), place);
        self.columns.push(ColumnState {
            name: name.to_owned(),
            cells: None,
            listed: false,
            claimed: 0,
            variants: Vec::new(),
        });
        place
    }

    /// Finds out again which columns need a value in each row.
    pub(crate) fn require(&mut self, table: &Table) {
        // A stored column for the ids of roots is always filled: the root of such a table hands its ids down.
        self.required = table
            .columns
            .values()
            .filter(|column| column.primary_key || !column.nullable || self.demanded.contains(&column.name))
            .filter(|column| self.system_of(true, &column.name).is_none())
            .filter_map(|column| self.by_name.get(&column.name).copied())
            .collect();
    }

    /// Which column of this table a name is, if the normalizer fills it itself.
    pub(crate) fn system_of(&self, propagates: bool, name: &str) -> Option<System> {
        let system = System::of_name(name)?;
        let filled = match system {
            System::Id => true,
            System::LoadId => self.is_root,
            System::ParentId | System::ListIndex => !self.is_root,
            System::RootId => !self.is_root && propagates,
        };
        filled.then_some(system)
    }

    /// Forgets the places of the columns that the normalizer fills itself.
    pub(crate) fn forget_system(&mut self) {
        self.system = [NONE; System::ALL.len()];
    }

    /// Forgets what depends on the places of columns and shapes.
    pub(crate) fn forget_places(&mut self) {
        self.top = NONE;
        self.forget_system();
        self.claimed_by = (NONE, NONE);
        for column in &mut self.columns {
            column.variants.clear();
        }
    }
}
