//! Runs source components in a sandbox and loads what they return into DuckDB.
//!
//! The flow of a run: [`source`] fetches a page of records from a [`component`], which reaches the service through the
//! [`http`] capability alone; [`normalize`] turns the records into rows of tables; the [`sink`] writes rows, load row and
//! state in one transaction. What a service pushes goes another way: [`serve`] keeps each event in an inbox before it answers,
//! asks the component what it means, and loads many at once.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails by panicking"))]

pub mod fault;
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
pub mod sink;

pub mod pipeline;

pub mod serve;

pub mod cli;

#[cfg(test)]
mod seeds;
