//! The rows of all tables, and the changes of the schema that they bring about.

use super::{
    columns::Cells,
    contract::TableContract,
    ids::RowIds,
    journal::{Change, Journal},
    names::Naming,
    schema::{Column, DataType, Schema, Table},
    shape::{NONE, Shape},
    table::{System, TableState},
    write::Deferred,
};
use crate::model::SchemaContract;

/// How many columns a table may get, and how many keys one object may have that is taken apart.
pub(crate) const MAX_COLUMNS: usize = 10_000;

/// How many tables a dataset may get.
pub(crate) const MAX_TABLES: usize = 10_000;

/// Tables, columns and shapes, and where the current record stands among them.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) schema: Schema,
    pub(crate) naming: Naming,
    /// At the same places as in the schema.
    pub(crate) tables: Vec<TableState>,
    pub(crate) shapes: Vec<Shape>,
    /// Slots of all shapes.
    pub(crate) slots: usize,
    pub(crate) ids: RowIds,
    /// Counts rows, so that what was noted for another row is told apart.
    pub(crate) serial: u64,
    /// Counts records.
    pub(crate) record: u64,
    /// Counts pages.
    pub(crate) page: u64,
    /// Whether child rows of the current record carry the id of their root.
    pub(crate) propagates: bool,
    pub(crate) journal: Journal,
    /// The contract of the whole pipeline, when its file has one.
    pub(crate) pipeline_contract: Option<SchemaContract>,
    /// Frames that are not in use, kept for their memory.
    pub(crate) frames: Vec<Frame>,
}

/// What is noted while a row is filled.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    /// Values whose column needs a type first.
    pub(crate) deferred: Vec<Deferred>,
    /// Lists, which become rows of child tables once this row is finished.
    pub(crate) lists: Vec<PendingList>,
    /// Where the record brings its own `_dlt_id`.
    pub(crate) own_id: Option<usize>,
    /// The id of the row.
    pub(crate) id: String,
}

impl Frame {
    pub(crate) fn clear(&mut self) {
        self.deferred.clear();
        self.lists.clear();
        self.own_id = None;
        self.id.clear();
    }
}

/// A list that was met in a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PendingList {
    pub(crate) shape: usize,
    pub(crate) slot: usize,
    /// Its place on the tape.
    pub(crate) at: usize,
}

impl Rows {
    pub(crate) fn new(schema: Schema, ids: RowIds, naming: Naming) -> Self {
        let mut rows = Self {
            tables: schema.tables.values().map(TableState::new).collect(),
            schema,
            naming,
            shapes: Vec::new(),
            slots: 0,
            ids,
            serial: 0,
            record: 0,
            page: 0,
            propagates: false,
            journal: Journal::default(),
            pipeline_contract: None,
            frames: Vec::new(),
        };
        for table in 0..rows.tables.len() {
            rows.tables[table].propagates = rows.needs_root_ids(table);
            rows.tables[table].contract.terms = rows.stored_contract(table);
        }
        rows
    }

    /// Whether the rows below a root table carry its rows' ids, as those of tables that merge or did so once, and of tables
    /// that have them.
    pub(crate) fn needs_root_ids(&self, root: usize) -> bool {
        let Some((name, table)) = self.schema.tables.get_index(root) else { return false };
        table.hands_down_ids
            || self.schema.tables.values().any(|child| {
                child.columns.values().any(|column| column.root_key) && self.root_of(child) == Some(name.as_str())
            })
    }

    /// The name of the root table above a child table.
    pub(crate) fn root_of<'a>(&'a self, table: &'a Table) -> Option<&'a str> {
        let mut table = table;
        // A stored schema might have tables in a circle; it has no more levels than tables.
        for _ in 0..self.schema.tables.len() {
            match &table.parent {
                Some(parent) => table = self.schema.tables.get(parent)?,
                None => return Some(&table.name),
            }
        }
        None
    }

    /// The place of a table.
    pub(crate) fn find_table(&self, name: &str) -> Option<usize> {
        self.schema.tables.get_index_of(name)
    }

