//! Opening the database: makes it when there is none, waits for one that another process holds, and says what is wrong
//! with one that cannot be opened.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use duckdb::{AccessMode, Config, Connection};

use super::error::{self, SinkError};
use super::{Warm, ddl, log_file, memory};
use crate::fault::{self, Point};

/// The first wait for a locked file: long beside an attempt, short beside the shortest run that may hold it. Each wait is
/// twice the one before.
const FIRST_WAIT: Duration = Duration::from_millis(10);

/// The longest wait between two attempts: what a run may idle after the file was let go.
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// How long DuckDB's log gets before it is written back into the file. With half of it row groups are written again more
/// often than they are worth, with twice of it loads keep more in memory than they gain.
const LOG_SIZE: &str = "32MB";

/// Rows of a row group. A transaction that appends at least as many to a table has DuckDB write them straight into the file,
/// compressed, and as whole row groups; fewer go through the log and through the table in memory first, which is twice the
/// work. A load of 100,000 rows shares them out among tables. Row groups are put together again when four of them fit into
/// three: a load of three and a part of a fourth leaves none that do.
pub(super) const ROW_GROUP: u64 = 12_288;

/// The format of files that are made, which DuckDB reads from this version on; a file that is there keeps its own. Texts have one
/// compression there, which dictionaries and FSST are two kinds of. In the format that DuckDB 1.5 would make by itself, which is
/// older than that, each row group is tried with both in turn: a seventh of the CPU time of a large load.
pub(super) const FORMAT: &str = "v1.3.0";

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
    /// The file was made just now. Another process may have been faster to fill it.
    pub(super) is_new: bool,
    /// Row groups that are written have [`ROW_GROUP`] rows. Else they have as many as DuckDB gives them, which is more.
    pub(super) is_grouped: bool,
}

