//! The database as a new file, without what was deleted.
//!
//! DuckDB marks rows as deleted, and frees blocks, but leaves their bytes in the file. So what is left is written into another
//! file, which then takes the name of the first. It needs as much room as what is left. What a process leaves that is killed:
//!
//! * while the copy is written: the database as it was, and a file `.<database>.forget` that holds nothing of what was
//!   deleted; the next call removes it;
//! * before the copy is renamed, or within that: the database as it was, or the copy, each whole; no log is beside either;
//! * after it: the copy. Only the durability of its name may be missing, so that after a loss of power the old file is back;
//!   whoever removed something knows that it is not done yet, and calls again.
//!
//! Nobody can write to the old file meanwhile: it is locked for as long as it has its name. A reader that has it open goes on
//! with it, and keeps its bytes on the disk until it ends.

mod catalog;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use duckdb::Connection;

use self::catalog::{Catalog, Order};
use super::connect::{self, Access, ROW_GROUP};
use super::ddl::{literal, quote};
use super::{Sink, SinkError, log_file};
use crate::fault::{self, Point};

/// The name of the copy in DuckDB.
const COPY: &str = "_sluicegate_copy";

/// Bytes of memory that a copy is granted at least, and for each column of the widest table.
const LEAST_MEMORY: u64 = 256 << 20;
const COLUMN_MEMORY: u64 = 2 << 20;

/// How long to wait between two attempts to have a file alone.
const WAIT: Duration = Duration::from_millis(100);

/// The right to put another file in the place of a database; one process at a time has it.
#[derive(Debug)]
pub struct Alone {
    /// The file itself, whatever leads to it.
    path: PathBuf,
    /// What others may call it: a link to it has a log and files of its own beside it.
    called: PathBuf,
    /// Locked for others of this program. Closing it would give up DuckDB's own locks of the file, which belong to the
    /// process: it must be open for longer than any connection.
    _file: File,
    identity: Option<(u64, u64)>,
}

/// Sizes of a database, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// Of the file before.
    pub before: u64,
    /// Of the new one.
    pub after: u64,
}

impl Alone {
    /// Waits for others that rewrite the database at `path`. To be had before it is opened, and held until it is closed.
    ///
    /// # Errors
    /// [`SinkError::Locked`] after `lock_wait`, and what [`SinkError`] lists beside.
    pub fn take(path: &Path, lock_wait: Duration) -> Result<Self, SinkError> {
        let failed = |error: std::io::Error| SinkError::of_io(path, &error);
        let deadline = Instant::now().checked_add(lock_wait);
        loop {
            let real = fs::canonicalize(path).map_err(failed)?;
            let identity = connect::identity(&real);
            let file = File::open(&real).map_err(failed)?;
            // Between the two another file may have come.
            if file.try_lock().is_ok() && connect::identity(&real) == identity {
                return Ok(Self { path: real, called: path.to_owned(), _file: file, identity });
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Err(SinkError::Locked { path: path.to_owned(), pid: None, program: None });
            }
            std::thread::sleep(WAIT);
        }
    }

    fn draft(&self) -> PathBuf {
        let mut name = std::ffi::OsString::from(".");
        name.push(self.path.file_name().unwrap_or_default());
        name.push(".forget");
        self.path.with_file_name(name)
    }

