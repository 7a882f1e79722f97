//! How a resource is read by its incremental field, in dlt's terms.

use super::{dedup::Dedup, lag::Lag, mark::Mark, path::FieldPath};
use crate::model::RowOrder;

/// What the settings say, complete.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The field.
    pub field: FieldPath,
    /// Where the first read begins.
    pub initial_value: Option<Mark>,
    /// Where a backfill ends; with it state is neither used nor changed.
    pub end_value: Option<Mark>,
    /// How far before the last value a read begins.
    pub lag: Option<Lag>,
    /// The order in which the service answers; a known one ends a read early.
    pub row_order: RowOrder,
    /// Whether the start is out of the range.
    pub range_start_open: bool,
    /// Whether the end is in the range.
    pub range_end_closed: bool,
    /// What becomes of a record without a value.
    pub on_missing: OnMissing,
    /// What tells a record at the boundary from another.
    pub dedup: Dedup,
    /// What becomes of a record that is older than the start.
    pub late: Late,
    /// Whether the rows of a read take the place of all earlier ones, so that each read begins at the initial value.
    pub replaces: bool,
}

/// What becomes of a record without a value of the incremental field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnMissing {
    /// It is a bad record, and kept aside.
    #[default]
    Raise,
    /// It is loaded.
    Include,
    /// It is left out.
    Exclude,
}

/// What becomes of a record that is older than the last value of an earlier read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Late {
    /// It is left out: nothing tells whether it was loaded already.
    LeaveOut,
    /// It is merged by its key.
    Merge,
}

impl Settings {
    /// Settings of a resource of which nothing but the field is known.
    pub fn new(field: FieldPath) -> Self {
        Self {
            field,
            initial_value: None,
            end_value: None,
            lag: None,
            row_order: RowOrder::default(),
            range_start_open: false,
            range_end_closed: false,
            on_missing: OnMissing::default(),
            dedup: Dedup::Record,
            late: Late::LeaveOut,
            replaces: false,
        }
    }

    /// Whether records at the boundary are remembered. Not with a lag, whose range takes in more than the boundary, and
    /// not by a backfill, as in dlt.
    pub(crate) fn remembers_boundary(&self) -> bool {
        self.dedup != Dedup::Off && !self.range_start_open && self.lag.is_none() && self.end_value.is_none()
    }
}
