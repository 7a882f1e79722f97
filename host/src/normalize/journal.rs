//! What one record has changed so far, so that a record that fails leaves no trace.

use super::{api::Collision, schema::Column};

/// A change of the schema, or of the columns that stand for it.
#[derive(Debug)]
pub(crate) enum Change {
    /// A table was added, the last one.
    Table,
    /// A column was added to the columns of a table, the last one.
    Column { table: usize },
    /// A column without type was added to the schema.
    Listed { table: usize, column: usize },
    /// A column got its type, and moved to the end of its table. Before, it was there, or not in the schema.
    Typed { table: usize, column: usize, before: Option<(usize, Column)> },
}

/// All changes of the record that is being taken apart.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// Tables that got rows, and how many rows they had.
    pub(crate) touched: Vec<(usize, usize)>,
    pub(crate) changes: Vec<Change>,
    /// Collisions that no one was told of yet.
    pub(crate) collisions: Vec<Collision>,
    /// Timestamps that were finer than a microsecond.
    pub(crate) truncated: u64,
}

impl Journal {
    pub(crate) fn clear(&mut self) {
        self.touched.clear();
        self.changes.clear();
        self.collisions.clear();
        self.truncated = 0;
    }
}
