//! The acceptance tests: the built program and component against the stand-in, from outside.
//!
//! A test belongs to the module of what it is about; what a pure function decides is tested beside that function.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use acceptance::fake_jivo::{FakeJivo, Options};

// What is loaded when all is well: resources, pages in each dialect, child tables, second runs.
mod extract;
// Write dispositions and merge strategies. Not for what stops in the middle.
mod dispositions;
// Runs that stop in the middle, and how the next one goes on.
mod resume;
// `state`: what it shows, and what it forgets.
mod state;
// Runs that start anew: `--refresh` and its modes.
mod refresh;
mod relay;
// Runs that are killed, at named points and at any moment.
mod crash;
// Reading on by a field: what is asked for, what is kept, what is remembered.
mod incremental;
// A service that fails: statuses, broken connections, silence. Not for answers that are whole but wrong.
mod faults;
// Answers that are whole but wrong, and configuration, components and destinations that cannot be used.
mod bad_input;
// The destination: locked, missing, in the way.
mod destination;
// Destinations that are damaged or full, and how they are when that is over.
mod damage;
// Several pipelines, sources and datasets in one file, and several processes at one file.
mod shared;
// Types, columns and tables that appear as the data asks for them. Not for comparisons with dlt.
mod schema;
// Everything that JivoChat pushes, in every form, and what becomes of it in the tables. Not for how `serve` behaves.
mod events;
// `forget`: people who go and stay away, to the last byte.
mod forget;
// How far records may change tables.
mod contracts;
// Hints of columns.
mod hints;
// `serve` and what belongs to it. Not for what events mean.
mod serve;
// `[privacy]`: what is not kept is nowhere, whatever happens.
mod privacy;
// What a component can reach, and where secrets go.
mod sandbox;
// Components that mean harm or are broken, one file each.
mod hostile;
// Other hosts run our component, and this host those in other languages.
mod hosts;
// The template of a component in Rust, copied, edited and run.
mod template;
// Commands, options and what they print. Not for `query`.
mod cli;
// `component`: what is added, where it comes from, and what is refused later.
mod component;
// The host as a library, by its examples.
mod library;
// What the pages in `docs/` list, compared with what the program has.
mod documents;
// `init`: the folder it writes.
mod init;
// What a person reads, whole.
mod transcripts;
// `query` and its formats.
mod query;
// dlt on datasets of this program, and the product brief's Python.
mod dlt;
// The same records loaded by dlt and by this program, and compared whole.
mod parity;
// The sources themselves: invariants of the architecture, lengths of files, places that must not be named.
mod tidy;

/// A stand-in with the default options.
fn server() -> FakeJivo {
    start(Options::default())
}

/// A stand-in.
fn start(options: Options) -> FakeJivo {
    FakeJivo::start(options).unwrap()
}
