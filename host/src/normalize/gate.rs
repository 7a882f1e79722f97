//! A gate that each record of a page passes before rows are made of it, for those who know which records are wanted.

use super::tape::Document;

/// Decides about records.
pub(crate) trait Gate {
    /// Decides about the next record of a page.
    fn pass(&mut self, record: Document<'_>) -> Verdict;
}

/// What becomes of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It becomes rows.
    Take,
    /// It is not wanted, and counted.
    Leave,
    /// It is kept aside, for this reason.
    Reject(String),
}
