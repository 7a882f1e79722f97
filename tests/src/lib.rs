//! The harness of the acceptance tests, and the JivoChat stand-in.
//!
//!  * [`fake_jivo`]: the service the component reads, with faults on command.
//!  * [`places`]: where the built program and component are; a test that finds none says how to make them.
//!  * [`cli`]: runs the program, and asserts on what it said with the whole transcript at hand.
//!  * [`project`]: a folder with a pipeline file, pointed at a stand-in.
//!  * [`receiver`]: `serve` in such a folder, and a client that posts to it.
//!  * [`dlt`]: dlt itself, in a virtual environment, as the judge of the tables.
//!  * [`node`]: the tools of Node, installed once for all tests.
//!  * [`foreign`]: components in other languages than Rust, built once for each text of theirs.
//!  * [`effort`]: how much is done by tests that could go on for long.
//!  * [`judge`]: one process of dlt that loads, dumps and answers for all tests.
//!  * [`corpus`]: the cases that are loaded with both programs.

#![allow(clippy::missing_panics_doc, reason = "the harness fails a test by panicking")]
#![allow(clippy::unwrap_used, reason = "the harness fails a test by panicking")]
#![allow(
    clippy::disallowed_methods,
    reason = "the harness is outside of the program, with its clock and its environment"
)]

pub mod cli;
pub mod corpus;
pub mod dlt;
pub mod effort;
pub mod fake_jivo;
pub mod foreign;
pub mod judge;
pub mod node;
pub mod places;
pub mod project;
pub mod receiver;
pub mod redact;
