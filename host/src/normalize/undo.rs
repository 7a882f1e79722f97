//! Where pages, records and rows begin, and how one that is not taken is undone.
//!
//! A record that cannot be loaded is undone alone. A row that a contract drops is undone alone, too, for the row above it
//! stays. A page is undone with all of its records when a frozen contract refuses one of them.

use super::{
    journal::{Change, Mark},
    rows::Rows,
    table::TableState,
};

/// How many keys are remembered before all are forgotten again.
const MAX_SLOTS: usize = 100_000;

impl Rows {
    /// Begins a page: what it changes from here on can be undone.
    pub(crate) fn begin_page(&mut self) {
        self.page += 1;
        self.journal.begin_page();
    }

    /// Begins a record: what it changes from here on can be undone.
    pub(crate) fn begin_record(&mut self) {
        self.record += 1;
        self.journal.begin_record();
        if self.slots > MAX_SLOTS {
            self.forget_places();
        }
    }

    /// Begins a row.
    pub(crate) fn begin_row(&mut self, table: usize) {
        self.serial += 1;
        let state = &mut self.tables[table];
        if state.touched != self.record {
            state.touched = self.record;
            self.journal.touched.push((table, state.rows));
        }
        if state.touched_by_page != self.page {
            state.touched_by_page = self.page;
            self.journal.touched_by_page.push((table, state.rows));
        }
    }

    /// Undoes all that the page has changed.
    pub(crate) fn undo_page(&mut self) {
        for (table, rows) in std::mem::take(&mut self.journal.touched_by_page) {
            self.tables[table].truncate(rows);
        }
        self.journal.touched.clear();
        self.journal.record_began = 0;
        self.undo_record();
    }

    /// Undoes all that the record has changed.
    pub(crate) fn undo_record(&mut self) {
        for (table, rows) in std::mem::take(&mut self.journal.touched) {
            self.tables[table].truncate(rows);
        }
        let changes = self.journal.changes.split_off(self.journal.record_began);
        if !changes.is_empty() {
            self.forget_places();
        }
        for change in changes.into_iter().rev() {
            self.undo(change);
        }
        // Tables that the record brought are gone, and others may come in their places.
        let tables = self.tables.len();
        self.journal.touched_by_page.retain(|(table, _)| *table < tables);
        self.journal.begin_record();
    }

    /// Undoes an unfinished row. Columns that it brought stay, without a type and out of the schema, since the rows above
    /// it may know their places.
    pub(crate) fn undo_row(&mut self, table: usize, mark: Mark) {
        let rows = self.tables[table].rows;
        self.tables[table].truncate(rows);
        self.tables[table].forget_system();
        let mut kept = Vec::new();
        for change in self.journal.changes.split_off(mark.changes).into_iter().rev() {
            match change {
                Change::Listed { .. } | Change::Typed { .. } => self.undo(change),
                Change::Table | Change::Column { .. } => kept.push(change),
            }
        }
        self.journal.changes.extend(kept.into_iter().rev());
        self.journal.back_to(mark);
    }

    fn undo(&mut self, change: Change) {
        match change {
            Change::Table => {
                self.tables.pop();
                self.schema.tables.pop();
            }
            Change::Column { table } => {
                let state = &mut self.tables[table];
                if let Some(column) = state.columns.pop() {
                    state.by_name.remove(&column.name);
                }
            }
            Change::Listed { table, column } => {
                let state = &mut self.tables[table].columns[column];
                state.listed = false;
                if let Some((_, schema)) = self.schema.tables.get_index_mut(table) {
                    schema.columns.shift_remove(&state.name);
                }
            }
            Change::Typed { table, column, before } => {
                if before.is_none() {
                    self.tables[table].required.retain(|required| *required != column);
                }
                let state = &mut self.tables[table].columns[column];
                state.cells = None;
                state.listed = before.is_some();
                if let Some((_, schema)) = self.schema.tables.get_index_mut(table) {
                    schema.columns.shift_remove(&state.name);
                    if let Some((place, column)) = before {
                        schema.columns.shift_insert(place, state.name.clone(), column);
                    }
                }
            }
        }
    }
}

impl TableState {
    /// Forgets all cells from a row on.
    fn truncate(&mut self, rows: usize) {
        self.rows = rows;
        self.numbers.truncate(rows);
        for cells in self.columns.iter_mut().filter_map(|column| column.cells.as_mut()) {
            cells.truncate(rows);
        }
    }
}