    /// Adds a table; with a parent it takes the items of lists. `path` is its name before it was shortened.
    pub(crate) fn add_table(&mut self, name: String, path: String, parent: Option<usize>) -> usize {
        let parent = parent.and_then(|parent| self.tables.get(parent));
        let contract = parent.map_or_else(TableContract::default, |parent| parent.contract);
        let table = Table { parent: parent.map(|parent| parent.name.clone()), ..Table::new(name.clone()) };
        let mut state = TableState::new(&table);
        state.path = path;
        state.contract = contract;
        self.schema.tables.insert(name, table);
        self.tables.push(state);
        self.journal.changes.push(Change::Table);
        self.tables.len() - 1
    }

    /// The place of a column; it is added without a type if it is new.
    pub(crate) fn column(&mut self, table: usize, name: &str) -> usize {
        let state = &mut self.tables[table];
        if let Some(place) = state.by_name.get(name) {
            return *place;
        }
        self.journal.changes.push(Change::Column { table });
        state.add_column(name)
    }

    /// Puts a column into the schema that has had nothing but nulls.
    pub(crate) fn list_column(&mut self, table: usize, column: usize) {
        let state = &mut self.tables[table].columns[column];
        state.listed = true;
        let name = state.name.clone();
        if let Some((_, schema)) = self.schema.tables.get_index_mut(table) {
            schema.columns.insert(name.clone(), Column::new(name, None));
            self.journal.changes.push(Change::Listed { table, column });
        }
    }

    /// Gives a column its type. It becomes the last one of its table, as in dlt.
    pub(crate) fn type_column(
        &mut self,
        table: usize,
        column: usize,
        data_type: DataType,
        mark: impl FnOnce(&mut Column),
    ) {
        let rows = self.tables[table].rows;
        let state = &mut self.tables[table].columns[column];
        state.cells = Some(Cells::new(data_type));
        state.listed = true;
        let name = state.name.clone();
        let Some((_, schema)) = self.schema.tables.get_index_mut(table) else { return };
        let before = schema.columns.shift_remove_full(&name).map(|(place, _, column)| (place, column));
        let mut typed = before.as_ref().map_or_else(|| Column::new(name.clone(), None), |(_, column)| column.clone());
        typed.data_type = Some(data_type);
        if let (None, Some(system)) = (&before, System::of_name(&name)) {
            system.mark(&mut typed);
        }
        mark(&mut typed);
        // Rows that are there already have no value here.
        typed.nullable |= schema.seen_data || rows > 0;
        let state = &mut self.tables[table];
        if !typed.nullable && state.system_of(self.propagates, &name).is_none() && !state.required.contains(&column) {
            state.required.push(column);
        }
        schema.columns.insert(name, typed);
        self.journal.changes.push(Change::Typed { table, column, before });
    }

    /// The place of a column that the normalizer fills itself.
    pub(crate) fn system_column(&mut self, table: usize, system: System) -> usize {
        let known = self.tables[table].system[system as usize];
        if known != NONE {
            return known;
        }
        let column = self.column(table, system.name());
        if self.tables[table].columns[column].cells.is_none() {
            self.type_column(table, column, system.data_type(), |column| system.mark(column));
        }
        self.tables[table].system[system as usize] = column;
        column
    }

    /// Forgets all shapes and all that points to them, or to columns.
    pub(crate) fn forget_places(&mut self) {
        self.shapes.clear();
        self.slots = 0;
        self.tables.iter_mut().for_each(TableState::forget_places);
    }

    /// The shape of the rows of a table.
    pub(crate) fn top_shape(&mut self, table: usize) -> usize {
        let known = self.tables[table].top;
        if known != NONE {
            return known;
        }
        self.shapes.push(Shape::top());
        self.tables[table].top = self.shapes.len() - 1;
        self.shapes.len() - 1
    }

    /// The shape of the objects under a key.
    pub(crate) fn shape_under(&mut self, shape: usize, slot: usize) -> usize {
        let known = self.shapes[shape].slots[slot].object;
        if known != NONE {
            return known;
        }
        let under = self.shapes[shape].under(slot);
        self.shapes.push(under);
        self.shapes[shape].slots[slot].object = self.shapes.len() - 1;
        self.shapes.len() - 1
    }

    /// How many rows wait to be handed out, children included.
    pub(crate) fn pending(&self) -> usize {
        self.tables.iter().map(|table| table.rows).sum()
    }
}
