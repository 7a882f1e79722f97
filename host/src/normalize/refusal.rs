//! Why a record is kept aside instead of loaded. The texts stand in `_rejected_records.reason`.

use super::{contract::Violation, parse::ParseError};

/// Why a record is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// The bytes are no text.
    #[error("not UTF-8")]
    NotUtf8,
    /// The text is no JSON.
    #[error(transparent)]
    NotJson(#[from] ParseError),
    /// There is nothing in it.
    #[error("the record is null")]
    Null,
    /// The gate says why.
    #[error("{0}")]
    Unwanted(String),
    /// A column that must not be null would be.
    #[error("column `{column}` of table `{table}` must have a value")]
    MissingValue { table: String, column: String },
    /// Not even the variant column of a variant column takes the value.
    #[error("a value fits neither column `{column}` of table `{table}` nor any variant of it")]
    NoVariant { table: String, column: String },
    /// All names that a key may get are taken by other keys of the row.
    #[error("no free name for a second key `{column}` in a row of table `{table}`")]
    NoFreeName { table: String, column: String },
    /// Arrow's limit of 2 GiB of text in one column of a batch.
    #[error("column `{column}` of table `{table}` holds too much in one batch")]
    ColumnFull { table: String, column: String },
    /// More columns than any table has that means to have them, as from objects whose keys are ids.
    #[error("table `{table}` would have more than {} columns", super::rows::MAX_COLUMNS)]
    TooManyColumns { table: String },
    /// The same for tables, as from objects of lists whose keys are ids.
    #[error("the dataset would have more than {} tables", super::rows::MAX_TABLES)]
    TooManyTables,
    /// A record of a resource whose table is one of list items already.
    #[error("table `{table}` holds the items of lists, not the records of a resource")]
    NotARoot { table: String },
    /// A contract drops the row. Not a reason to reject the record: the row is counted.
    #[error("a schema contract drops the row")]
    Discarded,
    /// A contract is frozen. Not a reason to reject the record: the page is refused.
    #[error(transparent)]
    Frozen(Box<Violation>),
    /// The record has a key twice. Not a reason to reject it: it is read again without the first.
    #[error("a key comes twice in one object")]
    DuplicateKey,
}