/// Opens the database at `path`, with the DuckDB that was started for it if there is one. `on_wait` is told once who holds the
/// file, when there is waiting to do.
pub(super) fn open(
    path: &Path,
    access: Access,
    lock_wait: Duration,
    on_wait: &mut dyn FnMut(&str),
    warm: &mut Warm,
) -> Result<Opened, SinkError> {
    let deadline = Instant::now().checked_add(lock_wait);
    let mut wait = FIRST_WAIT;
    let mut told = false;
    let mut made = false;
    loop {
        let error = match attempt(path, access, &mut made, warm) {
            Ok((connection, is_grouped)) => return Ok(Opened { connection, is_new: made, is_grouped }),
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

/// A connection, and whether row groups are of the size that was asked for.
fn attempt(path: &Path, access: Access, made: &mut bool, warm: &mut Warm) -> Result<(Connection, bool), SinkError> {
    if path == Path::new(MEMORY) {
        let opened = config(access).and_then(Connection::open_in_memory_with_flags);
        return opened.map(|connection| (connection, false)).map_err(|error| opening(path, &error));
    }
    log_file::check(path)?;
    let file = identity(path);
    let opened = attempt_file(path, access, made, warm)?;
    if file.is_some() && file != identity(path) {
        // `forget` has put a copy in its place meanwhile. The lock that was got is one on a file that nobody will see again.
        let _ = opened.0.execute_batch("PRAGMA disable_checkpoint_on_shutdown");
        return Err(SinkError::Locked { path: path.to_owned(), pid: None, program: None });
    }
    Ok(opened)
}

fn attempt_file(
    path: &Path,
    access: Access,
    made: &mut bool,
    warm: &mut Warm,
) -> Result<(Connection, bool), SinkError> {
    if let Access::Write { memory } = access {
        let started = warm.take(memory);
        let opened = if path.exists() {
            let started = started.or_else(|| config(access).and_then(Connection::open_in_memory_with_flags).ok());
            started.filter(|started| attach(started, path).is_some())
        } else {
            make(path, access, made, started)?
        };
        if let Some(connection) = opened {
            return Ok((connection, true));
        }
    }
    let rights = match access {
        Access::Read => AccessMode::ReadOnly,
        Access::Write { .. } => AccessMode::ReadWrite,
    };
    let opened = config(access).and_then(|config| Connection::open_with_flags(path, config.access_mode(rights)?));
    opened.map(|connection| (connection, false)).map_err(|error| opening(path, &error))
}

/// What tells a file from another one that is put in its place; none when there is no file.
#[cfg(unix)]
pub(super) fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;

    std::fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

/// Files cannot be told apart elsewhere, nor can one be put in the place of another that is open.
#[cfg(not(unix))]
pub(super) fn identity(_: &Path) -> Option<(u64, u64)> {
    None
}

/// Makes an empty database at `path`, unless another process does so at the same moment. `made` is set when this one did;
/// the answer is a connection to the file, or none when it must be opened as any other.
///
/// DuckDB writes a new file in several steps, and does not open one that was killed in between. So the file is made under
/// another name, and gets its own once it is whole: a kill leaves either no database or a whole one, and at worst a small
/// file beside it whose name says that it is new. One DuckDB does both: to start it is dearer than all that a small load does.
fn make(
    path: &Path,
    access: Access,
    made: &mut bool,
    started: Option<Connection>,
) -> Result<Option<Connection>, SinkError> {
    let unmade = |error: std::io::Error| SinkError::of_io(path, &error);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut prefix = std::ffi::OsString::from(".");
    prefix.push(path.file_name().unwrap_or_default());
    let draft = tempfile::Builder::new().prefix(&prefix).suffix(".new").tempfile_in(folder).map_err(unmade)?;
    let draft = draft.into_temp_path();
    // DuckDB wants to make the file by itself.
    std::fs::remove_file(&draft).map_err(unmade)?;
    let connection = if let Some(draft) = draft.to_str() {
        let started = started.map_or_else(|| config(access).and_then(Connection::open_in_memory_with_flags), Ok);
        let drafted = started.and_then(|connection| {
            let draft = ddl::literal(draft);
            let attach = format!("ATTACH {draft} AS \"draft\" (TYPE duckdb, STORAGE_VERSION '{FORMAT}')");
            connection.execute_batch(&format!("{attach}; DETACH \"draft\"")).map(|()| connection)
        });
        Some(drafted.map_err(|error| opening(path, &error))?)
    } else {
        // SQL cannot name such a path.
        let config = config(access).and_then(|config| config.with("storage_compatibility_version", FORMAT));
        let drafted = config.and_then(|config| Connection::open_with_flags(&draft, config));
        drop(drafted.map_err(|error| opening(path, &error))?);
        None
    };
    fault::point(Point::FilePrepared);
    match draft.persist_noclobber(path) {
        Ok(()) => {
            fault::point(Point::FileMade);
            *made = true;
            Ok(connection.filter(|connection| attach(connection, path).is_some()))
        }
        Err(failed) if failed.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(None),
        Err(failed) => Err(unmade(failed.error)),
    }
}

/// Goes on with a file in a DuckDB that has none yet, as one that was started with the file would, but for the size of row
/// groups, which cannot be said then. None when it cannot be:
/// starting one with the file tells why, in words that are known.
fn attach(connection: &Connection, path: &Path) -> Option<()> {
    let (file, spill) = (ddl::literal(path.to_str()?), ddl::literal(&format!("{}.tmp", path.to_str()?)));
    let attach = format!("ATTACH {file} (TYPE duckdb, ROW_GROUP_SIZE {ROW_GROUP})");
    connection.execute_batch(&format!("SET temp_directory = {spill}; {attach}")).ok()?;
    let attached = "SELECT database_name FROM duckdb_databases() WHERE NOT internal AND path IS NOT NULL";
    let name: String = connection.query_row(attached, [], |row| row.get(0)).ok()?;
    connection.execute_batch(&format!("USE {}", ddl::quote(&name))).ok()
}

pub(super) fn config(access: Access) -> duckdb::Result<Config> {
    // Extensions are never fetched behind the user's back.
    let config = Config::default().with("autoinstall_known_extensions", "false")?;
    match access {
        Access::Read => config.threads(2),
        // One thread: rows come from one, a merge gains little from more, and each takes memory of its own and spins while it
        // waits for the other.
        Access::Write { memory } => {
            config.threads(1)?.with("memory_limit", memory::setting(memory))?.with("checkpoint_threshold", LOG_SIZE)
        }
    }
}

fn opening(path: &Path, error: &duckdb::Error) -> SinkError {
    SinkError::classify(path, "opening the database", error)
}
