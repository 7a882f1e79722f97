//! What a page, a record and a row have changed so far, so that one that is not taken leaves no trace.

use super::{api::Collision, contract::Discarded, schema::Column};

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

/// All changes of the page and of the record that are being taken apart.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// Tables that got rows of the record, and how many rows they had.
    pub(crate) touched: Vec<(usize, usize)>,
    /// The same for the page.
    pub(crate) touched_by_page: Vec<(usize, usize)>,
    /// Changes of the page.
    pub(crate) changes: Vec<Change>,
    /// Where the changes of the record begin.
    pub(crate) record_began: usize,
    /// Collisions that no one was told of yet.
    pub(crate) collisions: Vec<Collision>,
    /// Timestamps that were finer than a microsecond.
    pub(crate) truncated: u64,
    /// What a contract has dropped of the record.
    pub(crate) discarded: Discarded,
}

/// How far the journal of a record was when a row began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    pub(crate) changes: usize,
    collisions: usize,
    truncated: u64,
    discarded: Discarded,
}

impl Journal {
    pub(crate) fn begin_page(&mut self) {
        self.touched_by_page.clear();
        self.changes.clear();
        self.begin_record();
    }

    pub(crate) fn begin_record(&mut self) {
        self.record_began = self.changes.len();
        self.touched.clear();
        self.collisions.clear();
        self.truncated = 0;
        self.discarded = Discarded::default();
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark {
            changes: self.changes.len(),
            collisions: self.collisions.len(),
            truncated: self.truncated,
            discarded: self.discarded,
        }
    }

    /// Forgets what was counted and noted since, but for the changes.
    pub(crate) fn back_to(&mut self, mark: Mark) {
        self.collisions.truncate(mark.collisions);
        self.truncated = mark.truncated;
        self.discarded = mark.discarded;
    }
}
