//! Opening the database: waits for a file that another process holds, and says what is wrong with one that cannot be opened.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use duckdb::{AccessMode, Config, Connection};

use super::error::{self, SinkError};

/// How long to wait between two attempts at a locked file: short beside any load, long beside an attempt.
const POLL: Duration = Duration::from_millis(100);

/// The name of a database that lives in memory only.
pub(super) const MEMORY: &str = ":memory:";

/// What a database is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Queries alone. The file must be there.
    Read,
    /// Loads. The file is made when there is none.
    Write,
}

/// Opens the database at `path`. `on_wait` is told once who holds the file, when there is waiting to do.
pub(super) fn open(
    path: &Path,
    access: Access,
    lock_wait: Duration,
    on_wait: &mut dyn FnMut(&str),
) -> Result<Connection, SinkError> {
    let deadline = Instant::now().checked_add(lock_wait);
    let mut told = false;
    loop {
        let error = match attempt(path, access) {
            Ok(connection) => return Ok(connection),
            Err(error) => SinkError::classify(path, "opening the database", &error),
        };
        let SinkError::Locked { program, pid, .. } = &error else { return Err(error) };
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(error);
        }
        if !told {
            on_wait(&error::holder(program.as_deref(), *pid));
            told = true;
        }
        thread::sleep(POLL);
    }
}

fn attempt(path: &Path, access: Access) -> duckdb::Result<Connection> {
    // Two threads: rows come from one, and a merge gains little from more. Extensions are never fetched behind the
    // user's back.
    let config = Config::default().threads(2)?.with("autoinstall_known_extensions", "false")?;
    if path == Path::new(MEMORY) {
        return Connection::open_in_memory_with_flags(config);
    }
    let access = match access {
        Access::Read => AccessMode::ReadOnly,
        Access::Write => AccessMode::ReadWrite,
    };
    Connection::open_with_flags(path, config.access_mode(access)?)
}
