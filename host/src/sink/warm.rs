//! A DuckDB that starts while something else is done: that takes longer than all else of a small load.

use std::thread::{self, JoinHandle};

use duckdb::Connection;

use super::connect::{self, Access};
use super::memory;

/// A DuckDB without a file, on its way. It reads and writes nothing; [`Sink::open_warm`](super::Sink::open_warm) goes on
/// with it.
#[derive(Debug, Default)]
pub struct Warm(Option<JoinHandle<duckdb::Result<Connection>>>);

impl Warm {
    /// Begins to start one.
    pub fn start() -> Self {
        // Its limit is set once it is known.
        let access = Access::Write { memory: 64 << 20 };
        Self(Some(thread::spawn(move || connect::config(access).and_then(Connection::open_in_memory_with_flags))))
    }

    /// The one that was started, with so many bytes of memory. None when none was, and when that failed: starting another
    /// tells why.
    pub(super) fn take(&mut self, bytes: u64) -> Option<Connection> {
        let started = self.0.take()?.join().ok()?.ok()?;
        let limit = format!("SET memory_limit = '{}'", memory::setting(bytes));
        started.execute_batch(&limit).ok().map(|()| started)
    }
}

impl Drop for Warm {
    fn drop(&mut self) {
        // A process must not end while a library is being set up in it.
        if let Some(started) = self.0.take() {
            drop(started.join());
        }
    }
}
