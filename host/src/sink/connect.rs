//! Opening the database: makes it when there is none, waits for one that another process holds, and says what is wrong
//! with one that cannot be opened.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use duckdb::{AccessMode, Config, Connection};

use super::error::{self, SinkError};
use super::{log_file, memory};
use crate::fault::{self, Point};

/// The first wait for a locked file: long beside an attempt, short beside the shortest run that may hold it. Each wait is
/// twice the one before.
const FIRST_WAIT: Duration = Duration::from_millis(10);

/// The longest wait between two attempts: what a run may idle after the file was let go.
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// The name of a database that lives in memory only.
pub(super) const MEMORY: &str = ":memory:";

/// What a database is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Queries alone. The file must be there.
    Read,
    /// Loads, with so many bytes of memory. The file is made when there is none.
    Write { memory: u64 },
}

/// An open database.
pub(super) struct Opened {
    pub(super) connection: Connection,
    /// The file was made just now, and nothing was written to it yet.
    pub(super) is_new: bool,
}

/// Opens the database at `path`. `on_wait` is told once who holds the file, when there is waiting to do.
pub(super) fn open(
    path: &Path,
    access: Access,
    lock_wait: Duration,
    on_wait: &mut dyn FnMut(&str),
) -> Result<Opened, SinkError> {
    let deadline = Instant::now().checked_add(lock_wait);
    let mut wait = FIRST_WAIT;
    let mut told = false;
    let mut made = false;
    loop {
        let error = match attempt(path, access, &mut made) {
            Ok(connection) => {
                // Another process may have been faster to open, and to fill, what was made here.
                let is_new = made && is_empty(&connection).map_err(|error| opening(path, &error))?;
                return Ok(Opened { connection, is_new });
            }
            Err(error) => error,
        };
        let SinkError::Locked { program, pid, .. } = &error else { return Err(error) };
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            return Err(error);
        }
        if !told {
            on_wait(&error::holder(program.as_deref(), *pid));
            told = true;
        }
        thread::sleep(left.map_or(wait, |left| wait.min(left)));
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

fn attempt(path: &Path, access: Access, made: &mut bool) -> Result<Connection, SinkError> {
    if path == Path::new(MEMORY) {
        return config(access).and_then(Connection::open_in_memory_with_flags).map_err(|error| opening(path, &error));
    }
    log_file::check(path)?;
    if access != Access::Read && !path.exists() {
        *made = make(path, access)?;
    }
    let rights = match access {
        Access::Read => AccessMode::ReadOnly,
        Access::Write { .. } => AccessMode::ReadWrite,
    };
    let opened = config(access).and_then(|config| Connection::open_with_flags(path, config.access_mode(rights)?));
    opened.map_err(|error| opening(path, &error))
}

/// Makes an empty database at `path`, unless another process does so at the same moment; tells whether it did.
///
/// DuckDB writes a new file in several steps, and does not open one that was killed in between. So the file is made under
/// another name, and gets its own once it is whole: a kill leaves either no database or a whole one, and at worst a small
/// file beside it whose name says that it is new.
fn make(path: &Path, access: Access) -> Result<bool, SinkError> {
    let unmade = |error: std::io::Error| SinkError::of_io(path, &error);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut prefix = std::ffi::OsString::from(".");
    prefix.push(path.file_name().unwrap_or_default());
    let draft = tempfile::Builder::new().prefix(&prefix).suffix(".new").tempfile_in(folder).map_err(unmade)?;
    let draft = draft.into_temp_path();
    // DuckDB wants to make the file by itself.
    std::fs::remove_file(&draft).map_err(unmade)?;
    let connection = config(access).and_then(|config| Connection::open_with_flags(&draft, config));
    drop(connection.map_err(|error| opening(path, &error))?);
    fault::point(Point::FilePrepared);
    match draft.persist_noclobber(path) {
        Ok(()) => {
            fault::point(Point::FileMade);
            Ok(true)
        }
        Err(failed) if failed.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(failed) => Err(unmade(failed.error)),
    }
}

fn config(access: Access) -> duckdb::Result<Config> {
    // Extensions are never fetched behind the user's back.
    let config = Config::default().with("autoinstall_known_extensions", "false")?;
    match access {
        Access::Read => config.threads(2),
        // One thread: rows come from one, a merge gains little from more, and each takes memory of its own.
        Access::Write { memory } => config.threads(1)?.with("memory_limit", memory::setting(memory)),
    }
}

fn is_empty(connection: &Connection) -> duckdb::Result<bool> {
    connection.query_row("SELECT count(*) = 0 FROM duckdb_tables()", [], |row| row.get(0))
}

fn opening(path: &Path, error: &duckdb::Error) -> SinkError {
    SinkError::classify(path, "opening the database", error)
}
