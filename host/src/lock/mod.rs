//! Components that were added to a pipeline's folder: `components/`, and the file that says which bytes each must have.
//!
//! `sluicegate.lock` is the user's word: an entry stands for a component that was shown and agreed to. A component is run
//! only as it was then, so a [`Folder`] writes the entry first and the file after it, and takes the file away before its
//! entry. Whatever is interrupted leaves a component that is refused, never one that runs unseen.

mod error;
mod file;
mod folder;

pub use error::LockError;
pub use file::{Entry, Lock, Origin};
pub use folder::{Folder, Found, State};

/// Name of the lock file.
pub const LOCK_FILE: &str = "sluicegate.lock";

/// Name of the folder of components.
pub const COMPONENTS: &str = "components";

/// Most bytes of a component's name.
const MAX_NAME: usize = 64;

/// Whether a text can be the name of a component, and of its file: `[a-z][a-z0-9_-]*`. A name is no path.
pub fn is_name(text: &str) -> bool {
    text.len() <= MAX_NAME
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-')
}

/// Whether a text is a SHA-256 in small hexadecimal digits.
pub fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'))
}

#[cfg(test)]
mod tests;
