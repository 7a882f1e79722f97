//! What was loaded of one resource, as far as it is known.

use crate::{
    incremental::Filter,
    normalize::{BrokenContract, Collision, Discarded, IdleHint, PageOutcome},
    report::CollisionReport,
};

/// Counts of one resource, and how far it came.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) records: u64,
    pub(super) rejected: u64,
    /// Records that were not wanted.
    pub(super) filtered: u64,
    pub(super) truncated_timestamps: u64,
    pub(super) collisions: Vec<CollisionReport>,
    pub(super) discarded: Discarded,
    /// The contract that discarded.
    pub(super) contract: Option<String>,
    /// Why no more of it is loaded, while others go on.
    pub(super) refused: Option<BrokenContract>,
    pub(super) idle_hints: Vec<IdleHint>,
    /// Whether its last page is committed.
    pub(super) committed: bool,
    /// Its incremental read, as far as it came.
    pub(super) incremental: Option<Filter>,
}

impl Loaded {
    /// Counts a page. `rejected` are those of its records that the source could not deliver.
    pub(super) fn add(&mut self, page: &PageOutcome, rejected: u64, collisions: Vec<Collision>) {
        self.records += page.records;
        self.rejected += page.rejected + rejected;
        self.filtered += page.filtered;
        self.truncated_timestamps += page.truncated_timestamps;
        self.discarded += page.discarded;
        self.collisions.extend(collisions.into_iter().map(|collision| CollisionReport {
            table: collision.table,
            keys: collision.keys.into(),
            column: collision.column,
        }));
    }
}
