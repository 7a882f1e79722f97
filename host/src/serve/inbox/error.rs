//! What can go wrong with an inbox.

use std::{
    io,
    path::{Path, PathBuf},
};

use rusqlite::{ErrorCode, ffi::SQLITE_IOERR_WRITE};

/// Why an inbox cannot be used. The text says what failed and where; [`InboxError::hint`] says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InboxError {
    /// The folder cannot be made or read.
    #[error("the inbox `{}` cannot be opened", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        source: io::Error,
    },
    /// There is none yet.
    #[error("there is no inbox at `{}`", path.display())]
    Missing {
        /// The folder.
        path: PathBuf,
    },
    /// Another process receives into it.
    #[error("another process receives events into the inbox `{}`", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// It was made by a later version of this program.
    #[error("the inbox `{}` has version {found}, and this program knows {known}", path.display())]
    TooNew {
        /// The folder.
        path: PathBuf,
        /// The version that it has.
        found: i64,
        /// The latest version that is known here.
        known: i64,
    },
    /// No room is left for it.
    #[error("no space is left for the inbox `{}`", path.display())]
    Full {
        /// The folder.
        path: PathBuf,
    },
    /// Another process reads it for so long that its log cannot be emptied.
    #[error("another process reads the inbox `{}`, whose log keeps what was removed", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// Anything else that the store reports.
    #[error("the inbox `{}` failed: {reason}", path.display())]
    Store {
        /// The folder.
        path: PathBuf,
        /// What the store says.
        reason: String,
    },
}

impl InboxError {
    /// Sorts what the store said.
    pub(super) fn of_store(path: &Path, error: &rusqlite::Error) -> Self {
        let path = path.to_owned();
        // What a file may not grow to any more, by the system's limit, is told as a write that failed.
        let no_room = matches!(error.sqlite_error_code(), Some(ErrorCode::DiskFull))
            || error.sqlite_extended_error_code() == Some(SQLITE_IOERR_WRITE);
        if no_room { Self::Full { path } } else { Self::Store { path, reason: error.to_string() } }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Folder { .. } => "check the permissions of the folder, and `inbox` of `[serve]`".to_owned(),
            Self::Missing { .. } => "`sluicegate serve` makes it when it starts".to_owned(),
            Self::InUse { .. } => "one `sluicegate serve` at a time; end the other one first".to_owned(),
            Self::TooNew { .. } => "install a newer sluicegate".to_owned(),
            Self::Full { .. } => {
                "free some space; `sluicegate inbox prune` removes what was loaded long ago".to_owned()
            }
            Self::Busy { .. } => "end the other process, then call it again".to_owned(),
            Self::Store { .. } => return None,
        })
    }
}
