//! Runs source components in a sandbox and loads what they return into DuckDB.
//!
//! The flow of a run: [`source`] fetches a page of records from a [`component`], which reaches the service through the
//! [`http`] capability alone; [`normalize`] turns the records into rows of tables; the sink writes rows, load row and
//! state in one transaction. What a service pushes goes another way: the server keeps each event in an inbox before it answers,
//! asks the component what it means, and loads many at once.
//!
//! Another program begins with [`embed`]. What needs a database, sink, pipeline, server and command line, is behind the
//! feature `duckdb`, which is on by default. The other modules are the program's own parts: public for its tests and tools,
//! and changed with it.
#![deny(missing_docs)]
#![cfg_attr(
    not(feature = "duckdb"),
    allow(dead_code, reason = "some of it is there for the destination and the command line alone")
)]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails by panicking"))]

pub mod fault;
pub mod json_path;
pub mod model;
pub mod secret;
pub mod source;
pub mod state;

pub mod report;
pub mod retry;

pub mod config;
pub mod lock;

pub mod component;
pub mod http;
pub mod incremental;
pub mod normalize;
pub mod privacy;

#[cfg(feature = "duckdb")]
pub mod conformance;
pub mod embed;

#[cfg(feature = "duckdb")]
pub mod sink;

#[cfg(feature = "duckdb")]
pub mod pipeline;

#[cfg(feature = "duckdb")]
pub mod serve;

#[cfg(feature = "duckdb")]
pub mod forget;

#[cfg(feature = "duckdb")]
pub mod cli;

#[cfg(test)]
mod seeds;
