//! DuckDB's log, the file `<database>.wal`, which holds what is committed and not yet in the database.
//!
//! DuckDB 1.5 passes over a log whose first bytes it cannot read, as if it were empty, and then deletes it; one whose
//! database is not there it deletes, too. What is in such a log was committed. So it is looked at before DuckDB does.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use super::error::SinkError;

/// How each log begins: field 100 is the kind of the first entry, 98, a version, and field 101 is the version itself.
const HEAD: [u8; 5] = [100, 0, 98, 101, 0];

/// Makes sure that DuckDB will read the log of the database at `path`, if there is one.
///
/// # Errors
/// [`SinkError::DamagedLog`], [`SinkError::Unwritable`]. Nothing was changed.
pub(super) fn check(path: &Path) -> Result<(), SinkError> {
    let log = of(path);
    let mut head = Vec::new();
    let file = match File::open(&log) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(()),
        Err(error) => return Err(SinkError::of_io(&log, &error)),
    };
    file.take(HEAD.len() as u64).read_to_end(&mut head).map_err(|error| SinkError::of_io(&log, &error))?;
    // A log that ends within its head was cut off before it held anything.
    if !HEAD.starts_with(&head) {
        return Err(SinkError::DamagedLog { path: log, reason: "does not begin as a log does".to_owned() });
    }
    if head.len() == HEAD.len() && !path.exists() {
        return Err(SinkError::DamagedLog { path: log, reason: "is there, and its database is not".to_owned() });
    }
    Ok(())
}

/// The log of the database at `path`.
pub(super) fn of(path: &Path) -> PathBuf {
    let mut log = path.to_owned().into_os_string();
    log.push(".wal");
    log.into()
}

/// Whether nothing is in the log of the database at `path`.
pub(super) fn is_empty(path: &Path) -> bool {
    std::fs::metadata(of(path)).map_or(true, |found| found.len() == 0)
}
