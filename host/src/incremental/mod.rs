//! Reading on: of a resource that grows, only what is new is loaded, by a field that grows with each change.
//!
//! The host owns the values. A component may pass the range on to its service; what comes back is compared here, record
//! by record, as dlt's `incremental` does, and dlt's state is kept, so that either program goes on where the other ended.
//! It does no I/O and takes no clock.
//!
//! * [`Settings`] say how; a read is planned from them and from the state (`plan`, `lag`).
//! * [`Filter`] is one read: a gate that each record passes. Why no record is lost or doubled stands there. `keep` is what
//!   remains of it.
//! * `path` finds the value in a record, `point` and `mark` compare it, `boundary` and `dedup` know the records that have
//!   the highest one.

mod boundary;
mod dedup;
mod filter;
mod keep;
mod lag;
mod mark;
mod path;
mod plan;
mod point;
mod settings;

#[cfg(test)]
mod tests;

pub use dedup::{Dedup, DedupKey};
pub use filter::Filter;
pub use lag::Lag;
pub use mark::Mark;
#[cfg(feature = "duckdb")]
pub(crate) use path::walk_each;
pub use path::{FieldPath, InvalidPath};
pub use plan::PlanError;
pub use point::Scale;
pub use settings::{Late, OnMissing, Settings};
