//! Records become rows of tables, by the rules of dlt.
//!
//! [`Normalizer`] takes pages of records, a JSON text on each line, and hands out Arrow record batches. It does no I/O
//! and takes no clock; ids come from the random bytes that it is given.
//!
//! A line goes through these steps:
//!
//! 1. `parse` reads it onto a `tape`, a flat list of nodes that borrow from the page. A `gate`, if there is one, says
//!    whether the record is wanted.
//! 2. `flatten` walks the tape and makes a row of it, `items` makes rows of the lists in it. `shape` tells for each key
//!    which column, object or child table it leads to; `names` makes the names of new ones, `order` puts them in order.
//! 3. `usual` puts a value into its cell when all is as in the row before; `write` does it in all other cases. A new column's type is found by `infer`; a value of another type goes
//!    through `coerce` (with `numbers`, `timestamp`, `calendar`, `json_text`), or to a variant column. Two keys of one row that want
//!    the same name both get a column.
//! 4. `rows` keeps tables and columns, with the [`schema`] that they belong to. Before a table or a column is made,
//!    `contract` is asked whether it may be; `dropped` counts the rows that it drops. What is not taken is undone (`undo`,
//!    with the help of `journal`). A record that fails goes to `_rejected_records` (`rejected`); a page that breaks a frozen
//!    contract goes back to the caller.
//! 5. `ids` makes the ids of rows, `root_id` those that follow from what is in a record.
//! 6. `columns` keeps the cells; `batch` hands them out.

mod api;
mod batch;
mod calendar;
mod coerce;
mod columns;
mod contract;
mod declare;
mod digits;
mod dropped;
mod flatten;
mod gate;
pub(crate) mod hash;
mod ids;
mod infer;
mod items;
mod journal;
pub(crate) mod json_text;
mod names;
mod numbers;
mod order;
pub(crate) mod parse;
mod refusal;
mod rejected;
mod root_id;
mod rows;
pub mod schema;
mod shape;
mod table;
pub(crate) mod tape;
pub(crate) mod timestamp;
mod undo;
mod usual;
mod write;

#[cfg(test)]
mod tests;

pub use api::{Collision, Normalizer, PageOutcome};
pub use batch::{BatchError, ROOT_NUMBER, TableBatch};
pub use contract::{BrokenContract, Discarded};
pub use declare::{IdleHint, ResourceHints};
pub(crate) use gate::{Gate, Verdict};
pub use ids::RandomBytes;
pub use names::Naming;
pub use rejected::REJECTED_TABLE;