    /// Removes what a process left that was killed.
    fn clear(&self) -> Result<(), SinkError> {
        let draft = self.draft();
        // Where there is none, that is as well.
        let _ = fs::remove_dir_all(spill(&draft));
        for path in [log_file::of(&draft), draft] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(SinkError::of_io(&path, &error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Alone {
    /// Puts a copy in the place of the database, which nobody in this process has open. `catalog` is its name in DuckDB.
    ///
    /// # Errors
    /// [`SinkError::Full`], [`SinkError::Locked`], [`SinkError::Uncopied`] and what [`SinkError`] lists beside. The database is as
    /// it was.
    pub fn rewrite(
        &self,
        catalog: &str,
        memory: u64,
        lock_wait: Duration,
        on_wait: &mut dyn FnMut(&str),
    ) -> Result<Rewritten, SinkError> {
        let failed = |error: std::io::Error| SinkError::of_io(&self.path, &error);
        self.clear()?;
        let connection = connect::config(Access::Write { memory }).and_then(Connection::open_in_memory_with_flags);
        let connection = connection.map_err(|error| SinkError::classify(&self.path, "starting DuckDB", &error))?;
        hold(&connection, self, catalog, lock_wait, on_wait)?;
        self.clear_spill();
        make_room(&connection, self, catalog, memory)?;
        let before = fs::metadata(&self.path).map_err(failed)?;
        let copied = attach(&connection, self, catalog).and_then(|()| copy(&connection, self, catalog));
        let copied = copied.and_then(|()| compare(&connection, self, catalog, true));
        if let Err(error) = copied {
            let _ = detach(&connection, self);
            self.clear()?;
            return Err(error);
        }
        let run = |sql: &str| {
            connection.execute_batch(sql).map_err(|error| SinkError::classify(&self.path, "the copy", &error))
        };
        run(&format!("CHECKPOINT {}", quote(COPY)))?;
        detach(&connection, self)?;
        let draft = self.draft();
        if log_file::of(&draft).exists() {
            return Err(uncopied(self, "DuckDB has left a log beside the copy"));
        }
        fs::set_permissions(&draft, before.permissions()).map_err(failed)?;
        let file = File::open(&draft).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        let after = file.metadata().map_err(failed)?.len();
        fault::point(Point::CopyMade);
        // A connection holds the old file still, so nobody has written to it since it was copied.
        if connect::identity(&self.path) != self.identity {
            self.clear()?;
            return Err(uncopied(self, "another file was put in its place meanwhile"));
        }
        #[cfg(not(unix))]
        run(&format!("DETACH {}", quote(catalog)))?;
        fs::rename(&draft, &self.path).map_err(failed)?;
        #[cfg(unix)]
        if let Some(folder) = self.path.parent() {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        }
        fault::point(Point::CopyPlaced);
        Ok(Rewritten { before: before.len(), after })
    }

    /// Removes what DuckDB has put beside the database for want of memory, and a process that was killed left there. Nobody
    /// writes to the database meanwhile.
    fn clear_spill(&self) {
        for path in [&self.path, &self.called] {
            let folder = spill(path);
            for file in fs::read_dir(&folder).into_iter().flatten().flatten() {
                if file.file_name().to_string_lossy().starts_with("duckdb_temp") {
                    let _ = fs::remove_file(file.path());
                }
            }
            let _ = fs::remove_dir(&folder);
        }
    }
}

/// Where DuckDB puts what it has no memory for.
fn spill(path: &Path) -> PathBuf {
    let mut folder = path.to_owned().into_os_string();
    folder.push(".tmp");
    folder.into()
}

impl Sink {
    /// Makes sure that a copy of the database would have all that it has, before anything is deleted for good.
    ///
    /// # Errors
    /// [`SinkError::Uncopied`], and what [`SinkError`] lists beside. Nothing was changed.
    pub fn check_copy(&self, alone: &Alone) -> Result<(), SinkError> {
        alone.clear()?;
        let catalog = self.tables.catalog();
        let order =
            catalog::order(&self.connection, catalog).map_err(|error| self.failed("reading the catalog", &error))?;
        if let Order::Never(reason) = order {
            return Err(uncopied(alone, &reason));
        }
        let checked = attach(&self.connection, alone, catalog).and_then(|()| {
            let sql = format!("COPY FROM DATABASE {} TO {} (SCHEMA)", quote(catalog), quote(COPY));
            self.connection.execute_batch(&sql).map_err(|error| uncopied(alone, &error.to_string()))?;
            compare(&self.connection, alone, catalog, false)
        });
        let detached = detach(&self.connection, alone);
        alone.clear()?;
        checked.and(detached)
    }

    /// DuckDB's name of the open file, which views of a user may have in them.
    pub fn catalog_name(&self) -> &str {
        self.tables.catalog()
    }
}

/// Opens the database for reading: then nobody can write to it. A log that another process left must be gone by then, for it
/// would be taken for one of the copy.
fn hold(
    connection: &Connection,
    alone: &Alone,
    catalog: &str,
    lock_wait: Duration,
    on_wait: &mut dyn FnMut(&str),
) -> Result<(), SinkError> {
    let draft = spill(&alone.draft());
    let (Some(path), Some(draft)) = (alone.path.to_str(), draft.to_str()) else {
        return Err(uncopied(alone, "its path is no Unicode"));
    };
    let sql = format!("SET temp_directory = {}", literal(draft));
    connection.execute_batch(&sql).map_err(|error| SinkError::classify(&alone.path, "starting DuckDB", &error))?;
    let deadline = Instant::now().checked_add(lock_wait);
    let mut told = false;
    loop {
        let sql = format!("ATTACH {} AS {} (TYPE duckdb, READ_ONLY)", literal(path), quote(catalog));
        let attached = connection.execute_batch(&sql);
        let error = match attached {
            Ok(()) if log_file::is_empty(&alone.path) && log_file::is_empty(&alone.called) => return Ok(()),
            Ok(()) => {
                let detached = connection.execute_batch(&format!("DETACH {}", quote(catalog)));
                detached.map_err(|error| SinkError::classify(&alone.path, "letting the database go", &error))?;
                write_log_back(alone)?;
                SinkError::Locked { path: alone.path.clone(), pid: None, program: None }
            }
            Err(error) => SinkError::classify(&alone.path, "opening the database", &error),
        };
        let SinkError::Locked { program, pid, .. } = &error else { return Err(error) };
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(error);
        }
        if !told {
            on_wait(&super::error::holder(program.as_deref(), *pid));
            told = true;
        }
        std::thread::sleep(WAIT);
    }
}

/// Grants what a copy takes: whole row groups of the widest table are in memory until they are written.
fn make_room(connection: &Connection, alone: &Alone, catalog: &str, memory: u64) -> Result<(), SinkError> {
    let failed = |error: duckdb::Error| SinkError::classify(&alone.path, "making room", &error);
    let sql = "SELECT coalesce(max(column_count), 0) FROM duckdb_tables() WHERE database_name = ?";
    let columns: i64 = connection.query_row(sql, [catalog], |row| row.get(0)).map_err(failed)?;
    let columns = u64::try_from(columns).unwrap_or_default();
    let needed = memory.max(LEAST_MEMORY).saturating_add(columns.saturating_mul(COLUMN_MEMORY));
    let sql = format!("SET memory_limit = '{}'", super::memory::setting(needed));
    connection.execute_batch(&sql).map_err(failed)
}

/// Has DuckDB write a log back that another process left in between.
fn write_log_back(alone: &Alone) -> Result<(), SinkError> {
    let failed = |error: duckdb::Error| SinkError::classify(&alone.path, "writing the log back", &error);
    match connect::config(Access::Write { memory: 256 << 20 })
        .and_then(|config| Connection::open_with_flags(&alone.path, config))
    {
        Ok(connection) => connection.execute_batch("CHECKPOINT").map_err(failed),
        Err(error) => match failed(error) {
            SinkError::Locked { .. } => Ok(()),
            error => Err(error),
        },
    }
}

/// Makes the copy's file, in the format of the database.
fn attach(connection: &Connection, alone: &Alone, catalog: &str) -> Result<(), SinkError> {
    let failed = |error: duckdb::Error| SinkError::classify(&alone.path, "making the copy", &error);
    let draft = alone.draft();
    let Some(draft) = draft.to_str() else { return Err(uncopied(alone, "its path is no Unicode")) };
    let sql = "SELECT coalesce(rtrim(d.tags['storage_version'], '+'), ''), s.block_size FROM duckdb_databases() AS d \
               JOIN pragma_database_size() AS s ON s.database_name = d.database_name WHERE d.database_name = ?";
    let (version, block_size): (String, i64) =
        connection.query_row(sql, [catalog], |row| Ok((row.get(0)?, row.get(1)?))).map_err(failed)?;
    let version = if version.is_empty() { version } else { format!(", STORAGE_VERSION {}", literal(&version)) };
    let sql = format!(
        "ATTACH {} AS {} (TYPE duckdb, BLOCK_SIZE {block_size}, ROW_GROUP_SIZE {ROW_GROUP}{version})",
        literal(draft),
        quote(COPY)
    );
    connection.execute_batch(&sql).map_err(failed)
}

fn detach(connection: &Connection, alone: &Alone) -> Result<(), SinkError> {
    let detached = connection.execute_batch(&format!("DETACH DATABASE IF EXISTS {}", quote(COPY)));
    detached.map_err(|error| SinkError::classify(&alone.path, "closing the copy", &error))
}

/// Copies everything. Tables that refer to others come after them, which DuckDB's own order does not see to.
fn copy(connection: &Connection, alone: &Alone, catalog: &str) -> Result<(), SinkError> {
    let failed = |error: &duckdb::Error| match SinkError::classify(&alone.path, "the copy", error) {
        SinkError::Other { reason, .. } => uncopied(alone, &reason),
        other => other,
    };
    let whole = format!("COPY FROM DATABASE {} TO {}", quote(catalog), quote(COPY));
    let order = match catalog::order(connection, catalog).map_err(|error| failed(&error))? {
        Order::Any => return connection.execute_batch(&whole).map_err(|error| failed(&error)),
        Order::Referring(order) => order,
        Order::Never(reason) => return Err(uncopied(alone, &reason)),
    };
    connection.execute_batch(&format!("{whole} (SCHEMA)")).map_err(|error| failed(&error))?;
    for (schema, table) in order {
        let table = format!("{}.{}", quote(&schema), quote(&table));
        let sql = format!("INSERT INTO {}.{table} SELECT * FROM {}.{table}", quote(COPY), quote(catalog));
        connection.execute_batch(&sql).map_err(|error| failed(&error))?;
    }
    Ok(())
}

/// Compares what the database and its copy hold.
fn compare(connection: &Connection, alone: &Alone, catalog: &str, rows: bool) -> Result<(), SinkError> {
    let read = |catalog: &str| {
        Catalog::read(connection, catalog, rows)
            .map_err(|error| SinkError::classify(&alone.path, "comparing the copy", &error))
    };
    match read(catalog)?.first_difference(&read(COPY)?) {
        Some(difference) => Err(uncopied(alone, &format!("the copy would differ in {difference}"))),
        None => Ok(()),
    }
}

fn uncopied(alone: &Alone, reason: &str) -> SinkError {
    SinkError::Uncopied { path: alone.path.clone(), reason: super::error::first_line(reason) }
}
