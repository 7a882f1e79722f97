//! What can be wrong with a lock file, and with the folder that it is about.

use std::{io, path::PathBuf};

/// Why a lock file or a folder of components cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// The lock file is there and cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The lock file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The lock file is not what this program writes.
    #[error("`{}` is damaged: {reason}", path.display())]
    Damaged {
        /// The lock file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The lock file is of a later release.
    #[error("`{}` has format {format}, and this program reads format 1", path.display())]
    TooNew {
        /// The lock file.
        path: PathBuf,
        /// Its format.
        format: i64,
    },
    /// A component or the lock file cannot be written or taken away.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The folder of components is a link, so that what is written would land elsewhere.
    #[error("`{}` is a symbolic link", path.display())]
    Linked {
        /// The folder.
        path: PathBuf,
    },
}

impl LockError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Damaged { .. } => {
                Some("take it from version control, or remove it and add its components anew".to_owned())
            }
            Self::TooNew { .. } => Some("install a newer sluicegate".to_owned()),
            Self::Linked { .. } => Some("make it a folder of its own beside the pipeline file".to_owned()),
            Self::Read { .. } | Self::Write { .. } => None,
        }
    }
}
