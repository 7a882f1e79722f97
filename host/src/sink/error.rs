//! What can go wrong with the destination, sorted by what the user can do about it.

use std::path::{Path, PathBuf};

/// A failure of the destination. The text says what failed and where; [`SinkError::hint`] says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// Another process has the file open, and kept it open for as long as the run was ready to wait.
    #[error("the database `{}` is locked by {}", path.display(), holder(program.as_deref(), *pid))]
    Locked {
        /// The database file.
        path: PathBuf,
        /// The process that holds it, as far as DuckDB can tell.
        pid: Option<u32>,
        /// The program of that process.
        program: Option<String>,
    },
    /// The file, or the folder it belongs in, is not there.
    #[error("the database `{}` cannot be opened: {reason}", path.display())]
    NotFound {
        /// The database file.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// The file or its folder cannot be written.
    #[error("the database `{}` cannot be written: {reason}", path.display())]
    Unwritable {
        /// The database file.
        path: PathBuf,
        /// What the operating system says.
        reason: String,
    },
    /// No room is left for the file.
    #[error("no space is left for the database `{}`", path.display())]
    Full {
        /// The database file.
        path: PathBuf,
    },
    /// The file is no DuckDB database, or a damaged one.
    #[error("`{}` cannot be read as a DuckDB database: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What DuckDB says.
        reason: String,
    },
    /// DuckDB's log beside the file is damaged, or its database is gone.
    #[error("the log `{}` {reason}", path.display())]
    DamagedLog {
        /// The log.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file was made by a DuckDB whose storage format is newer than ours.
    #[error("the database `{}` has a storage format that is too new: {reason}", path.display())]
    NewerFormat {
        /// The database file.
        path: PathBuf,
        /// What DuckDB says.
        reason: String,
    },
    /// The rows do not fit the tables: a null where the table has NOT NULL, a value that its column's type cannot hold.
    #[error("the rows do not fit table `{table}`: {reason}")]
    Contract {
        /// The table, or what is known of it.
        table: String,
        /// What DuckDB says.
        reason: String,
    },
    /// The database holds something that a copy of it would not have.
    #[error("the database `{}` cannot be copied: {reason}", path.display())]
    Uncopied {
        /// The database file.
        path: PathBuf,
        /// What a copy would not have.
        reason: String,
    },
    /// A query that DuckDB refuses.
    #[error("the query failed: {reason}")]
    Query {
        /// What DuckDB says.
        reason: String,
    },
    /// Bookkeeping in the dataset (`_dlt_version`, `_dlt_pipeline_state`) that cannot be understood.
    #[error("table `{table}` of the dataset `{dataset}` holds what cannot be understood: {reason}")]
    Bookkeeping {
        /// The dataset.
        dataset: String,
        /// The internal table.
        table: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Anything else that DuckDB reports.
    #[error("{doing} failed: {reason}")]
    Other {
        /// What was being done.
        doing: String,
        /// What DuckDB says.
        reason: String,
    },
}

/// Names the process that holds a lock.
pub(super) fn holder(program: Option<&str>, pid: Option<u32>) -> String {
    match (program, pid) {
        (Some(program), Some(pid)) => format!("process {pid} (`{program}`)"),
        (None, Some(pid)) => format!("process {pid}"),
        _ => "another process".to_owned(),
    }
}

impl SinkError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Locked { pid, .. } => match pid {
                Some(pid) => format!("close the program with process id {pid}, or give `lock_wait` more time"),
                None => "close the other program, or give `lock_wait` more time".to_owned(),
            },
            Self::NotFound { path, .. } => match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                Some(parent) if !parent.exists() => format!("make the folder `{}` first", parent.display()),
                _ => "check `url` of `[destination]`".to_owned(),
            },
            Self::Unwritable { .. } => "check the permissions of the file and of its folder".to_owned(),
            Self::Full { .. } => "free some space, then run again: what was committed is kept".to_owned(),
            Self::Unreadable { .. } => {
                "put a copy in its place, or move it away: the next run makes a new one".to_owned()
            }
            Self::DamagedLog { .. } => {
                "the loads that were committed last are in it: put a copy of the database and its log in place, or move \
                 the log away to give them up"
                    .to_owned()
            }
            Self::NewerFormat { .. } => {
                "it was made by DuckDB 2 or later: make a new file, or copy its tables with that version into a file \
                 made with `ATTACH 'copy.duckdb' (STORAGE_VERSION 'v1.5.0')`"
                    .to_owned()
            }
            Self::Contract { .. } => {
                "the table was made with narrower columns: load into another dataset, or change the table".to_owned()
            }
            Self::Bookkeeping { .. } => "give the run another dataset, or repair the table".to_owned(),
            Self::Other { reason, .. } if is_memory(reason) => "raise `memory` of `[destination]`".to_owned(),
            Self::Uncopied { .. } => "DuckDB keeps deleted rows in its file, and only a copy is rid of them: take that out of \
                                      the database, call `forget`, and put it back"
                .to_owned(),
            Self::Query { .. } | Self::Other { .. } => return None,
        })
    }

    /// Sorts what DuckDB said while `doing` something with the database at `path`.
    pub(super) fn classify(path: &Path, doing: &str, error: &duckdb::Error) -> Self {
        Self::sort(path, doing, &message(error))
    }

    /// Sorts what the operating system said of the file at `path`.
    pub(super) fn of_io(path: &Path, error: &std::io::Error) -> Self {
        let text = error.to_string();
        Self::sort(path, "opening the database", text.split(" (os error").next().unwrap_or_default())
    }

    fn sort(path: &Path, doing: &str, text: &str) -> Self {
        let path = path.to_owned();
        let has = |needle: &str| text.contains(needle);
        if has("Could not set lock on file") {
            let (program, pid) = lock_holder(text);
            return Self::Locked { path, pid, program };
        }
        let reason = first_line(text);
        let full = ["No space left", "disk quota", "Disk quota", "not enough free disk space", "File too large"];
        if full.iter().any(|words| has(words)) {
            Self::Full { path }
        } else if has("version number") {
            Self::NewerFormat { path, reason }
        } else if has("replaying WAL") || has("replaying checkpoint WAL") {
            let reason = reason.rsplit(".wal\": ").next().unwrap_or(&reason).to_owned();
            Self::DamagedLog { path: super::log_file::of(&path), reason: format!("cannot be read: {reason}") }
        } else if ["not a valid DuckDB database file", "Corrupt database file", "Could not read enough bytes"]
            .iter()
            .any(|words| has(words))
        {
            Self::Unreadable { path, reason }
        } else if has("No such file or directory") || has("database does not exist") {
            Self::NotFound { path, reason: system_reason(&reason) }
        } else if has("Permission denied") || has("Read-only file system") || has("a directory") {
            Self::Unwritable { path, reason: system_reason(&reason) }
        } else {
            Self::Other { doing: doing.to_owned(), reason }
        }
    }

    /// As [`SinkError::classify`], for an error met while rows were written to `table`.
    pub(super) fn classify_rows(path: &Path, table: &str, error: &duckdb::Error) -> Self {
        let text = message(error);
        let misfit = ["Constraint Error", "Conversion Error", "NOT NULL constraint", "Invalid Input", "Out of Range"];
        if misfit.iter().any(|kind| text.contains(kind)) {
            return Self::Contract { table: table.to_owned(), reason: first_line(&text) };
        }
        Self::classify(path, &format!("writing table `{table}`"), error)
    }
}

