//! Records become rows of tables, by the rules of dlt.

pub mod schema;