/// Whether DuckDB could not do with the memory that it has.
fn is_memory(reason: &str) -> bool {
    ["Out of Memory Error", "failed to allocate", "could not allocate"].iter().any(|words| reason.contains(words))
}

/// DuckDB's message without the wrapping of the crate.
fn message(error: &duckdb::Error) -> String {
    match error {
        duckdb::Error::DuckDBFailure(_, Some(text)) => text.clone(),
        other => other.to_string(),
    }
}

/// DuckDB's messages go on with candidates, excerpts and links; the first line says what is wrong.
pub(super) fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim();
    line.strip_suffix('.').unwrap_or(line).to_owned()
}

/// The operating system's part of `IO Error: Cannot open file "x": Permission denied`.
fn system_reason(line: &str) -> String {
    let reason = line.rsplit(": ").next().unwrap_or(line);
    let mut chars = reason.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// Program and process id out of `Conflicting lock is held in /usr/bin/python3 (PID 12). See also …`.
fn lock_holder(text: &str) -> (Option<String>, Option<u32>) {
    let Some((before, after)) = text.split_once(" (PID ") else { return (None, None) };
    let program = before.rsplit_once("is held in ").map(|(_, program)| program.to_owned());
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    (program.filter(|program| !program.is_empty()), digits.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str, expect: &str) {
        let error = duckdb::Error::DuckDBFailure(duckdb::ffi::Error::new(1), Some(message.to_owned()));
        assert_eq!(SinkError::classify(Path::new("/d/x.duckdb"), "opening the database", &error).to_string(), expect);
    }

    #[test]
    fn sorts_messages() {
        check(
            "IO Error: Could not set lock on file \"/d/x.duckdb\": Conflicting lock is held in /usr/bin/python3.11 \
             (PID 32667). See also https://duckdb.org/docs/stable/connect/concurrency",
            "the database `/d/x.duckdb` is locked by process 32667 (`/usr/bin/python3.11`)",
        );
        check(
            "IO Error: Could not set lock on file \"/d/x.duckdb\": Resource temporarily unavailable",
            "the database `/d/x.duckdb` is locked by another process",
        );
        check(
            "IO Error: Cannot open file \"/d/x.duckdb\": No such file or directory",
            "the database `/d/x.duckdb` cannot be opened: no such file or directory",
        );
        check(
            "IO Error: Cannot open file \"/d/x.duckdb\": Not a directory",
            "the database `/d/x.duckdb` cannot be written: not a directory",
        );
        check(
            "IO Error: Could not write file \"/d/x.duckdb\": No space left on device",
            "no space is left for the database `/d/x.duckdb`",
        );
        check(
            "IO Error: Trying to read a database file with version number 999, but we can only read versions between 64 \
             and 67.\nThe database file was created with a newer version of DuckDB.",
            "the database `/d/x.duckdb` has a storage format that is too new: IO Error: Trying to read a database file \
             with version number 999, but we can only read versions between 64 and 67",
        );
        check("Catalog Error: odd\nmore", "opening the database failed: Catalog Error: odd");
    }
}
